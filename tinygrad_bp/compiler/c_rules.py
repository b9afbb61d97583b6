"""What ops are made of that C has no loop for: losses, softmaxes, means, normalizations, as simpler ops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.op import OPS
from ..program.program import Constant, Step, Value
from .c_expressions import FLOATS, expression
from .c_normalization import NORMALIZATIONS, over
from .c_products import use_blas
from .c_recurrent_rules import RECURRENT
from .c_steps import REDUCTIONS, Lowered, Unknown
from .c_window_rules import WINDOWS


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None or axis == ():
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(sorted({int(one) % ndim for one in given})) if ndim else ()


def _reduction(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    params = {"axis": _axes(step.params["axis"], len(x.shape)), "keepdims": bool(step.params["keepdims"])}
    dtype = step.params.get("dtype")
    if x.dtype not in FLOATS or (dtype is not None and np.dtype(dtype) != x.dtype):
        raise Unknown(f"{step.op.name} of {x.dtype}")
    if step.op.name in ("amax", "amin") and math.prod(x.shape) == 0:
        raise Unknown(f"{step.op.name} of nothing")
    return out.step(Step(step.op, (x,), params, step.result))


def _mean(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    total = _reduction(out, Step(OPS["sum"], (x,), step.params, step.result))
    return over(out, total, math.prod(x.shape) // (math.prod(total.shape) or 1))


def _view_below(out: Lowered, x: Value, axis: int) -> tuple[Value, int, tuple[int, ...] | None]:
    """``x`` without the transpose that gave it, the axis there, and the transpose."""
    maker = out.maker(x)
    if maker is not None and maker.op.name == "permute":
        axes = tuple(int(a) % len(x.shape) for a in maker.params["axes"])
        return maker.operands[0], axes[axis], axes
    return x, axis, None


def _exponentials(out: Lowered, x: Value, axis: int) -> tuple[Value, Value, Value]:
    """``x`` below its largest, the exponentials of that, and their sum."""
    if x.dtype not in FLOATS or not x.shape or math.prod(x.shape) == 0:
        raise Unknown("softmax")
    shifted = out.call("sub", x, out.call("amax", x, axis=(axis,), keepdims=True))
    e = out.call("exp", shifted)
    return shifted, e, out.call("sum", e, axis=(axis,), keepdims=True)


def _softmax(out: Lowered, step: Step) -> Value:
    (x,), axis = step.operands, int(step.params["axis"])
    below, axis, axes = _view_below(out, x, axis % len(x.shape)) if x.shape else (x, axis, None)
    _, e, total = _exponentials(out, below, axis)
    y: Value = out.call("div", e, total)
    return y if axes is None else out.call("permute", y, axes=axes)


def _log_softmax(out: Lowered, step: Step) -> Value:
    (x,), axis = step.operands, int(step.params["axis"])
    shifted, _, total = _exponentials(out, x, axis % max(len(x.shape), 1))
    return out.call("sub", shifted, out.call("log", total))  # type: ignore[no-any-return]


def _cross_entropy(out: Lowered, step: Step) -> Value:
    x, target = step.operands
    if len(x.shape) != 2 or target.dtype not in (np.dtype(np.int64), np.dtype(np.int32)) or target.shape != x.shape[:1]:
        raise Unknown("cross_entropy of other shapes")
    out.within(target, x.shape[1])
    shifted, _, total = _exponentials(out, x, 1)
    classes = out.constant(np.arange(x.shape[1], dtype=target.dtype))
    label = out.call("reshape", target, shape=(*target.shape, 1))
    hits = out.call("where", out.call("eq", label, classes), shifted, 0.0)
    wanted = out.call("sum", hits, axis=(1,), keepdims=True)
    losses = out.call("sub", out.call("log", total), wanted)
    return _reduced(out, out.call("reshape", losses, shape=target.shape), step.params["reduction"])


def _reduced(out: Lowered, losses: Value, reduction: str) -> Value:
    if reduction == "none":
        return losses
    total: Value = out.call("sum", losses, axis=tuple(range(len(losses.shape))), keepdims=False)
    return total if reduction == "sum" else over(out, total, math.prod(losses.shape))


def _of_floats(step: Step) -> tuple[Value, Value]:
    x, target = step.operands
    if x.dtype not in FLOATS or target.dtype != x.dtype or x.shape != target.shape:
        raise Unknown(f"{step.op.name} of {x.dtype} and {target.dtype}")
    return x, target


def _mse(out: Lowered, step: Step) -> Value:
    x, target = _of_floats(step)
    return _reduced(out, out.call("square", out.call("sub", x, target)), step.params["reduction"])


def _l1(out: Lowered, step: Step) -> Value:
    x, target = _of_floats(step)
    return _reduced(out, out.call("abs", out.call("sub", x, target)), step.params["reduction"])


def _bce(out: Lowered, step: Step) -> Value:
    x, target = _of_floats(step)
    soft = out.call("log1p", out.call("exp", out.call("neg", out.call("abs", x))))
    losses = out.call("sub", out.call("add", soft, out.call("relu", x)), out.call("mul", x, target))
    return _reduced(out, losses, step.params["reduction"])


def _same(out: Lowered, step: Step) -> Value:
    """A cast to the dtype that it has already, or a copy."""
    (x,) = step.operands
    if x.dtype == step.result.dtype:
        return x  # type: ignore[no-any-return]
    if expression(step) is None:
        raise Unknown(f"cast of {x.dtype} to {step.result.dtype}")
    return out.step(step)


def _product(out: Lowered, step: Step) -> Value:
    if any(item.dtype not in FLOATS or item.dtype != step.result.dtype for item in step.operands):
        raise Unknown(f"{step.op.name} of {step.operands[0].dtype}")
    if step.op.name == "matmul":
        a, b = step.operands
        if len(a.shape) == len(b.shape) == 2 and a.shape[1] == 1 and not use_blas(step.result.shape, 1):
            return out.call("mul", a, b)  # type: ignore[no-any-return]  # nothing is summed
        if isinstance(a, Constant) and len(a.shape) == 1 and len(b.shape) == 2 and (a.array == 1).all():
            return out.call("sum", b, axis=(0,), keepdims=False)  # type: ignore[no-any-return]
    return out.step(step)


def _linear(out: Lowered, step: Step) -> Value:
    """Leading dimensions are one: one product of many rows."""
    x, weight, bias = step.operands
    if len(x.shape) <= 2:
        return _product(out, step)
    rows = out.call("reshape", x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))
    y = Value((rows.shape[0], weight.shape[0]), x.dtype)
    return out.call("reshape", _product(out, Step(step.op, (rows, weight, bias), {}, y)), shape=step.result.shape)  # type: ignore[no-any-return]


def _masked_softmax(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    if x.dtype not in FLOATS or not x.shape or math.prod(x.shape) == 0:
        raise Unknown("masked_softmax")
    axis = (len(x.shape) - 1,)
    top = out.call("amax", x, axis=axis, keepdims=True)
    e = out.call("exp", out.call("sub", x, out.call("where", out.call("eq", top, -math.inf), 0.0, top)))
    total = out.call("sum", e, axis=axis, keepdims=True)
    return out.call("div", e, out.call("where", out.call("eq", total, 0.0), 1.0, total))  # type: ignore[no-any-return]


Rule = Callable[[Lowered, Step], Value]
RULES: dict[str, Rule] = {
    **dict.fromkeys(REDUCTIONS, _reduction),
    "matmul": _product, "linear": _linear,
    "convolution": _product, "transposed_convolution": _product, **WINDOWS,
    "masked_softmax": _masked_softmax, **RECURRENT,
    **NORMALIZATIONS,
    **dict.fromkeys(("cast", "clone"), _same),
    "mean": _mean, "softmax": _softmax, "log_softmax": _log_softmax, "cross_entropy": _cross_entropy,
    "mse_loss": _mse, "l1_loss": _l1, "binary_cross_entropy_with_logits": _bce,
}  # fmt: skip
