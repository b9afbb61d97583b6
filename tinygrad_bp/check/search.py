"""Inputs with which a pair runs: looked for among everything that its names allow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .attempt import Attempt
from .binding import Binding, Way, binding
from .calling import Caller
from .drawing import Draw, draws
from .losses import Loss
from .names import NOTHING, Signature
from .pairs import Pair
from .problem import NotFitting, Problem
from .sessions import Start

FITS = 8  # sets of inputs of different shapes that are tried with every loss


@dataclass
class Search:
    """The problems that one pair may be; ``refusals`` says afterwards how far the others came."""

    pair: Pair
    caller: Caller
    starts: Callable[[], Iterator[Start]]
    losses: Sequence[Loss] = ()
    refusals: list[NotFitting] = field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        """Each way to fill the backward; where it begins with a loss that the forward is not, each loss."""
        if self.pair.backward is None:
            yield from (problem for problem, _, _ in itertools.islice(self._fits(None, {}), 1))
            return
        bound = binding(self.pair)
        for way in bound.ways():
            if bound.labels is None:
                yield from (problem for problem, _, _ in itertools.islice(self._fits(bound, way), 1))
                continue
            for _, start, draw in itertools.islice(self._fits(bound, way), FITS):
                for loss in self.losses:
                    try:
                        yield Attempt(self.pair, self.caller, start, draw, bound, way, loss).problem()[0]
                    except NotFitting as refusal:
                        self.refusals.append(refusal)

    def _fits(self, bound: Binding | None, way: dict[str, Way]) -> Iterator[tuple[Problem, Start, Draw]]:
        """Inputs with which it runs, of other shapes each time; those last whose gradients have other shapes."""
        seen, other = set(), []
        for start in self.starts():
            for draw in draws(self.pair.forward.name, self._signature(bound), start.context):
                try:
                    problem, neat = Attempt(self.pair, self.caller, start, draw, bound, way, None).problem()
                except NotFitting as refusal:
                    self.refusals.append(refusal)
                    continue
                shapes: Any = tuple(a.shape for a in problem.inputs)
                if not neat:
                    other.append((problem, start, draw))
                elif shapes not in seen:
                    seen.add(shapes)
                    yield problem, start, draw
        yield from other

    def _signature(self, bound: Binding | None) -> Signature:
        """The forward's parameters, and the labels that the backward alone takes."""
        sig = self.pair.forward.signature
        if bound is None or bound.labels is None:
            return sig
        return replace(sig, parameters=[*sig.parameters, replace(bound.labels, default=NOTHING)])

    @property
    def refusal(self) -> str:
        """The sentence of the attempt that came furthest, the first of them."""
        furthest = max(self.refusals, key=lambda r: r.stage, default=None)
        return str(furthest or "No inputs could be drawn for its parameters.")
