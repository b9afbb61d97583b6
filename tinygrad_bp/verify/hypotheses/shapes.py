"""Gradients of another shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from ...autograd.errors import shape_text
from ..case import Case, Guess


def shapes(case: Case) -> Iterator[Guess]:
    """A gradient of another shape: an axis not summed, or a transpose."""
    hand, truth = case.hand, case.truth
    if case.same:
        return
    where = f"its shape is {shape_text(hand.shape)}, the engine's is {shape_text(truth.shape)}"
    for axes in (some for count in range(1, hand.ndim + 1) for some in combinations(range(hand.ndim), count)):
        summed = np.sum(hand, axis=axes)
        if summed.size == truth.size and replace(case, hand=summed.reshape(truth.shape)).fits(truth):
            yield "not summed", hand, None, f"A broadcast axis is not summed: {where}; summed over {axes} it is right."
    if hand.shape == truth.shape[::-1] and replace(case, hand=hand.T).fits(truth):
        yield "transposed", hand, None, f"It is the transpose of the engine's: {where}."
    for index in _within(hand.shape, truth.shape):
        if replace(case, hand=hand[index]).fits(truth):
            cut = ", ".join(f"{s.start}:{s.stop}" if s.stop - s.start < n else ":" for s, n in zip(index, hand.shape))
            yield "padding", hand, None, f"What lies in the border is not cut off: {where}; [{cut}] of it is right."
    if hand.size == truth.size and replace(case, hand=hand.reshape(truth.shape)).fits(truth):
        yield "shape", hand, None, f"The numbers are right, in another shape: {where}."
    if case.mutants is not None:
        yield from case.mutants()
    yield "shape", hand, None, f"It has another shape: {where}."


def _within(whole: tuple[int, ...], part: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Where a part may lie in a larger array: in the middle, at the start, or at the end."""
    if len(whole) == len(part) and all(n >= k for n, k in zip(whole, part, strict=True)):
        for share in (0.5, 0.0, 1.0):
            starts = [int((n - k) * share) for n, k in zip(whole, part, strict=True)]
            yield tuple(slice(s, s + k) for s, k in zip(starts, part, strict=True))
