"""A term that is missing or too much: of the regularisation, or of the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..case import Case, Guess
from .factors import factor_name


def regularisation(case: Case) -> Iterator[Guess]:
    """A multiple of the parameter itself is missing, or too much."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or np.count_nonzero(w) < 3:
        return
    k = float(np.sum((case.truth - case.hand) * w) / np.sum(w * w))
    what = f"{abs(k):.4g} times the parameter"
    text = f"A term of {what} is missing: regularisation." if k > 0 else f"A term of {what} is too much."
    yield "regularisation", case.truth - k * w, None, text


def part_of_penalty(case: Case) -> Iterator[Guess]:
    """A multiple of the parameter in some places alone: a bias or an intercept, which the penalty leaves out."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or case.truth.ndim < 1:
        return
    off = case.hand - case.truth
    wrong = np.abs(off) > case.allowed(case.truth)
    names = {1: ("element",), 2: ("row", "column")}.get(off.ndim, [f"axis {a}" for a in range(off.ndim)])
    for axis, name in enumerate(names):
        which = np.flatnonzero(wrong.any(tuple(a for a in range(off.ndim) if a != axis)))
        some, last = np.take(w, which, axis), off.shape[axis] - 1
        ends = ([0], [last], [*range(1, last + 1)], [*range(last)])
        if last < 1 or which.tolist() not in ends or not np.any(some):
            continue
        where = f"{name}{'s' * (len(which) > 1)} {', '.join(map(str, which[:6]))}{', …' * (len(which) > 6)}"
        index = (slice(None),) * axis + (which,)
        for of, term in (("the parameter", some), ("the sign of the parameter", np.sign(some))):
            k = float(np.sum(off[index] * term) / np.sum(term * term))
            guess = np.array(case.truth)
            guess[index] += k * term
            if not case.fits(guess) or (np.count_nonzero(some) < 3 and not _elsewhere(case)):  # of one any number fits
                continue
            text = f"A term of {abs(k):.4g} times {of} is {'too much' if k > 0 else 'missing'} in {where}: "
            text += "the penalty leaves that part out." if k > 0 else "the penalty is on that part as well."
            yield "regularisation", guess, None, text


def penalty_each_time(case: Case) -> Iterator[Guess]:
    """The penalty of each row as often as a loop uses the row, where it counts once; or once where it counts so often.

    What is too much is, in each row, a whole number of times one multiple of the parameter.
    """
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or case.truth.ndim < 1 or len(w) < 3:
        return
    rows, off = np.reshape(w, (len(w), -1)), np.reshape(case.hand - case.truth, (len(w), -1))
    square = np.sum(rows * rows, 1)
    k = np.sum(off * rows, 1) / np.where(square, square, 1)
    rounding = np.max(case.allowed(case.truth)) * np.sqrt(rows.shape[1])
    k = np.where(np.abs(k) * np.sqrt(square) > rounding, k, 0)
    guess = case.truth + np.reshape(k[:, None] * rows, case.truth.shape)
    if not np.any(k) or not case.fits(guess) or (rows.shape[1] < 2 and not _elsewhere(case)):
        return
    for unit in (np.min(np.abs(k[k != 0])) / n for n in (1, 2, 3)):
        times = np.round(k / unit).astype(int)
        low, high = int(np.min(times)), int(np.max(times))
        if np.any(np.abs(k / unit - times) > 1e-6 * np.maximum(np.abs(times), 1)) or high - low > MOST:
            continue
        if high > 1 >= -1 <= low < high:
            how = "there each time that a row is used, where the loss has it once for each row"
        elif low < -1 <= high <= 1:
            how = "there once for each row, where the loss has it each time that the row is used"
        elif -1 <= low < high <= 1:
            how = "too much or missing in some rows: the loss leaves these out, or has it as often as a row is used"
        else:
            return
        some = [f"{abs(n)} too {'many' if n > 0 else 'few'} in row {i}" for i, n in enumerate(times) if n]
        shown = ", ".join(some[:4]) + ", …" * (len(some) > 4)
        yield "regularisation", guess, None, f"The penalty, {unit:.4g} times the parameter, is {how}: {shown}."
        return


MOST = 1000  # times that a row is used


def _elsewhere(case: Case) -> bool:
    """Whether there are other numbers on which it is wrong, where it has to be so, too."""
    return case.elsewhere is not None and any(not other.agrees for other in case.elsewhere())


# What may be written for the gradient of a penalty, beside the weights themselves.
OF_WEIGHTS: dict[str, Callable[[Any], Any]] = {
    "the sign of the parameter": np.sign,
    "the absolute value of the parameter": np.abs,
    "the square of the parameter": np.square,
    "the parameter times its absolute value": lambda w: w * np.abs(w),
    "the cube of the parameter": lambda w: w**3,
    "one, in every element": np.ones_like,
}


def penalty(case: Case) -> Iterator[Guess]:
    """A multiple of a function of the parameter too much or missing, and maybe one of the parameter itself."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or np.count_nonzero(w) < 5:
        return
    w = np.asarray(w, dtype=np.float64)
    for text, function in OF_WEIGHTS.items():
        for columns in ([function(w)], [function(w), w]):
            matrix = np.stack([np.ravel(column) for column in columns], 1)
            (b, *c), _, rank, _ = np.linalg.lstsq(matrix, (case.hand - case.truth).ravel(), rcond=None)
            if rank < len(columns) or not b:
                continue
            beside = f", and {_amount(c[0])} the parameter itself" if c else ""
            guess = case.truth + (matrix @ np.array([b, *c])).reshape(w.shape)
            yield "regularisation", guess, None, f"There is {_amount(b)} {text}{beside}: regularisation."


def _amount(k: float) -> str:
    return f"{'a term too much' if k > 0 else 'a term missing'} of {abs(k):.4g} times"


def scaled_term(case: Case) -> Iterator[Guess]:
    """A factor, and beside it a multiple of the parameter itself: hand = a · truth + b · parameter."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or np.count_nonzero(w) < 4 or not case.free:
        return
    matrix = np.stack([case.truth.ravel(), np.ravel(w)], 1)
    (a, b), _, rank, _ = np.linalg.lstsq(matrix, case.hand.ravel(), rcond=None)
    guess = a * case.truth + b * w
    if rank < 2 or abs(a) < 1e-6 or not case.fits(guess):  # without the truth it is no factor of it
        return
    # The engine's gradient has the term already, if there is one: which part has the factor a is told by the sizes.
    name = factor_name(a, case.sizes) or f"{a:.6g}"
    kind = "summed" if name == "N" else "averaged" if name == "1/N" else "sign" if name == "−1" else "factor"
    text = (
        f"It is {name} times the engine's, and {abs(b):.4g} times the parameter {'more' if b > 0 else 'less'}: "
        "one part has a wrong factor, the regularisation or the rest."
    )
    yield kind, guess, None, text


def examples(case: Case) -> Iterator[Guess]:
    """Right for examples of some classes and wrong for others: a term of the loss is missing."""
    found = list(case.classes()) if case.classes is not None else []
    wrong = [(label, one) for label, one in found if not one.fits(one.truth)]
    if not wrong or len(wrong) == len(found):
        return
    silent = all(one.fits(np.zeros_like(one.truth)) for _, one in wrong)
    names = ", ".join(str(label) for label, _ in wrong)
    yield (
        "term missing" if silent else "wrong for a class", case.hand, None,
        f"Examples with label {names} alone give {'nothing' if silent else 'another result'}, the others are right: "
        "a term of the loss is missing.",
    )  # fmt: skip
