"""Why a gradient is zero, None, NaN, or very large or small: which step did it, and how much was lost there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.errors import shape_text
from ..autograd.lines import Line, line_of
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..drawing.known import Known, held_by, is_array
from .notation import text
from .running import Cut
from .symbols import Symbols
from .walk import Walk
from .why import why_zero

LARGE, SMALL = 1e6, 1e-7  # of what the loss sends back: outside, it exploded or vanished
NOTED = 0.05  # a smaller share is not worth a line


@dataclass(eq=False, slots=True)
class Place:
    """A step at which a part of a gradient is lost.

    ``share`` is the part of it, from 0 to 1; ``line`` is that of your program, where it is known.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([2.0, 3.0], requires_grad=True)
    >>> print(tg.explain(tg.clip(w, 0, 1).sum(), wrt=w).cause.places[0])  # doctest: +ELLIPSIS
    clip at ...: all 2 elements of w are outside its bounds 0 and 1
    """

    op: str
    line: Line | None
    share: float
    why: str

    def __str__(self) -> str:
        where = f" at {self.line}" if self.line is not None else ""
        return f"{self.op}{where}: {self.why}"


@dataclass(eq=False, slots=True)
class Cause:
    """Why a gradient has its value.

    ``kind`` is ``"ordinary"``, ``"zero"``, ``"partly zero"``, ``"None"``, ``"NaN"``, ``"infinite"``, ``"exploding"``
    or ``"vanishing"``; ``places`` are the steps that did it, those that matter most first. ``op``, ``line`` and
    ``share`` are those of the first.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 4.0], requires_grad=True)
    >>> print(tg.explain(tg.floor(w).sum(), wrt=w).cause)  # doctest: +ELLIPSIS
    ∂L/∂w is 0 everywhere: all of the gradient is lost on the way
      floor at ...: a step function: its slope is 0 everywhere
    """

    kind: str
    said: str
    places: tuple[Place, ...] = ()
    hint: str = ""

    @property
    def op(self) -> str | None:
        """The op that did it; None for nothing in particular."""
        return self.places[0].op if self.places else None

    @property
    def line(self) -> Line | None:
        """The line of your program; None where it is not known."""
        return self.places[0].line if self.places else None

    @property
    def share(self) -> float:
        """How much of the gradient was lost at the first place, from 0 to 1."""
        return self.places[0].share if self.places else 0.0

    def __str__(self) -> str:
        parts = [self.said, *(f"  {place}" for place in self.places)]
        return "\n".join([*parts, *([f"  {self.hint}"] if self.hint else [])])


class Causes:
    """Looks for the cause in one backward."""

    def __init__(self, walk: Walk, symbols: Symbols, known: Known, word: str) -> None:
        self.walk, self.symbols, self.known, self.word = walk, symbols, known, f"∂L/∂{word}"

    def of(self, target: Node) -> Cause:
        """The cause for a tensor that the loss was made of."""
        self.target = target
        self.way = self._way()
        g = self.walk.arrived.get(target)
        if g is None:
            return self._stopped()
        g = np.asarray(g)
        if not np.isfinite(g).all():
            return self._broken(g)
        if g.size == 0:
            return Cause("ordinary", f"{self.word} is empty: {shape_text(g.shape)}")
        if not g.any():
            return self._zero()
        return self._size(g)

    def _way(self) -> list[Node]:
        """The steps between the loss and the target, newest first."""
        leading, found = {self.target}, []
        for node in reversed(self.walk.nodes):
            if not leading.isdisjoint(node.parents):
                leading.add(node)
                found.append(node)
        self.leading = leading
        return found[::-1]

    def _place(self, node: Node, share: float, why: str) -> Place:
        assert node.op is not None
        return Place(node.op.name, line_of(node), share, why)

    def _passed(self, node: Node) -> list[Any]:
        """What a step passes on towards the target."""
        return [
            np.asarray(d)
            for parent, d in zip(node.parents, self.walk.passed.get(node, ()))
            if d is not None and parent in self.leading
        ]

    # ------------------------------------------------------------------ none

    def _stopped(self) -> Cause:
        stopped = [
            self._place(node, 1.0, "its backward returns None for this input")
            for node in self.way
            if node in self.walk.arrived
            and any(
                d is None and parent in self.leading for parent, d in zip(node.parents, self.walk.passed.get(node, ()))
            )
        ]
        return Cause("None", f"{self.word} is None: a rule on the way gives nothing", tuple(stopped[:4]))

    # ------------------------------------------------------------------ zero

    def _zero(self) -> Cause:
        end = self.walk.end
        if end in self.leading and not np.asarray(self.walk.seed).any():
            return Cause("zero", f"{self.word} is 0: the gradient that was given for the loss is 0")
        lost: list[tuple[float, Node]] = []
        for node in self.way:
            g = self.walk.arrived.get(node)
            if g is not None and np.any(g) and not any(d.any() for d in self._passed(node)):
                lost.append((float(np.sum(np.abs(g))), node))
        cancelled = [
            node
            for node in [*self.way, self.target]
            if node in self.walk.arrived
            and not np.any(self.walk.arrived[node])
            and any(np.any(self.walk.passed[reader][i]) for reader, i in self.walk.readers.get(node, []))
        ]
        places = [
            self._place(reader, 1.0, "what comes by this way and by others adds up to exactly 0")
            for node in cancelled[:1]
            for reader in dict.fromkeys(reader for reader, _ in self.walk.readers[node][:2])
        ]
        whole = sum(size for size, _ in lost) or 1.0
        lost.sort(key=lambda pair: -pair[0])
        for size, node in lost[:4]:
            share = size / whole if math.isfinite(size / whole) else 1.0
            places.append(self._place(node, share, why_zero(node, self.symbols, self.known)))
        more = f" ({len(lost) - 4} more places are not shown)" if len(lost) > 4 else ""
        said = f"{self.word} is 0 everywhere: all of the gradient is lost on the way{more}"
        return Cause("zero", said, tuple(places))

    # ------------------------------------------------------------------ NaN and infinity

    def _broken(self, g: Any) -> Cause:
        self.known.compute_again()
        nan = bool(np.isnan(g).any())
        kind, share = ("NaN", np.isnan(g).mean()) if nan else ("infinite", np.isinf(g).mean())
        said = f"{self.word} is {'NaN' if nan else 'infinite'} in {share:.0%} of its elements"
        forward = self._first_forward()
        end: Any = self.known.value(self.walk.end) if self.walk.end is not None else None
        if forward is not None and is_array(end) and not np.isfinite(end).all():
            return Cause(kind, said, (forward,))
        for node in self.way:
            arriving = self.walk.arrived.get(node)
            if arriving is None or not np.isfinite(arriving).all():
                continue
            for parent, d in zip(node.parents, self.walk.passed.get(node, ())):
                if d is not None and parent in self.leading and not np.isfinite(d).all():
                    place = self._made(node, parent, np.asarray(d), float(share))
                    return Cause(kind, said, (place,), self._hidden(node))
        summed = "the gradient overflowed where paths are added" if self.way else "the gradient given is not finite"
        return Cause(kind, said, (forward,) if forward is not None else (), summed)

    def _made(self, node: Node, parent: Node | None, d: Any, share: float) -> Place:
        index = tuple(int(k) for k in np.argwhere(~np.isfinite(d))[0])
        what = "NaN" if np.isnan(d[index]) else "∞"
        g = np.asarray(self.walk.arrived[node])
        at = text(self.symbols.of(parent)) if parent is not None else ""
        value: Any = self.known.value(parent) if parent is not None else None
        why = f"its rule gave the first {what}"
        if is_array(value) and value.shape == d.shape:
            why += f", where {at}{_index(index)} is {_short(value[index])}"
        if g.shape == d.shape:
            arrives = g[index]
            why += f" and {_short(arrives)} arrives" + (": 0 · ∞ is NaN" if not arrives and what == "NaN" else "")
        return self._place(node, share, why)

    def _hidden(self, node: Node) -> str:
        """Whether a choice hides the value whose slope is infinite."""
        seen, waiting = {node}, [node]
        while waiting:
            for reader, _ in self.walk.readers.get(waiting.pop(), []):
                word = reader.op.name if reader.op is not None else ""
                if word in ("where", "mul", "nan_to_num") and reader in self.leading:
                    line = line_of(reader)
                    where = f" at {line}" if line is not None else ""
                    return (
                        f"{word}{where} takes nothing of it there, but a gradient of 0 times an infinite slope is NaN: "
                        "choose before the op, tg.where(c, x, safe), and compute with that"
                    )
                if reader not in seen and len(seen) < 100:
                    seen.add(reader)
                    waiting.append(reader)
        return ""

    def _first_forward(self) -> Place | None:
        """The first step whose value is not finite though what it reads is."""
        for node in reversed(self.walk.whole):
            value: Any = self.known.value(node)
            if not is_array(value) or value.dtype.kind not in "fc" or np.isfinite(value).all():
                continue
            read = [self.known.value(parent) for parent in node.parents if parent is not None]
            read += [item for item in self.symbols.held(node).values() if is_array(item) and item is not value]
            if all(np.isfinite(item).all() for item in read if is_array(item) and item.dtype.kind in "fc"):
                index = tuple(int(k) for k in np.argwhere(~np.isfinite(value))[0])
                what = "NaN" if np.isnan(value[index]) else "∞" if np.real(value[index]) > 0 else "−∞"
                given = [item for item in read if is_array(item) and item.shape == value.shape]
                of = f" of {_short(given[0][index])}" if given else ""
                why = f"the first value that is not finite: {what}{of}, at {_index(index) or 'its one element'}"
                if np.isinf(value[index]) and node.op is not None and node.op.name in ("exp", "mul", "pow", "square"):
                    why += f" (an overflow of {value.dtype})"
                return self._place(node, 1.0, why)
        return None

    # ------------------------------------------------------------------ large, small, and parts of it

    def _size(self, g: Any) -> Cause:
        size = float(np.max(np.abs(g)))
        first = float(np.max(np.abs(self.walk.seed), initial=0)) or 1.0
        if size >= LARGE * first:
            said = f"{self.word} is large: up to {_short(size)}, {_short(size / first)} times what the loss sends back"
            return Cause("exploding", said, self._growth(1))
        if size <= SMALL * first:
            said = f"{self.word} is small: at most {_short(size)}, of {_short(first)} that the loss sends back"
            return Cause("vanishing", said, self._growth(-1))
        places = self._leaks()
        zeros = float((g == 0).mean())
        if zeros >= 0.01:
            return Cause("partly zero", f"{zeros:.0%} of {self.word} is 0", places)
        norm = _short(float(np.sqrt(np.sum(np.abs(g.astype(g.dtype if g.dtype.kind == "c" else float)) ** 2))))
        said = f"nothing is wrong with {self.word}: ‖{self.word}‖ = {norm}"
        return self._of_no_number(said) or Cause("ordinary", said, places)

    def _of_no_number(self, said: str) -> Cause | None:
        """The gradient is a number and the loss is none, as that of the logarithm of −1."""
        end: Any = self.known.value(self.walk.end) if self.walk.end is not None else None
        if not is_array(end) or end.dtype.kind not in "fc" or np.isfinite(end).all():
            return None
        self.known.compute_again()
        first = self._first_forward()
        what = "NaN" if np.isnan(end).any() else "infinite"
        return Cause("ordinary", f"{said}, but the loss is {what}", (first,) if first is not None else ())

    def _leaks(self) -> tuple[Place, ...]:
        """Steps on single elements that let a part of what arrives go no further."""
        found = []
        for node in self.way:
            op = node.op
            assert op is not None
            if (op.kind != "elementwise" and op.name not in _FLAT_ENDS and op.name != "dropout") or not op.kept:
                continue
            g, passed = self.walk.arrived.get(node), self._passed(node)
            if g is None or len(passed) != 1 or passed[0].shape != np.shape(g):
                continue
            if op.name not in _FLAT_ENDS and passed[0].all():
                continue
            whole = float(np.sum(np.abs(g)))
            gone = float(np.sum(np.abs(np.asarray(g)[passed[0] == 0])))
            slope = float(np.sum(np.abs(passed[0]))) / whole if whole else 1.0
            if whole and gone / whole >= NOTED:
                found.append(self._place(node, gone / whole, why_zero(node, self.symbols, self.known)))
            elif whole and slope < 0.02 and op.name in _FLAT_ENDS:
                found.append(self._place(node, 1 - slope, why_zero(node, self.symbols, self.known)))
        found.sort(key=lambda place: -place.share)
        return tuple(
            Place(p.op, p.line, p.share, f"{p.share:.0%} of what arrives goes no further: {p.why}") for p in found[:4]
        )

    def _growth(self, sign: int) -> tuple[Place, ...]:
        """The steps that made the gradient larger (or smaller), those of one op and line together."""
        groups: dict[Any, list[tuple[float, Node]]] = {}
        for node in self.way:
            g, passed = self.walk.arrived.get(node), self._passed(node)
            assert node.op is not None
            before = float(np.max(np.abs(g), initial=0)) if g is not None else 0.0
            after = max((float(np.max(np.abs(d), initial=0)) for d in passed), default=0.0)
            if before and after and math.isfinite(after):
                groups.setdefault((node.op.name, line_of(node)), []).append((math.log(after / before), node))
        total = {key: sign * sum(size for size, _ in items) for key, items in groups.items()}
        whole = sum(size for size in total.values() if size > 0) or 1.0
        found = []
        for key in sorted(total, key=lambda key: -total[key])[:3]:
            if total[key] <= 0.1 * whole:
                continue
            items = groups[key]
            each = math.exp(sum(size for size, _ in items) / len(items))
            often = f"{len(items)} times, each time times {_short(each)}" if len(items) > 1 else f"times {_short(each)}"
            found.append(self._place(items[0][1], total[key] / whole, f"the gradient is passed on {often}"))
        return tuple(found)


_FLAT_ENDS = ("sigmoid", "tanh", "softmax", "gelu", "silu", "erf", "softplus", "atan", "hardtanh", "logsigmoid")


def unreached(word: str, x: Tensor, loss: Tensor, walk: Walk | None, cuts: Sequence[Cut], watched: bool) -> Cause:
    """Why the loss has no history that leads to a tensor."""
    said = f"∂L/∂{word} is None: "
    places = tuple(Place(cut.op, cut.line, 1.0, cut.why) for cut in cuts)
    call = f"Give the function that computes the loss, tg.explain(f, wrt={word}): then the line is named"
    call = "" if watched else call
    if places:
        return Cause("None", said + "the loss depends on it, and its history ends on the way", places)
    if x._node is None:
        if x.dtype.kind not in "fc":
            said += f"it is {x.dtype}, and whole numbers have no gradient"
            return Cause("None", said, (), f"Write {word}.float()")
        return Cause("None", said + "it does not require grad", (), f"Write {word}.requires_grad_() before computing")
    if loss._node is None:
        kind = f"the loss is {loss.dtype}" if loss.dtype.kind not in "fc" else "nothing was recorded for the loss"
        said += f"{kind}: it was made inside no_grad(), of detached tensors, or of whole numbers"
        return Cause("None", said, (), call)
    for node in walk.whole if walk is not None else ():
        for read, item in held_by(node).items():
            if isinstance(item, np.ndarray) and x._value.size and np.may_share_memory(item, x._value):
                assert node.op is not None
                place = Place(
                    node.op.name, line_of(node), 1.0, f"it reads these numbers as {read}, without their history: "
                    "detach() or .data gave them, or no gradient goes to that input",
                )  # fmt: skip
                return Cause("None", said + "the loss was computed of its numbers, not of the tensor", (place,), call)
    if watched:
        return Cause("None", said + "the function computes the loss without it", (), "Another tensor may have its name")
    return Cause("None", said + "it is not in the history of the loss", (), call)


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _short(value: Any) -> str:
    written = f"{value:.4g}" if np.asarray(value).dtype.kind in "fc" else str(value)
    return written.replace("-", "−").replace("inf", "∞").replace("nan", "NaN")
