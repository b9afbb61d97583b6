"""What is wrong with a gradient, told from its numbers.

``HYPOTHESES`` is a table. Each entry says what a hand-written gradient would be if one certain mistake had been made,
given the right gradient and what else is known (the batch size, the parameter, the previous step, the same rule on
other batches). The first entry that meets the hand-written numbers within rounding is the diagnosis, so entries stand
in order from the one with the fewest free numbers to the one with the most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..autograd.errors import shape_text
from ..autograd.types import DTypeLike, Operand
from .findings import Finding

Guess = tuple[str, Any, float | None, str]  # kind, the gradient that the mistake would give, factor, sentence


@dataclass(frozen=True)
class Case:
    """A hand-written gradient, the right one, and what else is known. Fields left out rule their hypotheses out."""

    hand: Any
    truth: Any
    name: str = "gradient"
    sizes: Mapping[str, float] = field(default_factory=dict)  # the numbers a factor may be made of: N, C, …
    tolerance: float = 1e-8  # of the largest element
    noise: Any = 0.0  # absolute, per element: what rounding of the inputs does to the truth
    parameter: Any = None
    previous: Any = None  # the right gradient one step before
    upstream: Any = None  # what arrives at a layer from above
    doubled: Callable[[], tuple[Any, Any]] | None = None  # (hand, truth) with every example twice
    alone: Callable[[], Any] | None = None  # hand, each example on its own, put together again
    classes: Callable[[], Iterable[tuple[Any, Case]]] | None = None  # the same with examples of one class only
    mutants: Callable[[], Iterable[Guess]] | None = None  # the truth with one rule of the engine changed

    def allowed(self, other: Operand) -> Any:
        """The largest difference that is still rounding."""
        scale = np.max(np.abs(other), initial=0.0)
        return self.tolerance * scale + self.noise

    def fits(self, guess: Any) -> bool:
        """Whether the hand-written numbers are these."""
        guess = np.asarray(guess)
        if guess.shape != self.hand.shape or not np.isfinite(guess).all():
            return False
        return bool(np.all(np.abs(self.hand - guess) <= self.allowed(guess)))

    @property
    def agrees(self) -> bool:
        """Whether the hand-written numbers are the right ones."""
        return self.same and self.fits(self.truth)

    @property
    def free(self) -> bool:
        """Whether there are enough numbers to fit one."""
        return bool(np.count_nonzero(self.truth) >= 3)

    @property
    def ratio(self) -> float:
        """hand / truth, by least squares."""
        square = float(np.sum(self.truth * self.truth))
        return float(np.sum(self.hand * self.truth)) / square if square and self.same else np.nan

    @property
    def same(self) -> bool:
        """Whether both have one shape."""
        return bool(self.hand.shape == self.truth.shape)


def shapes(case: Case) -> Iterator[Guess]:
    """A gradient of another shape: an axis not summed, or a transpose."""
    hand, truth = case.hand, case.truth
    if case.same:
        return
    extra = hand.ndim - truth.ndim
    axes = tuple(range(extra)) + tuple(
        i + extra for i, size in enumerate(truth.shape) if extra >= 0 and size == 1 != hand.shape[i + extra]
    )
    where = f"its shape is {shape_text(hand.shape)}, the parameter's is {shape_text(truth.shape)}"
    if extra >= 0 and axes:
        summed = np.sum(hand, axis=axes, keepdims=True).reshape(
            tuple(1 if i in axes else size for i, size in enumerate(hand.shape))[extra:]
        )
        if summed.shape == truth.shape and replace(case, hand=summed).fits(truth):
            yield "not summed", hand, None, f"A broadcast axis is not summed: {where}; summed over {axes} it is right."
    if hand.shape == truth.shape[::-1] and replace(case, hand=hand.T).fits(truth):
        yield "transposed", hand, None, f"It is the transpose of the engine's: {where}."
    yield "shape", hand, None, f"It has another shape: {where}."


def overflow(case: Case) -> Iterator[Guess]:
    """Infinities and NaN where the truth is finite: overflow, or another example's doing."""
    bad = ~np.isfinite(case.hand)
    if not bad.any():
        return
    where = f"{np.count_nonzero(bad)} of {bad.size} numbers are inf or nan where the engine's are finite"
    alone = case.alone() if case.alone is not None else None
    if alone is not None and alone.shape == case.hand.shape and replace(case, hand=alone).fits(case.truth):
        yield "batch coupling", case.hand, None, COUPLED.format(where)
    yield "overflow", case.hand, None, f"Overflow: {where}."


COUPLED = "One example's result depends on the others, as with one maximum for the whole batch: {}; alone it is right."


def zero(case: Case) -> Iterator[Guess]:
    """Nothing arrives."""
    yield "missing", np.zeros_like(case.truth), 0.0, "It is zero everywhere: nothing arrives."


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
    else:
        of_r, already = {"N": 1, "1/N": -1}.get(near[0] if near else "", 0), False
    shown = f"{sign}{near[0]}" if near else f"{r:.6g}"
    also = f" ({' or '.join(sign + name for name in near[1:])} as well)" if near[1:] and growth is None else ""
    n = f" = {case.sizes['N']:g}" if "N" in case.sizes else ""
    kind, sentence = {
        1: ("summed", f"It is {shown} times the engine's (N{n}): summed over the batch, a division by N is missing."),
        -1: ("averaged", f"It is {shown} of the engine's (N{n}): averaged over the batch where it should be summed."),
        0: ("factor", f"It is {shown} times the engine's everywhere{also}."),
    }.get(of_r, ("factor", f"It is {shown} times the engine's everywhere."))
    if of_r == -1 and already:
        kind, sentence = "divided twice", f"It is {shown} of the engine's (N{n}): divided by N twice."
    value = case.sizes.get("N")
    factor = {"N": value, "1/N": 1 / value}.get(near[0], r) if near and value and not sign else r
    yield kind, r * case.truth, factor, sentence


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


def stale(case: Case) -> Iterator[Guess]:
    """The gradient of the step before."""
    if case.previous is not None and np.shape(case.previous) == case.truth.shape:
        yield "stale", case.previous, None, "It is the gradient of the previous step: computed before the update."


def transposed(case: Case) -> Iterator[Guess]:
    """A square matrix the wrong way round."""
    if case.truth.ndim == 2 and case.truth.shape[0] == case.truth.shape[1]:
        yield "transposed", case.truth.T, None, "It is the transpose of the engine's."


def regularisation(case: Case) -> Iterator[Guess]:
    """A multiple of the parameter itself is missing, or too much."""
    w = case.parameter
    if w is None or not case.same or np.shape(w) != case.truth.shape or np.count_nonzero(w) < 3:
        return
    k = float(np.sum((case.truth - case.hand) * w) / np.sum(w * w))
    what = f"{abs(k):.4g} times the parameter"
    text = f"A term of {what} is missing: regularisation." if k > 0 else f"A term of {what} is too much."
    yield "regularisation", case.truth - k * w, None, text


def gates(case: Case) -> Iterator[Guess]:
    """A mask that is missing, inverted, or too strict, seen by where the zeros are."""
    hand, truth = case.hand, case.truth
    if not case.same or not case.free:
        return
    closed, shut = truth == 0, hand == 0
    if case.upstream is not None and np.shape(case.upstream) == truth.shape and closed.any():
        g = case.upstream
        if np.all(closed | (truth == g)):
            yield "mask inverted", g - truth, None, INVERTED.format("")
            yield "mask missing", g, None, UNMASKED.format("")
    if closed.any() and not shut.all() and np.all(closed != shut):
        yield "mask inverted", hand, None, INVERTED.format("")
    if closed.any() and np.any(hand[closed] != 0):
        yield "mask missing", np.where(closed, hand, truth), None, UNMASKED.format("")
    if np.any(shut & ~closed) and not _by_rows(shut & ~closed):
        yield (
            "mask too strict",
            np.where(shut, 0, truth),
            None,
            "The mask is too strict: zero where the engine's is not.",
        )


INVERTED = "The mask{} is inverted: it passes where the engine stops, and stops where the engine passes."
UNMASKED = "The mask{} is missing: it passes where the engine stops."


def _by_rows(mask: Any) -> bool:
    """Whether whole rows are set: then examples are missing, not a mask wrong."""
    return bool(mask.ndim == 2 and np.all(mask.all(1) == mask.any(1)))


def mutants(case: Case) -> Iterator[Guess]:
    """The truth again with the rule of one op left out or inverted."""
    if case.mutants is not None:
        yield from case.mutants()


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


def moved(case: Case) -> Iterator[Guess]:
    """The right numbers in other places."""
    if not case.same or case.truth.ndim == 0 or not case.free:
        return
    for axis in range(case.truth.ndim):
        for step in (1, -1):
            shifted = np.roll(case.truth, step, axis)
            yield "shifted", shifted, None, f"It is the engine's shifted by {step} along axis {axis}."
        order = _order(case.truth, axis), _order(case.hand, axis)
        placed = np.take(np.take(case.truth, order[0], axis), np.argsort(order[1]), axis)
        yield "permuted", placed, None, f"It has the engine's numbers in another order along axis {axis}."


def _order(array: Any, axis: int) -> Any:
    rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    return np.lexsort(rows.T[::-1])


def stretched(case: Case) -> Iterator[Guess]:
    """Each row, or each column, has a factor of its own."""
    if not case.same or case.truth.ndim != 2 or min(case.truth.shape) < 3:
        return
    for axis, what in ((1, "row"), (0, "column")):
        square = np.sum(case.truth * case.truth, axis, keepdims=True)
        r = np.sum(case.hand * case.truth, axis, keepdims=True) / np.where(square, square, 1)
        text = f"Each {what} is the engine's times a number of its own, {r.min():.4g} to {r.max():.4g}."
        yield f"factor per {what}", r * case.truth, None, text


def coupled(case: Case) -> Iterator[Guess]:
    """Each example alone is right, and the batch is not."""
    alone = case.alone() if case.alone is not None else None
    if alone is not None and alone.shape == case.truth.shape and replace(case, hand=alone).fits(case.truth):
        yield "batch coupling", case.hand, None, COUPLED.format("the batch differs from the engine's")


HYPOTHESES: tuple[Callable[[Case], Iterator[Guess]], ...] = (
    shapes, overflow, zero, constant_factor, stale, transposed, regularisation, mutants, gates, examples, moved,
    coupled, stretched,
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
            if guess is case.hand or case.fits(guess):
                return Finding(case.name, kind, sentence, factor, error, where)
    sentence = f"It differs by up to {error:.2g} of the engine's largest element, at {where}; no known mistake fits."
    return Finding(case.name, "unknown", sentence, None, error, where)


def tolerance_of(dtype: DTypeLike) -> float:
    """The largest relative difference that rounding in a dtype may make: the root of its step, 1.5e-8 in float64."""
    return float(np.sqrt(np.finfo(dtype if np.dtype(dtype).kind == "f" else np.float64).eps))


def _worst(case: Case) -> tuple[float, tuple[int, ...]]:
    if not case.same or not case.truth.size:
        return (0.0 if case.same else np.inf), ()
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(case.hand - case.truth), nan=np.inf)
    where = tuple(int(i) for i in np.unravel_index(int(difference.argmax()), difference.shape))
    scale = float(np.max(np.abs(case.truth))) or 1.0
    return float(difference[where]) / scale, where
