"""What ops that do many things at once are made of, so that each of those things can be done wrongly.

Each entry takes the op's operands (Tensors where they have a gradient, arrays elsewhere) and its parameters, and
computes the same of plain ops; None where it does not say how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    product = np.matmul(x, np.transpose(weight))
    return product if bias is None else product + bias


def _standard(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred**2, axis=axes, keepdims=True) + eps)


def _affine(x: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    x = x if weight is None else x * np.reshape(weight, shape)
    return x if bias is None else x + np.reshape(bias, shape)


def _batch_norm(x: Any, weight: Any, bias: Any, eps: float, **moments: Any) -> Any:
    axes = (0, *range(2, x.ndim))
    return _affine(_standard(x, axes, eps), weight, bias, (1, -1, *(1 for _ in axes[1:])))


def _layer_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    over = np.ndim(weight) if weight is not None else 1
    return _affine(_standard(x, tuple(range(x.ndim - over, x.ndim)), eps), weight, bias, np.shape(weight))


def _log_softmax(x: Any, axis: int) -> Any:
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))


def _reduced(terms: Any, reduction: str) -> Any:
    if reduction == "none":
        return terms
    return np.mean(terms) if reduction == "mean" else np.sum(terms)


def _cross_entropy(x: Any, target: Any, reduction: str) -> Any:
    if x.ndim != 2:
        return None
    scores = _log_softmax(x, 1)
    if np.ndim(target) == 1:
        return _reduced(-scores[np.arange(len(target)), np.asarray(target)], reduction)
    return _reduced(-np.sum(target * scores, axis=1), reduction)


def _binary_cross_entropy(x: Any, target: Any, reduction: str) -> Any:
    return _reduced(-(target * np.log(x) + (1 - target) * np.log(1 - x)), reduction)


def _binary_cross_entropy_with_logits(x: Any, target: Any, reduction: str) -> Any:
    return _binary_cross_entropy(1 / (1 + np.exp(-x)), target, reduction)


def _variance(x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    squares = (x - np.mean(x, axis=axis, keepdims=True)) ** 2
    count = x.size // np.mean(squares, axis=axis).size
    return np.sum(squares, axis=axis, keepdims=bool(keepdims)) / (count - correction)


MADE_OF: dict[str, Callable[..., Any]] = {
    "linear": _linear,
    "standard_rows": lambda x, eps: _standard(x, (1,), eps),
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
    "binary_cross_entropy_with_logits": _binary_cross_entropy_with_logits,
    "mse_loss": lambda x, target, reduction: _reduced((x - target) ** 2, reduction),
    "l1_loss": lambda x, target, reduction: _reduced(np.abs(x - target), reduction),
    "var": _variance,
    "std": lambda x, axis, correction, keepdims: np.sqrt(_variance(x, axis, correction, keepdims)),
    "dropout": lambda x, mask: x * mask,
}
