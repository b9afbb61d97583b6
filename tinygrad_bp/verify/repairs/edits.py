"""Every single change of a backward's own program that is tried, the simple ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from . import (
    adjoint,
    by_index,
    extents,
    flat_places,
    in_place,
    inner_loops,
    interleaved,
    jacobians,
    orders,
    own_gradients,
    turns,
    unused,
    windows,
)
from .by_op import others
from .edit import WRONG_VALUES, Edit, Make, after
from .left_out import LeftOut
from .program import Constant, Operand, Step, Variant
from .renamed import EARLY

SHARE = 15_000  # steps computed again for one kind of change, before all others have had as many
TURNS = 24  # of a loop in which each has a factor of its own
LINEAR = ("multiply", "divide", "matmul", "dot", "einsum", "tensordot", "inner", "outer")


class Edits(LeftOut):
    """The changes of one program that lead to its outputs."""

    def all(self) -> Iterator[Edit]:
        """Every change: in all turns of a loop and all calls of a function first.

        Beside each kind stands the least that a change of it costs: what cannot be the simplest is not asked for.
        """
        yield from self._each(
            (0.95, partial(unused.branches, self)),
            (1.3, self._exchanged),
            (1.2, partial(by_index.exchanged, self)),
            (1.4, partial(by_index.counters, self)),
            (1.35, partial(in_place.opposite, self)),
            (1.25, partial(by_index.grouped, self)),
            (1.15, partial(flat_places.split, self)),
            (1.3, partial(windows.strides, self)),
            (1.3, partial(windows.sums, self)),
            (1.3, partial(windows.shifts, self)),
            (1.15, partial(windows.within, self)),
            (1.2, partial(interleaved.interleaved, self)),
            (1.3, partial(windows.reaches, self)),
            (1.25, partial(orders.reshaped, self)),
            (1.25, partial(extents.alike, self)),
            (1.15, self._counted),
            (1.35, self._arguments),
            (1.0, self._renamed),
            (1.45, self._spread),
            (1.2, partial(adjoint.transposes, self)),
            (1.3, partial(extents.borders, self)),
        )
        for level in self._levels():
            self.groups = level
            yield from self._each(
                (1.2, partial(own_gradients.confused, self)),
                (1.0, self._calls),
                (1.2, self._gone),
                (1.3, self._numbers),
                (1.1, self._counts_of_all),
                (1.2, self._instead_of_count),
                (1.2, self._instead_of_number),
                (1.25, self._one_less),
                (1.4, self._instead_of_numbers),
                (1.5, self._instead_of_one),
                (1.7, self._constants),
                (1.2, self._everywhere),
                (1.0, partial(turns.other_way, self)),
                (1.05, partial(turns.off_by_one, self)),
                (1.2, partial(inner_loops.moved, self)),
                (1.35, partial(turns.as_others_read, self)),
                (1.3, partial(turns.left_out, self)),
                (1.25, self._factors),
                (1.2, self._operands),
                (1.35, partial(orders.moved_factors, self)),
                (1.3, partial(orders.arriving_inside, self)),
                (1.4, partial(extents.lengths, self)),
                (1.55, partial(extents.sums, self)),
                (1.5, partial(jacobians.back_through, self)),
                (1.65, self._of_operands),
                (1.7, self._products),
                (1.8, self._matrices),
                (1.5, self._inverses),
                (1.6, self._slopes),
                (1.9, self._mixed),
                (1.8, self._turns),
                (2.2, self._terms),
                (1.2, self._returned),
            )
            for least, rest in self.waiting:
                yield from self._tried(least, rest)
            self.waiting.clear()

    def _each(self, *kinds: tuple[float, Callable[[], Iterator[Edit]]]) -> Iterator[Edit]:
        """What all kinds of changes give; of one that gives many the rest comes when all others had their share."""
        for least, kind in kinds:
            edits, began = kind(), self.spent()
            for edit in self._tried(least, edits):
                yield edit
                if self.spent() - began > SHARE:
                    self.waiting.append((least, edits))
                    break

    def _tried(self, least: float, edits: Iterator[Edit]) -> Iterator[Edit]:
        """Changes while they may be the simplest; a kind ends where a value has not the shape that it is about."""
        try:
            while least < self.limit:
                yield next(edits)
        except (StopIteration, *WRONG_VALUES):
            return

    def _calls(self) -> Iterator[Edit]:
        for group in self.groups:
            for other in others(self.program, self.program.steps[group[0]]):
                yield self.edit(other.kind, other.cost, other.text, group, other.make, other.free)
            yield from self._scatters(group)
            yield from by_index.along(self, group)
            yield from in_place.moved(self, group)

    def _factors(self) -> Iterator[Edit]:
        """A number that is missing or too much, in what a step gives; found by its size."""
        for group in self.groups:
            step = self.program.steps[group[0]]
            if np.asarray(step.value).dtype.kind == "f" and step.name not in (
                "getitem",
                "reshape",
                "transpose",
                "part",
            ):
                again = bool(self.program.seeded) and not self._seeded(group[0])  # what the forward has computed, too
                yield Edit(
                    "factor",
                    1.4 if again else 1.3,
                    self.said("The result of this step lacks a factor", group),
                    dict.fromkeys(group, after(lambda y: y)),
                    self.factor(group, ""),
                    group,
                )
                yield from self._divisors(group)

    def _divisors(self, group: list[int]) -> Iterator[Edit]:
        """Another number that a step multiplies with, or divides by: a count of other things."""
        program = self.program
        step = program.steps[group[0]]
        for slot, o in enumerate(step.operands) if step.name in ("multiply", "divide") else ():
            n = np.asarray(program.value(o))
            if n.size != 1 or n.dtype.kind not in "fiu" or self._seeded(o) or (step.name == "divide" and not slot):
                continue
            now, divides = float(n.item()), step.name == "divide"
            if not divides and now >= 0.5:  # 1/2, 2, a rate: no count that another one is meant for
                continue
            word = f"{self.columns.word(o)}, {rational(now)}," if isinstance(o, int) else rational(now)
            text = f"This {'divides by' if divides else 'multiplies with'} {word} where {{{{}}}}"
            free = partial(self._meant, now, divides, np.size(step.value))
            yield Edit("divisor", 1.25, self.said(text, group), dict.fromkeys(group, after(lambda y: y)), free, group)

    def _meant(self, now: float, divides: bool, size: int, c: float) -> tuple[str, str] | None:
        """The words for the number that is meant, where the step lacks a factor ``c``."""
        new = now / c if divides else now * c
        near = round(new if new >= 1 else 1 / new) if 1e-4 < new < 1e5 else 0
        if near < 1 or abs((new if new >= 1 else 1 / new) - near) > 1e-7 * near:
            return None
        if near not in self.sizes and not self.named_number(c):
            return None
        most = max(c, 1 / c)
        kind = ("summed" if c < 1 else "averaged") if round(most) in self.sizes else "factor"
        elements = ", the number of its elements," if near == size > 2 else ""
        return kind, f"{rational(new)}{elements} is meant" + f", or a factor {rational(c)} is left out" * (
            abs(most - 2) < 1e-7
        )

    def _gone(self) -> Iterator[Edit]:
        """A step left out, or several in a row: what they were made of is passed on."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            shape = np.shape(step.value)
            for slots, words in self._chain(group[0], 3):
                text = f"this {step.name} is too much: {words[-1]} alone is meant"
                if len(words) > 2:
                    text = f"what comes to {words[-1]} is too much: {', '.join(words[:-1])}"
                make = self._passing(slots)
                kind = self._kind_of_number(step, slots)
                if kind == "too much" and len(slots) == 1 and self._updates(group[0], step.operands[slots[0]]):
                    kind, text = "updated too early", f"{words[-1]} {EARLY}"
                yield Edit(
                    kind,
                    1.2 if len(slots) == 1 else 1.15 + 0.2 * len(slots),
                    self.plainly(text, group),
                    dict.fromkeys(group, make),
                    None,
                    group,
                )
                if len(group) > 1 and len(slots) == 1 and all(a in program.ancestors(b) for a, b in pairwise(group)):
                    text = (
                        f"this {step.name} stands inside the loop, where it is done each time: once, after it, is meant"
                    )
                    makers = dict.fromkeys(group[:-1], make)
                    yield Edit("applied twice", 1.25, self.plainly(text, group), makers, None, group)
            if step.name in ("add", "subtract") and len(step.operands) == 2 and shape:
                yield self.edit(
                    "too much", 1.5, "this sum is too much: nothing is meant", group, after(lambda y: 0 * y)
                )

    def _updates(self, i: int, o: Operand) -> bool:
        """Whether a sum is the new value of what the forward has read: a step of a training."""
        words = {self.columns.word(x) for x in (i, o)}
        return self.program.steps[i].name in ("add", "subtract") and o in self.before and len(words) == 1

    def _kind_of_number(self, step: Step, slots: tuple[int, ...]) -> str:
        """What it is called that a step is too much: a number of examples, or another number, has names of its own."""
        if len(slots) > 1 or len(step.operands) != 2:
            return "too much"
        other = step.operands[1 - slots[0]]
        c = np.asarray(self.program.value(other))
        if step.name in ("add", "subtract") and isinstance(other, Constant) and not other.name and c.size > 1:
            return "unknown"  # numbers that no name and no step of the program explains
        if step.name not in ("multiply", "divide") or c.size != 1:
            return "too much"
        if float(c.item()) not in self.sizes:
            return "sign" if float(c.item()) == -1 else "factor"
        return "summed" if step.name == "multiply" else "averaged"

    def _chain(self, i: int, depth: int) -> Iterator[tuple[tuple[int, ...], list[str]]]:
        """The ways back from a step through those that keep its shape, and what comes to it on each."""
        step = self.program.steps[i]
        if step.name in ("setitem", "getitem"):
            return
        for slot, o in enumerate(step.operands):
            if np.shape(self.program.value(o)) != np.shape(step.value):
                continue
            beside = [self.columns.word(x) for k, x in enumerate(step.operands) if k != slot] or [step.name]
            yield (slot,), [*beside, self.columns.word(o)]
            if depth > 1 and isinstance(o, int) and step.name in LINEAR:
                for slots, words in self._chain(o, depth - 1):
                    yield (slot, *slots), [*beside, *words]

    def _passing(self, slots: tuple[int, ...]) -> Make:
        def make(step: Step) -> Variant:
            o: Operand = 0
            for slot in slots:
                o = step.operands[slot]
                if isinstance(o, int):
                    step = self.program.steps[o]
            return Variant((o,), lambda v: v[0])

        return make

    def _turns(self) -> Iterator[Edit]:
        """A factor of its own in every turn of a loop: the number of neighbours, say."""
        program = self.program
        for group in self.groups:
            step = program.steps[group[0]]
            if (
                2 < len(group) <= TURNS
                and step.name in ("divide", "multiply", "getitem", "matmul")
                and group[0] in program.seeded
            ):
                text = self.said(
                    "in every turn of the loop {{}}: a count that each turn has of its own",
                    group[:1],
                )
                yield Edit("turns", 1.8, text, dict.fromkeys(group, after(lambda y: y)), None, group)

    def _returned(self) -> Iterator[Edit]:
        """What is given back is made of what all turns gave, or is another value."""
        program = self.program
        for output in dict.fromkeys(o for o in program.outputs if o is not None):
            step: Step = program.steps[output]
            column = self.columns.of.get(output, [output])
            if len(column) > 1:
                rest = tuple(i for i in column if i != output)
                make = _added_up(rest)
                yield Edit(
                    "overwritten",
                    1.2,
                    self.said("only the last of its turns counts: add them all up with +=", [output]),
                    {output: make},
                    None,
                    [output],
                )
            for other in self.columns.by_shape.get(np.shape(step.value), ()):
                for o in other.operands[-1:]:
                    if o != output and not self._later(output, o) and self._seeded(output) == other.seeded:
                        make = _value(o)
                        yield Edit(
                            "wrong gradient",
                            1.5,
                            self.plainly(f"{self.columns.word(o)} is meant in the place of this", [output]),
                            {output: make},
                            None,
                            [output],
                        )


def rational(n: float) -> str:
    """A number as a person writes it.

    >>> rational(6.0), rational(1 / 6), rational(0.7)
    ('6', '1/6', '0.7')
    """
    inverse = 1 / n if n else 0.0
    return f"1/{inverse:g}" if 1 < inverse < 1e4 and abs(inverse - round(inverse)) < 1e-9 * inverse else f"{n:.6g}"


def _added_up(rest: tuple[int, ...]) -> Make:
    """The step's result, and those of others, added up."""

    def make(step: Step) -> Variant:
        own = len(step.operands)
        return Variant((*step.operands, *rest), lambda v: step.compute(v[:own]) + sum(v[own:]))

    return make


def _value(o: Operand) -> Make:
    """Another value in the place of the step's."""
    return lambda step: Variant((o,), lambda v: v[0])
