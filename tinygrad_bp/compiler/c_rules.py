"""What ops are made of that C has no loop for: losses, softmaxes, means, normalizations, as simpler ops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.op import OPS
from ..program.program import Constant, Step, Value
from .c_expressions import FLOATS, TYPES, expression
from .c_steps import REDUCTIONS, Lowered, Unknown


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
    return _over(out, total, math.prod(x.shape) // (math.prod(total.shape) or 1))


def _over(out: Lowered, total: Value, count: int) -> Value:
    """A sum as a mean; of nothing it is NaN."""
    mean: Value = out.call("div", total, float(count)) if count else out.call("mul", total, math.nan)
    return mean


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
    return total if reduction == "sum" else _over(out, total, math.prod(losses.shape))


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


def _row_mean(out: Lowered, x: Value, axes: tuple[int, ...]) -> Value:
    total = out.call("sum", x, axis=axes, keepdims=True)
    return _over(out, total, math.prod(x.shape[axis] for axis in axes))


def _standard(out: Lowered, x: Value, axes: tuple[int, ...], eps: float) -> Value:
    """With mean 0 and variance 1 over some axes."""
    if x.dtype not in FLOATS:
        raise Unknown(f"a normalization of {x.dtype}")
    h = out.call("sub", x, _row_mean(out, x, axes))
    spread = out.call("sqrt", out.call("add", _row_mean(out, out.call("mul", h, h), axes), eps))
    return out.call("mul", h, out.call("div", 1.0, spread))  # type: ignore[no-any-return]


def _layer_norm(out: Lowered, step: Step) -> Value:
    x, weight, bias = step.operands
    axes = tuple(range(len(x.shape) - len(weight.shape), len(x.shape)))
    h = _standard(out, x, axes, step.params["eps"])
    return out.call("add", out.call("mul", h, weight), bias)  # type: ignore[no-any-return]


def _norm_pull(out: Lowered, step: Step) -> Value:
    a, h, r = step.operands
    if a.dtype not in FLOATS:
        raise Unknown(f"norm_pull of {a.dtype}")
    along = out.call("mul", h, _row_mean(out, out.call("mul", a, h), (1,)))
    return out.call("mul", out.call("sub", out.call("sub", a, along), _row_mean(out, a, (1,))), r)  # type: ignore[no-any-return]


def _masked_softmax(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    if x.dtype not in FLOATS or not x.shape or math.prod(x.shape) == 0:
        raise Unknown("masked_softmax")
    axis = (len(x.shape) - 1,)
    top = out.call("amax", x, axis=axis, keepdims=True)
    e = out.call("exp", out.call("sub", x, out.call("where", out.call("eq", top, -math.inf), 0.0, top)))
    total = out.call("sum", e, axis=axis, keepdims=True)
    return out.call("div", e, out.call("where", out.call("eq", total, 0.0), 1.0, total))  # type: ignore[no-any-return]


def _matmul(out: Lowered, a: Value, b: Value) -> Value:
    return out.step(Step(OPS["matmul"], (a, b), {}, Value((a.shape[0], b.shape[1]), a.dtype)))


def _item(out: Lowered, x: Value, index: tuple[Any, ...], shape: tuple[int, ...]) -> Value:
    return out.step(Step(OPS["getitem"], (x,), {"index": index}, Value(shape, x.dtype)))


def _stacked(out: Lowered, items: list[Value], shape: tuple[int, ...]) -> Value:
    """Arrays of one shape, one after another, as an array of ``shape``."""
    whole = Value((len(items), *items[0].shape), items[0].dtype)
    return out.call("reshape", out.step(Step(OPS["stack"], (tuple(items),), {"axis": 0}, whole)), shape=shape)  # type: ignore[no-any-return]


def _all_gates(out: Lowered, x: Value, weight_ih: Value, bias: Value) -> Value:
    """What the inputs add to the gates, (steps, rows, 4 hidden), one product for all steps."""
    steps, rows, features = x.shape
    size = weight_ih.shape[0]
    y = Value((steps * rows, size), x.dtype)
    flat = out.call("reshape", x, shape=(steps * rows, features))
    return out.call("reshape", out.step(Step(OPS["linear"], (flat, weight_ih, bias), {}, y)), shape=(steps, rows, size))  # type: ignore[no-any-return]


def _gates(out: Lowered, z: Value, t: int, h: Value, weight_hh: Value) -> list[Value]:
    """The input, forget and output gate and the new values of a step."""
    hidden = h.shape[1]
    turned = out.call("permute", weight_hh, axes=(1, 0))
    again, apart = _matmul(out, h, turned), []
    for k in (0, 1, 3, 2):
        part = slice(k * hidden, (k + 1) * hidden)
        given = _item(out, z, (t, slice(None), part), h.shape)
        apart.append(out.call("add", given, _item(out, again, (slice(None), part), h.shape)))
    return [*(out.call("sigmoid", part) for part in apart[:3]), out.call("tanh", apart[3])]


def _lstm(out: Lowered, step: Step) -> Value:
    x, h, c, weight_ih, weight_hh, bias = step.operands
    if x.dtype not in FLOATS or math.prod(step.result.shape) == 0:
        raise Unknown(f"lstm of {x.dtype} {x.shape}")
    z, hidden, cells = _all_gates(out, x, weight_ih, bias), [], []
    for t in range(x.shape[0]):
        i, f, o, n = _gates(out, z, t, h, weight_hh)
        c = out.call("add", out.call("mul", f, c), out.call("mul", i, n))
        h = out.call("mul", out.call("tanh", c), o)
        hidden.append(h)
        cells.append(c)
    return _stacked(out, hidden + cells, step.result.shape)


def _lstm_gates(out: Lowered, step: Step) -> Value:
    x, h, weight_ih, weight_hh, bias, states = step.operands
    if x.dtype not in FLOATS or math.prod(step.result.shape) == 0:
        raise Unknown(f"lstm_gates of {x.dtype} {x.shape}")
    z, found = _all_gates(out, x, weight_ih, bias), []
    whole = out.maker(states)
    stack = out.maker(whole.operands[0]) if whole is not None and whole.op.name == "reshape" else None
    known = stack.operands[0] if stack is not None and stack.op.name == "stack" else None  # by ``_lstm``
    for t in range(x.shape[0]):
        found += _gates(out, z, t, h, weight_hh)
        h = known[t] if known is not None else _item(out, states, (0, t), h.shape)
    return _stacked(out, found, step.result.shape)


def _convolution_weight(out: Lowered, step: Step) -> Value:
    x, v = step.operands
    params = step.params
    room = (n + low + high for n, (low, high) in zip(x.shape[2:], params["padding"], strict=True))
    each = zip(room, params["kernel"], params["stride"], params["dilation"], strict=True)
    if tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in each) != v.shape[2:]:
        raise Unknown("windows that v lacks")
    return _product(out, step)


def _by_number(out: Lowered, step: Step) -> Value:
    """Ops of elements whose places integers name."""
    x, index = step.operands
    name = step.op.name
    if x.dtype not in TYPES or (not index.shape and name not in ("take_rows", "add_rows")):
        raise Unknown(f"{name} of {x.dtype}")
    if name != "take_rows" and name != "picked":
        out.within(index, step.params["size"])
    else:
        out.within(index, x.shape[0 if name == "take_rows" else -1])
    if name in ("add_rows", "put") and x.dtype not in FLOATS:
        raise Unknown(f"sums of {x.dtype}")
    params = {"size": step.params["size"]} if "size" in step.params else {}
    return out.step(Step(step.op, step.operands, params, step.result))


def _window_argmax(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    tables = step.params["tables"]
    if x.dtype not in FLOATS or len(x.shape) <= len(tables) or not all(isinstance(t, Constant) for t in tables):
        raise Unknown(f"window_argmax of {x.dtype} {x.shape}")
    if math.prod(x.shape[-len(tables) :]) >= 2**31:
        raise Unknown("window_argmax of so many")
    return out.step(step)


Rule = Callable[[Lowered, Step], Value]
RULES: dict[str, Rule] = {
    **dict.fromkeys(REDUCTIONS, _reduction),
    "matmul": _product, "linear": _linear, "layer_norm": _layer_norm, "norm_pull": _norm_pull,
    "convolution": _product, "transposed_convolution": _product, "convolution_weight": _convolution_weight,
    **dict.fromkeys(("take_rows", "add_rows", "picked", "put", "unpooled"), _by_number),
    "window_argmax": _window_argmax,
    "masked_softmax": _masked_softmax, "lstm": _lstm, "lstm_gates": _lstm_gates,
    "standard_rows": lambda out, step: _standard(out, step.operands[0], (1,), step.params["eps"]),
    **dict.fromkeys(("cast", "clone"), _same),
    "mean": _mean, "softmax": _softmax, "log_softmax": _log_softmax, "cross_entropy": _cross_entropy,
    "mse_loss": _mse, "l1_loss": _l1, "binary_cross_entropy_with_logits": _bce,
}  # fmt: skip
