"""The layers and losses as functions, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from ..ops.elementwise import leaky_relu, relu, sigmoid, tanh
from ..ops.linalg import matmul
from ..ops.network import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    log_softmax,
    mse_loss,
    softmax,
)
from ..ops.network import linear as _affine
from ..ops.network import one_hot_op as one_hot
from ..ops.shape import matrix_transpose


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """``x @ weight.T + bias``; weight is (out, in), bias (out) or None.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.linear(tg.ones(1, 2), tg.ones(3, 2), tg.zeros(3))
    tensor([[2., 2., 2.]])
    """
    return matmul(x, matrix_transpose(weight)) if bias is None else _affine(x, weight, bias)


__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "leaky_relu", "linear",
    "log_softmax", "mse_loss", "one_hot", "relu", "sigmoid", "softmax", "tanh",
]  # fmt: skip
