"""Inputs with which a pair runs: looked for among everything that its names allow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .attempt import Attempt, said_of
from .binding import Binding, Way, binding
from .calling import Caller, array, is_array
from .drawing import Draw, draws
from .losses import Loss
from .names import NOTHING, Signature
from .pairs import Pair
from .problem import NotFitting, Problem
from .sessions import Start

FITS = 8  # sets of inputs of different shapes that are tried with every loss
SINGLE = 6  # where it takes one example alone, as a row, a column or a vector
FITS_OF_NETWORKS = 3  # whose weights say more
MOST = 1500  # sets of inputs that are tried
ONE_OUTPUT = "For one output of each example: "
MORE = 300  # when some of them have run


@dataclass
class Search:
    """The problems that one pair may be; ``refusals`` says afterwards how far the others came."""

    pair: Pair
    caller: Caller
    starts: Callable[[], Iterator[Start]]
    losses: Sequence[Loss] = ()
    about: str = ""  # the name of the class
    refusals: list[NotFitting] = field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        """Each way to fill the backward; where it begins with a loss that the forward is not, each loss."""
        if self.pair.backward is None:
            yield from self._of_layers(None, {})
            return
        bound = binding(self.pair)
        for way in bound.ways():
            if not bound.begins:
                yield from self._of_layers(bound, way)
                continue
            for trial, (fit, start, draw) in enumerate(self._fits(bound, way), 1):
                if array(fit.output(*fit.inputs)).ndim == 0:  # the forward is the loss
                    yield fit
                    break
                if trial > (FITS_OF_NETWORKS if start.named or _weighted(draw) else FITS):
                    break
                for loss in self.losses:
                    try:
                        problem = Attempt(self.pair, self.caller, start, draw, bound, way, loss).problem()[0]
                        yield replace(problem, trial=trial)
                    except NotFitting as refusal:
                        self.refusals.append(refusal)

    def _of_layers(self, bound: Binding | None, way: dict[str, Way]) -> Iterator[Problem]:
        """Where nothing is to be chosen: the first inputs that fit; then some that tell less, should it be wrong there.

        A function that takes one example alone may take it as a row, a column or a vector, and a network with weights
        may be meant for one output, where a mean over the outputs is none.
        """
        vectors = True
        for trial, (problem, _, draw) in enumerate(itertools.islice(self._fits(bound, way), SINGLE)):
            batched = any(problem.inputs[i].ndim > 1 for i in problem.batched)
            single = _weighted(draw) and draw.labels is not None
            if trial and not (single and draw.layout.width == 1 if batched else vectors):
                continue
            vectors = vectors and (bool(trial) or all(problem.inputs[i].ndim < 2 for i in problem.wanted))
            again = problem.said.startswith(ONE_OUTPUT)
            note = ONE_OUTPUT if trial and batched and not again else ""
            yield replace(problem, said=problem.said + note)
            if batched and not single:
                return

    def _fits(self, bound: Binding | None, way: dict[str, Way]) -> Iterator[tuple[Problem, Start, Draw]]:
        """Inputs with which it runs, of other shapes each time; those last whose gradients have other shapes."""
        seen: set[Any] = set()
        tried: set[Any] = set()
        other = []
        labels = bound.labels.name if bound is not None and bound.labels is not None else ""
        for start in self.starts():
            context = replace(start.context, labels=labels)
            for draw in draws(f"{self.about}_{self.pair.forward.name}", self._signature(bound), context):
                key = (id(start), *map(str, _marks(draw.values)))
                if key in tried or len(tried) > (MORE if seen else MOST):
                    continue
                tried.add(key)
                try:
                    problem, neat = Attempt(self.pair, self.caller, start, draw, bound, way, None).problem()
                except NotFitting as refusal:
                    self.refusals.append(refusal)
                    continue
                shapes: Any = tuple(a.shape for a in problem.inputs)
                if bound is not None and bound.labels is not None:
                    shapes = np.shape(draw.values[bound.labels.name])
                if not neat:
                    other.append((problem, start, draw))
                elif shapes not in seen:
                    seen.add(shapes)
                    several = draw.layout.width == 1 and any(o.layout.width != 1 for _, _, o in other)
                    yield replace(problem, said=ONE_OUTPUT + problem.said) if several else problem, start, draw
        yield from other

    def value(self) -> tuple[Callable[..., Any], list[Any]] | None:
        """The forward as a function of the arrays with which it runs, whose first is its input."""
        for start in self.starts():
            for draw in draws(f"{self.about}_{self.pair.forward.name}", self.pair.forward.signature, start.context):
                attempt = Attempt(self.pair, self.caller, start, draw, None, {}, None)
                arrays = [np.asarray(a) for _, a in attempt.named]
                try:
                    if np.isfinite(array(attempt.run(arrays)[1].output)).all():
                        return lambda *given, a=attempt: a.run(given)[1].output, arrays
                except Exception as error:  # whatever the homework does with inputs that it was not written for
                    self.refusals.append(NotFitting("1 forward", said_of(error, self.pair.forward.name, draw.values)))
        return None

    def _signature(self, bound: Binding | None) -> Signature:
        """The forward's parameters, and the labels that the backward alone takes."""
        sig = self.pair.forward.signature
        if bound is None or bound.labels is None:
            return sig
        return replace(sig, parameters=[*sig.parameters, replace(bound.labels, default=NOTHING)])

    @property
    def refusal(self) -> str:
        """The sentence of the attempt that came furthest, the first of them."""
        if not self.refusals and self.pair.backward is not None and binding(self.pair).begins:
            return "The loss with which its backward begins is not in the file, and there are no labels for another."
        furthest = max(self.refusals, key=lambda r: r.stage, default=None)
        return str(furthest or "No inputs could be drawn for its parameters.")


def _weighted(draw: Draw) -> bool:
    return bool({"weights", "params"} & set(draw.kinds.values()))


def _marks(tree: Any) -> Iterator[Any]:
    """What tells two sets of inputs apart: shapes and kinds of arrays, and every other value."""
    if isinstance(tree, dict):
        for key, part in tree.items():
            yield key
            yield from _marks(part)
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from _marks(part)
    elif is_array(tree):
        simple = tree.dtype.kind != "f" or bool(np.all((tree == 0) | (tree == 1)))
        yield tree.shape, tree.dtype.kind, bool(np.all(tree > 0)), simple
    else:
        yield tree
