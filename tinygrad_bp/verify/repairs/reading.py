"""What a step may have been meant to read: another value, a function of it, another number."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from .by_op import PRODUCTS, turned
from .columns import Column
from .edit import Edit, Make, instead, operand
from .groups import Groups
from .program import Constant, Operand, Step, Variant

TURNING = ("matmul", "dot", "einsum", "tensordot", "convolve", "correlate", "multiply", "inner", "outer")


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


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
)


class Reading(Groups):
    """Changes of what steps read."""

    def _scatters(self, group: list[int]) -> Iterator[Edit]:
        """Another array of indices of the same shape: source and target exchanged."""
        program = self.program
        for slot, o in enumerate(program.steps[group[0]].operands):
            value = np.asarray(program.value(o))
            if value.dtype.kind in "iu" and value.size > 1:
                for column in self.columns.by_shape.get(value.shape, ()):
                    other = np.asarray(self.columns.value(column))
                    if other.dtype.kind in "iu" and not np.array_equal(other, value) and len(column) == 1:
                        word = self.columns.word(column.operands[0])
                        text = f"The index is {{{slot}}} where {word} is meant"
                        yield self.edit("wrong index", 1.1, text, group, instead(slot, column.operands[0]))

    def _everywhere(self) -> Iterator[Edit]:
        """One change of every matrix product: the weights of all layers."""
        program = self.program
        for product in PRODUCTS:
            some = [
                i for i in self.editable if program.steps[i].name == product and len(program.steps[i].operands) == 2
            ]
            for slot in (0, 1):
                leaves = [i for i in some if self._square_leaf(i, slot)]
                if len(leaves) > 1:
                    words = [self.columns.word(program.steps[i].operands[slot]) for i in leaves]
                    text = f"{', '.join(words)} are transposed"
                    yield self.edit("transposed", 1.2, text, leaves, operand(slot, turned))

    def _renamed(self) -> Iterator[Edit]:
        """A value that is another one wherever the backward reads it, or a function of it; two values exchanged."""
        columns = self.columns
        readers = self._readers()
        for column in columns.all:
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
                    said = f"{word} is updated before its old value is used: the value that the forward had is meant"
                yield Edit(kind, cost, self.plainly(said, group), makers, None, group)
                back = [(i, slot, k) for k, o in enumerate(other.operands) for i, slot in readers.get(_key(o), ())]
                if back and len(other) == len(column) and columns.all.index(other) > columns.all.index(column):
                    both = [(i, slot, n, None) for (i, slot, _), n in zip(read, new)]
                    both += [(i, slot, column.operands[k], None) for i, slot, k in back]
                    if not any(self._later(i, n) for i, _, n, _ in both):
                        said = f"{now} and {then} are exchanged in the backward"
                        yield Edit("wrong factor", 1.3, self.plainly(said, group), _operands_changed(both), None, group)

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

    def _square_leaf(self, i: int, slot: int) -> bool:
        o = self.program.steps[i].operands[slot]
        shape = np.shape(self.program.value(o))
        return len(shape) == 2 and shape[0] == shape[1] and (not isinstance(o, int) or o not in self.program.seeded)

    def _operands(self) -> Iterator[Edit]:
        """Another value of the same shape in the place of an operand."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands):
                value = np.asarray(program.value(o))
                if value.dtype.kind not in "fb" or (step.name == "setitem" and slot == 0) or value.size < 2:
                    continue
                for column in self.columns.by_shape.get(value.shape, ()):
                    if self._may(o, column):
                        yield from self._chosen(group, slot, column)
                yield from self._turned(group, slot, value.shape)

    def _turned(self, group: list[int], slot: int, shape: tuple[int, ...]) -> Iterator[Edit]:
        """An operand transposed, turned round, or with its numbers along another axis."""
        step = self.program.steps[group[0]]
        if len(shape) == 2 and shape[0] == shape[1] and step.name not in PRODUCTS:
            yield self.edit("transposed", 1.2, f"{{{slot}}} is transposed there", group, operand(slot, turned))
        if step.name in TURNING and 1 <= len(shape) <= 4:
            for n in range(1, len(shape) + 1):
                for axes in combinations(range(len(shape)), n):
                    text = f"{{{slot}}} is turned round there, along axis {', '.join(map(str, axes))}"
                    yield self.edit("flipped", 1.25, text, group, operand(slot, partial(np.flip, axis=axes)))
        whole = np.shape(step.value)
        if isinstance(step.function, np.ufunc) and len(shape) == 1 and len(whole) == 2 and whole[0] == shape[0]:
            text = (
                f"{{{slot}}} has a number for each row there, keepdims=True or [:, None]: it is spread along the rows"
            )
            yield self.edit("wrong axis", 1.2, text, group, operand(slot, lambda a: np.reshape(a, (-1, 1))))

    def _chosen(self, group: list[int], slot: int, column: Column) -> Iterator[Edit]:
        program = self.program
        for how, chosen in self.columns.aligned(group, column):
            makers: dict[int, Make] = {}
            for i, new in zip(group, chosen, strict=True):
                if new is not None and new != program.steps[i].operands[slot] and not self._later(i, new):
                    makers[i] = instead(slot, new)
            if not makers:
                continue
            named = 0.0 if column.name else 0.4
            now, word = self.columns.elsewhere(
                program.steps[group[0]].operands[slot], next(iter(c for c in chosen if c is not None))
            )
            text = f"It reads {now} where {word}{' ' + how if how else ''} is meant"
            kind, more = self._apart(program.steps[group[0]].operands[slot], chosen[0])
            yield Edit(kind, 1.4 + named + (0.2 if how else 0), self.plainly(text + more, group), makers, None, group)

    def _slopes(self) -> Iterator[Edit]:
        """A function of an operand in its place, or of another value."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            if step.name in ("setitem", "getitem", "part", "reshape", "transpose"):
                continue
            for slot, o in enumerate(step.operands):
                value = np.asarray(program.value(o))
                if value.dtype.kind not in "fb" or self._seeded(o) or (value.size < 2 and isinstance(o, Constant)):
                    continue
                for text, f in SLOPES:
                    yield self.edit(
                        "derivative",
                        1.6,
                        f"where {{{slot}}} stands, {text.format(f'{{{slot}}}')} is meant",
                        group,
                        operand(slot, f),
                    )
                if step.name in ("multiply", "divide") and len(group) <= 60:
                    yield from self._slopes_of_others(group, slot, o, value)

    def _slopes_of_others(self, group: list[int], slot: int, o: Operand, value: Any) -> Iterator[Edit]:
        for column in self.columns.by_shape.get(value.shape, ()):
            if column.seeded or not column.name or np.asarray(self.columns.value(column)).dtype.kind != "f":
                continue
            for how, chosen in self.columns.aligned(group, column):
                if any(c is None for c in chosen) or how:
                    continue
                for text, f in SLOPES[:5]:
                    makers = {
                        i: instead(slot, c, f) for i, c in zip(group, chosen) if c is not None and not self._later(i, c)
                    }
                    said = self.said(f"where {{{slot}}} stands, {text.format(column.name)} is meant", group)
                    if makers:
                        yield Edit("derivative", 1.8, said, makers, None, group)

    def _numbers(self) -> Iterator[Edit]:
        """Another number in a sum, a power or a comparison."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands):
                if not isinstance(o, Constant) or np.size(o.value) != 1 or step.name in ("multiply", "divide"):
                    continue
                c = float(np.asarray(o.value).item())
                found = [-c, 2 * c, c / 2, 1 - c, c + 1, c - 1, c * c, 0.0, 1.0, *self.columns.numbers]
                for n in dict.fromkeys(found):
                    if n != c:
                        kind = "exponent" if step.name == "power" else "wrong number"
                        yield self.edit(
                            kind, 1.5, f"where {c:.6g} stands, {n:.6g} is meant", group, instead(slot, Constant(n))
                        )

    def _mixed(self) -> Iterator[Edit]:
        """A factor that is a sum or a difference with another value."""
        program, columns = self.program, self.columns
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands) if step.name in ("multiply", "divide") else ():
                value = np.asarray(program.value(o))
                if value.dtype.kind != "f" or self._seeded(o) or value.size < 2:
                    continue
                for column in columns.by_shape.get(value.shape, ()):
                    if column.seeded or not column.name:
                        continue
                    for how, chosen in columns.aligned(group, column):
                        if any(c is None or self._later(i, c) for i, c in zip(group, chosen, strict=True)):
                            continue
                        word = column.name + (f" {how}" if how else "")
                        for text, join in (
                            ("{0} − {1}", np.subtract),
                            ("{0} + {1}", np.add),
                            ("{1} − {0}", lambda a, b: b - a),
                        ):
                            makers = {i: _joined(slot, c, join) for i, c in zip(group, chosen) if c is not None}
                            now = columns.word(o)
                            said = f"where {now} stands, {text.format(now, word)} is meant"
                            yield Edit("term missing", 1.9, self.plainly(said, group), makers, None, group)


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


def _joined(slot: int, other: Operand, join: Callable[[Any, Any], Any]) -> Make:
    """The step with one operand joined with another value."""

    def make(step: Step) -> Variant:
        def compute(values: Any) -> Any:
            values = list(values)
            values[slot] = join(values[slot], values[-1])
            return step.compute(values[:-1])

        return Variant((*step.operands, other), compute)

    return make
