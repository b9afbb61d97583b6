"""Losses, with what their gradients read again."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...program.program import Step, Value
from ..lines import Slot
from .elementwise import above_zero, in_one_block
from .products import product
from .reductions import divided, reduced, total
from .writer import FLOATS, Writer


def _mse(writer: Writer, step: Step) -> bool:
    x, target = (writer.slot(item) for item in step.operands)
    reduction = step.params.get("reduction", "mean")
    if not _alike(x, target) or reduction == "none":
        return False
    name, size = writer.names[step.result], math.prod(x.shape)
    d = writer.ufunc("subtract", x, target, gives=f"{name}_difference")
    flat = writer.write("{0}.reshape({1})", d, size, gives=f"{name}_flat", shape=(size,), view=True)
    _finish(writer, step, product(writer, flat, flat, _result(step, name, reduction)), size, reduction)
    writer.found.objects["op_mse_loss"] = step.op.forward
    writer.check(f"if {{0}} != {{0}}: op_mse_loss({{1}}, {{2}}, {reduction!r})", writer.slot(step.result), x, target)
    return True


def _alike(x: Slot, target: Slot) -> bool:
    """Whether predictions and numbers that they should be are arrays of one shape and a float dtype, not empty."""
    same = x.shape == target.shape and x.dtype == target.dtype
    return same and x.dtype in FLOATS and bool(x.shape) and 0 not in x.shape


def _result(step: Step, name: str, reduction: str) -> Value | str:
    return step.result if reduction == "sum" else f"{name}_total"


def _finish(writer: Writer, step: Step, sums: Slot, size: int, reduction: str) -> None:
    if reduction == "mean":
        divided(writer, sums, size, step.result)


def _bce_logits(writer: Writer, step: Step) -> bool:
    """mean [ln(1 + eˣ) − x · target], and the probability beside it."""
    x, target = (writer.slot(item) for item in step.operands)
    reduction = step.params.get("reduction", "mean")
    if not _alike(x, target) or reduction == "none" or not in_one_block(x):
        return False
    name = writer.names[step.result]
    one = writer.constant(np.ones((), x.dtype), "one")
    top = above_zero(writer, x, f"{name}_top")
    size = writer.ufunc("absolute", x, gives=f"{name}_size")
    e = writer.ufunc("exp", writer.ufunc("negative", size, gives=f"{name}_minus"), gives=f"{name}_e")
    losses = writer.ufunc("log1p", e, gives=f"{name}_log")
    losses = writer.ufunc("add", losses, top, gives=f"{name}_losses")
    hit = writer.ufunc("multiply", x, target, gives=f"{name}_hit")
    losses = writer.ufunc("subtract", losses, hit, gives=f"{name}_each")
    _finish(writer, step, total(writer, losses, None, False, _result(step, name, reduction)), math.prod(x.shape),
            reduction)  # fmt: skip
    writer.found.objects["op_bce"] = step.op.forward
    writer.check(f"if {{0}} != {{0}}: op_bce({{1}}, {{2}}, {reduction!r})", writer.slot(step.result), x, target)
    if step.beside:
        zero = writer.constant(np.zeros((), x.dtype), "zero")
        if writer.exact:
            above = writer.ufunc("greater", x, zero, gives=f"{name}_above")
            upper = writer.write("where({0}, {1}, {2})", above, one, e, gives=f"{name}_upper", dtype=x.dtype)
        else:
            upper = writer.ufunc("exp", writer.ufunc("minimum", x, zero, gives=f"{name}_low"), gives=f"{name}_upper")
        below = writer.ufunc("add", e, one, gives=f"{name}_lower")
        writer.ufunc("divide", upper, below, gives=step.beside[0])  # type: ignore[arg-type]
    return True


def _cross_entropy(writer: Writer, step: Step) -> bool:
    """mean [ln Σ eˣ − x[label]] of rows of scores, with the probabilities and where the labels stand beside it."""
    x, labels = (writer.slot(item) for item in step.operands)
    reduction = step.params.get("reduction", "mean")
    shapes = len(x.shape) == 2 and labels.shape == x.shape[:1] and 0 not in x.shape
    if not shapes or x.dtype not in FLOATS or labels.dtype.kind != "i" or reduction == "none":
        return False
    rows, count = x.shape
    name, shape = writer.names[step.result], (count, rows)
    p_value, hits_value = (*step.beside, None, None)[:2]
    turned = writer.write("{0}.T", x, gives=f"{x.name}_T", shape=shape, view=True)
    scores = writer.write("array({0}, order='C')", turned, gives=f"{name}_scores", into="{out}[...] = {0}")
    classes = writer.constant(np.arange(count)[:, None], f"classes_{count}")
    hits = writer.write("{0} == {1}", labels, classes, gives=hits_value or f"{name}_hits", shape=shape,
                        dtype=np.dtype(bool), into="equal({0}, {1}, {out})")  # fmt: skip
    writer.found.objects["op_cross_entropy"] = step.op.forward
    writer.check(f"if count_nonzero({{0}}) != {rows}: op_cross_entropy({{1}}, {{2}}, {reduction!r})", hits, x, labels)
    top = reduced(writer, "maximum_reduce", scores, 0, False, f"{name}_top")
    below = writer.ufunc("subtract", scores, top, gives=f"{name}_below")
    e = writer.ufunc("exp", below, gives=f"{name}_e")
    sums = total(writer, e, 0, False, f"{name}_sums")
    writer.ufunc("divide", e, sums, gives=p_value or f"{name}_p")
    logs = writer.ufunc("log", sums, gives=f"{name}_logs")
    whole = total(writer, logs, None, False, f"{name}_whole")
    found = writer.write("{0}[{1}]", below, hits, gives=f"{name}_found", shape=(rows,))
    part = total(writer, found, None, False, f"{name}_part")
    difference = writer.write("{0} - {1}", whole, part, gives=_result(step, name, reduction), shape=())
    _finish(writer, step, difference, rows, reduction)
    return True


LOSSES: dict[str, Callable[[Writer, Step], bool]] = {
    "mse_loss": _mse, "binary_cross_entropy_with_logits": _bce_logits, "cross_entropy": _cross_entropy,
}  # fmt: skip
