"""Batch, layer and group normalization."""

from __future__ import annotations

import numpy as np


def in_range(function, arrays, eps):
    """What a function gives of arrays; where a square leaves the dtype's range, in float64, rounded."""
    try:
        with np.errstate(over="raise"):
            return function(*arrays, eps)
    except FloatingPointError:
        found = function(*(array.astype(np.float64) for array in arrays), eps)
        return tuple(part.astype(arrays[0].dtype) for part in found)


def per_channel(v, ndim):
    """(channels,) so that it broadcasts against (rows, channels, ...)."""
    return v if ndim == 2 else np.reshape(v, (-1, *(1,) * (ndim - 2)))


def channel_mean(x):
    """The mean of each channel, dimension 1; NumPy's quickest sum over rows is a product with ones."""
    total = np.dot(np.ones(len(x), x.dtype), x) if x.ndim == 2 else np.sum(x, axis=(0, *range(2, x.ndim)))
    return total / (x.size // x.shape[1])


def standard_channels(x, weight, bias, eps):
    """Each channel with mean 0 and variance 1, times weight, plus bias; x − mean; what that is multiplied by."""
    d = x - per_channel(channel_mean(x), x.ndim)
    r = 1 / np.sqrt(channel_mean(d * d) + eps)
    return d * per_channel(r * weight, x.ndim) + per_channel(bias, x.ndim), d, r


def batch_norm(x, weight, bias, eps, moments):
    """(x − mean) / √(var + eps) · weight + bias of each channel; x − mean and 1 / √(var + eps)."""
    return in_range(standard_channels, (x, weight, bias), eps)


def both_moments(x, eps):
    """Mean and variance of each channel."""
    mean = channel_mean(x)
    d = x - per_channel(mean, x.ndim)
    return (np.stack([mean, channel_mean(d * d)]),)


def batch_moments(x):
    """Mean and variance (divided by n) of each channel, (2, channels)."""
    return in_range(both_moments, (x,), None)[0]


def instance_moments(x):
    """Mean and variance (divided by n − 1) of each channel of a row, averaged over the rows, (2, channels)."""
    axes = tuple(range(2, x.ndim))
    return np.stack([np.mean(np.mean(x, axis=axes), axis=0), np.mean(np.var(x, axis=axes, ddof=1), axis=0)])


def fixed_batch_norm(x, weight, bias, mean, var, eps):
    """(x − mean) / √(var + eps) · weight + bias of each channel."""
    factor = weight / np.sqrt(var + eps)
    return (x - per_channel(mean, x.ndim)) * per_channel(factor, x.ndim) + per_channel(bias, x.ndim)


def row_mean(x):
    """The mean of each row of a matrix, as a column."""
    return np.reshape(np.dot(x, np.ones(x.shape[1], x.dtype)) * (1 / x.shape[1]), (-1, 1))


def centred_rows(x, eps):
    """Each row with mean 0 and variance 1, and what it was multiplied by."""
    h = x - row_mean(x)
    r = 1 / np.sqrt(row_mean(h * h) + eps)
    return h * r, r


def standard_rows(x, eps):
    """Each row of a matrix with mean 0 and variance 1, and 1 / √(var + eps)."""
    return in_range(centred_rows, (x,), eps)


def scaled_rows(x, weight, bias, eps):
    """Rows, which are the last dimensions, with mean 0 and variance 1, times weight, plus bias."""
    h, r = centred_rows(np.reshape(x, (-1, weight.size)), eps)
    return np.reshape(h * weight.ravel() + bias.ravel(), x.shape), h, r


def layer_norm(x, weight, bias, eps):
    """(x − mean) / √(var + eps) · weight + bias of each row; the rows before the weight, and 1 / √(var + eps)."""
    return in_range(scaled_rows, (x, weight, bias), eps)


def norm_pull(a, h, r):
    """(a − h · mean(a h) − mean a) · r: the gradient of rows that became h, where a arrives."""
    along = np.einsum("ij,ij->i", a, h)[:, None]
    return (h * (along * (-1 / a.shape[1])) + a - row_mean(a)) * r
