"""Gradients of another shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...autograd.errors import shape_text
from ..case import Case, Guess


def shapes(case: Case) -> Iterator[Guess]:
    """A gradient of another shape: an axis not summed, or a transpose."""
    hand, truth = case.hand, case.truth
    if case.same:
        return
    extra = hand.ndim - truth.ndim
    axes = tuple(range(extra)) + tuple(
        i + extra for i, size in enumerate(truth.shape) if extra >= 0 and size == 1 != hand.shape[i + extra]
    )
    where = f"its shape is {shape_text(hand.shape)}, the engine's is {shape_text(truth.shape)}"
    if extra >= 0 and axes:
        summed = np.sum(hand, axis=axes, keepdims=True).reshape(
            tuple(1 if i in axes else size for i, size in enumerate(hand.shape))[extra:]
        )
        if summed.shape == truth.shape and replace(case, hand=summed).fits(truth):
            yield "not summed", hand, None, f"A broadcast axis is not summed: {where}; summed over {axes} it is right."
    if hand.shape == truth.shape[::-1] and replace(case, hand=hand.T).fits(truth):
        yield "transposed", hand, None, f"It is the transpose of the engine's: {where}."
    yield "shape", hand, None, f"It has another shape: {where}."
