"""Pooling as one op: gradients to a wrong element of each window, to all of them, or at the wrong place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from .boxes import moved
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
    """Maxima of windows: their size, stride and border are those with which the maxima are what they are."""
    image, after = tape.step_of.get(step.parents[0]), tape.users.get(step.node, [])  # type: ignore[arg-type]
    if image is None or image.name != "reshape" or not image.call.values or not after or after[0].name != "reshape":
        return
    flat, shape = step.call.values[0], after[0].node.shape
    size = image.call.values[0].shape[2 - len(shape) :]
    if flat.ndim != 3 or len(shape) < 3 or flat.shape[2] != np.prod(size):
        return
    x = np.reshape(flat, (*flat.shape[:2], *size))
    known = _geometry(x, after[0].call.result)
    if known is None:
        return
    kernel, stride, border, read = known
    d = len(kernel)
    axes = tuple(range(2, 2 + d))
    strides, borders = (stride,) * d, (border,) * d

    def to(
        mask: Any, scale: float = 1, how: str = "add", strides: tuple[int, ...] = strides, turn: bool = False,
        then: Callable[[Any], Any] = lambda image: image,
    ) -> Rule:  # fmt: skip
        def rule(step: Step, g: Gradient) -> Any:
            g = np.reshape(g, shape)
            part = np.expand_dims(np.swapaxes(g, -1, -2) if turn else g, axes) * mask * scale
            image_g = then(spread(part, size, strides, borders, how)).reshape(image.call.values[0].shape)
            return [] if image.parents[0] is None else [(image.parents[0], image_g)]

        return rule

    finite = np.where(np.isfinite(read), read, 0)
    ones, largest = np.ones(read.shape), read == np.max(read, axes, keepdims=True)
    first, last = (np.zeros(read.shape) for _ in range(2))
    first.reshape(*read.shape[:2], -1, *read.shape[2 + d :])[:, :, 0] = 1
    last.reshape(*read.shape[:2], -1, *read.shape[2 + d :])[:, :, -1] = 1
    smallest = finite == np.min(finite, axes, keepdims=True)
    found = [
        ("mask missing", "goes to every element of the window", to(ones)),
        ("mask missing", "is shared by every element of the window, as that of a mean", to(ones, 1 / np.prod(kernel))),
        ("wrong element", "goes to the first element of the window", to(first)),
        ("wrong element", "goes to the last element of the window", to(last)),
        ("wrong element", "goes to the smallest element of the window", to(smallest)),
        ("mask inverted", "goes to all but the largest element", to(~largest)),
        ("derivative", "is multiplied by the value", to(largest * finite)),
        ("derivative", "is the value for every element of the window", to(finite)),
        ("factor", "is divided by the size of the window", to(largest, 1 / np.prod(kernel))),
        ("overwritten", "is written over where windows overlap: add it up with +=", to(largest, how="last")),
        ("overwritten", "is written over where windows overlap, from the end", to(largest, how="first")),
        (
            "overwritten",
            "is assigned to the largest element of each window, also to one of several: add it up with +=",
            to(largest, how="last at"),
        ),
        (
            "wrong element",
            "goes to the element that is largest without its sign",
            to(np.abs(finite) == np.max(np.abs(finite), axes, keepdims=True)),
        ),
    ]
    for axis, by in product(range(-d, 0), (1, -1)):
        text = f"is written one place {'later' if by > 0 else 'earlier'} along axis {axis + d + 2}"
        found.append(("shifted", text, to(largest, then=partial(moved, step=by, axis=axis))))
        found.append(("shifted", f"{text}, round the end", to(largest, then=partial(np.roll, shift=by, axis=axis))))
    if d == 2 and kernel[0] == kernel[1]:
        found.append(
            ("transposed", "goes to the element with row and column exchanged", to(np.swapaxes(largest, *axes)))
        )
    if stride > 1:
        found.append(("stride ignored", "is written at i where i · stride is meant", to(largest, strides=(1,) * d)))
    if d == 2 and shape[2] == shape[3]:
        found.append(("transposed", "is read with rows and columns exchanged", to(largest, turn=True)))
    for kind, text, rule in found:
        sentence = f"The gradient of the maximum of each window{places([step])} {text}; it belongs to the largest one."
        yield Change(kind, sentence, {step.node: rule})


def _geometry(x: Any, y: Any) -> tuple[tuple[int, ...], int, int, Any] | None:
    """Kernel, stride and border of windows whose maxima are ``y``, and what they read; None where none fits."""
    d, counts = y.ndim - 2, y.shape[2:]
    for border, k, stride in product((0, 1), range(2, 6), range(1, 6)):
        kernel = (k,) * d
        if any((n + 2 * border - k) // stride + 1 != count for n, count in zip(x.shape[2:], counts, strict=True)):
            continue
        frame = np.pad(x, [(0, 0), (0, 0), *((border, border),) * d], constant_values=-np.inf)
        whole = np.lib.stride_tricks.sliding_window_view(frame, kernel, tuple(range(2, 2 + d)))
        read = whole[(slice(None), slice(None), *(slice(None, None, stride),) * d)]
        if np.array_equal(np.max(read, tuple(range(-d, 0))), y):
            return kernel, stride, border, np.moveaxis(read, tuple(range(-d, 0)), tuple(range(2, 2 + d)))
    return None
