"""Order: sorting, the largest of all, and what stands at a rank.

Values are read at indices found by sorting, so a gradient goes to the one element that was chosen. NaN counts as larger
than every number.
"""

from __future__ import annotations

import functools
from typing import Any, overload

import numpy as np

from ..autograd.define import constant, general
from ..autograd.dtypes import counted
from ..autograd.elsewhere import moved, zeros
from ..autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.operands import rounds_once
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from ..autograd.values import beside, held, value_of
from .elementwise import clone, in_dtype, on_the_way, where
from .extremes import chosen
from .indexing import along, read_along, take_along_axis
from .passes import MANY, running
from .reduction import share_ties
from .samples import below, distinct, sample
from .scans import Found, found, kept_indices
from .shape import dim_of, ravel, reshape, takes_axis

__all__ = ["argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "nanquantile", "quantile", "sort", "topk"]


def _place(x: Any, dim: int | None, name: str) -> int:
    return dim_of(-1 if dim is None else dim, x.ndim, name)


def _order(x: Any, place: int, descending: bool = False) -> Any:
    """The indices that sort a raw array; equal elements keep their order."""
    if not x.ndim:
        return zeros((), np.int64, x)
    if not descending:
        return counted(x.argsort(place, "stable"))
    backwards = along(place, slice(None, None, -1))
    return counted(x.shape[place] - 1 - x[backwards].argsort(place, "stable")[backwards])


def _top(x: Any, k: int, place: int, largest: bool) -> Any:
    """The first ``k`` of ``_order``; only what may be among them is sorted, where that is little."""
    size = x.shape[place]
    if x.size >= MANY and 0 < k < size // 4:
        rows = np.reshape(np.moveaxis(x, place, -1), (-1, size))
        bound = _bound(rows, k, largest)
        near = np.flatnonzero(rows >= bound if largest else rows <= bound)  # at least k in every row, but for NaN
        if len(near) < 2 * k * len(rows) and not np.isnan(bound).any():
            found = _first_of(rows, near, k, largest)
            return np.moveaxis(np.reshape(found, (*np.delete(x.shape, place), k)), -1, place)
    return _order(x, place, largest)[along(place, slice(0, k))]


def _first_of(rows: Any, near: Any, k: int, largest: bool) -> Any:
    """The first ``k`` of each row, of which at least as many stand at the places ``near`` of all rows in a line."""
    row, number = np.divmod(near, rows.shape[-1])
    if len(near) == k * len(rows):
        number = np.reshape(number, (-1, k))
        return np.take_along_axis(number, _order(np.take_along_axis(rows, number, -1), 1, largest), -1)
    order = _order(rows[row, number], 0, largest)
    order = order[row[order].argsort(kind="stable")]  # row by row, and each in order
    starts = np.searchsorted(row, np.arange(len(rows)))
    return number[order[starts[:, None] + np.arange(k)]]


def _bound(rows: Any, k: int, largest: bool) -> Any:
    """What ``k`` numbers of each row reach, in a column: the k-th of the ends of groups, or of the whole row.

    NaN where a row has one.
    """
    groups = 10 * k  # so many that two of the first k are seldom in one
    depth = rows.shape[-1] // groups
    if depth > 1:
        ends = np.maximum if largest else np.minimum
        parts = np.reshape(rows[:, : depth * groups], (-1, depth, groups))
        rest = rows[:, depth * groups :]
        rows = np.concatenate([ends.reduce(parts, axis=1), rest], axis=1)
    rank = rows.shape[-1] - k if largest else k - 1
    bound = np.partition(rows, rank, axis=-1)[:, rank, None]
    return bound if rows.dtype.kind != "f" else np.where(np.isnan(rows).any(-1, keepdims=True), np.nan, bound)


_order_op = constant(
    "argsort", _order, params={"axis": REQUIRED, "descending": False},
    samples=(sample((2, 3), of=distinct, axis=0), sample((2, 3), of=distinct, axis=1, descending=True),
             sample((), axis=0), sample((0, 3), axis=1)),
    reference=lambda x, axis, descending=False: np.argsort(-x if descending else x, axis if x.ndim else None)
    if x.ndim else np.zeros((), int),
    doc="The indices that sort x along an axis; equal elements keep their order.")

_top_op = constant(
    "top_indices", _top, params={"k": REQUIRED, "axis": REQUIRED, "largest": True},
    samples=(sample((2, 5), of=distinct, k=2, axis=1), sample((4, 2), of=distinct, k=1, axis=0, largest=False)),
    reference=lambda x, k, axis, largest=True: np.take(np.argsort(-x if largest else x, axis), np.arange(k), axis),
    doc="The indices of the k largest (or smallest) elements along an axis, in order.")


@takes_axis
def sort(input: Array, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Found:
    """The elements in order along ``dim``, and where each stood; equal elements always keep their order.

    >>> import tinygrad_bp as tg
    >>> tg.sort(tg.tensor([3.0, 1.0, 2.0]))
    torch.return_types.sort(
    values=tensor([1., 2., 3.]),
    indices=tensor([1, 2, 0]))
    """
    place = _place(input, dim, "sort")
    order = kept_indices(input, _order_op(input, place, descending))
    return found("sort", read_along(input, place, held(order)), order)


@takes_axis
def argsort(input: Array, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """The indices that sort x along ``dim``; equal elements always keep their order.

    >>> import tinygrad_bp as tg
    >>> tg.argsort(tg.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    return _order_op(input, _place(input, dim, "argsort"), descending)


def msort(input: Array) -> Any:
    """The elements in order along the first dimension.

    >>> import tinygrad_bp as tg
    >>> tg.msort(tg.tensor([3.0, 1.0, 2.0]))
    tensor([1., 2., 3.])
    """
    return sort(input, 0).values


@takes_axis
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Found:
    """The ``k`` largest (or smallest) elements along ``dim`` in order, and where they stand.

    Raises ``ArgumentError`` where there are fewer.

    >>> import tinygrad_bp as tg
    >>> tg.topk(tg.tensor([3.0, 1.0, 2.0]), 2)
    torch.return_types.topk(
    values=tensor([3., 2.]),
    indices=tensor([0, 2]))
    """
    place = _place(input, dim, "topk")
    size = input.shape[place] if input.ndim else 1
    if not 0 <= k <= size:
        raise ArgumentError(f"topk: k={k} elements wanted of {size} along dimension {place}")
    if not input.ndim:
        values, indices = reshape(clone(input), 1)[:k], beside(input, np.zeros(k, np.int64))
        return found("topk", *((reshape(values, ()), reshape(indices, ())) if k else (values, indices)))
    order = kept_indices(input, _top_op(input, k, place, largest))
    return found("topk", read_along(input, place, held(order)), order)


def _chosen(name: str, find: Any, x: Any, place: int, keepdim: bool) -> Found:
    """The elements that ``find`` names, one along a dimension."""
    if x.ndim and not x.shape[place]:
        raise IndexRangeError(f"there is no element to choose along dimension {place} of {shape_text(tuple(x.shape))}")
    return chosen(name, x, find(x, axis=place), place, keepdim)


def _where_ranked(x: Any, rank: Any, place: int) -> Any:
    """Where the element at a rank stands: one rank, or one for each row (with the dimension kept as 1)."""
    if not x.ndim:
        return zeros((), np.int64, x)
    if isinstance(rank, int):
        value = np.partition(x, rank, place)[along(place, slice(rank, rank + 1))]
        # Where as many are smaller as the rank says, the first of its value is meant; not so of ties and NaN.
        if (np.count_nonzero(x < value, place) == rank).all() and not np.isnan(value).any():
            return counted(np.expand_dims(np.argmax(x == value, place), place))
    ranks = np.broadcast_to(moved(rank, x), [1 if i == place else size for i, size in enumerate(x.shape)])
    return np.take_along_axis(_order(x, place), ranks, place)


def _rank_reference(x: Any, rank: Any, axis: int) -> Any:
    return np.take(np.argsort(x, axis), [rank], axis) if x.ndim else np.zeros((), int)


_ranked = constant("rank_index", lambda x, rank, axis: _where_ranked(x, rank, axis),
                   params={"rank": REQUIRED, "axis": REQUIRED}, reference=_rank_reference,
                   samples=(sample((4, 3), of=distinct, rank=1, axis=0), sample((2, 5), of=distinct, rank=4, axis=1),
                            sample((), rank=0, axis=0)),
                   doc="Where the element at a rank (0 is the smallest) stands along an axis, which stays as 1.")


@takes_axis
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> Found:
    """The ``k``-th smallest element along ``dim`` (1 is the smallest), and where it stands.

    Raises ``ArgumentError`` where there are fewer than ``k``.

    >>> import tinygrad_bp as tg
    >>> tg.kthvalue(tg.tensor([3.0, 1.0, 2.0]), 2)
    torch.return_types.kthvalue(
    values=tensor(2.),
    indices=tensor(2))
    """
    place = _place(input, dim, "kthvalue")
    size = input.shape[place] if input.ndim else 1
    if not 1 <= k <= size:
        raise ArgumentError(f"kthvalue: k={k} is not from 1 to {size}, the size of dimension {place}")
    return _chosen("kthvalue", functools.partial(_ranked, rank=k - 1), input, place, keepdim)


# ---------------------------------------------------------------------- the middle


def _middle(x: Any) -> Any:
    if not x.size:
        return zeros((), x.dtype, x) + x.dtype.type(np.nan)
    if x.dtype.kind == "f" and np.isnan(x).any():
        return zeros((), x.dtype, x) + x.dtype.type(np.nan)
    return np.partition(np.ravel(x), (x.size - 1) // 2)[(x.size - 1) // 2]


def _middle_rule(g: Any, x: Any, y: Any) -> Any:
    # Where the middle is NaN, all NaN share the gradient: they are made the ones among zeros.
    nan, one = np.isnan(y), np.ones_like(x)
    x = np.where(nan, np.where(np.isnan(x), one, 0 * one), x)
    return share_ties(g, x, np.where(nan, np.ones_like(y), y), None, False)


_median_op = general(
    "median", _middle, _middle_rule, formula="x in order, at (n − 1) // 2",
    samples=(sample((2, 3), of=distinct), sample((5,), of=distinct), sample((), of=distinct)),
    reference=lambda x: np.quantile(x, 0.5, method="lower"),
    doc="The middle element of all, the lower of two; ties share the gradient equally.")


def _middle_index(x: Any, axis: int, ignore: bool) -> Any:
    bad, size = np.isnan(x), x.shape[axis] if x.ndim else 1
    if not bad.any():
        return _where_ranked(x, (size - 1) // 2, axis)
    # Sorting puts NaN last: the first of them stands behind all numbers.
    good = size - np.sum(bad, axis=axis, keepdims=True) if x.ndim else 1 - bad
    if ignore:
        return _where_ranked(x, np.maximum(good - 1, 0) // 2, axis)
    return _where_ranked(x, np.where(good < size, good, (size - 1) // 2), axis)


_middle_index_op = constant(
    "median_index", _middle_index, params={"axis": REQUIRED, "ignore": False},
    samples=(sample((4, 3), of=distinct, axis=0), sample((2, 5), of=distinct, axis=1, ignore=True), sample((), axis=0)),
    reference=lambda x, axis, ignore=False: _rank_reference(x, (x.shape[axis] - 1) // 2 if x.ndim else 0, axis),
    doc="Where the middle element stands along an axis, which stays as 1: the first NaN, or as if there were none.")


@overload
def median(input: Array, dim: None = None, keepdim: bool = False) -> Any: ...
@overload
def median(input: Array, dim: int, keepdim: bool = False) -> Found: ...
@takes_axis
def median(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element, the lower one of two (``np.median`` averages them); with ``dim`` also where it stands.

    NaN where there is one. Without ``dim`` ties share the gradient equally; with ``dim`` one of them gets it.

    >>> import tinygrad_bp as tg
    >>> tg.median(tg.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    if dim is None:
        return _median_op(input)
    return _chosen("median", _middle_index_op, input, _place(input, dim, "median"), keepdim)


@overload
def nanmedian(input: Array, dim: None = None, keepdim: bool = False) -> Any: ...
@overload
def nanmedian(input: Array, dim: int, keepdim: bool = False) -> Found: ...
@takes_axis
def nanmedian(input: Array, dim: int | None = None, keepdim: bool = False) -> Any:
    """``median`` of what is not NaN; NaN where nothing else is there.

    >>> import tinygrad_bp as tg
    >>> tg.nanmedian(tg.tensor([4.0, float("nan"), 3.0, 2.0]))
    tensor(3.)
    """
    if dim is None:
        good = ~np.isnan(value_of(input))
        return _median_op(input[good] if good.any() else input)
    find = functools.partial(_middle_index_op, ignore=True)
    return _chosen("nanmedian", find, input, _place(input, dim, "nanmedian"), keepdim)


def _mode_index(x: Any, axis: int) -> Any:
    if not x.ndim:
        return zeros((), np.int64, x)
    ordered = np.moveaxis(np.sort(x, axis=axis), axis, -1)
    steps = np.broadcast_to(moved(np.arange(ordered.shape[-1]), x), ordered.shape)
    starts = ~zeros(ordered.shape, bool, x)
    starts[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    runs = steps - running(np.maximum, np.where(starts, steps, 0), -1)  # how many equal ones stand before
    return _where_ranked(x, np.moveaxis(np.expand_dims(np.argmax(runs, axis=-1), -1), -1, axis), axis)


_mode_op = constant(
    "mode_index", _mode_index, params={"axis": REQUIRED},
    samples=(sample((4, 3), of=below(3), axis=0), sample((2, 5), of=below(2), axis=1), sample((), axis=0)),
    reference=lambda x, axis: _mode_reference(x, axis),
    doc="Where the most frequent element stands along an axis, which stays as 1: of several the smallest, its last.")


def _mode_reference(x: Any, axis: int) -> Any:
    if not x.ndim:
        return np.zeros((), np.int64)

    def last(row: Any) -> Any:
        values, counts = np.unique(row, return_counts=True)
        return np.flatnonzero(row == values[np.argmax(counts)])[-1:]

    return np.apply_along_axis(last, axis, x)


@takes_axis
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> Found:
    """The most frequent element along ``dim``, of several the smallest, and where the last of them stands.

    >>> import tinygrad_bp as tg
    >>> tg.mode(tg.tensor([3, 1, 2, 1]))
    torch.return_types.mode(
    values=tensor(1),
    indices=tensor(3))
    """
    return _chosen("mode", _mode_op, input, _place(input, dim, "mode"), keepdim)


# ---------------------------------------------------------------------- quantiles

_BETWEEN = ("linear", "lower", "higher", "midpoint", "nearest")


def _at_quantiles(name: str, x: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, ignore: bool) -> Any:
    if interpolation not in _BETWEEN:
        raise ArgumentError(f"{name}: interpolation is one of {', '.join(_BETWEEN)}, got {interpolation!r}")
    if x.dtype.kind != "f":
        raise DtypeError(f"{name}: needs a float tensor, got {x.dtype}; write t.float() first")
    wanted = held(q)
    if wanted.ndim > 1:
        raise ShapeError(f"{name}: q is a number or 1-d, got {shape_text(wanted.shape)}")
    if not ((wanted >= 0) & (wanted <= 1)).all():
        raise ArgumentError(f"{name}: q must be in [0, 1], got {wanted.tolist()}")
    place = 0 if dim is None else dim_of(dim, x.ndim, name)
    shape = [1 if dim is None or i == place else size for i, size in enumerate(x.shape)]
    x = ravel(x) if dim is None or not x.ndim else np.moveaxis(x, place, -1)
    if not x.shape[-1]:
        raise ShapeError(f"{name}: no elements along the dimension, {shape_text(x.shape)}")
    plain = x.detach() if isinstance(x, Tensor) else x
    good = ~np.isnan(plain)
    counts = np.sum(good, axis=-1, keepdims=True)
    # An array of x's dtype, or a tensor that records where q does; (..., quantiles).
    q = in_dtype(q if isinstance(q, Tensor) else wanted, x.dtype)
    last = np.maximum(counts, 1) - 1 if ignore else x.shape[-1] - 1 + 0 * counts
    ranks = reshape(q, -1) * in_dtype(last, x.dtype)
    raw = ranks.detach() if isinstance(ranks, Tensor) else ranks
    if interpolation in ("lower", "higher", "nearest"):
        rounded: dict[str, Any] = {"lower": np.floor, "higher": np.ceil, "nearest": np.round}
        raw = rounded[interpolation](raw)
    floor = in_dtype(np.floor(raw), np.int64)
    spoiled = ~np.all(good, -1, keepdims=True) & (not ignore)
    floor = np.where(spoiled, x.shape[-1] - 1, floor)  # NaN is sorted last
    order = _order_op(plain, -1)
    values = take_along_axis(x, np.take_along_axis(order, floor, -1), -1)
    if interpolation in ("linear", "midpoint"):
        above = np.where(spoiled, x.shape[-1] - 1, in_dtype(np.ceil(raw), np.int64))
        upper = take_along_axis(x, np.take_along_axis(order, above, -1), -1)
        share = ranks - np.floor(raw)
        between = values * 0.5 + upper * 0.5 if interpolation == "midpoint" else on_the_way(values, upper, share)
        values = where(floor == above, values, between)
    values = np.moveaxis(values, -1, 0)
    values = reshape(values, wanted.size, *(shape if keepdim else _without(shape, dim, place)))
    return values if wanted.ndim else values[0]


def _without(shape: list[int], dim: Any, place: int) -> list[int]:
    return [] if dim is None else [size for i, size in enumerate(shape) if i != place]


@rounds_once
@takes_axis
def quantile(
    input: Array, q: Operand, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """What stands at the share ``q`` (a number or 1-d, in [0, 1]) of the elements in order; NaN where there is one.

    Between two elements lies a share of both (``"linear"``), one of them (``"lower"``, ``"higher"``, ``"nearest"``)
    or their mean (``"midpoint"``). Raises ``ArgumentError`` for q outside [0, 1].

    >>> import tinygrad_bp as tg
    >>> tg.quantile(tg.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor(1.5000)
    """
    return _at_quantiles("quantile", input, q, dim, keepdim, interpolation, False)


@rounds_once
@takes_axis
def nanquantile(
    input: Array, q: Operand, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """``quantile`` of what is not NaN; NaN where nothing else is there.

    >>> import tinygrad_bp as tg
    >>> tg.nanquantile(tg.tensor([0.0, float("nan"), 3.0]), 0.5)
    tensor(1.5000)
    """
    return _at_quantiles("nanquantile", input, q, dim, keepdim, interpolation, True)
