"""Sums and means that come back to what they were taken of, as in every norm: over other axes, of another count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ...autograd.node import Node
from .edges import times
from .regions import elementwise, slope
from .tape import VIEWS, Change, Gradient, Pairs, Rule, Step, Tape, groups, places

DEPTH = 8  # ops between a sum and where it comes back

POWERS = ("pow", "square", "mul", "abs")
ORDERS = ("inside", "outside", "divided")  # of the average and the slope of the function; divided before or after
Axes = tuple[int, ...]


class Statistic(NamedTuple):
    """A sum or mean of some values, and one place where a function of it meets values of that shape again."""

    reduced: Step
    axes: Axes
    node: Node  # the function of it
    used: Step
    operand: int

    @property
    def source(self) -> Node:
        """What it was taken of."""
        return self.reduced.parents[0]  # type: ignore[return-value]


def statistics(tape: Tape) -> Iterator[Change]:
    """The gradient through sums and means that come back: averaged over other axes, or divided by another count."""
    found = [one for step in tape.steps if step.name in ("mean", "sum") for one in _coming_back(tape, step)]
    inner = {id(s): _within(tape, s, found) for s in found}
    silent = [s for s in found if inner[id(s)] and _is_silent(tape, s)]
    for some in groups(
        found, lambda s: (s.axes, s.source.shape), lambda s: (s.axes, s.source.shape, inner[id(s)]),
        lambda s: (s.axes, s.reduced.call.site, s.used.call.site),
    ):  # fmt: skip
        where = places(dict.fromkeys(s.reduced for s in some))
        of = {(s.axes, s.source) for s in some} if not any(inner[id(s)] for s in some) else set()
        what = f"what comes through the means over {over(some[0].axes)} of {tape.name(some[0].source)}{where}"
        if len(some) > 1:
            rules: dict[Node, Rule] = {}
            for s in some:
                rules[s.used.node] = _instead([one for one in some if one.used is s.used], None)
            free = _counted(tape, some[0], what)
            yield Change("term missing", f"It is without {what}: a term is missing.", rules, free=free)
        for other, shape in _others(tape, some[0]):
            of_shape = "" if shape == some[0].source.shape else f" of shape {shape}"
            for own in (True, False):
                for order in ORDERS if any(s.node is not s.reduced.node for s in some) else ORDERS[:1]:
                    last = max(some, key=lambda s: s.node.order)
                    new = [_averaged(tape, s, last, other, shape, own, order) for s in some]
                    if any(one is None for one in new):
                        continue
                    rules = {s.used.node: _instead([s], None) for s in silent if (s.axes, s.source) in of}
                    for s in some:
                        here = [(one, to) for one, to in zip(some, new, strict=True) if one.used is s.used]
                        rules[s.used.node] = _instead([one for one, _ in here], [to for _, to in here])
                    axis = over(other) if len(other) < len(shape) else "everything"
                    text = f"{what[0].upper()}{what[1:]} is averaged over {axis}{of_shape}."
                    yield Change("wrong axis", text, rules)


def _counted(tape: Tape, s: Statistic, what: str) -> Callable[[float], tuple[str, str]]:
    """The words for what comes through means ``c`` times: divided by the number of other elements, if that is one."""
    usual, shape = times(tape, what), s.source.shape
    count = int(np.prod([shape[a] for a in s.axes]))
    sizes = {int(np.prod(some)) for n in range(1, len(shape) + 1) for some in combinations(shape, n)} - {1, count}

    def words(c: float) -> tuple[str, str]:
        n = next((n for n in sizes if abs(c * n - count) < 1e-5 * count), None)
        if n is None:
            return usual(c)
        return "wrong count", f"It is divided by {n} where {count} is meant, as many as are taken together, {what}."

    return words


def _within(tape: Tape, s: Statistic, found: list[Statistic]) -> bool:
    """Whether it is used in what another one is taken of, as a mean is in the variance."""
    reduced = {other.reduced.node for other in found if other.axes == s.axes}
    level = [s.used.node]
    for _ in range(3):
        level = [
            user.node
            for node in level
            for user in tape.users.get(node, ())
            if user.name in POWERS or user.node in reduced
        ]
        if any(node in reduced for node in level):
            return True
    return False


def _is_silent(tape: Tape, s: Statistic) -> bool:
    """Whether nothing comes back through it, as through the mean in the variance: no hand has that path."""
    parts = [d for p, d in tape.parts[s.used.node] if p is s.used.parents[s.operand]]
    sizes = np.sum(np.abs(parts[0]), s.axes) if parts and np.ndim(parts[0]) == len(s.source.shape) else np.zeros(1)
    return bool(np.all(np.abs(np.sum(parts[0], s.axes)) <= 1e-10 * sizes) and np.any(sizes))


def over(axes: Axes) -> str:
    """Axes in words."""
    return f"axes {axes}" if len(axes) > 1 else f"axis {axes[0]}"


def _coming_back(tape: Tape, step: Step) -> Iterator[Statistic]:
    """Where functions of a sum meet values of the shape that it was taken of."""
    source = step.parents[0]
    if source is None or step.node not in tape.parts or not step.call.values or step.node.shape == source.shape:
        return
    axes = _axes(step)
    if not axes or int(np.prod([source.shape[a] for a in axes])) < 2:
        return
    level = [step.node]
    for _ in range(DEPTH):
        after = []
        for node in level:
            for user in tape.users.get(node, ()):
                if user.node not in tape.parts:
                    continue
                for i, parent in enumerate(user.parents):
                    if parent is node and user.node.shape == source.shape != node.shape:
                        yield Statistic(step, axes, node, user, i)
                alone = all(p is None or p is node for p in user.parents)
                if alone and user.node.shape != source.shape and (user.name in VIEWS or elementwise(user)):
                    after.append(user.node)
        level = after


def _axes(step: Step) -> Axes:
    ndim, axis = step.call.values[0].ndim, step.call.params.get("axis")
    axes = tuple(range(ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(sorted(a % ndim for a in axes)) if ndim else ()


def _others(tape: Tape, s: Statistic) -> Iterator[tuple[Axes, tuple[int, ...]]]:
    """Other axes; also those of the shape that the values had before they were put into groups."""
    shapes, level = [s.source.shape], [s.source]
    for _ in range(DEPTH):
        made = [tape.step_of[node] for node in level if node in tape.step_of]
        shapes += [step.parents[0].shape for step in made if step.name == "reshape" and step.parents[0] is not None]
        level = [p for step in made for p in step.parents if p is not None and p.shape == s.source.shape]
    for shape in dict.fromkeys(shapes):
        long = [axis for axis, n in enumerate(shape) if n > 1][:4]
        for count in range(1, len(long) + 1):
            for axes in combinations(long, count):
                if shape != s.source.shape or axes != s.axes:
                    yield axes, shape


def _averaged(
    tape: Tape, s: Statistic, last: Statistic, axes: Axes, shape: tuple[int, ...], own: bool, order: str
) -> Any:
    """The gradient for the source, of what the place where the statistic is used gives it; None: no such one."""
    if int(np.prod(shape)) != int(np.prod(s.source.shape)):
        return None
    count = int(np.prod([shape[a] for a in axes]))
    right = int(np.prod([s.source.shape[a] for a in s.axes]))
    if (own and s.reduced.name == "sum") or (not own and count == right and s.reduced.name == "mean"):
        return None
    by = 1.0 if s.reduced.name == "sum" else 1 / (count if own else right)
    steep = slope(tape, s.node, s.reduced.node)
    value = tape.values.get(last.node)
    if steep is None or value is None or value.size != steep.size:
        return None
    kept = tuple(1 if a in s.axes else n for a, n in enumerate(s.source.shape))
    steep = np.broadcast_to(np.reshape(steep, kept), s.source.shape).reshape(shape)
    value = np.broadcast_to(np.reshape(value, kept), s.source.shape).reshape(shape)

    def gradient(d: Gradient) -> Gradient:
        d = np.reshape(d, shape)
        inner = d * steep if order == "inside" else d * value if order == "divided" else d
        total = np.broadcast_to(np.sum(inner, axes, keepdims=True) * by, shape)
        total = total if order == "inside" else total * steep / (value if order == "divided" else 1)
        return total.reshape(s.source.shape)

    return gradient


def _instead(some: list[Statistic], gradients: list[Any] | None) -> Rule:
    """A rule that gives the sources of statistics other gradients, or none, in the place of what it gave these."""

    def rule(step: Step, g: Gradient) -> Pairs:
        pulled = step.pull(g)
        left = {s.operand for s in some}
        pairs = [
            (p, d)
            for i, (p, d) in enumerate(zip(step.parents, pulled))
            if p is not None and d is not None and i not in left
        ]
        for s, gradient in zip(some, gradients or ()):
            pairs.append((s.source, gradient(pulled[s.operand])))
        return pairs

    return rule
