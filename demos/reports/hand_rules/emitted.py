"""The reports' training steps as the compiler writes them: forward, backward and update in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.compiler.standalone import text_of
from tinygrad_bp.nn import functional as F
from tinygrad_bp.program import Program

RATE = 0.1


def training(loss_of: Callable[..., Any], parameters: Sequence[Any], x: Any, y: Any) -> Program:
    """One step of plain SGD on ``loss_of(x, y)``."""

    def step(x: Any, y: Any) -> Any:
        for p in parameters:
            p.grad = None
        loss = loss_of(x, y)
        loss.backward()
        with tg.no_grad():
            for p in parameters:
                p -= RATE * p.grad
        return loss

    return tg.program(step, x, y)


def of_model(model: tg.nn.Module, loss: Callable[..., Any], x: Any, y: Any) -> Program:
    """One step of a module."""
    return training(lambda x, y: loss(model(x), y), list(model.parameters()), x, y)


def classes(rows: int, count: int) -> Any:
    """A label for each row."""
    return tg.tensor(np.arange(rows) % count)


def r1() -> Program:
    """Three layers, cross-entropy of the scores."""
    nn = tg.nn
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    return of_model(model, F.cross_entropy, tg.zeros(64, 784), classes(64, 10))


def r2() -> Program:
    """XOR: two hidden layers, a sigmoid behind each, squared errors summed."""
    model = tg.models.MLP([2, 10, 5, 1], activation=tg.nn.Sigmoid, output=tg.nn.Sigmoid)
    x, y = (tg.tensor(array, dtype=tg.float32) for array in tg.data.xor())
    return of_model(model, lambda p, y: F.mse_loss(p, y, reduction="sum"), x, y)


def r3() -> Program:
    """Two classes: a ReLU, then a sigmoid, binary cross-entropy of the probabilities."""
    nn = tg.nn
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
    return of_model(model, F.binary_cross_entropy, tg.zeros(100, 4), classes(100, 2).float().reshape(100, 1))


def r4() -> Program:
    """Two layers as matrices, with ``reg · (ΣW1² + ΣW2²)``."""
    shapes = {"w1": (4, 10), "b1": (10,), "w2": (10, 3), "b2": (3,)}
    parameters = [tg.zeros(*shape, requires_grad=True) for shape in shapes.values()]
    for p, name in zip(parameters, shapes, strict=True):
        p.name = name
    w1, b1, w2, b2 = parameters

    def loss(x: Any, y: Any) -> Any:
        scores = tg.relu(x @ w1 + b1) @ w2 + b2
        return F.cross_entropy(scores, y) + 0.05 * ((w1**2).sum() + (w2**2).sum())

    return training(loss, parameters, tg.zeros(5, 4), tg.tensor([0, 1, 2, 2, 1]))


def r5() -> Program:
    """CIFAR-10: one hidden layer, cross-entropy of the scores."""
    model = tg.nn.Sequential(tg.nn.Linear(3072, 256), tg.nn.ReLU(), tg.nn.Linear(256, 10))
    return of_model(model, F.cross_entropy, tg.zeros(8, 3072), classes(8, 10))


PROGRAMS: dict[str, Callable[[], Program]] = {"r1": r1, "r2": r2, "r3": r3, "r4": r4, "r5": r5}


def emitted(report: str) -> str:
    """The text for a report, ``"r1"`` to ``"r5"``."""
    return text_of(PROGRAMS[report]())
