"""Gradients along one edge of the graph: left out, counted twice, of the wrong sign or size.

An edge leads from an op to one of its operands. Where a value is used in several places each use has its edge, so a
residual connection passed over, a shared weight counted once and recurrent steps cut off are all of this kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import Any, NamedTuple

import numpy as np

from ...autograd.backward import unbroadcast
from ...autograd.node import Node
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places


class Edge(NamedTuple):
    """One operand of one step."""

    step: Step
    operand: int

    @property
    def parent(self) -> Node:
        """The operand's node."""
        return self.step.parents[self.operand]  # type: ignore[return-value]


def edges(tape: Tape) -> list[Edge]:
    """Every edge along which a gradient flows, newest first."""
    if "edges" not in tape.found:
        tape.found["edges"] = [
            Edge(step, i) for step in tape.steps if step.node in tape.parts
            for i, parent in enumerate(step.parents) if parent is not None
        ]  # fmt: skip
    return tape.found["edges"]  # type: ignore[no-any-return]


def number_beside(edge: Edge) -> float:
    """The number of a product, or of a quotient, with one; 0 where there is none."""
    values, other = edge.step.call.values, 1 - edge.operand
    if edge.step.name not in ("mul", "div") or len(values) != 2 or (edge.step.name == "div" and edge.operand):
        return 0.0
    real = values[other].size == 1 and values[other].dtype.kind != "c"
    return float(values[other].item()) if real and edge.step.parents[other] is None else 0.0


def without(some: list[Edge]) -> dict[Node, Rule]:
    """Rules that pass nothing along some edges."""
    dropped: dict[Node, set[int]] = {}
    for edge in some:
        dropped.setdefault(edge.step.node, set()).add(edge.operand)

    def rule(step: Step, g: Gradient) -> Pairs:
        gradients = enumerate(zip(step.parents, step.pull(g), strict=False))
        left_out = dropped[step.node]
        return [(p, d) for i, (p, d) in gradients if p is not None and d is not None and i not in left_out]

    return dict.fromkeys(dropped, rule)


def replaced(edge: Edge, gradient: Callable[[Step, Gradient], Gradient]) -> Rule:
    """A rule that passes another gradient along one edge."""

    def rule(step: Step, g: Gradient) -> Pairs:
        pairs = []
        for i, (parent, d) in enumerate(zip(step.parents, step.pull(g), strict=False)):
            if parent is not None and d is not None:
                with np.errstate(all="ignore"):
                    pairs.append((parent, gradient(step, g) if i == edge.operand else d))
        return pairs

    return rule


def left_out(tape: Tape) -> Iterator[Change]:
    """Edges left out: of one op with one weight, of one place, and alone, then with any factor as well."""
    found = edges(tape)
    of_leaf = {id(edge): leaf for edge in found if (leaf := _leaf_of(tape, edge)) is not None}
    for some in groups(
        found,
        lambda e: (e.step.name, e.operand, of_leaf.get(id(e), id(e))),
        lambda e: (e.step.name, e.operand, e.step.call.site),
        lambda e: (e.step.name, e.operand, e.step.call.site.anywhere),
    ):
        steps = list(dict.fromkeys(edge.step for edge in some))
        to = sorted({tape.name(edge.parent) for edge in some})[:3]
        branches = any(len(tape.users.get(edge.parent, ())) > 1 for edge in some)
        kind = "branch missing" if branches else "part missing"
        what = f"what {some[0].step.name}{places(steps)} passes to {', '.join(to)}"
        one = len(some) == 1
        sentence = (
            f"It is without {what}{' in every step' if not one else ''}: "
            f"the gradient through {some[0].step.name} is left out, add that part."
        )
        yield Change(kind, sentence, without(some), free=times(tape, what))
        for kind, factor, text in TIMES if not one else ():
            if not all(1 / factor in tape.numbers_beside(edge.step) for edge in some):  # see elementwise_products
                yield _times_alike(what, kind, factor, text, some)


def halved(tape: Tape) -> Iterator[Change]:
    """A factor 2 left out in every step, where no number of the forward is that factor."""
    for some in groups(edges(tape), lambda e: (e.step.name, e.operand, e.step.call.site)):
        if len(some) > 1 and not all(2.0 in tape.numbers_beside(edge.step) for edge in some):
            steps = list(dict.fromkeys(edge.step for edge in some))
            to = sorted({tape.name(edge.parent) for edge in some})[:3]
            what = f"what {some[0].step.name}{places(steps)} passes to {', '.join(to)}"
            yield _times_alike(what, "factor", 0.5, "is halved, a factor 2 is left out", some)


def _times_alike(what: str, kind: str, factor: float, text: str, some: list[Edge]) -> Change:
    rules: dict[Node, Rule] = {edge.step.node: replaced(edge, _scaled(edge, factor)) for edge in some}
    return Change(kind, f"{what[0].upper()}{what[1:]} in every step {text}.", rules)


TIMES = (
    ("counted twice", 2.0, "is counted twice: it is added more than once"),
    ("sign", -1.0, "has the wrong sign"),
)


def _scaled(edge: Edge, factor: float) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: factor * step.pull(g)[edge.operand]


def scaled(tape: Tape) -> Iterator[Change]:
    """One number times the right gradient, of all parameters together."""
    nothing = np.zeros(tape.output.shape)
    yield Change("factor", "Nothing arrives.", totals={tape.output: nothing}, free=times(tape, "everywhere"))


def _leaf_of(tape: Tape, edge: Edge) -> Node | None:
    """The weight that an op of two operands is used with, where there is one."""
    others = [p for i, p in enumerate(edge.step.parents) if i != edge.operand and p in tape.leaves]
    return others[0] if others else None


def times(tape: Tape, what: str) -> Callable[[float], tuple[str, str]]:
    """The words for a gradient along an edge that is ``c`` times the right one."""

    def words(c: float) -> tuple[str, str]:
        near = [n for n in tape.counts if abs(abs(c) - n) < 1e-5 * n]
        inverse = [n for n in tape.counts if abs(abs(c) - 1 / n) < 1e-5 / n]
        if abs(c + 1) < 1e-5:
            return "sign", f"The sign of {what} is wrong."
        if abs(c - 2) < 1e-5:
            return "counted twice", f"It is counted twice, or has a factor 2 too much, {what}."
        if near:
            return "summed", f"It is {near[0]} times what it should be, {what}: a division by {near[0]} is missing."
        if inverse:
            n = inverse[0]
            return "averaged", f"It is 1/{n} of what it should be, {what}: divided by {n} once too often."
        return "factor", f"It is {c:.6g} times what it should be, {what}."

    return words


FEW_USES = 4  # of a value, of which each may be taken for another


def uses(tape: Tape) -> Iterator[Change]:
    """A value used several times whose gradients are not added: only one counts, or the last one overwrites."""
    shared = {n: found for n in tape.leaves if len(found := _uses(tape, n)) > 1}
    for place, which in ((-1, "last"), (0, "first")):
        rest = [edge for found in shared.values() for edge in found if edge is not found[place]]
        if len(shared) > 1:
            names = ", ".join(tape.name(n) for n in shared)
            text = f"{names} are used several times, and only the {which} use counts: add up all with +=."
            yield Change("not added up", text, without(rest))
    for row, which in ((-1, "last"), (0, "first")):
        yield from _one_example(tape, row, which, shared)
    for node in tape.users:
        found = _uses(tape, node)
        if len(found) < 2:
            continue
        name = tape.name(node)
        for kept, which in ((found[-1], "last"), (found[0], "first")):
            rest = [edge for edge in found if edge is not kept]
            where = places(e.step for e in found)
            kind = _kind_of_rest(tape, node, rest)
            through = ", ".join(sorted({edge.step.name for edge in rest}))
            text = (
                f"{name} is used {len(found)} times and only the {which} use counts{where}: the gradient through "
                f"{through} is left out: a branch is missing, add up all with +=."
            )
            if kind == "regularisation":
                text = f"The penalty on {name}{places(e.step for e in rest)} is left out: regularisation."
            yield Change(kind, text, without(rest))
        gradients = [unbroadcast(d, node.shape) for e in found for p, d in tape.parts[e.step.node] if p is node]
        for (i, one), (j, other) in (
            permutations(enumerate(gradients), 2) if len(gradients) == len(found) <= FEW_USES else ()
        ):
            some = places(found[k].step for k in (i, j))
            text = f"{name} is used several times{some}, and what {found[i].step.name} passes is given twice, also for "
            text += f"{found[j].step.name}: as if the matrix between were its own transpose."
            yield Change("transposed", text, totals={node: tape.total[node] - other + one})
        for order, which in ((gradients, "last"), (gradients[::-1], "first")):
            total = np.zeros(node.shape)
            for d in order:
                total = np.where(d != 0, d, total)
            text = f"The gradients of {name} are written over one another and the {which} stays: add them with +=."
            left = tape.place_left_out(node, total)
            if left:
                text = f"It is without what {left} passes to {name}: that part is left out, add it."
            yield Change("branch missing" if left else "overwritten", text, totals={node: total})


def ways(tape: Tape) -> Iterator[Change]:
    """Of the ways that a value goes some are left out: in every turn of a loop, where it is one."""
    columns: dict[Any, list[Node]] = {}
    for node in tape.users:
        step = tape.step_of.get(node)
        columns.setdefault(
            id(node) if step is None or step.call.site.code is None else (step.name, step.call.site), []
        ).append(node)
    for nodes in columns.values():
        by_place: dict[Any, list[Edge]] = {}
        for edge in (edge for node in nodes for edge in _uses(tape, node)):
            by_place.setdefault((edge.step.name, edge.operand, edge.step.call.site), []).append(edge)
        places_used = list(by_place.values())
        if not (2 if len(nodes) > 1 else 3) <= len(places_used) <= 5:
            continue
        name = tape.name(nodes[0])
        for count in range(len(places_used) - 1, 0, -1):
            for kept in combinations(range(len(places_used)), count):
                rest = [edge for i, some in enumerate(places_used) if i not in kept for edge in some]
                through = ", ".join(dict.fromkeys(f"{edge.step.name}{places([edge.step])}" for edge in rest))
                text = (
                    f"Of the ways that {name} goes{' in every step' if len(nodes) > 1 else ''} the gradient through "
                    f"{through} is left out: a branch is missing, add up all with +=."
                )
                kind = _kind_of_rest(tape, nodes[0], rest)
                yield Change("branch missing" if kind == "regularisation" else kind, text, without(rest))


def _kind_of_rest(tape: Tape, node: Node, rest: list[Edge]) -> str:
    """What it is called to leave out some uses: a penalty on a weight, uses of a weight, ways that a value goes."""
    if node not in tape.leaves:
        return "branch missing"
    return "regularisation" if all(of_penalty(tape, edge.step, node) for edge in rest) else "not added up"


def of_penalty(tape: Tape, step: Step, leaf: Node) -> bool:
    """Whether a step makes something of one weight alone, as a penalty does: squares, a product with itself."""
    own = [parent for parent in step.parents if parent is not None]
    alone = all(parent is leaf for parent in own) and (len(own) > 1 or step.name in OF_PENALTIES)
    return (
        alone
        and leaf in tape.leaves
        and not tape.output.shape
        and any(s is not step for s in tape.users[leaf])
        and _added(tape, step.node)
    )


def _added(tape: Tape, node: Node) -> bool:
    """Whether a value comes into the loss as a term of its own: what it meets on the way is added, or a number."""
    for _ in range(40):
        if node is tape.output:
            return True
        after = tape.users.get(node, ())
        if len(after) != 1:
            return False
        others = [p for p in after[0].parents if p is not node]
        data = [v for p, v in zip(after[0].parents, after[0].call.values, strict=False) if p is None and v.size > 1]
        if data and after[0].name not in ("add", "sub"):
            return False
        others = [p for p in others if p is not None]
        if others and (after[0].name not in ("add", "sub", "stack", "cat") or after[0].node.shape != node.shape):
            return False
        node = after[0].node
    return False


OF_PENALTIES = ("abs", "square", "pow", "sqrt", "norm", "sum", "mean")


def _one_example(tape: Tape, row: int, which: str, shared: dict[Node, list[Edge]]) -> Iterator[Change]:
    """Only one example counts, because the gradients of the others are written over; or only its last use."""
    count = len(tape.constants[0]) if tape.constants else 0
    examples = [s.node for s in tape.steps if s.node.shape and s.node.shape[0] == count > 1 and s.node in tape.total]
    for node in examples[:1]:
        kept = np.zeros(node.shape)
        kept[row] = tape.total[node][row]
        text = f"Only the {which} example counts: the gradients of the others are written over; add them up with +=."
        yield Change("overwritten", text, totals={node: kept})
        rest = [edge for found in shared.values() for edge in found if edge is not found[row]]
        if rest:
            text = f"Only the {which} example and the {which} use counts: add up all with +=."
            yield Change("overwritten", text, without(rest), {node: kept})


def _uses(tape: Tape, node: Node) -> list[Edge]:
    users = [s for s in tape.users.get(node, ()) if s.node in tape.parts]
    return [Edge(s, i) for s in users for i, p in enumerate(s.parents) if p is node]
