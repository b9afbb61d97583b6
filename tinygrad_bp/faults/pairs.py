"""Pairs that a loss pulls together or pushes apart, by a label: each label has to mean what its pairs are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, wrap
from .finding import Finding
from .labels import given_as
from .observation import Observation
from .sample import rows_in

FEWEST = 24  # pairs
NEARER = 0.85  # so many pairs of one label are nearer than those of the other: they are the alike ones
SAME = 1e-3  # of what the two members of a pair change, so much is rounding


def pairs_exchanged(seen: Observation) -> Finding | None:
    """Alike pairs are pushed apart, and unlike ones pulled together.

    That it is a loss of distances is seen from pairs of a row with itself, which all have one loss.
    """
    x, t = seen.inputs, seen.targets
    if x is None or t is None or x.dtype.kind != "f" or x.ndim < 2 or t.size != len(x):
        return None
    if x.shape[1] % 2 if x.ndim == 2 else x.shape[1] != 2:
        return None
    labels = np.unique(t)
    if seen.loss_kind is not None or len(x) < FEWEST or len(labels) != 2:
        return None
    both = x.reshape(len(x), 2, -1)  # in two halves of a row, or along an axis
    distance, second = np.square(both[:, 0] - both[:, 1]).sum(1), t.reshape(-1) == labels[1]
    nearer = float((distance[second][:, None] < distance[~second]).mean())
    if max(nearer, 1 - nearer) < NEARER:
        return None
    alike, unlike = (labels[1], labels[0]) if nearer > 0.5 else (labels[0], labels[1])
    pulled, pushed = _change(seen, both, alike), _change(seen, both, unlike)
    if pulled is None or pushed is None or not pulled > 0 > pushed:
        return None
    return seen.found(
        "pairs-exchanged",
        f"Pairs of label {alike:g} are those whose two members are alike, and the loss of that label grows where they "
        f"come together, and that of label {unlike:g} falls: alike ones are pushed apart, others pulled together.",
        "Exchange the two terms of the loss, or 1 - y for y.", seen.loss_step,
    )  # fmt: skip


def _change(seen: Observation, both: Any, label: Any) -> float | None:
    """By how much the loss of pairs with a label is larger where both members are the same; None where it differs."""
    third, (first, second) = len(both) // 3, np.moveaxis(both, 1, 0)
    same, other = np.stack([first, first], 1), np.stack([first, np.roll(second, 1, axis=0)], 1)

    def loss(pairs: Any, part: int) -> float:
        rows = slice(part * third, (part + 1) * third)
        y = given_as(seen, np.full_like(seen.targets, label))
        pairs = pairs.reshape(seen.inputs.shape)
        given = wrap(pairs, None) if isinstance(seen.x, Tensor) else pairs
        value = seen.loss_of(rows_in(given, rows), rows_in(y, rows))
        return np.nan if value is None else value

    alone, apart = [loss(same, part) for part in range(3)], float(np.mean([loss(other, part) for part in range(3)]))
    change = alone[0] - apart
    return change if max(alone) - min(alone) <= SAME * abs(change) and abs(change) > SAME * abs(apart) else None
