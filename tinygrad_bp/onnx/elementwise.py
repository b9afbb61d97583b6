"""Ops that work on each element alone, in ONNX."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .graph import Ref
from .table import Call, entry, refuse


def same_dtype(a: Ref, b: Ref) -> tuple[Ref, Ref]:
    """Both in the dtype that NumPy computes in; small integers in int32, which runtimes have."""
    dtype = np.result_type(a.dtype, b.dtype)
    if dtype.kind in "bui" and dtype.itemsize < 4:
        dtype = np.dtype(np.int32)
    return a.cast(dtype), b.cast(dtype)


def whole(x: Ref) -> Ref:
    """Booleans and small integers in int32, uint32 in int64, which runtimes have; others as they are."""
    if x.dtype == np.uint32:
        return x.cast(np.int64)
    return x.cast(np.int32) if x.dtype.kind in "bui" and x.dtype.itemsize < 4 else x


def truth(x: Ref) -> Ref:
    """Whether each element is not 0."""
    return x.cast(bool)


for _name, _kind in {
    "abs": "Abs", "sign": "Sign", "relu": "Relu", "positive": "Identity", "clone": "Identity", "to_device": "Identity",
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt",
    "reciprocal": "Reciprocal", "sigmoid": "Sigmoid", "sin": "Sin", "cos": "Cos", "tan": "Tan", "asin": "Asin",
    "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh", "asinh": "Asinh",
    "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf", "det": "Det",
}.items():  # fmt: skip
    entry(_name)(lambda c, x, kind=_kind, **_: (x if kind == "Identity" else whole(x)).unary(kind))

for _name, _kind in {
    "sub": "Sub", "mul": "Mul", "power": "Pow", "maximum": "Max", "minimum": "Min",
    "clamp_min": "Max", "clamp_max": "Min", "dropout": "Mul",
}.items():  # fmt: skip
    entry(_name)(lambda c, a, b, kind=_kind: binary(c, kind, a, b))


entry("neg")(lambda c, x: -(x.cast(np.int64) if x.dtype == np.uint64 else whole(x)))


def binary(c: Call, kind: str, a: Ref, b: Ref) -> Ref:
    """One node on both, in one dtype."""
    a, b = same_dtype(a, b)
    return c.graph.node(kind, a, b)


for _name, _kind in {"eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual"}.items():

    @entry(_name)
    def _compared(c: Call, a: Ref, b: Ref, kind: str = _kind) -> Ref:
        a, b = same_dtype(a, b)
        return c.graph.node(kind, a, b, dtype=bool)


@entry("ne")
def _ne(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    return ~a.eq(b)


for _name, _kind in {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}.items():
    entry(_name)(lambda c, a, b, kind=_kind: c.graph.node(kind, truth(a), truth(b)))
for _name, _kind in {"bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor"}.items():
    entry(_name)(lambda c, a, b, kind=_kind: c.graph.node(kind, _mask(c, a), _mask(c, b)))
entry("logical_not")(lambda c, x: ~truth(x))
entry("bitwise_not")(lambda c, x: ~_mask(c, x))


def _mask(c: Call, x: Ref) -> Ref:
    if x.dtype != np.bool_:
        c.no("of integers; opset 17 has bitwise operators for booleans alone. Compare first, as in mask > 0")
    return x


@entry("bitwise_left_shift")
def _left_shift(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = a.cast(np.int64), b.cast(np.int64)
    return a * c.graph.node("Pow", c.graph.constant(2), b)


@entry("bitwise_right_shift")
def _right_shift(c: Call, a: Ref, b: Ref) -> Ref:
    return _floor_divide(c, a.cast(np.int64), c.graph.node("Pow", c.graph.constant(2), b.cast(np.int64)))


# ---------------------------------------------------------------------- what kind of number


def _infinite(x: Ref, **signs: int) -> Ref:
    return x.cast(np.float32 if x.dtype != np.float64 else np.float64).unary("IsInf", dtype=bool, **signs)


entry("isnan")(lambda c, x: x.isnan() if x.dtype.kind == "f" else _nowhere(x))
entry("isinf")(lambda c, x: _infinite(x) if x.dtype.kind == "f" else _nowhere(x))
entry("isposinf")(lambda c, x: _infinite(x, detect_negative=0))
entry("isneginf")(lambda c, x: _infinite(x, detect_positive=0))
entry("isfinite")(lambda c, x: ~(_infinite(x) | x.isnan()) if x.dtype.kind == "f" else ~_nowhere(x))
entry("isreal")(lambda c, x: ~_nowhere(whole(x)))
entry("signbit")(lambda c, x: _minus(x))


def _nowhere(x: Ref) -> Ref:
    x = whole(x)
    return (x < x) if x.dtype.kind == "f" else ~x.eq(x)


def _minus(x: Ref) -> Ref:
    """Whether the sign is minus, that of −0 too."""
    return (x < 0) | ((1 / x) < 0) if x.dtype.kind == "f" else whole(x) < 0


@entry("isclose")
def _isclose(c: Call, a: Ref, b: Ref, rtol: float, atol: float, equal_nan: bool) -> Ref:
    near = ((a - b).unary("Abs") <= b.unary("Abs") * rtol + atol) & ~_infinite(b)
    found = near | a.eq(b)
    return found | (a.isnan() & b.isnan()) if equal_nan else found


# ---------------------------------------------------------------------- arithmetic


@entry("floor_divide")
def _floor_divide(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    if a.dtype.kind in "ui":
        quotient = a / b
        rest = a - quotient * b
        return (~rest.eq(0) & ~(rest < 0).eq(b < 0)).choose(quotient - 1, quotient)
    rest = c.graph.node("Mod", a, b, fmod=1)
    quotient = (a - rest) / b
    quotient = (~rest.eq(0) & ~(rest < 0).eq(b < 0)).choose(quotient - 1, quotient)
    near = quotient.unary("Floor")
    near = (quotient - near > 0.5).choose(near + 1, near)
    return b.eq(0).choose(a / b, near)


@entry("trunc_divide")
def _trunc_divide(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    return a / b if a.dtype.kind in "ui" else truncated(a / b)


@entry("remainder")
def _remainder(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    if a.dtype.kind in "ui":
        return c.graph.node("Mod", a, b)
    rest = c.graph.node("Mod", a, b, fmod=1)
    return (~rest.eq(0) & ~(rest < 0).eq(b < 0)).choose(rest + b, rest)


@entry("fmod")
def _fmod(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    return c.graph.node("Mod", a, b, fmod=1)


def truncated(x: Ref) -> Ref:
    """Without the fraction."""
    return x if x.dtype.kind != "f" else x.unary("Sign") * x.unary("Abs").unary("Floor")


entry("floor")(lambda c, x: x.unary("Floor") if x.dtype.kind == "f" else x.unary("Identity"))
entry("ceil")(lambda c, x: x.unary("Ceil") if x.dtype.kind == "f" else x.unary("Identity"))
entry("trunc")(lambda c, x: truncated(x) if x.dtype.kind == "f" else x.unary("Identity"))
entry("frac")(lambda c, x: x - truncated(x))


@entry("round")
def _round(c: Call, x: Ref, decimals: int) -> Ref:
    if x.dtype.kind != "f":
        return x.unary("Identity") if decimals >= 0 else c.no("of integers to tens; cast to floats first")
    scale = 10.0 ** abs(decimals)
    if not decimals:
        return x.unary("Round")
    return (x * scale).unary("Round") / scale if decimals > 0 else (x / scale).unary("Round") * scale


@entry("copysign")
def _copysign(c: Call, a: Ref, b: Ref) -> Ref:
    size = a.unary("Abs")
    return _minus(b).choose(-size, size)


@entry("heaviside")
def _heaviside(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    step = a.eq(0).choose(b, (a > 0).cast(a.dtype))
    return a.isnan().choose(a, step) if a.dtype.kind == "f" else step


@entry("where")
def _where(c: Call, condition: Ref, a: Ref, b: Ref) -> Ref:
    a, b = a.cast(c.dtype), b.cast(c.dtype)
    return truth(condition).choose(a, b)


@entry("cast")
def _cast(c: Call, x: Ref, dtype: Any) -> Ref:
    return x.unary("Identity") if x.dtype == np.dtype(dtype) else x.cast(dtype)


@entry("pow")
def _pow(c: Call, x: Ref, exponent: Any) -> Ref:
    if exponent == 2:
        return x * x
    return whole(x.cast(c.dtype)) ** c.ref(exponent).cast(c.dtype)


entry("square")(lambda c, x: whole(x) * whole(x))
entry("rsqrt")(lambda c, x: x.unary("Sqrt").unary("Reciprocal"))
entry("cbrt")(lambda c, x: x.unary("Sign") * x.unary("Abs") ** (1 / 3))
entry("deg2rad")(lambda c, x: x * (math.pi / 180))
entry("rad2deg")(lambda c, x: x * (180 / math.pi))
entry("angle_of_real")(lambda c, x: x.isnan().choose(x, (x < 0).choose(c.graph.constant(math.pi, x.dtype), 0)))

# ---------------------------------------------------------------------- exponentials


def log1p(x: Ref) -> Ref:
    """ln(1 + x), exact near 0: the rounding of 1 + x is divided out again (Kahan)."""
    u = x + 1
    exact = u.unary("Log") * (x / (u - 1))
    return (u.eq(1) | u.eq(math.inf)).choose(u.eq(1).choose(x, u), exact)


def expm1(x: Ref) -> Ref:
    """eˣ − 1, exact near 0: the rounding of eˣ is divided out again (Kahan)."""
    u = x.unary("Exp")
    exact = (u - 1) * (x / u.unary("Log"))
    return u.eq(1).choose(x, ((u - 1).eq(-1) | u.eq(math.inf)).choose(u - 1, exact))


def softplus(x: Ref) -> Ref:
    """ln(1 + eˣ) without overflow."""
    if x.dtype != np.float64:  # for which no runtime has it
        return x.unary("Softplus")
    return c_max(x, 0) + log1p((-x.unary("Abs")).unary("Exp"))


def c_max(a: Ref, b: Any) -> Ref:
    """The larger of both."""
    return a.graph.maximum(a, b)


entry("log1p")(lambda c, x: log1p(x))
entry("expm1")(lambda c, x: expm1(x))
entry("exp2")(lambda c, x: c.graph.constant(2, x.dtype) ** x)
entry("log2")(lambda c, x: x.unary("Log") / math.log(2))
entry("log10")(lambda c, x: x.unary("Log") / math.log(10))


@entry("logaddexp", "logaddexp2")
def _logaddexp(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    scale = math.log(2) if c.step.op.name == "logaddexp2" else 1.0
    difference = ((a - b).unary("Abs") * -scale).unary("Exp")
    return a.eq(b).choose(a + math.log(2) / scale, c_max(a, b) + log1p(difference) / scale)


@entry("atan2")
def _atan2(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    half = _minus(a).choose(c.graph.constant(-math.pi / 2, a.dtype), math.pi / 2)
    along = (a / b).unary("Atan")
    turned = _minus(b).choose(along + half * 2, along)
    both = (_infinite(a) & _infinite(b)).choose(_minus(b).choose(half * 1.5, half * 0.5), turned)
    zero = a.eq(0).choose(_minus(b).choose(half * 2, a), half)
    return b.eq(0).choose(zero, both)


@entry("hypot")
def _hypot(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a.unary("Abs"), b.unary("Abs"))
    top = c_max(a, b)
    scale = (top.eq(0) | _infinite(top)).choose(c.graph.constant(1, top.dtype), top)
    return scale * ((a / scale) * (a / scale) + (b / scale) * (b / scale)).unary("Sqrt")


@entry("xlogy", "xlog1py")
def _xlogy(c: Call, x: Ref, other: Ref) -> Ref:
    x, other = same_dtype(x, other)
    log = other.unary("Log") if c.step.op.name == "xlogy" else log1p(other)
    return (x.eq(0) & ~other.isnan()).choose(0, x * log)


entry("entr")(lambda c, x: x.eq(0).choose(x, (x < 0).choose(c.graph.constant(-math.inf, x.dtype), -x * x.unary("Log"))))


@entry("logit")
def _logit(c: Call, x: Ref, eps: float | None) -> Ref:
    if eps is not None:
        x = c.graph.maximum(c_max(x, eps), 1 - eps, "Min")
    return (x / (1 - x)).unary("Log")


entry("bell")(lambda c, x, height, k: (x * x * -k).unary("Exp") * height)
entry("erfc")(lambda c, x: 1 - x.unary("Erf"))

# ---------------------------------------------------------------------- bounds


@entry("clip")
def _clip(c: Call, x: Ref, min: Any, max: Any) -> Ref:
    narrow = whole(x)
    for bound, kind in ((min, "Max"), (max, "Min")):
        if bound is not None:
            narrow = c.graph.node(kind, *same_dtype(narrow, c.ref(bound).cast(c.dtype)))
    return narrow


@entry("clamp")
def _clamp(c: Call, x: Ref, min: Ref, max: Ref) -> Ref:
    return binary(c, "Min", binary(c, "Max", x, min), max)


@entry("fmax", "fmin")
def _fmax(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    found = c.graph.node("Max" if c.step.op.name == "fmax" else "Min", a, b)
    return found if a.dtype.kind != "f" else a.isnan().choose(b, b.isnan().choose(a, found))


@entry("nan_to_num")
def _nan_to_num(c: Call, x: Ref, nan: float, posinf: float | None, neginf: float | None) -> Ref:
    if x.dtype.kind != "f":
        return x.unary("Identity")
    ends = np.finfo(c.dtype)
    x = x.isnan().choose(nan, x)
    x = _infinite(x, detect_negative=0).choose(ends.max if posinf is None else posinf, x)
    return _infinite(x, detect_positive=0).choose(ends.min if neginf is None else neginf, x)


_SERIES = "opset 17 has no operator for it, and a series would be slow and inexact; apply it outside the exported model"
refuse("""erfcx erfinv ndtri log_ndtr lgamma polygamma zeta igamma igammac iv ive jv spherical_jn bessel_y0 bessel_y1
    modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1 airy_ai
    airy_slope""", _SERIES)  # fmt: skip
refuse("gcd lcm", "it takes a loop of as many turns as the numbers say; compute it outside the exported model")
refuse("nextafter exponent mantissa", "opset 17 has no operator that reads the bits of a number; use x + x * eps, or "
       "x.log2()")  # fmt: skip
refuse("complex conj real imag angle sgn view_as_real view_as_complex", "ONNX has no complex numbers in its operators; "
       "export their parts as two tensors")  # fmt: skip
