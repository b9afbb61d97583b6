"""A problem handed to ``verify``, and what comes back as a verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..verify import Diagnosis, check_backward
from .drawing import generator
from .problem import NotFitting, Problem, Verdict
from .truth import leaf, pulled, truth_of

CLOSE = 1e-5  # of the largest element, for a first look that only chooses among several problems


@dataclass
class Candidate:
    """A problem with a first look at it: how many of its gradients agree, and the factor that all of them have."""

    problem: Problem
    engine: Callable[..., Any]
    truth: str
    agreeing: int
    factor: float | None

    @property
    def own(self) -> bool:
        """Whether its loss is the homework's, or none is needed."""
        return self.problem.loss is None or bool(self.problem.loss.own)

    @property
    def fits(self) -> bool:
        """Whether all gradients agree."""
        return self.agreeing == len(self.problem.wanted)


def judged(name: str, line: int, problems: Sequence[Callable[[], Problem]]) -> Verdict:
    """The verdict on the best of several ways to call one pair."""
    found: list[Candidate] = []
    refusals: list[NotFitting] = []
    for build in problems:
        try:
            found.append(candidate(build()))
        except NotFitting as refusal:
            refusals.append(refusal)
            continue
        if found[-1].own and found[-1].fits:
            break
    if not found:
        furthest = max(refusals, key=lambda r: r.stage, default=None)
        return Verdict(name, "unchecked", str(furthest or "Nothing is known of how to call it."), line)
    best, said = _chosen(found)
    if best is None:
        return Verdict(name, "unchecked", said, line)
    try:
        return checked(name, line, best, said)
    except NotFitting as refusal:
        return Verdict(name, "unchecked", str(refusal), line)


def _chosen(found: list[Candidate]) -> tuple[Candidate | None, str]:
    """The candidate to judge by, and what is to be said of the choice."""
    own = [c for c in found if c.own]
    fitting = [c for c in found if c.fits]
    if any(c.own for c in fitting):
        return next(c for c in fitting if c.own), ""
    most = max(found, key=lambda c: c.agreeing)
    if fitting:
        loss = fitting[0].problem.loss
        if own and any(c.factor is not None for c in own):
            return next(c for c in own if c.factor is not None), ""
        said = f"These are the gradients of {loss.name}"
        named = [c.problem.loss.name for c in own if c.problem.loss is not None]
        return fitting[0], f"{said}, which {named[0]} is not. " if named else f"{said}. "
    if own:
        best = max(own, key=lambda c: c.agreeing)
        return (best, "") if best.agreeing >= most.agreeing else (most, f"As gradients of {most.problem.loss.name}: ")
    if most.agreeing:
        return most, f"As gradients of {most.problem.loss.name}: "
    if most.problem.loss is not None:
        return None, "Its loss is not in the file, and these are the gradients of none of the usual ones."
    return most, ""


def candidate(problem: Problem) -> Candidate:
    """A first look at a problem. Raises ``NotFitting`` where it does not run with an arriving gradient of our own."""
    try:
        engine, truth = truth_of(problem)
        right = pulled(problem, engine, upstream_of(problem, engine))
        hand = problem.backward(upstream_of(problem, engine), *problem.inputs)
    except NotFitting:
        raise
    except Exception as error:  # whatever the homework does
        raise NotFitting("2 backward", f"It raised {type(error).__name__}: {' '.join(str(error).split())}") from None
    pairs = [(np.asarray(hand[i]), right[i]) for i in problem.wanted]
    agreeing = [h.shape == r.shape and _near(h, r) for h, r in pairs]
    factors = [_factor(h, r) for h, r in pairs]
    known = [f for f in factors if f is not None]
    alike = len(known) == len(factors) and np.allclose(known, known[0], rtol=1e-4)
    return Candidate(problem, engine, truth, sum(agreeing), known[0] if alike else None)


def _near(hand: Any, right: Any) -> bool:
    return bool(np.all(np.abs(hand - right) <= CLOSE * np.max(np.abs(right), initial=0.0) + 1e-12))


def _factor(hand: Any, right: Any) -> float | None:
    size = float(np.sum(right * right))
    if hand.shape != right.shape or not size:
        return None
    factor = float(np.sum(hand * right)) / size
    return factor if factor and _near(hand / factor, right) else None


def upstream_of(problem: Problem, engine: Callable[..., Any]) -> Any:
    """The gradient arriving: random, of the output's shape; 1 for a number."""
    shape = engine(*(leaf(a, False) for a in problem.inputs)).shape
    return generator(3).standard_normal(shape) if shape else np.ones(())


def checked(name: str, line: int, chosen: Candidate, said: str) -> Verdict:
    """The verdict on one problem."""
    problem = chosen.problem
    found = diagnosis(problem, chosen.engine)
    right = ", ".join(f.name for f in found.findings if f.ok)
    source = "the engine" if chosen.truth == "engine" else "differences of the forward"
    if found.ok:
        sentence = f"{right} {'agree' if ',' in right else 'agrees'} with {source}."
    else:
        sentence = " ".join(f"{f.name}: {f.kind}. {f.sentence}" for f in found.wrong)
        sentence += f" Right: {right}." if right else ""
        if chosen.truth != "engine":
            sentence = sentence.replace("the engine's", "the differences'")
    findings = [{**asdict(f), "where": list(f.where)} for f in found.findings]
    given = {n: list(a.shape) for n, a in zip(problem.names, problem.inputs, strict=True)}
    verdict = "right" if found.ok else "wrong"
    return Verdict(name, verdict, said + problem.said + sentence, line, chosen.truth, findings, given)


def diagnosis(problem: Problem, engine: Callable[..., Any]) -> Diagnosis:
    """What ``check_backward`` says; once more without other batches where the homework takes none."""
    upstream = upstream_of(problem, engine)
    attempts: list[dict[str, Any]] = [{"batched": ()}]
    if problem.batched:
        attempts.insert(0, {"batched": problem.batched, "axis": problem.axis, "labels": problem.labels})
    for number, options in enumerate(attempts, 1):
        try:
            return check_backward(
                problem.backward, engine, problem.inputs, upstream=upstream, names=problem.gradient_names,
                extremes=(), **options,
            )  # fmt: skip
        except Exception as error:  # of the homework, for a batch that it was not written for, or of the engine there
            if number == len(attempts):
                raise NotFitting("2 backward", f"The check ended: {' '.join(str(error).split())}") from None
    raise AssertionError
