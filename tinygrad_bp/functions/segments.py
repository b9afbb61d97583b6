"""Reductions of runs of rows, of lengths that differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.elsewhere import hosted, moved
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import floating
from ..autograd.types import Array
from ..autograd.values import held, unrecorded
from ..ops.scatter import index_add, index_reduce
from ..ops.searching import sorted_places

__all__ = ["segment_reduce"]

_STARTS = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf}


def segment_reduce(
    data: Array, reduce: str, *, lengths: Array | None = None, indices: Array | None = None,
    offsets: Array | None = None, axis: int = 0, unsafe: bool = False, initial: float | None = None,
) -> Any:  # fmt: skip
    """The rows of ``data`` reduced run by run: ``reduce`` is "sum", "mean", "max", "min" or "prod".

    The runs have the ``lengths`` given, or lie between ``offsets``, one more than there are runs. ``initial`` takes
    part in each, and is what an empty run gives: else 0, NaN, −∞, ∞ or 1. Only axis 0 and runs that all columns share
    are here. Raises ``ShapeError`` where the lengths do not add up to the rows.

    >>> import tinygrad_bp as tg
    >>> tg.segment_reduce(tg.tensor([1.0, 2.0, 3.0]), "sum", lengths=tg.tensor([2, 1]))
    tensor([3., 3.])
    """
    if reduce not in _STARTS or indices is not None or axis != 0 or (lengths is None) == (offsets is None):
        raise ArgumentError(
            f"segment_reduce: reduce is one of {', '.join(_STARTS)}, got {reduce!r}; give lengths or "
            "offsets, and axis 0"
        )
    data = floating(data)
    given = hosted(held(lengths)) if offsets is None else np.diff(hosted(held(offsets)))
    if given.ndim != 1 or np.any(given < 0) or given.sum() != data.shape[0]:
        raise ShapeError(f"segment_reduce: runs of {given.tolist()} rows do not make up data, {shape_text(data.shape)}")
    counts = unrecorded(lengths) if offsets is None else np.diff(unrecorded(offsets))
    runs = sorted_places(np.cumsum(counts), np.arange(data.shape[0]), side="right")
    start = _STARTS[reduce] if initial is None else initial
    base = np.full_like(held(data), start, shape=(len(given), *data.shape[1:]))
    if reduce in ("sum", "mean"):
        total = index_add(base, 0, runs, data)
        if reduce == "sum":
            return total
        none = 1 if initial is not None else np.nan
        divisors = moved(np.where(counts == 0, none, counts).astype(data.dtype), data)
        return total / divisors.reshape(-1, *(1,) * (data.ndim - 1))
    return index_reduce(base, 0, runs, data, {"max": "amax", "min": "amin"}.get(reduce, reduce))
