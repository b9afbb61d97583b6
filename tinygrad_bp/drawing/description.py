"""What a drawing shows, as plain data: boxes for leaves, ops and results, and the arrows between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from ..autograd.errors import ArgumentError
from ..autograd.history import history
from ..autograd.node import Node
from ..autograd.op import REQUIRED
from ..autograd.tensor import Tensor
from .known import FREED, NOT_KEPT, Known, held_by, is_array
from .names import Names, named, variables_of_caller


class Box(NamedTuple):
    """One box. What is not known is a text that says why: ``value`` and ``grad`` are arrays or such a text."""

    key: str  # "leaf 1", "op 1", "result 1", ... counted from the oldest
    kind: Literal["leaf", "op", "result"]
    name: str  # given name, op label, name of the op's input, or a Python number; "" for none
    shape: tuple[int, ...] | None = None
    dtype: Any = None
    value: Any = None
    grad: Any = None  # None where no gradient flows
    params: tuple[tuple[str, Any], ...] = ()  # of an op, where they are not the default
    output: bool = False  # handed to draw()

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to it."""
        return self.grad is not None


class Arrow(NamedTuple):
    """From a value to the op that reads it (under ``label``, its name there), or from an op to its result."""

    tail: str
    head: str
    label: str = ""


class Description(NamedTuple):
    """A graph as boxes and arrows, both oldest first: the same graph always gives the same description."""

    boxes: list[Box]
    arrows: list[Arrow]


def describe(
    outputs: Tensor | Iterable[Tensor], params: Mapping[str, Tensor] | None = None, values: bool = True
) -> Description:
    """The graph behind one or several tensors; ``params`` names tensors. No recursion: linear in its size.

    With ``values`` a result that nothing kept is computed again where all that its op read is still known.

    Raises ``ArgumentError`` for anything but tensors.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> boxes, arrows = describe((w * 3).sum(), {"w": w})
    >>> [(box.kind, box.name) for box in boxes]
    [('leaf', 'w'), ('leaf', '3'), ('op', 'Mul'), ('result', ''), ('op', 'Sum'), ('result', '')]
    """
    outputs = _checked_outputs(outputs)
    named_tensors = named("draw", params)
    names = Names("draw", named_tensors, variables_of_caller())
    nodes = history(tensor._node for tensor in outputs if tensor._node is not None)
    known = Known(nodes, outputs, named_tensors.values())
    if values:
        known.compute_again()
    return _Drawing(known, names, nodes, outputs).description


def _checked_outputs(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    items = list(outputs) if isinstance(outputs, Iterable) and not isinstance(outputs, (str, Mapping)) else [outputs]
    for item in items:
        if not isinstance(item, Tensor):
            raise ArgumentError(f"draw: give a tensor or several, got {type(item).__name__}")
    if not items:
        raise ArgumentError("draw: give at least one tensor, got none")
    return items


class _Drawing:
    """Boxes and arrows, made oldest first."""

    def __init__(self, known: Known, names: Names, nodes: list[Node], outputs: list[Tensor]) -> None:
        self.known, self.names = known, names
        self.description = Description([], [])
        self.outputs = {tensor._node for tensor in outputs}
        self.keys: dict[Any, str] = {}  # by node, or by id of an array that takes no gradient
        self.leaves = 0
        for number, node in enumerate(reversed(nodes), 1):
            self._op(node, number)
        for tensor in outputs:
            if tensor._node is not None:
                self._tail(tensor._node)
            else:
                self._array(tensor._value, self.names.of(tensor), output=True)

    def _leaf(self, name: str, **about: Any) -> str:
        self.leaves += 1
        key = f"leaf {self.leaves}"
        self.description.boxes.append(Box(key, "leaf", name, **about))
        return key

    def _of_node(self, node: Node) -> dict[str, Any]:
        return {
            "shape": node.shape,
            "dtype": self.known.dtype(node),
            "value": self.known.value(node),
            "grad": self.known.gradient(node),
            "output": node in self.outputs,
        }

    def _tail(self, node: Node) -> str:
        """The key of the box of a node's tensor; a leaf is drawn when it is first met."""
        if node not in self.keys:
            self.keys[node] = self._leaf(self.names.of(node), **self._of_node(node))
        return self.keys[node]

    def _array(self, array: Any, name: str = "", output: bool = False) -> str:
        """The key of the box of an array that takes no gradient."""
        if id(array) not in self.keys:
            name = name or self.names.of(array)
            self.keys[id(array)] = self._leaf(name, shape=array.shape, dtype=array.dtype, value=array, output=output)
        return self.keys[id(array)]

    def _input(self, node: Node, i: int, name: str, held: dict[str, Any]) -> str:
        """The key of the box of an input that takes no gradient."""
        op = node.op
        assert op is not None
        if op.variadic:
            shapes = held.get(f"{op.inputs[0]}_shape")
            return self._leaf("", shape=shapes[i] if shapes else None, value=NOT_KEPT)
        value = held.get(name)
        if is_array(value):
            return self._array(value)
        if value is not None:
            return self._leaf(repr(value))
        return self._leaf("", value=FREED if node.kept is None and name in op.kept else NOT_KEPT)

    def _op(self, node: Node, number: int) -> None:
        op, held = node.op, held_by(node)
        assert op is not None
        names = [f"{op.inputs[0]}[{i}]" for i in range(len(node.parents))] if op.variadic else list(op.inputs)
        tails = [
            self._tail(parent) if parent is not None else self._input(node, i, names[i], held)
            for i, parent in enumerate(node.parents)
        ]
        params = tuple(
            (name, held[name])
            for name, default in op.params.items()
            if name in held and (default is REQUIRED or held[name] is not default)
        )
        key = f"op {number}"
        boxes, arrows = self.description
        boxes.append(Box(key, "op", op.label, params=params))
        for name, tail in zip(names, tails, strict=True):
            arrows.append(Arrow(tail, key, name if len(names) > 1 else ""))
        self.keys[node] = f"result {number}"
        boxes.append(Box(self.keys[node], "result", self.names.of(node), **self._of_node(node)))
        arrows.append(Arrow(key, self.keys[node]))
