"""Gradients whose own slope is 0, as those of relu and max pooling: with ``create_graph`` they belong to the graph.

A rule such as ``g * (x > 0)`` reads x through a comparison, which records nothing. As in PyTorch the gradient requires
grad all the same, and zeros follow, so that a second derivative is 0 there and no error.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .batched import Batched, batched
from .node import Node, recorded
from .op import Op
from .tensor import Tensor, wrap
from .values import beside


def belonging(gradients: tuple[Any, ...], node: Node) -> tuple[Any, ...]:
    """The gradients of a node's parents, each with a slope of 0 in what the node's inputs were made from."""
    assert node.op is not None
    op = _identity(node.op.grad_grad_fn)
    return tuple([d if d is None else _recorded(op, d, node) for d in gradients])


def _recorded(op: Op, d: Tensor, node: Node) -> Tensor:
    if isinstance(d, Batched):
        return batched(_recorded(op, d.slices, node), d.level)
    return wrap(d._value, recorded(op, d._value, (d._node, *node.parents), ()))


@cache
def _identity(name: str) -> Op:
    """An op that gives its first input, and whose slope in the others is 0; ``name`` is PyTorch's of its nodes."""
    op = Op()
    op.name, op.kind, op.grad_fn, op.grad_grad_fn = "flat", "general", name, ""
    op.rules, op.inputs, op.params, op.residuals, op.kept = (), ("x",), {}, {}, ()
    op.variadic, op.keeps_values, op.bilinear, op.holomorphic, op.gives = True, False, False, False, ""
    op.doc, op.formula, op.hint = "A gradient whose slope is 0.", "x", ""
    op.pull, op.back = _pull, None
    return op


def _pull(g: Any, parents: tuple[Node | None, ...], kept: tuple[Any, ...]) -> tuple[Any, ...]:
    zeros = [None if parent is None else beside(g, np.zeros(parent.shape, g.dtype)) for parent in parents[1:]]
    return (g, *zeros)
