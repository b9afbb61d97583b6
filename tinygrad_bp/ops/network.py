"""Ops of networks, each one piece for speed and for numbers that stay finite."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, TargetError, shape_text
from ..autograd.op import constant, general
from .elementwise import ZERO, sigmoid
from .samples import below, boolean, fixed, probability, real, sample

# ---------------------------------------------------------------------- the affine layer


LARGE = 1 << 15


def _product(a: Any, b: Any) -> Any:
    """``a @ b`` for a matrix b. np.dot is quicker to call, but clears its result first: a pass over a large one."""
    return np.matmul(a, b) if a.ndim == 2 and a.shape[0] * b.shape[1] >= LARGE else np.dot(a, b)


def _linear(x: Any, weight: Any, bias: Any) -> Any:
    y = _product(x, weight.T)
    y += bias
    return y


def _rows(x: Any) -> Any:
    """All leading dimensions as one."""
    return x if x.ndim == 2 else np.reshape(x, (-1, x.shape[-1]))


def _sum_rows(g: Any) -> Any:
    """The sum over rows as a product with ones, which NumPy runs in half the time of a sum."""
    rows = _rows(g)
    return np.dot(_ones(rows.shape[0], rows.dtype), rows)


_ONES: dict[tuple[int, Any], Any] = {}


def _ones(size: int, dtype: Any) -> Any:
    ones = _ONES.get((size, dtype))
    if ones is None:
        if len(_ONES) >= 64:
            _ONES.clear()
        ones = _ONES[size, dtype] = np.ones(size, dtype)
        ones.flags.writeable = False
    return ones


linear = general("linear", _linear,
                 lambda g, weight: _product(g, weight),
                 lambda g, x: _product(_rows(x).T, _rows(g)).T,
                 lambda g: _sum_rows(g),
                 inputs="x weight bias", formula="x weightᵀ + bias",
                 samples=(sample((5, 3), (4, 3), (4,)), sample((3,), (4, 3), (4,)), sample((2, 5, 3), (4, 3), (4,)),
                          sample((0, 3), (4, 3), (4,)), sample((5, 3), (1, 3), (1,))),
                 reference=lambda x, weight, bias: np.matmul(x, np.swapaxes(weight, 0, 1)) + bias,
                 hint="x is (..., in_features), weight (out_features, in_features), bias (out_features,)",
                 doc="Affine map of the last dimension: weight is (out, in), bias (out).")

# ---------------------------------------------------------------------- softmax


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True)) if x.size else x
    return e / np.add.reduce(e, axis=axis, keepdims=True)


_axes = tuple(sample(shape, axis=axis) for shape, axis in (((2, 3), -1), ((2, 3), 0), ((4,), 0), ((2, 3, 4), 1)))
_wide = sample((9,), of=fixed(1e30, -1e30, 1e-30, -1e-30, 0.0, 88.0, -88.0, 800.0, -800.0), smooth=False, axis=0)

softmax = general("softmax", _softmax,
                  lambda g, y, axis: y * (g - np.add.reduce(g * y, axis=axis, keepdims=True)),
                  params={"axis": -1}, floats=True, formula="eˣ / Σ eˣ", samples=(*_axes, _wide, sample((0, 3))),
                  reference=lambda x, axis=-1: np.exp(x - np.logaddexp.reduce(x, axis=axis, keepdims=True)),
                  doc="Exponentials that sum to 1 along a dimension; each row's own maximum is subtracted first.")


def _log_softmax(x: Any, axis: int) -> Any:
    z = x - np.maximum.reduce(x, axis=axis, keepdims=True) if x.size else x
    return z - np.log(np.add.reduce(np.exp(z), axis=axis, keepdims=True))


log_softmax = general("log_softmax", _log_softmax,
                      lambda g, y, axis: g - np.exp(y) * np.add.reduce(g, axis=axis, keepdims=True),
                      params={"axis": -1}, floats=True, formula="x − ln Σ eˣ",
                      samples=(*_axes, _wide, sample((0, 3))),
                      reference=lambda x, axis=-1: x - np.logaddexp.reduce(x, axis=axis, keepdims=True),
                      doc="log(softmax(x)) that stays finite for any finite scores.")

# ---------------------------------------------------------------------- losses


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, axis=None)
    if reduction == "sum":
        return total
    return total / losses.size if losses.size else total * np.nan


def _share(g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """What arrives at each single loss."""
    return g / (math.prod(shape) or 1) if reduction == "mean" else g


def _plainly_reduced(reduction: str, losses: Any) -> Any:
    """What the references reduce with: NumPy's own functions."""
    return np.mean(losses) if reduction == "mean" else np.sum(losses) if reduction == "sum" else losses


def check_reduction(name: str, reduction: str) -> None:
    """``ArgumentError`` for a reduction other than mean, sum and none."""
    if reduction not in ("mean", "sum", "none"):
        raise ArgumentError(f"{name}: reduction is 'mean', 'sum' or 'none', got {reduction!r}")


def _refuse_nan(name: str, value: Any, target: Any) -> Any:
    """``value``, unless it is NaN because labels are: looked for only where the loss itself is NaN."""
    if value.ndim == 0 and value != value and np.isnan(target).any():
        where = np.argwhere(np.isnan(target))[0].tolist()
        raise TargetError(
            f"{name}: the target holds NaN, first at {tuple(where)} of {shape_text(target.shape)}: a NaN label makes "
            "every gradient NaN. Drop those rows, or fill them"
        )
    return value


def _warn_sizes(name: str, x: Any, target: Any) -> None:
    if x.shape != target.shape:
        warnings.warn(
            f"{name}: the target's size {shape_text(target.shape)} differs from the input's size "
            f"{shape_text(x.shape)}: they broadcast, which is seldom meant. Reshape one of them",
            stacklevel=4,
        )


def _mse(x: Any, target: Any, reduction: str) -> Any:
    if reduction not in _REDUCTIONS:
        check_reduction("mse_loss", reduction)
    d = x - target
    if x.shape != target.shape:
        _warn_sizes("mse_loss", x, target)
    if reduction == "none":
        return d * d
    d = d.ravel()
    total = np.dot(d, d)
    if reduction == "mean":
        total = total / d.size if d.size else total * np.nan
    return total if total == total else _refuse_nan("mse_loss", total, target)


_REDUCTIONS = frozenset(("mean", "sum", "none"))


def _mse_slope(g: Any, x: Any, target: Any, reduction: str) -> Any:
    d = x - target
    return d * (g * (2 / (math.prod(d.shape) or 1) if reduction == "mean" else 2))


mse_loss = general("mse_loss", _mse,
                   _mse_slope,
                   lambda g, x, target, reduction: -_mse_slope(g, x, target, reduction),
                   inputs="x target", params={"reduction": "mean"}, formula="mean (x − target)²",
                   samples=(sample((5, 1), (5, 1)), sample((4,), (4,), reduction="sum"),
                            sample((2, 3), (2, 3), reduction="none"), sample((), ())),
                   reference=lambda x, target, reduction="mean": _plainly_reduced(reduction, (x - target) ** 2),
                   hint="prediction and target need one shape",
                   doc="Squared error of a prediction: mean, sum, or each element.")


def _bce_logits(x: Any, target: Any, reduction: str) -> Any:
    if reduction not in _REDUCTIONS:
        check_reduction("binary_cross_entropy_with_logits", reduction)
    if x.shape != target.shape:
        raise ValueError("the target's size must equal the input's size")
    total = _reduced(np.logaddexp(ZERO[x.dtype], x) - x * target, reduction)
    if reduction != "none" and total != total:
        _refuse_nan("binary_cross_entropy_with_logits", np.asarray(total), target)
    return total


_bce_samples = tuple(
    sample(shape, shape, of=(real, probability), reduction=reduction)
    for shape, reduction in (((5, 1), "mean"), ((4,), "sum"), ((2, 3), "none"), ((), "mean"))
)

binary_cross_entropy_with_logits = general(
    "binary_cross_entropy_with_logits", _bce_logits,
    lambda g, x, target, reduction: (sigmoid(x) - target) * _share(g, x.shape, reduction),
    lambda g, x, reduction: -x * _share(g, x.shape, reduction),
    inputs="x target", params={"reduction": "mean"},
    formula="mean [ln(1 + eˣ) − x · target]",
    samples=(*_bce_samples, sample((9,), (9,), of=(fixed(1e30, -1e30, 1e-30, 0.0, 88.0, -88.0, 800.0, -800.0, 3.0),
                                                   boolean), smooth=False)),
    reference=lambda x, target, reduction="mean": _plainly_reduced(reduction,
        np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))),
    hint="scores and target need one shape",
    doc="Binary cross-entropy of scores (before the sigmoid) against labels in [0, 1]; finite for any finite score.")


def _log_floor(p: Any) -> Any:
    """log(p), at least −100, as PyTorch's BCELoss has it."""
    positive = p > 0
    return np.where(positive, np.maximum(np.log(np.where(positive, p, np.ones_like(p))), -100), np.full_like(p, -100))


def _bce(x: Any, target: Any, reduction: str) -> Any:
    check_reduction("binary_cross_entropy", reduction)
    if x.shape != target.shape:
        raise ValueError("the target's size must equal the input's size")
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise TargetError(
            "binary_cross_entropy: the input holds probabilities between 0 and 1, got values from "
            f"{x.min()} to {x.max()}; for scores use binary_cross_entropy_with_logits"
        )
    total = _reduced(-(target * _log_floor(x) + (1 - target) * _log_floor(1 - x)), reduction)
    return _refuse_nan("binary_cross_entropy", np.asarray(total), target)


binary_cross_entropy = general(
    "binary_cross_entropy", _bce,
    lambda g, x, target, reduction:
        (x - target) / np.maximum(x * (1 - x), 1e-12) * _share(g, x.shape, reduction),
    lambda g, x, reduction: (np.log(np.maximum(1 - x, 1e-38)) - np.log(np.maximum(x, 1e-38)))
        * _share(g, x.shape, reduction),
    inputs="x target", params={"reduction": "mean"}, formula="−mean [target · ln x + (1 − target) · ln(1 − x)]",
    samples=tuple(sample(*s.shapes, of=probability, **s.params) for s in _bce_samples),
    reference=lambda x, target, reduction="mean": _plainly_reduced(reduction,
        -(target * np.log(x) + (1 - target) * np.log1p(-x))),
    hint="probabilities and target need one shape",
    doc="Binary cross-entropy of probabilities; each logarithm is at least −100.")

one_hot_op = constant("one_hot", lambda x, num_classes: _one_hot(x, num_classes), params={"num_classes": -1},
                      samples=(sample((4,), of=below(3), num_classes=3), sample((2, 3), of=below(4), num_classes=5)),
                      reference=lambda x, num_classes: np.eye(num_classes, dtype=np.int64)[x],
                      doc="Integer labels as rows of 0 and 1 (int64), in a new last dimension.")


def _one_hot(x: Any, num_classes: int) -> Any:
    if x.dtype.kind not in "ui":
        raise TargetError(f"one_hot: labels are integers, got {x.dtype}")
    count = int(x.max()) + 1 if num_classes < 0 and x.size else num_classes
    if x.size and (x.min() < 0 or x.max() >= count):
        raise TargetError(f"one_hot: labels run from {x.min()} to {x.max()}, outside 0 to {count - 1}")
    return (x[..., None] == np.arange(count)).astype(np.int64)


_CLASSES: dict[int, Any] = {}


def _classes(count: int) -> Any:
    """The class numbers as a column."""
    classes = _CLASSES.get(count)
    if classes is None:
        classes = _CLASSES[count] = np.arange(count)[:, None]
        classes.flags.writeable = False
    return classes


def _classes_first(x: Any) -> Any:
    """Scores as (classes, rows): NumPy reduces over few classes several times faster when they come first."""
    if x.ndim == 2:
        return x.T
    return x[:, None] if x.ndim == 1 else np.reshape(np.moveaxis(x, 1, 0), (x.shape[1], -1))


def _as_scores(d: Any, shape: tuple[int, ...]) -> Any:
    """The way back from (classes, rows) to the shape of the scores."""
    if len(shape) == 2:
        return d.T
    if len(shape) == 1:
        return np.reshape(d, shape)
    return np.moveaxis(np.reshape(d, (shape[1], shape[0], *shape[2:])), 0, 1)


def _check_labels(x: Any, target: Any) -> None:
    if x.ndim == 0:
        raise ValueError("scores need a class dimension")
    wanted = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if target.dtype.kind not in "ui":
        nan = " (some are NaN)" if target.dtype.kind == "f" and np.isnan(target).any() else ""
        raise TargetError(
            f"cross_entropy: the target holds class indices, integers of shape {shape_text(wanted)}; got "
            f"{target.dtype} {shape_text(target.shape)}{nan}. Write target.long(), or use log_softmax for soft labels"
        )
    if target.shape != wanted:
        raise ValueError(f"scores {shape_text(x.shape)} need a target of shape {shape_text(wanted)}")


def _cross_entropy(x: Any, target: Any, reduction: str) -> Any:
    if reduction not in _REDUCTIONS:
        check_reduction("cross_entropy", reduction)
    if x.ndim != 2 or target.shape != x.shape[:1] or target.dtype.kind != "i":
        _check_labels(x, target)
    labels = target.ravel()
    scores = np.array(_classes_first(x), order="C")
    hits = labels == _classes(len(scores))
    if np.count_nonzero(hits) != labels.size:
        bad = labels[~hits.any(axis=0)]
        raise TargetError(
            f"cross_entropy: class index {int(bad[0])} is out of range for scores {shape_text(x.shape)}: classes run "
            f"from 0 to {len(scores) - 1}"
        )
    if labels.size:
        scores -= np.maximum.reduce(scores, axis=0)
    e = np.exp(scores)
    total = np.add.reduce(e, axis=0)
    p = np.divide(e, total, out=e)
    if reduction == "none":
        return np.reshape(np.log(total) - scores[labels, np.arange(labels.size)], target.shape), p, hits
    loss = np.add.reduce(np.log(total)) - np.add.reduce(scores[hits])
    if reduction == "mean":
        loss = loss / labels.size if labels.size else loss * np.nan
    return loss, p, hits


def _cross_entropy_slope(g: Any, x: Any, p: Any, hits: Any, target_shape: tuple[int, ...], reduction: str) -> Any:
    if reduction == "none":
        g = np.reshape(g, (-1,))
    elif reduction == "mean":
        g = g * (1 / (math.prod(target_shape) or 1))
    return _as_scores((p - hits) * g, x.shape)


cross_entropy = general(
    "cross_entropy", _cross_entropy, _cross_entropy_slope, None,
    inputs="x target", params={"reduction": "mean"}, formula="mean [ln Σ eˣ − x[target]]",
    residuals={"p": lambda x: softmax(_classes_first(x), 0), "hits": None},
    samples=(sample((5, 3), (5,), of=(real, below(3))), sample((5, 3), (5,), of=(real, below(3)), reduction="sum"),
             sample((5, 3), (5,), of=(real, below(3)), reduction="none"), sample((3,), (), of=(real, below(3))),
             sample((2, 3, 4), (2, 4), of=(real, below(3))),
             sample((2, 3, 4), (2, 4), of=(real, below(3)), reduction="none"),
             sample((3, 3), (3,), smooth=False,
                    of=(fixed(1e30, -1e30, 0.0, 800.0, -800.0, 88.0, 1e-30, 3.0, -88.0), below(3)))),
    reference=lambda x, target, reduction="mean": _cross_entropy_reference(x, target, reduction),
    hint="scores are (rows, classes) and the target one class index per row",
    doc="Cross-entropy of scores (before the softmax) against class indices; finite for any finite score.")


def _cross_entropy_reference(x: Any, target: Any, reduction: str) -> Any:
    axis = 1 if x.ndim > 1 else 0
    log_p = x - np.logaddexp.reduce(x, axis=axis, keepdims=True)
    losses = -np.squeeze(np.take_along_axis(log_p, np.expand_dims(target, axis), axis), axis)
    return _plainly_reduced(reduction, losses)


