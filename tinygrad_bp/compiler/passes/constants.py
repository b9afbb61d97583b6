"""Steps of constants alone, computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.program import Constant, Program, Step, Value, replaced
from .substitution import substituted

MOST_BYTES = 1 << 16


def folded(program: Program) -> Program:
    """With the small results of steps of constants, and of numbers, as constants."""
    instead: dict[Value, Value] = {}
    steps = []
    for step in program.steps:
        found = _computed(step, instead)
        if found is None:
            steps.append(step)
        else:
            instead[step.result] = found
    return substituted(program, steps, instead)


def _computed(step: Step, instead: dict[Value, Value]) -> Constant | None:
    size = int(np.prod(step.result.shape, dtype=np.int64)) * step.result.dtype.itemsize
    read = [instead.get(value, value) for value in step.reads()]
    if step.op.draws or step.beside or size > MOST_BYTES:
        return None
    if not read or not all(isinstance(value, Constant) for value in read):
        return None

    def array(value: Value) -> Any:
        found: Any = instead.get(value, value)
        return found.array

    with np.errstate(all="ignore"):
        result = np.asarray(step.op.compute(*replaced(step.operands, array), **replaced(step.params, array)))
    return Constant(result.shape, result.dtype, step.result.name, result)
