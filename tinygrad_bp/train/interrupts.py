"""Ctrl-C that waits where an interrupt would leave something half done."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """Inside ``with Interrupts() as interrupts``, Ctrl-C waits for the end of each ``with interrupts.held(presses)``.

    ``presses`` Ctrl-C are held back there, and one more passes at once; 1 where nothing else is said. Elsewhere than
    in the main thread, which alone gets signals, nothing changes. The handler of before is called when the time has
    come (Python's own raises ``KeyboardInterrupt``), and is back at the end.
    """

    waiting: int

    def __init__(self) -> None:
        self.presses: float = 1
        self.waiting = 0
        self._before: Any = None

    def held(self, presses: float) -> Held:
        """A part of the program in which so many Ctrl-C wait for its end."""
        return Held(self, presses)

    def __enter__(self) -> Interrupts:
        before = signal.getsignal(signal.SIGINT)
        if callable(before) and threading.current_thread() is threading.main_thread():
            self._before = before
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if self._before is None:
            return
        signal.signal(signal.SIGINT, self._before)
        if kind is None and self.waiting:
            self._before(signal.SIGINT, None)

    def _press(self, number: int, frame: Any) -> None:
        self.waiting += 1
        self.pass_on(frame)

    def pass_on(self, frame: Any = None) -> None:
        """Interrupt, where more Ctrl-C came than are held here."""
        if self.waiting > self.presses:
            self._before(signal.SIGINT, frame)
            # Not reached by what raises: Python drops an exception where it calls back on its own (a weak reference
            # that dies), so the interrupt waits until somebody has caught it.
            self.waiting = 0

    def caught(self) -> None:
        """The interrupt has arrived."""
        self.waiting = 0


class Held:
    """One part of a program in which Ctrl-C waits."""

    def __init__(self, interrupts: Interrupts, presses: float) -> None:
        self._interrupts, self._presses = interrupts, presses

    def __enter__(self) -> None:
        self._outside, self._interrupts.presses = self._interrupts.presses, self._presses

    def __exit__(self, kind: Any, *_: object) -> None:
        self._interrupts.presses = self._outside
        if kind is None:
            self._interrupts.pass_on()
