"""What a sweep found: its runs, means and spreads by setting, as a table, a plot and a CSV."""

from __future__ import annotations

import csv
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any, NamedTuple

from ..autograd.errors import ArgumentError
from ..autograd.terminal import fitting
from .curves import COLOURS
from .history import show_once

WIDTH = 80  # of a printed table
CELL = 18  # of a value of a setting
NAMED = 5  # failures that are named


class Run(NamedTuple):
    """One call of ``train``: its setting, its seed, and the figures that it gave, or the error that it ended in."""

    setting: dict[str, Any]
    seed: int
    figures: dict[str, float]
    error: str = ""

    @property
    def name(self) -> str:
        """The setting and the seed in words."""
        return ", ".join([*(f"{key}={said(value)}" for key, value in self.setting.items()), f"seed {self.seed}"])


class Mean(NamedTuple):
    """Over the seeds of a setting: the mean, the standard deviation (of n − 1; None of one run), and how many runs."""

    mean: float
    spread: float | None
    runs: int


class Sweep:
    """What ``sweep`` returns: ``runs`` in the order of the grid, and ``stopped``, empty or what ended it early.

    Printed it is a table, a line a setting, mean ± standard deviation over the seeds, at most 80 columns wide;
    ``means()`` has its numbers, ``csv(path)`` every run, ``plot()`` a picture.
    """

    def __init__(self, runs: Sequence[Run], stopped: str = "") -> None:
        self.runs: list[Run] = list(runs)
        self.stopped: str = stopped

    @property
    def figures(self) -> list[str]:
        """The names of all figures."""
        return list(dict.fromkeys(name for run in self.runs for name in run.figures))

    @property
    def failed(self) -> list[Run]:
        """The runs that ended in an error."""
        return [run for run in self.runs if run.error]

    def means(self) -> list[tuple[dict[str, Any], dict[str, Mean]]]:
        """Each setting, and by the name of each figure its ``Mean``; of a setting without a finished run ``{}``."""
        by_setting: dict[str, list[Run]] = {}
        for run in self.runs:
            by_setting.setdefault(repr([*map(said, run.setting.values())]), []).append(run)
        found = []
        for runs in by_setting.values():
            columns = {name: [run.figures[name] for run in runs if name in run.figures] for name in self.figures}
            found.append((runs[0].setting, {name: _mean(values) for name, values in columns.items() if values}))
        return found

    # ------------------------------------------------------------------ out

    def csv(self, path: str | PathLike[str]) -> None:
        """Write a line a run under a head: setting, seed, figures in full, and the error of one that failed.

        A figure that is called as a column before it is headed ``figure.NAME``.
        """
        names = list(dict.fromkeys(name for run in self.runs for name in run.setting))
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            taken = {*names, "seed", "error"}
            figures = [f"figure.{name}" if name in taken else name for name in self.figures]
            writer.writerow([*names, "seed", *figures, "error"])
            for run in self.runs:
                setting = [said(run.setting[name]) if name in run.setting else "" for name in names]
                writer.writerow([*setting, run.seed, *(run.figures.get(name, "") for name in self.figures), run.error])

    def plot(self, path: str | PathLike[str] | None = None, *, figure: str | None = None, ax: Any = None) -> Any:
        """Draw a figure (None: the first) over the settings, with its spread; a line for each value of the others.

        The parameter with the most numbers is the axis, logarithmic where they span a factor of 20; without numbers the
        settings stand side by side. Returns the matplotlib ``Figure``, which Jupyter shows, or ``ax`` where that is
        given to be drawn into; ``path`` saves it. Needs matplotlib. Raises ``ArgumentError`` where there is nothing to
        draw.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError('Sweep.plot needs matplotlib: pip install "tinygrad_bp[sweep]"') from error
        if not self.figures:
            raise ArgumentError("plot: no run of the sweep has a figure to draw")
        name = self.figures[0] if figure is None else figure
        if name not in self.figures:
            raise ArgumentError(f"plot: there is no figure {name!r}; there are {', '.join(self.figures)}")
        picture = ax.figure if ax is not None else _new(Figure, path)
        axes = ax if ax is not None else picture.subplots()
        points = [(setting, means[name]) for setting, means in self.means() if name in means]
        self._draw(axes, points)
        axes.set_ylabel(f"{name}, mean ± standard deviation", fontsize=11)
        axes.tick_params(labelsize=10)
        axes.grid(alpha=0.25)
        if path is not None:
            picture.savefig(path, dpi=150)
        return picture if ax is None else ax

    def _draw(self, axes: Any, points: Sequence[tuple[dict[str, Any], Mean]]) -> None:
        varied = _varied([setting for setting, _ in points])
        numbers = {key: values for key, values in varied.items() if all(_is_number(value) for value in values)}
        along = max(numbers, key=lambda key: len(numbers[key]), default=None)
        lines: dict[str, list[tuple[Any, Mean]]] = {}
        for place, (setting, mean) in enumerate(points):
            rest = ", ".join(f"{key}={said(setting[key])}" for key in varied if key != along and key in setting)
            x = setting[along] if along is not None else place
            lines.setdefault(rest if along is not None else "", []).append((x, mean))
        for number, (label, line) in enumerate(lines.items()):
            line.sort(key=lambda point: point[0])
            axes.errorbar(
                [x for x, _ in line], [mean.mean for _, mean in line], [mean.spread or 0.0 for _, mean in line],
                label=label, color=COLOURS[number % len(COLOURS)], marker="o", markersize=4, linewidth=1.4, capsize=3,
                linestyle="-" if along is not None else "none",
            )  # fmt: skip
        if along is None:
            names = [
                ", ".join(f"{key}={said(setting[key])}" for key in varied if key in setting) for setting, _ in points
            ]
            axes.set_xticks(range(len(points)), names, rotation=30, ha="right")
            return
        axes.set_xlabel(along, fontsize=11)
        if min(numbers[along]) > 0 and max(numbers[along]) >= 20 * min(numbers[along]):
            axes.set_xscale("log")
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=10)

    # ------------------------------------------------------------------ printed

    def _tables(self) -> list[list[list[str]]]:
        """Rows of cells under a head, as many tables as the width asks for; parameters that never change left out."""
        means = self.means()
        varied = _varied([setting for setting, _ in means])
        names = [*varied] or list(dict.fromkeys(key for setting, _ in means for key in setting))[:1]
        left = [[name, *(_cut(said(s[name])) if name in s else "" for s, _ in means)] for name in names]
        most = max((mean.runs for _, by_name in means for mean in by_name.values()), default=0)
        columns = []
        for name in self.figures:
            cells = [_shown(by_name.get(name), most) for _, by_name in means]
            columns.append([_cut(name), *cells])
        tables: list[list[list[str]]] = [list(left)]
        for column in columns or [["", *("failed" for _ in means)]]:
            if len(tables[-1]) > len(left) and _width([*tables[-1], column]) > WIDTH:
                tables.append(list(left))
            tables[-1].append(column)
        return [[list(row) for row in zip(*table, strict=True)] for table in tables]

    def _head(self) -> str:
        seeds = len({run.seed for run in self.runs})
        settings = len(self.means())
        head = f"Sweep: {_count(settings, 'setting')}, {_count(seeds, 'seed')}"
        constant = {key: value for key, value in (self.runs[0].setting if self.runs else {}).items()}
        varied = _varied([run.setting for run in self.runs])
        always = ", ".join(f"{key}={_cut(said(value))}" for key, value in constant.items() if key not in varied)
        head += f"; {always}" if always and varied else ""
        return head + (f"; {self.stopped}" if self.stopped else "")

    def _notes(self) -> list[str]:
        failed = self.failed
        lines = [f"failed: {run.name}: {run.error}" for run in failed[:NAMED]]
        return lines + ([f"failed: {len(failed) - NAMED} more"] if len(failed) > NAMED else [])

    def __repr__(self) -> str:
        import textwrap

        lines = textwrap.wrap(self._head(), WIDTH)
        for table in self._tables() if self.runs else []:
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            lines += ["  ".join(f"{c:>{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in table]
        for note in self._notes():
            lines += textwrap.wrap(note, WIDTH, subsequent_indent="  ")
        return fitting("\n".join(lines))

    def _repr_html_(self) -> str:
        """The same as tables, for Jupyter."""
        from html import escape

        out = [f"<p>{escape(self._head())}</p>"]
        for head, *rows in self._tables() if self.runs else []:
            lines = ["".join(f"<th>{escape(cell)}</th>" for cell in head)]
            lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
            out.append(f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>")
        return "".join([*out, *(f"<p>{escape(note)}</p>" for note in self._notes())])


def said(value: Any) -> str:
    """A value of a setting in words: of a function or a class its name."""
    if isinstance(value, str):
        return value
    name = getattr(value, "__name__", None)
    return name if callable(value) and isinstance(name, str) else repr(value)


def _mean(values: Sequence[float]) -> Mean:
    if not all(map(math.isfinite, values)):
        total = sum(values)
        return Mean(total if not math.isfinite(total) else math.nan, math.nan if len(values) > 1 else None, len(values))
    return Mean(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None, len(values))


def _shown(mean: Mean | None, most: int) -> str:
    if mean is None:
        return "failed"
    text = f"{mean.mean:.4g}" if mean.spread is None else f"{mean.mean:.4g} ± {mean.spread:.2g}"
    return text if mean.runs == most else f"{text} ({mean.runs} of {most})"


def _varied(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The parameters that have several values, and these in order."""
    found: dict[str, dict[str, Any]] = {}
    for setting in settings:
        for key, value in setting.items():
            found.setdefault(key, {})[said(value)] = value
    return {
        key: list(values.values()) for key, values in found.items()
        if len(values) > 1 or any(key not in setting for setting in settings)
    }  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cut(text: str) -> str:
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _width(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + 2 * (len(columns) - 1)


def _new(figure: Any, path: Any) -> Any:
    pyplot = sys.modules.get("matplotlib.pyplot") if path is None else None
    made = (pyplot.figure if pyplot else figure)(figsize=(6.4, 4.2), layout="constrained")
    made._ipython_display_ = partial(show_once, made)
    return made
