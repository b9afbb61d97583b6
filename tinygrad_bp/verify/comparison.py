"""Two functions on the same inputs: compared, and run again on other batches to learn how they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, AutogradError
from ..autograd.types import DTypeLike, Raw
from .diagnose import Case, Guess, diagnose, tolerance_of
from .findings import Diagnosis, Finding

PROBES: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("Right in float64, wrong in the dtype given", lambda x, steps: x),
    ("Right as given, wrong with inputs × 10", lambda x, steps: 10 * x),
    ("Right as given, wrong with inputs × 100", lambda x, steps: 100 * x),
    ("Right as given, wrong with inputs × 1000", lambda x, steps: 1000 * x),
    ("Right as given, wrong with each example 1000 below the one before", lambda x, steps: x - 1000 * steps),
)
REFUSALS = (AutogradError, ValueError, ArithmeticError, AssertionError)  # of inputs beside or beyond those given
Mutants = Callable[[list[Any]], list[list[Guess]]]


@dataclass
class Comparison:
    """Two functions from a list of inputs to a list of results, and what is known of the inputs."""

    hand: Callable[[list[Any]], list[Any]]
    truth: Callable[[list[Any]], list[Any]]
    inputs: list[Any]
    names: list[str]
    batched: Sequence[int]  # the inputs that hold examples
    axis: int
    sizes: Mapping[str, float]
    labels: Any = None
    known: list[dict[str, Any]] = field(default_factory=list)  # per result: parameter, previous, upstream
    movable: Sequence[int] = ()  # the inputs whose gradients the results are
    sides: Sequence[float] = (-1e-9, 1e-9)  # how far beside a kink to look
    mutants: Mutants | None = None
    extremes: Sequence[int] = ()
    coarse: float = 0.0  # the least tolerance and noise, where the truth is numeric
    floor: float = 0.0
    _runs: dict[Any, list[Any]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.count = np.shape(self.inputs[self.batched[0]])[self.axis] if self.batched else 0
        self.known = self.known or [{} for _ in self.names]
        if self.batched:
            self.sizes = {"N": self.count, **self.sizes}

    def run(self, function: Callable[[list[Any]], list[Any]], inputs: list[Any]) -> list[Any]:
        """Results, with overflow allowed: it is what is looked for. A function may write into its inputs."""
        with np.errstate(all="ignore"):
            return [np.asarray(result) for result in function([np.array(a) for a in inputs])]

    def chosen(self, rows: Any) -> list[Any]:
        """The inputs with only some examples, or some of them several times."""
        return [np.take(a, rows, self.axis) if i in self.batched else a for i, a in enumerate(self.inputs)]

    def run_on(self, who: str, rows: Any) -> list[Any]:
        """What ``hand`` or ``truth`` give for the chosen examples: one run, of which every result takes its part."""
        key = who, tuple(rows)
        if key not in self._runs:
            self._runs[key] = self.run(getattr(self, who), self.chosen(rows))
        return self._runs[key]

    def noise(self, truth: list[Any], dtype: DTypeLike) -> list[Any]:
        """What rounding does: how far the truth moves where every input is changed in its last bits, and a floor."""
        rng = np.random.default_rng(0)
        eps = float(np.finfo(dtype).eps)
        floats = [a for a in self.inputs if np.asarray(a).dtype.kind == "f"]
        moved = [
            a * (1 + 4 * eps * rng.choice([-1.0, 1.0], np.shape(a))) if np.asarray(a).dtype.kind == "f" else a
            for a in self.inputs
        ]
        try:
            others = self.run(self.truth, moved)
        except AutogradError:  # the change left the domain, a probability over 1 say
            others = truth
        largest = max((float(np.max(np.abs(a), initial=0.0)) for a in (*truth, *floats)), default=0.0)
        floor = 8 * eps * largest + self.floor
        return [8 * np.nan_to_num(np.abs(o - t)) + floor for o, t in zip(others, truth, strict=True)]

    def case(self, i: int, hand: Any, truth: Any, noise: Any) -> Case:
        """Result ``i`` with everything that is known of it; what needs more runs is left to be called."""
        tolerance = max(tolerance_of(hand.dtype), self.coarse)
        mutants = self.mutants

        def doubled() -> tuple[Any, Any]:
            twice = np.tile(np.arange(self.count), 2)
            return self.run_on("hand", twice)[i], self.run_on("truth", twice)[i]

        def alone() -> Any:
            parts = []
            for row in range(self.count):
                parts.append(self.run_on("hand", [row])[i])
                if parts[-1].ndim != hand.ndim or hand.ndim <= self.axis or parts[-1].shape[self.axis] != 1:
                    return np.zeros(0)  # not a result per example
            return np.concatenate(parts, self.axis)

        def classes() -> Iterator[tuple[Any, Case]]:
            for label in np.unique(self.labels):
                few = np.flatnonzero(np.ravel(self.labels) == label)
                one, other = self.run_on("hand", few)[i], self.run_on("truth", few)[i]
                yield label, Case(one, other, tolerance=tolerance, noise=float(np.max(noise, initial=0.0)))

        return Case(
            hand, truth, self.names[i], self.sizes, tolerance, noise,
            doubled=doubled if self.batched else None,
            alone=alone if self.batched else None,
            classes=classes if self.batched and self.labels is not None else None,
            mutants=(lambda: mutants(self.inputs)[i]) if mutants is not None else None,
            **self.known[i],
        )  # fmt: skip

    def findings(self) -> Diagnosis:
        """Compare every result in float64; where all are right, try the dtype given, and extreme inputs.

        At a kink a rule written by hand may take one side's slope and the engine another's: a mask ``z > 0`` and
        ``maximum``, which shares, where biases of zero put every unit that gets nothing. Both are right. So what
        differs is compared once more on either side; results that stay what they were and agree there are right.
        """
        cases = self.cases()
        if not all(case.agrees for case in cases):
            for inputs in beside(self.inputs, self.movable, self.sides):
                try:
                    side = replace(self, inputs=inputs).cases()
                except REFUSALS:
                    continue
                if all(one.agrees and close(one.hand, case.hand) for one, case in zip(side, cases, strict=True)):
                    cases = side
                    break
        found = [self.diagnosed(case) for case in cases]
        return Diagnosis(tuple(self.extremely(found) if all(finding.ok for finding in found) else found))

    def cases(self) -> list[Case]:
        """Every result of both functions in float64, with what is known of it."""
        exact = replace(self, inputs=[wide(a) for a in self.inputs])
        truth, hand = exact.run(exact.truth, exact.inputs), exact.run(exact.hand, exact.inputs)
        if len(hand) != len(truth):
            raise ArgumentError(f"{len(hand)} hand-written results, {len(truth)} of the engine: give one for each")
        coarsest = min((h.dtype for h in hand if h.dtype.kind == "f"), key=lambda d: d.itemsize, default=np.float64)
        results = enumerate(zip(hand, truth, exact.noise(truth, coarsest), strict=True))
        return [exact.case(i, h, t, n) for i, (h, t, n) in results]

    def diagnosed(self, case: Case) -> Finding:
        """The finding of one case."""
        if not np.isfinite(case.truth).all():
            raise ArgumentError(f"{case.name}: the engine's own result is not finite on these inputs; give milder ones")
        about = {name: getattr(case, name) for name in Case.__dataclass_fields__ if name not in ("hand", "truth")}
        return diagnose(case.hand, case.truth, **about)

    def extremely(self, found: list[Finding]) -> list[Finding]:
        """The findings again, after inputs that are large or far apart; only inf and nan count against a result there.

        A rule that rounds badly there is still the right rule.
        """
        found = list(found)
        for position in self.extremes or (0,):
            for text, change in PROBES if self.extremes else PROBES[:1]:
                probe = self.probe(position, change)
                try:
                    hand = probe.run(probe.hand, probe.inputs)
                    if all(np.isfinite(h).all() for h in hand):
                        continue
                    truth = probe.run(probe.truth, [wide(a) for a in probe.inputs])
                except REFUSALS:
                    continue
                for i, (h, t) in enumerate(zip(hand, truth, strict=True)):
                    largest = float(np.max(np.abs(t), initial=0.0))
                    limit = float(np.finfo(h.dtype).max) if h.dtype.kind == "f" else np.inf
                    if found[i].ok and largest < limit and not np.isfinite(h).all():
                        one = probe.diagnosed(probe.case(i, h, t, 1e-3 * largest))
                        found[i] = replace(one, sentence=f"{text}. {one.sentence}")
        return found

    def probe(self, position: int, change: Callable[[Any, Any], Any]) -> Comparison:
        """The same check with one input changed, in its own dtype."""
        inputs = list(self.inputs)
        x = inputs[position]
        if np.ndim(x) > self.axis:
            shape = [-1 if axis == self.axis else 1 for axis in range(np.ndim(x))]
            inputs[position] = change(x, np.arange(x.shape[self.axis]).reshape(shape)).astype(x.dtype)
        return replace(self, inputs=inputs)


def beside(inputs: Sequence[Raw], movable: Sequence[int], sides: Sequence[float]) -> Iterator[list[Any]]:
    """The inputs with every element of some of them moved by a little, of the largest element of each array.

    Each of the first twelve arrays moves twice as far as the one before: what a layer's own bias does is not undone by
    the layers below it.
    """
    for side in sides:
        moved = list(inputs)
        for k, i in enumerate(movable):
            a = inputs[i]
            if a.dtype.kind == "f":
                largest = float(np.max(np.abs(a), initial=0.0)) or 1.0
                moved[i] = (a + side * 2.0 ** min(k, 12) * largest).astype(a.dtype)
        yield moved


def close(a: Raw, b: Raw) -> bool:
    """Whether two results are one, but for what inputs a little beside do to it."""
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-2 * np.max(np.abs(a), initial=0.0)))


def wide(array: Raw) -> Any:
    """The engine's side is computed in float64, whatever the hand's side has."""
    return array.astype(np.float64) if isinstance(array, np.ndarray) and array.dtype.kind == "f" else array
