"""What NumPy's statistics and differences do with Tensors: NumPy's names, arguments and meaning."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.op import FUNCTIONS
from ..autograd.operands import refuse_complex, rounds_once
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import detached, value_of
from ..ops import reduction, scans, statistics
from ..ops.elementwise import in_dtype, where
from ..ops.searching import sorted_places
from ..ops.shape import ravel, reshape
from .functions import of_inexact, operand
from .reductions import as_mean, over

_UNSAID = np._NoValue


@rounds_once
def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = _UNSAID) -> Any:
    a = as_mean(a if isinstance(a, Tensor) else wrap(np.asarray(a), None))
    if weights is None:
        mean = over(reduction.mean, a, axis, keepdims)
        total: Any = np.full(mean.shape, reduction.count_of(a.shape, mean.shape), a.dtype)
    else:
        weights = weights if hasattr(weights, "dtype") else np.asarray(weights)
        if tuple(weights.shape) != a.shape:
            if axis is None or isinstance(axis, tuple) or weights.ndim != 1 or weights.shape[0] != a.shape[axis]:
                raise ArgumentError("np.average: give weights of the shape of a, or 1-d weights and their one axis")
            weights = reshape(weights, *(-1 if i == axis % a.ndim else 1 for i in range(a.ndim)))
        weights = np.broadcast_to(weights, a.shape)
        total = over(reduction.sum, weights, axis, keepdims)
        mean = over(reduction.sum, a * weights, axis, keepdims) / total
    return (mean, total if isinstance(total, Tensor) else wrap(np.asarray(total), None)) if returned else mean


def _variables(m: Any, y: Any, rowvar: bool) -> Any:
    """NumPy's observations as rows of variables."""
    m = m if rowvar or m.ndim < 2 else np.transpose(m)
    if y is None:
        return m
    y = y if rowvar or y.ndim < 2 else np.transpose(y)
    return np.concatenate([reshape(part, 1, -1) if part.ndim < 2 else part for part in (m, y)], 0)


def _as_double(x: Any, dtype: Any) -> Any:
    """In float64 at least, or in the dtype that was asked for."""
    return in_dtype(x, np.result_type(x.dtype, np.float64) if dtype is None else dtype)


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
         aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    correction = (0 if bias else 1) if ddof is None else ddof
    weights = [None if w is None else operand(w) for w in (fweights, aweights)]
    x = _as_double(_variables(m, y, rowvar), dtype)
    weights[1] = weights[1] if weights[1] is None else in_dtype(weights[1], np.float64)
    result = statistics.cov(x, correction=correction, fweights=weights[0], aweights=weights[1])
    return reshape(result, ()) if result.shape == (1, 1) else result


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    result = statistics.corrcoef(_as_double(_variables(x, y, rowvar), dtype))
    return reshape(result, ()) if result.shape == (1, 1) else result


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = _UNSAID, append: Any = _UNSAID) -> Any:
    ends: list[Any] = []
    for end in (prepend, append):
        if end is _UNSAID or end is None:
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
    f = as_mean(f)
    slopes = [scans.slope_along(f, step, i % f.ndim, edge_order) for step, i in zip(steps, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return scans.trapezoid(y, x if x is None or hasattr(x, "dtype") else np.asarray(x), dx=dx, dim=axis)


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = ravel(operand(ary))
    ends = [None if end is None else in_dtype(ravel(operand(end)), ary.dtype) for end in (to_begin, to_end)]
    parts = (ends[0], ary[1:] - ary[:-1], ends[1])
    return np.concatenate([part for part in parts if part is not None])


def _unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """The jumps that NumPy takes out are constants; the slope is that of p."""
    p = as_mean(p)
    return p + (np.unwrap(value_of(p), discont, axis, period=period) - value_of(p))


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    refuse_complex("np.interp", x, xp)
    fp = operand(fp)
    dtype = np.complex128 if fp.dtype.kind == "c" else np.float64
    x, xp, fp = in_dtype(operand(x), np.float64), in_dtype(operand(xp), np.float64), in_dtype(fp, dtype)
    if xp.ndim != 1 or fp.shape != xp.shape or not xp.shape[0]:
        raise ArgumentError(
            f"np.interp: xp and fp are vectors of one length, got {shape_text(xp.shape)} and {shape_text(fp.shape)}"
        )
    if period is not None:
        if period == 0:
            raise ArgumentError("np.interp: period must not be 0")
        period = abs(period)
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(value_of(xp))  # of equal ones whichever NumPy takes first
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    at, knots, last = detached(x), detached(xp), xp.shape[0] - 1
    below = np.clip(sorted_places(knots, at, "right") - 1, 0, max(last - 1, 0))
    above = np.minimum(below + 1, last)
    x0, x1, y0, y1 = xp[below], xp[above], fp[below], fp[above]
    same = knots[below] == knots[above]
    inside = y0 + (y1 - y0) * ((x - x0) / where(same, 1.0, x1 - x0))
    ends = [fp[end] if given is None else in_dtype(operand(given), dtype) for end, given in ((0, left), (-1, right))]
    inside = where(at == knots[-1], fp[-1], inside)
    return where(at < knots[0], ends[0], where(at > knots[-1], ends[1], inside))


FUNCTIONS.update({
    np.diff: _diff, np.gradient: _gradient, np.trapezoid: of_inexact(np.trapezoid, _trapezoid),
    np.average: _average, np.cov: _cov, np.corrcoef: _corrcoef, np.ediff1d: _ediff1d,
    np.unwrap: of_inexact(np.unwrap, _unwrap), np.interp: _interp,
})  # fmt: skip
