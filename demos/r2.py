"""R2: XOR and linear points, two hidden layers; sigmoid, ReLU or nothing between; step sizes and widths.

The report's figures come from one run each. Here every setting runs over several seeds and in three conventions:

as written   the report's own rules: weight gradients summed over the points, bias gradients averaged
summed       the gradient of the sum of squared errors
averaged     the gradient of their mean: steps N times smaller than summed
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.nn.functional import mse_loss

from .table import table

CONVENTIONS = ("as written", "summed", "averaged")
ACTIVATIONS = {"sigmoid": tg.nn.Sigmoid, "ReLU": tg.nn.ReLU, "none": None}
TARGET = {"XOR": 1.0, "linear": 0.95}  # a run has converged when its accuracy stays there
NEAR = 0.05  # a run agrees with an accuracy of the report when it is this near


class Setting(NamedTuple):
    """One experiment, and what the report says of it: an accuracy, a number of epochs, or words."""

    problem: str
    hidden: tuple[int, int] = (10, 5)
    activation: str = "sigmoid"
    lr: float = 0.1
    output: bool = True  # a sigmoid after the last layer
    accuracy: float | None = None
    epochs_said: int | None = None
    said: str = "no figure"

    @property
    def epochs(self) -> int:
        """How long the report trained it."""
        return 1000 if self.problem == "XOR" else 200

    @property
    def plain(self) -> Setting:
        """The setting of the same problem that all others are compared with."""
        return next(setting for setting in SETTINGS if setting.problem == self.problem)

    @property
    def name(self) -> str:
        """Short words for a picture."""
        activation = "no activation" if self.activation == "none" else self.activation
        output = "" if self.output else ", linear output"
        return f"{activation}{output}, {self.hidden[0]}–{self.hidden[1]}, lr {self.lr:g}"


SETTINGS = (
    Setting("XOR", accuracy=1.0, said="1.0"),
    Setting("XOR", activation="none", accuracy=0.7619, said="0.7619"),
    Setting("XOR", activation="none", output=False),
    Setting("XOR", activation="ReLU", epochs_said=150, said="converges\nat 150"),
    Setting("XOR", lr=0.5, said="no faster,\noscillates"),
    Setting("XOR", lr=1.0),
    Setting("XOR", hidden=(5, 3)),
    Setting("XOR", hidden=(50, 30)),
    Setting("linear", accuracy=0.97, said="0.97"),
    Setting("linear", activation="none", accuracy=1.0, said="1.0"),
    Setting("linear", activation="none", output=False),
    Setting("linear", activation="ReLU", epochs_said=50, said="good\nat 50"),
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
        if len(np.unique(self.model(self.points).data > 0.5)) == 1:
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
        error = p.data - labels
        losses[epoch] = np.vdot(error, error) / len(labels)
        accuracies[epoch] = np.count_nonzero((p.data > 0.5) == labels) / len(labels)
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
    with tqdm(total=total, desc="R2", unit=" trainings", disable=None) as bar, np.errstate(over="ignore", invalid="ignore"):
        for setting in SETTINGS:
            for convention in CONVENTIONS:
                results[setting][convention] = []
                for seed in seeds:
                    results[setting][convention].append(train(setting, convention, seed))
                    bar.update()
    return results


def median_epoch(runs: list[Run]) -> float:
    """The median epoch of convergence of the runs that converged; infinite where none did."""
    epochs = [run.converged for run in runs if run.converged is not None]
    return float(np.median(epochs)) if epochs else np.inf


def convergence(runs: list[Run]) -> str:
    """How many runs converged, and the median epoch of those."""
    count = sum(run.converged is not None for run in runs)
    return f"{count}/{len(runs)} at {median_epoch(runs):.0f}" if count else "never"


def fates(runs: list[Run]) -> str:
    """How runs ended, the most frequent end first."""
    return ", ".join(f"{count} {fate}" for fate, count in Counter(run.fate for run in runs).most_common())


def best_line(points: Any, labels: Any) -> float:
    """The best accuracy that any straight line reaches: every direction (in steps of 1/4°) and every threshold."""
    angles = np.linspace(0.001, 2 * np.pi, 1440)
    along = points @ np.stack([np.cos(angles), np.sin(angles)])
    ones = labels[np.argsort(along, axis=0), 0]
    right = np.cumsum(1 - ones, axis=0) + ones.sum(0) - np.cumsum(ones, axis=0)
    return float(right.max() / len(labels))


def why(setting: Setting, results: Results) -> str:
    """What separates our figures from the report's, said from what was measured."""
    written, summed, averaged = (results[setting][convention] for convention in CONVENTIONS)
    n = len(written[0].labels)
    clauses = []

    if setting.accuracy is not None:
        agree, agree_summed = ([abs(run.accuracy - setting.accuracy) <= NEAR for run in runs] for runs in (written, summed))
        others = [run for run, agrees in zip(written, agree, strict=True) if not agrees]
        clauses.append(f"{sum(agree)}/{len(agree)} agree" + (f", {fates(others)}" if others else ""))
        if sum(agree_summed) < sum(agree):
            clauses.append(f"summed: biases step {n} times as far, {fates(summed)}")
    elif setting.output:
        plain = results[setting.plain]["as written"]
        sooner = "sooner" if median_epoch(written) < median_epoch(plain) else "no sooner"
        clauses.append(f"{fates(written)}; {sooner} than sigmoid 10, 5 at lr 0.1 ({convergence(plain)})")
        if setting.lr != setting.plain.lr:
            now, then = (np.mean([run.rises for run in runs]) for runs in (written, plain))
            clauses.append(f"loss rises in {now:.0%} of epochs, at lr 0.1 in {then:.0%}")
    else:
        clauses.append(f"without a sigmoid on the output: {fates(written)}")
    if setting.activation == "none" and setting.output:
        clauses.append(f"best straight line: {best_line(written[0].points, written[0].labels):.4f}")

    small, large = (np.mean([run.accuracy for run in runs]) for runs in (averaged, written))
    if small > large + NEAR:
        clauses.append("averaged does better: the step was too large")
    elif small < large - NEAR:
        clauses.append(f"averaged: weights step {n} times less far, {fates(averaged)}")
    return "; ".join(clauses)


def figures(results: Results) -> str:
    """The table: setting, the report's figure, ours in the three conventions, and why they differ."""
    head = ["problem", "hidden", "between", "lr", "epochs", "report", *CONVENTIONS, "why"]
    rows = []
    for setting, runs in results.items():
        between = setting.activation + ("" if setting.output else ",\nno output\nsigmoid")
        cells = [f"{mean_and_spread(of)}\n{convergence(of)}" for of in runs.values()]
        hidden = f"{setting.hidden[0]}, {setting.hidden[1]}"
        rows.append([setting.problem, hidden, between, f"{setting.lr:g}", str(setting.epochs), setting.said, *cells,
                     why(setting, results)])  # fmt: skip
    return table(head, rows)


def mean_and_spread(runs: list[Run]) -> str:
    """Mean and standard deviation of the final accuracies."""
    accuracies = [run.accuracy for run in runs]
    return f"{np.mean(accuracies):.2f} ±{np.std(accuracies):.2f}"


def hand_gradients(layers: list[tuple[Any, Any]], points: Any, labels: Any) -> list[tuple[Any, Any]]:
    """The gradients of the summed squared error by the report's own rules, for a network of sigmoids."""
    activations = [points]
    for weight, bias in layers:
        activations.append(1 / (1 + np.exp(-(activations[-1] @ weight + bias))))
    gradients = []
    g = 2 * (activations[-1] - labels)
    for (weight, _), x, y in zip(reversed(layers), activations[-2::-1], activations[:0:-1], strict=True):
        g = g * y * (1 - y)
        gradients.append((x.T @ g, g.mean(0)))  # the report's slip: a sum for the weight, a mean for the bias
        g = g @ weight.T
    return gradients[::-1]


def hand_rules(seed: int) -> str:
    """The report's rules divided by the engine's gradient, element by element, on one batch of each problem."""
    rows = []
    for setting in (setting for setting in SETTINGS if setting == setting.plain):
        tg.manual_seed(seed)
        points, labels = data(setting.problem, seed)
        model = network(setting)
        layers = [(layer.weight.numpy().T, layer.bias.numpy()) for layer in dense(model)]
        mse_loss(model(tg.tensor(points)), tg.tensor(labels), reduction="sum").backward()
        for i, (layer, hand) in enumerate(zip(dense(model), hand_gradients(layers, points, labels), strict=True), 1):
            engine = layer.weight.grad.numpy().T, layer.bias.grad.numpy()
            ratios = [ours / theirs for ours, theirs in zip(hand, engine, strict=True)]
            rows.append([setting.problem, str(len(labels)), str(i), *(f"{r.min():.6f} to {r.max():.6f}" for r in ratios),
                         f"{1 / len(labels):.6f}"])  # fmt: skip
    return table(["problem", "N", "layer", "grad_W = x.T @ g", "grad_b = g.mean(0)", "1/N"], rows, rules=False)


def run(seed: int, quick: bool, out: Path) -> None:
    """Train everything, print the table and the check of the hand rules, and draw the pictures into ``out``."""
    from . import pictures

    seeds = range(seed, seed + (2 if quick else 5))
    results = train_all(seeds)
    print(f"R2: XOR and linear, two hidden layers. Ours: seeds {seeds[0]} to {seeds[-1]}, float64, whole batch, SGD.\n")
    print(figures(results))
    print(NOTES)
    print("\nThe report's hand-written rules divided by the engine's gradient (one batch, summed loss, sigmoid 10, 5):\n")
    print(hand_rules(seed))
    print("\nThe weight rule is right for a summed loss; the bias rule averages, so it is 1/N of the gradient.\n")

    files = [
        pictures.learning_curves(out / f"r2-learning-curves-{problem}.png", panels(results, problem))
        for problem in ("XOR", "linear")
    ]
    print("Pictures: " + ", ".join(map(str, files)))
