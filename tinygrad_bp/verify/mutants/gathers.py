"""What is read by an index, and written back at another one, once, or in part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, replaced
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places

GATHERING = ("getitem", "take_rows", "windows", "unfold")


def gathered(tape: Tape) -> Iterator[Change]:
    """An element that is read several times (a row of an embedding, an overlap of windows), and written back once."""
    found = [s for s in tape.steps if s.name in GATHERING and s.call.values and s.node in tape.parts]
    for some in groups(found, lambda s: s.call.site.anywhere):  # texts of several lengths are read one by one
        yield from _one_of_several(some)
        several = {s: read for s in some if (read := _places_read(s)) is not None and np.unique(read).size < read.size}
        if not several:
            continue
        where = f"{some[0].name}{places(several)}"
        for which, order in (("last", slice(None)), ("first", slice(None, None, -1))):
            text = (
                f"Where {where} reads an element several times only the {which} gradient is kept: add them up, with "
                "np.add.at or +=."
            )
            yield Change("overwritten", text, _written_back(several, partial(_overwriting, order=order)))
        if all(s.node.shape and s.node.shape[0] > 1 for s in several):
            text = (
                f"Where {where} reads an element several times for one example, it is counted once there: add up every "
                "time that it is read."
            )
            yield Change("overwritten", text, _written_back(several, _once_each))
        text = f"What {where} reads several times gets a mean of gradients where a sum is meant."
        yield Change("averaged", text, _written_back(several, _averaging))


def _written_back(
    several: Mapping[Step, Any], write: Callable[[Any, tuple[int, ...]], Callable[[Step, Gradient], Gradient]]
) -> dict[Node, Rule]:
    """Rules that write what steps have read, each at its places, back in another way."""
    return {s.node: replaced(Edge(s, 0), write(read, s.call.values[0].shape)) for s, read in several.items()}


def misplaced(tape: Tape) -> Iterator[Change]:
    """What is read by an index, written back by that of another place, or two indices exchanged."""
    held: list[tuple[Step, Any]] = []
    for step in tape.steps:
        index = step.call.params.get("index")
        if step.node in tape.parts and isinstance(index, np.ndarray) and index.dtype.kind in "iu" and index.size > 1:
            held.append((step, index))
    for some in groups(held, lambda h: (h[0].call.site, h[1].shape)):
        shape = some[0][1].shape
        for axis, by in ((axis, by) for axis in range(len(shape)) for by in (1, -1) if shape[axis] > 1):
            for wraps in (False, True):
                which = "next" if by == 1 else "one before"
                text = (
                    f"What {some[0][0].name}{places(s for s, _ in some)} reads is written back at the index of the "
                    f"{which} along axis {axis}{'' if wraps else ', and nothing at the end'}: shifted by one."
                )
                rules = {step.node: _at(np.roll(index, -by, axis), axis, by, wraps) for step, index in some}
                yield Change("shifted", text, rules)
        for by in (1, -1):
            text = f"What {some[0][0].name}{places(s for s, _ in some)} reads at i is written back at i {by:+d}."
            rules = {step.node: _at(_next(step, index, by)) for step, index in some}
            yield Change("shifted", text.replace("+", "+ ").replace("-", "− "), rules)
    arrays = list({index.tobytes(): index for _, index in held}.values())
    for a, b in combinations(arrays, 2):
        if a.shape == b.shape:
            rules = {
                step.node: _at(b if np.array_equal(index, a) else a) for step, index in held
                if np.array_equal(index, a) or np.array_equal(index, b)
            }  # fmt: skip
            text = (
                f"Two indices{places(s for s, _ in held)} are exchanged: what one reads is written back by the other."
            )
            yield Change("wrong order", text, rules)


def _next(step: Step, index: Any, by: int) -> Any:
    """An index by one more or less, kept within the rows that there are."""
    return np.clip(index + by, 0, len(step.call.values[0]) - 1)


def _at(index: Any, axis: int = 0, by: int = 0, wraps: bool = True) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        if not wraps:
            g = np.array(g)
            end = g.shape[axis] - 1 if by == 1 else 0
            g[(*[slice(None)] * axis, end)] = 0
        pull = step.recorded.op.pull  # type: ignore[union-attr]
        kept = tuple(index if isinstance(k, np.ndarray) and k.dtype.kind in "iu" and k.shape == index.shape else k
                     for k in step.recorded.kept or ())  # fmt: skip
        found = pull(g, step.recorded.parents, kept)
        return [(p, d) for p, d in zip(step.parents, found) if p is not None and d is not None]

    return rule


def _one_of_several(some: list[Step]) -> Iterator[Change]:
    """Of what is read, only the first or last along an axis is given back: one word, one window; or all gets it."""
    read = f"{some[0].name}{places(some)} reads"
    if all(_of_pairs(step) for step in some):
        for axis, what in ((1, "row"), (0, "column")):
            text = f"What {read} one element of gets its gradient in the whole {what}."
            yield Change("wrong element", text, {step.node: replaced(Edge(step, 0), _spread(axis)) for step in some})
    for axis in range(min(len(step.node.shape) for step in some)):
        for kept, which in ((0, "first"), (-1, "last")):
            if any(step.node.shape[axis] > 1 for step in some):
                text = f"Of what {read}, only the {which} along axis {axis} gets a gradient."
                yield Change("part missing", text, {step.node: _only(kept, axis) for step in some})


def _of_pairs(step: Step) -> bool:
    """Whether a step reads one element of each of some rows: by an index for each of two axes."""
    index = step.call.params.get("index")
    pairs = isinstance(index, tuple) and len(index) == 2 == len(step.call.values[0].shape)
    return pairs and len(step.node.shape) == 1 and all(np.ndim(part) == 1 for part in index)  # type: ignore[union-attr]


def _spread(axis: int) -> Callable[[Step, Gradient], Gradient]:
    """Each element's gradient in all places along an axis of the array that it was read from."""

    def gradient(step: Step, g: Gradient) -> Gradient:
        total = np.zeros(step.call.values[0].shape)
        index = step.call.params["index"]
        at: Any = (index[0], slice(None)) if axis == 1 else (slice(None), index[1])
        np.add.at(total, at, np.expand_dims(g, axis))
        return total

    return gradient


def _only(kept: int, axis: int) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        mask = np.arange(g.shape[axis]) == kept % g.shape[axis]
        return step.pairs(g * np.expand_dims(mask, tuple(i for i in range(g.ndim) if i != axis)))

    return rule


def _places_read(step: Step) -> Any:
    """Which element of the operand each element of the result is; 0 is none, in a border."""
    shape = step.call.values[0].shape
    numbers = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    try:
        found = step.recorded.op.compute(numbers, *step.call.values[1:], **step.call.params)  # type: ignore[union-attr]
    except (TypeError, ValueError, IndexError):  # an op that takes its operands in another way
        return None
    return np.asarray(found).astype(int) if np.shape(found) == step.node.shape else None


def _overwriting(read: Any, shape: tuple[int, ...], order: slice) -> Callable[[Step, Gradient], Gradient]:
    def gradient(step: Step, g: Gradient) -> Gradient:
        total = np.zeros(int(np.prod(shape)) + 1)
        total[read.ravel()[order]] = np.ravel(g)[order]
        return total[1:].reshape(shape)

    return gradient


def _once_each(read: Any, shape: tuple[int, ...]) -> Callable[[Step, Gradient], Gradient]:
    """Of what one example reads several times the last counts, the examples are added up."""

    def gradient(step: Step, g: Gradient) -> Gradient:
        total = np.zeros(int(np.prod(shape)) + 1)
        for places_of_one, part in zip(read, g, strict=True):
            one = np.zeros(total.shape)
            one[np.ravel(places_of_one)] = np.ravel(part)
            total += one
        return total[1:].reshape(shape)

    return gradient


def _averaging(read: Any, shape: tuple[int, ...]) -> Callable[[Step, Gradient], Gradient]:
    def gradient(step: Step, g: Gradient) -> Gradient:
        size = int(np.prod(shape)) + 1
        total = np.bincount(read.ravel().astype(np.intp), np.ravel(g), size)
        return (total / np.maximum(np.bincount(read.ravel().astype(np.intp), minlength=size), 1))[1:].reshape(shape)

    return gradient
