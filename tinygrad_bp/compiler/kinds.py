"""Kinds of arguments: what a program depends on among them, but for the numbers in tensors and arrays."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from .guards import PLAIN, by_value, place_of


def kind_of(item: Any) -> Any:
    """What a program depends on in the arguments, but for the values of floating point numbers."""
    if isinstance(item, Tensor):
        kind = item._value.shape, item._value.dtype, item._node is not None
        return kind if item.__class__ is Tensor and not item.__dict__ else (*kind, type(item), _attributes_of(item))
    if isinstance(item, np.ndarray):
        return np.ndarray, item.shape, item.dtype
    if isinstance(item, dict):
        return (dict, *[(key, kind_of(value)) for key, value in item.items()])
    if isinstance(item, (list, tuple)):
        return (type(item), *[kind_of(value) for value in item])
    if item.__class__ is float:
        return float
    if isinstance(item, np.generic):
        return type(item), item.tobytes()
    if isinstance(item, (bool, int, complex, str, bytes, type(None))):
        return type(item), item
    return type(item), _This(item)


def _attributes_of(x: Tensor) -> tuple[Any, ...]:
    """The attributes that a user gave to a tensor: numbers and texts by value, all else by identity."""
    found = [
        (name, type(value), value if isinstance(value, PLAIN) else _This(value)) for name, value in vars(x).items()
    ]
    return tuple([(name, kind, by_value(value)) for name, kind, value in found])


class _This:
    """An object by its identity: it is equal to itself as long as it lives, whatever stands at its address later."""

    def __init__(self, item: Any) -> None:
        self.number = id(item)
        try:
            self.item: Callable[[], Any] = weakref.ref(item)
        except TypeError:
            self.item = lambda: item

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.number == other.number and self.item() is other.item() is not None


def numbers_of(leaves: list[Any]) -> list[Any]:
    """The floating point numbers among the leaves."""
    return [by_value(x) for x in leaves if x.__class__ is float]


def places_of(leaves: list[Any]) -> tuple[int, ...]:
    """For each tensor or array the first that has the same elements in the same memory: a program knows them as one."""
    items = [x for x in leaves if isinstance(x, (Tensor, np.ndarray))]
    if len(items) < 2:
        return ()
    firsts: dict[Any, int] = {}
    return tuple([firsts.setdefault(place_of(x), i) for i, x in enumerate(items)])
