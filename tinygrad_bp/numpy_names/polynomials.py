"""What NumPy's functions of polynomials do with Tensors; coefficients come highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.op import FUNCTIONS
from ..autograd.operands import rounds_once
from ..autograd.values import value_of
from ..ops.shape import ravel
from .functions import of_inexact, operand
from .linalg import as_one


def _coefficients(p: Any) -> Any:
    return np.atleast_1d(operand(p))


def _polyval(p: Any, x: Any) -> Any:
    y = 0 * operand(x)
    for coefficient in _coefficients(p):
        y = y * x + coefficient
    return y


def _stripped(p: Any) -> Any:
    """The coefficients without leading zeros, one at least."""
    p = np.trim_zeros(_coefficients(p), "f")
    return p if p.shape[0] else np.zeros(1, p.dtype)


def _polyadd(a1: Any, a2: Any) -> Any:
    a, b = as_one(_coefficients(a1), _coefficients(a2))
    missing = a.shape[0] - b.shape[0]
    a, b = (x if n <= 0 else np.concatenate([np.zeros(n, x.dtype), x]) for x, n in ((a, -missing), (b, missing)))
    return a + b


def _polysub(a1: Any, a2: Any) -> Any:
    return _polyadd(a1, -_coefficients(a2))


def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_stripped(a1), _stripped(a2))


def _polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """Quotient and remainder, by long division."""
    rest, divisor = as_one(_coefficients(u) + 0.0, _coefficients(v) + 0.0)
    if not np.any(divisor != 0):
        raise ArgumentError("np.polydiv: the divisor is 0")
    degree, found = divisor.shape[0] - 1, []
    scale = 1.0 / divisor[:1]
    for i in range(rest.shape[0] - degree):
        factor = scale * rest[i : i + 1]
        found.append(factor)
        rest = np.concatenate([rest[:i], rest[i : i + degree + 1] - factor * divisor, rest[i + degree + 1 :]])
    while rest.shape[0] > 1 and np.allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return np.concatenate(found or [rest[:1] * 0]), rest


def _polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ArgumentError(f"np.polyder: m is not negative, got {m}; write np.polyint")
    p = _coefficients(p)
    for _ in range(m):
        p = np.multiply(p[:-1], np.arange(p.shape[0] - 1, 0, -1))
    return p


def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    if m < 0:
        raise ArgumentError(f"np.polyint: m is not negative, got {m}; write np.polyder")
    constants = np.zeros(m) if k is None else ravel(operand(k))
    constants = np.broadcast_to(constants, m) if constants.shape[0] == 1 else constants
    if constants.shape[0] < m:
        raise ArgumentError(
            f"np.polyint: k is one constant or one for each of the {m} integrals, got {constants.shape[0]}"
        )
    p = _coefficients(p)
    for i in range(m):
        p = np.concatenate([np.divide(p, np.arange(p.shape[0], 0, -1)), constants[i : i + 1]])
    return p


def _poly(seq_of_zeros: Any) -> Any:
    zeros = _coefficients(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] > 0:
        zeros = np.linalg.eigvals(zeros)
    if zeros.ndim != 1:
        raise ArgumentError("np.poly: needs the zeros, 1-d, or a square matrix")
    found: Any = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        one = zeros[i : i + 1]
        found = np.convolve(found, np.concatenate([one * 0 + 1, -one]))
    flat = value_of(zeros)
    return np.real(found) if flat.dtype.kind == "c" and np.all(np.sort(flat) == np.sort(flat.conj())) else found


def _roots(p: Any) -> Any:
    p = _coefficients(p)
    if p.ndim != 1:
        raise ArgumentError("np.roots: needs the coefficients, 1-d")
    places = np.nonzero(value_of(p))[0]
    if not places.size:
        return p[:0]
    at_zero = p.shape[0] - places[-1] - 1
    p = p[places[0] : places[-1] + 1] + 0.0
    count = p.shape[0] - 1
    if not count:
        return np.zeros_like(p, shape=(at_zero,))
    companion = np.concatenate([np.reshape(-p[1:] / p[0], (1, count)), np.eye(count - 1, count, dtype=p.dtype)])
    found = np.linalg.eigvals(companion)
    if p.dtype.kind != "c" and not np.any(np.imag(value_of(found))):  # NumPy's later eigvals are always complex
        found = np.real(found)
    return np.concatenate([found, np.zeros(at_zero, found.dtype)])


def _polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, *, w: Any = None) -> Any:
    x, y = operand(x) + 0.0, operand(y) + 0.0
    if deg < 0 or x.ndim != 1 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        sides = f"{shape_text(x.shape)}, {shape_text(y.shape)}"
        raise ArgumentError(f"np.polyfit: x (n,), y (n,) or (n, k) and deg ≥ 0, got {sides} and {deg}")
    rcond = x.shape[0] * np.finfo(x.dtype).eps if rcond is None else rcond
    powers = np.vander(x, deg + 1)
    if w is not None:
        w = operand(w) + 0.0
        powers, y = powers * w[:, None], y * (w if y.ndim == 1 else w[:, None])
    scale = np.sqrt(np.sum(powers * powers, 0))
    found = np.linalg.lstsq(powers / scale, y, rcond)[0]
    return found / (scale if found.ndim == 1 else scale[:, None])


FUNCTIONS.update({
    function: of_inexact(function, rounds_once(rule)) for function, rule in (
        (np.polyval, _polyval), (np.polyadd, _polyadd), (np.polysub, _polysub), (np.polymul, _polymul),
        (np.polydiv, _polydiv), (np.polyder, _polyder), (np.polyint, _polyint), (np.poly, _poly), (np.roots, _roots),
        (np.polyfit, _polyfit),
    )
})  # fmt: skip
