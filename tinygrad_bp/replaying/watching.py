"""How a replay is made: a backward pass that leaves nothing behind, watched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd.backward import Pull, pulled, unbroadcast
from ..autograd.errors import ArgumentError, FreedError
from ..autograd.gradient import grad
from ..autograd.history import history
from ..autograd.lines import line_of
from ..autograd.node import Node
from ..autograd.op import OPS, REQUIRED, reads
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import Following, Watcher
from ..drawing.description import NOT_KEPT, _held, _Known, is_array
from .record import Forward, Input, Replay, Step, Traced

Array = np.ndarray[Any, Any]


class Values(Watcher):
    """The value of every result, while the function that is replayed runs."""

    def __init__(self) -> None:
        self.found: dict[Node, Any] = {}

    def called(self, op: Any, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Keep what the op gave."""
        if isinstance(result, Tensor) and result._node is not None:
            self.found[result._node] = result._value


class _Pulls(Watcher):
    """What arrives at each node, and what it passes on, in the order of the walk."""

    quiet = True  # a division by zero is shown, and not warned of

    def __init__(self) -> None:
        self.seen: list[tuple[Node, Array, Sequence[Any]]] = []

    def pulling(self, pull: Pull) -> Pull:
        """The pull, and a note of it."""

        def noted(node: Node, g: Any) -> Sequence[Any]:
            gradients = pull(node, g)
            self.seen.append((node, np.asarray(g), gradients))
            return gradients

        return noted


def record(outputs: list[Tensor], gradients: list[Any], names: Mapping[str, Tensor], values: Values | None) -> Replay:
    """The replay of some outputs; nothing is freed, and no ``.grad`` changes."""
    roots = [tensor._node for tensor in outputs if tensor._node is not None]
    nodes = history(roots)
    _refuse_freed(nodes)
    found = {node: node for root in roots if root.op is None for node in (root,)}
    found |= {parent: parent for node in nodes for parent in node.parents if parent is not None and parent.op is None}
    leaves = sorted(found, key=lambda node: node.order)
    pulls = _Pulls()
    with Following(pulls):
        # A gradient goes to leaves by their nodes: the tensors may be no more.
        given = grad(outputs, [wrap(np.broadcast_to(0.0, leaf.shape), leaf) for leaf in leaves] or outputs, gradients,
                     retain_graph=True, allow_unused=True)  # fmt: skip
    return _Making(outputs, gradients, nodes, leaves, names, values).replay(pulls.seen, dict(zip(leaves, given)))


def _refuse_freed(nodes: list[Node]) -> None:
    freed = [node for node in nodes if node.kept is None]
    if freed:
        raise FreedError(
            f"replay: backward has freed what {len(freed)} of the {len(nodes)} steps kept, the last of them "
            f"{freed[0]!r}. Write tg.replay(loss) before loss.backward(), or loss.backward(retain_graph=True), or give "
            "the function that computes it: tg.replay(f, *args)"
        )


class _Making:
    """Tensors, steps forward and steps back, made oldest first."""

    def __init__(
        self, outputs: list[Tensor], gradients: list[Any], nodes: list[Node], leaves: list[Node],
        names: Mapping[str, Tensor], values: Values | None,
    ) -> None:  # fmt: skip
        self.known = _Known(nodes, outputs, dict(names))
        for node, value in (values.found if values is not None else {}).items():
            self.known.values.setdefault(node, value)
        self.known.compute_again(nodes)
        self.of: dict[Any, Traced] = {}  # by node, or by id of an array that takes no gradient
        self.forward: dict[Node, Forward] = {}
        for leaf in leaves:
            self._leaf(leaf)
        for node in reversed(nodes):
            self.forward[node] = self._forward(node)
        self.leaves = leaves
        self.outputs = outputs
        self.seeds = [
            np.ones(y.shape, y.dtype) if g is None else np.array(g._value if isinstance(g, Tensor) else g, y.dtype)
            for y, g in zip(outputs, gradients, strict=True)
        ]

    # ------------------------------------------------------------------ tensors

    def _name(self, node: Node) -> str:
        return self.known.names.get(node) or node.tensor_name or ""

    def _traced(self, node: Node, kind: Any, name: str) -> Traced:
        value = self.known.value(node)
        given = self._name(node)
        self.of[node] = traced = Traced(
            given or name, kind, node.shape, self.known.dtype(node), np.array(value) if is_array(value) else value,
            node=node, named=bool(given),
        )  # fmt: skip
        return traced

    def _leaf(self, node: Node) -> Traced:
        return self.of[node] if node in self.of else self._traced(node, "leaf", f"leaf {len(self.of) + 1}")

    def _constant(self, node: Node, name: str, held: dict[str, Any], i: int) -> Traced:
        """An input that takes no gradient."""
        op = node.op
        assert op is not None
        value = held.get(name)
        if is_array(value):
            key = id(value)
            if key not in self.of:
                given = self.known.names.get(key, "")
                self.of[key] = Traced(given, "constant", value.shape, value.dtype, np.array(value), named=bool(given))
            return self.of[key]
        if value is not None:
            return Traced(f"{value!r}", "constant", None, None, value, named=False)
        shapes = held.get(f"{op.inputs[0]}_shape") if op.variadic else None
        return Traced("", "constant", shapes[i] if shapes else None, None, NOT_KEPT, named=False)

    # ------------------------------------------------------------------ steps

    def _forward(self, node: Node) -> Forward:
        op, held = node.op, _held(node)
        assert op is not None
        number = len(self.forward) + 1
        names = tuple(f"{op.inputs[0]}[{i}]" for i in range(len(node.parents))) if op.variadic else op.inputs
        inputs = tuple(
            self.of[parent] if parent is not None else self._constant(node, names[i], held, i)
            for i, parent in enumerate(node.parents)
        )
        params = tuple(
            (name, held[name])
            for name, default in op.params.items()
            if name in held and (default is REQUIRED or held[name] is not default)
        )
        result = self._traced(node, "result", f"{op.name} {number}")
        return Forward(number, op.name, op.formula, names, inputs, params, result, line_of(node))

    def replay(self, seen: list[tuple[Node, Array, Sequence[Any]]], given: dict[Node, Tensor | None]) -> Replay:
        """All of it, from what was seen on the walk and what arrived at the leaves."""
        sums: dict[Node, Array] = {}
        for output, seed in zip(self.outputs, self.seeds, strict=True):
            node = output._node
            assert node is not None
            sums[node] = sums[node] + seed if node in sums else seed
        steps: list[Step] = []
        for node, g, gradients in seen:
            self.of[node].gradient = g
            inputs = tuple(
                self._input(node, i, g, np.asarray(d), parent, sums)
                for i, (parent, d) in enumerate(zip(node.parents, gradients))
                if parent is not None and d is not None
            )
            steps.append(Step(len(steps) + 1, self.forward[node], g, inputs))
        for leaf, gradient in given.items():
            self.of[leaf].gradient = gradient._value if gradient is not None else None
        forward = tuple(self.forward.values())
        return Replay(
            forward, tuple(steps), tuple(self.of[output._node] for output in self.outputs), tuple(self.seeds),
            tuple(self.of[leaf] for leaf in self.leaves), any(step.source is not None for step in forward),
        )  # fmt: skip

    def _input(self, node: Node, i: int, g: Array, d: Array, parent: Node, sums: dict[Node, Array]) -> Input:
        op = node.op
        assert op is not None
        contribution = d if d.shape == parent.shape else np.asarray(unbroadcast(d, parent.shape))
        before = sums.get(parent)
        after = sums[parent] = contribution if before is None else np.asarray(before + contribution)
        forward = self.forward[node]
        return Input(
            forward.names[i], self.of[parent], "", _derivative(node, g, i), _reads(node, i), contribution, before, after
        )


def _derivative(node: Node, g: Array, i: int) -> Array | None:
    """What an op that works element by element multiplies the gradient by: its rule, given ones."""
    op = node.op
    assert op is not None
    if op.kind != "elementwise" or OPS.get(op.name) is not op:
        return None
    with np.errstate(all="ignore"):
        slope = pulled(node, np.ones_like(g), node.kept or ())[i]
    return None if slope is None else np.asarray(slope)


def _reads(node: Node, i: int) -> tuple[tuple[str, Any], ...]:
    """What the rule of an input reads: arrays and numbers, by their names there."""
    op = node.op
    assert op is not None
    held = _held(node)
    rule = None if not op.rules else op.rules[0] if op.variadic else op.rules[i]
    names: Iterable[str] = held if rule is None else reads(rule)
    return tuple((name, held[name]) for name in names if is_array(held.get(name)))


def run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Values]:
    """What a function returns, with the line of every op and the value of every result."""
    from ..autograd.lines import record_lines

    values = Values()
    with record_lines(), Following(values):
        return function(*arguments), values


def checked(outputs: Any) -> list[Tensor]:
    """The outputs as a list. Raises ``ArgumentError`` for anything but tensors."""
    items = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not items:
        raise ArgumentError("replay: give at least one tensor, got none")
    for item in items:
        if not isinstance(item, Tensor):
            raise ArgumentError(
                f"replay: give a tensor or several, or a function and its arguments; got {type(item).__name__}"
            )
    return items
