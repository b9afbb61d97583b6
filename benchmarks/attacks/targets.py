"""Everything that hostile inputs are given to."""

from __future__ import annotations

from .given_files import GIVEN_FILES
from .names import NAMES
from .saved_files import SAVED_FILES

READERS = [*GIVEN_FILES, *SAVED_FILES]
TARGETS = [*READERS, *NAMES]


def shares(count: int) -> dict[str, int]:
    """How many of so many inputs each gets."""
    whole = sum(target.share for target in TARGETS)
    given = {target.name: max(1, int(count * target.share / whole)) for target in TARGETS}
    given[TARGETS[0].name] += max(0, count - sum(given.values()))
    return given
