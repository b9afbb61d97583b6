"""Values that are another one wherever the backward reads them, or a function of it; two values exchanged."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from .columns import Column
from .edit import Edit, Make
from .groups import Groups
from .program import Constant, Operand, Step, Variant


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


EARLY = "is updated before its old value is used: the value that the forward had is meant"
MOST_READ = 4  # times that a line reads a value, of which some are changed
Function = Callable[[Any], Any]
SLOPES: tuple[tuple[str, Function], ...] = (
    ("1 − {0}", lambda a: 1 - a),
    ("{0}²", lambda a: a * a),
    ("1 − {0}²", lambda a: 1 - a * a),
    ("{0}·(1 − {0})", lambda a: a * (1 - a)),
    ("{0} > 0", lambda a: (a > 0) * 1.0),
    ("√{0}", np.sqrt),
    ("1/{0}", lambda a: 1 / a),
    ("1/{0}²", lambda a: 1 / (a * a)),
    ("{0}³", lambda a: a**3),
    ("exp({0})", np.exp),
    ("log({0})", np.log),
    ("the sign of {0}", np.sign),
    ("|{0}|", np.abs),
    ("tanh({0})", np.tanh),
    ("1 − tanh²({0})", lambda a: 1 - np.tanh(a) ** 2),
    ("σ({0})", _sigmoid),
    ("σ({0})·(1 − σ({0}))", lambda a: _sigmoid(a) * (1 - _sigmoid(a))),
    ("cos({0})", np.cos),
    ("sin({0})", np.sin),
    ("{0} − 1", lambda a: a - 1),
    ("1 + {0}", lambda a: 1 + a),
    ("1 + {0}²", lambda a: 1 + a * a),
    ("1/(1 + {0}²)", lambda a: 1 / (1 + a * a)),
    ("{0} < 0", lambda a: (a < 0) * 1.0),
    ("exp(−{0})", lambda a: np.exp(-a)),
    ("−{0}", np.negative),
)


class Renamed(Groups):
    """Changes of what a value is, everywhere."""

    def _renamed(self) -> Iterator[Edit]:
        """A value that is another one wherever the backward reads it, or a function of it; two values exchanged."""
        columns = self.columns
        readers = self._readers()
        for column in sorted(columns.all, key=lambda c: not c.name):
            read = [(i, slot, k) for k, o in enumerate(column.operands) for i, slot in readers.get(_key(o), ())]
            value = np.asarray(columns.value(column))
            if not read or value.dtype.kind not in "fb" or value.size < 2:
                continue
            word = columns.word(column.operands[0])
            group = [read[0][0]]
            if len({(i, slot) for i, slot, _ in read}) > len(column) and not column.seeded:
                for text, f in SLOPES:
                    makers = _operands_changed([(i, slot, column.operands[k], f) for i, slot, k in read])
                    said = f"where {word} stands in the backward, {text.format(word)} is meant, everywhere"
                    yield Edit("derivative", 1.5, self.plainly(said, group), makers, None, group)
            for other in columns.by_shape.get(value.shape, ()):
                if other is column or other.seeded != column.seeded or len(other) not in (1, len(column)):
                    continue
                new = [other.operands[0] if len(other) == 1 else other.operands[k] for _, _, k in read]
                if any(self._later(i, n) or n == column.operands[k] for (i, _, k), n in zip(read, new)):
                    continue
                now, then = columns.elsewhere(column.operands[0], other.operands[0])
                if now == then:
                    continue
                makers = _operands_changed([(i, slot, n, None) for (i, slot, _), n in zip(read, new)])
                old = other.operands[0]
                early = isinstance(old, int) and old in self.before and self._later(old, column.operands[0])
                kind, more = self._apart(column.operands[0], other.operands[0])
                kind = (
                    "updated too early"
                    if early and (column.name == other.name != "" or self._written(column))
                    else kind
                )
                said = f"the backward reads {now} everywhere where {then} is meant{more}"
                cost = 1.4 + (0 if other.name else 0.4)
                if kind == "updated too early":
                    cost = 1.0
                    said = f"{word} {EARLY}"
                yield Edit(kind, cost, self.plainly(said, group), makers, None, group)
                back = [(i, slot, k) for k, o in enumerate(other.operands) for i, slot in readers.get(_key(o), ())]
                if back and len(other) == len(column) and columns.all.index(other) > columns.all.index(column):
                    both = [(i, slot, n, None) for (i, slot, _), n in zip(read, new)]
                    both += [(i, slot, column.operands[k], None) for i, slot, k in back]
                    if not any(self._later(i, n) for i, _, n, _ in both):
                        said = f"{now} and {then} are exchanged in the backward"
                        yield Edit("wrong factor", 1.3, self.plainly(said, group), _operands_changed(both), None, group)

    def _arguments(self) -> Iterator[Edit]:
        """An argument of one call is another value, wherever the function reads it."""
        program = self.program
        calls: dict[Hashable, list[int]] = {}
        for i in self.editable:
            site = program.steps[i].site
            if site is not None and site.callers:
                calls.setdefault((site.code, site.callers), []).append(i)
        for inside in calls.values():
            if len({self._place(i) for i in inside}) < len(inside):
                continue  # of a loop
            read: dict[int, list[tuple[int, int]]] = {}
            for i in inside:
                for slot, o in enumerate(program.steps[i].operands):
                    if isinstance(o, int) and o not in inside:
                        read.setdefault(o, []).append((i, slot))
            for o, some in read.items():
                yield from self._another_argument(o, some)

    def _another_argument(self, o: int, read: list[tuple[int, int]]) -> Iterator[Edit]:
        value = np.asarray(self.program.value(o))
        if len(read) < 2 or value.dtype.kind not in "fb" or value.size < 2:
            return
        for column in self.columns.by_shape.get(value.shape, ()):
            for new in column.operands[:6]:
                if new == o or not self._may(o, column) or any(self._later(i, new) for i, _ in read):
                    continue
                now, then = self.columns.elsewhere(o, new)
                if now == then:
                    continue
                site = self.program.steps[read[0][0]].site
                assert site is not None
                kind, more = self._apart(o, new)
                said = f"in this call of {site.code.co_name} {now} is given where {then} is meant{more}"
                makers = _operands_changed([(i, slot, new, None) for i, slot in read])
                cost = 1.35 + (0 if column.name else 0.4)
                yield Edit(kind, cost, self.calling(said, site), makers, None, [read[0][0]])

    def _spread(self) -> Iterator[Edit]:
        """A value of fewer places, a mean of many, where the values themselves are meant, wherever a line reads it."""
        lines: dict[Hashable, dict[Hashable, list[tuple[int, int, Operand]]]] = {}
        for i in self.editable:
            step = self.program.steps[i]
            for slot, o in enumerate(step.operands) if isinstance(step.function, np.ufunc) and step.site else ():
                line = lines.setdefault((step.site.code, step.site.line), {})  # type: ignore[union-attr]
                line.setdefault(_key(o), []).append((i, slot, o))
        for read in (read for line in lines.values() for read in line.values()):
            o = read[0][2]
            small = np.asarray(self.program.value(o))
            if small.dtype.kind != "f" or small.size < 2 or self._seeded(o) or len(read) > MOST_READ:
                continue
            for column in (
                c for shape, some in self.columns.by_shape.items() if _spreads(small.shape, shape) for c in some
            ):
                new = column.operands[-1]
                if not column.name or column.seeded or any(self._later(i, new) for i, _, _ in read):
                    continue
                said = f"this line reads {self.columns.word(o)} where {column.name} is meant, of each place"
                for first, last in combinations(range(len(read) + 1), 2):
                    part = read[first:last]
                    makers = _operands_changed([(i, slot, new, None) for i, slot, _ in part])
                    yield Edit("wrong factor", 1.45, self.plainly(said, [part[0][0]]), makers, None, [part[0][0]])

    def _written(self, column: Column) -> bool:
        """Whether a column is an array after a place in it was written."""
        o = column.operands[0]
        return isinstance(o, int) and self.program.steps[o].name == "setitem"

    def _readers(self) -> dict[Hashable, list[tuple[int, int]]]:
        """Of each value the steps that may be changed and read it, and as which operand."""
        found: dict[Hashable, list[tuple[int, int]]] = {}
        for i in self.editable:
            for slot, o in enumerate(self.program.steps[i].operands):
                found.setdefault(_key(o), []).append((i, slot))
        return found

    def _exchanged(self) -> Iterator[Edit]:
        """Two values exchanged, or one the other, where the gradient meets them: a forward computed again stays."""
        values = self._in_the_gradient()
        for (a, read), (b, back) in combinations(values, 2):
            if len(a) != len(b) or np.shape(self.columns.value(a)) != np.shape(self.columns.value(b)):
                continue
            now, then = self.columns.elsewhere(a.operands[0], b.operands[0])
            if now == then:
                continue
            group = [read[0][0]]
            exchanged = self.plainly(f"{now} and {then} are exchanged where the gradient meets them", group)
            for way in (1, -1) if len(a) > 1 else (1,):  # a loop that goes back has its turns in the other order
                both = [(i, slot, b.operands[::way][k], None) for i, slot, k in read]
                both += [(i, slot, a.operands[::way][k], None) for i, slot, k in back]
                if not any(self._later(i, n) for i, _, n, _ in both):
                    yield Edit("wrong factor", 1.3, exchanged, _operands_changed(both), None, group)
        for column, read in values:
            word, group = self.columns.word(column.operands[0]), [read[0][0]]
            for text, f in SLOPES:
                makers = _operands_changed([(i, slot, column.operands[k], f) for i, slot, k in read])
                said = f"where the gradient meets {word}, {text.format(word)} is meant, everywhere"
                yield Edit("derivative", 1.5, self.plainly(said, group), makers, None, group)
            for other in self.columns.by_shape.get(np.shape(self.columns.value(column)), ()):
                if other is column or other.seeded or len(other) not in (1, len(column)):
                    continue
                new = [other.operands[0] if len(other) == 1 else other.operands[k] for _, _, k in read]
                if any(self._later(i, n) for (i, _, _), n in zip(read, new, strict=True)):
                    continue
                now, then = self.columns.elsewhere(column.operands[0], other.operands[0])
                if now == then:
                    continue
                kind, more = self._apart(column.operands[0], other.operands[0])
                makers = _operands_changed([(i, slot, n, None) for (i, slot, _), n in zip(read, new, strict=True)])
                said = f"the gradient meets {now} everywhere where {then} is meant{more}"
                cost = 1.45 + (0 if other.name else 0.4)
                yield Edit(kind, cost, self.plainly(said, group), makers, None, group)

    def _in_the_gradient(self) -> list[tuple[Column, list[tuple[int, int, int]]]]:
        """Values, in a loop those of every turn, and where they meet what arrives: those that are equal are one."""
        program, readers = self.program, self._readers()
        found: dict[Hashable, tuple[Column, list[tuple[int, int, int]]]] = {}
        if not program.seeded:
            return []
        for column in sorted(self.columns.all, key=lambda c: not c.name):
            value = np.asarray(self.columns.value(column))
            if column.seeded or value.dtype.kind != "f" or value.size < 2:
                continue
            key = (value.shape, *(np.asarray(program.value(o)).tobytes() for o in column.operands))
            read = found.setdefault(key, (column, []))[1]
            read += [
                (i, slot, k)
                for k, o in enumerate(column.operands)
                for i, slot in readers.get(_key(o), ())
                if i in program.seeded and (i, slot, k) not in read
            ]
        return [(column, read) for column, read in found.values() if read]


def _spreads(small: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a value of one shape is spread over the places of another."""
    return small != shape and len(small) <= len(shape) and all(n in (1, m) for n, m in zip(small[::-1], shape[::-1]))


def _key(o: Operand) -> Hashable:
    """What one value has in common wherever it is read: a step, or the numbers of data."""
    if isinstance(o, Constant):
        value = np.asarray(o.value)
        return (value.shape, value.dtype, value.tobytes())
    return o


def _operands_changed(all_of_them: Sequence[tuple[int, int, Operand, Function | None]]) -> dict[int, Make]:
    """Some operands of some steps, each with its new value, or a function of that."""
    found: dict[int, list[tuple[int, Operand, Function | None]]] = {}
    for i, slot, new, f in all_of_them:
        found.setdefault(i, []).append((slot, new, f))
    return {i: _with(changes) for i, changes in found.items()}


def _with(changes: list[tuple[int, Operand, Function | None]]) -> Make:
    def make(step: Step) -> Variant:
        operands = list(step.operands)
        for slot, new, _ in changes:
            operands[slot] = new

        def compute(values: Any) -> Any:
            values = list(values)
            for slot, _, f in changes:
                if f is not None:
                    values[slot] = f(values[slot])
            return step.compute(values)

        return Variant(tuple(operands), compute)

    return make
