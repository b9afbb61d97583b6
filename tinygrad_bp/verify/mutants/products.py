"""Products and quotients, element by element, with a wrong factor: a mask left out, the operand itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, edges, number_beside, replaced
from .tape import Change, Gradient, Rule, Step, Tape, groups, places

OTHERS = 40  # values of the same shape that are tried in a factor's place

Factor = Callable[[Gradient, Any, Any, Any], Gradient]  # of g, the operand itself, the other one, and the result

# A product a · b: what is written for g · b, the gradient of a.
MULTIPLIED: list[tuple[str, str, Factor]] = [
    ("factor missing", "the other factor is left out", lambda g, a, b, y: g),
    ("wrong factor", "multiplied by the operand itself where the other one is meant", lambda g, a, b, y: g * a),
    ("wrong factor", "multiplied by the product where the other factor is meant", lambda g, a, b, y: g * y),
    ("applied twice", "multiplied by the other factor twice", lambda g, a, b, y: g * b * b),
    ("scale missing", "multiplied by 0 and 1 alone, without the scale or the weights", lambda g, a, b, y: g * (b != 0)),
    ("mask inverted", "passes where the other factor is 0, and only there", lambda g, a, b, y: g * (b == 0)),
    ("wrong factor", "passed where the operand itself is above 0", lambda g, a, b, y: g * (a > 0)),
    ("wrong factor", "divided by the other factor", lambda g, a, b, y: g / b),
    ("wrong factor", "multiplied by 1 − the other factor", lambda g, a, b, y: g * (1 - b)),
]
# A quotient a / b: for g / b, the gradient of a, and for −g · a / b², the gradient of b.
NUMERATOR: list[tuple[str, str, Factor]] = [
    ("division missing", "the division is left out", lambda g, a, b, y: g),
    ("wrong factor", "multiplied where it should be divided", lambda g, a, b, y: g * b),
    ("applied twice", "divided twice", lambda g, a, b, y: g / (b * b)),
    ("wrong factor", "divided by the square root", lambda g, a, b, y: g / np.sqrt(b)),
]
DENOMINATOR: list[tuple[str, str, Factor]] = [
    ("exponent", "−a/b where −a/b² is meant", lambda g, b, a, y: -g * a / b),
    ("factor missing", "−1/b² without the numerator", lambda g, b, a, y: -g / (b * b)),
    ("factor missing", "−a without the denominator", lambda g, b, a, y: -g * a),
    ("exponent", "−a/b³ where −a/b² is meant", lambda g, b, a, y: -g * a / (b * b * b)),
    ("factor missing", "−1/b where −y/b of the quotient y is meant: y is left out", lambda g, b, a, y: -g / b),
    ("factor missing", "−y of the quotient y, without 1/b", lambda g, b, a, y: -g * y),
    ("applied twice", "−y²/b, with the quotient y twice", lambda g, b, a, y: -g * y * y / b),
    ("sign", "a/b², without the minus", lambda g, b, a, y: g * y / b),
    ("wrong factor", "1/b, that of the numerator", lambda g, b, a, y: g / b),
    ("derivative missing", "g itself", lambda g, b, a, y: g),
]


TABLES = {("mul", 0): MULTIPLIED, ("mul", 1): MULTIPLIED, ("div", 0): NUMERATOR, ("div", 1): DENOMINATOR}


def elementwise_products(tape: Tape) -> Iterator[Change]:
    """Products and quotients with another factor."""
    found = [e for e in edges(tape) if (e.step.name, e.operand) in TABLES and len(e.step.call.values) == 2]
    every = list(groups(
        found, lambda e: (e.step.name, e.operand, e.step.call.site.anywhere),
        lambda e: (e.step.name, e.operand, e.step.call.site),
    ))  # fmt: skip
    for some in every:
        first = some[0]
        number = number_beside(first)
        for kind, text, factor in (*TABLES[first.step.name, first.operand], *_by_counts(tape, first)):
            if number:
                text = text.replace("division is", f"division by {number:g} is")
                text = text.replace("other factor is", f"other factor, {number:g}, is")
            rules = {e.step.node: replaced(e, _with(factor, e.operand)) for e in some}
            yield Change(_of_a_mean(tape, first, _mask_words(kind, first)), f"{_what(tape, some)}: {text}.", rules)
    for some in every:
        if some[0].step.name == "mul":
            yield from _another(tape, some, _what(tape, some))


def _what(tape: Tape, some: list[Edge]) -> str:
    name = "the product" if some[0].step.name == "mul" else "the quotient"
    return f"In the gradient of {tape.name(some[0].parent)} through {name}{places(e.step for e in some)}"


def _by_counts(tape: Tape, edge: Edge) -> Iterator[tuple[str, str, Factor]]:
    """A quotient by data, or by a number of it, written with a count of something else."""
    below = edge.step.call.values[1]
    if edge.step.name != "div" or edge.operand or edge.step.parents[1] is not None:
        return
    number = number_beside(edge)
    word = f"{number:g}" if number else "the other operand"
    for n in tape.counts:
        if np.any(below != n):
            yield "wrong count", f"divided by {n} where {word} is meant", lambda g, a, b, y, n=n: g / n  # type: ignore[misc]


def _another(tape: Tape, some: list[Edge], what: str) -> Iterator[Change]:
    """Another value in the place of the other factor: what it was made from, what is made from it, or any other."""
    first = some[0]
    meant = operand_name(tape, first, 1 - first.operand)
    for path, values in related(tape, some):
        if all(value is e.step.call.result for e, value in zip(some, values, strict=True)):
            continue  # the product itself: see MULTIPLIED
        rules = {e.step.node: replaced(e, by(value)) for e, value in zip(some, values, strict=True)}
        before = f"the operand {meant}, made before it," if path.startswith("made of the product") else meant
        yield Change("wrong factor", f"{what}: multiplied by the value {path} it, where {before} is meant.", rules)
    if len(some) == 1:
        for other, value in alike(tape, first.step.call.values[1 - first.operand]):
            if other not in (*first.step.parents, first.step.node):
                text = f"{what}: multiplied by {other_name(tape, other)} where {meant} is meant."
                yield Change("wrong factor", text, {first.step.node: replaced(first, by(value))})


def related(tape: Tape, some: list[Edge]) -> Iterator[tuple[str, list[Any]]]:
    """For edges of one kind: values that stand in one relation to each one's other operand, or to its result."""
    for origin in ("operand", "result"):
        nodes = [e.step.parents[1 - e.operand] if origin == "operand" else e.step.node for e in some]
        families = [tape.relatives(n) if n is not None else {} for n in nodes]
        for path in dict.fromkeys(path for family in families for path in family):
            meant = [e.step.call.values[1 - e.operand] for e in some]
            values = [family.get(path, own) for family, own in zip(families, meant, strict=True)]
            if all(v.shape == own.shape for v, own in zip(values, meant, strict=True)):
                where = _less_a_factor(tape, nodes, path) or ("before" if path.startswith("before") else "after")
                yield (where if origin == "operand" else f"made of the product, {where}"), values


def _less_a_factor(tape: Tape, nodes: list[Node | None], path: str) -> str:
    """The words for a value that is a product without one of its factors; none where it is something else."""
    products = [tape.step_of[n] for n in nodes if n in tape.step_of] if path[:-1] == "before mul" else []
    if any(step.name != "mul" or len(step.parents) != 2 for step in products):  # of some the value has another path
        return ""
    others = [step.parents[1 - int(path[-1])] for step in products]
    named = [tape.name(n) for n in others if n is not None]
    return f"without the factor {named[0]} of" if named else ""


def by(value: Any) -> Callable[[Step, Gradient], Gradient]:
    """What arrives, multiplied by a value."""
    return lambda step, g: g * value


def _mask_words(kind: str, edge: Edge) -> str:
    """A factor of zeros and one other number is a mask; a single number a scale."""
    other = edge.step.call.values[1 - edge.operand]
    if kind in ("factor missing", "division missing"):
        if other.size == 1:
            return "scale missing"
        if len(np.unique(other)) == 2 and np.any(other == 0):
            return "mask missing"
    return kind


def _of_a_mean(tape: Tape, edge: Edge, kind: str) -> str:
    """A sum that is not divided by one number is a mean's."""
    summed = tape.step_of.get(edge.parent)
    of_a_sum = edge.step.name == "div" and summed is not None and summed.name in ("sum", "window_sum")
    return "summed" if kind == "scale missing" and of_a_sum else kind


def _with(factor: Factor, operand: int) -> Callable[[Step, Gradient], Gradient]:
    def gradient(step: Step, g: Gradient) -> Gradient:
        return factor(g, step.call.values[operand], step.call.values[1 - operand], step.call.result)

    return gradient


def operand_name(tape: Tape, edge: Edge, i: int) -> str:
    """What the user calls an operand."""
    parent = edge.step.parents[i]
    return tape.name(parent) if parent is not None else "the other operand"


def alike(tape: Tape, value: Any) -> list[tuple[Node | None, Any]]:
    """Other values of the same shape, with the nodes they belong to; None for data."""
    recorded = [(n, v) for n, v in tape.values.items() if v.shape == value.shape and v is not value]
    data = [(None, v) for v in tape.constants if v.shape == value.shape and not np.array_equal(v, value)]
    return [*recorded[:OTHERS], *data[:OTHERS]]


def other_name(tape: Tape, node: Node | None) -> str:
    """What the user calls a value, or that it is data."""
    return "another array of data" if node is None else tape.name(node)


def squares(tape: Tape) -> Iterator[Change]:
    """The square of a difference whose gradient is of a sum, of one of the two, or of a part of it."""
    for step in tape.steps:
        inner = tape.step_of.get(step.parents[0]) if step.parents and step.parents[0] is not None else None
        squared = step.name in ("square", "mul") or (step.name == "pow" and step.call.params.get("exponent") == 2)
        if not squared or step.node not in tape.parts or inner is None or not inner.call.values:
            continue
        if inner.name == "sub":
            yield from _of_difference(step, inner)
        if step.parents[0] is step.parents[-1]:
            yield from _of_part(tape, step, inner)


def _of_difference(step: Step, inner: Step) -> Iterator[Change]:
    a, b = inner.call.values
    difference = a - b
    if difference.ndim == 2 and difference.shape[1] == 1:
        # a column less a row is a table of each with all, and its mean over one axis this
        for other in (a - np.mean(b), np.mean(a) - b):
            sentence = (
                f"(a − b){places([step])} is that of a column and a row in its gradient: shapes (N, 1) and (N,) "
                "broadcast to (N, N), each example against all."
            )
            yield Change(
                "broadcast", sentence, {step.node: _twice(inner.node, np.broadcast_to(other, difference.shape))}
            )
    for other, text in (
        (a + b, "the sum a + b"), (a, "a alone"), (b, "b alone"), (np.sign(difference), "its sign"),
        (np.ones(difference.shape), "nothing"), (difference**2, "its square"),
    ):  # fmt: skip
        sentence = f"The gradient of (a − b)²{places([step])} is made of {text} where a − b is meant."
        yield Change("wrong difference", sentence, {step.node: _twice(inner.node, other)})


def _of_part(tape: Tape, step: Step, inner: Step) -> Iterator[Change]:
    """A square whose gradient is made of the same without its mask, or without one of its terms."""
    if inner.name == "mul" and len(inner.call.values) == 2:
        for i, parent in enumerate(inner.parents):
            if parent is not None and parent.shape == inner.node.shape:
                kind = _mask_words("factor missing", Edge(inner, i))
                text = f"The gradient of the square{places([step])} is made without the factor{places([inner])}."
                yield Change(kind, text, {step.node: _twice(parent, inner.call.values[i])})
    if inner.name not in ("add", "sub", "mul"):
        return
    terms = list(_terms(tape, inner, 1.0, 6))[:8]
    for some in (*combinations(terms, 1), *combinations(terms, 2)):
        if len(some) < len(terms):
            names = " and ".join(name for name, _ in some)
            text = f"The gradient of the square{places([step])} is made without {names}: a term of it is missing."
            value = inner.call.result - sum(np.broadcast_to(term, inner.node.shape) for _, term in some)
            yield Change("term missing", text, {step.node: _twice(inner.node, value)})


def _terms(tape: Tape, step: Step, factor: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The terms that a value is the sum of, each times the factors around it."""
    if not depth or not step.call.values:
        return
    factors = {"add": (1, 1), "sub": (1, -1), "neg": (-1,), "mul": step.call.values[::-1]}[step.name]
    for parent, value, times in zip(step.parents, step.call.values, factors, strict=True):
        inner = tape.step_of.get(parent) if parent is not None else None
        if step.name == "mul" and None not in step.parents:
            return
        if inner is not None and inner.name in ("add", "sub", "neg", "mul"):
            yield from _terms(tape, inner, times * factor, depth - 1)
        elif step.name != "mul":
            yield tape.name(parent) if parent is not None else "the data in it", times * factor * value


def _twice(node: Node, value: Any) -> Rule:
    return lambda step, g: [(node, 2 * g * value)]
