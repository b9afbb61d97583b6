"""Weighted sums of slices along one dimension: what sizes of images are changed by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.define import linear
from ..autograd.elsewhere import copied, moved, zeros
from ..autograd.op import REQUIRED
from .passes import add_at
from .samples import sample


def _weighed(x: Any, weights: Any, axis: int) -> Any:
    """Each slice of ``x`` along an axis times its weight; ``x`` itself where weights are None."""
    if weights is None:
        return x
    return x * moved(np.reshape(weights, (-1, *(1,) * (x.ndim - 1 - axis))).astype(x.dtype), x)


def _taken(x: Any, taps: list[tuple[Any, Any]], axis: int) -> Any:
    first, *others = (_weighed(x.take(moved(index, x), axis), weights, axis) for index, weights in taps)
    for part in others:
        first += part
    return first


def _repeats(taps: list[tuple[Any, Any]], size: int) -> int:
    """How often the taps name each old element, one after the other; 0 where they do anything else."""
    (index, weights), *others = taps
    if others or weights is not None or not size or len(index) % size:
        return 0
    times = len(index) // size
    return times if times and (index == np.arange(len(index)) // times).all() else 0


def _given(x: Any, taps: list[tuple[Any, Any]], axis: int, size: int) -> Any:
    times = _repeats(taps, size)
    if times:
        first, *others = [x[(*(slice(None),) * axis, slice(i, None, times))] for i in range(times)]
        result = first + others[0] if others else copied(first)
        for part in others[1:]:
            result += part
        return result
    result = zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype, x)
    for index, weights in taps:
        add_at(result, (slice(None),) * axis + (moved(index, x),), _weighed(x, weights, axis))
    return result


def _matrix(taps: list[tuple[Any, Any]], size: int) -> Any:
    """Row i: how much new element i is of each of the old ones."""
    matrix = np.zeros((len(taps[0][0]), size))
    for index, weights in taps:
        np.add.at(matrix, (np.arange(len(index)), index), 1.0 if weights is None else weights)
    return matrix


_TAPS = [(np.array([0, 0, 1, 2]), np.array([1.0, 0.25, 0.5, 0.75])),
         (np.array([0, 1, 2, 2]), np.array([0, 0.75, 0.5, 0.25]))]
_NEAREST = [(np.array([0, 2, 2]), None)]
_SHAPES = (((3,), 0), ((2, 3), 1), ((3, 2), 0), ((2, 3, 2), 1), ((0, 3), 1))

resample: Callable[..., Any] = linear(
    "resample", _taken, lambda g, taps, axis, x_shape: spread(g, taps, axis, x_shape[axis]),
    params={"taps": REQUIRED, "axis": REQUIRED}, wide=True,
    formula="Σₖ weightₖ · x[indexₖ], with index and weight of taps",
    samples=tuple(sample(shape, taps=taps, axis=axis) for shape, axis in _SHAPES for taps in (_TAPS, _NEAREST)),
    reference=lambda x, taps, axis: np.moveaxis(
        np.tensordot(_matrix(taps, x.shape[axis]), x, (1, axis)), 0, axis),
    doc="Sums of the slices of x that the taps, pairs of indices and weights, name along an axis.")

spread: Callable[..., Any] = linear(
    "spread", _given, lambda g, taps, axis: resample(g, taps, axis),
    params={"taps": REQUIRED, "axis": REQUIRED, "size": REQUIRED}, wide=True,
    formula="Σₖ weightₖ · x, at indexₖ of zeros, with index and weight of taps",
    samples=tuple(sample((*shape[:axis], len(taps[0][0]), *shape[axis + 1 :]), taps=taps, axis=axis, size=3)
                  for shape, axis in _SHAPES for taps in (_TAPS, _NEAREST)),
    reference=lambda x, taps, axis, size: np.moveaxis(
        np.tensordot(_matrix(taps, size), x, (0, axis)), 0, axis),
    doc="The slices of x added where resample read: its transpose.")
