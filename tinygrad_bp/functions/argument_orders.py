"""Layers as functions of ``torch`` itself, whose arguments stand in another order than those of ``nn.functional``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..ops import embedding as tables
from ..ops import normalization as batches
from . import dropout as coins
from . import grid_sampling as grids
from . import normalization as groups

__all__ = [
    "affine_grid_generator", "alpha_dropout", "alpha_dropout_", "batch_norm", "dropout", "dropout_", "embedding",
    "embedding_renorm_", "feature_alpha_dropout", "feature_alpha_dropout_", "feature_dropout", "feature_dropout_",
    "grid_sampler", "instance_norm",
]  # fmt: skip


def batch_norm(
    input: Array, weight: Array | None, bias: Array | None, running_mean: Array | None, running_var: Array | None,
    training: bool, momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """``nn.functional.batch_norm``, with the weight and the bias first.

    >>> import tinygrad_bp as tg
    >>> tg.batch_norm(tg.tensor([[0.0], [2.0]]), None, None, None, None, True, 0.1, 0.0)
    tensor([[-1.],
            [ 1.]])
    """
    return batches.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Array, weight: Array | None, bias: Array | None, running_mean: Array | None, running_var: Array | None,
    use_input_stats: bool, momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """``nn.functional.instance_norm``, with the weight and the bias first.

    >>> import tinygrad_bp as tg
    >>> tg.instance_norm(tg.tensor([[[0.0, 2.0]]]), None, None, None, None, True, 0.1, 0.0)
    tensor([[[-1.,  1.]]])
    """
    return groups.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def embedding(
    weight: Array, indices: Array, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Any:
    """``nn.functional.embedding``, with the table first; −1 is no padding.

    >>> import tinygrad_bp as tg
    >>> tg.embedding(tg.eye(2), tg.tensor([1]))
    tensor([[0., 1.]])
    """
    skipped = None if padding_idx == -1 else padding_idx
    return tables.embedding(indices, weight, skipped, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)


def embedding_renorm_(input: Tensor, indices: Array, max_norm: float, norm_type: float) -> Tensor:
    """The rows of a table that the indices name brought, in place, to at most a length of order ``norm_type``.

    >>> import tinygrad_bp as tg
    >>> tg.embedding_renorm_(tg.tensor([[3.0, 4.0], [3.0, 4.0]]), tg.tensor([0]), 1.0, 2.0)
    tensor([[0.6000, 0.8000],
            [3.0000, 4.0000]])
    """
    tables.shorten(input, tables.checked("embedding_renorm_", indices, input, None)[0], max_norm, norm_type)
    return input


def affine_grid_generator(theta: Array, size: Sequence[int], align_corners: bool) -> Any:
    """``nn.functional.affine_grid``: where ``grid_sample`` reads images that are turned, scaled and moved.

    >>> import tinygrad_bp as tg
    >>> tg.affine_grid_generator(tg.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 2, 2), True).shape
    torch.Size([1, 2, 2, 2])
    """
    return grids.affine_grid(theta, size, align_corners)


def grid_sampler(input: Array, grid: Array, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """``nn.functional.grid_sample`` with numbers for its modes.

    >>> import tinygrad_bp as tg
    >>> tg.grid_sampler(tg.ones(1, 1, 2, 2), tg.zeros(1, 1, 1, 2), 0, 0, False).item()
    1.0
    """
    function = grids.grid_sampler_3d if input.ndim == 5 else grids.grid_sampler_2d
    return function(input, grid, interpolation_mode, padding_mode, align_corners)


def dropout(input: Array, p: float, train: bool) -> Any:
    """``nn.functional.dropout``: elements are 0 with probability ``p`` while training, the others 1 / (1 − p) as large.

    >>> import tinygrad_bp as tg
    >>> tg.dropout(tg.ones(2), 0.5, train=False)
    tensor([1., 1.])
    """
    return coins.dropout(input, p, train)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``dropout`` written into the tensor itself.

    >>> import tinygrad_bp as tg
    >>> tg.dropout_(tg.ones(2), 1.0, True)
    tensor([0., 0.])
    """
    return input.copy_(dropout(input, p, train))


def alpha_dropout(input: Array, p: float, train: bool) -> Any:
    """``nn.functional.alpha_dropout``, which keeps mean and variance behind ``selu``.

    >>> import tinygrad_bp as tg
    >>> tg.alpha_dropout(tg.ones(2), 0.5, False)
    tensor([1., 1.])
    """
    return coins.alpha_dropout(input, p, train)


def feature_dropout(input: Array, p: float, train: bool) -> Any:
    """``nn.functional.dropout2d``: whole channels of (rows, channels, …) are 0 while training.

    >>> import tinygrad_bp as tg
    >>> tg.feature_dropout(tg.ones(1, 2, 3), 0.5, train=False).shape
    torch.Size([1, 2, 3])
    """
    return coins.dropout2d(input, p, train)


def feature_alpha_dropout(input: Array, p: float, train: bool) -> Any:
    """``nn.functional.feature_alpha_dropout``: ``alpha_dropout`` of whole channels.

    >>> import tinygrad_bp as tg
    >>> tg.feature_alpha_dropout(tg.ones(2, 2), 0.5, False)
    tensor([[1., 1.],
            [1., 1.]])
    """
    return coins.feature_alpha_dropout(input, p, train)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``alpha_dropout`` written into the tensor itself."""
    return input.copy_(alpha_dropout(input, p, train))


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``feature_dropout`` written into the tensor itself."""
    return input.copy_(feature_dropout(input, p, train))


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``feature_alpha_dropout`` written into the tensor itself."""
    return input.copy_(feature_alpha_dropout(input, p, train))
