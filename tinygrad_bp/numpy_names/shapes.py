"""What NumPy's functions of shapes, pieces and positions do with Tensors: NumPy's names, arguments and meaning.

A function that picks elements of its array (``np.delete``, ``np.compress``, ...) needs no rule of its own: NumPy picks
among the numbers 0, 1, 2, ... in the array's place, and the tensor is read there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.arrays import as_array
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.modes import traced
from ..autograd.numpy_protocols import plainly
from ..autograd.op import FUNCTIONS
from ..autograd.operands import refuse_complex
from ..autograd.tensor import Tensor, wrap
from ..autograd.values import detached, held, value_of
from ..functions import splitting
from ..ops import borders, diagonals, elementwise, indexing, joining, rearranging, shape, statistics
from ..ops.elementwise import in_dtype, where
from ..ops.shape import broadcast_to, reshape, reverse_axes
from .functions import operand, without_gradient


def _tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else wrap(as_array(x), None)


def alike(items: Any, dtype: Any = None) -> list[Any]:
    """Tensors and arrays in the dtype that NumPy gives them together."""
    arrays = [operand(x) for x in items]
    target = np.result_type(*(x.dtype for x in arrays)) if dtype is None and arrays else dtype
    return [in_dtype(x, target) for x in arrays]


def _numbers(x: Any, start: int = 0) -> Any:
    """The numbers ``start``, ``start + 1``, ... in the shape of ``x``, row by row."""
    count = int(np.prod(x.shape))
    return np.arange(start, start + count).reshape(x.shape)


def _picked(function: Callable[..., Any], before: int = 0) -> Callable[..., Any]:
    """A NumPy function that picks elements of its array, which comes after ``before`` other arguments."""

    def numpy_function(*args: Any, **kwargs: Any) -> Any:
        others = list(plainly(args))
        x = operand(args[before])
        others[before] = _numbers(x)
        return indexing.getitem(shape.ravel(x), function(*others, **plainly(kwargs)))

    return numpy_function


# ---------------------------------------------------------------------- shapes


def sizes_of(sizes: Any) -> tuple[int, ...]:
    """A size, or several of them, as NumPy takes a shape or axes."""
    return (int(sizes),) if isinstance(sizes, (int, np.integer)) else tuple(sizes)


def _reshape(a: Any, newshape: Any = None, order: str = "C", *, shape: Any = None, copy: bool | None = None) -> Any:
    sizes = sizes_of(newshape if shape is None else shape)
    if order == "A":
        flags = held(a).flags
        order = "F" if flags.f_contiguous and not flags.c_contiguous else "C"
    if order not in ("C", "F"):
        raise ArgumentError(f"np.reshape: order is 'C', 'F' or 'A', got {order!r}")
    if copy is False and not np.shares_memory(held(a).reshape(sizes, order=order), held(a)):
        raise ArgumentError("np.reshape: these elements cannot be read in another shape without a copy; leave copy out")
    result = reverse_axes(reshape(reverse_axes(a), sizes[::-1])) if order == "F" else reshape(a, sizes)
    return elementwise.clone(result) if copy else result


def _ravel(a: Any, order: str = "C") -> Any:
    if order == "K":  # as the elements lie in memory
        a = shape.permute(a, *np.argsort([-step for step in held(a).strides], kind="stable"))
        order = "C"
    return _reshape(a, -1, order)


def _of_operands(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arys: function(*map(operand, arys))


def _square(m: Any) -> Any:
    """A vector as the rows of a square matrix, as ``np.tril`` reads it."""
    return broadcast_to(m, (*m.shape, *m.shape)) if m.ndim == 1 else m


def _broadcast_to(array: Any, shape: Any) -> Any:
    return broadcast_to(array, sizes_of(shape))


def _transpose(a: Any, axes: Any = None) -> Any:
    return shape.reverse_axes(a) if axes is None else shape.permute(a, *sizes_of(axes))


def _squeeze(a: Any, axis: Any = None) -> Any:
    for place in () if axis is None else sizes_of(axis):
        if a.shape[place] != 1:  # PyTorch lets that pass, NumPy does not
            raise ShapeError(f"np.squeeze: axis {place} of {shape_text(a.shape)} has a size other than 1")
    return shape.squeeze(a, axis)


def _expand_dims(a: Any, axis: Any) -> Any:
    axes = sizes_of(axis)
    ndim = a.ndim + len(axes)
    places = {shape.dim_of(x, ndim, "expand_dims") for x in axes}
    sizes = iter(a.shape)
    return reshape(a, tuple(1 if i in places else next(sizes) for i in range(ndim)))


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis = shape.dim_of(axis, a.ndim, "np.rollaxis")
    start = start + a.ndim if start < 0 else start
    if not 0 <= start <= a.ndim:
        raise ArgumentError(f"np.rollaxis: start is from {-a.ndim} to {a.ndim}, got {start}")
    return shape.movedim(a, axis, start - (axis < start))


def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    moved = shape.movedim(operand(arr), axis, -1)
    rows = reshape(moved, (-1, moved.shape[-1]))
    if not rows.shape[0]:
        raise ArgumentError("np.apply_along_axis: there is no row to apply the function to")
    found = joining.stack(alike([func1d(rows[i], *args, **kwargs) for i in range(rows.shape[0])]))
    found, kept = reshape(found, (*moved.shape[:-1], *found.shape[1:])), moved.ndim - 1
    axis = shape.dim_of(axis, moved.ndim, "np.apply_along_axis")
    return shape.movedim(found, list(range(kept, found.ndim)), list(range(axis, axis + found.ndim - kept)))


def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    for axis in sizes_of(axes):
        found = operand(func(a, axis % a.ndim))
        a = found if found.ndim == a.ndim else _expand_dims(found, axis % a.ndim)
    return a


# ---------------------------------------------------------------------- joining


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    def numpy_function(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
        return function(alike(tup, dtype))

    return numpy_function


def _concatenate(arrays: Any, axis: int | None = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    items = alike(arrays, dtype)
    return joining.cat([shape.ravel(x) for x in items], 0) if axis is None else joining.cat(items, axis)


def _stack(arrays: Any, axis: int = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return joining.stack(alike(arrays, dtype), axis)


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return _concatenate((arr, values), axis)


def _block(arrays: Any) -> Any:
    def depth(item: Any) -> int:
        return 1 + max(map(depth, item)) if isinstance(item, list) else 0

    def leaves(item: Any) -> Any:
        return [x for part in item for x in leaves(part)] if isinstance(item, list) else [operand(item)]

    levels = depth(arrays)
    ndim = max(levels, *(x.ndim for x in leaves(arrays)))

    def joined(item: Any, level: int) -> Any:
        if isinstance(item, list):
            return _concatenate([joined(part, level - 1) for part in item], -level)
        x = operand(item)
        return reshape(x, (1,) * (ndim - x.ndim) + tuple(x.shape))

    return joined(arrays, levels)


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    vectors = [shape.ravel(_tensor(x)) for x in xi]
    if not sparse:
        return joining.meshgrid(*vectors, indexing=indexing)
    places = [1 - d if indexing == "xy" and d < 2 <= len(vectors) else d for d in range(len(vectors))]
    sizes = [tuple([-1 if d == place else 1 for d in range(len(vectors))]) for place in places]
    return tuple([reshape(x, size) for x, size in zip(vectors, sizes, strict=True)])


# ---------------------------------------------------------------------- splitting


def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return list(splitting.tensor_split(ary, plainly(indices_or_sections), axis))


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        size = ary.shape[axis]
        raise ShapeError(f"np.split: {indices_or_sections} equal pieces do not divide axis {axis} of size {size}")
    return _array_split(ary, indices_or_sections, axis)


def _listed(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda ary, indices_or_sections: list(function(ary, plainly(indices_or_sections)))


# ---------------------------------------------------------------------- rearranging


def _flip(m: Any, axis: Any = None) -> Any:
    return rearranging.flip(m, *(range(m.ndim) if axis is None else (axis,)))


def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return rearranging.roll(a, int(np.sum(shift)))
    shifts, axes = np.broadcast_arrays(shift, axis)
    if not shifts.size:
        return elementwise.clone(a)
    return rearranging.roll(a, tuple(shifts.reshape(-1).tolist()), tuple(axes.reshape(-1).tolist()))


def _tile(A: Any, reps: Any) -> Any:
    return rearranging.tile(A, tuple(np.atleast_1d(plainly(reps)).tolist()))


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    return rearranging.repeat_interleave(a, value_of(repeats), axis)


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None, **_: Any) -> Any:
    sizes = (window_shape,) if isinstance(window_shape, int) else tuple(window_shape)
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if len(sizes) != len(axes):
        raise ArgumentError(f"sliding_window_view: window_shape {sizes} and axis {tuple(axes)} differ in length")
    places = [shape.dim_of(d, x.ndim, "sliding_window_view") for d in axes]
    for place, size in zip(places, sizes, strict=True):
        x = borders.unfold(x, place, size, 1)
    return x


# ---------------------------------------------------------------------- reading at positions


def _take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    x, place = (shape.ravel(a), 0) if axis is None else (a, shape.dim_of(axis, a.ndim, "np.take"))
    if mode == "raise":
        return indexing.getitem(x, indexing.along(place, indexing.indices_of(indices, "np.take")))
    chosen = np.take(np.arange(x.shape[place]), value_of(indices), mode=mode)  # type: ignore[call-overload]
    return indexing.getitem(x, indexing.along(place, chosen))


def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    return indexing.take_along_dim(arr, indices, axis)


def _pooled(items: Any) -> tuple[Any, list[Any]]:
    """All elements of several arrays in one vector, and the numbers of each array's elements in it."""
    arrays = alike(items)
    starts = np.cumsum([0] + [int(np.prod(x.shape)) for x in arrays])
    numbers = [_numbers(x, int(n)) for x, n in zip(arrays, starts[:-1], strict=True)]
    return joining.cat([shape.ravel(x) for x in arrays], 0), numbers


def _positions(a: Any) -> Any:
    """Integers as wide as addresses are: NumPy takes no wider ones in some places."""
    array = value_of(a)
    return array.astype(np.intp, copy=False) if array.dtype.kind in "iu" else array


def _choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    pool, numbers = _pooled(list(choices))
    return indexing.getitem(pool, np.choose(_positions(a), numbers, mode=mode))  # type: ignore[call-overload]


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    pool, numbers = _pooled([*choicelist, default])
    if traced():
        result: Any = operand(default)
        for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
            result = where(detached(condition), operand(choice), result)
        return result
    return indexing.getitem(pool, np.select([value_of(c) for c in condlist], numbers[:-1], numbers[-1]))


def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = operand(arr), operand(values)
    pool = joining.cat([shape.ravel(arr), shape.ravel(in_dtype(values, arr.dtype))], 0)
    numbers = np.insert(_numbers(arr), plainly(obj), _numbers(values, int(np.prod(arr.shape))), axis)
    return indexing.getitem(pool, numbers)


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    several = isinstance(condlist, (list, tuple)) and (
        not condlist or np.ndim(plainly(condlist[0], held)) or not x.ndim
    )
    conditions = [value_of(c).astype(bool) for c in (condlist if several else [condlist])]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    if len(funclist) != len(conditions):
        raise ArgumentError(
            f"np.piecewise: {len(conditions)} conditions need as many functions, or one more; got {len(funclist)}"
        )
    result: Any = wrap(np.zeros_like(value_of(x)), None)
    for condition, function in zip(conditions, funclist, strict=True):
        if condition.any():
            value = function(indexing.getitem(x, condition), *args, **kwargs) if callable(function) else function
            value = value if isinstance(value, Tensor) else np.asarray(value, x.dtype)
            result = indexing.setitem(result, value, condition)
    return result


def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if weights is None:
        return np.bincount(_positions(x), minlength=minlength)
    refuse_complex("np.bincount", weights)
    return statistics.bincount(x, in_dtype(operand(weights), np.dtype(np.float64)), minlength)


_TABLE: dict[Any, Callable[..., Any]] = {
    np.concatenate: _concatenate, np.stack: _stack, np.append: _append, np.block: _block, np.meshgrid: _meshgrid,
    np.hstack: _joined(joining.hstack), np.vstack: _joined(joining.vstack), np.dstack: joining.dstack,
    np.column_stack: joining.column_stack,
    np.split: _split, np.array_split: _array_split, np.hsplit: _listed(splitting.hsplit),
    np.vsplit: _listed(splitting.vsplit), np.dsplit: _listed(splitting.dsplit),
    np.reshape: _reshape, np.ravel: _ravel, np.transpose: _transpose, np.broadcast_to: _broadcast_to,
    np.swapaxes: lambda a, axis1, axis2: shape.transpose(a, axis1, axis2), np.squeeze: _squeeze,
    np.expand_dims: _expand_dims, np.rollaxis: _rollaxis, np.apply_along_axis: _apply_along_axis,
    np.apply_over_axes: _apply_over_axes,
    np.moveaxis: lambda a, source, destination: shape.movedim(a, source, destination),
    np.matrix_transpose: shape.matrix_transpose, np.broadcast_arrays: lambda *args, subok=False:
        shape.broadcast_tensors(*map(_tensor, args)),
    np.atleast_1d: _of_operands(shape.atleast_1d), np.atleast_2d: _of_operands(shape.atleast_2d),
    np.atleast_3d: _of_operands(shape.atleast_3d),
    np.flip: _flip, np.fliplr: rearranging.fliplr, np.flipud: rearranging.flipud, np.roll: _roll,
    np.rot90: lambda m, k=1, axes=(0, 1): rearranging.rot90(m, k, axes), np.tile: _tile, np.repeat: _repeat,
    np.lib.stride_tricks.sliding_window_view: _sliding_window_view,
    np.diag: lambda v, k=0: diagonals.diag(v, k), np.diagflat: lambda v, k=0: diagonals.diagflat(v, k),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: diagonals.diagonal(a, offset, axis1, axis2),
    np.tril: lambda m, k=0: diagonals.tril(_square(m), k), np.triu: lambda m, k=0: diagonals.triu(_square(m), k),
    np.take: _take, np.take_along_axis: _take_along_axis, np.choose: _choose, np.select: _select, np.insert: _insert,
    np.delete: _picked(np.delete), np.resize: _picked(np.resize), np.compress: _picked(np.compress, 1),
    np.extract: _picked(np.extract, 1), np.piecewise: _piecewise,
    np.bincount: _bincount,
    **{f: without_gradient(f) for f in (np.argwhere, np.flatnonzero, np.searchsorted, np.digitize, np.isin, np.ix_,
                                        np.unravel_index, np.ravel_multi_index, np.tril_indices_from,
                                        np.triu_indices_from, np.nanargmax, np.nanargmin, np.argpartition, np.lexsort,
                                        np.iscomplex)},
}  # fmt: skip
if hasattr(np, "unstack"):  # since NumPy 2.1
    _TABLE[np.unstack] = lambda x, /, *, axis=0: splitting.unbind(x, axis)
FUNCTIONS.update(_TABLE)
