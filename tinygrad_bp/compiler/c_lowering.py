"""A program in the few kinds of steps that C has: elementwise ops, reductions, products, views and parts.

What is computed twice is computed once.
"""

from __future__ import annotations

from collections.abc import Callable

from ..program.program import Constant, Program, Step, Value, live, replaced
from ..program.text import names
from .c_expressions import TYPES, expression
from .c_rules import RULES
from .c_steps import PARTS, SMALL, VIEWS, Lowered, Unknown
from .strided import Buffer, Place, dense

Lowering = tuple[Program, dict[Value, str], list[tuple[Value, int]]]


def lowered(program: Program) -> Lowering:
    """The same program in steps that C has, its names, and labels to be looked at first: each in 0 … count − 1.

    Raises ``Unknown`` for an op that C does not have.
    """
    out = Lowered()
    given = names(program)
    out.names |= {value: given[value] for value in program.inputs}
    now = _written(program, out, given, None)
    outputs = replaced(program.outputs, now)
    writes = {place: now(value) for place, value in program.writes.items()}
    whole = Program(program.inputs, tuple(out.steps), outputs, writes)
    small = Program(program.inputs, tuple(live(whole, out.steps)), outputs, writes)
    return small, out.names, list(out.labels)


def supported(program: Program) -> set[Value]:
    """The results of the steps that C has. What the others give comes from outside."""
    missing: set[Value] = set()
    _written(program, Lowered(), names(program), missing)
    return {step.result for step in program.steps} - missing


def _written(
    program: Program, out: Lowered, given: dict[Value, str], missing: set[Value] | None
) -> Callable[[Value], Value]:
    """Write all steps, and say what became of each value. ``missing`` gathers what C does not have."""
    known: dict[Value, Value] = {value: value for value in program.inputs}

    def now(value: Value) -> Value:
        if isinstance(value, Constant):
            constant = out.constant(value.array) if value.array.size <= SMALL else value
            out.names.setdefault(constant, given[value])
            return constant
        return known[value]

    for step in program.steps:
        out.name = given[step.result]
        moved = Step(step.op, replaced(step.operands, now), replaced(step.params, now), step.result, step.beside)
        try:
            result = known[step.result] = lower(out, moved)
        except Unknown:
            if missing is None:
                raise
            missing.add(step.result)
            known[step.result] = step.result
            continue
        if result in out.names and out.names[result].startswith(f"{out.name}_"):
            out.names[result] = out.name
    return now


def _alike(step: Step) -> bool:
    """Whether parts have the dtype of the whole, one that C has, or are numbers."""
    parts = step.operands[0] if step.op.variadic else step.operands
    return step.result.dtype in TYPES and all(
        part.dtype == step.result.dtype for part in parts if isinstance(part, Value)
    )


def lower(out: Lowered, step: Step) -> Value:
    """Write one step in the kinds of steps that C has. Raises ``Unknown``."""
    if step.beside:
        raise Unknown("residuals that are kept")
    params = {name: step.params.get(name, default) for name, default in step.op.params.items()}
    step = Step(step.op, step.operands, params, Value(step.result.shape, step.result.dtype, step.result.name))
    name = step.op.name
    if name in RULES:
        return RULES[name](out, step)
    if name in ("getitem", "setitem", "place") and not _plain_index(step):
        raise Unknown("an index of arrays")
    if (name in PARTS and _alike(step)) or name in VIEWS or expression(step) is not None:
        return out.step(step)
    raise Unknown(name)


def _plain_index(step: Step) -> bool:
    """Whether an index is of numbers and slices alone."""
    index = step.params["index"]
    shape = step.result.shape if step.op.name == "place" else step.operands[0].shape
    whole = Place(Buffer("", step.result.dtype, 0), shape, dense(shape, tuple(range(len(shape)))))
    return whole.sliced(index if isinstance(index, tuple) else (index,)) is not None
