"""``out=``: what a function gives, written into tensors that are there. One place for all functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from .elsewhere import copied
from .errors import ArgumentError, shape_text
from .lines import warn
from .modes import mode, traced
from .tensor import Tensor
from .writing import array_of_write, array_to_write, replace, same_kind, set_data


def write_out(function: Callable[..., Any], out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function, write its result (of several: each) into ``out``, and return that, as PyTorch does.

    An empty ``out`` takes the shape of the result; another one that does not fit does so with a warning. Raises
    ``ArgumentError`` while recording where anything requires grad, ``DtypeError`` where ``out`` cannot hold the dtype.
    """
    name = function.__name__
    targets = tuple(out) if isinstance(out, (tuple, list)) else (out,)
    for target in targets:
        if not isinstance(target, Tensor):
            raise ArgumentError(f"{name}: out is a tensor, or one for each result, got {type(target).__name__}")
    given = list(_tensors((*args, *kwargs.values())))
    if mode().grad and any(tensor.requires_grad for tensor in (*given, *targets)):
        raise ArgumentError(
            f"{name}: out= cannot be recorded, and an argument or out requires grad; leave out= away, or write it "
            "inside `with tg.no_grad():`"
        )
    if not given and "dtype" in (inspect.unwrap(function).__kwdefaults__ or ()):  # numbers drawn or counted
        kwargs = {"dtype": targets[0].dtype, **kwargs}
    found = function(*args, **kwargs)
    results = found if isinstance(found, tuple) else (found,)
    if len(results) != len(targets) or not all(isinstance(result, Tensor) for result in results):
        raise ArgumentError(f"{name}: gives {len(results)} results, and out has {len(targets)} tensors for them")
    cast = [same_kind(t, result, f"{name} with out=") for t, result in zip(targets, results)]
    for target, result in zip(targets, cast):  # all of them are looked at before one is written
        if target._value.shape == result._value.shape:
            array_of_write(target, f"{name} with out=")
    for target, result in zip(targets, cast):
        _take(target, result, name)
    return type(found)(*targets) if hasattr(found, "_fields") else targets if isinstance(found, tuple) else out


def _take(target: Tensor, result: Tensor, name: str) -> None:
    if target._value.shape == result._value.shape:
        if traced():
            replace(target, f"{name} with out=", lambda _: result)
        else:
            array_to_write(target, f"{name} with out=")[...] = result._value
        return
    if target._value.size:
        warn(
            f"{name}: out has shape {shape_text(target.shape)}, the result {shape_text(result.shape)}: out gets new "
            "memory of that shape; give one that fits, or an empty one",
        )
    set_data(target, copied(result._value))  # a leaf that requires grad learns its new shape


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)
