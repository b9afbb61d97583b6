"""What is wrong with a gradient, told from its numbers.

``HYPOTHESES`` is a table. Each entry says what a hand-written gradient would be if one certain mistake had been made,
given the right gradient and what else is known (the batch size, the parameter, the previous step, the same rule on
other batches). The first entry that meets the hand-written numbers within rounding is the diagnosis, so entries stand
in order from the one with the fewest free numbers to the one with the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .case import BY_NAME, BY_PLACE, ODD, ON_TOP, Case, Guess, tolerance_of
from .findings import Finding
from .hypotheses.batches import coupled, overflow
from .hypotheses.factors import any_factor, cancelled, constant_factor, unused, zero
from .hypotheses.gates import gates
from .hypotheses.places import moved, parts, stale, stretched, summed_up, transposed, turned_round
from .hypotheses.shapes import shapes
from .hypotheses.steps import accumulated, clipped, divided, offset, shortened, signs, updated, whole
from .hypotheses.terms import examples, part_of_penalty, penalty, penalty_each_time, regularisation, scaled_term


def mutants(case: Case) -> Iterator[Guess]:
    """What the recorded graph gives with one thing changed."""
    for guess in case.mutants() if case.mutants is not None else ():
        odd = any(words in guess[3] for words in ODD)
        by_place = any(words in guess[3] for words in BY_PLACE)
        if ", with a wrong sign" in guess[3]:  # it can be put in many places of a graph: in the program it has one
            yield from (one for one in repairs(case) if one[0] == "sign")
        if "without the minus: a sign" in guess[3]:  # a sign that the program has and the forward explains is none
            yield from (one for one in repairs(case) if one[0] == "sign" and not any(w in one[3] for w in GIVEN))
        if any(words in guess[3] for words in BY_NAME) and case.upstream is None:
            yield from (one for one in repairs(case) if one[0] in OF_A_FACTOR)
        if "by the product where the other factor" in guess[3]:  # a power of a factor in one term may give the same
            yield from (one for one in repairs(case) if one[0] not in LEFT_OUT)
        if guess[0] == "wrong count" or "rounds of the loop" in guess[3]:  # the program has a name for it, or a line
            yield from (one for one in repairs(case) if one[0] in ("wrong count", "overwritten"))
        if guess[0] == "factor" and "mean(g·y)" in guess[3]:  # twice a mean is a sum over half its number as well
            yield from (one for one in repairs(case) if "divides by" in one[3])
        if odd:
            yield from (one for one in repairs(case) if not (guess[3].endswith(ON_TOP) and one[0] in LEFT_OUT))
        if odd or by_place:
            others = list(case.elsewhere() if case.elsewhere is not None else ())[:1]
            if not all(other.agrees or guess[3] in said(other) for other in others):
                continue
        yield guess


def said(case: Case) -> list[str]:
    """What the recorded graph says of a case."""
    return [guess[3] for guess in case.mutants()] if case.mutants is not None else []


def repairs(case: Case) -> Iterator[Guess]:
    """What makes the hand-written program right. Where it only leaves something out, the numbers may say what kind."""
    for kind, guess, factor, sentence in case.repairs() if case.repairs is not None else ():
        if kind in LEFT_OUT and not case.fits(case.ratio * case.truth):
            for name, text in _of_the_numbers(case):
                yield name, guess, factor, f"{text} {sentence}"
        yield kind, guess, factor, sentence


def _of_the_numbers(case: Case) -> Iterator[tuple[str, str]]:
    """What the gradient itself is, here and on other numbers: with a penalty, right for some classes, moved."""
    for hypothesis in (penalty, examples, moved, stretched):
        for kind, guess, _, text in hypothesis(case):
            if (guess is case.hand or case.fits(guess)) and _also_elsewhere(hypothesis, case, kind, text):
                yield kind, text


def penalties_of_rows(case: Case) -> Iterator[Guess]:
    """The penalty of each row too often or too seldom; where the loss has the times for a factor, that is left out."""
    for guess in penalty_each_time(case):
        yield from (one for one in mutants(case) if one[0] == "factor missing")
        yield guess


def rounded(case: Case) -> Iterator[Guess]:
    """Whole numbers where the gradient has fractions; of −1, 0 and 1 alone the graph or the program may say more.

    Every p − y rounded down is −y: that p is left out there is the simpler mistake.
    """
    for guess in whole(case):
        if np.max(np.abs(case.hand)) <= 1 and case.fits(guess[1]):
            yield from mutants(case)
            yield from repairs(case)
        yield guess


def weighed(case: Case) -> Iterator[Guess]:
    """A penalty that the loss has, with another number: a multiple of the parameter, of which the graph says more."""
    if any(case.fits(guess[1]) for guess in regularisation(case)):
        yield from (one for one in mutants(case) if one[0] == "regularisation")


GIVEN = (" − 1, not 1 − ", "has the wrong sign")  # signs that no line of the program has wrong by itself
OF_A_FACTOR = ("factor missing", "mask missing", "wrong factor")  # kinds of changes that name one
LEFT_OUT = ("too much", "part missing")  # kinds of changes that leave a step out


# What the numbers of one place may suggest by chance: it has to be so on other numbers as well.
CHANCE = (
    regularisation, part_of_penalty, penalties_of_rows, turned_round, rounded, any_factor, scaled_term, penalty, offset,
    signs, divided, parts, gates, examples, moved, summed_up, coupled, stretched, shortened,
)  # fmt: skip
WITH_NUMBERS = ("regularisation", "offset", "clipped", "divided")  # kinds whose sentence has a number of the program


HYPOTHESES: tuple[Callable[[Case], Iterator[Guess]], ...] = (
    shapes, overflow, zero, shortened, constant_factor, stale, transposed, turned_round, weighed, regularisation,
    part_of_penalty, penalties_of_rows, updated, clipped, rounded, accumulated,
    mutants, offset, signs, divided, parts, gates, repairs, cancelled, any_factor, scaled_term, penalty, examples,
    moved, summed_up, coupled, stretched, unused,
)  # fmt: skip


def diagnose(hand: Any, truth: Any, **known: Any) -> Finding:
    """Compare a hand-written gradient with the right one, and say how it is wrong.

    ``hand`` and ``truth`` are arrays (or Tensors turned into arrays by ``.numpy()``), in any shape. ``known`` are
    fields of ``Case``: ``name``; ``sizes``, such as ``{"N": 32, "C": 10}``, of which a factor may be made;
    ``parameter``, the array whose gradient it is; ``previous``, the right gradient of the step before; ``upstream``,
    what arrived at a layer; ``tolerance``, relative to the largest element.

    >>> import numpy as np
    >>> g = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 6.0]])
    >>> print(diagnose(g.mean(0), g.sum(0), name="db", sizes={"N": 3}))
    db: averaged. It is 1/N of the engine's (N = 3): averaged over the batch where it should be summed.
    >>> print(diagnose(-2 * g, g).sentence)
    It is −2 times the engine's everywhere.
    """
    hand = np.asarray(hand)
    kept = replace(Case(hand, np.asarray(truth, dtype=np.float64)), **known)
    if "tolerance" not in known:
        kept = replace(kept, tolerance=tolerance_of(hand.dtype))
    case = replace(kept, hand=np.asarray(hand, dtype=np.float64))
    error, where = _worst(case)
    if case.agrees:
        # A zero meets everything: a gradient below rounding is right, and the sentence says how little that proves.
        zeros = bool(np.all(np.abs(case.truth) <= case.noise))
        text = "Both are zero within rounding: other inputs would say more." if zeros else "It agrees with the engine."
        return Finding(case.name, "right", text, None if zeros else 1.0, error, where)
    for hypothesis in HYPOTHESES:
        for kind, guess, factor, sentence in hypothesis(case):
            if guess is not case.hand and not case.fits(guess):
                continue
            if hypothesis not in CHANCE or _also_elsewhere(hypothesis, case, kind, sentence):
                return Finding(case.name, kind, sentence, factor, error, where)
    sentence = f"It differs by up to {error:.2g} of the engine's largest element, at {where}; no known mistake fits."
    return Finding(case.name, "unknown", sentence, None, error, where)


def _also_elsewhere(hypothesis: Callable[[Case], Iterator[Guess]], case: Case, kind: str, sentence: str) -> bool:
    """Whether it is this mistake on other numbers, too, where the gradient is wrong there."""
    others = case.elsewhere() if case.elsewhere is not None else ()
    return all(
        any(
            name == kind
            and (guess is other.hand or other.fits(guess))
            and (kind not in WITH_NUMBERS or text == sentence)
            for name, guess, _, text in hypothesis(other)
        )
        for other in others
        if not other.agrees
    )


def _worst(case: Case) -> tuple[float, tuple[int, ...]]:
    if not case.same or not case.truth.size:
        return (0.0 if case.same else np.inf), ()
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(case.hand - case.truth), nan=np.inf)
    where = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    scale = float(np.max(np.abs(case.truth))) or 1.0
    return float(difference[where]) / scale, where
