"""All steps of a recurrent network, one after another, as simpler ops."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..autograd.op import OPS
from ..program.program import Step, Value
from .c_expressions import FLOATS
from .c_steps import Lowered, Unknown


def _matmul(out: Lowered, a: Value, b: Value) -> Value:
    return out.step(Step(OPS["matmul"], (a, b), {}, Value((a.shape[0], b.shape[1]), a.dtype)))


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
        given = out.item(z, (t, slice(None), part), h.shape)
        apart.append(out.call("add", given, out.item(again, (slice(None), part), h.shape)))
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
        h = known[t] if known is not None else out.item(states, (0, t), h.shape)
    return _stacked(out, found, step.result.shape)


RECURRENT: dict[str, Callable[[Lowered, Step], Value]] = {"lstm": _lstm, "lstm_gates": _lstm_gates}
