"""The logarithm of the gamma function and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.errors import ArgumentError
from ..autograd.op import REQUIRED
from ..autograd.types import Array
from .error_functions import horner, of_each, ratio, widened
from .samples import fixed, positive, unary

__all__ = ["digamma", "lgamma", "mvlgamma", "polygamma"]

# S. L. Moshier, Cephes Mathematical Library, gamma.c (public; www.netlib.org/cephes): ln Γ on [2, 3] and Stirling's
# correction beyond 13. Highest power first.
_MIDDLE = ((-1378.25152569120859100, -38801.6315134637840924, -331612.992738871184744, -1162370.97492762307383,
            -1721737.00820839662146, -853555.664245765465627),
           (1.0, -351.815701436523470549, -17064.2106651881159223, -220528.590553854454839, -1139334.44367982507207,
            -2532523.07177582951285, -2018891.41433532773231))
_STIRLING = (8.11614167470508450300e-4, -5.95061904284301438324e-4, 7.93650340457716943945e-4,
             -2.77777777730099687205e-3, 8.33333333333331927722e-2)
_LARGEST = 2.556348e305  # whose ln Γ is the largest float64
_HALF_LOG_TAU = 0.5 * math.log(2 * math.pi)
# B₂ₖ / (2k)!, k = 1 … 10: DLMF 24.2.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
BERNOULLI = tuple(b / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1))


def _above_0(x: Any) -> Any:
    """ln Γ of positive numbers."""
    middle, factor = np.clip(x, 5e-324, 13.0), np.ones_like(x)
    for _ in range(10):
        high = middle >= 3
        middle = np.where(high, middle - 1, middle)
        factor = np.where(high, factor * middle, factor)
    # Just below 2 the quotient is better than a difference of logarithms; one subtraction keeps every digit.
    one, two = middle < 1.9, middle < 0.9
    offset = middle - np.where(two, 0, np.where(one, 1, 2))
    near = np.log(factor) - np.where(one, np.log(middle), 0) - np.where(two, np.log1p(middle), 0)
    near = near + offset * ratio(offset, _MIDDLE)
    big = np.clip(x, 13.0, _LARGEST)
    inverse = 1 / big
    correction = np.zeros_like(big)
    for coefficient in _STIRLING:
        correction = correction * (inverse * inverse) + coefficient
    far = (big - 0.5) * np.log(big) - big + _HALF_LOG_TAU + correction * inverse
    return np.where(x < 13, near, np.where(x > _LARGEST, np.inf, far))


# B₂ₖ / (2k (2k − 1)) and B₂ₖ / 2k, k = 6 … 1: Stirling's series, DLMF 5.11.1, 5.11.2, enough from 10 on.
_SERIES = (-691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
_SLOPES = (-691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)
# x (x + 1) … (x + 9) = q (q + 8) (q + 14) (q + 18) (q + 20) with q = x (x + 9).
_PAIRS = (8.0, 14.0, 18.0, 20.0)


def _single_above_0(x: Any) -> Any:
    """ln Γ of positive numbers to a float32's last digit: Stirling's series, below 13 ten steps up."""
    near = x < 13
    q = np.clip(x, 1e-300, 13.0)
    q *= q + 9
    steps = q.copy()
    for pair in _PAIRS:
        steps *= q + pair
    z = x + 10.0 * near
    inverse = 1 / z
    y = horner(inverse * inverse, _SERIES)
    y *= inverse
    y += _HALF_LOG_TAU
    y += (z - 0.5) * np.log(z)
    y -= z
    y -= np.log(steps) * near
    y *= x != 1  # where the parts cancel to all but their rounding
    return y


def _log_gamma(x: Any, above_0: Callable[[Any], Any]) -> Any:
    flat = np.atleast_1d(x)
    if flat.size and flat.min() > 0 and flat.max() < np.inf:
        return np.reshape(above_0(flat), x.shape)
    size = np.absolute(flat)
    whole = np.where(np.isinf(size), 0, size)
    plain = above_0(np.where(flat > 0, whole, 1.0 + whole))
    # Γ(x) Γ(−x) = −π / (x sin πx), DLMF 5.5.3.
    distance = np.absolute(whole - np.round(whole))
    pole = (distance == 0) & (flat <= 0)
    sine = np.where(pole | (flat > 0), 1.0, np.sin(np.pi * distance))
    mirrored = math.log(math.pi) - np.log(sine) - plain
    result = np.where(flat > 0, plain, np.where(pole, np.inf, mirrored))
    return np.reshape(np.where(np.isinf(flat), np.inf, np.where(flat == flat, result, np.nan)), x.shape)


lgamma = elementwise("lgamma", widened(lambda x: _log_gamma(x, _above_0), lambda x: _log_gamma(x, _single_above_0)),
                     lambda g, x: g * polygamma_op(x, 0), floats=True,
                     formula="ln |Γ(x)|", samples=(*unary(positive, extremes=False), *unary(
                         fixed(0.3, -1.4, 2.7, -0.2, 5.6, 30.5), extremes=False)),
                     reference=of_each(math.lgamma), doc="Logarithm of the size of the gamma function (Moshier).")
gammaln = lgamma

# ---------------------------------------------------------------------- derivatives of the logarithm


def _cotangents(order: int) -> Any:
    """The coefficients of dⁿ/dxⁿ of π cot(πx) as a polynomial in cot(πx), lowest power first."""
    p = np.array([0.0, math.pi])
    for _ in range(order):
        p = np.polynomial.polynomial.polymul([-math.pi, 0, -math.pi], np.polynomial.polynomial.polyder(p))
    return p


def _polygamma(x: Any, n: int) -> Any:
    flat = np.atleast_1d(x)
    left = flat <= 0
    z = np.where(left, 1 - flat, flat)
    shifted, total = z, np.zeros_like(z)
    sign = (-1) ** (n + 1) * math.factorial(n)
    tiny = 1.7e308 ** (-1 / (n + 1))  # below it the power overflows
    for _ in range(max(10, n + 8)):  # the recurrence, DLMF 5.15.5
        total = total + sign * np.where(shifted < tiny, np.inf, np.maximum(shifted, tiny) ** -(n + 1.0))
        shifted = shifted + 1
    # The asymptotic expansion, DLMF 5.11.2 and 5.15.8.
    inverse = 1 / shifted
    if n == 0:
        total = total + np.log(shifted) - 0.5 * inverse
    else:
        total = total + sign * inverse**n * (1 / n + 0.5 * inverse)
    power = inverse ** (n + 2)
    for k, b in enumerate(BERNOULLI, 1):
        total = total + (-1) ** (n + 1) * math.factorial(2 * k + n - 1) * b * power
        power = power * (inverse * inverse)
    # The reflection, DLMF 5.15.6.
    distance = flat - np.round(flat)
    pole = left & (distance == 0)
    cot = 1 / np.tan(np.pi * np.where(left & ~pole, distance, 0.25))
    mirrored = (-1) ** n * total - np.polynomial.polynomial.polyval(cot, _cotangents(n))
    at_pole = np.where(flat == 0, np.copysign(np.inf, -flat), np.nan) if n == 0 else np.inf if n % 2 else np.nan
    return np.reshape(np.where(pole, at_pole, np.where(left, mirrored, total)), x.shape)


def _single_digamma(x: Any) -> Any:
    """The slope of ``_single_above_0``."""
    if not (x.size and x.min() > 0 and x.max() < np.inf):
        return _polygamma(x, 0)
    near = x < 13
    z = x + 10.0 * near
    inverse = 1 / z
    square = inverse * inverse
    y = horner(square, _SLOPES)
    y *= -square
    y -= 0.5 * inverse
    y += np.log(z)
    x = np.clip(x, 1e-300, 13.0)
    q = x * (x + 9)
    total = 1 / q
    for pair in _PAIRS:
        total += 1 / (q + pair)
    total *= 2 * x + 9
    y -= total * near
    return y


polygamma_op: Callable[..., Any] = elementwise(
    "polygamma", lambda x, n: widened(lambda z: _polygamma(z, n), _single_digamma if n == 0 else None)(x),
    lambda g, x, n: g * polygamma_op(x, n + 1), params={"n": REQUIRED}, floats=True,
    formula="dⁿ⁺¹/dxⁿ⁺¹ ln Γ(x)",
    samples=(*unary(positive, extremes=False, n=0), *unary(positive, extremes=False, n=1),
             *unary(fixed(0.4, -1.4, 2.7, -0.3, 5.6, 30.5), extremes=False, n=0),
             *unary(fixed(0.4, -1.4, 2.7, -0.3, 5.6), extremes=False, n=1),
             *unary(fixed(1.4, 2.7, 0.8, 5.6), extremes=False, n=2)),
    reference=lambda x, n: _polygamma_reference(x, n),
    doc="Derivative of order n + 1 of the logarithm of the gamma function.")


def _polygamma_reference(x: Any, n: int) -> Any:
    """The sum DLMF 5.7.6, 5.15.1 over 20,000 terms and the Euler-Maclaurin remainder of the rest."""
    k = np.arange(20000.0)
    z = np.asarray(x) + 20000.0
    if n == 0:
        head = np.sum(1 / (k + 1) - 1 / (np.asarray(x)[..., None] + k), axis=-1) - np.sum(1 / (k + 1))
        return head + np.log(z) - 0.5 / z - 1 / (12 * z**2)
    head = np.sum((np.asarray(x)[..., None] + k) ** -(n + 1.0), axis=-1)
    tail = z**-n / n + 0.5 * z ** -(n + 1.0) + (n + 1) / 12 * z ** -(n + 2.0)
    return (-1) ** (n + 1) * math.factorial(n) * (head + tail)


def digamma(input: Array) -> Any:
    """The derivative of ``lgamma``.

    >>> import tinygrad_bp as tg
    >>> tg.digamma(tg.tensor([1.0]))
    tensor([-0.5772])
    """
    return polygamma_op(input, 0)


psi = digamma


def polygamma(n: int, input: Array) -> Any:
    """The derivative of order ``n`` of ``digamma``. Raises ``ArgumentError`` for a negative order.

    >>> import tinygrad_bp as tg
    >>> tg.polygamma(1, tg.tensor([1.0]))
    tensor([1.6449])
    """
    if n < 0:
        raise ArgumentError(f"polygamma: the order n is 0 or more, got {n}")
    return polygamma_op(input, n)


def mvlgamma(input: Array, p: int) -> Any:
    """Logarithm of the gamma function of ``p`` dimensions: ``p (p − 1) / 4 · ln π + Σ lnΓ(input − i / 2)``, i < p.

    >>> import tinygrad_bp as tg
    >>> tg.mvlgamma(tg.tensor([3.0]), 1)
    tensor([0.6931])
    """
    if p < 1:
        raise ArgumentError(f"mvlgamma: the dimension p is 1 or more, got {p}")
    total = lgamma(input)
    for i in range(1, p):
        total = total + lgamma(input - 0.5 * i)
    return total + p * (p - 1) / 4 * math.log(math.pi)


multigammaln = mvlgamma
