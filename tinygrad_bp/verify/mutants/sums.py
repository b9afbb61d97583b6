"""Broadcasting undone wrongly, sums and reshapes over wrong axes, slices that are off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from ...autograd.errors import shape_text
from ...autograd.node import Node
from ..case import Case, Guess
from .edges import Edge, edges, replaced
from .statistics import over
from .tape import Change, Gradient, Step, Tape, groups, places


def broadcast_sums(tape: Tape) -> Iterator[Change]:
    """An operand that was broadcast: its gradient is a mean, one row, or a sum over other axes."""
    found = [e for e in edges(tape) if _repeated(tape, e)]
    for some in groups(
        found, lambda e: (e.step.name, e.step.call.site),
        lambda e: e.step.name if e.step.name == "broadcast_to" else id(e),  # np.repeat along several axes
    ):  # fmt: skip
        what = f"The gradient of {tape.name(some[0].parent)}{places(e.step for e in some)}"
        first = _part(tape, some[0])
        more = _over_others(np.shape(first), _broadcast_axes(first, some[0].parent.shape), some[0].parent.shape)
        for kind, text, reduced in (*REDUCED, *more):
            rules = {e.step.node: replaced(e, _reduced(e, reduced)) for e in some}
            yield Change(kind, f"{what} is {text} where the sum over the broadcast axes is meant.", rules)


def _part(tape: Tape, edge: Edge) -> Any:
    """What an edge passes, not yet summed over broadcast axes."""
    if edge.step.name == "broadcast_to":
        return tape.total[edge.step.node]
    return next((d for p, d in tape.parts[edge.step.node] if p is edge.parent), None)


def _repeated(tape: Tape, edge: Edge) -> bool:
    part = _part(tape, edge)
    return part is not None and np.shape(part) != edge.parent.shape


def summed_otherwise(tape: Tape, case: Case, leaf: Node) -> Iterator[Guess]:
    """A gradient of another shape: a sum, or a mean, over other axes of what arrives where its leaf was broadcast."""
    case = replace(case, noise=float(np.max(case.noise)))  # of any shape
    found: dict[tuple[str, Shape], list[Edge]] = {}
    for edge in edges(tape):
        if edge.parent is leaf and _repeated(tape, edge):
            found.setdefault((edge.step.name, np.shape(_part(tape, edge))), []).append(edge)
    for (name, shape), some in found.items():
        whole = sum(_part(tape, edge) for edge in some)
        right = _broadcast_axes(whole, leaf.shape)
        for axes in (axes for count in range(1, len(shape) + 1) for axes in combinations(range(len(shape)), count)):
            for word, total in (("sum", np.sum), ("mean", np.mean)):
                for kept in (False, True):
                    if axes != right and case.fits(total(whole, axis=axes, keepdims=kept)):
                        where = over(axes) if len(axes) < len(shape) else "everything"
                        text = f"It is the {word} over {where} of what {name}{places(e.step for e in some)} passes to "
                        text += f"{tape.name(leaf)}, where the sum over {over(right)} is meant: its shape is "
                        text += f"{shape_text(case.hand.shape)}, the engine's is {shape_text(case.truth.shape)}."
                        yield "wrong axis", case.hand, None, text
                        return


Shape = tuple[int, ...]
Reduced = Callable[[Any, Shape, Shape], Any]  # of a gradient, the axes to sum over, and the shape to give


def _over_others(full: Shape, axes: Shape, shape: Shape) -> Iterator[tuple[str, str, Reduced]]:
    """Sums and means over any other axes, shaped as it is wanted, cut to size or repeated: those that fit first."""
    ndim = len(full)
    if not 0 < ndim <= 5 or np.prod(shape) < 2:
        return
    ways = [others for count in range(1, ndim + 1) for others in combinations(range(ndim), count) if others != axes]
    ways.sort(key=lambda others: np.prod([n for a, n in enumerate(full) if a not in others]) != np.prod(shape))
    for others in ways:
        where = over(others) if len(others) < ndim else "everything"
        yield "wrong axis", f"a sum over {where}", _summed(np.sum, others)
        yield "wrong axis", f"a mean over {where}", _summed(np.mean, others)


def _summed(total: Callable[..., Any], axes: Shape) -> Reduced:
    return lambda d, right, shape: shaped(total(d, axes), shape)


def shaped(d: Any, shape: Shape) -> Any:
    """A sum in the shape of a parameter: as it is, cut to size, or one number everywhere."""
    size = int(np.prod(shape))
    if np.size(d) >= size:
        return np.ravel(d)[:size].reshape(shape)
    return np.full(shape, np.ravel(d)[0]) if np.size(d) == 1 else np.broadcast_to(d, shape)


REDUCED: list[tuple[str, str, Reduced]] = [
    ("averaged", "a mean", lambda d, axes, shape: np.mean(d, axes).reshape(shape)),
    (
        "averaged",
        "a sum over the first and a mean over the others",
        lambda d, axes, shape: np.mean(np.sum(d, axes[0], keepdims=True), axes).reshape(shape),
    ),
    (
        "averaged",
        "a mean over the first and a sum over the others",
        lambda d, axes, shape: np.sum(np.mean(d, axes[0], keepdims=True), axes).reshape(shape),
    ),
    ("not summed", "that of the first example, or copy, alone", lambda d, axes, shape: _at(d, axes, 0).reshape(shape)),
    ("not summed", "that of the last example, or copy, alone", lambda d, axes, shape: _at(d, axes, -1).reshape(shape)),
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


def _at(d: Any, axes: Shape, place: int) -> Any:
    return d[tuple(place if a in axes else slice(None) for a in range(d.ndim))]


def _broadcast_axes(d: Any, shape: Shape) -> Shape:
    extra = np.ndim(d) - len(shape)
    return tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 != np.shape(d)[i + extra])


def _reduced(edge: Edge, reduced: Reduced) -> Callable[[Step, Gradient], Gradient]:
    def gradient(step: Step, g: Gradient) -> Gradient:
        d = g if step.name == "broadcast_to" else step.pull(g)[edge.operand]
        return reduced(d, _broadcast_axes(d, edge.parent.shape), edge.parent.shape)

    return gradient


def sums_of_results(tape: Tape) -> Iterator[Change]:
    """A bias that is added place by place, and whose gradient is a sum of the whole result's over wrong axes."""
    for leaf in tape.leaves:
        i = tape.leaves.index(leaf)
        added = [s for s in tape.users.get(leaf, ()) if s.name in ("add", "sub", "getitem", "reshape", "expand_dims")]
        if not added or not leaf.shape or max(leaf.shape) < 2 or max(leaf.shape) < np.prod(leaf.shape):
            continue
        for node in [n for n in tape.distinct if len(n.shape) > 1 and i in tape.below.get(n, ())][:OTHERS]:
            total = tape.total[node]
            sums = {axes: np.sum(total, axes) for c in range(1, 5) for axes in combinations(range(total.ndim), c)}
            guesses = {axes: shaped(d, leaf.shape) for axes, d in sums.items() if d.size in (1, *_fitting(d, leaf))}
            right = [axes for axes, guess in guesses.items() if np.allclose(guess, tape.total[leaf], rtol=1e-9)]
            what = f"The gradient of {tape.name(leaf)}{places(added)} is a"
            of = f"of the gradient of {tape.name(node)}{places(s for s in tape.steps if s.node is node)}"
            for axes, guess in guesses.items() if right else ():
                where = over(axes) if len(axes) < total.ndim else "everything"
                mean = guess * sums[axes].size / total.size
                if axes in right:
                    yield Change(
                        "averaged", f"{what} mean over {where} {of}, where a sum is meant.", totals={leaf: mean}
                    )
                    continue
                for word, one in (("sum", guess), ("mean", mean)):
                    yield Change("wrong axis", f"{what} {word} over {where} {of}: wrong axes.", totals={leaf: one})


def _fitting(d: Any, leaf: Node) -> tuple[int, ...]:
    return (d.size,) if d.size >= np.prod(leaf.shape) else ()


OTHERS = 20  # values whose gradients are summed for a bias


def averages(tape: Tape) -> Iterator[Change]:
    """The mean: its division left out, made twice, made along some of its axes alone, or by one number for all."""
    found = [s for s in tape.steps if s.name == "mean" and s.node in tape.parts and s.call.values]
    for some in groups(found, lambda s: s.call.site.anywhere):
        sizes = [_sizes(step) for step in some]
        counts = [int(np.prod(own)) for own in sizes]
        count, one = max(counts), len(set(counts)) == 1
        if count == 1:
            continue
        what = f"What the mean{places(some)} passes back is"
        own = f"{count}, the elements that it is of" if one else f"the number of its own elements ({_listed(counts)})"
        table = [
            ("summed", f"not divided by {own}", [float(n) for n in counts]),
            ("averaged", f"divided by {own}, twice", [1 / n for n in counts]),
        ]
        meant = f"it is a mean of {count}" if one else f"it is a mean of {_listed(counts)} elements"
        others = (
            set(sizes[0]) - {1, count} if one else {*counts, *tape.counts, *(n for w in tape.leaves for n in w.shape)}
        )
        for n in sorted(others):
            text = f"divided by {n} where {meant}"
            table.append(("summed" if one else "wrong count", text, [m / n for m in counts]))
        table.append(("n − 1", f"divided by one less than {own}", [n / max(n - 1, 1) for n in counts]))
        table.append(("wrong factor", f"divided by the square root of {own}", [n**0.5 for n in counts]))
        for kind, text, factors in table:
            rules = {s.node: replaced(Edge(s, 0), _times(f)) for s, f in zip(some, factors, strict=True)}
            yield Change(kind, f"{what} {text}.", rules)
        for text, all_of_it in (("", False), (", all of it", True)):
            masks = [_one(s.call.values[0], _axes(s), 0) * (n if all_of_it else 1) for s, n in zip(some, counts)]
            sentence = f"{what} given to the first element alone{text}; each element has the same part."
            rules = {s.node: replaced(Edge(s, 0), _times(mask)) for s, mask in zip(some, masks, strict=True)}
            yield Change("wrong element", sentence, rules)


def _axes(step: Step) -> tuple[int, ...]:
    """The axes that a reduction takes away, or makes 1."""
    ndim, axis = step.call.values[0].ndim, step.call.params.get("axis")
    return tuple(range(ndim)) if axis is None else tuple(np.atleast_1d(axis) % ndim)


def _sizes(step: Step) -> list[int]:
    return [int(step.call.values[0].shape[a]) for a in _axes(step)]


def _listed(counts: list[int]) -> str:
    """The first of some counts; steps are newest first."""
    return f"{', '.join(map(str, counts[:-5:-1]))}{', …' if counts[4:] else ''}"


def _times(factor: Any) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: factor * step.pull(g)[0]


def running(tape: Tape) -> Iterator[Change]:
    """Running sums: their gradient runs from the end, each place with what comes after it."""
    found = [s for s in tape.steps if s.name == "cumsum" and s.node in tape.parts and s.call.values]
    for some in groups(found, lambda s: s.call.site.anywhere):
        for kind, text, total in RUNNING:
            rules = {s.node: replaced(Edge(s, 0), _along(total, s.call.params["axis"])) for s in some}
            yield Change(kind, f"The gradient of the running sum{places(some)} {text}; it is one from the end.", rules)


RUNNING: list[tuple[str, str, Callable[[Any, int], Any]]] = [
    ("running sum", "is a running sum from the start", lambda g, axis: np.cumsum(g, axis)),
    ("derivative missing", "is g itself, not summed", lambda g, axis: g),
    ("running sum", "is the whole sum in each place",
     lambda g, axis: np.broadcast_to(np.sum(g, axis, keepdims=True), np.shape(g))),
    ("shifted", "is without its own place", lambda g, axis: np.flip(np.cumsum(np.flip(g, axis), axis), axis) - g),
    ("running sum", "has the differences of what arrives", lambda g, axis: np.diff(g, axis=axis, prepend=0)),
]  # fmt: skip


def _along(total: Callable[[Any, int], Any], axis: int) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: total(g, axis)


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
    x, axes = step.call.values[0], _axes(step)
    lost = () if step.call.params.get("keepdims") else axes
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
    ("counted twice", "to each of several equal elements in full, where they share it or one of them has it", _largest),
    ("mask missing", "to all elements where it belongs to the largest one", lambda x, axes: np.ones(x.shape)),
    ("mask missing", "in equal shares to all elements, as that of a mean, where it belongs to the largest one",
     lambda x, axes: np.ones(x.shape) / _count(x, axes)),
    ("wrong element", "to the first element where it belongs to the largest one", lambda x, axes: _one(x, axes, 0)),
    ("wrong element", "to the last element where it belongs to the largest one", lambda x, axes: _one(x, axes, -1)),
    ("wrong element", "to the smallest element", lambda x, axes: _largest(-x, axes)),
    ("wrong element", "to the element that is largest without its sign",
     lambda x, axes: _largest(np.abs(x), axes)),
    ("derivative", "times the value", lambda x, axes: x * _largest(x, axes)),
    ("mask inverted", "to all elements but the largest one", lambda x, axes: ~_largest(x, axes)),
    ("factor", "divided by the number of elements, as that of a mean",
     lambda x, axes: _largest(x, axes) / _count(x, axes)),
    ("mask missing", "to what is above 0 where it belongs to the largest one", lambda x, axes: x > 0),
]  # fmt: skip


def _masked(mask: Any, axes: tuple[int, ...]) -> Callable[[Step, Gradient], Gradient]:
    return lambda step, g: np.expand_dims(g, axes) * mask
