"""What calling an op means, in plain Python. The generated frames are this, unrolled for one signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .elsewhere import boxed
from .errors import ValueReadError
from .modes import mode
from .node import Node, recorded
from .op import Op, arguments, reads
from .operands import explain, floats_of, in_float32, misused, settle, unpack
from .sharing import guard_view, share
from .tensor import wrap


def call(
    op: Op, operands: tuple[Any, ...], params: dict[str, Any], saw: Callable[[Any, Any], None] | None = None
) -> Any:
    """Run ``op``: arrays in, an array out; Tensors in, a Tensor out, recorded where an input wants a gradient.

    ``operands`` holds one item per input of the op (of a variadic op: the list), ``params`` all its parameters.
    ``saw``, where given, is told the values that forward was given, and what it gave.
    """
    if op.wide:
        rounded = in_float32(op.function, operands, params)
        if rounded is not None:
            return rounded
    try:
        unpacked = unpack(op, *operands)
    except ValueReadError as read:  # an operand stands for many
        return read.tensor.called(op, operands, params)
    if unpacked is None:  # no operand is a Tensor
        try:
            found = op.compute(*operands, **params)
        except (AttributeError, TypeError, ValueError, IndexError) as error:
            raise misused(op, error, operands) from None
        if saw is not None:
            saw(operands[0] if op.variadic else operands, found)
        return found
    values, nodes = unpacked
    if op.floats and not any(nodes) and getattr(values[0], "itemsize", 8) <= 2:
        values = floats_of(*values)
    try:
        found = op.forward(*([values] if op.variadic else values), *params.values())
    except ValueReadError as read:  # a parameter does
        return read.tensor.called(op, operands, params)
    except Exception as error:
        raise explain(op, error, values, nodes) from None
    value, *residuals = found if op.residuals else (found,)
    value = boxed(value)
    if saw is not None:
        saw(values, value)
    parents = nodes if op.variadic else tuple(node if rule else None for node, rule in zip(nodes, op.rules))
    node = None
    if any(parents) and mode().grad:
        known = {**params, "y": value, **dict(zip(op.residuals, residuals))}
        node = recorded(op, value, parents, kept(op, values, parents, known, saw is not None))
    elif any(parents) and value.base is not None:
        value = guard_view(value, values, parents)
    if node is None and op.floats and value.dtype == np.float64:
        value = settle(value, *values)
    result = wrap(value, node)
    if op.views and value.base is not None:
        share(operands[0], result)
    return result


def kept(
    op: Op, values: Any, parents: tuple[Node | None, ...], known: dict[str, Any], residuals: bool = False
) -> tuple[Any, ...]:
    """What the rules that will run read; None in the place of what only the others read.

    With ``residuals`` also what these are found from, by whoever follows values.
    """
    if op.variadic:
        known[f"{op.inputs[0]}_shape"] = tuple([value.shape for value in values])
        return tuple(known[name] for name in op.kept)
    for name, value in zip(op.inputs, values):
        known |= {name: value, f"{name}_shape": np.shape(value), f"{name}_dtype": getattr(value, "dtype", None)}
    read = {argument for find in op.residuals.values() for argument in arguments(find)} if residuals else set()
    read |= {name for rule, parent in zip(op.rules, parents) if rule and parent for name in reads(rule)}
    return tuple(known[name] if name in read or name in op.params else None for name in op.kept)
