"""Functions of the standard that differ from NumPy's of the same name, or came to NumPy later."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike, Operand
from ..autograd.values import value_of
from ..ops import limits, rounding
from ..ops.operators import to


def tensors_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy that gives tensors also where nothing is recorded: counts, positions, truths."""

    @functools.wraps(function)
    def given(*args: Any, **kwargs: Any) -> Any:
        return _tensors(function(*args, **kwargs))

    return given


def _tensors(result: Any) -> Any:
    if isinstance(result, (np.ndarray, np.generic)):
        return wrap(np.asarray(result), None)
    if isinstance(result, (tuple, list)):
        items = [_tensors(item) for item in result]
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    return result


# ---------------------------------------------------------------------- dtypes


def _dtype_of(x: Any) -> np.dtype[Any]:
    return x.dtype if isinstance(x, (Tensor, np.ndarray)) else np.dtype(x)


def astype(x: Tensor, dtype: DTypeLike, /, *, copy: bool = True, device: DeviceLike = None) -> Tensor:
    """The tensor in another dtype; a new one also where nothing changes, unless ``copy`` is False."""
    return to(x, np.dtype(dtype), device=device, copy=copy)  # type: ignore[no-any-return]


def can_cast(from_: Tensor | DTypeLike, to: DTypeLike, /) -> bool:
    """Whether numbers of one dtype, or of a tensor, keep their values in another."""
    return np.can_cast(_dtype_of(from_), _dtype_of(to))


def finfo(type: Tensor | DTypeLike, /) -> SimpleNamespace:
    """The limits of floats: ``bits eps max min smallest_normal``, numbers of Python, and ``dtype``."""
    found = np.finfo(_dtype_of(type))
    limits = {name: float(getattr(found, name)) for name in ("eps", "max", "min", "smallest_normal")}
    return SimpleNamespace(bits=int(found.bits), dtype=found.dtype, **limits)


def iinfo(type: Tensor | DTypeLike, /) -> np.iinfo[Any]:
    """The limits of integers: ``bits max min`` and ``dtype``."""
    return np.iinfo(_dtype_of(type))


# ---------------------------------------------------------------------- rounding, and what is not zero


def ceil(x: Array, /) -> Any:
    """The smallest whole numbers not below the elements, in their dtype."""
    return rounding.ceil(x)


def floor(x: Array, /) -> Any:
    """The largest whole numbers not above the elements, in their dtype."""
    return rounding.floor(x)


def trunc(x: Array, /) -> Any:
    """The elements without their fractions, in their dtype."""
    return rounding.trunc(x)


def count_nonzero(x: Array, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """How many elements are not zero, of all or along an axis; of all NumPy itself may give a number of Python."""
    return wrap(np.asarray(np.count_nonzero(x, axis=axis, keepdims=keepdims)), None)


def nonzero(x: Array, /) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, a tensor a dimension; ``ArgumentError`` for 0 dimensions."""
    if x.ndim == 0:
        raise ArgumentError("nonzero: a tensor of 0 dimensions has no indices; write x.reshape(1)")
    return tuple(_tensors(np.nonzero(x)))


# ---------------------------------------------------------------------- order and running totals


def sort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The elements in order along an axis."""
    ordered = np.sort(x, axis=axis, stable=stable)
    return np.flip(ordered, axis) if descending else ordered


def argsort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The positions of the elements in order along an axis; of equal ones the first comes first, both ways."""
    if not descending:
        return _tensors(np.argsort(x, axis=axis, stable=stable))
    last = x.shape[axis] - 1
    return _tensors(last - np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=stable), axis))


def _total(
    function: Callable[..., Any], first: int, x: Any, axis: int | None, dtype: Any, include_initial: bool
) -> Any:
    if axis is None:
        if x.ndim != 1:
            raise ArgumentError(f"a running total of {x.ndim} dimensions needs an axis; write axis=-1")
        axis = 0
    total = function(x, axis=axis, dtype=dtype)
    if not include_initial:
        return total
    sizes = [1 if d == axis % x.ndim else size for d, size in enumerate(x.shape)]
    return np.concat([np.full(sizes, first, total.dtype), total], axis)


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: DTypeLike = None, include_initial: bool = False
) -> Any:
    """Running sums along an axis, after a 0 with ``include_initial``."""
    return _total(np.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: DTypeLike = None, include_initial: bool = False
) -> Any:
    """Running products along an axis, after a 1 with ``include_initial``."""
    return _total(np.cumprod, 1, x, axis, dtype, include_initial)


def clip(x: Array, /, min: Operand | None = None, max: Operand | None = None) -> Any:
    """The elements, none below ``min`` or above ``max``, in the dtype of ``x``."""
    if min is None and max is None:
        return x
    # A bound need not fit the dtype of what it bounds, and one of 0 dimensions counts too.
    widest = np.result_type(*(b.dtype for b in (x, min, max) if isinstance(b, (Tensor, np.ndarray))))
    in_one: list[Any] = [to(b, widest) if isinstance(b, Tensor) else b for b in (x, min, max)]
    return to(limits.clip(*in_one), x.dtype)


# ---------------------------------------------------------------------- shape


def broadcast_arrays(*arrays: Array) -> list[Any]:
    """All in the shape that they have in common; a list in version 2024.12 of the standard, a tuple in NumPy."""
    return list(_tensors(np.broadcast_arrays(*arrays)))


def meshgrid(*arrays: Array, indexing: Literal["xy", "ij"] = "xy") -> list[Any]:
    """The grid of vectors, a tensor a dimension; a list, like that of ``broadcast_arrays``."""
    return list(_tensors(np.meshgrid(*arrays, indexing=indexing)))


def expand_dims(x: Array, /, axis: int | tuple[int, ...] = 0) -> Any:
    """The elements with more dimensions, of size 1."""
    return np.expand_dims(x, axis)


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    """The elements in another shape; ``ArgumentError`` where ``copy`` is False and a copy is needed."""
    if copy:
        x = np.copy(x)
    found = np.reshape(x, shape)
    if copy is False and x.ndim and 0 not in x.shape and not np.may_share_memory(value_of(x), value_of(found)):
        raise ArgumentError(f"reshape: {x.shape} as {tuple(shape)} needs a copy; leave copy=False out")
    return found


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The slices along an axis."""
    return tuple(np.moveaxis(x, axis, 0))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The elements at positions along an axis, other positions for every slice."""
    return np.take_along_axis(x, indices, axis)
