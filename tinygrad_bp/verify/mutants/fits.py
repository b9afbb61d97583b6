"""How a change meets hand-written gradients, and what else is wrong where it meets all but a part of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..case import ODD, Case, Guess
from ..hypotheses.factors import factor_name
from .tape import Change, Tape


@dataclass
class Fit:
    """A change, and how it meets the hand-written gradients."""

    change: Change
    kind: str
    sentence: str
    met: dict[int, str]  # the wrong results that it meets, each with what else is wrong there
    spoiled: int  # right results that it would make wrong
    numbers: int  # how many were fitted

    @property
    def odd(self) -> bool:
        """Whether it is what few would write: another change may say the same more simply."""
        return any(words in self.sentence for words in ODD)

    @property
    def rank(self) -> tuple[int, int, int]:
        """The smaller the better."""
        return self.spoiled, -len(self.met), self.numbers + self.odd


def stretched(tape: Tape, case: Case) -> Iterator[Guess]:
    """The right gradient times, or divided by, a value that the program has: a factor too much, or left out."""
    if np.count_nonzero(case.truth) < 4:
        return
    known = [(tape.name(node), value) for node, value in tape.values.items()]
    for name, value in (*known, *(("an array of data", value) for value in tape.constants)):
        if value.ndim == 0 or value.ndim > case.truth.ndim or value.size < 2 or np.ptp(value) == 0 or not value.all():
            continue
        if any(n not in (1, m) for n, m in zip(value.shape[::-1], case.truth.shape[::-1])):
            continue
        for guess, kind, text in (
            (case.truth / value, "factor missing", f"It is the engine's divided by {name}: that factor is missing."),
            (case.truth * value, "wrong factor", f"It is the engine's times {name}: a factor too much, or a division "
             "that is missing."),
        ):  # fmt: skip
            if case.fits(guess):
                yield kind, case.hand, None, text
                return


def exchanged(cases: Sequence[Case], wrong: Sequence[int]) -> Iterator[tuple[int, Guess]]:
    """Wrong gradients that are the right ones of other parameters: they come back in a wrong order."""
    for i in wrong:
        for case in cases:
            if case is not cases[i] and case.free and cases[i].fits(case.truth):
                text = f"It is the gradient of {case.name}: mixed up with it, or what sets them apart is left out."
                yield i, ("wrong gradient", cases[i].hand, None, text)
                break


def error_of(case: Case) -> float:
    """The largest difference, of the largest element of the right gradient."""
    scale = float(np.max(np.abs(case.truth), initial=0.0)) or 1.0
    return float(np.max(np.abs(case.hand - case.truth), initial=0.0)) / scale


def tolerant(case: Case) -> Case:
    """The case with room for a small number in a denominator or a logarithm, far less than what is wrong."""
    return replace(case, tolerance=max(case.tolerance, min(1e-6, 1e-3 * error_of(case)))) if case.same else case


def along(case: Case, shift: Any) -> float | None:
    """The t of hand = truth + t · shift + b · parameter, where there are numbers enough to fit it."""
    columns = [shift.ravel()]
    w = case.parameter
    if w is not None and np.shape(w) == shift.shape and shift.size >= 4:
        columns.append(np.ravel(w))
    if np.count_nonzero(shift) < len(columns) + 1:
        return None
    matrix = np.stack(columns, 1)
    solution = np.linalg.lstsq(matrix, (case.hand - case.truth).ravel(), rcond=None)[0]
    return float(solution[0]) if case.fits(case.truth + (matrix @ solution).reshape(shift.shape)) else None


def with_parameter(case: Case, guess: Any) -> tuple[str, int] | None:
    """What else is wrong where ``guess``, or it and a multiple of the parameter, is the hand-written gradient."""
    if case.fits(guess):
        return "", 0
    w = case.parameter
    if w is None or np.shape(w) != case.hand.shape or np.count_nonzero(w) < 4:
        return None
    b = float(np.sum((case.hand - guess) * w) / np.sum(w * w))
    return (_term(b), 1) if case.fits(guess + b * w) else None


def _term(b: float) -> str:
    return f" And {abs(b):.4g} times the parameter is {'too much' if b > 0 else 'missing'}: regularisation."


def _parallel(guess: Any, truth: Any) -> bool:
    c = float(np.sum(guess * truth)) / (float(np.sum(truth * truth)) or 1.0)
    return bool(np.all(np.abs(guess - c * truth) <= 1e-9 * np.max(np.abs(guess))))


def meets(case: Case, guess: Any) -> tuple[str, int] | None:
    """What else is wrong where ``guess`` is all but the hand-written gradient, and how many numbers were fitted."""
    found = with_parameter(case, guess)
    if found is not None:
        return found
    square = float(np.sum(guess * guess))
    if not square or np.count_nonzero(guess) < 3 or _parallel(guess, case.truth):
        return None  # a change that only scales the right gradient does not account for another factor
    a = float(np.sum(case.hand * guess)) / square
    if a and case.fits(a * guess):
        name = factor_name(a, case.sizes)
        if name is None and not 1e-3 < abs(a) < 1e3:
            return None  # no program has such a factor
        if name is None and np.ptp(np.abs(guess)) <= 1e-6 * np.max(np.abs(guess)):
            return None  # one number everywhere, times any number: that says nothing
        return f" And it is {name or f'{a:.6g}'} times that.", 2 + (name is None)  # another mistake, and its number
    return None
