"""The layers and losses as functions, under PyTorch's names."""

from __future__ import annotations

import functools
import typing as _typing
from collections.abc import Callable
from typing import Any

from ..autograd.doors import open_doors as _open_doors
from ..autograd.types import Array
from ..functions import dropout as noise
from ..functions.attention import *
from ..functions.ctc import *
from ..functions.distribution_losses import *
from ..functions.dropout import (
    alpha_dropout as alpha_dropout, dropout as dropout, dropout1d as dropout1d, dropout2d as dropout2d,
    dropout3d as dropout3d, feature_alpha_dropout as feature_alpha_dropout,
)  # fmt: skip
from ..functions.grid_sampling import *
from ..functions.interpolation import *
from ..functions.margin_losses import *
from ..functions.normalization import *
from ..functions.pooling import *
from ..functions.similarity import (
    cosine_similarity as cosine_similarity, normalize as normalize, pairwise_distance as pairwise_distance,
    pdist as pdist,
)  # fmt: skip
from ..ops import activations, elementwise, network
from ..ops.activations import (
    gelu as gelu, glu as glu, hardshrink as hardshrink, log_softmax as log_softmax, logsigmoid as logsigmoid,
    prelu as prelu, softmax as softmax, softmin as softmin, softplus as softplus, softshrink as softshrink,
    softsign as softsign, tanhshrink as tanhshrink,
)  # fmt: skip
from ..ops.borders import pad as pad
from ..ops.convolution import *
from ..ops.cross_entropy import *
from ..ops.elementwise import sigmoid as sigmoid
from ..ops.embedding import *
from ..ops.losses import *
from ..ops.max_pooling import *
from ..ops.network import *
from ..ops.normalization import *
from ..ops.products import matmul
from ..ops.rearranging import (
    channel_shuffle as channel_shuffle, pixel_shuffle as pixel_shuffle, pixel_unshuffle as pixel_unshuffle,
)  # fmt: skip
from ..ops.shape import matrix_transpose
from ..ops.sliding import *
from ..ops.trigonometry import tanh as tanh


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


def linear(x: Array, weight: Array, bias: Array | None = None) -> Any:
    """``x @ weight.T + bias``; weight is (out, in), bias (out) or None.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.linear(tg.ones(1, 2), tg.ones(3, 2), tg.zeros(3))
    tensor([[2., 2., 2.]])
    """
    return matmul(x, matrix_transpose(weight)) if bias is None else network.linear(x, weight, bias)


_open_doors(globals(), __name__.partition(".")[0])


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("nn.functional", name)
