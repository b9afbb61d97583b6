"""The figures of a training, epoch by epoch."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.terminal import fitting

MONITORS = ("loss", "accuracy", "val_loss", "val_accuracy")
COLUMNS = (*MONITORS, "lr", "seconds")
SHOWN = 5  # epochs in a repr
# Okabe and Ito's colours, which stay apart for colour-blind readers.
BLUE, RED, BLACK = "#0072B2", "#D55E00", "#000000"


class Figures(NamedTuple):
    """What a model is measured by on a set of data; ``History`` says how."""

    loss: float
    accuracy: float | None


class History:
    """What ``fit`` returns: lists with one entry an epoch.

    ``loss``          mean over the epoch of what the loss returned, weighted by the size of the batch
    ``accuracy``      share of the rows that are right, from 0 to 1; None where the loss has no accuracy
    ``val_loss``      the same two over the validation data, in eval mode after the epoch; None without such data
    ``val_accuracy``
    ``lr``            the learning rate with which the epoch began (of the first parameter group)
    ``seconds``       the epoch's wall time, validation included

    ``loss`` and ``accuracy`` are running figures: they come from the forward passes of the training, in train mode, and
    so from weights that change from batch to batch. ``evaluate`` gives the figures of one set of weights.
    ``stopped`` is empty, or says what ended the training early.

    Which accuracy: for ``CrossEntropyLoss`` and every other loss of scores (rows, classes) against class indices
    (rows,), the share of rows whose largest score is that of their class (one-hot and probability rows count by their
    largest entry, rows of ``ignore_index`` do not count); for ``BCEWithLogitsLoss`` the share of labels on whose side
    of 0 the score lies, for ``BCELoss`` of 0.5; ``MSELoss`` as ``BCELoss`` where all targets are 0 or 1, by the
    largest entry where they are one-hot rows. A regression has none.
    """

    def __init__(self, loss_name: str = "loss") -> None:
        self.loss: list[float] = []
        self.accuracy: list[float | None] = []
        self.val_loss: list[float | None] = []
        self.val_accuracy: list[float | None] = []
        self.lr: list[float] = []
        self.seconds: list[float] = []
        self.loss_name: str = loss_name
        self.stopped: str = ""

    def __len__(self) -> int:
        return len(self.loss)

    def append(self, trained: Figures, validated: Figures | None, lr: float, seconds: float) -> None:
        """Add an epoch; an interrupt leaves no half of one."""
        epochs = len(self)
        try:
            for name, figure in zip(COLUMNS, (*trained, *(validated or (None, None)), lr, seconds), strict=True):
                getattr(self, name).append(figure)
        except BaseException:
            for name in COLUMNS:
                del getattr(self, name)[epochs:]
            raise

    def state_dict(self) -> dict[str, Any]:
        """Every figure, and what ended the training early."""
        return {**{name: list(getattr(self, name)) for name in COLUMNS}, "stopped": self.stopped}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Have the figures that ``state_dict`` gave, in the place of those here."""
        for name in COLUMNS:
            getattr(self, name)[:] = state_dict[name]
        self.stopped = state_dict["stopped"]

    @property
    def best(self) -> int:
        """The place of the epoch with the lowest ``val_loss`` (without validation data: ``loss``), the first of equals.

        ``ArgumentError`` where there is no epoch.
        """
        if not self.loss:
            raise ArgumentError("best: the history has no epoch")
        values: list[Any] = self.loss if None in self.val_loss else self.val_loss
        return values.index(min(values))

    # ------------------------------------------------------------------ out

    def _rows(self) -> list[list[Any]]:
        """A row an epoch, counted from 1."""
        lists = (getattr(self, name) for name in COLUMNS)
        return [list(row) for row in zip(range(1, len(self) + 1), *lists)]

    def to_csv(self, path: str | Path) -> None:
        """Write a line an epoch under a head; floats in full, an empty field where there is no figure."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *COLUMNS])
            writer.writerows(self._rows())

    def plot(self, path: str | Path | None = None, *, ax: Any = None) -> Any:
        """Draw loss, accuracy (in percent) and, where it changes, learning rate over the epochs.

        Returns the matplotlib ``Figure``, which Jupyter shows; ``path`` saves it, in the format of its suffix. Where
        ``matplotlib.pyplot`` is imported and nothing is saved, ``plt.show()`` shows it. ``ax``, an ``Axes`` or
        several of one figure, is drawn into and returned instead: the loss into the first, and so on as far as they
        go. Needs matplotlib.
        """
        try:
            from matplotlib.figure import Figure
            from matplotlib.ticker import MaxNLocator
        except ImportError as error:
            raise ImportError('History.plot needs matplotlib: pip install "tinygrad_bp[demos]"') from error
        if not self.loss:
            raise ArgumentError("plot: the history has no epoch to draw")

        panels: list[tuple[str, list[tuple[str, list[Any], str]]]] = [
            (f"{self.loss_name}, mean", [("training", self.loss, BLUE), ("validation", self.val_loss, RED)])
        ]
        percent = [[None if a is None else 100 * a for a in values] for values in (self.accuracy, self.val_accuracy)]
        if any(a is not None for values in percent for a in values):
            panels.append(("accuracy (%)", [("training", percent[0], BLUE), ("validation", percent[1], RED)]))
        if len(set(self.lr)) > 1:
            panels.append(("learning rate", [("", self.lr, BLACK)]))

        if ax is None:
            pyplot = sys.modules.get("matplotlib.pyplot") if path is None else None
            made: Any = pyplot.figure if pyplot else Figure
            figure = made(figsize=(1 + 3.6 * len(panels), 3.4), layout="constrained")
            figure._ipython_display_ = partial(show_once, figure)
            places = list(figure.subplots(1, len(panels), squeeze=False)[0])
        else:
            places = list(np.ravel(np.asarray(ax, object)))
            figure = places[0].figure
        epochs = range(1, len(self) + 1)
        for axes, (label, lines) in zip(places, panels):
            for name, values, colour in lines:
                if any(value is not None for value in values):
                    points = [float("nan") if value is None else value for value in values]
                    marker = "o" if len(self) <= 30 else ""
                    axes.plot(epochs, points, color=colour, label=name, linewidth=1.6, marker=marker, markersize=3.5)
            axes.set_xlabel("epoch", fontsize=11)
            axes.set_ylabel(label, fontsize=11)
            axes.tick_params(labelsize=10)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.25)
            if len(axes.lines) > 1:
                axes.legend(frameon=False, fontsize=10)
        if path is not None:
            figure.savefig(path, dpi=150)
        return figure if ax is None else ax

    def line(self) -> str:
        """The last epoch in a line."""
        last = [(name, getattr(self, name)[-1]) for name in MONITORS]
        return ", ".join(f"{name} {_figure(name, value)}" for name, value in last if value is not None)

    def _table(self) -> list[list[str]]:
        """The last epochs, under a head; without the columns that have no figure."""
        shown = [i for i, name in enumerate(COLUMNS) if any(v is not None for v in getattr(self, name))]
        table = [["epoch", *(COLUMNS[i] for i in shown)]]
        if len(self) > SHOWN:
            table.append(["…", *("" for _ in shown)])
        for row in self._rows()[-SHOWN:]:
            table.append([str(row[0]), *(_figure(COLUMNS[i], row[i + 1]) for i in shown)])
        return table

    def _head(self) -> str:
        if not self.loss:
            return "History: no epoch" + (f"; stopped: {self.stopped}" if self.stopped else "")
        what = "loss" if None in self.val_loss else "val_loss"
        count = f"{len(self)} epoch{'s' if len(self) > 1 else ''}"
        head = f"History: {count}, {sum(self.seconds):.3g} s; lowest {what} {getattr(self, what)[self.best]:.4g}"
        return f"{head} in epoch {self.best + 1}" + (f"; stopped: {self.stopped}" if self.stopped else "")

    def __repr__(self) -> str:
        if not self.loss:
            return fitting(self._head())
        table = self._table()
        widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
        lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths)).rstrip() for line in table]
        return fitting("\n".join([self._head(), *lines]))

    def _repr_html_(self) -> str:
        """The same as a table, for Jupyter."""
        from html import escape

        head, *rows = self._table() if self.loss else [[]]
        lines = ["".join(f"<th>{name}</th>" for name in head)]
        lines += ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
        return f"<p>{escape(self._head())}</p><table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def show_once(figure: Any) -> None:
    """Show a figure in Jupyter, also where pyplot was never imported; where it was, it would show it once more."""
    from IPython.display import Image, display

    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=2 * figure.dpi)
    display(Image(data.getvalue(), width=int(figure.get_figwidth() * figure.dpi)))
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if name.endswith("accuracy") else f"{value:.4g}"
