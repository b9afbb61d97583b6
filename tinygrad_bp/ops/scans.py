"""Ops that run along one dimension: cumulative sums, products and extremes, differences, the trapezoidal rule.

A 0-d tensor takes the dimensions 0 and −1 and is its own scan, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd import dtypes
from ..autograd.batched import stands_for_many
from ..autograd.define import constant, general, linear
from ..autograd.elsewhere import copied, in_rows, moved
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.operands import floating, in_floats, rounds_once
from ..autograd.returned import returned
from ..autograd.sharing import guard
from ..autograd.steps import as_step
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, Axis, DTypeLike, Index
from ..autograd.values import held
from .elementwise import clone, in_dtype
from .indexing import along, take_along_axis
from .joining import cat
from .passes import accumulate, running, steps_of
from .samples import complex_of, extreme, fixed, sample
from .shape import dim_of, reshape, takes_axis

__all__ = [
    "cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "gradient", "logcumsumexp", "trapezoid",
    "trapz",
]  # fmt: skip


class Found(NamedTuple):
    """Values and the indices where they stand: what ``max(dim)``, ``sort``, ``topk``, ``cummax``, … return."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return returned(type(self).__name__, self)

    def __reduce__(self) -> Any:
        return found, (type(self).__name__, *self)


_BY_NAME = {
    name: type(name, (Found,), {"__slots__": ()})
    for name in ("cummax", "cummin", "kthvalue", "max", "median", "min", "mode", "nanmedian", "sort", "topk")
}


def found(name: str, values: Any, indices: Any) -> Found:
    """What the function ``name`` returns."""
    pair: Found = _BY_NAME[name](as_step(f"{name.capitalize()}Backward{int('median' in name)}", values), indices)
    return pair


def kept_indices(x: Array, indices: Index) -> Any:
    """The indices of elements of x, given out beside them: behind a guard where a recorded x keeps them for backward.

    A Tensor where x is one, else an array.
    """
    if not isinstance(x, Tensor) or stands_for_many(indices):
        return indices
    array = held(indices)
    return wrap(array if x._node is None else guard(array), None)


def _backwards(x: Any, axis: int) -> Any:
    return x[along(axis, slice(None, None, -1))]


# ---------------------------------------------------------------------- sums and products

_ALONG = {"axis": REQUIRED}
_shapes = (((4,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 1, 3), 1), ((0, 3), 0), ((600, 3), 1), ((3, 600), 0))
_plain = (*(sample(shape, axis=axis) for shape, axis in _shapes), sample((9,), of=extreme, smooth=False, axis=0))

_cumsum: Callable[..., Any] = linear(
    "cumsum", lambda x, axis: accumulate(np.add, x, axis),
    lambda g, axis: _backwards(_cumsum(_backwards(g, axis), axis), axis),
    params=_ALONG, wide=True, formula="yᵢ = x₀ + … + xᵢ", samples=(*_plain, sample((3,), of=complex_of(), axis=0)),
    reference=lambda x, axis: np.cumsum(x, axis), doc="Sums of all elements up to each one, along an axis.")


def _run(a: Any, b: Any, axis: int) -> Any:
    """The recurrence in log₂ n passes: each doubles how far back the terms reach (Hillis and Steele 1986).

    Where many rows run side by side it goes over all of them, step by step.
    """
    factors, sums = steps_of(a, axis), steps_of(b, axis)
    if factors is not None and sums is not None:
        for before, factor, one in zip(sums[:-1], factors[1:], sums[1:], strict=True):
            factor *= before
            one += factor
        return in_rows(np.moveaxis(sums, 0, axis))
    a, s = np.moveaxis(copied(a), axis, -1), np.moveaxis(copied(b), axis, -1)
    step = 1
    while step < s.shape[-1]:
        s[..., step:] += a[..., step:] * s[..., :-step]
        a[..., step:] *= a[..., :-step]
        step *= 2
    return np.moveaxis(s, -1, axis)


def _loop(a: Any, b: Any, axis: int) -> Any:
    a, s = np.moveaxis(a, axis, 0), np.moveaxis(np.array(b), axis, 0)
    for i in range(1, len(s)):
        s[i] = s[i] + a[i] * s[i - 1]
    return np.moveaxis(s, 0, axis)


def _run_back(g: Any, a: Any, axis: int) -> Any:
    """The same recurrence from the end: rᵢ = gᵢ + aᵢ₊₁ · rᵢ₊₁."""
    after = np.concatenate([a[along(axis, slice(1, None))], a[along(axis, slice(0, 1))]], axis)
    return _backwards(recurrence(_backwards(after, axis), _backwards(g, axis), axis), axis)


def _before(y: Any, axis: int) -> Any:
    """The result one place earlier, 0 in front."""
    return np.concatenate([np.zeros_like(y[along(axis, slice(0, 1))]), y[along(axis, slice(0, -1))]], axis)


recurrence = general(
    "recurrence", _run, lambda g, a, y, axis: _run_back(g, a, axis) * _before(y, axis),
    lambda g, a, axis: _run_back(g, a, axis),
    inputs="a b", params=_ALONG, formula="yᵢ = aᵢ · yᵢ₋₁ + bᵢ, y₋₁ = 0",
    samples=tuple(sample(shape, shape, axis=axis) for shape, axis in (*_shapes, ((9,), 0))), reference=_loop,
    hint="both have the same shape",
    doc="The linear recurrence of first order along an axis: what the gradients of cumulative products are made of.")


def _one_before(y: Any, axis: int) -> Any:
    """The result one place earlier, 1 in front."""
    return np.concatenate([np.ones_like(y[along(axis, slice(0, 1))]), y[along(axis, slice(0, -1))]], axis)


def others(x: Array) -> Any:
    """The product of all other elements of a row (the last axis) for each one: right where elements are 0."""
    last = x.ndim - 1
    after = _backwards(_one_before(_cumprod(_backwards(x, last), last), last), last)
    return _one_before(_cumprod(x, last), last) * after


def others_slope(g: Array, x: Array) -> Any:
    """What pulls at x through ``others``: through the products before each element, and through those behind it."""
    last = x.ndim - 1
    front, back = _backwards(x, last), _one_before(_cumprod(x, last), last)
    behind = _one_before(_cumprod(front, last), last)
    forth = back * _run_back(_one_after(g * _backwards(behind, last), last), x, last)
    return forth + _backwards(behind * _run_back(_one_after(_backwards(g * back, last), last), front, last), last)


def _one_after(x: Any, axis: int) -> Any:
    """Each element's follower along an axis, 0 for the last one."""
    return np.concatenate([x[along(axis, slice(1, None))], np.zeros_like(x[along(axis, slice(0, 1))])], axis)


_with_zeros = tuple(sample(shape, of=fixed(1.5, 0.0, -2.0, 0.0, 0.5, 0.8), axis=axis) for shape, axis in (
    ((6,), 0), ((3, 2), 0), ((2, 3), 1)))

_cumprod = general(
    "cumprod", lambda x, axis: accumulate(np.multiply, x, axis),
    lambda g, x, y, axis: _one_before(y, axis) * _run_back(g, x, axis),
    params=_ALONG, formula="yᵢ = x₀ · … · xᵢ", samples=(*_plain, *_with_zeros, sample((3,), of=complex_of(), axis=0)),
    reference=lambda x, axis: np.cumprod(x, axis),
    doc="Products of all elements up to each one, along an axis; its gradient is right where elements are 0.")


def _logcumsumexp_rule(g: Any, x: Any, y: Any, axis: int) -> Any:
    # exp(xᵢ) · Σₖ gₖ exp(−yₖ), as a recurrence whose factors exp(yᵢ₋₁ − yᵢ) are at most 1.
    before = np.concatenate([y[along(axis, slice(0, 1))], y[along(axis, slice(0, -1))]], axis)
    same, zero = before == y, np.zeros_like(y)  # also ∞ after ∞
    factor = np.exp(np.where(same, zero, before) - np.where(same, zero, y))
    return np.exp(np.where(x == np.inf, np.nan, x) - np.where(y == -np.inf, zero, y)) * _run_back(g, factor, axis)


def _logs_of_sums(x: Any, axis: int) -> Any:
    return running(np.logaddexp, x, axis)


_logcumsumexp = general(
    "logcumsumexp", lambda x, axis: _logs_of_sums(x, axis), _logcumsumexp_rule,
    params=_ALONG, floats=True, formula="yᵢ = ln (eˣ⁰ + … + eˣⁱ)",
    samples=(*_plain, sample((9,), of=fixed(-1e30, -800.0, 0.0, 1e-30, 88.0, -1e30, 800.0, 1e30, 5.0), smooth=False,
                             axis=0)),
    reference=lambda x, axis: np.stack(
        [np.logaddexp.reduce(np.take(x, range(i + 1), axis), axis) for i in range(x.shape[axis])], axis)
    if x.shape[axis] else x,
    doc="Logarithm of the sum of the exponentials of all elements up to each one, without overflow.")


def _place(name: str, x: Any, dim: Any) -> int:
    """The dimension to run along."""
    if dim is None:
        raise ArgumentError(f"{name}: give the dimension to run along, dim=")
    return dim_of(dim, x.ndim, name)


def _scan(op: Callable[..., Any], x: Any, place: int, dtype: Any = None) -> Any:
    if dtype is None and x.dtype.kind in "bui":
        dtype = dtypes.int64
    x = in_dtype(x, dtype)
    return in_dtype(op(x, place) if x.ndim else reshape(op(reshape(x, 1), 0), ()), dtype)  # NumPy widens small integers


@takes_axis
def cumsum(input: Array, dim: int | None = None, *, dtype: DTypeLike = None) -> Any:
    """Sums of all elements up to each one along ``dim``, in ``dtype``; booleans and integers give int64.

    >>> import tinygrad_bp as tg
    >>> tg.cumsum(tg.tensor([1.0, 2.0, 3.0]), 0)
    tensor([1., 3., 6.])
    """
    place = _place("cumsum", input, dim)
    return _scan(_cumsum, input, place, dtype)


@takes_axis
def cumprod(input: Array, dim: int | None = None, *, dtype: DTypeLike = None) -> Any:
    """Products of all elements up to each one along ``dim``, in ``dtype``; booleans and integers give int64.

    >>> import tinygrad_bp as tg
    >>> tg.cumprod(tg.tensor([1.0, 2.0, 3.0]), 0)
    tensor([1., 2., 6.])
    """
    place = _place("cumprod", input, dim)
    return _scan(_cumprod, input, place, dtype)


@in_floats("input")
@takes_axis
def logcumsumexp(input: Array, dim: int | None = None) -> Any:
    """``log(cumsum(exp(input), dim))`` of real numbers, without overflow.

    >>> import tinygrad_bp as tg
    >>> tg.logcumsumexp(tg.tensor([1000.0, 1000.0]), 0)
    tensor([1000.0000, 1000.6932])
    """
    return _scan(_logcumsumexp, input, _place("logcumsumexp", input, dim))


def _running_index(x: Any, axis: int, least: bool) -> Any:
    # of equal ones the last counts
    hits = (x == running(np.minimum if least else np.maximum, x, axis)) | (x != x)
    steps = np.arange(x.shape[axis], dtype=np.int64).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return running(np.maximum, np.where(hits, moved(steps, x), 0), axis)


_running_op = constant(
    "running_index", _running_index, params={"axis": REQUIRED, "least": False},
    samples=(sample((2, 3), axis=0), sample((2, 3), axis=1, least=True), sample((0, 3), axis=0)),
    reference=lambda x, axis, least=False: np.apply_along_axis(
        lambda row: [np.argmin(row[: i + 1]) if least else np.argmax(row[: i + 1]) for i in range(len(row))], axis, x)
    if x.size else np.zeros(x.shape, int),
    doc="Where the largest (or smallest) element up to each one along an axis stands; of equal ones the last.")


def _running(least: bool, name: str, x: Any, dim: Any) -> Found:
    place = _place(name, x, dim)
    if not x.ndim:
        return found(name, clone(x), wrap(np.zeros((), np.int64), None))
    indices = kept_indices(x, _running_op(x, place, least))
    return found(name, take_along_axis(x, indices, place), indices)


@takes_axis
def cummax(input: Array, dim: int | None = None) -> Found:
    """The largest element up to each one along ``dim``, and where it stands; of equal elements the last counts.

    >>> import tinygrad_bp as tg
    >>> tg.cummax(tg.tensor([1.0, 3.0, 2.0]), 0)
    torch.return_types.cummax(
    values=tensor([1., 3., 3.]),
    indices=tensor([0, 1, 1]))
    """
    return _running(False, "cummax", input, dim)


@takes_axis
def cummin(input: Array, dim: int | None = None) -> Found:
    """The smallest element up to each one along ``dim``, and where it stands; of equal elements the last counts.

    >>> import tinygrad_bp as tg
    >>> tg.cummin(tg.tensor([2.0, 3.0, 1.0]), 0)
    torch.return_types.cummin(
    values=tensor([2., 2., 1.]),
    indices=tensor([0, 0, 2]))
    """
    return _running(True, "cummin", input, dim)


# ---------------------------------------------------------------------- differences


@takes_axis
def diff(input: Array, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The ``n``-th difference along ``dim``, of input with ``prepend`` in front and ``append`` behind; of masks: xor.

    Raises ``ShapeError`` for a 0-d tensor and ``ArgumentError`` for a negative ``n``.

    >>> import tinygrad_bp as tg
    >>> tg.diff(tg.tensor([1.0, 4.0, 9.0]))
    tensor([3., 5.])
    """
    if not input.ndim:
        raise ShapeError("diff: needs at least 1 dimension, got (); reshape the tensor to (1,)")
    if n < 0:
        raise ArgumentError(f"diff: n, how many times to take differences, must not be negative, got {n}")
    place = dim_of(dim, input.ndim, "diff")
    if not n:
        return clone(input)
    if prepend is not None or append is not None:
        input = cat([part for part in (prepend, input, append) if part is not None], place)
    for _ in range(min(n, input.shape[place])):
        later, earlier = input[along(place, slice(1, None))], input[along(place, slice(0, -1))]
        input = later ^ earlier if input.dtype.kind == "b" else later - earlier
    return input


def _widths(name: str, y: Any, x: Any, dx: Any, place: int) -> Any:
    """The widths between the points, so that they broadcast against the heights."""
    if x is None:
        return dx
    if x.ndim == 1 and y.ndim > 1:
        if x.shape[0] != y.shape[place]:
            raise ShapeError(f"{name}: y {shape_text(y.shape)} has {y.shape[place]} points along {place}, x has "
                             f"{x.shape[0]}; give as many")
        x = reshape(x, *(-1 if i == place else 1 for i in range(y.ndim)))
    elif x.ndim < y.ndim:
        x = reshape(x, *((1,) * (y.ndim - x.ndim)), *x.shape)
    return diff(x, 1, place - y.ndim)


def _areas(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    if x is not None and not isinstance(dx, (int, float)):
        raise ArgumentError(f"{name}: give the points x or the width dx, not both")
    place = dim_of(dim, y.ndim, name)
    widths = _widths(name, y, x, dx, place)
    return (y[along(place, slice(1, None))] + y[along(place, slice(0, -1))]) * widths / 2.0, place


@rounds_once
@in_floats("y x")
@takes_axis
def trapezoid(y: Array, x: Array | None = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The integral of heights ``y`` along ``dim`` by the trapezoidal rule, over points ``x`` or of width ``dx``.

    >>> import tinygrad_bp as tg
    >>> tg.trapezoid(tg.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    areas, place = _areas("trapezoid", y, x, dx, dim)
    return np.sum(areas, axis=place - y.ndim)


@rounds_once
@in_floats("y x")
@takes_axis
def cumulative_trapezoid(y: Array, x: Array | None = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The integral up to each point but the first, by the trapezoidal rule; arguments as for ``trapezoid``.

    >>> import tinygrad_bp as tg
    >>> tg.cumulative_trapezoid(tg.tensor([1.0, 5.0, 10.0]))
    tensor([ 3.0000, 10.5000])
    """
    areas, place = _areas("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(areas, place - y.ndim)


def slope_along(x: Array, spacing: Any, place: int, edge_order: int) -> Any:
    """The estimated slope along one dimension: central differences of second order, one-sided ones at the edges.

    ``spacing`` is the width of all steps or the 1-d coordinates of the points.
    """
    if edge_order not in (1, 2):
        raise ArgumentError(f"gradient: edge_order is 1 or 2, got {edge_order!r}")
    size = x.shape[place]
    if size < edge_order + 1:
        raise ShapeError(f"gradient: needs at least {edge_order + 1} points along dimension {place}, got {size}")

    def part(start: int | None, stop: int | None) -> Any:
        return x[along(place, slice(start, stop))]

    if getattr(spacing, "ndim", 0):
        if tuple(spacing.shape) != (size,):
            raise ShapeError(f"gradient: {size} points along dimension {place}, coordinates of shape "
                             f"{shape_text(tuple(spacing.shape))}; give one per point")
        h = reshape(spacing[1:] - spacing[:-1], *(-1 if i == place else 1 for i in range(x.ndim)))

        def width(start: int | None, stop: int | None) -> Any:
            return h[along(place, slice(start, stop))]
    else:
        def width(start: int | None, stop: int | None) -> Any:
            return spacing

    first, last = (part(1, 2) - part(0, 1)) / width(0, 1), (part(-1, None) - part(-2, -1)) / width(-1, None)
    if size == 2:
        return cat([first, last], place)
    left, right = width(0, -1), width(1, None)
    slopes = (part(1, None) - part(0, -1)) / width(None, None)
    inner = _weighted(slopes, left, right, place)
    if edge_order == 2:
        a, b, c, d = width(0, 1), width(1, 2), width(-1, None), width(-2, -1)
        s0, s1 = slopes[along(place, slice(0, 1))], slopes[along(place, slice(1, 2))]
        e0, e1 = slopes[along(place, slice(-1, None))], slopes[along(place, slice(-2, -1))]
        first, last = s0 + (s0 - s1) * (a / (a + b)), e0 + (e0 - e1) * (c / (c + d))
    return cat([first, inner, last], place)


def _weighted(slopes: Any, left: Any, right: Any, place: int) -> Any:
    """The slope at the inner points: those to the left and right, each weighted by the width of the other."""
    before, after = slopes[along(place, slice(0, -1))], slopes[along(place, slice(1, None))]
    return (before * right + after * left) / (left + right)


@rounds_once
@in_floats("input")
@takes_axis
def gradient(input: Array, *, spacing: Any = None, dim: Axis = None, edge_order: int = 1) -> tuple[Any, ...]:
    """The slope of the function sampled in ``input`` along each dimension of ``dim`` (all by default), one tensor each.

    ``spacing`` is the distance of the points, 1 unless given: one number, one per dimension, or a list of 1-d tensors
    of coordinates.
    Inside it is accurate to second order, at the edges to order ``edge_order`` (1 or 2).

    >>> import tinygrad_bp as tg
    >>> tg.gradient(tg.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    places = [dim_of(d, input.ndim, "gradient") for d in dims]
    many = isinstance(spacing, Sequence) or (isinstance(spacing, Tensor) and spacing.ndim == 1)
    steps = [*map(floating, spacing)] if many else [1 if spacing is None else floating(spacing)] * len(places)
    if len(steps) != len(places):
        raise ArgumentError(f"gradient: {len(places)} dimensions, {len(steps)} spacings; give one each, or one number")
    return tuple(slope_along(input, step, place, edge_order) for step, place in zip(steps, places, strict=True))


trapz = trapezoid
