"""What schedules are made with and stepped to: arguments are looked at by their annotations before anything changes."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...autograd.errors import ArgumentError
from ...autograd.tensor import Tensor

F = TypeVar("F", bound=Callable[..., None])


class Kind(NamedTuple):
    """What an argument is, in words, and whether a value is that."""

    said: str
    holds: Callable[[Any], bool]


def _real(value: Any) -> bool:
    return isinstance(value, Real)


def _number(value: Any) -> bool:
    """Whether it is one number, an array of one too; PyTorch takes a fraction for a count of steps."""
    if isinstance(value, (Tensor, np.ndarray)):
        return math.prod(value.shape) == 1 and value.dtype.kind in "biuf"
    return _real(value)


def _numbers(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(map(_number, value))


_ONE = Kind("a number", _number)
_OR_NONE = Kind("a number or None", lambda value: value is None or _number(value))
KINDS = {
    "int": _ONE,
    "float": _ONE,
    "int | None": _OR_NONE,
    "float | None": _OR_NONE,
    "float | Tensor": _ONE,
    "float | Sequence[float]": Kind(
        "a number, or a list with one for every group", lambda value: _number(value) or _numbers(value)
    ),
    "Iterable[int]": Kind(
        "a list of numbers",
        lambda value: isinstance(value, Iterable) and not isinstance(value, bytes) and all(map(_real, value)),
    ),
    "Sequence[int]": Kind("a list of numbers", _numbers),
    "Sequence[LRScheduler]": Kind("a list of schedules", lambda value: isinstance(value, (list, tuple))),
    "Callable[[float], float] | None": Kind("a function or None", lambda value: value is None or callable(value)),
}


def looking(function: F) -> F:
    """A method of a schedule; raises ``ArgumentError`` for an argument that is of another kind than it takes."""
    takes = inspect.signature(function)
    kinds = {name: KINDS[p.annotation] for name, p in takes.parameters.items() if p.annotation in KINDS}

    @functools.wraps(function)
    def looked(self: Any, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            schedule = type(self).__name__
            try:
                given = takes.bind(self, *args, **kwargs).arguments
            except TypeError as error:
                raise ArgumentError(f"{schedule}: {error}") from None
            for name in kinds.keys() & given.keys():
                if not kinds[name].holds(given[name]):
                    raise ArgumentError(f"{schedule}: {name} is {kinds[name].said}, got {given[name]!r:.60}")
        function(self, *args, **kwargs)

    return looked  # type: ignore[return-value]
