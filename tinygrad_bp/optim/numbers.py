"""What the rule of a step is computed with: arrays and floats, or tensors where what is done with them is followed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from ..autograd.dtypes import get_default_dtype
from ..autograd.elsewhere import number
from ..autograd.tensor import Tensor, wrap


class Seen(NamedTuple):
    """How an update sees tensors of the state and settings: rules are written once, for both."""

    array: Callable[[Tensor], Any]  # of a tensor of the state: its array, or the tensor itself
    number: Callable[[Any], Any]  # of a setting, a count or what was computed of them: a float, or a 0-d tensor
    typed: Callable[..., Sequence[Any]]  # numbers beside which arrays of a dtype keep it
    stored: Callable[..., Sequence[Any]]  # numbers as they are written into counts of a dtype


def _arrays_typed(dtype: Any, *values: Any) -> Sequence[Any]:
    """Without dimensions, which multiply faster than Python's numbers; a condition is 1 or 0."""
    if dtype.kind == "c":
        dtype = np.finfo(dtype).dtype
    return [number(value, dtype) for value in values]


def _tensors_typed(dtype: Any, *values: Any) -> Sequence[Any]:
    if dtype.kind == "c":
        dtype = np.finfo(dtype).dtype
    followed = [isinstance(value, Tensor) and value.dtype != np.bool_ for value in values]
    return [value.to(dtype) if each else value for value, each in zip(values, followed, strict=True)]


def _as_given(dtype: Any, *values: Any) -> Sequence[Any]:
    """NumPy casts where it writes."""
    return values


def _double(x: Any) -> Any:
    return x.double() if isinstance(x, Tensor) else x


ARRAYS = Seen(attrgetter("_value"), float, _arrays_typed, _as_given)
TENSORS = Seen(lambda t: t, _double, _tensors_typed, _tensors_typed)


def seen(group: dict[str, Any]) -> Seen:
    """What an update of a group is computed with: tensors with ``differentiable``, else arrays and floats."""
    return TENSORS if group.get("differentiable") else ARRAYS


def used(setting: Any) -> bool:
    """Whether a number takes part: a tensor stands for one that did when the step was written down."""
    return isinstance(setting, Tensor) or setting != 0


def power(base: Any, exponent: Any) -> Any:
    """One number to the power of another, by the same call of NumPy for floats and tensors."""
    if not isinstance(base, Tensor) and not isinstance(exponent, Tensor):
        return float(np.power(base, exponent))
    return np.power(base, exponent if isinstance(exponent, Tensor) else wrap(np.array(float(exponent)), None))


def sqrt(x: Any) -> Any:
    """The square root of a number."""
    return np.sqrt(x) if isinstance(x, Tensor) else math.sqrt(x)


def larger(a: float, b: Any) -> Any:
    """The larger of two numbers; the first where the second is NaN."""
    return np.fmax(a, b) if isinstance(b, Tensor) else max(a, b)


def smaller(a: Any, b: Any) -> Any:
    """The smaller of two numbers."""
    return np.fmin(a, b) if isinstance(b, Tensor) else min(a, b)


def choose(condition: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """What one of two functions gives; of tensors both are computed, and the condition picks in every run."""
    if isinstance(condition, Tensor):
        return np.where(condition, then(), otherwise())
    return then() if condition else otherwise()


def number_tensor(number: Any) -> Tensor:
    """A number of the state: 0-d, float32 unless the default dtype is float64, as in PyTorch."""
    dtype = np.float64 if get_default_dtype() == np.float64 else np.float32
    return wrap(np.array(float(number), dtype), None)


def pull(g: Any, p: Any, group: dict[str, Any], decay: float) -> Any:
    """The gradient to descend along: −g where the optimizer ascends, with the weight decay of ``p``."""
    if group["maximize"]:
        g = -g
    return g + p * decay if decay else g


def decayed(g: Any, p: Any, group: dict[str, Any], rest: Any) -> Any:
    """``pull``; with ``decoupled_weight_decay`` the decay leaves the gradient alone, and ``rest`` of ``p`` stays."""
    decay = group["weight_decay"]
    if not group["decoupled_weight_decay"]:
        return pull(g, p, group, decay)
    if decay:
        p *= rest
    return pull(g, p, group, 0)
