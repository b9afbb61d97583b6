"""The findings of a backward by hand whose mistake no known one is: named by what puts its own program right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..case import MENDED, Case, Guess
from ..makers import followed
from .program import Program
from .search import BUDGET, Repair, Search, confirmed
from .traced import Copies, Traced, Tracing

ROUNDS = 3  # changes that are made one after another
RECORDED = 1e-9  # how far a recorded run may be from the run on arrays


@dataclass
class Hand:
    """A backward by hand that can be written down: ``run`` on a list of inputs gives its results."""

    run: Callable[[list[Any]], list[Any]]
    names: Sequence[str]  # of the inputs

    def recorded(self, inputs: Sequence[Any], expected: Sequence[Any]) -> tuple[Program, list[int | None]] | None:
        """Its program and the steps that its results are; None where it does not run so, or gives other numbers."""
        for held in (True, False):
            found = self._recorded(inputs, expected, held)
            if found is not None:
                return found
        return None

    def _recorded(
        self, inputs: Sequence[Any], expected: Sequence[Any], held: bool
    ) -> tuple[Program, list[int | None]] | None:
        """The same; ``held``: the arrays that functions hold are inputs as well."""
        program = Program()
        given = [Traced(program, program.leaf(np.array(x), name)) for x, name in zip(inputs, self.names, strict=True)]
        try:
            with np.errstate(all="ignore"), followed(self.run, Tracing(program)):
                results = (Copies(program).of("", self.run) if held else self.run)(given)
        except Exception:  # it does what no array that is written down can do, or too much
            return None
        places = [r.index if isinstance(r, Traced) else None for r in results]
        values = [r.value if isinstance(r, Traced) else np.asarray(r) for r in results]
        if len(values) != len(expected) or all(p is None for p in places):
            return None
        for value, hand in zip(values, expected, strict=True):
            largest = float(np.max(np.abs(hand), initial=0.0))
            if np.shape(value) != np.shape(hand) or not np.all(np.abs(value - hand) <= RECORDED * largest):
                return None
        program.outputs = places
        return program, places


Run = tuple[Program, list[int | None], list[Case]]  # a program, the steps of its results, and these


def repaired(
    hand: Hand,
    inputs: Sequence[Any],
    cases: Sequence[Case],
    elsewhere: Callable[[], list[tuple[list[Any], list[Case]]]],
    nearby: Callable[[], list[tuple[list[Any], list[Case]]]] = list,
) -> list[Repair]:
    """Changes of the program, one after another, that together make its results right; none where there are none.

    ``elsewhere`` gives other inputs, and every result there; ``nearby`` those at which a program that asks for numbers
    goes the same way.
    """
    run = hand.recorded(inputs, [case.hand for case in cases])
    if run is None:
        return []
    program, places = run
    others: list[Run] = []

    def confirm(repair: Repair) -> bool:
        """Whether it is one elsewhere, too."""
        for give in (elsewhere, nearby):
            for values, found in give() if not others else ():
                other = hand.recorded(values, [case.hand for case in found])
                if other is not None and _alike(program, other[0]):
                    others.append((*other, found))
        return bool(others) and all(confirmed(repair, *other) for other in others)

    made: list[Repair] = []
    budget = BUDGET
    for _ in range(ROUNDS):
        search = Search(program, cases, places, confirm, budget)
        search.run()
        budget -= search.spent
        best = search.best()
        if best is None:
            break
        made.append(best)
        if len(best.right) == len(search.wrong) or budget < BUDGET // 10:
            break
        program, cases = changed(program, places, cases, best)
        for k, (other, at, found) in enumerate(others):
            later, results = changed(other, at, found, best)
            others[k] = later, at, results
    return made


def changed(
    program: Program, places: Sequence[int | None], cases: Sequence[Case], repair: Repair
) -> tuple[Program, list[Case]]:
    """The program with a change, and its results then."""
    for makers in repair.changes:
        program = program.changed(makers)
    hands = [case.hand if at is None else np.asarray(program.steps[at].value) for at, case in zip(places, cases)]
    return program, [replace(case, hand=hand) for case, hand in zip(cases, hands, strict=True)]


def _alike(a: Program, b: Program) -> bool:
    return len(a.steps) == len(b.steps) and all(x.name == y.name for x, y in zip(a.steps, b.steps, strict=True))


def guesses(repairs: Sequence[Repair], cases: Sequence[Case]) -> dict[int, Guess]:
    """What the changes say of the results that they put right."""
    alone = len(repairs) == 1
    return {
        k: (r.kind, cases[k].hand, None, f"{r.sentence}. With that {'alone ' * alone}{MENDED}")
        for r in reversed(repairs)
        for k in r.right
    }
