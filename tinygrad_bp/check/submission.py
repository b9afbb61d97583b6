"""What runs in the process of one homework: it is run, its pairs are checked, and each verdict is written to a file.

``python -m tinygrad_bp.check.submission`` with a JSON object of ``Orders``; only ``runner`` calls it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..as_torch import install_as_torch
from .problem import Verdict
from .source import Source, Unreadable, read, run, run_definitions
from .spec import Spec
from .work import items

LARGEST_FILE = 1 << 26  # bytes that a homework may write to one file


@dataclass
class Orders:
    """What the process is asked to do."""

    path: str
    results: str
    spec: str = ""
    time: float = 20.0
    memory: int = 1 << 30
    definitions: bool = False  # leave out everything else at the top of the file
    skip: int = 0  # the first so many pairs were checked before


class TooLong(BaseException):
    """A part took its share of the time. No ``except Exception`` of a homework catches it."""


class Record:
    """The file of results: a JSON object a line, written at once, by the first process alone."""

    def __init__(self, path: str) -> None:
        self.file = open(path, "a", encoding="utf-8")  # noqa: SIM115
        self.process = os.getpid()

    def __call__(self, **what: Any) -> None:
        """Write one line."""
        if os.getpid() != self.process:
            os._exit(0)  # a fork of the homework that came back here
        self.file.write(json.dumps(what, default=str) + "\n")
        self.file.flush()


def limit(memory: int) -> str:
    """Set the limits of memory and of files; a sentence where the platform has none."""
    try:
        import resource
    except ImportError:
        return "This platform limits no memory."
    try:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        resource.setrlimit(resource.RLIMIT_AS, (memory + _mapped(),) * 2)
    except (OSError, ValueError):
        return "This platform limits no memory."
    return ""


def _mapped() -> int:
    """Bytes of address space that Python and NumPy have already."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise ``TooLong`` after so many seconds, where the platform can; elsewhere the runner's limit alone holds."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)  # again, should an `except:` have caught it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def loaded(source: Source, orders: Orders, record: Record) -> ModuleType:
    """The homework's module: all of it has run, or, where that failed or took too long, its definitions alone."""
    if not orders.definitions:
        record(stage="run")
        try:
            with within(orders.time / 3):
                return run(source)
        except TooLong:
            reason = f"took longer than {orders.time / 3:.3g} s"
        except BaseException as error:  # SystemExit and whatever else the homework raises; nobody interrupts here
            kind = "memory ran out" if isinstance(error, MemoryError) else type(error).__name__
            text = " ".join(str(error).split())[:120]
            reason = f"raised {kind}{': ' + text if text else ''}"
        source.notes.append(f"Running the file {reason}; its imports, functions, classes and constants alone were run.")
    record(stage="definitions")
    with within(orders.time / 3):
        return run_definitions(source)


def work(orders: Orders) -> None:
    """Check one homework."""
    record = Record(orders.results)
    path = Path(orders.path)
    try:
        source = read(path)
    except Unreadable as reason:
        record(unreadable=str(reason))
        return
    lacking = limit(orders.memory)
    if lacking:
        source.notes.append(lacking)
    if source.uses_torch:
        install_as_torch()
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    try:
        module = loaded(source, orders, record)
    except TooLong:
        record(unreadable="Its definitions alone take too long to run.")
        return
    record(notes=source.notes)
    todo = items(source, module, Spec.read(orders.spec))
    for number, item in enumerate(todo):
        if number < orders.skip:
            continue
        record(begin=item.name, line=item.line, number=number)
        try:
            with within(orders.time / 3):
                verdict = item.check()
        except TooLong:
            verdict = Verdict(item.name, "unchecked", f"It took longer than {orders.time / 3:.3g} s.", item.line)
        except BaseException as error:  # SystemExit, MemoryError; an error of this check is said to be one
            text = " ".join(str(error).split())[:160]
            said = f"The check ended with {type(error).__name__}{': ' + text if text else ''}."
            said = "It calls sys.exit." if isinstance(error, SystemExit) else said
            verdict = Verdict(item.name, "unchecked", said, item.line)
        if item.base and verdict.verdict == "unchecked":  # what it is to be used with, its derived classes know
            record(dropped=item.name)
        else:
            record(verdict=verdict.as_dict())
    record(done=True)


def main() -> None:
    """Read the orders and work."""
    orders = Orders(**json.loads(sys.argv[1]))
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    work(orders)
    sys.stdout.flush()
    os._exit(0)  # threads that the homework left do not hold it


if __name__ == "__main__":
    main()
