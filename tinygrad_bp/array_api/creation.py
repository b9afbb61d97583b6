"""What the standard has for making tensors: NumPy's functions, and the default dtype where none is named."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.device import DeviceLike, device_of, resolve, settled
from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike
from ..autograd.values import value_of
from ..functions import memory
from ..functions.dlpack import from_dlpack as from_dlpack
from ..ops.operators import to


def making(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """A function of NumPy that makes an array of numbers, as one that makes a tensor on a device."""

    @functools.wraps(function)
    def made(*args: Any, dtype: DTypeLike = None, device: DeviceLike = None, **kwargs: Any) -> Tensor:
        if dtype is not None:
            return settled(wrap(np.asarray(function(*args, **kwargs), dtype), None), device)
        array = np.asarray(function(*args, **kwargs))
        if array.dtype.kind in "fc":
            least = np.complex64 if array.dtype.kind == "c" else np.float16
            array = array.astype(np.result_type(dtypes.get_default_dtype(), least), copy=False)
        return settled(wrap(array, None), device)

    return made


def _alike(function: Callable[..., Any]) -> Callable[..., Tensor]:
    @functools.wraps(function)
    def made(x: Array, /, *args: Any, dtype: DTypeLike = None, device: DeviceLike = None, **kwargs: Any) -> Tensor:
        where = device_of(x) if device is None and isinstance(x, Tensor) else device
        return settled(wrap(function(value_of(x), *args, dtype=dtype, **kwargs), None), where)

    return made


def asarray(obj: Any, /, *, dtype: DTypeLike = None, device: DeviceLike = None, copy: bool | None = None) -> Tensor:
    """A tensor as it is, with its history, or a copy; an array, numbers and lists of them as a tensor.

    Raises ``ArgumentError`` where ``copy`` is False and a copy is needed.

    >>> from tinygrad_bp import array_api as xp
    >>> xp.asarray([1.0, 2.0])
    tensor([1., 2.])
    """
    if not isinstance(obj, Tensor):
        return memory.asarray(obj, dtype=dtype, device=device, copy=copy)
    resolve(device)
    if copy is False and dtype is not None and obj.dtype != dtype:
        raise ArgumentError(f"asarray: {obj.dtype} as {np.dtype(dtype)} needs a copy; leave copy=False out")
    return to(obj, dtype, device=device, copy=copy is True)  # type: ignore[no-any-return]


arange: Callable[..., Any]
empty: Callable[..., Any]
eye: Callable[..., Any]
full: Callable[..., Any]
linspace: Callable[..., Any]
ones: Callable[..., Any]
zeros: Callable[..., Any]
empty_like: Callable[..., Any]
full_like: Callable[..., Any]
ones_like: Callable[..., Any]
zeros_like: Callable[..., Any]
arange, empty, eye, full, linspace, ones, zeros = (
    making(function) for function in (np.arange, np.empty, np.eye, np.full, np.linspace, np.ones, np.zeros)
)
empty_like, full_like, ones_like, zeros_like = (
    _alike(function) for function in (np.empty_like, np.full_like, np.ones_like, np.zeros_like)
)
