"""Lines of the user's program: which one made a node. A watcher of the one watched path: off, it costs nothing."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from .modes import Mode, Switch
from .node import Node
from .op import Op
from .watch import Watcher, enter_every_op

# Frames in these files are not the user's.
_INSIDE = (
    os.path.dirname(os.path.dirname(__file__)) + os.sep, os.path.dirname(np.__file__) + os.sep, "<tinygrad_bp ",
    "<__array_function__",
)  # fmt: skip


class Line(NamedTuple):
    """A line of the user's program."""

    file: str
    number: int
    function: str

    @property
    def text(self) -> str:
        """What stands there; empty where that cannot be read."""
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        # A cell of a notebook has a file of its own, with a number for its name.
        place = f"line {self.number}" if "ipykernel_" in self.file else f"{self.file}:{self.number}"
        return f"{place}, in {self.function}" + (f": {self.text}" if self.text else "")


def user_frame() -> FrameType:
    """The innermost frame outside the package."""
    frame = sys._getframe(1)
    while inside_package(frame.f_code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def running() -> set[FrameType]:
    """The frames of the user's function that runs now, and of all that called it."""
    frame: FrameType | None = user_frame()  # from our own caller's on, whoever keeps the set would keep itself
    found = set()
    while frame is not None:
        found.add(frame)
        frame = frame.f_back
    return found


def user_line() -> Line:
    """The line outside the package that is running now."""
    frame = user_frame()
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def inside_package(file: str) -> bool:
    """Whether a file is not the user's: of this package, of NumPy, or code that was made."""
    return file.startswith(_INSIDE)


def line_of(node: Node) -> Line | None:
    """The line that made the node, where it was recorded inside ``record_lines`` or anomaly mode."""
    return node.cell.line if node.cell is not None else None


class _Lines(Watcher):
    """Writes the user's line beside each node."""

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Note the line that runs now."""
        node = getattr(result, "_node", None)
        if node is not None and node.op is op:
            result._own_cell().line = user_line()


class record_lines(Switch):
    """Inside, every recorded op remembers the line of your program that called it.

    Drawings, replays and explanations of what was computed inside name these lines. It is off by default: looking for
    the line costs as much as a small op. A context manager and a decorator.

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.autograd.record_lines():
    ...     y = x * x
    >>> line_of(y.grad_fn).text
    'y = x * x'
    """

    def _mode(self, before: Mode) -> Mode:
        if any(isinstance(watcher, _Lines) for watcher in before.watchers):
            return before
        enter_every_op()
        return Mode(before.grad, (*before.watchers, _Lines()), before.inference)
