"""The layers and losses as functions, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from ..ops.activations import elu, gelu, silu, softplus
from ..ops.cross_entropy import cross_entropy, nll_loss
from ..ops.elementwise import leaky_relu, relu, sigmoid, tanh
from ..ops.products import matmul
from ..ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from ..ops.network import dropout, log_softmax, softmax
from ..ops.network import linear as _affine
from ..ops.network import one_hot_op as one_hot
from ..ops.normalization import batch_norm, layer_norm
from ..ops.shape import matrix_transpose


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """``x @ weight.T + bias``; weight is (out, in), bias (out) or None.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.linear(tg.ones(1, 2), tg.ones(3, 2), tg.zeros(3))
    tensor([[2., 2., 2.]])
    """
    return matmul(x, matrix_transpose(weight)) if bias is None else _affine(x, weight, bias)


__all__ = [
    "batch_norm", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "elu",
    "gelu", "huber_loss", "l1_loss", "layer_norm", "leaky_relu", "linear", "log_softmax", "mse_loss", "nll_loss",
    "one_hot", "relu", "sigmoid", "silu", "smooth_l1_loss", "softmax", "softplus", "tanh",
]  # fmt: skip
