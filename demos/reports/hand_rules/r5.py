"""HW4: CIFAR-10, 3072 - 256 - 10, batch 8; rows are examples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn import functional as F
from tinygrad_bp.verify import check_backward, check_forward, check_gradients

from .piece import Piece

N, SIZES = 8, (3072, 256, 10)
NETWORK = """
model = tg.nn.Sequential(tg.nn.Linear(3072, 256), tg.nn.ReLU(), tg.nn.Linear(256, 10))
loss = tg.nn.CrossEntropyLoss()
loss(model(tg.rand(8, 3072)), tg.randint(0, 10, (8,))).backward()
"""


def fc_backward(g: Any, x: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
    """Both parameters averaged over the batch."""
    return g @ w.T, x.T @ g / len(x), g.mean(0)


def relu_backward(g: Any, x: Any) -> Any:
    """As the code has it."""
    return g * (x > 0)


def relu_backward_in_the_text(g: Any, x: Any) -> Any:
    """As the text has it: 0 for x > 0."""
    return np.where(x > 0, 0, g)


def softmax_at_first(z: Any) -> Any:
    """Before the author met the overflow."""
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def softmax(z: Any) -> Any:
    """With the row's maximum subtracted."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def loss_backward(z: Any, y: Any) -> Any:
    """(p − onehot) / N."""
    g = softmax(z)
    g[np.arange(len(y)), y] -= 1
    return g / len(y)


def step(params: dict[str, Any], x: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    """Loss and gradients of the whole network by the rules above."""
    w1, b1, w2, b2 = params.values()
    z1 = x @ w1 + b1
    h = np.maximum(z1, 0)
    z = h @ w2 + b2
    g, dw2, db2 = fc_backward(loss_backward(z, y), h, w2, b2)
    _, dw1, db1 = fc_backward(relu_backward(g, z1), x, w1, b1)
    loss = -np.mean(np.log(softmax(z)[np.arange(len(y)), y]))
    return loss, dict(zip(params, (dw1, db1, dw2, db2), strict=True))


def forward(params: dict[str, Any], x: Any, y: Any) -> Any:
    """The same network on the engine."""
    w1, b1, w2, b2 = params.values()
    return F.cross_entropy(tg.relu(x @ w1 + b1) @ w2 + b2, y)


def pieces() -> list[Piece]:
    """Every rule, with the numbers it is checked on."""
    rng = np.random.default_rng(5)
    x, y = rng.random((N, SIZES[0])), rng.permutation(10)[:N]
    params: dict[str, Any] = {}
    for i, (a, b) in enumerate(pairwise(SIZES), 1):
        params |= {f"W{i}": rng.standard_normal((a, b)) / np.sqrt(a), f"b{i}": 0.1 * rng.standard_normal(b)}
    h, z = rng.standard_normal((N, SIZES[1])), rng.standard_normal((N, 10))
    return [
        Piece("fully connected", ("g Wᵀ", "xᵀ g / N", "g.mean(0)"), "x W + b",
              lambda: check_backward(fc_backward, lambda x, w, b: x @ w + b, (h, params["W2"], params["b2"]),
                                     names=("dx", "dW", "db"))),
        Piece("ReLU", ("g (x > 0)",), "relu(x)", lambda: check_backward(relu_backward, tg.relu, (h,), names=("dx",))),
        Piece("ReLU", ("0 where x > 0",), "relu(x)",
              lambda: check_backward(relu_backward_in_the_text, tg.relu, (h,), names=("dx",)), source="in the text"),
        Piece("softmax", ("exp(z) / Σ",), "softmax(z)",
              lambda: check_forward(softmax_at_first, tg.softmax, (z,), name="p"), source="at first"),
        Piece("softmax", ("exp(z − row max) / Σ",), "softmax(z)",
              lambda: check_forward(softmax, tg.softmax, (z,), name="p")),
        Piece("loss backward", ("(p − onehot) / N",), "cross_entropy(z, y)",
              lambda: check_backward(lambda g, z, y: (loss_backward(z, y), None), F.cross_entropy, (z, y),
                                     names=("dz",), batched=(0, 1), labels=y)),
        Piece("network", ("all of these",), "the network above",
              lambda: check_gradients(step, params, (x, y), forward=forward), whole=True),
    ]  # fmt: skip
