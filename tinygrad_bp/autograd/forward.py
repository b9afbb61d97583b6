"""Forward mode: push tangents from the leaves to the outputs along a recorded graph, oldest node first.

An elementwise op's rule multiplies by its partial derivative, so the rule itself pushes a tangent. A linear op is its
own derivative, where the node keeps the parameters of its call, and a bilinear one is that of each side. Any other rule
is linear in the gradient arriving, and the derivative forward is its transpose: the rule is recorded at a stand-in for
that gradient and pulled back once more (Townsend 2017, *A new trick for calculating Jacobian vector products*).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .backward import pulled, restored, unbroadcast
from .batched import one_by_one, stands_for_many
from .device import near
from .function import FunctionOp
from .gradient import grad
from .history import history
from .kept import refuse_changed
from .modes import enable_grad, inference_mode, mode, no_grad, traced
from .node import Node
from .op import Op
from .tensor import Tensor, wrap
from .watch import tensors_of


def push_forward(
    outputs: Sequence[Tensor], tangents: Mapping[Node, Tensor], recorded: bool = True
) -> list[Tensor | None]:
    """The tangent of each output where the tensors of some nodes move along ``tangents``; None where none reaches it.

    The graph stays as it is. With ``recorded`` what is computed is recorded: tangents can be differentiated again.
    """
    nodes = history([output._node for output in outputs if output._node is not None])
    refuse_changed(nodes)
    moving: dict[Node, Tensor] = dict(tangents)
    with enable_grad() if recorded else no_grad():
        for node in reversed(nodes):
            if node not in moving:
                tangent = _pushed(node, [None if p is None else moving.get(p) for p in node.parents])
                if tangent is not None:
                    moving[node] = tangent
    return [None if output._node is None else moving.get(output._node) for output in outputs]


def _pushed(node: Node, tangents: list[Tensor | None]) -> Tensor | None:
    """The tangent of one node's result, from those of its parents."""
    if all(tangent is None for tangent in tangents):
        return None
    if traced():  # what a rule makes of an array that is no Tensor has no step
        kept: Any = restored(node, tensors_of)
    else:
        kept = restored(node) if mode().grad else tensors_of(list(node.kept or ()))
    op = node.op
    assert op is not None
    if isinstance(op, FunctionOp) and hasattr(op, "push"):
        if any([stands_for_many(tangent) for tangent in tangents]):
            return one_by_one(lambda *moved: op.push(list(moved), kept), tuple(tangents), {})  # type: ignore[no-any-return]
        return op.push(tangents, kept)
    if op.kind == "elementwise" and (
        op.holomorphic or not any(t is not None and t.dtype.kind == "c" for t in tangents)
    ):
        total: Any = None
        for i, tangent in enumerate(tangents):
            if tangent is not None:
                # One parent at a time: what the others would be given is not computed.
                only = tuple(parent if k == i else None for k, parent in enumerate(node.parents))
                part = op.pull(tangent, only, kept)[i]
                total = part if total is None else total + part
        if total.shape != node.shape:
            total = np.broadcast_to(total, node.shape)
        return total  # type: ignore[no-any-return]
    if op.kind == "linear" and None not in (*op.rules, *node.parents) and set(op.params) <= set(op.kept):
        return _mapped(op, node, tangents, dict(zip(op.kept, kept, strict=True)))
    if op.bilinear and set(op.params) <= set(op.kept):
        return _product(op, tangents, dict(zip(op.kept, kept, strict=True)))
    held = [k for k in kept if hasattr(k, "dtype") and k.dtype.kind in "fc"]
    dtype = np.result_type(*(t.dtype for t in tangents if t is not None), *(k.dtype for k in held))
    if op.gives == "real":
        dtype = np.empty(0, dtype).real.dtype
    elif op.gives == "complex":
        dtype = np.result_type(dtype, np.complex64)
    stand_in = near(wrap(np.zeros(node.shape, dtype), None), next(t for t in tangents if t is not None))
    stand_in.requires_grad = True
    recorded = mode().grad
    with inference_mode(False):  # which records, whatever holds outside
        pairs = [
            (unbroadcast(d, tangent.shape), tangent)
            for d, tangent in zip(pulled(node, stand_in, kept), tangents, strict=True)
            if d is not None and tangent is not None
        ]
        pairs = [(d, tangent.to(d.dtype)) for d, tangent in pairs if d.requires_grad]
    if not pairs:
        return None
    return grad([d for d, _ in pairs], stand_in, [t for _, t in pairs], create_graph=recorded, allow_unused=True)[0]


def _product(op: Op, tangents: list[Tensor | None], kept: dict[str, Any]) -> Tensor:
    """The product rule: da · b + a · db."""
    (a, b), params = op.inputs, {name: kept[name] for name in op.params}
    da, db = tangents
    if da is None:
        return op.function(kept[a], db, **params)  # type: ignore[no-any-return]
    part = op.function(da, kept[b], **params)
    return part if db is None else part + op.function(kept[a], db, **params)  # type: ignore[no-any-return]


def _mapped(op: Op, node: Node, tangents: list[Tensor | None], kept: dict[str, Any]) -> Tensor:
    """A linear op of the tangents: its inputs that do not move are 0."""
    dtype = np.result_type(*(t.dtype for t in tangents if t is not None))
    moved = [
        wrap(np.zeros(parent.shape, dtype), None) if tangent is None else tangent  # type: ignore[union-attr]
        for parent, tangent in zip(node.parents, tangents, strict=True)
    ]
    params = {name: kept[name] for name in op.params}
    return op.function(moved, **params) if op.variadic else op.function(*moved, **params)  # type: ignore[no-any-return]
