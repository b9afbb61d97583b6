"""One number times the right gradient: a batch size, a sign, nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ..case import MENDED, ODD, Case, Guess

OF_NUMBERS = ("factor", "summed", "averaged", "sign")  # kinds that are one number too much or missing
OF_THE_PROGRAM = ("scale missing", "summed", "averaged", "wrong count")  # and those with a number that the program has


def zero(case: Case) -> Iterator[Guess]:
    """Nothing arrives."""
    if not np.any(case.hand):  # of a loop that assigns the last turn may be the one of a state that is zero
        yield from (one for one in case.repairs() if one[0] == "overwritten") if case.repairs is not None else ()
        yield "missing", case.hand, 0.0, "It is zero everywhere: nothing arrives."


def cancelled(case: Case) -> Iterator[Guess]:
    """What arrives adds up to nothing."""
    yield "missing", np.zeros_like(case.truth), 0.0, "It is zero within rounding: nothing arrives, or it cancels out."


def named(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Every factor that has a name: sizes, their products, quotients and squares, 2, and each of them inverted."""
    plain = {name: float(size) for name, size in sizes.items() if size > 1}
    pairs = {f"{a}·{b}": x * y for i, (a, x) in enumerate(plain.items()) for b, y in list(plain.items())[i:]}
    twos = {f"2·{a}": 2 * x for a, x in plain.items()}
    halves = {f"{a}/2": x / 2 for a, x in plain.items() if x != 2}
    yield from plain.items()
    yield from ((f"1/{name}", 1 / size) for name, size in plain.items())
    yield from (("2", 2.0), ("1/2", 0.5))
    for table in (twos, halves, pairs):
        yield from table.items()
        yield from ((f"1/({name})", 1 / size) for name, size in table.items())
    yield from ((f"{a}/{b}", x / y) for a, x in plain.items() for b, y in plain.items() if a != b)


def factor_name(r: float, sizes: Mapping[str, float]) -> str | None:
    """How a factor is called: ``"N"``, ``"−2"``; None where it has no name."""
    sign = "−" if r < 0 else ""
    if abs(abs(r) - 1) <= 1e-6:
        return f"{sign}1"
    return next((sign + name for name, size in named(sizes) if abs(abs(r) - size) <= 1e-6 * size), None)


def constant_factor(case: Case) -> Iterator[Guess]:
    """One number times the truth: a batch size, a number of classes, a sign, 2, or any other."""
    r = case.ratio
    if not case.same or not np.isfinite(r) or r == 0 or not case.fits(r * case.truth):
        return
    sign = "−" if r < 0 else ""
    close = max(1e-6, case.tolerance)
    near = [name for name, size in named(case.sizes) if abs(abs(r) - size) <= close * size]
    if abs(abs(r) - 1) <= close:
        if r < 0:
            yield "sign", -case.truth, -1.0, "It has the wrong sign."
        return
    if not near and not case.free:
        return
    growth = _growth(case) if "N" in case.sizes else None
    if growth is not None:
        of_r, already = growth
        with_n = {name for name in near if "N" in name}
        near = [name for name in near if (name in with_n) == (of_r != 0)]
    elif not near and case.mutants is not None:
        return  # where the examples are not known the graph may tell what number it is
    else:
        near.sort(key=lambda name: name not in ("2", "1/2"))  # of two examples nobody knows
        of_r, already = {"N": 1, "1/N": -1}.get(near[0] if near else "", 0), False
    two = bool(near) and near[0] in ("2", "1/2")
    told = None if near and near[0] in ("N", "1/N") and growth is not None else _told(case, two)
    place = f" {told[3]}" if told is not None else ""
    if two and told is not None and told[0] == "wrong count":
        place += f" Or a factor 2 is {'left out' if near[0] == '1/2' else 'too much'}."
    if told is not None and near and near[0] in ("N", "1/N") and told[0] in OF_THE_PROGRAM:
        times = f"{r:.6g}" if abs(r) > 1 else f"{sign}1/{abs(1 / r):.6g}"
        by_n = told[0] if told[0] in ("summed", "averaged") else "summed" if abs(r) > 1 else "averaged"
        yield by_n, r * case.truth, r, f"It is {times} times the engine's everywhere.{place}"
    shown = f"{sign}{near[0]}" if near else f"{r:.6g}"
    also = f" ({' or '.join(sign + name for name in near[1:])} as well)" if near[1:] and growth is None else ""
    n = f" = {case.sizes['N']:g}" if "N" in case.sizes else ""
    kind, sentence = {
        1: ("summed", f"It is {shown} times the engine's (N{n}): summed over the batch, a division by N is missing."),
        -1: ("averaged", f"It is {shown} of the engine's (N{n}): averaged over the batch where it should be summed."),
        0: ("factor", f"It is {shown} times the engine's everywhere{also}.{place}"),
    }.get(of_r, ("factor", f"It is {shown} times the engine's everywhere.{place}"))
    if kind == "factor" and told is not None and told[0] in OF_NUMBERS and not told[3].endswith(MENDED):
        kind = told[0]
    if of_r == -1 and already:
        kind, sentence = "divided twice", f"It is {shown} of the engine's (N{n}): divided by N twice."
    value = case.sizes.get("N")
    factor = {"N": value, "1/N": 1 / value}.get(near[0], r) if near and value and not sign else r
    yield kind, r * case.truth, factor, sentence


def _told(case: Case, two: bool) -> Guess | None:
    """Where the number is left out, or too much: in the graph, or in the program; of a 2 numbers alone."""
    for guess in case.mutants() if case.mutants is not None else ():
        of_numbers = guess[0] in OF_THE_PROGRAM if two else not any(words in guess[3] for words in ODD)
        if of_numbers and ", everywhere" not in guess[3]:
            return guess
    for guess in case.repairs() if case.repairs is not None else ():
        if not two or guess[0] in OF_NUMBERS:
            return guess
    return None


def any_factor(case: Case) -> Iterator[Guess]:
    """A number times the truth that nothing else accounts for."""
    r = case.ratio
    if case.same and case.free and np.isfinite(r) and r:
        yield "factor", r * case.truth, r, f"It is {r:.6g} times the engine's everywhere."


def _growth(case: Case) -> tuple[int, bool] | None:
    """How hand / truth grows where every example stands twice, as a power of N, and whether the truth is a mean.

    The gradient of a mean stays where every example is repeated (or halves, where it is one row per example);
    the gradient of a sum doubles (or stays).
    """
    if case.doubled is None:
        return None
    hand, truth = (np.asarray(array) for array in case.doubled())
    if hand.shape != truth.shape or not np.sum(truth * truth):
        return None
    per_row = truth.shape != case.truth.shape
    kept = truth[tuple(slice(0, size) for size in case.truth.shape)]
    power = float(np.log2(abs(replace(case, hand=hand, truth=truth).ratio / case.ratio)))
    size = float(np.log2(np.sqrt(np.sum(kept * kept) / np.sum(case.truth * case.truth))))
    if not abs(power - round(power)) < 0.01:
        return None
    return round(power), abs(size - (-1 if per_row else 0)) < 0.01


def unused(case: Case) -> Iterator[Guess]:
    """Something arrives where nothing should."""
    if case.same and not np.any(np.abs(case.truth) > case.noise):
        text = "It should be zero everywhere: the result does not depend on it here, and nothing arrives."
        yield "not zero", case.hand, None, text
