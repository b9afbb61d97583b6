"""Counts drawn by rejection, one after the other as PyTorch draws them: Poisson's and the binomial ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.types import Raw

Draw = Callable[[], float]  # the next uniform number in [0, 1)
_BLOCK = 1024


def poisson_counts(generator: Any, rates: Raw) -> Any:
    """A count for each element of an array of rates."""
    return _drawn(generator, _poisson, rates)


def binomial_counts(generator: Any, counts: Raw, chances: Raw) -> Any:
    """A count of successes for each element of two arrays of one shape."""
    return _drawn(generator, _binomial, counts, chances)


def _drawn(generator: Any, count: Callable[..., float], *given: Any) -> Any:
    """The count for each element, of uniform numbers drawn in advance; the stream goes on after those used."""
    start, used, ahead = generator.get_state(), 0, [0.0]

    def draw() -> float:
        nonlocal used, ahead
        place = used % _BLOCK
        if not place:
            ahead = generator.uniform(_BLOCK, np.float64).tolist()
        used += 1
        return ahead[place]

    counts = [count(*row, draw) for row in zip(*(part.ravel().tolist() for part in given), strict=True)]
    generator.set_state(start)
    generator.uniform(used, np.float64)
    return np.array(counts, given[0].dtype).reshape(given[0].shape)


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
