"""HW5: two layers, softmax loss averaged over the batch, and reg · (ΣW1² + ΣW2²); rows are examples."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn import functional as F
from tinygrad_bp.verify import check_backward, check_forward, check_gradients

from .piece import Piece

REG = 0.05
NETWORK = """
w1, b1 = (1e-4 * tg.randn(4, 10)).requires_grad_(), tg.zeros(10, requires_grad=True)
w2, b2 = (1e-4 * tg.randn(10, 3)).requires_grad_(), tg.zeros(3, requires_grad=True)
scores = tg.relu(10 * tg.randn(5, 4) @ w1 + b1) @ w2 + b2
loss = tg.nn.functional.cross_entropy(scores, tg.tensor([0, 1, 2, 2, 1])) + 0.05 * ((w1**2).sum() + (w2**2).sum())
loss.backward()
"""


def fc_backward(g: Any, x: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
    """Sums over the batch."""
    return g @ w.T, x.T @ g, g.sum(0)


def relu_backward(g: Any, h: Any) -> Any:
    """Zero where the hidden value is ≤ 0."""
    return np.where(h <= 0, 0, g)


def softmax(z: Any) -> Any:
    """Each row's maximum is subtracted."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def data_loss(z: Any, y: Any) -> Any:
    """The mean over the batch."""
    return -np.mean(np.log(softmax(z)[np.arange(len(y)), y]))


def loss_backward(z: Any, y: Any) -> Any:
    """(p − onehot) / N."""
    g = softmax(z)
    g[np.arange(len(y)), y] -= 1
    return g / len(y)


def step(params: dict[str, Any], x: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    """Loss and gradients of the whole network by the rules above."""
    w1, b1, w2, b2 = params.values()
    h = np.maximum(x @ w1 + b1, 0)
    z = h @ w2 + b2
    g, dw2, db2 = fc_backward(loss_backward(z, y), h, w2, b2)
    _, dw1, db1 = fc_backward(relu_backward(g, h), x, w1, b1)
    total = data_loss(z, y) + REG * (np.sum(w1**2) + np.sum(w2**2))
    return total, {"W1": dw1 + 2 * REG * w1, "b1": db1, "W2": dw2 + 2 * REG * w2, "b2": db2}


def forward(params: dict[str, Any], x: Any, y: Any) -> Any:
    """The same network on the engine."""
    w1, b1, w2, b2 = params.values()
    z = tg.relu(x @ w1 + b1) @ w2 + b2
    return F.cross_entropy(z, y) + REG * ((w1**2).sum() + (w2**2).sum())


def pieces() -> list[Piece]:
    """Every rule, with the numbers it is checked on."""
    rng = np.random.default_rng(4)
    x, y = 10 * rng.standard_normal((5, 4)), np.array([0, 1, 2, 2, 1])
    params = {"W1": 1e-4 * rng.standard_normal((4, 10)), "b1": np.zeros(10)}
    params |= {"W2": 1e-4 * rng.standard_normal((10, 3)), "b2": np.zeros(3)}
    z, h = rng.standard_normal((5, 3)), rng.standard_normal((5, 10))
    return [
        Piece("fully connected", ("g Wᵀ", "xᵀ g", "Σ g"), "x W + b",
              lambda: check_backward(fc_backward, lambda x, w, b: x @ w + b, (h, params["W2"], params["b2"]),
                                     names=("dx", "dW", "db"))),
        Piece("ReLU", ("0 where h ≤ 0",), "relu(h)",
              lambda: check_backward(relu_backward, tg.relu, (h,), names=("dx",))),
        Piece("softmax", ("exp(z − row max) / Σ",), "softmax(z)",
              lambda: check_forward(softmax, tg.softmax, (z,), name="p")),
        Piece("loss", ("−Σ log p[y] / N",), "cross_entropy(z, y)",
              lambda: check_forward(data_loss, F.cross_entropy, (z, y), name="L", batched=(0, 1), labels=y,
                                    extremes=())),
        Piece("loss backward", ("(p − onehot) / N",), "cross_entropy(z, y)",
              lambda: check_backward(lambda g, z, y: (loss_backward(z, y), None), F.cross_entropy, (z, y),
                                     names=("dz",), batched=(0, 1), labels=y)),
        Piece("network", ("all, with 2 reg W",), "the network above",
              lambda: check_gradients(step, params, (x, y), forward=forward, labels=y), whole=True),
    ]  # fmt: skip
