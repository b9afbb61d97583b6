"""Places along an axis that take turns, as neighbours that were paired do, and blocks of them: one where the other is.

What ``x[:, ::2]`` and ``x[:, 1::2]`` have read goes back to every second place, and not to the halves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from .edit import Edit, Make, made
from .program import Hole, Step, Variant, fill

if TYPE_CHECKING:
    from .edits import Edits

MOST = 4  # that take turns
Spans = dict[int, dict[tuple[int, int], list[int]]]  # by the size of the axis and the start and stride of a slice


def interleaved(edits: Edits) -> Iterator[Edit]:
    """The parts of a concatenation that take turns; slices of every k-th place that are blocks, or blocks that are."""
    joined: dict[Hashable, list[int]] = {}
    sliced: dict[tuple[CodeType, str, int], Spans] = {}
    for i in edits.editable:
        step = edits.program.steps[i]
        shapes = {np.shape(edits.program.value(o)) for o in step.operands}
        if step.name == "concatenate" and len(shapes) == 1 and 1 < len(step.operands) <= MOST:
            joined.setdefault(edits._place(i), []).append(i)
        if step.name in ("getitem", "setitem") and step.site is not None:
            for place, n, start, by in _slices(step, np.shape(edits.program.value(step.operands[0]))):
                family = sliced.setdefault((step.site.code, step.name, place), {})
                family.setdefault(n, {}).setdefault((start, by), []).append(i)
    for some in joined.values():
        step = edits.program.steps[some[0]]
        axis = int(step.kwargs.get("axis", step.args[1] if len(step.args) > 1 else 0))
        text = f"the parts are joined in blocks along axis {axis}, where they are meant to take turns: interleaved, as "
        text += f"every {_nth(len(step.operands))} place of what they belong to"
        yield edits.edit("wrong order", 1.2, text, some, made(_taking_turns, axis))
    for (_, name, place), sizes in sliced.items():
        yield from _exchanged(edits, name, place, sizes)


def _nth(k: int) -> str:
    return {2: "second", 3: "third", 4: "fourth"}.get(k, f"{k}th")


def _taking_turns(step: Step, values: Any, axis: int) -> Any:
    parts = fill(step.args[0], values)
    whole = np.stack(parts, axis % np.ndim(parts[0]) + 1)
    return whole.reshape(np.shape(step.value))


def _slices(step: Step, shape: tuple[int, ...]) -> Iterator[tuple[int, int, int, int]]:
    """The slices of an index of slices and whole numbers: its place, the size of its axis, its start and its stride."""
    key = step.args[1] if type(step.args[1]) is tuple else (step.args[1],)
    before = len(shape) - len(key) + 1 if Ellipsis in [p for p in key if p is Ellipsis] else 1
    axis = 0
    for place, part in enumerate(key):
        if part is Ellipsis:
            axis += before
            continue
        if part is None or type(part) is Hole or isinstance(part, np.ndarray) or axis >= len(shape):
            return
        if type(part) is slice and not any(type(p) is Hole for p in (part.start, part.stop, part.step)):
            start, stop, by = part.indices(shape[axis])
            count = len(range(start, stop, by))
            k = shape[axis] // count if count else 1
            if 1 < k <= MOST and count * k == shape[axis] and ((by == 1 and start % count == 0) or by == k > start):
                yield place, shape[axis], start, by
        axis += 1


def _exchanged(edits: Edits, name: str, place: int, sizes: Spans) -> Iterator[Edit]:
    makers: dict[int, Make] = {}
    to_turns, k = None, 0
    for n, spans in sizes.items():
        strided = {(start, by) for start, by in spans if by > 1}
        k = len(strided or spans)
        whole = {(j, k) for j in range(k)} if strided else {(j * (n // k), 1) for j in range(k)}
        if k < 2 or not whole <= set(spans) or to_turns not in (None, not strided):
            return
        to_turns = not strided
        for start, by in whole:
            m = n // k
            new = slice(start // m, None, k) if by == 1 else slice(start * m, (start + 1) * m)
            makers.update(dict.fromkeys(spans[start, by], _another_slice(place, new)))
    if not makers:
        return
    verb = "read" if name == "getitem" else "written"
    words = ("blocks", f"every {_nth(k)} place, interleaved,") if to_turns else (f"every {_nth(k)} place", "blocks")
    group = sorted(makers)
    text = f"{words[0]} along index {place} are {verb} where {words[1]} {'are' if not to_turns else 'is'} meant"
    yield Edit("wrong order", 1.2, edits.plainly(text, group[:1]), makers, None, group[:1])


def _another_slice(place: int, new: slice) -> Make:
    def make(step: Step) -> Variant:
        key = list(step.args[1]) if type(step.args[1]) is tuple else [step.args[1]]
        key[place] = new
        args = (step.args[0], tuple(key), *step.args[2:])
        compute: Callable[[Any], Any] = lambda v: step.function(*fill(args, v), **fill(step.kwargs, v))  # noqa: E731
        return Variant(step.operands, compute)

    return make
