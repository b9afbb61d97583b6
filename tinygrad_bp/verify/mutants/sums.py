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
    ("wrong axis", "a sum over the other axis, cut to size", _cut),
    ("wrong axis", "a sum over the other axis, cut to size", _cut),
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


def averages(tape: Tape) -> Iterator[Change]:
    """The mean: its division left out, made twice, or made along some of its axes alone."""
    found = [s for s in tape.steps if s.name == "mean" and s.node in tape.parts and s.call.values]
    for some in groups(found, lambda s: s.call.site.anywhere):
        x = some[0].call.values[0]
        axis = some[0].call.params.get("axis")
        axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis) % x.ndim)
        count = int(np.prod([x.shape[a] for a in axes]))
        what = f"What the mean{places(some)} passes back is"
        table = [("summed", f"not divided by the {count} elements that it is of", float(count))]
        table.append(("averaged", f"divided by {count}, the elements that it is of, twice", 1 / max(count, 1)))
        sizes = {int(x.shape[a]) for a in axes} - {1, count}
        table += [("summed", f"divided by {n} where it is a mean of {count}", count / n) for n in sorted(sizes)]
        for kind, text, factor in table if count > 1 else ():
            rules = {s.node: replaced(Edge(s, 0), _times(factor)) for s in some}
            yield Change(kind, f"{what} {text}.", rules)
        for text, factor in (("", 1.0), (", all of it", float(count))):
            if count > 1 and all(s.call.values[0].shape == x.shape for s in some):
                rule = replaced(Edge(some[0], 0), _times(factor * _one(x, axes, 0)))
                sentence = f"{what} given to the first element alone{text}; each element has the same part."
                yield Change("wrong element", sentence, {s.node: rule for s in some})


def _times(factor: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: factor * step.pull(g)[0]


def extremes(tape: Tape) -> Iterator[Change]:
    """The maximum: its gradient to everything, to the first of each window, or shared."""
    found = [s for s in tape.steps if s.name in ("amax", "amin") and s.node in tape.parts and s.call.values]
    for some in groups(found, lambda s: s.call.site.anywhere):
        tables = [_picks(step) for step in some]
        for masks in zip(*tables, strict=True):
            kind, text = masks[0][:2]
            rules = {s.node: replaced(Edge(s, 0), _masked(m[2], m[3])) for s, m in zip(some, masks, strict=True)}
            yield Change(kind, f"The gradient of the maximum{places(some)} goes {text}.", rules)


def _picks(step: Step) -> list[tuple[str, str, Any, tuple[int, ...]]]:
    """What is written for the mask of the largest element, and the axes that the maximum took away."""
    x = step.call.values[0]
    axis, keep = step.call.params.get("axis"), step.call.params.get("keepdims")
    axes = tuple(range(x.ndim)) if axis is None else tuple(np.atleast_1d(axis) % x.ndim)
    lost = () if keep else axes
    x = x if step.name == "amax" else -x  # of a minimum the mask is that of −x
    return [(kind, text, mask(x, axes), lost) for kind, text, mask in PICKED]


def _one(x: Any, axes: tuple[int, ...], place: int) -> Any:
    mask = np.zeros(x.shape)
    mask[tuple(place if a in axes else slice(None) for a in range(x.ndim))] = 1
    return mask


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[a] for a in axes]))


def _largest(x: Any, axes: tuple[int, ...]) -> Any:
    return x == np.max(x, axes, keepdims=True)


PICKED: list[tuple[str, str, Callable[[Any, tuple[int, ...]], Any]]] = [
    ("mask missing", "to all elements where it belongs to the largest one", lambda x, axes: np.ones(x.shape)),
    ("mask missing", "in equal shares to all elements, as that of a mean, where it belongs to the largest one",
     lambda x, axes: np.ones(x.shape) / _count(x, axes)),
    ("wrong element", "to the first element where it belongs to the largest one", lambda x, axes: _one(x, axes, 0)),
    ("wrong element", "to the last element where it belongs to the largest one", lambda x, axes: _one(x, axes, -1)),
    ("wrong element", "to the smallest element", lambda x, axes: _largest(-x, axes)),
    ("derivative", "times the value", lambda x, axes: x * _largest(x, axes)),
    ("mask inverted", "to all elements but the largest one", lambda x, axes: ~_largest(x, axes)),
    ("factor", "divided by the number of elements, as that of a mean",
     lambda x, axes: _largest(x, axes) / _count(x, axes)),
    ("mask missing", "to what is above 0 where it belongs to the largest one", lambda x, axes: x > 0),
]  # fmt: skip


def _masked(mask: Any, axes: tuple[int, ...]) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.expand_dims(g, axes) * mask
