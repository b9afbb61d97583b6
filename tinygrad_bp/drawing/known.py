"""What is known of a graph's tensors: values, dtypes and gradients, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd.backward import pull_and_keep, walk
from ..autograd.elsewhere import boxed
from ..autograd.modes import no_grad
from ..autograd.node import Node
from ..autograd.steps import of_table
from ..autograd.tensor import Tensor
from ..autograd.watch import unwatched
from ..autograd.writes import arrays_in, written_since

NOT_KEPT = "not kept"
FREED = "freed by backward"
NOT_COMPUTED = "not computed"
# Why the gradient of a result is not known after a backward pass.
NO_SCALAR = "of no scalar"
SEVERAL = "of several results"
HOOKED = "behind a hook"
OWN_RULE = "behind a rule of your own"
WRITTEN = "written since"
UNKNOWN = {
    FREED: "backward let the values go that it needs: backward(retain_graph=True), or retain_grad() before it",
    NO_SCALAR: "the result is no scalar, and what backward started with is not known: retain_grad() before backward",
    SEVERAL: "with which of several results backward began is not known: retain_grad() before backward",
    HOOKED: "a hook may change it on the way: retain_grad() before backward",
    OWN_RULE: "the backward of your own Function is not run again for a drawing: retain_grad() before backward",
    WRITTEN: "a value that it needs was written since: draw before the write, or retain_grad() before backward",
}


def is_array(value: Any) -> bool:
    """Whether it is an array, of whatever library."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def held_by(node: Node) -> dict[str, Any]:
    """What the node still keeps, by the name its rules have for it."""
    assert node.op is not None
    return dict(zip(node.op.kept, node.kept or (), strict=False))


class Known:
    """Values, dtypes and gradients of a graph's nodes, gathered from wherever something still holds them.

    A node does not hold its tensor's value: it is known from the tensors handed in, from a tensor that is still
    alive, from an op that kept it for backward, or (``compute_again``) by computing it again from those.
    ``nodes`` are newest first, as ``history`` gives them.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.autograd.history import history
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (w * 3).exp().sum()
    >>> nodes = history([loss.grad_fn])
    >>> known = Known(nodes, [loss])
    >>> known.compute_again()
    >>> known.value(nodes[-1]), known.gradient(nodes[-1])
    (array([3., 6.], dtype=float32), 'not computed')
    >>> loss.backward(retain_graph=True)
    >>> Known(nodes, [loss]).gradient(nodes[0])
    array(1., dtype=float32)
    """

    def __init__(self, nodes: Sequence[Node], outputs: Iterable[Tensor], others: Iterable[Tensor] = ()) -> None:
        self.nodes = nodes
        self.outputs = list(outputs)
        self.values: dict[Node, Any] = {}
        self.dtypes: dict[Node, Any] = {}
        self.freed: set[Node] = set()
        self._gradients: dict[Node, Any] | None = None
        self._blocked: dict[Node, str] = {}
        self._own = False  # the graph is nobody else's: what .grad holds is of other passes
        for tensor in (*self.outputs, *others):
            if tensor._node is not None:
                self.values[tensor._node] = tensor._value
        for node in nodes:  # newest first: a consumer comes before what it reads
            self._look_into(node)

    # ------------------------------------------------------------------ values

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
        op, held = node.op, held_by(node)
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
                same = self._dtype_before(node) if of_table(op) and op.name != "cast" else None
                self.dtypes[parent] = held.get(f"{name}_dtype", same)

    def compute_again(self) -> None:
        """Find results that nothing kept by running their ops once more on the same inputs."""
        with unwatched(), no_grad(), np.errstate(all="ignore"):
            for node in reversed(self.nodes):
                self._again(node)

    def _again(self, node: Node) -> None:
        op, held = node.op, {"shape": node.shape, **held_by(node)}  # an op's shape= is its result's
        assert op is not None
        if op.name == "cast" and self.dtypes.get(node) is not None:
            held["dtype"] = self.dtypes[node]
        if node in self.values or not of_table(op) or not set(op.params) <= set(held):
            return
        names = op.inputs * len(node.parents) if op.variadic else op.inputs
        inputs = [
            held.get(name) if parent is None else self.values.get(parent)
            for name, parent in zip(names, node.parents, strict=True)
        ]
        # A leaf that was written since no longer holds what the op read.
        if any(x is None or (is_array(x) and written_since(x, node.order)) for x in inputs):
            return
        params = {name: held[name] for name in op.params}
        self.values[node] = boxed(op.compute(*([inputs] if op.variadic else inputs), **params))

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
        """The value of the node's tensor, or a text that says why it is not known."""
        value = self.values.get(node)
        return value if value is not None else FREED if node in self.freed else NOT_KEPT

    # ------------------------------------------------------------------ gradients

    def backward_ran(self) -> bool:
        """Whether a backward pass left something: a gradient, or values let go."""
        for node in self.nodes:
            assert node.op is not None
            if node.kept is None and node.op.keeps_values:
                return True
            if any(parent is not None and _grad(parent) is not None for parent in node.parents):
                return True
        return any(tensor._node is not None and _grad(tensor._node) is not None for tensor in self.outputs)

    def gradient(self, node: Node) -> Any:
        """The gradient of the node's tensor; None where there is none; a text where it is not known.

        What ``.grad`` holds comes first. Before a backward pass everything else is ``"not computed"``; after it, the
        gradients of results are computed again where the graph still has what that needs, and where it has not, the
        text is one of ``UNKNOWN``, which says what to do. Nothing in the graph changes, and no hook is called.
        """
        held = _grad(node) if not self._own else self.gradients.get(node)
        if held is not None:
            return held
        if self._gradients is None:
            self._gradients = {}
            self._ran = self.backward_ran()
            if self._ran:
                self._pull_all()
        if not self._ran:
            return NOT_COMPUTED
        if node.op is None and not self._own:
            return None  # backward did not come here, or .grad was set to None
        if node in self._blocked:
            return self._blocked[node]
        return self._gradients.get(node)

    def pull_again(self) -> None:
        """Compute the gradient of every node from the one result, as a first backward pass would; no ``.grad`` changes.

        >>> import tinygrad_bp as tg
        >>> from tinygrad_bp.autograd.history import history
        >>> w = tg.tensor(3.0, requires_grad=True)
        >>> loss = w * w
        >>> known = Known(history([loss.grad_fn]), [loss])
        >>> known.pull_again()
        >>> known.gradients[loss.grad_fn], known.gradients[w._node], w.grad
        (array(1., dtype=float32), array(6., dtype=float32), None)
        """
        self._own = True
        self._pull_all()

    def _pull_all(self) -> None:
        self._gradients, self._ran = {}, True
        started = self._seeds()
        if isinstance(started, str):
            self._blocked = dict.fromkeys(self.nodes, started)
            return
        blocked, found = self._blocked, self._gradients

        def pull(node: Node, g: Any) -> Sequence[Any]:
            found[node] = boxed(g)
            reason = blocked.get(node) or _hindrance(node)
            if reason is None:
                return pull_and_keep(node, g)
            for parent in node.parents:
                if parent is not None:
                    blocked.setdefault(parent, reason)
            return [None] * len(node.parents)

        def blocks(node: Node) -> None:
            """Whoever stands before a node whose gradient is not known has none that is."""
            for parent in node.parents:
                if parent is not None:
                    blocked.setdefault(parent, blocked[node])

        with unwatched(), no_grad(), np.errstate(all="ignore"):
            gradients = dict(started)
            for node in self.nodes:
                if node in blocked:
                    gradients.pop(node, None)
                    blocks(node)
                else:
                    gradients = walk([node], gradients, pull)
        found |= {node: boxed(g) for node, g in gradients.items() if node not in blocked}

    @property
    def gradients(self) -> dict[Node, Any]:
        """The gradients that ``pull_again`` found, by node."""
        return self._gradients or {}

    def backward_ran_here(self) -> bool:
        """Whether values were let go: a backward pass of this graph went through it."""
        return any(node.kept is None and node.op is not None and node.op.keeps_values for node in self.nodes)

    def started_otherwise(self) -> bool:
        """Whether the gradients that were computed again lead to others than the leaves hold."""
        for node, g in self.gradients.items():
            held = _grad(node) if node.op is None else None
            if held is not None and not np.allclose(held, g, rtol=1e-3, atol=1e-6, equal_nan=True):
                return True
        return False

    def _seeds(self) -> dict[Node, Any] | str:
        """Where backward began, or why that is not known."""
        ends = list(dict.fromkeys(tensor._node for tensor in self.outputs if tensor._node is not None))
        if len(ends) > 1:
            return SEVERAL
        seeds = {}
        for node in ends:
            held, dtype = (None if self._own else _grad(node)), self.dtype(node)
            if held is None and (node.shape != () or dtype is None or dtype.kind == "c"):
                return NO_SCALAR
            seeds[node] = np.ones((), dtype) if held is None else held
        return seeds


def _grad(node: Node) -> Any:
    """The array that ``.grad`` holds, or None."""
    grad = node.cell.grad if node.cell is not None else None
    return None if grad is None else grad._value


def _hindrance(node: Node) -> str | None:
    """Why the node's rule cannot be run once more, or None."""
    op = node.op
    assert op is not None
    hooks = node.cell.hooks if node.cell is not None else None
    if hooks is not None and (hooks.arrived or hooks.after):
        return HOOKED
    if not of_table(op):
        return OWN_RULE
    if node.kept is None:
        return FREED if op.keeps_values else None
    if any(written_since(array, node.order) for array in arrays_in(node.kept)):
        return WRITTEN
    return None
