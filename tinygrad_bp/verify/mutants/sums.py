"""Broadcasting undone wrongly, sums and reshapes over wrong axes, slices that are off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .edges import Edge, edges, replaced
from .tape import Change, Gradient, Step, Tape, groups, places


def broadcast_sums(tape: Tape) -> Iterator[Change]:
    """An operand that was broadcast: its gradient is a mean, one row, or a sum over other axes."""
    found = [e for e in edges(tape) if _repeated(tape, e)]
    for some in groups(found, lambda e: (e.step.name, e.step.call.site)):
        what = f"The gradient of {tape.name(some[0].parent)}{places(e.step for e in some)}"
        for kind, text, reduced in REDUCED:
            rules = {e.step.node: replaced(e, _reduced(e, reduced)) for e in some}
            yield Change(kind, f"{what} is {text} where the sum over the broadcast axes is meant.", rules)


def _repeated(tape: Tape, edge: Edge) -> bool:
    part = [d for p, d in tape.parts[edge.step.node] if p is edge.parent]
    return bool(part) and np.shape(part[0]) != edge.parent.shape


Reduced = Callable[[Any, tuple[int, ...], tuple[int, ...]], Any]


def _other_axes(d: Any, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    others = tuple(a for a in range(d.ndim) if a not in axes)
    return np.sum(d, others).reshape(shape)


def _cut(d: Any, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    others = tuple(a for a in range(d.ndim) if a not in axes)
    return np.ravel(np.sum(d, others))[: int(np.prod(shape))].reshape(shape)


REDUCED: list[tuple[str, str, Reduced]] = [
    ("averaged", "a mean", lambda d, axes, shape: np.mean(d, axes).reshape(shape)),
    ("wrong axis", "a sum over the other axis", _other_axes),
    ("wrong axis", "a sum over the other axis, cut to size", lambda d, axes, shape: _cut(d, axes, shape)),
    ("wrong axis", "one sum over everything", lambda d, axes, shape: np.full(shape, np.sum(d))),
    ("wrong axis", "a mean over everything", lambda d, axes, shape: np.full(shape, np.mean(d))),
    ("not summed", "that of the first example alone", lambda d, axes, shape: _at(d, axes, 0).reshape(shape)),
    ("not summed", "that of the last example alone", lambda d, axes, shape: _at(d, axes, -1).reshape(shape)),
    (
        "not summed",
        "a sum over one axis, of the first place along the others",
        lambda d, axes, shape: np.sum(_at(d, axes[1:], 0), axes[0]).reshape(shape),
    ),
    (
        "not summed",
        "a sum over the last axis, of the first place along the others",
        lambda d, axes, shape: np.sum(_at(d, axes[:1], 0), tuple(a - 1 for a in axes[1:])).reshape(shape),
    ),
    ("maximum", "a maximum", lambda d, axes, shape: np.max(d, axes).reshape(shape)),
]


def _at(d: Any, axes: tuple[int, ...], place: int) -> Any:
    return d[tuple(place if a in axes else slice(None) for a in range(d.ndim))]


def _reduced(edge: Edge, reduced: Reduced) -> Callable[[Step, Gradient], Gradient]:
    shape = edge.parent.shape

    def gradient(step: Step, g: Gradient) -> Gradient:
        d = step.pull(g)[edge.operand]
        extra = d.ndim - len(shape)
        axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 != d.shape[i + extra])
        return reduced(d, axes, shape)

    return gradient


def extremes(tape: Tape) -> Iterator[Change]:
    """The maximum: its gradient to everything, to the first of each window, or shared."""
    for step in tape.steps:
        if step.name not in ("amax", "amin") or step.node not in tape.parts or not step.call.values:
            continue
        x = step.call.values[0]
        axis, keep = step.call.params.get("axis"), step.call.params.get("keepdims")
        axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis) % x.ndim)
        count = np.prod([x.shape[a] for a in axes])
        first = np.zeros(x.shape)
        first[tuple(0 if a in axes else slice(None) for a in range(x.ndim))] = 1
        for kind, text, mask in (
            ("mask missing", "to all elements where it belongs to the largest one", np.ones(x.shape)),
            ("mask missing", "shared by all elements where it belongs to the largest one", np.ones(x.shape) / count),
            ("wrong element", "to the first element where it belongs to the largest one", first),
            ("wrong element", "to the smallest element", x == np.min(x, axes, keepdims=True)),
            ("derivative", "times the value", x * (x == np.max(x, axes, keepdims=True))),
            ("mask inverted", "to all elements but the largest one", x != np.max(x, axes, keepdims=True)),
        ):
            text = f"The gradient of the maximum{places([step])} goes {text}."
            yield Change(kind, text, {step.node: replaced(Edge(step, 0), _masked(mask, () if keep else axes))})


def _masked(mask: Any, axes: tuple[int, ...]) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.expand_dims(g, axes) * mask
