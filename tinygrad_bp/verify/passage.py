"""A recorded backward pass that can be asked: what arrives at each value, and from which values above it it comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd.backward import pulled, unbroadcast, walk
from ..autograd.errors import ArgumentError, shape_text
from ..autograd.history import history
from ..autograd.kept import refuse_changed
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.types import Raw
from .case import Guess
from .hypotheses.gates import INVERTED, UNMASKED

Change = Callable[[Node, Any, Sequence[Any]], Sequence[Any]]  # a node, what arrives there, what its rules give
REPEATS = "What is read several times by {} counts once: d[index] += g keeps one of each; write np.add.at(d, index, g)."
HOW = {0.0: "is missing", 2.0: "is counted twice", -1.0: "has the wrong sign"}  # by the factor of a part
STEPS = 10_000  # rules that are called for it at most: of a long way few are changed
CHANGED = 40  # ops of a passage whose rules are changed one by one, to find the one that a mistake lies in


class Backward:
    """The backward pass of one recorded number. ``.grad`` of no tensor changes, and the graph stays."""

    def __init__(self, who: str, loss: Tensor) -> None:
        root = checked(who, loss)
        self.root = root
        self.nodes = history([root])
        self.freed = any(node.kept is None for node in self.nodes)
        self.readers: dict[Node, list[Node]] = {}  # of each value, the newest first
        self._place = {root: (-1, 0)}
        for i, node in enumerate(self.nodes):
            for parent in dict.fromkeys(node.parents):
                if parent is not None:
                    self.readers.setdefault(parent, []).append(node)
                    self._place[parent] = i, -parent.order
        self.gradients: dict[Node, Any] = {}
        self.noise: dict[Node, float] = {}
        if not self.freed:
            refuse_changed(self.nodes)
            self.start = np.ones(root.shape, loss.dtype)
            self.gradients = self._all(lambda node, g, given: given)
            self.noise = self._noise()

    @property
    def values(self) -> list[Node]:
        """Every value that the loss was made from and that a gradient goes to."""
        return list(self._place)

    def __contains__(self, node: object) -> bool:
        return node in self._place

    def place(self, node: Node) -> tuple[int, int]:
        """What sorts values by when their gradient is complete: after the oldest op that reads them was pulled."""
        return self._place[node]

    def _all(self, change: Change) -> dict[Node, Any]:
        """The gradient of every value."""
        seen: dict[Node, Any] = {}

        def pull(node: Node, g: Any) -> Sequence[Any]:
            seen[node] = g
            return change(node, g, pulled(node, g, node.kept or ()))

        with np.errstate(all="ignore"):
            return seen | walk(self.nodes, {self.root: self.start}, pull)

    def _noise(self) -> dict[Node, float]:
        """What rounding does to each: how far it moves where every rule's result changes in its last bits."""
        rng = np.random.default_rng(0)

        def jitter(node: Node, g: Any, given: Sequence[Any]) -> list[Any]:
            return [d if d is None or d.dtype.kind not in "fc" else d * _bits(rng, d) for d in given]

        moved = [self._all(jitter) for _ in range(2)]
        with np.errstate(all="ignore"):
            return {
                node: 16 * max(float(np.max(np.nan_to_num(np.abs(one[node] - g)), initial=0.0)) for one in moved)
                for node, g in self.gradients.items()
            }

    def passage(self, below: Node, stops: Collection[Node]) -> Passage:
        """The way down to a value from the nearest of ``stops``, and from the loss where none lies between."""
        found: dict[Node, None] = {}
        todo = [below]
        for node in todo:  # grows while it is walked
            for reader in self.readers.get(node, ()):
                if reader not in found:
                    found[reader] = None
                    if reader not in stops:
                        todo.append(reader)
        nodes = sorted(found, key=lambda node: node.order, reverse=True)
        return Passage(self, below, nodes, [node for node in nodes if node in stops or node is self.root])


class Passage:
    """Some of the nodes of a backward pass: those through which the gradient of ``below`` comes from ``above``."""

    def __init__(self, backward: Backward, below: Node, nodes: list[Node], above: list[Node]) -> None:
        self.backward, self.below, self.nodes, self.above = backward, below, nodes, above

    def arriving(self, hands: Mapping[Node, Any], change: Change = lambda node, g, given: given) -> Any:
        """The gradient of ``below`` where ``hands`` are those of the values above it."""
        return sum(part for _, part in self.parts(hands, change)) if self.nodes else self.backward.start

    def parts(self, hands: Mapping[Node, Any], change: Change = lambda node, g, given: given) -> list[tuple[Node, Any]]:
        """The same as its parts: one for each op that reads the value, and the op."""
        known = self.backward.gradients
        seeds = {node: hands.get(node, known[node]) for node in self.above if node in known or node in hands}
        inside = set(self.nodes).difference(seeds)
        parts = []

        def pull(node: Node, g: Any) -> list[Any]:
            given = change(node, g, pulled(node, g, node.kept or ()))
            for parent, d in zip(node.parents, given):
                if parent is self.below and d is not None:
                    parts.append((node, unbroadcast(d, parent.shape)))
            return [d if parent in inside else None for parent, d in zip(node.parents, given)]

        with np.errstate(all="ignore"):
            walk(self.nodes, dict(seeds), pull)
        return parts or [(self.backward.root, np.zeros(self.below.shape))]

    def guesses(self, hand: Raw, hands: Mapping[Node, Any], name: Callable[[Node], str]) -> Iterator[Guess]:
        """What would come down if a part were left out or had a factor, or one rule on the way were not applied."""
        yield from self._factors(hand, hands, name)
        for node in self.nodes[: min(CHANGED, STEPS // len(self.nodes))]:
            assert node.op is not None
            for i, parent in enumerate(node.parents):
                if parent is not None:
                    yield from self._changed(hands, node, i, name(node))
            if node.op.name == "getitem" and node.parents[0] is not None:
                written = self.arriving(hands, _overwriting(node))
                yield "repeats lost", written, None, REPEATS.format(name(node))

    def _factors(self, hand: Raw, hands: Mapping[Node, Any], name: Callable[[Node], str]) -> Iterator[Guess]:
        """A factor of its own for the part through each op that reads the value, by least squares."""
        parts: dict[Node, Any] = {}
        for reader, part in self.parts(hands):
            parts[reader] = parts.get(reader, 0) + part
        if hand.shape != self.below.shape or not 1 < len(parts) <= hand.size // 3 or not np.isfinite(hand).all():
            return
        table = np.stack([np.asarray(part, float).ravel() for part in parts.values()], 1)
        sizes = np.sqrt(np.sum(table * table, 0))
        if not np.all(sizes > 0):
            return
        scaled, _, rank, _ = np.linalg.lstsq(table / sizes, np.asarray(hand, float).ravel(), rcond=1e-6)
        if rank < len(parts):
            return
        factors = [0.0 if abs(c) < 1e-5 else float(c) for c in scaled / sizes]
        told = []
        for reader, c in zip(parts, factors, strict=True):
            if abs(c - 1) > 1e-5:
                how = HOW.get(round(c, 5), "")
                told.append(f"The part that comes through {name(reader)} {how or f'is {c:.4g} times what it is'}.")
        kind = "path missing" if 0 in factors else "path factor"
        yield kind, (table @ factors).reshape(hand.shape), None, " ".join(told)

    def _changed(self, hands: Mapping[Node, Any], place: Node, i: int, name: str) -> Iterator[Guess]:
        """What would come down if the rule of one input of one op passed everything on, or was inverted."""
        gate = True

        def with_rule(rule: Callable[[Any, Any], Any]) -> Any:
            def change(node: Node, g: Any, given: Sequence[Any]) -> Sequence[Any]:
                nonlocal gate
                if node is not place or given[i] is None or given[i].shape != g.shape:
                    return given
                gate = gate and bool(np.all((given[i] == 0) | (given[i] == g)))
                return [rule(g, d) if k == i else d for k, d in enumerate(given)]

            return self.arriving(hands, change)

        whole, without = self.arriving(hands), with_rule(lambda g, d: g)
        if np.array_equal(whole, without):
            return
        if gate:
            yield "mask inverted", with_rule(lambda g, d: g - d), None, INVERTED.format(f" of {name}")
            yield "mask missing", without, None, UNMASKED.format(f" of {name}")
        elif sum(parent is not None for parent in place.parents) == 1 and len(place.op.inputs) == 1:  # type: ignore[union-attr]
            yield "derivative missing", without, None, f"The derivative of {name} is left out."
        else:
            yield "factor missing", without, None, f"What {name} multiplies with is left out."


def checked(who: str, loss: Tensor) -> Node:
    """The node of a loss; refuses anything but one recorded number."""
    if not isinstance(loss, Tensor):
        raise ArgumentError(f"{who}: loss is a tensor that the engine recorded, got {type(loss).__name__}")
    if loss._value.size != 1:
        raise ArgumentError(f"{who}: loss is one number, got {shape_text(loss.shape)}; write loss.mean() or loss.sum()")
    if loss._node is None:
        raise ArgumentError(
            f"{who}: nothing was recorded for the loss; give the parameters requires_grad=True before computing it"
        )
    return loss._node


def _overwriting(place: Node) -> Change:
    """``d[index] = g`` in the place of the sum, where the index has repeats."""

    def change(node: Node, g: Any, given: Sequence[Any]) -> Sequence[Any]:
        if node is not place:
            return given
        d = np.zeros(node.parents[0].shape, g.dtype)  # type: ignore[union-attr]
        d[dict(zip(node.op.kept, node.kept or ()))["index"]] = g  # type: ignore[union-attr]
        return [d]

    return change


def _bits(rng: np.random.Generator, d: Any) -> Any:
    """Ones, but for the last bit of each."""
    ones = 1 + np.finfo(d.dtype).eps * rng.choice([-1.0, 1.0], d.shape)
    return ones.astype(d.real.dtype)
