"""TorchScript's names: here Python itself runs the program, as with ``PYTORCH_JIT=0`` there; ``tg.compile`` compiles.

Functions and models come back as they are, so a program that scripts them computes the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from typing import Final as Final

__all__ = [
    "annotate", "export", "ignore", "is_scripting", "is_tracing", "script", "script_if_tracing", "trace",
    "unused",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V")


def script(obj: F, **settings: object) -> F:
    """The function or model itself.

    >>> import tinygrad_bp as tg
    >>> @tg.jit.script
    ... def double(x):
    ...     return 2 * x
    >>> double(3)
    6
    """
    return obj


def trace(func: F, example_inputs: object = None, **settings: object) -> F:
    """The function or model itself; it is not called.

    >>> import tinygrad_bp as tg
    >>> tg.jit.trace(abs, tg.ones(2)) is abs
    True
    """
    return func


def script_if_tracing(fn: F) -> F:
    """The function itself."""
    return fn


def ignore(fn: F) -> F:
    """The function itself."""
    return fn


def unused(fn: F) -> F:
    """The function itself."""
    return fn


def export(fn: F) -> F:
    """The method itself."""
    return fn


def annotate(the_type: object, the_value: V) -> V:
    """The value itself."""
    return the_value


def is_scripting() -> bool:
    """Whether a compiled program asks: no."""
    return False


def is_tracing() -> bool:
    """Whether the call is being traced: no."""
    return False


def __getattr__(name: str) -> Any:
    from .not_here import missing

    raise missing("jit", name)
