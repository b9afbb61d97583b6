"""Ops that read and write at an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.op import REQUIRED, linear
from ..autograd.tensor import Tensor
from .samples import sample


def plain_index(index: Any) -> Any:
    """An index with the tensors in it as arrays."""
    if isinstance(index, tuple):
        return tuple(_plain(item) for item in index)
    return _plain(index)


def _plain(item: Any) -> Any:
    if isinstance(item, Tensor):
        return item._value
    if isinstance(item, list):
        return np.asarray([_plain(i) for i in item]) if item else np.zeros(0, np.int64)
    return item


def _may_repeat(index: Any) -> bool:
    """Whether an index can name one element twice: only integer arrays can."""
    items = index if isinstance(index, tuple) else (index,)
    return any(getattr(item, "dtype", None) is not None and item.dtype.kind in "ui" and item.ndim for item in items)


def _place(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    result = np.zeros(shape, dtype=x.dtype)
    if _may_repeat(index):
        np.add.at(result, index, x)
    else:
        result[index] = x
    return result


def _read(x: Any, index: Any) -> Any:
    """``x[index]``, a view where NumPy has one: a trailing Ellipsis keeps one element from becoming a scalar."""
    items = index if isinstance(index, tuple) else (index,)
    return x[index] if any(item is Ellipsis for item in items) else x[(*items, ...)]


_INDEXES: tuple[tuple[tuple[int, ...], Any], ...] = (
    ((2, 3), 1), ((2, 3), (slice(None), 1)), ((4, 3), slice(None, None, -2)), ((2, 3), (..., None, 0)),
    ((4, 3), np.array([0, 2, 2])), ((2, 3), np.array([[True, False, True], [False, True, False]])),
    ((4, 3), (np.array([0, 1, 0]), np.array([2, 2, 2]))), ((4, 3), (slice(1, 3), np.array([0, -1]))), ((3,), 0),
    ((), ...), ((0, 3), slice(0, 0)),
)  # fmt: skip

_getitem = linear("getitem", _read, lambda g, x_shape, index: place(g, x_shape, index),
                  params={"index": REQUIRED}, formula="x[index]",
                  samples=tuple(sample(shape, index=index) for shape, index in _INDEXES),
                  reference=lambda x, index: x[index], doc="The elements at an index.")

place: Callable[..., Any] = linear("place", _place, lambda g, index: g[index],
               params={"shape": REQUIRED, "index": REQUIRED}, formula="Σ over repeats of x, at index in zeros",
               samples=tuple(
                   sample(np.zeros(shape)[index].shape, shape=shape, index=index) for shape, index in _INDEXES),
               reference=lambda x, shape, index: _place_reference(x, shape, index),
               doc="Zeros of a shape with x added at an index: the transpose of reading there.")


def _place_reference(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    positions = np.arange(int(np.prod(shape))).reshape(shape)[index]
    return np.bincount(positions.ravel(), weights=np.ravel(x), minlength=int(np.prod(shape))).reshape(shape)


def getitem(x: Any, index: Any) -> Any:
    """``x[index]``: integers, slices, None, Ellipsis, boolean masks and integer arrays, as in NumPy."""
    return _getitem(x, plain_index(index))


def _setitem(x: Any, v: Any, index: Any) -> Any:
    result = np.array(x)
    result[index] = v
    return result


def _last_written(g: Any, shape: tuple[int, ...], index: Any) -> Any:
    """``g[index]``, with 0 where an element that the index names again later was overwritten."""
    taken = g[index]
    if not _may_repeat(index):
        return taken
    owner = np.zeros(shape, dtype=np.int64)
    turns = np.arange(int(np.prod(taken.shape))).reshape(taken.shape)
    owner[index] = turns
    return np.where(owner[index] == turns, taken, np.zeros_like(taken))


setitem: Callable[..., Any] = linear("setitem", _setitem, lambda g, index: setitem(g, 0.0, index),
                 lambda g, index: _last_written(g, g.shape, index),
                 inputs="x v", params={"index": REQUIRED}, formula="x, with x[index] = v",
                 samples=(sample((2, 3), (3,), index=1), sample((4, 3), (), index=slice(1, 3)),
                          sample((4, 3), (3, 3), index=np.array([0, 2, 2])), sample((2,), (2,), index=...),
                          sample((2, 3), (), index=np.array([[True, False, True], [False, True, False]]))),
                 reference=lambda x, v, index: _setitem(x, v, index),
                 hint="the value must broadcast to the shape of what the index selects",
                 doc="A copy of x with the elements at an index replaced; of repeated positions the last one counts.")


def _onto(x: Any, index: Any, axis: int) -> tuple[Any, ...]:
    """The full integer index that ``take_along_axis`` stands for."""
    grid: list[Any] = list(np.ogrid[tuple(slice(size) for size in index.shape)])
    grid[axis] = index
    return tuple(grid)


def take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    """The elements that ``indices`` (an integer tensor of as many dimensions as ``x``) names along ``axis``.

    >>> import tinygrad_bp as tg
    >>> tg.take_along_axis(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([[1], [0]]), 1)
    tensor([[2.],
            [3.]])
    """
    indices = indices._value if isinstance(indices, Tensor) else np.asarray(indices)
    if not x.ndim:
        return x
    return _getitem(x, _onto(x, indices, axis % x.ndim))


