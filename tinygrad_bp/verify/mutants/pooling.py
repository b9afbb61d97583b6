"""Pooling as one op: gradients to a wrong element of each window, to all of them, or at the wrong place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...autograd.node import Node
from .edges import Edge, replaced
from .tape import Change, Gradient, Rule, Step, Tape, places
from .windows import geometry_of, spread


def pools(tape: Tape) -> Iterator[Change]:
    """Sums over windows, and maxima picked from them."""
    for step in tape.steps:
        if step.node in tape.parts and step.call.values:
            if step.name == "window_sum":
                yield from _sums(step)
            elif step.name == "picked":
                yield from _picks(tape, step)


def _sums(step: Step) -> Iterator[Change]:
    x = step.call.values[0]
    kernel = tuple(step.call.params["kernel"])
    d = len(kernel)
    _, strides, borders = geometry_of(step, kernel)
    corner = np.zeros(kernel)
    corner[(0,) * d] = 1
    whole = np.ones(kernel)

    def put(weights: Any, strides: tuple[int, ...] = strides, how: str = "add") -> Callable[[Step, Gradient], Gradient]:
        def gradient(step: Step, g: Gradient) -> Gradient:
            rows = np.reshape(g, (1, -1, *g.shape[g.ndim - d :]))
            parts = np.expand_dims(rows, tuple(range(2, 2 + d))) * weights.reshape(1, 1, *kernel, *(1,) * d)
            return spread(parts, x.shape[x.ndim - d :], strides, borders, how).reshape(x.shape)

        return gradient

    for kind, text, gradient in (
        ("wrong element", "goes to the first element of each window alone", put(corner)),
        ("wrong element", "goes to the first element of each window alone, all of it", put(corner * whole.size)),
        ("stride ignored", "is written at i where i · stride is meant", put(whole, (1,) * d)),
        ("overwritten", "is written over where windows overlap: add it up with +=", put(whole, how="last")),
    ):
        rule = replaced(Edge(step, 0), gradient)
        yield Change(kind, f"The gradient of the windows' mean or sum{places([step])} {text}.", {step.node: rule})


def _picks(tape: Tape, step: Step) -> Iterator[Change]:
    """Maxima of windows that do not overlap, which the shapes before and after tell."""
    image, after = tape.step_of.get(step.parents[0]), tape.users.get(step.node, [])  # type: ignore[arg-type]
    if image is None or image.name != "reshape" or not image.call.values or not after or after[0].name != "reshape":
        return
    x, shape = image.call.values[0], after[0].node.shape
    if x.ndim != 4 or len(shape) != 4 or x.shape[2] % shape[2] or x.shape[3] % shape[3]:
        return
    n, c, h, w = x.shape
    rows, columns = shape[2:]
    inside = x.reshape(n, c, rows, h // rows, columns, w // columns)
    largest = np.max(inside, (3, 5), keepdims=True)
    if not np.array_equal(largest.reshape(shape), after[0].call.result):
        return
    smallest = np.min(inside, (3, 5), keepdims=True)
    ones, corner, last = np.ones(inside.shape), np.zeros(inside.shape), np.zeros(inside.shape)
    corner[:, :, :, 0, :, 0] = 1
    last[:, :, :, -1, :, -1] = 1
    for kind, text, mask in (
        ("mask missing", "goes to every element of the window", ones),
        ("mask missing", "is shared by every element of the window", ones / (ones[0, 0, 0, :, 0, :].size)),
        ("wrong element", "goes to the first element of the window", corner),
        ("wrong element", "goes to the last element of the window", last),
        (
            "wrong element",
            "goes to the smallest element of the window",
            inside == smallest,
        ),
        ("mask inverted", "goes to all but the largest element", inside != largest),
        ("derivative", "is multiplied by the value", np.where(inside == largest, inside, 0)),
    ):
        sentence = f"The gradient of the maximum of each window{places([step])} {text}; it belongs to the largest one."
        yield Change(kind, sentence, {step.node: _masked(image.parents[0], mask, x.shape, (n, c, rows, 1, columns, 1))})


def _masked(image: Node | None, mask: Any, shape: tuple[int, ...], windows: tuple[int, ...]) -> Rule:
    return lambda step, g: [] if image is None else [(image, (np.reshape(g, windows) * mask).reshape(shape))]
