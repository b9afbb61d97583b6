"""The slope of a function of one number, from its values alone.

``over_five_points`` is one difference over one step. ``slope`` also estimates its own error and finds kinks: central
differences over steps that halve, extrapolated to step 0 (Ridders, *Accurate computation of F'(x)*, 1982). The same
values give the difference between the slopes on the two sides: (f(h) − 2f(0) + f(−h)) / h, which goes to 0 with h
where f is smooth, and to that difference where f has a kink.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

LARGEST = 1 / 16  # the first step; where a function is less smooth than that, the steps that follow find it
LEVELS = 36
COLUMNS = 5  # of the tableau: long steps, which may reach over something, do not stay in it for ever


class Slope(NamedTuple):
    """What differences say: the slope, its error, the slopes on the two sides, and what was found there.

    ``kind`` is ``""`` where the function is smooth, ``"kink"`` where its slopes differ, ``"jump"`` where its values do,
    ``"edge"`` where it is not finite on one side however short the step.
    """

    value: float
    error: float
    left: float
    right: float
    kind: str


@dataclass
class Limit:
    """A sequence over halving steps, extrapolated: its error falls like the powers first, first + 2, … of the step."""

    first: int
    row: list[float] = field(default_factory=list)

    def add(self, value: float) -> tuple[float, float]:
        """The limit and its error after one more value."""
        row, best = [value], (value, np.inf)
        for m, before in enumerate(self.row[:COLUMNS]):
            better = row[m] + (row[m] - before) / (2.0 ** (self.first + 2 * m) - 1)
            error = max(abs(better - row[m]), abs(better - before))
            row.append(better)
            best = min(best, (better, error), key=lambda pair: pair[1])
        self.row = row
        return best


class _Level(NamedTuple):
    step: float
    value: float
    error: float
    gap: float
    gap_error: float
    across: float
    size: float  # of the slopes, here and with the steps just before

    @property
    def sharp(self) -> bool:
        """Whether the slopes on the two sides differ, seen with this step."""
        return abs(self.gap) > max(10 * self.gap_error, 1e-5 * self.size)


def over_five_points(f: Callable[[float], Any], step: float) -> Any:
    """The slope of ``f``, a number or an array, at 0 over one step: its error is of the fourth order in the step.

    >>> over_five_points(lambda t: (1 + t) ** 4, 0.5)
    4.0
    """
    far_below, below, above, far_above = (1.0 * f(k * step) for k in (-2, -1, 1, 2))  # 1.0: integers wrap
    return (8 * (above - below) - (far_above - far_below)) / (12 * step)


def slope(f: Callable[[float], Any], noise: float = 0.0, largest: float = LARGEST, patient: bool = False) -> Slope:
    """The slope of ``f`` at 0.

    ``noise`` is what rounding does to a value of ``f``. A step for which ``f`` is not finite or raises is left out.
    ``patient`` goes on to the shortest steps that rounding allows, and prefers them: nothing that a long step reaches
    over is taken for the slope.

    >>> import numpy as np
    >>> found = slope(lambda t: np.exp(1 + t), noise=1e-16)
    >>> abs(found.value - np.e) < 1e-10, found.kind
    (True, '')
    >>> found = slope(abs)
    >>> found.left, found.right, found.kind
    (-1.0, 1.0, 'kink')
    """
    at = _value(f, 0.0)
    centre, gap = Limit(2), Limit(1)
    levels: list[_Level] = []
    edges = 0
    for k in range(LEVELS):
        h = largest * 0.5**k
        above, below = _value(f, h), _value(f, -h)
        if not np.isfinite(above - below):
            centre, gap, edges = Limit(2), Limit(1), edges + bool(np.isfinite(above) or np.isfinite(below))
            continue
        rounding = noise / h
        value, error = centre.add((above - below) / (2 * h))
        difference, its_error = gap.add((above - 2 * at + below) / h)
        sizes = [abs(value) + abs(difference)] + [abs(near.value) + abs(near.gap) for near in levels[-COLUMNS:]]
        level = _Level(h, value, error + rounding, difference, its_error + 4 * rounding, above - below, max(sizes))
        levels.append(level)
        if len(levels) < 3:
            continue
        lost = rounding > 1e-4 * level.size
        if lost or (level.error <= max(1e-10 * abs(value), 8 * rounding) and not level.sharp and not patient):
            break
    if not levels or edges > LEVELS // 2:
        return Slope(np.nan, np.inf, np.nan, np.nan, "edge")
    return _chosen(levels, noise, patient)


def _chosen(levels: list[_Level], noise: float, patient: bool) -> Slope:
    best = _steady(levels)
    last = [abs(level.across) for level in levels[-4:]]
    if len(levels) > 8 and best.error > 0.05 * best.size and min(last) > max(100 * noise, 0.99 * max(last)):
        return Slope(best.value, np.inf, -np.inf, np.inf, "jump")
    if patient:  # the shortest step that is exact enough
        best = [level for level in levels if level.error <= max(1e-8 * level.size, 10 * best.error)][-1]
    known = [level for level in levels if level.gap_error <= 1e-2 * level.size]
    if known and known[-1].sharp:
        side = min((level for level in levels if level.sharp), key=lambda level: level.error + level.gap_error)
        half = side.gap / 2
        return Slope(side.value, side.error + side.gap_error, side.value - half, side.value + half, "kink")
    return Slope(best.value, best.error, best.value, best.value, "")


def _steady(levels: list[_Level]) -> _Level:
    """The most exact of the levels that every shorter step confirms: two long ones may agree by chance."""
    best = levels[-1]
    for k in range(len(levels) - 2, -1, -1):
        level = levels[k]
        if level.error < best.error and all(
            abs(level.value - other.value) <= 10 * (level.error + other.error) for other in levels[k + 1 :]
        ):
            best = level
    return best


def _value(f: Callable[[float], Any], t: float) -> float:
    """The value of ``f``, NaN where it refuses such inputs."""
    try:
        with np.errstate(all="ignore"):
            return float(f(t))
    except (ArithmeticError, ValueError, RuntimeError):  # outside its domain; at 0 the caller has called it before
        return np.nan
