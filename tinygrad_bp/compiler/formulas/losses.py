"""Losses, and what their slopes need."""

from __future__ import annotations

import numpy as np

from .units import relu


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


def huber_loss(x, target, reduction, delta):
    """The mean of d² / 2 where |d| < delta, else of delta · (|d| − delta / 2); d = x − target."""
    d = np.abs(x - target)
    near = np.minimum(d, delta)
    return reduced((d - 0.5 * near) * near, reduction)


def weighed(x, target):
    """x · target, and 0 where target is, also of an infinite x."""
    return np.multiply(x, target, out=np.zeros_like(x), where=target != 0)


def nll_loss(x, target, divisor):
    """−Σ target · x / divisor."""
    total, divisor = np.sum(weighed(x, target)), np.asarray(divisor).astype(x.dtype)
    return -total / divisor if divisor else np.where(total == 0, np.nan, np.copysign(np.inf, -total))


def nll_scale(divisor):
    """−1 / divisor; 0 of NaN, which no label gave."""
    if divisor != divisor:
        return np.zeros_like(divisor)
    return -1 / divisor if divisor else np.full_like(divisor, -np.inf)


def nll_rows(x, target):
    """−Σ over classes of target · x."""
    return -np.sum(weighed(x, target), axis=min(1, x.ndim - 1))


def xlogy(x, other):
    """x · ln other, and 0 where x is."""
    if isinstance(other, (int, float)):
        other = np.full_like(x, other)
    return x * np.log(np.where((x == 0) & (other == other), np.ones_like(other), other))
