"""Tensors on memory that is there already, and memory laid out in a given order."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import as_array
from ..autograd.device import DeviceLike, device_of, resolve, settled
from ..autograd.errors import ArgumentError
from ..autograd.sharing import lent
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike, Size
from ..ops.shape import shape_of
from .creation import as_tensor, tensor

__all__ = ["asarray", "empty_permuted", "empty_strided", "from_file", "frombuffer"]


def asarray(
    obj: Any, *, dtype: DTypeLike = None, device: DeviceLike = None, copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:  # fmt: skip
    """Numbers, lists, an array, a tensor or a buffer as a tensor: on the same memory where ``copy`` and dtype allow.

    A tensor keeps its history unless ``requires_grad=False`` asks for one without. Raises ``ArgumentError`` where
    ``copy=False`` and a copy is needed.

    >>> import numpy as np, tinygrad_bp as tg
    >>> tg.asarray(np.arange(3))
    tensor([0, 1, 2])
    """
    resolve(device)
    if isinstance(obj, Tensor):
        other = dtype is not None and obj.dtype != np.dtype(dtype)
        if copy is False and other:
            raise ArgumentError(f"asarray: {obj.dtype} as {np.dtype(dtype)} needs a copy; leave copy=False out")
        requires_grad = obj.requires_grad if requires_grad is None else requires_grad
        shared = obj if requires_grad else obj.detach()
        shared = shared if device is None else shared.to(device)
        made = shared.to(dtype) if other else shared.clone() if copy else shared
        return made if made.requires_grad == requires_grad else made.requires_grad_(requires_grad)
    if isinstance(obj, (bytes, bytearray, memoryview)):
        obj = np.frombuffer(obj, dtypes.get_default_dtype() if dtype is None else np.dtype(dtype))
    shares = isinstance(obj, np.ndarray) and dtype in (None, obj.dtype)
    if copy is False and not shares:
        raise ArgumentError(f"asarray: a {type(obj).__name__} needs a copy; leave copy=False out")
    made = (tensor if copy or not shares else as_tensor)(obj, dtype, device=device)
    return made.requires_grad_(bool(requires_grad))


def frombuffer(
    buffer: Any, *, dtype: DTypeLike, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """The bytes of an object (``bytes``, ``bytearray``, ``array.array``, …) as a tensor on the same memory.

    >>> import tinygrad_bp as tg
    >>> tg.frombuffer(bytearray([1, 2, 3]), dtype=tg.uint8)
    tensor([1, 2, 3], dtype=torch.uint8)
    """
    return wrap(lent(np.frombuffer(buffer, np.dtype(dtype), count, offset)), None).requires_grad_(requires_grad)


def from_file(
    filename: str | os.PathLike[str], shared: bool | None = None, size: int = 0, *, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The first ``size`` numbers of a file, without reading them all: what is ``shared`` is also written there."""
    resolve(device)
    kind = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    if shared and (not os.path.exists(filename) or os.path.getsize(filename) < size * kind.itemsize):
        with open(filename, "ab") as file:
            file.truncate(size * kind.itemsize)
    memory = np.memmap(filename, kind, "r+" if shared else "c", shape=(size,)) if size else np.empty(0, kind)
    return settled(wrap(as_array(memory), None), device).requires_grad_(requires_grad)


def empty_strided(
    size: Size, stride: Size, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """An unfilled tensor whose elements lie ``stride`` elements apart along each dimension.

    >>> import tinygrad_bp as tg
    >>> tg.empty_strided((2, 3), (1, 2)).shape
    torch.Size([2, 3])
    """
    resolve(device)
    shape, steps = shape_of((size,), "empty_strided"), shape_of((stride,), "empty_strided")
    if len(shape) != len(steps):
        raise ArgumentError(f"empty_strided: size {shape} and stride {steps} need one number for each dimension")
    kind = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    last = sum((length - 1) * step for length, step in zip(shape, steps)) if all(shape) else -1
    memory = np.empty(last + 1, kind)
    strides = [step * kind.itemsize for step in steps]
    return settled(wrap(np.ndarray(shape, kind, memory, 0, strides), None), device).requires_grad_(requires_grad)


def new_empty_strided(
    x: Tensor, size: Size, stride: Size, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """An unfilled tensor in the dtype of ``x`` whose elements lie ``stride`` elements apart along each dimension."""
    kind, device = x.dtype if dtype is None else dtype, device_of(x) if device is None else device
    return empty_strided(size, stride, dtype=kind, device=device, requires_grad=requires_grad)


def empty_permuted(
    size: Size, physical_layout: Size, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """An unfilled tensor whose dimensions lie in memory in the order given, the last one densest.

    >>> import tinygrad_bp as tg
    >>> tg.empty_permuted((2, 3, 4), (0, 2, 1)).shape
    torch.Size([2, 3, 4])
    """
    resolve(device)
    shape, order = shape_of((size,), "empty_permuted"), shape_of((physical_layout,), "empty_permuted")
    if sorted(order) != list(range(len(shape))):
        raise ArgumentError(f"empty_permuted: {order} must name each of the {len(shape)} dimensions once")
    kind = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    memory = np.empty([shape[axis] for axis in order], kind)
    return settled(wrap(memory.transpose(np.argsort(order)), None), device).requires_grad_(requires_grad)
