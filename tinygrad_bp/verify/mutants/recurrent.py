"""Recurrent steps: what comes back to the step before, and in which order the steps are gone through."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...autograd.node import Node
from .edges import Edge, replaced, without
from .tape import Change, Gradient, Step, Tape, places


def later(tape: Tape) -> Iterator[Change]:
    """What comes back to the step before is made of the gradient of a later value, with no derivative between."""
    for some in _recurrent(tape):
        ahead = [_ahead(tape, edge.step.node) for edge in some]
        for i in range(min(len(found) for found in ahead)):
            nodes = [found[i] for found in ahead]
            text = (
                f"What {some[0].step.name}{places(e.step for e in some)} gives back to the step before is made of the "
                f"gradient of {tape.name(nodes[0])}: the derivative between is left out on that way."
            )
            rules = {e.step.node: replaced(e, _of_now(tape, e, n)) for e, n in zip(some, nodes, strict=True)}
            yield Change("derivative missing", text, rules)


def _of_now(tape: Tape, edge: Edge, node: Node) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: step.pull(tape.now(node))[edge.operand]


def _ahead(tape: Tape, node: Node) -> list[Node]:
    """What is made of a node, of the same shape, one op after the other."""
    found: list[Node] = []
    for _ in range(6):
        users = [s for s in tape.users.get(node, ()) if s.node.shape == node.shape and s.name != "matmul"]
        if not users:
            break
        node = users[0].node
        found.append(node)
    return found


def _recurrent(tape: Tape) -> Iterator[list[Edge]]:
    """Products of one weight with values that are made of each other, oldest first."""
    for leaf in tape.leaves:
        some = [
            Edge(s, i) for s in tape.users.get(leaf, ()) if s.name == "matmul" and s.node in tape.parts
            for i, p in enumerate(s.parents) if p is not None and p is not leaf
        ]  # fmt: skip
        made = [e for e in some if e.parent in tape.step_of]
        if made and len(tape.users[leaf]) > 1:
            yield made


def forwards_in_time(tape: Tape) -> Iterator[Change]:
    """The loop of the backward runs from the first step to the last: each step's gradient goes to the one after."""
    for some in _recurrent(tape):
        site = tape.step_of[some[0].parent].call.site
        states = [s.node for s in reversed(tape.steps) if s.call.site == site and s.node.shape == some[0].parent.shape]
        turns = [s for s in tape.users[_weight(tape, some[0])] if s.name == "matmul"]
        if len(states) != len(turns) or not all(n in tape.total for n in states):
            continue
        carried, totals, by_parent = None, {}, {e.parent: e for e in some}
        for state, turn in zip(states, turns, strict=True):
            own = tape.total[state]
            if state in by_parent:
                own = own - next(d for p, d in tape.parts[by_parent[state].step.node] if p is state)
            now = own if carried is None else own + carried
            totals[state] = tape.total[state] if carried is None else tape.total[state] + carried
            arriving = _through(tape, state, turn.node, now)
            if arriving is None:
                break
            a, b = turn.call.values
            carried = arriving @ b.T if some[0].operand == 0 else a.T @ arriving
        else:
            text = (
                f"The steps of time{places(e.step for e in some)} are gone through from the first to the last: the "
                "backward takes them in reversed order."
            )
            yield Change("wrong step", text, without(some), totals)


def _weight(tape: Tape, edge: Edge) -> Node:
    return next(p for p in edge.step.parents if p is not None and p in tape.leaves)


def _through(tape: Tape, top: Node, bottom: Node, g: Gradient) -> Gradient | None:
    """What arrives at a node of what arrives at a later one, by the ops between alone."""
    pending = {top: g}
    for step in tape.steps[tape.place_of[top] : tape.place_of[bottom]]:
        arrived = pending.pop(step.node, None)
        for parent, d in step.pairs(arrived) if arrived is not None else ():
            if parent.shape == d.shape:
                pending[parent] = pending[parent] + d if parent in pending else d
    return pending.get(bottom)
