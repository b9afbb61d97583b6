"""Images read at places that are themselves computed, so that both have a gradient.

Source: Jaderberg et al., *Spatial Transformer Networks*, 2015 (arXiv 1506.02025), section 3.3.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.elsewhere import moved
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.steps import as_step, recorded_as
from ..autograd.types import Array
from ..autograd.values import detached
from ..ops.activations import hardtanh
from ..ops.elementwise import abs, add, in_dtype, mul, sub, where
from ..ops.indexing import getitem
from ..ops.limits import clip
from ..ops.max_pooling import picked
from ..ops.products import matmul
from ..ops.shape import broadcast_to, matrix_transpose, reshape
from .creation import linspace
from .interpolation import cubic_weights

__all__ = ["affine_grid", "grid_sample"]

_MODES, _BORDERS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _placed(g: Any, size: int, align_corners: bool, ndim: int) -> Any:
    """Coordinates from −1 to 1 as numbers of elements.

    The slope changes at the centres of elements, so that rounding decides which slope a grid of the identity meets:
    as PyTorch's kernel for images rounds product and difference at once, float32 is widened for them.
    """
    places = add(g, 1)
    if align_corners:
        return mul(places, (size - 1) / 2)
    wide = np.float64 if ndim == 2 else g.dtype
    return in_dtype(sub(mul(in_dtype(places, wide), size / 2), 0.5), g.dtype)


def _bounded(at: Any, size: int, border: str, align_corners: bool) -> Any:
    """Places outside brought inside; ``"zeros"`` leaves them."""
    if border == "zeros":
        return at
    if border == "reflection":
        low, span = (0.0, float(size - 1)) if align_corners else (-0.5, float(size))
        if not span:
            return mul(at, 0)
        away = abs(sub(at, low))
        turns = np.floor(detached(away) / span)
        rest = sub(away, turns * span)
        at = add(where(turns % 2 == 0, rest, sub(span, rest)), low)
    return hardtanh(at, 0, size - 1)  # the borders are outside


def _read(flat: Any, index: list[Any], sizes: tuple[int, ...]) -> tuple[Any, Any]:
    """The elements of (rows, channels, all) at integer places (rows, places) of each dimension, and which exist."""
    number: Any = moved(np.zeros(index[0].shape, np.int64), flat)
    exists: Any = moved(np.ones(index[0].shape, bool), flat)
    for at, size in zip(index, sizes, strict=True):
        exists = exists & (at >= 0) & (at < size)
        number = number * size + clip(at, 0, size - 1)
    rows, places = number.shape
    return picked(flat, broadcast_to(number[:, None], (rows, flat.shape[1], places))), exists


def _whole(at: Any) -> Any:
    return in_dtype(np.nan_to_num(at, nan=-1.0), np.int64)


@rounds_once
@in_floats("input grid", real=True)
def grid_sample(
    input: Array, grid: Array, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Any:
    """``input`` (rows, channels, height, width) read at the places ``grid`` (rows, out height, out width, 2).

    The last dimension of the grid holds x (along the width) and y from −1 to 1, which are the outer edges of the image,
    or the centres of its corner elements with ``align_corners``. ``mode`` is ``"bilinear"``, ``"nearest"`` or
    ``"bicubic"``; places outside read 0, or by ``padding_mode`` the ``"border"`` or a ``"reflection"``. Volumes have
    one dimension more in both, and no ``"bicubic"``. The result is (rows, channels, out height, out width), with a
    gradient for input and grid. Raises ``ShapeError`` for other shapes, ``ArgumentError`` for other modes.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.grid_sample(tg.tensor([[[[1.0, 3.0]]]]), tg.zeros(1, 1, 1, 2)).item()
    2.0
    """
    ndim, corners = input.ndim - 2, bool(align_corners)
    if ndim not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != ndim or grid.shape[0] != input.shape[0]:
        raise ShapeError(
            "grid_sample: the input is (rows, channels, height, width), the grid (rows, height, width, 2), or one "
            f"dimension more and 3; got {shape_text(tuple(input.shape))} and {shape_text(tuple(grid.shape))}"
        )
    if mode not in _MODES[: 3 if ndim == 2 else 2] or padding_mode not in _BORDERS:
        raise ArgumentError(
            f"grid_sample: mode is one of {', '.join(_MODES[: 3 if ndim == 2 else 2])} and padding_mode one of "
            f"{', '.join(_BORDERS)}; got {mode!r} and {padding_mode!r}"
        )
    sizes, out = tuple(input.shape[2:]), tuple(grid.shape[1:-1])
    rows, channels, places = input.shape[0], input.shape[1], math.prod(out)
    if 0 in sizes:
        raise ShapeError(f"grid_sample: the images have no elements, {shape_text(tuple(input.shape))}")
    flat, points = reshape(input, (rows, channels, math.prod(sizes))), reshape(grid, (rows, places, ndim))
    at = [_placed(getitem(points, (..., ndim - 1 - d)), size, corners, ndim) for d, size in enumerate(sizes)]
    if mode != "bicubic":
        at = [_bounded(a, size, padding_mode, corners) for a, size in zip(at, sizes, strict=True)]
    if mode == "nearest":
        value, exists = _read(flat, [_whole(np.rint(detached(a))) for a in at], sizes)
        nearest = mul(value, in_dtype(exists[:, None], input.dtype))
        return as_step(f"GridSampler{ndim}DBackward0", reshape(nearest, (rows, channels, *out)))
    low = [np.floor(detached(a)) for a in at]
    inner = [sub(a, floor) for a, floor in zip(at, low, strict=True)]
    # For each dimension, the steps from the element below and their weights.
    steps = range(-1, 3) if mode == "bicubic" else range(2)
    weights = [cubic_weights(t) if mode == "bicubic" else (sub(1, t), t) for t in inner]
    total: Any = None
    for corner in itertools.product(range(len(steps)), repeat=ndim):
        index = [floor + steps[k] for floor, k in zip(low, corner, strict=True)]
        if mode == "bicubic":
            index = [detached(_bounded(i, size, padding_mode, corners)) for i, size in zip(index, sizes, strict=True)]
        value, exists = _read(flat, [_whole(i) for i in index], sizes)
        weight: Any = in_dtype(exists, input.dtype)
        for each, k in zip(weights, corner, strict=True):
            weight = mul(each[k], weight)
        part = mul(value, reshape(weight, (rows, 1, places)))
        total = part if total is None else add(total, part)
    return as_step(f"GridSampler{ndim}DBackward0", reshape(total, (rows, channels, *out)))


@recorded_as("AffineGridGeneratorBackward0")
@rounds_once
@in_floats("theta")
def affine_grid(theta: Array, size: Sequence[int], align_corners: bool | None = None) -> Any:
    """The places at which ``grid_sample`` reads images that are turned, scaled and moved by matrices.

    ``theta`` is (rows, 2, 3) and ``size`` (rows, channels, height, width), or (rows, 3, 4) and one size more; the
    result is (rows, height, width, 2) or (rows, depth, height, width, 3). Raises ``ShapeError`` for others.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.affine_grid(tg.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2))
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    sizes = tuple(int(n) for n in size)
    ndim = len(sizes) - 2
    if ndim not in (2, 3) or tuple(theta.shape) != (sizes[0], ndim, ndim + 1) or min(sizes) < 1:
        raise ShapeError(
            "affine_grid: theta is (rows, 2, 3) and size (rows, channels, height, width), or one more of each; got "
            f"{shape_text(tuple(theta.shape))} and {shape_text(sizes)}"
        )
    inner = sizes[2:]
    axes = [
        linspace(-1, 1, n, dtype=theta.dtype, device="cpu").numpy() if n > 1 else np.zeros(1, theta.dtype)
        for n in inner
    ]
    if not align_corners:
        axes = [axis * (n - 1) / n for axis, n in zip(axes, inner, strict=True)]
    places = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(inner)], axis=-1)
    points = moved(np.reshape(places, (-1, ndim + 1)).astype(theta.dtype), theta)
    return reshape(matmul(points, matrix_transpose(theta)), (sizes[0], *inner, ndim))


@rounds_once
def grid_sampler_2d(input: Array, grid: Array, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Any:
    """``nn.functional.grid_sample`` of images with PyTorch's numbers for its modes.

    >>> import tinygrad_bp as tg
    >>> tg.grid_sampler_2d(tg.ones(1, 1, 2, 2), tg.zeros(1, 1, 1, 2), 0, 0, False).item()
    1.0
    """
    if not (interpolation_mode in range(3) and padding_mode in range(3)):
        raise ArgumentError(f"grid_sampler: modes are 0, 1 or 2; got {interpolation_mode} and {padding_mode}")
    return grid_sample(input, grid, _MODES[interpolation_mode], _BORDERS[padding_mode], align_corners)


grid_sampler_3d = grid_sampler_2d
