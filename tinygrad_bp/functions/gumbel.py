"""Samples of categories through which a gradient flows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.device import near
from ..autograd.operands import in_floats, rounds_once
from ..autograd.types import Array
from ..autograd.values import detached
from ..ops.draws import draw
from ..ops.elementwise import add, div, log, neg, sub
from ..ops.extremes import argmax
from ..ops.network import softmax
from ..ops.scatter import scatter
from ..random.generator import Generator, default_generator
from ..random.slices import draws

__all__ = ["gumbel_softmax"]


@rounds_once
@in_floats("logits", real=True)
@draws
def gumbel_softmax(
    logits: Array, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1, *,
    generator: Generator | None = None,
) -> Any:  # fmt: skip
    """``softmax((logits + noise) / tau)``, the noise from Gumbel's distribution, PyTorch's numbers for the same seed.

    ``hard`` gives 1 at the largest and 0 elsewhere, with the gradient of the soft result. ``eps`` changes nothing.
    Sources: Maddison et al. 2017 (arXiv 1611.00712), Jang et al. 2017 (arXiv 1611.01144).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.gumbel_softmax(tg.zeros(2, 3), hard=True).sum(dim=1)
    tensor([1., 1.])
    """
    shape, wide = tuple(logits.shape), np.dtype(np.float64)
    drawn = draw("exponential", (math.prod(shape), wide), shape, generator or default_generator(), logits.dtype)
    drawn = near(drawn, logits)
    soft = softmax(div(add(logits, neg(log(drawn))), tau), dim)
    if not hard:
        return soft
    value = detached(soft)
    largest = scatter(np.zeros_like(value), dim, argmax(value, dim, True), 1)
    return add(sub(largest, value), soft)
