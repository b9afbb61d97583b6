"""What NumPy's functions of sets, of zeros at the ends, and of histograms do with Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.numpy_protocols import plainly
from ..autograd.op import FUNCTIONS
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import value_of
from ..ops import indexing, joining, shape, statistics
from ..ops.elementwise import in_dtype
from .functions import operand, without_gradient
from .shapes import alike


def _unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, **options: Any,
) -> Any:  # fmt: skip
    find: Any = np.unique
    _, first, *others = find(value_of(ar), True, return_inverse, return_counts, axis, **options)
    source, place = (shape.ravel(ar), 0) if axis is None else (ar, shape.dim_of(axis, ar.ndim, "np.unique"))
    values = indexing.getitem(source, indexing.along(place, first))
    return (values, *([first] * return_index), *others) if return_index or others else values


def _of_values(function: Callable[..., Any], count: int = 1) -> Callable[..., Any]:
    """A function that gives values found in its first arguments (and what belongs to them): they are read there."""

    def numpy_function(*args: Any, **kwargs: Any) -> Any:
        found = function(*plainly(args), **plainly(kwargs))
        several = isinstance(found, tuple)
        pool = joining.cat([shape.ravel(x) for x in alike(args[:count])], 0)
        order = np.argsort(value_of(pool), kind="stable")
        values = found[0] if several else found
        places = order[np.searchsorted(value_of(pool)[order], values.astype(pool.dtype))]
        read = indexing.getitem(pool, places)
        if not several:
            return read
        return found._replace(values=read) if hasattr(found, "_fields") else (read, *found[1:])

    return numpy_function


def _trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    value, find = value_of(filt), without_gradient(np.trim_zeros)
    wanted = find(value, trim) if axis is None else find(value, trim, axis)
    first = np.argwhere(value).min(0, initial=0 if not value.any() else max(value.shape))
    axes = range(value.ndim) if axis is None else [d % value.ndim for d in np.atleast_1d(axis)]
    starts = [int(first[d]) if d in axes and "f" in trim.lower() else 0 for d in range(value.ndim)]
    return filt[tuple(slice(a, a + size) for a, size in zip(starts, wanted.shape, strict=True))]


# ---------------------------------------------------------------------- histograms


def _histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """The edges: between the least and the greatest element, whose gradient they share."""
    if isinstance(bins, Tensor):
        return bins
    edges = np.histogram_bin_edges(value_of(a), bins, range, None if weights is None else value_of(weights))
    a = operand(a)
    fixed = range is not None or np.ndim(bins) > 0 or a.dtype.kind not in "f" or not a.shape or 0 in a.shape
    if fixed or value_of(a).min() == value_of(a).max():
        return wrap(edges, None)
    return np.linspace(np.min(a), np.max(a), edges.size)


def _histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    edges = _histogram_bin_edges(a, bins, range, weights)
    at, value = value_of(edges), np.ravel(value_of(a))
    if weights is None:
        counts = wrap(np.histogram(value, at)[0], None)
    else:
        weights = shape.ravel(operand(weights))
        inside = (value >= at[0]) & (value <= at[-1])
        places = np.minimum(np.searchsorted(at, value[inside], side="right") - 1, at.size - 2)
        counts = statistics.bincount(places, in_dtype(weights[inside], np.float64), at.size - 1)
        counts = in_dtype(counts, weights.dtype)
    if density:
        counts = in_dtype(counts, np.float64) / in_dtype(np.diff(edges), np.float64) / np.sum(counts)
    return counts, edges


FUNCTIONS.update({
    np.unique: _unique, np.unique_values: _of_values(np.unique_values), np.unique_counts: _of_values(np.unique_counts),
    np.unique_inverse: _of_values(np.unique_inverse), np.unique_all: _of_values(np.unique_all),
    np.union1d: _of_values(np.union1d, 2), np.intersect1d: _of_values(np.intersect1d, 2),
    np.setdiff1d: _of_values(np.setdiff1d, 2), np.setxor1d: _of_values(np.setxor1d, 2), np.trim_zeros: _trim_zeros,
    np.histogram: _histogram, np.histogram_bin_edges: _histogram_bin_edges,
})  # fmt: skip
