"""Why a step passes a gradient of 0 on: in words, with the values that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.node import Node
from ..drawing.known import Known, is_array
from .notation import text
from .symbols import Symbols

Value = Callable[[str], Any]


def why_zero(node: Node, symbols: Symbols, known: Known) -> str:
    """The reason, by the op."""
    op = node.op
    assert op is not None

    def value(read: str) -> Any:
        """An input of the op, where it is known."""
        if read in op.inputs and not op.variadic:
            parent = node.parents[op.inputs.index(read)]
            found = known.value(parent) if parent is not None else symbols.held(node).get(read)
            return found if is_array(found) else symbols.held(node).get(read)
        return symbols.held(node).get(read)

    first = next((parent for parent in node.parents if parent is not None), None)
    called = text(symbols.of(first)) if first is not None else "its input"
    for ops, reason in _REASONS.items():
        if op.name in ops:
            return reason(called, value, op)
    if op.kind == "elementwise" and not op.kept:
        return "its slope is 0 everywhere"
    return "its slope is 0 there"


def _share(part: Any) -> str:
    share = float(np.mean(part)) if np.size(part) else 0.0
    count = int(np.sum(part))
    return f"all {np.size(part)}" if share == 1 else f"{count} of {np.size(part)}"


def _range(x: Any) -> str:
    if not is_array(x) or not np.size(x):
        return ""
    low, high = float(np.min(x)), float(np.max(x))
    return f"from {low:.3g} to {high:.3g}".replace("-", "−")


def _dead(called: str, value: Value, op: Any) -> str:
    x = value("x")
    if not is_array(x):
        return f"{called} is not above 0 there (dead)"
    return f"{_share(np.asarray(x) <= 0)} elements of {called} are ≤ 0 (dead), {_range(x)}"


def _saturated(called: str, value: Value, op: Any) -> str:
    found = _range(value("x"))
    return "saturated: its slope is 0 or nearly so" + (f", {called} goes {found}" if found else "")


def _times(called: str, value: Value, op: Any) -> str:
    for read in op.inputs:
        x = value(read)
        if x is not None and np.size(x) and not np.all(x):
            part = "0" if not np.any(x) else f"0 in {_share(np.asarray(x) == 0)} elements"
            return f"it is multiplied by {part}"
    return "it is multiplied by numbers so small that the product is 0"


def _outside(called: str, value: Value, op: Any) -> str:
    x = value("x")
    low = next((b for b in (value("min"), value("min_val")) if b is not None), None)
    high = next((b for b in (value("max"), value("max_val")) if b is not None), None)
    if not is_array(x):
        return f"{called} is outside the bounds there"
    outside = np.zeros(np.shape(x), bool)
    outside = outside if low is None else outside | (np.asarray(x) < low)
    outside = outside if high is None else outside | (np.asarray(x) > high)
    ends = " and ".join(
        f"{np.asarray(b).item():.4g}" for b in (low, high) if b is not None and np.size(b) == 1
    ).replace("-", "−")
    return f"{_share(outside)} elements of {called} are outside its bounds {ends}".rstrip()


def _other(called: str, value: Value, op: Any) -> str:
    condition = value("condition")
    if not is_array(condition):
        return "it takes the other side there"
    return f"it takes the other side: the condition holds in {_share(np.asarray(condition, bool))} elements"


def _routed(called: str, value: Value, op: Any) -> str:
    return "the gradient goes to the elements that were chosen, and none of these is"


def _flat(called: str, value: Value, op: Any) -> str:
    return "a step function: its slope is 0 everywhere"


def _least(called: str, value: Value, op: Any) -> str:
    return "the prediction is the target: the slope of the loss is 0"


def _at_zero(called: str, value: Value, op: Any) -> str:
    return f"its slope is 0 at {called} = 0"


def _dropped(called: str, value: Value, op: Any) -> str:
    mask = value("mask")
    return f"dropped: the mask is 0 in {_share(np.asarray(mask) == 0)} elements" if is_array(mask) else "dropped"


_REASONS: dict[tuple[str, ...], Callable[[str, Value, Any], str]] = {
    ("relu", "leaky_relu", "threshold"): _dead,
    ("sigmoid", "tanh", "softmax", "masked_softmax", "log_softmax", "gelu", "silu", "erf", "softplus", "logsigmoid",
     "exp", "elu", "sigmoid_slope", "hardswish"): _saturated,
    ("mul", "matmul", "linear", "einsum", "convolution", "div"): _times,
    ("clip", "clamp", "clamp_min", "clamp_max", "hardtanh"): _outside,
    ("where",): _other,
    ("amax", "amin", "maximum", "minimum", "fmax", "fmin", "getitem", "picked", "take_rows", "median"): _routed,
    ("floor", "ceil", "round", "trunc", "sign", "floor_divide", "trunc_divide"): _flat,
    ("mse_loss", "l1_loss", "huber_loss", "cross_entropy", "binary_cross_entropy",
     "binary_cross_entropy_with_logits"): _least,
    ("pow", "square", "abs", "power", "var", "std", "vector_norm"): _at_zero,
    ("dropout",): _dropped,
    ("cat", "stack"): lambda called, value, op: "what arrives is for its other tensors",
}  # fmt: skip
