"""What a tensor says of its elements: how many there are, of what kind, and how they lie in memory."""

from __future__ import annotations

import math
from typing import Any, overload

import numpy as np

from .columns import strides_of
from .elsewhere import hosted
from .errors import ArgumentError, IndexRangeError, shape_text
from .modes import laying
from .sharing import columns_of, start_of
from .writes import owner

__all__ = [
    "channels_last", "channels_last_3d", "contiguous_format", "layout", "memory_format", "preserve_format", "strided",
]  # fmt: skip


class layout:
    """How the elements are kept; the one here is ``tg.strided``: all of them, at equal steps.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).layout
    torch.strided
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"


class memory_format(layout):
    """The order of elements in memory that a program may ask for; it changes no value.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3).contiguous(memory_format=tg.contiguous_format).stride()
    (3, 1)
    """


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

# ---------------------------------------------------------------------- how many, of what kind


class Elements(int):
    """How many elements a tensor has; called it gives the shape: NumPy's ``t.size`` and PyTorch's ``t.size()``."""

    _shape: tuple[int, ...]

    @overload
    def __call__(self, dim: None = None) -> tuple[int, ...]: ...
    @overload
    def __call__(self, dim: int) -> int: ...
    def __call__(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        shape = self._shape
        if dim is None:
            return shape
        if not isinstance(dim, (int, np.integer)):
            raise ArgumentError(f"size: dim is an integer, got {dim!r:.40}")
        if not -len(shape) <= dim < len(shape):
            raise IndexRangeError(f"size: dimension out of range, {shape_text(shape)} has no dimension {dim}")
        return shape[dim]


def size(self: Any) -> Elements:
    """The number of elements, which called as in PyTorch gives the shape, or the size of one dimension.

    >>> import tinygrad_bp as tg
    >>> x = tg.zeros(2, 3)
    >>> x.size, x.size(), x.size(0)
    (6, torch.Size([2, 3]), 2)
    """
    shape = self.shape
    found = Elements(math.prod(shape))
    found._shape = shape
    return found


def strides(self: Any) -> tuple[int, ...]:
    """By how many bytes the elements of each dimension lie apart.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).strides
    (12, 4)
    """
    found: tuple[int, ...] = self._value.strides
    return found


def itemsize(self: Any) -> int:
    """The bytes of one element.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).itemsize
    4
    """
    return int(self.dtype.itemsize)


def nbytes(self: Any) -> int:
    """The bytes of all elements.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).nbytes
    8
    """
    return int(math.prod(self.shape) * self.dtype.itemsize)


def flags(self: Any) -> Any:
    """NumPy's flags of the memory."""
    return self._value.flags


def element_at(self: Any, index: tuple[Any, ...]) -> Any:
    """The element at an index as a Python number; one number counts the elements in a row."""
    try:
        return hosted(self._value).item(*index)
    except (IndexError, ValueError, TypeError) as error:
        raise IndexRangeError(f"item: no element {index} in {shape_text(self._value.shape)}: {error}") from None


def numel(self: Any) -> int:
    """How many elements.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).nelement()
    6
    """
    return math.prod(self.shape)


def dim(self: Any) -> int:
    """How many dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).dim()
    2
    """
    return int(self.ndim)


def is_floating_point(self: Any) -> bool:
    """Whether the dtype is a float.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).is_floating_point()
    True
    """
    return bool(self.dtype.kind == "f")


def is_complex(self: Any) -> bool:
    """Whether the dtype is complex.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).is_complex()
    False
    """
    return bool(self.dtype.kind == "c")


# ---------------------------------------------------------------------- how they lie


def row_by_row(x: Any, order: tuple[int, ...] | None = None) -> bool:
    """Whether PyTorch has the elements row by row without gaps; ``order``: the dimensions, the fastest one last.

    ``x`` is a tensor or an array.
    """
    array, strides = getattr(x, "_value", x), strides_of(x)
    step = array.itemsize
    for d in (order or tuple(range(array.ndim)))[::-1]:
        if array.shape[d] != 1 and strides[d] != step:
            return not array.size
        step *= array.shape[d]
    return True


def stride(self: Any, dim: int | None = None) -> Any:
    """How many elements lie between neighbours along each dimension, or along one.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3).stride(), tg.zeros(2, 3).T.stride(), tg.zeros(2, 3).stride(0)
    ((3, 1), (1, 3), 3)
    """
    array = self._value
    found: list[int] = []
    row = 1  # how many elements one step over what comes after would be
    for size, step in zip(array.shape[::-1], strides_of(self)[::-1]):
        found.append(step // array.itemsize if array.size and (size != 1 or step) else row)
        row = max(size, 1) * found[-1]
    strides = tuple(found[::-1])
    if dim is None:
        return strides
    if not -array.ndim <= dim < array.ndim:
        raise IndexRangeError(f"stride: dimension out of range, {shape_text(self.shape)} has no dimension {dim}")
    return strides[dim]


_ORDERS = {"channels_last": (0, 2, 3, 1), "channels_last_3d": (0, 2, 3, 4, 1)}


def is_contiguous(self: Any, memory_format: memory_format = contiguous_format) -> bool:
    """Whether the elements lie row by row, without gaps, or in the order of a memory format.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3).is_contiguous(), tg.zeros(2, 3).T.is_contiguous()
    (True, False)
    """
    order = _ORDERS.get(memory_format._name)
    return row_by_row(self, order) if order is None or len(order) == self._value.ndim else False


def storage_offset(self: Any) -> int:
    """How many elements of its memory lie before the first one of the tensor."""
    laying(storage_offset)
    array = self._value
    if not array.size:
        return 0
    lowest = start_of(array) + sum((n - 1) * step for n, step in zip(array.shape, array.strides) if step < 0)
    place, columns = (lowest - start_of(owner(array))) // array.itemsize, columns_of(self)
    if columns is not None:
        place = place % columns.shape[0] * columns.shape[1] + place // columns.shape[0]
    return int(place)


def data_ptr(self: Any) -> int:
    """The address of the first element; 0 where there is none."""
    laying(data_ptr)
    return start_of(self._value) if self._value.size else 0


def layout_of(self: Any) -> layout:
    """``tg.strided``: every element is kept."""
    return strided


def is_sparse(self: Any) -> bool:
    """Whether only some elements are kept: no."""
    return False


def is_sparse_csr(self: Any) -> bool:
    """Whether only some elements are kept, row by row: no."""
    return False


def is_quantized(self: Any) -> bool:
    """Whether the elements are integers that stand for floats: no."""
    return False


def is_mkldnn(self: Any) -> bool:
    """Whether the elements lie in an order of oneDNN's: no."""
    return False


def is_nested(self: Any) -> bool:
    """Whether rows may differ in length: no."""
    return False
