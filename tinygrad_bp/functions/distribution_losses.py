"""Losses that are the negative logarithm of a probability, or a divergence of two of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.types import Array
from ..autograd.values import held
from ..ops import reduction as reductions
from ..ops.cross_entropy import cross_entropy
from ..ops.elementwise import exp, log, square, where
from ..ops.losses import reduced
from ..ops.network import linear
from ..ops.products import matmul
from ..ops.special_functions import xlogy
from .similarity import above

__all__ = ["gaussian_nll_loss", "kl_div", "linear_cross_entropy", "poisson_nll_loss"]


@rounds_once
@in_floats("input target", real=True)
def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Any:
    """Kullback-Leibler divergence ``target · (ln target − input)`` of log-probabilities ``input``.

    ``target`` holds probabilities, or their logarithms with ``log_target``; a probability of 0 adds 0. Shapes
    broadcast. ``reduction`` is ``"none"``, ``"sum"``, ``"mean"`` over all elements, or ``"batchmean"``: the sum
    divided by the number of rows, which is the divergence as it is defined.

    >>> import tinygrad_bp as tg
    >>> p = tg.tensor([[0.5, 0.5]])
    >>> tg.nn.functional.kl_div(tg.tensor([[0.9, 0.1]]).log(), p, reduction="batchmean")
    tensor(0.5108)
    """
    losses = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction == "batchmean":
        total = reductions.sum(losses)
        return total / input.shape[0] if input.ndim else total
    return reduced("kl_div", losses, reduction)


@rounds_once
@in_floats("input target")
def poisson_nll_loss(
    input: Array, target: Array, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean"
) -> Any:
    """Negative log-likelihood of counts ``target`` under Poisson distributions, without ``ln target!``.

    ``input`` holds the logarithms of the rates, or the rates with ``log_input=False`` (``eps`` keeps their logarithm
    finite). ``full`` adds Stirling's approximation of ``ln target!`` for targets above 1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.poisson_nll_loss(tg.tensor([0.0]), tg.tensor([2.0]))
    tensor(1.)
    """
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        many = target > 1
        safe = where(many, target, 2.0)
        losses = losses + where(many, safe * log(safe) - safe + 0.5 * log(2 * math.pi * safe), 0.0)
    return reduced("poisson_nll_loss", losses, reduction)


@rounds_once
@in_floats("input target var", real=True)
def gaussian_nll_loss(
    input: Array, target: Array, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """``½ (ln var + (input − target)² / var)``: negative log-likelihood under normal distributions (Nix, Weigend 1994).

    ``var`` is a number, of the shape of ``input``, of that shape without the last dimension, or with sizes of 1. It
    counts as at least ``eps``, without a change of its gradient. ``full`` adds the constant ``½ ln 2π``.
    Raises ``ArgumentError`` for a negative ``var`` and ``ShapeError`` where shapes do not fit.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.gaussian_nll_loss(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([2.0]))
    tensor(1.3466)
    """
    if isinstance(var, (int, float)):
        var = np.full_like(input, var)
    if (held(var) < 0).any():
        raise ArgumentError("gaussian_nll_loss: var is a variance, and some are negative; give var ** 2 or exp(var)")
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = np.expand_dims(var, -1)
        elif var.ndim != input.ndim or any(v not in (1, size) for v, size in zip(var.shape, input.shape)):
            raise ShapeError(
                f"gaussian_nll_loss: the input is {shape_text(input.shape)}, var {shape_text(var.shape)}; var has that "
                "shape, or lacks its last dimension, or has sizes of 1"
            )
    var = above(var, eps)
    losses = 0.5 * (log(var) + square(input - target) / var)
    return reduced("gaussian_nll_loss", losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


@rounds_once
@in_floats("input linear_weight", real=True)
def linear_cross_entropy(
    input: Array,
    linear_weight: Array,
    target: Array,
    *,
    linear_bias: Array | None = None,
    weight: Array | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:
    """``cross_entropy(linear(input, linear_weight, linear_bias), target)``: the last layer and its loss in one call.

    ``input`` is (rows, features) or (features,), ``linear_weight`` (classes, features) or (classes, ..., features)
    for targets (rows, ...). ``options`` chooses PyTorch's chunks and is ignored.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.linear_cross_entropy(tg.ones(1, 2), tg.zeros(3, 2), tg.tensor([0]))
    tensor(1.0986)
    """
    classes, features = linear_weight.shape[:-1], linear_weight.shape[-1]
    flat = np.reshape(linear_weight, (-1, features))
    if linear_bias is None:
        scores = matmul(input, np.swapaxes(flat, 0, 1))
    else:
        scores = linear(input, flat, np.reshape(linear_bias, (-1,)))
    scores = np.reshape(scores, (*input.shape[:-1], *classes))
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(scores, target, weight, ignored, reduction, label_smoothing)
