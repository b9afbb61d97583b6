"""Functions made of several ops that PyTorch records as one step: ``gather`` shows ``GatherBackward0``."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .op import OPS, Op

P = ParamSpec("P")
R = TypeVar("R")

# An op under PyTorch's name of a function that ends with it; by the op's name and that one.
_shown: dict[tuple[str, str], Op] = {}


def of_table(op: Op) -> bool:
    """Whether ``OPS`` has the op by its name, perhaps under another name of its nodes: it is not a user's Function."""
    known = OPS.get(op.name)
    return known is not None and known.rules is op.rules


def as_step(name: str, result: R) -> R:
    """The result, whose last step has PyTorch's ``name`` of the function that gives it; any other thing as it is.

    A user's own Function keeps its name.
    """
    node = getattr(result, "_node", None)
    if node is not None and node.op is not None and of_table(node.op):
        key = node.op.name, name
        if key not in _shown:
            _shown[key] = _under(name, OPS[node.op.name])
        node.op = _shown[key]
    return result


def _under(name: str, known: Op) -> Op:
    op = copy.copy(known)
    op.grad_fn = name
    # Those of the table's op are compiled at their first use, and put in their place then.
    op.pull = lambda g, parents, kept: known.pull(g, parents, kept)
    op.back = lambda node, g, gradients: known.back(node, g, gradients)  # type: ignore[misc]
    return op


def recorded_as(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """What such a function is decorated with, where it never gives back an argument; of a tuple every item is meant."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def step(*args: P.args, **kwargs: P.kwargs) -> R:
            found = function(*args, **kwargs)
            for result in found if isinstance(found, tuple) else (found,):
                as_step(name, result)
            return found

        return step

    return decorate
