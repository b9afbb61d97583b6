"""The regularized incomplete gamma functions: by their power series below a + 1, by a continued fraction above."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.elsewhere import boxed, number
from ..autograd.operands import refuse_complex
from ..autograd.types import Array
from ..autograd.values import refuse_gradient
from .gamma_functions import lgamma
from .samples import binary, fixed
from .special_functions import xlogy

__all__ = ["igamma", "igammac"]

_ROUNDS = 10000  # enough up to a = 10⁵; about √(70 a) are needed where x is near a
# Stirling's correction to ln Γ(a + 1), DLMF 5.11.1.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)


def _height(a: Any, x: Any) -> Any:
    """``xᵃ e⁻ˣ / Γ(a + 1)``, where a is large without the loss of digits in a difference of large numbers."""
    large = np.maximum(a, 10.0)
    correction = sum(c * large ** -(2 * k + 1.0) for k, c in enumerate(_STIRLING))
    distance = np.maximum((x - large) / large, -1.0)
    bell = large * (np.log1p(distance) - distance) - 0.5 * np.log(2 * math.pi * large) - correction
    return np.exp(np.where(a >= 10, bell, a * np.log(x) - x - lgamma(boxed(a + 1))))


def _both(a: Any, x: Any) -> tuple[Any, Any]:
    """P(a, x) and Q(a, x) of positive numbers."""
    height = _height(a, x)
    below = x < a + 1
    # DLMF 8.11.4
    term = total = np.ones_like(x)
    up = np.where(below, x, 0.0)
    for n in range(1, _ROUNDS):
        term = term * (up / (a + n))
        total = total + term
        if not np.any(term > 1e-17 * total):
            break
    lower = height * total
    # DLMF 8.9.2, evaluated from its front (Lentz 1976).
    z = np.where(below, a + 1, x)
    b = z + 1 - a
    c, d = np.full_like(z, 1e300), 1 / b
    fraction = d
    for n in range(1, _ROUNDS):
        factor, b = -n * (n - a), b + 2
        d = 1 / (factor * d + b)
        c = b + factor / c
        fraction = fraction * (c * d)
        if not np.any(np.absolute(c * d - 1) > 4e-16):
            break
    upper = height * a * fraction
    return np.where(below, lower, 1 - upper), np.where(below, 1 - lower, upper)


def _regularized(which: int) -> Any:
    def forward(a: Any, x: Any) -> Any:
        kind = np.result_type(a, x)
        a, x = np.broadcast_arrays(boxed(a).astype(np.float64), boxed(x).astype(np.float64))
        shape = a.shape
        a, x = np.atleast_1d(a), np.atleast_1d(x)
        inside = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
        with np.errstate(under="ignore", over="ignore", invalid="ignore", divide="ignore"):
            found = _both(np.where(inside, a, 1.0), np.where(inside, x, 1.0))[which]
        ends = (np.where((x == 0) | np.isinf(a), 0.0, 1.0), np.where((x == 0) | np.isinf(a), 1.0, 0.0))[which]
        none = ~((a >= 0) & (x >= 0)) | ((a == 0) & (x == 0)) | (np.isinf(a) & np.isinf(x))
        value = np.where(none, np.nan, np.where(inside, found, ends))
        return np.reshape(value, shape).astype(kind if kind.kind == "f" else np.float64)

    return forward


def _reference(which: int) -> Any:
    """The integral itself, in parts that halve towards 0, by Gauss and Legendre's rule."""
    nodes, weights = np.polynomial.legendre.leggauss(40)

    def lower(a: float, x: float) -> float:
        total, end = 0.0, x
        for _ in range(200):
            t = end * (nodes + 3) / 4
            total += float(weights @ np.exp((a - 1) * np.log(t) - t)) * end / 4
            end /= 2
        p = total / math.gamma(a)
        return p if which == 0 else 1 - p

    return lambda a, x: np.vectorize(lower, [float])(a, x)


_pairs = binary(fixed(0.5, 1.7, 3.2), fixed(0.3, 2.1, 4.4))

lower_op = elementwise("igamma", _regularized(0), None,
                       lambda g, a, other: g * np.exp(xlogy(a - 1, other) - other - lgamma(a)),
                       inputs="a other", promotes="a other", floats=True, wide=True,
                       formula="γ(a, other) / Γ(a)", samples=_pairs, reference=_reference(0),
                       doc="The lower incomplete gamma function, regularized.")

upper_op = elementwise("igammac", _regularized(1), None,
                       lambda g, a, other: -g * np.exp(xlogy(a - 1, other) - other - lgamma(a)),
                       inputs="a other", promotes="a other", floats=True, wide=True,
                       formula="Γ(a, other) / Γ(a)", samples=_pairs, reference=_reference(1),
                       doc="The upper incomplete gamma function, regularized.")


def _array(input: Any, other: Any) -> Any:
    """A Python number beside floats as an array of theirs, since the rules ask for its gamma function."""
    floats = getattr(getattr(other, "dtype", None), "kind", None) == "f"
    return number(input, other.dtype) if floats and isinstance(input, (int, float)) else input


def igamma(input: Array, other: Array) -> Any:
    """``1 / Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt`` for a in ``input`` and x in ``other``, which broadcast: from 0 to 1 as x grows.

    Only x has a gradient, as in PyTorch: ``NoRuleError`` where ``input`` requires grad.

    >>> import tinygrad_bp as tg
    >>> tg.igamma(tg.tensor([1.0]), tg.tensor([2.0]))
    tensor([0.8647])
    """
    refuse_complex("igamma", input, other)
    refuse_gradient(input, "igamma: input, a number of degrees of freedom,")
    return lower_op(_array(input, other), other)


def igammac(input: Array, other: Array) -> Any:
    """``1 − igamma(input, other)``, exact where it is small.

    >>> import tinygrad_bp as tg
    >>> tg.igammac(tg.tensor([1.0]), tg.tensor([2.0]))
    tensor([0.1353])
    """
    refuse_complex("igammac", input, other)
    refuse_gradient(input, "igammac: input, a number of degrees of freedom,")
    return upper_op(_array(input, other), other)


gammainc, gammaincc = igamma, igammac
