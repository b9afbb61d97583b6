"""What each elementwise op is in C: an expression of its operands ``{0}``, ``{1}``; ``{f}`` is ``f`` for floats.

An op that is not here, or a dtype that is not in ``TYPES``, is left to NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..program.program import Step, Value

TYPES = {
    np.dtype(np.float32): "float",
    np.dtype(np.float64): "double",
    np.dtype(np.int64): "int64_t",
    np.dtype(np.int32): "int32_t",
    np.dtype(np.bool_): "uint8_t",
}
FLOATS = frozenset((np.dtype(np.float32), np.dtype(np.float64)))
BOOL = np.dtype(np.bool_)

# Ops of floats, integers and booleans alike.
_ANY = {
    "eq": "{0} == {1}", "ne": "{0} != {1}", "lt": "{0} < {1}", "le": "{0} <= {1}", "gt": "{0} > {1}",
    "ge": "{0} >= {1}", "logical_not": "!{0}", "logical_and": "({0} != 0) & ({1} != 0)",
    "logical_or": "({0} != 0) | ({1} != 0)", "logical_xor": "({0} != 0) ^ ({1} != 0)", "where": "EITHER({0}, {1}, {2})",
    "positive": "{0}", "clone": "{0}",
}  # fmt: skip
# Ops of floats and integers: booleans have rules of their own in NumPy.
_NUMBERS = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "neg": "-{0}", "square": "{0} * {0}"}
_FLOATS = {
    "div": "{0} / {1}", "reciprocal": "1 / {0}", "sqrt": "__builtin_sqrt{f}({0})",
    "rsqrt": "1 / __builtin_sqrt{f}({0})", "abs": "absolute{f}({0})", "sign": "sign_of{f}({0})",
    "exp": "tg_exp{f}({0})", "log": "tg_log{f}({0})", "log1p": "tg_log1p{f}({0})", "expm1": "tg_expm1{f}({0})",
    "tanh": "tg_tanh{f}({0})", "erf": "tg_erf{f}({0})", "sigmoid": "tg_sigmoid{f}({0})",
    "silu": "{0} * tg_sigmoid{f}({0})",
    "relu": "{0} < 0 ? 0 : {0}", "maximum": "larger{f}({0}, {1})", "minimum": "smaller{f}({0}, {1})",
    "log_1_exp": "log_1_exp{f}({0})", "isnan": "{0} != {0}", "isfinite": "{0} - {0} == 0",
    "dropout": "{0} * {1}", "bell": "{height} * tg_exp{f}(-{k} * {0} * {0})",
    "leaky_relu": "{0} > 0 ? {0} : {0} * {negative_slope}", "leaky_slope": "{0} > 0 ? 1 : {negative_slope}",
    "hardtanh": "smaller{f}(larger{f}({0}, {min_val}), {max_val})", "clamp_min": "larger{f}({0}, {1})",
    "clamp_max": "smaller{f}({0}, {1})", "clamp": "smaller{f}(larger{f}({0}, {1}), {2})",
    "prelu": "{0} > 0 ? {0} : {1} * {0}", "sigmoid_slope": "tg_sigmoid_slope{f}({0})",
    "silu_slope": "tg_sigmoid{f}({0}) * (1 + {0} * tg_sigmoid{f}(-{0}))",
    "elu": "{0} > 0 ? {0} : {alpha} * tg_expm1{f}({0})",
    "softplus": "{beta} * {0} > {threshold} ? {0} : log_1_exp{f}({beta} * {0}) / {beta}",
    "softplus_slope": "{beta} * {0} > {threshold} ? 1 : tg_sigmoid{f}({beta} * {0})",
    "logsigmoid": "-log_1_exp{f}(-{0})",
    "hardswish": "{0} * (smaller{f}(larger{f}({0}, -3), 3) / 6 + 0.5{f})",
    "copysign": "with_sign{f}(absolute{f}({0}), {1})",
    "hardshrink": "absolute{f}({0}) <= {lambd} ? 0 : {0}", "threshold": "{0} <= {threshold} ? {value} : {0}",
    "softshrink": "{0} - smaller{f}(larger{f}({0}, -{lambd}), {lambd})", "isinf": "absolute{f}({0}) == INFINITY",
    "fmax": "{0} >= {1} || {1} != {1} ? {0} : {1}", "fmin": "{0} <= {1} || {1} != {1} ? {0} : {1}",
    "deg2rad": "{0} * 0.017453292519943295{f}", "rad2deg": "{0} * 57.29577951308232{f}", "signbit": "bits{f}({0}) < 0",
    "isposinf": "{0} == INFINITY", "isneginf": "{0} == -INFINITY",
    "xlogy": "{0} == 0 && {1} == {1} ? 0 : {0} * tg_log{f}({1})",
    # of the C library, one number at a time
    **{name: f"{name}{{f}}({{0}})" for name in (
        "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "exp2", "log2",
        "log10", "cbrt", "erfc", "floor", "ceil", "trunc")},
    "atan2": "atan2{f}({0}, {1})", "hypot": "hypot{f}({0}, {1})", "power": "pow{f}({0}, {1})",
}  # fmt: skip
_POWERS = {
    2: "{0} * {0}", 3: "{0} * {0} * {0}", 4: "({0} * {0}) * ({0} * {0})", 1: "{0}", 0: "1", -1: "1 / {0}",
    -2: "1 / ({0} * {0})", 0.5: "__builtin_sqrt{f}({0})",
}  # fmt: skip
_GELUS = {
    "none": "{0} * (0.5{f} + 0.5{f} * tg_erf{f}({0} * 0.7071067811865476{f}))",
    "tanh": "{0} * (0.5{f} + 0.5{f} * tg_tanh{f}({0} * (0.7978845608028654{f} + 0.0356774081363001{f} * {0} * {0})))",
}


def expression(step: Step) -> str | None:
    """The C expression of an elementwise step, with places for its operands; None where C has none."""
    if step.op.variadic:
        return None
    dtypes = [item.dtype for item in step.operands if isinstance(item, Value)]
    result, name = step.result.dtype, step.op.name
    if result not in TYPES or any(dtype not in TYPES for dtype in dtypes):
        return None
    if name == "cast":
        safe = result in FLOATS or result == BOOL or dtypes[0] not in FLOATS  # floats to integers: C leaves it open
        return None if not safe else "{0} != 0" if result == BOOL else f"({TYPES[result]}){{0}}"
    compared = dtypes[1:] if name == "where" else dtypes
    kind = compared[0] if compared else result
    if any(dtype != kind for dtype in compared):
        return None
    text = _ANY.get(name)
    if text is None and kind != BOOL:
        text = _NUMBERS.get(name)
    if text is None and kind in FLOATS:
        text = _FLOATS.get(name)
        if name == "pow":
            exponent = step.params["exponent"]
            if isinstance(exponent, (int, float)):
                text = _POWERS.get(exponent, "pow{f}({0}, {exponent})")
        if name == "gelu":
            text = _GELUS.get(step.params["approximate"])
        if name == "clip":
            text = _clip(step)
    if text is None:
        return None
    params = {key: number(value, kind) for key, value in step.params.items() if isinstance(value, (int, float))}
    wanted = {key for key in step.op.params if f"{{{key}}}" in text}
    if not wanted <= set(params):
        return None
    for key in wanted:
        text = text.replace(f"{{{key}}}", params[key])
    return text.replace("{f}", "f" if kind == np.float32 else "")


def _clip(step: Step) -> str | None:
    low, high = step.params.get("min"), step.params.get("max")
    if any(isinstance(bound, Value) for bound in (low, high)):
        return None
    text = "{0}" if low is None else "larger{f}({0}, {min})"
    return text if high is None else f"smaller{{f}}({text}, {{max}})"


def number(value: Any, dtype: np.dtype[Any]) -> str:
    """A number of Python as C, rounded to ``dtype`` as NumPy rounds it."""
    if dtype == BOOL:
        return str(int(bool(value)))
    if dtype not in FLOATS:
        return str(int(value)) if abs(value) < 2**31 else f"INT64_C({int(value)})"
    rounded = float(dtype.type(value))
    if math.isnan(rounded):
        return "NAN"
    if math.isinf(rounded):
        return "INFINITY" if rounded > 0 else "(-INFINITY)"
    digits = repr(dtype.type(rounded).item() if dtype == np.float64 else float(str(dtype.type(rounded))))
    text = f"{digits}f" if dtype == np.float32 else digits
    return f"({text})" if text.startswith("-") else text
