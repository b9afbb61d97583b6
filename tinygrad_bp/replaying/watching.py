"""How a replay is made: a backward pass that leaves nothing behind, watched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from ..autograd.backward import Pull, pulled, unbroadcast
from ..autograd.errors import ArgumentError, FreedError, NoHistoryError
from ..autograd.gradient import grad
from ..autograd.history import history
from ..autograd.keeping_lines import record_lines
from ..autograd.lines import line_of
from ..autograd.node import Node
from ..autograd.op import REQUIRED, Op, reads
from ..autograd.steps import of_table
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import Following, Watcher, array_of
from ..drawing.known import NOT_KEPT, Known, held_by, is_array
from ..drawing.names import Frames, Names, named, variables_of_caller
from ..explaining.notation import text
from ..explaining.rules import rule_of, spoken
from .forms import Replay
from .record import Forward, Input, Step, Traced

Array = np.ndarray[Any, Any]


class Run(Watcher):
    """What a function computes while it runs: the value of every result, what each op was given, and the frames."""

    def __init__(self) -> None:
        self.results: dict[Node, Any] = {}
        self.operands: dict[Node, Sequence[Any]] = {}
        self.frames = Frames()

    def called(self, op: Op, operands: tuple[Any, ...], params: dict[str, Any], result: Any, began: int) -> None:
        """Keep what the op was given and what it gave."""
        if isinstance(result, Tensor) and result._node is not None:
            self.results[result._node] = result._value
            given = operands[0] if op.variadic else operands
            self.operands[result._node] = [array_of(x) for x in given]
        self.frames.note()

    def let_go(self) -> None:
        """Functions that have returned hold nothing any more."""
        self.frames.let_go()


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


def record(outputs: Any, arguments: tuple[Any, ...], gradient: Any, params: Any) -> Replay:
    """The replay of some outputs, or of a function that gives them; nothing is freed, and no ``.grad`` changes."""
    given, run = named("replay", params), Run()
    variables = variables_of_caller()
    called = callable(outputs) and not isinstance(outputs, Tensor)
    if called:
        with record_lines(), Following(run):
            outputs = outputs(*arguments)
        variables = run.frames.variables() + variables
    elif arguments:
        raise ArgumentError(
            f"replay: {len(arguments)} more arguments after a tensor, and only a function takes them; give several "
            "tensors as a list, and write gradient= and params= by name"
        )
    tensors = _checked(outputs, called)
    several = isinstance(gradient, (list, tuple)) and isinstance(outputs, (list, tuple))
    gradients = list(gradient) if several else [None] * len(tensors) if gradient is None else [gradient]
    nodes = history(tensor._node for tensor in tensors if tensor._node is not None)
    _refuse_freed(nodes)
    found = {tensor._node for tensor in tensors if tensor._node is not None and tensor._node.op is None}
    found |= {parent for node in nodes for parent in node.parents if parent is not None and parent.op is None}
    leaves = sorted(found, key=lambda node: node.order)
    pulls = _Pulls()
    with Following(pulls):
        # A gradient goes to leaves by their nodes: the tensors may be no more.
        arrived = grad(
            tensors, [wrap(np.broadcast_to(0.0, leaf.shape), leaf) for leaf in leaves], gradients,
            retain_graph=True, allow_unused=True,
        )  # fmt: skip
    making = _Making(tensors, gradients, nodes, leaves, Names("replay", given, variables), list(given.values()), run)
    with np.errstate(all="ignore"):
        return making.replay(pulls.seen, dict(zip(leaves, arrived)))


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
        self, outputs: list[Tensor], gradients: list[Any], nodes: list[Node], leaves: list[Node], names: Names,
        others: list[Tensor], run: Run,
    ) -> None:  # fmt: skip
        self.known, self.names, self.operands = Known(nodes, outputs, others), names, run.operands
        self.known.values |= run.results
        for node, operands in run.operands.items():
            for parent, value in zip(node.parents, operands):
                if parent is not None and is_array(value):
                    self.known.values.setdefault(parent, value)
        self.known.compute_again()
        self.of: dict[Any, Traced] = {}  # by node, or by id of an array that takes no gradient
        self.forward: dict[Node, Forward] = {}
        self.formulas: dict[Any, tuple[Any, list[str]]] = {}  # with the rule, whose id means it while it lives
        for leaf in leaves:
            self._traced(leaf, "leaf", f"leaf {len(self.of) + 1}")
        for node in reversed(nodes):
            self.forward[node] = self._forward(node)
        self.leaves = leaves
        self.outputs = outputs
        for output in outputs if len(outputs) == 1 else ():
            alone = self.of[output._node]
            alone.name = alone.name if alone.named else "L"
        self.seeds = [
            np.ones(y.shape, y.dtype) if g is None else np.array(g._value if isinstance(g, Tensor) else g, y.dtype)
            for y, g in zip(outputs, gradients, strict=True)
        ]

    # ------------------------------------------------------------------ tensors

    def _traced(self, node: Node, kind: Literal["leaf", "result"], name: str) -> Traced:
        value, given = self.known.value(node), self.names.of(node)
        self.of[node] = traced = Traced(
            given or name, kind, node.shape, self.known.dtype(node), np.array(value) if is_array(value) else value,
            node=node, named=bool(given),
        )  # fmt: skip
        return traced

    def _constant(self, node: Node, i: int) -> Traced:
        """An input that takes no gradient."""
        op, held = node.op, held_by(node)
        assert op is not None
        given = self.operands.get(node)
        value = given[i] if given is not None else None if op.variadic else held.get(op.inputs[i])
        if is_array(value):
            return self._array(value)
        if value is not None:
            return Traced(f"{value!r}", "constant", None, None, value, named=False)
        shapes = held.get(f"{op.inputs[0]}_shape") if op.variadic else None
        return Traced("", "constant", shapes[i] if shapes else None, None, NOT_KEPT, named=False)

    def _array(self, value: Any) -> Traced:
        key = id(value)
        if key not in self.of:
            name = self.names.of(value)
            self.of[key] = Traced(name, "constant", value.shape, value.dtype, np.array(value), named=bool(name))
        return self.of[key]

    # ------------------------------------------------------------------ steps

    def _forward(self, node: Node) -> Forward:
        op, held = node.op, held_by(node)
        assert op is not None
        number = len(self.forward) + 1
        names = tuple(f"{op.inputs[0]}[{i}]" for i in range(len(node.parents))) if op.variadic else op.inputs
        inputs = tuple(
            self.of[parent] if parent is not None else self._constant(node, i) for i, parent in enumerate(node.parents)
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
        return Input(
            self.forward[node].names[i], self.of[parent], self._formula(node, g, i), _derivative(node, g, i),
            _reads(node, i), contribution, before, after,
        )  # fmt: skip

    def _formula(self, node: Node, g: Array, i: int) -> str:
        """What the rule of an input computes, in the user's names where there are some, else in the op's."""
        op, forward = node.op, self.forward[node]
        assert op is not None
        if not of_table(op):
            return ""  # a Function of the user: its backward runs once
        called = forward.called()
        rule = rule_of(node, g)
        key = id(rule), tuple(called.items())
        if key not in self.formulas:
            self.formulas[key] = rule, [text(term) if term else "" for term in spoken(node, called, g)]
        return self.formulas[key][1][i] if rule.seen else ""


def _derivative(node: Node, g: Array, i: int) -> Array | None:
    """What an op that works element by element multiplies the gradient by: its rule, given ones."""
    op = node.op
    assert op is not None
    if op.kind != "elementwise" or not of_table(op):
        return None
    slope = pulled(node, np.ones_like(g), node.kept or ())[i]
    return None if slope is None else np.asarray(slope)


def _reads(node: Node, i: int) -> tuple[tuple[str, Any], ...]:
    """What the rule of an input reads: arrays and numbers, by their names there."""
    op = node.op
    assert op is not None
    held = held_by(node)
    rule = None if not op.rules else op.rules[0] if op.variadic else op.rules[i]
    names: Iterable[str] = held if rule is None else reads(rule)
    return tuple((name, held[name]) for name in names if is_array(held.get(name)))


def _checked(outputs: Any, returned: bool) -> list[Tensor]:
    """The outputs as a list. Raises ``ArgumentError`` for anything but tensors, ``NoHistoryError`` without a graph."""
    items = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if not items:
        raise ArgumentError("replay: give at least one tensor, got none")
    for item in items:
        if not isinstance(item, Tensor):
            got = type(item).__name__
            raise ArgumentError(
                f"replay: the function must return a tensor or several, got {got}; what it computes of numbers and "
                "arrays alone is not recorded: give it tensors, such as tg.tensor(x, requires_grad=True)"
                if returned
                else f"replay: give a tensor or several, or a function and its arguments; got {got}"
            )
    if all(item._node is None for item in items):
        raise NoHistoryError(
            "replay: nothing in it requires grad, so nothing goes back; give requires_grad=True to the tensors whose "
            "gradients are meant, before computing"
        )
    return items
