"""LAB3: three fully connected layers, softmax and cross-entropy on one-hot labels; rows are examples.

The report's ReLU passes the gradient where its input is exactly 0, the engine's (as PyTorch's) does not. Both are
subgradients there, and the random numbers below hold no exact 0.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn import functional as F
from tinygrad_bp.verify import check_backward, check_forward, check_gradients

from .piece import Piece

N, SIZES = 64, (784, 256, 128, 10)
NETWORK = """
model = tg.nn.Sequential(
    tg.nn.Linear(784, 256), tg.nn.ReLU(), tg.nn.Linear(256, 128), tg.nn.ReLU(), tg.nn.Linear(128, 10)
)
loss = tg.nn.CrossEntropyLoss()  # of the scores: softmax is part of it
loss(model(tg.rand(64, 784)), tg.randint(0, 10, (64,))).backward()
"""


def fc_backward(g: Any, x: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
    """The stored input transposed times what arrives; what arrives times the weights transposed."""
    return g @ w.T, x.T @ g, g.sum(0)


def relu_backward(g: Any, x: Any) -> Any:
    """Zero where the stored input is below 0."""
    return np.where(x < 0, 0, g)


def softmax(z: Any) -> Any:
    """One maximum for the whole batch."""
    e = np.exp(z - np.max(z))
    return e / e.sum(axis=1, keepdims=True)


def loss(p: Any, t: Any) -> Any:
    """Cross-entropy of probabilities, averaged over the batch."""
    return -np.sum(t * np.log(p)) / len(p)


def loss_backward(p: Any, t: Any) -> Any:
    """What is sent back to the scores."""
    return p - t


def step(params: dict[str, Any], x: Any, t: Any) -> tuple[Any, dict[str, Any]]:
    """Loss and gradients of the whole network by the rules above."""
    w1, b1, w2, b2, w3, b3 = params.values()
    z1 = x @ w1 + b1
    h1 = np.maximum(z1, 0)
    z2 = h1 @ w2 + b2
    h2 = np.maximum(z2, 0)
    p = softmax(h2 @ w3 + b3)
    g2, dw3, db3 = fc_backward(loss_backward(p, t), h2, w3, b3)
    g1, dw2, db2 = fc_backward(relu_backward(g2, z2), h1, w2, b2)
    _, dw1, db1 = fc_backward(relu_backward(g1, z1), x, w1, b1)
    return loss(p, t), dict(zip(params, (dw1, db1, dw2, db2, dw3, db3), strict=True))


def forward(params: dict[str, Any], x: Any, t: Any) -> Any:
    """The same network on the engine."""
    w1, b1, w2, b2, w3, b3 = params.values()
    return F.cross_entropy(tg.relu(tg.relu(x @ w1 + b1) @ w2 + b2) @ w3 + b3, t.argmax(1))


def pieces() -> list[Piece]:
    """Every rule, with the numbers it is checked on."""
    rng = np.random.default_rng(1)
    x = rng.random((N, SIZES[0]))
    labels = np.arange(N) % 10
    t = np.eye(10)[labels]
    params: dict[str, Any] = {}
    for i, (a, b) in enumerate(pairwise(SIZES), 1):
        params |= {f"W{i}": rng.standard_normal((a, b)) * np.sqrt(2 / a), f"b{i}": 0.1 * rng.standard_normal(b)}
    h, w, b = rng.standard_normal((N, 128)), params["W3"], params["b3"]
    z = rng.standard_normal((N, 10))
    p = softmax(z)
    return [
        Piece("fully connected", ("g Wᵀ", "xᵀ g", "Σ g"), "x W + b",
              lambda: check_backward(fc_backward, lambda x, w, b: x @ w + b, (h, w, b), names=("dx", "dW", "db"))),
        Piece("ReLU", ("0 where x < 0",), "relu(x)",
              lambda: check_backward(relu_backward, tg.relu, (h,), names=("dx",))),
        Piece("softmax", ("exp(z − batch max) / Σ",), "softmax(z)",
              lambda: check_forward(softmax, tg.softmax, (z,), name="p")),
        Piece("loss", ("−Σ t log p / N",), "the same on Tensors",
              lambda: check_forward(loss, lambda p, t: -(t * np.log(p)).sum() / len(p), (p, t), name="L",
                                    batched=(0, 1), labels=labels)),
        Piece("loss backward", ("p − t",), "cross_entropy(z, t)",
              lambda: check_backward(lambda g, z, t: (loss_backward(softmax(z), t), None),
                                     lambda z, t: F.cross_entropy(z, t.argmax(1)), (z, t), names=("dz",),
                                     batched=(0, 1), labels=labels, extremes=())),
        Piece("network", ("all of these",), "the network above",
              lambda: check_gradients(step, params, (x, t), forward=forward), whole=True),
    ]  # fmt: skip
