"""The error function and its relatives, the normal distribution among them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.elsewhere import boxed, number
from ..autograd.operands import rounds_once
from ..autograd.types import Array, Raw
from .elementwise import ONE
from .passes import MANY, choose, in_blocks
from .samples import fixed, probability, unary

__all__ = ["erf", "erfc", "erfinv"]


def bounded(x: Array, limit: float) -> Any:
    """``x`` where its powers do not overflow; beyond the limit a bell is 0 and a tanh 1 to the last digit."""
    return np.clip(x, -limit, limit)


def within(x: Raw, limit: float) -> Any:
    """``bounded`` of a raw array."""
    # Of few elements two calls take less time than np.clip, which is Python.
    return x.clip(-limit, limit) if x.size >= MANY else np.minimum(np.maximum(x, -limit), limit)


# ---------------------------------------------------------------------- rational approximations

# W. J. Cody, Rational Chebyshev Approximations for the Error Function, Mathematics of Computation 23, 1969; the
# digits are those of his CALERF (SPECFUN, netlib). Highest power first.
EDGE = 0.46875
NEAR = ((0.185777706184603153, 3.16112374387056560, 113.864154151050156, 377.485237685302021, 3209.37758913846947),
        (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062))
FAR = ((2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131,
         881.952221241769090, 1712.04761263407058, 2051.07837782607147, 1230.33935479799725),
        (1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019, 3290.79923573345963,
         4362.61909014324716, 3439.36767414372164, 1230.33935480374942))
# Of 1 / x², beyond 4.
_TAIL = ((0.0163153871373020978, 0.305326634961232344, 0.360344899949804439, 0.125781726111229246,
          0.0160837851487422766, 6.58749161529837803e-4),
         (1.0, 2.56852019228982242, 1.87295284992346725, 0.527905102951428412, 0.0605183413124413191,
          2.33520497626869185e-3))
# For float32, fitted here: the polynomial q of least relative error in erf(x) where that is tanh(x · q(x²)), and p in
# exp(z²) erfc(z) = t · p(t), t = 3 / (3 + z), z up to 10.2; the errors are 7.1e-8 and 2.1e-9. Highest power first.
SINGLE_ERF = (5.42168057e-9, 2.75741136e-8, -4.794586894e-6, 8.4596505e-5, -6.148380768e-4, -1.9528832582e-4,
              0.10276986419, 1.12837924718)
_SINGLE_ERFC = (0.05552363116989, -0.2910874706941, 0.5332098538404, -0.4377841683357, 0.400655955358,
                -0.0003706169539815, 0.1916028747036, 0.1715411722585, 0.1886723198338, 0.1880364467116)
# M. J. Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution, Applied Statistics 37, 1988.
_CENTRE = ((2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
            13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
           (5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
            5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0))
_SIDE = ((7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
          3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
         (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
          0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0))
_EXTREME = ((2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
             0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
            (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
             0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0))


def horner(z: Raw, polynomial: tuple[float, ...]) -> Any:
    """A polynomial by Horner's rule."""
    first, *others, last = polynomial
    value = z * first
    for coefficient in others:
        value += coefficient
        value *= z
    value += last
    return value


def ratio(z: Raw, polynomials: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    """The quotient of two polynomials."""
    above, below = (horner(z, polynomial) for polynomial in polynomials)
    above /= below
    return above


def refuse_complex(x: Array) -> None:
    """Raise, where NumPy would drop the imaginary part."""
    if x.dtype.kind == "c":
        raise TypeError("it is defined for real numbers here")


def widened(function: Callable[[Any], Any], single: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """Run in float64 what goes beyond the range of the smaller floats, and for integers; a block at a time.

    ``single`` takes the place of ``function`` where the result is rounded to float32 or less.
    """
    of_small = single or function

    def block(x: Any) -> Any:
        if x.dtype.kind != "f":
            return function(x.astype(np.float64))
        return of_small(x.astype(np.float64)).astype(x.dtype)

    def forward(x: Any) -> Any:
        refuse_complex(x)
        return in_blocks(function if x.dtype == np.float64 else block, x)

    return forward


# ---------------------------------------------------------------------- the error function


def _cody(x: Any) -> Any:
    # 1 − erf(6) is below half a float64's last digit; beyond 4 the far formula needs its few leading digits alone.
    z = np.minimum(np.absolute(np.atleast_1d(x)), number(6, x.dtype))
    far = 1 - np.exp(-z * z) * ratio(z, FAR)
    near = np.minimum(z, number(EDGE, x.dtype))
    near *= ratio(near * near, NEAR)
    return np.reshape(np.copysign(np.where(z > EDGE, far, near), x), x.shape)


def _single(x: Any) -> Any:
    z = within(x, 4.2)  # there and beyond erf is ±1 in float32
    q = boxed(horner(z * z, SINGLE_ERF))
    q *= z
    return np.tanh(q, out=q)


def _erf(x: Any) -> Any:
    refuse_complex(x)
    if x.dtype == np.float16:  # the polynomials go beyond its range
        return in_blocks(_single, x.astype(np.float32)).astype(np.float16)
    return in_blocks(_single if x.dtype == np.float32 else _cody, x if x.dtype in ONE else x.astype(np.float64))


def of_each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of the standard library on every element: what the references are made of."""
    return lambda x: np.reshape([function(v) for v in np.ravel(x).tolist()], np.shape(x)).astype(np.float64)


_BELL = 2 / math.sqrt(math.pi)


def _bell_of(x: Any, height: float, k: float) -> Any:
    y = boxed(within(x, 40.0 / math.sqrt(k)))
    y *= y
    y *= -k
    np.exp(y, out=y)
    y *= height
    return y


bell: Callable[..., Any] = elementwise(
    "bell", lambda x, height, k: in_blocks(lambda part: _bell_of(part, height, k), x),
    lambda g, x, y, k: g * (-2 * k * x * y), params={"height": 1.0, "k": 1.0}, floats=True,
    formula="height · e^(−k · x²)",
    samples=(*unary(), *unary(height=0.3, k=0.5)), reference=lambda x, height=1.0, k=1.0: height * np.exp(-k * x * x),
    doc="A bell curve of a height, what the slopes of the error functions are.")

erf = elementwise("erf", _erf, lambda g, x: g * bell(x, _BELL),
                  floats=True, formula="2 / √π · ∫₀ˣ e^(−t²) dt", samples=unary(),
                  reference=of_each(math.erf), doc="The error function (Cody 1969).")


def _scaled(z: Any) -> Any:
    """exp(z²) · erfc(z) of numbers not below the edge."""
    far = np.clip(z, EDGE, 4.0)
    tail = 1 / np.maximum(z, 4.0)
    square = tail * tail
    beyond = (_BELL / 2 - square * ratio(square, _TAIL)) * tail
    return np.where(z > 4, beyond, ratio(far, FAR))



def _bell(z: Any) -> Any:
    """exp(−z²) to the last digit: z² is split so that its rounding is not exponentiated."""
    z = np.minimum(z, 40.0)
    rough = np.trunc(z * 16) / 16
    return np.exp(-rough * rough) * np.exp(-(z - rough) * (z + rough))


def _erfc(x: Any) -> Any:
    z = np.absolute(np.atleast_1d(x))
    near = 1 - _cody(np.atleast_1d(x))
    far = _bell(z) * _scaled(np.maximum(z, EDGE))
    return np.reshape(np.where(z <= EDGE, near, np.where(np.atleast_1d(x) > 0, far, 2 - far)), x.shape)


def _single_erfc(x: Any) -> Any:
    z = np.minimum(np.absolute(x), 12.0)  # beyond, it is 0 in float32
    t = 3 / (z + 3)
    y = horner(t, _SINGLE_ERFC)
    y *= t
    z *= z  # exact
    y *= np.exp(-z)
    return choose(x < 0, 2 - y, y)


erfc = elementwise("erfc", widened(_erfc, _single_erfc), lambda g, x: g * bell(x, -_BELL),
                   floats=True, formula="1 − erf x", samples=unary(), reference=of_each(math.erfc),
                   doc="1 − erf(x), to the last digits where that is small (Cody 1969).")


def _erfcx(x: Any) -> Any:
    flat = np.atleast_1d(x)
    z = np.absolute(flat)
    small = np.minimum(z, EDGE)
    upper = np.where(z <= EDGE, np.exp(small * small) * (1 - _cody(small)), _scaled(np.maximum(z, EDGE)))
    with np.errstate(over="ignore"):
        lower = 2 / _bell(np.where(flat < 0, np.minimum(z, 26.7), 0.0)) - upper
    return np.reshape(np.where(flat < 0, np.where(z > 26.7, np.inf, lower), upper), x.shape)



def _erfcx_slope(x: Any, y: Any) -> Any:
    """2 x y − 2 / √π; beyond 8, where the two cancel, the derivative of the asymptotic series A&S 7.1.23."""
    far = np.maximum(x, 8.0)
    term = series = np.ones_like(far)
    for n in range(1, 16):
        term = term * (-(n + 0.5) / far / far)
        series = series + term
    return np.where(x > 8, -_BELL / 2 * series / far / far, 2 * x * y - _BELL)


erfcx = elementwise("erfcx", widened(_erfcx), lambda g, x, y: g * _erfcx_slope(x, y), floats=True,
                    formula="e^(x²) · erfc x",
                    samples=(*unary(extremes=False), *unary(fixed(0.1, 3.0, 5.5, 12.0), extremes=False)),
                    reference=lambda x: np.exp(x * x) * of_each(math.erfc)(x),
                    grad_fn="SpecialErfcxBackward0",
                    doc="erfc(x) times exp(x²), which stays large where erfc does not.")

# ---------------------------------------------------------------------- inverses


def _quantile(offset: Any, tail: Any) -> Any:
    """The normal quantile of a probability: its distance from ½ with sign, and from the nearer of 0 and 1."""
    offset, tail = np.atleast_1d(offset), np.atleast_1d(tail)
    centre = np.clip(offset, -0.425, 0.425)
    middle = centre * ratio(0.180625 - centre * centre, _CENTRE)
    r = np.sqrt(-np.log(np.clip(tail, 5e-324, 0.5)))
    side = np.where(r <= 5, ratio(np.minimum(r, 5.0) - 1.6, _SIDE), ratio(np.maximum(r, 5.0) - 5, _EXTREME))
    side = np.where(tail == 0, np.inf, side)
    result = np.where(np.absolute(offset) <= 0.425, middle, np.copysign(side, offset))
    return np.where((tail < 0) | np.isnan(offset), np.nan, result)


def _erfinv(x: Any) -> Any:
    return np.reshape(_quantile(x / 2, (1 - np.absolute(x)) / 2) * math.sqrt(0.5), x.shape)


def _ndtri(p: Any) -> Any:
    return np.reshape(_quantile(p - 0.5, np.minimum(p, 1 - p)), p.shape)


def _inverted(function: Callable[[float], float], low: float, high: float) -> Callable[[Any], Any]:
    """The inverse of an increasing function by bisection."""

    def inverse(wanted: float) -> float:
        a, b = low, high
        for _ in range(200):
            middle = 0.5 * (a + b)
            a, b = (middle, b) if function(middle) < wanted else (a, middle)
        return 0.5 * (a + b)

    return of_each(inverse)


_open = fixed(0.3, -0.7, 0.05, -0.8, 0.6, -0.2)

erfinv = elementwise("erfinv", widened(_erfinv), lambda g, y: g * (np.exp(y * y) / _BELL), floats=True,
                     formula="erf⁻¹(x)", samples=unary(_open, extremes=False), reference=_inverted(math.erf, -6, 6),
                     doc="The number whose erf is x; ±∞ at ±1, NaN beyond (Wichura 1988).")

ndtri = elementwise("ndtri", widened(_ndtri), lambda g, y: g * (np.exp(0.5 * (y * y)) * math.sqrt(2 * math.pi)),
                    floats=True, formula="Φ⁻¹(x)", samples=unary(probability, extremes=False),
                    reference=_inverted(lambda v: 0.5 * math.erfc(-v * math.sqrt(0.5)), -10, 10),
                    grad_fn="SpecialNdtriBackward0",
                    doc="The quantile of the standard normal distribution; NaN outside [0, 1] (Wichura 1988).")

# ---------------------------------------------------------------------- the normal distribution


@rounds_once
def ndtr(input: Array) -> Any:
    """The standard normal distribution function Φ, to the last digits in its lower tail.

    >>> import tinygrad_bp as tg
    >>> tg.special.ndtr(tg.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return 0.5 * erfc(input * -math.sqrt(0.5))


def _log_ndtr(x: Any) -> Any:
    flat = np.atleast_1d(x)
    z = np.minimum(flat, -1.0)
    lower = np.log(0.5 * _erfcx(-z * math.sqrt(0.5))) - 0.5 * z * z
    upper = np.log1p(-0.5 * _erfc(np.maximum(flat, -1.0) * math.sqrt(0.5)))
    return np.reshape(np.where(flat < -1, lower, upper), x.shape)


log_ndtr = elementwise("log_ndtr", widened(_log_ndtr),
                       lambda g, x: g * _log_ndtr_slope(x),
                       floats=True, formula="ln Φ(x)", samples=unary(),
                       reference=lambda x: _log_ndtr_reference(x),
                       grad_fn="SpecialLogNdtrBackward0",
                       doc="Logarithm of the standard normal distribution function, finite far down its tail.")


def _log_ndtr_slope(x: Any) -> Any:
    """φ(x) / Φ(x); each side of 0 in the form that neither overflows nor cancels there."""
    zero = np.zeros_like(x)
    below, above = np.where(x > 0, zero, x), np.where(x > 0, x, zero)
    above = np.minimum(above, 60.0)  # where the slope is 0 in double, and a square cannot overflow
    upper = np.exp(-0.5 * (above * above)) / (1 - 0.5 * erfc(above * math.sqrt(0.5)))
    return np.where(x > 0, upper / math.sqrt(2 * math.pi), math.sqrt(2 / math.pi) / erfcx(below * -math.sqrt(0.5)))


def _log_ndtr_reference(x: Any) -> Any:
    """By math.erfc, and far below by the first terms of A&S 26.2.12."""

    def one(v: float) -> float:
        if v > -30:
            p = 0.5 * math.erfc(-v * math.sqrt(0.5))
            return math.log(p) if v < 0 else math.log1p(-0.5 * math.erfc(v * math.sqrt(0.5)))
        return -0.5 * v * v - math.log(-v) - 0.5 * math.log(2 * math.pi) + math.log1p(-(v**-2) + 3 * v**-4 - 15 * v**-6)

    return of_each(one)(x)

