"""Turns of a loop: what each reads of the one before or after, and turns that a loop leaves out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

from .by_index import numbers, placed
from .edit import Edit, Make, instead
from .program import Operand, Program, Step, Variant

if TYPE_CHECKING:
    from .edits import Edits

LONGEST = 60  # turns of a loop that is looked at
MISSING = 12  # turns that may be left out

Place = tuple[int, int]  # an instruction, and which number of its index


def off_by_one(edits: Edits) -> Iterator[Edit]:
    """Each turn reads what the one before or after it reads; the last of them a value that comes before or after."""
    program = edits.program
    found: dict[tuple[Operand, ...], list[tuple[list[int], int]]] = {}
    for group in edits.groups:
        for slot, o in enumerate(program.steps[group[0]].operands) if 1 < len(group) <= LONGEST else ():
            some = tuple(program.steps[i].operands[slot] for i in group)
            if len(set(some)) == len(some) and all(isinstance(x, int) for x in some) and not edits._seeded(o):
                found.setdefault(some, []).append((group, slot))
    for some, read in found.items():
        for by in (1, -1):
            last, rest = (some[-1], some[1:]) if by == 1 else (some[0], some[:-1])
            for end in _beyond(edits, last, some):
                new = (*rest, end) if by == 1 else (end, *rest)
                which = "after" if by == 1 else "before"
                word, other = edits.columns.word(some[0]), edits.columns.word(end)
                there = f", {other} in the {'last' if by == 1 else 'first'}" if other != word else ""
                text = f"each turn reads {word} where that of the turn {which} is meant{there}: off by one"
                for chosen in [read] if len(read) == 1 else [read, *([one] for one in read)]:
                    makers: dict[int, dict[int, Operand]] = {}
                    for group, slot in chosen:
                        for i, n in zip(group, new, strict=True):
                            makers.setdefault(i, {})[slot] = n
                    if any(edits._later(i, n) for i, parts in makers.items() for n in parts.values()):
                        continue
                    first, cost = chosen[0][0], 1.05 if chosen is read else 1.15
                    made = {i: _all_of(parts) for i, parts in makers.items()}
                    yield Edit("wrong step", cost, edits.plainly(text, first[:1]), made, None, first)


def other_way(edits: Edits) -> Iterator[Edit]:
    """All that the turns of a loop read and write of other turns, in the opposite order: what they hand on stays."""
    program = edits.program
    loops: list[tuple[list[int], dict[int, Make]]] = []  # by the first group of each
    found: dict[Hashable, list[int]] = {}
    for i in range(program.first, len(program.steps)):  # also what a right result alone is made of
        step = program.steps[i]
        if i in program.live and i not in program.leaves and step.site is not None:
            found.setdefault((step.site, step.name), []).append(i)
    for group in sorted(found.values(), key=lambda group: group[0]):
        step = program.steps[group[0]]
        if not 1 < len(group) <= LONGEST:
            continue
        if not loops or len(loops[-1][0]) != len(group) or group[0] > loops[-1][0][1]:
            loops.append((group, {}))
        start, makers = loops[-1][0][0], loops[-1][1]
        indices = [dict(numbers(program.steps[i])) if step.name in ("getitem", "setitem") else {} for i in group]
        if indices[0] != indices[-1]:
            makers.update({i: placed(parts) for i, parts in zip(group, indices[::-1], strict=True)})
            continue
        columns = enumerate(zip(*(program.steps[i].operands for i in group), strict=True))
        given = {k: column for k, column in columns if all(isinstance(o, int) and o < start for o in column)}
        read = {k: column[::-1] for k, column in given.items() if len(set(column)) == len(column)}
        other = [program.steps[i].kwargs for i in group] != [program.steps[i].kwargs for i in group[::-1]]
        for n, (i, opposite) in enumerate(zip(group, group[::-1], strict=True)) if read or other else ():
            parts = _all_of({k: some[n] for k, some in read.items()})
            makers[i] = _called_as(program.steps[opposite], parts) if other else parts
    for group, makers in loops:
        if makers.keys() & edits.editable:
            text = "the loop runs through the steps in the wrong order, the opposite one is meant"
            yield Edit("wrong step", 1.0, edits.plainly(text, group[:1]), makers, None, group)


def as_others_read(edits: Edits) -> Iterator[Edit]:
    """What another line of the loop reads, turn by turn."""
    program = edits.program
    loops: dict[int, dict[tuple[Operand, ...], None]] = {}
    reading: list[tuple[list[int], int, tuple[Operand, ...]]] = []
    for group in edits.groups:
        for slot, o in enumerate(program.steps[group[0]].operands) if 1 < len(group) <= LONGEST else ():
            some = tuple(program.steps[i].operands[slot] for i in group)
            if np.asarray(program.value(o)).dtype.kind != "f" or not np.shape(program.value(o)) or edits._seeded(o):
                continue
            reading.append((group, slot, some))
            if len(set(some)) == len(some) and all(isinstance(x, int) for x in some):
                loops.setdefault(len(some), {})[some] = None
    for group, slot, some in reading:
        for other in loops.get(len(some), ()):
            if other == some or np.shape(program.value(other[0])) != np.shape(program.value(some[0])):
                continue
            if any(edits._later(i, n) for i, n in zip(group, other, strict=True)):
                continue
            now, then = edits.columns.elsewhere(some[-1], other[-1])
            if now == then:
                continue
            text = f"each turn reads {now} where {then} of that turn is meant, as another line of the loop reads it"
            made = {i: instead(slot, n) for i, n in zip(group, other, strict=True)}
            yield Edit("wrong step", 1.35, edits.plainly(text, group[:1]), made, None, group)


def _beyond(edits: Edits, last: Operand, some: Sequence[Operand]) -> list[Operand]:
    """The values of the same shape that one is made of, or that are made of it or alike, the nearest ones."""
    program = edits.program
    assert isinstance(last, int)
    shape = np.shape(program.steps[last].value)
    near = [o for o in program.ancestors(last) if o != last]
    near += [i for i in range(last + 1, len(program.steps)) if last in program.steps[i].operands]
    alike_made = edits.columns.of.get(last, [])
    near += [o for o in alike_made if o not in near]
    alike = [
        o
        for o in near
        if o not in some and np.shape(program.steps[o].value) == shape and (not edits._seeded(o) or o == 0)
    ]
    named = [o for o in alike if o in program.leaves or o in program.names or o in alike_made]
    return sorted(named, key=lambda o: abs(o - last))[:4]  # type: ignore[return-value]


def _all_of(parts: Mapping[int, Operand]) -> Make:
    def make(step: Step) -> Variant:
        for slot, o in parts.items():
            step_now = instead(slot, o)(step)
            step = Step(step.name, step.function, step.args, step.kwargs, step_now.operands, step.value, step.site,
                        step.plain)  # fmt: skip
        return Variant(step.operands, step.compute)

    return make


def _called_as(other: Step, make: Make) -> Make:
    """The step with the arguments that another turn has, an axis, say."""

    def made(step: Step) -> Variant:
        return Variant(make(step).operands, other.compute)

    return made


@dataclass(eq=False)
class Loop:
    """What one place adds up or writes, turn by turn, and the numbers of the indices in it."""

    program: Program
    group: list[int]
    body: list[int]  # the steps of the last turn, in order, the adding itself last
    held: int  # which of its operands is what has been added up until then
    indices: dict[Place, tuple[int, ...]]  # of all turns

    @property
    def columns(self) -> list[tuple[int, ...]]:
        """The different indices."""
        return list(dict.fromkeys(c for c in self.indices.values() if len(set(c)) > 1))


def left_out(edits: Edits) -> Iterator[Edit]:
    """Turns of a loop that are missing: at its start, at its end, or where a condition passes over some."""
    loops = [loop for group in edits.groups if (loop := _loop(edits, group)) is not None]
    together: dict[Hashable, list[tuple[Loop, Make]]] = {}
    words: dict[Hashable, str] = {}
    for loop in loops:
        for key, where, rows in _missing(loop):
            together.setdefault((len(loop.group), key), []).append((loop, _with_turns(loop, rows)))
            words.setdefault((len(loop.group), key), where)
    for key, some in together.items():
        where = words[key]
        choices = [some] if len(some) == 1 else [some, *([one] for one in some)]
        for chosen in choices:
            makers = {loop.group[-1]: make for loop, make in chosen}
            text = f"the loop leaves out {where}: what it gives belongs here, too"
            first = [loop.group[0] for loop, _ in chosen[:1]]
            yield Edit("part missing", 1.3 + 0.05 * (len(chosen) == 1 < len(some)), edits.plainly(text, first), makers,
                       None, first)  # fmt: skip


def _loop(edits: Edits, group: list[int]) -> Loop | None:
    program = edits.program
    step = program.steps[group[-1]]
    if not 1 < len(group) <= LONGEST or step.name not in ("setitem", "add"):
        return None
    held = next((k for k, o in enumerate(step.operands) if isinstance(o, int) and _carried(program, o, group)), None)
    if held is None:
        return None
    same = {i: column for i, column in edits.columns.of.items() if len(column) == len(group)}
    total = step.operands[held]
    body: list[int] = []
    todo = [group[-1]]
    for i in todo:  # grows while it is walked
        if i in body:
            continue
        body.append(i)
        for o in program.steps[i].operands:
            if isinstance(o, int) and o != total and o in same and same[o][-1] == o:
                todo.append(o)
    body.sort()
    indices: dict[Place, tuple[int, ...]] = {}
    for k, i in enumerate(body):
        if program.steps[i].name not in ("getitem", "setitem"):
            continue
        for place, _ in numbers(program.steps[i]):
            each = [dict(numbers(program.steps[j])).get(place) for j in same.get(i, group)]
            if any(n is None for n in each):
                return None
            indices[k, place] = tuple(n for n in each if n is not None)
    own = set(body)
    for i in body:  # what changes from turn to turn otherwise is not known for another turn
        for slot, o in enumerate(program.steps[i].operands):
            before = program.steps[same.get(i, group)[-2]].operands[slot]
            if isinstance(o, int) and o not in own and o != total and o != before:
                return None
    return Loop(program, group, body, held, indices)


def _carried(program: Program, o: int, group: list[int]) -> bool:
    """Whether a value is what the turns before have added up."""
    if o == group[-2]:
        return True
    step = program.steps[o]
    return step.name in ("setitem", "add") and group[-2] in program.ancestors(o)


def _missing(loop: Loop) -> Iterator[tuple[Hashable, str, list[dict[Place, int]]]]:
    """The turns that may be missing, by what they have in common: the numbers of their indices."""
    bases, fits = _bases(loop)
    if not bases:
        return
    present = set(zip(*bases, strict=True))
    beyond = [_beyond_ends(c) for c in bases]
    ranges = [range(min(c), max(c) + 1) for c in bases]
    rows = {
        point: row
        for point in product(*([low, *every, high] for (low, high), every in zip(beyond, ranges, strict=True)))
        if point not in present and _inside(loop, row := _row(fits, point))
    }
    within = [row for point, row in rows.items() if all(n in every for n, every in zip(point, ranges, strict=True))]
    wanted: list[tuple[Hashable, str, list[dict[Place, int]]]] = [("within", "some turns within its bounds", within)]
    for place, column in {c: p for p, c in loop.indices.items()}.items():
        step = loop.program.steps[loop.body[column[0]]]
        for n in _beyond_ends(place):
            name = f"`{step.site.expression}`" if step.site is not None and step.site.expression else step.name
            some = [row for row in rows.values() if row[column] == n]
            wanted.append(((place, n), f"the turn whose index in {name} is {n}", some))
    for key, where, some in wanted:
        if 0 < len(some) <= MISSING:
            yield key, where, some


def _bases(loop: Loop) -> tuple[tuple[tuple[int, ...], ...], dict[Place, Any]]:
    """One or two indices that all others are made of, and how."""
    columns, turns = loop.columns, len(loop.group)
    for bases in ((c,) for c in columns) if len(columns) == 1 else combinations(columns, 2):
        matrix = np.stack([*(np.array(c, float) for c in bases), np.ones(turns)], 1)
        fits = {p: np.linalg.lstsq(matrix, np.array(c, float), rcond=None)[0] for p, c in loop.indices.items()}
        left = [np.abs(matrix @ fit - np.array(loop.indices[p])) for p, fit in fits.items()]
        if all(np.all(e < 1e-6) for e in left) and all(np.all(abs(f - np.round(f)) < 1e-6) for f in fits.values()):
            return bases, fits
    return (), {}


def _beyond_ends(column: Sequence[int]) -> tuple[int, int]:
    """The numbers before and after all of a loop's."""
    some = sorted(set(column))
    step = min((b - a for a, b in pairwise(some)), default=1)
    return some[0] - step, some[-1] + step


def _row(fits: Mapping[Place, Any], point: Sequence[int]) -> dict[Place, int]:
    return {p: round(float(np.dot([*point, 1], fit))) for p, fit in fits.items()}


def _inside(loop: Loop, row: dict[Place, int]) -> bool:
    """Whether all indices of a turn are places of their arrays."""
    for (k, place), n in row.items():
        step = loop.program.steps[loop.body[k]]
        key = step.args[1]
        parts = list(key) if type(key) is tuple else [key]
        axis = place - sum(part is None for part in parts[:place])
        shape = np.shape(loop.program.value(step.operands[0]))
        if Ellipsis in [p for p in parts if p is Ellipsis] or not 0 <= n < shape[axis]:
            return False
    return True


def _with_turns(loop: Loop, rows: list[dict[Place, int]]) -> Make:
    """The last adding, and that of the turns which are missing after it."""
    program, body = loop.program, loop.body
    total = program.steps[body[-1]].operands[loop.held]
    own = set(body)
    outer: list[Operand] = []
    for i in body:
        outer += [o for o in program.steps[i].operands if o not in own and o != total and o not in outer]

    def make(step: Step) -> Variant:
        n = len(step.operands)

        def compute(values: Sequence[Any]) -> Any:
            result = step.compute(values[:n])
            given = dict(zip(map(_key, outer), values[n:], strict=True))
            for row in rows:
                result = _turn(program, body, row, given, total, result)
            return result

        return Variant((*step.operands, *outer), compute)

    return make


def _key(o: Operand) -> int:
    return o if isinstance(o, int) else -1 - id(o)


def _turn(
    program: Program, body: list[int], row: dict[Place, int], given: dict[int, Any], total: Operand, result: Any
) -> Any:
    """What the steps of a turn give for other indices."""
    known = {**given, _key(total): result}
    for k, i in enumerate(body):
        step = program.steps[i]
        compute: Callable[[Sequence[Any]], Any] = step.compute
        parts = {place: n for (at, place), n in row.items() if at == k}
        if parts:
            compute = placed(parts)(step).compute
        known[i] = compute([known[_key(o)] for o in step.operands])
    return known[body[-1]]
