"""Products with 1, powers of 1, and numbers that were repeated to the shape of what they meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...program.program import Constant, Program, Step, Value
from .substitution import substituted

MEETING = {"add", "sub", "mul", "div", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge"}


def with_plain_scalars(program: Program) -> Program:
    """Without what changes nothing, and with a number itself where its repetitions meet a whole array."""
    instead: dict[Value, Value] = {}
    made: dict[Value, Step] = {}
    steps = []
    for step in program.steps:
        same = _unchanged(step)
        if same is not None and _lies_whole(same, made):
            instead[step.result] = instead.get(same, same)
            continue
        if step.op.name in MEETING:
            operands = tuple([_narrow(item, step, made, instead) for item in step.operands])
            step = Step(step.op, operands, step.params, step.result)
        made[step.result] = step
        steps.append(step)
    return substituted(program, steps, instead)


def _unchanged(step: Step) -> Value | None:
    """The operand that the result is equal to, bit by bit."""
    first: Any = step.operands[0] if step.operands else None
    if step.op.name == "pow" and step.params["exponent"] == 1:
        same = first
    elif step.op.name == "mul":
        same = next((other for one, other in (step.operands, step.operands[::-1]) if _is_one(one)), None)
    elif step.op.name == "div":
        same = first if _is_one(step.operands[1]) else None
    else:
        return None
    fits = isinstance(same, Value) and same.shape == step.result.shape and same.dtype == step.result.dtype
    return same if fits and same.dtype.kind in "fc" else None


def _is_one(item: Any) -> bool:
    if isinstance(item, Constant):
        return item.array.size > 0 and not any(item.array.strides) and bool(item.array.flat[0] == 1)
    return isinstance(item, (int, float)) and item == 1


def _narrow(item: Any, step: Step, made: dict[Value, Step], instead: dict[Value, Value]) -> Any:
    """A repeated number as one number, where the other side has the shape of the result."""
    others = [other for other in step.operands if isinstance(other, Value) and other is not item]
    if not isinstance(item, Value) or not item.shape or not others or others[0].shape != step.result.shape:
        return item
    if not _lies_whole(others[0], made):
        return item
    if isinstance(item, Constant):
        if item.array.size and not any(item.array.strides):
            return Constant((), item.dtype, array=np.array(item.array.flat[0]))
        return item
    source = made.get(item)
    if source is None or source.op.name != "broadcast_to" or source.operands[0].shape:
        return item
    return instead.get(source.operands[0], source.operands[0])


def _lies_whole(value: Value, made: dict[Value, Step]) -> bool:
    """Whether a value has its own elements in memory: repeated ones would lay the result in another order."""
    step = made.get(value)
    return not isinstance(value, Constant) and (step is None or not step.op.views)
