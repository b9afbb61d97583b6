"""Copies of a Tensor, shallow and deep, and why there is a pickle between processes alone."""

from __future__ import annotations

import sys
from copy import deepcopy
from typing import Any

from .elsewhere import copied
from .errors import ArgumentError
from .modes import holding, same
from .sharing import share
from .tensor import Tensor, wrap


def _copy(self: Tensor) -> Tensor:
    copy = _duplicate(self, self._value)
    share(self, copy)
    vars(copy).update(vars(self))
    return copy


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise ArgumentError(
            f"deepcopy: only leaf tensors can be copied with their gradient; this one was made by "
            f"{self._node!r}. Use t.detach().clone()"
        )
    copy = _duplicate(self, _copied(self))
    if self.grad is not None:
        copy._own_cell().grad = wrap(_copied(self.grad), None)
    memo[id(self)] = copy
    vars(copy).update(deepcopy(vars(self), memo))
    return copy


def _copied(tensor: Tensor) -> Any:
    """A copy of its array, of which whoever follows values knows that it is one."""
    holding(tensor)
    array = copied(tensor._value)
    same(array, tensor._value)
    return array


def _duplicate(self: Tensor, value: Any) -> Tensor:
    copy = object.__new__(type(self))
    copy._value, copy._node = value, None
    if self.name is not None:
        copy.name = self.name
    if self._node is not None:
        if self._node.op is None:
            copy.requires_grad = True
        else:
            copy._node = self._node
    return copy


def _reduce(self: Tensor, protocol: Any) -> Any:
    if sys._getframe(1).f_globals.get("__name__") != "multiprocessing.reduction":
        raise ArgumentError(
            "a tensor is never pickled: a pickle can run code when it is read. Save it with tg.save(t, path), of a "
            "model its state_dict(), and read it with tg.load(path)"
        )
    return sent(self)


def sent(self: Tensor) -> Any:
    """What rebuilds a leaf in another process of the same program, which alone reads it."""
    if not self.is_leaf:
        raise ArgumentError(
            f"a tensor made by {self._node!r} cannot go to another process with its history; send t.detach()"
        )
    holding(self)
    return _received, (type(self), copied(self._value), self.requires_grad, self.name)


def _received(kind: type[Tensor], value: Any, requires_grad: bool, name: str | None) -> Tensor:
    tensor = object.__new__(kind)
    tensor._value, tensor._node = value, None
    if name is not None:
        tensor.name = name
    if requires_grad:
        tensor.requires_grad = True
    return tensor


for _name, _function in {
    "__copy__": _copy, "__deepcopy__": _deepcopy, "__reduce_ex__": _reduce,
}.items():  # fmt: skip
    setattr(Tensor, _name, _function)
