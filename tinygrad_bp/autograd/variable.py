"""``Variable``: what PyTorch called a tensor that requires grad, before tensors did."""

from __future__ import annotations

from typing import Any

from .errors import ArgumentError
from .tensor import Tensor, wrap

__all__ = ["Variable"]


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Tensor)


class Variable(metaclass=_Kind):
    """A tensor on the memory of ``data``, without its history. Every tensor is a ``Variable``.

    Raises ``ArgumentError`` for data that is no tensor. ``volatile`` is accepted as PyTorch has it.

    >>> import tinygrad_bp as tg
    >>> tg.autograd.Variable(tg.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:  # noqa: D102
        if not isinstance(data, Tensor):
            raise ArgumentError(
                f"Variable: data has to be a tensor, got {type(data).__name__}; write tg.tensor(data, "
                "requires_grad=True)"
            )
        return wrap(data.detach()._value, None).requires_grad_(requires_grad)
