"""The networks, data and trainings of R3."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg

TWO, MANY = (4, 16, 1), (64, 8, 32, 8, 4)
LR, ITERATIONS = 0.005, 5000
HELD_OUT, SPLIT_SEED = 0.2, 0  # one split for every seed of the training: the spread is the training's

# The report says "random": the deviation of the weights, by the number of inputs of their layer.
STARTS = {
    "√(1/in)": lambda inputs: inputs**-0.5,
    "√(2/in)": lambda inputs: (2 / inputs) ** 0.5,
    "0.1": lambda inputs: 0.1,
    "0.01": lambda inputs: 0.01,
}
START = "√(1/in)"


class Data(NamedTuple):
    """Rows and labels of both parts; ``note`` says what they are."""

    x: Any
    y: Any
    held_x: Any
    held_y: Any
    note: str = ""

    def standardised(self) -> Data:
        """Each feature minus its mean, by its deviation, both of the training rows."""
        mean, deviation = self.x.mean(0), self.x.std(0)
        deviation = np.where(deviation > 0, deviation, 1).astype(self.x.dtype)
        return self._replace(x=(self.x - mean) / deviation, held_x=(self.held_x - mean) / deviation)


def split(labels: Any, share: float = HELD_OUT, seed: int = SPLIT_SEED) -> tuple[Any, Any]:
    """Row numbers to train on and to hold out: ``share`` of the rows of each class, by chance."""
    generator = np.random.default_rng(seed)
    parts: list[tuple[Any, Any]] = []
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        held = round(share * len(rows))
        parts.append((rows[held:], rows[:held]))
    kept, held_out = (np.sort(np.concatenate(rows)) for rows in zip(*parts, strict=True))
    return kept, held_out


def parts(x: Any, y: Any, note: str = "") -> Data:
    """The data in two parts by ``split``."""
    kept, held = split(y.ravel())
    return Data(x[kept], y[kept], x[held], y[held], note)


def iris() -> Data:
    """Setosa (0) against versicolor (1), in cm; the report trains on every row, so nothing is held out."""
    x, y = tg.data.iris()
    two = y < 2
    x, y = x[two], y[two, None].astype(np.float64)
    return Data(x, y, x[:0], y[:0])


def banknote() -> Data:
    """Forged or genuine; 20 % held out."""
    x, y = tg.data.banknote()
    return parts(x, y[:, None].astype(np.float64))


def emg(folder: Path | None) -> Data:
    """EMG gestures; where there is no such file, four classes of the 8×8 digits, and ``note`` says so."""
    try:
        x, y = tg.data.emg(folder)
        note = ""
    except FileNotFoundError:
        images, y = tg.data.digits()
        x, y = images[y < 4].reshape(-1, 64), y[y < 4]
        note = (
            "emg_gestures.npz is not here (--data DIR names its folder). "
            "So four classes of the 8×8 digits stand in for the EMG table; its figures cannot be compared."
        )
    return parts(x.astype(np.float32), y.astype(np.int64), note)


def network(sizes: tuple[int, ...], start: str = START, dtype: Any = None) -> tg.models.MLP:
    """The report's network: ReLU between the layers, biases 0. The sigmoid or softmax at the end is in the loss."""
    model = tg.models.MLP(sizes, dtype=dtype)
    for layer in model.modules():
        if isinstance(layer, tg.nn.Linear):
            tg.nn.init.normal_(layer.weight, std=STARTS[start](layer.in_features))
            tg.nn.init.zeros_(layer.bias)
    return model


def predict(model: tg.nn.Module, x: Any) -> Any:
    """Labels (n, 1) of a network with one score, (n,) of one with a score a class."""
    model.eval()
    with tg.no_grad():
        scores = model(tg.tensor(x)).numpy()
    return (scores > 0).astype(np.float64) if scores.shape[1] == 1 else scores.argmax(1)


def accuracy(model: tg.nn.Module, x: Any, y: Any) -> float:
    """The share of rows predicted right."""
    return float((predict(model, x) == y).mean()) if len(x) else float("nan")


class Run(NamedTuple):
    """One training: losses and accuracies on the training rows, an entry an iteration (or epoch)."""

    model: tg.nn.Module
    losses: Any
    accuracies: Any
    train: float  # accuracy in the end, on the training rows and on those held out
    held_out: float
    held_losses: Any = ()  # where they were followed
    held_accuracies: Any = ()

    @property
    def converged(self) -> int | None:
        """The first iteration from which on every training row is right, or None."""
        wrong = np.flatnonzero(self.accuracies < 1)
        first = int(wrong[-1]) + 1 if len(wrong) else 0
        return first if first < len(self.accuracies) else None


def descend(data: Data, sizes: tuple[int, ...], seed: int, iterations: int = ITERATIONS, start: str = START) -> Run:
    """The report's training: every row in every step, plain gradient descent, lr 0.005."""
    tg.manual_seed(seed)
    model = network(sizes, start, data.x.dtype)
    loss = tg.nn.BCEWithLogitsLoss() if sizes[-1] == 1 else tg.nn.CrossEntropyLoss()
    batch = (tg.tensor(data.x), tg.tensor(data.y))
    optimizer = tg.optim.SGD(model.parameters(), lr=LR)
    history = tg.train.fit(model, loss, optimizer, [batch], epochs=iterations, progress=False)
    return finished(model, data, history)


def finished(model: tg.nn.Module, data: Data, history: tg.train.History) -> Run:
    """What a training was."""
    return Run(
        model,
        losses=np.array(history.loss),
        accuracies=np.array(history.accuracy),
        train=accuracy(model, data.x, data.y),
        held_out=accuracy(model, data.held_x, data.held_y),
        held_losses=np.array(history.val_loss),
        held_accuracies=np.array(history.val_accuracy),
    )
