"""What a forward found on its way and its rules read: recorded, by the formula that the op's definition gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .elsewhere import boxed
from .modes import same
from .op import Op, arguments
from .tensor import Tensor, wrap


def residual(op: Op, name: str, value: Any, read: Mapping[str, Any]) -> Any:
    """The residual ``name``, found as ``value``, with the history of its formula of what the rules ``read``.

    Where the formula reads an input that was not kept it is constant.
    """
    find = op.residuals[name]
    given = {argument: read[argument] for argument in arguments(find)}
    if any(value is None and argument not in op.params for argument, value in given.items()):  # None may be an axis
        return read[name]
    found = find(*given.values())
    if found.__class__ is not Tensor or found.shape != value.shape or found.dtype != value.dtype:
        return found
    array = boxed(value)  # of a tensor without dimensions a forward may give a scalar
    same(array, found._value)  # the formula may round otherwise
    return wrap(array, found._node)
