"""Powers, sums and norms."""

from __future__ import annotations

import numpy as np


def pow(x, exponent):
    """x to the power of a number."""
    if exponent % 1 != 0 or -2 < exponent < 3:
        return x**exponent
    if exponent == 3:
        return x * x * x
    y = np.abs(x) ** exponent
    return np.copysign(y, x) if exponent % 2 else y


def var(x, axis, correction, keepdims):
    """The variance along axes, over n − correction."""
    count = x.size // (np.sum(x, axis=axis).size or 1)
    centred = x - np.sum(x, axis=axis, keepdims=True) / count
    return np.sum(centred * centred, axis=axis, keepdims=keepdims) / (count - correction)


def row_sum(x, axis):
    """The sum along an axis, which stays; of many short rows as a product with ones."""
    length = x.shape[axis]
    if axis in (-1, x.ndim - 1) and length <= 64 and x.size >= 256 * length:
        return np.reshape(np.dot(np.reshape(x, (-1, length)), np.ones(length, x.dtype)), (*x.shape[:-1], 1))
    return np.sum(x, axis=axis, keepdims=True)


def logsumexp(x, axis, keepdims):
    """ln Σ eˣ along axes; the largest is subtracted first."""
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    with np.errstate(divide="ignore"):
        y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


def vector_norm(x, ord, axis, keepdims):
    """(Σ |x|^ord)^(1 / ord); where the powers leave the dtype's range, of numbers brought near 1."""
    size = np.abs(x)
    if np.isinf(ord):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord in (0, 1):
        return np.sum(size if ord else size != 0, axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == 2 and axis is None and not keepdims:
        square, info = np.dot(x.ravel(), x.ravel()), np.finfo(x.dtype)
        if info.smallest_normal / info.eps < square < np.inf:
            return np.sqrt(square)
    try:
        with np.errstate(over="raise", under="raise"):
            return power_root(size, ord, axis, keepdims)
    except FloatingPointError:
        largest = (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=True)
        exponent = np.frexp(largest)[1]
        root = power_root(np.ldexp(size, -exponent), ord, axis, keepdims)
        return np.ldexp(root, exponent if keepdims else np.squeeze(exponent, axis))


def power_root(size, ord, axis, keepdims):
    """(Σ size^ord)^(1 / ord)."""
    if ord == 2:
        return np.sqrt(np.sum(size * size, axis=axis, keepdims=keepdims))
    powers = np.sum(size**ord, axis=axis, keepdims=keepdims).astype(np.float64)
    return (powers ** (1 / ord)).astype(size.dtype)
