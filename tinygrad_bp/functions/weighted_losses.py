"""Losses of predictions against numbers, with a weight for each of them where one is given."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import ShapeError, shape_text
from ..autograd.types import Array
from ..ops import losses
from ..ops.reduction import mean, sum

__all__ = ["huber_loss", "l1_loss", "mse_loss"]


def mse_loss(input: Array, target: Array, reduction: str = "mean", weight: Array | None = None) -> Any:
    """Squared error of a prediction: mean, sum, or each element; with ``weight``, of the input's shape, times it.

    The mean is then divided by the sum of the weights. Raises ``ShapeError`` for a weight of another shape.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.mse_loss(tg.tensor([1.0, 2.0]), tg.zeros(2), weight=tg.tensor([3.0, 1.0]))
    tensor(1.7500)
    """
    if weight is None:
        return losses.mse_loss(input, target, reduction)
    losses.check_reduction("mse_loss", reduction)
    weighted = _times("mse_loss", losses.mse_loss(input, target, "none"), input, weight)
    return sum(weighted) / sum(weight) if reduction == "mean" else _reduced(weighted, reduction)


def l1_loss(input: Array, target: Array, reduction: str = "mean", weight: Array | None = None) -> Any:
    """Absolute error of a prediction: mean, sum, or each element; with ``weight``, of the input's shape, times it.

    The mean is then divided by the sum of the weights. Raises ``ShapeError`` for a weight of another shape.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.l1_loss(tg.tensor([1.0, 2.0]), tg.zeros(2), weight=tg.tensor([3.0, 1.0]))
    tensor(1.2500)
    """
    if weight is None:
        return losses.l1_loss(input, target, reduction)
    losses.check_reduction("l1_loss", reduction)
    weighted = _times("l1_loss", losses.l1_loss(input, target, "none"), input, weight)
    return sum(weighted) / sum(weight) if reduction == "mean" else _reduced(weighted, reduction)


def huber_loss(
    input: Array, target: Array, reduction: str = "mean", delta: float = 1.0, weight: Array | None = None
) -> Any:
    """Half the squared error up to ``delta``, a line beyond; with ``weight``, of the input's shape, times it.

    Unlike in ``mse_loss`` the mean is over the elements, whatever the weights: so it is in PyTorch. Raises
    ``ShapeError`` for a weight of another shape. Source: Huber, *Robust Estimation of a Location Parameter*, 1964.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.huber_loss(tg.tensor([0.0, 2.0]), tg.zeros(2), weight=tg.tensor([3.0, 1.0]))
    tensor(0.7500)
    """
    if weight is None:
        return losses.huber_loss(input, target, reduction, delta)
    losses.check_reduction("huber_loss", reduction)
    return _reduced(_times("huber_loss", losses.huber_loss(input, target, "none", delta), input, weight), reduction)


def _times(name: str, each: Any, x: Any, weight: Any) -> Any:
    if tuple(weight.shape) != tuple(x.shape):
        shapes = f"{shape_text(tuple(x.shape))}, got {shape_text(tuple(weight.shape))}"
        raise ShapeError(f"{name}: weight has the input's shape, {shapes}")
    return each * weight


def _reduced(weighted: Any, reduction: str) -> Any:
    return weighted if reduction == "none" else sum(weighted) if reduction == "sum" else mean(weighted)
