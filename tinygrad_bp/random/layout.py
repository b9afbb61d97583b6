"""The order in which PyTorch fills a tensor with random numbers: that of its elements in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.columns import strides_of
from ..autograd.layout import row_by_row


def _axes(x: Any) -> list[int]:
    """The axes, the fastest in memory first, sorted as PyTorch does: a repeated axis (its step is 0) says nothing."""
    steps = list(zip(strides_of(x), x.shape, strict=True))
    axes = list(range(x.ndim))[::-1]
    for i in range(1, len(axes)):
        here = i
        for before in range(i)[::-1]:
            one, two = steps[axes[before]], steps[axes[here]]
            if 0 in (one[0], two[0]):
                continue
            if one > two:
                axes[before], axes[here] = axes[here], axes[before]
                here = before
            elif one[0] < two[0]:
                break
    return axes


def order_of(array: Any) -> tuple[int, ...] | None:
    """The axes of a tensor or an array, the slowest in memory first; None where that is row by row."""
    return None if row_by_row(array) or 0 in array.shape else tuple(_axes(array)[::-1])


def in_memory_order(drawn: Any, x: Any) -> Any:
    """Numbers drawn one after the other, in the shape of ``x``, a tensor or array: the first lies first in memory."""
    if row_by_row(x) or not x.size:
        return drawn.reshape(x.shape)
    axes = _axes(x)[::-1]
    return drawn.reshape([x.shape[axis] for axis in axes]).transpose(np.argsort(axes))
