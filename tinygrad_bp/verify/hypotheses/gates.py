"""A mask that is missing, inverted, or too strict, seen by where the zeros are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..case import Case, Guess


def gates(case: Case) -> Iterator[Guess]:
    """A mask that is missing, inverted, or too strict, seen by where the zeros are."""
    hand, truth = case.hand, case.truth
    if not case.same or not case.free:
        return
    closed, shut = truth == 0, hand == 0
    if case.upstream is not None and np.shape(case.upstream) == truth.shape and closed.any():
        g = case.upstream
        if np.all(closed | (truth == g)):
            yield "mask inverted", g - truth, None, INVERTED.format("")
            yield "mask missing", g, None, UNMASKED.format("")
    if closed.any() and not shut.all() and np.all(closed != shut):
        yield "mask inverted", hand, None, INVERTED.format("")
    if closed.any() and np.any(hand[closed] != 0):
        yield "mask missing", np.where(closed, hand, truth), None, UNMASKED.format("")
    if np.any(shut & ~closed) and not _by_rows(shut & ~closed):
        yield (
            "mask too strict",
            np.where(shut, 0, truth),
            None,
            "The mask is too strict: zero where the engine's is not.",
        )


INVERTED = "The mask{} is inverted: it passes where the engine stops, and stops where the engine passes."
UNMASKED = "The mask{} is missing: it passes where the engine stops."


def _by_rows(mask: Any) -> bool:
    """Whether whole rows are set: then examples are missing, not a mask wrong."""
    return bool(mask.ndim == 2 and np.all(mask.all(1) == mask.any(1)))
