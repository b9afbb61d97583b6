"""What NumPy's functions that make arrays do with Tensors: spaces between two ends, and what is made like a tensor.

NumPy looks for tensors among the ends of a space, and in ``like=``; of the items of a list it asks each for its array.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

import numpy as np

from ..autograd.batched import as_many_as
from ..autograd.device import device_of
from ..autograd.errors import ArgumentError
from ..autograd.numpy_protocols import plainly
from ..autograd.op import FUNCTIONS
from ..autograd.tensor import Tensor, wrap
from ..ops import elementwise, joining
from ..ops.elementwise import in_dtype
from ..ops.rounding import floor
from ..ops.shape import broadcast_to, movedim, reshape
from .functions import operand
from .shapes import alike, sizes_of

# ---------------------------------------------------------------------- between two ends


def _ends(start: Any, stop: Any) -> tuple[Any, Any]:
    """Both in the float dtype that NumPy computes in, and of one shape."""
    kinds = [x if isinstance(x, (int, float, complex)) else operand(x).dtype for x in (start, stop)]
    start, stop, dtype = operand(start), operand(stop), np.result_type(*kinds, 0.0)
    shape = np.broadcast_shapes(start.shape, stop.shape)
    return broadcast_to(in_dtype(start, dtype), shape), broadcast_to(in_dtype(stop, dtype), shape)


def _shares(num: Any, endpoint: bool, ndim: int) -> Any:
    """How far each element of a space is on the way, along a new first axis."""
    num = index(num)
    if num < 0:
        raise ArgumentError(f"np.linspace and its like: the number of samples must not be negative, got num={num}")
    return np.reshape(np.arange(num) / max(num - 1 if endpoint else num, 1), (num, *(1,) * ndim))


def _settled(y: Any, dtype: Any, axis: int) -> Any:
    if dtype is not None and np.dtype(dtype).kind in "iu":
        y = floor(y)
    return in_dtype(y, dtype) if axis == 0 else movedim(in_dtype(y, dtype), 0, axis)


def _linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
              axis: int = 0, *, device: Any = None) -> Any:  # fmt: skip
    start, stop = _ends(start, stop)
    shares = _shares(num, endpoint, start.ndim).astype(start.dtype)
    y = _settled(start + (stop - start) * shares, dtype, axis)
    steps = index(num) - bool(endpoint)
    return (y, (stop - start) / steps if steps else start * np.nan) if retstep else y


def _geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = _ends(start, stop)
    if not (np.all(start != 0) and np.all(stop != 0)):
        raise ArgumentError("np.geomspace: a geometric sequence cannot include zero")
    start, stop = (in_dtype(x, np.result_type(x.dtype, np.float64)) for x in (start, stop))
    return _settled(start * np.power(stop / start, _shares(num, endpoint, start.ndim)), dtype, axis)


def _logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
              axis: int = 0) -> Any:  # fmt: skip
    start, stop = _ends(start, stop)
    shape = np.broadcast_shapes(start.shape, operand(base).shape)
    start, stop = broadcast_to(start, shape), broadcast_to(stop, shape)
    return _settled(np.power(base, _linspace(start, stop, num, endpoint)), dtype, axis)


# ---------------------------------------------------------------------- like a tensor


def _stacked(item: Any) -> Any:
    """Nested lists of tensors, arrays and numbers as one tensor."""
    if not isinstance(item, (list, tuple)):
        return operand(item)
    return joining.stack(alike([_stacked(part) for part in item])) if item else np.zeros(0)


def _array(object: Any, dtype: Any = None, *, copy: bool | None = True, order: str = "K", subok: bool = False,
           ndmin: int = 0, ndmax: int = 0) -> Any:  # fmt: skip
    found = _stacked(object)
    found = found if isinstance(found, Tensor) else wrap(np.array(found), None)
    found = in_dtype(elementwise.clone(found) if found is object and copy else found, dtype)
    return reshape(found, ((1,) * (ndmin - found.ndim) + tuple(found.shape))) if found.ndim < ndmin else found


def _as_array(a: Any, dtype: Any = None, order: Any = None, *, copy: bool | None = None, device: Any = None) -> Any:
    return _array(a, dtype, copy=bool(copy))


def _full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    value = in_dtype(operand(fill_value), dtype)
    value = value if isinstance(value, Tensor) else wrap(value, None)
    return elementwise.clone(broadcast_to(value if device is None else value.to(device), sizes_of(shape)))


def _full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
               device: Any = None) -> Any:  # fmt: skip
    where = device_of(a) if device is None and isinstance(a, Tensor) else device
    made = _full(a.shape if shape is None else shape, fill_value, a.dtype if dtype is None else dtype, device=where)
    return as_many_as(a, made)


def _constant(value: float) -> Callable[..., Any]:
    """``np.zeros_like`` and its like."""
    return lambda a, dtype=None, order="K", subok=True, shape=None, *, device=None: _full_like(
        a, value, dtype, shape=shape, device=device
    )


def _arange(start_or_stop: Any, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Any:
    start, stop = (0, start_or_stop) if stop is None else (start_or_stop, stop)
    found = np.arange(*plainly((start, stop, step)), dtype=dtype)
    return in_dtype(start + step * wrap(np.arange(found.size), None), found.dtype)


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    """``np.zeros(…, like=t)`` and its like: a tensor of what NumPy makes."""
    return lambda *args, **kwargs: wrap(function(*args, **kwargs), None)


_TABLE: dict[Any, Callable[..., Any]] = {
    np.linspace: _linspace, np.geomspace: _geomspace, np.logspace: _logspace,
    np.array: _array, np.asarray: _as_array, np.asanyarray: _as_array, np.ascontiguousarray: _as_array,
    np.asfortranarray: _as_array, np.full: _full, np.full_like: _full_like,
    np.zeros_like: _constant(0), np.ones_like: _constant(1), np.empty_like: _constant(0),
    np.arange: _arange, **{f: _made(f) for f in (np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri)},
}  # fmt: skip
FUNCTIONS.update(_TABLE)
