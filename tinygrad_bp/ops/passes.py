"""How forwards go through large arrays: without a jump per element, and a block at a time. Raw arrays alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ..autograd.elsewhere import ARRAYS, copied, in_rows, numbers
from ..autograd.types import Raw

# Below this many elements a call costs more than its passes over memory.
MANY = 4096
# Bytes of a block that stays in the cache of a core together with some others of its size.
BLOCK = 1 << 17
# So many elements at once are worth a call of their own.
LONG_ROW = 512
SHORT_ROW = 16
# All bits set, as integers of the size of a float: what a mask is multiplied by.
_ONES = numbers({np.dtype(np.float32): np.full((), -1, np.int32), np.dtype(np.float64): np.full((), -1, np.int64)})


def choose(condition: Raw, a: Raw | float, b: Raw | float) -> Any:
    """``np.where``, of large float arrays by masking bits: NumPy jumps per element, at random for random conditions."""
    few = getattr(condition, "size", 0) < MANY and getattr(a, "size", 0) < MANY and getattr(b, "size", 0) < MANY
    if few or condition.__class__ is not np.ndarray or condition.dtype != bool:
        return np.where(condition, a, b)
    dtype = a.dtype if hasattr(a, "dtype") else getattr(b, "dtype", None)
    ones: Any = _ONES.get(dtype)
    if ones is None or any(getattr(side, "dtype", dtype) != dtype for side in (a, b)):
        return np.where(condition, a, b)
    one, other = (np.asarray(side, dtype).view(ones.dtype) for side in (a, b))
    mask = np.multiply(condition.view(np.int8), ones)
    if not other.ndim and not other.item():  # the number 0, all of whose bits are 0
        return np.bitwise_and(one, mask).view(dtype)
    chosen: Any = np.bitwise_xor(one, other) & mask
    chosen ^= other
    return chosen.view(dtype)


def in_blocks(function: Callable[..., Any], x: Raw) -> Any:
    """``function`` of each element of ``x``, a block at a time: what it makes on the way stays in the cache.

    It takes an array of any shape and gives one of that shape, or a tuple of such.
    """
    size = BLOCK // x.itemsize
    if x.size <= size or x.__class__ in ARRAYS:
        return function(x)
    flat, results = np.reshape(x, (-1,)), None
    for start in range(0, x.size, size):
        block = slice(start, start + size)
        values = function(flat[block])
        several = isinstance(values, tuple)
        values = values if several else (values,)
        if results is None:
            results = [np.empty(x.size, value.dtype) for value in values]
        for result, value in zip(results, values, strict=True):
            result[block] = value
    wholes = tuple(np.reshape(result, x.shape) for result in results or ())
    return wholes if several else wholes[0]


def positions(index: Any, shape: tuple[int, ...]) -> Any:
    """The numbers, counted row by row, of the elements that arrays of integers in every dimension name.

    None for any other kind of index, and where one is out of range: NumPy says which.
    """
    items = index if isinstance(index, tuple) else (index,)
    if len(items) != len(shape) or not all(getattr(item, "dtype", np.dtype(bool)).kind in "iu" for item in items):
        return None
    flat: Any = 0
    for item, size in zip(items, shape, strict=True):
        low, high = (item.min(), item.max()) if item.size else (0, -1)
        if low < -size or high >= size:
            return None
        item = item.astype(np.int64, copy=False)
        flat = flat * size + (np.where(item < 0, item + size, item) if low < 0 else item)
    return flat


def read_at(x: Raw, index: Any) -> Any:
    """``x[index]``; what a large index names in every dimension is read by the numbers of the elements."""
    items = index[:-1] if isinstance(index, tuple) and index and index[-1] is Ellipsis else ()
    if len(items) == x.ndim > 1 and x.flags.c_contiguous and max([getattr(i, "size", 0) for i in items]) >= MANY:
        places = positions(items, x.shape)
        if places is not None:
            return np.take(np.reshape(x, -1), places)
    return x[index]


def add_at(result: Any, index: Any, x: Raw) -> None:
    """``np.add.at`` on an array of its own memory; NumPy's is quick along one dimension alone."""
    items = index if isinstance(index, tuple) else (index,)
    if result.__class__ in ARRAYS and result.dtype.kind in "bi":  # CUDA adds unsigned integers
        wide, added = (array.astype(np.int64).view(np.uint64) for array in (result, x))
        np.add.at(wide, index, added)
        result[...] = wide.view(np.int64)
        return
    few = x.size < MANY or x.__class__ in ARRAYS
    if few or (not _add_elements(result, items, x) and not _add_rows(result, items, x)):
        np.add.at(result, index, x)


def _add_elements(result: Any, index: Any, x: Any) -> bool:
    places = positions(index, result.shape)
    if places is not None:
        np.add.at(np.reshape(result, -1), np.reshape(places, -1), np.reshape(np.broadcast_to(x, places.shape), -1))
    return places is not None


def _add_rows(result: Any, index: Any, x: Any) -> bool:
    """Whether the index is whole dimensions and then one array, and if so, its rows added."""
    *before, rows = index
    axis, whole = len(before), all([i.__class__ is slice and i == slice(None) for i in before])
    if not whole or axis >= result.ndim or getattr(rows, "ndim", 0) != 1 or rows.dtype.kind not in "iu":
        return False
    length = math.prod(result.shape) // (result.shape[axis] or 1)
    if length >= LONG_ROW:
        result, x = np.moveaxis(result, axis, 0), np.moveaxis(x, axis, 0)
        for row, one in zip(rows.tolist(), x, strict=True):
            result[row] += one
        return True
    if length >= SHORT_ROW and not axis and rows.size and rows.min() >= 0:
        rows, x = _add_first(result, rows, x)
    each = [np.reshape(np.arange(n), (-1,) + (1,) * (result.ndim - 1 - i)) for i, n in enumerate(result.shape)]
    step = BLOCK // (4 * (length or 1))
    for start in range(0, rows.size, step):  # few enough that the positions stay in the cache
        part = slice(start, start + step)
        each[axis] = np.reshape(rows[part], (-1,) + (1,) * (result.ndim - 1 - axis))
        add_at(result, tuple(each), x[(*before, part)])
    return True


def _add_first(result: Any, rows: Any, x: Any) -> tuple[Any, Any]:
    """Add what comes first to each row, as often as that is half of what is left; give the rest, in its order."""
    first_of = np.empty(result.shape[0], np.intp)
    while rows.size:
        turns = np.arange(rows.size)
        first_of[rows[::-1]] = turns[::-1]  # of a position named twice the last value written stays
        first = first_of[rows] == turns
        count = np.count_nonzero(first)
        if count == rows.size:
            result[rows] += x
            return rows[:0], x[:0]
        if 2 * count < rows.size:
            break
        result[rows[first]] += x[first]
        rest = ~first
        rows, x = rows[rest], x[rest]
    return rows, x


def steps_of(x: Any, axis: int) -> Any:
    """A copy that begins with ``axis`` where many rows run along it side by side, to go over all of them at once.

    None where there are few: NumPy's own accumulations go element by element.
    """
    few = x.size < LONG_ROW * x.shape[axis] or x.dtype.kind not in "fc"
    return None if few else copied(np.moveaxis(x, axis, 0), "C")


def _by_doubling(ufunc: np.ufunc, x: Any, axis: int) -> Any:
    """Each pass doubles how far back the terms reach (Hillis and Steele 1986)."""
    y, step = copied(np.moveaxis(x, axis, -1)), 1
    while step < y.shape[-1]:
        y[..., step:] = ufunc(y[..., step:], y[..., :-step])
        step *= 2
    return np.moveaxis(y, -1, axis)


def running(ufunc: np.ufunc, x: Any, axis: int) -> Any:
    """``ufunc.accumulate`` along an axis, which CuPy has of sums and products."""
    return _by_doubling(ufunc, x, axis) if x.__class__ in ARRAYS else ufunc.accumulate(x, axis)


def accumulate(ufunc: np.ufunc, x: Any, axis: int) -> Any:
    """``ufunc.accumulate`` of sums or products along an axis."""
    y = steps_of(x, axis)
    if y is None:
        return ufunc.accumulate(x, axis)
    for before, one in pairwise(y):
        ufunc(before, one, out=one)
    return in_rows(np.moveaxis(y, 0, axis))
