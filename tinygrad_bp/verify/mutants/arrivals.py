"""The gradient of another value arrives: before its derivative, after it, of another loss, of another penalty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from math import sqrt
from typing import Any

import numpy as np

from ...autograd.node import Node
from ..case import multiple
from .edges import Edge, edges, of_penalty, replaced
from .functions import functions
from .regions import between as between_nodes
from .regions import slope
from .tape import VIEWS, Change, Gradient, Rule, Step, Tape, groups, places

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
            kind, why = between(tape, other, steps[0].node)
            text = (
                f"The gradient of {names}{places(steps)} is made of the gradient of {tape.name(other)} where that of "
                f"{meant} is meant: {why}."
            )
            yield Change(kind, text, rules)


def branches(tape: Tape) -> Iterator[Change]:
    """Where a value goes two ways, the gradient of something else comes back along one of them."""
    found = [e for e in edges(tape) if e.step.name in ("add", "sub") and len(tape.users.get(e.parent, ())) > 1]
    for edge in found:
        for node, total in list(tape.total.items())[:40]:
            if np.shape(total) == edge.parent.shape and node not in (edge.parent, edge.step.node):
                kind, why = between(tape, node, edge.step.node)
                text = (
                    f"What {edge.step.name}{places([edge.step])} passes to {tape.name(edge.parent)} is the gradient "
                    f"of {tape.name(node)} where that of {tape.name(edge.step.node)} is meant: {why}."
                )
                yield Change(kind, text, {edge.step.node: replaced(edge, _constantly(total))})


def past_a_slope(tape: Tape) -> Iterator[Change]:
    """Where a value goes two ways, what comes back along one is multiplied by the derivative of the other as well."""
    found = [e for e in edges(tape) if e.step.name in ("add", "sub") and len(tape.users.get(e.parent, ())) > 1]
    for f in functions(tape):
        steep = slope(tape, f.step.node, f.input) if not f.axes else None
        for some in groups([e for e in found if steep is not None and e.parent.shape == steep.shape], lambda e: 0):
            text = (
                f"What {some[0].step.name}{places(e.step for e in some)} passes to {tape.name(some[0].parent)} is "
                f"multiplied by the derivative of {f.name}{places([f.step])} as well, which is none of that branch's."
            )
            yield Change("derivative too much", text, {e.step.node: replaced(e, _also(e, steep)) for e in some})


def _also(edge: Edge, by: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: step.pull(g)[edge.operand] * by


def _constantly(value: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: value


def between(tape: Tape, other: Node, meant: Node) -> tuple[str, str]:
    """What it is to take the gradient of another value: where it is a number times the right one, a scale or a sign."""
    key = "between", other, meant
    if key not in tape.found:
        tape.found[key] = _between(tape, other, meant)
    return tape.found[key]  # type: ignore[no-any-return]


def _between(tape: Tape, other: Node, meant: Node) -> tuple[str, str]:
    wrong, right = tape.total[other], tape.total[meant]
    c = multiple(wrong, right)
    if c is None:
        return _of_ops(tape, other, meant)
    if abs(c + 1) < 1e-9:
        return "sign", "the sign between the two is wrong, a minus is left out"
    if other.order < meant.order:
        return "applied twice", f"the factor between the two is there once too often, it is {c:.6g} times that"
    return "scale missing", f"the factor between the two is left out, it is {c:.6g} times what it should be"


def _of_ops(tape: Tape, other: Node, meant: Node) -> tuple[str, str]:
    """What lies between two values, where the gradient of one is taken for that of the other."""
    on_way = between_nodes(tape, other, meant) if other in tape.place_of and meant in tape.place_of else []
    made = [step for step in on_way if step.name not in ("add", "sub", "neg", *VIEWS)]
    if len(made) == 1:
        kind, what = OPS.get(made[0].name, ("derivative missing", "the derivative of {} between the two is left out"))
        return kind, what.format(made[0].name)
    names = ", ".join(dict.fromkeys(step.name for step in made[::-1]))
    return (
        "wrong gradient",
        f"what lies between the two is left out, {names}"
        if made
        else "a derivative between the two is missing, or too much",
    )


OPS = {
    "mul": ("factor missing", "the factor between the two is left out"),
    "div": ("division missing", "the division between the two is left out"),
    "matmul": ("factor missing", "the matrix product between the two is left out"),
}


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
    """The penalty of another weight, or of one more: of a bias."""
    own = {leaf: _penalty(tape, leaf) for leaf in tape.leaves}
    bare = [
        leaf for leaf in tape.leaves if own[leaf] is None and leaf in tape.total and np.any(tape.values.get(leaf, 0))
    ]
    for some in groups(bare, lambda leaf: 0):
        for of, parts in ((leaf, _parts_of_penalty(tape, leaf)) for leaf in tape.leaves if own[leaf] is not None):
            for part in parts:
                for function in (lambda w: w, np.sign, np.abs):
                    term = function(tape.values[of])
                    k = float(np.sum(part * term) / np.sum(term * term))
                    if np.allclose(part, k * term, rtol=1e-9):
                        text = (
                            f"{', '.join(map(tape.name, some))}: the penalty of {tape.name(of)} is there as well, "
                            "where the loss has none: regularisation."
                        )
                        totals = {leaf: tape.total[leaf] + k * function(tape.values[leaf]) for leaf in some}
                        yield Change("regularisation", text, totals=totals)
    for leaf, other in permutations(tape.leaves, 2):
        if leaf.shape == other.shape and own[other] is not None:
            text = f"The penalty in the gradient of {tape.name(leaf)} is that of {tape.name(other)}: regularisation."
            total = tape.total[leaf] - (0 if own[leaf] is None else own[leaf]) + own[other]
            yield Change("regularisation", text, totals={leaf: total})


def beside_penalties(tape: Tape) -> Iterator[Change]:
    """A number times the right gradient but for the penalty, which is as it should be: of all parameters, of each."""
    own = {leaf: part for leaf in tape.leaves if (part := _penalty(tape, leaf)) is not None}
    for some in groups(list(own), lambda leaf: 0):
        rest = [leaf for leaf in tape.leaves if leaf not in own and leaf in tape.total] if len(some) > 1 else []
        for c in dict.fromkeys(c for n in (2, *tape.counts) for c in (float(n), 1.0 / n)):
            n = round(max(c, 1 / c))
            kind, how = "factor", "has a factor 2 too much" if c > 1 else "has lost a factor 2"
            if n != 2:
                kind = "summed" if c > 1 else "averaged"
                how = f"lacks a division by {n}" if c > 1 else f"is divided by {n} once too often"
            text = f"All but the penalty of {', '.join(map(tape.name, some))} {how}; the penalty is right."
            totals = {leaf: own[leaf] + c * (tape.total[leaf] - own[leaf]) for leaf in some}
            totals |= {leaf: c * tape.total[leaf] for leaf in rest}
            yield Change(kind, text, totals=totals)


def weighed_penalties(tape: Tape) -> Iterator[Change]:
    """The penalty with another number: divided by the examples, which the loss does not, without its 2, left out."""
    own = {leaf: part for leaf in tape.leaves if (part := _penalty(tape, leaf)) is not None}
    for some in groups(list(own), lambda leaf: 0):
        times = {f"{multiple(own[leaf], tape.values[leaf]) or 0:.4g}" for leaf in some} - {"0"}
        amount = f", {times.pop()} times the parameter," if len(times) == 1 else ""
        what = f"The penalty of {', '.join(map(tape.name, some))}{amount}"
        table = [
            (0.0, "is left out"),
            (2.0, "has a factor 2 too much"),
            (0.5, "has lost a factor 2"),
            (-1.0, "has the wrong sign"),
        ]
        for n in (n for n in tape.counts if n != 2):
            table += [(1.0 / n, f"is divided by {n}, where the loss does not divide it")]
            table += [(float(n), f"lacks a division by {n}")]
        for c, how in table:
            totals = {leaf: tape.total[leaf] + (c - 1) * own[leaf] for leaf in some}
            yield Change("regularisation", f"{what} {how}: regularisation.", totals=totals)


def _penalty(tape: Tape, leaf: Node) -> Any:
    """The part of a weight's gradient that comes of a function of the weight alone; None where there is none."""
    parts = _parts_of_penalty(tape, leaf)
    return sum(parts) if parts else None


def _parts_of_penalty(tape: Tape, leaf: Node) -> list[Any]:
    if leaf not in tape.total:
        return []
    return [
        sum(np.asarray(d) for parent, d in tape.parts[step.node] if parent is leaf)
        for step in tape.users.get(leaf, ()) if step.node in tape.parts and of_penalty(tape, step, leaf)
        if all(np.shape(d) == leaf.shape for parent, d in tape.parts[step.node] if parent is leaf)
    ]  # fmt: skip
