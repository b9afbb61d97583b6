"""A part of the tests, for a run that has no time for all of them: ``python -m pytest --part 1/4 --seed any-text``.

Of tests that ask the same of drawn numbers again and again, a run asks ``some``; ``TINYGRAD_BP_EXAMPLES=all`` asks all.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from typing import TypeVar

import pytest

Example = TypeVar("Example")


def parsed(text: str) -> tuple[int, int]:
    """``1/4`` as (1, 4)."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise pytest.UsageError(f"--part: write 1/4 for the first of four parts, got {text!r}")
    return int(found[1]), int(found[2])


def part_of(name: str, count: int, seed: str) -> int:
    """The part, from 1 to ``count``, that a test belongs to: by its name and the seed alone."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()) % count + 1


def all_examples() -> bool:
    """Whether all are asked for."""
    return os.environ.get("TINYGRAD_BP_EXAMPLES") == "all"


def some(examples: Sequence[Example], count: int) -> list[Example]:
    """``count`` of the examples, from the first on and equally far apart; all of them where all are asked for."""
    if all_examples():
        return list(examples)
    count = min(count, len(examples))
    return [examples[i * len(examples) // count] for i in range(count)]
