"""Lowering: the steps of a program as calls of NumPy.

What an op's forward does is written out here for the ops that a call's own time counts for, in the very order of the
forward, so that every bit is the same. Without ``exact`` some sums are taken in another order, where that is faster.
Any other op is called as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...program.program import Program, Step
from ..lines import Lines
from .elementwise import ELEMENTWISE, ufunc
from .losses import LOSSES
from .products import PRODUCTS
from .reductions import REDUCTIONS
from .shapes import SHAPES
from .signs import fold_signs
from .updates import product_updates, update
from .writer import Writer

__all__ = ["lowered"]

# By the name of an op: writes its lines, and says whether it did; where not, the op is called.
LOWERINGS: dict[str, Callable[[Writer, Step], bool]] = {
    **ELEMENTWISE, **LOSSES, **PRODUCTS, **REDUCTIONS, **SHAPES,
}  # fmt: skip


def lowered(program: Program, exact: bool, apart: bool = True) -> Lines:
    """The lines of a program; ``apart``: no two inputs share memory, so that one can be written early."""
    writer = Writer(program, exact)
    updates = {} if exact or not apart else product_updates(program)
    within = {step for one in updates.values() for step in one.within}
    for step in program.steps:
        if step in updates:
            update(writer, step, updates[step])
        elif step not in within:
            lowering = LOWERINGS.get(step.op.name)
            if lowering is None and isinstance(step.op.forward, np.ufunc):
                lowering = ufunc
            if lowering is None or not lowering(writer, step):
                writer.call(step)
    if not exact:
        fold_signs(writer)
    return writer.found
