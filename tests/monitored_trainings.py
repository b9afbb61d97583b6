"""Trainings that a monitor watches: sound ones, of which it says nothing, and broken ones, each with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp import nn, optim
from tinygrad_bp.train import Monitor, fit

EVERY = 5


def tensors(*arrays: Any) -> tuple[Any, ...]:
    return tuple(tg.tensor(np.asarray(a, np.float32) if np.asarray(a).dtype.kind == "f" else a) for a in arrays)


def batches(x: Any, y: Any, size: int | None = None) -> Any:
    if size is None:
        return [(x, y)]
    return tg.data.DataLoader(tg.data.TensorDataset(x, y), batch_size=size, shuffle=True)


def watched(model: Any, loss: Any, optimizer: Any, train: Any, epochs: int, **more: Any) -> Monitor:
    monitor = Monitor(every=more.pop("every", EVERY))
    with suppress(tg.train.DivergedError):
        fit(model, loss, optimizer, train, epochs=epochs, callbacks=[monitor], progress=False, **more)
    return monitor


def digits(rows: int = 1000, scale: float = 16.0) -> tuple[Any, Any]:
    images, labels = tg.data.digits()
    return tensors(images.reshape(len(images), -1)[:rows] / scale, labels[:rows])


def xor() -> tuple[Any, Any]:
    return tensors(*(np.asarray(a, float) for a in tg.data.xor()))


def mlp(sizes: list[int], kind: Any = nn.ReLU, scale: float = 1.0) -> Any:
    model = tg.models.MLP(sizes, activation=kind)
    with tg.no_grad():
        for p in model.parameters():
            p *= scale
    return model


def iris() -> tuple[Any, Any]:
    x, y = tg.data.iris()[:2]
    x = np.asarray(x, float)
    return tensors((x - x.mean(0)) / x.std(0), np.asarray(y, np.int64))


class Last(nn.Module):
    """A recurrent network and a layer on its last state."""

    def __init__(self, kind: Any, outputs: int = 1, scale: float = 1.0) -> None:
        super().__init__()
        self.cells, self.out = kind(1, 16, batch_first=True), nn.Linear(16, outputs)
        with tg.no_grad():
            for name, p in self.cells.named_parameters():
                if "hh" in name:
                    p *= scale

    def forward(self, x: Any) -> Any:
        return self.out(self.cells(x)[0][:, -1])


def waves(rows: int = 64, steps: int = 12, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 6, (rows, 1)) + 0.3 * np.arange(steps + 1)
    return tensors(np.sin(t[:, :-1, None]), np.sin(t[:, -1:]))


def blobs(rows: int = 300, noise: float = 1.0, seed: int = 0, features: int = 2) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    return tensors(noise * rng.standard_normal((rows, features)) + np.where(y, 1.0, -1.0)[:, None], y)


# ---------------------------------------------------------------------- sound


def digits_by_sgd() -> Monitor:
    model = mlp([64, 32, 10])
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
                   batches(*digits(), 32), 8)  # fmt: skip


def digits_by_adam_with_validation() -> Monitor:
    model = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10))
    x, y = digits(1500)
    return watched(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=1e-3),
                   batches(x[:1200], y[:1200], 32), 15, val=batches(x[1200:], y[1200:], 256))  # fmt: skip


def xor_of_tanh() -> Monitor:
    model = mlp([2, 4, 1], nn.Tanh)
    return watched(model, nn.BCEWithLogitsLoss(), optim.SGD(model.parameters(), lr=0.5), batches(*xor()), 1000)


def xor_of_sigmoids() -> Monitor:
    model = nn.Sequential(nn.Linear(2, 6), nn.Sigmoid(), nn.Linear(6, 1), nn.Sigmoid())
    return watched(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=2.0, momentum=0.9), batches(*xor()), 3000,
                   every=50)  # fmt: skip


def iris_logistic() -> Monitor:
    model = nn.Linear(4, 3)
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.5), batches(*iris(), 16), 30)


def noisy_regression() -> Monitor:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3))
    x, y = tensors(x, x @ [[1.0], [-2.0], [0.5]] + 0.5 * rng.standard_normal((40, 1)))
    model = nn.Linear(3, 1)
    return watched(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), batches(x, y), 200)


def sine_by_adam() -> Monitor:
    x = np.linspace(-3, 3, 200)[:, None]
    model = mlp([1, 32, 32, 1], nn.Tanh)
    return watched(model, nn.MSELoss(), optim.Adam(model.parameters(), lr=1e-2), batches(*tensors(x, np.sin(x))), 400)


def lstm_of_waves() -> Monitor:
    model = Last(nn.LSTM)
    return watched(model, nn.MSELoss(), optim.Adam(model.parameters(), lr=1e-2), batches(*waves(), 16), 40)


def rnn_of_waves() -> Monitor:
    model = Last(nn.RNN)
    return watched(model, nn.MSELoss(), optim.Adam(model.parameters(), lr=3e-3), batches(*waves(), 16), 60)


def overlapping_classes() -> Monitor:
    """Nobody can do much better than 0.45 here."""
    model = mlp([2, 8, 2])
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
                   batches(*blobs(noise=1.6), 32), 40)  # fmt: skip


def convolution_of_digits() -> Monitor:
    x, y = digits(600)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 10))
    return watched(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=5e-3),
                   batches(x.reshape(-1, 1, 8, 8), y, 32), 12)  # fmt: skip


def by_hand_in_numpy_style() -> Monitor:
    """A loop of one's own, with np.* functions on the parameters of a module that only holds them."""
    rng = np.random.default_rng(0)
    x, y = digits(200)
    model = nn.ParameterDict({
        "W1": tg.tensor((0.1 * rng.standard_normal((64, 40))).astype(np.float32)), "b1": tg.zeros(40),
        "W2": tg.tensor((0.1 * rng.standard_normal((40, 10))).astype(np.float32)), "b2": tg.zeros(10),
    })  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    monitor = Monitor(model, optimizer, every=EVERY)
    for _ in range(200):
        h = np.maximum(x @ model["W1"] + model["b1"], 0)
        loss = nn.functional.cross_entropy(h @ model["W2"] + model["b2"], y)
        monitor.step(loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return monitor


SOUND: list[Callable[[], Monitor]] = [
    digits_by_sgd, digits_by_adam_with_validation, xor_of_tanh, xor_of_sigmoids, iris_logistic, noisy_regression,
    sine_by_adam, lstm_of_waves, rnn_of_waves, overlapping_classes, convolution_of_digits, by_hand_in_numpy_style,
]  # fmt: skip

# ---------------------------------------------------------------------- broken


def huge_rate() -> Monitor:
    model = nn.Linear(3, 1)
    x, _ = blobs(features=3)
    return watched(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=10.0), batches(x, x[:, :1]), 200)


def large_rate() -> Monitor:
    model = mlp([64, 32, 10], nn.Tanh)
    return watched(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=3.0), batches(*digits(500), 50), 10)


def tiny_rate() -> Monitor:
    model = mlp([64, 32, 10])
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=1e-6), batches(*digits(), 32), 8)


def deep_sigmoids() -> Monitor:
    model = mlp([64, *[16] * 8, 10], nn.Sigmoid)
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), batches(*digits(500), 50), 8)


def large_weights() -> Monitor:
    model = mlp([64, 32, 32, 10], nn.Tanh, scale=40.0)
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=1e-3), batches(*digits(500), 50), 8)


def dying_units() -> Monitor:
    model = mlp([64, 32, 32, 10])
    with tg.no_grad():
        for name, p in model.named_parameters():
            if name == "0.bias":
                p -= 20
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.05), batches(*digits(500), 50), 8)


def single_rows() -> Monitor:
    """One row a batch, with labels half of which are drawn, and a rate for larger ones."""
    rng = np.random.default_rng(0)
    x, y = blobs(120, 2.0, features=6)
    model = mlp([6, 8, 2])
    y = tg.tensor(np.where(rng.uniform(size=120) < 0.3, 1 - y.numpy(), y.numpy()))
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), batches(x, y, 1), 20, every=13)


def by_heart() -> Monitor:
    x, y = blobs(120, 9.0, features=30)
    model = mlp([30, 64, 2])
    return watched(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=1e-2), batches(x[:40], y[:40], 10),
                   40, val=batches(x[40:], y[40:], 100))  # fmt: skip


def ended_early() -> Monitor:
    model = mlp([64, 32, 10])
    return watched(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.05), batches(*digits(), 100), 8)


def rising_loss() -> Monitor:
    x, _ = blobs(features=3)
    model = nn.Linear(3, 1)
    return watched(
        model, nn.MSELoss(), optim.SGD(model.parameters(), lr=1e-3, maximize=True), batches(x, x[:, :1]), 200
    )


def exploding_cells() -> Monitor:
    model = Last(nn.RNN, scale=3.0)
    return watched(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), batches(*waves(steps=40), 8), 15,
                   every=1)  # fmt: skip


def cleared_before_each_step() -> Monitor:
    (x, y), model = digits(100), mlp([64, 32, 10])
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    monitor = Monitor(model, optimizer, every=EVERY)
    for _ in range(30):
        loss = nn.CrossEntropyLoss()(model(x), y)
        monitor.step(loss)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
    return monitor


BROKEN: dict[Callable[[], Monitor], str] = {
    huge_rate: "not-finite", large_rate: "learning-rate-too-large", tiny_rate: "learning-rate-too-small",
    deep_sigmoids: "vanishing-gradients", large_weights: "saturated-units", dying_units: "dead-units",
    single_rows: "noisy-steps", by_heart: "overfitting", ended_early: "too-few-epochs", rising_loss: "loss-rising",
    exploding_cells: "exploding-gradients", cleared_before_each_step: "weights-not-moved",
}  # fmt: skip
