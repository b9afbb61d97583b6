"""A shape as PyTorch prints it."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from .errors import ArgumentError


class Size(tuple[int, ...]):
    """A shape: the tuple of the sizes, printed with its name, and still one where it is cut or joined.

    Raises ``ArgumentError`` for what is not an iterable of integers.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3, 4).shape
    torch.Size([2, 3, 4])
    >>> tg.zeros(2, 3, 4).shape[1:] + (5,)
    torch.Size([3, 4, 5])
    >>> tg.zeros(2, 3).shape == (2, 3)
    True
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[Any] = ()) -> Size:
        """Of any integers."""
        try:
            return tuple.__new__(cls, [size.__index__() for size in sizes])
        except (AttributeError, TypeError):
            raise ArgumentError(f"Size: give the sizes, an iterable of integers, got {sizes!r:.60}") from None

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return prod(self)

    def __getitem__(self, index: Any) -> Any:
        found = tuple.__getitem__(self, index)
        return tuple.__new__(Size, found) if index.__class__ is slice else found

    def __add__(self, other: Any) -> Any:
        return tuple.__new__(Size, tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Any:
        return tuple.__new__(Size, tuple.__add__(other, self))

    def __mul__(self, count: Any) -> Any:
        return tuple.__new__(Size, tuple.__mul__(self, count))

    def __rmul__(self, count: Any) -> Any:
        return self * count

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"
