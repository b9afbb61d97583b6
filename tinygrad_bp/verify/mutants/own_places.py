"""A value that reaches its neighbours' places, through a window or a shift, and gets back from its own place alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...autograd.node import Node
from .regions import between
from .tape import Change, Gradient, Step, Tape, _add, places

MOVING = ("getitem", "setitem", "pad", "roll", "cat", "stack", "cumsum", "flip", "unfold")  # to other places
LONGEST = 16  # places along an axis
WORK = 6000  # steps pulled back through, for all values together
SHIFTED = ("getitem", "pad", "roll", "flip", "cat", "stack")  # whose places are not those of what they were made of
NEAREST = 4  # values of the same shape that one is looked at with


def own_places(tape: Tape) -> Iterator[Change]:
    """The gradient of each place made of what its own place of a later value passes back, along one axis."""
    spent = 0
    for bottom in tape.users:
        if bottom not in tape.total or not bottom.shape:
            continue
        for top, steps in _tops(tape, bottom):
            moving = [step for step in steps if step.name in MOVING]
            full = _through(tape, steps, top, bottom, tape.total[top])
            for axis, size in enumerate(bottom.shape):
                spent += size * len(steps)
                if not 1 < size <= LONGEST or spent > WORK:
                    continue
                own = np.zeros(bottom.shape)
                for place in range(size):
                    at = (slice(None),) * axis + (place,)
                    g = np.zeros(top.shape)
                    g[at] = tape.total[top][at]
                    own[at] = _through(tape, steps, top, bottom, g)[at]
                text = (
                    f"Each place of {tape.name(bottom)} along axis {axis} gets back what its own place of "
                    f"{tape.name(top)} passes{places(moving)}; what its neighbours' places are made of it is left out: "
                    "add that part."
                )
                if np.any(own):
                    yield Change("part missing", text, totals={bottom: tape.total[bottom] - full + own})


def _tops(tape: Tape, bottom: Node) -> Iterator[tuple[Node, list[Step]]]:
    """The nearest later values of one shape that are made of others of its places."""
    reached, found = {bottom}, 0
    start = tape.place_of.get(bottom, len(tape.steps))
    for step in reversed(tape.steps[:start]):
        if not any(p in reached for p in step.parents) or step.node not in tape.parts:
            continue
        reached.add(step.node)
        if (
            step.node.shape == bottom.shape
            and step.name not in SHIFTED
            and found < NEAREST
            and _complete(tape, step.node)
        ):
            steps = between(tape, step.node, bottom)
            if any(s.name in MOVING for s in steps):
                found += 1
                yield step.node, steps


def _complete(tape: Tape, node: Node) -> bool:
    """Whether a value is no array that a loop is still writing into."""
    return not any(s.name == "setitem" for s in tape.users.get(node, ()))


def _through(tape: Tape, steps: Sequence[Step], top: Node, bottom: Node, g: Gradient) -> Any:
    """What one value passes back to another for what arrives there."""
    pending: dict[Node, Gradient] = {top: g}
    for step in steps:
        arrived = pending.pop(step.node, None)
        for parent, d in step.pairs(arrived) if arrived is not None else ():
            _add(pending, parent, d)
    return pending.get(bottom, np.zeros(bottom.shape))
