"""Files that define ops are imported when somebody asks for one; ``gather`` imports all, for who reads whole tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BRINGING: list[Callable[[], None]] = []  # filled by the package, which knows the files
FINDING: list[Callable[[Any], None]] = []  # of the one file of a function of NumPy
BATCHING: list[Callable[[], None]] = []  # of the rules by which ops take batches
SAVING: list[Callable[[], Any]] = []  # of the room that writes and reads files


def gather() -> None:
    """Import every file that defines ops: ``OPS`` and NumPy's names are complete then."""
    for bring in BRINGING:
        bring()


def find(key: Any) -> None:
    """Import the file where a function of NumPy, or a pair of a ufunc and a method, has its rule, if it has one."""
    for bring in FINDING:
        bring(key)
