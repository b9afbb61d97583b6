"""Max pooling that gives the places of the largest elements too, under PyTorch's names of that."""

from __future__ import annotations

from typing import Any

from ..autograd.types import Array, Size
from ..ops import max_pooling
from ..ops.sliding import Target

__all__ = [
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices",
    "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
]  # fmt: skip


def max_pool1d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """``max_pool1d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_pool1d_with_indices(tg.tensor([[[1.0, 3.0]]]), 2)
    (tensor([[[3.]]]), tensor([[[1]]]))
    """
    return max_pooling.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """``max_pool2d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_pool2d_with_indices(tg.arange(4.0).reshape(1, 1, 2, 2), 2)[1]
    tensor([[[[3]]]])
    """
    return max_pooling.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """``max_pool3d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_pool3d_with_indices(tg.arange(8.0).reshape(1, 1, 2, 2, 2), 2)[1].item()
    7
    """
    return max_pooling.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def adaptive_max_pool1d_with_indices(input: Array, output_size: Target, return_indices: bool = False) -> Any:
    """``adaptive_max_pool1d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_max_pool1d_with_indices(tg.tensor([[[1.0, 3.0]]]), 1)[1].item()
    1
    """
    return max_pooling.adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(input: Array, output_size: Target, return_indices: bool = False) -> Any:
    """``adaptive_max_pool2d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_max_pool2d_with_indices(tg.arange(4.0).reshape(1, 1, 2, 2), 1)[1].item()
    3
    """
    return max_pooling.adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(input: Array, output_size: Target, return_indices: bool = False) -> Any:
    """``adaptive_max_pool3d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_max_pool3d_with_indices(tg.arange(8.0).reshape(1, 1, 2, 2, 2), 1)[1].item()
    7
    """
    return max_pooling.adaptive_max_pool3d(input, output_size, True)
