"""Sound programs of many kinds: ``diagnose`` says nothing of them. Each learns its data within 300 steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim


class Program(NamedTuple):
    """What ``diagnose`` takes."""

    model: Any
    loss_fn: Callable[[Any, Any], Any]
    batch: tuple[Any, Any]
    optimizer: Any = None


SOUND: dict[str, Callable[[np.random.Generator], Program]] = {}


def sound(function: Callable[[np.random.Generator], Program]) -> Callable[[np.random.Generator], Program]:
    """Enter a program under the name of its function."""
    SOUND[function.__name__] = function
    return function


def made(name: str, seed: int) -> Program:
    """The program of that name with weights and data from a seed."""
    tg.manual_seed(seed)
    return SOUND[name](np.random.default_rng(seed))


# ---------------------------------------------------------------------- data


def f32(array: Any) -> tg.Tensor:
    """A float32 tensor."""
    return tg.tensor(np.asarray(array, np.float32))


def blobs(rng: Any, rows: int = 120, classes: int = 3, columns: int = 2) -> tuple[tg.Tensor, tg.Tensor]:
    """Points (rows, columns) around one centre a class, and class numbers."""
    centres = 3 * rng.normal(size=(classes, columns))
    y = rng.integers(0, classes, rows)
    return f32(centres[y] + rng.normal(size=(rows, columns))), tg.tensor(y)


def rings(rng: Any, rows: int = 120) -> tuple[tg.Tensor, tg.Tensor]:
    """Points inside (1) or outside (0) a circle, labels (rows, 1) of floats."""
    x = rng.normal(size=(rows, 2))
    return f32(x), f32((np.square(x).sum(1) < 1.4)[:, None])


def pictures(rng: Any, rows: int = 48, size: int = 12, classes: int = 4) -> tuple[tg.Tensor, tg.Tensor]:
    """Pictures (rows, 1, size, size) from 0 to 1, a bar whose direction is the class, at any place."""
    y = rng.integers(0, classes, rows)
    x = 0.1 * rng.random((rows, 1, size, size))
    for picture, label in zip(x, y, strict=True):
        i, j = rng.integers(3, size - 3, 2)
        for k in range(-3, 4):
            di, dj = ((0, k), (k, 0), (k, k), (k, -k))[label % 4]
            if 0 <= i + di < size and 0 <= j + dj < size:
                picture[0, i + di, j + dj] = 1
    return f32(x), tg.tensor(y)


def digits(rng: Any, rows: int = 96) -> tuple[Any, Any]:
    """Digits (rows, 64) from 0 to 1, and their numbers."""
    images, labels = tg.data.digits()
    chosen = rng.choice(len(labels), rows, replace=False)
    return f32(images.reshape(len(images), -1)[chosen] / 16), tg.tensor(labels[chosen].astype(np.int64))


def waves(rng: Any, rows: int = 48, length: int = 16) -> tuple[tg.Tensor, tg.Tensor]:
    """Series (rows, length, 1) of sines, and the next value (rows, 1)."""
    phase, speed = rng.uniform(0, 6, (rows, 1)), rng.uniform(0.3, 0.8, (rows, 1))
    series = np.sin(phase + speed * np.arange(length + 1))
    return f32(series[:, :-1, None]), f32(series[:, -1:])


def words(rng: Any, rows: int = 96, length: int = 12, vocabulary: int = 50) -> tuple[tg.Tensor, tg.Tensor]:
    """Texts (rows, length) of word numbers, and whether words of the first half are more frequent, (rows, 1)."""
    y = rng.integers(0, 2, rows)
    x = np.where(rng.random((rows, length)) < 0.8, rng.integers(0, 25, (rows, length)) + 25 * y[:, None],
                 rng.integers(0, vocabulary, (rows, length)))  # fmt: skip
    return tg.tensor(x), f32(y[:, None])


def surface(rng: Any, rows: int = 100, columns: int = 5) -> tuple[tg.Tensor, tg.Tensor]:
    """Columns of mean 0 and deviation 1, and a smooth function of them (rows, 1) with a little noise."""
    x = rng.normal(size=(rows, columns))
    y = np.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.05 * rng.normal(size=(rows, 1))
    return f32(x), f32(y)


def mlp(*sizes: int, between: Any = nn.ReLU, last: Any = None) -> nn.Sequential:
    """Linear layers with an activation between them."""
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), between()]
    return nn.Sequential(*layers[:-1], *([last()] if last else []))


# ---------------------------------------------------------------------- classes


@sound
def blobs_with_sgd(rng: Any) -> Program:
    model = mlp(2, 16, 3)
    return Program(model, nn.CrossEntropyLoss(), blobs(rng), optim.SGD(model.parameters(), lr=0.1))


@sound
def blobs_with_a_small_rate(rng: Any) -> Program:
    model = mlp(2, 32, 3)
    return Program(model, nn.CrossEntropyLoss(), blobs(rng), optim.SGD(model.parameters(), lr=0.01))


@sound
def blobs_with_adam_3e4(rng: Any) -> Program:
    model = mlp(2, 64, 64, 3)
    return Program(model, nn.CrossEntropyLoss(), blobs(rng), optim.Adam(model.parameters(), lr=3e-4))


@sound
def softmax_regression_from_zero(rng: Any) -> Program:
    model = nn.Linear(2, 3)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return Program(model, nn.CrossEntropyLoss(), blobs(rng), optim.SGD(model.parameters(), lr=0.1))


@sound
def logistic_regression_by_hand(rng: Any) -> Program:
    w, b = tg.zeros(4, 1, requires_grad=True), tg.zeros(1, requires_grad=True)
    x = rng.normal(size=(80, 4))
    y = f32((x @ [[1.0], [-2.0], [0.5], [0.0]] > 0).astype(float))

    def loss(p: Any, y: Any) -> Any:
        return -(y * tg.log(p) + (1 - y) * tg.log(1 - p)).mean()

    return Program(lambda x: tg.sigmoid(x @ w + b), loss, (f32(x), y), optim.SGD([w, b], lr=0.5))


@sound
def rings_with_binary_likelihood(rng: Any) -> Program:
    model = mlp(2, 16, 1, last=nn.Sigmoid)
    return Program(model, nn.BCELoss(), rings(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def rings_with_logits_and_momentum(rng: Any) -> Program:
    model = mlp(2, 24, 24, 1, between=nn.Tanh)
    rule = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    return Program(model, nn.BCEWithLogitsLoss(), rings(rng), rule)


@sound
def xor_of_four_rows(rng: Any) -> Program:
    model = mlp(2, 8, 1, between=nn.Tanh)
    x, y = f32([[0, 0], [0, 1], [1, 0], [1, 1]]), f32([[0], [1], [1], [0]])
    return Program(model, nn.BCEWithLogitsLoss(), (x, y), optim.SGD(model.parameters(), lr=0.5))


@sound
def xor_of_sigmoids(rng: Any) -> Program:
    model = mlp(2, 8, 1, between=nn.Sigmoid, last=nn.Sigmoid)
    x, y = f32([[0, 0], [0, 1], [1, 0], [1, 1]]), f32([[0], [1], [1], [0]])
    return Program(model, nn.MSELoss(), (x, y), optim.Adam(model.parameters(), lr=0.1))


@sound
def raw_iris_with_adam(rng: Any) -> Program:
    x, y = tg.data.iris()
    model = mlp(4, 16, 3)
    return Program(model, nn.CrossEntropyLoss(), (f32(x), tg.tensor(y)), optim.Adam(model.parameters(), lr=0.01))


@sound
def iris_of_two_classes(rng: Any) -> Program:
    x, y = tg.data.iris()
    model = mlp(4, 16, 1)
    batch = f32(x[y < 2]), f32(y[y < 2, None])
    return Program(model, nn.BCEWithLogitsLoss(), batch, optim.SGD(model.parameters(), lr=0.05))


@sound
def digits_with_adam(rng: Any) -> Program:
    model = mlp(64, 64, 10)
    return Program(model, nn.CrossEntropyLoss(), digits(rng), optim.Adam(model.parameters(), lr=0.002))


@sound
def digits_in_a_large_network(rng: Any) -> Program:
    model = mlp(64, 512, 256, 10)
    return Program(model, nn.CrossEntropyLoss(), digits(rng), optim.Adam(model.parameters(), lr=1e-4))


@sound
def digits_with_dropout_and_decay(rng: Any) -> Program:
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    rule = optim.AdamW(model.parameters(), lr=0.003, weight_decay=0.1)
    return Program(model, nn.CrossEntropyLoss(label_smoothing=0.1), digits(rng), rule)


@sound
def digits_with_batch_norm(rng: Any) -> Program:
    model = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64),
                          nn.ReLU(), nn.Linear(64, 10))  # fmt: skip
    return Program(model, nn.CrossEntropyLoss(), digits(rng), optim.SGD(model.parameters(), lr=0.1, momentum=0.9))


@sound
def raw_digits_with_batch_norm(rng: Any) -> Program:
    x, y = digits(rng)
    model = nn.Sequential(nn.BatchNorm1d(64), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    return Program(model, nn.CrossEntropyLoss(), (x * 255, y), optim.Adam(model.parameters(), lr=0.003))


@sound
def digits_by_nll(rng: Any) -> Program:
    model = nn.Sequential(nn.Linear(64, 32), nn.GELU(), nn.Linear(32, 10), nn.LogSoftmax(dim=1))
    return Program(model, nn.NLLLoss(), digits(rng), optim.RMSprop(model.parameters(), lr=0.002))


@sound
def digits_with_adagrad(rng: Any) -> Program:
    model = mlp(64, 48, 10, between=nn.ELU)
    return Program(model, nn.CrossEntropyLoss(), digits(rng), optim.Adagrad(model.parameters(), lr=0.02))


@sound
def soft_targets(rng: Any) -> Program:
    x, y = blobs(rng)
    model = mlp(2, 16, 3)
    targets = 0.9 * F.one_hot(y, 3).float() + 0.1 / 3
    return Program(model, nn.CrossEntropyLoss(), (x, targets), optim.SGD(model.parameters(), lr=0.2))


@sound
def a_fifth_of_the_labels_wrong(rng: Any) -> Program:
    x, y = blobs(rng, rows=200)
    wrong = np.where(rng.random(200) < 0.2, rng.integers(0, 3, 200), y.numpy())
    model = mlp(2, 16, 3)
    return Program(model, nn.CrossEntropyLoss(), (x, tg.tensor(wrong)), optim.Adam(model.parameters(), lr=0.01))


@sound
def one_row_in_ten_is_positive(rng: Any) -> Program:
    x = rng.normal(size=(200, 6))
    y = (x[:, :1] + x[:, 1:2] > 1.8).astype(float)
    model = mlp(6, 16, 1)
    return Program(model, nn.BCEWithLogitsLoss(), (f32(x), f32(y)), optim.Adam(model.parameters(), lr=0.01))


@sound
def several_labels_a_row(rng: Any) -> Program:
    x = rng.normal(size=(100, 8))
    y = (x @ rng.normal(size=(8, 5)) > 0).astype(float)
    model = mlp(8, 32, 5)
    return Program(model, nn.BCEWithLogitsLoss(), (f32(x), f32(y)), optim.Adam(model.parameters(), lr=0.01))


@sound
def ten_rows(rng: Any) -> Program:
    model = mlp(4, 10, 3)
    batch = f32(rng.normal(size=(10, 4))), tg.tensor([0, 1, 2, 2, 1, 0, 1, 2, 0, 1])
    return Program(model, nn.CrossEntropyLoss(), batch, optim.SGD(model.parameters(), lr=0.5))


# ---------------------------------------------------------------------- numbers


@sound
def line_from_zero(rng: Any) -> Program:
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    x = rng.uniform(-2, 2, (30, 1))
    return Program(model, nn.MSELoss(), (f32(x), f32(3 * x - 1)), optim.SGD(model.parameters(), lr=0.05))


@sound
def targets_of_some_hundreds(rng: Any) -> Program:
    x = rng.normal(size=(60, 3))
    y = 300 + x @ [[80.0], [-50.0], [20.0]]
    model = nn.Linear(3, 1)
    return Program(model, nn.MSELoss(), (f32(x), f32(y)), optim.SGD(model.parameters(), lr=0.1))


@sound
def targets_of_some_hundreds_with_adam(rng: Any) -> Program:
    x = rng.normal(size=(60, 3))
    y = 200 + 100 * np.tanh(x @ [[1.0], [-1.0], [0.3]])
    model = mlp(3, 32, 1)
    return Program(model, nn.MSELoss(), (f32(x), f32(y)), optim.Adam(model.parameters(), lr=0.3))


@sound
def surface_with_tanh(rng: Any) -> Program:
    model = mlp(5, 32, 32, 1, between=nn.Tanh)
    return Program(model, nn.MSELoss(), surface(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def surface_with_sgd(rng: Any) -> Program:
    model = mlp(5, 64, 1)
    return Program(model, nn.MSELoss(), surface(rng), optim.SGD(model.parameters(), lr=0.05))


@sound
def surface_in_float64_with_huber(rng: Any) -> Program:
    x, y = surface(rng)
    y[:3] += 20
    model = mlp(5, 32, 1, between=nn.SiLU).double()
    return Program(model, nn.HuberLoss(), (x.double(), y.double()), optim.Adam(model.parameters(), lr=0.01))


@sound
def surface_with_lbfgs(rng: Any) -> Program:
    model = mlp(5, 16, 1, between=nn.Tanh)
    rule = optim.LBFGS(model.parameters(), lr=1, max_iter=5, line_search_fn="strong_wolfe")
    return Program(model, nn.MSELoss(), surface(rng), rule)


@sound
def deep_residual_network(rng: Any) -> Program:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.first, self.second = nn.LayerNorm(24), nn.Linear(24, 48), nn.Linear(48, 24)
            nn.init.zeros_(self.second.weight)

        def forward(self, x: Any) -> Any:
            return x + self.second(tg.relu(self.first(self.norm(x))))

    model = nn.Sequential(nn.Linear(5, 24), *[Block() for _ in range(6)], nn.Linear(24, 1))
    return Program(model, nn.MSELoss(), surface(rng), optim.Adam(model.parameters(), lr=0.003))


@sound
def counts_with_poisson(rng: Any) -> Program:
    x = rng.normal(size=(100, 3))
    y = rng.poisson(np.exp(0.5 + x @ [[0.6], [-0.4], [0.2]]))
    model = mlp(3, 16, 1)
    return Program(model, nn.PoissonNLLLoss(), (f32(x), f32(y)), optim.Adam(model.parameters(), lr=0.01))


@sound
def mean_and_spread(rng: Any) -> Program:
    x, y = surface(rng)
    model = mlp(5, 32, 2)

    def loss(outputs: Any, y: Any) -> Any:
        mean, log_variance = outputs[:, :1], outputs[:, 1:]
        return (log_variance + (y - mean) ** 2 / log_variance.exp()).mean()

    return Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.005))


@sound
def positive_outputs(rng: Any) -> Program:
    x, y = surface(rng)
    model = mlp(5, 32, 1, last=nn.Softplus)
    return Program(model, nn.L1Loss(), (x, (y * y + 0.1)), optim.Adam(model.parameters(), lr=0.01))


@sound
def three_numbers_of_a_curve(rng: Any) -> Program:
    class Sine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.height, self.speed, self.shift = (nn.Parameter(tg.tensor(v)) for v in (1.0, 1.2, 0.0))

        def forward(self, x: Any) -> Any:
            return self.height * tg.sin(self.speed * x + self.shift)

    model = Sine()
    x = np.linspace(-2, 2, 40)[:, None]
    return Program(
        model, nn.MSELoss(), (f32(x), f32(1.8 * np.sin(1.5 * x + 0.4))), optim.Adam(model.parameters(), 0.05)
    )
