"""Files that define ops are imported when somebody asks for one; ``gather`` imports all, for who reads whole tables."""

from __future__ import annotations

from collections.abc import Callable

BRINGING: list[Callable[[], None]] = []  # filled by the package, which knows the files


def gather() -> None:
    """Import every file that defines ops: ``OPS`` and NumPy's names are complete then."""
    for bring in BRINGING:
        bring()
