"""Smooth activation functions of networks, and the error function that the exact GELU needs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.op import elementwise, general
from .elementwise import ONE, ZERO, sigmoid
from .samples import nonzero, unary


def _bounded(x: Any, limit: float) -> Any:
    """``x`` where its powers do not overflow; beyond the limit a bell is 0 and a tanh 1 to the last digit."""
    return np.clip(x, -limit, limit)


# ---------------------------------------------------------------------- the error function

# Rational minimax approximations of W. J. Cody, Rational Chebyshev Approximations for the Error Function, Mathematics
# of Computation 23, 1969; the digits are those of his CALERF (SPECFUN, netlib). Highest power first.
_EDGE = 0.46875
_NEAR = ((0.185777706184603153, 3.16112374387056560, 113.864154151050156, 377.485237685302021, 3209.37758913846947),
         (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062))
_FAR = ((2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131,
         881.952221241769090, 1712.04761263407058, 2051.07837782607147, 1230.33935479799725),
        (1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019, 3290.79923573345963,
         4362.61909014324716, 3439.36767414372164, 1230.33935480374942))


def _ratio(z: Any, polynomials: tuple[tuple[float, ...], tuple[float, ...]]) -> Any:
    """The quotient of two polynomials, by Horner's rule."""
    results = []
    for first, *others in polynomials:
        value = z * first
        for coefficient in others[:-1]:
            value += coefficient
            value *= z
        value += others[-1]
        results.append(value)
    above, below = results
    above /= below
    return above


def _cody(x: Any) -> Any:
    # 1 − erf(6) is below half a float64's last digit; beyond 4 the far formula needs its few leading digits alone.
    z = np.minimum(np.absolute(np.atleast_1d(x)), np.asarray(6, x.dtype))
    far = 1 - np.exp(-z * z) * _ratio(z, _FAR)
    near = np.minimum(z, np.asarray(_EDGE, x.dtype))
    near *= _ratio(near * near, _NEAR)
    return np.reshape(np.copysign(np.where(z > _EDGE, far, near), x), x.shape)


def _erf(x: Any) -> Any:
    if x.dtype == np.float16:  # the polynomials go beyond its range
        return _cody(x.astype(np.float32)).astype(np.float16)
    return _cody(x if x.dtype in ONE else x.astype(np.float64))


erf = elementwise("erf", _erf, lambda g, x: g * (2 / math.sqrt(math.pi) * np.exp(-(_bounded(x, 40.0) ** 2))),
                  floats=True, formula="2 / √π · ∫₀ˣ e^(−t²) dt", samples=unary(),
                  reference=lambda x: np.reshape([math.erf(v) for v in np.ravel(x)], np.shape(x)),
                  doc="The error function (Cody 1969).")

# ---------------------------------------------------------------------- units

silu = elementwise("silu", lambda x: x * sigmoid(x), lambda g, x: g * (sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
                   floats=True, formula="x / (1 + e⁻ˣ)", samples=unary(),
                   reference=lambda x: x * np.exp(-np.logaddexp(0, -x)),
                   doc="x · sigmoid(x), also called swish (Elfwing et al. 2018; Ramachandran et al. 2017).")

elu = elementwise("elu", lambda x, alpha: np.where(x > 0, x, np.expm1(np.minimum(x, ZERO.get(x.dtype, 0))) * alpha),
                  lambda g, x, alpha: np.where(x > 0, g, g * (alpha * np.exp(np.minimum(x, ZERO.get(x.dtype, 0))))),
                  params={"alpha": 1.0}, floats=True, formula="x if x > 0 else α · (eˣ − 1)",
                  samples=(*unary(nonzero), *unary(nonzero, alpha=0.3)),
                  reference=lambda x, alpha=1.0: np.maximum(x, 0) + np.minimum(alpha * np.expm1(np.minimum(x, 0)), 0),
                  doc="x above 0, alpha · (eˣ − 1) below (Clevert et al. 2016).")

softplus = elementwise("softplus", lambda x, beta, threshold: np.where(
                           x * beta > threshold, x, np.logaddexp(x * beta, ZERO.get(x.dtype, 0)) / beta),
                       lambda g, x, beta, threshold: np.where(x * beta > threshold, g, g * sigmoid(x * beta)),
                       params={"beta": 1.0, "threshold": 20.0}, floats=True, formula="ln(1 + e^(βx)) / β",
                       samples=(*unary(), *unary(beta=2.0), *unary(extremes=False, threshold=0.0)),
                       reference=lambda x, beta=1.0, threshold=20.0: np.where(
                           beta * x > threshold, x, np.maximum(x, 0) + np.log1p(np.exp(-np.abs(beta * x))) / beta),
                       doc="A smooth relu; x itself where beta · x is above threshold (Dugas et al. 2001).")

_TANH = math.sqrt(2 / math.pi)


def _cumulative(x: Any, approximate: str) -> Any:
    """The standard normal distribution function, exactly or by the tanh that stands for it."""
    if approximate == "none":
        return 0.5 + 0.5 * erf(x * math.sqrt(0.5))
    z = _bounded(x, 10.0)
    return 0.5 + 0.5 * np.tanh(z * (_TANH + _TANH * 0.044715 * (z * z)))


def _gelu(x: Any, approximate: str) -> Any:
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: approximate is 'none' or 'tanh', got {approximate!r}")
    p = _cumulative(x, approximate)
    return x * p, p


def _gelu_slope(g: Any, x: Any, p: Any, approximate: str) -> Any:
    if approximate == "none":
        return g * (p + x * (math.sqrt(0.5 / math.pi) * np.exp(-0.5 * _bounded(x, 40.0) ** 2)))
    z = _bounded(x, 10.0)
    return g * (p + x * (p * (1 - p)) * (2 * _TANH + 6 * _TANH * 0.044715 * (z * z)))


gelu = general("gelu", _gelu, _gelu_slope,
               params={"approximate": "none"}, floats=True, formula="x · Φ(x)",
               residuals={"p": lambda x, approximate: _cumulative(x, approximate)},
               samples=(*unary(), *unary(approximate="tanh")),
               reference=lambda x, approximate="none": x * (
                   0.5 * (1 + np.reshape([math.erf(v * math.sqrt(0.5)) for v in np.ravel(x)], np.shape(x)))
                   if approximate == "none" else 1 / (1 + np.exp(np.maximum(
                       -2 * _TANH * (x + 0.044715 * x * x * x), -700.0).clip(None, 700.0)))),
               doc="x times the standard normal distribution function, exactly ('none') or by 'tanh' "
                   "(Hendrycks and Gimpel 2016).")
