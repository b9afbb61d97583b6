"""Every op of the table that has a rule, once for each of its samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_bp.autograd.op import OPS
from tinygrad_bp.verify import contracts as c

CALLS = [
    pytest.param(op, sample, id=f"{op.name}-{i}")
    for op in OPS.values()
    if any(op.rules)
    for i, sample in enumerate(op.samples or ())
    if c.differentiable(op, c.draw(op, sample))
]


def recorded(op: Any, sample: Any, dtype: Any = np.float64) -> tuple[list[Any], Any, Any]:
    """The inputs, the result, and a gradient that arrives there."""
    with np.errstate(all="ignore"):
        inputs = c.leaves(op, c.draw(op, sample, dtype=dtype))
        result = c.run(op, inputs, sample)
        g = c.random_like(np.random.default_rng(1), result.numpy(force=True)).astype(result.dtype)
    return inputs, result, g
