"""Max pooling whose windows lie at random places. Source: Graham, *Fractional Max-Pooling*, 2014 (arXiv 1412.6071)."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.device import near
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import refuse_complex
from ..autograd.types import Array, Size
from ..autograd.values import detached
from ..ops.max_pooling import fractional_argmax, picked
from ..ops.shape import reshape
from ..ops.sliding import batched, sizes, unbatched
from ..random.sampling import rand
from ..random.slices import draws

__all__ = [
    "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]  # fmt: skip

Ratio = float | tuple[float, ...] | list[float] | None


def _pooled(
    ndim: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any, return_indices: bool, samples: Any
) -> Any:
    name = f"fractional_max_pool{ndim}d"
    refuse_complex(name, input)
    x, added = batched(name, input, ndim)
    kernel, inner = sizes(name, "kernel_size", kernel_size, ndim), x.shape[2:]
    if (output_size is None) == (output_ratio is None):
        raise ArgumentError(f"{name}: give either output_size or output_ratio")
    if output_size is None:
        ratios = tuple(output_ratio) if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * ndim
        if len(ratios) != ndim or not all(0 < ratio < 1 for ratio in ratios):
            raise ArgumentError(f"{name}: output_ratio is a number between 0 and 1, or {ndim}; got {output_ratio!r}")
        output_size = tuple(int(size * ratio) for size, ratio in zip(inner, ratios, strict=True))
    out = sizes(name, "output_size", output_size, ndim)
    if any(many + k - 1 > size for many, k, size in zip(out, kernel, inner, strict=True)):
        raise ShapeError(
            f"{name}: {shape_text(out)} windows of {shape_text(kernel)} do not fit into {shape_text(tuple(inner))}"
        )
    if samples is None:
        samples = near(rand(*x.shape[:2], ndim, dtype=x.dtype), x)
    shares = detached(samples)
    if shares.ndim == 3 and added:
        shares = shares[:1]
    if shares.shape != (*x.shape[:2], ndim):
        wanted = shape_text((*x.shape[:2], ndim))
        raise ShapeError(f"{name}: _random_samples is {wanted}, got {shape_text(shares.shape)}")
    flat = reshape(x, (*x.shape[:2], math.prod(inner)))
    index = fractional_argmax(detached(flat), shares, tuple(inner), out, kernel)
    y = unbatched(reshape(picked(flat, index), (*x.shape[:2], *out)), added)
    return (y, reshape(index, y.shape)) if return_indices else y


@draws
def fractional_max_pool2d(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> Any:  # fmt: skip
    """The largest elements of windows at random places of (rows, channels, height, width), the rows may be missing.

    There are ``output_size`` windows, or ``output_ratio`` (below 1) times the size. ``_random_samples`` (rows,
    channels, 2) in [0, 1) place them; PyTorch's numbers for the same seed unless given.
    ``return_indices`` gives the numbers of the elements within each image too. Raises
    ``ShapeError`` where they do not fit, ``ArgumentError`` for other sizes.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.fractional_max_pool2d(tg.rand(1, 1, 5, 5), 2, output_size=3).shape
    torch.Size([1, 1, 3, 3])
    """
    return _pooled(2, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


@draws
def fractional_max_pool3d(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> Any:  # fmt: skip
    """The largest elements of windows at random places of volumes; as ``fractional_max_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.fractional_max_pool3d(tg.rand(1, 1, 4, 4, 4), 2, output_ratio=0.5).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    return _pooled(3, input, kernel_size, output_size, output_ratio, return_indices, _random_samples)


@draws
def fractional_max_pool2d_with_indices(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> Any:  # fmt: skip
    """``fractional_max_pool2d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> y, places = tg.nn.functional.fractional_max_pool2d_with_indices(tg.rand(1, 1, 5, 5), 2, 3)
    >>> places.shape
    torch.Size([1, 1, 3, 3])
    """
    return _pooled(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


@draws
def fractional_max_pool3d_with_indices(
    input: Array, kernel_size: Size, output_size: Size | None = None, output_ratio: Ratio = None,
    return_indices: bool = False, _random_samples: Array | None = None,
) -> Any:  # fmt: skip
    """``fractional_max_pool3d`` with ``return_indices=True``.

    >>> import tinygrad_bp as tg
    >>> y, places = tg.nn.functional.fractional_max_pool3d_with_indices(tg.rand(1, 1, 4, 4, 4), 2, 3)
    >>> places.shape
    torch.Size([1, 1, 3, 3, 3])
    """
    return _pooled(3, input, kernel_size, output_size, output_ratio, True, _random_samples)
