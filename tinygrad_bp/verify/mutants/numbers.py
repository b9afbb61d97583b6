"""A number of a product, a step size, that the gradients of some parameters lack where what else passes has it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, edges, number_beside, replaced
from .regions import between
from .tape import VIEWS, Change, Gradient, Step, Tape, bilinear, groups, places

MOST = 12  # products with numbers of which two may be exchanged
LINEAR = ("add", "sub", "neg", "sum", "permute", "broadcast_to", *VIEWS)


def numbers(tape: Tape) -> Iterator[Change]:
    """The number is left out for parameters whose gradient all passes there.

    In a loop whose state comes back to the product the parameter may be far, elsewhere nothing but sums and products
    lies between. Where nothing else passes there, it is left out of the product: see ``elementwise_products``.
    """
    columns: dict[Any, list[Edge]] = {}
    hands = _by_hand(tape)
    for edge in edges(tape):
        c = number_beside(edge)
        if abs(c) not in (0, 1):
            columns.setdefault((edge.step.name, edge.operand, c, edge.step.call.site), []).append(edge)
    for (name, _, c, _), some in columns.items():
        own = {e.step.node for e in some}
        lacking = [w for w in tape.leaves if w in tape.total and tape.output not in _above(tape, w, own)]
        others = {e.step.node for key, column in columns.items() if key[2] == c for e in column} - own
        lacking = [w for w in lacking if own & _above(tape, w, others)]  # of two places of one number the nearer
        through: set[Node] = set()  # of a loop whose state comes back to it nothing else has all of it
        if not own & _above(tape, min(own, key=lambda node: node.order)):
            top, through = some[0].parent, {tape.leaves[i] for node in own for i in tape.below.get(node, ())}
            lacking = [w for w in lacking if top in tape.place_of and all(map(_linear, between(tape, top, w)))]
        factor = 1 / c if name == "mul" else c
        right = (_has(hands, g) and not _has(hands, factor * g) for g in (tape.total[node] for node in own))
        if not lacking or (hands and not any(right)):
            continue  # what arrives at the product is wrong itself
        where = f"the number {c:g} of the {'product' if name == 'mul' else 'quotient'}{places(e.step for e in some)}"
        for chosen in groups(lacking, lambda w: 0, lambda w: _read_with(tape, w)):
            if set(chosen) == through:
                continue
            text = f"In the gradient of {', '.join(map(tape.name, chosen))} {where} is left out; what else passes "
            text += "there has it."
            yield Change("scale missing", text, totals={w: factor * tape.total[w] for w in chosen})


def exchanged_numbers(tape: Tape) -> Iterator[Change]:
    """The sizes of two numbers exchanged, that two products of one program multiply with: two slopes, two weights."""
    columns: dict[tuple[float, Any], list[Edge]] = {}
    for edge in edges(tape):
        c = number_beside(edge) if edge.step.name == "mul" else 0.0
        if abs(c) not in (0, 1):
            columns.setdefault((c, edge.step.call.site), []).append(edge)
    for ((c, a), some), ((d, b), others) in combinations(columns.items(), 2):
        if abs(c) != abs(d) and a.code is b.code is not None and len(columns) <= MOST:
            changed = [(e, abs(d / c)) for e in some] + [(e, abs(c / d)) for e in others]
            rules = {e.step.node: replaced(e, _times(e.operand, factor)) for e, factor in changed}
            text = f"{abs(c):g} and {abs(d):g} are exchanged in the products{places(e.step for e, _ in changed)}: each "
            yield Change("wrong factor", f"{text}passes what the other should.", rules)


def _times(operand: int, factor: float) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: factor * step.pull(g)[operand]


def _by_hand(tape: Tape) -> dict[tuple[int, ...], Any]:
    """What the program by hand computes where it ran beside the forward, by its shape."""
    found: dict[tuple[int, ...], list[Any]] = {}
    for node, call in tape.recorder.calls.items():
        if node not in tape.step_of:
            found.setdefault(np.shape(call.result), []).append(call.result)
    return {shape: np.stack(values) for shape, values in found.items()}


def _has(hands: dict[tuple[int, ...], Any], g: Gradient) -> bool:
    """Whether one of these values is a gradient."""
    some = hands.get(np.shape(g))
    room = 1e-9 * np.max(np.abs(g), initial=0.0)
    return some is not None and bool(np.any(np.all(np.abs(some - g) <= room, axis=tuple(range(1, some.ndim)))))


def _above(tape: Tape, node: Node, stops: Collection[Node] = ()) -> set[Node]:
    """What a value goes into, as far as some other values."""
    found, todo = set[Node](), [node]
    for one in todo:  # grows while it is walked
        for step in tape.users.get(one, ()):
            if step.node in tape.parts and step.node not in found and step.node not in stops:
                found.add(step.node)
                todo.append(step.node)
    return found


def _linear(step: Step) -> bool:
    return step.name in LINEAR or bilinear(step)


def _read_with(tape: Tape, leaf: Node) -> bytes:
    """What parameters of one layer have in common: the gradient that arrives where they are read."""
    return b"".join(np.asarray(tape.total[s.node]).tobytes() for s in tape.users.get(leaf, ()) if s.node in tape.total)
