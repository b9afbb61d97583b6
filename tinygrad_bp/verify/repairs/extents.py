"""How much of a value is meant: its sum, its first elements, other numbers at its border."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .by_op import REDUCTIONS, reductions
from .edit import Edit, Make, operand
from .program import Hole, Step, Variant

if TYPE_CHECKING:
    from .edits import Edits

LARGEST = 400  # elements of an array of numbers that has a border
SUMS: tuple[tuple[str, str, Callable[[Any, int], Any]], ...] = (
    ("not summed", "its sum over axis {} is meant", lambda a, n: np.sum(a, n, keepdims=True)),
    ("not summed", "its mean over axis {} is meant", lambda a, n: np.mean(a, n, keepdims=True)),
    ("running sum", "its running sum along axis {} is meant", np.cumsum),
    ("running sum", "its running sum from the end along axis {} is meant",
     lambda a, n: np.flip(np.cumsum(np.flip(a, n), n), n)),
)  # fmt: skip
NUMBERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("1 more", lambda a: a + 1),
    ("1 less", lambda a: a - 1),
    ("half", lambda a: a / 2),
    ("twice that", lambda a: 2 * a),
    ("0", lambda a: 0 * a),
    ("1", lambda a: 0 * a + 1),
    ("the other sign", lambda a: -a),
)


def sums(edits: Edits) -> Iterator[Edit]:
    """A sum, a mean or a running sum that is left out."""
    program = edits.program
    for group in edits.groups:
        step = program.steps[group[0]]
        if not isinstance(step.function, np.ufunc) or (program.seeded and group[0] not in program.seeded):
            continue
        for slot, o in enumerate(step.operands):
            value = np.asarray(program.value(o))
            if value.dtype.kind != "f" or not 1 <= value.ndim <= 4 or value.size < 2:
                continue
            for axis in range(value.ndim):
                for kind, text, f in SUMS:
                    said = f"where {{{slot}}} stands, {text.format(axis)}"
                    yield edits.edit(kind, 1.55, said, group, operand(slot, partial(_along, f, axis)))


def _along(f: Callable[[Any, int], Any], axis: int, a: Any) -> Any:
    return f(a, axis)


def alike(edits: Edits) -> Iterator[Edit]:
    """Several sums or means over the same axes, all of them over others, or over groups of places along one."""
    program = edits.program
    found: dict[Any, list[int]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name in REDUCTIONS and isinstance(step.args[0], Hole) and len(step.operands) == 1:
            shape = np.shape(program.value(step.operands[0]))
            found.setdefault((step.name, shape, np.shape(step.value)), []).append(i)
    for (name, shape, _), some in found.items():
        places = len({program.steps[i].site for i in some})
        ways = [(o.text, o.make) for o in reductions(program, program.steps[some[0]])] if places > 1 else []
        if np.ndim(program.steps[some[0]].value) == len(shape):
            ways += list(_grouped(shape, np.shape(program.steps[some[0]].value), REDUCTIONS[name]))
        for text, make in ways:
            said = edits.said(text, some[:1], ", and the others like it" if places > 1 else "")
            yield Edit("wrong axis", 1.25, said, dict.fromkeys(some, make), None, some)


def _grouped(shape: tuple[int, ...], kept: tuple[int, ...], function: Callable[..., Any]) -> Iterator[tuple[str, Make]]:
    """A reduction that keeps its axes, over the places of each group along one more axis as well."""
    over = tuple(n for n, (a, b) in enumerate(zip(shape, kept, strict=True)) if a != b)
    for axis, size in enumerate(shape):
        for groups in range(2, size // 2 + 1):
            if axis not in over and size % groups == 0:
                text = f"{{0}} is taken for each place along axis {axis} where one number for each of {groups} groups "
                yield text + "of places is meant", after_operand(partial(_by_group, function, axis, groups, over))


def _by_group(function: Callable[..., Any], axis: int, groups: int, over: tuple[int, ...], a: Any) -> Any:
    shape = np.shape(a)
    parts = np.reshape(a, (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))
    moved = tuple(n + (n > axis) for n in over)
    each = np.squeeze(function(parts, axis=(axis + 1, *moved), keepdims=True), axis + 1)
    return np.repeat(each, shape[axis] // groups, axis)


def after_operand(change: Callable[[Any], Any]) -> Make:
    """What a function gives for the step's first operand."""
    return lambda step: Variant(step.operands, lambda values: change(values[0]))


def lengths(edits: Edits) -> Iterator[Edit]:
    """A sum or a mean over the first elements alone: what is beyond a length is padding."""
    program, columns = edits.program, edits.columns
    for group in edits.groups:
        step = program.steps[group[0]]
        if step.name not in REDUCTIONS or not isinstance(step.args[0], Hole):
            continue
        shape = np.shape(program.value(step.operands[0]))
        for column in columns.by_shape.get((), ()):
            if np.asarray(columns.value(column)).dtype.kind != "i":
                continue
            for how, chosen in columns.aligned(group, column):
                if how or any(c is None or edits._later(i, c) for i, c in zip(group, chosen, strict=True)):
                    continue
                for axis, size in enumerate(shape):
                    counts = [int(np.asarray(program.value(c))) for c in chosen if c is not None]
                    if not all(0 < n <= size for n in counts) or set(counts) == {size}:
                        continue
                    makers = {i: _first(c, axis) for i, c in zip(group, chosen, strict=True) if c is not None}
                    word = columns.word(step.operands[0])
                    count = columns.word(chosen[0] or 0)
                    text = f"only the first {count} of {word} along axis {axis} are meant: "
                    yield Edit("padding", 1.4, edits.plainly(text + "the rest is padding", group), makers, None, group)


def _first(count: Any, axis: int) -> Make:
    def make(step: Step) -> Variant:
        def compute(values: Any) -> Any:
            index = (slice(None),) * axis + (slice(int(values[-1])),)
            return step.compute([values[0][index], *values[1:-1]])

        return Variant((*step.operands, count), compute)

    return make


def borders(edits: Edits) -> Iterator[Edit]:
    """Other numbers at the border of an array that no input goes into: a stencil, a difference operator, counts."""
    program = edits.program
    given = set(program.leaves)
    readers = edits._readers()
    free = [True] * len(program.steps)  # made of no input
    for i, step in enumerate(program.steps):
        free[i] = i not in given and all(free[o] for o in step.operands if isinstance(o, int))
    for o, read in readers.items():
        if not isinstance(o, int) or not free[o]:
            continue
        value = np.asarray(program.steps[o].value)
        later = [(i, slot) for i, slot in read if not free[i]]
        if not later or value.dtype.kind != "f" or not 1 <= value.ndim <= 2 or not 2 < value.size <= LARGEST:
            continue
        for where, places in _borders(value.shape):
            for text, f in NUMBERS:
                changed = value.copy()
                for place in places:
                    changed[place] = f(changed[place])
                if np.array_equal(changed, value):
                    continue
                makers: dict[int, Make] = {}
                for i, slot in later:
                    makers[i] = operand(slot, partial(_changed, places, f))
                said = f"the border is not like the inside: {where} of {edits.columns.word(o)}, {text} is meant"
                group = sorted(makers)[:1]
                yield Edit("padding", 1.3, edits.plainly(said, group), makers, None, group)


def _changed(places: list[Any], f: Callable[[Any], Any], a: Any) -> Any:
    a = np.array(a, float)
    for place in places:
        a[place] = f(a[place])
    return a


def _borders(shape: tuple[int, ...]) -> Iterator[tuple[str, list[Any]]]:
    if len(shape) == 1:
        yield "at both ends", [0, -1]
        yield "at the start", [0]
        yield "at the end", [-1]
        return
    if shape[0] == shape[1]:
        yield "in the first and the last place of the diagonal", [(0, 0), (-1, -1)]
        yield "in the first place of the diagonal", [(0, 0)]
        yield "in the last place of the diagonal", [(-1, -1)]
    for axis, name in enumerate(("row", "column")):
        first, last = ((0,), (-1,)) if axis == 0 else ((slice(None), 0), (slice(None), -1))
        yield f"in the first and the last {name}", [first, last]
        yield f"in the first {name}", [first]
        yield f"in the last {name}", [last]
