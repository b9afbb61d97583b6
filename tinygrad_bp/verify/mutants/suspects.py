"""Where a backward may go wrong: what arrives there is among the values that it computes, and what leaves is not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from ...autograd.backward import unbroadcast
from ...autograd.node import Node
from .tape import Gradient, Step, Tape

NEAR = 1e-9  # of the length of a value, as far as the same value may be computed otherwise
FUSED = 5  # ops in a row that a backward may have one formula for


class Computed:
    """The values that a program has computed, each known by its product with one direction."""

    def __init__(self, values: Sequence[Any]) -> None:
        found: dict[int, list[float]] = {}
        for value in values:
            a = np.asarray(value)
            if a.dtype.kind == "f" and a.size and np.isfinite(a).all():
                found.setdefault(a.size, []).append(float(np.ravel(a) @ _direction(a.size)))
        self.products = {size: np.sort(some) for size, some in found.items()}

    def __contains__(self, value: Gradient) -> bool:
        a = np.ravel(value)
        known = self.products.get(a.size)
        if known is None:
            return False
        product, room = float(a @ _direction(a.size)), NEAR * float(np.linalg.norm(a))
        return bool(np.searchsorted(known, product - room) < np.searchsorted(known, product + room, "right"))


def _direction(size: int) -> Any:
    return np.random.default_rng(size).standard_normal(size)


def suspects(tape: Tape, values: Sequence[Any], wrong_leaves: Collection[int]) -> frozenset[Node]:
    """The steps whose gradient arrives as it should and is passed on otherwise, and those close behind them."""
    if not values:
        return frozenset()
    computed, right = Computed(values), {leaf: i not in wrong_leaves for i, leaf in enumerate(tape.leaves)}
    wrong: dict[Node, list[Node]] = {}  # of each step the operands that are not given what they should be
    for step in reversed(tape.steps):
        found = [p for p, right_there in _passed(tape, step, right, computed) if not right_there]
        if found:
            wrong[step.node] = found
        right[step.node] = not found or tape.total[step.node] in computed
    level = [node for node in wrong if right[node]]
    reached = {*level}
    for _ in range(FUSED):
        level = [p for node in level for p in wrong.get(node, ()) if p not in reached]
        reached.update(level)
    return frozenset(reached)


def _passed(tape: Tape, step: Step, right: dict[Node, bool], computed: Computed) -> Iterator[tuple[Node, bool]]:
    """The operands of a step, and whether each is given what it should be."""
    for parent, d in tape.parts.get(step.node, ()):
        yield parent, right.get(parent, False) or unbroadcast(np.asarray(d, float), parent.shape) in computed
