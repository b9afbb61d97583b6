"""A hand-written rule of a report and how it is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tinygrad_bp.verify import Diagnosis


class Piece(NamedTuple):
    """One rule, as the report has it, beside the engine's function; ``check`` compares them on fixed numbers."""

    name: str
    hand: tuple[str, ...]  # the rules as the report writes them: one for each result, or one for all
    engine: str  # what it is compared with
    check: Callable[[], Diagnosis]
    whole: bool = False  # all rules of the report together: shows what a wrong piece does to the network
    source: str = ""  # where it stands, if not in the report's final code
