"""What a tensor says of its elements: how many there are, of what kind, and how they lie in memory."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from .errors import ArgumentError, IndexRangeError, shape_text


class Elements(int):
    """How many elements a tensor has; called it gives the shape: NumPy's ``t.size`` and PyTorch's ``t.size()``."""

    shape: tuple[int, ...]

    @overload
    def __call__(self, dim: None = None) -> tuple[int, ...]: ...
    @overload
    def __call__(self, dim: int) -> int: ...
    def __call__(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        shape = self.shape
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
    found = Elements(self._value.size)
    found.shape = self.shape
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
    return int(self._value.itemsize)


def nbytes(self: Any) -> int:
    """The bytes of all elements.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).nbytes
    8
    """
    return int(self._value.nbytes)


def flags(self: Any) -> Any:
    """NumPy's flags of the memory."""
    return self._value.flags


def numel(self: Any) -> int:
    """How many elements.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).nelement()
    6
    """
    return int(self._value.size)


def dim(self: Any) -> int:
    """How many dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).dim()
    2
    """
    return int(self._value.ndim)


def is_floating_point(self: Any) -> bool:
    """Whether the dtype is a float.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).is_floating_point()
    True
    """
    return bool(self._value.dtype.kind == "f")


def is_complex(self: Any) -> bool:
    """Whether the dtype is complex.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).is_complex()
    False
    """
    return bool(self._value.dtype.kind == "c")
