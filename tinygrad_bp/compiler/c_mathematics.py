"""The functions that a compiled C file brings along: exponentials and logarithms that a compiler can vectorise.

Each is made of sums and products alone, without branches: a whole vector goes through at once. NaN and infinities
give what NumPy gives. Largest errors, in units in the last place, found over all exponents (``tests/compile``):
``exp`` 1, ``log`` 1, ``expm1`` 2, ``log1p`` 2, ``tanh`` 2, ``sigmoid`` 2, ``erf`` 4 in float32; one more in float64.
"""

from __future__ import annotations

import math

import numpy as np

from ..ops.error_functions import EDGE, FAR, NEAR, SINGLE_ERF


def _series(coefficients: list[str], variable: str) -> str:
    """Horner's scheme: ``c0 + x * (c1 + x * (…))``."""
    text = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        text = f"{coefficient} + {variable} * ({text})"
    return text


class _Kind:
    """What differs between the two kinds of floats."""

    def __init__(self, name: str, size: int) -> None:
        single = size == 4
        self.name, self.size = name, size
        self.suffix = "f" if single else ""
        self.word = "int32_t" if single else "int64_t"
        self.digits, self.bias = (23, 127) if single else (52, 1023)
        self.low, self.high = (-104.0, 89.0) if single else (-746.0, 710.0)
        # Adding and taking away 1.5 · 2^digits rounds to an integer, which stands in the lowest bits meanwhile.
        self.rounder = 1.5 * 2.0**self.digits
        # ln 2 in two parts: the first has few enough digits for n · ln 2 to be exact.
        self.ln2_high = math.floor(math.log(2) * 2**15) / 2**15 if single else 6.93147180369123816490e-01
        self.ln2_low = math.log(2) - self.ln2_high if single else 1.90821492927058770002e-10
        self.exp_terms, self.log_terms = (7, 5) if single else (13, 11)
        self.tiny = 2.0**-126 if single else 2.0**-1022

    def number(self, value: float) -> str:
        return f"{np.float32(value)!s}f" if self.suffix else repr(value)


def _horner(k: _Kind, polynomial: tuple[float, ...], variable: str) -> str:
    """A polynomial whose highest power stands first."""
    return _series([k.number(coefficient) for coefficient in reversed(polynomial)], variable)


def _error_function(k: _Kind) -> str:
    """As the op has it (``ops/error_functions.py``): by a tanh in float32, by Cody's quotients in float64."""
    if k.suffix:
        return f"""
/* erf(x) = tanh(x q(x^2)); beyond 4.2 it is 1 to the last digit. */
INLINE float tg_erff(float x)
{{
    x = x < -4.2f ? -4.2f : x;
    x = x > 4.2f ? 4.2f : x;
    float w = x * x;
    return tg_tanhf(x * ({_horner(k, SINGLE_ERF, "w")}));
}}
"""
    (near, below), (far, under) = NEAR, FAR
    return f"""
/* erf |x| = x p(x^2) near 0, and else 1 - e^(-x^2) q(x), where p and q are quotients of polynomials (Cody 1969). */
INLINE double tg_erf(double x)
{{
    double z = absolute(x);
    z = z > 6 ? 6 : z;
    double far = 1 - tg_exp(-z * z) * (({_horner(k, far, "z")}) / ({_horner(k, under, "z")}));
    double s = z > {EDGE!r} ? {EDGE!r} : z, w = s * s;
    double near = s * (({_horner(k, near, "w")}) / ({_horner(k, below, "w")}));
    return with_sign(choose(z > {EDGE!r}, far, near), x);
}}
"""


def functions(name: str) -> str:
    """The C text of the functions for ``float`` or ``double``."""
    k = _Kind(name, 4 if name == "float" else 8)
    n, s = k.number, k.suffix
    exp = _series([n(1 / math.factorial(i)) for i in range(2, k.exp_terms + 1)], "r")
    log = _series([n(2 / (2 * i + 1)) for i in range(1, k.log_terms)], "z")
    return f"""
/* {name}: the bits of a number as an integer, and back. */
INLINE {k.word} bits{s}({name} x) {{ union {{ {name} x; {k.word} i; }} u = {{ .x = x }}; return u.i; }}
INLINE {name} number{s}({k.word} i) {{ union {{ {k.word} i; {name} x; }} u = {{ .i = i }}; return u.x; }}
INLINE {name} power_of_2{s}({k.word} n) {{ return number{s}((n + {k.bias}) << {k.digits}); }}
INLINE {name} absolute{s}({name} x) {{ return number{s}(bits{s}(x) & ~({k.word}){_sign(k)}); }}
INLINE {name} with_sign{s}({name} x, {name} of)
{{
    return number{s}(bits{s}(x) | (bits{s}(of) & ({k.word}){_sign(k)}));
}}
/* c ? a : b for c of 0 or 1, by bits: some compilers make jumps of several ?: in a row, and then no vectors. */
INLINE {name} choose{s}({k.word} c, {name} a, {name} b) {{ return number{s}((bits{s}(a) & -c) | (bits{s}(b) & ~-c)); }}

/* e^x = 2^n e^r, where n is x / ln 2 rounded and |r| <= ln 2 / 2: then a short series is exact enough. */
INLINE {name} tg_exp{s}({name} x)
{{
    x = x < {n(k.low)} ? {n(k.low)} : x;
    x = x > {n(k.high)} ? {n(k.high)} : x;
    {name} shifted = x * {n(1 / math.log(2))} + {n(k.rounder)};
    {name} n = shifted - {n(k.rounder)};
    {name} r = (x - n * {n(k.ln2_high)}) - n * {n(k.ln2_low)};
    {k.word} i = bits{s}(shifted) - bits{s}({n(k.rounder)});
    {k.word} half = i >> 1; /* in two steps: 2^n itself may be too large or too small for a {name} */
    {name} y = 1 + (r + r * r * ({exp}));
    return y * power_of_2{s}(half) * power_of_2{s}(i - half);
}}

/* e^x - 1 = 2^n (e^r - 1) + (2^n - 1): nothing cancels near 0. */
INLINE {name} tg_expm1{s}({name} x)
{{
    {name} inside = x < {n(-40.0)} ? {n(-40.0)} : x;
    inside = inside > {n(k.high - 2)} ? 0 : inside;
    {name} shifted = inside * {n(1 / math.log(2))} + {n(k.rounder)};
    {name} n = shifted - {n(k.rounder)};
    {name} r = (inside - n * {n(k.ln2_high)}) - n * {n(k.ln2_low)};
    {name} scale = power_of_2{s}(bits{s}(shifted) - bits{s}({n(k.rounder)}));
    {name} y = scale * (r + r * r * ({exp})) + (scale - 1);
    y = choose{s}(inside == 0, x, y);
    return choose{s}(x > {n(k.high - 2)}, tg_exp{s}(x), y);
}}

/* ln x = n ln 2 + ln m, where m is within sqrt(1/2) and sqrt(2); ln m = 2 artanh s for s = (m - 1) / (m + 1). */
INLINE {name} tg_log{s}({name} x)
{{
    {name} small = x < {n(k.tiny)} ? {n(2.0**60)} : 1; /* subnormal numbers are made larger first */
    {name} infinity = number{s}({_infinity(k)});
    {k.word} i = bits{s}(x * small);
    {k.word} n = (i - bits{s}({n(math.sqrt(0.5))})) >> {k.digits};
    {name} f = number{s}(i - n * (({k.word})1 << {k.digits})) - 1;
    {name} count = ({name})n - (small > 1 ? 60 : 0);
    {name} s = f / (2 + f), z = s * s, half = {n(0.5)} * f * f;
    {name} y = count * {n(k.ln2_high)} + (f - (half - (s * (half + z * ({log})) + count * {n(k.ln2_low)})));
    y = choose{s}((x == infinity) | (x != x), x, y);
    y = choose{s}(x == 0, -infinity, y);
    return choose{s}(x < 0, infinity - infinity, y);
}}

/* ln(1 + x): as ln u for u = 1 + x, and what rounding u lost divided by u; both quotients by one division. */
INLINE {name} tg_log1p{s}({name} x)
{{
    {name} u = 1 + x, lost = x - (u - 1);
    {name} infinity = number{s}({_infinity(k)});
    {k.word} n = (bits{s}(u) - bits{s}({n(math.sqrt(0.5))})) >> {k.digits};
    {name} m = number{s}(bits{s}(u) - n * (({k.word})1 << {k.digits})), over = 1 / (m * (1 + m));
    {name} f = m - 1, count = ({name})n, s = f * (m * over), z = s * s, half = {n(0.5)} * f * f;
    {name} small = power_of_2{s}(n < {k.bias} ? -n : {-k.bias}); /* 2^-n; of the largest 0 */
    {name} low = count * {n(k.ln2_low)} + lost * ((1 + m) * over) * small;
    {name} y = count * {n(k.ln2_high)} + (f - (half - (s * (half + z * ({log})) + low)));
    y = choose{s}(u == 0, -infinity, y);
    y = choose{s}(u < 0, infinity - infinity, y);
    return choose{s}((u == 1) | (u == infinity), x, y);
}}

/* By e = e^(2|x|) - 1: tanh |x| = e / (e + 2). */
INLINE {name} tg_tanh{s}({name} x)
{{
    {name} a = absolute{s}(x);
    {name} e = tg_expm1{s}(a > {n(20.0)} ? {n(40.0)} : 2 * a);
    return with_sign{s}(e / (e + 2), x);
}}

{_error_function(k)}
/* Whichever of e^x / (1 + e^x) and 1 / (1 + e^-x) does not overflow. */
INLINE {name} tg_sigmoid{s}({name} x)
{{
    {name} e = tg_exp{s}(-absolute{s}(x));
    return (x < 0 ? e : 1) / (1 + e);
}}

/* sigmoid(x) sigmoid(-x). */
INLINE {name} tg_sigmoid_slope{s}({name} x)
{{
    {name} e = tg_exp{s}(-absolute{s}(x));
    return e / ((1 + e) * (1 + e));
}}

INLINE {name} larger{s}({name} a, {name} b) {{ return (a > b) | (a != a) ? a : b; }}
INLINE {name} smaller{s}({name} a, {name} b) {{ return (a < b) | (a != a) ? a : b; }}
INLINE {name} sign_of{s}({name} x) {{ return x != x ? x : ({name})((x > 0) - (x < 0)); }}
/* ln(1 + e^x) without overflow. */
INLINE {name} log_1_exp{s}({name} x) {{ return (x < 0 ? 0 : x) + tg_log1p{s}(tg_exp{s}(-absolute{s}(x))); }}
"""


def _sign(k: _Kind) -> str:
    return "0x80000000u" if k.size == 4 else "0x8000000000000000u"


def _infinity(k: _Kind) -> str:
    return "0x7f800000" if k.size == 4 else "0x7ff0000000000000"
