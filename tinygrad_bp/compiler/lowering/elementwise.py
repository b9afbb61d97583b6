"""Ops on each element alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.passes import BLOCK, MANY
from ...program.program import Step, Value
from ..lines import Slot
from .writer import FLOATS, Writer


def ufunc(writer: Writer, step: Step) -> bool:
    """A ufunc of NumPy."""
    name = step.op.forward.__name__
    if getattr(np, name, None) is not step.op.forward or step.op.params:
        return False
    values = [item for item in step.operands if isinstance(item, Value)]
    dtype = values[0].dtype if len(values) == 1 else None
    writer.ufunc(name, *[writer.slot(item, dtype) for item in step.operands], gives=step.result)
    return True


def _cast(writer: Writer, step: Step) -> bool:
    source, dtype = step.operands[0], step.result.dtype
    if source.dtype.kind not in "biuf" or dtype.kind not in "biuf" or not dtype.isnative:
        return False
    writer.write(
        f"{{0}}.astype({writer.object(dtype)})", writer.slot(source), gives=step.result, into="{out}[...] = {0}"
    )
    return True


def _relu(writer: Writer, step: Step) -> bool:
    if step.result.dtype not in FLOATS:
        return False
    writer.found.slots[step.result] = above_zero(writer, writer.slot(step.operands[0]), step.result)
    return True


def above_zero(writer: Writer, x: Slot, gives: Value | str) -> Slot:
    """max(x, 0), as relu finds it."""
    zero = writer.constant(np.zeros((), x.dtype), "zero")
    if math.prod(x.shape) < MANY:
        return writer.ufunc("maximum", x, zero, gives=gives)
    # np.maximum with one number runs without vector instructions; clip does not.
    infinity = writer.constant(np.array(np.inf, x.dtype), "infinity")
    return writer.write(
        "{0}.clip({1}, {2})", x, zero, infinity, gives=gives, into="{0}.clip({1}, {2}, {out})", over=True
    )


def _sigmoid(writer: Writer, step: Step) -> bool:
    """1 / (1 + e⁻ˣ), and its slope e⁻ˣ / (1 + e⁻ˣ)²: far below 0, where e⁻ˣ would overflow, as at the last x before."""
    if writer.exact or step.result.dtype not in FLOATS or not math.prod(step.result.shape) or not step.result.shape:
        return False
    x, name = writer.slot(step.operands[0]), writer.names[step.result]
    minus = writer.ufunc("negative", x, gives=f"{name}_minus", own=True)
    most = float(np.floor(np.log(np.finfo(x.dtype).max)))
    writer.move(f"if not {{0}}.item({{0}}.argmax()) <= {most}: minimum({{0}}, {most}, out={{0}})", minus)
    e = writer.ufunc("exp", minus, gives=f"{name}_e")
    one = writer.constant(np.ones((), x.dtype), "one")
    total = writer.ufunc("add", e, one, gives=f"{name}_total")
    y = writer.ufunc("reciprocal", total, gives=step.result)
    if step.beside:
        slope = writer.ufunc("multiply", e, y, gives=f"{name}_other")
        writer.ufunc("multiply", slope, y, gives=step.beside[0])  # type: ignore[arg-type]
    return True


def _pow(writer: Writer, step: Step) -> bool:
    if step.params["exponent"] != 2 or step.result.dtype not in FLOATS:
        return False
    writer.ufunc("square", writer.slot(step.operands[0]), gives=step.result)
    return True


def _where(writer: Writer, step: Step) -> bool:
    condition, *sides = step.operands
    small = math.prod(step.result.shape) < MANY
    if not small or not isinstance(condition, Value) or condition.dtype.kind != "b":
        return False
    values = [side for side in sides if isinstance(side, Value)]
    dtype = values[0].dtype if len(values) == 1 else None
    shape = step.result.shape
    writer.write("where({0}, {1}, {2})", *[writer.slot(item, dtype) for item in step.operands], gives=step.result,
                 shape=shape)  # fmt: skip
    return True


def in_one_block(x: Any) -> bool:
    """Whether a forward that goes through blocks goes through one."""
    return bool(math.prod(x.shape) * x.dtype.itemsize <= BLOCK)


ELEMENTWISE: dict[str, Callable[[Writer, Step], bool]] = {
    "cast": _cast, "relu": _relu, "sigmoid": _sigmoid, "pow": _pow, "where": _where,
}  # fmt: skip
