"""A training program of the corpus, and what ``tg.diagnose`` has to say of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import tinygrad_bp as tg
from tinygrad_bp.faults import Findings


class Case(NamedTuple):
    """What ``make`` gives is what ``diagnose`` takes: model, loss, batch and optimizer (or None).

    ``codes``: any one of these names its mistake; none: it is sound, and nothing may be found.
    """

    name: str
    make: Callable[[], tuple[Any, ...]]
    codes: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What was said of a program, and how long it took."""

    case: Case
    found: Findings
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the mistake is named, with at most one other finding; of a sound program, whether nothing is."""
        if not self.case.codes:
            return not self.found
        others = [code for code in self.found.codes if code not in self.case.codes]
        return len(others) < len(self.found) and len(others) <= 1


def outcome(case: Case) -> Outcome:
    """Make a program from a fixed seed and diagnose it."""
    tg.manual_seed(0)
    made = case.make()
    began = time.perf_counter()
    found = tg.diagnose(*made)
    return Outcome(case, found, time.perf_counter() - began)


class Figures(NamedTuple):
    """How many broken programs are named, how many sound ones are left alone, and the seconds of a diagnosis."""

    broken: int
    named: int
    sound: int
    alarmed: int
    median: float
    slowest: float


def figures(cases: Iterable[Case]) -> Figures:
    """Diagnose all of them."""
    outcomes = [outcome(case) for case in cases]
    broken = [one for one in outcomes if one.case.codes]
    sound = [one for one in outcomes if not one.case.codes]
    times = sorted(one.seconds for one in outcomes)
    return Figures(
        len(broken), sum(one.right for one in broken), len(sound), sum(not one.right for one in sound),
        times[len(times) // 2], times[-1],
    )  # fmt: skip
