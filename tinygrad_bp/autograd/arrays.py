"""What comes in from outside as one plain ndarray: numbers, nested lists, and arrays of NumPy or of others."""

from __future__ import annotations

from operator import index as integer
from typing import Any

import numpy as np

from .dtypes import counted
from .elsewhere import ARRAYS
from .errors import ArgumentError, DtypeError, RaggedError

# The dtypes of tensors. One in another order of bytes is none of them.
_PLAIN = frozenset(map(np.dtype, "?bhilqBHILQefdFD"))


def as_array(data: Any) -> Any:
    """Nested lists, numbers or an array of anyone as a plain array of numbers or booleans, sharing memory if it can.

    Raises ``RaggedError`` for rows that differ, ``DtypeError`` for what holds no numbers, ``ArgumentError`` for what
    would lose a part of its meaning: a mask, or a gradient that another library wants.
    """
    if data.__class__ in ARRAYS or (data.__class__ is np.ndarray and data.dtype in _PLAIN):
        return data
    rows = data if isinstance(data, (list, tuple)) and data and isinstance(data[0], np.ndarray) else (data,)
    if any(map(_is_masked, rows)):
        raise ArgumentError(
            "a masked array cannot come in: its mask would be forgotten. Write a.filled(number), and keep the mask as "
            "an array of its own"
        )
    try:
        foreign = hasattr(data, "__dlpack__") and not hasattr(data, "__array__")
        array = np.from_dlpack(data) if foreign else np.asarray(data)
    except ValueError as error:
        raise RaggedError(f"cannot make a tensor of ragged lists: {ragged_text(data) or error}") from None
    except (TypeError, RuntimeError, BufferError) as error:
        raise ArgumentError(f"cannot make a tensor of a {kind_of(data)}: {error}") from error
    if array.dtype == object and any(isinstance(item, int) and not -(2**63) <= item < 2**63 for item in array.flat):
        raise DtypeError("cannot make a tensor of integers outside int64 (-2**63 to 2**63 - 1); write floats")
    if array.dtype.kind not in "buifc":
        what = f"a {kind_of(data)}" if array.dtype == object and not array.ndim else f"{array.dtype} values"
        raise DtypeError(f"cannot make a tensor of {what}; give numbers or booleans")
    if array.dtype == np.int32 and not of_arrays(data):  # Python's integers, where addresses have 32 bits
        return counted(array)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def of_arrays(data: Any) -> bool:
    """Whether data is an array, or lists of arrays: these keep their dtype. Python's numbers have none."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return is_array(data)


def is_array(data: Any) -> bool:
    """Whether an object is an array: NumPy's, one that can be NumPy's, or a buffer of numbers."""
    if isinstance(data, (str, bytes, bytearray, bool, int, float, complex)):
        return hasattr(data, "__array__")  # NumPy's scalars
    if any(hasattr(data, name) for name in ("__array__", "__dlpack__", "__array_interface__")):
        return True
    try:
        memoryview(data)
    except TypeError:
        return False
    return True


def kind_of(data: Any) -> str:
    """The class of an object, with the package that it comes from where that is not Python itself."""
    package = type(data).__module__.partition(".")[0]
    return type(data).__qualname__ if package == "builtins" else f"{package}.{type(data).__qualname__}"


def whole(value: Any, owner: str, name: str, least: float = -np.inf) -> int:
    """A number that counts or names a place, as an int; a fraction is refused, never rounded."""
    try:
        number = integer(value)
    except TypeError:
        number = None
    if number is None or number < least:
        bound = f", at least {least}" if least > -np.inf else ""
        instead = "; a division that gives one is //" if isinstance(value, float) else ""
        raise ArgumentError(f"{owner}: {name} is a whole number{bound}, got {value!r}{instead}")
    return number


def _is_masked(data: Any) -> bool:
    # The first look at np.ma imports it.
    return isinstance(data, np.ndarray) and type(data) is not np.ndarray and isinstance(data, np.ma.MaskedArray)


def _is_row(item: Any) -> bool:
    return isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.ndim > 0)


def ragged_text(data: Any) -> str:
    """Where nested lists stop being rectangular."""
    sizes = [len(item) if _is_row(item) else None for item in data]
    for i, size in enumerate(sizes):
        if size != sizes[0]:
            one, two = (("a number" if s is None else f"{s} items") for s in (sizes[0], size))
            return f"item 0 has {one}, item {i} has {two}; give every row the same length"
    if sizes and sizes[0] is not None:
        for i, item in enumerate(data):
            inner = ragged_text(item)
            if inner:
                return f"in item {i}: {inner}"
    return ""
