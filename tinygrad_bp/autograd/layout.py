"""What a tensor says of its elements: how many there are, of what kind, and how they lie in memory."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from .errors import ArgumentError, IndexRangeError, shape_text


@overload
def size(self: Any, dim: None = None) -> tuple[int, ...]: ...
@overload
def size(self: Any, dim: int) -> int: ...
def size(self: Any, dim: int | None = None) -> Any:
    """The shape, or the size of one dimension."""
    if dim is None:
        return self.shape
    if not isinstance(dim, (int, np.integer)):
        raise ArgumentError(f"size: dim is an integer, got {dim!r:.40}")
    if not -self._value.ndim <= dim < self._value.ndim:
        raise IndexRangeError(f"size: dimension out of range, {shape_text(self.shape)} has no dimension {dim}")
    return self._value.shape[dim]


def numel(self: Any) -> int:
    """How many elements."""
    return int(self._value.size)


def dim(self: Any) -> int:
    """How many dimensions."""
    return int(self._value.ndim)


def is_floating_point(self: Any) -> bool:
    """Whether the dtype is a float."""
    return bool(self._value.dtype.kind == "f")


def is_complex(self: Any) -> bool:
    """Whether the dtype is complex."""
    return bool(self._value.dtype.kind == "c")
