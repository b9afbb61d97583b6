"""The networks of the five reports and of the demos, as they are trained there: sound programs."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .sound_networks import Program, digits, f32, mlp, sound


def xor_points() -> tuple[tg.Tensor, tg.Tensor]:
    """R2's 21 points on two diagonals."""
    first = [(0.1 * i, 0.1 * i) for i in range(11)]
    second = [(0.1 * i, 1 - 0.1 * i) for i in range(11) if i != 5]
    return f32(first + second), f32([[0.0]] * 11 + [[1.0]] * 10)


def linear_points(rng: Any) -> tuple[tg.Tensor, tg.Tensor]:
    """R2's 100 points beside the diagonal."""
    x = rng.random((100, 2))
    return f32(x), f32(x[:, :1] <= x[:, 1:])


def summed(p: Any, y: Any) -> Any:
    """R2's squared error."""
    return ((p - y) ** 2).sum()


def normal(model: Any) -> Any:
    """Weights from a standard normal, biases 0."""
    for p in model.parameters():
        nn.init.normal_(p) if p.ndim > 1 else nn.init.zeros_(p)
    return model


@sound
def r2_xor_with_sigmoids(rng: Any) -> Program:
    model = normal(mlp(2, 10, 5, 1, between=nn.Sigmoid, last=nn.Sigmoid))
    return Program(model, summed, xor_points(), optim.SGD(model.parameters(), lr=0.1))


@sound
def r2_xor_with_relu(rng: Any) -> Program:
    model = normal(mlp(2, 10, 5, 1, last=nn.Sigmoid))
    return Program(model, summed, xor_points(), optim.SGD(model.parameters(), lr=0.1))


@sound
def r2_linear_with_sigmoids(rng: Any) -> Program:
    model = normal(mlp(2, 10, 5, 1, between=nn.Sigmoid, last=nn.Sigmoid))
    return Program(model, summed, linear_points(rng), optim.SGD(model.parameters(), lr=0.1))


@sound
def r3_iris_of_two_classes_in_columns(rng: Any) -> Program:
    x, y = tg.data.iris()
    two = y < 2
    W1, W2 = (f32(rng.normal(size=shape) * (2 / shape[1]) ** 0.5).requires_grad_() for shape in ((16, 4), (1, 16)))
    b1, b2 = tg.zeros(16, 1, requires_grad=True), tg.zeros(1, 1, requires_grad=True)

    def model(x: Any) -> Any:
        return 1 / (1 + np.exp(-(W2 @ np.maximum(W1 @ x + b1, 0) + b2)))

    def cost(a: Any, y: Any) -> Any:
        return -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / y.shape[1]

    return Program(model, cost, (f32(x[two].T), f32(y[two][None])), optim.SGD([W1, b1, W2, b2], lr=0.005))


@sound
def r3_many_classes_with_adam(rng: Any) -> Program:
    x, y = digits(rng, 200)
    kept = y < 4
    model = mlp(64, 8, 32, 8, 4)
    return Program(model, nn.CrossEntropyLoss(), (x[kept], y[kept]), optim.Adam(model.parameters(), lr=0.003))


@sound
def r5_two_layers(rng: Any) -> Program:
    y = rng.integers(0, 10, 64)
    x = 0.1 * rng.normal(size=(64, 3072)) + 0.1 * rng.normal(size=(10, 3072))[y]
    model = mlp(3072, 256, 10)
    return Program(model, nn.CrossEntropyLoss(), (f32(x), tg.tensor(y)), optim.SGD(model.parameters(), lr=0.01))


@sound
def demo_xor(rng: Any) -> Program:
    model = mlp(2, 4, 1, between=nn.Tanh)
    x, y = f32([[0, 0], [0, 1], [1, 0], [1, 1]]), f32([[0], [1], [1], [0]])
    return Program(model, nn.BCEWithLogitsLoss(), (x, y), optim.SGD(model.parameters(), lr=0.5))


@sound
def demo_judge_of_the_gan(rng: Any) -> Program:
    judge = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    true, made = 4 + 1.25 * rng.normal(size=(128, 1)), 0.3 * rng.normal(size=(128, 1))
    numbers, labels = np.concatenate([true, made]), np.repeat([[1.0], [0.0]], 128, axis=0)
    batch = f32(np.concatenate([numbers, numbers**2 / 10], axis=1)), f32(labels)
    optimizer = optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.999))
    return Program(judge, F.binary_cross_entropy_with_logits, batch, optimizer)


@sound
def demo_digits(rng: Any) -> Program:
    model = mlp(64, 128, 10)
    return Program(model, F.cross_entropy, digits(rng, 64), optim.Adam(model.parameters(), lr=0.002))


@sound
def demo_network_of_numpy(rng: Any) -> Program:
    x = rng.normal(size=(200, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    arrays = [rng.normal(size=(2, 16)), np.zeros(16), rng.normal(size=(16, 2)) / 4, np.zeros(2)]
    W1, b1, W2, b2 = params = [tg.tensor(array, requires_grad=True) for array in arrays]

    def loss(z: Any, y: Any) -> Any:
        z = z - np.max(z, axis=1, keepdims=True)
        log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return -np.mean(log_p[np.arange(len(y)), y])

    return Program(lambda x: np.maximum(0, x @ W1 + b1) @ W2 + b2, loss, (x, y), optim.SGD(params, lr=0.5))
