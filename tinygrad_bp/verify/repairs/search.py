"""Which change of a backward's own program makes its gradients right: tried, and confirmed on other numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ..case import Case
from ..drawn import generator
from .by_index import weighed
from .edit import WRONG_VALUES, Edit, Make, after
from .edits import Edits
from .program import Program, Variant

BUDGET = 150_000  # steps computed again, all changes together
TRIED = 12  # changes that put some results right, which are confirmed
DIRECTIONS = 3  # along which it is seen how a result moves
HALVES = 6000  # changes that may be one of two
CLOSE = 200  # partners of one change that are looked at
FACTORS = ("factor", "divisor")  # kinds of changes that give what a step gives a factor
LACKS = "The result of this step lacks a factor"


@dataclass(eq=False)
class Repair:
    """A change that makes some wrong gradients right, and no right one wrong."""

    edit: Edit
    sentence: str
    kind: str
    cost: float
    right: frozenset[int]  # the results that it makes right
    changes: tuple[dict[int, Make], ...]  # one, or two that are made one after the other


@dataclass(eq=False)
class Search:
    """A program, the right gradients of its outputs, and which of them it has wrong."""

    program: Program
    cases: Sequence[Case]
    places: Sequence[int | None]  # of each case, the output that it is of
    confirm: Callable[[Repair], bool] = lambda repair: True
    budget: int = BUDGET
    found: list[Repair] = field(default_factory=list)
    partial: list[Repair] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wrong = [k for k, case in enumerate(self.cases) if not case.agrees]
        self.right = [k for k, case in enumerate(self.cases) if case.agrees]
        self.spent = 0
        self.tried = 0
        self.counts: set[str] = set()  # the words for a division by a number of examples
        rng = generator(17)
        self.directions = {k: rng.standard_normal((DIRECTIONS, self.cases[k].truth.size)) for k in self.wrong}
        self.halves: list[
            tuple[float, str, Callable[[], str], dict[int, Make], Any]
        ] = []  # changes, and how the results move

    def run(self) -> None:
        """Try every change, while the budget lasts."""
        wanted: set[int] = set()
        for k in self.wrong:
            at = self.places[k]
            if at is not None:
                wanted |= self.program.ancestors(at)
        if not wanted:
            return
        best = np.inf
        edits = Edits(self.program, wanted)
        edits.spent = lambda: self.spent
        self.counts = {f"divided by {n}" for n in edits.sizes}
        for edit in edits.all():
            if self.spent > self.budget:
                return
            if edit.cost >= best:
                continue
            repair = self.judge(edit)
            if repair is None or repair.cost >= best:
                continue
            if len(repair.right) < len(self.wrong):
                self.partial.append(repair)
            elif self.confirm(repair):
                self.found.append(repair)
                edits.limit = best = repair.cost

    def best(self) -> Repair | None:
        """The simplest that puts everything right; else one that puts most right."""
        if self.found:
            return min(self.found, key=lambda repair: repair.cost)
        pair = next((repair for repair in self.pairs() if self.confirm(repair)), None)
        if pair is not None:
            return pair
        ordered = sorted(self.partial, key=lambda repair: (-len(repair.right), repair.cost))
        return next((repair for repair in ordered[:TRIED] if self.confirm(repair)), None)

    def counted(self, steps: int) -> None:
        """Steps are computed again."""
        self.spent += steps + 2

    def judge(self, edit: Edit) -> Repair | None:
        """Whether a change makes wrong gradients right, and all of its own."""
        self.tried += 1
        if edit.kind == "turns":
            return self.by_turns(edit)
        moved = self.moved(edit.makers)
        if moved is None:
            return None
        right = self.compared(moved) if edit.kind not in FACTORS else frozenset()
        if edit.free is not None and not right:
            return self.scaled(edit, moved)
        if not right and (edit.kind != "derivative" or edit.cost < 1.5):  # of two functions too many fit
            self.keep_half(edit.cost, edit.kind, edit.text.__str__, edit.makers, moved)
        return Repair(edit, str(edit.text), edit.kind, edit.cost, right, (edit.makers,)) if right else None

    def moved(self, makers: dict[int, Make]) -> dict[int, Any] | None:
        """The results that a change moves; None where it does not fit."""
        try:
            with np.errstate(all="ignore"):
                variants = {i: make(self.program.steps[i]) for i, make in makers.items()}
                values = self.program.replay(variants, self.counted)
        except WRONG_VALUES:
            return None
        return {k: values[at] for k, at in enumerate(self.places) if at is not None and at in values}

    def compared(self, moved: dict[int, Any]) -> frozenset[int]:
        """The wrong results that are right then; none where a right one is wrong then."""
        right = []
        for k in self.wrong:
            if k in moved and self._fits(k, moved[k]):
                right.append(k)
        if not right or any(k in moved and not self._fits(k, moved[k]) for k in self.right):
            return frozenset()
        return frozenset(right)

    def by_turns(self, edit: Edit) -> Repair | None:
        """A factor of its own for every turn of a loop, where these have names."""
        hands = [np.ravel(self.cases[k].hand) for k in self.wrong]

        def results(makers: dict[int, Make]) -> Any:
            moved = self.moved(makers)
            if moved is None or any(
                np.shape(moved.get(k, 0)) not in ((), self.cases[k].truth.shape) for k in self.wrong
            ):
                return None
            return np.concatenate([np.ravel(moved.get(k, self.cases[k].hand)) - h for k, h in zip(self.wrong, hands)])

        lack = np.concatenate([np.ravel(self.cases[k].truth) - h for k, h in zip(self.wrong, hands)])
        factors = weighed(self.program, list(edit.group), results, lack)
        if factors is None:
            return None
        told, divisors = told_factors(factors), self._divisors(edit.group, factors)
        if told is None:
            return None
        makers = {i: _times(after(lambda y: y), c) for i, c in zip(edit.group, factors, strict=True)}
        moved = self.moved(makers)
        right = self.compared(moved) if moved is not None else frozenset()
        said = str(edit.text).replace("{}", divisors or f"what this gives is meant {told}")
        return Repair(edit, said, "factor", edit.cost, right, (makers,)) if right else None

    def _divisors(self, group: Sequence[int], factors: Sequence[float]) -> str:
        """What each turn divides by, and what is meant, where these are whole numbers."""
        steps = [self.program.steps[i] for i in group]
        numbers = [np.asarray(self.program.value(s.operands[1])) for s in steps if s.name == "divide"]
        if len(numbers) < len(steps) or any(n.size != 1 for n in numbers):
            return ""
        now = [float(n.item()) for n in numbers]
        meant = [n / c for n, c in zip(now, factors, strict=True)]
        if any(abs(n - round(n)) > 1e-6 * abs(n) for n in (*now, *meant)):
            return ""
        read, wanted = (", ".join(f"{n:g}" for n in some[:8]) + ", …" * (len(some) > 8) for some in (now, meant))
        return f"this divides by {read} where {wanted} are meant"

    def _other_sign(self, edit: Edit, base: dict[int, Any]) -> None:
        """A part with the other sign may be one of two changes."""
        opposite = {}
        for k, value in base.items():
            hand = np.asarray(self.cases[k].hand)
            if np.shape(value) != hand.shape:
                return
            opposite[k] = 2 * value - hand

        def text() -> str:
            return str(edit.text).replace(LACKS, "The result of this step has the wrong sign")

        self.keep_half(1.3, "sign", text, {i: _times(make, -1.0) for i, make in edit.makers.items()}, opposite)

    def keep_half(
        self, cost: float, kind: str, text: Callable[[], str], makers: dict[int, Make], moved: dict[int, Any]
    ) -> None:
        """Keep a change that may be one of two that are needed: it leaves what is right as it is."""
        if len(self.halves) >= HALVES or any(k in moved and not self._fits(k, moved[k]) for k in self.right):
            return
        along = []
        for k in self.wrong:
            case = self.cases[k]
            value = np.asarray(moved.get(k, case.hand))
            if value.shape != case.truth.shape or value.dtype.kind not in "fiu" or not np.isfinite(value).all():
                return
            along.append(self.directions[k] @ np.ravel(value - case.hand))
        self.halves.append((cost, kind, text, makers, np.concatenate(along)))

    def pairs(self) -> Iterator[Repair]:
        """Two changes whose moves add up to what is wrong, the simplest first."""
        if len(self.halves) < 2:
            return
        wanted = np.concatenate(
            [self.directions[k] @ np.ravel(self.cases[k].truth - self.cases[k].hand) for k in self.wrong]
        )
        table = np.stack([half[4] for half in self.halves])
        room = 1e-6 * np.max(np.abs(wanted))
        order = np.argsort(table[:, 0])
        column = table[order, 0]
        low = np.searchsorted(column, wanted[0] - table[:, 0] - room)
        high = np.searchsorted(column, wanted[0] - table[:, 0] + room)
        found = []
        for i, (first, last) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            if last - first > CLOSE:
                continue
            for j in order[first:last].tolist():
                if j > i and np.all(np.abs(table[i] + table[j] - wanted) <= room):
                    found.append((self.halves[i][0] + self.halves[j][0], i, j))
        for cost, i, j in sorted(found)[:TRIED]:
            one, two = self.halves[i], self.halves[j]
            for first_half, second in ((one, two), (two, one)):
                program = self.program.changed(first_half[3])
                moved = Search(program, self.cases, self.places).moved(second[3])
                if moved is not None and len(self.compared(moved)) == len(self.wrong):
                    other = two[2]()
                    text = f"Two things: {one[2]()}; and {other[:1].lower()}{other[1:]}"
                    kind = one[1] if one[1] == two[1] else "two mistakes"
                    yield Repair(
                        Edit(kind, cost, text, {}), text, kind, cost, frozenset(self.wrong), (first_half[3], second[3])
                    )
                    break

    def _fits(self, k: int, value: Any) -> bool:
        case = self.cases[k]
        value = np.asarray(value)
        if value.shape != case.truth.shape or value.dtype.kind not in "fiub" or not np.isfinite(value).all():
            return False
        return bool(np.all(np.abs(value - case.truth) <= case.allowed(case.truth)))

    def scaled(self, edit: Edit, moved: dict[int, Any]) -> Repair | None:
        """A change with a factor: results are linear in it where the backward is."""
        assert edit.free is not None
        none = {i: _times(make, 0.0) for i, make in edit.makers.items()}
        term = edit.kind == "term missing"
        if term:  # without the term it is what it was
            base: dict[int, Any] | None = {}
        else:
            base = self.moved(none)
        if base is None:
            return None
        factors = []
        if edit.kind in FACTORS:  # unchanged it is what it is
            if edit.kind == "factor":
                self._other_sign(edit, base)
            moved = {
                k: np.asarray(self.program.steps[at].value)
                for k, at in enumerate(self.places)
                if at is not None and k in base
            }
        for k in self.wrong:
            if k not in moved:
                continue
            at = self.places[k]
            assert at is not None
            start = np.asarray(base.get(k, self.program.steps[at].value))
            case, end = self.cases[k], np.asarray(moved[k])
            if start.shape != case.truth.shape or end.shape != case.truth.shape:
                continue
            step, way = end - start, case.truth - start
            square = float(np.sum(step * step))
            if not np.isfinite(square) or not square:
                continue
            c = float(np.sum(step * way)) / square
            if np.all(np.abs(c * step - way) <= case.allowed(case.truth)) and (
                np.count_nonzero(step) > 1 or abs(abs(c) - 1) < 1e-7
            ):
                factors.append((case.truth.size, c))
        for c in dict.fromkeys(c for _, c in sorted(factors, reverse=True)[:3]):
            words = edit.free(c)
            if words is None:
                continue
            makers = {i: _times(make, c, term) for i, make in edit.makers.items()}
            again = self.moved(makers)
            right = self.compared(again) if again is not None else frozenset()
            if right:
                kind, how = words
                if edit.kind == "divisor":
                    return Repair(edit, str(edit.text).replace("{}", how), kind, edit.cost, right, (makers,))
                how = how.replace("times 1/", "divided by ")
                if kind == "factor" and how in self.counts:
                    kind = "summed"
                text = str(edit.text)
                if how:
                    if kind == "sign" and edit.kind == "factor":
                        text = text.replace(LACKS, "The result of this step has the wrong sign")
                    elif edit.kind == "factor":
                        text = text.replace("lacks a factor", f"has a wrong factor: it is meant {how}")
                    else:
                        text = f"{text}, {how}"
                return Repair(
                    edit, text, kind, edit.cost + (0.0 if edit.kind == "factor" or not how else 0.2), right, (makers,)
                )
        return None


def told_factors(factors: Sequence[float]) -> str | None:
    """What the factors of the turns are called; None where they are no numbers that a program has."""
    for text, some in (("divided by", [1 / c if c else np.inf for c in factors]), ("multiplied with", list(factors))):
        if all(abs(c - round(c)) < 1e-6 and abs(c) < 1000 for c in some) and any(round(c) != 1 for c in some):
            return f"{text} {', '.join(f'{round(c)}' for c in some[:8])}{', …' * (len(some) > 8)}"
    small = [Fraction(c).limit_denominator(12) for c in factors]
    if all(abs(float(f) - c) < 1e-6 for f, c in zip(small, factors, strict=True)):
        return f"multiplied with {', '.join(map(str, small[:8]))}{', …' * (len(small) > 8)}"
    return None


def _times(make: Make, c: float, term: bool = False) -> Make:
    """The change with a factor; of a term that is added, the term alone."""

    def made(step: Any) -> Variant:
        operands, compute = make(step)
        if term:
            return Variant(operands, lambda v: step.compute(v[:-1]) + c * np.asarray(v[-1]))
        return Variant(operands, lambda v: c * compute(v))

    return made


def confirmed(repair: Repair, program: Program, places: Sequence[int | None], cases: Sequence[Case]) -> bool:
    """Whether a change puts another run of the same program right."""
    search = Search(program, cases, places)
    try:
        for makers in repair.changes[:-1]:
            program = program.changed(makers)
    except WRONG_VALUES:
        return False
    moved = Search(program, cases, places).moved(repair.changes[-1])
    if moved is None:
        return False
    return all(k in moved and search._fits(k, moved[k]) for k in repair.right) and all(
        search._fits(k, value) for k, value in moved.items() if cases[k].agrees
    )
