"""Where one call may have been meant to read or write: another place, in steps, in reverse, beside what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from .edit import Make, Other, made
from .program import Hole, Program, Step, Variant, fill


def moved(key: Any, change: Callable[[Any], Any]) -> Any:
    """An index with its numbers changed."""
    if type(key) is tuple:
        return tuple(moved(part, change) for part in key)
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return change(int(key))
    if type(key) is slice and (key.start is not None or key.stop is not None):
        start, stop = (p if p is None or type(p) is Hole else change(int(p)) for p in (key.start, key.stop))
        return slice(start, stop, key.step)
    return key


def _at(change: Callable[[Any, Step], Any]) -> Make:
    """The call with another index."""

    def make(step: Step) -> Variant:
        args = (step.args[0], change(step.args[1], step), *step.args[2:])
        return Variant(step.operands, lambda v: step.function(*fill(args, v), **fill(step.kwargs, v)))

    return make


def _one_part(place: int, by: int) -> Callable[[Any, Step], Any]:
    def change(key: Any, step: Step) -> Any:
        parts = list(key) if type(key) is tuple else [key]
        parts[place] = moved(parts[place], lambda n: n + by)
        if _negative(parts[place]):
            raise IndexError("before the start")
        return tuple(parts)

    return change


def _negative(part: Any) -> bool:
    return type(part) is slice and any(type(p) is int and p < 0 for p in (part.start, part.stop))


def places(program: Program, step: Step) -> Iterator[Other]:
    """Other places, for what reads or writes by an index."""
    if step.name not in ("getitem", "setitem") and not step.name.endswith(".at"):
        return
    key = step.args[1]
    parts = list(key) if type(key) is tuple else [key]
    verb = "read" if step.name == "getitem" else "written"
    for place, part in enumerate(parts):
        if moved(part, lambda n: n + 1) != part:
            for by in (1, -1):
                yield Other(
                    "wrong place",
                    1.2,
                    f"{{0}} is {verb} {'one further' if by == 1 else 'one before'} along index {place}",
                    _at(_one_part(place, by)),
                )
            text = f"{{0}} is {verb} from the other end along index {place}"
            yield Other("wrong place", 1.3, text + _ends(part), _at(_reversed((place,), program)))
            for times in (2, 3):
                yield Other(
                    "stride ignored",
                    1.3,
                    f"{{0}} is {verb} at {times} times the index {place}: a stride or a dilation is left out",
                    _at(_stretched(place, times)),
                )
        if type(part) is slice:
            for stride in (2, 3):
                yield Other(
                    "dilation ignored",
                    1.3,
                    f"{{0}} is {verb} in steps of {stride} along index {place}: a stride or a dilation is left out",
                    _at(_stepped(place, stride)),
                )
            yield Other("flipped", 1.4, f"{{0}} is {verb} in reverse along index {place}", _at(_flipped(place)))
    both = tuple(
        place for place, part in enumerate(parts) if type(part) is slice and moved(part, lambda n: n + 1) != part
    )
    if len(both) > 1:
        text = f"{{0}} is {verb} from the other end along the indices {' and '.join(map(str, both))}"
        yield Other("wrong place", 1.35, text + _ends(parts[both[0]]), _at(_reversed(both, program)))
    if step.name == "setitem" and len(parts) == 2 and parts[0] == slice(None) and type(parts[1]) is Hole:
        yield Other(
            "wrong index",
            1.05,
            "one place for each row is meant, [np.arange(N), index], not the columns of all of them, [:, index]",
            made(lambda s, v: _one_each(v[0], fill(s.args[1], v)[1], fill(s.args[2], v))),
        )
    if step.name == "setitem" and len(step.args) == 3:
        yield from _counts(program, step)
        yield Other(
            "overwritten",
            1.1,
            "What is written there is added to what stands there, np.add.at(d, index, g) or +=, not put in its place",
            made(lambda s, v: _added(*fill(s.args, v))),
        )
        yield Other(
            "overwritten",
            1.1,
            "Where an index occurs several times only one counts: add them up, with np.add.at(d, index, g)",
            made(lambda s, v: _gained(*fill(s.args, v))),
        )
        yield Other(
            "part missing",
            1.05,
            "This writing is too much: what stands there is right, and lost",
            lambda s: Variant(s.operands[:1], lambda v: v[0]),
        )
        yield Other(
            "overwritten",
            1.3,
            "What stands there is replaced: nothing is added to it",
            made(lambda s, v: _lost(*fill(s.args, v))),
        )
    if step.name != "getitem" and any(np.ndim(program.value(o)) == 1 for o in step.operands[1:]):
        for text, f in (("divided by", lambda v: v[-1] / _count(v)), ("multiplied with", lambda v: v[-1] * _count(v))):
            yield Other(
                "averaged" if text == "multiplied with" else "summed",
                1.2,
                f"What is written there is meant to be {text} the number of its indices",
                made(lambda s, v, f: s.compute([*v[:-1], f(v)]), f),
            )
    if len(parts) > 1:
        for i, j in combinations(range(len(parts)), 2):
            if type(parts[i]) is type(parts[j]):
                yield Other(
                    "wrong order", 1.2, f"The indices {i} and {j} of {{0}} are exchanged", _at(_exchanged(i, j))
                )


def _counts(program: Program, step: Step) -> Iterator[Other]:
    """-1 in one place of a row whose other places have 0 or 1: the margins of a hinge that are violated."""
    values = [program.value(o) for o in step.operands]
    a, key, value = np.asarray(values[0]), fill(step.args[1], values), np.unique(fill(step.args[2], values))
    parts = key if type(key) is tuple else (key,)
    if a.ndim != len(parts) or a.ndim > 2 or value.size != 1 or value[0] >= 0:
        return
    rest = np.array(a)
    rest[key] = 0
    if np.any((rest != 0) & (rest != -value[0])) or any(np.asarray(part).dtype.kind != "i" for part in parts):
        return
    given = step.args[1] if type(step.args[1]) is tuple else (step.args[1],)
    for axis, part in enumerate(parts):
        each = a.ndim > 1 and np.array_equal(part, np.arange(a.shape[axis]))
        if each or type(given[axis]) is not Hole:  # no label
            continue
        yield Other(
            "wrong count",
            1.0,
            f"{value[0]:.4g} is written at the correct class: minus the number of violated margins, −count, is meant, "
            f"minus the sum of all others{f' along axis {axis}' * (a.ndim > 1)}",
            made(lambda s, v, n: _less_the_rest(v[0], fill(s.args[1], v), n), axis),
        )


def _less_the_rest(a: Any, key: Any, axis: int) -> Any:
    """The array with minus the sum of all others along an axis in a place."""
    a = np.array(a, float)
    a[key] = 0
    rows = key[:axis] + key[axis + 1 :] if type(key) is tuple else ()
    a[key] = -np.sum(a, axis)[rows]
    return a


def _one_each(a: Any, index: Any, value: Any) -> Any:
    """The array with a value put in one place of each row."""
    a, rows = np.array(a), np.arange(len(index))
    value = np.broadcast_to(value, (len(rows), len(rows))) if np.ndim(value) > 1 else value
    a[rows, index] = value[rows, rows] if np.ndim(value) > 1 else value
    return a


def _count(values: list[Any]) -> int:
    return max(np.size(v) for v in values[1:-1])


def _exchanged(i: int, j: int) -> Callable[[Any, Step], Any]:
    def change(key: Any, step: Step) -> Any:
        parts = list(key)
        parts[i], parts[j] = parts[j], parts[i]
        return tuple(parts)

    return change


def _ends(part: Any) -> str:
    """What a slice is from the other end, in the words of who shifts a sequence."""
    if type(part) is not slice or part.step is not None or (part.start and part.stop is not None):
        return ""
    now, then = ("[s:]", "[:n − s]") if part.stop is None else ("[:n − s]", "[s:]")
    return f", {then} where {now} stands: an output and what it was made of lie s apart"


def _reversed(at: tuple[int, ...], program: Program) -> Callable[[Any, Step], Any]:
    def change(key: Any, step: Step) -> Any:
        parts = list(key) if type(key) is tuple else [key]
        for place in at:
            size = np.shape(program.value(step.operands[0]))[place]
            part = parts[place]
            if type(part) is slice:
                start, stop, by = part.indices(size)
                parts[place] = slice(size - stop, size - start, by)
            else:
                parts[place] = size - 1 - int(part) % size
        return tuple(parts)

    return change


def _stretched(place: int, times: int) -> Callable[[Any, Step], Any]:
    def change(key: Any, step: Step) -> Any:
        parts = list(key) if type(key) is tuple else [key]
        part = parts[place]
        if type(part) is slice:
            start = part.start or 0
            length = None if part.stop is None else part.stop - start
            parts[place] = slice(start * times, None if length is None else start * times + length, part.step)
        else:
            parts[place] = int(part) * times
        return tuple(parts)

    return change


def _stepped(place: int, stride: int) -> Callable[[Any, Step], Any]:
    def change(key: Any, step: Step) -> Any:
        parts = list(key) if type(key) is tuple else [key]
        part = parts[place]
        start = part.start or 0
        stop = None if part.stop is None else start + (part.stop - start - 1) * stride + 1
        parts[place] = slice(part.start, stop, stride)
        return tuple(parts)

    return change


def _flipped(place: int) -> Callable[[Any, Step], Any]:
    def change(key: Any, step: Step) -> Any:
        parts = list(key) if type(key) is tuple else [key]
        part = parts[place]
        if part != slice(None):
            raise IndexError("not the whole")
        parts[place] = slice(None, None, -1)
        return tuple(parts)

    return change


def _added(a: Any, key: Any, value: Any) -> Any:
    a = np.array(a)
    np.add.at(a, key, value)
    return a


def _gained(a: Any, key: Any, value: Any) -> Any:
    a = np.array(a)
    np.add.at(a, key, value - a[key])
    return a


def _lost(a: Any, key: Any, value: Any) -> Any:
    new = np.array(a)
    new[key] = value - a[key]
    return new
