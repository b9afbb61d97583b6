"""HW1: XOR and linear points, 2 - 10 - 5 - 1 with sigmoids, squared error summed over the points; rows are examples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.verify import check_backward, check_forward, check_gradients

from .piece import Piece

SIZES = (2, 10, 5, 1)
NETWORK = """
model = tg.models.MLP([2, 10, 5, 1], activation=tg.nn.Sigmoid, output=tg.nn.Sigmoid)
x, y = (tg.tensor(array, dtype=tg.float32) for array in tg.data.xor())
tg.nn.functional.mse_loss(model(x), y, reduction="sum").backward()
"""


def dense_backward(g: Any, x: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
    """A sum over the batch for the weights, and a mean for the bias."""
    return g @ w.T, x.T @ g, g.mean(0)


def sigmoid(z: Any) -> Any:
    """Of each element."""
    return 1 / (1 + np.exp(-z))


def sigmoid_backward(g: Any, z: Any) -> Any:
    """By s (1 − s)."""
    s = sigmoid(z)
    return g * s * (1 - s)


def loss_backward(p: Any, y: Any) -> Any:
    """Of the summed squared error."""
    return 2 * (p - y)


def step(params: dict[str, Any], x: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    """Loss and gradients of the whole network by the rules above."""
    arrays = list(params.values())
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    inputs, before, h = [], [], x
    for w, b in layers:
        inputs.append(h)
        before.append(h @ w + b)
        h = sigmoid(before[-1])
    g, found = loss_backward(h, y), []
    for (w, b), x_in, z in zip(layers[::-1], inputs[::-1], before[::-1], strict=True):
        g, dw, db = dense_backward(sigmoid_backward(g, z), x_in, w, b)
        found += [db, dw]
    return np.sum((h - y) ** 2), dict(zip(params, found[::-1], strict=True))


def forward(params: dict[str, Any], x: Any, y: Any) -> Any:
    """The same network on the engine."""
    h, arrays = x, list(params.values())
    for w, b in zip(arrays[::2], arrays[1::2], strict=True):
        h = tg.sigmoid(h @ w + b)
    return ((h - y) ** 2).sum()


def pieces() -> list[Piece]:
    """Every rule, with the numbers it is checked on."""
    rng = np.random.default_rng(2)
    x, y = (np.asarray(array, dtype=np.float64) for array in tg.data.xor())
    params: dict[str, Any] = {}
    for i, (a, b) in enumerate(pairwise(SIZES), 1):
        params |= {f"W{i}": rng.standard_normal((a, b)), f"b{i}": np.zeros(b)}
    z = rng.standard_normal((len(x), 5))
    p = sigmoid(z[:, :1])
    return [
        Piece("Dense", ("g Wᵀ", "xᵀ g", "g.mean(0)"), "x W + b",
              lambda: check_backward(dense_backward, lambda x, w, b: x @ w + b, (x, params["W1"], params["b1"]),
                                     names=("dx", "dW", "db"))),
        Piece("sigmoid", ("1 / (1 + exp(−z))",), "sigmoid(z)",
              lambda: check_forward(sigmoid, tg.sigmoid, (z,), name="s")),
        Piece("sigmoid backward", ("g s (1 − s)",), "sigmoid(z)",
              lambda: check_backward(sigmoid_backward, tg.sigmoid, (z,), names=("dz",))),
        Piece("loss backward", ("2 (p − y)",), "Σ (p − y)²",
              lambda: check_backward(lambda g, p, y: (loss_backward(p, y), None), lambda p, y: ((p - y) ** 2).sum(),
                                     (p, y), names=("dp",), batched=(0, 1), extremes=())),
        Piece("network", ("all of these",), "the network above",
              lambda: check_gradients(step, params, (x, y), forward=forward), whole=True),
    ]  # fmt: skip
