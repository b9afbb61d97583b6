"""Matrix products with a wrong matrix: a transpose, another layer's values, a weight that was updated already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from .arrivals import between
from .caches import in_turns
from .edges import Edge, edges, replaced
from .products import OTHERS, alike, operand_name, other_name, related
from .tape import Change, Gradient, Step, Tape, groups, places

Product = Callable[[Gradient, Any, Any, int], Gradient]  # of g, the two matrices, and which of them it is for


def matrix_products(tape: Tape) -> Iterator[Change]:
    """Matrix products with a wrong matrix, a transpose too much or too little, or in the wrong order."""
    found = [e for e in edges(tape) if e.step.name == "matmul" and len(e.step.call.values) == 2]
    found = [e for e in found if all(v.ndim >= 1 for v in e.step.call.values)]
    for some in groups(found, lambda e: (e.operand, _weight(tape, e)), lambda e: (e.operand, e.step.call.site)):
        yield from _rearranged(tape, some)
    for edge in found:
        yield from _another(tape, edge)
    yield from _neighbours(tape, found)
    yield from _exchanged(tape, found)


def _exchanged(tape: Tape, found: list[Edge]) -> Iterator[Change]:
    """One value times two matrices, each gradient with the matrix of the other."""
    for one, other in combinations(found, 2):
        if one.parent is other.parent and one.operand == other.operand and one.step is not other.step:
            a, b = (e.step.call.values[1 - e.operand] for e in (one, other))
            if a.shape == b.shape and one.step.node.shape == other.step.node.shape:
                rules = {
                    one.step.node: replaced(one, with_other(one, of_other(b))),
                    other.step.node: replaced(other, with_other(other, of_other(a))),
                }
                text = (
                    f"In the gradient of {tape.name(one.parent)}{places([one.step, other.step])} "
                    f"{operand_name(tape, one, 1 - one.operand)} and {operand_name(tape, other, 1 - other.operand)} "
                    "are exchanged: each stands where the other is meant."
                )
                yield Change("wrong factor", text, rules)


def _weight(tape: Tape, edge: Edge) -> Any:
    return next((p for p in edge.step.parents if p in tape.leaves), None)


def product(g: Gradient, a: Any, b: Any, operand: int) -> Gradient:
    """The right gradient of one operand of a @ b."""
    return g @ np.swapaxes(b, -1, -2) if operand == 0 else np.swapaxes(a, -1, -2) @ g


REARRANGED: list[tuple[str, str, Product]] = [
    ("transposed", "a transpose is missing, or one too much",
     lambda g, a, b, i: g @ b if i == 0 else a @ g),
    ("transposed", "the gradient arriving is transposed",
     lambda g, a, b, i: product(np.swapaxes(g, -1, -2), a, b, i)),
    ("transposed", "the result is transposed", lambda g, a, b, i: np.swapaxes(product(g, a, b, i), -1, -2)),
    ("wrong order", "the factors stand in the wrong order",
     lambda g, a, b, i: np.swapaxes(b, -1, -2) @ g if i == 0 else g @ np.swapaxes(a, -1, -2)),
    ("wrong order", "the factors stand in the wrong order, and without a transpose",
     lambda g, a, b, i: b @ g if i == 0 else g @ a),
    ("wrong factor", "multiplied by the operand itself where the other one is meant",
     lambda g, a, b, i: g @ np.swapaxes(a, -1, -2) if i == 0 else np.swapaxes(b, -1, -2) @ g),
    ("wrong factor", "multiplied by the operand itself where the other one is meant",
     lambda g, a, b, i: g @ a if i == 0 else b @ g),
    ("wrong factor", "multiplied by the transpose of the operand itself",
     lambda g, a, b, i: np.swapaxes(g, -1, -2) @ a if i == 0 else b @ np.swapaxes(g, -1, -2)),
    ("elementwise product", "multiplied element by element where the matrix product is meant",
     lambda g, a, b, i: g * b if i == 0 else g * a),
    ("factor missing", "the other matrix is left out", lambda g, a, b, i: g),
]  # fmt: skip


def with_other(edge: Edge, other: Product) -> Callable[[Step, Gradient], Gradient]:
    """A product of what arrives with the matrices of an edge; a vector is a row before a matrix, a column behind it."""
    a, b = edge.step.call.values
    if a.ndim > 1 and b.ndim > 1:
        return lambda step, g: other(g, a, b, edge.operand)
    a, b = _as_matrix(a, 0), _as_matrix(b, 1)

    def gradient(step: Step, g: Gradient) -> Gradient:
        found = other(np.reshape(g, (*a.shape[:-1], b.shape[-1])), a, b, edge.operand)
        return found.reshape(edge.parent.shape) if found.size == np.prod(edge.parent.shape, dtype=int) else found

    return gradient


def _as_matrix(v: Any, operand: int) -> Any:
    return v if v.ndim > 1 else v[:, None] if operand else v[None]


def _other(edge: Edge) -> Any:
    return _as_matrix(edge.step.call.values[1 - edge.operand], 1 - edge.operand)


def _rearranged(tape: Tape, some: list[Edge]) -> Iterator[Change]:
    where = places(e.step for e in some)
    what = f"In the gradient of {tape.name(some[0].parent)} through the matrix product{where}"
    for kind, text, other in REARRANGED:
        yield Change(kind, f"{what}: {text}.", {e.step.node: replaced(e, with_other(e, other)) for e in some})
    for text, other_value in OTHER_MATRIX:
        rules = {e.step.node: replaced(e, with_other(e, of_other(other_value(_other(e))))) for e in some}
        yield Change("wrong factor", f"{what}: {text}.", rules)
    if len(some) > 1:
        for path, values in related(tape, some):
            rules = {e.step.node: replaced(e, with_other(e, of_other(v))) for e, v in zip(some, values, strict=True)}
            yield Change("wrong factor", f"{what}: multiplied by the value {path} the one that is meant.", rules)


def _over_sum(v: Any, axis: int) -> Any:
    total = np.sum(v, axis, keepdims=True)
    return v / np.where(total == 0, 1, total)


def _spread(reduce: Callable[..., Any], v: Any, axis: int) -> Any:
    return np.broadcast_to(reduce(v, axis, keepdims=True), v.shape)


OTHER_MATRIX: list[tuple[str, Callable[[Any], Any]]] = [
    ("0 and 1 stand where the other matrix, counts say, is meant", lambda v: 1.0 * (v != 0)),
    ("the positive part of the other matrix alone", lambda v: np.maximum(v, 0)),
    ("0 and 1, for what is positive, stand where the other matrix is meant", lambda v: 1.0 * (v > 0)),
    ("the other matrix is divided by the sums of its rows", lambda v: _over_sum(v, -1)),
    ("the other matrix is divided by the sums of its columns", lambda v: _over_sum(v, -2)),
    ("the other matrix is less the means of its columns", lambda v: v - np.mean(v, -2, keepdims=True)),
    ("the square of the other matrix", lambda v: v * v),
    ("ones stand where the other matrix is meant", np.ones_like),
    ("1 − the other matrix", lambda v: 1 - v),
    ("a product of sums where the sum of products is meant", lambda v: _spread(np.sum, v, -2)),
    ("the other matrix's means stand for each of its rows", lambda v: _spread(np.mean, v, -2)),
    ("the other matrix's rows are shifted by one", lambda v: np.roll(v, 1, -2)),
    ("the other matrix's rows are shifted by one", lambda v: np.roll(v, -1, -2)),
    ("the other matrix's rows are in the opposite order", lambda v: v[..., ::-1, :]),
    ("the other matrix's columns are shifted by one", lambda v: np.roll(v, 1, -1)),
    ("the other matrix's columns are shifted by one", lambda v: np.roll(v, -1, -1)),
    ("the other matrix's columns are in the opposite order", lambda v: v[..., ::-1]),
]


def contractions(tape: Tape) -> Iterator[Change]:
    """Products in Einstein's notation with another operand: ones, its sums, or its places in another order."""
    for edge in edges(tape):
        step = edge.step
        if step.name != "einsum" or len(step.call.values) != 2:
            continue
        labels, other = step.call.params["labels"], step.call.values[1 - edge.operand]
        spelling = f"{labels[2]},{labels[1 - edge.operand]}->{labels[edge.operand]}"
        if not set(labels[edge.operand]) <= {*labels[2], *labels[1 - edge.operand]}:
            continue
        what = f"In the gradient of {tape.name(edge.parent)} through the product{places([step])}"
        for kind, text, value in _of_operand(other):
            yield Change(kind, f"{what}: {text}.", {step.node: replaced(edge, _einsum(spelling, value))})
        for node, value in alike(tape, other):
            if node is None or node is not step.parents[1 - edge.operand]:
                meant = operand_name(tape, edge, 1 - edge.operand)
                text = f"{what}: {other_name(tape, node)} stands where {meant} is meant."
                yield Change("wrong factor", text, {step.node: replaced(edge, _einsum(spelling, value))})
        for node, arriving in list(tape.total.items())[: 3 * OTHERS]:
            if node is not step.node and np.shape(arriving) == step.node.shape:
                kind, why = between(tape, node, step.node)
                meant = tape.name(step.node)
                text = f"{what}: the gradient of {tape.name(node)} stands where that of {meant} is meant, {why}."
                yield Change(kind, text, {step.node: replaced(edge, _einsum_of(arriving, spelling, other))})
        for one, two in combinations(range(len(step.node.shape)), 2):
            if step.node.shape[one] == step.node.shape[two]:
                turned = replaced(edge, _einsum_turned(one, two, spelling, other))
                text = f"{what}: the gradient arriving is transposed, axes {one} and {two} are exchanged."
                yield Change("transposed", text, {step.node: turned})


def _of_operand(other: Any) -> Iterator[tuple[str, str, Any]]:
    yield "factor missing", "ones stand where the other factor is meant, which is left out", np.ones_like(other)
    for axis in range(other.ndim):
        total = _spread(np.sum, other, axis)
        yield "wrong factor", f"a product of sums (axis {axis}) where the sum of products is meant", total
        mean = _spread(np.mean, other, axis)
        yield "wrong factor", f"the other factor's mean along axis {axis} stands for it", mean
        for by in (1, -1):
            yield "wrong factor", f"the other factor is shifted by {by} along axis {axis}", np.roll(other, by, axis)
        yield "wrong factor", f"the other factor is turned round along axis {axis}", np.flip(other, axis)
    if other.ndim > 1 and other.shape[-1] == other.shape[-2]:
        yield "transposed", "the other factor is transposed", np.swapaxes(other, -1, -2)


def _einsum_of(arriving: Any, spelling: str, other: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.einsum(spelling, arriving, other)


def _einsum_turned(one: int, two: int, spelling: str, other: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.einsum(spelling, np.swapaxes(g, one, two), other)


def _einsum(spelling: str, value: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.einsum(spelling, g, value)


def of_other(value: Any) -> Product:
    """The gradient with another value in the other matrix's place."""
    return lambda g, a, b, i: product(g, _as_matrix(value, 0), _as_matrix(value, 1), i)


def _arriving(gradient: Any) -> Product:
    return lambda g, a, b, i: product(np.reshape(gradient, g.shape), a, b, i)


def _another(tape: Tape, edge: Edge) -> Iterator[Change]:
    """Another value of the same shape for the other matrix, or another gradient for the one arriving."""
    step = edge.step
    what = f"In the gradient of {tape.name(edge.parent)} through the matrix product{places([step])}"
    meant = operand_name(tape, edge, 1 - edge.operand)
    for node, value in alike(tape, step.call.values[1 - edge.operand]):
        if node is None or node not in step.parents:
            text = f"{what}: {other_name(tape, node)} stands where {meant} is meant."
            yield Change("wrong factor", text, {step.node: replaced(edge, with_other(edge, of_other(value)))})
    for node, value in alike(tape, np.swapaxes(_other(edge), -1, -2)):
        if node is None or node not in step.parents:
            text = f"{what}: {other_name(tape, node)}, transposed, stands where {meant} is meant."
            other = of_other(np.swapaxes(value, -1, -2))
            yield Change("wrong factor", text, {step.node: replaced(edge, with_other(edge, other))})
    own = tape.total[step.node]
    for node in tape.distinct[: 3 * OTHERS]:
        arriving = tape.total[node]
        if np.shape(arriving) == step.node.shape and not np.array_equal(arriving, own):
            kind, why = between(tape, node, step.node)
            meant_one = tape.name(step.node)
            text = f"{what}: the gradient of {tape.name(node)} stands where that of {meant_one} is meant, {why}."
            yield Change(kind, text, {step.node: replaced(edge, with_other(edge, _arriving(arriving)))})


def _neighbours(tape: Tape, found: list[Edge]) -> Iterator[Change]:
    """In a loop over steps, the value of the step before or after at each of the products with one weight."""
    for some in groups(found, lambda e: (e.operand, e.parent if e.parent in tape.leaves else id(e))):
        some = sorted(some, key=lambda e: e.step.node.order)
        others = [e.step.call.values[1 - e.operand] for e in some]
        ways = {e.step.parents[1 - e.operand] for e in some} & {*tape.leaves}
        if len(some) < 2 or len({v.shape for v in others}) > 1 or len(ways) > 1:  # a value with several weights
            continue
        after = [_made_next(tape, e, others[0].shape) for e in some]
        for _, values in in_turns(tape).get(len(some), ()):  # the state that every step hands to the next
            if values[0].shape == others[0].shape and all(map(np.array_equal, values, others[1:])):
                after = values
        what = f"In the gradient of {tape.name(some[0].parent)}{places(e.step for e in some)}"
        for shifted, text in (
            ([*others[1:], after[-1]], "the value of the step after"), (after, "what the step gives"),
            ([0 * others[0], *others[:-1]], "the value of the step before"),
            ([others[0], *others[:-1]], "the value of the step before (of the first its own)"),
            ([others[-1], *others[:-1]], "the value of the step before (of the first that of the last)"),
            ([after[-1], *others[:-1]], "the value of the step before (of the first what the last gives)"),
            ([*others[1:], others[0]], "the value of the step after (of the last that of the first)"),
            ([*others[1:], others[-1]], "the value of the step after (of the last its own)"),
            ([others[-1]] * len(others), "the value of the last step"),
            ([others[0]] * len(others), "the value of the first step"),
            (others[::-1], "the value of the opposite step"),
        ):  # fmt: skip
            if all(v is not None for v in shifted):
                pairs = zip(some, shifted, strict=True)
                rules = {e.step.node: replaced(e, with_other(e, of_other(v))) for e, v in pairs}
                yield Change("wrong step", f"{what}: {text} stands in every step where its own is meant.", rules)


def _made_next(tape: Tape, edge: Edge, shape: tuple[int, ...]) -> Any:
    """The value furthest along the chain of ops behind a product that has a certain shape, before the next product."""
    node, found = edge.step.node, None
    for _ in range(12):
        users = [s for s in tape.users.get(node, ()) if s.name not in ("matmul", "getitem", "sum", "mean")]
        if not users:
            break
        node = users[0].node
        if node.shape == shape and node in tape.values:
            found = tape.values[node]
    return found


def updated(tape: Tape, hands: list[Any]) -> Iterator[Change]:
    """A weight that was updated before its old value was used: W − lr · dW stands for W, with any lr."""
    for leaf, hand in zip(tape.leaves, hands, strict=True):
        some = [
            Edge(s, i) for s in tape.users.get(leaf, ()) if s.name == "matmul" and s.node in tape.parts
            for i, p in enumerate(s.parents) if p is not None and p is not leaf
        ]  # fmt: skip
        if some and hand.shape == leaf.shape:
            rules = {e.step.node: replaced(e, _moved(e, hand)) for e in some}
            name = tape.name(leaf)
            own = {s.node: d for s in tape.users[leaf] for p, d in tape.parts.get(s.node, ()) if p is leaf}
            if len(some) > 1 and all(np.shape(own.get(e.step.node, 0)) == leaf.shape for e in some):
                each = {e.step.node: replaced(e, _moved(e, own[e.step.node])) for e in some}
                text = f"{name} is updated after every example, before its old value is used."
                yield Change("updated too early", text, each, free=_words_of_update(name))
            yield Change("updated too early", f"{name} is updated too early.", rules, free=_words_of_update(name))


def _moved(edge: Edge, by: Any) -> Callable[[Step, Gradient], Gradient]:
    other = edge.step.call.values[1 - edge.operand]
    by = by if by.shape == other.shape else by.T
    moved = with_other(edge, of_other(by))
    return lambda step, g: step.pull(g)[edge.operand] - moved(step, g)


def _words_of_update(name: str) -> Callable[[float], tuple[str, str] | None]:
    def words(t: float) -> tuple[str, str] | None:
        text = (
            f"{name} is updated before its old value is used: with {name} − {t:.4g} · d{name} in its place the numbers "
            "fit. Compute every gradient first, then update."
        )
        return ("updated too early", text) if t > 0 else None

    return words
