"""Mistakes, and the networks and data that each is made in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .case import Case
from .sound_networks import blobs, digits, mlp, pictures, rings, surface, waves, words
from .sound_structures import Last

Made = tuple[Any, ...]


class Task(NamedTuple):
    """Data, and the layers of a network for them: ``body(k)`` gives k raw scores a row."""

    body: Callable[[int], nn.Module]
    x: Any
    y: Any
    classes: int = 1

    @property
    def one_hot(self) -> Any:
        """The labels as rows of 0 and 1."""
        return F.one_hot(self.y, self.classes).float()

    def trained(self, model: Any, loss: Any, y: Any = None, rate: float = 0.01, kind: Any = optim.Adam) -> Made:
        """What ``diagnose`` takes."""
        return model, loss, (self.x, self.y if y is None else y), kind(model.parameters(), lr=rate)


class Bag(nn.Module):
    """The mean of vectors of words, and a linear layer."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.words, self.out = nn.Embedding(50, 16), nn.Linear(16, k)

    def forward(self, x: Any) -> Any:
        return self.out(self.words(x).mean(1))


class ByHand(nn.Module):
    """Two layers as matrices, in NumPy's functions."""

    def __init__(self, inputs: int, hidden: int, k: int) -> None:
        super().__init__()
        self.W1, self.b1 = nn.Parameter(tg.randn(inputs, hidden) / inputs**0.5), nn.Parameter(tg.zeros(hidden))
        self.W2, self.b2 = nn.Parameter(tg.randn(hidden, k) / hidden**0.5), nn.Parameter(tg.zeros(k))

    def forward(self, x: Any) -> Any:
        return np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2


def convolutions(k: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, k))


def ends(rng: Any) -> tuple[Any, Any]:
    """Series of sines, and whether their next value is low, middling or high."""
    x, y = waves(rng)
    return x, tg.tensor(np.digitize(y.numpy()[:, 0], [-0.5, 0.5]))


CLASSES: dict[str, Callable[[Any], Task]] = {
    "points": lambda rng: Task(lambda k: mlp(2, 16, k), *blobs(rng), 3),
    "points by hand": lambda rng: Task(lambda k: ByHand(2, 16, k), *blobs(rng), 3),
    "digits": lambda rng: Task(lambda k: mlp(64, 32, k), *digits(rng), 10),
    "pictures": lambda rng: Task(convolutions, *pictures(rng), 4),
    "series": lambda rng: Task(lambda k: Last(nn.GRU, 1, 12, k), *ends(rng), 3),
}  # fmt: skip
TWO: dict[str, Callable[[Any], Task]] = {
    "rings": lambda rng: Task(lambda k: mlp(2, 16, k), *rings(rng)),
    "rings by hand": lambda rng: Task(lambda k: ByHand(2, 12, k), *rings(rng)),
    "words": lambda rng: Task(Bag, *words(rng)),
}  # fmt: skip
NUMBERS: dict[str, Callable[[Any], Task]] = {
    "surface": lambda rng: Task(lambda k: mlp(5, 32, k, between=nn.Tanh), *surface(rng)),
    "surface by hand": lambda rng: Task(lambda k: ByHand(5, 24, k), *surface(rng)),
    "series": lambda rng: Task(lambda k: Last(nn.LSTM, 1, 16, k), *waves(rng)),
}  # fmt: skip
MISTAKES: list[tuple[str, tuple[str, ...], dict[str, Callable[[Any], Task]], Callable[[Task], Made]]] = []
Mistake = Callable[[Task], Made]


def mistake(tasks: dict[str, Callable[[Any], Task]], *codes: str) -> Callable[[Mistake], Mistake]:
    """Enter a mistake, made in each of the tasks."""

    def enter(function: Mistake) -> Mistake:
        MISTAKES.append((function.__name__, codes, tasks, function))
        return function

    return enter


def broken() -> Iterator[Case]:
    """Every mistake in every network."""
    for name, codes, tasks, make in MISTAKES:
        for task, data in tasks.items():

            def made(data: Any = data, make: Any = make) -> Made:
                result: Made = make(data(np.random.default_rng(0)))
                return result

            yield Case(f"{name.replace('_', ' ')}: {task}", made, codes)


def softmax_by_hand(z: Any) -> Any:
    """In NumPy, rows."""
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


class Then(nn.Module):
    """A network, and a function of its scores."""

    def __init__(self, body: nn.Module, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.body, self.function = body, function

    def forward(self, x: Any) -> Any:
        return self.function(self.body(x))


def likelihood(p: Any, y: Any) -> Any:
    """Of the classes, from probabilities, clipped."""
    return -np.mean(np.log(np.clip(p[np.arange(len(y)), y], 1e-7, 1.0)))


def likelihood_of_shares(p: Any, y: Any) -> Any:
    """Of the classes, from numbers that are divided by their sum first."""
    p = p / p.sum(1, keepdims=True)
    return -(p[np.arange(len(y)), y]).log().mean()


def binary_likelihood(p: Any, y: Any) -> Any:
    """Of labels 0 and 1, by hand."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
