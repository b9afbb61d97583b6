"""Scores as probabilities, and labels as rows."""

from __future__ import annotations

import numpy as np

from .reductions import row_sum


def softmax(x, axis):
    """Exponentials that sum to 1 along an axis; each row's own maximum is subtracted first."""
    if not x.size:
        return x
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / row_sum(e, axis)


def masked_softmax(x):
    """The softmax of each row, and 0 where all of a row is −∞."""
    if not x.size:
        return x
    top = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - np.where(top == -np.inf, np.zeros_like(top), top))
    total = row_sum(e, -1)
    return e / (total + (total == 0))


def log_softmax(x, axis):
    """ln softmax(x)."""
    if not x.size:
        return x
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(row_sum(np.exp(z), axis))


def one_hot(x, num_classes):
    """Integer labels as rows of 0 and 1."""
    count = int(x.max()) + 1 if num_classes < 0 and x.size else num_classes
    return (x[..., None] == np.arange(count)).astype(np.int64)


def class_coefficients(target, weight, shape, name, ignore_index, smoothing):
    """Labels as coefficients of scores of a shape: the weight of a row's class, smoothed; 0 where ignored."""
    count, labels = shape[min(1, len(shape) - 1)], target.ravel()
    kept = labels != ignore_index
    rows = np.zeros((count, labels.size), weight.dtype) + smoothing / count
    rows[np.where(kept, labels, 0), np.arange(labels.size)] += 1 - smoothing
    rows *= weight[:, None]
    rows[:, ~kept] = 0
    if len(shape) <= 2:
        return np.reshape(rows.T, shape)
    return np.moveaxis(np.reshape(rows, (shape[1], shape[0], *shape[2:])), 0, 1)


def class_weight_total(target, weight, ignore_index):
    """The sum of the weights of the labels; NaN where every label is ignored."""
    labels = target[target != ignore_index]
    return np.sum(weight[labels]) if labels.size else weight.dtype.type(np.nan)
