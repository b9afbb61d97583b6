"""Borders around the last dimensions as layers; what each computes is ``nn.functional.pad``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..autograd.errors import ArgumentError
from ..ops.borders import pad
from ..ops.shape import sizes_of
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d",
    "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """What the layers have: how many elements to add before and behind each dimension, the last one first."""

    ndim: ClassVar[int]
    mode: ClassVar[str] = "constant"

    def __init__(self, padding: Any) -> None:
        many = isinstance(padding, Iterable)
        given = sizes_of(tuple(padding) if many else (padding,) * (2 * self.ndim), type(self).__name__)
        if len(given) != 2 * self.ndim:
            raise ArgumentError(
                f"{type(self).__name__}: padding is an integer or {2 * self.ndim} of them, before and behind each "
                f"dimension; got {padding!r}"
            )
        self.padding: tuple[int, ...] = given

    def forward(self, input: Any) -> Any:
        """The input with its border."""
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The padding."""
        return f"{self.padding}"


class ZeroPad1d(_Pad):
    """Zeros around the last dimension: ``padding`` is an integer, or (before, behind).

    >>> import tinygrad_bp as tg
    >>> tg.nn.ZeroPad1d(1)(tg.tensor([[1.0, 2.0]]))
    tensor([[0., 1., 2., 0.]])
    """

    ndim = 1


class ZeroPad2d(_Pad):
    """Zeros around the last two dimensions: ``padding`` is an integer, or (left, right, top, bottom).

    >>> import tinygrad_bp as tg
    >>> tg.nn.ZeroPad2d((1, 0, 0, 0))(tg.ones(1, 1, 2)).tolist()
    [[[0.0, 1.0, 1.0]]]
    """

    ndim = 2


class ZeroPad3d(_Pad):
    """Zeros around the last three dimensions: ``padding`` is an integer or six, the last dimension first.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ZeroPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    ndim = 3


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        """The input with its border."""
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The padding and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A border of ``value`` around the last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ConstantPad1d(1, 7.0)(tg.tensor([[1.0, 2.0]]))
    tensor([[7., 1., 2., 7.]])
    """

    ndim = 1


class ConstantPad2d(_ConstantPad):
    """A border of ``value`` around the last two dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ConstantPad2d(1, 7.0)(tg.ones(1, 1, 1))
    tensor([[[7., 7., 7.],
             [7., 1., 7.],
             [7., 7., 7.]]])
    """

    ndim = 2


class ConstantPad3d(_ConstantPad):
    """A border of ``value`` around the last three dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ConstantPad3d(1, 7.0)(tg.ones(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    ndim = 3


class ReflectionPad1d(_Pad):
    """The last dimension continued by its mirror image, the edge not repeated.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReflectionPad1d(1)(tg.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 1., 2., 3., 2.]])
    """

    ndim: ClassVar[int] = 1
    mode: ClassVar[str] = "reflect"


class ReflectionPad2d(_Pad):
    """The last two dimensions continued by their mirror image, the edge not repeated.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReflectionPad2d(1)(tg.ones(1, 2, 2)).shape
    torch.Size([1, 4, 4])
    """

    ndim: ClassVar[int] = 2
    mode: ClassVar[str] = "reflect"


class ReflectionPad3d(_Pad):
    """The last three dimensions continued by their mirror image, the edge not repeated.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReflectionPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    ndim: ClassVar[int] = 3
    mode: ClassVar[str] = "reflect"


class ReplicationPad1d(_Pad):
    """The last dimension continued by its edge.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReplicationPad1d(1)(tg.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 1., 2., 3., 3.]])
    """

    ndim: ClassVar[int] = 1
    mode: ClassVar[str] = "replicate"


class ReplicationPad2d(_Pad):
    """The last two dimensions continued by their edges.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReplicationPad2d(1)(tg.ones(1, 2, 2)).shape
    torch.Size([1, 4, 4])
    """

    ndim: ClassVar[int] = 2
    mode: ClassVar[str] = "replicate"


class ReplicationPad3d(_Pad):
    """The last three dimensions continued by their edges.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReplicationPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    ndim: ClassVar[int] = 3
    mode: ClassVar[str] = "replicate"


class CircularPad1d(_Pad):
    """The last dimension continued from its other end.

    >>> import tinygrad_bp as tg
    >>> tg.nn.CircularPad1d(1)(tg.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 1., 2., 3., 1.]])
    """

    ndim: ClassVar[int] = 1
    mode: ClassVar[str] = "circular"


class CircularPad2d(_Pad):
    """The last two dimensions continued from their other ends.

    >>> import tinygrad_bp as tg
    >>> tg.nn.CircularPad2d(1)(tg.ones(1, 2, 2)).shape
    torch.Size([1, 4, 4])
    """

    ndim: ClassVar[int] = 2
    mode: ClassVar[str] = "circular"


class CircularPad3d(_Pad):
    """The last three dimensions continued from their other ends.

    >>> import tinygrad_bp as tg
    >>> tg.nn.CircularPad3d(1)(tg.ones(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    ndim: ClassVar[int] = 3
    mode: ClassVar[str] = "circular"
