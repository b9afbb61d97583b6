"""Where `d[key] += v` was meant to write: what it reads and what it writes, or all slices of its line, together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .by_place import _at, _reversed, places
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


def opposite(edits: Edits) -> Iterator[Edit]:
    """All slices of a line along one axis from the other end: what is shifted is shifted the other way."""
    program = edits.program
    lines: dict[Any, list[int]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name in ("getitem", "setitem") and step.site is not None:
            for place, part in enumerate(step.args[1] if type(step.args[1]) is tuple else (step.args[1],)):
                if type(part) is slice and part.step is None and (part.start or part.stop is not None):
                    lines.setdefault((step.site.code, step.site.line, place), []).append(i)
    for (_, _, place), some in lines.items():
        written = [i for i in some if program.steps[i].name == "setitem"]
        gradients = [i for i in some if i in written or i in program.seeded]
        for chosen in [some] if len(gradients) in (len(some), len(written)) else [some, gradients]:
            if not written or len(chosen) == len(written):
                continue
            text = f"the slices along index {place} of this line are exchanged, [:n − s] where [s:] stands and the "
            text += "other way round: what is shifted there is meant to be shifted back"
            makers = dict.fromkeys(chosen, _at(_reversed((place,), program)))
            yield Edit("shifted", 1.35, edits.plainly(text, written[:1]), makers, None, written[:1])


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
