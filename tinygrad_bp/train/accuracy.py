"""How many rows of a batch a network gets right, where that has a meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..nn import functional as F

# How many rows (or labels) are right, and of how many; None where "right" has no meaning.
Count = tuple[float, int] | None
Counter = Callable[[Any, Any], Count]


def counter_for(loss: Any) -> Counter:
    """The count that fits a loss; it takes the arrays of a batch's output and target."""
    if isinstance(loss, nn.BCEWithLogitsLoss) or loss is F.binary_cross_entropy_with_logits:
        return lambda scores, target: _sides(scores, 0, target)
    if isinstance(loss, nn.BCELoss) or loss is F.binary_cross_entropy:
        return lambda p, target: _sides(p, 0.5, target)
    if isinstance(loss, nn.MSELoss) or loss is F.mse_loss:
        return _squared_error
    ignored = getattr(loss, "ignore_index", None)
    return lambda scores, target: _classes(scores, target, ignored)


def _classes(scores: Any, target: Any, ignored: int | None = None) -> Count:
    """The largest score of a row against the class index, or against the largest entry of the target's row."""
    if scores.ndim != 2 or scores.shape[1] < 2:
        return None
    predicted = scores.argmax(1)
    if target.shape == predicted.shape and target.dtype.kind in "iu":
        wanted = target
    elif target.shape == scores.shape:
        wanted = target.argmax(1)
    else:
        return None
    right, counted = predicted == wanted, len(predicted)
    if ignored is not None and wanted is target:
        counts = target != ignored
        counted = int(np.count_nonzero(counts))
        if counted < len(predicted):
            right &= counts
    return int(np.count_nonzero(right)), counted


def _sides(outputs: Any, threshold: float, target: Any) -> Count:
    """Outputs above the threshold against labels above 0.5; several labels a row count one by one."""
    if outputs.shape != target.shape:
        return None
    return int(np.count_nonzero((outputs > threshold) == (target > 0.5))), int(target.size)


def _squared_error(outputs: Any, target: Any) -> Count:
    """Squared error is a classifier's loss where the targets are labels 0 and 1: one a row, or one-hot rows."""
    if outputs.shape != target.shape:
        return None
    ones = target == 1
    if np.count_nonzero(ones) != np.count_nonzero(target):
        return None
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        return _classes(outputs, target) if (ones.sum(1) == 1).all() else None
    return int(np.count_nonzero((outputs > 0.5) == ones)), int(target.size)
