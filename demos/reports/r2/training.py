"""The settings, the network and the training loop of R2."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn.functional import mse_loss

CONVENTIONS = ("as written", "summed", "averaged")
ACTIVATIONS = {"sigmoid": tg.nn.Sigmoid, "ReLU": tg.nn.ReLU, "none": None}
TARGET = {"XOR": 1.0, "linear": 0.95}  # a run has converged when its accuracy stays there


class Setting(NamedTuple):
    """One experiment, and what the report says of it; ``accuracy`` where that is one."""

    problem: str
    hidden: tuple[int, int] = (10, 5)
    activation: str = "sigmoid"
    lr: float = 0.1
    output: bool = True  # a sigmoid after the last layer
    accuracy: float | None = None
    said: str = "no figure"

    @property
    def epochs(self) -> int:
        """How long the report trained it."""
        return 1000 if self.problem == "XOR" else 200

    @property
    def base(self) -> Setting:
        """The setting of the same problem that all others are compared with."""
        return next(setting for setting in SETTINGS if setting.problem == self.problem)

    @property
    def name(self) -> str:
        """Short words for a picture."""
        activation = (
            self.activation if self.activation != "none" else "none between" if self.output else "no sigmoid at all"
        )
        return f"{activation}, {self.hidden[0]}–{self.hidden[1]}, lr {self.lr:g}"


SETTINGS = (
    Setting("XOR", accuracy=1.0, said="1.0"),
    Setting("XOR", activation="none", accuracy=0.7619, said="0.7619"),
    Setting("XOR", activation="none", output=False),
    Setting("XOR", activation="ReLU", said="converges\nat 150"),
    Setting("XOR", lr=0.5, said="no faster,\noscillates"),
    Setting("XOR", lr=1.0),
    Setting("XOR", hidden=(5, 3)),
    Setting("XOR", hidden=(50, 30)),
    Setting("linear", accuracy=0.97, said="0.97"),
    Setting("linear", activation="none", accuracy=1.0, said="1.0"),
    Setting("linear", activation="none", output=False),
    Setting("linear", activation="ReLU", said="good\nat 50"),
    Setting("linear", lr=0.5, said="no faster,\noscillates"),
    Setting("linear", lr=1.0, said="odd curve"),
    Setting("linear", hidden=(5, 3)),
    Setting("linear", hidden=(50, 30), accuracy=0.48, said="0.48"),
)


def data(problem: str, seed: int) -> tuple[Any, Any]:
    """Points (n, 2) and labels (n, 1): 21 points for XOR, 100 for linear, drawn from ``seed``."""
    return tg.data.xor() if problem == "XOR" else tg.data.linear(100, rng=seed)


def network(setting: Setting) -> tg.models.MLP:
    """The report's network: weights from a standard normal, biases 0, in float64 as NumPy computes by default."""
    model = tg.models.MLP(
        [2, *setting.hidden, 1],
        activation=ACTIVATIONS[setting.activation],
        output=tg.nn.Sigmoid if setting.output else None,
        dtype=tg.float64,
    )
    with tg.no_grad():
        for layer in dense(model):
            layer.weight.copy_(tg.randn(*layer.weight.shape, dtype=tg.float64))
            layer.bias.zero_()
    return model


def dense(model: tg.nn.Module) -> list[tg.nn.Linear]:
    """The layers of a network that have weights."""
    return [layer for layer in model.modules() if isinstance(layer, tg.nn.Linear)]


class Run(NamedTuple):
    """One training; entry e of ``losses`` and ``accuracies`` is what stands after e steps."""

    setting: Setting
    model: tg.nn.Module
    points: Any
    labels: Any
    losses: Any  # mean squared error, whatever the convention
    accuracies: Any

    def predict(self, points: Any) -> Any:
        """The network's output (n,) for points (n, 2)."""
        with tg.no_grad():
            return self.model(tg.tensor(points)).numpy().ravel()

    @property
    def accuracy(self) -> float:
        """The accuracy in the end."""
        return float(self.accuracies[-1])

    @property
    def converged(self) -> int | None:
        """The first epoch from which on the accuracy stays at the target, or None."""
        below = np.flatnonzero(self.accuracies < TARGET[self.setting.problem])
        first = int(below[-1]) + 1 if len(below) else 0
        return first if first < len(self.accuracies) else None

    @property
    def rises(self) -> float:
        """The share of epochs in which the loss went up."""
        return float((np.diff(self.losses) > 0).mean())

    @property
    def fate(self) -> str:
        """How the training ended, in a word or two."""
        if not np.isfinite(self.losses[-1]):
            return "overflowed"
        if len(np.unique(self.predict(self.points) > 0.5)) == 1:
            return "one class everywhere"
        if self.converged is not None:
            return "converged"
        tenth = len(self.losses) // 10
        return "still learning" if self.losses[-1] < 0.99 * self.losses[-tenth] else "stuck"


def train(setting: Setting, convention: str, seed: int) -> Run:
    """Train one network with the whole batch in every step."""
    tg.manual_seed(seed)
    points, labels = data(setting.problem, seed)
    x, y = tg.tensor(points), tg.tensor(labels)
    model = network(setting)
    biases = [layer.bias for layer in dense(model)]
    optimizer = tg.optim.SGD(model.parameters(), lr=setting.lr)
    losses, accuracies = np.full(setting.epochs + 1, np.nan), np.zeros(setting.epochs + 1)

    for epoch in range(setting.epochs + 1):
        p = model(x)
        error = p.detach().numpy() - labels
        losses[epoch] = np.vdot(error, error) / len(labels)
        accuracies[epoch] = np.count_nonzero((p.detach().numpy() > 0.5) == labels) / len(labels)
        if epoch == setting.epochs or not np.isfinite(losses[epoch]):
            accuracies[epoch:] = accuracies[epoch]
            break
        loss = mse_loss(p, y, reduction="mean" if convention == "averaged" else "sum")
        optimizer.zero_grad()
        loss.backward()
        if convention == "as written":
            for bias in biases:
                bias.grad /= len(labels)
        optimizer.step()
    return Run(setting, model, points, labels, losses, accuracies)


Results = dict[Setting, dict[str, list[Run]]]


def train_all(seeds: range) -> Results:
    """Every setting in every convention from every seed, with a progress bar on stderr where that is a terminal."""
    from tqdm import tqdm

    total = len(SETTINGS) * len(CONVENTIONS) * len(seeds)
    results: Results = {setting: {} for setting in SETTINGS}
    # A network without any sigmoid may overflow; that is one of the findings.
    with (
        tqdm(total=total, desc="R2", unit=" trainings", disable=None) as bar,
        np.errstate(over="ignore", invalid="ignore"),
    ):
        for setting in SETTINGS:
            for convention in CONVENTIONS:
                results[setting][convention] = []
                for seed in seeds:
                    results[setting][convention].append(train(setting, convention, seed))
                    bar.update()
    return results
