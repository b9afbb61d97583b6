"""HW3: an L-layer network in which columns are examples; two classes (sigmoid) or many (softmax).

What arrives at a layer, dZ, is the gradient of each example's own loss; the mean over the m examples is taken in dW
and db. The engine's functions below say the same. How the gradient of the two-class cost starts is not recorded of the
report; dZ = AL − Y is taken, as for softmax: the printed cost is least where every answer is 1, and its own gradient
would not have led to an accuracy of 1.0.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn import functional as F
from tinygrad_bp.verify import check_backward, check_forward, check_gradients

from .piece import Piece

M, TWO, MANY = 100, (4, 16, 1), (64, 8, 32, 8, 4)
NETWORK = """
two = tg.nn.Sequential(tg.nn.Linear(4, 16), tg.nn.ReLU(), tg.nn.Linear(16, 1), tg.nn.Sigmoid())
many = tg.models.MLP([64, 8, 32, 8, 4], activation=tg.nn.ReLU)
tg.nn.BCELoss()(two(tg.rand(100, 4)), tg.randint(0, 2, (100, 1)).float()).backward()
tg.nn.CrossEntropyLoss()(many(tg.rand(100, 64)), tg.randint(0, 4, (100,))).backward()
"""


def sigmoid(z: Any) -> Any:
    """Split at 0, so that exp cannot overflow."""
    s = np.empty_like(z)
    up = z >= 0
    s[up] = 1 / (1 + np.exp(-z[up]))
    s[~up] = np.exp(z[~up]) / (1 + np.exp(z[~up]))
    return s


def softmax(z: Any) -> Any:
    """Each example's maximum is subtracted."""
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


def cost(al: Any, y: Any) -> Any:
    """As printed."""
    return -np.sum(y * np.log(al)) / y.shape[1]


def linear_backward(dz: Any, a: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
    """With columns as examples."""
    m = a.shape[1]
    return w.T @ dz, dz @ a.T / m, dz.sum(axis=1, keepdims=True) / m


def relu_backward(da: Any, z: Any) -> Any:
    """Zero where z ≤ 0."""
    dz = np.array(da)
    dz[z <= 0] = 0
    return dz


def softmax_backward(z: Any, y: Any) -> Any:
    """The probabilities again, this time without the maximum."""
    s = np.exp(z) / np.sum(np.exp(z), axis=0, keepdims=True)
    return s - y


def step(params: dict[str, Any], x: Any, y: Any) -> tuple[Any, dict[str, Any]]:
    """Cost and gradients of a whole network by the rules above: sigmoid for one output, softmax for several."""
    arrays = list(params.values())
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    inputs, before, a = [], [], x
    for w, b in layers:
        inputs.append(a)
        before.append(w @ a + b)
        a = np.maximum(before[-1], 0)
    two = len(y) == 1
    al = sigmoid(before[-1]) if two else softmax(before[-1])
    dz, found = al - y if two else softmax_backward(before[-1], y), []
    for i in reversed(range(len(layers))):
        da, dw, db = linear_backward(dz, inputs[i], *layers[i])
        found += [db, dw]
        dz = relu_backward(da, before[i - 1]) if i else None
    return cost(al, y), dict(zip(params, found[::-1], strict=True))


def forward(params: dict[str, Any], x: Any, y: Any) -> Any:
    """The same network on the engine."""
    arrays = list(params.values())
    a = x
    for w, b in zip(arrays[:-2:2], arrays[1:-2:2], strict=True):
        a = tg.relu(w @ a + b)
    z = arrays[-2] @ a + arrays[-1]
    return F.binary_cross_entropy_with_logits(z, y) if len(y) == 1 else F.cross_entropy(z.T, y.argmax(0))


def network(sizes: tuple[int, ...], rng: Any) -> dict[str, Any]:
    """Parameters and biases of a layer list."""
    params: dict[str, Any] = {}
    for i, (a, b) in enumerate(pairwise(sizes), 1):
        params |= {f"W{i}": rng.standard_normal((b, a)) / np.sqrt(a), f"b{i}": 0.1 * rng.standard_normal((b, 1))}
    return params


def pieces() -> list[Piece]:
    """Every rule, with the numbers it is checked on."""
    rng = np.random.default_rng(3)
    two, many = network(TWO, rng), network(MANY, rng)
    labels = np.arange(M) % 4
    x2, x4 = rng.standard_normal((4, M)), rng.standard_normal((64, M))
    y2, y4 = (labels[None] % 2).astype(float), np.eye(4)[:, labels]
    z = rng.standard_normal((4, M))
    a, w, b = rng.standard_normal((8, M)), many["W4"], many["b4"]
    al = sigmoid(z[:1])
    return [
        Piece("linear", ("Wᵀ dZ",), "W A + b",
              lambda: check_backward(lambda g, a: linear_backward(g, a, w, b)[0], lambda a: w @ a + b, (a,), axis=1,
                                     names=("dA",))),
        Piece("linear", ("dZ Aᵀ / m", "Σ dZ / m"), "(W A + b) / m",
              lambda: check_backward(lambda g, a, w, b: (None, *linear_backward(g, a, w, b)[1:]),
                                     lambda a, w, b: (w @ a + b) / a.shape[1], (a, w, b), axis=1, names=("dW", "db"))),
        Piece("ReLU", ("0 where Z ≤ 0",), "relu(Z)",
              lambda: check_backward(relu_backward, tg.relu, (z,), axis=1, names=("dZ",))),
        Piece("sigmoid", ("split at Z ≥ 0",), "sigmoid(Z)",
              lambda: check_forward(sigmoid, tg.sigmoid, (z,), axis=1, name="AL")),
        Piece("cost, two classes", ("−Σ Y log(AL) / m",), "binary_cross_entropy",
              lambda: check_forward(cost, F.binary_cross_entropy, (al, y2), name="cost", labels=labels % 2, axis=1,
                                    batched=(0, 1))),
        Piece("softmax", ("exp(Z − max) / Σ",), "softmax(Z, 0)",
              lambda: check_forward(softmax, lambda z: tg.softmax(z, 0), (z,), axis=1, name="AL")),
        Piece("softmax backward", ("exp(Z) / Σ exp(Z) − Y",), "cross_entropy, summed",
              lambda: check_backward(lambda g, z, y: (softmax_backward(z, y), None),
                                     lambda z, y: F.cross_entropy(z.T, y.argmax(0), reduction="sum"), (z, y4),
                                     names=("dZ",), axis=1, batched=(0, 1))),
        Piece("network 4 - 16 - 1", ("all of these",), "the first above",
              lambda: check_gradients(step, two, (x2, y2), forward=forward, axis=1, labels=labels % 2), whole=True),
        Piece("network 64 - … - 4", ("all of these",), "the second above",
              lambda: check_gradients(step, many, (x4, y4), forward=forward, axis=1, labels=labels), whole=True),
    ]  # fmt: skip
