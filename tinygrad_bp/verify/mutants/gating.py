"""Masks and choices: of the wrong array, inverted, missing for one operand; margins of a hinge counted wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, edges, replaced
from .functions import functions
from .products import by
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places

OTHERS = 30  # arrays of the same shape that are tried as masks


SMOOTH = ("sigmoid", "tanh", "softplus", "silu", "square", "softmax", "log_softmax")


def choices(tape: Tape) -> Iterator[Change]:
    """``np.where``: a branch that gets the gradient of the other, or of both; or for one operand of a branch alone."""
    smooth = {f.step for f in functions(tape) if f.name in SMOOTH}  # a choice within one is how it is computed
    found = [
        s for s in tape.steps
        if s.name == "where" and s.node in tape.parts and len(s.call.values) == 3 and s not in smooth
    ]  # fmt: skip
    for steps in groups(found, lambda s: s.call.site):
        where = places(steps)
        for mask, text in (("inverted", "inverted"), ("missing", "left out: both branches get all of the gradient")):
            rules: dict[Node, Rule] = {s.node: _masked_by(_mask(s, mask)) for s in steps}
            yield Change(f"mask {mask}", f"The condition of the choice{where} is {text}.", rules)
        for mask, text in (("first", "first"), ("second", "second")):
            rules = {s.node: _masked_by(_mask(s, mask)) for s in steps}
            sentence = (
                f"The gradient of the choice{where} is that of its {text} branch everywhere: the mask is missing."
            )
            yield Change("mask missing", sentence, rules)
    for step in found:
        yield from _other_conditions(tape, step)
        for branch in (1, 2):
            parent = step.parents[branch]
            inner = tape.step_of.get(parent) if parent is not None else None
            if inner is None or inner.node not in tape.parts or len(tape.users.get(inner.node, ())) > 1:
                continue
            yield from _of_a_branch(tape, step, branch, inner)


def _mask(step: Step, which: str) -> Any:
    """The factors of the two branches."""
    condition = step.call.values[0].astype(bool)
    if which in ("first", "second"):
        ones = np.ones(condition.shape)
        return (ones, 0 * ones) if which == "first" else (0 * ones, ones)
    return (~condition, condition) if which == "inverted" else (np.ones(condition.shape), np.ones(condition.shape))


def _masked_by(masks: Any) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        return [(p, g * mask) for p, mask in zip(step.parents[1:], masks, strict=True) if p is not None]

    return rule


def _other_conditions(tape: Tape, step: Step) -> Iterator[Change]:
    """The condition is asked of another array, or of the gradient arriving."""
    what = f"The condition of the choice{places([step])} is asked of"
    for name, value in _arrays(tape, step.node.shape):
        for above in (value > 0, value <= 0):
            if above.all() or not above.any():
                continue
            yield Change("mask of another", f"{what} {name}.", {step.node: _masked_by((above, ~above))})
        yield from _one_side(step, name, value)
    text = f"{what} the gradient arriving, g > 0."
    yield Change("mask of g", text, {step.node: lambda s, g: _masked_by((g > 0, g <= 0))(s, g)})


def _one_side(step: Step, name: str, value: Any) -> Iterator[Change]:
    """A condition on the size of a value, that is asked of the value itself: |x| < d and x < d."""
    inside = np.broadcast_to(step.call.values[0].astype(bool), value.shape)
    size = np.abs(value)
    if inside.all() or not inside.any():
        return
    for mask, within in ((inside, True), (~inside, False)):
        if np.max(size[mask]) < np.min(size[~mask]):
            limit = 0.5 * (np.max(size[mask]) + np.min(size[~mask]))
            for text, near in (("above", value < limit), ("below", value > -limit)):
                own = near if within else ~near
                sentence = (
                    f"The condition of the choice{places([step])} is asked of {name}, where that of its size is meant: "
                    f"one side of it, {text}, is left out of the mask."
                )
                yield Change("mask missing", sentence, {step.node: _masked_by((own, ~own))})


def _of_a_branch(tape: Tape, step: Step, branch: int, inner: Step) -> Iterator[Change]:
    """For one operand of what a branch is made of: the gradient of the other side, of both, or of another slope."""
    g = tape.total[step.node]
    own = step.call.values[0].astype(bool) if branch == 1 else ~step.call.values[0].astype(bool)
    for i, parent in enumerate(inner.parents):
        if parent is None:
            continue
        what = f"The gradient of {tape.name(parent)} through the choice{places([step])}"
        for mask, kind, text in (
            (~own, "mask inverted", "is taken from the other side of the condition, where it is not used"),
            (np.ones(own.shape), "mask missing", "is taken from both sides: its mask is missing"),
        ):
            rule = replaced(Edge(inner, i), _pulled(g * mask, i))
            yield Change(kind, f"{what} {text}.", {inner.node: rule})
        if inner.name == "mul":
            for slope in SLOPES:
                text = f"{what} has the slope {slope} on its side, where the other factor is meant."
                yield Change("slope", text, {inner.node: replaced(Edge(inner, i), by(slope))})


SLOPES = (0.5, 0.01, 0.1, 0.2, 0.25, 0.3, 0.05, 0.02, 2.0)


def _pulled(arriving: Any, operand: int) -> Any:
    return lambda step, g: step.pull(arriving)[operand]


def _arrays(tape: Tape, shape: tuple[int, ...]) -> list[tuple[str, Any]]:
    """Arrays of a shape that a mask may be made of."""
    recorded = [(tape.name(n), v) for n, v in tape.values.items() if v.shape == shape and n is not None]
    data = [("an array of data", v) for v in tape.constants if v.shape == shape]
    return [*recorded[:OTHERS], *data[:OTHERS]]


def masks(tape: Tape) -> Iterator[Change]:
    """ReLU's mask made of another array; a gradient masked by one more array; products whose mask is another."""
    found = list(functions(tape))
    for f in found:
        if f.name != "relu":
            continue
        for name, value in _arrays(tape, f.step.node.shape):
            text = f"The mask of ReLU{places([f.step])} is of {name}, where that of its own input is meant."
            yield Change("mask of another", text, {f.step.node: _passing(f.input, value > 0)})
            text = f"The mask of ReLU{places([f.step])} is of {name} as well as of its own input."
            yield Change("mask too strict", text, {f.step.node: _passing(f.input, (value > 0) & (f.x > 0))})
    for edge in edges(tape):
        if edge.step.name != "mul" or len(edge.step.call.values) != 2:
            continue
        mask = edge.step.call.values[1 - edge.operand]
        if np.any(mask == 0) and len(np.unique(mask)) == 2:
            own, scale = edge.step.call.values[edge.operand], np.max(np.abs(mask))
            where = f"In the gradient of {tape.name(edge.parent)} the mask{places([edge.step])}"
            for name, value in _arrays(tape, mask.shape):
                rule = replaced(edge, by(scale * (value > 0)))
                yield Change("mask of another", f"{where} is that of {name} > 0, another one.", {edge.step.node: rule})
            rule = replaced(edge, by(mask * (own > 0)))
            yield Change("mask too strict", f"{where} is taken with that of the value above 0.", {edge.step.node: rule})


def _passing(node: Node, mask: Any) -> Rule:
    return lambda step, g: [(node, g * mask)]


def hinges(tape: Tape) -> Iterator[Change]:
    """Scores under a hinge loss of several classes: 1 for each class within the margin, minus their number."""
    for node, g in list(tape.total.items()):
        s = tape.values.get(node)
        if s is None or s.ndim != 2 or np.shape(g) != s.shape or s.shape[1] < 2 or not np.any(g > 0):
            continue
        c = float(np.min(g[g > 0]))
        counted = np.round(g / c)
        if (
            not np.allclose(g / c, counted, atol=1e-9)
            or np.any(np.sum(counted, 1))
            or np.any(np.sum(counted < 0, 1) > 1)
        ):
            continue
        rows = np.arange(len(s))
        label = np.where(np.any(counted < 0, 1), np.argmin(counted, 1), np.argmax(s, 1))
        at = np.zeros(s.shape)
        at[rows, label] = 1
        within = counted * (1 - at)
        number = np.sum(within, 1, keepdims=True)
        nearer = (s > s[rows, label][:, None]) * (1.0 - at)
        most = np.where(at > 0, -np.inf, s)
        worst = (most == np.max(most, 1, keepdims=True)) * (number > 0)
        what = f"The gradient of the scores {tape.name(node)} under the hinge loss"
        one = "has −1 for the correct class where minus the number of margins is meant"
        for kind, text, total in (
            ("label", one, within - at),
            ("label", one, within - at * (number > 0)),
            ("label", "has nothing for the correct class", within),
            ("label", "counts the correct class among its own margins", within - at * (number + 1)),
            ("label", "counts the correct class among its own margins", within + at * (1 - number)),
            ("sign", "has + for the correct class", within + at * number),
            ("label", "has the correct class alone", -at * number),
            ("margin missing", "has no margin: only scores above that of the correct class count",
             nearer - at * np.sum(nearer, 1, keepdims=True)),
            ("mask missing", "has 1 for every class, within the margin or not", 1 - at - at * (s.shape[1] - 1)),
            ("label", "is averaged: the number of margins divides it", counted / np.maximum(number, 1)),
            ("largest alone", "has the largest margin alone", worst - at * (number > 0)),
        ):  # fmt: skip
            yield Change(kind, f"{what} {text}.", totals={node: c * total})
