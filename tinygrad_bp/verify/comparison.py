"""Two functions on the same inputs: compared, and run again on other batches to learn how they differ."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.types import DTypeLike, Raw
from .case import MENDED, Case, Guess, tolerance_of
from .diagnose import diagnose
from .drawn import elsewhere, generator, near
from .findings import Diagnosis, Finding
from .kinks import SUBGRADIENT, around, beside, between, close
from .linearity import SMALLER, linear
from .repairs.repaired import Hand, guesses, repaired
from .truths import wide

PROBES: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("Right in float64, wrong in the dtype given", lambda x, steps: x),
    ("Right as given, wrong with inputs × 10", lambda x, steps: 10 * x),
    ("Right as given, wrong with inputs × 100", lambda x, steps: 100 * x),
    ("Right as given, wrong with inputs × 1000", lambda x, steps: 1000 * x),
    ("Right as given, wrong with each example 1000 below the one before", lambda x, steps: x - 1000 * steps),
)
PLACES = 4  # of other numbers, that a right rule has to be right on
JUMP = 1e-4  # of the largest element: what moves farther than that by a last bit lies at a kink, and is no noise
SMALL = 1e-5  # of the largest element: as much as a tiny number inside a log, which keeps it finite, may make
LEFT = "It agrees to {:.0e} of the largest element: as far as a tiny number that keeps a log finite lets it."
HELD = (
    "Other examples could not tell more: run on some of them alone it raised {}. Labels or masks that a function holds "
    "belong among its inputs."
)
# What change of the graph gives wrong results; what the hand's own program computes on the way tells where to look.
Explained = Callable[[list[Any], list[Case], Callable[[], list[Any]]], dict[int, Guess]]


@dataclass
class Comparison:
    """Two functions from a list of inputs to a list of results, and what is known of the inputs.

    What the functions raise on the inputs given is raised; on other inputs, which are the check's own idea, it only
    ends that part of the check.
    """

    hand: Callable[[list[Any]], list[Any]]
    truth: Callable[..., list[Any]]  # of the inputs, the hand's results, and whether only what agrees is needed
    inputs: list[Any]
    names: list[str]
    batched: Mapping[int, int]  # the inputs that hold examples, and along which axis
    sizes: Mapping[str, float]
    labels: Any = None
    known: Callable[[list[Any]], list[dict[str, Any]]] | None = None  # of the inputs, per result: Case's fields
    movable: Sequence[int] = ()  # the inputs whose gradients the results are
    sides: Sequence[float] = (-1e-9, 1e-9)  # how far beside a kink to look
    explained: Explained | None = None
    extremes: Sequence[int] = ()
    coarse: float = 0.0  # the least tolerance, where the truth is numeric
    errors: Callable[[], list[Any]] = list  # of the numeric truth found last
    arriving: Sequence[Any] = ()  # what else may arrive, in place of the first input
    written: Sequence[str] = ()  # the names of the inputs, where the hand's own program may be written down
    shares: bool = True  # whether numbers from 0 to 1 may be probabilities
    _runs: dict[Any, tuple[list[Any], list[Any]]] = field(default_factory=dict, init=False)
    _refused: list[str] = field(default_factory=list, init=False)
    _mended: list[dict[int, Guess]] = field(default_factory=list, init=False)  # what puts the hand's program right

    def __post_init__(self) -> None:
        first = next(iter(self.batched), None)
        self.count = 0 if first is None else np.shape(self.inputs[first])[self.batched[first]]
        self.axis = 0 if first is None else self.batched[first]  # along which results hold them
        if self.count:
            self.sizes = {"N": self.count, **self.sizes}

    def by_hand(self, inputs: list[Any]) -> list[Any]:
        """Results; overflow, which is looked for, is allowed. A function may write into its inputs and its results."""
        with np.errstate(all="ignore"):
            return [np.array(result) for result in self.hand([np.array(a) for a in inputs])]

    def by_truth(self, inputs: list[Any], hand: list[Any] | None = None, quick: bool = False) -> list[Any]:
        """The right results, all in float64."""
        with np.errstate(all="ignore"):
            return [np.asarray(result) for result in self.truth([np.array(wide(a)) for a in inputs], hand, quick)]

    def chosen(self, rows: Sequence[int] | Raw) -> list[Any]:
        """The inputs with only some examples, or some of them several times."""
        return [np.take(a, rows, self.batched[i]) if i in self.batched else a for i, a in enumerate(self.inputs)]

    def run_on(self, rows: Sequence[int] | Raw) -> tuple[list[Any], list[Any]]:
        """What both give for the chosen examples: one run, of which every result takes its part."""
        key = tuple(rows)
        if key not in self._runs:
            inputs = self.chosen(rows)
            try:
                hand = self.by_hand(inputs)
                self._runs[key] = hand, self.by_truth(inputs, hand)
            except Exception as error:  # it holds arrays of another length, say
                self._refused.append(type(error.__cause__ or error).__name__)
                nothing = [np.zeros(0)] * len(self.names), [np.zeros(1)] * len(self.names)
                self._runs[key] = nothing
        return self._runs[key]

    def noise(self, truth: list[Any], dtype: DTypeLike) -> list[Any]:
        """What rounding does: how far the truth moves where every input is changed in its last bits, and a floor."""
        rng = generator(5)
        eps = float(np.finfo(dtype).eps)
        floats = [a for a in self.inputs if np.asarray(a).dtype.kind == "f"]
        largest = max((float(np.max(np.abs(a), initial=0.0)) for a in (*truth, *floats)), default=0.0)
        if self.coarse:
            return [8 * eps * largest + 4 * error for error in self.errors()]
        moved = [
            a * (1 + 4 * eps * rng.choice([-1.0, 1.0], np.shape(a))) if np.asarray(a).dtype.kind == "f" else a
            for a in self.inputs
        ]
        try:
            others = self.by_truth(moved)
        except Exception:  # the change left the domain, a probability over 1 say
            others = truth
        moves = [np.nan_to_num(np.abs(o - t)) for o, t in zip(others, truth, strict=True)]
        limits = [max(JUMP, 1e4 * eps) * np.max(np.abs(t), initial=0.0) for t in truth]
        return [8 * np.where(m <= limit, m, 0) + 8 * eps * largest for m, limit in zip(moves, limits, strict=True)]

    def case(self, i: int, hand: Raw, truth: Raw, noise: Raw | float) -> Case:
        """Result ``i`` with everything that is known of it; what needs more runs is left to be called."""
        tolerance = max(tolerance_of(hand.dtype), self.coarse)

        def doubled() -> tuple[Any, Any]:
            hand, truth = self.run_on(np.tile(np.arange(self.count), 2))
            return hand[i], truth[i]

        def alone() -> Any:
            parts = []
            for row in range(self.count):
                parts.append(self.run_on([row])[0][i])
                if parts[-1].ndim != hand.ndim or hand.ndim <= self.axis or parts[-1].shape[self.axis] != 1:
                    return np.zeros(0)  # not a result per example
            return np.concatenate(parts, self.axis)

        def classes() -> Iterator[tuple[Any, Case]]:
            for label in np.unique(self.labels):
                hand, truth = self.run_on(np.flatnonzero(np.ravel(self.labels) == label))
                if hand[i].shape == truth[i].shape:
                    yield label, Case(hand[i], truth[i], tolerance=tolerance, noise=float(np.max(noise, initial=0.0)))

        return Case(
            hand, truth, self.names[i], self.sizes, tolerance, noise,
            doubled=doubled if self.batched else None,
            alone=alone if self.batched else None,
            again=lambda: self.by_hand(self.inputs)[i],
            classes=classes if self.batched and self.labels is not None else None,
            **(self.known(self.inputs)[i] if self.known is not None else {}),
        )  # fmt: skip

    def findings(self) -> Diagnosis:
        """Compare every result in float64; where all are right, elsewhere too, in the dtype given, and far out."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of batches that are the check's own idea: of one example, say
            found = self.judged()
            if all(finding.ok for finding in found):
                found = self.confirmed(found)
            if all(finding.ok for finding in found):
                found = self.extremely(found)
            found = self.linear(found)
        right = all(finding.ok for finding in found)
        return Diagnosis(tuple(found), notes=() if right else tuple(map(HELD.format, self._refused[:1])))

    def linear(self, found: list[Finding]) -> list[Finding]:
        """The findings, where a result that is wrong is not linear in what arrives, with that for the reason."""
        if not self.arriving or all(finding.ok for finding in found):
            return found
        g, *rest = (wide(a) for a in self.inputs)
        return linear(found, lambda arriving: self.by_hand([arriving, *rest]), g, wide(self.arriving[0]))

    def judged(self) -> list[Finding]:
        """A finding for every result.

        At a kink a rule written by hand may take one side's slope and the engine another's: a mask ``z > 0`` and
        ``maximum``, which shares, where biases of zero put every unit that gets nothing. Both are right. So what
        differs is compared once more on either side; results that stay what they were and agree there are right.
        """
        exact = replace(self, inputs=[wide(a) for a in self.inputs])
        cases = exact.cases()
        agree = [case.agrees for case in cases]
        if not all(agree) and exact.at_a_kink(cases):
            found = [
                exact.diagnosed(case) if right else Finding(case.name, "kink", SUBGRADIENT)
                for case, right in zip(cases, agree, strict=True)
            ]
        else:
            found = exact.of_one_cause([exact.diagnosed(case) for case in exact.with_explanations(cases)])
        self._refused += exact._refused
        return found

    def agrees(self) -> bool:
        """Whether every result is right on the inputs given, or lies at a kink."""
        exact = replace(self, inputs=[wide(a) for a in self.inputs])
        cases = exact.nearby(exact.inputs)
        return bool(cases) and (all(case.agrees for case in cases) or exact.at_a_kink(cases))

    def of_one_cause(self, found: list[Finding]) -> list[Finding]:
        """The findings; where one is named by the one change that puts all that is wrong right, so are the others."""
        wrong = {i for i, finding in enumerate(found) if not finding.ok}
        named = {i for i in wrong if found[i].sentence.endswith(MENDED)}
        for mended in self._mended:
            if named and set(mended) == wrong and len({sentence for *_, sentence in mended.values()}) == 1:
                kind, _, _, sentence = next(iter(mended.values()))
                other = wrong - named
                return [replace(f, kind=kind, sentence=sentence, factor=None) if i in other else f
                        for i, f in enumerate(found)]  # fmt: skip
        return found

    def at_a_kink(self, cases: list[Case]) -> bool:
        """Whether the hand's results are subgradients: right beside the inputs, and between what is right there."""
        for inputs in beside(self.inputs, self.movable, self.sides):
            side = self.nearby(inputs)
            if side and all(one.agrees and close(one.hand, case.hand) for one, case in zip(side, cases, strict=True)):
                return True
        truths: list[list[Any]] = []
        for inputs in around(self.inputs, self.movable, self.sides[-1]):
            side = self.nearby(inputs)
            if not side or not all(one.agrees for one in side):
                return False
            truths.append([one.truth for one in side])
        return all(between(case.hand, nearby) for case, nearby in zip(cases, zip(*truths, strict=True), strict=True))

    def nearby(self, inputs: list[Any]) -> list[Case]:
        """Every result at other inputs; none where they are outside the domain."""
        try:
            return replace(self, inputs=inputs).cases(quick=True)
        except Exception:  # whatever the functions make of inputs that the user did not give
            return []

    def cases(self, quick: bool = False) -> list[Case]:
        """Every result of both functions, with what is known of it."""
        hand = self.by_hand(self.inputs)
        truth = self.by_truth(self.inputs, hand, quick)
        if len(hand) != len(truth):
            raise ArgumentError(f"{len(hand)} hand-written results, {len(truth)} of the engine: give one for each")
        coarsest = min((h.dtype for h in hand if h.dtype.kind == "f"), key=lambda d: d.itemsize, default=np.float64)
        results = enumerate(zip(hand, truth, self.noise(truth, coarsest), strict=True))
        cases = [self.case(i, h, t, n) for i, (h, t, n) in results]
        together = float(np.sqrt(sum(np.vdot(case.hand, case.hand) for case in cases if case.parameter is not None)))
        return [replace(case, together=together) for case in cases]

    def with_explanations(self, cases: list[Case]) -> list[Case]:
        """The cases, each with what one change of the graph says of it; nothing is tried before someone asks."""
        inputs, found, repairs, computed = self.inputs, list[dict[int, Guess]](), self._mended, self.computed
        others: list[list[tuple[list[Any], list[Case]]]] = []

        def elsewhere() -> list[tuple[list[Any], list[Case]]]:
            if not others:
                others.append([] if self.coarse else self.others())
            return others[0]

        def explanation(i: int) -> list[Guess]:
            if not found:
                found.append({} if self.explained is None else self.explained(inputs, cases, lambda: computed(cases)))
            return [found[0][i]] if i in found[0] else []

        def repair(i: int) -> list[Guess]:
            if not repairs:
                repairs.append(self.repaired(cases, elsewhere))
            return [repairs[0][i]] if i in repairs[0] else []

        def there(i: int) -> list[Case]:
            return [found[i] for _, found in elsewhere()]

        return [
            replace(
                case,
                mutants=partial(explanation, i),
                repairs=partial(repair, i),
                elsewhere=partial(there, i),
            )
            for i, case in enumerate(cases)
        ]

    def computed(self, cases: list[Case]) -> list[Any]:
        """The values that the hand's own results are made of; none where its program cannot be written down."""
        try:
            run = Hand(self.hand, self.written).recorded(self.inputs, [case.hand for case in cases])
        except Exception:  # whatever the functions make of arrays that write down what is done to them
            return []
        return [run[0].steps[i].value for i in run[0].live] if run is not None else []

    def repaired(
        self, cases: list[Case], elsewhere: Callable[[], list[tuple[list[Any], list[Case]]]]
    ) -> dict[int, Guess]:
        """What makes the hand's own program right, for each wrong result that something does."""
        if not self.written or self.coarse or not all(case.same for case in cases):
            return {}
        try:
            found = repaired(Hand(self.hand, self.written), self.inputs, cases, elsewhere, self.close_by)
        except Exception:  # whatever the functions make of arrays that write down what is done to them
            return {}
        return guesses(found, cases)

    def others(self) -> list[tuple[list[Any], list[Case]]]:
        """Other inputs, and every result there."""
        found = []
        for k, signs in enumerate((0, 1)):
            inputs = elsewhere([wide(a) for a in self.inputs], self.movable, self.shares, signs)
            if self.arriving:
                inputs[0] = wide(self.arriving[k % len(self.arriving)])
            there = replace(self, inputs=inputs)
            cases = self.nearby(inputs)
            if cases:
                found.append((inputs, there.with_explanations(cases)))
        return found

    def close_by(self) -> list[tuple[list[Any], list[Case]]]:
        """Inputs that are hardly others, and every result there."""
        found = []
        for k in range(2):
            inputs = near([wide(a) for a in self.inputs], self.movable, k)
            if self.arriving:
                inputs[0] = wide(self.arriving[k % len(self.arriving)])
            found.append((inputs, self.nearby(inputs)))
        return [(inputs, cases) for inputs, cases in found if cases]

    def diagnosed(self, case: Case) -> Finding:
        """The finding of one case."""
        if not np.isfinite(case.truth).all():
            raise ArgumentError(f"{case.name}: the engine's own result is not finite on these inputs; give milder ones")
        about = {name: getattr(case, name) for name in Case.__dataclass_fields__ if name not in ("hand", "truth")}
        found = diagnose(case.hand, case.truth, **about)
        # A term fitted to what is hardly more than rounding says nothing.
        told = found.kind == "regularisation" and found.error > 10 * case.tolerance
        if not found.ok and found.error < SMALL and not told:
            return replace(found, kind="right", sentence=LEFT.format(found.error), factor=1.0)
        return found

    def confirmed(self, found: list[Finding]) -> list[Finding]:
        """The findings again, after other gradients have arrived and the inputs have had other numbers."""
        first = self.by_hand([wide(a) for a in self.inputs])
        for g in (*self.arriving, *(SMALLER * np.asarray(g) for g in self.arriving[:1])):
            others = self.at([g, *self.inputs[1:]], "Right for one gradient arriving, wrong for another")
            if others:
                return others
        places = 0
        for signs in (*range(PLACES, 0, -1), 0) if self.movable else ():
            inputs = elsewhere([wide(a) for a in self.inputs], self.movable, self.shares, signs)
            if (signs == 0 and places) or not self.tells(inputs, first):
                continue
            places += 1
            if others := self.at(inputs, "Right on the numbers given, wrong on others"):
                return others
        return found

    def tells(self, inputs: list[Any], first: list[Any]) -> bool:
        """Whether both functions have values at other inputs, and the hand-written one looks at them.

        A layer that keeps what its forward was given does not: it gives what it gave at ``first``.
        """
        try:
            hand = self.by_hand(inputs)
            truth = self.by_truth(inputs, hand, True)
        except Exception:  # whatever the functions make of inputs that the user did not give
            return False
        bad = np.isinf if self.coarse else lambda a: ~np.isfinite(a)  # NaN stands for what is not confirmed
        if any(bad(t).any() for t in truth) or not all(np.isfinite(h).all() for h in hand):
            return False
        kept = all(np.array_equal(a, b) for a, b in zip(hand, first, strict=True))
        return not kept or any(np.array_equal(a, inputs[0]) for a in hand)

    def at(self, inputs: list[Any], where: str) -> list[Finding]:
        """What is wrong at other inputs; nothing where all is right, or they are outside the domain."""
        try:
            found = replace(self, inputs=inputs).judged()
        except Exception:  # whatever the functions make of inputs that the user did not give
            return []
        if all(finding.ok for finding in found):
            return []
        return [one if one.ok else replace(one, sentence=f"{where}. {one.sentence}") for one in found]

    def extremely(self, found: list[Finding]) -> list[Finding]:
        """The findings again, after inputs that are large or far apart; only inf and nan count against a result there.

        A rule that rounds badly there is still the right rule.
        """
        found = list(found)
        for position in self.extremes or (0,):
            for text, change in PROBES if self.extremes else PROBES[:1]:
                probe = self.probe(position, change)
                try:
                    hand = probe.by_hand(probe.inputs)
                    if all(np.isfinite(h).all() for h in hand):
                        continue
                    truth = probe.by_truth(probe.inputs)
                except Exception:  # whatever the functions make of inputs that the user did not give
                    continue
                for i, (h, t) in enumerate(zip(hand, truth, strict=True)):
                    largest = float(np.max(np.abs(t), initial=0.0))
                    limit = float(np.finfo(h.dtype).max) if h.dtype.kind == "f" else np.inf
                    if found[i].ok and largest < limit and not np.isfinite(h).all():
                        one = probe.diagnosed(probe.case(i, h, t, 1e-3 * largest))
                        found[i] = replace(one, sentence=f"{text}. {one.sentence}")
        return found

    def probe(self, position: int, change: Callable[[Any, Any], Any]) -> Comparison:
        """The same check with one input changed, in its own dtype; indices stay as they are."""
        inputs = list(self.inputs)
        x = inputs[position]
        axis = self.batched.get(position, self.axis)
        if np.ndim(x) > axis and np.asarray(x).dtype.kind == "f":
            shape = [-1 if k == axis else 1 for k in range(np.ndim(x))]
            inputs[position] = change(x, np.arange(x.shape[axis]).reshape(shape)).astype(x.dtype)
        return replace(self, inputs=inputs)
