"""The table of R2: the report's figure, ours, and why they differ."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..summary import Line
from ..table import table
from .training import CONVENTIONS, Results, Run, Setting

NEAR = 0.05  # a run agrees with an accuracy of the report when it is this near


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
    base = results[setting.base]["as written"]
    clauses = []

    if setting.accuracy is not None:
        agree, agree_summed = (
            [abs(run.accuracy - setting.accuracy) <= NEAR for run in runs] for runs in (written, summed)
        )
        others = [run for run, agrees in zip(written, agree, strict=True) if not agrees]
        clauses.append(f"{sum(agree)}/{len(agree)} agree" + (f", {fates(others)}" if others else ""))
        if sum(agree_summed) < sum(agree):
            clauses.append(f"summed: bias steps too long, {fates(summed)}")
    else:
        now, then = median_epoch(written), median_epoch(base)
        speed = "" if np.isinf(now) else ", sooner than base" if now < then else ", no sooner than base"
        clauses.append(fates(written) + speed)
    if setting.lr != setting.base.lr:
        now, then = (np.mean([run.rises for run in runs]) for runs in (written, base))
        clauses.append(f"loss rises in {now:.0%} of epochs, base {then:.0%}")
    if setting.activation == "none" and setting.output:
        clauses.append(f"best straight line {best_line(written[0].points, written[0].labels):.4f}")

    small, large = (np.mean([run.accuracy for run in runs]) for runs in (averaged, written))
    if abs(small - large) > NEAR and setting.output:
        verdict = "better, so the step was too long" if small > large else f"steps too short, {fates(averaged)}"
        clauses.append(f"averaged: {verdict}")
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
    """Mean and standard deviation of the final accuracies; of one run there is no deviation."""
    accuracies = [run.accuracy for run in runs]
    spread = f" ±{np.std(accuracies):.2f}" if len(runs) > 1 else ""
    return f"{np.mean(accuracies):.2f}{spread}"


def lines(results: Results) -> list[Line]:
    """The settings of which the report gives a figure, as written, for the summary."""
    return [
        Line(
            "R2",
            f"{setting.problem}: {setting.name}",
            setting.said.replace("\n", " "),
            f"{mean_and_spread(runs)}, {convergence(runs)}",
            why(setting, results),
        )
        for setting, of in results.items()
        for runs in [of["as written"]]
        if setting.said != "no figure"
    ]
