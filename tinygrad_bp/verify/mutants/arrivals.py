"""The gradient of another value arrives: before its derivative, after it, of another loss, of another penalty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from math import sqrt
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, edges, of_penalty, replaced
from .tape import Change, Rule, Tape, groups, places

OTHERS = 30  # gradients of the same shape that are tried in a gradient's place


def arrivals(tape: Tape) -> Iterator[Change]:
    """A parameter's gradient is made of the gradient of another value: a bias's before the activation's derivative."""
    found = [e for e in edges(tape) if e.parent in tape.leaves and e.step.node.shape]
    for some in groups(found, lambda e: np.asarray(tape.total[e.step.node]).tobytes()):
        steps = list(dict.fromkeys(edge.step for edge in some))
        if len(steps) < len(some) or len({step.node.shape for step in steps}) > 1:
            continue
        names = ", ".join(dict.fromkeys(tape.name(edge.parent) for edge in some))
        meant = tape.name(steps[0].node)
        for other in _alike(tape, steps[0].node):
            rules = {edge.step.node: _arriving(edge, tape.total[other]) for edge in some}
            text = (
                f"The gradient of {names}{places(steps)} is made of the gradient of {tape.name(other)} where that of "
                f"{meant} is meant: a derivative between the two is missing, or too much."
            )
            yield Change("wrong gradient", text, rules)


def _alike(tape: Tape, node: Node) -> list[Node]:
    """Other values of the same shape, nearest first, whose gradient is another."""
    place = {n: i for i, n in enumerate(tape.total)}
    own = tape.total[node]
    found = [
        n for n, total in tape.total.items()
        if n not in tape.leaves and n.shape == node.shape and not np.array_equal(total, own)
    ]  # fmt: skip
    return sorted(found, key=lambda n: abs(place[n] - place[node]))[:OTHERS]


def _arriving(edge: Edge, total: Any) -> Rule:
    return replaced(edge, lambda step, g: step.pull(total)[edge.operand])


# The gradient of a function of the loss, in place of that of the loss L.
OF_THE_LOSS: dict[str, Callable[[float], float]] = {
    "as if the loss were its square root, 1/(2√L) times": lambda loss: 0.5 / sqrt(loss),
    "as if the root were not taken, 2√L times": lambda loss: 2 * sqrt(loss),
    "as if the loss were its logarithm, 1/L times": lambda loss: 1 / loss,
    "divided by √L": lambda loss: 1 / sqrt(loss),
    "times √L": sqrt,
    "divided by 2L, where √L is the loss": lambda loss: 0.5 / loss,
    "times 2L, where √L is the loss": lambda loss: 2 * loss,
    "times L": lambda loss: loss,
    "divided by L²": lambda loss: 1 / loss**2,
}


def of_the_loss(tape: Tape) -> Iterator[Change]:
    """The gradient of another function of the loss."""
    loss = tape.values.get(tape.output)
    if loss is None or tape.output.shape or not loss > 0:
        return
    for text, factor in OF_THE_LOSS.items():
        sentence = f"It is the gradient {text} what it should be: a root is missing, or one is too much."
        yield Change("factor", sentence, totals={tape.output: factor(float(loss)) * tape.upstream})


def penalties(tape: Tape) -> Iterator[Change]:
    """The penalty of another weight."""
    own = {leaf: _penalty(tape, leaf) for leaf in tape.leaves}
    for leaf, other in permutations(tape.leaves, 2):
        if leaf.shape == other.shape and own[other] is not None:
            text = f"The penalty in the gradient of {tape.name(leaf)} is that of {tape.name(other)}: regularisation."
            total = tape.total[leaf] - (0 if own[leaf] is None else own[leaf]) + own[other]
            yield Change("regularisation", text, totals={leaf: total})


def _penalty(tape: Tape, leaf: Node) -> Any:
    """The part of a weight's gradient that comes of a function of the weight alone; None where there is none."""
    if leaf not in tape.total:
        return None
    parts = [
        np.asarray(d)
        for step in tape.users.get(leaf, ()) if step.node in tape.parts and of_penalty(tape, step, leaf)
        for parent, d in tape.parts[step.node] if parent is leaf and np.shape(d) == leaf.shape
    ]  # fmt: skip
    return sum(parts) if parts else None
