"""The picture of a monitored training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from .history import BLUE, show_once
from .sample import Sample

# Okabe and Ito's colours, the order in which layers take them.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
POINTS = 1000  # of a curve of losses


def draw(losses: Sequence[float], samples: Sequence[Sample], path: str | Path | None) -> Any:
    """Four panels over the steps: the loss; and by layer gradients, updates, saturated and dead units."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('Monitor.plot needs matplotlib: pip install "tinygrad_bp[demos]"') from error
    if not losses:
        raise ArgumentError("plot: the monitor has seen no step")
    pyplot = sys.modules.get("matplotlib.pyplot") if path is None else None
    made: Any = pyplot.figure if pyplot else Figure
    figure = made(figsize=(10.4, 6.4), layout="constrained")
    figure._ipython_display_ = partial(show_once, figure)
    loss, gradients, updates, units = figure.subplots(2, 2).ravel()

    step = max(1, len(losses) // POINTS)
    whole = np.asarray(losses[: len(losses) // step * step], float).reshape(-1, step)
    loss.plot(np.arange(len(whole)) * step + 1, whole.mean(1), color=BLUE, linewidth=1.4)
    layers = list(dict.fromkeys(name for sample in samples for name in sample.gradients))
    colours = _colours(layers)
    _by_layer(gradients, [(s.step, s.gradients) for s in samples], colours, "log")
    _by_layer(updates, [(s.step, s.updates) for s in samples], colours, "log")
    updates.axhspan(1e-4, 1e-1, color="0.92", zorder=0)  # between these most trainings go well
    _by_layer(units, [(s.step, _idle(s)) for s in samples], colours, "linear")
    units.set_ylim(-2, 102)
    if not units.lines:
        units.text(0.5, 0.5, "no hidden units were seen", ha="center", va="center", transform=units.transAxes)
    labels = (
        (loss, "loss"), (gradients, "gradient (root mean square)"), (updates, "update / weight"),
        (units, "saturated or dead units (%)"),
    )  # fmt: skip
    for axes, label in labels:
        axes.set_xlabel("step", fontsize=11)
        axes.set_ylabel(label, fontsize=11)
        axes.tick_params(labelsize=10)
        axes.grid(alpha=0.25)
    if gradients.lines:
        figure.legend(gradients.lines, layers, loc="outside right upper", frameon=False, fontsize=10, title="layer")
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def _colours(layers: Sequence[str]) -> dict[str, Any]:
    """A colour for each layer; of many, from dark below to light above."""
    if len(layers) <= len(COLOURS):
        return dict(zip(layers, COLOURS, strict=False))
    from matplotlib import colormaps

    return {name: colormaps["viridis"](0.9 * i / (len(layers) - 1)) for i, name in enumerate(layers)}


def _idle(sample: Sample) -> dict[str, float]:
    """By the layer before them, the share of units that are saturated or dead, in percent."""
    found: dict[str, float] = {}
    for unit in sample.units:
        dead = 1 - float(np.mean(unit.alive)) if unit.alive is not None and unit.alive.size else 0.0
        found[unit.layer] = 100 * max(unit.saturated, dead, found.get(unit.layer, 0.0) / 100)
    return found


def _by_layer(axes: Any, points: Sequence[tuple[int, dict[str, float]]], colours: dict[str, Any], scale: str) -> None:
    """A line for each layer; on a logarithmic scale without the zeros."""
    for name, colour in colours.items():
        line = [(step, values[name]) for step, values in points if name in values]
        line = [(step, value) for step, value in line if scale == "linear" or value > 0]
        if line:
            marker = "o" if len(line) <= 30 else ""
            axes.plot(*zip(*line, strict=True), color=colour, linewidth=1.4, marker=marker, markersize=3.5)
    axes.set_yscale(scale)
