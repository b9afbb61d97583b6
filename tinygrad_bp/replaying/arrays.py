"""The arrays of a page: each once, small ones with every digit, large ones as a few elements and a histogram."""

from __future__ import annotations

from typing import Any

import numpy as np

from .numbers import SMALL, full, short, shown, summary

ROWS, COLUMNS = 12, 24  # of the picture of a large array
BARS = 16  # of its histogram
LEVELS = "abcdefghi"  # from the most negative to the most positive; e is 0
SAME = 4096  # elements up to which two arrays are found to be equal


class Arrays:
    """The arrays that a page shows, as its script reads them, by number."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._numbers: dict[Any, int] = {}
        self._kept: list[Any] = []  # an id means its array only as long as that lives

    def add(self, value: Any) -> int:
        """The number of an array (or of a Python number); equal ones have one number."""
        array = np.asarray(value)
        key: Any = id(array)
        if array.size <= SAME and array.dtype.kind in "biufc":
            key = array.shape, array.dtype, array.tobytes()
        if key not in self._numbers:
            self._kept.append(array)
            self._numbers[key] = len(self.entries)
            self.entries.append(_entry(array))
        return self._numbers[key]


def _entry(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"shape": array.shape, "dtype": str(array.dtype)}
    if array.dtype.kind not in "biufc":
        return entry | {"said": shown(f"{array!r:.60}")}
    rows = array.reshape(-1, array.shape[-1] if array.ndim else 1) if array.size else array.reshape(0, 0)
    down, across = (range(0, n, max(1, -(-n // most))) for n, most in zip(rows.shape, (ROWS, COLUMNS), strict=True))
    if array.size <= SMALL:
        items = array.ravel().tolist()
        entry |= {"cells": [short(item) for item in items], "full": [full(item) for item in items]}
        down, across = range(rows.shape[0]), range(rows.shape[1])
    entry |= {"levels": _levels(rows, rows[down][:, across]), "rows": len(down), "columns": len(across)}
    if array.size > SMALL:
        entry |= {"said": summary(array), "bars": _bars(array)}
    return entry


def _levels(whole: Any, seen: Any) -> str:
    """A letter for each element that is seen: how large it is beside the largest of all."""
    if whole.dtype.kind == "c":
        whole, seen = np.abs(whole), np.abs(seen)
    whole, seen = whole.astype(np.float64), seen.astype(np.float64).ravel()
    finite = np.abs(whole[np.isfinite(whole)])
    largest = finite.max() if finite.size else 0.0
    signed = np.where(np.isinf(seen), np.sign(seen), np.nan_to_num(seen) / (largest or 1.0))
    steps = np.clip(np.sign(signed) * np.ceil(np.abs(signed) * 4 - 1e-9), -4, 4).astype(int) + 4
    return "".join("n" if bad else LEVELS[step] for bad, step in zip(np.isnan(seen), steps.tolist(), strict=True))


def _bars(array: Any) -> list[int]:
    """How many elements lie in each of equal parts between the least and the greatest; none where all are equal."""
    numbers = (np.abs(array) if array.dtype.kind == "c" else array).astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size or finite.min() == finite.max() or not np.isfinite(finite.max() - finite.min()):
        return []
    counts, _ = np.histogram(finite, bins=BARS)
    return [int(count) for count in counts]
