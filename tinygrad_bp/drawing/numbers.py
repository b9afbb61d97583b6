"""Arrays in few words: numbers where they are few, else a map of colours or a histogram; what is no number, by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd.elsewhere import hosted
from .known import NOT_COMPUTED

FEW, ROWS = 16, 5  # elements that are written as numbers, and in how many rows
WIDE, HIGH = 12, 8  # cells of a map
BARS = 14  # of a histogram
NONE = "None"
# Colours from blue (below 0) through white (0) to orange (above 0), which colour-blind readers tell apart.
BELOW, ABOVE, ZERO, NAN, INF = (0, 114, 178), (230, 126, 0), "#ffffff", "#000000", "#cc79a7"
BLOCKS = " ▁▂▃▄▅▆▇█"


class Shown(NamedTuple):
    """How an array is shown: ``state`` is "numbers", "zero", "none", "not computed", "unknown" or "large"."""

    state: str
    text: str  # its numbers, or what is said of it in one line
    cells: list[list[str]] = []  # noqa: RUF012  colours of a map, row by row
    bars: list[float] = []  # noqa: RUF012  of a histogram, from 0 to 1
    special: tuple[str, ...] = ()  # "NaN" and "inf", where the array has them


def shown(value: Any, few: int = FEW, width: int = 42) -> Shown:
    """How a value or a gradient is shown; None is no gradient at all.

    >>> import numpy as np
    >>> shown(None).text, shown("not computed").state, shown(np.zeros(2)).state, shown(np.array([1.0, np.nan])).special
    ('None', 'not computed', 'zero', ('NaN',))
    """
    if value is None:
        return Shown("none", NONE)
    if isinstance(value, str):
        return Shown("not computed" if value == NOT_COMPUTED else "unknown", value)
    array = np.asarray(hosted(value))
    special = _special(array)
    rows = len(array) if array.ndim == 2 else array.size // max(1, array.shape[-1]) if array.ndim > 2 else 1
    if array.size <= few and rows <= ROWS:
        text = np.array2string(array, max_line_width=width, precision=3, threshold=few)
        zero = bool(array.size) and not array.any()
        return Shown("zero" if zero else "numbers", text, special=special)
    text = _range(array, special)
    numbers = _real(array)
    if not array.any():
        return Shown("zero", "all 0")
    if array.ndim <= 2 or array.size == max(array.shape):
        rows = numbers if array.ndim == 2 and min(array.shape) > 1 else numbers.reshape(1, -1)  # a vector is a strip
        return Shown("large", text, cells=_map(rows), special=special)
    return Shown("large", text, bars=_histogram(numbers), special=special)


def _real(array: Any) -> Any:
    """As float64; of complex numbers how large they are."""
    numbers = np.abs(array) if array.dtype.kind == "c" else array
    with np.errstate(all="ignore"):
        return numbers.astype(np.float64)


def _special(array: Any) -> tuple[str, ...]:
    if array.dtype.kind not in "fc":
        return ()
    found = []
    nans, infs = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    if nans:
        found.append("NaN")
    if infs:
        found.append("inf")
    return tuple(found)


def _range(array: Any, special: tuple[str, ...]) -> str:
    """``from -1.2 to 3.4``, and what is no number."""
    numbers = _real(array)
    finite = numbers[np.isfinite(numbers)]
    parts = []
    if finite.size:
        what = "size " if array.dtype.kind == "c" else ""
        parts.append(f"{what}{finite.min():.3g} to {finite.max():.3g}")
    for name, test in (("NaN", np.isnan), ("inf", np.isinf)):
        if name in special:
            parts.append(f"{int(test(array).sum()):,} {name}")
    return ", ".join(parts)


def _map(numbers: Any) -> list[list[str]]:
    """A colour for each element, or for each block of a large array."""
    rows = np.array_split(numbers, min(HIGH, len(numbers)))
    blocks = [np.array_split(row, min(WIDE, row.shape[1]), axis=1) for row in rows]
    means = np.array([[_mean(block) for block in row] for row in blocks])
    finite = means[np.isfinite(means)]
    most = float(np.abs(finite).max()) if finite.size else 0.0
    return [[_colour(mean, most) for mean in row] for row in means.tolist()]


def _mean(block: Any) -> float:
    """The mean of a block; NaN or inf where one is in it."""
    if np.isnan(block).any():
        return float("nan")
    if np.isinf(block).any():
        return float("inf")
    largest = np.abs(block).max()
    return float((block / largest).mean() * largest) if largest else 0.0


def _colour(number: float, most: float) -> str:
    if number != number:
        return NAN
    if abs(number) == float("inf"):
        return INF
    if number == 0 or not most:
        return ZERO
    share = 0.15 + 0.85 * min(1.0, abs(number) / most)  # what is not 0 is never white
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in (BELOW if number < 0 else ABOVE))


def _histogram(numbers: Any) -> list[float]:
    """How many elements there are in each part of the range, the most as 1."""
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return []
    low, high = float(finite.min()), float(finite.max())
    scale = max(abs(low), abs(high)) or 1.0
    numbers = finite / scale
    # What differs in the last places alone leaves no room for the borders of the parts.
    apart = float(numbers.max() - numbers.min()) > 4 * BARS * float(np.finfo(numbers.dtype).eps)
    counts, _ = np.histogram(numbers, bins=BARS, range=None if apart else (-1, 1))
    return [float(count) for count in counts / counts.max()]


def sparks(bars: list[float]) -> str:
    """A histogram in one line of text."""
    return "".join(BLOCKS[0 if not bar else max(1, round(bar * 8))] for bar in bars)


def brief(value: Any) -> str:
    """A parameter in few letters: an index reads as it is written between brackets."""
    if isinstance(value, tuple):
        if value and all(type(item) in (int, tuple) for item in value):
            parts = {brief(item) for item in value}
            if len(value) > 1 and len(parts) == 1:
                return parts.pop()  # of a window: the same in every direction
        text = f"({', '.join(brief(item) for item in value)})"
    elif isinstance(value, slice):
        text = ":".join("" if part is None else str(part) for part in (value.start, value.stop, value.step))
        text = text.removesuffix(":") if value.step is None else text
    elif hasattr(value, "shape") and hasattr(value, "dtype"):
        text = f"array {value.shape}" if getattr(value, "size", 2) != 1 else str(value.item())
    elif isinstance(value, np.dtype):
        text = str(value)
    else:
        text = "..." if value is ... else repr(value)
        text = getattr(value, "__name__", "…") if " at 0x" in text else text  # an address says nothing
    return text if len(text) <= 32 else text[:31] + "…"
