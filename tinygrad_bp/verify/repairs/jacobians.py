"""The step back through a softmax, a normalisation or a centring: left out, half done, or done by another formula.

What a value is, its numbers say: rows that add up to 1, that have mean 0 and variance 1, length 1, or mean 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .columns import Column
from .edit import Edit, Make
from .program import Operand, Step, Variant

if TYPE_CHECKING:
    from .edits import Edits

DEEP = 4  # steps back from a result to the gradient that a formula was made for
STEPS = ("multiply", "divide", "subtract", "add", "negative")
NEAR = 1e-9  # of sums that are 1 or 0
SMALL = 0.02  # what a small number beside a variance or a length may take away
Back = Callable[[Any, Any, int], Any]  # of the gradient, the value and its axis


class Kind(NamedTuple):
    """A function's value, told from its numbers, and the ways back through the function."""

    name: str
    of: Callable[[Any, int], bool]
    whole: tuple[str, Back]
    rest: tuple[str, Back]  # what is missing where the factor before the bracket is there


def _sums(v: Any, axis: int) -> Any:
    return np.sum(v, axis, keepdims=True)


def _means(v: Any, axis: int) -> Any:
    return np.mean(v, axis, keepdims=True)


def _shares(p: Any, axis: int) -> bool:
    return bool(np.all(p > 0) and np.all(np.abs(_sums(p, axis) - 1) < NEAR))


def _logs(p: Any, axis: int) -> bool:
    return bool(np.all(p < 0)) and _shares(np.exp(p), axis)


def _level(x: Any, axis: int) -> bool:
    return bool(np.all(np.abs(_means(x, axis)) < NEAR))


def _normal(x: Any, axis: int) -> bool:
    square = _means(x * x, axis)
    return _level(x, axis) and bool(np.all((square > 1 - SMALL) & (square < 1 + NEAR)))


def _long(x: Any, axis: int) -> bool:
    square = _sums(x * x, axis)
    return bool(np.all((square > 1 - SMALL) & (square < 1 + NEAR)))


KINDS = (
    Kind("softmax", _shares,
         ("{0}·(d − Σ d·{0})", lambda d, p, n: p * (d - _sums(d * p, n))),
         ("d − {0}·Σ d", lambda d, p, n: d - p * _sums(d, n))),
    Kind("logarithm of the softmax", _logs,
         ("d − exp({0})·Σ d", lambda d, p, n: d - np.exp(p) * _sums(d, n)),
         ("d − exp({0})·Σ d", lambda d, p, n: d - np.exp(p) * _sums(d, n))),
    Kind("normalisation", _normal,
         ("d − mean d − {0}·mean(d·{0})", lambda d, y, n: d - _means(d, n) - y * _means(d * y, n)),
         ("d − {0}·mean(d·{0})", lambda d, y, n: d - y * _means(d * y, n))),
    Kind("division by the length", _long,
         ("d − {0}·Σ d·{0}", lambda d, y, n: d - y * _sums(d * y, n)),
         ("d − {0}·Σ d·{0}", lambda d, y, n: d - y * _sums(d * y, n))),
    Kind("subtraction of the mean", _level,
         ("d − mean d", lambda d, y, n: d - _means(d, n)),
         ("d − mean d", lambda d, y, n: d - _means(d, n))),
)  # fmt: skip


def back_through(edits: Edits) -> Iterator[Edit]:
    """What a step gives, or what it was made of, taken back through the function that gave a value of its shape."""
    program = edits.program
    kinds: dict[tuple[int, ...], list[tuple[Column, Kind, int]]] = {}
    for shape, columns in edits.columns.by_shape.items():
        some = ((c, *found) for c in columns if not c.seeded and shape for found in _kind(edits, c))
        kinds[shape] = list(some)
    for group in edits.groups:
        step = program.steps[group[0]]
        shape = np.shape(step.value)
        if not kinds.get(shape) or not _gradient(edits, group[0]) or step.name in ("getitem", "reshape", "setitem"):
            continue
        for column, kind, axis in kinds[shape]:
            for how, chosen in edits.columns.aligned(group, column):
                if (how and len(group) > 1) or any(
                    c is None or edits._later(i, c) for i, c in zip(group, chosen, strict=True)
                ):
                    continue
                yield from _edits(edits, group, column, kind, axis, chosen)


def _kind(edits: Edits, column: Column) -> Iterator[tuple[Kind, int]]:
    """What the values of a column are, and along which axis."""
    value = np.asarray(edits.columns.value(column))
    if value.dtype.kind != "f" or not np.isfinite(value).all():
        return
    for axis in range(value.ndim):
        found = next((kind for kind in KINDS if value.shape[axis] > 1 and kind.of(value, axis)), None)
        if found is not None:
            yield found, axis


def _gradient(edits: Edits, o: Operand) -> bool:
    return edits._seeded(o) if edits.program.seeded else o not in edits.before


def _edits(
    edits: Edits, group: list[int], column: Column, kind: Kind, axis: int, chosen: list[Operand | None]
) -> Iterator[Edit]:
    word = edits.columns.word(chosen[0] if chosen[0] is not None else 0)
    for how, (formula, back) in (("goes on without", kind.whole), ("is only half of", kind.rest)):
        text = f"this {how} the way back through the {kind.name} that gave {word}, along axis {axis}: with this for d, "
        said = edits.plainly(f"{text}{formula.format(word)} is meant", group)
        makers = {i: _back(edits, c, (), back, axis) for i, c in zip(group, chosen, strict=True) if c is not None}
        yield Edit("derivative", 1.5, said, makers, None, group)
    formula, back = kind.whole
    for slots, d in _made_of(edits, group[0], DEEP):
        text = f"this is a wrong way back through the {kind.name} that gave {word}, along axis {axis}: with "
        said = edits.plainly(f"{text}{edits.columns.word(d)} for d, {formula.format(word)} is meant", group)
        makers = {i: _back(edits, c, slots, back, axis) for i, c in zip(group, chosen, strict=True) if c is not None}
        yield Edit("derivative", 1.6, said, makers, None, group)


def _made_of(edits: Edits, i: int, depth: int) -> Iterator[tuple[tuple[int, ...], Operand]]:
    """The gradients of the same shape that a result was made of, and the operands that lead to them."""
    step = edits.program.steps[i]
    for slot, o in enumerate(step.operands) if depth and step.name in STEPS else ():
        if isinstance(o, int) and np.shape(edits.program.value(o)) == np.shape(step.value) and _gradient(edits, o):
            yield (slot,), o
            yield from (((slot, *rest), d) for rest, d in _made_of(edits, o, depth - 1))


def _back(edits: Edits, value: Operand, slots: tuple[int, ...], back: Back, axis: int) -> Make:
    """What a step gives, or what it was made of, taken back."""

    def make(step: Step) -> Variant:
        if slots:
            (d,), _ = edits._passing(slots)(step)
            return Variant((d, value), lambda v: back(v[0], v[1], axis))
        return Variant((*step.operands, value), lambda v: back(step.compute(v[:-1]), v[-1], axis))

    return make
