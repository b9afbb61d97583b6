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
from ..autograd.numpy_protocols import plainly, without_rule
from ..autograd.op import FUNCTIONS
from ..autograd.operands import refuse_complex
from ..autograd.tensor import Tensor, value_of, wrap
from ..functions import splitting
from ..ops import borders, diagonals, elementwise, indexing, joining, rearranging, shape, statistics
from ..ops.elementwise import in_dtype
from ..ops.shape import broadcast_to, reshape, reverse_axes
from .functions import operand, without_gradient


def _tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else wrap(as_array(x), None)


def _alike(items: Any, dtype: Any = None) -> list[Any]:
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


def _several(sizes: Any) -> tuple[int, ...]:
    return (int(sizes),) if isinstance(sizes, (int, np.integer)) else tuple(sizes)


def _reshape(a: Any, newshape: Any = None, *, shape: Any = None, order: str = "C") -> Any:
    sizes = _several(newshape if shape is None else shape)
    if order == "F":
        return reverse_axes(reshape(reverse_axes(a), sizes[::-1]))
    if order != "C":
        return without_rule("np.reshape", np.reshape, (a, sizes), {"order": order}, ("order",))
    return reshape(a, sizes)


def _ravel(a: Any, order: str = "C") -> Any:
    return _reshape(a, -1, order=order)


def _of_operands(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arys: function(*map(operand, arys))


def _square(m: Any) -> Any:
    """A vector as the rows of a square matrix, as ``np.tril`` reads it."""
    return broadcast_to(m, (*m.shape, *m.shape)) if m.ndim == 1 else m


def _broadcast_to(array: Any, shape: Any) -> Any:
    return broadcast_to(array, _several(shape))


def _transpose(a: Any, axes: Any = None) -> Any:
    return shape.reverse_axes(a) if axes is None else shape.permute(a, *_several(axes))


def _squeeze(a: Any, axis: Any = None) -> Any:
    for place in () if axis is None else _several(axis):
        if a.shape[place] != 1:  # PyTorch lets that pass, NumPy does not
            raise ShapeError(f"np.squeeze: axis {place} of {shape_text(a.shape)} has a size other than 1")
    return shape.squeeze(a, axis)


def _expand_dims(a: Any, axis: Any) -> Any:
    axes = _several(axis)
    ndim = a.ndim + len(axes)
    places = {shape.dim_of(x, ndim, "expand_dims") for x in axes}
    sizes = iter(a.shape)
    return reshape(a, tuple(1 if i in places else next(sizes) for i in range(ndim)))


# ---------------------------------------------------------------------- joining


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    def numpy_function(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
        return function(_alike(tup, dtype))

    return numpy_function


def _concatenate(arrays: Any, axis: int | None = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    items = _alike(arrays, dtype)
    return joining.cat([shape.ravel(x) for x in items], 0) if axis is None else joining.cat(items, axis)


def _stack(arrays: Any, axis: int = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return joining.stack(_alike(arrays, dtype), axis)


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


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if isinstance(pad_width, dict):
        given = {axis % array.ndim: width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(d, 0), 2) for d in range(array.ndim)]
    if np.asarray(pad_width).dtype.kind not in "iu":
        raise ArgumentError(f"np.pad: pad_width is integers, got {pad_width!r}")
    if not array.ndim:
        return elementwise.clone(array)
    widths = [(int(a), int(b)) for a, b in np.broadcast_to(np.asarray(pad_width), (array.ndim, 2))]
    if any(a < 0 or b < 0 for a, b in widths):
        raise ArgumentError(f"np.pad: widths must not be negative, got {pad_width}; read a slice to take elements away")
    if mode == "constant" and set(options) <= {"constant_values"}:
        around = np.pad(np.zeros(array.shape, array.dtype), widths, **plainly(options))
        return borders.bordered(array, widths, around)
    if mode in ("edge", "reflect", "symmetric", "wrap") and options.get("reflect_type", "even") == "even":
        return borders.continued(array, widths, mode)
    return without_rule("np.pad", np.pad, (array, pad_width), {"mode": mode, **options}, ("mode",))


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
    chosen = np.take(np.arange(x.shape[place]), value_of(indices), mode=mode)  # type: ignore[call-overload]
    return indexing.getitem(x, indexing.along(place, chosen))


def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    return indexing.take_along_dim(arr, indices, axis)


def _pooled(items: Any) -> tuple[Any, list[Any]]:
    """All elements of several arrays in one vector, and the numbers of each array's elements in it."""
    arrays = _alike(items)
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
    return indexing.getitem(pool, np.select([value_of(c) for c in condlist], numbers[:-1], numbers[-1]))


def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = operand(arr), operand(values)
    pool = joining.cat([shape.ravel(arr), shape.ravel(in_dtype(values, arr.dtype))], 0)
    numbers = np.insert(_numbers(arr), plainly(obj), _numbers(values, int(np.prod(arr.shape))), axis)
    return indexing.getitem(pool, numbers)


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    several = isinstance(condlist, (list, tuple)) and (not condlist or np.ndim(plainly(condlist[0])) or not x.ndim)
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


def _unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, **options: Any,
) -> Any:  # fmt: skip
    find: Any = np.unique
    _, first, *others = find(value_of(ar), True, return_inverse, return_counts, axis, **options)
    source, place = (shape.ravel(ar), 0) if axis is None else (ar, shape.dim_of(axis, ar.ndim, "np.unique"))
    values = indexing.getitem(source, indexing.along(place, first))
    return (values, *([first] * return_index), *others) if return_index or others else values


_TABLE: dict[Any, Callable[..., Any]] = {
    np.concatenate: _concatenate, np.stack: _stack, np.append: _append, np.block: _block, np.meshgrid: _meshgrid,
    np.hstack: _joined(joining.hstack), np.vstack: _joined(joining.vstack), np.dstack: joining.dstack,
    np.column_stack: joining.column_stack,
    np.split: _split, np.array_split: _array_split, np.hsplit: _listed(splitting.hsplit),
    np.vsplit: _listed(splitting.vsplit), np.dsplit: _listed(splitting.dsplit),
    np.reshape: _reshape, np.ravel: _ravel, np.transpose: _transpose, np.broadcast_to: _broadcast_to,
    np.swapaxes: lambda a, axis1, axis2: shape.transpose(a, axis1, axis2), np.squeeze: _squeeze,
    np.expand_dims: _expand_dims, np.moveaxis: lambda a, source, destination: shape.movedim(a, source, destination),
    np.matrix_transpose: shape.matrix_transpose, np.broadcast_arrays: lambda *args, subok=False:
        shape.broadcast_tensors(*map(_tensor, args)),
    np.atleast_1d: _of_operands(shape.atleast_1d), np.atleast_2d: _of_operands(shape.atleast_2d),
    np.atleast_3d: _of_operands(shape.atleast_3d),
    np.flip: _flip, np.fliplr: rearranging.fliplr, np.flipud: rearranging.flipud, np.roll: _roll,
    np.rot90: lambda m, k=1, axes=(0, 1): rearranging.rot90(m, k, axes), np.tile: _tile, np.repeat: _repeat,
    np.pad: _pad, np.lib.stride_tricks.sliding_window_view: _sliding_window_view,
    np.diag: lambda v, k=0: diagonals.diag(v, k), np.diagflat: lambda v, k=0: diagonals.diagflat(v, k),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: diagonals.diagonal(a, offset, axis1, axis2),
    np.tril: lambda m, k=0: diagonals.tril(_square(m), k), np.triu: lambda m, k=0: diagonals.triu(_square(m), k),
    np.take: _take, np.take_along_axis: _take_along_axis, np.choose: _choose, np.select: _select, np.insert: _insert,
    np.delete: _picked(np.delete), np.resize: _picked(np.resize), np.compress: _picked(np.compress, 1),
    np.extract: _picked(np.extract, 1), np.piecewise: _piecewise, np.unique: _unique,
    np.bincount: _bincount,
    **{f: without_gradient(f) for f in (np.argwhere, np.flatnonzero, np.searchsorted, np.digitize, np.isin, np.ix_,
                                        np.unravel_index, np.ravel_multi_index, np.tril_indices_from,
                                        np.triu_indices_from, np.nanargmax, np.nanargmin, np.argpartition, np.lexsort,
                                        np.iscomplex)},
}  # fmt: skip
if hasattr(np, "unstack"):  # since NumPy 2.1
    _TABLE[np.unstack] = lambda x, /, *, axis=0: splitting.unbind(x, axis)
FUNCTIONS.update(_TABLE)
