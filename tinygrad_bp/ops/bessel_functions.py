"""Bessel functions of the orders 0 and 1, of the first and second kind and modified, and Airy's function.

Up to 2 by their power series (DLMF 10.2.2, 10.8, 10.25.2, 10.31). Beyond, all of them are one integral of a bell, at a
real or an imaginary argument: DLMF 10.32.9 with sinh(t / 2) = u / √(2z),
``K_ν(z) = e⁻ᶻ √(2 / z) ∫₀^∞ e^(−u²) cosh(νt) / √(1 + u² / 2z) du``, and ``J + iY`` from ``K`` at −ix (10.27.8).
The trapezoidal rule gives it to all digits: its error falls exponentially (Trefethen and Weideman 2014).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.op import REQUIRED
from ..autograd.types import Array
from .error_functions import widened
from .samples import Domain, fixed, sample, unary

__all__: list[str] = []

_STEP, _NODES = 0.2, 33
_TERMS = 26  # of a power series, up to 2
_EULER = 0.57721566490153286


def _scaled_k(order: float, z: Any) -> Any:
    """``eᶻ K_ν(z)`` where |z| is at least 1.8 and the real part not negative."""
    total = 0.5 * np.ones_like(z)
    for node in range(1, _NODES):
        u = node * _STEP
        angle = 2 * np.arcsinh(u / np.sqrt(2 * z))
        total = total + math.exp(-u * u) * np.cosh(order * angle) / np.sqrt(1 + u * u / (2 * z))
    return total * _STEP * np.sqrt(2 / z)


def _beyond(x: Any, limit: float = 1e100) -> Any:
    """The numbers from 2 on, for the integral; others, and NaN, as 2."""
    return np.clip(np.nan_to_num(x, nan=2.0), 2.0, limit)


def _hankel(order: float, x: Any) -> Any:
    """``J_ν + i Y_ν`` where x is at least 1.8."""
    return -2j / math.pi * np.exp(1j * (x - order * math.pi / 2)) * _scaled_k(order, -1j * x)


def _series(x: Any, order: int, sign: int) -> tuple[Any, Any]:
    """``Σ sᵏ (x/2)²ᵏ⁺ⁿ / (k! (k + n)!)``, and the same terms times ψ(k + 1) + ψ(k + n + 1)."""
    term = (x / 2) ** order / math.factorial(order)
    total, weighted = np.zeros_like(x), np.zeros_like(x)
    psi = -2 * _EULER + order
    for k in range(_TERMS):
        total, weighted = total + term, weighted + psi * term
        term = term * (sign * x * x / 4) / ((k + 1) * (k + 1 + order))
        psi += 1 / (k + 1) + 1 / (k + 1 + order)
    return total, weighted


def _first_kind(order: int) -> Callable[[Any], Any]:
    def value(x: Any) -> Any:
        flat = np.atleast_1d(x)
        size = np.absolute(flat)
        near, _ = _series(np.minimum(size, 2.0), order, -1)
        far = _hankel(order, _beyond(size)).real
        y = np.where(size <= 2, near, np.where(np.isinf(size), 0, far))
        return np.reshape(np.where(np.isnan(flat), np.nan, np.where(flat < 0, (-1) ** order * y, y)), x.shape)

    return widened(value)


def _second_kind(order: int) -> Callable[[Any], Any]:
    def value(x: Any) -> Any:
        flat = np.atleast_1d(x)
        small = np.clip(flat, 1e-300, 2.0)
        first, weighted = _series(small, order, -1)
        near = (2 * np.log(small / 2) * first - weighted) / math.pi - order * 2 / (math.pi * small)
        far = _hankel(order, _beyond(flat)).imag
        y = np.where(flat <= 2, near, np.where(np.isinf(flat), 0, far))
        y = np.where(flat == 0, -np.inf, np.where(flat < 0, np.nan, y))
        return np.reshape(np.where(np.isnan(flat), np.nan, y), x.shape)

    return widened(value)


def _modified(order: int, scaled: bool) -> Callable[[Any], Any]:
    def value(x: Any) -> Any:
        flat = np.atleast_1d(x)
        small, large = np.clip(flat, 1e-300, 2.0), _beyond(flat)
        first, weighted = _series(small, order, 1)
        near = (-1) ** (order + 1) * (np.log(small / 2) * first - weighted / 2) + order / small
        with np.errstate(under="ignore"):
            y = np.where(flat <= 2, near * np.exp(small) if scaled else near, _scaled_k(order, large) * (
                1 if scaled else np.exp(-large)))
        y = np.where(flat == 0, np.inf, np.where(flat < 0, np.nan, np.where(np.isinf(flat), 0, y)))
        return np.reshape(np.where(np.isnan(flat), np.nan, y), x.shape)

    return widened(value)


# ---------------------------------------------------------------------- the ops

@functools.cache
def _rule(nodes: int, end: float) -> tuple[Any, Any]:
    """Gauss and Legendre's rule on [0, end], for the references: places and weights."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return (places + 1) * end / 2, weights * end / 2


def _oscillating(order: int, wave: Any) -> Callable[[Any], Any]:
    """``1/π ∫₀^π wave(x sin θ − nθ) dθ``: DLMF 10.9.2, and a part of 10.9.7."""

    def value(x: Any) -> Any:
        angles, weights = _rule(60, math.pi)
        return wave(np.multiply.outer(x, np.sin(angles)) - order * angles) @ weights / math.pi

    return value


def _y_reference(order: int) -> Callable[[Any], Any]:
    sign = (-1) ** order

    def value(x: Any) -> Any:
        t, weights = _rule(400, 9.0)
        with np.errstate(under="ignore", over="ignore"):
            fall = (np.exp(order * t) + sign * np.exp(-order * t)) * np.exp(-np.multiply.outer(x, np.sinh(t)))
        return _oscillating(order, np.sin)(x) - fall @ weights / math.pi

    return value


def _k_reference(order: int, scaled: bool) -> Callable[[Any], Any]:
    def value(x: Any) -> Any:
        t, weights = _rule(400, 9.0)
        with np.errstate(under="ignore"):
            return (np.exp(-np.multiply.outer(x, np.cosh(t) - scaled)) * np.cosh(order * t)) @ weights

    return value


_POSITIVE: Domain = lambda rng, shape: rng.uniform(0.4, 6.0, shape)  # noqa: E731
_near = unary(_POSITIVE, extremes=False)
_any = (*unary(fixed(0.3, -1.4, 2.7, -5.2, 12.5, 19.5), extremes=False, order=0),
        *(sample((6,), of=fixed(0.0, 2.5, -2.5, 1.7), order=order) for order in (0, 1, 2)))

jv: Callable[..., Any] = elementwise(
    "jv", lambda x, order: _first_kind(order)(x),
    lambda g, x, order: g * (0.5 * ((jv(x, order - 1) if order else -jv(x, 1)) - jv(x, order + 1))),
    params={"order": REQUIRED}, floats=True, formula="Jₙ(x), n = order", samples=_any,
    reference=lambda x, order: _oscillating(order, np.cos)(x),
    doc="Bessel function of the first kind and of a small whole order (derivative: DLMF 10.6.1).")

bessel_y0: Callable[..., Any] = elementwise(
    "bessel_y0", _second_kind(0), lambda g, x: -g * bessel_y1(x), floats=True, formula="Y₀(x)",
    samples=_near, reference=_y_reference(0),
    doc="Bessel function of the second kind, order 0, of positive numbers (DLMF 10.6.3).")

bessel_y1: Callable[..., Any] = elementwise(
    "bessel_y1", _second_kind(1), lambda g, x, y: g * (bessel_y0(x) - y / x), floats=True,
    formula="Y₁(x)", samples=_near, reference=_y_reference(1),
    doc="Bessel function of the second kind, order 1, of positive numbers (DLMF 10.6.2).")

modified_bessel_k0: Callable[..., Any] = elementwise(
    "modified_bessel_k0", _modified(0, False), lambda g, x: -g * modified_bessel_k1(x), floats=True,
    formula="K₀(x)", samples=_near, reference=_k_reference(0, False),
    doc="Modified Bessel function of the second kind, order 0, of positive numbers (derivative: DLMF 10.29.3).")

modified_bessel_k1: Callable[..., Any] = elementwise(
    "modified_bessel_k1", _modified(1, False), lambda g, x, y: -g * (modified_bessel_k0(x) + y / x), floats=True,
    formula="K₁(x)", samples=_near, reference=_k_reference(1, False),
    doc="Modified Bessel function of the second kind, order 1, of positive numbers (derivative: DLMF 10.29.2).")

scaled_modified_bessel_k0: Callable[..., Any] = elementwise(
    "scaled_modified_bessel_k0", _modified(0, True), lambda g, x, y: g * (y - scaled_modified_bessel_k1(x)),
    floats=True, formula="eˣ K₀(x)", samples=_near, reference=_k_reference(0, True),
    doc="Modified Bessel function of the second kind, order 0, times eˣ.")

scaled_modified_bessel_k1: Callable[..., Any] = elementwise(
    "scaled_modified_bessel_k1", _modified(1, True),
    lambda g, x, y: g * (y - scaled_modified_bessel_k0(x) - y / x),
    floats=True, formula="eˣ K₁(x)", samples=_near, reference=_k_reference(1, True),
    doc="Modified Bessel function of the second kind, order 1, times eˣ.")

# ---------------------------------------------------------------------- Airy's function

_AT_0 = 1 / (3 ** (2 / 3) * math.gamma(2 / 3))
_SLOPE_AT_0 = -1 / (3 ** (1 / 3) * math.gamma(1 / 3))


def _airy(x: Any, slope: bool) -> Any:
    """Ai or its derivative: DLMF 9.4.1 up to 2, beyond by Bessel functions of the orders 1/3 and 2/3 (9.6)."""
    flat = np.atleast_1d(x)
    small = np.clip(flat, -2.0, 2.0)
    near = _SLOPE_AT_0 * np.ones_like(small) if slope else _AT_0 + _SLOPE_AT_0 * small
    a, b = _AT_0, _SLOPE_AT_0
    for k in range(1, _TERMS):
        a, b = a / ((3 * k - 1) * 3 * k), b / (3 * k * (3 * k + 1))
        if slope:
            near = near + a * 3 * k * small ** (3 * k - 1) + b * (3 * k + 1) * small ** (3 * k)
        else:
            near = near + a * small ** (3 * k) + b * small ** (3 * k + 1)
    size = _beyond(np.absolute(flat), 1e60)
    phase = 2 / 3 * size**1.5
    order = 2 / 3 if slope else 1 / 3
    with np.errstate(under="ignore"):
        falling = np.exp(-phase) * _scaled_k(order, phase) / (math.pi * math.sqrt(3))
    waving = _hankel(order, phase)
    if slope:
        right, left = -size * falling, size / math.sqrt(3) * (np.exp(-1j * math.pi / 6) * waving).real
    else:
        right, left = np.sqrt(size) * falling, np.sqrt(size / 3) * (np.exp(1j * math.pi / 6) * waving).real
    y = np.where(np.absolute(flat) <= 2, near, np.where(flat > 0, right, left))
    return np.reshape(np.where(np.isnan(flat), np.nan, np.where(np.isinf(flat), 0, y)), x.shape)


def _airy_reference(slope: bool) -> Callable[[Any], Any]:
    """``1/2π ∫ e^(i(s³/3 + xs)) ds`` along s = t + i, where the integrand falls (DLMF 9.5.4)."""
    s = np.arange(-400, 401) * 0.025 + 1j
    factor = 1j * s if slope else 1
    return lambda x: (
        (factor * np.exp(1j * (s**3 / 3 + np.asarray(x)[..., None] * s))).sum(-1).real * 0.025 / (2 * math.pi)
    )


_signed = (*unary(fixed(0.3, -1.4, 2.7, -4.2, 3.5, -6.5), extremes=False), sample((4,), of=fixed(0.0, 2.0, -2.0, 1.9)))

airy_ai: Callable[..., Any] = elementwise(
    "airy_ai", widened(lambda x: _airy(x, False)), lambda g, x: g * airy_slope(x), floats=True,
    formula="Ai(x)", samples=_signed, reference=_airy_reference(False),
    doc="Airy's function, which solves y″ = x y and falls (DLMF 9).")

airy_slope: Callable[..., Any] = elementwise(
    "airy_slope", widened(lambda x: _airy(x, True)), lambda g, x: g * x * airy_ai(x), floats=True,
    formula="Ai′(x)", samples=_signed, reference=_airy_reference(True),
    doc="The derivative of Airy's function.")

# ---------------------------------------------------------------------- of the first kind, under PyTorch's names


def bessel_j0(input: Array) -> Any:
    """Bessel function of the first kind, order 0.

    >>> import tinygrad_bp as tg
    >>> tg.special.bessel_j0(tg.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return jv(input, 0)


def bessel_j1(input: Array) -> Any:
    """Bessel function of the first kind, order 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.bessel_j1(tg.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """
    return jv(input, 1)
