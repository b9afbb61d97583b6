"""Losses of a margin: scores or distances that should differ by at least so much."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.elsewhere import moved
from ..autograd.errors import ArgumentError, ShapeError, TargetError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array
from ..autograd.values import detached, held, refuse_gradient
from ..ops import reduction as reductions
from ..ops.activations import logsigmoid, softplus
from ..ops.elementwise import minimum, relu, sqrt, where
from ..ops.indexing import getitem
from ..ops.limits import clip
from ..ops.losses import reduced
from .similarity import pairwise_distance

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


@rounds_once
@in_floats("input", real=True)
def hinge_embedding_loss(input: Array, target: Array, margin: float = 1.0, reduction: str = "mean") -> Any:
    """``input`` where the target is 1, ``max(margin − input, 0)`` where it is −1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.hinge_embedding_loss(tg.tensor([0.3, 0.3]), tg.tensor([1, -1]), reduction="none")
    tensor([0.3000, 0.7000])
    """
    sides = detached(target)
    losses = where(sides != 1, clip(margin - input, 0), 0.0) + where(sides != -1, input, 0.0)
    return reduced("hinge_embedding_loss", losses, reduction)


@rounds_once
@in_floats("input1 input2 target", real=True)
def margin_ranking_loss(
    input1: Array, input2: Array, target: Array, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """``max(−target · (input1 − input2) + margin, 0)``: a target of 1 wants ``input1`` ranked higher, −1 ``input2``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.margin_ranking_loss(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([1.0]))
    tensor(2.)
    """
    return reduced("margin_ranking_loss", clip(-target * (input1 - input2) + margin, 0), reduction)


@recorded_as("SoftMarginLossBackward0")
@rounds_once
@in_floats("input target", real=True)
def soft_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """``ln(1 + exp(−target · input))`` for targets 1 and −1; finite for any finite score.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.soft_margin_loss(tg.tensor([0.0]), tg.tensor([1.0]))
    tensor(0.6931)
    """
    return reduced("soft_margin_loss", softplus(-target * input, 1.0, math.inf), reduction)


# ---------------------------------------------------------------------- classes


def _rows(name: str, input: Any, target: Any, per_row: int) -> tuple[Any, Any, bool]:
    """Scores as (rows, classes), the target with a row dimension, and whether there was only one row."""
    labels = detached(target)
    if input.ndim == 0:  # one class
        input, labels = np.reshape(input, (1,)), np.reshape(labels, (1,)) if per_row else labels
    wanted = input.shape if per_row else input.shape[:-1]
    if input.ndim not in (1, 2) or labels.shape not in (wanted, (1,) * (1 - per_row) if input.ndim == 1 else wanted):
        raise ShapeError(
            f"{name}: the input is (classes,) or (rows, classes), and the target {shape_text(wanted)}; got "
            f"{shape_text(input.shape)} and {shape_text(labels.shape)}"
        )
    if labels.dtype.kind not in "ui":
        raise TargetError(f"{name}: the target holds class indices, integers; got {labels.dtype}. Write target.long()")
    count = input.shape[-1]
    given = held(labels)
    if given.size and not (-per_row <= given.min() and given.max() < count):
        raise TargetError(f"{name}: class indices run from 0 to {count - 1}, got {given.min()} to {given.max()}")
    if input.ndim == 2:
        return input, labels, False
    return np.reshape(input, (1, count)), np.reshape(labels, (1, count) if per_row else (1,)), True


@recorded_as("MultiMarginLossBackward0")
@rounds_once
@in_floats("input", real=True)
def multi_margin_loss(
    input: Array, target: Array, p: int = 1, margin: float = 1.0, weight: Array | None = None, reduction: str = "mean"
) -> Any:
    """``Σ max(margin − input[target] + input[i], 0)ᵖ / classes`` over the other classes i: a hinge for classes.

    ``input`` is (rows, classes) or (classes,), the target one class index per row, ``p`` 1 or 2; ``weight`` (classes,)
    multiplies each row's terms by that of its class.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.multi_margin_loss(tg.tensor([[0.1, 0.6]]), tg.tensor([1]))
    tensor(0.2500)
    """
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin_loss: p is 1 or 2, got {p}")
    scores, labels, single = _rows("multi_margin_loss", input, target, 0)
    own = np.take_along_axis(scores, labels[:, None], 1)
    terms = relu(margin - own + scores)
    others = labels[:, None] != moved(np.arange(scores.shape[1]), labels)
    losses = reductions.sum((terms if p == 1 else terms * terms) * _factor(others, weight, labels), 1) / scores.shape[1]
    return reduced("multi_margin_loss", losses[0] if single else losses, reduction)


def _factor(others: Any, weight: Any, labels: Any) -> Any:
    if weight is None:
        return others
    refuse_gradient(weight, "multi_margin_loss: weight")
    return others * getitem(detached(weight), labels)[:, None]


@rounds_once
@in_floats("input", real=True)
def multilabel_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """``Σ max(1 − (input[j] − input[i]), 0) / classes`` over the target classes j and the other classes i.

    ``input`` is (rows, classes) or (classes,); the target, of the same shape, lists class indices up to the first −1.

    >>> import tinygrad_bp as tg
    >>> scores, labels = tg.tensor([[0.1, 0.2, 0.4, 0.8]]), tg.tensor([[3, 0, -1, 1]])
    >>> tg.nn.functional.multilabel_margin_loss(scores, labels)
    tensor(0.8500)
    """
    scores, labels, single = _rows("multilabel_margin_loss", input, target, 1)
    listed = np.cumsum(labels < 0, axis=1) == 0
    places = np.where(listed, labels, 0)
    is_target = np.any(listed[:, :, None] & (labels[:, :, None] == moved(np.arange(scores.shape[1]), labels)), axis=1)
    own = np.take_along_axis(scores, places, 1)
    pairs = relu(1 - own[:, :, None] + scores[:, None, :]) * (listed[:, :, None] & ~is_target[:, None, :])
    losses = reductions.sum(pairs, (1, 2)) / max(scores.shape[1], 1)
    return reduced("multilabel_margin_loss", losses[0] if single else losses, reduction)


@rounds_once
@in_floats("input target", real=True)
def multilabel_soft_margin_loss(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean"
) -> Any:
    """Binary cross-entropy of scores and labels in {0, 1}, averaged over the classes of each row.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.multilabel_soft_margin_loss(tg.tensor([[0.0, 0.0]]), tg.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return reduced("multilabel_soft_margin_loss", reductions.mean(losses, -1), reduction)


# ---------------------------------------------------------------------- triplets and pairs


@rounds_once
@in_floats("anchor positive negative")
def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """``max(d(anchor, positive) − d(anchor, negative) + margin, 0)`` with ``pairwise_distance`` of norm ``p``.

    ``swap`` takes the smaller of the distances of the negative to the anchor and to the positive (Balntas et al. 2016).

    >>> import tinygrad_bp as tg
    >>> a, p, n = tg.tensor([[0.0]]), tg.tensor([[1.0]]), tg.tensor([[1.5]])
    >>> tg.nn.functional.triplet_margin_loss(a, p, n)
    tensor(0.5000)
    """
    if not margin > 0:
        raise ArgumentError(f"triplet_margin_loss: margin must be above 0, got {margin}")

    def distance(x: Any, y: Any) -> Any:
        return pairwise_distance(x, y, p, eps)

    return _triplet("triplet_margin_loss", anchor, positive, negative, distance, margin, swap, reduction)


@rounds_once
@in_floats("anchor positive negative")
def triplet_margin_with_distance_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """``triplet_margin_loss`` with a distance of your own, a function of two tensors.

    >>> import tinygrad_bp as tg
    >>> a, p, n = tg.tensor([[0.0]]), tg.tensor([[1.0]]), tg.tensor([[1.5]])
    >>> tg.nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=lambda x, y: abs(x - y))
    tensor(0.5000)
    """
    if not margin > 0:
        raise ArgumentError(f"triplet_margin_with_distance_loss: margin must be above 0, got {margin}")
    name, distance = "triplet_margin_with_distance_loss", distance_function or pairwise_distance
    return _triplet(name, anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    name: str,
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Callable[[Any, Any], Any],
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(name, clip(near - far + margin, 0), reduction)


@rounds_once
def _cosine_losses(a: Any, b: Any, alike: Any, apart: Any, margin: float) -> Any:
    product, one, two = (reductions.sum(c * d, -1) for c, d in ((a, b), (a, a), (b, b)))
    cosine = product / sqrt((one + 1e-12) * (two + 1e-12))
    return where(alike, 1 - cosine, 0.0) + where(apart, clip(cosine - margin, 0), 0.0)


@in_floats("input1 input2", real=True)
def cosine_embedding_loss(
    input1: Array, input2: Array, target: Array, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """``1 − cos`` of two vectors where the target is 1, ``max(cos − margin, 0)`` where it is −1.

    The inputs are (rows, size) with a target (rows,), or (size,) with a target ().

    >>> import tinygrad_bp as tg
    >>> x = tg.tensor([[1.0, 0.0]])
    >>> tg.nn.functional.cosine_embedding_loss(x, x, tg.tensor([-1]), margin=0.2)
    tensor(0.8000)
    """
    sides = detached(target)
    if sides.ndim > 1 or input1.ndim != sides.ndim + 1 or input2.ndim != input1.ndim:
        raise ShapeError(
            f"cosine_embedding_loss: inputs are (rows, size) and the target (rows,), or (size,) and (); got "
            f"{shape_text(input1.shape)}, {shape_text(input2.shape)} and {shape_text(sides.shape)}"
        )
    losses = _cosine_losses(input1, input2, sides == 1, sides == -1, margin)
    return reduced("cosine_embedding_loss", losses, reduction)
