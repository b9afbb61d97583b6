"""How a job ends: with the error of one rank for all, and with all ranks together."""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

READING = 1.0  # seconds in which mpiexec reads what was printed: what it has not read when the job ends is lost
_before: tuple[Any, Any, Callable[[], None]] | None = None


def watch(world: Any, rank: int, size: int, leave: Callable[[], None]) -> None:
    """End all ranks with an error that nobody catches, of any thread; call ``leave`` at the end of the program.

    Without it MPI would let the others wait for this rank for ever.
    """
    global _before
    told, told_of_threads = sys.excepthook, threading.excepthook

    def end(kind: type[BaseException]) -> None:
        print(f"rank {rank} of {size} ends the job: {kind.__name__}", file=sys.stderr)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # closed
                stream.flush()
        time.sleep(READING)
        world.Abort(130 if issubclass(kind, KeyboardInterrupt) else 1)

    def uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        try:
            told(kind, error, trace)
        finally:
            end(kind)

    def uncaught_in_thread(args: Any) -> None:
        try:
            told_of_threads(args)
        finally:
            if not issubclass(args.exc_type, SystemExit):
                end(args.exc_type)

    sys.excepthook, threading.excepthook = uncaught, uncaught_in_thread
    atexit.register(leave)
    _before = told, told_of_threads, leave


def forget() -> None:
    """End alone again."""
    global _before
    if _before is not None:
        sys.excepthook, threading.excepthook, leave = _before
        atexit.unregister(leave)
        _before = None
