"""Where the streams stand that a program may draw from without naming one: to go on from there in another process."""

from __future__ import annotations

import random
import sys
from typing import Any

from ..autograd.errors import ArgumentError
from .generator import default_generator


def streams() -> dict[str, Any]:
    """Where the default stream stands, Python's ``random``, and NumPy's global one where it is loaded."""
    found = {"default": default_generator().get_state(), "python": random.getstate()}
    if "numpy.random" in sys.modules:
        found["numpy"] = sys.modules["numpy.random"].get_state(legacy=False)
    return found


def set_streams(state: dict[str, Any]) -> None:
    """Go on where ``streams`` was called. Raises ``ArgumentError`` for anything else, and no stream has moved then."""
    if not isinstance(state, dict) or not {"default", "python"} <= set(state) <= {"default", "python", "numpy"}:
        raise ArgumentError("set_streams: give what streams() returned")
    before = streams()
    try:
        _set(state)
    except (TypeError, ValueError, KeyError, OverflowError, IndexError) as error:
        _set(before)
        raise ArgumentError(f"set_streams: not the state of a stream of random numbers: {error!s:.80}") from None


def _set(state: dict[str, Any]) -> None:
    default_generator().set_state(state["default"])
    random.setstate(state["python"])
    if "numpy" in state:
        from numpy.random import set_state

        set_state(state["numpy"])
