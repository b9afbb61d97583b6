"""A value that is read in the place of its own gradient, or a gradient in the place of its value: ``c`` and ``dc``."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .edit import Edit, Make, instead

if TYPE_CHECKING:
    from .columns import Column
    from .edits import Edits

GRADIENTS = ("d{}", "d_{}", "g{}", "g_{}", "grad_{}", "{}_grad")  # how the gradient of a value is called


def confused(edits: Edits) -> Iterator[Edit]:
    """Each reading of a value, or of its gradient, with the other in its place."""
    program = edits.program
    named: dict[str, list[Column]] = {}
    for column in edits.columns.all:
        named.setdefault(column.name, []).append(column)
    for group in edits.groups:
        step = program.steps[group[0]]
        for slot, o in enumerate(step.operands):
            word, shape = edits.columns.word(o), np.shape(program.value(o))
            gradients = [text.format(word) for text in GRADIENTS]
            values = [name for name in named if name and word in [text.format(name) for text in GRADIENTS]]
            if not shape or (step.name == "setitem" and slot == 0):
                continue
            for name in (*gradients, *values):
                what = "its gradient " if name in gradients else ""
                text = f"it reads {word} where {what}{name} is meant"
                for column in named.get(name, ()):
                    made = sorted(o for o in column.operands if isinstance(o, int))
                    makers: dict[int, Make] = {}
                    for i in group:  # the last one that was made until then: in a loop that of the same turn
                        new = made[bisect(made, i) - 1] if made and made[0] < i else i
                        if new != i and np.shape(program.value(new)) == shape and not edits._later(i, new):
                            makers[i] = instead(slot, new)
                    if makers:
                        yield Edit("wrong factor", 1.2, edits.plainly(text, group), makers, None, group)
