"""What stands beside an inner loop and belongs into it, or the other way round: done once, or in every turn."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .edit import Edit, operand
from .turns import LONGEST

if TYPE_CHECKING:
    from .edits import Edits

Turns = tuple[tuple[int, ...], ...]  # of each turn of the outer loop, the steps in the inner one


def moved(edits: Edits) -> Iterator[Edit]:
    """Sums of an outer loop, done as often as a line of the inner one is; and those of the inner one, once a turn."""
    steps = edits.program.steps
    sums = [g for g in edits.groups if steps[g[0]].name in ("add", "subtract") and len(g) > 1]
    inside: dict[tuple[int, ...], tuple[list[int], list[list[int]]]] = {}
    outside: dict[int, dict[Turns, None]] = {}
    for outer in sums:
        for inner in sums:
            for turns in _turns(outer, inner):
                inside.setdefault(tuple(map(len, turns)), (inner, []))[1].append(outer)
                outside.setdefault(inner[0], {})[turns] = None
    for counts, (inner, some) in inside.items():
        some = [outer for k, outer in enumerate(some) if outer not in some[:k]]
        where = f"inside the inner loop, once in each of its turns, beside {steps[inner[0]].site}"
        for chosen in [some] if len(some) == 1 else [some, *([one] for one in some)]:
            makers = {i: operand(1, partial(np.multiply, n)) for g in chosen for i, n in zip(g, counts, strict=True)}
            lines = dict.fromkeys(steps[g[0]].site.text for g in chosen if steps[g[0]].site is not None)  # type: ignore[union-attr]
            text = f"what belongs {where}, stands in the outer one: {' and '.join(f'`{t}`' for t in lines)}"
            yield Edit("wrong count", 1.2, edits.plainly(text, chosen[0][:1]), makers, None, chosen[0])
    for first, several in outside.items():
        for turns in several:
            makers = {i: operand(1, partial(np.multiply, 0)) for turn in turns for i in turn[:-1]}
            text = "this stands inside the inner loop, where it is done each time: once, after that loop, is meant"
            yield Edit("applied twice", 1.25, edits.plainly(text, [first]), makers, None, [first])


def _turns(outer: list[int], inner: list[int]) -> Iterator[Turns]:
    """The steps of an inner loop by the turns of one around it, whose own step stands after it, or before it."""
    if outer is inner or not 1 < len(outer) <= LONGEST:
        return
    for after in (True, False):
        found: list[list[int]] = [[] for _ in outer]
        for i in inner:
            at = bisect(outer, i) - (not after)
            if not 0 <= at < len(outer):
                break
            found[at].append(i)
        else:
            if any(len(turn) > 1 for turn in found):
                yield tuple(map(tuple, found))
