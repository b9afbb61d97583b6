"""What of the labels the loss counts: every class that the model has an output for, and more of them than a trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from .finding import Finding
from .labels import one_hot
from .loss_kind import softmax
from .observation import Observation
from .pairing import AGREES, MOST_ROWS, ORDERS, agreements, neighbours, standard

FEWEST = 6  # rows of a class whose loss is no chance
SHARE = 0.05  # and of all rows: a mark of what is not known is rarer, or stands for no class
ROUNDING = 1e-4  # of a share
TRACE = 0.25  # so little of a label is left by smoothing that answers are all but alike


def class_left_out(seen: Observation) -> Finding | None:
    """No row of a class has a say in the loss, as with ``ignore_index`` or a weight of 0, and the class is a real one.

    It is real where its rows lie together: rows whose label is not known lie among all others. Of texts and pictures
    with a label for every place nothing is said: there some places have none.
    """
    kind, t, x, scores = seen.loss_kind, seen.targets, seen.inputs, seen.scores
    if kind is None or kind.kind not in ("classes", "chosen") or not kind.targets.from_numbers or scores.ndim != 2:
        return None
    if x is None or x.dtype.kind != "f" or x.ndim < 2 or t.size != len(x) or len(scores) != len(x):
        return None
    made = np.random.default_rng(7).uniform(0.05, 0.95, scores.shape).astype(scores.dtype)
    slope = seen.loss_slope_for(made)
    if slope is None or slope.any(1).all():
        return None
    labels, silent = t.reshape(-1), ~slope.any(1)
    without = [number for number in np.unique(labels) if silent[labels == number].all()]
    if len(without) != 1 or (silent != (labels == without[0])).any():
        return None
    count = int(silent.sum())
    if count < FEWEST or count < SHARE * len(labels) or not _lie_together(x, silent):
        return None
    return seen.found(
        "class-left-out",
        f"The {count} rows of class {without[0]:g}, of {len(labels)}, have no say in the loss, as with ignore_index or "
        "a weight of 0: the model has an output for that class, and no row ever speaks for it.",
        "Leave ignore_index out, or give it a number that is no class; where the class is not to be learnt, leave its "
        "rows out.",
        seen.loss_step,
    )


def _lie_together(x: Any, chosen: Any) -> bool:
    """Whether the nearest rows of some rows are some of them, more often than by chance."""
    rows = standard(x[:MOST_ROWS].reshape(min(len(x), MOST_ROWS), -1))
    marks = chosen[: len(rows), None].astype(float)
    if not np.isfinite(rows).all() or not marks.std():
        return False
    values, near, generator = (marks - marks.mean()) / marks.std(), neighbours(rows), np.random.default_rng(len(rows))
    by_chance = [agreements(values[generator.permutation(len(values))], near)[0] for _ in range(ORDERS)]
    return bool(agreements(values, near)[0] > max(*by_chance, AGREES))


def labels_smoothed_away(seen: Observation) -> Finding | None:
    """So much of each label is spread over all classes that nothing says which is the right one."""
    kind, t, scores = seen.loss_kind, seen.targets, seen.scores
    if kind is None or (kind.kind, kind.of) != ("classes", "scores") or scores.ndim != 2:
        return None
    if not kind.targets.from_numbers and not one_hot(t):
        return None
    axis, marks = kind.targets.class_axis, kind.targets.values
    made = np.random.default_rng(8).normal(size=scores.shape).astype(scores.dtype)
    even, other = seen.loss_slope_for(np.zeros_like(scores)), seen.loss_slope_for(made)
    if even is None or other is None:
        return None
    # The targets drop out of the difference of two slopes: what is left is what a row weighs.
    moved = softmax(made.astype(float), axis) - 1 / marks.shape[axis]
    weight = ((other - even) * moved).sum(axis) / np.square(moved).sum(axis)
    counts = weight > 1e-3 * weight.max()
    if not counts.any():
        return None
    # What the loss takes for the targets: where another class than the right one stands out, it reads them otherwise.
    taken = 1 / marks.shape[axis] - np.moveaxis(even, axis, -1)[counts] / weight[counts, None]
    right = (taken * np.moveaxis(marks, axis, -1)[counts]).sum(-1)
    if (right < taken.max(-1) - ROUNDING).any():
        return None
    left = float(np.median(right - (1 - right) / (marks.shape[axis] - 1)))
    if not left < TRACE:
        return None
    return seen.found(
        "labels-smoothed-away",
        f"The loss spreads {1 - left:.0%} of each label over all {marks.shape[axis]} classes: the best answers are "
        "next to alike, and so are all gradients.",
        "Take label_smoothing=0.1, or none.", seen.loss_step,
    )  # fmt: skip
