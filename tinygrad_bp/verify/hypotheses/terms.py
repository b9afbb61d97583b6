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
    """A multiple of the parameter in some rows or columns alone: those of a bias, which the penalty leaves out."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or case.truth.ndim < 2:
        return
    off = case.hand - case.truth
    wrong = np.abs(off) > case.allowed(case.truth)
    for axis, name in enumerate(("row", "column") if case.truth.ndim == 2 else [f"axis {a}" for a in range(off.ndim)]):
        which = np.flatnonzero(wrong.any(tuple(a for a in range(off.ndim) if a != axis)))
        some, last = np.take(w, which, axis), off.shape[axis] - 1
        if which.tolist() not in ([0], [last], [*range(1, last + 1)], [*range(last)]) or np.count_nonzero(some) < 3:
            continue
        k = float(np.sum(np.take(off, which, axis) * some) / np.sum(some * some))
        guess = np.array(case.truth)
        index = (slice(None),) * axis + (which,)
        guess[index] += k * some
        where = f"{name}{'s' * (len(which) > 1)} {', '.join(map(str, which[:6]))}{', …' * (len(which) > 6)}"
        text = f"A term of {abs(k):.4g} times the parameter is {'too much' if k > 0 else 'missing'} in {where}: "
        text += "the penalty leaves that part out." if k > 0 else "the penalty is on that part as well."
        yield "regularisation", guess, None, text


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
