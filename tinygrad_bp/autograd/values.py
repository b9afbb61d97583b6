"""What functions take of a tensor besides calling ops with it. Whoever follows values has to see, or to refuse it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import as_array
from .batched import stands_for_many
from .elsewhere import boxed, hosted
from .errors import NoRuleError
from .modes import holding, making, mode, reading, traced
from .tensor import Tensor, wrap
from .types import Array


def value_of(x: Any) -> Any:
    """The array in a tensor, to compute with; anything else as an array. Whoever follows values refuses that."""
    if isinstance(x, Tensor):
        reading(x)
        return x._value
    return as_array(x)


def held(x: Any) -> Any:
    """The array in a tensor where no result comes of it: its shape and dtype, a check, an op that takes it as it is.

    A tensor that stands for many is that itself: it has a shape and a dtype, and ops take it.
    """
    if isinstance(x, Tensor):
        if stands_for_many(x):
            return x
        holding(x)
        return x._value
    return as_array(x)


def made(array: Any) -> Tensor:
    """A tensor of an array that was made now, of numbers alone: a program makes it again in every run."""
    tensor = wrap(array, None)
    making(tensor)
    return tensor


def form_of(x: Array) -> Any:
    """An array of the shape and dtype of ``x``: that in the tensor itself, or one without memory."""
    return np.broadcast_to(np.empty((), x.dtype), x.shape) if stands_for_many(x) else held(x)


def detached(x: Any) -> Any:
    """A tensor without its history, which ops see; anything else as an array."""
    return x.detach() if isinstance(x, Tensor) else as_array(x)


def unrecorded(x: Any) -> Any:
    """What ``x`` holds, without its history: an array on the CPU, or a tensor where someone follows values.

    NumPy's functions compute the same with either, and on a tensor they are seen.
    """
    return x.detach() if isinstance(x, Tensor) and traced() else hosted(value_of(x))


def beside(x: Any, array: Any) -> Any:
    """An array as what ``x`` is: a tensor without history where x is a tensor."""
    return wrap(boxed(array), None) if isinstance(x, Tensor) else array


def fixed_value(x: Any, what: str, instead: str = "t.detach()") -> Any:
    """The array in an argument through which no gradient flows; ``NoRuleError`` where ``x`` requires grad."""
    refuse_gradient(x, what, instead)
    return value_of(x)


def refuse_gradient(x: Any, what: str, instead: str = "t.detach()") -> None:
    """``NoRuleError`` where ``x``, an argument through which no gradient flows, requires grad."""
    if isinstance(x, Tensor) and x._node is not None and mode().grad:
        raise NoRuleError(
            f"{what} requires grad, and no gradient flows through it: it would be dropped silently. Write {instead}"
        )
