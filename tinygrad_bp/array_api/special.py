"""SciPy's special functions on tensors, by SciPy's names: ``scipy.special.expit(t)`` is the op, and recorded.

SciPy finds them here: its ufuncs through NumPy's protocol, and the array API of SciPy as ``special`` of the namespace.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.elsewhere import number
from ..autograd.op import THEIR_UFUNCS
from ..functions import polynomials
from ..ops import bessel_functions as bessel
from ..ops.activations import logsigmoid
from ..ops.elementwise import exp2, expit, expm1, log1p
from ..ops.error_functions import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from ..ops.gamma_functions import digamma, gammaln, multigammaln, polygamma, psi
from ..ops.incomplete_gamma import gammainc, gammaincc
from ..ops.special_functions import entr, i0, i0e, i1, i1e, logit, xlog1py, xlogy
from ..ops.zeta import zeta

__all__ = [
    "beta", "betaln", "binom", "boxcox", "boxcox1p", "cbrt", "chdtr", "chdtrc", "cosm1", "digamma", "entr", "erf",
    "erfc", "erfcinv", "erfcx", "erfinv", "eval_chebyt", "eval_chebyu", "eval_hermite", "eval_hermitenorm",
    "eval_laguerre", "eval_legendre", "exp2", "exp10", "expit", "expm1", "exprel", "gamma", "gammainc", "gammaincc",
    "gammaln", "gammasgn", "gdtr", "gdtrc", "huber", "i0", "i0e", "i1", "i1e", "inv_boxcox", "inv_boxcox1p", "j0", "j1",
    "k0", "k0e", "k1", "k1e", "kl_div", "log1p", "log_expit", "log_ndtr", "loggamma", "logit", "multigammaln", "ndtr",
    "ndtri", "pdtr", "pdtrc", "poch", "polygamma", "powm1", "pseudo_huber", "psi", "rel_entr", "rgamma", "xlog1py",
    "xlogy", "y0", "y1", "zeta",
]  # fmt: skip


def bring() -> None:
    """Have the ufuncs of SciPy, where it is imported, stand for the functions here."""
    scipy = sys.modules.get("scipy.special")
    for name in __all__ if scipy is not None else ():
        ufunc = getattr(scipy, name, None)
        if isinstance(ufunc, np.ufunc):
            THEIR_UFUNCS[ufunc] = globals()[name]


def _of_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """A Python number beside tensors becomes an array of their dtype."""

    @functools.wraps(function)
    def taking(*given: Any) -> Any:
        kind = next(x.dtype for x in given if hasattr(x, "dtype"))
        return function(*(x if hasattr(x, "dtype") else number(x, kind) for x in given))

    return taking


def _piecewise(condition: Any, x: Any, inside: Callable[[Any], Any], outside: Callable[[Any], Any], safe: float) -> Any:
    """``inside(x)`` where the condition holds, else ``outside(x)``, which then sees ``safe``: no NaN in its slope."""
    return np.where(condition, inside(x), outside(np.where(condition, safe, x)))


# ---------------------------------------------------------------------- exponentials and powers

cbrt, log_expit = np.cbrt, logsigmoid


def exp10(x: Any) -> Any:
    """10 to the power x."""
    return 10.0**x


def exprel(x: Any) -> Any:
    """(exp x − 1) / x, 1 at 0."""
    polynomial = (np.abs(x) < 1e-4) | (x == np.inf)
    return _piecewise(polynomial, x, lambda x: 1 + x * (3 + x) / 6, lambda x: np.expm1(x) / x, 1.0)


def cosm1(x: Any) -> Any:
    """Cos x − 1, which is −2 sin²(x / 2)."""
    return -2 * np.sin(x / 2) ** 2


def powm1(x: Any, y: Any) -> Any:
    """x to the power y, less 1, of positive x."""
    return np.expm1(y * np.log(x))


def boxcox(x: Any, lmbda: Any) -> Any:
    """Box and Cox's transform: (x to the power λ − 1) / λ, log x at λ = 0."""
    return np.log(x) * exprel(lmbda * np.log(x))


def boxcox1p(x: Any, lmbda: Any) -> Any:
    """Box and Cox's transform of 1 + x."""
    return np.log1p(x) * exprel(lmbda * np.log1p(x))


@_of_arrays
def inv_boxcox1p(y: Any, lmbda: Any) -> Any:
    """The number whose ``boxcox1p`` is y."""
    flat = lmbda == 0
    bent = np.where(flat, 1.0, lmbda)
    return np.expm1(np.where(flat, y, np.log1p(bent * np.where(flat, 0.0, y)) / bent))


def inv_boxcox(y: Any, lmbda: Any) -> Any:
    """The number whose ``boxcox`` is y."""
    return 1 + inv_boxcox1p(y, lmbda)


# ---------------------------------------------------------------------- Bessel functions

j0, j1, y0, y1 = bessel.bessel_j0, bessel.bessel_j1, bessel.bessel_y0, bessel.bessel_y1
k0, k0e = bessel.modified_bessel_k0, bessel.scaled_modified_bessel_k0
k1, k1e = bessel.modified_bessel_k1, bessel.scaled_modified_bessel_k1


# ---------------------------------------------------------------------- gamma and beta


def gammasgn(x: Any) -> Any:
    """The sign of the gamma function: 1 or −1, NaN at −1, −2, …"""
    whole = np.floor(x)
    sign = np.where((x > 0) | (whole % 2 == 0), 1.0, -1.0)
    return np.where(np.isnan(x) | ((x < 0) & (whole == x)), np.nan, sign).astype(x.dtype)


def gamma(x: Any) -> Any:
    """The gamma function, (x − 1)! of whole numbers; NaN at −1, −2, …"""
    return gammasgn(x) * np.exp(gammaln(x))


def rgamma(x: Any) -> Any:
    """1 over the gamma function, 0 at −1, −2, …"""
    sign = gammasgn(x)
    return np.where(np.isnan(sign) & (x < 0), 0.0, sign * np.exp(-gammaln(x)))


def loggamma(x: Any) -> Any:
    """The logarithm of the gamma function, NaN below 0."""
    return np.where(x >= 0, gammaln(x), np.nan)


@_of_arrays
def betaln(a: Any, b: Any) -> Any:
    """The logarithm of the absolute value of the beta function."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


@_of_arrays
def beta(a: Any, b: Any) -> Any:
    """The beta function Γ(a) Γ(b) / Γ(a + b)."""
    return gammasgn(a) * gammasgn(b) * gammasgn(a + b) * np.exp(betaln(a, b))


@_of_arrays
def binom(n: Any, k: Any) -> Any:
    """The binomial coefficient, n over k."""
    return rgamma(k + 1) * rgamma(n - k + 1) * gamma(n + 1)


@_of_arrays
def poch(z: Any, m: Any) -> Any:
    """The rising factorial Γ(z + m) / Γ(z)."""
    return gammasgn(z + m) * gammasgn(z) * np.exp(gammaln(z + m) - gammaln(z))


# ---------------------------------------------------------------------- distributions and entropies


def erfcinv(y: Any) -> Any:
    """The number whose ``erfc`` is y."""
    return -ndtri(y / 2) / np.sqrt(2.0)


def chdtr(v: Any, x: Any) -> Any:
    """The χ² distribution of v degrees of freedom up to x."""
    return gammainc(v / 2, x / 2)


def chdtrc(v: Any, x: Any) -> Any:
    """The χ² distribution of v degrees of freedom beyond x."""
    return gammaincc(v / 2, x / 2)


def gdtr(a: Any, b: Any, x: Any) -> Any:
    """The gamma distribution of rate a and shape b up to x."""
    return gammainc(b, a * x)


def gdtrc(a: Any, b: Any, x: Any) -> Any:
    """The gamma distribution of rate a and shape b beyond x."""
    return gammaincc(b, a * x)


def pdtr(k: Any, m: Any) -> Any:
    """Poisson's distribution of mean m up to k events."""
    return gammaincc(np.floor(k) + 1, m)


def pdtrc(k: Any, m: Any) -> Any:
    """Poisson's distribution of mean m beyond k events."""
    return gammainc(np.floor(k) + 1, m)


@_of_arrays
def rel_entr(x: Any, y: Any) -> Any:
    """x log(x / y); 0 where x is 0, ∞ outside of positive numbers."""
    both = (x > 0) & (y > 0)
    ratio = np.where(both, x, 1.0) / np.where(both, y, 1.0)
    beside = np.where((x == 0) & (y >= 0), 0.0, np.inf) + 0 * (x + y)  # NaN stays NaN
    return np.where(both, x * np.log(ratio), beside)


def kl_div(x: Any, y: Any) -> Any:
    """``rel_entr`` − x + y, which is never negative."""
    return rel_entr(x, y) - x + y


@_of_arrays
def huber(delta: Any, r: Any) -> Any:
    """Huber's loss of a residual: r² / 2 up to δ, a straight line beyond."""
    size = np.abs(r)
    loss = np.where(size <= delta, r * r / 2, delta * (size - delta / 2))
    return np.where(delta < 0, np.inf, loss)


@_of_arrays
def pseudo_huber(delta: Any, r: Any) -> Any:
    """A smooth ``huber``: δ² (√(1 + (r / δ)²) − 1), which is r² / (1 + √(1 + (r / δ)²))."""
    return r * r / (1 + np.sqrt(1 + (r / delta) ** 2))


# ---------------------------------------------------------------------- polynomials: SciPy has the degree first


def _degree_first(polynomial: Callable[..., Any]) -> Callable[..., Any]:
    return lambda n, x: polynomial(x, n)


eval_chebyt: Callable[..., Any] = _degree_first(polynomials.chebyshev_polynomial_t)
eval_chebyu: Callable[..., Any] = _degree_first(polynomials.chebyshev_polynomial_u)
eval_hermite: Callable[..., Any] = _degree_first(polynomials.hermite_polynomial_h)
eval_hermitenorm: Callable[..., Any] = _degree_first(polynomials.hermite_polynomial_he)
eval_laguerre: Callable[..., Any] = _degree_first(polynomials.laguerre_polynomial_l)
eval_legendre: Callable[..., Any] = _degree_first(polynomials.legendre_polynomial_p)
