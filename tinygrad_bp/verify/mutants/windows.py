"""Convolution as one op:  a kernel flipped or shifted, a stride or a border ignored, overlaps lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from .edges import Edge, replaced
from .tape import Change, Gradient, Step, Tape, places

Windows = Any  # (rows, channels, *kernel, *counts): what a window reads, or its gradient


def windows(tape: Tape) -> Iterator[Change]:
    """Convolutions with a wrong gradient of their input or of their kernel."""
    for step in tape.steps:
        plain = step.call.params.get("groups", 1) == 1 and _each(step, "dilation", 1, 1) == 1
        if step.name != "convolution" or step.node not in tape.parts or not step.call.values or not plain:
            continue
        what = f"The convolution{places([step])}:"
        for kind, text, gradient in (*_of_input(step), *_of_kernel(step)):
            operand = 0 if "input" in text else 1
            if step.parents[operand] is not None:
                rule = replaced(Edge(step, operand), gradient)
                yield Change(kind, f"{what} the gradient of its {text}.", {step.node: rule})


def _each(step: Step, name: str, axis: int, default: int) -> int:
    """A parameter along one axis: a number, or one for each axis; of a border the part before."""
    given = step.call.params.get(name, default)
    for _ in range(2):
        if isinstance(given, (tuple, list)):
            given, axis = given[min(axis, len(given) - 1)], 0
    return int(given)


def geometry_of(step: Step, kernel: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Kernel, strides and borders of an op over windows."""
    axes = range(len(kernel))
    return kernel, tuple(_each(step, "stride", a, 1) for a in axes), tuple(_each(step, "padding", a, 0) for a in axes)


def spread(
    parts: Windows, size: tuple[int, ...], strides: tuple[int, ...], borders: tuple[int, ...], how: str = "add",
    shift: int = 0, cropped: bool = True,
) -> Any:  # fmt: skip
    """The gradient of the input: what each window gives, put where it was read."""
    d = len(size)
    kernel, counts = parts.shape[2 : 2 + d], parts.shape[2 + d :]
    room = tuple(n + 2 * p + shift + k for n, p, k in zip(size, borders, kernel, strict=True))
    total = np.zeros((*parts.shape[:2], *room))
    order = list(product(*(range(n) for n in counts)))
    for at in order if how != "first" else order[::-1]:
        place = tuple(slice(i * s + shift, i * s + shift + k) for i, s, k in zip(at, strides, kernel, strict=True))
        window_at: Any = (Ellipsis, *at)
        part = parts[window_at]
        target: Any = (slice(None), slice(None), *place)
        if how == "last at":  # what a mask has left of it is assigned, the rest stays as it was
            part = np.where(part != 0, part, total[target])
        total[target] = part if how != "add" else total[target] + part
    starts = borders if cropped else (0,) * d
    return total[(slice(None), slice(None), *(slice(b, b + n) for b, n in zip(starts, size, strict=True)))]


def _parts(g: Gradient, w: Any) -> Windows:
    """What every window's gradient is: (rows, channels, *kernel, *counts)."""
    d = w.ndim - 2
    return np.moveaxis(np.tensordot(g, w, axes=((1,), (0,))), tuple(range(1, d + 1)), tuple(range(-d, 0)))


def _read(
    x: Any, kernel: tuple[int, ...], counts: tuple[int, ...], strides: tuple[int, ...], borders: tuple[int, ...],
    shift: int = 0, roll: tuple[int, ...] = (),
) -> Windows:  # fmt: skip
    """What every window reads; of the input with its border moved on by ``roll``, round the ends."""
    room = [(0, 0), (0, 0), *((b, b + k + shift + n) for b, k, n in zip(borders, kernel, counts, strict=True))]
    border = np.pad(x, [(0, 0), (0, 0), *((b, b) for b in borders)])
    if roll:
        border = np.roll(border, roll, tuple(range(2, border.ndim)))
    frame = np.pad(border, [(0, 0), (0, 0), *((0, after - before) for before, after in room[2:])])
    found = np.zeros((*x.shape[:2], *kernel, *counts))
    for at in product(*(range(n) for n in counts)):
        place = tuple(slice(i * s + shift, i * s + shift + k) for i, s, k in zip(at, strides, kernel, strict=True))
        window: Any = (slice(None), slice(None), *place)
        window_at: Any = (Ellipsis, *at)
        found[window_at] = frame[window]
    return found


def _of_input(step: Step) -> Iterator[tuple[str, str, Callable[[Step, Gradient], Gradient]]]:
    x, w = step.call.values[:2]
    kernel, strides, borders = geometry_of(step, w.shape[2:])
    size, spatial = x.shape[2:], tuple(range(2, w.ndim))
    ones = (1,) * len(size)

    def put(w: Any = w, strides: Any = strides, **how: Any) -> Callable[[Step, Gradient], Gradient]:
        return lambda step, g: spread(_parts(g, w), size, strides, borders, **how)

    yield "flipped", "input is made with the kernel turned round", put(np.flip(w, spatial))
    yield "transposed", "input is made with the kernel transposed", put(np.swapaxes(w, -1, -2))
    yield "overwritten", "input is written over where windows overlap: add them up with +=", put(how="last")
    yield "overwritten", "input is written over where windows overlap, from the end", put(how="first")
    one = np.zeros((w.shape[0], *(1,) * (w.ndim - 1)))
    one[-1] = 1
    text = "input is that of the last filter, written over where windows overlap: add all up with +="
    yield "overwritten", text, put(w * one, how="last")
    yield "shifted", "input lies one place too late", put(shift=1)
    yield "padding", "input is not cropped by the padding: take [p:-p]", put(cropped=False)
    if any(s > 1 for s in strides):
        yield "stride ignored", "input is written at i where i · stride is meant", put(strides=ones)
        yield "stride ignored", "input is written at i, with the kernel turned round", put(np.flip(w, spatial), ones)
    for text, some in _one_stride(strides):
        yield "stride ignored", f"input is written at i where i · stride is meant, {text}", put(strides=some)
    for axis in spatial:
        for by in (1, -1):
            yield "shifted", f"input is shifted by {by} along axis {axis}", _rolled(0, by, axis)
        yield "flipped", f"input is made with the kernel turned round along axis {axis}", put(np.flip(w, axis))
    for axis in spatial:  # a loop that leaves out the first or last row of each window
        for text, cut in (("first", 0), ("last", kernel[axis - 2] - 1)):
            one = np.ones(w.shape[axis])
            one[cut] = 0
            shape = [-1 if a == axis else 1 for a in range(w.ndim)]
            left = w * one.reshape(shape)
            yield "shifted", f"input is without the {text} row of each window along axis {axis}", put(left)
            moved = np.roll(left, 1 if cut else -1, axis)
            yield (
                "shifted",
                f"input has each window one place off, without its {text} row along axis {axis}",
                put(moved),
            )


def _one_stride(strides: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The strides with that of one axis left out."""
    for axis, by in enumerate(strides):
        if by > 1 < len(strides):
            yield f"along axis {axis + 2} alone", (*strides[:axis], 1, *strides[axis + 1 :])


def _rolled(operand: int, by: int, axis: int) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.roll(step.pull(g)[operand], by, axis)


def _of_kernel(step: Step) -> Iterator[tuple[str, str, Callable[[Step, Gradient], Gradient]]]:
    x, w = step.call.values[:2]
    kernel, strides, borders = geometry_of(step, w.shape[2:])
    counts = step.node.shape[2:]
    d = len(kernel)
    ones, none = (1,) * d, (0,) * d

    def read(
        strides: Any = strides, borders: Any = borders, shift: int = 0,
        of: Callable[[Gradient], Gradient] = lambda g: g, rows: slice = slice(None), roll: tuple[int, ...] = (),
    ) -> Callable[[Step, Gradient], Gradient]:  # fmt: skip
        def gradient(step: Step, g: Gradient) -> Gradient:
            found = _read(x, kernel, counts, strides, borders, shift, roll)[rows]
            over = (0, *range(2 + d, 2 + 2 * d))
            return np.tensordot(of(g)[rows], found, axes=((0, *range(2, 2 + d)), over))

        return gradient

    spatial = tuple(range(2, 2 + d))
    yield "flipped", "kernel is turned round", lambda step, g: np.flip(step.pull(g)[1], spatial)
    yield "transposed", "kernel is transposed", lambda step, g: np.swapaxes(step.pull(g)[1], -1, -2)
    yield "flipped", "kernel is made with the gradient arriving turned round", read(of=lambda g: np.flip(g, spatial))
    yield "shifted", "kernel is made with windows one place too late", read(shift=1)
    for roll in product((-1, 0, 1), repeat=d):
        if any(roll):
            way = ", ".join(f"{-by:+d} along axis {a}" for a, by in zip(spatial, roll, strict=True) if by)
            yield "shifted", f"kernel is made with windows that start elsewhere: {way}", read(roll=roll)
    yield "not summed", "kernel is that of the last example alone", read(rows=slice(-1, None))
    yield "not summed", "kernel is that of the first example alone", read(rows=slice(0, 1))
    if any(s > 1 for s in strides):
        yield "stride ignored", "kernel is made with windows at i where i · stride is meant", read(strides=ones)
    for text, some in _one_stride(strides):
        yield (
            "stride ignored",
            f"kernel is made with windows at i where i · stride is meant, {text}",
            read(strides=some),
        )
    if any(borders):
        yield "padding", "kernel is made with windows of the input without its padding", read(borders=none)
    for place, text in ((0, "first"), (-1, "last")):
        yield "overwritten", f"kernel is that of the {text} window alone", read(of=_one_place(place, d))


def _one_place(place: int, d: int) -> Callable[[Gradient], Gradient]:
    def only(g: Gradient) -> Gradient:
        kept = np.zeros(g.shape)
        at: Any = (slice(None), slice(None), *(place for _ in range(d)))
        kept[at] = g[at]
        return kept

    return only
