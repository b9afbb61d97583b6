"""Casts to the dtype that a value has, and copies: the value itself."""

from __future__ import annotations

from ...program.program import Program, Value
from .substitution import substituted


def without_casts(program: Program) -> Program:
    """Without the casts and the copies that change nothing."""
    instead: dict[Value, Value] = {}
    steps = []
    for step in program.steps:
        source = step.operands[0] if step.op.name in ("cast", "clone", "positive") else None
        if isinstance(source, Value) and source.dtype == step.result.dtype:
            instead[step.result] = instead.get(source, source)
        else:
            steps.append(step)
    return substituted(program, steps, instead)
