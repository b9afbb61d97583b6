"""How forwards go through large arrays: without a jump per element, and a block at a time. Raw arrays alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Below this many elements a call costs more than its passes over memory.
MANY = 4096
# Bytes of a block that stays in the cache of a core together with some others of its size.
BLOCK = 1 << 17
# All bits set, as integers of the size of a float: what a mask is multiplied by.
_ONES: dict[Any, Any] = {np.dtype(np.float32): np.array(-1, np.int32), np.dtype(np.float64): np.array(-1, np.int64)}


def choose(condition: Any, a: Any, b: Any) -> Any:
    """``np.where``, of large float arrays by masking bits: NumPy jumps per element, at random for random conditions."""
    if getattr(condition, "size", 0) < MANY or condition.dtype != bool:
        return np.where(condition, a, b)
    dtype = a.dtype if hasattr(a, "dtype") else getattr(b, "dtype", None)
    ones = _ONES.get(dtype)
    if ones is None or any(getattr(side, "dtype", dtype) != dtype for side in (a, b)):
        return np.where(condition, a, b)
    a, b = (np.asarray(side, dtype).view(ones.dtype) for side in (a, b))
    chosen = np.bitwise_xor(a, b) & np.multiply(condition.view(np.int8), ones)
    chosen ^= b
    return chosen.view(dtype)


def in_blocks(function: Callable[..., Any], x: Any) -> Any:
    """``function`` of each element of ``x``, a block at a time: what it makes on the way stays in the cache.

    It takes an array of any shape and gives one of that shape, or a tuple of such.
    """
    size = BLOCK // x.itemsize
    if x.size <= size:
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
