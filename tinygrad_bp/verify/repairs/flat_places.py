"""A flat place, as argmax gives it, taken apart into row and column, or made of them, by a wrong number of columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .edit import Edit, Make, made
from .program import Constant, Step

if TYPE_CHECKING:
    from .edits import Edits

DIVISIONS = ("floor_divide", "remainder", "divmod")
LARGEST = 100  # number of columns
COST, EXCHANGED = 1.15, 1.3  # that the two are exchanged in a window is said more simply: see windows.within


def split(edits: Edits) -> Iterator[Edit]:
    """All quotients, remainders and products with one number by another; an index unravelled in another way."""
    program = edits.program
    by_number: dict[Hashable, tuple[int, list[int]]] = {}
    by_shape: dict[Hashable, tuple[tuple[int, ...], list[int]]] = {}
    for i in sorted(program.live - edits.given):  # those of a forward that keeps row and column as well
        step = program.steps[i]
        if step.site is None or not all(_whole(program.value(o)) for o in step.operands):
            continue
        if step.name in (*DIVISIONS, "multiply") and (n := _number(step)):
            by_number.setdefault((step.site.code, n), (n, []))[1].append(i)
        if step.name == "unravel_index" and type(step.args[1]) is tuple and len(step.args[1]) == 2:
            by_shape.setdefault((step.site.code, step.args[1]), (step.args[1], []))[1].append(i)
    for n, some in by_number.values():
        yield from _by_number(edits, n, some)
    for shape, some in by_shape.values():
        yield from _by_shape(edits, shape, some)


def _whole(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "iu" and np.size(value) > 0


def _number(step: Step) -> int:
    """The number that is one of two operands, of a division the second; 0 where there is none."""
    for o in step.operands[::-1] if step.name == "multiply" else step.operands[1:]:
        if isinstance(o, Constant) and np.ndim(o.value) == 0 and o.value > 1:
            return int(o.value)
    return 0


def _by_number(edits: Edits, now: int, some: list[int]) -> Iterator[Edit]:
    steps, named = edits.program.steps, edits.program.counters.values()
    sizes = {now, *map(int, edits.columns.numbers), *(n for variables in named for n in variables.values())}
    apart = {name: [i for i in some if steps[i].name == name] for name in (*DIVISIONS, "multiply")}
    of_parts = [i for i in some if steps[i].name != "multiply" or not set(some).isdisjoint(steps[i].operands)]
    for n in sorted(n for n in sizes if 1 < n <= LARGEST):
        columns = f"with {now} where {n}, the number of columns, is meant"
        for group in (of_parts, *(apart[name] for name in DIVISIONS)) if n != now else ():
            text = f"the flat index is taken apart {columns}: // {n} is the row, % {n} the column"
            yield from _edits(edits, text, group, made(_divided, n, False))
        if n != now:
            text = f"the flat index is made {columns}: {n} · row + column"
            yield from _edits(edits, text, apart["multiply"], made(_divided, n, False))
        if apart["divmod"] or (apart["floor_divide"] and apart["remainder"]):
            text = f"row and column of the flat index are exchanged: // {n} is the row, % {n} the column"
            yield from _edits(edits, f"the {text}", of_parts, made(_divided, n, True), EXCHANGED)


def _divided(step: Step, values: Any, n: int, exchanged: bool) -> Any:
    if step.name == "multiply":
        return n * (values[0] if isinstance(step.operands[1], Constant) else values[1])
    both = np.divmod(values[0], n)
    if step.name == "divmod":
        return both[::-1] if exchanged else both
    return both[(step.name == "remainder") != exchanged]


def _by_shape(edits: Edits, now: tuple[int, ...], some: list[int]) -> Iterator[Edit]:
    for order, shape in (("C", now[::-1]), ("C", now), ("F", now)):
        for exchanged in (False, True):
            text = f"the flat index is taken apart as that of an array of shape {now}, where {shape} is meant"
            text += ", in column order" * (order == "F") + ", with row and column exchanged" * exchanged
            cost = EXCHANGED if exchanged or order == "F" else COST
            yield from _edits(edits, text, some, made(_unravelled, shape, order, exchanged), cost)


def _unravelled(step: Step, values: Any, shape: tuple[int, ...], order: Any, exchanged: bool) -> Any:
    found = np.unravel_index(values[0], shape, order)
    return found[::-1] if exchanged else found


def _edits(edits: Edits, text: str, group: list[int], make: Make, cost: float = COST) -> Iterator[Edit]:
    if group:
        yield Edit("wrong index", cost, edits.plainly(text, group[:1]), dict.fromkeys(group, make), None, group)
