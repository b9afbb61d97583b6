"""What a step may have been meant to read: another value, a function of it, another number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from .by_op import PRODUCTS, REDUCTIONS, turned
from .columns import Column
from .edit import Edit, Make, after, beside, instead, operand
from .program import Constant, Operand, Step, Variant
from .renamed import SLOPES, Renamed

CHOSEN = 1.4  # the least that another value of the same shape costs
TURNING = ("matmul", "dot", "einsum", "tensordot", "convolve", "correlate", "multiply", "inner", "outer")


class Reading(Renamed):
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
                yield from self._of_largest(group, slot, value.shape)

    def _of_largest(self, group: list[int], slot: int, shape: tuple[int, ...]) -> Iterator[Edit]:
        """The index of the largest or the smallest of some values, where another index stands."""
        for whole, columns in self.columns.by_shape.items():
            for axis in range(len(whole)) if len(whole) == len(shape) + 1 else ():
                if whole[:axis] + whole[axis + 1 :] != shape:
                    continue
                for column in columns:
                    o = column.operands[0]
                    if len(column) > 1 or column.seeded or not column.name or self._later(group[0], o):
                        continue
                    for name, f in (("argmax", np.argmax), ("argmin", np.argmin)):
                        text = f"The index is {{{slot}}} where {column.name}.{name}(axis={axis}) is meant"
                        yield self.edit("wrong index", 1.3, text, group, instead(slot, o, partial(f, axis=axis)))

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
                if value.dtype.kind not in "fb" or (step.name == "setitem" and slot == 0):
                    continue
                if value.size < 2 and (isinstance(o, Constant) or len(group) < 3):
                    continue
                for column in self.columns.by_shape.get(value.shape, ()) if self.limit > CHOSEN else ():
                    if self._may(o, column) and (value.size > 1 or len(column) == len(group)):
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
            reads = [program.steps[i].operands[slot] for i in group]
            now, word = self.columns.elsewhere(reads[0], next(iter(c for c in chosen if c is not None)))
            text = f"It reads {now} where {word}{' ' + how if how else ''} is meant"
            kind, more = self._apart(reads[0], chosen[0])
            more = more or (f": {now} is another mask" if self._masks(reads[0], chosen[0]) else "")
            if now == word and not how:  # of another turn: see turns.other_way
                continue
            cost = CHOSEN + named + (0.2 if how else 0)
            yield Edit(kind, cost, self.plainly(text + more, group), makers, None, group)

    def _masks(self, *some: Operand | None) -> bool:
        """Whether all of these are masks: 0 and one other number."""
        values = [np.asarray(self.program.value(o)) for o in some if o is not None]
        return all(v.size > 2 and not v.all() and len(np.unique(v)) == 2 for v in values)

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
                    if n != c and (n or step.name != "power"):
                        kind = "exponent" if step.name == "power" else "wrong number"
                        yield self.edit(
                            kind,
                            1.3 if kind == "exponent" else 1.5,
                            f"where {c:.6g} stands, {n:.6g} is meant",
                            group,
                            instead(slot, Constant(n)),
                        )

    def _counted(self) -> Iterator[Edit]:
        """A number that stands in several places, for a count of something else in all of them."""
        program = self.program
        read: dict[float, list[tuple[int, int, bool]]] = {}
        for i in self.editable:
            step = program.steps[i]
            for slot, o in enumerate(step.operands) if step.name in ("multiply", "divide") else ():
                if isinstance(o, Constant) and np.size(o.value) == 1 and np.asarray(o.value).dtype.kind in "fiu":
                    n = abs(float(np.asarray(o.value).item()))
                    below = 0 < n < 1
                    count = 1 / n if below else n
                    if count > 1 and abs(count - round(count)) < 1e-9 * count:
                        read.setdefault(round(count), []).append((i, slot, below))
        sizes = {n: "" for step in program.steps for n in (*np.shape(step.value), np.size(step.value)) if n > 1}
        for step in program.steps:
            if step.name in REDUCTIONS and step.site is not None and np.size(step.value):
                n = np.size(program.value(step.operands[0])) // np.size(step.value)
                if n > 1 and len(step.site.expression) <= 60:
                    sizes[n] = f", as many as `{step.site.expression}` takes together,"
        for now, some in read.items():
            places = dict.fromkeys(self._place(i) for i, _, _ in some)
            for new in sorted(sizes, key=lambda n: not sizes[n])[:40] if len(places) > 1 else ():
                if new == now:
                    continue
                factors = [(i, slot, now / new if below else new / now) for i, slot, below in some]
                makers = {i: operand(slot, partial(np.multiply, c)) for i, slot, c in factors}
                first = next(iter({self._place(i): i for i, _, _ in some}.values()))
                more = f", {new // now} times that{',' * (not sizes[new])}" if new % now == 0 else ""
                said = f"{now} stands where {new}{more}{sizes[new]} is meant, in {len(places)} places"
                yield Edit("wrong count", 1.15, self.plainly(said, [first]), makers, None, [first])

    def _counts_of_all(self) -> Iterator[Edit]:
        """What each turn divides by the number of its own, as of a batch in parts, by that of all, or of any turn."""
        for group in self.groups:
            each = [self._own_number(i) for i in group]
            if 0 in each or len(set(each)) == 1:
                continue
            k = len(group)  # each part may be divided several times, for every weight
            of_all = [n for m in range(1, k) if k % m == 0 == sum(each) % m and (n := sum(each) // m) > max(each)]
            own = f"of its own, {', '.join(map(str, each[:6]))}{', …' * (k > 6)}"
            alike = f"each turn divides by the number {own}, and then all count alike: its share of all is meant"
            texts = {float(n): f"each turn divides by the number {own}, where that of all, {n}, is meant"
                     for n in of_all if n in self.columns.numbers}  # fmt: skip
            for meant, text in {**texts, sum(each) / k: alike}.items():
                makers = {i: after(partial(np.multiply, number / meant)) for i, number in zip(group, each, strict=True)}
                yield Edit("wrong count", 1.1, self.plainly(text, group[:1]), makers, None, group)

    def _own_number(self, i: int) -> int:
        """The whole number that a step divides by, or averages over; 0 where there is none."""
        step = self.program.steps[i]
        if step.name == "mean" and np.size(step.value) and step.operands and isinstance(step.operands[0], int):
            return np.size(self.program.value(step.operands[0])) // np.size(step.value)
        o = step.operands[1] if step.name == "divide" and len(step.operands) == 2 else None
        n = np.asarray(self.program.value(o)) if isinstance(o, Constant) else np.zeros(2)
        return int(n.item()) if n.size == 1 and n.dtype.kind == "i" else 0

    def _instead_of_numbers(self) -> Iterator[Edit]:
        """A number that is added in a loop, where each turn has a value of its own."""
        program = self.program
        found: dict[tuple[float, int], list[tuple[list[int], int]]] = {}
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands) if step.name in ("add", "subtract") and len(group) > 2 else ():
                if isinstance(o, Constant) and np.size(o.value) == 1:
                    found.setdefault((float(np.asarray(o.value).item()), len(group)), []).append((group, slot))
        for (c, turns), some in found.items():
            for column in self.columns.by_shape.get((), ()):
                if len(column) != turns or np.asarray(self.columns.value(column)).dtype.kind != "f":
                    continue
                for chosen in [some] if len(some) == 1 else [some, *([one] for one in some)]:
                    makers = {
                        i: instead(slot, o)
                        for group, slot in chosen
                        for i, o in zip(group, column.operands, strict=True)
                        if not self._later(i, o)
                    }
                    if len(makers) == turns * len(chosen):
                        said = f"where {c:g} stands, {self.columns.word(column.operands[0])} of each turn is meant"
                        first = chosen[0][0]
                        yield Edit(
                            "wrong factor",
                            1.4,
                            self.plainly(said, first),
                            makers,
                            self.factor(first, "", "wrong factor"),
                            first,
                        )

    def _instead_of_one(self) -> Iterator[Edit]:
        """A number where an array is meant."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            shape = np.shape(step.value)
            for slot, o in enumerate(step.operands) if shape and step.name in ("multiply", "add", "subtract") else ():
                if not isinstance(o, Constant) or np.size(o.value) != 1:
                    continue
                for column in self.columns.by_shape.get(shape, ()):
                    if column.seeded or not column.name or len(column) not in (1, len(group)):
                        continue
                    new = column.operands * (len(group) if len(column) == 1 else 1)
                    if not any(self._later(i, n) for i, n in zip(group, new, strict=True)):
                        makers = {i: instead(slot, n) for i, n in zip(group, new, strict=True)}
                        said = f"where {float(np.asarray(o.value).item()):g} stands, {column.name} is meant"
                        yield Edit("wrong factor", 1.5, self.plainly(said, group), makers, None, group)

    def _instead_of_number(self) -> Iterator[Edit]:
        """A number that a step multiplies with or divides by, where a sum that the program makes is meant."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands) if step.name in ("multiply", "divide") else ():
                now = np.asarray(program.value(o))
                if (
                    now.size != 1
                    or now.dtype.kind not in "fiu"
                    or self._seeded(o)
                    or (step.name == "divide" and slot == 0)
                ):
                    continue
                number = float(now.item())
                below = step.name == "multiply" and 0 < number < 1  # times 1/n
                if not below and step.name == "multiply":
                    continue
                for column in self.columns.by_shape.get((), ()):
                    new = column.operands[0]
                    value = float(np.asarray(program.value(new)))
                    if len(column) > 1 or column.seeded or value <= 1 or any(self._later(i, new) for i in group):
                        continue
                    what = f"{1 / number if below else number:.6g}"
                    what = f"{self.columns.word(o)}, {what}," if isinstance(o, int) else what
                    said = f"this divides by {what} where {self.columns.word(new)}, {value:.6g}, is meant"
                    make = instead(slot, new, np.reciprocal if below else None)
                    yield Edit("wrong count", 1.2, self.plainly(said, group), dict.fromkeys(group, make), None, group)

    def _instead_of_count(self) -> Iterator[Edit]:
        """A count that is one number, where each row has a count of its own."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            shape = np.shape(step.value)
            o = step.operands[1] if step.name == "divide" and len(step.operands) == 2 else None
            if not shape or not isinstance(o, Constant) or np.size(o.value) != 1:
                continue
            ends = [tuple(n if k == axis else 1 for k, n in enumerate(shape)) for axis in range(len(shape))]
            for whole in [*ends, *(end[axis:] for axis, end in enumerate(ends[1:], 1))]:
                for column in self.columns.by_shape.get(whole, ()):
                    counts, new = np.asarray(self.columns.value(column)), column.operands[-1]
                    if column.seeded or len(column) > 1 or np.any(counts != np.round(counts)) or np.ptp(counts) == 0:
                        continue
                    if any(self._later(i, new) for i in group):
                        continue
                    number = float(np.asarray(o.value).item())
                    said = f"this divides by {number:g} where {self.columns.word(new)} is meant, a count of each"
                    makers = dict.fromkeys(group, instead(1, new))
                    yield Edit("wrong count", 1.2, self.plainly(said, group), makers, None, group)

    def _one_less(self) -> Iterator[Edit]:
        """A count n where n − 1 is meant, or the other way round: a variance has either."""
        program = self.program
        of_variances = {s.kwargs.get("ddof", 0) for s in program.steps if s.name in ("var", "std")}
        for group in self.groups:
            step = program.steps[group[0]]
            for slot, o in enumerate(step.operands) if step.name in ("multiply", "divide") else ():
                if not isinstance(o, Constant) or np.size(o.value) != 1:
                    continue
                c = float(np.asarray(o.value).item())
                count = 1 / c if 0 < c < 1 else c
                for n, more in ((round(count), 0), (round(count) + 1, 1)):
                    if n - more < 2 or n not in self.sizes or abs(count - n + more) > 1e-9 * n:
                        continue
                    new = n - 1 + more
                    if new in self.sizes and not of_variances:  # a count of something else
                        continue
                    words = ("n", "n − 1") if new < n else ("n − 1", "n")
                    said = f"{n - more} stands where {new} is meant, {words[0]} where {words[1]} is"
                    said += f": the variance has ddof={1 - more}" if of_variances == {1 - more} else ""
                    make = instead(slot, Constant(float(new) if c > 1 else 1 / new))
                    yield Edit("wrong count", 1.25, self.plainly(said, group), dict.fromkeys(group, make), None, group)

    def _constants(self) -> Iterator[Edit]:
        """A number that is added in the forward, and left out of a sum that the backward computes again."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            if step.name in ("add", "subtract") and not self._seeded(group[0]):
                text = self.plainly("a number is missing, to be added to what this gives", group)
                makers = dict.fromkeys(group, beside(Constant(1.0), lambda y, u: y + u))
                yield Edit("term missing", 1.7, text, makers, _round_number, group)

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
                            makers = {i: joined(slot, c, join) for i, c in zip(group, chosen) if c is not None}
                            now = columns.word(o)
                            said = f"where {now} stands, {text.format(now, word)} is meant"
                            yield Edit("term missing", 1.9, self.plainly(said, group), makers, None, group)


def _round_number(c: float) -> tuple[str, str] | None:
    """The words for a number that somebody would have written."""
    near = round(c, 4)
    return ("term missing", f"it is {near:g}") if near and abs(c - near) < 1e-9 * max(1, abs(c)) else None


def joined(slot: int, other: Operand, join: Callable[[Any, Any], Any]) -> Make:
    """The step with one operand joined with another value."""

    def make(step: Step) -> Variant:
        def compute(values: Any) -> Any:
            values = list(values)
            values[slot] = join(values[slot], values[-1])
            return step.compute(values[:-1])

        return Variant((*step.operands, other), compute)

    return make
