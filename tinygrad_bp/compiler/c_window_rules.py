"""Windows, and elements whose places integers name: what C has of them, and what is looked at before a run."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..autograd.op import OPS
from ..program.program import Constant, Step, Value
from .c_expressions import FLOATS, TYPES
from .c_steps import SMALL, Lowered, Unknown


def _windows(out: Lowered, step: Step) -> Value:
    """A view of the operand in a frame of zeros."""
    (x,), params = step.operands, dict(step.params)
    lead = len(x.shape) - len(params["kernel"])
    if x.dtype not in FLOATS or 0 in step.result.shape:
        raise Unknown(f"windows of {x.dtype} {x.shape}")
    around = params["padding"]
    if any(low < 0 or high < 0 for low, high in around):
        index = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(x.shape[lead:], around))
        shape = tuple(s.stop - s.start for s in index)
        x = out.item(x, (..., *index), (*x.shape[:lead], *shape))
    frame = [(max(low, 0), max(high, 0)) for low, high in around]
    if any(map(any, frame)):
        index = tuple(slice(low, low + n) for n, (low, _) in zip(x.shape[lead:], frame, strict=True))
        shape = tuple(low + n + high for n, (low, high) in zip(x.shape[lead:], frame, strict=True))
        whole = Value((*x.shape[:lead], *shape), x.dtype)
        x = out.step(Step(OPS["place"], (x,), {"shape": whole.shape, "index": (..., *index)}, whole))
    params["padding"] = ((0, 0),) * len(around)
    return out.step(Step(OPS["windows"], (x,), params, step.result))


def _window_sum(out: Lowered, step: Step) -> Value:
    kernel, shape = step.params["kernel"], step.result.shape
    lead = len(shape) - len(kernel)
    view = Value((*shape[:lead], *kernel, *shape[lead:]), step.result.dtype)
    axes = tuple(range(lead, lead + len(kernel)))
    found = _windows(out, Step(OPS["windows"], step.operands, step.params, view))
    return out.call("sum", found, axis=axes, keepdims=False)  # type: ignore[no-any-return]


def _overlap(out: Lowered, step: Step) -> Value:
    (x,), count = step.operands, len(step.params["size"])
    many = math.prod(x.shape[len(x.shape) - 2 * count : len(x.shape) - count])
    if (
        x.dtype not in FLOATS
        or 0 in x.shape
        or many > SMALL
        or any(n < 0 for each in step.params["padding"] for n in each)
    ):
        raise Unknown(f"overlap of {x.dtype} {x.shape}")
    return out.step(step)


def _convolution_weight(out: Lowered, step: Step) -> Value:
    x, v = step.operands
    params = step.params
    room = (n + low + high for n, (low, high) in zip(x.shape[2:], params["padding"], strict=True))
    each = zip(room, params["kernel"], params["stride"], params["dilation"], strict=True)
    if tuple((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in each) != v.shape[2:]:
        raise Unknown("windows that v lacks")
    if any(item.dtype not in FLOATS or item.dtype != step.result.dtype for item in step.operands):
        raise Unknown(f"convolution_weight of {x.dtype}")
    return out.step(step)


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


WINDOWS: dict[str, Callable[[Lowered, Step], Value]] = {
    "convolution_weight": _convolution_weight,
    **dict.fromkeys(("take_rows", "add_rows", "picked", "put", "unpooled"), _by_number),
    "window_argmax": _window_argmax, "windows": _windows, "window_sum": _window_sum, "overlap": _overlap,
}  # fmt: skip
