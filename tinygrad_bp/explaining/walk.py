"""Backward once, with its numbers: what arrives at each step, and what each step passes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import writes
from ..autograd.backward import pull_and_keep, unbroadcast
from ..autograd.errors import FreedError, NonScalarError, ShapeError, shape_text
from ..autograd.grad_fn import hooked
from ..autograd.history import history
from ..autograd.hooks import run_hooks
from ..autograd.kept import refuse_changed
from ..autograd.modes import no_grad
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.watch import unwatched


class Walk:
    """The steps between a loss and the tensors ``wanted``, newest first, and the numbers of one backward.

    Nothing is freed, and no ``.grad`` changes; hooks run. Raises ``FreedError`` where backward has freed the graph,
    ``NonScalarError`` and ``ShapeError`` where it cannot begin, and ``ModifiedError`` where a kept value was written.
    """

    def __init__(self, loss: Tensor, wanted: Iterable[Node], gradient: Any = None) -> None:
        self.end: Node | None = loss._node
        self.whole: list[Node] = history([self.end]) if self.end is not None else []
        self.wanted: list[Node] = list(wanted)
        self.seed: Any = started(loss, gradient)
        self.nodes: list[Node] = _towards(self.whole, set(self.wanted))
        self.leading: set[Node] = {*self.nodes, *self.wanted}
        refuse_freed(self.nodes)
        refuse_changed(self.nodes)
        self.kept: dict[Node, tuple[Any, ...] | None] = {
            node: node.kept for node in self.whole
        }  # also after a backward that frees it
        self.moment: int = writes.last_write()
        self.arrived: dict[Node, Any] = {}  # the whole gradient of each
        self.passed: dict[Node, tuple[Any, ...]] = {}  # what goes to each input
        self.readers: dict[Node, list[tuple[Node, int]]] = {}  # the steps that read a value, and as which input
        self.hooked: set[Node] = set()  # where a function of the user's changes the gradient
        with unwatched(), no_grad(), np.errstate(all="ignore"):
            self._pull()

    def _pull(self) -> None:
        pull = hooked(pull_and_keep, False)
        arrived, leading = self.arrived, self.leading
        if self.end in leading:
            arrived[self.end] = self.seed
        for node in self.nodes:
            g = arrived.get(node)
            if g is None:
                continue
            if node.cell is not None and node.cell.hooks is not None:
                g = arrived[node] = self._through_hooks(node, g)
            found: list[Any] = []
            for i, (parent, d) in enumerate(zip(node.parents, pull(node, g))):
                if parent is None or d is None or parent not in leading:
                    found.append(None)
                    continue
                if d.shape != parent.shape:
                    d = unbroadcast(d, parent.shape)
                held = arrived.get(parent)
                arrived[parent] = np.asarray(d if held is None else held + d)
                self.readers.setdefault(parent, []).append((node, i))
                found.append(d)
            self.passed[node] = tuple(found)
        for node in self.wanted:
            if node.op is None and node in arrived and node.cell is not None and node.cell.hooks is not None:
                arrived[node] = self._through_hooks(node, arrived[node])

    def written(self) -> bool:
        """Whether a value that the steps kept was written since."""
        if writes.last_write() == self.moment:
            return False
        return any(
            writes.written_since(array, self.moment)
            for node in self.nodes
            for array in writes.arrays_in(self.kept[node] or ())
        )

    def _through_hooks(self, node: Node, g: Any) -> Any:
        hooks = node.cell.hooks  # type: ignore[union-attr]
        assert hooks is not None
        if hooks.after:
            self.hooked.add(node)
        if hooks.arrived:
            self.hooked.add(node)
            return run_hooks(node, hooks, g, False)
        return g


def started(loss: Tensor, gradient: Any) -> Any:
    """The gradient with which backward begins."""
    value = loss._value
    if gradient is None:
        if value.size != 1 or value.dtype.kind == "c":
            raise NonScalarError(
                f"explain: the loss has shape {shape_text(value.shape)} and dtype {value.dtype}, and a gradient begins "
                "with a real number. Reduce it first (loss.sum() or loss.mean()), or give gradient= of that shape"
            )
        return np.ones(value.shape, value.dtype)
    array = np.asarray(gradient._value if isinstance(gradient, Tensor) else gradient)
    if array.shape != value.shape:
        raise ShapeError(
            f"explain: the loss has shape {shape_text(value.shape)}, the gradient given for it "
            f"{shape_text(array.shape)}; both must agree"
        )
    return array.astype(value.dtype, copy=False)


def refuse_freed(nodes: list[Node]) -> None:
    """Raise ``FreedError`` where backward has let go of what some step kept."""
    freed = [node for node in nodes if node.kept is None]
    if freed:
        raise FreedError(
            f"explain: backward has freed what {len(freed)} of the {len(nodes)} steps kept, the last of them "
            f"{freed[0]!r}. Write tg.explain(loss, wrt=W) before loss.backward(), or loss.backward(retain_graph=True), "
            "or give the function that computes it: tg.explain(f, wrt=W)"
        )


def _towards(nodes: list[Node], targets: set[Node]) -> list[Node]:
    """The nodes on a way to a target, newest first."""
    leading, found = set(targets), []
    for node in reversed(nodes):
        for parent in node.parents:
            if parent in leading:
                leading.add(node)
                found.append(node)
                break
    return found[::-1]
