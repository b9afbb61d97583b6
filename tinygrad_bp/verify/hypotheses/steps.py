"""What belongs to an optimiser's step, done to a gradient: clipped, rounded, signs, momentum, the new parameter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..case import Case, Guess

SHORT = 5e-6  # of a bound: what clipping to it may stay below, where a tiny number keeps the division safe


def clipped(case: Case) -> Iterator[Guess]:
    """No number is larger than a bound, and those within it are right."""
    if not case.same or not case.free:
        return
    bound = float(np.max(np.abs(case.hand), initial=0.0))
    at = np.abs(np.abs(case.hand) - bound) <= case.allowed(bound)
    is_round = abs(1e4 * bound - round(1e4 * bound)) < 1e-6
    if bound and not at.all() and np.count_nonzero(at) >= (1 if is_round else 2):
        text = f"It is clipped to ±{bound:.4g}: clip after the check, or where the step is made."
        yield "clipped", np.clip(case.truth, -bound, bound), None, text


def shortened(case: Case) -> Iterator[Guess]:
    """A share of the gradient whose norm, its own or that of all gradients together, is a bound."""
    if not case.same or not 0 < case.ratio < 1:
        return
    own = float(np.linalg.norm(case.hand)) if np.count_nonzero(case.truth) > 1 else 0.0
    for norm, text in ((own, "It is shortened"), (case.together, "With the others it is shortened")):
        bound = float(f"{norm:.2g}")
        if bound and abs(norm - bound) <= SHORT * bound:
            text = f"{text} to a norm of {bound:g}: clip after the check, or where the step is made."
            yield "clipped", case.ratio * case.truth, None, text


def whole(case: Case) -> Iterator[Guess]:
    """Whole numbers where the gradient has fractions."""
    if not case.same or not case.hand.any() or np.any(case.hand != np.rint(case.hand)):
        return
    for text, guess in (
        ("cut off to whole numbers, as in an array of integers", np.trunc(case.truth)),
        ("rounded down, as by //", np.floor(case.truth)), ("rounded", np.rint(case.truth)),
    ):  # fmt: skip
        yield "rounded", guess, None, f"The gradient is {text}: make the array of floats."


def signs(case: Case) -> Iterator[Guess]:
    """Only the signs are left, with one size for all: of a step by signs, or clipped below every number."""
    if case.same and case.free:
        size = float(np.max(np.abs(case.hand), initial=0.0))
        text = f"Only the signs of the gradient are left, each times {size:.4g}: clipped, or a step by signs."
        yield "clipped", size * np.sign(case.truth), None, text


def divided(case: Case) -> Iterator[Guess]:
    """The gradient over its own size and a small number, as an optimiser of steps of one size has it."""
    found = np.flatnonzero((case.truth != 0) & (case.hand != 0)) if case.same else np.zeros(0)
    if len(found) < 4:
        return
    size = np.abs(np.ravel(case.truth)[found])
    matrix = np.stack([np.ones_like(size), 1 / size], 1)
    one, small = np.linalg.lstsq(matrix, 1 / np.abs(np.ravel(case.hand)[found]), rcond=None)[0]
    if one > 0 and 0 < small < one:
        guess = np.sign(case.truth) / (one + small / np.where(case.truth == 0, np.inf, np.abs(case.truth)))
        text = f"It is {1 / one:.4g} · g / (|g| + {small / one:.2g}) of the gradient g: what an optimiser makes of it."
        yield "divided", guess, None, text


def updated(case: Case) -> Iterator[Guess]:
    """The parameter after a step, in place of its gradient."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or not case.free or np.count_nonzero(w) < 3:
        return
    lr = float(np.sum((w - case.hand) * case.truth) / np.sum(case.truth * case.truth))
    text = (
        f"It is the parameter after an update, {case.name} − {lr:.4g} · its gradient: return the gradient itself."
        if abs(lr) > 1e-9 else "It is the parameter itself, not its gradient."
    )  # fmt: skip
    yield "parameter", w - lr * case.truth, None, text


def accumulated(case: Case) -> Iterator[Guess]:
    """A second call on the same numbers adds the gradient once more."""
    if case.again is None or not case.same or not case.free:
        return
    first, again = case.again(), case.again()  # two in a row: others may have come between
    if again.shape != case.truth.shape or first.shape != again.shape or not np.isfinite(again).all():
        return
    more = again - first
    square = float(np.sum(case.truth * case.truth))
    r = float(np.sum(more * case.truth)) / square
    if abs(r) > 1e-6 and np.all(np.abs(more - r * case.truth) <= case.allowed(np.maximum(abs(r), 1) * case.truth)):
        text = "A second call on the same numbers gives more: it is added up between calls. Begin each call with zeros."
        yield "accumulated", case.hand, None, text
    elif np.any(np.abs(more) > case.allowed(case.truth)):
        text = "A second call on the same numbers gives another result: it draws anew, a mask say, or keeps something "
        yield "not the same again", case.hand, None, text + "between calls. Take what the forward has drawn, and kept."


def offset(case: Case) -> Iterator[Guess]:
    """One number is added everywhere."""
    if not case.same or case.truth.size < 3 or not case.free:
        return
    c = float(np.mean(case.hand - case.truth))
    text = f"{abs(c):.4g} is {'added' if c > 0 else 'taken away'} everywhere: a constant, or a velocity of momentum."
    yield "offset", case.truth + c, None, text
