"""Calling a homework's functions again and again: the same random numbers each time, arrays or Tensors in."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..verify.array_like import ArrayLike

GENERATORS = (np.random.Generator, np.random.RandomState)


def array(value: Any) -> Any:
    """An array of what a homework gives: a Tensor without its history, a number, a list."""
    value = value.tensor if isinstance(value, ArrayLike) else value
    if isinstance(value, Tensor):
        return value.detach().numpy(force=True)
    return np.asarray(value)


def is_array(value: Any) -> bool:
    """Whether it holds numbers with a shape."""
    return isinstance(value, (np.ndarray, np.generic, Tensor, ArrayLike))


def recorded(value: Any) -> bool:
    """Whether it is a Tensor, or one that behaves as an array."""
    return isinstance(value, (Tensor, ArrayLike))


def is_float(value: Any) -> bool:
    """Whether it holds floating point numbers."""
    return is_array(value) and np.dtype(value.dtype).kind == "f"


def leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every array in nested dicts, lists and tuples, with its name: ``W1``, ``layers.0.W``; other values are left."""
    if isinstance(tree, Mapping):
        for key, part in tree.items():
            yield from leaves(part, f"{name}.{key}" if name else str(key))
    elif isinstance(tree, (list, tuple)):
        for key, part in enumerate(tree):
            yield from leaves(part, f"{name}.{key}" if name else str(key))
    elif is_array(tree):
        yield name, tree


def replaced(tree: Any, arrays: Iterator[Any]) -> Any:
    """The same nest with other arrays in the places of its own, in the order of ``leaves``."""
    if isinstance(tree, Mapping):
        return {key: replaced(part, arrays) for key, part in tree.items()}
    if isinstance(tree, (list, tuple)):
        parts = [replaced(part, arrays) for part in tree]
        return tree._make(parts) if hasattr(tree, "_make") else type(tree)(parts)
    return next(arrays) if is_array(tree) else copy.deepcopy(tree)


@dataclass
class Caller:
    """How functions of one homework are called."""

    module: ModuleType
    tensors: bool = False  # whether it is written for PyTorch's tensors
    made: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.made = [(g, _state(g)) for g in vars(self.module).values() if isinstance(g, GENERATORS)]

    def seeded(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """A call whose random numbers are the same every time."""
        random.seed(0)
        np.random.seed(0)
        for generator, state in self.made:
            _set_state(generator, state)
        with np.errstate(all="ignore"):
            return function(*arguments, **named)

    def own(self, tree: Any) -> Any:
        """Arguments as the homework takes them: copies of arrays, or tensors of them."""

        def one(value: Any) -> Any:
            if isinstance(value, (Tensor, ArrayLike)):
                return value
            fresh = np.array(value, subok=True)
            return wrap(fresh, None) if self.tensors else fresh

        return replaced(tree, iter([one(value) for _, value in leaves(tree)]))


def _state(generator: Any) -> Any:
    return copy.deepcopy(
        generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.get_state()
    )


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = copy.deepcopy(state)
    else:
        generator.set_state(state)


def like(g: Any, output: Any) -> Any:
    """What arrives, as a Tensor where the output is one."""
    return wrap(np.array(g), None) if isinstance(output, Tensor) else np.array(g)
