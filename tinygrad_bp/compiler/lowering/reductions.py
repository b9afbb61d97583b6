"""Sums, means and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops.network import many_short_rows
from ...ops.reduction import axes_of
from ...program.program import Step, Value
from ..lines import Slot
from .products import product
from .writer import FLOATS, Writer

# A product with ones sums up to so many numbers in a row by BLAS; NumPy sums pairs, which errs less over many.
FEW_SUMMED = 1 << 13


def reduced(writer: Writer, name: str, x: Slot, axis: Any, keepdims: bool, gives: Value | str) -> Slot:
    """``np.add.reduce`` and its kin along axes."""
    axes = range(len(x.shape)) if axis is None else [a % len(x.shape) for a in ((axis,) if type(axis) is int else axis)]
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    shape = tuple(kept) if keepdims else tuple(n for i, n in enumerate(x.shape) if i not in axes)
    tail = f", None, {keepdims}" if keepdims else ""
    return writer.write(f"{name}({{0}}, {axis}, None{tail})", x, gives=gives, shape=shape,
                        into=f"{name}({{0}}, {axis}, None, {{out}}, {keepdims})")  # fmt: skip


def total(writer: Writer, x: Slot, axis: Any, keepdims: bool, gives: Value | str) -> Slot:
    """A sum; without ``exact``, of few numbers in a product with ones."""
    ndim = len(x.shape)
    few = math.prod(x.shape) <= FEW_SUMMED and not keepdims and x.dtype in FLOATS and 0 not in x.shape
    if not writer.exact and few and ndim == 2 and axis in (0, 1, -1):
        ones = writer.constant(np.ones(x.shape[axis], x.dtype), f"ones_{x.shape[axis]}")
        return product(writer, *((ones, x) if axis == 0 else (x, ones)), gives)
    if not writer.exact and few and (axis is None or ndim == 1):
        size = math.prod(x.shape)
        flat = (
            x
            if ndim == 1
            else writer.write("{0}.reshape({1})", x, size, gives=f"{x.name}_flat", shape=(size,), view=True)
        )
        return product(writer, flat, writer.constant(np.ones(size, x.dtype), f"ones_{size}"), gives)
    return reduced(writer, "add_reduce", x, axis, keepdims, gives)


def divided(writer: Writer, x: Slot, count: int, gives: Value | str) -> Slot:
    """A sum over how many it is of: of a 0-d sum, by Python."""
    if not x.shape:
        return writer.write("{0} / {1}", x, count, gives=gives)
    return writer.ufunc("divide", x, writer.slot(count, x.dtype), gives=gives)


def _sum(writer: Writer, step: Step) -> bool:
    x = writer.slot(step.operands[0])
    if not _plain(x, step):
        return False
    axis = axes_of(step.params.get("axis"), len(x.shape))
    total(writer, x, axis, bool(step.params.get("keepdims", False)), step.result)
    return True


def _mean(writer: Writer, step: Step) -> bool:
    x = writer.slot(step.operands[0])
    count = math.prod(x.shape) // (math.prod(step.result.shape) or 1)
    if not _plain(x, step) or not count:
        return False
    axis = axes_of(step.params.get("axis"), len(x.shape))
    keepdims, name = bool(step.params.get("keepdims", False)), writer.names[step.result]
    divided(writer, total(writer, x, axis, keepdims, f"{name}_total"), count, step.result)
    return True


def _plain(x: Slot, step: Step) -> bool:
    return x.dtype in FLOATS and bool(x.shape) and step.params.get("dtype") is None


def shifted_exp(writer: Writer, x: Slot, axis: int, name: str) -> tuple[Slot, Slot, Slot]:
    """``x`` minus its largest along an axis, the exponentials, and their sums."""
    top = reduced(writer, "maximum_reduce", x, axis, True, f"{name}_top")
    z = writer.ufunc("subtract", x, top, gives=f"{name}_below")
    e = writer.ufunc("exp", z, gives=f"{name}_e")
    return z, e, reduced(writer, "add_reduce", e, axis, True, f"{name}_total")


def _in_lines(x: Slot, step: Step) -> bool:
    """Whether lines do what the op does: many short rows it sums in a way of its own."""
    plain = x.dtype in FLOATS and x.shape and 0 not in x.shape
    return bool(plain) and not many_short_rows(x.shape, step.params.get("axis", -1))


def _softmax(writer: Writer, step: Step) -> bool:
    x = writer.slot(step.operands[0])
    if not _in_lines(x, step):
        return False
    _, e, sums = shifted_exp(writer, x, step.params.get("axis", -1), writer.names[step.result])
    writer.ufunc("divide", e, sums, gives=step.result)
    return True


def _log_softmax(writer: Writer, step: Step) -> bool:
    x = writer.slot(step.operands[0])
    if not _in_lines(x, step):
        return False
    name = writer.names[step.result]
    z, _, sums = shifted_exp(writer, x, step.params.get("axis", -1), name)
    writer.ufunc("subtract", z, writer.ufunc("log", sums, gives=f"{name}_log"), gives=step.result)
    return True


REDUCTIONS: dict[str, Callable[[Writer, Step], bool]] = {
    "sum": _sum, "mean": _mean, "softmax": _softmax, "log_softmax": _log_softmax,
}  # fmt: skip
