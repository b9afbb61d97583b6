"""Names that tell what a value is: layer k gives Zk, its activation Ak; dZk, dAk and d_<parameter> are gradients."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from ..program.program import Program, Step, Value
from ..program.text import identifier, names


class Layer(NamedTuple):
    """An affine layer: ``z = x @ weight + bias``, or with the weight transposed."""

    z: Value
    x: Value
    weight: Value
    bias: Value


GRADIENTS = {"matmul", "permute", "sum", "mul", "reshape", "add"}


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
    layers = [layer for step in program.steps if (layer := _layer(step, made, program)) is not None]
    if program.outputs and isinstance(program.outputs[0], Value) and not program.outputs[0].shape:
        call(program.outputs[0], "loss")
    for number, layer in enumerate(layers, 1):
        call(layer.z, f"Z{number}")
        _name_activation(program, layer.z, number, call)
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


def _layer(step: Step, made: dict[Value, Step], program: Program) -> Layer | None:
    """The layer whose last step this is, where its parameters come from outside."""
    if step.op.name == "linear":
        x, weight, bias = step.operands
    elif step.op.name == "add" and isinstance(product := step.operands[0], Value):
        inner = made.get(product)
        if inner is None or inner.op.name != "matmul":
            return None
        (x, weight), bias = inner.operands, step.operands[1]
    else:
        return None
    outside = weight in program.inputs and bias in program.inputs
    return Layer(step.result, x, weight, bias) if outside and isinstance(x, Value) else None


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
    program: Program, layer: Layer, number: int, found: dict[Value, str], call: Any, made: dict[Value, Step]
) -> None:
    """What a layer's rules made: they multiply the gradient of its result by its input and by its weight."""
    for step in program.steps:
        if step.op.name != "matmul":
            continue
        left, right = step.operands
        if left is not layer.x and _untransposed(left, made) is layer.x:
            call(right, f"dZ{number}")
            _after(program, step.result, lambda value: call(value, f"d_{found[layer.weight]}"))
        elif _untransposed(right, made) is layer.weight and step.result.shape == layer.x.shape and left is not layer.x:
            call(left, f"dZ{number}")
            call(step.result, f"dA{number - 1}" if number > 1 else "dx")
    for step in program.steps:
        sums = step.op.name in ("matmul", "sum") and step.result.shape == layer.bias.shape
        if sums and found.get(step.operands[-1]) == f"dZ{number}":
            call(step.result, f"d_{found[layer.bias]}")


def _untransposed(value: Any, made: dict[Value, Step]) -> Any:
    step = made.get(value)
    return step.operands[0] if step is not None and step.op.name == "permute" else value


def _after(program: Program, value: Value, call: Any) -> None:
    """Call the transpose of a value, where that is all that is made of it, else the value itself."""
    readers = [step for step in program.steps if value in set(step.reads())]
    turned = len(readers) == 1 and readers[0].op.name == "permute"
    call(readers[0].result if turned else value)
