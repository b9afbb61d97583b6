"""Functions of one input, known by their values: however ``1 / (1 + np.exp(-z))`` is spelled, it is a sigmoid of z.

A function may be one op or many. What it is made of is passed over where its derivative is replaced by another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ...autograd.node import Node
from .tape import Step, Tape

DEPTH = 12  # how many ops a function may be made of, one after the other


class Function(NamedTuple):
    """A function y of x somewhere in the graph."""

    name: str
    step: Step  # the last of what it is made of
    input: Node
    x: Any
    y: Any
    axes: tuple[int, ...] = ()


def sigmoid(x: Any) -> Any:
    """The logistic function."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def softmax(x: Any, axis: int) -> Any:
    """Exponentials along an axis, divided by their sum."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(0, x),
    "abs": np.abs,
    "silu": lambda x: x * sigmoid(x),
    "leaky_relu": lambda x: x,  # its slope is read off: see _is
    "square": np.square,
}


def functions(tape: Tape) -> Iterator[Function]:
    """Every function that is known by its values, and every op of one input whose derivative is elementwise."""
    for step in tape.steps:
        y = step.call.result
        if y is None or y.dtype.kind != "f" or step.node not in tape.parts:
            continue
        best = None
        for node, x in _behind(tape, step):
            known = _known(x, y)
            # Of equal values, as before and after a bias of zeros, the later one is what the function was given.
            older = best is None or (node.order < best.input.order and not np.array_equal(x, best.x))
            if known is not None and older:
                best = Function(known[0], step, node, x, y, known[1])
        if best is not None:
            yield best
        elif len(step.parents) == 1 and step.recorded.op.kind == "elementwise" and step.call.values:  # type: ignore[union-attr]
            yield Function(step.name, step, step.parents[0], step.call.values[0], y)  # type: ignore[arg-type]


def _behind(tape: Tape, step: Step) -> Iterator[tuple[Node, Any]]:
    """The nodes of the same shape of which a step may be a function, nearest first."""
    seen, level = {step.node}, [step.node]
    for _ in range(DEPTH):
        parents = [p for node in level if node in tape.step_of for p in tape.step_of[node].parents if p is not None]
        level = [p for p in dict.fromkeys(parents) if p not in seen]
        seen.update(level)
        for node in level:
            if node.shape == step.node.shape and node in tape.values:
                yield node, tape.values[node]


def _known(x: Any, y: Any) -> tuple[str, tuple[int, ...]] | None:
    """The name of the function that gives ``y`` for ``x``, and its axes; None where it is none of those known."""
    if x.size < 2 or x.dtype.kind != "f" or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    for name, function in ELEMENTWISE.items():
        if name != "leaky_relu" and _is(function, x, y):
            return name, ()
    below = x < 0
    if below.any() and not below.all() and np.array_equal(x[~below], y[~below]):
        slopes = y[below] / x[below]
        if 0 < slopes[0] < 1 and np.allclose(slopes, slopes[0], rtol=1e-9):
            return "leaky_relu", ()
        tails = y[below] / np.expm1(x[below])
        if tails[0] > 0 and np.allclose(tails, tails[0], rtol=1e-9):
            return "elu", ()
    for axis in range(x.ndim):
        for name, p, signs in (("softmax", y, y >= 0), ("log_softmax", np.exp(np.minimum(y, 0)), y <= 0)):
            if x.shape[axis] > 1 and signs.all() and _same(np.sum(p, axis), 1) and _same(softmax(x, axis), p):
                return name, (axis,)
    for count in range(1, x.ndim + 1):
        for axes in combinations(range(x.ndim), count):
            if _standardised(x, y, axes):
                return "normalisation", axes
            if _over_length(x, y, axes, np.mean):
                return "root mean square", axes
            if _over_length(x, y, axes, np.sum):
                return "unit length", axes
    return None


def _is(function: Callable[[Any], Any], x: Any, y: Any) -> bool:
    with np.errstate(all="ignore"):
        return _same(function(x), y)


def _same(a: Any, b: Any) -> bool:
    return bool(np.all(np.abs(a - b) <= 1e-9 * (1e-3 + np.abs(b))))


def _standardised(x: Any, y: Any, axes: tuple[int, ...]) -> bool:
    """Whether y is x less its mean, over its deviation, along some axes; the variance may have a number added."""
    size = np.prod([x.shape[a] for a in axes])
    if size < 2 or not np.all(np.abs(np.mean(y, axes)) < 1e-9):
        return False
    square = np.mean(y * y, axes)
    if not (np.all(square < 1 + 1e-9) and np.all(square > 0.2)):
        return False
    centred = x - np.mean(x, axes, keepdims=True)
    scale = np.sqrt(np.mean(centred * centred, axes, keepdims=True) / np.mean(y * y, axes, keepdims=True))
    return _same(centred / scale, y) and not _same(centred, y)


def _over_length(x: Any, y: Any, axes: tuple[int, ...], total: Callable[..., Any]) -> bool:
    """Whether y is x over the root of its squares' mean or sum along some axes, with one number added or none."""
    square = total(y * y, axes, keepdims=True)
    if np.prod([x.shape[a] for a in axes]) < 2 or not (np.all(square < 1 + 1e-9) and np.all(square > 0.2)):
        return False
    of_x = total(x * x, axes, keepdims=True)
    scale = np.sqrt(of_x / square)
    added = scale * scale - of_x
    return _same(x / scale, y) and bool(np.ptp(added) <= 1e-9 * np.max(of_x)) and not _same(x, y)
