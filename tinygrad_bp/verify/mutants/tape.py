"""The recorded graph with its values: gradients again, with some rules changed.

A node keeps what its rule reads. A wrong rule reads other things: the input where the result is meant, the value
before an activation, another weight. So the forward runs once more while a watcher writes down every op's operands,
its result, the user's line, and what the user's variables are called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ...autograd.backward import pulled, unbroadcast
from ...autograd.history import history
from ...autograd.node import Node
from ...autograd.tensor import wrap
from .made_of import MADE_OF
from .recorder import NOWHERE, Call, Recorder, Site

Gradient = Any
Pairs = list[tuple[Node, Gradient]]  # gradients for nodes, not yet summed over broadcast axes
Rule = Callable[["Step", Gradient], Pairs]


NOTHING: frozenset[int] = frozenset()
TURNS = 8  # of a change in a loop that are asked where they lead
ALONE = 32  # turns of a loop that are tried one by one
VIEWS = ("getitem", "reshape", "transpose", "expand_dims")  # what has no name is called what it is a view of


@dataclass(eq=False, slots=True)
class Step:
    """One recorded op: its node, its operands and result, and where the user wrote it."""

    node: Node
    call: Call
    parents: tuple[Node | None, ...]  # of the operands; None for what has no gradient
    recorded: Node  # what the engine recorded: the node itself, or a part of what an op of many is made of

    @property
    def name(self) -> str:
        """The name of the op."""
        return self.recorded.op.name  # type: ignore[union-attr]

    def pull(self, g: Gradient) -> Sequence[Any]:
        """The right gradients of the parents, not yet summed over broadcast axes."""
        return pulled(self.recorded, g, self.recorded.kept)  # type: ignore[arg-type]

    def pairs(self, g: Gradient) -> Pairs:
        """The same, each with its parent."""
        return [(p, d) for p, d in zip(self.parents, self.pull(g), strict=False) if p is not None and d is not None]


def bilinear(step: Step) -> bool:
    """Whether a step is a product of some kind: linear in each of its two operands."""
    op = step.recorded.op
    return op is not None and (op.bilinear or op.name == "mul")


@dataclass(eq=False)
class Change:
    """One mistake: other rules of some steps, or other complete gradients of some nodes.

    ``free``: the change is one direction, of which any multiple may have been made (a factor, a learning rate).
    ``apart``: it may have been made for some parameters, and not for others that the same gradient leads to.
    """

    kind: str
    sentence: str
    rules: dict[Node, Rule] = field(default_factory=dict)
    totals: dict[Node, Gradient] = field(default_factory=dict)
    free: Callable[[float], tuple[str, str] | None] | None = None
    apart: bool = False

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.rules or self.totals)

    def with_(self, other: Change) -> Change:
        """Both at once; where both change a step, the other one does."""
        return Change(self.kind, self.sentence, {**self.rules, **other.rules}, {**self.totals, **other.totals})


@dataclass(eq=False)
class Tape:
    """The steps from an output to its leaves, newest first, and the right gradients of everything between."""

    output: Node
    leaves: list[Node]
    recorder: Recorder
    upstream: Gradient
    leaf_names: Sequence[str] = ()
    found: dict[Hashable, Any] = field(default_factory=dict)  # what was found in it, by what: functions

    def __post_init__(self) -> None:
        self.steps: list[Step] = [part for node in history([self.output]) for part in self._parts_of(node)]
        self.step_of: dict[Node, Step] = {step.node: step for step in self.steps}
        self.place_of: dict[Node, int] = {step.node: place for place, step in enumerate(self.steps)}
        self.total: dict[Node, Gradient] = {self.output: self.upstream}  # complete gradients
        self.shift: dict[Node, Gradient] = {}  # how far complete gradients have moved, in the change that is tried
        self.parts: dict[Node, Pairs] = {}  # what each step gives its parents
        for step in self.steps:
            g = self.total.get(step.node)
            if g is None:
                continue
            self.parts[step.node] = step.pairs(g)
            for parent, d in self.parts[step.node]:
                _add(self.total, parent, d)
        self._without_shifts()

    def _without_shifts(self) -> None:
        """Pass nothing through a maximum whose gradient is zero: it shifts a softmax, and no hand has that path."""
        for step in self.steps:
            if step.name == "amax" and step.node in self.parts:
                sizes = [
                    np.max(np.abs(d), initial=0.0)
                    for s in self.users.get(step.node, ())
                    for p, d in self.parts.get(s.node, ())
                    if p is step.node
                ]
                if any(sizes) and np.all(np.abs(self.total[step.node]) <= 1e-12 * max(sizes)):
                    del self.parts[step.node]

    def place_left_out(self, node: Node, total: Gradient) -> str:
        """The place whose uses of a value are all that its gradient lacks; empty where it is not so."""
        found: dict[Any, list[tuple[Step, Gradient]]] = {}
        for step in self.users.get(node, ()):
            for parent, d in self.parts.get(step.node, ()):
                if parent is node:
                    found.setdefault((step.name, step.call.site.anywhere), []).append((step, d))
        sums = {key: sum(unbroadcast(d, node.shape) for _, d in uses) for key, uses in found.items()}
        for key, uses in found.items() if len(found) > 1 else ():
            rest = sum(d for other, d in sums.items() if other != key)
            if np.any(sums[key]) and np.allclose(rest, total, rtol=1e-9, atol=0):
                return f"{key[0]}{places(step for step, _ in uses)}"
        return ""

    def numbers_beside(self, step: Step) -> set[float]:
        """The numbers that the gradient through a step is multiplied with on its one way up, or on its way down."""
        found: set[float] = set()
        for following in (self._only_user, self._only_operand):
            at: Step | None = step
            for _ in range(4):
                if at is None:
                    break
                if at.name == "mul":
                    found |= {
                        float(np.asarray(v).item())
                        for v, p in zip(at.call.values, at.parents, strict=False)
                        if p is None and np.size(v) == 1
                    }
                at = following(at)
        return found

    def _only_user(self, step: Step) -> Step | None:
        users = self.users.get(step.node, ())
        return users[0] if len(users) == 1 else None

    def _only_operand(self, step: Step) -> Step | None:
        known = [p for p in step.parents if p is not None]
        return self.step_of.get(known[0]) if len(known) == 1 else None

    def _parts_of(self, node: Node) -> list[Step]:
        """The step of a node; of an op that does many things at once, what it is made of."""
        call = self.recorder.calls.get(node, Call((), {}, None, NOWHERE))
        made_of = MADE_OF.get(node.op.name) if node.op is not None and call.values else None
        if made_of is None:
            return [Step(node, call, node.parents, node)]
        inner = Recorder()
        operands = [_leaf(value, parent is not None) for parent, value in zip(node.parents, call.values, strict=True)]
        with inner:
            result = made_of(*operands, **call.params)
        if result is None or result.shape != node.shape or not np.allclose(result._value, call.result):
            return [Step(node, call, node.parents, node)]
        stands_for = {x._node: parent for x, parent in zip(operands, node.parents, strict=True) if parent is not None}
        stands_for[result._node] = node
        steps = []
        for part in history([result._node]):
            parents = tuple(parent and stands_for.get(parent, parent) for parent in part.parents)
            steps.append(Step(stands_for.get(part) or part, inner.calls[part]._replace(site=call.site), parents, part))
        return steps

    @cached_property
    def users(self) -> dict[Node, list[Step]]:
        """The steps that read a node, oldest first."""
        users: dict[Node, list[Step]] = {}
        for step in reversed(self.steps):
            for parent in dict.fromkeys(step.parents):
                if parent is not None:
                    users.setdefault(parent, []).append(step)
        return users

    @cached_property
    def below(self) -> dict[Node, frozenset[int]]:
        """The leaves that each node is made of, by their places."""
        found = {leaf: frozenset((i,)) for i, leaf in enumerate(self.leaves)}
        for step in reversed(self.steps):
            made = [found[p] for p in step.parents if p in found]
            found[step.node] = frozenset().union(*made)
        return found

    @cached_property
    def turns(self) -> dict[tuple[str, Site], int]:
        """How often each op of the program ran."""
        return Counter((step.name, step.call.site) for step in self.steps if step.call.site.code is not None)

    def reaches(self, change: Change) -> frozenset[int]:
        """The leaves whose gradients a change may move."""
        return frozenset().union(*{self.below.get(n, NOTHING) for n in (*change.rules, *change.totals)})

    def partial(self, change: Change) -> bool:
        """Whether a change is made in one turn of a loop alone."""
        touched = [self.step_of.get(n) for n in (*change.rules, *change.totals)]
        return len(touched) == 1 and touched[0] is not None and self._turns(touched[0]) > 1

    def _turns(self, step: Step) -> int:
        return self.turns.get((step.name, step.call.site), 0)

    @cached_property
    def values(self) -> dict[Node, Any]:
        """The value of every node that is known."""
        values: dict[Node, Any] = {}
        for step in self.steps:
            if step.call.result is not None:
                values[step.node] = step.call.result
            for parent, value in zip(step.parents, step.call.values, strict=False):
                if parent is not None:
                    values.setdefault(parent, value)
        return values

    @cached_property
    def distinct(self) -> list[Node]:
        """Of the nodes whose complete gradients are one array the newest, as gradients pass through sums."""
        found: dict[tuple[Any, bytes], Node] = {}
        for node, total in self.total.items():
            found.setdefault((np.shape(total), np.asarray(total).tobytes()), node)
        return list(found.values())

    @cached_property
    def constants(self) -> list[Any]:
        """The arrays that ops read and that have no gradient: data, masks, labels."""
        found: dict[bytes, Any] = {}
        for step in self.steps:
            for parent, value in zip(step.parents, step.call.values, strict=False):
                if parent is None and value.ndim > 0 and value.dtype.kind in "fb" and value.size <= 100_000:
                    found.setdefault(value.tobytes(), value.astype(float, copy=False))
        return list(found.values())

    @cached_property
    def counts(self) -> list[int]:
        """How many examples, steps or elements there may be: what is reduced to one, what is summed, sizes of data."""
        found = [len(value) for value in self.constants]
        for step in self.steps:
            if step.name in ("mean", "sum", "amax") and step.call.values:
                found.append(step.call.values[0].size // max(step.call.result.size, 1))
        for leaf in self.leaves:
            parts = [d for s in self.users.get(leaf, ()) for p, d in self.parts.get(s.node, ()) if p is leaf]
            found += [len(parts), sum(np.size(d) for d in parts) // max(int(np.prod(leaf.shape)), 1)]
        found += [n for value in self.constants for n in value.shape]
        below = [s.call.values[1] for s in self.steps if s.name == "div" and len(s.call.values) == 2]
        found += [int(n.item()) for n in below if n.size == 1 and n.item() in range(1000)]
        return list(dict.fromkeys(n for n in found if n > 1))

    def relatives(self, node: Node) -> dict[str, Any]:
        """Values of the same shape that a value was made from, or that are made from it, by the ops between."""
        found: dict[str, Any] = {}

        def look(level: list[tuple[str, Node]], onwards: Callable[[Node], list[tuple[str, Node]]], depth: int) -> None:
            for path, other in level:
                if other.shape == node.shape and other in self.values:
                    found.setdefault(path, self.values[other])
                if depth:
                    look([(f"{path} {label}", n) for label, n in onwards(other)], onwards, depth - 1)

        step = self.step_of.get(node)
        if step is not None:
            for i, (parent, value) in enumerate(zip(step.parents, step.call.values, strict=False)):
                if parent is None and np.shape(value) == node.shape:  # data, as the state before the first step
                    found[f"before {step.name}{i}"] = value
        look([(f"before {label}", n) for label, n in self._behind(node)], self._behind, 3)
        look([(f"after {label}", n) for label, n in self._ahead(node)], self._ahead, 3)
        return found

    def _behind(self, node: Node) -> list[tuple[str, Node]]:
        step = self.step_of.get(node)
        if step is None or step.name in ("matmul", "getitem", "cat"):
            return []
        return [(f"{step.name}{i}", p) for i, p in enumerate(step.parents) if p is not None]

    def _ahead(self, node: Node) -> list[tuple[str, Node]]:
        steps = [s for s in self.users.get(node, ()) if s.name not in ("matmul", "cat", "sum", "mean")]
        return [(s.name, s.node) for s in steps[:3]]

    def name(self, node: Node) -> str:
        """What the user calls a node, or what made it."""
        if node in self.leaves and self.leaves.index(node) < len(self.leaf_names):
            return self.leaf_names[self.leaves.index(node)]
        known = self.recorder.names.get(node)
        if known is None and node.op is not None and node.op.name in VIEWS and node.parents[0] is not None:
            return self.name(node.parents[0])
        return known or (f"the result of {node.op.name}" if node.op is not None else "an input")

    def now(self, node: Node) -> Gradient:
        """The complete gradient of a node, with the change that is tried, for the rule of an older step."""
        return self.total[node] + self.shift.get(node, 0)

    def moved(self, change: Change) -> list[Gradient]:
        """How far the gradients of the leaves move with a change; None where they do not.

        Rules are linear in the gradient arriving, so only differences are pulled back, and only where there are any.
        """
        dirty: dict[Node, Gradient] = {n: total - self.total[n] for n, total in change.totals.items()}
        self.shift = {}
        touched = [self.place_of[n] for n in (*change.rules, *change.totals) if n in self.place_of]
        rules = change.rules
        for step in self.steps[min(touched, default=len(self.steps)) :]:
            node = step.node
            if (node not in dirty and node not in rules) or node not in self.parts:
                dirty.pop(node, None)
                continue
            moved, rule = dirty.pop(node, None), rules.get(node)
            if moved is not None:
                self.shift[node] = moved
            if rule is None:
                for parent, d in zip(step.parents, step.pull(moved)):
                    if parent is not None and d is not None:
                        _add(dirty, parent, d)
                continue
            arriving = self.total[node] if moved is None else self.total[node] + moved
            for parent, d in rule(step, arriving):
                _add(dirty, parent, d)
            for parent, d in self.parts[node]:
                _add(dirty, parent, -d)
        return [dirty.get(leaf) for leaf in self.leaves]

    def moved_parents(self, change: Change) -> Iterator[Node]:
        """The operands that a change passes something else to, as long as nothing else arrives; of many turns some."""
        rules = list(change.rules.items())
        for node, rule in rules[:: max(1, len(rules) // TURNS)]:
            if node not in self.parts:
                continue
            left: dict[Node, Gradient] = {}
            for parent, d in rule(self.step_of[node], self.total[node]):
                _add(left, parent, d)
            own: dict[Node, Gradient] = {}
            for parent, d in self.parts[node]:
                _add(own, parent, d)
            for parent in {**left, **own}:
                if parent not in left or parent not in own or not np.array_equal(left[parent], own[parent]):
                    yield parent


def groups(items: Sequence[Any], *keys: Callable[[Any], Hashable]) -> Iterator[list[Any]]:
    """Those that have one key, for each kind of key in turn, then each item alone; no group twice.

    Of a loop of many turns the first and the last stand alone.
    """
    seen: set[tuple[int, ...]] = set()
    for key in (*keys, id):
        found: dict[Hashable, list[Any]] = {}
        for item in items if key is not id else _ends(items):
            found.setdefault(key(item), []).append(item)
        for some in found.values():
            number = tuple(sorted(id(item) for item in some))
            if number not in seen:
                seen.add(number)
                yield some


def _ends(items: Sequence[Any]) -> Iterator[Any]:
    """The items, of those of one place of the program as many as ``ALONE`` at most."""
    found: dict[Hashable, list[Any]] = {}
    for item in items:
        step = getattr(item, "step", item)
        site = step.call.site if isinstance(step, Step) else NOWHERE
        found.setdefault(id(item) if site.code is None else (step.name, site), []).append(item)
    for some in found.values():
        yield from some if len(some) <= ALONE else (*some[: ALONE // 2], *some[-ALONE // 2 :])


def places(steps: Iterable[Step]) -> str:
    """Where the user wrote some steps; empty where nobody knows."""
    sites = sorted({str(step.call.site) for step in steps} - {""})
    return f" ({', '.join(sites[:3])}{', …' if sites[3:] else ''})" if sites else ""


def _leaf(value: Any, wants_gradient: bool) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    leaf = wrap(np.array(value), None)
    leaf.requires_grad = wants_gradient
    return leaf


def _add(gradients: dict[Node, Gradient], node: Node, d: Gradient) -> None:
    if d.__class__ is not np.ndarray or d.dtype != np.float64:
        d = np.asarray(d, dtype=np.float64)
    if d.shape != node.shape:
        d = unbroadcast(d, node.shape)
    held = gradients.get(node)
    gradients[node] = d if held is None else held + d
