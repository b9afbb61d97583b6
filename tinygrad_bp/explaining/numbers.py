"""Arrays in a few lines: all of a small one, of a large one what it is like."""

from __future__ import annotations

from typing import Any

import numpy as np

SMALL = 20  # elements that are all shown


def one_line(value: Any) -> str:
    """A number, or a small array in one line.

    >>> one_line(np.float32(0.25)), one_line(np.array([1.0, -2.0]))
    ('0.25', '[1, −2]')
    """
    return " ".join(lines_of(value, 10_000)).replace("[ ", "[")


def lines_of(value: Any, width: int) -> list[str]:
    """An array, or the text that says why there is none, in lines of ``width`` signs.

    >>> lines_of(np.zeros((10, 10)), 60)
    ['all 100 are 0']
    >>> lines_of(np.arange(100.0), 60)
    ['100 numbers from 0 to 99, norm 573, 1 of them 0']
    """
    if isinstance(value, str):
        return [f"({value})"]
    array = np.asarray(value)
    if array.size == 0:
        return ["(empty)"]
    if array.size <= SMALL:
        return np.array2string(
            array, max_line_width=max(width, 20), separator=", ", formatter={"all": _short}, threshold=SMALL + 1
        ).split("\n")
    if array.dtype.kind == "b":
        return [f"{int(array.sum())} of {array.size} are True"]
    first = array.flat[0]
    if (array == first).all():
        return [f"all {array.size} are {_short(first)}"]
    if array.dtype.kind == "c":
        return [f"{array.size} numbers, norm {_short(np.linalg.norm(array))}"]
    wrong = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
    finite = array[np.isfinite(array)] if wrong else array
    if not finite.size:
        return [f"none of {array.size} is finite"]
    with np.errstate(over="ignore"):
        norm = np.sqrt(np.sum(np.square(finite.astype(float))))
    parts = [f"{array.size} numbers from {_short(finite.min())} to {_short(finite.max())}", f"norm {_short(norm)}"]
    zeros = int((array == 0).sum())
    parts += [f"{zeros} of them 0"] if zeros else []
    return [", ".join([*parts, *([f"{wrong} not finite"] if wrong else [])])]


def _short(value: Any) -> str:
    kind = np.asarray(value).dtype.kind
    written = f"{value:.4g}" if kind in "fc" else str(value)
    return written.replace("-", "−").replace("inf", "∞").replace("nan", "NaN").replace("j", "i" if kind == "c" else "j")
