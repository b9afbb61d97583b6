"""Beside a kink: where a hand-written rule may take one side's slope and the engine another's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ..autograd.types import Raw
from .drawn import generator

AROUND = 24  # places around a kink from which a subgradient is told

SUBGRADIENT = (
    "It lies at a kink, such as relu at 0 or two equal maxima, and is one of the subgradients there, not the engine's; "
    "beside it they agree."
)


def beside(inputs: Sequence[Raw], movable: Sequence[int], sides: Sequence[float]) -> Iterator[list[Any]]:
    """The inputs with every element of some of them moved by a little, of the largest element of each array.

    Each of the first twelve arrays moves twice as far as the one before: what a layer's own bias does is not undone by
    the layers below it. Then, on either side, the first of equal elements is made the largest, and the last.
    """
    for side in sides:
        yield _moved(inputs, movable, lambda k, a, side=side: side * 2.0 ** min(k, 12))
    for side in sides[:2]:
        yield _moved(inputs, movable, lambda k, a, side=side: side * np.arange(1.0, a.size + 1).reshape(a.shape))


def around(inputs: Sequence[Raw], movable: Sequence[int], far: float) -> Iterator[list[Any]]:
    """The inputs with every element moved by a number of its own, in opposite pairs."""
    rng = generator(7)
    for _ in range(AROUND // 2):
        ways = {k: rng.uniform(0.5, 1, np.shape(inputs[i])) * rng.choice([-1.0, 1.0], np.shape(inputs[i]))
                for k, i in enumerate(movable)}  # fmt: skip
        for sign in (far, -far):
            yield _moved(inputs, movable, lambda k, a, sign=sign, ways=ways: sign * ways[k])


def _moved(inputs: Sequence[Raw], movable: Sequence[int], way: Any) -> list[Any]:
    moved = list(inputs)
    for k, i in enumerate(movable):
        a = inputs[i]
        if a.dtype.kind == "f":
            largest = float(np.max(np.abs(a), initial=0.0)) or 1.0
            moved[i] = (a + way(k, a) * largest).astype(a.dtype)
    return moved


def close(a: Raw, b: Raw) -> bool:
    """Whether two results are one, but for what inputs a little beside do to it."""
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-2 * np.max(np.abs(a), initial=0.0)))


def between(hand: Raw, nearby: Sequence[Raw]) -> bool:
    """Whether a gradient lies among those around it: each element, and the sums along every choice of axes.

    The sums tell a gradient that is shared among equal maxima from one that each of them gets whole.
    """
    if not np.isfinite(hand).all() or any(one.shape != hand.shape for one in nearby):
        return False
    slack = 1e-4 * max(float(np.max(np.abs(one), initial=0.0)) for one in nearby)
    for count in range(hand.ndim + 1):
        for axes in combinations(range(hand.ndim), count):
            sums = [np.sum(one, axes) for one in nearby]
            if not np.all(
                (np.min(sums, 0) - slack <= np.sum(hand, axes)) & (np.sum(hand, axes) <= np.max(sums, 0) + slack)
            ):
                return False
    return True
