"""Ops that reduce along axes. ``tg.*`` and methods follow PyTorch (dim, keepdim); axis and keepdims work as well.

As in PyTorch an empty tuple of axes stands for all of them (``any`` and ``all`` reduce none), and a 0-d tensor takes
the axes 0 and −1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.define import general, linear
from ..autograd.elsewhere import ARRAYS, boxed, outermost
from ..autograd.errors import DtypeError, IndexRangeError
from ..autograd.flags import refuse_unseen
from ..autograd.operands import rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array, Axis, DTypeLike
from .elementwise import cast_back, in_dtype, where
from .passes import MANY
from .samples import Sample, complex_of, distinct, extreme, fixed, nonzero, reductions, sample
from .scans import others, others_slope
from .shape import takes_axis

__all__ = [
    "amax", "amin", "logsumexp", "mean", "nanmean", "nansum", "prod", "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip


def axes_of(axis: Axis, ndim: int = 1) -> Any:
    """The axis argument as NumPy takes it, for a tensor of ``ndim`` dimensions; None where all are meant."""
    if axis.__class__ is int and ndim:
        return axis
    if axis is None:
        return None
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
    if not ndim and not {0, -1}.issuperset(axes):
        raise IndexRangeError(f"dimension out of range, expected to be in range of [-1, 0], got {axis}")
    return axes if axes and ndim else None


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape after a reduction that keeps the reduced axes as 1."""
    ndim = len(shape)
    axis = axes_of(axis, ndim)
    if axis is None:
        return (1,) * ndim
    kept = list(shape)
    for place in (axis,) if isinstance(axis, int) else axis:
        kept[place] = 1
    return tuple(kept)


def count_of(shape: tuple[int, ...], reduced: tuple[int, ...]) -> int:
    """How many elements go into one result, from the shapes before and after."""
    return math.prod(shape) // (math.prod(reduced) or 1)


def restore(g: Array, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """A reduced value with its reduced axes back as 1, so that it broadcasts against the input."""
    return g if keepdims or axis is None else np.reshape(g, kept_shape(shape, axis))


# ---------------------------------------------------------------------- sums and means

# The arguments are (x, axis, dtype, out, keepdims): NumPy takes them faster without names.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce

_AXES = {"axis": None, "keepdims": False}
_SUMS = {**_AXES, "dtype": None}
_complex = sample((2, 3), of=complex_of(), axis=1)
_wide = sample((9,), of=extreme, smooth=False, axis=0)


def _summed(x: Any, axis: Axis, keepdims: Any, dtype: Any) -> Any:
    if axis is not None:
        axis = axes_of(axis, x.ndim)
    if dtype is None and x.dtype.kind in "bui":
        dtype = dtypes.int64
    return _add(x, axis, dtype, None, keepdims)


def _spread_out(g: Any, x_shape: tuple[int, ...], x_dtype: Any, axis: Axis, keepdims: bool, dtype: Any) -> Any:
    g = np.broadcast_to(restore(g, x_shape, axis, keepdims), x_shape)
    if dtype is None:
        return g
    if np.dtype(dtype).kind not in "fc":
        raise DtypeError(f"backward through a reduction with dtype={np.dtype(dtype)}: integers have no gradient; leave "
                         "dtype out, or detach the tensor")
    return cast_back(g, x_dtype)


sum = linear("sum", _summed, _spread_out, params=_SUMS, wide=True, formula="Σ x",
             samples=(*reductions(), _complex, _wide, sample((2, 3), axis=0, dtype=dtypes.float64)),
             reference=lambda x, axis=None, keepdims=False, dtype=None: np.sum(
                 x, axis=axis, keepdims=keepdims, dtype=dtype),
             grad_fn=lambda axis: "SumBackward0" if axis is None else "SumBackward1",
             doc="Sum over the given axes (all by default), in ``dtype``; booleans and integers give int64.")


def _mean(x: Any, axis: Axis, keepdims: Any, dtype: Any) -> Any:
    if dtype is None and x.dtype.kind in "bui":
        dtype = dtypes.get_default_dtype()
    total = _summed(x, axis, keepdims, dtype)
    count = x.size // (total.size or 1)
    return total / count if count else total * np.nan


mean = linear("mean", _mean,
              lambda g, x_shape, x_dtype, axis, keepdims, dtype: _spread_out(
                  g / (count_of(x_shape, g.shape) or 1), x_shape, x_dtype, axis, keepdims, dtype),
              params=_SUMS, wide=True, formula="Σ x / n",
              samples=(*reductions(empty=False), _complex, _wide, sample((2, 3), axis=0, dtype=dtypes.float64)),
              reference=lambda x, axis=None, keepdims=False, dtype=None: np.mean(
                  x, axis=axis, keepdims=keepdims, dtype=dtype),
              grad_fn=lambda axis: "MeanBackward0" if axis is None else "MeanBackward1",
              doc="Mean over the given axes, in ``dtype``; integers give the default float dtype; NaN of nothing.")


@recorded_as("NansumBackward0")
@takes_axis
def nansum(input: Array, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """The sum over ``dim`` in which NaN counts as 0 and gets no gradient.

    >>> import tinygrad_bp as tg
    >>> tg.nansum(tg.tensor([1.0, float("nan"), 2.0]))
    tensor(3.)
    """
    return sum(where(np.isnan(input), 0, input), dim, keepdim, dtype)


@rounds_once
@takes_axis
def nanmean(input: Array, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """The mean over ``dim`` of what is not NaN.

    >>> import tinygrad_bp as tg
    >>> tg.nanmean(tg.tensor([1.0, float("nan"), 2.0]))
    tensor(1.5000)
    """
    input = in_dtype(input, dtype)
    return nansum(input, dim, keepdim) / sum(~np.isnan(input), dim, keepdim)


# ---------------------------------------------------------------------- products


def _products(x: Any, axis: Axis, keepdims: Any) -> tuple[Any, Any]:
    """The products, and of floats for each element the product of the others."""
    dtype = dtypes.int64 if x.dtype.kind in "bui" and x.dtype != np.uint64 else None
    axis = axes_of(axis, x.ndim)
    parts = 8 if axis in (-1, x.ndim - 1) and x.size >= MANY and not x.shape[-1] % 8 and x.dtype.kind in "fc" else 1
    if parts == 1:
        y = _multiply(x, axis, dtype, None, keepdims)
    else:  # NumPy multiplies parts of rows with each other by vector instructions, along a row one by one
        inner = _multiply(np.reshape(x, (*x.shape[:-1], parts, -1)), -2)
        y = _multiply(inner, -1, None, None, keepdims)
    return y, _rest(x, y, axis, keepdims) if x.dtype.kind in "fc" else None


def _rest(x: Any, y: Any, axis: Axis, keepdims: Any) -> Any:
    size = np.absolute(y)
    if (np.finfo(y.dtype).tiny < size).all() and np.isfinite(size).all():  # a quotient loses nothing
        return restore(y, x.shape, axis, keepdims) / x
    return _other_products(x, axis)


def _other_products(x: Any, axis: Axis) -> Any:
    """The product of all other elements, without a division: right where elements are 0."""
    return _in_rows(others, axis, x)


def _in_rows(function: Callable[..., Any], axis: Axis, *arrays: Any) -> Any:
    """A function of rows, at work along some axes at once."""
    x = arrays[0]
    shape = kept_shape(x.shape, axis)
    gone = [i for i in range(x.ndim) if axis is None or shape[i] != x.shape[i] or x.shape[i] == 1]
    order = (*(i for i in range(x.ndim) if i not in gone), *gone)
    sizes = tuple(x.shape[i] for i in order)
    flat = (*sizes[: x.ndim - len(gone)], math.prod(x.shape[i] for i in gone))
    places = tuple(order.index(i) for i in range(x.ndim))
    found = function(*(np.reshape(np.transpose(array, order), flat) for array in arrays))
    return np.transpose(np.reshape(found, sizes), places)


_with_zeros = (sample((4,), of=fixed(1.5, 0.0, -2.0, 0.5)),
               sample((4, 3), of=fixed(1.5, 0.0, -2.0, 0.5, 0.0, 0.0, 1.5, 0.0, 0.5, 0.0, 0.0, 0.0), axis=-1))

_other_products_op = general(
    "other_products", lambda x, axis: _products(x, axis, False)[1],
    lambda g, x, axis: _in_rows(others_slope, axis, g, x), params={"axis": None}, formula="∏ of the other x",
    samples=(*(sample((2, 3, 4), of=nonzero, axis=axis) for axis in (None, 1, (0, 2))), *_with_zeros),
    reference=lambda x, axis=None: np.divide(np.prod(x, axis=axis, keepdims=True), x, where=x != 0, out=_without_zero(
        x, axis)),
    doc="For each element the product of the others along the axes; right where elements are 0.")


def _without_zero(x: Any, axis: Axis) -> Any:
    """The products of what is not 0, where a 0 is the only one of its row; else 0."""
    only = np.sum(x == 0, axis=axis, keepdims=True) == 1
    return np.where(only & (x == 0), np.prod(np.where(x == 0, 1, x), axis=axis, keepdims=True), 0.0)


_prod_op = general("prod", _products,
                   lambda g, x, rest, axis, keepdims: restore(g, x.shape, axis, keepdims) * rest,
                   residuals={"rest": lambda x, axis: _other_products_op(x, axis)}, params=_AXES, formula="∏ x",
                   samples=(*reductions(nonzero), _complex, _wide, *_with_zeros),
                   reference=lambda x, axis=None, keepdims=False: np.prod(x, axis=axis, keepdims=keepdims),
                   grad_fn=lambda shape: "ProdBackward1" if shape else "ProdBackward0",
                   doc="Product over the given axes; its gradient is right where elements are 0, to any order.")


@takes_axis
def prod(input: Array, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """The product over ``dim`` (all axes by default), in ``dtype``; the gradient is right also where elements are 0.

    >>> import tinygrad_bp as tg
    >>> tg.prod(tg.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    product = _prod_op(in_dtype(input, dtype), dim, keepdim)
    return in_dtype(product, dtype)  # NumPy widens small integers


# ---------------------------------------------------------------------- spread


def in_range(function: Callable[[Any], Any], x: Array, axis: Axis, keepdims: Any, ufunc: Any = np.maximum) -> Any:
    """``function(x)``, a size that grows as the real numbers x do: a root of a sum of squares.

    Where the squares leave the dtype's range, it is found of numbers brought near 1 by powers of 2.
    """
    try:
        if x.__class__ in ARRAYS:  # a device raises nothing
            raise FloatingPointError
        refuse_unseen(x, small=True)
        with np.errstate(over="raise", under="raise"):
            return function(x)
    except FloatingPointError:
        if x.dtype.kind == "c":
            return function(x)
        exponent = np.frexp(outermost(ufunc, np.absolute(x), axis, True))[1]
        return np.ldexp(function(np.ldexp(x, -exponent)), exponent if keepdims else np.squeeze(exponent, axis))


def _var(x: Any, axis: Axis, correction: float, keepdims: Any) -> Any:
    if axis is not None:
        axis = axes_of(axis, x.ndim)
    centred = x - _mean(x, axis, True, None)
    squares = centred * centred if centred.dtype.kind != "c" else np.square(centred.real) + np.square(centred.imag)
    total = _add(squares, axis, None, None, keepdims)
    count = x.size // (total.size or 1) - correction
    return total / count if count > 0 else np.where(total > 0, np.inf, total * np.nan)


def _centred(x: Any, axis: Axis, count: int) -> Any:
    return x - np.add.reduce(x, axis=axes_of(axis, x.ndim), keepdims=True) / count


def _twice_over(divisor: float) -> float:
    """2 / divisor; infinite where nothing is left to divide by."""
    return 2 / divisor if divisor > 0 else math.inf


def _var_rule(g: Any, x: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    count = count_of(x.shape, g.shape)
    return restore(g, x.shape, axis, keepdims) * _twice_over(count - correction) * _centred(x, axis, count)


def _std_rule(g: Any, x: Any, y: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    # At a spread of 0 the slope is infinite; like PyTorch, no gradient passes there.
    count = count_of(x.shape, g.shape)
    safe = np.where(y == 0, np.ones_like(y), y)
    share = np.where(y == 0, np.zeros_like(y), g / safe) * (0.5 * _twice_over(count - correction))
    return restore(share, x.shape, axis, keepdims) * _centred(x, axis, count)


_SPREAD = {"axis": None, "correction": 1, "keepdims": False}
_spreads: tuple[Sample, ...] = (_complex, _wide, *(
    s for s in reductions(extra=({"correction": 1}, {"correction": 0}), empty=False) if s.shapes[0]))

_var_op = general("var", _var, _var_rule, params=_SPREAD, floats=True, holomorphic=False, gives="real",
                  formula="Σ |x − mean|² / (n − correction)", samples=_spreads,
                  reference=lambda x, axis=None, correction=1, keepdims=False:
                      np.var(x, axis=axis, ddof=correction, keepdims=keepdims),
                  doc="Variance over the given axes.")


def _std(x: Any, axis: Axis, correction: float, keepdims: Any) -> Any:
    axis = axes_of(axis, x.ndim)
    return in_range(lambda x: np.sqrt(_var(x, axis, correction, keepdims)), x, axis, keepdims)


_std_op = general("std", _std, _std_rule,
                  params=_SPREAD, floats=True, holomorphic=False, gives="real",
                  formula="√(Σ |x − mean|² / (n − correction))", samples=_spreads,
                  reference=lambda x, axis=None, correction=1, keepdims=False:
                      np.std(x, axis=axis, ddof=correction, keepdims=keepdims),
                  doc="Standard deviation over the given axes.")


def _spread(op: Any, x: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any) -> Any:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = 1 if unbiased else 0
    return op(x, dim, 1 if correction is None else correction, keepdim)


@takes_axis
def var(input: Array, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None) -> Any:
    """Variance over ``dim`` (all axes by default), divided by n − correction; the correction is 1 unless given.

    Of complex numbers it is the mean of |input − mean|², a real number.

    >>> import tinygrad_bp as tg
    >>> tg.var(tg.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _spread(_var_op, input, dim, unbiased, keepdim, correction)


@takes_axis
def std(input: Array, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None) -> Any:
    """Standard deviation over ``dim``: the square root of ``var``; no gradient passes where it is 0.

    >>> import tinygrad_bp as tg
    >>> tg.std(tg.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _spread(_std_op, input, dim, unbiased, keepdim, correction)


@recorded_as("VarMeanBackward0")
@takes_axis
def var_mean(input: Array, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Any, Any]:
    """The variance and the mean over ``dim``: ``var`` and ``mean`` with one set of arguments.

    >>> import tinygrad_bp as tg
    >>> tg.var_mean(tg.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    place = None if isinstance(dim, bool) else dim
    return _spread(_var_op, input, dim, unbiased, keepdim, correction), mean(input, place, keepdim)


@recorded_as("StdMeanBackward0")
@takes_axis
def std_mean(input: Array, dim: Axis = None, unbiased: bool | None = None, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Any, Any]:
    """The standard deviation and the mean over ``dim``: ``std`` and ``mean`` with one set of arguments.

    >>> import tinygrad_bp as tg
    >>> tg.std_mean(tg.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    place = None if isinstance(dim, bool) else dim
    return _spread(_std_op, input, dim, unbiased, keepdim, correction), mean(input, place, keepdim)


# ---------------------------------------------------------------------- log of sums


def _logsumexp(x: Any, axis: Axis, keepdims: bool) -> Any:
    axis = axes_of(axis, x.ndim)
    if x.dtype.kind in "bui":
        x = x.astype(dtypes.get_default_dtype())
    if x.size:
        top = outermost(np.maximum, x.real, axis, True)
    else:
        top = np.full_like(np.sum(x.real, axis=axis, keepdims=True), -np.inf)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    with np.errstate(divide="ignore"):  # the log of a sum of nothing but exp(−inf)
        e = boxed(x - top)
        y = np.log(np.add.reduce(np.exp(e, out=e), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(x.ndim)))


def _logsumexp_rule(g: Any, x: Any, y: Any, axis: Axis, keepdims: bool) -> Any:
    top = restore(y, x.shape, axis, keepdims)
    # Where all are −∞ they stay there: 0. At ∞ the share of ∞ in ∞ is not a number.
    share = np.exp(np.where(x == np.inf, np.nan, x) - np.where(top == -np.inf, np.zeros_like(top), top))
    return restore(g, x.shape, axis, keepdims) * share


logsumexp = general("logsumexp", _logsumexp, _logsumexp_rule, params=_AXES, floats=True,
                    formula="ln Σ eˣ",
                    samples=(*reductions(empty=False), _complex, _wide, sample((0, 3), axis=0, smooth=False)),
                    reference=lambda x, axis=None, keepdims=False: np.logaddexp.reduce(
                        x if axis is not None else np.ravel(x), axis=0 if axis is None else axis, keepdims=keepdims)
                    if not isinstance(axis, tuple) and not (axis is None and keepdims) and x.dtype.kind == "f"
                    else np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
                    doc="log of the sum of exponentials, without overflow.")

# ---------------------------------------------------------------------- extremes


def share_ties(g: Array, x: Array, y: Array, axis: Axis, keepdims: bool) -> Any:
    """The gradient of an element that was chosen for its value: all elements of that value share it equally."""
    hits = np.where(x == restore(y, x.shape, axis, keepdims), np.ones_like(x), np.zeros_like(x))
    return hits * (restore(g, x.shape, axis, keepdims) / np.add.reduce(hits, axis=axes_of(axis, x.ndim), keepdims=True))


amax = general("amax", lambda x, axis, keepdims: outermost(np.maximum, x, axes_of(axis, x.ndim), keepdims),
               share_ties, params=_AXES, formula="max x", samples=(*reductions(distinct, empty=False), _wide),
               reference=lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
               grad_fn=lambda shape: "AmaxBackward0" if shape else "MaxBackward1",
               doc="Largest element over the given axes; ties share the gradient equally.")

amin = general("amin", lambda x, axis, keepdims: outermost(np.minimum, x, axes_of(axis, x.ndim), keepdims),
               share_ties, params=_AXES, formula="min x", samples=(*reductions(distinct, empty=False), _wide),
               reference=lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
               grad_fn=lambda shape: "AminBackward0" if shape else "MinBackward1",
               doc="Smallest element over the given axes; ties share the gradient equally.")
