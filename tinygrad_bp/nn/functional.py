"""The layers and losses as functions, under PyTorch's names."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..functions import dropout as noise
from ..functions.attention import multi_head_attention_forward, scaled_dot_product_attention
from ..functions.ctc import ctc_loss
from ..functions.distribution_losses import gaussian_nll_loss, kl_div, linear_cross_entropy, poisson_nll_loss
from ..functions.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from ..functions.grid_sampling import grid_sample
from ..functions.interpolation import interpolate, upsample, upsample_bilinear, upsample_nearest
from ..functions.margin_losses import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from ..functions.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
)
from ..functions.similarity import cosine_similarity, normalize, pairwise_distance, pdist
from ..ops import activations, elementwise
from ..ops.activations import (
    gelu,
    glu,
    hardshrink,
    log_softmax,
    logsigmoid,
    prelu,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
)
from ..ops.borders import pad
from ..ops.convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from ..ops.cross_entropy import cross_entropy, nll_loss
from ..ops.elementwise import sigmoid
from ..ops.embedding import embedding, embedding_bag
from ..ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from ..ops.max_pooling import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from ..ops.network import bilinear
from ..ops.network import linear as _affine
from ..ops.network import one_hot_op as one_hot
from ..ops.normalization import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, rms_norm
from ..ops.products import matmul
from ..ops.rearranging import channel_shuffle, pixel_shuffle, pixel_unshuffle
from ..ops.shape import matrix_transpose
from ..ops.sliding import fold, unfold
from ..ops.trigonometry import tanh


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with ``inplace=True`` as well: its result is written into its input."""

    @functools.wraps(function)
    def activation(input: Any, *settings: Any, inplace: bool = False, **named: Any) -> Any:
        result = function(input, *settings, **named)
        return input.copy_(result) if inplace else result

    return activation


celu, elu, selu = _in_place(activations.celu), _in_place(activations.elu), _in_place(activations.selu)
silu, mish = _in_place(activations.silu), _in_place(activations.mish)
hardtanh, hardsigmoid = _in_place(activations.hardtanh), _in_place(activations.hardsigmoid)
hardswish, relu6 = _in_place(activations.hardswish), _in_place(activations.relu6)
threshold, rrelu = _in_place(activations.threshold), _in_place(noise.rrelu)
leaky_relu, relu = _in_place(elementwise.leaky_relu), _in_place(elementwise.relu)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """``x @ weight.T + bias``; weight is (out, in), bias (out) or None.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.linear(tg.ones(1, 2), tg.ones(3, 2), tg.zeros(3))
    tensor([[2., 2., 2.]])
    """
    return matmul(x, matrix_transpose(weight)) if bias is None else _affine(x, weight, bias)


__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "alpha_dropout", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "batch_norm", "bilinear", "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "channel_shuffle",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "cosine_embedding_loss", "cosine_similarity", "cross_entropy", "ctc_loss", "dropout", "dropout1d", "dropout2d",
    "dropout3d", "elu", "embedding", "embedding_bag", "feature_alpha_dropout", "fold", "gaussian_nll_loss", "gelu",
    "glu", "grid_sample", "group_norm", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hinge_embedding_loss", "huber_loss", "instance_norm", "interpolate", "kl_div", "l1_loss", "layer_norm",
    "leaky_relu", "linear", "linear_cross_entropy", "local_response_norm", "log_softmax", "logsigmoid", "lp_pool1d",
    "lp_pool2d", "lp_pool3d", "margin_ranking_loss", "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d",
    "max_unpool2d", "max_unpool3d", "mish", "mse_loss", "multi_head_attention_forward", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot", "pad",
    "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6",
    "rms_norm", "rrelu", "scaled_dot_product_attention", "selu", "sigmoid", "silu", "smooth_l1_loss",
    "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
    "threshold", "triplet_margin_loss", "triplet_margin_with_distance_loss", "unfold", "upsample",
    "upsample_bilinear", "upsample_nearest",
]  # fmt: skip
