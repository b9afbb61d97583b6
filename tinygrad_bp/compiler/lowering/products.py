"""Products of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...ops.products import LARGE
from ...program.program import Step, Value
from ..lines import Slot
from .writer import FLOATS, Writer

# Up to so many columns, or elements, a product with a column of ones repeats a row faster than broadcasting does.
FEW_COLUMNS, FEW = 32, 4096


def product(writer: Writer, a: Slot, b: Slot, gives: Value | str, note: str = "") -> Slot:
    """``a @ b`` of vectors and matrices, by the call that the engine takes."""
    shape = (*a.shape[:-1], *b.shape[1:])
    large = len(a.shape) == 2 == len(b.shape) and a.shape[0] * b.shape[1] >= LARGE
    text, into = ("matmul({0}, {1})", "matmul({0}, {1}, {out})") if large else ("{0}.dot({1})", "{0}.dot({1}, {out})")
    return writer.write(text, a, b, gives=gives, shape=shape, into=into, note=note)


def _matmul(writer: Writer, step: Step) -> bool:
    a, b = (writer.slot(item) for item in step.operands)
    if not (0 < len(a.shape) <= 2 and 0 < len(b.shape) <= 2) or a.dtype != b.dtype:
        return False
    product(writer, a, b, step.result)
    return True


def _linear(writer: Writer, step: Step) -> bool:
    x, weight, bias = (writer.slot(item) for item in step.operands)
    if not x.dtype == weight.dtype == bias.dtype or not x.shape:
        return False
    name, shape = writer.names[step.result], step.result.shape
    turned = writer.write("{0}.T", weight, gives=f"{weight.name}_T", shape=weight.shape[::-1], view=True)
    if len(x.shape) > 2:
        rows = math.prod(x.shape[:-1])
        flat = writer.write(
            "{0}.reshape({1})", x, (rows, x.shape[-1]), gives=f"{x.name}_rows", shape=(rows, x.shape[-1])
        )
        z = product(writer, flat, turned, f"{name}_rows")
        z = _with_bias(writer, z, bias, f"{name}_sum")
        writer.write("{0}.reshape({1})", z, shape, gives=step.result, view=True)
    else:
        z = product(writer, x, turned, f"{name}_product")
        _with_bias(writer, z, bias, step.result)
    return True


def _with_bias(writer: Writer, z: Slot, bias: Slot, gives: Value | str) -> Slot:
    rows, columns = (*z.shape, 0)[:2]
    if len(z.shape) == 2 and z.dtype in FLOATS and rows > 1 and (columns <= FEW_COLUMNS or rows * columns <= FEW):
        ones = writer.constant(np.ones((rows, 1), z.dtype), f"ones_{rows}x1")
        row = writer.write(
            "{0}.reshape(1, {1})", bias, columns, gives=f"{bias.name}_row", shape=(1, columns), view=True
        )
        bias = product(writer, ones, row, f"{bias.name}_repeated")
    return writer.ufunc("add", z, bias, gives=gives)


PRODUCTS: dict[str, Callable[[Writer, Step], bool]] = {"matmul": _matmul, "linear": _linear}
