"""Places that a line of a loop reads and writes: its indices exchanged, or one of them made of both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from .edit import Edit, Make
from .program import Program, Step, Variant, fill

if TYPE_CHECKING:
    from .edits import Edits

PLACES = ("getitem", "setitem")
TARGET = re.compile(r"(?<=\]) [-+*/]?= ")  # what stands before it is written to
MOST = 4  # variables of a loop whose sums are looked at
LONGEST = 200  # turns of loops in which the indices of groups are looked at


def exchanged(edits: Edits) -> Iterator[Edit]:
    """Two indices of one line, in every turn of its loop: exchanged, one for the other, or one beside the other."""
    program = edits.program
    lines: dict[Any, dict[tuple[int, int], list[int]]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name in PLACES and step.site is not None:
            columns = lines.setdefault((step.site.code, step.site.line), {})
            for place, number in numbers(step):
                columns.setdefault((step.site.instruction, place), []).append(i)
                del number
    for columns in lines.values():
        yield from _of_line(edits, columns)


def numbers(step: Step) -> Iterator[tuple[int, int]]:
    """The plain numbers of an index, and where in it they stand."""
    key = step.args[1]
    for place, part in enumerate(key if type(key) is tuple else (key,)):
        if isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            yield place, int(part)


def _of_line(edits: Edits, columns: dict[tuple[int, int], list[int]]) -> Iterator[Edit]:
    program = edits.program
    roles: dict[tuple[int, ...], list[tuple[int, list[int]]]] = {}
    longest = max(map(len, columns.values()), default=0)
    for (_, place), some in columns.items():
        if len(some) == longest > 1:
            values = tuple(dict(numbers(program.steps[i]))[place] for i in some)
            roles.setdefault(values, []).append((place, some))
    if not 2 <= len(roles) <= 4:
        return
    for a, b in combinations(roles, 2):
        both = _all(roles[a], b) + _all(roles[b], a)
        yield _edit(edits, "wrong index", 1.2, "the two indices of this line are exchanged", both)
    for a in roles:
        for b in roles:
            if a == b:
                continue
            one, two = _what(edits, roles[a]), _what(edits, roles[b])
            said = f"{one} stands where that of {two} is meant for an index"
            yield _edit(edits, "wrong index", 1.3, said, _all(roles[a], b))
            for part in roles[a] if len(roles[a]) > 1 else ():
                said = f"in {_what(edits, [part])} the index is that of {one}, where that of {two} is meant"
                yield _edit(edits, "wrong index", 1.35, said, _all([part], b))
            for text, times in (("once more, as for a stride of 2", 1), ("twice more, for one of 3", 2), ("less", -1)):
                new = tuple(x + times * y for x, y in zip(a, b, strict=True))
                said = f"the index of {one} is meant with that of {two} {text}: a stride or an offset"
                yield _edit(edits, "stride ignored", 1.4, said, _all(roles[a], new))


def counters(edits: Edits) -> Iterator[Edit]:
    """Another variable of the loop for an index, in some of the places of a line that have it: a neighbour's."""
    program = edits.program
    lines: dict[Any, dict[tuple[str, int, int], list[int]]] = {}  # of each line, by what stands there
    for i in edits.editable:
        step = program.steps[i]
        if step.name in PLACES and step.site is not None:
            for place, _ in numbers(step):
                key = TARGET.split(step.site.expression)[0], place, step.site.instruction
                lines.setdefault((step.site.code, step.site.line), {}).setdefault(key, []).append(i)
    for line in lines.values():
        found: dict[tuple[int, ...], dict[str, list[tuple[int, list[int]]]]] = {}
        for (what, place, _), some in line.items():  # what is read and written, d[i] += 1, is one
            each = tuple(dict(numbers(program.steps[i]))[place] for i in some)
            found.setdefault(each, {}).setdefault(what, []).append((place, some))
        for each, there in found.items():
            if len(set(each)) > 1 and len(each) <= LONGEST and len(there) <= 4:
                yield from _by_counters(edits, each, there)


def _by_counters(edits: Edits, each: tuple[int, ...], there: dict[str, list[tuple[int, list[int]]]]) -> Iterator[Edit]:
    held = [edits.program.counters.get(i, {}) for i in next(iter(there.values()))[0][1]]
    now = next((f"{name} stands" for name in held[0] if all(h.get(name) == n for h, n in zip(held, each))), "it stands")
    for cost, name, new in _of_turns(held):
        for n in range(1, len(there) + 1) if new != each else ():
            for chosen in combinations(there, n):
                said = f"in {' and '.join(f'`{what}`' for what in chosen)} the index {name} is meant where {now}"
                role = [part for what in chosen for part in there[what]]
                yield _edit(edits, "wrong index", cost + 0.05 * n, said, _all(role, new))


def _of_turns(held: list[dict[str, int]]) -> Iterator[tuple[float, str, tuple[int, ...]]]:
    """What changes from turn to turn, and the sums and differences of two such numbers; none is below 0."""
    each = {name: tuple(h.get(name, -1) for h in held) for name in held[0]}
    found = [(1.35, name, one) for name, one in each.items()]
    some = {name: one for name, one in each.items() if len(set(one)) > 1}
    for (a, one), (b, two) in permutations(some.items(), 2) if len(some) <= MOST else ():
        found.append((1.45, f"{a} − {b}", tuple(x - y for x, y in zip(one, two, strict=True))))
        if a < b:
            found.append((1.45, f"{a} + {b}", tuple(x + y for x, y in zip(one, two, strict=True))))
    seen: set[tuple[int, ...]] = set()
    for cost, name, new in found:
        if min(new) >= 0 and len(set(new)) > 1 and new not in seen:
            seen.add(new)
            yield cost, name, new


def grouped(edits: Edits) -> Iterator[Edit]:
    """The index of a group: the quotient of another index where its remainder is meant, or the other way round."""
    program = edits.program
    loops: dict[Any, dict[tuple[int, ...], list[tuple[int, int]]]] = {}
    for column in edits.columns.all:
        some = [i for i in column.operands if isinstance(i, int)]
        step = program.steps[some[0]] if some else None
        if step is None or step.name not in PLACES or step.site is None or not 4 <= len(some) <= LONGEST:
            continue
        for place, _ in starts(step):
            each = tuple(dict(starts(program.steps[i])).get(place, -1) for i in some)
            roles = loops.setdefault((step.site.code, len(some)), {})
            roles.setdefault(each, []).extend((i, place) for i in some)
    for roles in loops.values():
        for a, b in permutations(roles, 2):
            unit = max(1, min((n for n in a if n > 0), default=1))
            for m in (2, 3, 4):
                for text, new in (
                    (f"// {m}", tuple(unit * (n // m) for n in b)),
                    (f"% {m}", tuple(unit * (n % m) for n in b)),
                ):
                    if new in (a, b) or set(new) != set(a):
                        continue
                    found: dict[int, dict[int, int]] = {}
                    turn = {i: k for places in (roles[a],) for k, i in _turns(places, len(a))}
                    for i, place in roles[a]:
                        if i in edits.before:
                            continue
                        found.setdefault(i, {})[place] = new[turn[i]]
                    group = sorted(i for i in found if i in program.live)
                    if not group:
                        continue
                    where = _what(edits, [(0, [roles[b][0][0]])])
                    said = f"the index of a group, where {', '.join(map(str, a[:6]))}… stand: it is that of {where} "
                    said += f"{text}, times {unit}"
                    makers = {i: placed(parts) for i, parts in found.items()}
                    yield Edit("wrong index", 1.25, edits.plainly(said, group[:1]), makers, None, group)


def _turns(places: list[tuple[int, int]], n: int) -> Iterator[tuple[int, int]]:
    """Of each step the turn in which it is: they stand column by column."""
    for k, (i, _) in enumerate(places):
        yield k % n, i


def starts(step: Step) -> Iterator[tuple[int, int]]:
    """The plain numbers of an index, and those at which its slices start."""
    yield from numbers(step)
    key = step.args[1]
    for place, part in enumerate(key if type(key) is tuple else (key,)):
        if type(part) is slice and type(part.start) is int and type(part.stop) is int and part.start >= 0:
            yield place, part.start


def _what(edits: Edits, role: list[tuple[int, list[int]]]) -> str:
    step = edits.program.steps[role[0][1][0]]
    return f"`{step.site.expression}`" if step.site is not None and step.site.expression else "one index"


def _all(role: list[tuple[int, list[int]]], new: tuple[int, ...]) -> list[tuple[int, int, int]]:
    return [(i, place, n) for place, some in role for i, n in zip(some, new, strict=True)]


def _edit(edits: Edits, kind: str, cost: float, text: str, changes: list[tuple[int, int, int]]) -> Edit:
    found: dict[int, dict[int, int]] = {}
    for i, place, n in changes:
        found.setdefault(i, {})[place] = n
    group = sorted(found)
    return Edit(
        kind, cost, edits.plainly(text, group[:1]), {i: placed(parts) for i, parts in found.items()}, None, group
    )


def placed(parts: dict[int, int]) -> Make:
    """The call with other numbers in its index; what is before the start raises."""

    def make(step: Step) -> Variant:
        key = step.args[1]
        new = list(key) if type(key) is tuple else [key]
        for place, n in parts.items():
            if n < 0:
                raise IndexError("before the start")
            old = new[place]
            new[place] = slice(n, n + old.stop - old.start, old.step) if type(old) is slice else n
        args = (step.args[0], tuple(new), *step.args[2:])
        return Variant(step.operands, lambda v: step.function(*fill(args, v), **fill(step.kwargs, v)))

    return make


def along(edits: Edits, group: list[int]) -> Iterator[Edit]:
    """What is written side by side, or read so, belongs to the places that an array of indices has."""
    program, columns = edits.program, edits.columns
    step = program.steps[group[0]]
    if step.name not in PLACES or any(n for n in numbers(step)):
        return
    part = np.shape(program.value(step.operands[-1])) if step.name == "setitem" else np.shape(step.value)
    whole = np.shape(program.value(step.operands[0]))
    if not part or len(part) != len(whole):
        return
    for column in columns.by_shape.get(part, ()):
        index = np.asarray(columns.value(column))
        if index.dtype.kind != "i" or len(column) != 1 or column.operands[0] == group[0]:
            continue
        for axis, size in enumerate(whole):
            if index.min() < 0 or index.max() >= size:
                continue
            word = columns.word(column.operands[0])
            verb = "written to" if step.name == "setitem" else "read from"
            text = f"this is {verb} the wrong places: those of {word} along axis {axis} are meant"
            makers = dict.fromkeys(group, _put(column.operands[0], axis, step.name == "setitem"))
            yield Edit("wrong index", 1.2, edits.plainly(text, group), makers, None, group)


def _put(index: Any, axis: int, written: bool) -> Make:
    def make(step: Step) -> Variant:
        def compute(v: Any) -> Any:
            a = np.array(v[0])
            if not written:
                return np.take_along_axis(a, v[-1], axis)
            np.put_along_axis(a, v[-1], fill(step.args[2], v), axis)
            return a

        return Variant((*step.operands, index), compute)

    return make


def weighed(
    program: Program, group: list[int], results: Callable[[dict[int, Make]], Any], lack: Any
) -> list[float] | None:
    """The factor of each step of a group that makes up for what results lack; None where there are none."""
    from .edit import after

    table = []
    for i in group:
        moved = results({i: after(lambda y: 0 * y)})
        if moved is None:
            return None
        table.append(-moved)
    matrix = np.stack(table, 1)
    if not np.isfinite(matrix).all() or np.linalg.matrix_rank(matrix) < len(group):
        return None
    more, *_ = np.linalg.lstsq(matrix, lack, rcond=None)
    if not np.allclose(matrix @ more, lack, rtol=0, atol=1e-8 * np.max(np.abs(lack))):
        return None
    return [float(c) for c in 1 + more]
