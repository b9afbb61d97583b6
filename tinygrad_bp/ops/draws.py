"""Random numbers as ops: each run of a program draws others, from the stream that is a parameter.

They have no inputs. A stream is a generator; what is drawn from it, a method of it, is named by ``stream``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.define import constant
from ..autograd.elsewhere import copied, moved
from ..autograd.op import REQUIRED
from .samples import sample

Order = tuple[int, ...] | None  # the axes, the slowest in memory first; None: row by row


def _laid(drawn: Any, shape: tuple[int, ...], order: Order) -> Any:
    """Numbers drawn one after the other, the first one first in memory."""
    if order is None:
        return np.reshape(drawn, shape)
    return np.transpose(np.reshape(drawn, [shape[axis] for axis in order]), np.argsort(order))


def _drawn(stream: str, given: tuple[Any, ...], shape: Any, generator: Any, dtype: Any, order: Order) -> Any:
    drawn = getattr(generator, stream)(*given)
    return _laid(drawn if dtype is None else drawn.astype(dtype, copy=False), shape, order)


class Steps:
    """The stream of the samples: 0, 1, 2, …, or always true."""

    def numbers(self, count: int) -> Any:
        """The first ``count`` of them."""
        return np.arange(float(count))

    def bernoulli(self, count: int, p: float) -> Any:
        """``count`` truths."""
        return np.ones(count, bool)


draw: Any = constant(
    "draw", _drawn, inputs="", draws=True,
    params={"stream": REQUIRED, "given": REQUIRED, "shape": REQUIRED, "generator": REQUIRED, "dtype": None,
            "order": None},
    samples=(sample(stream="numbers", given=(6,), shape=(2, 3), generator=Steps()),
             sample(stream="numbers", given=(6,), shape=(2, 3), generator=Steps(), dtype=np.float32, order=(1, 0))),
    reference=lambda stream, given, shape, generator, dtype=None, order=None: np.arange(6.0).reshape(
        shape) if order is None else np.arange(6.0).reshape(3, 2).T,
    doc="Random numbers of a shape, the next ones of a stream, in the order of memory.")


def _mask(shape: Any, p: float, generator: Any, dtype: Any, order: Order, lead: int | None) -> Any:
    dtype = np.dtype(dtype)
    work = np.float64 if dtype == np.float64 else np.float32
    coins = shape if lead is None else (*shape[:lead], *(1,) * (len(shape) - lead))
    kept = _laid(generator.bernoulli(math.prod(coins), 1 - p), coins, order)
    mask = kept * dtype.type(work(1) / work(1 - p))
    return mask if lead is None else copied(np.broadcast_to(mask, shape))


dropout_mask: Any = constant(
    "dropout_mask", _mask, inputs="", draws=True,
    params={"shape": REQUIRED, "p": REQUIRED, "generator": REQUIRED, "dtype": REQUIRED, "order": None, "lead": None},
    samples=(sample(shape=(2, 3), p=0.75, generator=Steps(), dtype=np.float32),
             sample(shape=(2, 3, 4), p=0.5, generator=Steps(), dtype=np.float64, lead=2)),
    reference=lambda shape, p, generator, dtype, order=None, lead=None: np.full(shape, 1 / (1 - p), dtype),
    doc="0 with probability p, else 1 / (1 − p): for each element, or for each of the first dimensions (lead).")


def _slopes(x: Any, lower: float, upper: float, generator: Any) -> Any:
    slopes, low = np.ones_like(x), x <= 0
    slopes[low] = moved(generator.uniform(int(np.count_nonzero(low)), np.float64, lower, upper), x)
    return slopes


class _Middles:
    def uniform(self, count: int, dtype: Any, low: float, high: float) -> Any:
        return np.full(count, (low + high) / 2)


random_slopes: Any = constant(
    "random_slopes", _slopes, draws=True, params={"lower": REQUIRED, "upper": REQUIRED, "generator": REQUIRED},
    samples=(sample((2, 3), lower=0.25, upper=0.75, generator=_Middles()),),
    reference=lambda x, lower, upper, generator: np.where(x <= 0, (lower + upper) / 2, 1.0),
    doc="1 for each positive element, for the others a number drawn from [lower, upper).")
