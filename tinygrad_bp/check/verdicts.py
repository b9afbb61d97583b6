"""A problem handed to ``verify``, and what comes back as a verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..verify import Diagnosis, Finding, check_backward
from ..verify.differences import over_five_points
from .calling import array
from .drawing import generator
from .forwards import another_loss, of_forward, overflows
from .names import FILLERS, FORWARD, role, words
from .problem import NotFitting, Problem, Verdict
from .search import Search

CLOSE = 1e-5  # of a slope, for a first look that only chooses among several problems


@dataclass
class Candidate:
    """A problem with a first look at it: how many of its gradients agree, and the factor that all of them have."""

    problem: Problem
    good: list[bool]  # of each gradient, in order
    factor: float | None
    usual_factor: float  # that most of them have, 0 where there is none

    @property
    def agreeing(self) -> int:
        """How many gradients agree."""
        return sum(self.good)

    @property
    def own(self) -> bool:
        """Whether its loss is the homework's, or none is needed."""
        return self.problem.loss is None or bool(self.problem.loss.own)

    @property
    def fits(self) -> bool:
        """Whether all gradients agree."""
        return all(self.good)


def judged(name: str, line: int, search: Search) -> Verdict:
    """The verdict on one pair, by the best of several ways to call it."""
    found: list[Candidate] = []
    only_usual = not any(loss.own for loss in search.losses)
    for problem in search.problems():
        try:
            one = candidate(problem)
        except NotFitting as refusal:
            search.refusals.append(refusal)
            continue
        if one.fits and not problem.batched and any(c.agreeing and c.problem.neat and c.problem.batched for c in found):
            continue  # of one example sums and means are the same
        found.append(one)
        if one.fits and (one.own or only_usual or problem.trial > 1):
            break
    if not found:
        return Verdict(name, "unchecked", search.refusal, line)
    best, said = _chosen(found)
    if best is None:
        return Verdict(name, "unchecked", said, line)
    if not best.problem.neat and not best.agreeing:
        given = ", ".join(f"{n} {a.shape}" for n, a in zip(best.problem.names, best.problem.inputs, strict=True))
        return Verdict(name, "unchecked", f"Its gradients fit no inputs that were tried, {given} among them.", line)
    shapes = [a.shape for a in best.problem.inputs]
    losses = [c.problem for c in found if c.own and c.problem.loss is not None]
    mine = next((p for p in losses if [a.shape for a in p.inputs] == shapes), None)
    try:
        beside = [] if best.own or mine is None else another_loss(mine, best.problem)
        what = name.partition(".")[0] if "." in name or search.pair.name == "backward" else search.pair.forward.name
        return checked(name, line, best, said, beside, [w for w in words(what) if w not in FORWARD | FILLERS])
    except NotFitting as refusal:
        return Verdict(name, "unchecked", str(refusal), line)


def of_value(name: str, line: int, search: Search) -> Verdict:
    """The verdict on a softmax that stands alone: on its values."""
    value = search.value()
    if value is None:
        return Verdict(name, "unchecked", search.refusal, line)
    function, inputs = value
    found = of_forward({"softmax"}, function, inputs)
    findings = [{**asdict(f), "where": list(f.where), "of": "", "examples": False} for f in found]
    text = told(found) if found else "Its values stay the same where a number is added to all scores."
    return Verdict(name, "wrong" if found else "right", text, line, findings=findings)


def _chosen(found: list[Candidate]) -> tuple[Candidate | None, str]:
    """The candidate to judge by, and what is to be said of the choice."""
    own = [c for c in found if c.own]
    fitting = [c for c in found if c.fits]
    if any(c.own for c in fitting):
        return next(c for c in fitting if c.own), ""
    most = max(found, key=lambda c: c.agreeing)
    if fitting:
        loss = fitting[0].problem.loss
        by_factor = [c for c in own if c.factor is not None]
        if by_factor:
            return by_factor[0], ""
        named = [c.problem.loss.name for c in own if c.problem.loss is not None]
        return fitting[0], f"The gradients are those of {loss.name}{f', not of {named[0]}' if named else ''}. "
    if own:
        best = max(own, key=lambda c: c.agreeing)
        return (best, "") if best.agreeing >= most.agreeing else (most, f"As gradients of {most.problem.loss.name}: ")
    if most.agreeing:
        return most, f"As gradients of {most.problem.loss.name}: "
    moved = [c for c in found if c.problem.moved and c.problem.loss is not None]  # by a rate that may stand in its text
    scaled = [c for c in moved if c.usual_factor and "²" in c.problem.loss.name]
    if scaled:
        return _rescaled(max(scaled, key=_plain))
    if most.problem.loss is not None:
        return None, "Its loss is not in the file, and these are the gradients of none of the usual ones."
    return most, ""


def _plain(one: Candidate) -> tuple[bool, bool, float]:
    """Of several losses whose gradients have a factor: the one that needs none, else the plainest sum."""
    far = round(abs(float(np.log(abs(one.usual_factor)))), 6)
    return not far, one.problem.loss.name.startswith("the sum"), -far


def _rescaled(one: Candidate) -> tuple[Candidate, str]:
    """Gradients that are all as many times those of a loss: only their sign is judged."""
    times, backward = abs(one.usual_factor), one.problem.backward

    def divided(g: Any, *inputs: Any) -> list[Any]:
        return [None if a is None else a / times for a in backward(g, *inputs)]

    said = f"The gradients are {one.usual_factor:.3g} times those of {one.problem.loss.name}. "
    return replace(one, problem=replace(one.problem, backward=divided)), said


def candidate(problem: Problem) -> Candidate:
    """A first look: the slope of the forward in each input along one direction, beside what the backward says.

    Raises ``NotFitting`` where it does not run with an arriving gradient of our own.
    """
    rng = generator(8)
    try:
        value = array(problem.forward(*problem.inputs))
        g = upstream_of(value.shape)
        hand = problem.backward(g, *problem.inputs)
        good = []
        factors: list[float | None] = []
        for i in problem.wanted:
            if np.shape(hand[i]) != problem.inputs[i].shape:
                factors.append(None)
                good.append(False)
                continue
            near, factor = _look(problem, i, hand[i], g, rng)
            again = _look(problem, i, hand[i], g, rng) if near or factor else (False, None)
            good.append(near and again[0])
            factors += [factor, again[1]]
    except NotFitting:
        raise
    except Exception as error:  # whatever the homework does
        raise NotFitting("2 backward", f"It raised {type(error).__name__}: {' '.join(str(error).split())}") from None
    known = [f for f in factors if f is not None]
    alike = len(known) == len(factors) and bool(known) and np.allclose(known, known[0], rtol=1e-4)
    most = max(known, key=lambda f: sum(np.isclose(known, f, rtol=1e-4)), default=0.0)
    common = 2 * int(np.sum(np.isclose(known, most, rtol=1e-4))) > len(factors)
    return Candidate(problem, good, known[0] if alike else None, most if common else 0.0)


def _look(problem: Problem, i: int, hand: Any, g: Any, rng: Any) -> tuple[bool, float | None]:
    """Whether one gradient agrees with the slope along a random direction, and its factor there."""
    direction = rng.standard_normal(problem.inputs[i].shape)
    ours = float(np.sum(hand * direction))
    slope, slack = 0.0, 1e-8 * float(np.sum(np.abs(hand * direction))) + 1e-10
    for step in (1e-4, 1e-6):
        slope = _along(problem, i, direction, g, step)
        if abs(slope - ours) <= CLOSE * abs(slope) + slack:
            return True, 1.0
    return False, ours / slope if abs(slope) > slack else None


def _along(problem: Problem, i: int, direction: Any, g: Any, step: float) -> float:
    def total(t: float) -> float:
        moved = list(problem.inputs)
        moved[i] = moved[i] + t * direction
        return float(np.sum(g * array(problem.forward(*moved))))

    return float(over_five_points(total, step))


def upstream_of(shape: tuple[int, ...]) -> Any:
    """The gradient arriving: random, of the output's shape; 1 for a number."""
    return generator(3).standard_normal(shape) if shape else np.ones(())


def checked(name: str, line: int, best: Candidate, said: str, beside: list[Finding], about: list[str]) -> Verdict:
    """The verdict on one problem; ``beside`` is what else was found, ``about`` the words of the forward's name."""
    problem = best.problem
    diagnosed = diagnosis(problem)
    found = list(diagnosed.findings)
    why = next((note.partition(": ")[2] for note in diagnosed.notes if note.startswith("Differences")), "")
    large = overflows(problem)
    beside = [*beside, *(f for f in large if not next(o for o in found if o.name == f.name).ok)]
    found = [next((f for f in large if f.name == o.name and o.ok), o) for o in found]
    if len(problem.wanted) == 1 and role(problem.names[problem.wanted[0]]) == "x":
        beside += of_forward(about, problem.output, problem.inputs, problem.wanted[0])
    right = ", ".join(f.name for f in found if f.ok and f.name in problem.gradient_names)
    wrong = [f for f in (*found, *beside) if not f.ok]
    source = "differences of the forward" if why else "the engine"
    if not wrong:
        sentence = f"{right} {'agree' if ',' in right else 'agrees'} with {source}."
    else:
        sentence = told(wrong) + (f" Right: {right}." if right else "")
        if why:
            sentence = sentence.replace("the engine's", "the differences'")
    of = {n: problem.names[i] for n, i in zip(problem.gradient_names, problem.wanted, strict=True)}
    batched = {problem.names[i] for i in problem.batched}
    findings = [
        {**asdict(f), "where": list(f.where), "of": of.get(f.name, ""), "examples": of.get(f.name) in batched}
        for f in (*found, *beside)
    ]
    given = {n: list(a.shape) for n, a in zip(problem.names, problem.inputs, strict=True)}
    verdict = "wrong" if wrong else "right"
    return Verdict(
        name, verdict, said + problem.said + sentence, line, "differences" if why else "engine", why, findings, given,
        of_loss=problem.loss is not None, divides=divides(problem),
    )  # fmt: skip


def told(wrong: list[Finding]) -> str:
    """Findings in words, those of one kind that say the same together."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in wrong:
        said = "" if finding.kind == "unknown" else finding.sentence
        groups.setdefault((finding.kind, said), []).append(finding)
    texts = []
    for (kind, _), same in groups.items():
        names = ", ".join(f.name for f in same)
        worst = max(same, key=lambda f: f.error)
        sentence = worst.sentence if len(same) == 1 or kind != "unknown" else f"{worst.name} most: {worst.sentence}"
        texts.append(f"{names}: {kind}. {sentence}")
    return " ".join(texts)


def divides(problem: Problem) -> bool:
    """Whether the backward of a loss divides by the number of examples: with all of them twice, each has half."""
    if not problem.batched or (array(problem.output(*problem.inputs)).ndim and problem.loss is None):
        return False
    x = next((i for i in problem.batched if i in problem.wanted), None)
    if x is None:
        return False
    axis = problem.axis
    twice = [
        np.concatenate([a, a], axis if a.ndim > axis and i in problem.batched else 0) if i in problem.batched else a
        for i, a in enumerate(problem.inputs)
    ]
    try:
        one, two = (np.asarray(problem.backward(np.ones(()), *given)[x]) for given in (problem.inputs, twice))
    except Exception:  # it takes no other batch
        return False
    return two.ndim > axis and _near(2 * np.take(two, range(one.shape[axis]), axis), one)


def _near(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6, atol=1e-12))


def diagnosis(problem: Problem) -> Diagnosis:
    """What ``check_backward`` says; once more without other batches where the homework takes none."""
    upstream = upstream_of(array(problem.forward(*problem.inputs)).shape)
    attempts: list[dict[str, Any]] = [{"batched": ()}]
    if problem.batched:
        attempts.insert(0, {"batched": problem.batched, "axis": problem.axis, "labels": problem.labels})
    for number, options in enumerate(attempts, 1):
        try:
            return check_backward(
                problem.backward, problem.forward, problem.inputs, upstream=upstream, names=problem.gradient_names,
                extremes=(), **options,
            )  # fmt: skip
        except Exception as error:  # of the homework, for a batch that it was not written for
            if number == len(attempts):
                raise NotFitting("2 backward", f"The check ended: {' '.join(str(error).split())}") from None
    raise AssertionError
