"""A line search: a step after which the loss is lower and the slope along the line flatter, by enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Point(NamedTuple):
    """Where a step of length ``t`` along the line leads: the loss, its gradient, and its slope along the line."""

    t: Any
    loss: float
    grad: Any
    slope: Any


def strong_wolfe(
    at: Callable[[Any], Point], start: Point, t: Any, reach: Any, *, tries: int, tolerance_change: float = 1e-9,
    c1: float = 1e-4, c2: float = 0.9,
) -> tuple[Point, int]:  # fmt: skip
    """The point after a step that fulfils the strong Wolfe conditions, from ``start``, and how often ``at`` was asked.

    ``t`` is the first guess, ``reach`` the largest component of the direction; after ``tries`` further points the best
    so far. Source: Nocedal and Wright, *Numerical Optimization*, algorithms 3.5 and 3.6, with PyTorch's safeguards.
    """

    def high(point: Point) -> bool:
        return bool(point.loss > start.loss + c1 * point.t * start.slope)

    def flat(point: Point) -> bool:
        return bool(abs(point.slope) <= -c2 * start.slope)

    last, point, done = start, at(t), 0
    while done < tries:  # further and further, until the minimum is behind
        if high(point) or (done > 1 and point.loss >= last.loss):
            ends = [last, point]
            break
        if flat(point):
            return point, done + 1
        if point.slope >= 0:
            ends = [last, point]
            break
        further = cubic_minimum(last, point, point.t + 0.01 * (point.t - last.t), point.t * 10)
        last, point, done = point, at(further), done + 1
    else:
        ends = [start, point]
    low = 0 if ends[0].loss <= ends[1].loss else 1
    stuck = False
    while done < tries and not abs(ends[1].t - ends[0].t) * reach < tolerance_change:
        first, second = sorted((ends[0].t, ends[1].t))
        t = cubic_minimum(ends[0], ends[1], first, second)
        margin = 0.1 * (second - first)
        close = min(second - t, t - first) < margin
        if close and (stuck or t >= second or t <= first):  # away from the end, or there is no progress
            t = second - margin if abs(t - second) < abs(t - first) else first + margin
            close = False
        stuck = close
        point, done = at(t), done + 1
        if high(point) or point.loss >= ends[low].loss:
            ends[1 - low] = point
            low = 0 if ends[0].loss <= ends[1].loss else 1
            continue
        if flat(point):
            return point, done + 1
        if point.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = point
    return ends[low], done + 1


def cubic_minimum(a: Point, b: Point, low: Any, high: Any) -> Any:
    """Where the cubic through two points with those slopes is lowest, within [low, high]; its middle where nowhere."""
    with np.errstate(all="ignore"):
        d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
        square = d1**2 - a.slope * b.slope
        if not square >= 0:
            return (low + high) / 2.0
        d2 = np.sqrt(square)
        left, right = (a, b) if a.t <= b.t else (b, a)
        part = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
        return min(max(right.t - (right.t - left.t) * part, low), high)
