"""A function that computes a loss, watched: where what depends on ``wrt`` loses its history, and by which line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import FrameType
from typing import Any, NamedTuple

from ..autograd.lines import Line, inside_package, user_line
from ..autograd.modes import mode
from ..autograd.node import Node
from ..autograd.op import Op
from ..autograd.tensor import Tensor
from ..autograd.watch import Watcher, array_of
from ..autograd.writes import owner
from ..drawing.names import Frames


class Cut(NamedTuple):
    """A place where a gradient has no way on."""

    op: str
    line: Line
    why: str
    of: frozenset[int] = frozenset()  # the numbers of the tensors that are wanted and come this way


class Running(Watcher):
    """Follows what is made of some tensors, by the memory it lies in, also where no history is recorded."""

    def __init__(self, wanted: Iterable[Tensor]) -> None:
        # By memory: the array, the cuts on the way to it, and the numbers of the tensors that it depends on.
        self._depends: dict[int, tuple[Any, frozenset[Cut], frozenset[int]]] = {}
        self._live: set[Node] = set()  # nodes that lead back to what is wanted
        self.frames = Frames()
        self.operands: dict[Node, Sequence[Any]] = {}  # of each recorded step, what it was given
        self._left: dict[int, Cut] = {}  # memory that went on without history
        self.numbers: list[Cut] = []  # where values became numbers of Python, or arrays of NumPy
        for number, x in enumerate(wanted):
            memory = owner(x._value)
            _, _, before = self._depends.get(id(memory), (None, None, frozenset()))
            self._depends[id(memory)] = memory, frozenset(), before | {number}
            if x._node is not None:
                self._live.add(x._node)

    def cuts(self, loss: Tensor, number: int) -> list[Cut]:
        """The places on the way from a tensor, by its number, to the loss."""
        found = self._depends.get(id(owner(loss._value)))
        if found is None or number not in found[2]:
            # They may have come back as an array, or as a number of Python.
            return [cut for cut in dict.fromkeys(self.numbers) if number in cut.of]
        left = self._left.get(id(owner(loss._value))) if loss._node is None else None
        return [cut for cut in (*found[1], *([left] if left is not None else [])) if number in cut.of]

    # ------------------------------------------------------------------ what is seen

    def held(self, x: Tensor) -> None:
        """``detach()`` and what is made of it."""
        known = self._depends.get(id(owner(x._value)))
        if x._node in self._live and known is not None:
            asked = _asked()
            why = "takes its history away" if asked.startswith("detach") else "gives a tensor without history"
            self._left[id(owner(x._value))] = Cut(asked, user_line(), f"{asked}() {why}", known[2])

    def read(self, x: Tensor, how: str) -> None:
        """A value that becomes numbers."""
        known = self._depends.get(id(owner(x._value)))
        if known is not None and how and not how.startswith("format"):
            why = f"{how} turns it into numbers, which have no history"
            cut = Cut(how.partition("(")[0], user_line(), why, known[2])
            self.numbers.append(cut)
            self._left.setdefault(id(owner(x._value)), cut)

    def let_go(self) -> None:
        """Functions that have returned hold nothing any more."""
        self.frames.let_go()

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Follow one op."""
        self.frames.note()
        items: Sequence[Any] = operands[0] if op.variadic else operands
        recorded = getattr(result, "_node", None)
        if recorded is not None:
            self.operands[recorded] = [array_of(item) for item in items]
        of, living, cuts = frozenset[int](), frozenset[int](), frozenset[Cut]()
        for number, item in enumerate(items):
            array = array_of(item)
            if not hasattr(array, "base"):
                continue
            key = id(owner(array))
            known = self._depends.get(key)
            if known is None:
                continue
            of, cuts = of | known[2], cuts | known[1]
            node = getattr(item, "_node", None)
            if node in self._live:
                if not (op.variadic or not op.rules or op.rules[number] is not None) and op.kind != "constant":
                    why = f"{op.name} reads it as {op.inputs[number]}: no gradient there"
                    cuts |= {Cut(op.name, user_line(), why, known[2])}
                else:
                    living |= known[2]
            elif key in self._left:
                whole = getattr(result, "dtype", None)
                made = whole is not None and whole.kind not in "fc"
                cuts |= {Cut(op.name, user_line(), _why(op, result), known[2]) if made else self._left[key]}
        value = getattr(result, "_value", result)
        if not of or not hasattr(value, "base"):
            return
        node = getattr(result, "_node", None)
        if living and node is None:
            cuts |= {Cut(op.name, user_line(), _why(op, value), living)}
        elif living and node is not None:
            self._live.add(node)
        memory = owner(value)
        before = self._depends.get(id(memory))
        if before is None or node is not None:  # a view of what depends on it depends on it all the same
            _, others, also = before if before is not None else (None, frozenset(), frozenset())
            self._depends[id(memory)] = memory, cuts | others, of | also


def _asked() -> str:
    """The name of our function that the user called."""
    frame: FrameType | None = sys._getframe(2)
    name = ""
    while frame is not None and inside_package(frame.f_code.co_filename):
        name = frame.f_code.co_name
        frame = frame.f_back
    return name


def _why(op: Op, value: Any) -> str:
    if not mode().grad:
        return "inference_mode() records nothing" if mode().inference else "no_grad() records nothing"
    if value.dtype.kind not in "fc":
        kind = "True and False" if value.dtype.kind == "b" else "whole numbers"
        return f"the result is {value.dtype}: {kind} have no slope"
    if op.kind == "constant":
        return f"{op.name} has no gradient"
    return "nothing was recorded"
