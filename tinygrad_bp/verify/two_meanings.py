"""Methods that arrays and Tensors both have and that mean two things: which of them a forward calls.

``h.std(0)`` divides by n on an array and by n − 1 on a Tensor. A forward that calls it has two values, and a gradient
by hand of the one is not that of the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import shape_text
from ..autograd.tensor import Tensor, wrap
from .findings import Finding

METHODS = ("max", "min", "nonzero", "put", "repeat", "sort", "std", "transpose", "var")


class Watched(np.ndarray):
    """An array that notes calls of methods whose numbers a Tensor has otherwise; what is made of it notes them too."""

    noted: list[str] | None

    def __array_finalize__(self, made_of: Any) -> None:
        """Share the notes."""
        self.noted = getattr(made_of, "noted", None)


def _watched(name: str) -> Callable[..., Any]:
    def method(self: Watched, *args: Any, **kwargs: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__", "").startswith("numpy."):  # np.max(h) calls h.max itself
            return getattr(np.ndarray, name)(self, *args, **kwargs)
        before = wrap(np.array(self), None)
        found = getattr(np.ndarray, name)(self, *args, **kwargs)
        try:
            other = getattr(before, name)(*args, **kwargs)
        except Exception:  # the Tensor has no such call
            other = None
        if self.noted is not None and not _same(found, other):
            self.noted.append(f"{name} of {shape_text(self.shape)}")
        return found

    return method


for _name in METHODS:
    setattr(Watched, _name, _watched(_name))


def _same(found: Any, other: Any) -> bool:
    if not isinstance(other, Tensor) or isinstance(found, tuple) or found is None:
        return False
    return other.shape == np.shape(found) and np.allclose(other.numpy(), np.asarray(found), rtol=1e-6, equal_nan=True)


def two_meanings(forward: Callable[..., Any], inputs: Sequence[Any]) -> list[str]:
    """The methods, and of which shapes, whose numbers differ where ``forward`` runs on arrays."""
    noted: list[str] = []
    arrays = []
    for a in inputs:
        array = np.array(a).view(Watched)
        array.noted = noted
        arrays.append(array)
    try:
        with np.errstate(all="ignore"):
            forward(*arrays)
    except Exception:  # a forward that is written for Tensors alone
        return []
    return list(dict.fromkeys(noted))


def of_two_meanings(names: Sequence[str]) -> Finding:
    """What is said of a function whose numbers on arrays are not those on Tensors, by methods of these names."""
    if not names:
        return Finding("forward", "two meanings", "Its value on arrays is not its value on Tensors.")
    sentence = (
        f"On arrays {' and '.join(names)} has other numbers than on Tensors, whose methods are PyTorch's; where "
        f"NumPy's are meant write np.{names[0].split()[0]}(…), which has them on both."
    )
    return Finding("forward", "two meanings", sentence)
