"""Where the values of a program lie in memory, and the copies that put them elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program.program import Constant, Value
from .c_names import c_name
from .c_vectors import row_length
from .kernels import Kernel, Loops, Member
from .strided import Buffer, Place, dense, outer_first


class Memory:
    """Buffers, which value lies where in them, and the kernels so far: copies, and what the steps become."""

    def __init__(self, names: dict[Value, str]) -> None:
        self.names = names
        self.clear()

    def clear(self) -> None:
        """Begin again, with nothing placed."""
        self.constants: list[tuple[Buffer, Any]] = []
        self.arena: list[Buffer] = []
        self.kernels: list[Kernel] = []
        self.places: dict[Value, Place] = {}
        self.order: dict[Value, tuple[int, ...]] = {}  # of the axes, where one is better than the others
        self._packed: dict[Any, tuple[Place, dict[Any, int]]] = {}  # copies of which a lane is innermost
        self.factors: Counter[Value] = Counter()  # how many products have a value as their right factor
        self._rows: dict[Any, Place] = {}  # copies that lie row by row
        self._framed: dict[Any, Place] = {}  # copies in zeros
        self._taken: set[str] = set(self.names.values())

    def place(self, value: Value) -> Place:
        """Where a value lies; a constant lies in the text, or comes as one more pointer."""
        if value not in self.places:
            assert isinstance(value, Constant)
            array = np.array(value.array, order="C")
            name = self.names.get(value) or self.spare("c")
            buffer = Buffer(name, value.dtype, array.size)
            self.constants.append((buffer, array))
            self.places[value] = Place(buffer, value.shape, dense(value.shape, tuple(range(array.ndim))))
        return self.places[value]

    def spare(self, wanted: str) -> str:
        """A name for memory that is no value of the program."""
        return c_name(wanted, self._taken)

    def allot(
        self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], order: tuple[int, ...], lane: int | None
    ) -> Place:
        """New memory; with a ``lane`` that axis is the innermost, filled up to whole groups of 16."""
        if lane is None:
            strides, size = dense(shape, order), math.prod(shape)
            where = ""
        else:
            filled = row_length(shape[lane])
            rest = tuple(axis for axis in order if axis != lane)
            strides = tuple(1 if axis == lane else stride for axis, stride in enumerate(dense(shape, rest, filled)))
            size = filled * math.prod(shape[axis] for axis in rest)
            where = f"as {''.join(f'[{shape[axis]}]' for axis in rest)}[{filled}]"
        buffer = Buffer(name, dtype, max(size, 1), note=where)
        self.arena.append(buffer)
        return Place(buffer, shape, strides, 0, lane)

    def along(self, place: Place, lane: int) -> Place:
        """``place``, or a copy of it whose innermost axis is ``lane``."""
        if place.lane == lane or place.strides[lane] == 0:
            return place
        steps = list(zip(place.strides, place.shape, strict=True))
        apart = len(set(steps)) == len(steps)  # else two axes are alike, and one copy is not one of all their orders
        key = (place.buffer, place.offset, steps[lane], tuple(sorted(steps) if apart else steps), lane * (not apart))
        if key not in self._packed:
            order = (*[axis for axis in outer_first(place) if axis != lane], lane)
            copy = self.allot(self.spare(f"{place.buffer.name}_rows"), place.buffer.dtype, place.shape, order, lane)
            self.copy(place, copy)
            self._packed[key] = copy, dict(zip(steps, copy.strides, strict=True))
        copy, found = self._packed[key]
        strides = tuple(found[step] for step in steps) if apart else copy.strides
        return Place(copy.buffer, place.shape, strides, 0, lane)

    def framed(self, place: Place, frame: Sequence[tuple[int, int]], steps: Sequence[int]) -> Place:
        """A copy in zeros that nobody ever writes: around the last axes, and between elements ``steps`` apart.

        The first axis is the lane. The same copy is made once.
        """
        lead = len(place.shape) - len(frame)
        key = (place, tuple(frame), tuple(steps))
        if key not in self._framed:
            inner = tuple((n - 1) * step + 1 if n else 0 for n, step in zip(place.shape[lead:], steps, strict=True))
            sides = tuple(low + n + high for n, (low, high) in zip(inner, frame, strict=True))
            shape = (*place.shape[:lead], *sides)
            name = self.spare(f"{place.buffer.name}_framed")
            whole = self._framed[key] = self.allot(name, place.buffer.dtype, shape, tuple(range(len(shape))), 0)
            index = [slice(low, low + n, step) for n, (low, _), step in zip(inner, frame, steps, strict=True)]
            within = whole.sliced((Ellipsis, *index))
            assert within is not None
            self.copy(place, within)
        return self._framed[key]

    def dense_copy(self, place: Place) -> Place:
        """A copy that lies row by row."""
        axes = tuple(range(len(place.shape)))
        copy = self.allot(self.spare(f"{place.buffer.name}_copy"), place.buffer.dtype, place.shape, axes, None)
        self.copy(place, copy)
        return copy

    def row_by_row(self, place: Place) -> Place:
        """A copy that lies row by row, made once."""
        if place not in self._rows:
            self._rows[place] = self.dense_copy(place)
        return self._rows[place]

    def copy(self, source: Any, to: Place) -> None:
        """Put a place, or a number, there; what has fewer elements is repeated."""
        order = tuple(axis for axis in outer_first(to) if to.shape[axis] != 1)
        if isinstance(source, Place):
            source = source.broadcast(to.shape)
            source = source.permuted(every(order, source))
        sizes = tuple(to.shape[axis] for axis in order)
        self.kernels.append(
            Loops(sizes, False, [Member(None, [source], to.permuted(every(order, to)), to.buffer.name)])
        )


def every(axes: tuple[int, ...], place: Place) -> tuple[int, ...]:
    """``axes`` and behind them those of size 1, which no loop needs."""
    return (*axes, *[axis for axis in range(len(place.shape)) if axis not in axes])
