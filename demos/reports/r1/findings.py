"""The two findings of R1: the second hidden layer, and learning rate × batch size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..table import table
from .training import HIDDEN, Parts, learn

BATCHES = (16, 64, 256)
RATES = {"sum": (0.001, 0.003, 0.01, 0.03, 0.1), "mean": (0.03, 0.1, 0.3, 1.0, 3.0)}
DEPTH_RATES = (0.1, 0.3)
Grid = dict[tuple[float, int], Any]  # of learning rate and batch size
SWINGS, FALLS = 2.0, 5.0  # percentage points: from there on a learning rate counts as too large


def spread(values: Any, digits: int = 1) -> str:
    """Mean ± standard deviation."""
    return f"{np.mean(values):.{digits}f} ± {np.std(values):.{digits}f}"


def depth(parts: Parts, epochs: int, seeds: range) -> dict[float, dict[str, Any]]:
    """Validation accuracies (seeds, epochs) with one and with two hidden layers, for two learning rates."""
    return {
        lr: {
            name: np.array([learn(parts, hidden, lr, 64, epochs, seed) for seed in seeds])
            for name, hidden in (("one hidden layer (256)", HIDDEN[:1]), ("two hidden layers (256, 128)", HIDDEN))
        }
        for lr in DEPTH_RATES
    }


def depth_table(found: dict[float, dict[str, Any]]) -> tuple[str, str]:
    """The table, and what it says in a sentence."""
    body, words = [], []
    for lr, curves in found.items():
        one, two = curves.values()
        epochs = sorted({1, (one.shape[1] + 1) // 2, one.shape[1]})
        for epoch in epochs:
            a, b = one[:, epoch - 1], two[:, epoch - 1]
            body.append(
                [f"{lr:g}", str(epoch), spread(a), spread(b), f"{b.mean() - a.mean():+.1f} (seeds {gains(a, b)})"]
            )
        clear = abs(b.mean() - a.mean()) > a.std() + b.std()
        words.append(f"lr {lr:g}, epoch {epochs[-1]}: {b.mean() - a.mean():+.1f} points, "
                     f"{'more' if clear else 'no more'} than the spread over seeds")  # fmt: skip
    head = ["lr", "epoch", "one hidden (256)", "two hidden (256, 128)", "two − one, points"]
    return table(head, body, rules=False), "; ".join(words)


def gains(a: Any, b: Any) -> str:
    """The difference seed by seed."""
    return ", ".join(f"{d:+.1f}" for d in b - a)


def grid(parts: Parts, epochs: int, seeds: range, reduction: str) -> Grid:
    """Validation accuracies (seeds, epochs) for every learning rate and batch size."""
    return {
        (lr, batch): np.array([learn(parts, HIDDEN, lr, batch, epochs, s, reduction) for s in seeds])
        for lr in RATES[reduction]
        for batch in BATCHES
    }


def tail(accuracies: Any) -> Any:
    """The last half of the epochs (at least two)."""
    return accuracies[:, -max(2, accuracies.shape[1] // 2) :]


def swing(accuracies: Any) -> float:
    """The standard deviation over the last epochs, mean over the seeds."""
    return float(tail(accuracies).std(1).mean())


def too_large(found: Grid, batch: int) -> float | None:
    """The first learning rate from which on accuracy falls, swings or overflows, compared with the smaller ones."""
    best = 0.0
    for lr in sorted({lr for lr, n in found if n == batch}):
        accuracies = found[lr, batch]
        level = tail(accuracies).mean()
        if not np.isfinite(level) or level < best - FALLS or (level < best and swing(accuracies) > SWINGS):
            return lr
        best = max(best, level)
    return None


def grid_table(found: Grid, reduction: str) -> str:
    """A row a learning rate, a column a batch size."""
    body = []
    for lr in RATES[reduction]:
        cells = [f"{lr:g}"]
        for batch in BATCHES:
            accuracies = found[lr, batch]
            level = tail(accuracies).mean()
            shown = f"{level:5.1f} ± {swing(accuracies):4.1f}" if np.isfinite(level) else "overflows   "
            start = too_large(found, batch)
            mark = " *" if start is not None and lr >= start else ""
            cells.append(f"{shown} [{lr * batch if reduction == 'sum' else lr / batch:.2g}]{mark}")
        body.append(cells)
    return table(["lr", *(f"N = {batch}" for batch in BATCHES)], body, rules=False)


def grid_words(summed: Grid, mean: Grid) -> str:
    """Where "large" begins in both conventions, from the measured tables."""
    starts = [[too_large(found, batch) for batch in BATCHES] for found in (summed, mean)]
    report, ours = ([lr for lr in found if lr is not None] for found in starts)
    if len(report) < len(BATCHES) or len(ours) < len(BATCHES):
        return "Not every batch size has a learning rate here that is too large."
    products = [lr * n for lr, n in zip(report, BATCHES)]
    same = report[0] > report[-1] and ours[0] <= ours[-1]
    return (
        f"* too large: {FALLS:g} points or more below the best smaller lr, or below it with a swing over {SWINGS:g}, "
        f"or the loss overflows. With the report's gradient (no /N) that begins at lr {numbers(report)} for "
        f"N = {numbers(BATCHES)}: the rates are {max(report) / min(report):.0f} times apart, lr·N "
        f"({numbers(products)}) {max(products) / min(products):.1f} times. With the mean gradient it "
        f"begins at lr {numbers(ours)}. "
        + (
            "So what the report found is the missing /N: a batch twice as large makes the step twice as long, and a "
            "smaller batch helps because it shortens the step."
            if same
            else "The batch size does not move the limit as the missing /N would."
        )
    )


def numbers(values: Sequence[float]) -> str:
    """Numbers in a sentence."""
    return ", ".join(f"{value:.2g}" if value < 10 else f"{value:.0f}" for value in values)
