"""Programs: what a function computes, written down as a flat list of op calls. It knows none of its readers.

``program`` (what a program is, and how it runs), ``capture`` (running a function and writing it down), ``captured``
(what comes of that), ``places`` (which value lies where in memory), ``numbers`` (of Python, that may change), ``text``.

>>> import tinygrad_bp as tg
>>> print(tg.program(lambda x: (x * x).sum(), tg.ones(3)))
x                   float32 (3,)
t0 = mul(x, x)      float32 (3,)
t1 = sum(t0)        float32 ()
return t1
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from ..autograd.errors import CaptureError
from ..autograd.trees import flatten
from .capture import capture
from .program import Constant, Program, Step, Value, evaluate
from .text import text

__all__ = ["CaptureError", "Constant", "Program", "Step", "Value", "evaluate", "program"]


def program(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Program:
    """Call ``function`` once, and give what it computed as a program: every op, those of a backward pass included.

    Arguments are tensors or arrays, also in nested lists, tuples and dicts; anything else is as it is in every run.
    Tensors that the function uses besides, such as parameters, are inputs too. What it writes, such as parameters that
    an optimizer moves, is written. Raises ``CaptureError`` where the function reads a value (``item()``, ``if t > 0``).

    >>> import tinygrad_bp as tg
    >>> print(tg.program(tg.func.grad(lambda w: w.exp().sum()), tg.ones(2)))
    args_0                             float32 (2,)
    c0 = 1.                            float32 ()
    t0 = exp(args_0)                   float32 (2,)
    t1 = sum(t0)                       float32 ()
    t2 = broadcast_to(c0, shape=(2,))  float32 (2,)
    t3 = mul(t2, t0)                   float32 (2,)
    return t3
    """
    return capture(function, (args, kwargs), argument_names(function, args, kwargs))[0].program


def argument_names(function: Callable[..., Any], args: Any, kwargs: Any) -> list[str]:
    """A name for each leaf of the arguments: that of the parameter, with the place inside a nested one.

    >>> argument_names(lambda x, pair: None, (1, (2, 3)), {})
    ['x', 'pair_0', 'pair_1']
    """
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return []
    names: list[str] = []
    for name, given in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        leaves, _ = flatten(given)
        several = len(leaves) > 1 or kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        names += [f"{name}_{i}" if several else name for i in range(len(leaves))]
    return names


setattr(Program, "__str__", text)  # noqa: B010  (what is printed knows what is stored, not the other way round)


class _Room(ModuleType):
    """``tg.program`` is this room, and the function that it is for."""

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Program:
        """``program`` above."""
        return program(function, *args, **kwargs)


sys.modules[__name__].__class__ = _Room
