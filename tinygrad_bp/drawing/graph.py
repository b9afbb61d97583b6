"""A graph as drawings read it: calls of ops oldest first, and the leaves that no call gave.

A value is known by a number: ``i`` is the result of call ``i``, ``~k`` is leaf ``k``. ``Recorded`` is the graph behind
tensors, ``Programmed`` that of a program.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ..autograd.lines import Line, line_of
from ..autograd.node import Node
from ..autograd.op import REQUIRED
from ..autograd.tensor import Tensor
from ..program.program import Constant, Program, Step, Value, values_in
from ..program.text import names as names_of_program
from .known import FREED, NOT_KEPT, Known, held_by, is_array
from .names import Names


class Leaf(NamedTuple):
    """A value that no call gave. ``source`` is its node, its array, its ``Value``, or None."""

    kind: Literal["parameter", "input", "constant"]
    name: str
    source: Any = None
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    value: Any = None


class Facts(NamedTuple):
    """What is known of a value. ``value`` and ``grad`` are arrays, texts that say why not, or None."""

    shape: tuple[int, ...] | None
    dtype: Any = None
    value: Any = None
    grad: Any = None


class ModuleCall(NamedTuple):
    """One call of a module: which calls of ops it made."""

    name: str  # its path
    kind: str  # its class
    start: int
    stop: int
    layer: bool = False  # of the package, and so nothing that the user wrote


class Graph:
    """What a drawing reads of a graph; see the module."""

    inputs: list[tuple[int, ...]]  # of each call
    marks: list[Hashable]  # two calls with equal marks do the same to values of the same shape
    leaves: list[Leaf]
    outputs: list[int]
    output_names: dict[int, str]  # what the caller calls an output that has no name
    modules: Sequence[ModuleCall] = ()
    grads: bool = True  # whether gradients are looked for

    def __init__(self) -> None:
        self.inputs, self.marks, self.leaves, self.outputs = [], [], [], []
        self.output_names = {}

    def label(self, i: int) -> str:
        """The op of call ``i``."""
        raise NotImplementedError

    def input_names(self, i: int) -> Sequence[str]:
        """What the op calls its inputs."""
        raise NotImplementedError

    def params(self, i: int) -> tuple[tuple[str, Any], ...]:
        """The op's parameters that are not the default."""
        raise NotImplementedError

    def name(self, ref: int) -> str:
        """What a value is called, or ``""``."""
        raise NotImplementedError

    def facts(self, ref: int) -> Facts:
        """What is known of a value."""
        raise NotImplementedError

    def shape(self, ref: int) -> tuple[int, ...] | None:
        """The shape of a value, if it is known."""
        raise NotImplementedError

    def keeps(self, i: int) -> dict[str, int | None]:
        """What call ``i`` keeps for backward: arrays by name, and which value each is (None: made on the way)."""
        return {}

    def takes_gradient(self, ref: int) -> bool:
        """Whether a gradient flows to a value."""
        return False

    def rule(self, i: int) -> str:
        """What backward calls the rule of call ``i``."""
        return ""

    def line(self, i: int) -> Line | None:
        """The line of the user's program that made call ``i``, where it was recorded."""
        return None


class Recorded(Graph):
    """The graph behind tensors. ``buffers`` are ids of arrays that a module holds beside its parameters."""

    def __init__(
        self, outputs: Sequence[Tensor], names: Names, known: Known, buffers: Iterable[int] = (),
        given: Mapping[int, str] | None = None,
    ) -> None:  # fmt: skip
        self.names, self.known = names, known
        self.nodes: list[Node] = list(reversed(known.nodes))
        super().__init__()
        self._buffers, self._given = set(buffers), given or {}  # given: arguments that were handed in, by id
        self._refs: dict[Any, int] = {}  # by node, or by id of an array
        self._held: list[Any] = []
        for i, node in enumerate(self.nodes):
            self._call(i, node)
        for tensor in outputs:
            self.outputs.append(self._of_tensor(tensor))

    def _of_tensor(self, tensor: Tensor) -> int:
        return self._of_node(tensor._node) if tensor._node is not None else self._of_array(tensor._value, tensor)

    def _leaf(self, *about: Any) -> int:
        self.leaves.append(Leaf(*about))
        return ~(len(self.leaves) - 1)

    def _of_node(self, node: Node) -> int:
        if node not in self._refs:
            name = self.names.of(node) or self._given.get(id(node), "")
            kind = "input" if id(node) in self._given else "parameter"
            self._refs[node] = self._leaf(kind, name, node, node.shape)
        return self._refs[node]

    def _of_array(self, array: Any, tensor: Tensor | None = None) -> int:
        if id(array) not in self._refs:
            name = self.names.of(tensor if tensor is not None else array) or self._given.get(id(array), "")
            kind = "constant" if id(array) in self._buffers else "input"
            self._refs[id(array)] = self._leaf(kind, name, array, array.shape, array.dtype, array)
        return self._refs[id(array)]

    def _call(self, i: int, node: Node) -> None:
        op, held = node.op, held_by(node)
        assert op is not None
        refs = []
        for j, parent in enumerate(node.parents):
            if parent is not None:
                refs.append(self._of_node(parent))
            elif op.variadic:
                shapes = held.get(f"{op.inputs[0]}_shape")
                refs.append(self._leaf("constant", "", None, shapes[j] if shapes else None, None, NOT_KEPT))
            else:
                refs.append(self._constant(node, op.inputs[j], held))
        self._refs[node] = i
        self.inputs.append(tuple(refs))
        plain = [held.get(name) for name in op.params if name not in ("index", "shape")] if op.params else ()
        self.marks.append((op, node.shape, *[item for item in plain if isinstance(item, (int, float, str, tuple))]))

    def _constant(self, node: Node, name: str, held: dict[str, Any]) -> int:
        """An input that takes no gradient."""
        value = held.get(name)
        if is_array(value):
            return self._of_array(value)
        if value is not None:
            return self._leaf("constant", repr(value))
        assert node.op is not None
        return self._leaf(
            "constant", "", None, None, None, FREED if node.kept is None and name in node.op.kept else NOT_KEPT
        )

    # ------------------------------------------------------------------ what is asked of it

    def label(self, i: int) -> str:
        """The op's name, as ``LogSoftmax``."""
        op = self.nodes[i].op
        assert op is not None
        return op.label

    def input_names(self, i: int) -> Sequence[str]:
        """The op's own names."""
        op = self.nodes[i].op
        assert op is not None
        count = len(self.inputs[i])
        return [f"{op.inputs[0]}[{j}]" for j in range(count)] if op.variadic else op.inputs

    def params(self, i: int) -> tuple[tuple[str, Any], ...]:
        """Those that the node holds."""
        op, held = self.nodes[i].op, held_by(self.nodes[i])
        assert op is not None
        return tuple(
            (name, held[name])
            for name, default in op.params.items()
            if name in held and (default is REQUIRED or held[name] is not default)
        )

    def name(self, ref: int) -> str:
        """By ``names``."""
        return self.names.of(self.nodes[ref]) if ref >= 0 else self.leaves[~ref].name

    def shape(self, ref: int) -> tuple[int, ...] | None:
        """Of the node or the leaf."""
        return self.nodes[ref].shape if ref >= 0 else self.leaves[~ref].shape

    def facts(self, ref: int) -> Facts:
        """What ``known`` has of it."""
        leaf = self.leaves[~ref] if ref < 0 else None
        node = leaf.source if leaf is not None else self.nodes[ref]
        if not isinstance(node, Node):
            assert leaf is not None
            return Facts(leaf.shape, leaf.dtype, leaf.value)
        grad = self.known.gradient(node) if self.grads else None
        return Facts(node.shape, self.known.dtype(node), self.known.value(node), grad)

    def keeps(self, i: int) -> dict[str, int | None]:
        """What the rules of the node's op read, that is an array."""
        node = self.nodes[i]
        found: dict[str, int | None] = {}
        op, held = node.op, held_by(node)
        assert op is not None
        for name in op.kept:
            if name == "y":
                found["y"] = i
            elif name in op.inputs and not op.variadic:
                source = self.inputs[i][op.inputs.index(name)]
                if self.shape(source) is not None and (held.get(name) is not None or node.kept is None):
                    found[name] = source
            elif name in op.residuals:
                found[name] = None
        return found

    def takes_gradient(self, ref: int) -> bool:
        """Whether it has a node."""
        return ref >= 0 or isinstance(self.leaves[~ref].source, Node)

    def rule(self, i: int) -> str:
        """PyTorch's name of the node."""
        try:
            return repr(self.nodes[i]).strip("<>")
        except (KeyError, TypeError):  # it is found from values that backward let go
            return f"{self.label(i)}Backward"

    def line(self, i: int) -> Line | None:
        """Of the node."""
        return line_of(self.nodes[i])


class Programmed(Graph):
    """The graph of a program."""

    def __init__(self, program: Program) -> None:
        self.steps: Sequence[Step] = program.steps
        super().__init__()
        self._names = names_of_program(program)
        self._refs: dict[Value, int] = {}
        for value in program.inputs:
            written = value in program.writes
            self._leaf(value, "parameter" if written else "input", self._names[value])
        for i, step in enumerate(self.steps):
            self.inputs.append(tuple([self._ref(item) for item in self._operands(step)]))
            self._refs |= dict.fromkeys(step.gives(), i)
            params = [
                p for name, p in step.params.items() if name != "index" and isinstance(p, (int, float, str, tuple))
            ]
            self.marks.append((step.op, step.result.shape, str(params)))
        for item in values_in(program.outputs):
            self.outputs.append(self._ref(item))
        for place, item in program.writes.items():
            ref = self._ref(item)
            self.output_names[ref] = f"new {self._names[place]}"
            self.outputs.append(ref)

    @staticmethod
    def _operands(step: Step) -> list[Any]:
        given = list(step.operands[0]) if step.op.variadic else list(step.operands)
        return [*given, *values_in(list(step.params.values()))]

    def _leaf(self, value: Value, kind: Any, name: str) -> int:
        array = value.array if isinstance(value, Constant) else None
        self.leaves.append(Leaf(kind, name, value, value.shape, value.dtype, array))
        self._refs[value] = ~(len(self.leaves) - 1)
        return self._refs[value]

    def _ref(self, item: Any) -> int:
        if not isinstance(item, Value):
            self.leaves.append(Leaf("constant", repr(item)))
            return ~(len(self.leaves) - 1)
        if item in self._refs:
            return self._refs[item]
        return self._leaf(item, "constant", item.name)

    def label(self, i: int) -> str:
        """The op's name, as ``LogSoftmax``."""
        return self.steps[i].op.label

    def input_names(self, i: int) -> Sequence[str]:
        """The op's own names, then those of parameters that hold values."""
        step = self.steps[i]
        if step.op.variadic:
            names = [f"{step.op.inputs[0]}[{j}]" for j in range(len(step.operands[0]))]
        else:
            names = list(step.op.inputs)
        return names + [name for name, item in step.params.items() for _ in values_in(item)]

    def params(self, i: int) -> tuple[tuple[str, Any], ...]:
        """Those that are not the default, and hold no values."""
        step = self.steps[i]
        return tuple(
            (name, item)
            for name, item in step.params.items()
            if item is not step.op.params[name] and not any(True for _ in values_in(item))
        )

    def name(self, ref: int) -> str:
        """The user's, of an input or an output."""
        if ref < 0:
            return self.leaves[~ref].name
        return self.output_names.get(ref, self.steps[ref].result.name)

    def shape(self, ref: int) -> tuple[int, ...] | None:
        """As the program has it."""
        return self.steps[ref].result.shape if ref >= 0 else self.leaves[~ref].shape

    def facts(self, ref: int) -> Facts:
        """Shape and dtype; a program has no values but its constants."""
        if ref >= 0:
            result = self.steps[ref].result
            return Facts(result.shape, result.dtype)
        leaf = self.leaves[~ref]
        return Facts(leaf.shape, leaf.dtype, leaf.value)
