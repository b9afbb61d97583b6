"""Which value of a recorded computation a name means: from the variables of the program that recorded it."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from ..autograd.lines import Line, inside_package, running, user_frame, user_line
from ..autograd.node import Node
from ..autograd.op import Op
from ..autograd.tensor import Tensor
from ..autograd.watch import Watcher
from .array_like import ArrayLike
from .returned import SPELLINGS

LARGEST = 1000  # entries of a dict that is searched for tensors: what has more is data


def meant(key: str) -> list[str]:
    """The names whose gradient a name may be, the likeliest first.

    >>> meant("dW1"), meant("W1")
    (['W1', 'dW1'], ['W1'])
    """
    ends = (spelling.split("{}") for spelling in reversed(SPELLINGS))
    return [key[len(a) : len(key) - len(b)] for a, b in ends if key.startswith(a) and key.endswith(b) and key != a + b]


def variables(frame: FrameType) -> list[Mapping[str, Any]]:
    """The variables that a line of the program sees, its own first, then what dicts and objects among them hold."""
    own, outer = dict(frame.f_locals), frame.f_globals
    return [own, outer, *inside(own), *(inside(outer) if own != outer else ())]


def inside(space: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the dicts and the plain objects among some variables hold by name."""
    for name, value in list(space.items()):
        if name.startswith("__") or isinstance(value, ArrayLike):
            continue
        held = value if isinstance(value, dict) else getattr(value, "__dict__", None)
        if isinstance(held, dict) and len(held) <= LARGEST and not isinstance(value, (type, type(sys))):
            yield {
                key: part
                for key, part in held.items()
                if isinstance(key, str) and isinstance(part, (Tensor, ArrayLike))
            }


class Trail(Watcher):
    """Notes the line of every op, and the variables of the functions that called it.

    A frame that has returned still has its variables as they were then: they are read when all is over.
    """

    def __init__(self) -> None:
        self.lines: dict[Node, Line] = {}
        self._outer = user_frame()
        self._frames: dict[FrameType, int] = {}  # and their numbers
        self._depths: list[int] = []  # by number, how deep they were
        self._held: dict[tuple[int, str], set[Node]] = {}  # what a variable held while it was watched

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: object, began: int) -> None:
        """Note the line that made a value, and look at the variables of now."""
        node = getattr(result, "_node", None)
        if node is None:
            return
        self.lines[node] = user_line()
        frame: FrameType | None = sys._getframe(1)
        above = []
        while frame is not None and frame is not self._outer:
            if not inside_package(frame.f_code.co_filename):
                above.append(frame)
            frame = frame.f_back
        for depth, each in enumerate(reversed(above)):
            if each not in self._frames:
                self._frames[each] = len(self._depths)
                self._depths.append(depth)
            self._look(each)

    def let_go(self) -> None:
        """Functions that have returned hold nothing any more."""
        now = running()
        for frame in [frame for frame in self._frames if frame not in now]:
            self._look(frame)
            del self._frames[frame]

    def _look(self, frame: FrameType) -> None:
        own = dict(frame.f_locals)
        for space in (own, *inside(own)):
            for name, held in space.items():
                value = held.tensor if isinstance(held, ArrayLike) else held
                if isinstance(value, Tensor) and value._node is not None:
                    self._held.setdefault((self._frames[frame], name), set()).add(value._node)

    def values(self) -> dict[str, list[Node]]:
        """Every name with the values that it had, of the outermost functions that use it; then the trail is over."""
        found: dict[str, list[Node]] = {}
        depths: dict[str, int] = {}
        for frame in self._frames:
            self._look(frame)
        for (number, name), nodes in self._held.items():
            depth = self._depths[number]
            if depth <= depths.setdefault(name, depth):
                found[name] = [*(found.get(name, ()) if depth == depths[name] else ()), *nodes]
                depths[name] = depth
        self._frames.clear()
        self._depths.clear()
        self._held.clear()
        return found


def first_of(names: Sequence[str], spaces: Sequence[Mapping[str, Any]], known: Container[object]) -> Node | None:
    """The node of the first of these names that is a tensor in ``known``, the variables nearest by first."""
    for name in names:
        for space in spaces:
            value = space.get(name)
            if isinstance(value, Tensor) and value._node in known:
                return value._node
    return None
