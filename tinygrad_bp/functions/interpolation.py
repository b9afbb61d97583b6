"""Images in another size: each new element is a weighted sum of a few old ones, one dimension after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import floating, rounds_once
from ..autograd.steps import as_step
from ..autograd.types import Array, Size
from ..ops.elementwise import cast
from ..ops.limits import clip
from ..ops.resampling import resample
from ..ops.rounding import round
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

_LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}
_AREA = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)


def cubic_weights(t: Any) -> tuple[Any, Any, Any, Any]:
    """The weights of the elements at −1, 0, 1 and 2 for a place t in [0, 1].

    Source: Keys, *Cubic Convolution Interpolation for Digital Image Processing*, 1981, with a = −3/4.
    """
    a = -0.75

    def near(d: Any) -> Any:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Any) -> Any:
        return ((d - 5) * d + 8) * d * a - 4 * a

    return far(t + 1), near(t), near(1 - t), far(2 - t)


@lru_cache(64)
def _taps(mode: str, old: int, new: int, scale: float | None, align_corners: bool) -> list[tuple[Any, Any]]:
    """``_taps_of``, kept: read-only, so that they are constants of a program."""
    taps = _taps_of(mode, old, new, scale, align_corners)
    for array in (array for tap in taps for array in tap if array is not None):
        array.flags.writeable = False
    return taps


def _taps_of(mode: str, old: int, new: int, scale: float | None, align_corners: bool) -> list[tuple[Any, Any]]:
    """For each new element of one dimension, the numbers of old ones and their weights (None: 1)."""
    step = (1 / scale if scale else old / new) if new else 0.0
    places = np.arange(new)
    if mode.startswith("nearest"):
        # PyTorch multiplies in float32, which decides where a product falls on an integer.
        shift = np.float32(0.5 if mode == "nearest-exact" else 0.0)
        nearest = np.floor((places.astype(np.float32) + shift) * np.float32(step)).astype(np.int64)
        return [(np.minimum(nearest, old - 1), None)]
    if align_corners:
        at = places * ((old - 1) / (new - 1) if new > 1 else 0.0)
    else:
        at = (places + 0.5) * step - 0.5
        if mode != "bicubic":
            at = np.maximum(at, 0.0)
    low = np.floor(at).astype(np.int64)
    t = at - low
    if mode == "bicubic":
        return [(np.clip(low + k - 1, 0, old - 1), w) for k, w in enumerate(cubic_weights(t))]
    low = np.minimum(low, old - 1)
    return [(low, 1 - t), (np.minimum(low + 1, old - 1), t)]


@rounds_once
def interpolate(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Any:  # fmt: skip
    """``input`` (rows, channels, and 1 to 3 more) in another size: ``size``, or ``scale_factor`` times the old one.

    Both are a number or one for each dimension. ``mode`` is ``"nearest"``, ``"nearest-exact"``, ``"linear"`` (one
    dimension), ``"bilinear"`` or ``"bicubic"`` (two), ``"trilinear"`` (three) or ``"area"`` (adaptive means). New
    element i lies at ``(i + 1/2) · old / new − 1/2``, or with ``align_corners`` at ``i · (old − 1) / (new − 1)``; the
    factor takes the place of ``new / old`` unless ``recompute_scale_factor``. An image of integers gives integers,
    rounded. ``antialias`` is refused. Raises
    ``ShapeError`` for other dimensions, ``ArgumentError`` for other settings.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.interpolate(tg.tensor([[[1.0, 2.0]]]), scale_factor=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    ndim = input.ndim - 2
    if not 1 <= ndim <= 3:
        raise ShapeError(f"interpolate: the input has 3 to 5 dimensions, got {shape_text(tuple(input.shape))}")
    dimensions = _LINEAR.get(mode, 2 if mode == "bicubic" else ndim)
    if mode not in (*_LINEAR, "bicubic", "area", "nearest", "nearest-exact") or dimensions != ndim:
        raise ArgumentError(
            f"interpolate: mode {mode!r} is not for {ndim} dimensions after rows and channels; use 'nearest', "
            f"'nearest-exact', 'area' or {('linear', 'bilinear or bicubic', 'trilinear')[ndim - 1]}"
        )
    if antialias:
        raise ArgumentError("interpolate: antialias=True is not available; smooth the input first (avg_pool2d)")
    if align_corners is not None and (mode.startswith("nearest") or mode == "area"):
        raise ArgumentError(f"interpolate: align_corners is for the linear and cubic modes, the mode is {mode!r}")
    if (size is None) == (scale_factor is None):
        raise ArgumentError(f"interpolate: give one of size and scale_factor; got {size} and {scale_factor}")
    given: Any = size if scale_factor is None else scale_factor
    each = tuple(given) if isinstance(given, (tuple, list)) else (given,) * ndim
    if len(each) != ndim:
        raise ArgumentError(f"interpolate: size and scale_factor are a number or {ndim} of them; got {given}")
    old = tuple(input.shape[2:])
    new = (
        tuple(whole(n, "interpolate", "size") for n in each)
        if scale_factor is None
        else tuple(math.floor(n * s) for n, s in zip(old, each, strict=True))
    )
    if min(new) < 1 or min(old) < 1:
        raise ArgumentError(f"interpolate: sizes are at least 1; from {old} to {new}")
    if mode == "area":
        return _AREA[ndim - 1](input, new)
    known = scale_factor is not None and not recompute_scale_factor
    dtype = input.dtype
    y = floating(input) if mode not in ("nearest", "nearest-exact") else input
    for axis in range(ndim):
        taps = _taps(mode, old[axis], new[axis], each[axis] if known else None, bool(align_corners))
        y = resample(y, taps, axis + 2)
    if y.dtype != dtype and dtype.kind != "b":
        bounds = np.iinfo(dtype)
        y = cast(clip(round(y), bounds.min, bounds.max), dtype)
    kind = f"Upsample{''.join(word.capitalize() for word in mode.split('-'))}{ndim}D"
    return as_step(f"{kind}Backward0", y)


def upsample(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:  # fmt: skip
    """``interpolate`` under PyTorch's older name.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.upsample(tg.ones(1, 1, 2), 4).shape
    torch.Size([1, 1, 4])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None
) -> Any:
    """``interpolate`` with ``mode="nearest"``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.upsample_nearest(tg.ones(1, 1, 2), scale_factor=3).shape
    torch.Size([1, 1, 6])
    """
    return interpolate(input, size, scale_factor)


def upsample_bilinear(
    input: Array, size: Size | None = None, scale_factor: float | Sequence[float] | None = None
) -> Any:
    """``interpolate`` with ``mode="bilinear"`` and ``align_corners=True``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.upsample_bilinear(tg.tensor([[[[1.0, 3.0]]]]), (1, 3)).tolist()
    [[[[1.0, 2.0, 3.0]]]]
    """
    return interpolate(input, size, scale_factor, "bilinear", True)
