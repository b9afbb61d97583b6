"""Data read at a wrong place: windows of an input that has no gradient, one place off or as if the stride were 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .boxes import elsewhere
from .edges import Edge, edges, replaced
from .forwards import rerun
from .tape import Change, Gradient, Rule, Step, Tape, bilinear, groups, places


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
        if bilinear(edge.step) and len(edge.step.call.values) == 2:
            view = view_of(edge.step.call.values[1 - edge.operand])
            if view is not None:
                found.append((edge, view))
    for some in groups(found, lambda pair: (pair[0].operand, pair[0].step.call.site)):
        where = places(edge.step for edge, _ in some)
        for kind, text, starts in elsewhere([view.starts for _, view in some]):
            values = [view.at(start) for (_, view), start in zip(some, starts, strict=True)]
            if all(value is not None for value in values):
                rules = {e.step.node: _with(e, v) for (e, _), v in zip(some, values, strict=True)}
                said = f"The windows that are read{where} are read {text} in the backward."
                if _of_a_list([view for _, view in some], starts):
                    kind, said = (
                        "wrong factor",
                        f"In the backward{where} another array of the same list is multiplied by, the one {text}.",
                    )
                yield Change(kind, said, rules)


def _of_a_list(views: list[View], starts: list[tuple[int, ...]]) -> bool:
    """Whether one array of several that stand in a list is taken for another: no window that a loop moves on."""
    if len({view.starts for view in views}) > 1:
        return False
    moved = [axis for axis, (a, b) in enumerate(zip(views[0].starts, starts[0], strict=True)) if a != b]
    return all(views[0].whole.strides[axis] not in views[0].part.strides for axis in moved)


def _with(edge: Edge, value: Any) -> Rule:
    """The rule of a product with another value for the other operand."""

    def gradient(step: Step, g: Gradient) -> Gradient:
        values = list(step.call.values)
        values[1 - edge.operand] = value
        return rerun(step, values).pull(g)[edge.operand]

    return replaced(edge, gradient)
