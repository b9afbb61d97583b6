"""What ops compute that are more than one call of NumPy, written out for a file that imports NumPy alone.

A function has the name of its op, takes what the op's forward takes, and gives the same bits, residuals included; a
test holds the two equal on every sample. ``standalone`` copies the text of those that a program needs.
"""

from __future__ import annotations

import numpy as np


def relu(x):
    """max(x, 0)."""
    return np.maximum(x, 0) if x.size < 4096 else np.clip(x, 0, np.inf)


def sigmoid_sides(x):
    """sigmoid(x) and sigmoid(−x)."""
    if x.size and not x.min() >= -np.floor(np.log(np.finfo(x.dtype).max)):  # e⁻ˣ would overflow
        below, above = np.exp(np.minimum(x, 0)), np.exp(np.minimum(-x, 0))
        return below / (below + above), above / (below + above)
    e = np.exp(-x)
    y = 1 / (e + 1)
    return y, e * y


def sigmoid(x):
    """1 / (1 + e⁻ˣ), and its slope, sigmoid(x) · sigmoid(−x)."""
    y, other = sigmoid_sides(x)
    return y, other * y


def silu(x):
    """x · sigmoid(x), and its slope."""
    p, other = sigmoid_sides(x)
    return x * p, (other * x + 1) * p


def elu(x, alpha):
    """x above 0, alpha · (eˣ − 1) below."""
    return np.expm1(np.minimum(x, 0)) * alpha + relu(x)


def leaky_relu(x, negative_slope):
    """x above 0, negative_slope · x below."""
    below = x * negative_slope
    return np.maximum(x, below) if 0 < negative_slope <= 1 and x.ndim else np.where(x > 0, x, below)


def leaky_slope(x, negative_slope):
    """The slope of leaky_relu."""
    return np.where(x > 0, np.ones_like(x), np.full_like(x, negative_slope))


def softmax(x, axis):
    """Exponentials that sum to 1 along an axis; each row's own maximum is subtracted first."""
    if not x.size:
        return x
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x, axis):
    """ln softmax(x)."""
    if not x.size:
        return x
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))


def reduced(losses, reduction):
    """Losses as they are, their sum or their mean."""
    if reduction == "none":
        return losses
    total = np.sum(losses)
    return total if reduction == "sum" else total / losses.size


def mse_loss(x, target, reduction):
    """The mean of (x − target)², or the sum."""
    d = x - target
    if reduction == "none":
        return d * d
    total = np.dot(d.ravel(), d.ravel())
    return total if reduction == "sum" else total / d.size


def l1_loss(x, target, reduction):
    """The mean of |x − target|, or the sum."""
    return reduced(np.abs(x - target), reduction)


def binary_cross_entropy_with_logits(x, target, reduction):
    """The mean of ln(1 + eˣ) − x · target, and sigmoid(x)."""
    e = np.exp(-np.abs(x))
    losses = np.log1p(e) + relu(x) - x * target
    return reduced(losses, reduction), np.where(x > 0, np.ones_like(e), e) / (e + 1)


def binary_cross_entropy(x, target, reduction):
    """The mean of −target · ln x − (1 − target) · ln(1 − x); each logarithm is at least −100."""
    return reduced(-(target * log_floor(x) + (1 - target) * log_floor(1 - x)), reduction)


def log_floor(p):
    """ln p, at least −100."""
    return np.where(p > 0, np.maximum(np.log(np.where(p > 0, p, np.ones_like(p))), -100), np.full_like(p, -100))


def cross_entropy(x, target, reduction):
    """The mean of ln Σ eˣ − x[label]; the probabilities (classes, rows); and where the labels stand among them."""
    if x.ndim == 1:
        scores = np.array(x[:, None])
    else:
        scores = np.reshape(np.moveaxis(x, 1, 0), (x.shape[1], -1))
    scores = np.array(scores, order="C")
    labels = target.ravel()
    hits = labels == np.arange(len(scores))[:, None]
    if labels.size:
        scores -= np.max(scores, axis=0)
    e = np.exp(scores)
    total = np.sum(e, axis=0)
    p = e / total
    if reduction == "none":
        return np.reshape(np.log(total) - scores[labels, np.arange(labels.size)], target.shape), p, hits
    loss = np.sum(np.log(total)) - np.sum(scores[hits])
    return loss if reduction == "sum" else loss / labels.size, p, hits


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


def one_hot(x, num_classes):
    """Integer labels as rows of 0 and 1."""
    count = int(x.max()) + 1 if num_classes < 0 and x.size else num_classes
    return (x[..., None] == np.arange(count)).astype(np.int64)


def log_1_exp(x):
    """ln(1 + eˣ), and its slope."""
    e = np.exp(-np.abs(x))
    return np.log1p(e) + relu(x), np.where(x > 0, np.ones_like(e), e) / (e + 1)


def softplus(x, beta, threshold):
    """ln(1 + e^(βx)) / β, and its slope; x where βx is above the threshold."""
    z = x if beta == 1 else x * beta
    y, slope = log_1_exp(z)
    over = z > threshold
    return np.where(over, x, y if beta == 1 else y / beta), np.where(over, np.ones_like(y), slope)


def logsigmoid(x):
    """ln sigmoid(x), and its slope."""
    y, slope = log_1_exp(-x)
    return -y, slope
