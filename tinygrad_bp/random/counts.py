"""Random counts, Poisson's and the binomial ones, one after the other as PyTorch draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.device import near
from ..autograd.elsewhere import hosted
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import detached, held, refuse_gradient
from ..ops.draws import draw
from ..ops.shape import broadcast_tensors
from .generator import Generator, default_generator
from .slices import draws

__all__ = ["binomial", "poisson"]


@draws
def poisson(input: Array, generator: Generator | None = None) -> Tensor:
    """Counts of Poisson's distribution, of the rate that each element of ``input`` gives; shape and dtype are its.

    Raises ``ArgumentError`` for a negative rate, ``DtypeError`` for rates that are no floats. Source: Knuth's product
    of uniform numbers below a rate of 10, above it Hörmann 1993, *The transformed rejection method*.

    >>> import tinygrad_bp as tg
    >>> tg.poisson(tg.tensor([0.0, 0.0]))
    tensor([0., 0.])
    """
    rates = _floats(input, "poisson")
    if not np.all(rates >= 0):
        raise ArgumentError("poisson: every rate must be at least 0")
    drawn: Tensor = draw("poisson", (hosted(rates),), rates.shape, generator or default_generator())
    return near(drawn, input)


@draws
def binomial(count: Array, prob: Array, generator: Generator | None = None) -> Tensor:
    """How many of ``count`` attempts succeed, each with the probability ``prob``; both broadcast.

    Raises ``ArgumentError`` for a negative count or a probability outside [0, 1]. Source: sums of geometric numbers
    below 10 expected successes, above it Hörmann 1993, *The generation of binomial random variates*.

    >>> import tinygrad_bp as tg
    >>> tg.binomial(tg.tensor([5.0, 5.0]), tg.tensor([0.0, 1.0]))
    tensor([0., 5.])
    """
    counts, chances = (_floats(x, "binomial") for x in broadcast_tensors(detached(count), detached(prob)))
    for x in (count, prob):
        refuse_gradient(x, "binomial")
    if not (np.all(counts >= 0) and np.all((chances >= 0) & (chances <= 1))):
        raise ArgumentError("binomial: counts must be at least 0, and probabilities in [0, 1]")
    drawn: Tensor = draw("binomial", (hosted(counts), hosted(chances)), counts.shape, generator or default_generator())
    return near(drawn, count)


def _floats(x: Any, name: str) -> Any:
    refuse_gradient(x, name)
    values = held(x)
    if values.dtype.kind != "f":
        raise DtypeError(f"{name}: needs floating point numbers, got {values.dtype}; write t.float()")
    return values
