"""Random numbers: those of a stream of NumPy's Mersenne Twister, ``np.random.MT19937()``, in the order of PyTorch."""

from __future__ import annotations

import numpy as np


def bernoulli(generator, count, p):
    """Booleans, each true with probability p: two words of the stream give a number of 53 bits."""
    high, low = generator.random_raw(2 * count).reshape(count, 2).T
    return ((high << np.uint64(32) | low) & np.uint64(2**53 - 1)) * 2.0**-53 < p


def laid(drawn, shape, order):
    """Numbers as an array, the first one first in memory; order: its axes, the slowest first, or None: row by row."""
    if order is None:
        return np.reshape(drawn, shape)
    return np.transpose(np.reshape(drawn, [shape[axis] for axis in order]), np.argsort(order))


def dropout_mask(shape, p, generator, dtype, order, lead):
    """0 with probability p, else 1 / (1 − p): for each element, or for each of the first dimensions (lead)."""
    work = np.float64 if dtype == np.float64 else np.float32
    coins = shape if lead is None else (*shape[:lead], *(1,) * (len(shape) - lead))
    kept = laid(bernoulli(generator, int(np.prod(coins)), 1 - p), coins, order)
    mask = kept * np.dtype(dtype).type(work(1) / work(1 - p))
    return mask if lead is None else np.array(np.broadcast_to(mask, shape))
