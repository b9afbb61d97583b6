"""The pictures of R3's recipe: what each step gives, and which classes are taken for which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..pictures import BLUE, DPI, RED, SIZE
from .recipe import Results


def steps(path: Path, title: str, groups: list[Results], marks: dict[str, float]) -> Path:
    """A row a recipe, a dot a seed: held-out and training accuracy; ``marks`` are vertical lines."""
    rows = [(name, runs) for of in groups for name, runs in of.items()]
    figure = Figure(figsize=(9, 1.2 + 0.3 * len(rows)), layout="constrained")
    ax = figure.subplots()
    for y, (_, runs) in enumerate(rows):
        ax.scatter([run.train for run in runs], [y] * len(runs), s=26, facecolors="none", edgecolors=RED)
        ax.scatter([run.held_out for run in runs], [y] * len(runs), s=20, color=BLUE)
        mean = np.mean([run.held_out for run in runs])
        ax.annotate(f"{mean:.3f}", (1.01, y), xycoords=("axes fraction", "data"), va="center", fontsize=SIZE)
    for below in np.cumsum([len(of) for of in groups])[:-1]:
        ax.axhline(below - 0.5, color="black", linewidth=0.6)
    for name, value in marks.items():
        ax.axvline(value, color="gray", linestyle="--", linewidth=0.9)
        ax.annotate(name, (value, 1.01), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=SIZE)
    ax.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=SIZE)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlim(0.2, 1.02)
    ax.set_xlabel("accuracy (share of rows); the numbers are the mean held out", fontsize=SIZE)
    ax.tick_params(axis="x", labelsize=SIZE)
    ax.grid(alpha=0.25)
    handles = [
        Line2D([], [], color=BLUE, marker="o", linestyle="", markersize=4.5),
        Line2D([], [], color=RED, marker="o", linestyle="", markerfacecolor="none", markersize=5),
    ]
    figure.legend(handles, ["held out, a seed", "training, a seed"], loc="outside lower right", ncols=2,
                  frameon=False, fontsize=SIZE)  # fmt: skip
    figure.suptitle(title, fontsize=SIZE + 2, weight="bold", x=0.01, ha="left")
    figure.savefig(path, dpi=DPI)
    return path


def confusions(path: Path, title: str, panels: dict[str, Any]) -> Path:
    """Counts (true, predicted) as squares, shaded by their share of the true class."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (name, counts) in zip(axes, panels.items(), strict=True):
        shares = counts / counts.sum(1, keepdims=True)
        image = ax.imshow(shares, cmap="cividis", vmin=0, vmax=1)
        for i, j in np.ndindex(*counts.shape):
            ax.text(j, i, f"{shares[i, j]:.0%}\n({counts[i, j]})", ha="center", va="center", fontsize=SIZE,
                    color="black" if shares[i, j] > 0.5 else "white")  # fmt: skip
        ax.set_title(name, fontsize=SIZE + 1)
        ax.set_xticks(range(len(counts)))
        ax.set_yticks(range(len(counts)))
        ax.tick_params(labelsize=SIZE)
        ax.set_xlabel("predicted class", fontsize=SIZE)
    axes[0].set_ylabel("true class", fontsize=SIZE)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label("share of the true class's rows", fontsize=SIZE)
    bar.ax.tick_params(labelsize=SIZE)
    figure.suptitle(title, fontsize=SIZE + 2, weight="bold", x=0.01, ha="left")
    figure.savefig(path, dpi=DPI)
    return path
