"""Numbers as they are shown: short, a few of many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SMALL = 36  # elements of an array that are all shown
FEW = 2  # elements that are shown although all are one number


def shown(text: str) -> str:
    """Any text as it can be printed: what has no sign of its own, or changes how others are written, is escaped.

    >>> shown("a\\u202eb\\n")
    'a\\\\u202eb\\\\n'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


def short(value: Any) -> str:
    """A number in about five signs, such as ``0.25``, ``-1.234e-05``, ``nan``, ``2+0.5j``, ``True``.

    >>> short(1 / 3), short(2.0), short(7), short(1e-9), short(float("-inf"))
    ('0.3333', '2', '7', '1e-09', '-inf')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (complex, np.complexfloating)):
        imag = short(value.imag)
        return f"{short(value.real)}{'' if imag[0] in '-' else '+'}{imag}j"
    if isinstance(value, (int, np.integer)):
        return str(int(value)) if abs(int(value)) < 10**9 else f"{int(value):.3e}"
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.4g}"
    return text if float(text) or not value else f"{value:.4e}"


def full(value: Any) -> str:
    """A number with all the digits that it has."""
    return str(value.item() if isinstance(value, np.generic) else value)


def lines(value: Any, width: int, most: int = 4) -> list[str]:
    """An array, a number, or a text that says why there is none, in a few lines of ``width`` characters.

    >>> lines(np.array([[1.0, 2.0], [3.0, 0.25]]), 40)
    ['[[   1,    2]', ' [   3, 0.25]]']
    >>> lines(np.zeros((100, 100)), 60)
    ['(100, 100): all 10000 are 0']
    """
    if isinstance(value, str):
        return [value]
    array = np.asarray(value)
    if not array.ndim:
        return [short(array[()])]
    if array.size <= SMALL:
        cells = [short(item) for item in array.ravel().tolist()]
        if array.size > FEW and len(set(cells)) == 1:
            return [f"{array.size} × {cells[0]}"]
        across = max(map(len, cells), default=0)
        rows = _nested([cell.rjust(across) for cell in cells], array.shape)
        if len(rows) <= most and all(len(row) <= width for row in rows):
            return rows
    return [summary(array)]


def _nested(cells: list[str], shape: tuple[int, ...]) -> list[str]:
    """Cells between brackets, a line for each row."""
    if len(shape) == 1:
        return [f"[{', '.join(cells)}]"]
    each = len(cells) // shape[0] if shape[0] else 0
    rows = [row for i in range(shape[0]) for row in _nested(cells[i * each : (i + 1) * each], shape[1:])] or [""]
    return [f"{' ' if i else '['}{row}{']' if i == len(rows) - 1 else ''}" for i, row in enumerate(rows)]


def summary(array: np.ndarray[Any, Any]) -> str:
    """An array in one line: its shape, and between which numbers its elements lie.

    >>> summary(np.arange(100.0))
    '(100,): 0 … 99, mean 49.5, 1 of 100 are 0'
    """
    shape = f"({', '.join(map(str, array.shape))}{',' if array.ndim == 1 else ''})"
    if not array.size:
        return f"{shape}: empty"
    if array.dtype.kind not in "biufc":
        return f"{shape}: {array.dtype}"
    if array.dtype.kind == "c":
        return f"{shape}: complex, |z| up to {short(np.abs(array).max())}"
    if array.dtype.kind == "b":
        return f"{shape}: {np.count_nonzero(array)} of {array.size} are True"
    array = array.astype(np.float64)
    finite = array[np.isfinite(array)]
    others = [
        f"{count} {name}"
        for name, count in (("nan", np.isnan(array).sum()), ("inf", np.isinf(array).sum()))
        if count
    ]  # fmt: skip
    if not finite.size:
        return f"{shape}: {', '.join(others)}"
    least, most = finite.min(), finite.max()
    if least == most and not others:
        return f"{shape}: all {array.size} are {short(least)}"
    zeros = array.size - np.count_nonzero(array)
    others += [f"{zeros} of {array.size} are 0"] if zeros else []
    mean = short(finite.mean())
    return f"{shape}: {short(least)} … {short(most)}, mean {mean}" + "".join(f", {other}" for other in others)
