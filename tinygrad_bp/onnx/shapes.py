"""Ops that move elements or reduce over dimensions, in ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import Dim, fixed
from .elementwise import c_max, log1p, same_dtype, truth, whole
from .graph import Ref
from .table import Call, entry, refuse


def axes_of(axis: Any, ndim: int) -> list[int]:
    """The axes that a parameter names, counted from 0; None: all."""
    if axis is None:
        return list(range(ndim))
    return [int(a) % ndim if ndim else 0 for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]


def ndim_of(c: Call, place: int = 0) -> int:
    """How many dimensions an operand has."""
    return len(shape_of(c, place))


def shape_of(c: Call, place: int = 0) -> tuple[int, ...]:
    """The shape of an operand as the program knows it."""
    return tuple(getattr(c.step.operands[place], "shape", ()))


def wide(x: Ref) -> Ref:
    """As float32 or int64, which every operator of a runtime takes."""
    return x.cast(np.float32 if x.dtype.kind == "f" else np.int64)


# ---------------------------------------------------------------------- shape alone

entry("reshape")(lambda c, x, shape: c.graph.reshape(x, c.shape))
entry("permute")(lambda c, x, axes: c.graph.permute(x, axes_of(tuple(axes), len(axes))))
entry("broadcast_to")(lambda c, x, shape: c.graph.expand(x, c.shape).unary("Identity"))
entry("cat")(lambda c, tensors, axis: c.graph.node("Concat", *(x.cast(c.dtype) for x in tensors), axis=_last(c, axis)))
entry("stack")(lambda c, tensors, axis: c.graph.stacked([x.cast(c.dtype) for x in tensors], _last(c, axis)))


def _last(c: Call, axis: int) -> int:
    return int(axis) % len(c.shape)


@entry("flip")
def _flip(c: Call, x: Ref, axis: Any) -> Ref:
    for each in axes_of(axis, len(c.shape)):
        x = c.graph.slice(x, each, None, None, -1)
    return x.unary("Identity")


@entry("roll")
def _roll(c: Call, x: Ref, shift: Any, axis: Any) -> Ref:
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,)
    for by, each in zip(shifts, axes_of(axis, len(c.shape)), strict=True):
        size = c.shape[each]
        if not isinstance(size, Dim):
            by = by % size if size else 0
        if by:
            x = c.graph.node("Concat", c.graph.slice(x, each, -by, None), c.graph.slice(x, each, None, -by), axis=each)
    return x.unary("Identity")


@entry("tril", "triu")
def _triangle(c: Call, x: Ref, diagonal: int) -> Ref:
    narrow = x if x.dtype in (np.float32, np.float64, np.int64) else wide(x)
    return c.graph.node("Trilu", narrow, c.graph.constant(diagonal), upper=int(c.step.op.name == "triu"))


def _diagonal_places(rows: int, columns: int, offset: int) -> Any:
    return np.diagonal(np.arange(rows * columns).reshape(rows, columns), offset)


@entry("diagonal")
def _diagonal(c: Call, x: Ref, offset: int, axis1: int, axis2: int) -> Ref:
    shape = shape_of(c)
    first, second = axes_of((axis1, axis2), len(shape))
    rest = [a for a in range(len(shape)) if a not in (first, second)]
    rows, columns = fixed(shape[first], shape[second])
    flat = c.graph.reshape(c.graph.permute(x, [*rest, first, second]), [*(shape[a] for a in rest), rows * columns])
    return c.graph.take(flat, _diagonal_places(rows, columns, offset), len(rest))


@entry("diagonal_place")
def _diagonal_place(c: Call, x: Ref, shape: Any, offset: int, axis1: int, axis2: int) -> Ref:
    first, second = axes_of((axis1, axis2), len(c.shape))
    rest = [a for a in range(len(c.shape)) if a not in (first, second)]
    rows, columns = fixed(c.shape[first], c.shape[second])
    places = _diagonal_places(rows, columns, offset)
    index = np.full(rows * columns, len(places))
    index[places] = np.arange(len(places))
    flat = c.graph.take(c.graph.pad(x, [0] * (len(rest) + 1), [*[0] * len(rest), 1]), index, len(rest))
    spread = c.graph.reshape(flat, [*(c.shape[a] for a in rest), rows, columns])
    order = [*rest, first, second]
    return c.graph.permute(spread, [order.index(a) for a in range(len(order))])


# ---------------------------------------------------------------------- reductions


@entry("sum", "mean", "prod", "amax", "amin", "logsumexp")
def _reduced(c: Call, x: Ref, axis: Any, keepdims: bool, dtype: Any = None) -> Ref:
    kind = {"sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd", "amax": "ReduceMax", "amin": "ReduceMin",
            "logsumexp": "ReduceLogSumExp"}[c.step.op.name]  # fmt: skip
    x = whole(x.cast(c.dtype))
    if kind == "ReduceLogSumExp":
        return _logsumexp(c, x, axes_of(axis, ndim_of(c)), keepdims)
    axes = None if axis is None else axes_of(axis, ndim_of(c))
    return x.unary("Identity") if not ndim_of(c) or axes == [] else c.graph.sum(x, axes, keepdims, kind)


def _logsumexp(c: Call, x: Ref, axes: list[int], keepdims: bool) -> Ref:
    if not axes:
        return x.unary("Identity")
    top = c.graph.sum(x, axes, True, "ReduceMax")
    top = (top.unary("Abs").eq(np.inf)).choose(0, top)  # ±∞ beyond which nothing is subtracted
    total = c.graph.sum((x - top).unary("Exp"), axes, True).unary("Log") + top
    return total if keepdims else c.graph.squeeze(total, *axes)


@entry("var", "std")
def _var(c: Call, x: Ref, axis: Any, correction: Any, keepdims: bool) -> Ref:
    axes = axes_of(axis, ndim_of(c))
    d = x - (c.graph.mean(x, axes, True) if axes else x)
    count = c.graph.count([shape_of(c)[a] for a in axes], c.dtype)
    count = c_max(count - correction, 0) if isinstance(count, Ref) else max(count - correction, 0)
    total: Ref = c.graph.sum(d * d, axes, keepdims) / count
    return total.unary("Sqrt") if c.step.op.name == "std" else total


@entry("any", "all", "count_nonzero")
def _any(c: Call, x: Ref, axis: Any, keepdims: bool = False) -> Ref:
    found = ~truth(x) if c.step.op.name == "all" else truth(x)
    total = c.graph.sum(found.cast(np.int64), axes_of(axis, ndim_of(c)), keepdims)
    return total if c.step.op.name == "count_nonzero" else total.eq(0) if c.step.op.name == "all" else total > 0


@entry("argmax", "argmin")
def _argmax(c: Call, x: Ref, axis: Any, keepdims: bool) -> Ref:
    kind = "ArgMax" if c.step.op.name == "argmax" else "ArgMin"
    x = whole(x)
    if axis is None:
        flat = c.graph.node("Reshape", x, c.graph.constant([-1]))
        return c.graph.reshape(c.graph.node(kind, flat, axis=0, keepdims=0, dtype=np.int64), c.shape)
    if not ndim_of(c):
        return c.graph.constant(0)
    return c.graph.node(kind, x, axis=axes_of(axis, ndim_of(c))[0], keepdims=int(keepdims), dtype=np.int64)


@entry("vector_norm")
def _vector_norm(c: Call, x: Ref, ord: Any, axis: Any, keepdims: bool) -> Ref:
    axes, size = axes_of(axis, ndim_of(c)), x.unary("Abs")
    if not axes:
        return (x.eq(0).choose(0, x.unary("Identity") * 0 + 1)) if ord == 0 else size
    if abs(ord) == np.inf:
        return c.graph.sum(size, axes, keepdims, "ReduceMax" if ord > 0 else "ReduceMin")
    if ord == 0:
        return c.graph.sum((~x.eq(0)).cast(x.dtype), axes, keepdims)
    if ord in (1, 2):
        return c.graph.sum(x, axes, keepdims, f"ReduceL{int(ord)}")
    total: Ref = c.graph.sum(size ** float(ord), axes, keepdims) ** (1 / ord)
    return total


# ---------------------------------------------------------------------- one element after the other


def _steps(c: Call, x: Ref, axis: int) -> list[Ref]:
    size = fixed(shape_of(c)[axis])
    return [c.graph.take(x, [i], axis) for i in range(size)]


@entry("cumsum")
def _cumsum(c: Call, x: Ref, axis: int) -> Ref:
    if not ndim_of(c):
        return x.cast(c.dtype)
    return c.graph.node("CumSum", whole(x.cast(c.dtype)), c.graph.constant(axes_of(axis, ndim_of(c))[0]))


@entry("cumprod", "logcumsumexp")
def _running(c: Call, x: Ref, axis: int) -> Ref:
    if not ndim_of(c):
        return x.cast(c.dtype)
    axis = axes_of(axis, ndim_of(c))[0]
    found: list[Ref] = []
    for step in _steps(c, whole(x.cast(c.dtype)), axis):
        if not found:
            found.append(step)
        elif c.step.op.name == "cumprod":
            found.append(found[-1] * step)
        else:
            last = found[-1]
            near = (-(last - step).unary("Abs")).unary("Exp")
            found.append(last.eq(step).choose(last + float(np.log(2)), c_max(last, step) + log1p(near)))
    return c.graph.node("Concat", *found, axis=axis) if found else x.cast(c.dtype).unary("Identity")


@entry("recurrence")
def _recurrence(c: Call, a: Ref, b: Ref, axis: int) -> Ref:
    axis = axes_of(axis, len(c.shape))[0]
    a, b = same_dtype(a, b)
    found: list[Ref] = []
    for factor, term in zip(_steps(c, a, axis), _steps(c, b, axis), strict=True):
        found.append(factor * found[-1] + term if found else term)
    return c.graph.node("Concat", *found, axis=axis) if found else b.unary("Identity")


@entry("running_index")
def _running_index(c: Call, x: Ref, axis: int, least: bool) -> Ref:
    axis = axes_of(axis, len(c.shape))[0]
    found: list[Ref] = []
    best: Ref | None = None
    for i, step in enumerate(_steps(c, whole(x), axis)):
        if best is None:
            hit = step.eq(step)
            best = step
        else:
            hit = (step <= best) if least else (step >= best)  # of equal ones the last counts, and every NaN
            hit = hit | step.isnan() if step.dtype.kind == "f" else hit
            best = hit.choose(step, best)
        found.append(hit.choose(c.graph.constant(i), found[-1] if found else 0))
    return c.graph.node("Concat", *found, axis=axis) if found else x.cast(np.int64)


refuse("other_products", "it is the gradient of a product; export the function without its gradient")
