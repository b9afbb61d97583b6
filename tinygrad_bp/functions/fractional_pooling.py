"""Max pooling whose windows lie at random places. Source: Graham, *Fractional Max-Pooling*, 2014 (arXiv 1412.6071)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.tensor import wrap
from ..autograd.types import Array, Size
from ..autograd.values import value_of
from ..ops.max_pooling import picked
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
        samples = rand(*x.shape[:2], ndim, dtype=value_of(x).dtype)
    shares = value_of(samples)
    if shares.ndim == 3 and added:
        shares = shares[:1]
    if shares.shape != (*x.shape[:2], ndim):
        wanted = shape_text((*x.shape[:2], ndim))
        raise ShapeError(f"{name}: _random_samples is {wanted}, got {shape_text(shares.shape)}")
    places: Any = 0
    for d in range(ndim):
        # The samples of images name the width first.
        first = _starts(shares[..., ndim - 1 - d if ndim == 2 else d], inner[d], out[d], kernel[d])
        window = first[..., None] + np.arange(kernel[d])  # (rows, channels, windows, elements)
        shape = [*x.shape[:2], *(1,) * (2 * ndim)]
        shape[2 + d], shape[2 + ndim + d] = out[d], kernel[d]
        places = places * inner[d] + np.reshape(window, shape)
    places = np.reshape(places, (*x.shape[:2], math.prod(out), math.prod(kernel)))
    flat = reshape(x, (*x.shape[:2], math.prod(inner)))
    found = np.take_along_axis(value_of(flat)[:, :, None], places, axis=-1)
    index = np.take_along_axis(places, np.argmax(found, axis=-1)[..., None], axis=-1)[..., 0]
    y = unbatched(reshape(picked(flat, index), (*x.shape[:2], *out)), added)
    return (y, wrap(np.reshape(index, y.shape).astype(np.int64), None)) if return_indices else y


def _starts(share: Any, size: int, many: int, kernel: int) -> Any:
    """Where the windows along a dimension begin: (rows, channels, windows)."""
    starts = np.full((*share.shape, many), size - kernel)
    if many > 1:
        step = share.dtype.type(size - kernel) / share.dtype.type(many - 1)
        at = ((np.arange(many - 1, dtype=share.dtype) + share[..., None]) * step).astype(np.int64)
        starts[..., :-1] = at - (share * step).astype(np.int64)[..., None]
    return starts


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
