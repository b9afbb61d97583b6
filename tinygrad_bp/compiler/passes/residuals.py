"""Residuals: what a forward found on its way, and a backward was written down to compute again.

A rule that is recorded finds a residual from the op's inputs, by the formula in the op's definition. Here the formula
is written down as well; where its steps stand in the program, the forward gives their result beside its value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.op import arguments
from ...autograd.tensor import wrap
from ...program.capture import capture
from ...program.program import Constant, Program, Step, Value, replaced
from .casts import without_casts
from .common import key_of, step_key
from .dead import without_dead_steps
from .transposes import without_transposes


def kept_residuals(program: Program) -> Program:
    """With residuals named beside the steps that find them; the bits are then those of ops called one by one."""
    known = {step_key(step, {}): step.result for step in program.steps}
    constants = {key_of(constant): constant for constant in program.constants()}
    named: dict[Value, tuple[Step, int]] = {}
    moments = {step.result: i for i, step in enumerate(program.steps)}
    for i, step in enumerate(program.steps):
        for place, formula in enumerate(step.op.residuals.values()):
            found = _found(step, formula, known, constants) if formula is not None else None
            if found is not None and moments.get(found, -1) > i:
                named.setdefault(found, (step, place))
    steps = []
    for step in program.steps:
        if step.result in named and named[step.result][0] is not step:
            continue
        beside = [value for value, (forward, _) in named.items() if forward is step]
        given = [next((v for v in beside if named[v][1] == i), None) for i in range(len(step.op.residuals))]
        steps.append(Step(step.op, step.operands, step.params, step.result, tuple(given) if beside else ()))
    return without_dead_steps(Program(program.inputs, tuple(steps), program.outputs, program.writes))


def _found(step: Step, formula: Any, known: dict[Any, Value], constants: dict[Any, Constant]) -> Value | None:
    """The value of the program that the formula of a residual computes again; None: there is none."""
    operands = dict(zip(step.op.inputs, step.operands))
    given = {**step.op.params, **step.params, **operands, "y": step.result}
    items = [given[name] for name in arguments(formula)]
    tensors = [wrap(np.zeros(v.shape, v.dtype), None) if isinstance(v, Value) else v for v in items]
    with np.errstate(all="ignore"):
        captured, _ = capture(lambda *parts: formula(*parts), (tuple(tensors), {}))
    formula_program = without_transposes(without_casts(captured.program))
    values = [item for item in items if isinstance(item, Value)]
    instead: dict[Value, Value] = dict(zip(formula_program.inputs, values))
    for constant in formula_program.constants():
        same = constants.get(key_of(constant))
        if same is None:
            return None
        instead[constant] = same
    for inner in formula_program.steps:
        same_step = known.get(step_key(inner, instead))
        if same_step is None:
            return None
        instead[inner.result] = same_step
    found: Any = replaced(formula_program.outputs[0], lambda value: instead.get(value))
    return found if isinstance(found, Value) else None
