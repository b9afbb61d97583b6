"""Where a value lies in memory: a buffer, and the steps from element to element along each axis."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(eq=False, slots=True)
class Buffer:
    """Memory of one kind of numbers. ``outside``: an input or an output, which the caller holds."""

    name: str
    dtype: np.dtype[Any]
    size: int
    outside: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """``buffer[offset + Σ index · stride]``. ``lane`` is an axis filled up to whole groups of 16, without steps."""

    buffer: Buffer
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    lane: int | None = None

    def permuted(self, axes: tuple[int, ...]) -> Place:
        """``transpose(axes)`` without a copy."""
        axes = tuple(axis % len(self.shape) for axis in axes)
        shape, strides = ([each[axis] for axis in axes] for each in (self.shape, self.strides))
        lane = None if self.lane is None else axes.index(self.lane)
        return Place(self.buffer, tuple(shape), tuple(strides), self.offset, lane)

    def broadcast(self, shape: tuple[int, ...]) -> Place:
        """``broadcast_to(shape)``: the steps along new axes, and along those of size 1, are 0."""
        new = len(shape) - len(self.shape)
        strides = [0] * new
        lane = None if self.lane is None else self.lane + new
        for axis, (size, stride) in enumerate(zip(self.shape, self.strides, strict=True), start=new):
            strides.append(stride if size == shape[axis] else 0)
            if axis == lane and size != shape[axis]:
                lane = None
        return Place(self.buffer, shape, tuple(strides), self.offset, lane)

    def sliced(self, index: tuple[Any, ...]) -> Place | None:
        """``x[index]`` for slices, integers, None and one ``...``; None for anything else."""
        taken = sum(1 for item in index if isinstance(item, (slice, int)) and not isinstance(item, bool))
        if any(not isinstance(item, (slice, int)) and item is not None and item is not Ellipsis for item in index):
            return None
        if any(isinstance(item, bool) for item in index) or index.count(Ellipsis) > 1:
            return None
        items = list(index) if Ellipsis in index else [*index, Ellipsis]
        at = items.index(Ellipsis)
        items[at : at + 1] = [slice(None)] * (len(self.shape) - taken)
        axis, offset, lane = 0, self.offset, None
        shape: list[int] = []
        strides: list[int] = []
        for item in items:
            if item is None:
                shape.append(1)
                strides.append(0)
                continue
            size, stride = self.shape[axis], self.strides[axis]
            if isinstance(item, slice):
                if any(part is not None and not isinstance(part, int) for part in (item.start, item.stop, item.step)):
                    return None
                start, stop, step = item.indices(size)
                count = len(range(start, stop, step))
                if axis == self.lane and (start, count, step) == (0, size, 1):
                    lane = len(shape)
                offset += start * stride if count else 0
                shape.append(count)
                strides.append(stride * step)
            else:
                offset += (item % size if size else 0) * stride
            axis += 1
        return replace(self, shape=tuple(shape), strides=tuple(strides), offset=offset, lane=lane)

    def windows(self, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Place:
        """The windows of the last axes, (.., *kernel, *counts): elements that several windows have are there once."""
        lead = len(self.shape) - len(kernel)
        steps = self.strides[lead:]
        counts = tuple(
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(self.shape[lead:], kernel, stride, dilation, strict=True)
        )
        within = tuple(step * d for step, d in zip(steps, dilation, strict=True))
        between = tuple(step * s for step, s in zip(steps, stride, strict=True))
        shape, strides = (*self.shape[:lead], *kernel, *counts), (*self.strides[:lead], *within, *between)
        return replace(self, shape=shape, strides=strides)

    def reshaped(self, shape: tuple[int, ...]) -> Place | None:
        """``reshape(shape)`` without a copy; None where only a copy has that shape."""
        if self.lane is not None:
            return self._reshaped_around(shape)
        strides = _without_copy(self.shape, self.strides, shape)
        return None if strides is None else replace(self, shape=shape, strides=strides)

    def _reshaped_around(self, shape: tuple[int, ...]) -> Place | None:
        """Where the lane stays an axis: the parts before and behind it are reshaped by themselves."""
        lane = self.lane or 0
        before, size = math.prod(self.shape[:lane]), self.shape[lane]
        for axis in range(len(shape)):
            if shape[axis] != size or math.prod(shape[:axis]) != before:
                continue
            left = _without_copy(self.shape[:lane], self.strides[:lane], shape[:axis])
            right = _without_copy(self.shape[lane + 1 :], self.strides[lane + 1 :], shape[axis + 1 :])
            if left is not None and right is not None:
                return replace(self, shape=shape, strides=(*left, self.strides[lane], *right), lane=axis)
        return None


def _without_copy(old: tuple[int, ...], strides: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...] | None:
    """The strides of the same elements in another shape, if there are any."""
    if math.prod(old) != math.prod(new):
        return None
    if math.prod(new) == 0:
        return (0,) * len(new)
    pairs = [(size, stride) for size, stride in zip(old, strides, strict=True) if size != 1]
    found: list[int] = [0] * len(new)
    axis = len(new) - 1
    while pairs:
        size, stride = pairs.pop()
        while axis >= 0 and new[axis] == 1:
            axis -= 1
        covered, first = new[axis], axis
        while covered != size:
            if covered < size:
                first -= 1
                covered *= new[first]
            else:
                above, above_stride = pairs.pop()
                if above_stride != stride * size:
                    return None
                size *= above
        step = stride
        for at in range(axis, first - 1, -1):
            found[at] = step
            step *= new[at]
        axis = first - 1
    return tuple(found)


def dense(shape: tuple[int, ...], order: tuple[int, ...], unit: int = 1) -> tuple[int, ...]:
    """Strides without gaps where ``order`` lists the axes from the outermost to the innermost."""
    strides, step = [0] * len(shape), unit
    for axis in reversed(order):
        strides[axis] = step
        step *= shape[axis]
    return tuple(strides)


def outer_first(place: Place) -> tuple[int, ...]:
    """The axes from the longest steps to the shortest; repeated elements outermost."""
    steps = [abs(stride) if stride else math.inf for stride in place.strides]
    return tuple(sorted(range(len(steps)), key=lambda axis: -steps[axis]))


def swapped(place: Place) -> Place:
    """The last two axes in each other's place."""
    last = len(place.shape) - 1
    return place.permuted((*range(last - 1), last, last - 1))
