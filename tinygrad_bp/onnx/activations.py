"""Units of networks, in ONNX: the operator of that name where opset 17 has one, else the formula."""

from __future__ import annotations

import math

import numpy as np

from .elementwise import c_max, expm1, softplus
from .graph import Ref
from .table import Call, entry


def sigmoid(x: Ref) -> Ref:
    """1 / (1 + e⁻ˣ)."""
    return x.unary("Sigmoid")


def between(x: Ref, low: float, high: float) -> Ref:
    """Brought between two numbers."""
    return x.graph.node("Clip", x, x.graph.constant(low, x.dtype), x.graph.constant(high, x.dtype))


entry("sigmoid_slope")(lambda c, x: sigmoid(x) * sigmoid(-x))
entry("silu")(lambda c, x: x * sigmoid(x))
entry("silu_slope")(lambda c, x: sigmoid(x) * (1 + x * sigmoid(-x)))
entry("logsigmoid")(lambda c, x: -softplus(-x))
entry("hardtanh")(lambda c, x, min_val, max_val: between(x, min_val, max_val))
entry("hardswish")(lambda c, x: x * between(x / 6 + 0.5, 0, 1))
entry("hardshrink")(lambda c, x, lambd: (x.unary("Abs") <= lambd).choose(0, x))
entry("softshrink")(lambda c, x, lambd: x.unary("Sign") * c_max(x.unary("Abs") - lambd, 0))
entry("threshold")(lambda c, x, threshold, value: (x <= threshold).choose(value, x))
entry("prelu")(lambda c, x, weight: (x > 0).choose(x, weight * x))


@entry("leaky_relu")
def _leaky_relu(c: Call, x: Ref, negative_slope: float) -> Ref:
    if x.dtype != np.float64:  # an attribute is a float32
        return x.unary("LeakyRelu", alpha=float(negative_slope))
    return (x > 0).choose(x, x * negative_slope)


@entry("elu")
def _elu(c: Call, x: Ref, alpha: float) -> Ref:
    if x.dtype != np.float64:  # for which no runtime has it
        return x.unary("Elu", alpha=float(alpha))
    return (x > 0).choose(x, expm1(c.graph.maximum(x, 0, "Min")) * alpha)


@entry("leaky_slope")
def _leaky_slope(c: Call, x: Ref, negative_slope: float) -> Ref:
    return (x > 0).choose(c.graph.constant(1, c.dtype), negative_slope)


@entry("hardswish_slope")
def _hardswish_slope(c: Call, x: Ref) -> Ref:
    inside = (x.unary("Abs") < 3).choose(x / 3 + 0.5, (x > 0).cast(x.dtype))
    return x.isnan().choose(x, inside)


@entry("softplus")
def _softplus(c: Call, x: Ref, beta: float, threshold: float) -> Ref:
    z = x * beta if beta != 1 else x
    return (z > threshold).choose(x, softplus(z) / beta if beta != 1 else softplus(z))


@entry("softplus_slope")
def _softplus_slope(c: Call, x: Ref, beta: float, threshold: float) -> Ref:
    z = x * beta
    return (z > threshold).choose(1, sigmoid(z))


@entry("gelu")
def _gelu(c: Call, x: Ref, approximate: str) -> Ref:
    if approximate == "tanh":
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (1 + inner.unary("Tanh"))
    return x * 0.5 * (1 + (x * math.sqrt(0.5)).unary("Erf"))
