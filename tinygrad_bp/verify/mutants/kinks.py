"""Wrong derivatives of functions with a kink, and of those that grow like one: their masks, slopes and tails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .along_axes import Whole, Wrong
from .functions import sigmoid


def below(x: Any, y: Any) -> float:
    """The slope y/x below zero: of leaky ReLU, or of ELU where x is eˣ − 1."""
    negative = x < 0
    return float(np.mean(y[negative] / x[negative])) if negative.any() else 1.0


TAILS: dict[str, Callable[[Any, Any, float], Any]] = {  # of ELU below zero, of x, y and α
    "x + 1": lambda x, y, alpha: x + 1,
    "x + α": lambda x, y, alpha: x + alpha,
    "y, the result itself": lambda x, y, alpha: y,
    "y + 1, without α": lambda x, y, alpha: y + 1,
    "eˣ, without α": lambda x, y, alpha: np.exp(x),
    "α": lambda x, y, alpha: alpha,
    "eʸ": lambda x, y, alpha: np.exp(y),
    "αeʸ, the function applied once more": lambda x, y, alpha: alpha * np.exp(y),
    "e⁻ˣ": lambda x, y, alpha: np.exp(-x),
    "α²eˣ": lambda x, y, alpha: alpha * alpha * np.exp(x),
    "αy": lambda x, y, alpha: alpha * y,
    "α − y": lambda x, y, alpha: alpha - y,
    "x": lambda x, y, alpha: x,
    "1 − y": lambda x, y, alpha: 1 - y,
}


def _elu(tail: Callable[[Any, Any, float], Any]) -> Whole:
    return lambda g, x, y, a: g * np.where(x > 0, 1, tail(x, y, below(np.expm1(x), y)))


GATES: dict[str, list[Wrong]] = {
    "relu": [
        ("mask missing", "the mask is missing: it passes where the engine stops", lambda g, x, y, a: g),
        ("mask inverted", "the mask is inverted: it passes where the engine stops, and stops where the engine passes",
         lambda g, x, y, a: g * (x <= 0)),
        ("mask of g", "the mask is of the gradient arriving, g > 0, where x > 0 is meant",
         lambda g, x, y, a: g * (g > 0)),
        ("mask of g", "the mask stops gradients at or below zero as well", lambda g, x, y, a: g * (g > 0) * (x > 0)),
        ("derivative", "it passes the value where it should pass the gradient times 0 or 1", lambda g, x, y, a: g * y),
        ("derivative", "it gives the mask alone, without the gradient arriving", lambda g, x, y, a: 1.0 * (x > 0)),
        ("derivative", "it gives −g below zero where it should give 0", lambda g, x, y, a: g * np.sign(x)),
        ("mask too strict", "the mask is x > 1 where x > 0 is meant", lambda g, x, y, a: g * (x > 1)),
        ("mask too strict", "the mask stops at 1 as well, 0 < x < 1", lambda g, x, y, a: g * (x > 0) * (x < 1)),
        ("leaky", "below zero it passes a hundredth of the gradient, as leaky ReLU does",
         lambda g, x, y, a: g * np.where(x > 0, 1, 0.01)),
        ("leaky", "below zero it passes a tenth of the gradient, as leaky ReLU does",
         lambda g, x, y, a: g * np.where(x > 0, 1, 0.1)),
    ],
    "leaky_relu": [
        ("mask missing", "the slope below zero is missing: it passes all of g there", lambda g, x, y, a: g),
        ("slope missing", "it passes nothing below zero, as ReLU does", lambda g, x, y, a: g * (x > 0)),
        ("mask inverted", "the slope is on the wrong side of zero",
         lambda g, x, y, a: g * np.where(x > 0, below(x, y), 1)),
        ("sign", "the slope below zero has the wrong sign", lambda g, x, y, a: g * np.where(x > 0, 1, -below(x, y))),
        ("mask of g", "its mask is made of the gradient arriving where x is meant",
         lambda g, x, y, a: g * np.where(g < 0, below(x, y), 1)),
        ("slope", "the slope is on both sides of zero", lambda g, x, y, a: g * below(x, y)),
        ("slope", "below zero it passes a hundredth", lambda g, x, y, a: g * np.where(x > 0, 1, 0.01)),
        ("slope", "below zero it passes slope · x", lambda g, x, y, a: g * np.where(x > 0, 1, y)),
    ],
    "elu": [
        ("mask missing", "the derivative below zero is missing: it passes all of g there", lambda g, x, y, a: g),
        ("slope missing", "it passes nothing below zero, as ReLU does", lambda g, x, y, a: g * (x > 0)),
        ("mask inverted", "the derivative of each side of zero is on the other",
         lambda g, x, y, a: g * np.where(x > 0, np.exp(x) * below(np.expm1(x), y), 1)),
        ("mask missing", "αeˣ is on both sides of zero", lambda g, x, y, a: g * np.exp(x) * below(np.expm1(x), y)),
        *(("derivative", f"its derivative below zero is written {text}; it is αeˣ, or y + α", _elu(tail))
          for text, tail in TAILS.items()),
    ],
    "clip": [
        ("mask missing", "the mask is missing: it passes outside its limits as well", lambda g, x, y, a: g),
        ("mask missing", "its limits are passed over: outside them it passes the limit over x, where nothing is meant",
         lambda g, x, y, a: g * y / x),
        ("mask missing", "it passes above its upper limit as well", lambda g, x, y, a: g * (x > np.min(y))),
        ("mask missing", "it passes below its lower limit as well", lambda g, x, y, a: g * (x < np.max(y))),
        ("mask inverted", "it passes outside its limits, and not inside",
         lambda g, x, y, a: g * ((x <= np.min(y)) | (x >= np.max(y)))),
    ],
    "silu": [
        ("term missing", "its derivative is written σ(x), without xσ(x)(1 − σ(x))", lambda g, x, y, a: g * sigmoid(x)),
        ("term missing", "its derivative is written xσ(x)(1 − σ(x)), without σ(x)",
         lambda g, x, y, a: g * y * (1 - sigmoid(x))),
        ("derivative", "its derivative is written σ(x)(1 − σ(x)), that of the sigmoid",
         lambda g, x, y, a: g * sigmoid(x) * (1 - sigmoid(x))),
        ("factor missing", "its derivative is written σ(x) + σ(x)(1 − σ(x)), without x",
         lambda g, x, y, a: g * sigmoid(x) * (2 - sigmoid(x))),
        ("derivative", "its derivative is written σ(x) + xσ(x)", lambda g, x, y, a: g * (sigmoid(x) + y)),
        ("derivative", "its derivative is written σ(x) + x(1 − σ(x))",
         lambda g, x, y, a: g * (sigmoid(x) + x * (1 - sigmoid(x)))),
        ("sign", "its derivative is written σ(x) − xσ(x)(1 − σ(x))",
         lambda g, x, y, a: g * (sigmoid(x) - y * (1 - sigmoid(x)))),
        ("derivative", "its derivative is written σ(x)(1 + x(1 − y))",
         lambda g, x, y, a: g * sigmoid(x) * (1 + x * (1 - y))),
        ("derivative", "its derivative is written y(1 − y), that of the sigmoid", lambda g, x, y, a: g * y * (1 - y)),
    ],
}  # fmt: skip
