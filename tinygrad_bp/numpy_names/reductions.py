"""What NumPy's reductions, scans, sorts and statistics do with Tensors: NumPy's names, arguments and meaning.

Arguments that no rule covers (``where=``, ``initial=``, ``out=``) run NumPy itself, which is refused where a gradient
would be dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.numpy_protocols import plainly, without_rule
from ..autograd.op import FUNCTIONS
from ..autograd.operands import rounds_once
from ..autograd.tensor import Tensor, wrap
from ..functions import frequencies
from ..ops import extremes, fourier, reduction, scans, sorting, statistics
from ..ops.elementwise import in_dtype, where
from ..ops.indexing import take_along_axis
from ..ops.reduction import kept_shape
from ..ops.shape import ravel, reshape

_MISSING = np._NoValue


def _plainly(name: str, a: Any, **arguments: Any) -> Any:
    """The NumPy function itself, for arguments that no rule covers."""
    given = {key: value for key, value in arguments.items() if value is not _MISSING and value is not None}
    uncovered = tuple(key for key in given if key not in ("axis", "dtype", "keepdims", "ddof", "correction"))
    return without_rule(f"np.{name}", getattr(np, name), (a,), given, uncovered)


def _uncovered(out: Any, others: dict[str, Any]) -> bool:
    return out is not None or any(value is not _MISSING for value in others.values())


def _flag(keepdims: Any) -> bool:
    return keepdims is not _MISSING and bool(keepdims)


def _over(function: Callable[..., Any], a: Any, axis: Any, keepdims: Any, **more: Any) -> Any:
    """The reduction, also over no axes, which in NumPy are () and not all of them."""
    if axis == ():
        return function(a[..., None], a.ndim, **more)
    return function(a, axis, keepdims=_flag(keepdims), **more)


def _without_dtype(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def numpy_function(a: Any, axis: Any = None, out: Any = None, keepdims: Any = _MISSING, **others: Any) -> Any:
        if _uncovered(out, others):
            return _plainly(name, a, axis=axis, out=out, keepdims=keepdims, **others)
        return _over(function, a, axis, keepdims)

    return numpy_function


def _with_dtype(function: Callable[..., Any], name: str, settle: Callable[[Any], Any]) -> Callable[..., Any]:
    def numpy_function(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _MISSING, **others: Any
    ) -> Any:
        if _uncovered(out, others):
            return _plainly(name, a, axis=axis, dtype=dtype, out=out, keepdims=keepdims, **others)
        return _over(function, a, axis, keepdims, dtype=settle(a) if dtype is None else dtype)

    return numpy_function


def _sum_dtype(a: Any) -> Any:
    """The dtype in which NumPy adds up and multiplies: unsigned integers stay unsigned."""
    return np.uint64 if a.dtype.kind == "u" else None


def _mean_dtype(a: Any) -> Any:
    """The dtype in which NumPy averages: float64 for integers."""
    return np.float64 if a.dtype.kind in "bui" else None


def _as_mean(a: Any, dtype: Any = None) -> Any:
    return in_dtype(a, _mean_dtype(a) if dtype is None else dtype)


def _spread(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """``np.var`` and ``np.std``: divided by n unless ``ddof`` or ``correction`` says otherwise."""

    def numpy_function(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = _MISSING, *,
        correction: Any = _MISSING, **others: Any,
    ) -> Any:  # fmt: skip
        if _uncovered(out, others):
            return _plainly(name, a, axis=axis, dtype=dtype, out=out, ddof=ddof, keepdims=keepdims,
                            correction=correction, **others)  # fmt: skip
        ddof = ddof if correction is _MISSING else correction
        return _over(lambda x, axis, keepdims=False: function(x, axis=axis, correction=ddof, keepdims=keepdims),
                     _as_mean(a, dtype), axis, keepdims)  # fmt: skip

    return numpy_function


def _reduce(function: Callable[..., Any], ufunc: Any) -> Callable[..., Any]:
    """``np.add.reduce`` and its like: over the first axis where none is named."""

    def numpy_function(a: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False,
                       **others: Any) -> Any:  # fmt: skip
        if _uncovered(out, others):
            given = {key: value for key, value in others.items() if value is not _MISSING}
            return without_rule(f"np.{ufunc.__name__}.reduce", ufunc.reduce, (a, axis, dtype, out),
                                {"keepdims": keepdims, **given}, tuple(given))  # fmt: skip
        if dtype is not None:
            a = in_dtype(a, dtype)
        return function(a, axis, keepdims) if axis != () else a

    return numpy_function


def _accumulate(function: Callable[..., Any], ufunc: Any) -> Callable[..., Any]:
    def numpy_function(array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        if out is not None:
            name = f"np.{ufunc.__name__}.accumulate"
            return without_rule(name, ufunc.accumulate, (array, axis, dtype, out), {}, ("out",))
        return function(in_dtype(array, dtype), axis)

    return numpy_function


def _scan(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """``np.cumsum`` and its like: over all elements where no axis is named."""

    def numpy_function(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        if out is not None:
            return _plainly(name, a, axis=axis, dtype=dtype, out=out)
        dtype = _sum_dtype(a) if dtype is None else dtype
        return function(ravel(a), 0, dtype=dtype) if axis is None else function(a, axis, dtype=dtype)

    return numpy_function


# ---------------------------------------------------------------------- what is not NaN


def _filled(function: Callable[..., Any], name: str, fill: float) -> Callable[..., Any]:
    """``np.nanmax`` and its like: NaN replaced by what does not count, and put back where nothing else is there."""

    def numpy_function(a: Any, axis: Any = None, out: Any = None, keepdims: Any = _MISSING, **others: Any) -> Any:
        if _uncovered(out, others):
            return _plainly(name, a, axis=axis, out=out, keepdims=keepdims, **others)
        bad = np.isnan(a)
        value = _over(function, where(bad, fill, a), axis, keepdims)
        return where(_over(extremes.all, bad, axis, keepdims), np.nan, value)

    return numpy_function


def _ones_for_nan(a: Any) -> Any:
    return where(np.isnan(a), 1, a)


def _nanprod(a: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    return reduction.prod(_ones_for_nan(a), axis, keepdims, dtype=dtype)


def _nancumsum(a: Any, axis: int, dtype: Any = None) -> Any:
    return scans.cumsum(where(np.isnan(a), 0, a), axis, dtype=dtype)


def _nancumprod(a: Any, axis: int, dtype: Any = None) -> Any:
    return scans.cumprod(_ones_for_nan(a), axis, dtype=dtype)


# ---------------------------------------------------------------------- order


def _merged(a: Any, axis: Any) -> Any:
    """The axes of a reduction as the last one."""
    if axis is None:
        return ravel(a)
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    places = {x % a.ndim for x in axes}
    kept = [size for i, size in enumerate(a.shape) if i not in places]
    return reshape(np.moveaxis(a, axes, range(-len(axes), 0)), *kept, math.prod(a.shape[i] for i in places))


def _quantile(function: Callable[..., Any], name: str, scale: float) -> Callable[..., Any]:
    def numpy_function(a: Any, q: Any, axis: Any = None, *, overwrite_input: bool = False, method: str = "linear",
                       keepdims: Any = False) -> Any:  # fmt: skip
        covered = method in ("linear", "lower", "higher", "midpoint")
        if not covered or not isinstance(a, Tensor) or a.dtype.kind == "c":
            given = {"axis": axis, "method": method, "keepdims": keepdims}
            return without_rule(f"np.{name}", getattr(np, name), (a, q), given, () if covered else ("method",))
        if name.startswith("nan") and not _merged(a, axis).shape[-1]:
            return _of_nothing(a, q, axis, keepdims)
        shares = (q if isinstance(q, Tensor) else np.asarray(q, np.float64)) / scale
        value = function(_merged(_as_mean(a), axis), ravel(shares), -1, interpolation=method)
        rest = kept_shape(a.shape, axis) if _flag(keepdims) and axis != () else value.shape[1:]
        return reshape(value, *shares.shape, *rest)

    return numpy_function


def _of_nothing(a: Any, q: Any, axis: Any, keepdims: Any) -> Any:
    """NaN at every q, as ``np.nanquantile`` has it."""
    mean = np.nanmean(a, axis, keepdims=_flag(keepdims))
    return mean + np.zeros((*np.shape(plainly(q)), *(1,) * mean.ndim))


def _median(function: Callable[..., Any], mean: Callable[..., Any]) -> Callable[..., Any]:
    """``np.median``: the mean of the two middle elements."""

    def numpy_function(a: Any, axis: Any = None, *, overwrite_input: bool = False, keepdims: Any = False) -> Any:
        if not _merged(a, axis).shape[-1]:
            return mean(a, axis, keepdims=keepdims)  # NaN, as NumPy has it
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
    return take_along_axis(a, np.argpartition(a._value, kth, axis), axis)


# ---------------------------------------------------------------------- statistics


def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = _MISSING) -> Any:
    if out is not None:
        return _plainly("ptp", a, axis=axis, out=out, keepdims=keepdims)
    return _over(reduction.amax, a, axis, keepdims) - _over(reduction.amin, a, axis, keepdims)


def _any(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return extremes.any(a != 0, axis, keepdims)  # a bool, also of uint8


def _all(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return extremes.all(a != 0, axis, keepdims)


@rounds_once
def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _MISSING) -> Any:
    a = _as_mean(a if isinstance(a, Tensor) else wrap(np.asarray(a), None))
    if weights is None:
        mean = _over(reduction.mean, a, axis, keepdims)
        total: Any = np.full(mean.shape, reduction.count_of(a.shape, mean.shape), a.dtype)
    else:
        weights = weights if hasattr(weights, "dtype") else np.asarray(weights)
        if tuple(weights.shape) != a.shape:
            if axis is None or isinstance(axis, tuple) or weights.ndim != 1 or weights.shape[0] != a.shape[axis]:
                raise ArgumentError("np.average: give weights of the shape of a, or 1-d weights and their one axis")
            weights = reshape(weights, *(-1 if i == axis % a.ndim else 1 for i in range(a.ndim)))
        weights = np.broadcast_to(weights, a.shape)
        total = _over(reduction.sum, weights, axis, keepdims)
        mean = _over(reduction.sum, a * weights, axis, keepdims) / total
    return (mean, total if isinstance(total, Tensor) else wrap(np.asarray(total), None)) if returned else mean


def _variables(m: Any, y: Any, rowvar: bool) -> Any:
    """NumPy's observations as rows of variables."""
    m = m if rowvar or m.ndim < 2 else np.transpose(m)
    if y is None:
        return m
    y = y if rowvar or y.ndim < 2 else np.transpose(y)
    return np.concatenate([reshape(part, 1, -1) if part.ndim < 2 else part for part in (m, y)], 0)


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
         aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    correction = (0 if bias else 1) if ddof is None else ddof
    weights = [None if w is None else w if hasattr(w, "dtype") else np.asarray(w) for w in (fweights, aweights)]
    x = _as_mean(_variables(m, y, rowvar), dtype)
    result = statistics.cov(x, correction=correction, fweights=weights[0], aweights=weights[1])
    return reshape(result, ()) if result.shape == (1, 1) else result


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    result = statistics.corrcoef(_as_mean(_variables(x, y, rowvar), dtype))
    return reshape(result, ()) if result.shape == (1, 1) else result


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = _MISSING, append: Any = _MISSING) -> Any:
    ends: list[Any] = []
    for end in (prepend, append):
        if end is _MISSING or end is None:
            ends.append(None)
            continue
        end = end if hasattr(end, "dtype") else np.asarray(end)
        one = tuple(1 if i == axis % a.ndim else size for i, size in enumerate(a.shape))
        ends.append(np.broadcast_to(end, one) if end.ndim == 0 else end)
    return scans.diff(a, n, axis, *ends)


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    axes = range(f.ndim) if axis is None else (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    steps = list(varargs) * (len(axes) if len(varargs) == 1 else 1) or [1.0] * len(axes)
    if len(steps) != len(axes):
        raise ArgumentError(f"np.gradient: {len(axes)} axes but {len(steps)} spacings; give one each, or one number")
    steps = [step if np.ndim(step) == 0 or hasattr(step, "dtype") else np.asarray(step) for step in steps]
    f = _as_mean(f)
    slopes = [scans.slope_along(f, step, i % f.ndim, edge_order) for step, i in zip(steps, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return scans.trapezoid(y, x if x is None or hasattr(x, "dtype") else np.asarray(x), dx=dx, dim=axis)


FUNCTIONS.update({
    np.sum: _with_dtype(reduction.sum, "sum", _sum_dtype), np.mean: _with_dtype(reduction.mean, "mean", _mean_dtype),
    np.prod: _with_dtype(reduction.prod, "prod", _sum_dtype),
    np.nansum: _with_dtype(reduction.nansum, "nansum", _sum_dtype),
    np.nanmean: _with_dtype(reduction.nanmean, "nanmean", _mean_dtype),
    np.nanprod: _with_dtype(_nanprod, "nanprod", _sum_dtype),
    np.var: _spread(reduction.var, "var"), np.std: _spread(reduction.std, "std"),
    np.max: _without_dtype(reduction.amax, "max"), np.amax: _without_dtype(reduction.amax, "max"),
    np.min: _without_dtype(reduction.amin, "min"), np.amin: _without_dtype(reduction.amin, "min"),
    np.nanmax: _filled(reduction.amax, "nanmax", -np.inf), np.nanmin: _filled(reduction.amin, "nanmin", np.inf),
    np.argmax: _without_dtype(extremes.argmax, "argmax"), np.argmin: _without_dtype(extremes.argmin, "argmin"),
    np.any: _without_dtype(_any, "any"), np.all: _without_dtype(_all, "all"), np.ptp: _ptp,
    np.cumsum: _scan(scans.cumsum, "cumsum"), np.cumprod: _scan(scans.cumprod, "cumprod"),
    np.nancumsum: _scan(_nancumsum, "nancumsum"), np.nancumprod: _scan(_nancumprod, "nancumprod"),
    np.diff: _diff, np.gradient: _gradient, np.trapezoid: _trapezoid,
    np.sort: _sort, np.argsort: _argsort, np.partition: _partition,
    np.median: _median(_quantile(sorting.quantile, "quantile", 1), np.mean),
    np.nanmedian: _median(_quantile(sorting.nanquantile, "nanquantile", 1), np.nanmean),
    np.quantile: _quantile(sorting.quantile, "quantile", 1),
    np.percentile: _quantile(sorting.quantile, "percentile", 100),
    np.nanquantile: _quantile(sorting.nanquantile, "nanquantile", 1),
    np.nanpercentile: _quantile(sorting.nanquantile, "nanpercentile", 100),
    np.average: _average, np.cov: _cov, np.corrcoef: _corrcoef,
    (np.add, "reduce"): _reduce(reduction.sum, np.add), (np.multiply, "reduce"): _reduce(reduction.prod, np.multiply),
    (np.maximum, "reduce"): _reduce(reduction.amax, np.maximum),
    (np.minimum, "reduce"): _reduce(reduction.amin, np.minimum),
    (np.logaddexp, "reduce"): _reduce(reduction.logsumexp, np.logaddexp),
    (np.add, "accumulate"): _accumulate(scans.cumsum, np.add),
    (np.multiply, "accumulate"): _accumulate(scans.cumprod, np.multiply),
    (np.maximum, "accumulate"): _accumulate(lambda a, axis: scans.cummax(a, axis).values, np.maximum),
    (np.minimum, "accumulate"): _accumulate(lambda a, axis: scans.cummin(a, axis).values, np.minimum),
    (np.logaddexp, "accumulate"): _accumulate(scans.logcumsumexp, np.logaddexp),
})  # fmt: skip


# ---------------------------------------------------------------------- Fourier transforms


def _transform(name: str, default: Any) -> Callable[..., Any]:
    """``np.fft.*``: the same transforms with NumPy's argument names, in which integers are double."""
    function: Callable[..., Any] = getattr(fourier, name)

    def run(a: Any, sizes: Any, places: Any, norm: Any, out: Any) -> Any:
        if not isinstance(default, int) and isinstance(places, int):
            raise ArgumentError(f"np.fft.{name}: axes is a tuple of integers, got {places}")
        if out is not None:
            return without_rule(f"np.fft.{name}", getattr(np.fft, name), (a, sizes, places, norm, out), {}, ("out",))
        return function(_as_mean(a), sizes, places, norm)

    if isinstance(default, int):
        return lambda a, n=None, axis=default, norm=None, out=None: run(a, n, axis, norm, out)
    return lambda a, s=None, axes=default, norm=None, out=None: run(a, s, axes, norm, out)


# The axes where none are named.
for _end, _axes in (("", -1), ("2", (-2, -1)), ("n", None)):
    for _kind in ("fft", "ifft", "rfft", "irfft") if _end else ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
        FUNCTIONS[getattr(np.fft, _kind + _end)] = _transform(_kind + _end, _axes)
FUNCTIONS[np.fft.fftshift] = lambda x, axes=None: frequencies.fftshift(x, axes)
FUNCTIONS[np.fft.ifftshift] = lambda x, axes=None: frequencies.ifftshift(x, axes)
