"""The right numbers of another time, in other places, or stretched."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from ..case import Case, Guess

FARTHEST = 9  # places that what is shifted may be off


def stale(case: Case) -> Iterator[Guess]:
    """The gradient of the step before."""
    if case.previous is not None and np.shape(case.previous) == case.truth.shape:
        yield "stale", case.previous, None, "It is the gradient of the previous step: computed before the update."


def transposed(case: Case) -> Iterator[Guess]:
    """Two axes swapped: a square matrix."""
    truth = case.truth
    if not case.same or not case.free or truth.ndim == 0:
        return
    for i, j in combinations(range(truth.ndim), 2):
        if truth.shape[i] == truth.shape[j]:
            axes = f" in axes {i} and {j}" if truth.ndim > 2 else ""
            yield "transposed", np.swapaxes(truth, i, j), None, f"It is the transpose of the engine's{axes}."


def turned_round(case: Case) -> Iterator[Guess]:
    """Some axes turned round, of a kernel, or the elements in another order."""
    truth = case.truth
    if not case.same or not case.free or truth.ndim == 0:
        return
    for count in (1, 2, 3):
        for some in combinations(range(truth.ndim), count):
            which = " and ".join(str(a) for a in some)
            text = f"It is the engine's turned round along axis {which}, as a kernel that is flipped where it is not."
            yield "flipped", np.flip(truth, some), None, text
    text = "It has the engine's numbers in column order: a reshape with order='F', or of a transpose."
    yield "wrong order", np.reshape(truth, truth.shape, order="F"), None, text
    yield "wrong order", np.reshape(truth.T, truth.shape), None, text
    yield "wrong order", np.reshape(np.ravel(truth), truth.shape, order="F"), None, text


def moved(case: Case) -> Iterator[Guess]:
    """The right numbers in other places."""
    if not case.same or case.truth.ndim == 0 or not case.free:
        return
    for axis, size in enumerate(case.truth.shape):
        steps = (step for by in range(1, min(size, FARTHEST)) for step in (by, -by))
        for step in steps if size > 1 else ():
            shifted = np.roll(case.truth, step, axis)
            yield "shifted", shifted, None, f"It is the engine's shifted by {step} along axis {axis}."
            cut = np.array(shifted)
            cut[(*[slice(None)] * axis, slice(0, step) if step > 0 else slice(step, None))] = 0
            yield "shifted", cut, None, f"It is the engine's shifted by {step} along axis {axis}, zero at the end."
        order = _order(case.truth, axis), _order(case.hand, axis)
        placed = np.take(np.take(case.truth, order[0], axis), np.argsort(order[1]), axis)
        yield "permuted", placed, None, f"It has the engine's numbers in another order along axis {axis}."


def parts(case: Case) -> Iterator[Guess]:
    """Right but for a few places along an axis, which are zero or another place's; or right there alone."""
    if not case.same or case.truth.ndim == 0 or not case.free:
        return
    allowed = case.allowed(case.truth)
    near, large = np.abs(case.hand - case.truth) <= allowed, np.abs(case.truth) > allowed
    for axis, size in enumerate(case.truth.shape):
        others = tuple(a for a in range(case.truth.ndim) if a != axis)
        right, said = np.all(near, others), np.any(large, others)
        wrong, known = np.flatnonzero(~right), np.flatnonzero(right & said)
        if size < 3 or not wrong.size or not known.size:
            continue
        where = f"at {', '.join(map(str, wrong[:4]))}{', …' if len(wrong) > 4 else ''} along axis {axis}"
        rows = np.moveaxis(case.hand, axis, 0)
        if not rows[wrong].any():
            text = f"It is zero {where}, and right elsewhere: those places are left out."
            if len(known) == 1 < len(wrong):
                text = f"It is right at {known[0]} along axis {axis} alone, and zero elsewhere: only one place counts."
            yield "part missing", case.hand, None, text
        sources = [next((j for j in known if np.array_equal(rows[i], rows[j])), None) for i in wrong]
        if rows[0].size > 1 and all(j is not None for j in sources):
            text = f"It is right but {where}, where what belongs at {', '.join(map(str, sources[:4]))} stands again."
            yield "wrong place", case.hand, None, text


def summed_up(case: Case) -> Iterator[Guess]:
    """Sums along an axis: running ones, or all of it in each place or in one."""
    if not case.same or case.truth.ndim == 0 or not case.free:
        return
    for axis, size in enumerate(case.truth.shape):
        if size < 2 or case.truth.size < 4:
            continue
        total = np.sum(case.truth, axis, keepdims=True)
        sums = f"In each place along axis {axis} stands the sum of the engine's"
        yield "running sum", np.cumsum(case.truth, axis), None, f"{sums} up to there: not set to zero in between."
        back = np.flip(np.cumsum(np.flip(case.truth, axis), axis), axis)
        yield "running sum", back, None, f"{sums} from there on: not set to zero in between."
        yield "wrong axis", np.broadcast_to(total, case.truth.shape), None, f"{sums} along that axis."
        mean = np.broadcast_to(total / size, case.truth.shape)
        yield "wrong axis", mean, None, f"In each place along axis {axis} stands the mean of the engine's."
        for place in (0, size - 1):
            one = np.zeros(case.truth.shape)
            at: Any = tuple(slice(None) if a != axis else slice(place, place + 1) for a in range(one.ndim))
            one[at] = total
            text = f"All that belongs along axis {axis} stands in place {place}: a wrong index."
            yield "wrong place", one, None, text


def _order(array: Any, axis: int) -> Any:
    rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    return np.lexsort(rows.T[::-1])


def stretched(case: Case) -> Iterator[Guess]:
    """Each row, or each column, has a factor of its own."""
    if not case.same or case.truth.ndim != 2 or min(case.truth.shape) < 3:
        return
    for axis, what in ((1, "row"), (0, "column")):
        square = np.sum(case.truth * case.truth, axis, keepdims=True)
        r = np.sum(case.hand * case.truth, axis, keepdims=True) / np.where(square, square, 1)
        text = f"Each {what} is the engine's times a number of its own, {r.min():.4g} to {r.max():.4g}."
        yield f"factor per {what}", r * case.truth, None, text
