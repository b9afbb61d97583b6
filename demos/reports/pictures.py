"""Pictures of training: learning curves, decision regions, an activation with its derivative.

Figures are made without pyplot: no global state, no window, nothing to close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

import tinygrad_bp as tg

# Okabe and Ito's colours, which stay apart for colour-blind readers.
BLUE, GREEN, RED, PURPLE, ORANGE = "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00"
LINES = (BLUE, RED, GREEN, PURPLE, ORANGE)
CLASSES = ((BLUE, "o"), (RED, "s"))
SHADES = ListedColormap(["#BFDCEC", "#F6D5BF"])  # tints of the classes' colours
SIZE, DPI = 8, 200  # points; at 9 inches a picture is still read at README width


class Decision(NamedTuple):
    """What a trained network says of the unit square, and of labelled points in it."""

    title: str
    predict: Any  # points (n, 2) to values (n,) in [0, 1]; None shows the ground truth alone
    points: Any
    labels: Any


def median_and_range(ax: Axes, x: Any, lines: Mapping[str, Any]) -> None:
    """For each name an array (seeds, points), a colour each; ``ValueError`` for more lines than colours."""
    for colour, (name, values) in zip(LINES[: len(lines)], lines.items(), strict=True):
        ax.fill_between(x, values.min(0), values.max(0), color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, np.median(values, 0), color=colour, linewidth=1.3, label=name)


def learning_curves(path: Path, title: str, panels: Mapping[str, Mapping[str, Any]]) -> Path:
    """One panel a setting: for each name an array (seeds, epochs) of losses, as median and range over the seeds."""
    columns = 4
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(9, 0.8 + 1.9 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - 0.35 / figure.get_figheight()))
    for i, (ax, (name, curves)) in enumerate(zip(axes.flat, panels.items(), strict=False)):
        median_and_range(ax, np.arange(next(iter(curves.values())).shape[1]), curves)
        if not all(np.isfinite(losses[:, -1]).any() for losses in curves.values()):
            ax.text(0.5, 0.5, "the loss overflows", ha="center", transform=ax.transAxes, fontsize=SIZE)
        ax.set_title(name, fontsize=SIZE)
        ax.set_ylim(0, 0.7)
        ax.tick_params(labelsize=SIZE)
        ax.margins(x=0)
        ax.locator_params(axis="x", nbins=4)
        if i % columns == 0:
            ax.set_ylabel("mean squared error", fontsize=SIZE)
        if i >= len(panels) - columns:
            ax.set_xlabel("epoch", fontsize=SIZE)
    names = list(next(iter(panels.values())))
    lines = [Line2D([], [], color=colour) for colour in LINES[: len(names)]]
    figure.legend(lines, names, loc="upper right", ncols=len(names), frameon=False, fontsize=SIZE + 1)
    figure.text(0.01, 0.985, title, fontsize=SIZE + 2, weight="bold", va="top")
    figure.savefig(path, dpi=DPI)
    return path


def decisions(path: Path, rows: Sequence[Sequence[Decision]]) -> Path:
    """Ground truth beside predictions: shades are what the network says there, marks are the labels."""
    columns = len(rows[0])
    figure = Figure(figsize=(9, 0.5 + 2.5 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), columns, sharex=True, sharey=True, squeeze=False)
    for i, (line, row) in enumerate(zip(axes, rows, strict=True)):
        for j, (ax, decision) in enumerate(zip(line, row, strict=True)):
            draw_decision(ax, decision)
            if j == 0:
                ax.set_ylabel("y", fontsize=SIZE)
            if i == len(rows) - 1:
                ax.set_xlabel("x", fontsize=SIZE)
    marks = [Line2D([], [], color=c, marker=m, linestyle="") for c, m in CLASSES]
    marks.append(Line2D([], [], color="black", marker="o", markerfacecolor="none", markersize=9, linestyle=""))
    figure.legend(
        marks, ["class 0", "class 1", "predicted wrongly"], loc="outside upper center", ncols=3, frameon=False,
        fontsize=SIZE + 1,
    )  # fmt: skip
    figure.savefig(path, dpi=DPI)
    return path


def draw_decision(ax: Axes, decision: Decision) -> None:
    """One panel of decision regions."""
    labels = decision.labels.ravel() > 0.5
    if decision.predict is not None:
        x, y = np.meshgrid(*[np.linspace(-0.05, 1.05, 221)] * 2)
        p = decision.predict(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(x.shape)
        ax.pcolormesh(x, y, p > 0.5, cmap=SHADES, vmin=0, vmax=1, shading="nearest", rasterized=True)
        wrong = (decision.predict(decision.points) > 0.5) != labels
        ax.scatter(*decision.points[wrong].T, s=62, facecolors="none", edgecolors="black", linewidths=1)
    for (colour, marker), of in zip(CLASSES, (~labels, labels), strict=True):
        ax.scatter(*decision.points[of].T, color=colour, marker=marker, s=14, edgecolors="white", linewidths=0.4)
    ax.set(aspect="equal", xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    ax.tick_params(labelsize=SIZE)
    ax.set_title(decision.title, fontsize=SIZE + 1)


class Panel(NamedTuple):
    """One plot of ``curves``: for each name an array (seeds, points) over integers ``x`` (None: 0, 1, 2, …)."""

    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, Any]
    x: Any = None
    y_limits: tuple[float, float] | None = None


def curves(path: Path, title: str, panels: Sequence[Panel], columns: int = 2) -> Path:
    """Panels of curves, each as median and range over the seeds, with a legend where a panel has several lines."""
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(9, 0.4 + 2.6 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, panel in zip(axes.flat, panels, strict=False):
        points = next(iter(panel.lines.values())).shape[1]
        median_and_range(ax, np.arange(points) if panel.x is None else panel.x, panel.lines)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_title(panel.title, fontsize=SIZE + 1)
        ax.set_xlabel(panel.x_label, fontsize=SIZE)
        ax.set_ylabel(panel.y_label, fontsize=SIZE)
        ax.tick_params(labelsize=SIZE)
        ax.margins(x=0.01)
        ax.grid(alpha=0.25)
        if panel.y_limits is not None:
            ax.set_ylim(*panel.y_limits)
        if len(panel.lines) > 1:
            ax.legend(frameon=False, fontsize=SIZE)
    for ax in list(axes.flat)[len(panels) :]:
        ax.set_visible(False)
    figure.suptitle(title, fontsize=SIZE + 2, weight="bold", x=0.01, ha="left")
    figure.savefig(path, dpi=DPI)
    return path


def sheet(path: Path, title: str, images: Sequence[tuple[Any, str]], rows: int, columns: int) -> Path:
    """Grey images in [0, 1], 1 as black, each under its words."""
    figure = Figure(figsize=(9, 0.4 + 1.45 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for ax, (image, words) in zip(axes, images, strict=False):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(words, fontsize=SIZE)
    figure.suptitle(title, fontsize=SIZE + 2, weight="bold", x=0.01, ha="left")
    figure.savefig(path, dpi=DPI)
    return path


def sigmoid(path: Path) -> Path:
    """The sigmoid, its derivative as backward gives it, and the report's s(1 - s)."""
    x = tg.linspace(-8, 8, 201).requires_grad_()
    s = tg.sigmoid(x)
    s.sum().backward()
    x, value, slope = x.detach(), s.detach().numpy(), x.grad.numpy()
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    ax = figure.subplots()
    ax.plot(x.numpy(), value, color=BLUE, label="sigmoid s(x) = 1 / (1 + exp(−x))")
    ax.plot(x.detach().numpy(), slope, color=RED, label="its derivative, by backward()")
    ax.plot(
        x.numpy()[::10], (value * (1 - value))[::10], "o", color=RED, markerfacecolor="none", label="s (1 − s), by hand"
    )
    ax.set(xlabel="x", ylabel="value", xlim=(-8, 8), ylim=(-0.02, 1.02))
    ax.grid(alpha=0.25)
    ax.legend(loc="upper left", frameon=False, fontsize=SIZE + 1)
    figure.savefig(path, dpi=DPI)
    return path
