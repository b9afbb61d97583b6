"""What hand-written functions return, in the many ways they do: as arrays in the order of the inputs or parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.values import value_of
from .repairs.traced import Traced

SPELLINGS = ("{}", "d{}", "d_{}", "grad_{}", "{}_grad", "g{}", "dL_d{}")  # of the gradient of a parameter


def array(result: object) -> Any:
    """The array of a Tensor, a number or a list; what is written down stays that.

    Of lists of several lengths, as texts of words are, it is one of objects, the lists.
    """
    if isinstance(result, Traced):
        return result
    try:
        return np.asarray(value_of(result) if isinstance(result, Tensor) else result)
    except ValueError:
        if not isinstance(result, (list, tuple)):
            raise
    lists = np.empty(len(result), object)
    for i, item in enumerate(result):
        lists[i] = item
    return lists


def numbers(result: object, what: str) -> Any:
    """The same of numbers alone. Raises ``ArgumentError`` for anything else."""
    found = array(result)
    if not isinstance(found, Traced) and found.dtype.kind not in "biufc":
        try:
            return found.astype(np.float64)
        except (TypeError, ValueError):
            raise ArgumentError(f"{what} must be numbers in one array, got {result!r:.40}") from None
    return found


def several(given: Any, name: str, what: str) -> list[Any]:
    """The arrays of ``given``, which the user calls ``name``.

    Raises ``ArgumentError`` for one array alone: its rows would be taken for several.
    """
    if isinstance(given, (np.ndarray, Tensor)) or not isinstance(given, Iterable):
        shape = f" {shape_text(given.shape)}" if isinstance(given, (np.ndarray, Tensor)) else f" {given!r:.40}"
        raise ArgumentError(f"{name} are the {what}, got {type(given).__name__}{shape}: of one, write (x,)")
    return [array(item) for item in given]


def positions(given: Sequence[int], name: str, what: str, count: int) -> list[int]:
    """Positions among the user's inputs. Raises ``ArgumentError`` for others; 0, the default, may be none."""
    for i in given:
        if not 0 <= i < max(count, 1):
            raise ArgumentError(f"{name} has {i}: it names {what} by position, and there are {count}, from 0 on")
    return list(given)


def loss_and_grads(result: object, params: object) -> tuple[Any, list[Any]]:
    """The loss, and the gradients in the order of the parameters; None stands for zeros.

    Raises ``ArgumentError`` where they are not that.
    """
    if not isinstance(result, (tuple, list)) or len(result) < 2:
        raise ArgumentError(f"f must return loss, grads; got {_kind(result)}")
    loss, grads = result[:2]
    if isinstance(loss, dict) or (isinstance(loss, (list, tuple)) and isinstance(grads, (int, float, np.generic))):
        raise ArgumentError("f returned grads, loss: return loss, grads, the loss first")
    if len(result) > 2 and not isinstance(grads, (dict, list, tuple)):
        raise ArgumentError(f"f returned {len(result)} things: return loss, grads with grads built like params")
    return array(loss), list(_matching(grads, params))


def _kind(result: Any) -> str:
    return f"{len(result)} of them" if isinstance(result, (tuple, list)) else type(result).__name__


def _matching(grads: Any, params: Any) -> Iterator[Any]:
    """The arrays of ``grads`` in the order of ``params``."""
    if isinstance(params, dict):
        if not isinstance(grads, dict):
            raise ArgumentError(f"params is a dict and grads {_article(grads)}: give a dict with the same keys")
        for key, part in params.items():
            found = next((name for name in _names(key) if name in grads), None)
            if found is None:
                raise ArgumentError(f"grads has no {key!r} and no 'd{key}'; it has {sorted(map(str, grads))}")
            yield from _matching(grads[found], part)
    elif isinstance(params, (list, tuple)):
        if isinstance(grads, dict):
            raise ArgumentError(f"params is {_article(params)} and grads a dict: give gradients in the order of params")
        if not isinstance(grads, (list, tuple)) and not np.shape(array(grads)):
            raise ArgumentError(f"{len(params)} parameters but one gradient: give one for each, in order")
        if len(grads) != len(params):
            raise ArgumentError(f"{len(params)} parameters but {len(grads)} gradients: give one for each, in order")
        for grad, part in zip(grads, params, strict=True):
            yield from _matching(grad, part)
    elif isinstance(grads, dict):
        raise ArgumentError(f"a gradient is a dict with {sorted(map(str, grads))}, its parameter one array")
    else:
        yield np.zeros(np.shape(array(params))) if grads is None else numbers(grads, "a gradient")


def _names(key: Any) -> list[Any]:
    return [key, *(spelling.format(key) for spelling in SPELLINGS[1:])]


def _article(tree: Any) -> str:
    return f"a {type(tree).__name__}"


def one_each(result: Any, engine: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
    """A gradient, or None, for each of the first inputs, of what a backward returned for these arrays.

    Those that fit the inputs of floats alone, and not the first inputs, leave out integers. Raises ``ArgumentError``
    where there are more gradients than inputs, or a dict has other names than they have.
    """
    if isinstance(result, dict):
        result = _by_name(result, engine)
    count = len(inputs)
    several = isinstance(result, (tuple, list)) and not (count == 1 and isinstance(result, list) and len(result) != 1)
    given = list(result) if several else [result]
    if len(given) > count:
        raise ArgumentError(
            f"{len(given)} hand-written results for {count} inputs: give one for each, None without one"
        )
    gradients = [None if d is None else numbers(d, "a gradient") for d in given]
    shapes = [() if d is None else d.shape for d in gradients]
    floats = [i for i, x in enumerate(inputs) if x.dtype.kind in "fc"]
    if shapes != [x.shape for x in inputs[: len(shapes)]] and shapes == [inputs[i].shape for i in floats]:
        of = dict(zip(floats, gradients, strict=True))
        return [of.get(i) for i in range(count)]
    return gradients


def _by_name(result: dict[Any, Any], engine: Callable[..., Any]) -> Sequence[Any]:
    """The gradients of a dict in the order of the engine's parameters; in its own where it has other names."""
    try:
        names = list(inspect.signature(engine).parameters)
    except (TypeError, ValueError):
        names = []
    found = [next((n for n in _names(name) if n in result), None) for name in names]
    if sum(name is not None for name in found) == len(result):
        return [None if name is None else result[name] for name in found]
    return list(result.values())
