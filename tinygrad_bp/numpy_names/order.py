"""What NumPy's sorts, medians and quantiles do with Tensors: NumPy's names, arguments and meaning."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import DtypeError
from ..autograd.numpy_protocols import plainly
from ..autograd.op import FUNCTIONS
from ..autograd.tensor import Tensor
from ..autograd.values import held, value_of
from ..ops import sorting
from ..ops.elementwise import in_dtype, where
from ..ops.indexing import take_along_axis
from ..ops.reduction import kept_shape
from ..ops.shape import ravel, reshape
from .functions import of_inexact, operand

# What PyTorch has too: with these a gradient flows to q as well.
_TORCH = ("linear", "lower", "higher", "midpoint")
# By how many places more than there are elements the place of q moves while q goes from 0 to 1.
_STEPS = {"interpolated_inverted_cdf": 0, "hazen": 0, "weibull": 1, "median_unbiased": 1 / 3, "normal_unbiased": 1 / 4}
_OF_ELEMENTS = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")  # never between two


def _merged(a: Any, axis: Any) -> Any:
    """The axes of a reduction as the last one."""
    if axis is None:
        return ravel(a)
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    places = {x % a.ndim for x in axes}
    kept = [size for i, size in enumerate(a.shape) if i not in places]
    return reshape(np.moveaxis(a, axes, range(-len(axes), 0)), *kept, math.prod(a.shape[i] for i in places))


def _quantile(function: Callable[..., Any], name: str, scale: float) -> Callable[..., Any]:
    def numpy_function(a: Any, q: Any, axis: Any = None, overwrite_input: bool = False, method: str = "linear",
                       keepdims: Any = False, *, weights: Any = None) -> Any:  # fmt: skip
        a = operand(a)
        if a.dtype.kind == "c":
            raise DtypeError(f"np.{name}: needs real numbers, got {a.dtype}")
        asked = (
            None if isinstance(q, (int, float)) else np.asarray(plainly(q, held)).dtype
        )  # Python's numbers have none
        between = np.result_type(a.dtype, *([] if asked is None else [asked]), 0.0)
        x = _merged(in_dtype(a, a.dtype if method in _OF_ELEMENTS else between), axis)
        if name.startswith("nan") and not x.shape[-1]:
            return _of_nothing(a, q, axis, keepdims)
        if method in _TORCH and weights is None:
            shares = (q if isinstance(q, Tensor) else np.asarray(q, np.float64)) / scale
            value = function(x, ravel(shares), -1, interpolation=method)
        else:
            weighted = {} if weights is None else {"weights": _weights(value_of(weights), a, axis)}
            value = _by_rank(getattr(np, name), x, ravel(operand(q)), method, scale, weighted)
        rest = kept_shape(a.shape, axis) if keepdims and axis != () else value.shape[1:]
        return reshape(value, *np.shape(plainly(q, held)), *rest)

    return numpy_function


def _weights(weights: Any, a: Any, axis: Any) -> Any:
    return _merged(weights, axis) if weights.ndim > 1 or axis is None else weights


def _by_rank(function: Any, x: Any, q: Any, method: str, scale: float, weights: dict[str, Any]) -> Any:
    """Quantiles along the last axis: NumPy finds those of the ranks, which say between which elements they lie."""
    value = value_of(x)
    order = np.argsort(value, axis=-1, kind="stable")
    ranks = np.where(np.isnan(value), np.nan, np.argsort(order, axis=-1))
    places = np.moveaxis(function(ranks, value_of(q), axis=-1, method=method, **weights), 0, -1)
    places = np.where(np.isnan(places), x.shape[-1] - 1, places)  # NaN is sorted last
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, x.shape[-1] - 1)
    low, high = (take_along_axis(x, np.take_along_axis(order, at, -1), -1) for at in (below, above))
    share: Any = (places - below).astype(x.dtype)
    if method in _STEPS and isinstance(q, Tensor):
        counts = np.sum(~np.isnan(value), axis=-1, keepdims=True)
        slope = np.where((places > 0) & (places < counts - 1), counts + _STEPS[method], 0) / scale
        share = share + in_dtype((q - value_of(q)) * slope, x.dtype)
    return np.moveaxis(where(value_of(share) == 0, low, low + (high - low) * share), -1, 0)


def _of_nothing(a: Any, q: Any, axis: Any, keepdims: Any) -> Any:
    """NaN at every q, as ``np.nanquantile`` has it."""
    mean = np.nanmean(a, axis, keepdims=bool(keepdims))
    return mean + np.zeros((*np.shape(plainly(q, held)), *(1,) * mean.ndim))


def _median(function: Callable[..., Any], mean: Callable[..., Any], ranked: Any) -> Callable[..., Any]:
    """``np.median``: the mean of the two middle elements."""

    def numpy_function(a: Any, axis: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
        if a.dtype.kind == "c":
            value = _by_rank(ranked, _merged(a, axis), np.array([0.5]), "midpoint", 1, {})[0]
            return reshape(value, kept_shape(a.shape, axis)) if keepdims and axis != () else value
        if not _merged(a, axis).shape[-1]:
            return mean(a, axis, keepdims=bool(keepdims))  # NaN, as NumPy has it
        return function(a, 0.5, axis, method="midpoint", keepdims=keepdims)

    return numpy_function


def _sort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None, descending: Any = False) -> Any:
    a, axis = (ravel(a), 0) if axis is None else (a, axis)
    return sorting.sort(a, axis, bool(descending)).values


def _argsort(a: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None, descending: Any = False) -> Any:
    a, axis = (ravel(a), 0) if axis is None or not a.ndim else (a, axis)
    return sorting.argsort(a, axis, bool(descending))


def _partition(a: Any, kth: Any, axis: Any = -1) -> Any:
    a, axis = (ravel(a), 0) if axis is None else (a, axis)
    return take_along_axis(a, np.argpartition(value_of(a), kth, axis), axis)


def _sort_complex(a: Any) -> Any:
    """Sorted along the last axis, in a complex dtype: of small integers in complex64."""
    found = _sort(a)
    if found.dtype.kind == "c":
        return found
    return found.to(np.complex64 if found.dtype in (np.int8, np.uint8, np.int16, np.uint16) else np.complex128)


_SHARES: dict[Any, Callable[..., Any]] = {
    np.quantile: _quantile(sorting.quantile, "quantile", 1),
    np.percentile: _quantile(sorting.quantile, "percentile", 100),
    np.nanquantile: _quantile(sorting.nanquantile, "nanquantile", 1),
    np.nanpercentile: _quantile(sorting.nanquantile, "nanpercentile", 100),
}  # fmt: skip
FUNCTIONS.update({
    np.sort: _sort, np.argsort: _argsort, np.partition: _partition, np.sort_complex: _sort_complex,
    np.median: of_inexact(np.median, _median(_SHARES[np.quantile], np.mean, np.quantile)),
    np.nanmedian: of_inexact(np.nanmedian, _median(_SHARES[np.nanquantile], np.nanmean, np.nanquantile)),
    **{function: of_inexact(function, rule) for function, rule in _SHARES.items()},
})  # fmt: skip
