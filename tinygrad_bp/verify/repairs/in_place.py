"""Where `d[key] += v` was meant to write: what it reads and what it writes are moved together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .by_place import places
from .edit import Edit

if TYPE_CHECKING:
    from .edits import Edits

MOVED = ("wrong place", "stride ignored", "dilation ignored", "flipped", "wrong order")  # kinds of other indices


def moved(edits: Edits, group: list[int]) -> Iterator[Edit]:
    """The other places of what a group of steps adds to."""
    program = edits.program
    step = program.steps[group[0]]
    read = [_read(edits, i) for i in group] if step.name == "setitem" else []
    if not read or None in read:
        return
    for other in places(program, step):
        if other.kind in MOVED:
            both = sorted([*group, *(i for i in read if i is not None)])
            yield Edit(
                other.kind, other.cost, edits.said(other.text, group), dict.fromkeys(both, other.make), None, group
            )


def _read(edits: Edits, i: int) -> int | None:
    """The step that reads what a step writes to again, at the same place."""
    program = edits.program
    step = program.steps[i]
    held, new = step.operands[0], step.operands[-1]
    for o in program.steps[new].operands if isinstance(new, int) else ():
        reading = program.steps[o] if isinstance(o, int) else None
        if reading is not None and reading.name == "getitem" and reading.operands[0] == held:
            return o if repr(reading.args[1]) == repr(step.args[1]) and isinstance(o, int) else None
    return None
