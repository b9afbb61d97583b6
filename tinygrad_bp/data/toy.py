"""The two problems of report R2, made in place."""

from __future__ import annotations

from typing import Any

import numpy as np


def linear(n: int = 100, rng: Any = None) -> tuple[Any, Any]:
    """``n`` points uniform in [0, 1]², labelled 0 where x > y and 1 elsewhere.

    ``rng`` is a ``numpy.random.Generator``, a seed, or None for a fresh one. Returns points (n, 2) and labels (n, 1),
    both float64. Source: report R2.

    >>> x, y = linear(3, rng=0)
    >>> x.shape, y.shape
    ((3, 2), (3, 1))
    """
    points = np.random.default_rng(rng).uniform(0.0, 1.0, (n, 2))
    labels = np.where(points[:, :1] > points[:, 1:], 0.0, 1.0)
    return points, labels


def xor() -> tuple[Any, Any]:
    """21 points on the two diagonals of the unit square: 0 on the rising one, 1 on the falling one.

    The shared centre belongs to the rising one alone. Returns points (21, 2) and labels (21, 1), both float64.
    Source: report R2.

    >>> x, y = xor()
    >>> x.shape, int(y.sum())
    ((21, 2), 10)
    """
    points, labels = [], []
    for i in range(11):
        points.append((0.1 * i, 0.1 * i))
        labels.append(0.0)
        if i != 5:
            points.append((0.1 * i, 1 - 0.1 * i))
            labels.append(1.0)
    return np.array(points), np.array(labels).reshape(-1, 1)
