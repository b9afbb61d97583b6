"""Data read at a wrong place: windows of an input that has no gradient, one place off or as if the stride were 1."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from .edges import Edge, edges, replaced
from .matrices import of_other, with_other
from .products import by
from .tape import Change, Tape, groups, places


class View(NamedTuple):
    """A part of an array of data: where it starts, and along which axes of the whole it runs."""

    whole: Any
    part: Any
    starts: tuple[int, ...]

    def at(self, starts: tuple[int, ...]) -> Any:
        """The part of the same form that starts elsewhere; None where it would reach over the end."""
        last = sum(n * (size - 1) for n, size in zip(self.part.strides, self.part.shape, strict=True))
        offset = sum(n * s for n, s in zip(starts, self.whole.strides, strict=True))
        if offset < 0 or offset + last + self.whole.itemsize > self.whole.nbytes:
            return None
        flat = self.whole.reshape(-1)[offset // self.whole.itemsize :]
        return np.lib.stride_tricks.as_strided(flat, self.part.shape, self.part.strides, writeable=False)


def view_of(part: Any) -> View | None:
    """What a part of an array of data is a part of; None where it is a copy, or the whole."""
    whole = part
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    if whole is part or not whole.flags.c_contiguous or whole.dtype != part.dtype or not part.size:
        return None
    offset = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return View(whole, part, tuple(int(i) for i in np.unravel_index(offset // whole.itemsize, whole.shape)))


def windows_of_data(tape: Tape) -> Iterator[Change]:
    """Products with windows of data, in every place of a loop at once."""
    found: list[tuple[Edge, View]] = []
    for edge in edges(tape):
        if edge.step.name in ("mul", "matmul") and len(edge.step.call.values) == 2:
            view = view_of(edge.step.call.values[1 - edge.operand])
            if view is not None:
                found.append((edge, view))
    for some in groups(found, lambda pair: (pair[0].operand, pair[0].step.call.site)):
        where = places(edge.step for edge, _ in some)
        for kind, text, starts in _elsewhere([view for _, view in some]):
            values = [view.at(start) for (_, view), start in zip(some, starts, strict=True)]
            if all(value is not None for value in values):
                rules = {e.step.node: _with(e, v) for (e, _), v in zip(some, values, strict=True)}
                yield Change(kind, f"The windows that are read{where} are read {text} in the backward.", rules)


def _with(edge: Edge, value: Any) -> Any:
    return replaced(edge, by(value) if edge.step.name == "mul" else with_other(edge, of_other(value)))


def _elsewhere(views: list[View]) -> Iterator[tuple[str, str, list[tuple[int, ...]]]]:
    starts = [view.starts for view in views]
    if len({len(start) for start in starts}) > 1:
        return
    for axis in range(len(starts[0])):
        for step in (1, -1):
            moved = [(*start[:axis], max(start[axis] + step, 0), *start[axis + 1 :]) for start in starts]
            yield "shifted", f"{step} place further along axis {axis}", moved
    for one, other in combinations(range(len(starts[0])), 2):
        if len({s[one] for s in starts}) > 1 and {s[one] for s in starts} == {s[other] for s in starts}:
            moved = [tuple(s[{one: other, other: one}.get(a, a)] for a in range(len(s))) for s in starts]
            yield "transposed", f"at (j, i) where (i, j) is meant, along axes {one} and {other}", moved
    strides = [_common([start[axis] for start in starts]) for axis in range(len(starts[0]))]
    if any(n > 1 for n in strides):
        moved = [tuple(s // n for s, n in zip(start, strides, strict=True)) for start in starts]
        yield "stride ignored", "as if the stride were 1", moved


def _common(starts: list[int]) -> int:
    places_read = sorted(set(starts))
    return gcd(*(b - a for a, b in pairwise(places_read))) if len(places_read) > 1 else 1
