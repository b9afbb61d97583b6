"""Hurwitz' zeta function, by Euler and Maclaurin's sum (DLMF 25.11.28 with the Bernoulli numbers of 24.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import elementwise
from ..autograd.elsewhere import boxed, moved
from ..autograd.operands import refuse_complex
from ..autograd.types import Operand
from ..autograd.values import refuse_gradient
from .gamma_functions import BERNOULLI
from .samples import binary, fixed

__all__: list[str] = []

_STEPS = 12


def _sum(s: Any, q: Any) -> Any:
    """``Σ (q + k)⁻ˢ`` where s > 1 and q > 0, or q is below 0 and no whole number and s is whole."""
    total, at = np.zeros_like(q), q
    for _ in range(_STEPS):
        total, at = total + np.sign(at) ** s * np.absolute(at) ** -s, at + 1
    while np.any(at < _STEPS):  # up from below 0, one by one
        low = at < _STEPS
        total = total + np.where(low, np.sign(at) ** s * np.absolute(at) ** -s, 0.0)
        at = np.where(low, at + 1, at)
    total = total + at ** (1 - s) / (s - 1) + 0.5 * at**-s
    factor = s * at ** (-s - 1)
    for k, b in enumerate(BERNOULLI, 1):  # b is B₂ₖ / (2k)!
        total = total + b * factor
        factor = factor * (s + 2 * k - 1) * (s + 2 * k) / (at * at)
    return total


def _zeta(s: Any, q: Any) -> Any:
    kind = np.result_type(s, q)
    s, q = np.broadcast_arrays(boxed(moved(s, q)).astype(np.float64), boxed(moved(q, s)).astype(np.float64))
    shape = s.shape
    s, q = np.atleast_1d(s), np.atleast_1d(q)
    pole = (q <= 0) & (q == np.floor(q))
    inside = (s > 1) & np.isfinite(s) & np.isfinite(q) & ~pole & ((q > 0) | (s == np.floor(s)))
    with np.errstate(all="ignore"):
        found = _sum(np.where(inside, s, 2.0), np.where(inside, q, 1.0))
    value = np.where(inside, found, np.where((s == 1) | ((s > 1) & pole), np.inf, np.nan))
    return np.reshape(value, shape).astype(kind if kind.kind == "f" else np.float64)


def _reference(s: Any, q: Any) -> Any:
    """A long sum, and the integral of its rest with two terms of its correction."""
    s, q = np.asarray(s, np.float64)[..., None], np.asarray(q, np.float64)[..., None]
    count = 20000
    end = q + count
    tail = end ** (1 - s) / (s - 1) + 0.5 * end**-s + s * end ** (-s - 1) / 12
    return ((q + np.arange(count)) ** -s).sum(-1) + tail[..., 0]


zeta_op: Callable[..., Any] = elementwise(
    "zeta", _zeta, None, lambda g, s, q: g * (-s * zeta_op(s + 1, q)), inputs="s q", promotes="s q",
    floats=True, wide=True, formula="Σ (q + k)⁻ˢ", reference=_reference,
    samples=binary(fixed(1.5, 2.7, 4.2), fixed(0.6, 1.3, 3.4)),
    doc="Hurwitz' zeta function; the derivative in q is DLMF 25.11.17.")


def zeta(input: Operand, other: Operand) -> Any:
    """``Σ (q + k)⁻ˢ`` over k = 0, 1, … for s in ``input`` and q in ``other``, which broadcast.

    ∞ at its poles, NaN where the sum has no meaning. Only q has a gradient, as in PyTorch: ``NoRuleError`` where
    ``input`` requires grad.

    >>> import tinygrad_bp as tg
    >>> tg.special.zeta(tg.tensor([2.0]), 1.0)
    tensor([1.6449])
    """
    refuse_complex("zeta", input, other)
    refuse_gradient(input, "zeta: input, the exponent,")
    return zeta_op(input, other)
