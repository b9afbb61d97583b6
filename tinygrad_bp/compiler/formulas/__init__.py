"""What ops compute that are more than one call of NumPy, written out for a file that imports NumPy alone.

A function has the name of its op, takes what the op's forward takes, and gives the same bits, residuals included; a
test holds the two equal on every sample. ``standalone`` copies the text of those that a program needs, of the
functions that they call and of the numbers that they name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from . import classes, draws, losses, normalization, places, recurrent, reductions, units, windows

FILES = (draws, reductions, places, units, classes, losses, normalization, windows, recurrent)
FORMULAS: dict[str, Callable[..., Any]] = {
    name: item
    for file in FILES
    for name, item in vars(file).items()
    if inspect.isfunction(item) and item.__module__ == file.__name__
}
