"""A node: one recorded step. The nodes behind a tensor are its history, and backward walks them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .lines import with_line
from .op import Op, arguments
from .writes import tick

if TYPE_CHECKING:
    from .grad_fn import GradFn
    from .hooks import Hooks
    from .tensor import Tensor
else:
    GradFn = object


class Cell:
    """What a tensor shares with its node: the gradient that backward leaves, a name, and a weak way back to it."""

    __slots__ = ("grad", "hooks", "name", "sums", "tensor")

    def __init__(self, tensor: Tensor | None) -> None:
        self.grad: Tensor | None = None
        self.name: str | None = None
        self.hooks: Hooks | None = None  # what backward does with the complete gradient, beside a leaf's .grad
        self.sums: list[int] | None = None  # checksums of what the node keeps, of anomaly mode
        # Weak: a node that held its tensor would be a cycle. None: the tensor was written since.
        self.tensor: Callable[[], Tensor | None] = weakref.ref(tensor) if tensor is not None else lambda: None


class Node(GradFn):
    """One recorded step: the op, where its inputs came from, and the raw values that its rules read.

    A node never holds its own tensor (no reference cycle: a graph is freed by reference counting alone).
    ``order`` grows with every node made, so an input's node always has a smaller one. A leaf's node has no op.
    ``kept`` is None once a backward pass has let the values go.
    """

    __slots__ = ("cell", "kept", "op", "order", "parents", "shape", "where")

    op: Op | None
    order: int
    shape: tuple[int, ...]
    parents: tuple[Node | None, ...]
    kept: tuple[Any, ...] | None
    cell: Cell | None
    where: tuple[Any, int] | None  # the user's code that called the op, and its instruction, where lines are kept

    def __repr__(self) -> str:
        if self.op is None:
            return "<AccumulateGrad>"
        called = self.op.grad_fn
        if not isinstance(called, str):
            known = {**dict(zip(self.op.kept, self.kept or ())), "shape": self.shape}
            called = called(*(known[name] for name in arguments(called)))
        return f"<{called}>"

    @property
    def tensor_name(self) -> str | None:
        """The name given to this node's tensor, if any."""
        return self.cell.name if self.cell is not None else None


def leaf(shape: tuple[int, ...], cell: Cell) -> Node:
    """The node of a tensor that the user made and wants the gradient of."""
    node = Node()
    node.op, node.order, node.shape, node.parents, node.kept, node.cell = None, tick(), shape, (), (), cell
    return node


def recorded(op: Op, value: Any, parents: tuple[Node | None, ...], kept: tuple[Any, ...]) -> Node:
    """The node of a call of ``op`` that gave ``value``."""
    node = Node()
    node.op, node.order, node.shape, node.parents, node.kept, node.cell = op, tick(), value.shape, parents, kept, None
    return with_line(node)
