"""Windows and shifts that a loop reads and writes: a stride or a dilation left out, another one, rows for columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from .by_index import LONGEST, PLACES, numbers, placed
from .edit import Edit, Make
from .program import Step, Variant, fill

if TYPE_CHECKING:
    from .edits import Edits

REACH = 5  # neighbours on each side that are tried
SMALL = 8  # numbers that are added to a turn of a loop


def strides(edits: Edits) -> Iterator[Edit]:
    """Windows that start at the turns of loops, in every line: at twice or three times those, as for a stride."""
    program = edits.program
    starting: dict[tuple[Any, int], list[tuple[int, int]]] = {}  # the slices of one place of the program
    for i in edits.editable:
        step = program.steps[i]
        if step.name in PLACES and step.site is not None:
            for place, part in enumerate(step.args[1] if type(step.args[1]) is tuple else (step.args[1],)):
                if type(part) is slice and type(part.start) is int and type(part.stop) is int and part.start >= 0:
                    starting.setdefault(((step.site.code, step.site.instruction), place), []).append((i, part.start))
    loops: dict[Any, dict[tuple[int, ...], list[tuple[int, int]]]] = {}
    for ((code, _), place), some in starting.items():
        starts = tuple(start for _, start in some)
        if len(set(starts)) > 1 and min(starts) == 0:
            loops.setdefault((code, len(some)), {}).setdefault(starts, []).extend((i, place) for i, _ in some)
    for roles in loops.values():
        for chosen in [tuple(roles)] if len(roles) == 1 else [tuple(roles), *((role,) for role in roles)]:
            what = _strides_or_taps(edits, {place: i for starts in chosen for i, place in roles[starts]}, chosen)
            unit = int(np.gcd.reduce([start for starts in chosen for start in starts]))
            for times in (n for n in range(1, max(4, unit + 2)) if n != unit and (n > 1 or unit > 1)):
                found: dict[int, dict[int, int]] = {}
                for starts in chosen:
                    for k, (i, place) in enumerate(roles[starts]):
                        found.setdefault(i, {})[place] = times * (starts[k % len(starts)] // unit)
                group = sorted(found)
                first = [next((i for i in group if program.steps[i].name == "setitem"), group[0])]
                text = f"the windows start at the turns of the loop, at {times} times those is meant: a {what} is "
                text += f"left out, start = {times} * i"
                if unit > 1:
                    text = f"the windows start at {unit} times the turns of the loop, at {times} times those is meant: "
                    text += f"start = {times} * i, by the stride"
                makers = {i: placed(parts) for i, parts in found.items()}
                yield Edit(f"{what.split()[0]} ignored", 1.3, edits.plainly(text, first), makers, None, group)


def _strides_or_taps(edits: Edits, windows: dict[int, int], turns: Sequence[tuple[int, ...]]) -> str:
    """What windows lack: a loop through the taps of a filter reads one from all places for each, a long one."""
    program = edits.program
    some = next(iter(windows.values()))
    if not _of_taps(edits, some, turns):
        return "stride"
    keys = program.steps[some].args[1]
    lengths = {p.stop - p.start for k, p in enumerate(keys if type(keys) is tuple else (keys,)) if k in windows}
    if min(lengths) <= max(len(set(turn)) for turn in turns):
        return "stride"
    sizes = {n for o in program.outputs if o is not None for n in np.shape(program.steps[o].value)}
    return "stride or a dilation" if lengths & sizes else "dilation"


def _of_taps(edits: Edits, i: int, turns: Sequence[tuple[int, ...]]) -> bool:
    """Whether a loop runs through what a parameter has, or its gradient, as through the taps of a filter."""
    program = edits.program
    code = program.steps[i].site.code  # type: ignore[union-attr]
    shapes = {np.shape(program.steps[o].value) for o in program.outputs if o is not None}
    for column in edits.columns.all:
        some = [k for k in column.operands if isinstance(k, int)]
        step = program.steps[some[0]] if some else None
        if step is None or step.name not in PLACES or step.site is None or step.site.code is not code:
            continue
        read = step.operands[0]
        weights = (
            step.name == "getitem" and isinstance(read, int) and read in program.leaves and not edits._seeded(read)
        )
        if weights or (step.name == "setitem" and np.shape(step.value) in shapes):
            for place, _ in numbers(step):
                each = tuple(dict(numbers(program.steps[k])).get(place, -1) for k in some)
                if any(set(each) == set(turn) for turn in turns):
                    return True
    return False


def reaches(edits: Edits) -> Iterator[Edit]:
    """A window around each place along an axis, cut off at both ends, that reaches farther or less far."""
    program = edits.program
    found: dict[Any, list[tuple[int, slice, int]]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name == "getitem" and step.site is not None:
            shape = np.shape(program.value(step.operands[0]))
            for place, part in enumerate(step.args[1] if type(step.args[1]) is tuple else (step.args[1],)):
                if type(part) is slice and type(part.start) is int and type(part.stop) is int and place < len(shape):
                    found.setdefault((step.site, place), []).append((i, part, shape[place]))
    for (_, place), some in found.items():
        size = some[0][2]
        if len(some) != size or size < 3 or any(n != size or part.start < 0 for _, part, n in some):
            continue
        starts = {part.start - k for k, (_, part, _) in enumerate(some) if part.start > 0}
        stops = {part.stop - k for k, (_, part, _) in enumerate(some) if part.stop < size}
        if len(starts) > 1 or len(stops) > 1:
            continue
        low, high = min(starts, default=-size), min(stops, default=size)
        near = product((low - 1, low, low + 1), (high - 1, high, high + 1)) if starts and stops else ()
        for first, end in dict.fromkeys((*((-r, r + 1) for r in range(min(size, REACH))), *near)):
            if (first, end) == (low, high) or end <= first:
                continue
            makers = {i: _read_within(place, max(0, k + first), max(0, k + end)) for k, (i, _, _) in enumerate(some)}
            text = (
                f"the window reaches another way: for place i along axis {place} all from i{first:+d} to i{end - 1:+d} "
            )
            text += "are meant, cut off at both ends"
            group = [i for i, _, _ in some]
            text = text.replace("i+0", "i").replace("+", " + ").replace("i-", "i − ")
            yield Edit("wrong slice", 1.3, edits.plainly(text, group[:1]), makers, None, group)


def _read_within(place: int, start: int, stop: int) -> Make:
    def make(step: Step) -> Variant:
        def compute(values: Sequence[Any]) -> Any:
            array, index = fill(step.args, values)[:2]
            parts = index if type(index) is tuple else (index,)
            return array[tuple(slice(start, stop) if k == place else part for k, part in enumerate(parts))]

        return Variant(step.operands, compute)

    return make


def shifts(edits: Edits) -> Iterator[Edit]:
    """Slices of one line that leave out s places, a[s:] and a[:-s]: twice or three times as many, as for a dilation."""
    program = edits.program
    lines: dict[Any, dict[int, dict[int, tuple[bool, int]]]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name in PLACES and step.site is not None:
            for place, part in enumerate(step.args[1] if type(step.args[1]) is tuple else (step.args[1],)):
                by = _left_out(part, np.shape(program.value(step.operands[0])), place)
                if by is not None:
                    line = lines.setdefault((step.site.code, step.site.line, step.site.callers), {})
                    line.setdefault(i, {})[place] = by
    for line in lines.values():
        seen = {s for parts in line.values() for _, s in parts.values()}
        group = sorted(line)
        for times in (2, 3, 4) if len(seen) > 1 else ():
            makers = {i: _left_out_more(line[i], times) for i in group}
            text = f"the slices of this line leave out as many places as the turn of a loop, {times} times that is "
            text += f"meant, s = {times} * j: a dilation is left out"
            yield Edit("dilation ignored", 1.3, edits.plainly(text, group[:1]), makers, None, group)


def _left_out(part: Any, shape: tuple[int, ...], place: int) -> tuple[bool, int] | None:
    """Whether a slice leaves places out at the start, or at the end, and how many."""
    if type(part) is not slice or part.step is not None or place >= len(shape):
        return None
    if part.stop is None and type(part.start) is int and part.start > 0:
        return True, part.start
    if part.start in (None, 0) and type(part.stop) is int:
        by = -part.stop if part.stop < 0 else shape[place] - part.stop
        return (False, by) if 0 < by < shape[place] else None
    return None


def _left_out_more(parts: dict[int, tuple[bool, int]], times: int) -> Make:
    """The call with slices that leave out more places."""

    def make(step: Step) -> Variant:
        key = step.args[1]
        new = list(key) if type(key) is tuple else [key]
        for place, (at_start, s) in parts.items():
            new[place] = slice(times * s, None) if at_start else slice(None, -times * s)
        args = (step.args[0], tuple(new), *step.args[2:])
        return Variant(step.operands, lambda v: step.function(*fill(args, v), **fill(step.kwargs, v)))

    return make


def within(edits: Edits) -> Iterator[Edit]:
    """Row and column of a place in a window exchanged: a[2 * i + c, 2 * j + r] where r and c are meant so."""
    program = edits.program
    lines: dict[Any, list[int]] = {}
    for i in edits.editable:
        step = program.steps[i]
        if step.name in PLACES and step.site is not None and len(dict(numbers(step))) > 1:
            lines.setdefault((step.site.code, step.site.line, np.shape(program.value(step.operands[0]))), []).append(i)
    for group in lines.values():
        places = [dict(numbers(program.steps[i])) for i in group]
        held = [program.counters.get(i, {}) for i in group]
        at = {place: np.array([one.get(place, -1) for one in places]) for place in places[0]}
        turns = {name: np.array([one.get(name, 0) for one in held]) for name in held[0]}
        for a, b in combinations(at, 2):
            for one, two in permutations(turns, 2):
                for times in (1, 2, 3):
                    s, t = times * turns[one], times * turns[two]
                    inner = np.stack((at[a] - s, at[b] - t))
                    if np.min(inner) < 0 or np.max(inner) >= SMALL or np.array_equal(*inner):
                        continue
                    text = f"the two places within a window are exchanged, row for column: {_plus(times, one)} and "
                    text += f"{_plus(times, two)} are meant with the other of them"
                    starts = zip(group, s.tolist(), t.tolist(), strict=True)
                    makers = {i: _inside_out((a, b), (m, n)) for i, m, n in starts}
                    yield Edit("wrong index", 1.15, edits.plainly(text, group[:1]), makers, None, group)


def _plus(times: int, name: str) -> str:
    return f"{times} * {name} + …" if times > 1 else f"{name} + …"


def _inside_out(places: tuple[int, int], starts: tuple[int, int]) -> Make:
    """The call with what is added to two starts exchanged."""

    def make(step: Step) -> Variant:
        new, (a, b), (s, t) = list(step.args[1]), places, starts
        new[a], new[b] = s + step.args[1][b] - t, t + step.args[1][a] - s
        args = (step.args[0], tuple(new), *step.args[2:])
        return Variant(step.operands, lambda v: step.function(*fill(args, v), **fill(step.kwargs, v)))

    return make


def sums(edits: Edits) -> Iterator[Edit]:
    """Indices that are a turn of a loop and something else, i + k: at two or three times the turn, as for a stride."""
    program = edits.program
    turns: dict[tuple[Any, int], dict[tuple[int, ...], None]] = {}
    lines: dict[tuple[Any, int, int], dict[tuple[int, ...], list[tuple[int, int, int]]]] = {}
    for column in edits.columns.all:
        some = [i for i in column.operands if isinstance(i, int)]
        step = program.steps[some[0]] if some else None
        if step is None or step.name not in PLACES or step.site is None or not 4 <= len(some) <= LONGEST:
            continue
        for place, _ in numbers(step):
            each = tuple(dict(numbers(program.steps[i])).get(place, -1) for i in some)
            if len(set(each)) > 1:
                turns.setdefault((step.site.code, len(some)), {})[each] = None
                line = lines.setdefault((step.site.code, step.site.line, len(some)), {}).setdefault(each, [])
                line.extend((i, place, k) for k, i in enumerate(some) if i not in edits.before)
    for (code, _, n), targets in lines.items():
        choices: list[tuple[list[tuple[int, int, int]], list[tuple[int, ...]]]] = [
            (at, [r for r in turns[code, n] if _beside(each, r)]) for each, at in targets.items()
        ]
        choices = [(at, beside) for at, beside in choices if at and beside][:3]
        for chosen in product(*([(), *beside] for _, beside in choices)):
            picked = [(at, r) for (at, _), r in zip(choices, chosen, strict=True) if r]
            for times in (2, 3) if picked else ():
                moved: dict[int, dict[int, int]] = {}
                for at, r in picked:
                    for i, place, k in at:
                        moved.setdefault(i, {})[place] = (times - 1) * r[k]
                group = sorted(moved)
                text = f"one index is a turn of the loop and something else: {times} times the turn is meant there, "
                text += f"{times} * i + k, a stride or a dilation is left out"
                makers = {i: _moved(parts) for i, parts in moved.items()}
                yield Edit(
                    "stride ignored",
                    1.3 + 0.05 * (2 - len(picked)),
                    edits.plainly(text, group[:1]),
                    makers,
                    None,
                    group,
                )


def _beside(each: tuple[int, ...], turn: tuple[int, ...]) -> bool:
    """Whether numbers are those of a turn and something small."""
    rest = [a - b for a, b in zip(each, turn, strict=True)]
    return min(rest) >= 0 and 0 < max(rest) < SMALL


def _moved(parts: dict[int, int]) -> Make:
    """The call with numbers added to those of its index."""

    def make(step: Step) -> Variant:
        key = step.args[1]
        new = list(key) if type(key) is tuple else [key]
        for place, by in parts.items():
            new[place] = new[place] + by
        args = (step.args[0], tuple(new), *step.args[2:])
        return Variant(step.operands, lambda v: step.function(*fill(args, v), **fill(step.kwargs, v)))

    return make
