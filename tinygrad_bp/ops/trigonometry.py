"""Circular and hyperbolic functions and their inverses, of real and complex numbers; angles in radians."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.op import REQUIRED, UFUNCS
from ..autograd.operands import rounds_once
from ..autograd.types import Array
from .samples import Domain, binary, complexes, nonzero, real, sample, unary

__all__ = [
    "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan",
    "atan2", "atanh", "cos", "cosh", "deg2rad", "hypot", "rad2deg", "sin", "sinc", "sinh", "tan", "tanh",
]  # fmt: skip


def between(low: float, high: float) -> Domain:
    """Uniform between two numbers."""
    return lambda rng, shape: rng.uniform(low, high, shape)


_inside, _above_1 = between(-0.9, 0.9), between(1.2, 3.0)

# ---------------------------------------------------------------------- circular

sin = elementwise("sin", np.sin, lambda g, x: g * np.cos(x), floats=True,
                  formula="sin x", samples=(*unary(), *complexes()), doc="Sine of an angle in radians.")

cos = elementwise("cos", np.cos, lambda g, x: -g * np.sin(x), floats=True,
                  formula="cos x", samples=(*unary(), *complexes()), doc="Cosine of an angle in radians.")

tan = elementwise("tan", np.tan, lambda g, y: g * (1 + y * y), floats=True,
                  formula="tan x", samples=(*unary(_inside), *complexes()), doc="Tangent of an angle in radians.")

asin = elementwise("asin", np.arcsin, lambda g, x: g / np.sqrt((1 - x) * (1 + x)), floats=True,
                   formula="arcsin x", samples=(*unary(_inside, extremes=False), *complexes()),
                   doc="The angle in [−π/2, π/2] with this sine; NaN outside [−1, 1].")
arcsin = asin

acos = elementwise("acos", np.arccos, lambda g, x: -g / np.sqrt((1 - x) * (1 + x)), floats=True,
                   formula="arccos x", samples=(*unary(_inside, extremes=False), *complexes()),
                   doc="The angle in [0, π] with this cosine; NaN outside [−1, 1].")
arccos = acos

atan = elementwise("atan", np.arctan, lambda g, x: g / _slant(x) / _slant(x), floats=True,
                   formula="arctan x", samples=(*unary(), *complexes(between(0.2, 0.8))),
                   doc="The angle in (−π/2, π/2) with this tangent.")
arctan = atan

# ---------------------------------------------------------------------- hyperbolic

sinh = elementwise("sinh", np.sinh, lambda g, x: g * np.cosh(x), floats=True,
                   formula="sinh x", samples=(*unary(extremes=False), *complexes()), doc="Hyperbolic sine.")

cosh = elementwise("cosh", np.cosh, lambda g, x: g * np.sinh(x), floats=True,
                   formula="cosh x", samples=(*unary(extremes=False), *complexes()), doc="Hyperbolic cosine.")

tanh = elementwise("tanh", np.tanh, lambda g, y: g * (1 - y * y), floats=True,
                   formula="tanh x", samples=(*unary(), *complexes(between(0.2, 0.8))), doc="Hyperbolic tangent.")


def _slant(x: Any) -> Any:
    """√(1 + x²) without overflow."""
    return np.sqrt(1 + x * x) if x.dtype.kind == "c" else np.hypot(x, 1)


asinh = elementwise("asinh", np.arcsinh, lambda g, x: g / _slant(x), floats=True,
                    formula="arsinh x", samples=(*unary(), *complexes(between(0.2, 0.8))),
                    doc="Inverse hyperbolic sine.")
arcsinh = asinh

acosh = elementwise("acosh", np.arccosh, lambda g, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)), floats=True,
                    formula="arcosh x", samples=(*unary(_above_1, extremes=False), *complexes(between(0.2, 0.8))),
                    doc="Inverse hyperbolic cosine; NaN below 1.")
arccosh = acosh

atanh = elementwise("atanh", np.arctanh, lambda g, x: g / ((1 - x) * (1 + x)), floats=True,
                    formula="artanh x", samples=(*unary(_inside, extremes=False), *complexes()),
                    doc="Inverse hyperbolic tangent; NaN outside [−1, 1].")
arctanh = atanh

# ---------------------------------------------------------------------- of two numbers


def _length(a: Any, b: Any) -> Any:
    """√(a² + b²) without overflow; 1 where both are 0, so that the slope there is 0."""
    r = np.hypot(a, b)
    return np.where(r == 0, 1, r)


atan2 = elementwise("atan2", np.arctan2,
                    lambda g, a, b: g * (b / _length(a, b) / _length(a, b)),
                    lambda g, a, b: -g * (a / _length(a, b) / _length(a, b)), floats=True,
                    formula="arg(b + i a)", samples=(*binary(nonzero, nonzero), *binary(real, nonzero)),
                    doc="The angle of the point (b, a) from the first axis, in (−π, π]; its slope at (0, 0) is 0.")
arctan2 = atan2

hypot = elementwise("hypot", np.hypot,
                    lambda g, a, y: g * (a / np.where(y == 0, 1, y)),
                    lambda g, b, y: g * (b / np.where(y == 0, 1, y)), floats=True,
                    formula="√(a² + b²)", samples=binary(nonzero, nonzero),
                    doc="The length of (a, b), without overflow; its slope at (0, 0) is 0.")

# ---------------------------------------------------------------------- degrees

_DEGREE = math.pi / 180

deg2rad = elementwise("deg2rad", np.deg2rad, lambda g: g * _DEGREE, floats=True,
                      formula="x · π / 180", samples=unary(), grad_fn="Deg2RadBackward0", doc="Degrees as radians.")

rad2deg = elementwise("rad2deg", np.rad2deg, lambda g: g / _DEGREE, floats=True,
                      formula="x · 180 / π", samples=unary(), grad_fn="Rad2DegBackward0", doc="Radians as degrees.")

UFUNCS[np.radians], UFUNCS[np.degrees] = deg2rad, rad2deg

# ---------------------------------------------------------------------- the cardinal sine


def _spherical_jn(x: Any, order: int) -> Any:
    x = x if x.dtype.kind in "fc" else x.astype(np.float64)
    near = np.absolute(x) < order + 1
    small, large = np.where(near, x, np.zeros_like(x)), np.where(near, np.full_like(x, order + 1), x)
    # DLMF 10.53.1 near 0, and upwards from j₀ and j₁ by 10.51.1 beyond the order, where that is stable.
    term = small**order / math.prod(range(1, 2 * order + 2, 2))
    series = term
    for k in range(1, 14 + order):
        term = term * (small * small) * (-0.5 / (k * (2 * order + 2 * k + 1)))
        series = series + term
    below, above = np.sin(large) / large, np.sin(large) / large / large - np.cos(large) / large
    for n in range(1, order):
        below, above = above, above * (2 * n + 1) / large - below
    return np.where(near, series, above if order else below)


spherical_jn: Callable[..., Any] = elementwise(
    "spherical_jn", _spherical_jn,
    lambda g, x, order: g * ((order * spherical_jn(x, order - 1) if order else 0 * x)
                             - (order + 1) * spherical_jn(x, order + 1)) / (2 * order + 1),
    params={"order": REQUIRED}, floats=True, formula="jₙ(x), n = order",
    samples=(*unary(order=0), *unary(order=1), *unary(nonzero, order=2), *complexes(order=0),
             sample((4,), of=between(5.0, 20.0), order=3)),
    reference=lambda x, order: _jn_reference(x, order),
    doc="Spherical Bessel function of the first kind; order 0 is sin(x) / x.")


def _jn_reference(x: Any, order: int) -> Any:
    """Poisson's integral, DLMF 10.54.1: ½ (−i)ⁿ ∫ e^(ixt) Pₙ(t) dt from −1 to 1, by Gauss's rule."""
    t, w = np.polynomial.legendre.leggauss(60)
    p = np.polynomial.legendre.legval(t, [0] * order + [1])
    if np.max(np.abs(x), initial=0) > 50:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            exact = {0: lambda x: np.sin(x) / x, 1: lambda x: np.sin(x) / x**2 - np.cos(x) / x,
                     2: lambda x: (3 / x**2 - 1) * np.sin(x) / x - 3 * np.cos(x) / x**2}[order](x)
            return np.where(np.abs(x) < 1e-20, x**order / (1, 3, 15)[order], exact)
    y = 0.5 * (-1j) ** order * np.sum(w * p * np.exp(1j * np.asarray(x)[..., None] * t), axis=-1)
    return y if np.iscomplexobj(x) else y.real


@rounds_once
def sinc(input: Array) -> Any:
    """``sin(πx) / (πx)``, 1 at 0; smooth there in every derivative.

    >>> import tinygrad_bp as tg
    >>> tg.sinc(tg.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """
    return spherical_jn(input * math.pi, 0)




def spherical_bessel_j0(input: Array) -> Any:
    """``sin x / x``, 1 at 0: the spherical Bessel function of order 0.

    >>> import tinygrad_bp as tg
    >>> tg.special.spherical_bessel_j0(tg.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """
    return spherical_jn(input, 0)
