"""One run of a forward and what follows it, for functions and for objects alike."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from . import drawing
from .calling import is_array
from .pairs import Function, is_cache


class Session(Protocol):
    """One run of forward and backward: where the two are found, and gradients that were left elsewhere."""

    def call(self, name: str) -> Callable[..., Any]:
        """The function or method of that name."""

    def left(self) -> list[tuple[str, Any]]:
        """Gradients that the backward did not return, by name."""

    def labels(self) -> Any:
        """The labels that it holds; None where there are none."""


@dataclass
class Plain:
    """The session of functions, which keep nothing."""

    space: Mapping[str, Any]

    def call(self, name: str) -> Callable[..., Any]:
        """The function of that name."""
        return self.space[name]  # type: ignore[no-any-return]

    def left(self) -> list[tuple[str, Any]]:
        """Nothing."""
        return []

    def labels(self) -> Any:
        """Nothing."""
        return None


class Context:
    """What stands for PyTorch's ``ctx``: it keeps what the forward gives it."""

    saved_tensors: tuple[Any, ...] = ()
    needs_input_grad = (True,) * 32

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors."""
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *_: Any) -> None:
        """Nothing is to be done here."""

    mark_dirty = set_materialize_grads = mark_non_differentiable


class WithContext:
    """The session of a ``torch.autograd.Function``: static methods that share a ``ctx``."""

    def __init__(self, kind: Any) -> None:
        self.kind, self.context = kind, Context()

    def call(self, name: str) -> Callable[..., Any]:
        """The method with the context given."""
        return functools.partial(getattr(self.kind, name), self.context)

    def left(self) -> list[tuple[str, Any]]:
        """Nothing."""
        return []

    def labels(self) -> Any:
        """Nothing."""
        return None


@dataclass
class Start:
    """What a session is started from: an object's own arrays, and what makes a session with others in their place."""

    session: Callable[[Sequence[Any]], Session]
    named: list[tuple[str, Any]] = field(default_factory=list)
    context: drawing.Context = field(default_factory=drawing.Context)


@dataclass
class Ran:
    """What a forward gave: its output, what it leaves for backward, and everything by the names it returns."""

    output: Any
    cache: Any
    named: dict[str, Any]
    parts: list[Any]


def split(result: Any, function: Function, many: int) -> Ran:
    """A forward's result: ``many`` outputs, stacked side by side where there are two, and what else it returns."""
    returned = function.signature.returned
    if isinstance(result, Mapping):
        values = [v for v in result.values() if is_array(v)]
        return Ran(values[-1] if values else None, result, dict(result), list(result.values()))
    if not isinstance(result, (tuple, list)):
        return Ran(result, None, {returned[0]: result} if returned and returned[0] else {}, [result])
    parts = list(result)
    names = returned if len(returned) == len(parts) else [""] * len(parts)
    named = {n: p for n, p in zip(names, parts, strict=True) if n}
    arrays = [i for i, p in enumerate(parts) if (is_array(p) or isinstance(p, float)) and not is_cache(names[i])]
    arrays = [i for i in arrays if names[i] not in function.signature.names] or arrays  # return A, Z
    if not arrays:
        return Ran(None, parts, named, parts)
    chosen = arrays[:many] if many > 1 else arrays[:1]
    nothing_else = len(arrays) == len(parts)
    if many <= 1 and nothing_else and (len(arrays) > 2 or many == 0):  # Z1, A1, Z2, A2
        chosen = arrays[-1:]
    rest = [p for i, p in enumerate(parts) if i not in chosen]
    outputs = [parts[i] for i in chosen]
    output = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, -1)
    return Ran(output, rest[0] if len(rest) == 1 else tuple(rest), named, parts)
