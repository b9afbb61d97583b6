"""Special functions under PyTorch's names: ``tg.special.erfcx``, ``tg.special.i1``, ...

Written by `python docs/make_reference.py`.
"""

from .autograd.tensor import Tensor
from .autograd.types import Array, Axis, DTypeLike, Operand

def airy_ai(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Airy's function, which solves y″ = x y and falls (DLMF 9). Formula: Ai(x)"""
def bessel_j0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Bessel function of the first kind, order 0."""
def bessel_j1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Bessel function of the first kind, order 1."""
def bessel_y0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Bessel function of the second kind, order 0, of positive numbers (DLMF 10.6.3). Formula: Y₀(x)"""
def bessel_y1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Bessel function of the second kind, order 1, of positive numbers (DLMF 10.6.2). Formula: Y₁(x)"""
def chebyshev_polynomial_t(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the first kind, ``cos(n arccos x)`` in [−1, 1]."""
def chebyshev_polynomial_u(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the second kind, 2x at degree 1."""
def chebyshev_polynomial_v(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the third kind, 2x − 1 at degree 1."""
def chebyshev_polynomial_w(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """Chebyshev's polynomial of the fourth kind, 2x + 1 at degree 1."""
def digamma(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The derivative of ``lgamma``."""
def entr(input: Array, *, out: Tensor | None = None) -> Tensor:
    """−x · ln x; 0 at 0, −∞ below. Formula: −x · ln x"""
def erf(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The error function (Cody 1969). Formula: 2 / √π · ∫₀ˣ e^(−t²) dt"""
def erfc(input: Array, *, out: Tensor | None = None) -> Tensor:
    """1 − erf(x), to the last digits where that is small (Cody 1969). Formula: 1 − erf x"""
def erfcx(input: Array, *, out: Tensor | None = None) -> Tensor:
    """erfc(x) times exp(x²), which stays large where erfc does not. Formula: e^(x²) · erfc x"""
def erfinv(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The number whose erf is x; ±∞ at ±1, NaN beyond (Wichura 1988). Formula: erf⁻¹(x)"""
def exp2(input: Array, *, out: Tensor | None = None) -> Tensor:
    """2 to the power of each element. Formula: 2ˣ"""
def expit(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logistic sigmoid; no overflow at either end. Formula: 1 / (1 + e⁻ˣ)"""
def expm1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """exp(x) − 1, exact near 0. Formula: eˣ − 1"""
def gammainc(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """``1 / Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt`` for a in ``input`` and x in ``other``, which broadcast: from 0 to 1 as x grows."""
def gammaincc(input: Array, other: Array, *, out: Tensor | None = None) -> Tensor:
    """``1 − igamma(input, other)``, exact where it is small."""
def gammaln(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the size of the gamma function (Moshier). Formula: ln |Γ(x)|"""
def hermite_polynomial_h(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """The physicists' Hermite polynomial, 2x at degree 1."""
def hermite_polynomial_he(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """The probabilists' Hermite polynomial, x at degree 1."""
def i0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the first kind, order 0."""
def i0e(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``i0(input) · e^(−|input|)``, which does not overflow."""
def i1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the first kind, order 1."""
def i1e(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``i1(input) · e^(−|input|)``, which does not overflow."""
def laguerre_polynomial_l(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """Laguerre's polynomial, 1 − x at degree 1."""
def legendre_polynomial_p(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """Legendre's polynomial, x at degree 1."""
def log1p(input: Array, *, out: Tensor | None = None) -> Tensor:
    """log(1 + x), exact near 0. Formula: ln(1 + x)"""
def log_ndtr(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the standard normal distribution function, finite far down its tail. Formula: ln Φ(x)"""
def log_softmax(
    input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None, out: Tensor | None = None,
) -> Tensor:
    """``ln softmax``, finite for any finite scores; of numbers cast to ``dtype`` first, where it is given."""
def logit(input: Array, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the sigmoid; with eps, of x brought into [eps, 1 − eps]. Formula: ln(x / (1 − x))"""
def logsumexp(
    input: Array, axis: Axis = None, keepdims: bool = False, *, dim: Axis = None, keepdim: bool | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """log of the sum of exponentials, without overflow. Formula: ln Σ eˣ"""
def modified_bessel_i0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the first kind, order 0."""
def modified_bessel_i1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the first kind, order 1."""
def modified_bessel_k0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the second kind, order 0, of positive numbers (derivative: DLMF 10.29.3). Formula:
    K₀(x)
    """
def modified_bessel_k1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the second kind, order 1, of positive numbers (derivative: DLMF 10.29.2). Formula:
    K₁(x)
    """
def multigammaln(input: Array, p: int, *, out: Tensor | None = None) -> Tensor:
    """Logarithm of the gamma function of ``p`` dimensions: ``p (p − 1) / 4 · ln π + Σ lnΓ(input − i / 2)``, i < p."""
def ndtr(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The standard normal distribution function Φ, to the last digits in its lower tail."""
def ndtri(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The quantile of the standard normal distribution; NaN outside [0, 1] (Wichura 1988). Formula: Φ⁻¹(x)"""
def polygamma(n: int, input: Array, *, out: Tensor | None = None) -> Tensor:
    """The derivative of order ``n`` of ``digamma``. Raises ``ArgumentError`` for a negative order."""
def psi(input: Array, *, out: Tensor | None = None) -> Tensor:
    """The derivative of ``lgamma``."""
def round(input: Array, decimals: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The nearest number with so many decimals; a half goes to the even one. Its gradient is 0. Formula: x, rounded to
    so many decimals
    """
def scaled_modified_bessel_k0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the second kind, order 0, times eˣ. Formula: eˣ K₀(x)"""
def scaled_modified_bessel_k1(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Modified Bessel function of the second kind, order 1, times eˣ. Formula: eˣ K₁(x)"""
def shifted_chebyshev_polynomial_t(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_t`` at 2x − 1."""
def shifted_chebyshev_polynomial_u(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_u`` at 2x − 1."""
def shifted_chebyshev_polynomial_v(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_v`` at 2x − 1."""
def shifted_chebyshev_polynomial_w(input: Array, n: Operand, *, out: Tensor | None = None) -> Tensor:
    """``chebyshev_polynomial_w`` at 2x − 1."""
def sinc(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sin(πx) / (πx)``, 1 at 0; smooth there in every derivative."""
def softmax(
    input: Array, dim: int = -1, dtype: DTypeLike = None, *, axis: int | None = None, out: Tensor | None = None,
) -> Tensor:
    """Exponentials that sum to 1 along ``dim``; of numbers cast to ``dtype`` first, where it is given."""
def spherical_bessel_j0(input: Array, *, out: Tensor | None = None) -> Tensor:
    """``sin x / x``, 1 at 0: the spherical Bessel function of order 0."""
def xlog1py(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """x · log1p(other), 0 where x is 0. Formula: x · ln(1 + other)"""
def xlogy(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """x · log(other), 0 where x is 0. Formula: x · ln other"""
def zeta(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """``Σ (q + k)⁻ˢ`` over k = 0, 1, … for s in ``input`` and q in ``other``, which broadcast."""
