"""Tables of numbers in text: one row a line, commas between."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.errors import DataFileError


def read_table(name: Any, lines: Iterable[str], columns: int) -> Any:
    """The rows as float64 (n, ``columns``); empty lines are left out. ``name`` is the file, for the errors.

    Raises ``DataFileError`` for a row of another length or with a text that is no finite number.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != columns:
            raise DataFileError(
                f"{name}, line {number}: expected {columns} numbers, found {len(cells)}: {line.strip()[:60]!r}"
            )
        rows.append([_number(name, number, cell) for cell in cells])
    if not rows:
        raise DataFileError(f"{name}: expected rows of {columns} numbers, found none")
    return np.array(rows)


def _number(name: Any, line: int, cell: str) -> float:
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan  # Python's numbers are of more kinds
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataFileError(f"{name}, line {line}: expected a number, found {cell.strip()[:60]!r}")
    return value


def split_labels(name: Any, table: Any, classes: int) -> tuple[Any, Any]:
    """The features, and the last column as int64 labels in 0 to ``classes`` − 1. Raises ``DataFileError``."""
    labels = table[:, -1]
    wrong = (labels != np.floor(labels)) | (labels < 0) | (labels >= classes)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataFileError(f"{name}: expected labels in 0 to {classes - 1}, found {labels[row]} in row {row}")
    return np.ascontiguousarray(table[:, :-1]), labels.astype(np.int64)
