"""The faults, most serious first: who looks for each, and which others are only its consequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .finding import Finding
from .observation import Observation
from .shapes import shapes_broadcast

MOST = 6  # so many findings at most


class Fault(NamedTuple):
    """An entry of the table."""

    code: str
    rule: Callable[[Observation], Finding | None]
    hides: frozenset[str] = frozenset()


def _fault(code: str, rule: Callable[[Observation], Finding | None], *hides: str) -> Fault:
    return Fault(code, rule, frozenset(hides))


FAULTS = (_fault("shapes-broadcast", shapes_broadcast),)
