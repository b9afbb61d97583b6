"""Backward: the chain rule along a history. Broadcasting is undone here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .dtypes import float16, float32
from .errors import FreedError, ShapeError, shape_text
from .flat import belonging
from .node import Node
from .residuals import residual
from .tensor import wrap

Gradients = dict[Node, Any]
Pull = Callable[[Node, Any], Sequence[Any]]


def walk(
    nodes: Iterable[Node], gradients: Gradients, pull: Pull, arrived: Callable[[Node, Any], Any] | None = None
) -> Gradients:
    """Pull ``gradients`` of some nodes back through ``nodes``, newest first; what is left are those of the leaves.

    When the walk comes to a node its gradient is complete: whatever read the node's value is newer. ``pull`` gives
    one gradient per parent; ``arrived``, where given, sees (and may replace) the complete gradient of a node that
    has a cell.
    """
    for node in nodes:
        g = gradients.pop(node, None)
        if g is None:  # a rule gave None
            continue
        if arrived is not None and node.cell is not None:
            g = arrived(node, g)
        for parent, d in zip(node.parents, pull(node, g)):
            if parent is None or d is None:
                continue
            if d.shape != parent.shape:
                d = unbroadcast(d, parent.shape)
            if parent in gradients:
                d = gradients[parent] + d  # never +=: rules may give one array to two parents
            gradients[parent] = d
    return gradients


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which a value of ``shape`` was repeated; ``g`` may be an array or a Tensor.

    >>> import numpy as np
    >>> unbroadcast(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    """
    if g.__class__ is np.ndarray and g.dtype == float16:  # a long sum in it would stand still, or overflow on the way
        return unbroadcast(g.astype(float32), shape).astype(float16)
    extra = g.ndim - len(shape)
    if extra > 0:
        g = np.add.reduce(g, axis=tuple(range(extra)))
    repeated = tuple(i for i, (have, want) in enumerate(zip(g.shape, shape, strict=False)) if want == 1 != have)
    if repeated:
        g = np.add.reduce(g, axis=repeated, keepdims=True)
    if g.shape != shape:
        raise ShapeError(f"a rule gave a gradient of shape {shape_text(g.shape)} for an input of {shape_text(shape)}")
    return g


# ---------------------------------------------------------------------- one node: three ways to pull


def pull_and_free(node: Node, g: Any) -> tuple[Any, ...]:
    """The gradients of the parents, as raw arrays; the node lets go of the values that it kept."""
    kept = node.kept
    if kept is None:
        raise FreedError(
            f"trying to go backward through {node!r} a second time: the values it kept were freed by the first "
            "backward. Write retain_graph=True in the first call, or compute the result again"
        )
    op = node.op
    if op.keeps_values:  # type: ignore[union-attr]
        node.kept = None
    if g.dtype.kind != "c":  # a call less for every node
        return op.pull(g, node.parents, kept)  # type: ignore[union-attr]
    return pulled(node, g, kept)


def pull_and_keep(node: Node, g: Any) -> tuple[Any, ...]:
    """The gradients of the parents, as raw arrays."""
    kept = node.kept
    return pull_and_free(node, g) if kept is None else pulled(node, g, kept)


def pull_recorded(node: Node, g: Any, constant: Callable[[Any], Any] = lambda kept: kept) -> tuple[Any, ...]:
    """The gradients of the parents as Tensors: the rules are recorded, so they can be differentiated in turn."""
    if node.kept is None:
        return pull_and_free(node, g)
    gradients = pulled(node, g, restored(node, constant))
    return belonging(gradients, node) if node.op.grad_grad_fn else gradients  # type: ignore[union-attr]


def pulled(node: Node, g: Any, kept: tuple[Any, ...]) -> tuple[Any, ...]:
    """The op's rules at work on the gradient arriving and the values kept.

    Complex numbers follow PyTorch's convention: the gradient is ∂L/∂Re + i ∂L/∂Im. A rule states the derivative of a
    holomorphic function; the gradient takes its conjugate, since conj(f' · conj(g)) = conj(f') · g.
    Source: Kreutz-Delgado, *The Complex Gradient Operator*, 2009.
    """
    op = node.op
    if g.dtype.kind == "c" and op.holomorphic:  # type: ignore[union-attr]
        rules = op.pull(np.conjugate(g), node.parents, kept)  # type: ignore[union-attr]
        return tuple(d if d is None else np.conjugate(d) for d in rules)
    return op.pull(g, node.parents, kept)  # type: ignore[union-attr]


def restored(node: Node, constant: Callable[[Any], Any] = lambda kept: kept) -> tuple[Any, ...]:
    """The kept values as Tensors with their history, so that the rules themselves are recorded.

    ``constant`` gives what stands for a kept value that has no history.
    """
    op, kept = node.op, node.kept
    assert op is not None and kept is not None
    restored = dict(zip(op.kept, map(constant, kept), strict=True))
    for name, value in zip(op.kept, kept):
        source = node if name == "y" else None
        if name in op.inputs and not op.variadic:
            source = node.parents[op.inputs.index(name)]
        if source is not None and value is not None:
            restored[name] = wrap(value, source)
    for name, value in zip(op.kept, kept):
        if name in op.residuals and value is not None:
            restored[name] = residual(op, name, value, restored)
    return tuple(restored.values())
