"""The engine's side of a check: gradients from a recorded graph, and which change of it gives others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.gradient import grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Raw
from ..autograd.values import value_of
from .case import Case, Guess
from .mutants.explain import explanations
from .mutants.recorder import Recorder
from .mutants.tape import Tape


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


def explained(
    graph: Callable[[], tuple[Any, ...]], cases: Sequence[Case], computed: Callable[[], list[Any]]
) -> dict[int, Guess]:
    """For each wrong case that one change of the graph explains, by its place: what the change is.

    ``graph()`` records the forward and gives its output, the leaves, and the gradient arriving (None: 1). The last
    cases are the leaves' gradients. ``computed()`` are the values that the hand-written program has on the way.
    """
    recorder = Recorder()
    with recorder:
        output, leaves, *rest = graph()
    upstream = rest[0] if rest and rest[0] is not None else np.ones(output.shape)
    before = len(cases) - len(leaves)
    nodes = [leaf._node for leaf in leaves]
    tape = Tape(output._node, nodes, recorder, np.asarray(upstream, dtype=np.float64), [c.name for c in cases[before:]])
    return {i + before: guess for i, guess in explanations(tape, cases[before:], computed).items()}
