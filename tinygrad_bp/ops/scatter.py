"""A copy of a tensor with some elements written, added to or multiplied: the out-of-place forms, which record.

Where an index names an element twice, a replacing op keeps the last value written, and that value gets the gradient;
an adding one adds all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.define import general
from ..autograd.elsewhere import hosted, moved, number, outermost
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.modes import shaping
from ..autograd.op import REQUIRED
from ..autograd.operands import rounds_once
from ..autograd.steps import as_step, recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Index, Operand
from ..autograd.values import held
from .elementwise import clone, in_dtype, is_number, where
from .indexing import along, at_least_1d, gather_index, getitem, indices_of, mask_of, place, plain_index, setitem
from .joining import cat
from .reduction import prod
from .samples import distinct, sample
from .shape import broadcast_tensors, broadcast_to, dim_of, reshape, takes_axis

__all__ = [
    "fill", "index_add", "index_copy", "index_fill", "index_put", "index_reduce", "masked_fill", "masked_scatter",
    "put", "scatter", "scatter_add", "scatter_reduce",
]  # fmt: skip


def _as_written(value: Any, x: Any) -> Any:
    """A value to write into ``x``, in its dtype: the tensor that is written decides."""
    if isinstance(value, Tensor):
        return value if value.dtype == x.dtype else value.to(x.dtype)
    return in_dtype(held(value), x.dtype)


def _flat_where_0d(function: Any, x: Any, *args: Any) -> Any:
    """``function`` on at least one dimension, and the result in the shape of ``x``."""
    result = function(at_least_1d(x), *args)
    return result if x.ndim else reshape(result, ())


# ---------------------------------------------------------------------- a full index: scatter


def _scatter_parts(x: Any, dim: int, index: Any, src: Any, name: str) -> tuple[tuple[Any, ...], Any]:
    """The full index, and the part of ``src`` that goes there."""
    wanted = at_least_1d(indices_of(index, name))
    x_shape = tuple(x.shape)
    if wanted.ndim == 1 and not wanted.size:  # PyTorch takes an empty index of any number of dimensions
        return (np.zeros(0, np.int64),) * len(x_shape), np.zeros(0, x.dtype)
    full = gather_index(x_shape, dim_of(dim, x.ndim, name), wanted, name)
    src = _as_written(src, x)
    if not src.ndim:
        return full, broadcast_to(src, wanted.shape)
    if src.ndim != wanted.ndim or any([n > have for n, have in zip(wanted.shape, src.shape, strict=True)]):
        both = f"index {shape_text(wanted.shape)} must be no larger anywhere than src {shape_text(src.shape)}"
        raise ShapeError(f"{name}: {both}")
    if tuple(src.shape) != wanted.shape:
        src = getitem(src, tuple([slice(n) for n in wanted.shape]))
    return full, src


@takes_axis
def scatter(
    input: Array, dim: int, index: Index, src: Operand | None = None, *, value: Operand | None = None,
    reduce: str | None = None,
) -> Any:  # fmt: skip
    """``result[index[i, j], j] = src[i, j]`` for dim 0, and so on; ``src`` is a tensor or a number.

    ``reduce`` ("add" or "multiply") combines with what is there instead of replacing it.

    >>> import tinygrad_bp as tg
    >>> tg.scatter(tg.zeros(3), 0, tg.tensor([0, 2]), tg.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    given = src if value is None else value
    if given is None:
        raise ArgumentError("scatter: give src, a tensor or a number")
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise ArgumentError(f"scatter: reduce is 'add' or 'multiply', got {reduce!r}; scatter_reduce has more")
        return scatter_reduce(input, dim, index, given, "sum" if reduce == "add" else "prod")

    def written(input: Any) -> Any:
        full, part = _scatter_parts(input, dim, index, given, "scatter")
        return setitem(input, part, full)

    return as_step(f"ScatterBackward{int(not hasattr(given, 'shape'))}", _flat_where_0d(written, input))


@recorded_as("ScatterAddBackward0")
@takes_axis
def scatter_add(input: Array, dim: int, index: Index, src: Array) -> Any:
    """``result[index[i, j], j] += src[i, j]`` for dim 0, and so on.

    >>> import tinygrad_bp as tg
    >>> tg.scatter_add(tg.zeros(2), 0, tg.tensor([0, 0, 1]), tg.tensor([1.0, 2.0, 3.0]))
    tensor([3., 3.])
    """
    return scatter_reduce(input, dim, index, src, "sum")


_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def _lowest(dtype: Any, least: bool) -> Any:
    """What no element can be beyond: -inf, or the smallest integer (``least``: inf, or the largest)."""
    if dtype.kind == "f":
        return dtype.type(np.inf if least else -np.inf)
    return dtype.type(np.iinfo(dtype).max if least else np.iinfo(dtype).min)


def _extreme(x: Any, present: Any, least: bool) -> Any:
    return outermost(np.minimum if least else np.maximum, np.where(moved(present, x), x, _lowest(x.dtype, least)), 0)


def _share_present(g: Any, x: Any, y: Any, present: Any) -> Any:
    hits = np.where((x == y) & moved(present, g), np.ones_like(x), np.zeros_like(x))
    return hits * (g / np.add.reduce(hits, axis=0))


_PRESENT = np.array([[True, False, True], [True, True, False]])

_extreme_present = general("extreme_present", _extreme, _share_present,
                           params={"present": REQUIRED, "least": False}, formula="max over rows of x where present",
                           samples=tuple(sample(shape, of=distinct, present=present, least=least)
                                         for shape, present in (((2, 3), _PRESENT), ((3, 2), _PRESENT.T | True))
                                         for least in (False, True)),
                           reference=lambda x, present, least=False: np.min(x, 0, where=present, initial=np.inf)
                           if least else np.max(x, 0, where=present, initial=-np.inf),
                           doc="Largest (or least) of the elements present in each column; ties share the gradient.")


def _turns(full: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """For each entry of an index, how many earlier entries name the same element."""
    full = tuple([hosted(i) for i in full])
    flat = np.ravel_multi_index(np.broadcast_arrays(*full), shape, mode="wrap").reshape(-1)
    order = np.argsort(flat, kind="stable")
    ranked = flat[order]
    starts = np.searchsorted(ranked, ranked, side="left")
    turns = np.empty_like(order)
    turns[order] = np.arange(flat.size) - starts
    return turns.reshape(np.broadcast_shapes(*(i.shape for i in full)))


def _reduced(x: Any, full: tuple[Any, ...], part: Any, reduce: str, include_self: bool) -> Any:
    shape = tuple(x.shape)
    if not all([i.size for i in full]):
        return clone(x)
    if reduce in ("sum", "mean"):
        total = (x if include_self else setitem(x, moved(np.zeros((), x.dtype), x), full)) + place(part, shape, full)
        if reduce == "sum":
            return total
        count = place(moved(np.ones(part.shape, x.dtype), x), shape, full) + (1 if include_self else 0)
        count = np.maximum(count, np.ones_like(count))
        return total / count if x.dtype.kind in "fc" else total // count
    if x.dtype.kind == "c" and reduce != "prod":
        raise DtypeError(f"{reduce}: complex numbers have no order")
    # What goes to one element stands in a column below it, so that zeros and ties have the gradients of a column.
    shaping(full[0])  # as many rows as entries of the index name one element
    turns = _turns(full, shape)
    rows = int(turns.max()) + 2
    columns = setitem(moved(np.ones((rows - 1, *shape), x.dtype), x), part, (turns, *full))
    columns = cat([reshape(x, (1, *shape)), columns], 0)
    present = moved(np.zeros((rows, *shape), bool), x)
    present[0] = True
    if not include_self:
        present[(0, *full)] = False
    present[(turns + 1, *full)] = True
    if reduce == "prod":
        return prod(where(present, columns, moved(np.ones((), x.dtype), x)), 0)
    return _extreme_present(columns, present, reduce == "amin")


def _check_reduce(reduce: str, name: str) -> str:
    if reduce == "mul":
        return "prod"
    if reduce not in _REDUCTIONS:
        raise ArgumentError(f"{name}: reduce is one of sum, prod, mean, amax, amin; got {reduce!r}")
    return reduce


@recorded_as("ScatterReduceBackward0")
@rounds_once
@takes_axis
def scatter_reduce(
    input: Array, dim: int, index: Index, src: Operand, reduce: str, *, include_self: bool = True
) -> Any:
    """The elements of ``src`` that ``index`` sends to one place, reduced together.

    ``reduce`` is "sum", "prod", "mean", "amax" or "amin". What ``input`` holds there takes part where
    ``include_self`` is True. Ties of an extreme share the gradient equally.

    >>> import tinygrad_bp as tg
    >>> tg.scatter_reduce(tg.ones(2), 0, tg.tensor([0, 0, 1]), tg.tensor([2.0, 3.0, 4.0]), "prod")
    tensor([6., 4.])
    """
    reduce = _check_reduce(reduce, "scatter_reduce")

    def combined(input: Any) -> Any:
        full, part = _scatter_parts(input, dim, index, src, "scatter_reduce")
        return _reduced(input, full, part, reduce, include_self)

    return _flat_where_0d(combined, input)


# ---------------------------------------------------------------------- slices along one dimension: index_*


def _slices(x: Any, dim: int, index: Any, name: str) -> tuple[Any, ...]:
    wanted = indices_of(index, name)
    if wanted.ndim > 1:
        raise ShapeError(f"{name}: the index has one dimension, got {shape_text(wanted.shape)}")
    return along(dim_of(dim, x.ndim, name), at_least_1d(wanted))


def _source(x: Any, source: Any, index: tuple[Any, ...], name: str) -> Any:
    """The source in the dtype and with the dimensions of the slices it goes to."""
    source, axis = _as_written(source, x), len(index) - 1
    wanted = (*x.shape[:axis], index[axis].size, *x.shape[axis + 1 :])
    alike = source.ndim != x.ndim or tuple(source.shape) == wanted
    if math.prod(source.shape) != math.prod(wanted) or not alike:
        raise ShapeError(f"{name}: source has shape {shape_text(source.shape)}, the slices {shape_text(wanted)}")
    return source if tuple(source.shape) == wanted else reshape(source, wanted)


@recorded_as("IndexAddBackward0")
@rounds_once
@takes_axis
def index_add(input: Array, dim: int, index: Index, source: Array, *, alpha: Operand = 1) -> Any:
    """``result[index[i]] += alpha · source[i]`` along ``dim``; an index named twice is added twice.

    >>> import tinygrad_bp as tg
    >>> tg.index_add(tg.zeros(2), 0, tg.tensor([0, 0, 1]), tg.tensor([1.0, 2.0, 3.0]))
    tensor([3., 3.])
    """

    def added(input: Any) -> Any:
        full = _slices(input, dim, index, "index_add")
        part = _source(input, source, full, "index_add")
        return input + place(part if is_number(1, alpha) else part * alpha, tuple(input.shape), full)

    return _flat_where_0d(added, input)


@recorded_as("IndexCopyBackward0")
@takes_axis
def index_copy(input: Array, dim: int, index: Index, source: Array) -> Any:
    """``result[index[i]] = source[i]`` along ``dim``.

    >>> import tinygrad_bp as tg
    >>> tg.index_copy(tg.zeros(2), 0, tg.tensor([1]), tg.tensor([5.0]))
    tensor([0., 5.])
    """

    def written(input: Any) -> Any:
        full = _slices(input, dim, index, "index_copy")
        return setitem(input, _source(input, source, full, "index_copy"), full)

    return _flat_where_0d(written, input)


@recorded_as("IndexFillBackward0")
@takes_axis
def index_fill(input: Array, dim: int, index: Index, value: Operand) -> Any:
    """The slices of ``dim`` that ``index`` names, filled with one number or a 0-d tensor.

    >>> import tinygrad_bp as tg
    >>> tg.index_fill(tg.zeros(3), 0, tg.tensor([0, 2]), 1)
    tensor([1., 0., 1.])
    """
    value = _scalar(value, input, "index_fill")
    return _flat_where_0d(lambda input: setitem(input, value, _slices(input, dim, index, "index_fill")), input)


@takes_axis
def index_reduce(input: Array, dim: int, index: Index, source: Array, reduce: str, *, include_self: bool = True) -> Any:
    """``scatter_reduce`` of whole slices along ``dim``.

    >>> import tinygrad_bp as tg
    >>> tg.index_reduce(tg.ones(2), 0, tg.tensor([0, 0]), tg.tensor([2.0, 3.0]), "prod")
    tensor([6., 1.])
    """
    reduce = _check_reduce(reduce, "index_reduce")

    def combined(input: Any) -> Any:
        part = _source(input, source, _slices(input, dim, index, "index_reduce"), "index_reduce")
        axis = dim_of(dim, input.ndim, "index_reduce")
        column = reshape(indices_of(index, "index_reduce"), (-1,) + (1,) * (input.ndim - axis - 1))
        full = gather_index(input.shape, axis, broadcast_to(column, part.shape), "index_reduce")
        return _reduced(input, full, part, reduce, include_self)

    return _flat_where_0d(combined, input)


# ---------------------------------------------------------------------- any index, and masks


def _scalar(value: Any, x: Any, name: str) -> Any:
    """A number or a 0-d tensor, in the dtype of ``x``."""
    if value.__class__ is float and x.dtype.kind == "f":
        return moved(number(value, x.dtype), x)
    if np.ndim(value) if not isinstance(value, Tensor) else value.ndim:
        raise ShapeError(f"{name}: the value is one number or a 0-d tensor, got {shape_text(value.shape)}")
    if x.dtype.kind != "c" and (isinstance(value, complex) or getattr(value, "dtype", x.dtype).kind == "c"):
        raise ArgumentError(f"{name}: a complex value does not fit in {x.dtype}; write t.to(tg.complex64) first")
    return _as_written(value, x)


def index_put(input: Array, indices: Sequence[Index], values: Array, accumulate: bool = False) -> Any:
    """``input[indices] = values`` on a copy; with ``accumulate`` ``+=``, where an index named twice is added twice.

    ``indices`` is a tuple of tensors, None standing for a whole dimension.

    >>> import tinygrad_bp as tg
    >>> tg.index_put(tg.zeros(2), (tg.tensor([0, 0]),), tg.tensor([1.0, 2.0]), accumulate=True)
    tensor([3., 0.])
    """
    index = plain_index(tuple([slice(None) if i is None else i for i in indices]))
    values = _as_written(values, input)
    if not accumulate:
        return setitem(input, values, index)
    shape = np.broadcast_to(np.zeros((), bool), input.shape)[index].shape
    return input + place(broadcast_to(values, shape), tuple(input.shape), index)


def put(input: Array, index: Index, source: Array, accumulate: bool = False) -> Any:
    """The elements that ``index`` names, counted row by row, replaced by ``source`` (or added to).

    >>> import tinygrad_bp as tg
    >>> tg.put(tg.zeros(2, 2), tg.tensor([0, 3]), tg.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    where_to, source = indices_of(index, "put"), _as_written(source, input)
    if math.prod(source.shape) != where_to.size:
        raise ShapeError(f"put: give one element for each index, got {math.prod(source.shape)} for {where_to.size}")
    flat = index_put(reshape(input, -1), (reshape(where_to, -1),), reshape(source, -1), accumulate)
    return reshape(flat, input.shape)


@recorded_as("MaskedFillBackward0")
def masked_fill(input: Array, mask: Array, value: Operand) -> Any:
    """One number (or a 0-d tensor) where a boolean tensor holds, ``input`` elsewhere; both broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.masked_fill(tg.tensor([1.0, 2.0]), tg.tensor([True, False]), 0)
    tensor([0., 2.])
    """
    return where(mask_of(mask, "masked_fill"), _scalar(value, input, "masked_fill"), input)


@recorded_as("MaskedScatterBackward0")
def masked_scatter(input: Array, mask: Array, source: Array) -> Any:
    """The first elements of ``source``, row by row, put where a boolean tensor holds.

    >>> import tinygrad_bp as tg
    >>> tg.masked_scatter(tg.zeros(3), tg.tensor([True, False, True]), tg.tensor([5.0, 6.0]))
    tensor([5., 0., 6.])
    """
    shaping(mask)
    input, chosen = broadcast_tensors(input, mask_of(mask, "masked_scatter"))
    count = int(np.count_nonzero(chosen))
    if math.prod(source.shape) < count:
        raise ShapeError(f"masked_scatter: the mask holds {count} times, source has {math.prod(source.shape)} elements")
    return setitem(input, getitem(reshape(_as_written(source, input), -1), slice(count)), chosen)


def fill(input: Array, value: Operand) -> Any:
    """One number (or a 0-d tensor) everywhere, in the shape and dtype of ``input``.

    >>> import tinygrad_bp as tg
    >>> tg.fill(tg.zeros(2), 7)
    tensor([7., 7.])
    """
    return setitem(input, _scalar(value, input, "fill"), ...)
