"""A module whose parameters draw no numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...random.generator import default_generator
from ..module import Module

__all__ = ["skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: Callable[..., M], *args: Any, **kwargs: Any) -> M:
    """``module_cls(*args, **kwargs)`` that leaves the stream of random numbers where it was.

    For parameters that get their values another way; what they hold before is not said.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.skip_init(tg.nn.Linear, 3, 2)
    Linear(in_features=3, out_features=2, bias=True)
    """
    state = default_generator().get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        default_generator().set_state(state)
