"""The engine's side of a check: gradients from a recorded graph, right ones and ones with one rule changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.backward import pulled, walk
from ..autograd.gradient import grad
from ..autograd.history import history
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Raw
from ..autograd.values import value_of
from .diagnose import INVERTED, UNMASKED, Guess


def leaf(array: Raw, record: bool = True) -> Any:
    """A float array as a float64 leaf; anything else as it is."""
    if not (isinstance(array, np.ndarray) and array.dtype.kind == "f"):
        return array
    leaf = wrap(np.array(array, dtype=np.float64), None)
    leaf.requires_grad = record
    return leaf


def gradients(output: Tensor, leaves: list[Tensor], upstream: Raw | None = None) -> list[Any]:
    """The gradients of the leaves; zeros where the output does not depend on one."""
    start = None if upstream is None else wrap(np.asarray(upstream), None)
    found = grad(output, leaves, start, allow_unused=True, retain_graph=True)
    return [np.zeros(leaf.shape) if g is None else value_of(g) for g, leaf in zip(found, leaves, strict=True)]


def mutants(output: Tensor, leaves: list[Tensor], upstream: Raw | None = None) -> list[list[Guess]]:
    """The gradients of the leaves again, with the rule of one op at a time left out, or inverted where it is a gate."""
    seed = np.ones(output.shape) if upstream is None else np.asarray(upstream)
    guesses: list[list[Guess]] = [[] for _ in leaves]

    root: Any = output._node
    nodes = history([root])

    def changed(name: str, change: Callable[[Any, Any], Any]) -> tuple[list[Any], bool]:
        gate = True

        def pull(node: Any, g: Any) -> Any:
            nonlocal gate
            gradients = pulled(node, g, node.kept)
            if node.op.name != name:
                return gradients
            wanted = [d for parent, d in zip(node.parents, gradients) if parent is not None and d is not None]
            gate = gate and all(d.shape == g.shape and bool(np.all((d == 0) | (d == g))) for d in wanted)
            return [change(g, d) if d is not None and d.shape == g.shape else d for d in gradients]

        found = walk(nodes, {root: seed}, pull)
        return [found.get(leaf._node, np.zeros(leaf.shape)) for leaf in leaves], gate  # type: ignore[arg-type]

    def one_way(node: Any) -> bool:
        return sum(parent is not None for parent in node.parents) == 1

    changeable = [node.op for node in nodes if node.op and node.op.kind in ("elementwise", "general") and one_way(node)]
    for name in dict.fromkeys(op.name for op in changeable):
        without, gate = changed(name, lambda g, d: g)
        inverted, _ = changed(name, lambda g, d: g - d)
        for i in range(len(leaves)):
            if gate:
                guesses[i] += [
                    ("mask inverted", inverted[i], None, INVERTED.format(f" of {name}")),
                    ("mask missing", without[i], None, UNMASKED.format(f" of {name}")),
                ]
            else:
                guesses[i].append(("derivative missing", without[i], None, f"The derivative of {name} is left out."))
    return guesses
