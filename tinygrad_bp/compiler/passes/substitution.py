"""A program with values put in the place of others, which is what most passes come to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...program.program import Program, Step, Value, replaced


def substituted(program: Program, steps: Iterable[Step], instead: dict[Value, Value]) -> Program:
    """``steps`` in the place of those of ``program``, and ``instead[value]`` wherever they read ``value``."""

    def placed(item: Any) -> Any:
        return replaced(item, lambda value: instead.get(value, value))

    moved = [Step(step.op, placed(step.operands), placed(step.params), step.result, step.beside) for step in steps]
    writes = {place: placed(value) for place, value in program.writes.items()}
    return Program(program.inputs, tuple(moved), placed(program.outputs), writes)
