"""A learning rate, multiplied into every gradient, multiplied into the one number from which all of them come.

Backward is linear in the gradient that it begins with. Where all that comes of that gradient is multiplied by one
number in the end, as ``p -= lr * p.grad`` does, that number is multiplied in at the start: a product of a few elements,
in the place of one for each parameter. **This reassociates products**, so the last bits differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.op import OPS
from ...program.program import Constant, Program, Step, Value, live
from .substitution import substituted

# Ops that are linear in both operands together, in each of them alone, or in the first.
TOGETHER = {"add", "sub"}
IN_EACH = {"mul", "matmul"}
IN_FIRST = {"permute", "reshape", "neg", "sum", "div", "broadcast_to"}


def scaled_early(program: Program) -> Program:
    """With factors of everything that comes of a product with a number multiplied into that number."""
    for step in program.steps:
        scalar = _scalar_of(step)
        found = _scaled(program, step, scalar) if scalar is not None else None
        if found is not None:
            return scaled_early(found)
    return program


def _scalar_of(step: Step) -> int | None:
    """Which operand of a product is one number, and the other an array."""
    if step.op.name != "mul" or not step.result.shape or step.result.dtype.kind != "f":
        return None
    for place, item in enumerate(step.operands):
        if isinstance(item, float) or (isinstance(item, Value) and not item.shape):
            other = step.operands[1 - place]
            return place if isinstance(other, Value) and other.shape == step.result.shape else None
    return None


def _scaled(program: Program, root: Step, place: int) -> Program | None:
    """The program with a factor moved into ``root``; None where there is none that all results have."""
    linear = {root.result}
    factor: Any = None
    instead: dict[Value, Value] = {}
    for step in program.steps[program.steps.index(root) + 1 :]:
        reads = [value for value in step.reads() if value in linear]
        if not reads:
            continue
        if step.result.dtype != root.result.dtype:
            return None
        if step.op.name in TOGETHER and len(reads) == 2:
            linear.add(step.result)
            continue
        if len(reads) > 1:
            return None
        scalar = _scalar_of(step)
        if scalar is not None and step.operands[1 - scalar] in linear:
            number = step.operands[scalar]
            if factor is not None and not _equal(number, factor):
                return None
            factor = number
            instead[step.result] = reads[0]
        elif step.op.name in IN_EACH or (step.op.name in IN_FIRST and step.operands[0] is reads[0]):
            linear.add(step.result)
        else:
            return None
    if factor is None or linear & set(program.results()) or not _covered(program, linear, instead):
        return None
    return _moved(program, root, place, factor, instead)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Constant) and isinstance(b, Constant):
        return a.dtype == b.dtype and bool(a.array == b.array)
    return a is b or (isinstance(a, float) and isinstance(b, float) and a == b)


def _covered(program: Program, linear: set[Value], instead: dict[Value, Value]) -> bool:
    """Whether every one of the values leads to a product with the factor, or to nothing."""
    for value in linear:
        readers = [step for step in program.steps if value in set(step.reads())]
        if not all(step.result in instead or step.result in linear for step in readers):
            return False
    return True


def _moved(program: Program, root: Step, place: int, factor: Any, instead: dict[Value, Value]) -> Program | None:
    number, dtype = root.operands[place], root.result.dtype
    if any(isinstance(item, Value) and item.dtype != dtype for item in (number, factor)):
        return None
    first = number if isinstance(number, Value) else Constant((), dtype, array=np.array(number, dtype))
    product = Value((), dtype)
    operands = [*root.operands]
    operands[place] = product
    early = [Step(OPS["mul"], (first, factor), {}, product), Step(root.op, tuple(operands), root.params, root.result)]
    # What leads to the factor may stand behind the root: it goes in front, unless it needs the root.
    leading = live(Program(program.inputs, program.steps, (factor,)), program.steps)
    if root in leading:
        return None
    start = program.steps.index(root)
    before = [*program.steps[:start], *(step for step in program.steps[start:] if step in leading)]
    after = [step for step in program.steps[start + 1 :] if step not in leading and step.result not in instead]
    return substituted(program, [*before, *early, *after], instead)
