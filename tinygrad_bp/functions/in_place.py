"""Methods that change their tensor and are no other function's result written into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.arrays import kind_of
from ..autograd.batched import Batched
from ..autograd.errors import ArgumentError, LeafWriteError, ShapeError, shape_text
from ..autograd.modes import traced
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand, Size
from ..autograd.values import value_of
from ..autograd.writes import tick, wrote
from ..autograd.writing import array_to_write, carry, in_place
from ..ops.scatter import masked_fill
from ..ops.shape import either, shape_of

__all__ = ["detach_", "resize_as_"]


def _check(x: Any, what: str) -> None:
    if not isinstance(x, Tensor):
        raise ArgumentError(f"{what}: changes a tensor, got a {kind_of(x)}; write tg.tensor(...) first")


def _refuse_history(x: Tensor, what: str) -> None:
    _check(x, what)
    if x.requires_grad:
        raise ArgumentError(f"{what}: cannot be recorded, and the tensor requires grad; write t.detach().{what}(...)")


def apply_(self: Tensor, callable: Callable[..., Any], /) -> Tensor:
    """Every element what a Python function makes of it, as a Python number: slow, and never recorded.

    >>> import tinygrad_bp as tg
    >>> tg.arange(3.0).apply_(lambda x: x * x)
    tensor([0., 1., 4.])
    """
    return _each("apply_", self, callable, self)


def map_(self: Tensor, tensor: Array, callable: Callable[..., Any], /) -> Tensor:
    """Every element what a Python function makes of it and that of another tensor, which broadcasts.

    >>> import tinygrad_bp as tg
    >>> tg.arange(3.0).map_(tg.tensor([5.0]), max)
    tensor([5., 5., 5.])
    """
    return _each("map_", self, callable, self, tensor)


def map2_(self: Tensor, x: Array, y: Array, callable: Callable[..., Any], /) -> Tensor:
    """Every element what a Python function makes of it and those of two other tensors, which broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.arange(3.0).map2_(tg.ones(3), tg.ones(3), lambda a, b, c: a + b + c)
    tensor([2., 3., 4.])
    """
    return _each("map2_", self, callable, self, x, y)


def _each(what: str, x: Tensor, callable: Callable[..., Any], *given: Any) -> Tensor:
    for tensor in given:
        if isinstance(tensor, Tensor):
            _refuse_history(tensor, what)
    rows = [np.broadcast_to(value_of(tensor), x.shape).ravel().tolist() for tensor in given]
    found = np.array([callable(*row) for row in zip(*rows, strict=True)], x.dtype)
    array_to_write(x, what)[...] = found.reshape(x.shape)
    return x


def _with_diagonal(x: Any, fill_value: Operand, wrap: bool = False) -> Any:
    if x.ndim < 2 or (x.ndim > 2 and len(set(x.shape)) > 1):
        raise ShapeError(
            f"fill_diagonal_: needs a matrix, or more dimensions that are all of one size, got {shape_text(x.shape)}"
        )
    on = np.zeros(x.shape, bool)
    np.fill_diagonal(on, True, wrap)
    return masked_fill(x, on, fill_value)


fill_diagonal_ = in_place("fill_diagonal_", _with_diagonal)
fill_diagonal_.__doc__ = (
    "The elements whose indices are all equal set to one number; ``wrap``: again below the last row."
)


def resize_(self: Tensor, *sizes: Size, size: Size | None = None) -> Tensor:
    """Another shape, whatever its size: the first elements stay, further ones are what the memory holds.

    Raises ``ArgumentError`` where the tensor requires grad.

    >>> import tinygrad_bp as tg
    >>> tg.arange(6).resize_(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    _refuse_history(self, "resize_")
    shape = shape_of(either(sizes, size), "resize_")
    held = self._value
    count = int(np.prod(shape, dtype=np.int64))
    if count <= held.size and held.flags.c_contiguous:
        self._value = held.reshape(-1)[:count].reshape(shape)
    else:
        self._value = np.empty(shape, held.dtype)
        self._value.reshape(-1)[: held.size] = held.ravel()[:count]
    tick()
    return self


def resize_as_(self: Tensor, the_template: Array) -> Tensor:
    """The shape of another tensor, as ``resize_``.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(4).resize_as_(tg.ones(2, 2))
    tensor([[0., 0.],
            [0., 0.]])
    """
    return resize_(self, the_template.shape)


def detach_(self: Tensor) -> Tensor:
    """The tensor without its history, from now on a leaf that requires no grad. Raises for a view.

    >>> import tinygrad_bp as tg
    >>> (tg.ones(1, requires_grad=True) * 2).detach_().requires_grad
    False
    """
    if isinstance(self, Batched):
        detach_(self.slices)
        return self
    _check(self, "detach_")
    before = self._node
    if before is not None and before.op is not None and before.op.views:
        raise LeafWriteError("detach_: the tensor is a view, which shares its history with its base; use t.detach()")
    self._node = None
    carry(self, before)
    if not traced():  # the value is what it was
        wrote(self._value)
    return self
