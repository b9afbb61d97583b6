"""Names that tell what a value is: layer k gives Zk, its activation Ak; dZk, dAk and d_<parameter> are gradients."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..program.program import Program, Step, Value
from ..program.text import identifier, names

GRADIENTS = {"matmul", "permute", "sum", "mul", "reshape"}


def named(program: Program) -> dict[Value, str]:
    """A name of its own for every value: what the user called it, what it is in a network, or its step's number."""
    found = names(program)
    free = Counter(found.values())

    def call(value: Any, name: str) -> None:
        """Give a name to a result that has none; a second one of that name has a number."""
        if not isinstance(value, Value) or value in called or value.name or value in program.inputs:
            return
        spelled, number = identifier(name), 1
        while free[spelled]:
            number += 1
            spelled = f"{identifier(name)}_{number}"
        free[spelled] += 1
        found[value] = spelled
        called.add(value)

    called: set[Value] = set(program.constants())
    made = {step.result: step for step in program.steps}
    layers = [step for step in program.steps if step.op.name == "linear" and step.operands[1] in program.inputs]
    if program.outputs and isinstance(program.outputs[0], Value) and not program.outputs[0].shape:
        call(program.outputs[0], "loss")
    for number, layer in enumerate(layers, 1):
        call(layer.result, f"Z{number}")
        _name_activation(program, layer.result, number, call)
    for place, value in program.writes.items():
        gradient = _moved_by(place, made.get(value), made)
        call(gradient, f"d_{found[place]}")
        call(value, f"new_{found[place]}")
    for number, layer in reversed(list(enumerate(layers, 1))):
        _name_gradients(program, layer, number, found, call, made)
    for step in program.steps:
        for residual, part in zip(step.op.residuals, step.beside):
            call(part, residual)
    return found


def _name_activation(program: Program, z: Value, number: int, call: Any) -> None:
    for step in program.steps:
        if step.operands[:1] == (z,) and step.op.kind == "elementwise" and len(step.op.inputs) == 1:
            call(step.result, f"A{number}")
            for residual, part in zip(step.op.residuals, step.beside):
                call(part, f"{residual}{number}")
            return


def _moved_by(place: Value, last: Step | None, made: dict[Value, Step]) -> Value | None:
    """The gradient in ``place − rate · gradient``."""
    if last is None or last.op.name != "sub" or last.operands[0] is not place:
        return None
    gradient: Any = last.operands[1]
    step = made.get(gradient)
    if step is not None and step.op.name == "mul":
        arrays = [x for x in step.operands if isinstance(x, Value) and x.shape == place.shape]
        gradient = arrays[0] if len(arrays) == 1 and len(step.operands) == 2 else None
        step = made.get(gradient) if gradient is not None else None
    return gradient if step is not None and step.op.name in GRADIENTS else None


def _name_gradients(
    program: Program, layer: Step, number: int, found: dict[Value, str], call: Any, made: dict[Value, Step]
) -> None:
    """What a layer's rules made: they multiply the gradient of its result by its input and by its weight."""
    x, weight, bias = layer.operands
    for step in program.steps:
        if step.op.name != "matmul":
            continue
        left, right = step.operands
        turned = made.get(left)
        if turned is not None and turned.op.name == "permute" and turned.operands[0] is x:
            call(right, f"dZ{number}")
            _after(program, step.result, lambda value: call(value, f"d_{found[weight]}"))
        elif right is weight and step.result.shape == x.shape and number > 1:
            call(left, f"dZ{number}")
            call(step.result, f"dA{number - 1}")
    for step in program.steps:
        sums = step.op.name == "matmul" and step.result.shape == bias.shape
        if sums and found[step.operands[1]] == f"dZ{number}":
            call(step.result, f"d_{found[bias]}")


def _after(program: Program, value: Value, call: Any) -> None:
    """Call the transpose of a value, where that is all that is made of it, else the value itself."""
    readers = [step for step in program.steps if value in set(step.reads())]
    turned = len(readers) == 1 and readers[0].op.name == "permute"
    call(readers[0].result if turned else value)
