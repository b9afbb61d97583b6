"""The order in which PyTorch fills a tensor with random numbers: that of its elements in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.writes import owner


def _strides(array: Any) -> tuple[int, ...]:
    """How far apart the elements along each axis lie in PyTorch's memory, without sign.

    ``nn.Linear`` keeps its weight column by column and PyTorch row by row: a matrix that owns such memory, and its
    views, count as PyTorch has them.
    """
    strides = tuple([abs(stride) for stride in array.strides])
    memory = owner(array)
    if memory.ndim != 2 or memory.flags.c_contiguous or not memory.flags.f_contiguous:
        return strides
    (rows, columns), size = memory.shape, memory.itemsize
    return tuple([(stride // size % rows * columns + stride // size // rows) * size for stride in strides])


def is_contiguous(array: Any) -> bool:
    """Whether PyTorch has the elements row by row without gaps."""
    step = array.itemsize
    for size, stride in zip(array.shape[::-1], _strides(array)[::-1], strict=True):
        if size != 1 and stride != step:
            return False
        step *= size
    return True


def _axes(array: Any) -> list[int]:
    """The axes, the fastest in memory first, sorted as PyTorch does: a repeated axis (its step is 0) says nothing."""
    steps = list(zip(_strides(array), array.shape, strict=True))
    axes = list(range(array.ndim))[::-1]
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


def in_memory_order(drawn: Any, array: Any) -> Any:
    """Numbers drawn one after the other, in the shape of ``array``: the first one lies first in memory."""
    if is_contiguous(array) or not array.size:
        return drawn.reshape(array.shape)
    axes = _axes(array)[::-1]
    return drawn.reshape([array.shape[axis] for axis in axes]).transpose(np.argsort(axes))
