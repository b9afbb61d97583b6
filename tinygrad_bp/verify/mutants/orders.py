"""Steps of the backward in another order: a factor before a function, a branch that joins one step too early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, edges, replaced
from .formulas import right_along
from .functions import Function, functions
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places

DEPTH = 6  # ops between where a branch joins and where it should


def exchanged_steps(tape: Tape) -> Iterator[Change]:
    """What multiplies the result of a softmax or norm is applied after its derivative; what is meant after, before."""
    for f in functions(tape):
        if not f.axes:
            continue
        right = right_along(f.name)
        what = f"{f.name}{places([f.step])}"
        for step in tape.users.get(f.step.node, ()):
            factor = _factor(step, f.step.node)
            if factor is not None and _fits(factor, f.x):
                rules: dict[Node, Rule] = {
                    step.node: replaced(Edge(step, step.parents.index(f.step.node)), lambda step, g: g),
                    f.step.node: _whole(f, right, after=factor),
                }
                text = (
                    f"The factor{places([step])} after {what} multiplies in the backward what comes out of its "
                    "derivative, where what goes into it is meant: the order of the two steps is wrong."
                )
                yield Change("wrong order", text, rules)
        made = tape.step_of.get(f.input)
        for i, parent in enumerate(made.parents if made is not None else ()):
            factor = _factor(made, parent) if parent is not None and made is not None else None
            if made is not None and factor is not None and _fits(factor, f.x):
                rules = {
                    f.step.node: _whole(f, right, before=factor),
                    made.node: replaced(Edge(made, i), lambda step, g: g),
                }
                text = (
                    f"The factor{places([made])} before {what} multiplies in the backward what goes into its "
                    "derivative, where what comes out of it is meant: the order of the two steps is wrong."
                )
                yield Change("wrong order", text, rules)


def _factor(step: Step, node: Node | None) -> Any:
    """What a step multiplies a value with, element by element; None where it does something else."""
    if node is None or step.node.shape != node.shape or not step.call.values:
        return None
    i = step.parents.index(node)
    if step.name == "mul" and len(step.call.values) == 2:
        return step.call.values[1 - i] if step.call.values[1 - i].size > 1 else None
    if step.name == "div" and i == 0 and step.call.values[1].size > 1:
        return 1 / step.call.values[1]
    if step.name == "where" and step.parents[3 - i] is None:
        condition = step.call.values[0].astype(bool)
        return 1.0 * (condition if i == 1 else ~condition)
    return None


def _fits(factor: Any, x: Any) -> bool:
    return np.broadcast_shapes(np.shape(factor), x.shape) == x.shape if np.ndim(factor) <= x.ndim else False


def _whole(f: Function, right: Callable[..., Gradient], before: Any = 1, after: Any = 1) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        with np.errstate(all="ignore"):
            return [(f.input, after * right(g * before, f.x, f.y, f.axes))]

    return rule


def joined_elsewhere(tape: Tape) -> Iterator[Change]:
    """Where branches meet, the gradient of one is added some steps too early or too late."""
    found = [e for e in edges(tape) if e.parent not in tape.leaves]
    meeting = {_key(e) for e in found if sum(s.node in tape.parts for s in tape.users[e.parent]) > 1}
    # Of a loop the last turn as well, whose value nothing else reads any more.
    for some in groups([e for e in found if _key(e) in meeting], _key):
        ways = [_nearby(tape, e) for e in some]
        for path in dict.fromkeys(path for way in ways for path in way):
            if not all(path in way or _from_data(way, path) for way in ways):
                continue
            others = [way.get(path) for way in ways]
            known = next((other for other in others if other is not None), None)
            rules = {e.step.node: _to(e, other) for e, other in zip(some, others, strict=True)}
            if len(rules) < len(some) or known is None:
                continue
            early = path.startswith("after")
            where = places(e.step for e in some)
            name, other = tape.name(some[0].parent), tape.name(known)
            if name == other:  # of a state that a loop moves on
                made = places(tape.step_of[e.parent] for e in some if e.parent in tape.step_of)
                name, other = f"the new {name}{made}", f"the {name} of the step {'after' if early else 'before'}"
            text = (
                f"What {some[0].step.name}{where} passes to {name} is added to the gradient of {other}, one step "
                f"{'before' if early else 'behind'} the place where the branches meet: it goes "
                f"{'through a derivative that is not its own' if early else 'past a derivative'}."
            )
            yield Change("wrong branch", text, rules)


def _key(edge: Edge) -> tuple[object, ...]:
    site = edge.step.call.site
    return edge.step.name, edge.operand, site if site.code is not None else edge.step.node


def _from_data(way: dict[str, Node | None], path: str) -> bool:
    """Whether a way back ends before its end: at what a loop starts from, which has no gradient."""
    return any(end is None and path.startswith(f"{start} ") for start, end in way.items())


def _to(edge: Edge, node: Node | None) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        to = (node if i == edge.operand else p for i, p in enumerate(step.parents))
        return [(p, d) for p, d in zip(to, step.pull(g)) if p is not None and d is not None]

    return rule


def _nearby(tape: Tape, edge: Edge) -> dict[str, Node | None]:
    """Values of the same shape before and after the one where branches meet, older than the step of the edge.

    None stands for data, which has no gradient.
    """
    found: dict[str, Node | None] = {}
    shape, first = edge.parent.shape, tape.place_of[edge.step.node]
    level = [("before", edge.parent)]
    for _ in range(DEPTH):
        behind = [
            (f"{path} {step.name}{i}", p, np.shape(value))
            for path, node in level
            if (step := tape.step_of.get(node)) is not None and step.name not in ("matmul", "cat")
            for i, (p, value) in enumerate(zip_longest(step.parents, step.call.values))
        ]  # fmt: skip
        found.update({path: None for path, node, own in behind if node is None and own == shape})
        level = [(path, node) for path, node, _ in behind if node is not None]
        found.update({path: node for path, node in level if node.shape == shape and node in tape.total})
    level = [("after", edge.parent)]
    for _ in range(DEPTH):
        level = [
            (f"{path} {s.name}", s.node) for path, node in level for s in tape.users.get(node, ())[:4]
            if s is not edge.step and s.node in tape.parts and tape.place_of[s.node] > first
        ][:20]  # fmt: skip
        for path, node in level:
            if node.shape == shape:
                found.setdefault(path, node)
    return found
