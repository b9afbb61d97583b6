"""Recurrent steps: what comes back to the step before, and in which order the steps are gone through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...autograd.node import Node
from .edges import Edge, edges, replaced, without
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, places

TURNS = 40  # of a loop at whose ends something comes in


def later(tape: Tape) -> Iterator[Change]:
    """A product that is made of the gradient of a later value, with no derivative between."""
    for some in (*_recurrent(tape), *_of_weights(tape)):
        ahead = [_ahead(tape, edge.step.node) for edge in some]
        for i in range(min(len(found) for found in ahead)):
            nodes = [found[i] for found in ahead]
            text = (
                f"What {some[0].step.name}{places(e.step for e in some)} gives to {tape.name(some[0].parent)} is made "
                f"of the gradient of {tape.name(nodes[0])}: the derivative between is left out on that way, in every "
                "step."
            )
            rules = {e.step.node: replaced(e, _of_now(tape, e, n)) for e, n in zip(some, nodes, strict=True)}
            yield Change("derivative missing", text, rules)


def at_another_step(tape: Tape) -> Iterator[Change]:
    """What comes to the value of the last step from behind the loop comes to that of another step, or the first's."""
    turns: dict[Any, list[Node]] = {}
    for step in tape.steps:
        if step.call.site.code is not None and step.node.shape:
            turns.setdefault((step.name, step.call.site, step.node.shape), []).append(step.node)
    behind = [e for e in edges(tape) if tape.turns.get((e.step.name, e.step.call.site), 1) == 1]
    for nodes in turns.values():
        for own, word in ((0, "last"), (-1, "first")) if 1 < len(nodes) <= TURNS else ():  # the newest is first
            for edge in behind:
                if edge.parent is not nodes[own] or edge.step.node in nodes:
                    continue
                others = (nodes[-1 - own], "first" if own == 0 else "last"), (nodes[1 if own == 0 else -2], "next")
                for other, name in others[: 1 + (len(nodes) > 2)]:
                    text = (
                        f"What {edge.step.name}{places([edge.step])} passes to the value of the {word} step of a loop "
                        f"is given to that of the {name} step."
                    )
                    yield Change("wrong step", text, {edge.step.node: _elsewhere(edge, other)})


def _elsewhere(edge: Edge, other: Node) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        given = enumerate(zip(step.parents, step.pull(g), strict=False))
        return [(other if i == edge.operand else p, d) for i, (p, d) in given if p is not None and d is not None]

    return rule


def _of_weights(tape: Tape) -> Iterator[list[Edge]]:
    """The edges from several products to the one weight that they share."""
    for leaf in tape.leaves:
        products = [s for s in tape.users.get(leaf, ()) if s.name == "matmul" and s.node in tape.parts]
        if len(products) > 1:
            yield [Edge(s, s.parents.index(leaf)) for s in products]


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


def cut_off(tape: Tape) -> Iterator[Change]:
    """Between two turns of a loop nothing comes back, on no way: the backward is truncated there."""
    turn: dict[Node, tuple[int, int]] = {}
    columns: dict[Any, list[Step]] = {}
    for step in reversed(tape.steps):
        if step.node in tape.parts and step.call.site.code is not None:
            columns.setdefault((step.name, step.call.site), []).append(step)
    for column in columns.values():
        turn.update({step.node: (len(column), i) for i, step in enumerate(column)})
    for count in sorted({n for n, _ in turn.values() if n > 2}):
        for k in range(1, count):
            some = [
                e for e in edges(tape)
                if turn.get(e.step.node) == (count, k) and turn.get(e.parent) == (count, k - 1)
                and e.step.call.site != tape.step_of[e.parent].call.site  # a sum over turns goes on
            ]  # fmt: skip
            if len(some) > 1:
                text = (
                    f"Nothing comes back from turn {k + 1} of the loop{places(e.step for e in some)} to turn {k}: the "
                    "backward is cut off there."
                )
                yield Change("branch missing", text, without(some))


def orders_in_time(tape: Tape) -> Iterator[Change]:
    """The gradient of each step goes to a wrong one: the loop runs forwards, or what comes back is not handed on."""
    for some in _recurrent(tape):
        site = tape.step_of[some[-1].parent].call.site  # the first may be given what is no step of time
        states = [s.node for s in reversed(tape.steps) if s.call.site == site and s.node.shape == some[0].parent.shape]
        turns = [s for s in tape.users[_weight(tape, some[0])] if s.call.site == some[-1].step.call.site]
        if len(states) != len(turns) or not all(n in tape.total for n in states):
            continue
        where = places(e.step for e in some)
        last = tape.total[states[-1]]
        text = f"Every step of time{where} gets the gradient of the last one: what comes back has to be handed on."
        yield Change("wrong step", text, without(some), _set(tape, some, states, [last] * len(states)))
        own = [tape.total[n] - back for n, back in zip(states, _back(some, states, tape), strict=True)]
        text = f"The steps of time{where} are gone through from the first to the last: the backward reverses them."
        for before, alone in ((0 * last, own), (last, [*own[:-1], 0 * last])):
            arriving = _forwards(tape, some[0].operand, states, turns, alone, before)
            if arriving is None:
                continue
            *steps, out = arriving
            totals = _set(tape, some, states, steps)
            if some[0].parent not in states:  # what the loop starts from gets what comes out at its end
                start = some[0].parent
                totals |= {start: tape.total[start] + out}
            yield Change("wrong step", text, without(some), totals)


def _back(some: list[Edge], states: list[Node], tape: Tape) -> list[Gradient]:
    """What comes back to each state from the step after it."""
    edge_of = {edge.parent: edge for edge in some}
    return [
        next(d for p, d in tape.parts[edge_of[n].step.node] if p is n) if n in edge_of else 0.0 for n in states
    ]  # fmt: skip


def _set(tape: Tape, some: list[Edge], states: list[Node], wanted: list[Gradient]) -> dict[Node, Gradient]:
    """The complete gradients to give to states that nothing comes back to, so that they are what is wanted."""
    return {n: w + back for n, w, back in zip(states, wanted, _back(some, states, tape), strict=True)}


def _forwards(
    tape: Tape, operand: int, states: list[Node], turns: list[Step], own: list[Gradient], carried: Gradient
) -> list[Gradient] | None:
    """The gradient of each state where that of the step before is handed to it, by that step's rule; then the rest."""
    found = []
    for state, turn, alone in zip(states, turns, own, strict=True):
        found.append(alone + carried)
        arriving = _through(tape, state, turn.node, found[-1])
        if arriving is None:
            return None
        a, b = turn.call.values
        carried = arriving @ b.T if operand == 0 else a.T @ arriving
    return [*found, carried]


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
