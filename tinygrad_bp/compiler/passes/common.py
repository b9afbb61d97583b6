"""Common subexpressions: what is computed twice of the same values, computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.program import Constant, Program, Step, Value
from .substitution import substituted


def shared(program: Program) -> Program:
    """With equal steps, and equal constants, once each."""
    instead: dict[Value, Value] = {}
    known: dict[Any, Value] = {}
    steps = []
    for constant in program.constants():
        instead[constant] = known.setdefault(key_of(constant), constant)
    for step in program.steps:
        key = step_key(step, instead)
        if key in known:
            instead[step.result] = known[key]
        else:
            if key is not None:
                known[key] = step.result
            steps.append(step)
    return substituted(program, steps, instead)


def step_key(step: Step, instead: dict[Value, Value]) -> Any:
    """What two steps have in common that compute the same; None: it draws random numbers, and has no equal."""
    if step.op.draws or step.beside:
        return None
    params = sorted(step.params.items())
    return step.op.name, nest_key(step.operands, instead), nest_key([item for _, item in params], instead)


def key_of(value: Value) -> Any:
    """A value's own; of a constant, its bytes."""
    if isinstance(value, Constant):
        return Constant, value.dtype, value.shape, value.array.strides, np.ascontiguousarray(value.array).tobytes()
    return value


def nest_key(item: Any, instead: dict[Value, Value]) -> Any:
    """A nest of values and parameters as something hashable."""
    if isinstance(item, Value):
        return instead.get(item, item)
    if isinstance(item, (tuple, list)):
        return type(item), tuple([nest_key(part, instead) for part in item])
    if isinstance(item, dict):
        return dict, tuple([(key, nest_key(part, instead)) for key, part in item.items()])
    if isinstance(item, slice):
        return slice, nest_key((item.start, item.stop, item.step), instead)
    return type(item), repr(item) if isinstance(item, (int, float, complex)) else item  # 0.0 is not -0.0
