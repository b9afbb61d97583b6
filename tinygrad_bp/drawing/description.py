"""What a drawing shows, as plain data: boxes for leaves, ops and results, and the arrows between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.history import history
from ..autograd.node import Node
from ..autograd.op import OPS, REQUIRED
from ..autograd.tensor import Tensor
from ..autograd.writes import written_since

NOT_KEPT = "not kept"
FREED = "freed by backward"
NOT_COMPUTED = "not computed"


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
    params = _checked_params(params)
    nodes = history(tensor._node for tensor in outputs if tensor._node is not None)
    known = _Known(nodes, outputs, params)
    if values:
        known.compute_again(nodes)
    return _Drawing(known, nodes, outputs).description


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


def _checked_params(params: Any) -> dict[str, Tensor]:
    if params is not None and not isinstance(params, Mapping):
        raise ArgumentError(
            f"draw: params is a dict of name to tensor, got {type(params).__name__}; write "
            "params=dict(model.named_parameters())"
        )
    for name, tensor in (params or {}).items():
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"draw: params[{name!r}] must be a tensor, got {type(tensor).__name__}")
    return {str(name): tensor for name, tensor in (params or {}).items()}


def is_array(value: Any) -> bool:
    """Whether it is an array, of whatever library."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _held(node: Node) -> dict[str, Any]:
    """What the node still keeps, by the name its rules have for it."""
    assert node.op is not None
    return dict(zip(node.op.kept, node.kept or (), strict=False))


class _Known:
    """Values, dtypes and names of a graph's nodes, gathered from wherever something still holds them.

    A node does not hold its tensor's value: it is known from the tensors handed in, from a tensor that is still
    alive, from an op that kept it for backward, or by computing it again from those.
    """

    def __init__(self, nodes: list[Node], outputs: list[Tensor], params: dict[str, Tensor]) -> None:
        self.values: dict[Node, Any] = {}
        self.dtypes: dict[Node, Any] = {}
        self.freed: set[Node] = set()
        self.names: dict[Any, str] = {}  # by node, or by id of an array that takes no gradient
        for tensor in outputs:
            self._handed_in(tensor, tensor.name)
        for name, tensor in params.items():
            self._handed_in(tensor, name)
        for node in nodes:  # newest first: a consumer comes before what it reads
            self._look_into(node)

    def _handed_in(self, tensor: Tensor, name: str | None) -> None:
        node = tensor._node
        if node is not None:
            self.values[node] = tensor._value
        if name:
            self.names[node if node is not None else id(tensor._value)] = name

    def _alive(self, node: Node) -> Any:
        tensor = node.cell.tensor() if node.cell is not None else None
        # A tensor written in place has left its old node behind.
        return tensor._value if tensor is not None and tensor._node is node else None

    def _offer(self, node: Node, value: Any) -> None:
        if node not in self.values:
            alive = self._alive(node)
            value = alive if alive is not None else value
            if is_array(value):
                self.values[node] = value

    def _look_into(self, node: Node) -> None:
        op, held = node.op, _held(node)
        assert op is not None
        self._offer(node, held.get("y"))
        if node.kept is None and "y" in op.kept:
            self.freed.add(node)
        for i, parent in enumerate(node.parents):
            if parent is None:
                continue
            name = "" if op.variadic else op.inputs[i]
            self._offer(parent, held.get(name))
            if node.kept is None and name in op.kept:
                self.freed.add(parent)
            if parent not in self.dtypes:
                # All inputs that take a gradient have the dtype of the result, but for a cast, which keeps theirs;
                # a user's own Function may do as it likes.
                same = self._dtype_before(node) if OPS.get(op.name) is op and op.name != "cast" else None
                self.dtypes[parent] = held.get(f"{name}_dtype", same)

    def compute_again(self, nodes: list[Node]) -> None:
        """Find results that nothing kept by running their ops once more on the same inputs."""
        for node in reversed(nodes):
            op, held = node.op, {"shape": node.shape, **_held(node)}  # an op's shape= is its result's
            assert op is not None
            if node in self.values or OPS.get(op.name) is not op or not set(op.params) <= set(held):
                continue
            names = op.inputs * len(node.parents) if op.variadic else op.inputs
            inputs = [
                held.get(name) if parent is None else self.values.get(parent)
                for name, parent in zip(names, node.parents, strict=True)
            ]
            # A leaf that was written since no longer holds what the op read.
            if any(x is None or (is_array(x) and written_since(x, node.order)) for x in inputs):
                continue
            params = {name: held[name] for name in op.params}
            self.values[node] = np.asarray(op.compute(*([inputs] if op.variadic else inputs), **params))

    def _dtype_before(self, node: Node) -> Any:
        """The dtype of an op's inputs as that of its result tells it, or None."""
        dtype = self.dtype(node)
        gives = node.op.gives if node.op is not None else ""
        if dtype is None or gives == "real":
            return None
        return np.empty(0, dtype).real.dtype if gives == "complex" else dtype

    def dtype(self, node: Node) -> Any:
        """The dtype of the node's tensor, or None."""
        value = self.values.get(node)
        return value.dtype if value is not None else self.dtypes.get(node)

    def value(self, node: Node) -> Any:
        """The value of the node's tensor, or a text."""
        value = self.values.get(node)
        return value if value is not None else FREED if node in self.freed else NOT_KEPT


class _Drawing:
    """Boxes and arrows, made oldest first."""

    def __init__(self, known: _Known, nodes: list[Node], outputs: list[Tensor]) -> None:
        self.known = known
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
                self._array(tensor._value, tensor.name or "", output=True)

    def _leaf(self, name: str, **about: Any) -> str:
        self.leaves += 1
        key = f"leaf {self.leaves}"
        self.description.boxes.append(Box(key, "leaf", name, **about))
        return key

    def _of_node(self, node: Node) -> dict[str, Any]:
        grad = node.cell.grad if node.cell is not None else None
        return {
            "shape": node.shape,
            "dtype": self.known.dtype(node),
            "value": self.known.value(node),
            "grad": grad._value if grad is not None else NOT_COMPUTED,
            "output": node in self.outputs,
        }

    def _name(self, node: Node) -> str:
        return self.known.names.get(node) or node.tensor_name or ""

    def _tail(self, node: Node) -> str:
        """The key of the box of a node's tensor; a leaf is drawn when it is first met."""
        if node not in self.keys:
            self.keys[node] = self._leaf(self._name(node), **self._of_node(node))
        return self.keys[node]

    def _array(self, array: Any, name: str, output: bool = False) -> str:
        """The key of the box of an array that takes no gradient."""
        if id(array) not in self.keys:
            name = self.known.names.get(id(array), name)
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
            return self._array(value, name)
        if value is not None:
            return self._leaf(repr(value))
        return self._leaf("", value=FREED if node.kept is None and name in op.kept else NOT_KEPT)

    def _op(self, node: Node, number: int) -> None:
        op, held = node.op, _held(node)
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
        boxes.append(Box(self.keys[node], "result", self._name(node), **self._of_node(node)))
        arrows.append(Arrow(key, self.keys[node]))
