"""Passes: pure functions from a program to a program that computes the same, in fewer or cheaper steps.

A file a pass. Each gives the same bits as before, but for ``scaling``, which says so.
"""

from __future__ import annotations

from ...program.program import Program
from .casts import without_casts
from .common import shared
from .constants import folded
from .dead import without_dead_steps
from .residuals import kept_residuals
from .scalars import with_plain_scalars
from .scaling import scaled_early
from .transposes import without_transposes

__all__ = ["simplified"]


def simplified(program: Program, exact: bool) -> Program:
    """All passes in turn; with ``exact`` only those that keep every bit."""
    program = shared(with_plain_scalars(without_transposes(without_casts(folded(program)))))
    program = without_dead_steps(kept_residuals(program))
    return program if exact else without_dead_steps(folded(scaled_early(program)))
