"""Numbers that are not finite, and results that depend on the other examples of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..case import Case, Guess

COUPLED = "One example's result depends on the others, as with one maximum for the whole batch: {}; alone it is right."


def overflow(case: Case) -> Iterator[Guess]:
    """Infinities and NaN where the truth is finite: overflow, or another example's doing."""
    bad = ~np.isfinite(case.hand)
    if not bad.any():
        return
    where = f"{np.count_nonzero(bad)} of {bad.size} numbers are inf or nan where the engine's are finite"
    alone = case.alone() if case.alone is not None else None
    if alone is not None and alone.shape == case.hand.shape and replace(case, hand=alone).fits(case.truth):
        yield "batch coupling", case.hand, None, COUPLED.format(where)
    yield "overflow", case.hand, None, f"Overflow: {where}."


def coupled(case: Case) -> Iterator[Guess]:
    """Each example alone is right, and the batch is not."""
    alone = case.alone() if case.alone is not None else None
    if alone is not None and alone.shape == case.truth.shape and replace(case, hand=alone).fits(case.truth):
        yield "batch coupling", case.hand, None, COUPLED.format("the batch differs from the engine's")
