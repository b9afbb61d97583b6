"""A gradient that a backward computes and uses nowhere: a branch that is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from .edit import Edit, Make
from .program import Operand, Step, Variant

if TYPE_CHECKING:
    from .columns import Column
    from .edits import Edits

UNUSED = 12  # values that nobody reads, of which each is tried
ASSIGNED = re.compile(r"([A-Za-z_][\w.]*(?:\[[^\]=]*\])?)\s*(?:[-+*/@]?=)(?!=)")


def branches(edits: Edits) -> Iterator[Edit]:
    """What is computed and used nowhere, added to a value of the backward from there on."""
    for unused in _unused(edits)[:UNUSED]:
        name = _name(edits, unused[0])
        shape = np.shape(edits.program.steps[unused[0]].value)
        for column in edits.columns.all if name else ():
            value = np.asarray(edits.columns.value(column))
            if value.dtype.kind != "f" or not value.ndim or not set(column.operands) <= set(edits.editable):
                continue
            for how, fit in _fitted(shape, value.shape):
                makers = _added(edits, unused, column, fit)
                if not makers:
                    continue
                to = edits.columns.word(column.operands[0])
                word = f"{name}{how}"
                if to == name:
                    text = f"{name} is written over, and what it held until then is used nowhere: add to it with +="
                    yield Edit("overwritten", 0.95, edits.plainly(text, unused[:1]), makers, None, unused)
                else:
                    add = f"add {'it' if word == name else word} to {to}"
                    if to.isidentifier() and word == name:
                        add += f", {to} += {name}"
                    text = f"{name} is computed and never used: {add}"
                    yield Edit("branch missing", 0.95, edits.plainly(text, unused[:1]), makers, None, unused)


def _unused(edits: Edits) -> list[list[int]]:
    """The steps of the backward that no step reads, those of one place together."""
    program = edits.program
    read = {o for step in program.steps for o in step.operands if isinstance(o, int)}
    found: dict[Hashable, list[int]] = {}
    for i in range(program.first, len(program.steps)):
        step = program.steps[i]
        dead = i not in read and i not in program.live and i not in edits.before
        if dead and step.site is not None and np.asarray(step.value).dtype.kind == "f" and np.ndim(step.value):
            found.setdefault((step.site, step.name), []).append(i)
    return list(found.values())


def _name(edits: Edits, i: int) -> str:
    """The variable that a value is given to, which nothing that is written down has read."""
    site = edits.program.steps[i].site
    found = ASSIGNED.match(site.text) if site is not None else None
    return edits.program.names.get(i, found.group(1) if found else "")


def _fitted(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """How a value is added to one of another shape: spread over it, or summed."""
    if len(shape) <= len(wanted) and all(n in (1, m) for n, m in zip(shape[::-1], wanted[::-1])):
        yield "", lambda u: u
        return
    pairs = list(zip_longest(shape[::-1], wanted[::-1], fillvalue=0))[::-1]
    if len(shape) >= len(wanted) and all(m in (0, 1, n) for n, m in pairs):
        axes = tuple(k for k, (n, m) in enumerate(pairs) if m != n)
        axis = axes[0] if len(axes) == 1 else axes
        kept = ", keepdims=True" if len(shape) == len(wanted) else ""
        yield f".sum({axis}{kept})", lambda u: np.reshape(np.sum(u, axis=axes), wanted)


def _added(edits: Edits, unused: list[int], column: Column, fit: Callable[[Any], Any]) -> dict[int, Make]:
    """The steps that read a value after the unused one was made, with both; what nobody reads, itself."""
    program = edits.program
    if len(column) not in (1, len(unused)):
        return {}
    readers: dict[int, list[int]] = {}
    for i in edits.editable:
        for o in program.steps[i].operands:
            if isinstance(o, int):
                readers.setdefault(o, []).append(i)
    makers: dict[int, Make] = {}
    for at, o in enumerate(column.operands):
        some = unused if len(column) == 1 else [unused[at]]
        assert isinstance(o, int)
        reading = [i for i in readers.get(o, ()) if i > some[-1]]
        cones = [_cone(edits, u) for u in some]
        frontier: list[Operand] = list(dict.fromkeys(x for _, outer in cones for x in outer))
        if reading and o not in program.outputs:
            for i in reading:
                if any(edits._later(i, x) for x in frontier):
                    return {}
                slots = [k for k, x in enumerate(program.steps[i].operands) if x == o]
                makers[i] = _with(edits, slots, [c for c, _ in cones], frontier, fit)
        else:
            if any(x != o and edits._later(o, x) for x in frontier):
                return {}
            makers[o] = _with(edits, [], [c for c, _ in cones], [x for x in frontier if x != o], fit, o)
    return makers


def _cone(edits: Edits, u: int) -> tuple[list[int], list[Operand]]:
    """The steps that only a value is made for, oldest first, and what these read."""
    program = edits.program
    own, outer, todo = {u}, list[Operand](), [u]
    for i in todo:  # grows while it is walked
        for o in program.steps[i].operands:
            if isinstance(o, int) and o not in program.live and o not in edits.before:
                if o not in own:
                    own.add(o)
                    todo.append(o)
            elif o not in outer:
                outer.append(o)
    return sorted(own), outer


def _with(
    edits: Edits,
    slots: Sequence[int],
    cones: Sequence[Sequence[int]],
    frontier: Sequence[Operand],
    fit: Callable[[Any], Any],
    itself: int = -1,
) -> Make:
    """A step with the unused values added to some operands; without any, to what it gives."""
    steps = edits.program.steps

    def make(step: Step) -> Variant:
        n = len(step.operands)

        def compute(values: Sequence[Any]) -> Any:
            own = list(values[:n])
            known = {_key(o): v for o, v in zip(frontier, values[n:], strict=True)}
            result = step.compute(own) if not slots else None
            known[itself] = result
            more: Any = 0.0
            for cone in cones:
                for i in cone:
                    known[i] = steps[i].compute([known[_key(o)] for o in steps[i].operands])
                more = more + fit(known[cone[-1]])
            if not slots:
                return result + more
            for slot in slots:
                own[slot] = own[slot] + more
            return step.compute(own)

        return Variant((*step.operands, *frontier), compute)

    return make


def _key(o: Operand) -> int:
    return o if isinstance(o, int) else -2 - id(o)
