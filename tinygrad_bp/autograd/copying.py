"""Copies of a Tensor, shallow and deep, and why there is no pickle."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ArgumentError
from .tensor import Tensor, wrap
from .writes import share


def _copy(self: Tensor) -> Tensor:
    copy = _duplicate(self, self._value)
    share(self, copy)
    return copy


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise ArgumentError(
            f"deepcopy: only leaf tensors can be copied with their gradient; this one was made by "
            f"{self._node!r}. Use t.detach().clone()"
        )
    copy = _duplicate(self, np.array(self._value))
    if self.grad is not None:
        copy._own_cell().grad = wrap(np.array(self.grad._value), None)
    memo[id(self)] = copy
    return copy


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


def _reduce(self: Tensor) -> Any:
    raise ArgumentError(
        "a tensor is never pickled: a pickle can run code when it is read. Save t.detach().numpy() with np.save"
    )


for _name, _function in {
    "__copy__": _copy, "__deepcopy__": _deepcopy, "__reduce__": _reduce,
}.items():  # fmt: skip
    setattr(Tensor, _name, _function)
