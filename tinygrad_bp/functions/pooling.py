"""Pooling by means and norms: one number for each window.

``ceil_mode`` keeps a last window that starts inside the input, or its padding in front, and ends beyond.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.errors import ArgumentError
from ..autograd.operands import in_floats, rounds_once
from ..autograd.steps import as_step, recorded_as
from ..autograd.types import Array, Size
from ..ops.elementwise import abs, div, mul, relu, sign
from ..ops.indexing import getitem
from ..ops.joining import cat
from ..ops.powers import pow
from ..ops.reduction import mean
from ..ops.shape import apart, reshape
from ..ops.sliding import Target, batched, bounds, counts, geometry, sizes, target_of, unbatched, window_sum

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "lp_pool1d", "lp_pool2d", "lp_pool3d",
]  # fmt: skip

# ---------------------------------------------------------------------- means


@rounds_once
@in_floats("input")
def _avg_pool(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None,
) -> Any:  # fmt: skip
    name = f"avg_pool{ndim}d"
    x, added = batched(name, input, ndim)
    kernel, stride, around, ones = geometry(name, x, kernel_size, stride, padding, 1, ceil_mode, ndim)
    if divisor_override is not None and whole(divisor_override, name, "divisor_override") == 0:
        raise ArgumentError(f"{name}: divisor_override must not be 0")
    front = tuple(low for low, _ in around)
    out = counts(name, x.shape[2:], kernel, stride, around, ones)
    total = window_sum(x, kernel, stride, around, ones)
    if divisor_override is not None:
        return unbatched(total / divisor_override, added)
    behind = sizes(name, "padding", padding, ndim, 0)
    lasts = [(many - 1) * s + k for many, s, k in zip(out, stride, kernel, strict=True)]
    if not any(front) and not any(behind) and not any(last > n for last, n in zip(lasts, x.shape[2:], strict=True)):
        return unbatched(total / math.prod(kernel), added)
    each: Any = 1.0
    for n, k, s, p, q, many in zip(x.shape[2:], kernel, stride, front, behind, out, strict=True):
        first = np.arange(many) * s - p
        low, high = (-p, n + q) if count_include_pad else (0, n)
        each = np.multiply.outer(each, np.minimum(first + k, high) - np.maximum(first, low))
    return unbatched(div(total, each.astype(x.dtype)), added)


@recorded_as("SqueezeBackward1")
def avg_pool1d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:  # fmt: skip
    """The means of windows of ``input`` (rows, channels, length); as ``avg_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.avg_pool1d(tg.tensor([[[1.0, 3.0, 5.0, 7.0]]]), 2).tolist()
    [[[2.0, 6.0]]]
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@recorded_as("AvgPool2DBackward0")
def avg_pool2d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The means of windows of ``input`` (rows, channels, height, width), where the rows can be missing.

    ``stride`` is the kernel's size unless given. Zeros of the padding count as elements unless
    ``count_include_pad=False``; ``divisor_override`` divides every sum by one number. Raises ``ShapeError`` for other
    dimensions or a kernel that does not fit, ``ArgumentError`` for a padding above half of the kernel.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.avg_pool2d(tg.arange(4.0).reshape(1, 1, 2, 2), 2).tolist()
    [[[[1.5]]]]
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@recorded_as("AvgPool3DBackward0")
def avg_pool3d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """The means of windows of ``input`` (rows, channels, depth, height, width); as ``avg_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.avg_pool3d(tg.ones(1, 1, 2, 2, 2), 2).shape
    torch.Size([1, 1, 1, 1, 1])
    """
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@rounds_once
@in_floats("input")
def _lp_pool(ndim: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Any:
    kernel = sizes(f"lp_pool{ndim}d", "kernel_size", kernel_size, ndim)
    each = _avg_pool(ndim, pow(input, norm_type), kernel, stride, 0, ceil_mode, True, None)
    return pow(mul(mul(sign(each), relu(abs(each))), math.prod(kernel)), 1.0 / norm_type)


def lp_pool1d(
    input: Array, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Any:
    """``(Σ x ** norm_type) ** (1 / norm_type)`` of windows of (rows, channels, length).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.lp_pool1d(tg.tensor([[[3.0, 4.0]]]), 2, 2).item()
    5.0
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Array, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Any:
    """``(Σ x ** norm_type) ** (1 / norm_type)`` of windows of (rows, channels, height, width).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.lp_pool2d(tg.ones(1, 1, 2, 2), 2, 2).item()
    2.0
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Array, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Any:
    """``(Σ x ** norm_type) ** (1 / norm_type)`` of windows of (rows, channels, depth, height, width).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.lp_pool3d(tg.ones(1, 1, 2, 2, 2), 1, 2).item()
    8.0
    """
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


# ---------------------------------------------------------------------- a size chosen by the result


@in_floats("input")
def _adaptive_avg_pool(ndim: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{ndim}d"
    x, added = batched(name, input, ndim)
    target = target_of(name, x, output_size, ndim)
    for axis, parts in enumerate(target, 2):
        size = x.shape[axis]
        if parts == size:
            continue
        if parts and size % parts == 0:
            x = mean(reshape(x, (*x.shape[:axis], parts, size // parts, *x.shape[axis + 1 :])), axis + 1)
            continue
        before = (slice(None),) * axis
        cells = [mean(getitem(x, (*before, slice(*bound))), axis, True) for bound in bounds(size, parts)]
        x = cat(cells, axis) if cells else getitem(x, (*before, slice(0, 0)))
    y = apart(x, input)
    # Of one mean of all PyTorch takes the mean itself.
    return unbatched(y if set(target) == {1} else as_step(f"AdaptiveAvgPool{ndim}DBackward0", y), added)


def adaptive_avg_pool1d(input: Array, output_size: Target) -> Any:
    """The means of ``output_size`` parts of (rows, channels, length); as ``adaptive_avg_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_avg_pool1d(tg.tensor([[[1.0, 2.0, 6.0]]]), 2).tolist()
    [[[1.5, 4.0]]]
    """
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Array, output_size: Target) -> Any:
    """The means of parts of (rows, channels, height, width): ``output_size`` of them, an integer or a pair.

    Part i of n along a dimension of size s goes from ⌊i · s / n⌋ to ⌈(i + 1) · s / n⌉. None keeps a size.
    Raises ``ShapeError`` for other dimensions, ``ArgumentError`` for other sizes.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_avg_pool2d(tg.arange(6.0).reshape(1, 1, 2, 3), 1).item()
    2.5
    """
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Array, output_size: Target) -> Any:
    """The means of parts of (rows, channels, depth, height, width); as ``adaptive_avg_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_avg_pool3d(tg.ones(1, 1, 2, 2, 2), 1).shape
    torch.Size([1, 1, 1, 1, 1])
    """
    return _adaptive_avg_pool(3, input, output_size)
