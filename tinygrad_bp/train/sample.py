"""What one step of a training shows of itself: the gradient of each layer, and how its units stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.backward import pulled, walk
from ..autograd.elsewhere import hosted
from ..autograd.errors import ModifiedError
from ..autograd.history import history
from ..autograd.kept import refuse_changed
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from ..autograd.types import Raw

SQUASHING = {"sigmoid": 0.25, "tanh": 1.0}  # units that saturate on both sides, and their largest slope
GATES = ("relu", "maximum", "clip")  # units whose slope is 0 on one side
SATURATED = 0.01  # of the largest slope
KEPT = 1024  # elements of a layer's gradient that are kept to compare directions


@dataclass(frozen=True)
class Units:
    """The units of one activation: the share that is saturated, and which of them were at work on some example."""

    layer: str
    kind: str
    saturated: float = 0.0
    alive: Any = None  # a bool a unit, of gates


@dataclass
class Sample:
    """One step that was looked at. Layers are in the order in which the forward uses them."""

    step: int
    gradients: dict[str, float]  # by layer: the root of the mean square of its weight's gradient
    direction: Any = None  # a part of all gradients, in one row
    units: list[Units] = field(default_factory=list)  # of hidden layers
    updates: dict[str, float] = field(default_factory=dict)  # by layer: how long the step was, of its weight's length


def taken(step: int, loss: Tensor, weights: Mapping[str, Tensor]) -> Sample:
    """Look at a step between its forward and its backward; after backward only ``.grad`` is left to see."""
    nodes = history([loss._node]) if loss._node is not None else []
    try:
        refuse_changed(nodes)
        whole = bool(nodes) and all(node.kept is not None for node in nodes)
    except ModifiedError:  # the optimizer has stepped: what the graph keeps is not what it was made from
        whole = False
    with np.errstate(all="ignore"):
        found = _pulled(loss, nodes) if whole else {}
        order, used = _forward_order(nodes, weights)
        grads = {name: _gradient(weights[name], found, whole) for name in order}
        grads = {name: grad for name, grad in grads.items() if grad is not None}
        units = _units(nodes, used) if whole else []
        rms = {name: float(np.sqrt(np.mean(np.square(g, dtype=np.float64)))) for name, g in grads.items() if g.size}
    parts = [np.asarray(_some(grad), np.float32) for grad in grads.values()]
    return Sample(step, rms, np.concatenate(parts) if parts else None, units)


def _pulled(loss: Tensor, nodes: Sequence[Node]) -> dict[Node, Any]:
    """The gradients of the leaves; the graph stays."""
    start = np.ones(loss._value.shape, loss._value.dtype)
    return walk(nodes, {loss._node: start}, lambda node, g: pulled(node, g, node.kept or ()))  # type: ignore[dict-item]


def _gradient(weight: Tensor, found: Mapping[Node, Any], whole: bool) -> Any:
    if whole:
        return found.get(weight._node)  # type: ignore[arg-type]
    grad = weight.grad
    return None if grad is None else grad._value


def _forward_order(nodes: Sequence[Node], weights: Mapping[str, Tensor]) -> tuple[list[str], dict[Node, str]]:
    """The layers in the order of their first use, and by op which layer it uses; all as given without a graph."""
    names = {weight._node: name for name, weight in weights.items()}
    used: dict[Node, str] = {}
    for node in reversed(nodes):
        for parent in node.parents:
            if parent in names:
                used[node] = names[parent]
    order = list(dict.fromkeys(used.values()))
    return [*order, *(name for name in weights if name not in order)], used


def _units(nodes: Sequence[Node], used: Mapping[Node, str]) -> list[Units]:
    """The units of every activation between two layers, and the layer before it."""
    later: set[Node] = set()  # what goes on to another layer
    for node in nodes:
        if node in later or node in used:
            later.update(parent for parent in node.parents if parent is not None)
    behind: dict[Node, str] = {}
    found: list[Units] = []
    for node in reversed(nodes):
        layer = used.get(node) or next((behind[p] for p in reversed(node.parents) if p in behind), None)
        if layer is None:
            continue
        behind[node] = layer
        if node in later and len(node.shape) >= 2 and node.op is not None:
            if node.op.name in SQUASHING:
                slopes = _slopes(node)
                share = float(np.mean(np.abs(slopes) < SATURATED * SQUASHING[node.op.name])) if slopes.size else 0.0
                found.append(Units(layer, node.op.name, saturated=share))
            elif node.op.name in GATES:
                unit = 1 if len(node.shape) == 4 else len(node.shape) - 1  # channels of an image, else the last axis
                others = tuple(axis for axis in range(len(node.shape)) if axis != unit)
                found.append(Units(layer, node.op.name, alive=np.any(_slopes(node) != 0, axis=others)))
    return found


def _slopes(node: Node) -> Any:
    """The slope of every element of an op that works on each alone."""
    given = pulled(node, np.ones(node.shape), node.kept or ())
    return next(d for d, parent in zip(given, node.parents) if parent is not None)


def _some(array: Any) -> Any:
    """At most ``KEPT`` elements, evenly spread."""
    flat = array.reshape(-1)
    return hosted(flat[:: max(1, -(-flat.size // KEPT))])


def length(array: Raw) -> float:
    """The length of an array as a vector."""
    return float(np.sqrt(np.sum(np.square(array, dtype=np.float64))))


def part_of(weight: Tensor) -> Any:
    """A copy of some elements of a weight, of which the length of an update is told."""
    return np.array(_some(weight._value))
