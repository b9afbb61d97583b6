"""What NumPy's reductions and scans do with Tensors: NumPy's names, arguments and meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.op import FUNCTIONS
from ..autograd.operands import rounds_once
from ..autograd.values import detached, held
from ..ops import extremes, reduction, scans
from ..ops.elementwise import in_dtype
from ..ops.elementwise import where as choose
from ..ops.shape import broadcast_to, ravel
from .functions import of_inexact, operand

_MISSING = np._NoValue


def _flag(keepdims: Any) -> bool:
    return keepdims is not _MISSING and bool(keepdims)


def over(function: Callable[..., Any], a: Any, axis: Any, keepdims: Any, **more: Any) -> Any:
    """The reduction, also over no axes, which in NumPy are () and not all of them."""
    if axis == ():
        return function(a[..., None], a.ndim, **more)
    return function(a, axis, keepdims=_flag(keepdims), **more)


def _mask(a: Any, mask: Any) -> Any:
    """``where=`` as an array of the shape of ``a``; None where all elements count."""
    if mask is _MISSING or mask is True:
        return None
    if held(mask).dtype != np.bool_:
        raise DtypeError(f"where= takes booleans, got {held(mask).dtype}; compare first, as in where=mask > 0")
    return broadcast_to(detached(mask), a.shape)


def _only(a: Any, mask: Any, fill: Any) -> Any:
    """The elements that count, and ``fill`` in the place of the others."""
    return a if mask is None else choose(mask, a, fill)


def _sum_dtype(a: Any) -> Any:
    """The dtype in which NumPy adds up and multiplies: unsigned integers stay unsigned."""
    return np.uint64 if a.dtype.kind == "u" else None


def _mean_dtype(a: Any) -> Any:
    """The dtype in which NumPy averages: float64 for integers."""
    return np.float64 if a.dtype.kind in "bui" else None


def as_mean(a: Any, dtype: Any = None) -> Any:
    """In the dtype in which NumPy averages, or that which was asked for."""
    return in_dtype(a, _mean_dtype(a) if dtype is None else dtype)


# ---------------------------------------------------------------------- sums and products


def _total(function: Callable[..., Any], join: Callable[..., Any], nothing: float, first: Any = None) -> Any:
    """``np.sum`` and its like; ``nothing`` is what an element counts that does not, ``join`` takes ``initial`` in."""

    def numpy_function(a: Any, axis: Any = first, dtype: Any = None, keepdims: Any = _MISSING,
                       initial: Any = _MISSING, where: Any = _MISSING) -> Any:  # fmt: skip
        a = _only(a, _mask(a, where), nothing)
        result = over(function, a, axis, keepdims, dtype=_sum_dtype(a) if dtype is None else dtype)
        return result if initial is _MISSING or initial is None else in_dtype(join(result, initial), result.dtype)

    return numpy_function


def _extreme(function: Callable[..., Any], join: Callable[..., Any], first: Any = None) -> Any:
    """``np.max`` and its like; where no element counts, the result is ``initial``."""

    def numpy_function(a: Any, axis: Any = first, dtype: Any = None, keepdims: Any = _MISSING,
                       initial: Any = _MISSING, where: Any = _MISSING) -> Any:  # fmt: skip
        a, mask = in_dtype(a, dtype), _mask(a, where)
        if initial is _MISSING or initial is None:
            if mask is not None:
                raise ArgumentError("np.max and np.min: where= needs initial=, the result where no element counts")
            return over(function, a, axis, keepdims)
        initial = in_dtype(operand(initial), a.dtype)
        if 0 in a.shape:
            return broadcast_to(initial, np.sum(held(a), axis, keepdims=_flag(keepdims)).shape)
        return join(over(function, _only(a, mask, initial), axis, keepdims), initial)

    return numpy_function


def _logsumexp(a: Any, axis: Any, keepdims: bool = False, dtype: Any = None) -> Any:
    return reduction.logsumexp(in_dtype(a, dtype), axis, keepdims)


def _truth(function: Callable[..., Any], nothing: bool) -> Callable[..., Any]:
    """``np.any`` and ``np.all``: a bool, also of uint8."""
    return lambda a, axis=None, keepdims=_MISSING, *, where=_MISSING: over(
        function, _only(a != 0, _mask(a, where), nothing), axis, keepdims
    )


def _position(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, axis=None, *, keepdims=_MISSING: over(function, a, axis, keepdims)


def _mean(a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = _MISSING, where: Any = _MISSING) -> Any:
    mask = _mask(a, where)
    dtype = _mean_dtype(a) if dtype is None else dtype
    if mask is None:
        return over(reduction.mean, a, axis, keepdims, dtype=dtype)
    return _mean_of(in_dtype(a, dtype), mask, axis, keepdims)


@rounds_once
def _mean_of(a: Any, mask: Any, axis: Any, keepdims: Any) -> Any:
    return over(reduction.sum, _only(a, mask, 0), axis, keepdims) / _counted(mask, axis, keepdims, a.dtype)


def _counted(mask: Any, axis: Any, keepdims: Any, dtype: Any) -> Any:
    """How many elements count, in a dtype."""
    return np.asarray(np.sum(mask, axis, keepdims=_flag(keepdims))).astype(dtype)


def _spread(function: Callable[..., Any], root: bool) -> Callable[..., Any]:
    """``np.var`` and ``np.std``: divided by n unless ``ddof`` or ``correction`` says otherwise."""

    def numpy_function(
        a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = _MISSING, *,
        where: Any = _MISSING, mean: Any = _MISSING, correction: Any = _MISSING,
    ) -> Any:  # fmt: skip
        ddof = ddof if correction is _MISSING else correction
        a, mask = as_mean(a, dtype), _mask(a, where)
        if mask is None and mean is _MISSING:
            found = over(lambda x, axis, keepdims=False: function(x, axis=axis, correction=ddof, keepdims=keepdims),
                          a, axis, keepdims)  # fmt: skip
        else:
            found = _spread_around(
                a, np.ones(a.shape, bool) if mask is None else mask, axis, ddof, keepdims, mean, root
            )
        return found if dtype is None else in_dtype(found, dtype)

    return numpy_function


@rounds_once
def _spread_around(a: Any, mask: Any, axis: Any, ddof: float, keepdims: Any, mean: Any, root: bool) -> Any:
    centre = _mean_of(a, mask, axis, True) if mean is _MISSING else operand(mean)
    apart = choose(mask, a - centre, 0)
    squares = np.square(np.real(apart)) + np.square(np.imag(apart)) if apart.dtype.kind == "c" else apart * apart
    divisor = np.maximum(_counted(mask, axis, keepdims, squares.dtype) - ddof, 0)
    variance = over(reduction.sum, squares, axis, keepdims) / divisor
    if not root:
        return variance
    flat = detached(variance) == 0  # the slope of the root is infinite there; no gradient passes
    return choose(flat, 0, np.sqrt(choose(flat, 1, variance)))


# ---------------------------------------------------------------------- scans


def _accumulate(function: Callable[..., Any]) -> Callable[..., Any]:
    def numpy_function(array: Any, axis: int = 0, dtype: Any = None) -> Any:
        return function(array, axis, dtype=_sum_dtype(array) if dtype is None else dtype)

    return numpy_function


def _scan(function: Callable[..., Any]) -> Callable[..., Any]:
    """``np.cumsum`` and its like: over all elements where no axis is named."""

    def numpy_function(a: Any, axis: Any = None, dtype: Any = None) -> Any:
        dtype = _sum_dtype(a) if dtype is None else dtype
        return function(ravel(a), 0, dtype=dtype) if axis is None else function(a, axis, dtype=dtype)

    return numpy_function


def _cumulative(function: Callable[..., Any], start: int) -> Callable[..., Any]:
    """``np.cumulative_sum`` and its like; with ``include_initial`` the scan begins with ``start``."""

    def numpy_function(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        if axis is None and x.ndim > 1:
            raise ArgumentError(f"np.cumulative_{function.__name__[3:]}: of {x.ndim} dimensions, name one: axis=")
        axis = 0 if axis is None else axis
        found = function(x, axis, dtype=_sum_dtype(x) if dtype is None else dtype)
        if not include_initial:
            return found
        sizes = [1 if d == axis % x.ndim else size for d, size in enumerate(x.shape)]
        return np.concatenate([np.full(sizes, start, found.dtype), found], axis)

    return numpy_function


# ---------------------------------------------------------------------- what is not NaN


def _is_number(a: Any, mask: Any = None) -> Any:
    good = ~np.isnan(detached(a))
    return good if mask is None else good & mask


def _filled(function: Callable[..., Any], fill: float) -> Callable[..., Any]:
    """``np.nanmax`` and its like: NaN replaced by what does not count, and put back where nothing else is there."""

    def numpy_function(a: Any, axis: Any = None, keepdims: Any = _MISSING, initial: Any = _MISSING,
                       where: Any = _MISSING) -> Any:  # fmt: skip
        bad = ~_is_number(a)
        value = function(choose(bad, fill, a), axis, None, keepdims, initial, where)
        return choose(np.all(bad, axis, keepdims=_flag(keepdims)), np.nan, value)

    return numpy_function


def _ignoring(function: Callable[..., Any]) -> Callable[..., Any]:
    """``np.nanmean`` and its like: only numbers count."""

    def numpy_function(a: Any, axis: Any = None, dtype: Any = None, *args: Any, where: Any = _MISSING,
                       **said: Any) -> Any:  # fmt: skip
        return function(a, axis, dtype, *args, where=_is_number(a, _mask(a, where)), **said)

    return numpy_function


def _nan_spread(function: Callable[..., Any], root: bool) -> Callable[..., Any]:
    """``np.nanvar`` and ``np.nanstd``: NaN where too few numbers are left."""
    spread = _ignoring(_spread(function, root))

    def numpy_function(a: Any, axis: Any = None, dtype: Any = None, ddof: float = 0, keepdims: Any = _MISSING, *,
                       where: Any = _MISSING, mean: Any = _MISSING, correction: Any = _MISSING) -> Any:  # fmt: skip
        ddof = ddof if correction is _MISSING else correction
        few = np.sum(_is_number(a, _mask(a, where)), axis, keepdims=_flag(keepdims)) <= ddof
        with np.errstate(invalid="ignore", divide="ignore"):
            return choose(few, np.nan, spread(a, axis, dtype, ddof, keepdims, where=where, mean=mean))

    return numpy_function


def _ones_for_nan(a: Any) -> Any:
    return choose(np.isnan(a), 1, a)


def _nancumsum(a: Any, axis: int, dtype: Any = None) -> Any:
    return scans.cumsum(choose(np.isnan(a), 0, a), axis, dtype=dtype)


def _nancumprod(a: Any, axis: int, dtype: Any = None) -> Any:
    return scans.cumprod(_ones_for_nan(a), axis, dtype=dtype)


def _ptp(a: Any, axis: Any = None, keepdims: Any = _MISSING) -> Any:
    return over(reduction.amax, a, axis, keepdims) - over(reduction.amin, a, axis, keepdims)


_largest, _smallest = _extreme(reduction.amax, np.maximum), _extreme(reduction.amin, np.minimum)

FUNCTIONS.update({
    np.sum: _total(reduction.sum, np.add, 0), np.prod: _total(reduction.prod, np.multiply, 1), np.mean: _mean,
    np.var: _spread(reduction.var, False), np.std: _spread(reduction.std, True),
    np.max: _largest, np.amax: _largest, np.min: _smallest, np.amin: _smallest,
    np.nansum: _ignoring(_total(reduction.sum, np.add, 0)),
    np.nanprod: _ignoring(_total(reduction.prod, np.multiply, 1)),
    np.nanmean: _ignoring(_mean), np.nanvar: _nan_spread(reduction.var, False),
    np.nanstd: _nan_spread(reduction.std, True),
    np.nanmax: of_inexact(np.nanmax, _filled(_largest, -np.inf)),
    np.nanmin: of_inexact(np.nanmin, _filled(_smallest, np.inf)),
    np.any: _truth(extremes.any, False), np.all: _truth(extremes.all, True),
    np.argmax: _position(extremes.argmax), np.argmin: _position(extremes.argmin), np.ptp: _ptp,
    np.cumsum: _scan(scans.cumsum), np.cumprod: _scan(scans.cumprod),
    np.nancumsum: _scan(_nancumsum), np.nancumprod: _scan(_nancumprod),
    (np.add, "reduce"): _total(reduction.sum, np.add, 0, 0),
    (np.multiply, "reduce"): _total(reduction.prod, np.multiply, 1, 0),
    (np.maximum, "reduce"): _extreme(reduction.amax, np.maximum, 0),
    (np.minimum, "reduce"): _extreme(reduction.amin, np.minimum, 0),
    (np.logaddexp, "reduce"): of_inexact(np.logaddexp.reduce, _total(_logsumexp, np.logaddexp, -np.inf, 0)),
    (np.add, "accumulate"): _accumulate(scans.cumsum), (np.multiply, "accumulate"): _accumulate(scans.cumprod),
    (np.maximum, "accumulate"): lambda array, axis=0, dtype=None: scans.cummax(in_dtype(array, dtype), axis).values,
    (np.minimum, "accumulate"): lambda array, axis=0, dtype=None: scans.cummin(in_dtype(array, dtype), axis).values,
    (np.logaddexp, "accumulate"): of_inexact(
        np.logaddexp.accumulate,
        lambda array, axis=0, dtype=None: scans.logcumsumexp(in_dtype(array, dtype), axis)),
})  # fmt: skip
if hasattr(np, "cumulative_sum"):  # since NumPy 2.1
    FUNCTIONS[np.cumulative_sum] = _cumulative(scans.cumsum, 0)
    FUNCTIONS[np.cumulative_prod] = _cumulative(scans.cumprod, 1)
