"""Samples of categories through which a gradient flows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.operands import in_floats, rounds_once
from ..autograd.tensor import wrap
from ..autograd.types import Array
from ..autograd.values import value_of
from ..ops.elementwise import add, div, sub
from ..ops.network import softmax
from ..random.generator import Generator
from ..random.sampling import exponential_

__all__ = ["gumbel_softmax"]


@rounds_once
@in_floats("logits", real=True)
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
    noise = exponential_(wrap(np.empty(logits.shape, value_of(logits).dtype), None), generator=generator)
    soft = softmax(div(add(logits, -np.log(noise._value)), tau), dim)
    if not hard:
        return soft
    value = value_of(soft)
    largest = np.zeros_like(value)
    np.put_along_axis(largest, np.expand_dims(np.argmax(value, axis=dim), dim), 1, axis=dim)
    return add(sub(largest, value), soft)
