"""Losses of predictions against numbers, each one piece for speed and for numbers that stay finite."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from ..autograd.define import general
from ..autograd.elsewhere import boxed, kept_number, number
from ..autograd.errors import ArgumentError, TargetError, shape_text
from ..autograd.lines import warn
from ..autograd.operands import floating, floats_of, of_reals, refuse_complex, rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array
from . import reduction as reductions
from .activations import log_1_exp, softplus, softplus_slope
from .passes import in_blocks
from .samples import boolean, fixed, probability, real, sample

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "smooth_l1_loss"]

# ---------------------------------------------------------------------- reductions and checks


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, None)
    if reduction == "sum":
        return total
    return total / losses.size if losses.size else total * np.nan


def _share(g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """What arrives at each single loss."""
    if reduction != "mean":
        return g
    count = math.prod(shape) or 1
    return kept_number(1 / count, g.dtype) if is_one(g) else g / count


def is_one(g: Any) -> bool:
    """Whether it is the 1 that arrives where backward begins: a number times it is that number, without a call."""
    return g.__class__ is ndarray and not g.ndim and g.dtype.kind == "f" and g.item() == 1


def plainly_reduced(reduction: str, losses: Any) -> Any:
    """What the references reduce with: NumPy's own functions."""
    return np.mean(losses) if reduction == "mean" else np.sum(losses) if reduction == "sum" else losses


def check_reduction(name: str, reduction: str) -> None:
    """``ArgumentError`` for a reduction other than mean, sum and none."""
    if reduction not in ("mean", "sum", "none"):
        raise ArgumentError(f"{name}: reduction is 'mean', 'sum' or 'none', got {reduction!r}")


def refuse_nan(name: str, value: Array, target: Array) -> Any:
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
        warn(
            f"{name}: the target's size {shape_text(target.shape)} differs from the input's size "
            f"{shape_text(x.shape)}: they broadcast, which is seldom meant. Reshape one of them",
        )


def _difference(x: Any, target: Any) -> Any:
    """``x − target``; of small integers it would wrap."""
    if x.dtype.kind in "bui":
        x, target = floats_of(x, target)
    return x - target


def _mse(x: Any, target: Any, reduction: str) -> Any:
    if reduction not in REDUCTIONS:
        check_reduction("mse_loss", reduction)
    if x.dtype.kind == "c":
        refuse_complex("mse_loss", x)
    d = _difference(x, target)
    if x.shape != target.shape:
        _warn_sizes("mse_loss", x, target)
    if reduction == "none":
        return d * d
    d = d.ravel()
    total = d.dot(d)
    if reduction == "mean":
        total = total / d.size if d.size else total * np.nan
    return total if total == total else refuse_nan("mse_loss", total, target)


REDUCTIONS = frozenset(("mean", "sum", "none"))


def _mse_slope(g: Any, x: Any, target: Any, reduction: str) -> Any:
    d = x - target
    factor = 2 / (math.prod(d.shape) or 1) if reduction == "mean" else 2.0
    return d * (kept_number(factor, g.dtype) if is_one(g) else g * factor)


mse_loss = general("mse_loss", _mse,
                   _mse_slope,
                   lambda g, x, target, reduction: _mse_slope(g, target, x, reduction),
                   inputs="x target", floats=True, params={"reduction": "mean"}, formula="mean (x − target)²",
                   samples=(sample((5, 1), (5, 1)), sample((4,), (4,), reduction="sum"),
                            sample((2, 3), (2, 3), reduction="none"), sample((), ())),
                   reference=lambda x, target, reduction="mean": plainly_reduced(reduction, (x - target) ** 2),
                   hint="prediction and target need one shape",
                   doc="Squared error of a prediction: mean, sum, or each element.")


# ---------------------------------------------------------------------- distances that outliers do not rule


def _l1(x: Any, target: Any, reduction: str) -> Any:
    check_reduction("l1_loss", reduction)
    d = np.absolute(_difference(x, target))
    _warn_sizes("l1_loss", x, target)
    return refuse_nan("l1_loss", boxed(_reduced(d, reduction)), target)


def _l1_slope(g: Any, x: Any, target: Any, reduction: str) -> Any:
    d = x - target
    return np.sign(d) * _share(g, d.shape, reduction)


_distances = (((5, 1), "mean"), ((4,), "sum"), ((2, 3), "none"), ((), "mean"))

l1_loss = general("l1_loss", _l1, _l1_slope,
                  lambda g, x, target, reduction: _l1_slope(g, target, x, reduction),
                  inputs="x target", floats=True, params={"reduction": "mean"}, formula="mean |x − target|",
                  samples=tuple(sample(shape, shape, reduction=reduction) for shape, reduction in _distances),
                  reference=lambda x, target, reduction="mean": plainly_reduced(reduction, np.abs(x - target)),
                  hint="prediction and target need one shape",
                  grad_fn=lambda shape: "AbsBackward0" if shape else "MeanBackward0",
                  doc="Absolute error of a prediction: mean, sum, or each element.")


def _huber(x: Any, target: Any, reduction: str, delta: float) -> Any:
    check_reduction("huber_loss", reduction)
    if not delta > 0:
        raise ArgumentError(f"huber_loss: delta is where the square turns into a line, above 0; got {delta}")
    d = boxed(_difference(x, target))
    np.absolute(d, out=d)
    _warn_sizes("huber_loss", x, target)
    near = np.minimum(d, number(delta, d.dtype))
    losses = boxed(0.5 * near)
    np.subtract(d, losses, out=losses)
    losses *= near
    return refuse_nan("huber_loss", boxed(_reduced(losses, reduction)), target)


def _huber_slope(g: Any, x: Any, target: Any, reduction: str, delta: float) -> Any:
    d = x - target
    return np.clip(d, -delta, delta) * _share(g, d.shape, reduction)


huber_loss = general("huber_loss", of_reals("huber_loss", _huber), _huber_slope,
                     lambda g, x, target, reduction, delta: _huber_slope(g, target, x, reduction, delta),
                     inputs="x target", floats=True, params={"reduction": "mean", "delta": 1.0},
                     formula="mean of d² / 2 where |d| < delta, else delta · (|d| − delta / 2); d = x − target",
                     samples=(*(sample(shape, shape, reduction=reduction) for shape, reduction in _distances),
                              sample((5, 3), (5, 3), delta=0.3),
                              sample((9,), (9,), of=(fixed(1e30, -1e30, 1e-30, 0.0, 88.0, -88.0, 800.0, -800.0, 3.0),
                                                     boolean), smooth=False)),
                     reference=lambda x, target, reduction="mean", delta=1.0: plainly_reduced(reduction, np.where(
                         np.abs(x - target) < delta, 0.5 * (x - target) ** 2,
                         delta * (np.abs(x - target) - 0.5 * delta))),
                     hint="prediction and target need one shape",
                     doc="Squared error near the target, absolute error beyond delta (Huber 1964).")


@recorded_as("SmoothL1LossBackward0")
def smooth_l1_loss(input: Array, target: Array, reduction: str = "mean", beta: float = 1.0) -> Any:
    """``huber_loss`` with ``delta=beta``, divided by ``beta``; with a ``beta`` of 0, ``l1_loss`` (Girshick 2015).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.smooth_l1_loss(tg.tensor([0.0]), tg.tensor([3.0]), beta=2.0)
    tensor(2.)
    """
    if not beta >= 0:
        raise ArgumentError(f"smooth_l1_loss: beta is where the square turns into a line, 0 or more; got {beta}")
    return huber_loss(input, target, reduction, beta) / beta if beta else l1_loss(input, target, reduction)


# ---------------------------------------------------------------------- two classes

def _bce_logits(x: Any, target: Any, reduction: str) -> tuple[Any, Any]:
    if reduction not in REDUCTIONS:
        check_reduction("binary_cross_entropy_with_logits", reduction)
    if x.shape != target.shape:
        raise ValueError("the target's size must equal the input's size")
    if x.dtype.kind in "bui":
        x, target = floats_of(x, target)
    losses, p = in_blocks(log_1_exp, x)
    losses -= x * target
    total = _reduced(losses, reduction)
    if reduction != "none" and total != total:
        refuse_nan("binary_cross_entropy_with_logits", boxed(total), target)
    return total, p


_bce_samples = tuple(
    sample(shape, shape, of=(real, probability), reduction=reduction)
    for shape, reduction in (((5, 1), "mean"), ((4,), "sum"), ((2, 3), "none"), ((), "mean"))
)

_bce_logits_op = general(
    "binary_cross_entropy_with_logits", _bce_logits,
    lambda g, x, p, target, reduction: (p - target) * _share(g, x.shape, reduction),
    lambda g, x, reduction: -x * _share(g, x.shape, reduction),
    inputs="x target", floats=True, params={"reduction": "mean"}, residuals={"p": lambda x: softplus_slope(x)},
    formula="mean [ln(1 + eˣ) − x · target]",
    samples=(*_bce_samples, sample((9,), (9,), of=(fixed(1e30, -1e30, 1e-30, 0.0, 88.0, -88.0, 800.0, -800.0, 3.0),
                                                   boolean), smooth=False)),
    reference=lambda x, target, reduction="mean": plainly_reduced(reduction,
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
    if x.dtype.kind in "bui":
        x, target = floats_of(x, target)
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise TargetError(
            "binary_cross_entropy: the input holds probabilities between 0 and 1, got values from "
            f"{x.min()} to {x.max()}; for scores use binary_cross_entropy_with_logits"
        )
    total = _reduced(-(target * _log_floor(x) + (1 - target) * _log_floor(1 - x)), reduction)
    return refuse_nan("binary_cross_entropy", boxed(total), target)


_bce_op = general(
    "binary_cross_entropy", of_reals("binary_cross_entropy", _bce),
    lambda g, x, target, reduction:
        (x - target) / np.maximum(x * (1 - x), 1e-12) * _share(g, x.shape, reduction),
    lambda g, x, reduction: (np.log(np.maximum(1 - x, 1e-38)) - np.log(np.maximum(x, 1e-38)))
        * _share(g, x.shape, reduction),
    inputs="x target", floats=True, params={"reduction": "mean"},
    formula="−mean [target · ln x + (1 − target) · ln(1 − x)]",
    samples=tuple(sample(*s.shapes, of=probability, **s.params) for s in _bce_samples),
    reference=lambda x, target, reduction="mean": plainly_reduced(reduction,
        -(target * np.log(x) + (1 - target) * np.log1p(-x))),
    hint="probabilities and target need one shape",
    doc="Binary cross-entropy of probabilities; each logarithm is at least −100.")


def binary_cross_entropy_with_logits(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean", pos_weight: Array | None = None
) -> Any:
    """Binary cross-entropy of scores ``input`` (before the sigmoid) against labels in [0, 1] of its shape.

    ``weight`` multiplies each loss, ``pos_weight`` the part of the label 1; both broadcast against ``input``.
    Raises ``ShapeError`` where x and target differ in shape, ``TargetError`` for NaN labels.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.binary_cross_entropy_with_logits(tg.tensor([0.0, 0.0]), tg.tensor([1.0, 0.0]))
    tensor(0.6931)
    """
    if pos_weight is None:
        if weight is None:
            return _bce_logits_op(input, target, reduction)
        return _finished(_bce_logits_op(input, target, "none"), weight, reduction)
    input, target, pos_weight = floating(input), floating(target), floating(pos_weight)
    losses = _bce_logits_op(input, target, "none")
    # The part of the label 1 once more, pos_weight − 1 times: −target · ln sigmoid(x).
    losses = losses + (pos_weight - 1) * target * softplus(-input, 1.0, math.inf)
    return _finished(losses, weight, reduction)


def binary_cross_entropy(input: Array, target: Array, weight: Array | None = None, reduction: str = "mean") -> Any:
    """Binary cross-entropy of probabilities against labels in [0, 1] of their shape; logarithms are at least −100.

    ``weight`` multiplies each loss and broadcasts against ``input``. Raises ``ShapeError`` where x and target differ in
    shape, ``TargetError`` for probabilities outside [0, 1] and for NaN labels.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.binary_cross_entropy(tg.tensor([0.5, 0.5]), tg.tensor([1.0, 0.0]))
    tensor(0.6931)
    """
    if weight is None:
        return _bce_op(input, target, reduction)
    return _finished(_bce_op(input, target, "none"), weight, reduction)


@rounds_once
def _finished(losses: Any, weight: Any, reduction: str) -> Any:
    return reduced("binary_cross_entropy", losses if weight is None else losses * weight, reduction)


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """Single losses as they are, their sum or their mean: for losses that are made of other ops."""
    check_reduction(name, reduction)
    return losses if reduction == "none" else getattr(reductions, reduction)(losses)
