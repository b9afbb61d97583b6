"""The layers and losses as functions, under PyTorch's names."""

from __future__ import annotations

import functools
import typing as _typing
from collections.abc import Callable
from typing import Any

from ..autograd.doors import open_doors as _open_doors
from ..autograd.errors import ArgumentError as _ArgumentError
from ..autograd.tensor import Tensor as _Tensor
from ..autograd.types import Array
from ..autograd.writing import in_place as _in_place
from ..functions import distribution_losses as distributions
from ..functions import dropout as noise
from ..functions import margin_losses as margins
from ..functions.attention import *
from ..functions.ctc import *
from ..functions.distribution_losses import *
from ..functions.dropout import (
    alpha_dropout as alpha_dropout, dropout as dropout, dropout1d as dropout1d, dropout2d as dropout2d,
    dropout3d as dropout3d, feature_alpha_dropout as feature_alpha_dropout, rrelu as rrelu,
)  # fmt: skip
from ..functions.fractional_pooling import *
from ..functions.grid_sampling import *
from ..functions.gumbel import *
from ..functions.interpolation import *
from ..functions.margin_losses import *
from ..functions.normalization import *
from ..functions.pooling import *
from ..functions.pooling_with_indices import *
from ..functions.similarity import (
    cosine_similarity as cosine_similarity, normalize as normalize, pairwise_distance as pairwise_distance,
    pdist as pdist,
)  # fmt: skip
from ..functions import weighted_losses as weighted
from ..functions.weighted_losses import *
from ..ops import activations, convolution, elementwise, losses, network
from ..ops import cross_entropy as classes
from ..ops.activations import (
    celu as celu, elu as elu, gelu as gelu, glu as glu, hardshrink as hardshrink, hardsigmoid as hardsigmoid,
    hardswish as hardswish, hardtanh as hardtanh, log_softmax as log_softmax, logsigmoid as logsigmoid, mish as mish,
    prelu as prelu, relu6 as relu6, selu as selu, silu as silu, softmax as softmax, softmin as softmin,
    softplus as softplus, softshrink as softshrink, softsign as softsign, tanhshrink as tanhshrink,
    threshold as threshold,
)  # fmt: skip
from ..ops.borders import pad as pad
from ..ops.convolution import *
from ..ops.cross_entropy import *
from ..ops.elementwise import leaky_relu as leaky_relu, relu as relu, sigmoid as sigmoid
from ..ops.embedding import *
from ..ops.losses import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits, smooth_l1_loss as smooth_l1_loss,
)  # fmt: skip
from ..ops.max_pooling import *
from ..ops.network import *
from ..ops.normalization import *
from ..ops.products import matmul
from ..ops.rearranging import (
    channel_shuffle as channel_shuffle, pixel_shuffle as pixel_shuffle, pixel_unshuffle as pixel_unshuffle,
)  # fmt: skip
from ..ops.shape import matrix_transpose, permute as _permute
from ..ops.sliding import *
from ..ops.trigonometry import tanh as tanh
from .arguments import taking as _taking


def linear(input: Array, weight: Array, bias: Array | None = None) -> Any:
    """``x @ weight.T + bias``; weight is (out, in), bias (out) or None.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.linear(tg.ones(1, 2), tg.ones(3, 2), tg.zeros(3))
    tensor([[2., 2., 2.]])
    """
    return matmul(input, matrix_transpose(weight)) if bias is None else network.linear(input, weight, bias)


def conv_tbc(input: Array, weight: Array, bias: Array, pad: int = 0) -> Any:
    """A convolution along the first dimension: (steps, rows, in) to (steps, rows, out), weight (width, in, out).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.conv_tbc(tg.ones(3, 1, 2), tg.ones(2, 2, 1), tg.zeros(1)).flatten()
    tensor([4., 4.])
    """
    y = convolution.conv1d(_permute(input, (1, 2, 0)), _permute(weight, (2, 1, 0)), bias, padding=pad)
    return _permute(y, (2, 0, 1))


_open_doors(globals(), __name__.partition(".")[0])

# PyTorch's lists of arguments where they have more than what computes here takes.
for _names, _functions in {
    "input inplace": (
        activations.selu, activations.silu, activations.mish, activations.hardsigmoid, activations.hardswish,
        activations.relu6, elementwise.relu,
    ),
    "input alpha inplace": (activations.celu, activations.elu),
    "input negative_slope inplace": (elementwise.leaky_relu,),
    "input min_val max_val inplace": (activations.hardtanh,),
    "input threshold value inplace": (activations.threshold,),
    "input lower upper training inplace": (noise.rrelu,),
    "input p training inplace": (
        noise.dropout, noise.dropout1d, noise.dropout2d, noise.dropout3d, noise.alpha_dropout,
        noise.feature_alpha_dropout,
    ),
    "input target size_average reduce reduction": (margins.multilabel_margin_loss, margins.soft_margin_loss),
    "input target size_average reduce reduction beta": (losses.smooth_l1_loss,),
    "input target size_average reduce reduction log_target": (distributions.kl_div,),
    "input target weight size_average reduce reduction": (
        losses.binary_cross_entropy, margins.multilabel_soft_margin_loss,
    ),
    "input target weight size_average reduce reduction pos_weight": (losses.binary_cross_entropy_with_logits,),
    "input target weight size_average ignore_index reduce reduction": (classes.nll_loss,),
    "input target weight size_average ignore_index reduce reduction label_smoothing": (classes.cross_entropy,),
    "input target log_input full size_average eps reduce reduction": (distributions.poisson_nll_loss,),
    "input target margin size_average reduce reduction": (margins.hinge_embedding_loss,),
    "input1 input2 target margin size_average reduce reduction": (
        margins.cosine_embedding_loss, margins.margin_ranking_loss,
    ),
    "input target p margin weight size_average reduce reduction": (margins.multi_margin_loss,),
    "anchor positive negative margin p eps swap size_average reduce reduction": (margins.triplet_margin_loss,),
}.items():  # fmt: skip
    for _function in _functions:
        globals()[_function.__name__] = _taking(_function, _names)


for _function, _unweighted in ((weighted.mse_loss, losses.mse_loss), (weighted.l1_loss, losses.l1_loss)):
    _list = "input target size_average reduce reduction weight"
    globals()[_function.__name__] = _taking(_function, _list, _unweighted)


def _written(name: str) -> Callable[..., Any]:
    """The function of this name that writes its result into its input."""
    function = globals()[name]
    write = _in_place(f"{name}_", function)

    @functools.wraps(function)
    def written(input: Any, *settings: Any, **named: Any) -> Any:
        if not isinstance(input, _Tensor):
            raise _ArgumentError(f"{name}_: writes a tensor, not a {type(input).__name__}; write tg.tensor(...) first")
        return write(input, *settings, **named)

    written.__name__ = written.__qualname__ = f"{name}_"
    return written


for _name in ("celu", "elu", "hardtanh", "leaky_relu", "relu", "rrelu", "selu", "threshold"):
    globals()[f"{_name}_"] = _written(_name)


if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        from ..not_here import missing

        raise missing("nn.functional", name)
