"""Steps that take less time to compute where they are read than to put into memory and read back."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..program.program import Constant, Program, Step, Value
from .c_expressions import expression

_MASKS = {"eq", "ne", "lt", "le", "gt", "ge"}


def put_off(program: Program) -> tuple[list[Step], set[Value]]:
    """The steps, some of them directly before the first that reads them, and what those give.

    They are masks of one array, and products of arrays that are smaller than the result, which only steps element by
    element read.
    """
    readers: dict[Value, list[Step]] = {}
    for step in program.steps:
        for value in step.reads():
            readers.setdefault(value, []).append(step)
    ends = set(program.results())
    late: dict[Value, Step] = {}
    steps: list[Step] = []

    def write(step: Step) -> None:
        for value in step.reads():
            if value in late and value not in written:
                write(late[value])
        written.add(step.result)
        steps.append(step)

    written: set[Value] = set()
    for step in program.steps:
        found = readers.get(step.result, [])
        if step.result not in ends and found and _is_cheap(step, late.__contains__) and all(map(_elementwise, found)):
            late[step.result] = step
        else:
            write(step)
    return steps, set(late)


def _is_cheap(step: Step, is_late: Callable[[Value], bool]) -> bool:
    values = [item for item in step.operands if isinstance(item, Value) and not isinstance(item, Constant)]
    size = math.prod(step.result.shape)
    if step.op.name in _MASKS:
        return len(values) == 1
    if step.op.name == "cast":
        return all(map(is_late, values))
    return step.op.name == "mul" and all(math.prod(value.shape) < size for value in values)


def _elementwise(step: Step) -> bool:
    return expression(step) is not None
