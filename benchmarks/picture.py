"""The picture of ``python -m benchmarks steps``: every engine's ratio on every workload."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .engines import BY_NAME
from .side_by_side import Timing
from .workloads import WORKLOADS

NAME = "steps.png"
# Ours filled, in Okabe and Ito's colours, which stay apart for colour-blind readers; the peers hollow.
LOOKS = {
    "by-hand": ("black", "|"), "products": ("dimgray", "|"),
    "eager": ("#E69F00", "o"), "eager-lines": ("#E69F00", "v"), "numpy": ("#009E73", "o"),
    "c": ("#0072B2", "o"), "c-loop": ("#0072B2", "D"),
    "torch": ("#D55E00", "s"), "torch-compile": ("#D55E00", "^"),
    "jax": ("#CC79A7", "s"), "jax-default": ("#CC79A7", "v"), "jax-loop": ("#CC79A7", "D"),
    "pytensor": ("#56B4E9", "s"), "autograd": ("gray", "s"), "mygrad": ("gray", "^"), "tinygrad": ("gray", "v"),
}  # fmt: skip
FILLED = ("eager", "eager-lines", "numpy", "c", "c-loop")


def draw(measured: Mapping[str, Mapping[str, Timing]], folder: Path) -> str:
    """Draw the timings of workloads into the folder; gives the line of a page beside it that shows the picture."""
    if importlib.util.find_spec("matplotlib") is None:
        return "Not drawn: matplotlib is not installed; `pip install matplotlib`."
    from matplotlib.figure import Figure

    panels = []
    for workloads, beside in ((BY_NAME, "by-hand"), (WORKLOADS, "torch")):
        names = [name for name in workloads if beside in measured.get(name, ())]
        if names:
            panels.append((names, beside))
    rows = [len(names) for names, _ in panels]
    figure = Figure(figsize=(9, 1.5 + 0.7 * sum(rows)), layout="constrained")
    handles: dict[str, Any] = {}
    for axes, (names, beside) in zip(figure.subplots(len(rows), height_ratios=rows, squeeze=False).flat, panels):
        handles |= panel(axes, {name: measured[name] for name in names}, beside)
    ordered = {name: handles[name] for name in LOOKS if name in handles}
    figure.legend(ordered.values(), ordered.keys(), loc="outside lower center", ncols=5, frameon=False)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / NAME, dpi=120)
    sides = " and ".join(beside for _, beside in panels)
    return f"![Every engine's time for a step beside {sides}]({folder.name}/{NAME})"


def panel(axes: Any, measured: Mapping[str, Mapping[str, Timing]], beside: str) -> dict[str, Any]:
    """A workload a row, the engines' ratios along it, each a little lower than the one before; gives their marks."""
    handles = {}
    for row, timings in enumerate(measured.values()):
        unit = timings[beside].median
        shown = [name for name in LOOKS if name in timings]
        for place, name in enumerate(shown):
            colour, mark = LOOKS[name]
            low, median, high = (getattr(timings[name], part) / unit for part in ("low", "median", "high"))
            handles[name] = axes.errorbar(
                median, row - 0.35 + 0.7 * place / max(1, len(shown) - 1), xerr=[[median - low], [high - median]],
                color=colour, marker=mark, markersize=9 if mark == "|" else 6, linestyle="none", elinewidth=1,
                markerfacecolor=colour if name in FILLED else "white",
            )  # fmt: skip
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_yticks(range(len(measured)), measured.keys())
    axes.set_ylim(len(measured) - 0.5, -0.5)  # the first on top
    for line in range(1, len(measured)):
        axes.axhline(line - 0.5, color="lightgray", linewidth=0.6)
    axes.grid(axis="x", which="major", color="lightgray", linewidth=0.6)
    axes.set_xlabel(f"time of a step / that of {beside}")
    return handles
