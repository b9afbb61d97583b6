"""Faults of shapes: what broadcasts, and what does not fit."""

from __future__ import annotations

import numpy as np

from .finding import Finding
from .observation import Observation


def shapes_broadcast(seen: Observation) -> Finding | None:
    """Outputs (n, 1) against targets (n,): the difference is (n, n), and every row is compared with every other."""
    if seen.scores is None or seen.targets is None:
        return None
    outputs, targets = seen.scores.shape, seen.targets.shape
    if outputs == targets or not seen.loss_steps:
        return None
    for step in seen.loss_steps:
        shapes = [getattr(item, "shape", ()) for item in step.arrays]
        if outputs not in shapes or targets not in shapes:
            continue
        both = np.broadcast_shapes(outputs, targets)
        if both not in (outputs, targets):
            return seen.found(
                "shapes-broadcast",
                f"{step.op} of outputs {outputs} and targets {targets} broadcasts to {both}: each output is compared "
                "with the targets of all rows, so all outputs go to one mean.",
                f"Give both one shape: y.reshape({', '.join(map(str, outputs))}).", step,
            )  # fmt: skip
    return None
