"""Reshapes, joins and slices undone wrongly: in another order, at another place, as if the stride were 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, replaced
from .reread import written_elsewhere
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places


def rearranged(tape: Tape) -> Iterator[Change]:
    """Reshapes, transposes and joins undone in another order."""
    found = [Edge(s, 0) for s in tape.steps if s.name in ("reshape", "permute") and s.node in tape.parts]
    for some in groups(found, lambda e: (e.step.name, e.step.call.site)):
        what = f"The {some[0].step.name} to {some[0].step.node.shape}{places(e.step for e in some)} is undone"
        for text, undo in UNDONE:
            rules = {e.step.node: replaced(e, _undone(undo, e.parent.shape)) for e in some}
            yield Change("wrong order", f"{what} {text}.", rules)
        for order in permutations(range(len(some[0].step.node.shape))):
            if (
                order != tuple(sorted(order))
                and len(order) <= 4
                and all(len(e.step.node.shape) == len(order) for e in some)
            ):
                rules = {e.step.node: replaced(e, _undone(_turned(order), e.parent.shape)) for e in some}
                text = f"with its axes transposed to {order}: rows, columns or examples are exchanged"
                yield Change("wrong order", f"{what} {text}.", rules)
    joins = [s for s in tape.steps if s.name in ("cat", "stack") and s.node in tape.parts and s.call.values]
    for steps in groups(joins, lambda s: s.call.site):
        for text, split in (
            ("in another order than it was joined in", _reversed_split), ("from the start for each part", _first_split),
            ("from the end for each part", _last_split),
        ):  # fmt: skip
            sentence = f"What was joined{places(steps)} is taken apart {text}: other columns belong to each part."
            yield Change("wrong slice", sentence, dict.fromkeys((s.node for s in steps), split))


UNDONE: tuple[tuple[str, Callable[[Any, tuple[int, ...]], Any]], ...] = (
    ("in column order (order='F')", lambda g, shape: np.reshape(g, shape, order="F")),
    ("by a reshape where a transpose is meant", lambda g, shape: np.reshape(g, shape)),
    ("by a transpose and a reshape", lambda g, shape: np.reshape(np.transpose(g), shape)),
    ("by a reshape with the last two axes swapped", lambda g, shape: np.reshape(np.swapaxes(g, -1, -2), shape)),
)


def _turned(order: tuple[int, ...]) -> Callable[[Any, tuple[int, ...]], Any]:
    return lambda g, shape: np.reshape(np.transpose(g, order), shape)


def _undone(
    undo: Callable[[Any, tuple[int, ...]], Any], shape: tuple[int, ...]
) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: undo(g, shape)


def _pieces(s: Step, g: Gradient, starts: list[int]) -> Pairs:
    axis = s.call.params.get("axis", 0)
    if s.name == "stack":
        return [(p, np.take(g, i, axis)) for p, i in zip(s.parents, starts, strict=True) if p is not None]
    sizes = [v.shape[axis] for v in s.call.values]
    return [
        (p, np.take(g, range(start, start + size), axis))
        for p, start, size in zip(s.parents, starts, sizes, strict=True)
        if p is not None
    ]


def _sizes(s: Step) -> list[int]:
    return [1 if s.name == "stack" else v.shape[s.call.params.get("axis", 0)] for v in s.call.values]


def _reversed_split(s: Step, g: Gradient) -> Pairs:
    sizes = _sizes(s)
    return _pieces(s, g, [sum(sizes[i + 1 :]) for i in range(len(sizes))])


def _first_split(s: Step, g: Gradient) -> Pairs:
    return _pieces(s, g, [0 for _ in s.call.values])


def _last_split(s: Step, g: Gradient) -> Pairs:
    sizes = _sizes(s)
    return _pieces(s, g, [sum(sizes) - size for size in sizes])


def reordered(tape: Tape) -> Iterator[Change]:
    """What is turned round or rolled in the forward, and not back in the backward, or rolled on."""
    found = [Edge(s, 0) for s in tape.steps if s.node in tape.parts and s.call.values and _reorders(s)]
    for some in groups(
        found,
        lambda e: (e.step.name, e.step.call.site.code),
        lambda e: (e.step.name, e.step.call.site.anywhere),
        lambda e: (e.step.name, e.step.call.site),
    ):
        where, rolled = places(e.step for e in some), some[0].step.name == "roll"
        text = f"What is {'rolled' if rolled else 'turned round'}{where} is not {'rolled' if rolled else 'turned'} back"
        kind = "shifted" if rolled else "flipped"
        yield Change(kind, f"{text} in the backward.", {e.step.node: replaced(e, lambda step, g: g) for e in some})
        if rolled:
            text = f"What is rolled{where} is rolled on in the same direction in the backward, where it is meant to be "
            text += "rolled back."
            yield Change(kind, text, {e.step.node: replaced(e, _once_more) for e in some})


def _reorders(step: Step) -> bool:
    index = step.call.params.get("index")
    parts = index if isinstance(index, tuple) else (index,)
    back = step.name == "getitem" and any(isinstance(part, slice) and part.step == -1 for part in parts)
    return (back or step.name in ("flip", "roll")) and step.call.values[0].shape == step.node.shape


def _once_more(step: Step, g: Gradient) -> Gradient:
    return np.asarray(step.recorded.op.compute(g, **step.call.params))  # type: ignore[union-attr]


def slices(tape: Tape) -> Iterator[Change]:
    """Elements taken by an index: written back one place off, or as if the stride were 1."""
    found = [Edge(s, 0) for s in tape.steps if s.name == "getitem" and s.node in tape.parts and s.call.values]
    yield from _swapped(tape, found)
    for some in groups(found, lambda e: e.step.call.site):
        where = places(e.step for e in some)
        shape = some[0].step.call.values[0].shape
        if len(shape) == 2 and shape[0] == shape[1] and all(e.step.node.shape == () for e in some):
            text = f"What is read{where} is written back with its two indices exchanged."
            turned = {e.step.node: replaced(e, _exchanged(e)) for e in some}
            yield Change("wrong order", text, turned)
        for axis in range(len(shape)):
            for shift in (1, -1):
                way = "later" if shift > 0 else "earlier"
                text = f"What is read{where} is written back one place {way} along axis {axis}."
                rules = {e.step.node: replaced(e, _rolled(e, shift, axis)) for e in some}
                yield Change("shifted", text, rules)
        yield from written_elsewhere(tape, some)


def _swapped(tape: Tape, found: list[Edge]) -> Iterator[Change]:
    """Two slices of one value, gates say, whose gradients are written into each other's place; in every step."""
    of: dict[Any, dict[Any, Edge]] = {}
    for edge in found:
        of.setdefault(edge.parent, {})[edge.step.call.site, edge.step.call.site.instruction] = edge
    keys = list(dict.fromkeys(key for slices in of.values() for key in slices))
    for one, other in combinations(keys[:8], 2):
        rules: dict[Any, Rule] = {}
        for slices in of.values():
            a, b = slices.get(one), slices.get(other)
            if a is not None and b is not None and a.step.node.shape == b.step.node.shape:
                rules[a.step.node] = _at_index_of(a.parent, b.step)
                rules[b.step.node] = _at_index_of(b.parent, a.step)
        if rules:
            lines = f" ({one[0]}, {other[0]})" if str(one[0]) else ""
            text = f"The gradients of two slices{lines} are written into each other's place."
            yield Change("wrong order", text, rules)


def _at_index_of(parent: Node, step: Step) -> Rule:
    return lambda s, g: [(parent, step.pull(g)[0])]


def _exchanged(edge: Edge) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.transpose(step.pull(g)[edge.operand])


def _rolled(edge: Edge, shift: int, axis: int) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.roll(step.pull(g)[edge.operand], shift, axis)
