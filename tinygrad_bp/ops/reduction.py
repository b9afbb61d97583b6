"""Ops that reduce along axes. ``tg.*`` and methods follow PyTorch (dim, keepdim); axis and keepdims work as well."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.op import constant, general, linear
from ..autograd.tensor import Tensor
from .samples import distinct, reductions, sample

Axis = int | tuple[int, ...] | list[int] | None


def axes_of(axis: Axis) -> Any:
    """The axis argument as NumPy takes it: a list becomes a tuple."""
    return tuple(axis) if isinstance(axis, list) else axis


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape after a reduction that keeps the reduced axes as 1."""
    ndim = len(shape)
    if axis is None:
        return (1,) * ndim
    gone = {a % ndim for a in ((axis,) if isinstance(axis, int) else axis)} if ndim else set()
    return tuple(1 if i in gone else size for i, size in enumerate(shape))


def count_of(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements go into one result."""
    return math.prod(shape) // (math.prod(kept_shape(shape, axis)) or 1) if math.prod(shape) else math.prod(
        size for size, kept in zip(shape, kept_shape(shape, axis), strict=True) if kept == 1
    )


def restore(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """A reduced value with its reduced axes back as 1, so that it broadcasts against the input."""
    return g if keepdims else np.reshape(g, kept_shape(shape, axis))


# ---------------------------------------------------------------------- sums and means

_AXES = {"axis": None, "keepdims": False}

sum = linear("sum", lambda x, axis, keepdims: np.add.reduce(x, axis=axes_of(axis), keepdims=keepdims),
             lambda g, x_shape, axis, keepdims: np.broadcast_to(restore(g, x_shape, axis, keepdims), x_shape),
             params=_AXES, formula="Σ x", samples=reductions(),
             reference=lambda x, axis=None, keepdims=False: np.sum(x, axis=axis, keepdims=keepdims),
             doc="Sum over the given axes (all by default); booleans and small integers give int64.")


def _mean(x: Any, axis: Axis, keepdims: Any) -> Any:
    count = count_of(x.shape, axis)
    total = np.add.reduce(x, axis=axes_of(axis), keepdims=keepdims)
    return total / count if count else total * np.nan


mean = linear("mean", _mean,
              lambda g, x_shape, axis, keepdims: np.broadcast_to(
                  restore(g, x_shape, axis, keepdims) / (count_of(x_shape, axis) or 1), x_shape),
              params=_AXES, floats=True, formula="Σ x / n", samples=reductions(empty=False),
              reference=lambda x, axis=None, keepdims=False: np.mean(x, axis=axis, keepdims=keepdims),
              doc="Mean over the given axes; of nothing it is NaN.")


def _var(x: Any, axis: Axis, correction: float, keepdims: Any) -> Any:
    centred = x - _mean(x, axis, True)
    total = np.add.reduce(centred * centred, axis=axes_of(axis), keepdims=keepdims)
    count = count_of(x.shape, axis) - correction
    return total / count if count > 0 else total * np.nan


def _centred(x: Any, axis: Axis) -> Any:
    return x - np.mean(x, axis=axes_of(axis), keepdims=True)


_SPREAD = {"axis": None, "correction": 1, "keepdims": False}
_corrections = ({"correction": 1}, {"correction": 0})

_var_op = general("var", _var,
                  lambda g, x, axis, correction, keepdims:
                      restore(g, x.shape, axis, keepdims) * (2 / (count_of(x.shape, axis) - correction))
                      * _centred(x, axis),
                  params=_SPREAD, floats=True, formula="Σ (x − mean)² / (n − correction)",
                  samples=(*(s for s in reductions(extra=_corrections, empty=False) if s.shapes[0]),),
                  reference=lambda x, axis=None, correction=1, keepdims=False:
                      np.var(x, axis=axis, ddof=correction, keepdims=keepdims),
                  doc="Variance over the given axes.")


def _std_rule(g: Any, x: Any, y: Any, axis: Axis, correction: float, keepdims: bool) -> Any:
    # At a spread of 0 the slope is infinite; like PyTorch, no gradient passes there.
    safe = np.where(y == 0, np.ones_like(y), y)
    share = np.where(y == 0, np.zeros_like(y), g / safe)
    return restore(share, x.shape, axis, keepdims) * _centred(x, axis) / (count_of(x.shape, axis) - correction)


_std_op = general("std", lambda x, axis, correction, keepdims: np.sqrt(_var(x, axis, correction, keepdims)), _std_rule,
                  params=_SPREAD, floats=True, formula="√var(x)",
                  samples=(*(s for s in reductions(extra=_corrections, empty=False) if s.shapes[0]),),
                  reference=lambda x, axis=None, correction=1, keepdims=False:
                      np.std(x, axis=axis, ddof=correction, keepdims=keepdims),
                  doc="Standard deviation over the given axes.")


def _spread(op: Any, x: Any, dim: Any, unbiased: Any, keepdim: Any, correction: Any, axis: Any, keepdims: Any) -> Any:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = 1 if unbiased else 0
    return op(x, dim if axis is None else axis, 1 if correction is None else correction, keepdim or keepdims)


def var(x: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Variance over ``dim`` (all axes by default), divided by n − correction; the correction is 1 unless given.

    >>> import tinygrad_bp as tg
    >>> tg.var(tg.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _spread(_var_op, x, dim, unbiased, keepdim, correction, axis, keepdims)


def std(x: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Standard deviation over ``dim``: the square root of ``var``; no gradient passes where it is 0.

    >>> import tinygrad_bp as tg
    >>> tg.std(tg.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _spread(_std_op, x, dim, unbiased, keepdim, correction, axis, keepdims)


def _logsumexp(x: Any, axis: Axis, keepdims: bool) -> Any:
    axis = axes_of(axis)
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    with np.errstate(divide="ignore"):  # the log of a sum of nothing but exp(−inf)
        y = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis if axis is not None else tuple(range(x.ndim)))


def _logsumexp_rule(g: Any, x: Any, y: Any, axis: Axis, keepdims: bool) -> Any:
    top = restore(y, x.shape, axis, keepdims)
    return restore(g, x.shape, axis, keepdims) * np.exp(x - np.where(np.isfinite(top), top, np.zeros_like(top)))


logsumexp = general("logsumexp", _logsumexp, _logsumexp_rule, params=_AXES, floats=True,
                    formula="ln Σ eˣ",
                    samples=(*reductions(empty=False), sample((9,), of=lambda rng, shape: np.array(
                        [1e30, -1e30, 1e-30, -1e-30, 0.0, 88.0, -88.0, 800.0, -800.0]), smooth=False, axis=0)),
                    reference=lambda x, axis=None, keepdims=False: np.logaddexp.reduce(
                        x if axis is not None else np.ravel(x), axis=0 if axis is None else axis, keepdims=keepdims)
                    if not isinstance(axis, tuple) and not (axis is None and keepdims)
                    else np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
                    doc="log of the sum of exponentials, without overflow.")

# ---------------------------------------------------------------------- extremes


def _share_ties(g: Any, x: Any, y: Any, axis: Axis, keepdims: bool) -> Any:
    hits = np.where(x == restore(y, x.shape, axis, keepdims), np.ones_like(x), np.zeros_like(x))
    return hits * (restore(g, x.shape, axis, keepdims) / np.add.reduce(hits, axis=axes_of(axis), keepdims=True))


amax = general("amax", lambda x, axis, keepdims: np.maximum.reduce(x, axis=axes_of(axis), keepdims=keepdims),
               _share_ties, params=_AXES, formula="max x", samples=reductions(distinct, empty=False),
               reference=lambda x, axis=None, keepdims=False: np.max(x, axis=axis, keepdims=keepdims),
               doc="Largest element over the given axes; ties share the gradient equally.")

amin = general("amin", lambda x, axis, keepdims: np.minimum.reduce(x, axis=axes_of(axis), keepdims=keepdims),
               _share_ties, params=_AXES, formula="min x", samples=reductions(distinct, empty=False),
               reference=lambda x, axis=None, keepdims=False: np.min(x, axis=axis, keepdims=keepdims),
               doc="Smallest element over the given axes; ties share the gradient equally.")

_one_axis = (sample((2, 3), of=distinct), sample((2, 3), of=distinct, axis=1),
             sample((2, 3), of=distinct, axis=0, keepdims=True))
argmax = constant("argmax", lambda x, axis, keepdims: np.argmax(x, axis=axis, keepdims=keepdims), params=_AXES,
                  samples=_one_axis, doc="Index of the first largest element along an axis, or of all.",
                  reference=lambda x, axis=None, keepdims=False: np.argmax(x, axis=axis, keepdims=keepdims))
argmin = constant("argmin", lambda x, axis, keepdims: np.argmin(x, axis=axis, keepdims=keepdims), params=_AXES,
                  samples=_one_axis, doc="Index of the first smallest element along an axis, or of all.",
                  reference=lambda x, axis=None, keepdims=False: np.argmin(x, axis=axis, keepdims=keepdims))
any = constant("any", lambda x, axis, keepdims: np.any(x, axis=axes_of(axis), keepdims=keepdims), params=_AXES,
               samples=reductions(), doc="Whether any element is not 0.",
               reference=lambda x, axis=None, keepdims=False: np.any(x, axis=axis, keepdims=keepdims))
all = constant("all", lambda x, axis, keepdims: np.all(x, axis=axes_of(axis), keepdims=keepdims), params=_AXES,
               samples=reductions(), doc="Whether all elements are not 0.",
               reference=lambda x, axis=None, keepdims=False: np.all(x, axis=axis, keepdims=keepdims))


def equal(a: Any, b: Any) -> bool:
    """Whether two tensors have one shape and the same elements.

    >>> import tinygrad_bp as tg
    >>> tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2]))
    True
    """
    return bool(np.array_equal(a, b))


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements satisfy ``|a − b| ≤ atol + rtol · |b|``.

    >>> import tinygrad_bp as tg
    >>> tg.allclose(tg.tensor([1.0]), tg.tensor([1.0000001]))
    True
    """
    return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan))


class Extreme(NamedTuple):
    """What ``max(dim)`` and ``min(dim)`` return."""

    values: Tensor
    indices: Tensor


def _extreme(name: str, reduce: Any, pick: Any, pair: Any, x: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    from .indexing import take_along_axis

    if other is not None or isinstance(dim, Tensor):
        return pair(x, dim if other is None else other)
    if dim is None:
        return reduce(x, None, keepdim)
    if not isinstance(dim, (int, np.integer)) or isinstance(dim, bool):
        raise ArgumentError(f"{name}: dim is one integer, got {dim!r}; for several axes use a{name}(x, dim)")
    indices = pick(x, dim, True)
    values = take_along_axis(x, indices, int(dim))
    if not keepdim and x.ndim:
        from .shape import squeeze

        values, indices = squeeze(values, dim), squeeze(indices, dim)
    return Extreme(values, indices)


def max(x: Any, dim: Any = None, keepdim: bool = False, *,
        other: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``maximum``.

    Without ``dim`` ties share the gradient equally; with ``dim`` the first of them gets it.

    >>> import tinygrad_bp as tg
    >>> tg.max(tg.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    Extreme(values=tensor([5., 7.]), indices=tensor([1, 0]))
    """
    from .elementwise import maximum

    return _extreme("max", amax, argmax, maximum, x, dim if axis is None else axis, keepdim or keepdims, other)


def min(x: Any, dim: Any = None, keepdim: bool = False, *,
        other: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest element; with ``dim`` a pair ``(values, indices)`` along it; with a second tensor ``minimum``.

    >>> import tinygrad_bp as tg
    >>> tg.min(tg.tensor([3.0, 1.0, 2.0]))
    tensor(1.)
    """
    from .elementwise import minimum

    return _extreme("min", amin, argmin, minimum, x, dim if axis is None else axis, keepdim or keepdims, other)
