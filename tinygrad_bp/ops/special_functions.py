"""Functions around x ln x, the logit, and modified Bessel functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.elsewhere import number
from ..autograd.op import REQUIRED
from ..autograd.operands import of_reals
from ..autograd.types import Array
from .error_functions import widened
from .samples import Domain, binary, fixed, nonzero, positive, probability, sample, unary

__all__ = ["i0", "logit", "xlogy"]

# ---------------------------------------------------------------------- x ln y


def _kept(x: Any, y: Any, neutral: float) -> Any:
    """``y``, and where x is 0 a number whose logarithm is 0; a NaN stays."""
    y = _beside(x, y)
    return np.where((x == 0) & (y == y), neutral, y)


def _within_domain(x: Any, y: Any, end: float) -> Any:
    """``y``, and where x is 0 and y has no finite logarithm a number whose logarithm is 0, as in PyTorch."""
    y = _beside(x, y)
    return np.where((x == 0) & np.less_equal(y, end), end + 1, y)


def _beside(x: Any, y: Any) -> Any:
    """``y`` as an array of the dtype of x, where it is a Python number."""
    return np.full_like(x, y) if isinstance(y, (int, float)) else y


_at_0 = sample((3,), (3,), of=(fixed(0.0, 1.5, -2.0), positive))  # where the value is 0 the slope is not

xlogy = elementwise("xlogy", lambda x, y: x * np.log(_kept(x, y, 1)),
                    lambda g, x, other: g * np.log(_within_domain(x, other, 0)), lambda g, x, other: g * (x / other),
                    inputs="x other", floats=True, formula="x · ln other", samples=(*binary(nonzero, positive), _at_0),
                    reference=lambda x, other: np.multiply(x, np.log(other)),
                    doc="x · log(other), 0 where x is 0.")

xlog1py = elementwise("xlog1py", lambda x, y: x * np.log1p(_kept(x, y, 0)),
                      lambda g, x, other: g * np.log1p(_within_domain(x, other, -1)),
                      lambda g, x, other: g * (x / (1 + other)),
                      inputs="x other", floats=True, formula="x · ln(1 + other)",
                      samples=(*binary(nonzero, positive), _at_0),
                      reference=lambda x, other: np.multiply(x, np.log1p(other)),
                      grad_fn="SpecialXlog1PyBackward0",
                      doc="x · log1p(other), 0 where x is 0.")


def _entr(x: Any) -> Any:
    safe = np.where(x > 0, x, np.ones_like(x))
    return np.where(x > 0, -safe * np.log(safe), np.where(x == 0, np.zeros_like(x), np.where(x < 0, -np.inf, x)))


entr = elementwise("entr", widened(_entr), lambda g, x: -g * (1 + np.log(x)), floats=True, formula="−x · ln x",
                   samples=unary(positive, extremes=False), reference=lambda x: -x * np.log(x),
                   grad_fn="SpecialEntrBackward0",
                   doc="−x · ln x; 0 at 0, −∞ below.")

# ---------------------------------------------------------------------- logit


def _logit(x: Any, eps: float | None) -> Any:
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    if eps is not None:
        x = np.clip(x, number(eps, x.dtype), number(1 - eps, x.dtype))
    return np.log(x) - np.log1p(-x)


def _logit_slope(g: Any, x: Any, eps: float | None) -> Any:
    if eps is None:
        return g / np.where((x < 0) | (x > 1), np.nan, x * (1 - x))
    inside = (x >= eps) & (x <= 1 - eps)
    safe = np.where(inside, x, np.full_like(x, 0.5))
    return np.where(inside, g / (safe * (1 - safe)), np.zeros_like(g))


logit = elementwise("logit", of_reals("logit", _logit), _logit_slope, params={"eps": None}, floats=True,
                    formula="ln(x / (1 − x))",
                    samples=(*unary(probability, extremes=False), *unary(probability, extremes=False, eps=0.05)),
                    reference=lambda x, eps=None: -np.log(1 / x - 1),
                    doc="The inverse of the sigmoid; with eps, of x brought into [eps, 1 − eps].")

# ---------------------------------------------------------------------- modified Bessel functions

_NODES = 27


def _ive(x: Any, order: int) -> Any:
    """Iₙ(x) e^(−|x|): up to 20 Poisson's integral DLMF 10.32.3 by the trapezoid rule, which converges faster than
    any power on a period (Trefethen and Weideman 2014); beyond, Hankel's expansion DLMF 10.40.1.
    """
    flat = np.atleast_1d(x)
    size = np.absolute(flat)
    near = np.minimum(size, 20.0)
    total = np.zeros_like(near)
    for j in range(_NODES + 1):  # half a period: the other half mirrors it, and gives cosh or sinh
        angle = 0.5 * math.pi * j / _NODES
        weight = math.cos(order * angle) * (0.5 if j in (0, _NODES) else 1.0) / _NODES
        c = math.cos(angle)
        pair = 0.5 * np.exp(-near * (1 - c))
        total = total + weight * pair * (2 + np.expm1(-2 * near * c) if order % 2 == 0 else -np.expm1(-2 * near * c))
    far = np.maximum(size, 20.0)
    term = series = np.ones_like(far)
    for k in range(1, 25):
        term = term * ((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * far)
        series = series + term
    result = np.where(size <= 20, total, series / (math.sqrt(2 * math.pi) * np.sqrt(far)))
    return np.reshape(np.where(flat < 0, (-1) ** order * result, result), x.shape)


def _iv(x: Any, order: int) -> Any:
    with np.errstate(over="ignore"):
        return _ive(x, order) * np.exp(np.absolute(x))


def _within(limit: float) -> Domain:
    return lambda rng, shape: rng.uniform(-limit, limit, shape)


_orders = tuple(s for order in (0, 1, 2) for s in unary(_within(3.0), extremes=False, order=order))
_wide = unary(fixed(25.3, -4.2, 9.5, -21.7), extremes=False, order=1)

iv: Callable[..., Any] = elementwise(
    "iv", lambda x, order: widened(lambda z: _iv(z, order))(x),
    lambda g, x, order: g * (0.5 * (iv(x, abs(order - 1)) + iv(x, order + 1))),
    params={"order": REQUIRED}, floats=True, formula="Iₙ(x), n = order", samples=_orders,
    reference=lambda x, order: _iv_reference(x, order),
    doc="Modified Bessel function of the first kind and of a whole order (derivative: DLMF 10.29.1).")

ive: Callable[..., Any] = elementwise(
    "ive", lambda x, order: widened(lambda z: _ive(z, order))(x),
    lambda g, x, y, order: g * (0.5 * (ive(x, abs(order - 1)) + ive(x, order + 1)) - np.sign(x) * y),
    params={"order": REQUIRED}, floats=True, formula="e^(−|x|) Iₙ(x), n = order", samples=(*_orders, *_wide),
    reference=lambda x, order: _iv_reference(x, order) * np.exp(-np.abs(x)),
    doc="Modified Bessel function of the first kind, times e^(−|x|).")


def _iv_reference(x: Any, order: int) -> Any:
    """The power series DLMF 10.25.2, whose terms have one sign."""
    x = np.asarray(x)
    return sum((0.5 * x) ** (2 * k + order) / (math.factorial(k) * math.factorial(k + order)) for k in range(70))


def i0(input: Array) -> Any:
    """Modified Bessel function of the first kind, order 0.

    >>> import tinygrad_bp as tg
    >>> tg.i0(tg.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return iv(input, 0)


def i0e(input: Array) -> Any:
    """``i0(input) · e^(−|input|)``, which does not overflow.

    >>> import tinygrad_bp as tg
    >>> tg.special.i0e(tg.tensor([1.0]))
    tensor([0.4658])
    """
    return ive(input, 0)


def i1(input: Array) -> Any:
    """Modified Bessel function of the first kind, order 1.

    >>> import tinygrad_bp as tg
    >>> tg.special.i1(tg.tensor([1.0]))
    tensor([0.5652])
    """
    return iv(input, 1)


def i1e(input: Array) -> Any:
    """``i1(input) · e^(−|input|)``, which does not overflow.

    >>> import tinygrad_bp as tg
    >>> tg.special.i1e(tg.tensor([1.0]))
    tensor([0.2079])
    """
    return ive(input, 1)


