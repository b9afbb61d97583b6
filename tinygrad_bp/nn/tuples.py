"""One number for each dimension, from one for all: what layers written for PyTorch import from ``nn.modules.utils``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def _ntuple(n: int) -> Callable[[Any], tuple[Any, ...]]:
    """A function that gives ``n`` times what it is given, or a tuple of its items.

    >>> _ntuple(2)(3), _ntuple(2)([3, 4])
    ((3, 3), (3, 4))
    """

    def repeated(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    return repeated


_single, _pair, _triple, _quadruple = map(_ntuple, range(1, 5))
