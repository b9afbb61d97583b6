"""Lines of the user's program: which one made a node.

The first ops that a process records know theirs, by the code that called them and its instruction: who looks into a
small program finds its lines, and a training that goes on does not pay for them. ``record_lines`` has them all known.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .node import Node

FIRST = 100_000  # moments of the clock of nodes and writes until which an op knows its line unasked
asked: list[object] = []  # the ``record_lines`` in which some thread is
_over = False

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

    @property
    def brief(self) -> str:
        """The file's name alone, the number and the text: for pictures, which are passed on."""
        place = f"line {self.number}" if self.file.startswith("<") else f"{self.name}:{self.number}"
        return place + (f": {self.text}" if self.text else "")

    @property
    def name(self) -> str:
        """The file's name, without its folders."""
        return re.split(r"[/\\]", self.file)[-1]

    def __str__(self) -> str:
        # A cell of a notebook has a file of its own, with a number for its name.
        place = f"line {self.number}" if "ipykernel_" in self.file else f"{self.file}:{self.number}"
        return f"{place}, in {self.function}" + (f": {self.text}" if self.text else "")


def which_lines() -> str:
    """Of which nodes the lines are kept now: "all", "first" or "none"."""
    return "all" if asked else "none" if _over else "first"


def first_are_known() -> None:
    """The clock went past ``FIRST``."""
    global _over
    _over = True


# Files that called ops, of the user and of the package: one look is enough for each.
USERS: set[str] = set()
OURS: set[str] = set()


def user_frame() -> FrameType:
    """The innermost frame outside the package."""
    return outward(sys._getframe(1))


def outward(frame: FrameType) -> FrameType:
    """The frame itself, or the first of those that called it which is outside the package."""
    while (file := frame.f_code.co_filename) not in USERS:
        if file not in OURS:
            (OURS if inside_package(file) else USERS).add(file)
        elif frame.f_back is None:
            return frame
        else:
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


def warn(message: str) -> None:
    """A warning that names the user's line, however deep inside the package it was found."""
    frame = user_frame()
    space = frame.f_globals
    warnings.warn_explicit(
        message, UserWarning, frame.f_code.co_filename, frame.f_lineno, space.get("__name__", "<string>"),
        space.setdefault("__warningregistry__", {}),
    )  # fmt: skip


def inside_package(file: str) -> bool:
    """Whether a file is not the user's: of this package, of NumPy, or code that was made."""
    return file.startswith(_INSIDE)


def mark(node: Node) -> None:
    """Have the node know the line outside the package that is running now."""
    frame = user_frame()
    node.where = frame.f_code, frame.f_lasti


def with_line(node: Node) -> Node:
    """The node, which knows its line where lines are kept now."""
    if which_lines() != "none":
        mark(node)
    return node


def line_of(node: Node) -> Line | None:
    """The line of the program that made the node; None where it was not kept."""
    where = getattr(node, "where", None)  # a frame writes nothing where it keeps no line
    if where is None:
        return None
    code, at = where
    numbers = [number for start, end, number in code.co_lines() if start <= at < end and number]
    return Line(code.co_filename, numbers[0] if numbers else code.co_firstlineno, code.co_name)
