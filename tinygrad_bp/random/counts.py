"""Random counts, Poisson's and the binomial ones, one after the other as PyTorch draws them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..autograd.values import fixed_value
from .generator import Generator, default_generator
from .slices import draws

__all__ = ["binomial", "poisson"]

Draw = Callable[[], float]  # the next uniform number in [0, 1)
_BLOCK = 1024


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
    return _drawn(generator, _poisson, rates)


@draws
def binomial(count: Array, prob: Array, generator: Generator | None = None) -> Tensor:
    """How many of ``count`` attempts succeed, each with the probability ``prob``; both broadcast.

    Raises ``ArgumentError`` for a negative count or a probability outside [0, 1]. Source: sums of geometric numbers
    below 10 expected successes, above it Hörmann 1993, *The generation of binomial random variates*.

    >>> import tinygrad_bp as tg
    >>> tg.binomial(tg.tensor([5.0, 5.0]), tg.tensor([0.0, 1.0]))
    tensor([0., 5.])
    """
    counts, chances = _floats(count, "binomial"), _floats(prob, "binomial")
    if not (np.all(counts >= 0) and np.all((chances >= 0) & (chances <= 1))):
        raise ArgumentError("binomial: counts must be at least 0, and probabilities in [0, 1]")
    return _drawn(generator, _binomial, *np.broadcast_arrays(counts, chances))


def _floats(x: Any, name: str) -> Any:
    values = fixed_value(x, name)
    if values.dtype.kind != "f":
        raise DtypeError(f"{name}: needs floating point numbers, got {values.dtype}; write t.float()")
    return values


def _drawn(generator: Generator | None, count: Callable[..., float], *given: Any) -> Tensor:
    """The count for each element, of uniform numbers drawn in advance; the stream goes on after those used."""
    chosen = generator or default_generator()
    start, used, ahead = chosen.get_state(), 0, [0.0]

    def draw() -> float:
        nonlocal used, ahead
        place = used % _BLOCK
        if not place:
            ahead = chosen.uniform(_BLOCK, np.float64).tolist()
        used += 1
        return ahead[place]

    counts = [count(*row, draw) for row in zip(*(part.ravel().tolist() for part in given), strict=True)]
    chosen.set_state(start)
    chosen.uniform(used, np.float64)
    return wrap(np.array(counts, given[0].dtype).reshape(given[0].shape), None)


def _poisson(rate: float, draw: Draw) -> float:
    if rate == 0:
        return 0.0
    if rate < 10:
        count, product, least = -1.0, 1.0, math.exp(-rate)
        while product > least:
            product *= draw()
            count += 1
        return count
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    while True:
        u, v = draw() - 0.5, draw()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2):
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        hat = math.log(v) + math.log(1.1239 + 1.1328 / (b - 3.4)) - math.log(a / (us * us) + b)
        if hat <= -rate + k * math.log(rate) - math.lgamma(k + 1):
            return float(k)


def _binomial(n: float, p: float, draw: Draw) -> float:
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return n
    if p > 0.5:
        return n - _binomial(n, 1 - p, draw)
    if n * p >= 10:
        return _many(n, p, draw)
    waited, successes = 0.0, 0.0
    while True:
        waited += math.ceil(math.log(draw()) / math.log1p(-p))
        if waited > n:
            return successes
        successes += 1


def _many(n: float, p: float, draw: Draw) -> float:
    spread = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    odds, alpha, mode = p / (1 - p), (2.83 + 5.1 / b) * spread, math.floor((n + 1) * p)
    while True:
        u, v = draw() - 0.5, draw()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + n * p + 0.5) if us else -1
        if us >= 0.07 and v <= 0.92 - 4.2 / b:
            return float(k)
        if k < 0 or k > n:
            continue
        ratio = math.lgamma(mode + 1) + math.lgamma(n - mode + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        if math.log(v * alpha / (a / (us * us) + b)) <= ratio + (k - mode) * math.log(odds):
            return float(k)
