"""Activation functions."""

from __future__ import annotations

import numpy as np

from ...ops.error_functions import EDGE, FAR, NEAR, SINGLE_ERF


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


def sigmoid_slope(x):
    """The slope of sigmoid."""
    return sigmoid(x)[1]


def silu_slope(x):
    """The slope of silu."""
    return silu(x)[1]


def softplus_slope(x, beta, threshold):
    """The slope of softplus."""
    return softplus(x, beta, threshold)[1]


def prelu(x, weight):
    """x above 0, weight · x below."""
    return np.where(x > 0, x, weight * x)


def hardswish(x):
    """x · (x + 3) / 6, the second factor between 0 and 1."""
    return (np.clip(x, -3, 3) / 6 + 0.5) * x


def hardswish_slope(x):
    """The slope of hardswish."""
    slope = np.where(x < 3, x / 3 + 0.5, np.ones_like(x))
    return np.where(x <= -3, np.zeros_like(x), slope)


def hardshrink(x, lambd):
    """x, and 0 between −lambd and lambd."""
    return np.where((x <= lambd) & (x >= -lambd), np.zeros_like(x), x)


def softshrink(x, lambd):
    """x moved towards 0 by lambd, and 0 between −lambd and lambd."""
    return x - np.clip(x, -lambd, lambd)


def threshold(x, threshold, value):
    """x above a threshold, a fixed value elsewhere."""
    return np.where(x <= threshold, np.full_like(x, value), x)


def horner(z, polynomial):
    """A polynomial, the highest power first."""
    first, *others, last = polynomial
    value = z * first
    for coefficient in others:
        value = (value + coefficient) * z
    return value + last


def erf(x):
    """The error function: by Cody's quotients of polynomials, of float32 by a tanh that was fitted to it."""
    if x.dtype == np.float32:
        z = np.clip(x, -4.2, 4.2)
        return np.tanh(horner(z * z, SINGLE_ERF) * z)
    z = np.minimum(np.abs(x), 6)
    far = 1 - np.exp(-z * z) * (horner(z, FAR[0]) / horner(z, FAR[1]))
    near = np.minimum(z, EDGE)
    near = near * (horner(near * near, NEAR[0]) / horner(near * near, NEAR[1]))
    return np.copysign(np.where(z > EDGE, far, near), x)


def bell(x, height, k):
    """height · e^(−k x²)."""
    y = np.clip(x, -40.0 / k**0.5, 40.0 / k**0.5)
    return np.exp(y * y * -k) * height


def gelu(x, approximate):
    """x · Φ(x), and its slope; Φ is the normal distribution function, or by "tanh" what comes near it."""
    if approximate == "none":
        p = erf(x * 0.5**0.5) * 0.5 + 0.5
        return x * p, bell(x, (0.5 / np.pi) ** 0.5, 0.5) * x + p
    z, k = np.clip(x, -10.0, 10.0), (2 / np.pi) ** 0.5
    square = z * z
    p = np.tanh((square * (k * 0.044715) + k) * z) * 0.5 + 0.5
    return x * p, (1 - p) * p * x * (square * (6 * k * 0.044715) + 2 * k) + p
