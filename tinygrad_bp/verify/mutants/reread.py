"""A value that the backward reads otherwise than the forward did: turned round, transposed, cut out at other places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from ...autograd.node import Node
from .boxes import Box, box_of, elsewhere, otherwise
from .caches import borrowed
from .edges import Edge, replaced
from .forwards import rerun
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, bilinear, groups, places

READING = ("getitem", "reshape", "permute", "broadcast_to")  # what only passes elements on
WRITING = ("setitem", "cat", "place")  # what puts values at places of a larger array
OUTSIDE = {"amax": -np.inf, "amin": np.inf}  # what picks an element of a window, and what it never picks
SOURCES = 30  # values that are read otherwise


class Read:
    """Products that read some values, with other values in their place; each is computed once someone asks."""

    def __init__(self, way: list[Step], other: Callable[[], Mapping[Node, Any]]) -> None:
        self.way, self.other = {step.node: step for step in way}, other
        self.found: dict[Node, Step] = {}

    @cached_property
    def values(self) -> Mapping[Node, Any]:
        """What is read in the place of some values."""
        return self.other()

    def again(self, step: Step) -> Step:
        """A step on the way to the products, or one of these, as it is then."""
        if step.node not in self.found:
            given = [self._given(p, v) for p, v in zip(step.parents, step.call.values)]
            self.found[step.node] = rerun(step, given)
        return self.found[step.node]

    def _given(self, node: Node | None, own: Any) -> Any:
        if node is None:
            return own
        return self.again(self.way[node]).call.result if node in self.way else self.values.get(node, own)

    def rule(self, step: Step, g: Gradient) -> Pairs:
        """What a product passes to its operands then."""
        return borrowed(self.again(step))(step, g)


def readers(tape: Tape, nodes: list[Node]) -> list[Step]:
    """The products that read some values, and what passes their elements on to them, oldest first."""
    reached, found, todo = {*nodes}, set[Step](), list(nodes)
    for node in todo:  # grows while it is walked
        for step in tape.users.get(node, ()):
            if step.node not in tape.parts or step.node in reached or not step.call.values:
                continue
            if step.name in READING:
                reached.add(step.node)
                todo.append(step.node)
                found.add(step)
            elif products(step):
                found.add(step)
    return sorted(found, key=lambda step: -tape.place_of[step.node])


def products(step: Step) -> bool:
    """Whether a step multiplies two values that both have gradients."""
    return bilinear(step) and len(step.parents) == 2 and None not in step.parents


def rules_of(read: Read) -> dict[Node, Rule]:
    """A rule for every product."""
    return {step.node: read.rule for step in read.way.values() if step.name not in READING}


def read_otherwise(tape: Tape) -> Iterator[Change]:
    """A value turned round, transposed or shifted wherever a product reads it; windows of it cut out elsewhere."""
    sources = [node for node in tape.users if node in tape.values and 1 <= len(node.shape) <= 5]
    tried = 0
    for node in sources:
        way = readers(tape, [node])
        direct = all(step.name not in READING for step in way)
        if not any(products(step) for step in way) or (len(node.shape) < 3 and direct) or tried >= SOURCES:
            continue
        tried += 1
        where = places(step for step in way if step.name not in READING)
        for kind, text, value in otherwise(tape.values[node]):
            read = Read(way, _constantly({node: value}))
            what = f"In the product{where} {tape.name(node)} is read {text} in the backward."
            yield Change(kind, what, rules_of(read))
    yield from _cut_elsewhere(tape)


def _constantly(values: Mapping[Node, Any]) -> Callable[[], Mapping[Node, Any]]:
    return lambda: values


def _cut_elsewhere(tape: Tape) -> Iterator[Change]:
    found = [s for s in tape.steps if s.name == "getitem" and s.node in tape.parts and s.call.values]
    for some in groups(found, lambda s: s.call.site):
        boxes = [box_of(s.call.params.get("index"), s.call.values[0].shape) for s in some]
        way = readers(tape, [s.node for s in some])
        if any(box is None for box in boxes) or not any(products(step) for step in way):
            continue
        for kind, text, starts in _starts(tape, some, boxes):
            read = Read(way, _parts(some, boxes, starts))  # type: ignore[arg-type]
            what = f"What is read{places(some)} is read {text} where the backward multiplies by it."
            yield Change(kind, what, rules_of(read))


def _starts(tape: Tape, some: list[Step], boxes: list[Box | None]) -> Iterator[tuple[str, str, list[tuple[int, ...]]]]:
    """Where else the parts may start. What each tap of a kernel reads lies a dilation apart, and windows a stride."""
    known = [box.starts for box in boxes if box is not None]
    dilated = _by_taps(tape, some, known)
    sizes = {box.sizes for box in boxes if box is not None}
    for kind, text, starts in elsewhere(known, sizes.pop() if len(sizes) == 1 else None):
        if dilated:
            kind, text = kind.replace("stride", "dilation"), text.replace("the stride", "the dilation")
        yield kind, text, starts


def _by_taps(tape: Tape, some: list[Step], starts: list[tuple[int, ...]]) -> bool:
    """Whether each place where a part starts has elements of a weight of its own that it is multiplied with."""
    weights: dict[tuple[int, ...], set[str]] = {}
    for step, start in zip(some, starts, strict=True):
        for product in tape.users.get(step.node, ()):
            others = [tape.step_of.get(p) for p in product.parents if p is not None and p is not step.node]
            if bilinear(product) and len(others) == 1 and others[0] is not None and others[0].name == "getitem":
                weights.setdefault(start, set()).add(repr(others[0].call.params["index"]))
    every = [index for indices in weights.values() for index in indices]
    return set(weights) == set(starts) and len(weights) > 1 and len(set(every)) == len(every)


def pooled_elsewhere(tape: Tape) -> Iterator[Change]:
    """Windows whose largest or smallest element gets the gradient: looked for, and written back, at other places."""
    found = [(s, users[0]) for s in tape.steps if s.name == "getitem" and s.node in tape.parts and s.call.values
             and len(users := tape.users.get(s.node, [])) == 1 and users[0].name in OUTSIDE]  # fmt: skip
    for some in groups(found, lambda pair: pair[0].call.site):
        boxes = [box_of(s.call.params.get("index"), s.call.values[0].shape) for s, _ in some]
        if any(box is None for box in boxes):
            continue
        for kind, where, starts in _starts(tape, [s for s, _ in some], boxes):
            rules: dict[Node, Rule] = {}
            for (s, picked), box, start in zip(some, boxes, starts, strict=True):
                if s.parents[0] is not None and box is not None:
                    rules[s.node], rules[picked.node] = _put(Edge(s, 0), box, start), _picked(s, box, start)
            text = f"The windows of which the maximum or minimum is taken{places(s for s, _ in some)} are read, and "
            yield Change(kind, f"{text}their gradient is written, {where}.", rules)


def _picked(step: Step, box: Box, starts: tuple[int, ...]) -> Rule:
    """The rule of what picks an element of a window that starts elsewhere."""

    def rule(picked: Step, g: Gradient) -> Pairs:
        return borrowed(rerun(picked, [box.read(step.call.values[0], starts, OUTSIDE[picked.name])]))(picked, g)

    return rule


def _parts(some: list[Step], boxes: list[Box], starts: list[tuple[int, ...]]) -> Callable[[], Mapping[Node, Any]]:
    def values() -> Mapping[Node, Any]:
        return {s.node: box.read(s.call.values[0], start) for s, box, start in zip(some, boxes, starts, strict=True)}

    return values


def written_elsewhere(tape: Tape, some: list[Edge]) -> Iterator[Change]:
    """What slices have read, written back at other places."""
    boxes = [box_of(e.step.call.params.get("index"), e.step.call.values[0].shape) for e in some]
    if any(box is None for box in boxes):
        return
    for kind, text, starts in _starts(tape, [e.step for e in some], boxes):
        rules = {e.step.node: _put(e, box, s) for e, box, s in zip(some, boxes, starts, strict=True) if box is not None}
        yield Change(kind, f"What is read{places(e.step for e in some)} is written back {text}.", rules)


def _put(edge: Edge, box: Box, starts: tuple[int, ...]) -> Rule:
    return lambda step, g: [(edge.parent, box.written(g, starts))]


def read_back_elsewhere(tape: Tape) -> Iterator[Change]:
    """Of what a loop has written into an array, or joined, the gradient is read at other places; of a border, too."""
    steps = [s for s in tape.steps if s.name in WRITING and s.node in tape.parts and s.call.values]
    written = [(Edge(s, i), box) for s in steps for i, box in _boxes(s)]
    for some in groups(written, lambda pair: (pair[0].step.call.site, pair[0].operand)):
        where = places(edge.step for edge, _ in some)
        for kind, text, starts in elsewhere([box.starts for _, box in some]):
            rules = {e.step.node: replaced(e, _reading(box, s)) for (e, box), s in zip(some, starts, strict=True)}
            yield Change(kind, f"The gradient of what is written{where} is read {text}.", rules)
        for end, text in ((0, "from the start"), (1, "at the end")):
            moved = [tuple(end * (n - k) for n, k in zip(box.shape, box.sizes, strict=True)) for _, box in some]
            if len(some) == 1 and moved[0] != some[0][1].starts:
                rules = {edge.step.node: replaced(edge, _reading(box, s)) for (edge, box), s in zip(some, moved)}
                border = f"The gradient of what is put within a border{where} is read {text}: padding, take [p:-p]."
                joined = f"Of the gradient of what is joined{where} {tape.name(some[0][0].parent)} is given the part "
                joined += f"{text}, which belongs to another."
                yield Change(*(("wrong slice", joined) if _joins(some[0][0].step) else ("padding", border)), rules)


def _joins(step: Step) -> bool:
    """Whether a step joins values, and not one with the numbers of a border."""
    return step.name not in ("place", "setitem") and sum(v.size > 0 and v.min() < v.max() for v in step.call.values) > 1


def _boxes(step: Step) -> Iterator[tuple[int, Box]]:
    """The operands that a step puts somewhere, and where in its result they stand."""
    shape = step.node.shape
    if step.name == "place":
        box = box_of(step.call.params.get("index"), shape)
        if box is not None and step.call.values[0].shape == box.part:
            yield 0, box
        return
    if step.name == "setitem":
        box = box_of(step.call.params.get("index"), shape)
        if box is not None and step.parents[1] is not None and step.call.values[1].shape == box.part:
            yield 1, box
        return
    axis, start = step.call.params.get("axis", 0) % len(shape), 0
    for i, (parent, value) in enumerate(zip(step.parents, step.call.values, strict=True)):
        if parent is not None:
            starts = tuple(start if a == axis else 0 for a in range(len(shape)))
            yield i, Box(shape, starts, value.shape, value.shape)
        start += value.shape[axis]


def _reading(box: Box, starts: tuple[int, ...]) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: box.read(g, starts)
