"""From a lowered program to loops over memory: what runs in which order, and where each value lies.

The batch is the innermost axis: values that have one lie as ``[feature][row]``, filled up to whole groups of 16 rows,
so that one instruction takes 16 rows. What the filled-up lanes hold never reaches a sum. Elementwise steps over the
same elements share one loop; transposes, reshapes and slices are other strides of the same memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..program.program import Constant, Program, Step, Value
from .c_mathematics import row_length
from .c_names import c_name
from .c_steps import PARTS, PRODUCTS, REDUCTIONS, Unknown
from .descents import descents
from .kernels import Check, Kernel, Loops, Member, Product, Reduction
from .strided import Buffer, Place, dense, outer_first


class Plan:
    """Kernels in order, and the buffers that they use."""

    def __init__(
        self, program: Program, labels: Sequence[tuple[Value, int]], names: dict[Value, str], orders: Sequence[str]
    ) -> None:
        self.program, self.names, self.orders = program, names, orders
        self.inputs: list[Buffer] = []
        self.outputs: list[Buffer] = []
        self.constants: list[tuple[Buffer, Any]] = []
        self.arena: list[Buffer] = []
        self.kernels: list[Kernel] = []
        direct = set(program.writes.values())
        while True:  # until no write comes before a read of the old value
            self._make(labels, direct)
            late = self._overwritten()
            if not late:
                return
            direct -= late

    def _make(self, labels: Sequence[tuple[Value, int]], direct: set[Value]) -> None:
        self.inputs, self.outputs, self.constants, self.arena, self.kernels = [], [], [], [], []
        self._places: dict[Value, Place] = {}
        self._packed: dict[Any, tuple[Place, dict[Any, int]]] = {}  # copies of which a lane is innermost
        self._taken: set[str] = set(self.names.values())
        self._new: dict[Buffer, tuple[Buffer, Value]] = {}  # what an input becomes -> the input, the value
        for value, order in zip(self.program.inputs, self.orders, strict=True):
            buffer = Buffer(self.names[value], value.dtype, math.prod(value.shape), outside=True)
            self.inputs.append(buffer)
            axes = tuple(range(len(value.shape)))
            axes = axes[::-1] if order == "F" else axes
            self._places[value] = Place(buffer, value.shape, dense(value.shape, axes))
        self._target: dict[Value, Place] = {}
        self._order: dict[Value, tuple[int, ...]] = {}
        for place, value in self.program.writes.items():
            held = self._places[place]
            if value in direct and value not in self._target and not isinstance(value, Constant):
                buffer = Buffer(held.buffer.name, held.buffer.dtype, held.buffer.size, outside=True)
                self._new[buffer] = (held.buffer, value)
                self._target[value] = Place(buffer, held.shape, held.strides)
            self._order[value] = outer_first(held)
        self._prefer()
        self._descents, self._folded = descents(self.program, self._target, use_blas)
        for value, count in labels:
            self.kernels.append(Check(self.place(value), count))  # only inputs are looked at: see ``emit_c``
        for step in self.program.steps:
            self._step(step)
        self._finish()

    def _prefer(self) -> None:
        """The order of axes of a written input is also that of what leads to it."""
        for step in reversed(self.program.steps):
            order = self._order.get(step.result)
            if order is None:
                continue
            if step.op.name == "permute":
                axes = tuple(int(axis) % len(order) for axis in step.params["axes"])
                self._order.setdefault(step.operands[0], tuple(axes[axis] for axis in order))
            elif step.op.name not in (*PRODUCTS, *REDUCTIONS, *PARTS, "reshape", "broadcast_to", "getitem"):
                for item in step.operands:
                    if isinstance(item, Value) and item.shape == step.result.shape:
                        self._order.setdefault(item, order)

    # ------------------------------------------------------------------ places

    def place(self, value: Value) -> Place:
        """Where a value lies; a constant lies in the text, or comes as one more pointer."""
        if value not in self._places:
            assert isinstance(value, Constant)
            array = np.array(value.array, order="C")
            name = self.names.get(value) or self._spare("c")
            buffer = Buffer(name, value.dtype, array.size)
            self.constants.append((buffer, array))
            self._places[value] = Place(buffer, value.shape, dense(value.shape, tuple(range(array.ndim))))
        return self._places[value]

    def _spare(self, wanted: str) -> str:
        """A name for memory that is no value of the program."""
        return c_name(wanted, self._taken)

    def _allot(
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

    def _along(self, place: Place, lane: int) -> Place:
        """``place``, or a copy of it whose innermost axis is ``lane``."""
        if place.lane == lane or place.strides[lane] == 0:
            return place
        steps = list(zip(place.strides, place.shape, strict=True))
        key = (place.buffer, place.offset, steps[lane], tuple(sorted(steps)))
        if key not in self._packed:
            order = (*[axis for axis in outer_first(place) if axis != lane], lane)
            copy = self._allot(self._spare(f"{place.buffer.name}_rows"), place.buffer.dtype, place.shape, order, lane)
            self._copy(place, copy)
            self._packed[key] = copy, dict(zip(steps, copy.strides, strict=True))
        copy, found = self._packed[key]
        return Place(copy.buffer, place.shape, tuple(found[step] for step in steps), 0, lane)

    def _dense(self, place: Place) -> Place:
        """A copy that lies row by row."""
        axes = tuple(range(len(place.shape)))
        copy = self._allot(self._spare(f"{place.buffer.name}_copy"), place.buffer.dtype, place.shape, axes, None)
        self._copy(place, copy)
        return copy

    def _copy(self, source: Any, to: Place) -> None:
        """Put a place, or a number, there; what has fewer elements is repeated."""
        order = tuple(axis for axis in outer_first(to) if to.shape[axis] != 1)
        if isinstance(source, Place):
            source = source.broadcast(to.shape)
            source = source.permuted(_all(order, source))
        sizes = tuple(to.shape[axis] for axis in order)
        self.kernels.append(Loops(sizes, False, [Member(None, [source], to.permuted(_all(order, to)), to.buffer.name)]))

    # ------------------------------------------------------------------ steps

    def _step(self, step: Step) -> None:
        name = step.op.name
        if step.result in self._folded:
            return
        if step.result in self._descents:
            self._descend(step)
        elif name == "permute":
            self._places[step.result] = self.place(step.operands[0]).permuted(tuple(step.params["axes"]))
        elif name == "broadcast_to":
            self._places[step.result] = self.place(step.operands[0]).broadcast(step.result.shape)
        elif name == "getitem":
            index = step.params["index"]
            index = index if isinstance(index, tuple) else (index,)
            self._places[step.result] = _sliced(self.place(step.operands[0]), index)
        elif name == "reshape":
            self._reshape(step)
        elif name in PARTS:
            self._assembled(step)
        elif name in REDUCTIONS:
            self._reduction(step)
        elif name in PRODUCTS:
            self._product(step)
        else:
            self._elementwise(step)

    def _reshape(self, step: Step) -> None:
        place = self.place(step.operands[0])
        found = place.reshaped(step.result.shape)
        if found is None:
            axes = tuple(range(len(place.shape)))
            copy = self._allot(self.names[step.result], place.buffer.dtype, place.shape, axes, None)
            self._copy(place, copy)
            found = copy.reshaped(step.result.shape)
            assert found is not None
        self._places[step.result] = found

    def _assembled(self, step: Step) -> None:
        """Copies of parts, each at its place in the result."""
        shape, name = step.result.shape, step.op.name
        axes = tuple(range(len(shape)))
        order = self._order.get(step.result, axes)
        result = self._places[step.result] = self._allot(self.names[step.result], step.result.dtype, shape, order, None)
        if name in ("cat", "stack"):
            axis, at = step.params["axis"] % len(shape), 0
            for item in step.operands[0]:
                part = self.place(item)
                size = part.shape[axis] if name == "cat" else 1
                index = (slice(None),) * axis + (slice(at, at + size) if name == "cat" else at,)
                if math.prod(part.shape):
                    self._copy(part, _sliced(result, index))
                at += size
            return
        whole, part = (0, step.operands[0]) if name == "place" else step.operands
        index = step.params["index"]
        there = _sliced(result, index if isinstance(index, tuple) else (index,))
        if there.shape != shape or there.strides != result.strides:
            self._copy(self.place(whole) if isinstance(whole, Value) else whole, result)
        if isinstance(part, Value):
            part = self.place(part)
            while len(part.shape) > len(there.shape):  # sizes of 1 in front
                part = _sliced(part, (0,))
        self._copy(part, there)

    def _elementwise(self, step: Step) -> None:
        shape = step.result.shape
        operands: list[Any] = []
        for item in step.operands:
            operands.append(self.place(item).broadcast(shape) if isinstance(item, Value) else item)
        places = [item for item in operands if isinstance(item, Place)]
        target = self._target.get(step.result)
        laned = [place for place in places if place.lane is not None]
        lane, model = None, None
        if target is None and laned:
            model = max(laned, key=lambda place: sum(stride != 0 for stride in place.strides))
            lane = model.lane
        if lane is not None and model is not None:
            order = (*[axis for axis in outer_first(model) if axis != lane], lane)
            operands = [
                self._packed_operand(item, place, lane) if isinstance(place, Place) else place
                for item, place in zip(step.operands, operands, strict=True)
            ]
        elif step.result in self._order:
            order = self._order[step.result]
        else:
            largest = max(places, key=lambda place: sum(stride != 0 for stride in place.strides), default=None)
            order = outer_first(largest) if largest is not None else tuple(range(len(shape)))
        axes = tuple(axis for axis in order if shape[axis] != 1 or axis == lane)
        result = target
        if result is None:
            result = self._allot(self.names[step.result], step.result.dtype, shape, order, lane)
        self._places[step.result] = result
        member = Member(
            step,
            [item.permuted(_all(axes, item)) if isinstance(item, Place) else item for item in operands],
            result.permuted(_all(axes, result)),
            self.names[step.result],
        )
        sizes = tuple(shape[axis] for axis in axes)
        self._join(member, sizes, lane is not None, hoist=target is None)

    def _packed_operand(self, item: Value, place: Place, lane: int) -> Place:
        """An operand along the lane: of its own shape, so that what is repeated is not copied."""
        if place.strides[lane] == 0 or place.lane == lane:
            return place
        own = self.place(item)
        return self._along(own, lane - (len(place.shape) - len(own.shape))).broadcast(place.shape)

    def _join(self, member: Member, sizes: tuple[int, ...], laned: bool, hoist: bool) -> None:
        """Put a step into the first loop over the same elements behind what it reads, or into a new one."""
        read = [item for item in member.operands if isinstance(item, Place)]
        first = 0
        for number, kernel in enumerate(self.kernels):
            if any(place.buffer is written.buffer for written in kernel.writes() for place in read):
                first = number
        if not hoist:
            first = max(first, len(self.kernels) - 1)
        for kernel in self.kernels[first:]:
            if not isinstance(kernel, Loops) or kernel.sizes != sizes or kernel.laned != laned:
                continue
            if kernel.members[0].step is None:  # a copy may turn a matrix by tiles
                continue
            written = {place.buffer: place for place in kernel.writes()}
            if all(_same(place, written[place.buffer], len(sizes)) for place in read if place.buffer in written):
                kernel.members.append(member)
                return
        self.kernels.append(Loops(sizes, laned, [member]))

    def _reduction(self, step: Step) -> None:
        operand = self.place(step.operands[0])
        over = step.params["axis"]
        kept = [axis for axis in range(len(operand.shape)) if axis not in over]
        lane = operand.lane if operand.lane not in over else None
        inner_first = [axis for axis in outer_first(operand) if axis in over]
        shape = tuple(operand.shape[axis] for axis in kept)
        order = tuple(kept.index(axis) for axis in outer_first(operand) if axis in kept)
        if step.result in self._order and lane is None and len(shape) == len(step.result.shape):
            order = self._order[step.result]
        at = None if lane is None else kept.index(lane)
        result = self._allot(self.names[step.result], step.result.dtype, shape, order, at)
        axes = tuple(kept[axis] for axis in order if axis != at)
        axes = axes if lane is None else (*axes, lane)
        self.kernels.append(
            Reduction(
                step,
                operand.permuted((*axes, *inner_first)),
                result.permuted(tuple(kept.index(axis) for axis in axes)),
                len(over),
            )
        )
        self._places[step.result] = result
        if step.params["keepdims"]:
            found = result.reshaped(step.result.shape)
            assert found is not None
            self._places[step.result] = found

    def _product(self, step: Step) -> None:
        bias = None
        if step.op.name == "linear":
            x, weight, bias_value = step.operands
            a, b = self.place(x), self.place(weight).permuted((1, 0))
            bias = self.place(bias_value)
        else:
            a, b = (self.place(item) for item in step.operands)
        shape = step.result.shape
        if len(a.shape) == 1:
            a = Place(a.buffer, (1, *a.shape), (0, *a.strides), a.offset, None if a.lane is None else 1)
        if len(b.shape) == 1:
            b = Place(b.buffer, (*b.shape, 1), (*b.strides, 0), b.offset, b.lane)
        outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
        a, b = a.broadcast((*outer, m, k)), b.broadcast((*outer, k, n))
        full = (*outer, m, n)
        rows, inner, columns = len(outer), len(outer) + 1, len(outer) + 1
        callable_ = _for_blas(a) and _for_blas(b) and math.prod(full) * k > 0
        large = callable_ and use_blas(full, k)
        lane = None
        if a.lane == rows or (
            step.op.name == "linear" and m > 1 and b.lane is None and a.lane is None and not outer and not large
        ):
            lane = rows
            a = a if large else self._along(a, rows)
        elif b.lane == columns:
            lane = columns
        elif not large and (a.lane == inner or b.lane == rows):
            a, b = self._along(a, inner), self._along(b, rows)
        else:
            large = callable_ and m * n * k > WORTH_A_CALL
        order = tuple(range(len(full)))
        if lane is None and len(shape) == len(full) and step.result in self._order:
            order = self._order[step.result]
            large = large and set(order[-2:]) == {rows, inner}
        c = self._allot(self.names[step.result], step.result.dtype, full, order, lane)
        self.kernels.append(Product(step, a, b, c, bias, large))
        if shape != full:
            found = c.reshaped(shape)
            assert found is not None
            c = found
        self._places[step.result] = c

    def _descend(self, step: Step) -> None:
        product, turned, scale = self._descents[step.result]
        a, b = (self.place(item) for item in product.operands)
        if turned:
            a, b = b.permuted((1, 0)), a.permuted((1, 0))
        c = self._places[step.result] = self._target[step.result]
        a, b = (m if _for_blas(m) else self._dense(m) for m in (a, b))
        by = self.place(scale) if isinstance(scale, Value) else scale
        self.kernels.append(Product(product, a, b, c, None, True, by))

    # ------------------------------------------------------------------ the end

    def _finish(self) -> None:
        inputs = set(self.inputs)
        late: list[tuple[Place, Place]] = []
        for value, place in zip(self.program.outputs, self._output_places(), strict=True):
            if place is not None:
                self._copy(self.place(value), place)
        for held, value in self.program.writes.items():
            source, target = self.place(value), self._target.get(value)
            if (
                target is not None
                and source.buffer is target.buffer
                and self._new[source.buffer][0] is self._places[held].buffer
            ):
                continue
            if source.buffer in inputs or source.buffer in self._new:
                copy = self._allot(
                    self._spare(f"{source.buffer.name}_copy"),
                    source.buffer.dtype,
                    source.shape,
                    outer_first(source),
                    None,
                )
                self._copy(source, copy)
                source = copy
            late.append((source, self._places[held]))
        for source, to in late:
            buffer = Buffer(to.buffer.name, to.buffer.dtype, to.buffer.size, outside=True)
            self._new[buffer] = (to.buffer, self.program.inputs[0])
            self._copy(source, Place(buffer, to.shape, to.strides))

    def _output_places(self) -> list[Place | None]:
        places: list[Place | None] = []
        for number, value in enumerate(self.program.outputs):
            if not isinstance(value, Value):
                places.append(None)
                continue
            buffer = Buffer(self._spare(f"result_{number}"), value.dtype, math.prod(value.shape), outside=True)
            self.outputs.append(buffer)
            places.append(Place(buffer, value.shape, dense(value.shape, tuple(range(len(value.shape))))))
        return places

    def _overwritten(self) -> set[Value]:
        """Values written straight to an input of which the old value is read later."""
        found: set[Value] = set()
        for number, kernel in enumerate(self.kernels):
            for place in kernel.writes():
                if place.buffer not in self._new:
                    continue
                old, value = self._new[place.buffer]
                if value not in self._target or self._target[value].buffer is not place.buffer:
                    continue
                later = [read for k in self.kernels[number + 1 :] for read in k.reads()]
                if isinstance(kernel, Loops):
                    at = [member.result.buffer for member in kernel.members].index(place.buffer)
                    later += [read for member in kernel.members[at + 1 :] for read in _places(member)]
                else:
                    later += kernel.reads()
                if any(read.buffer is old for read in later) or any(
                    read.buffer is old and (read.strides, read.offset) != (place.strides, place.offset)
                    for read in kernel.reads()
                ):
                    found.add(value)
        return found


def _for_blas(matrix: Place) -> bool:
    """Whether a matrix lies row by row or column by column, with whole steps from one to the next."""
    (m, n), (down, across) = matrix.shape[-2:], matrix.strides[-2:]
    return (across == 1 and down >= n) or (down == 1 and across >= m)


def _sliced(place: Place, index: tuple[Any, ...]) -> Place:
    found = place.sliced(index)
    if found is None:
        raise Unknown("an index of arrays")
    return found


WORTH_A_CALL = 1 << 13  # products of elements; fewer take less time than a call of BLAS


def _places(member: Member) -> list[Place]:
    return [operand for operand in member.operands if isinstance(operand, Place)]


def use_blas(full: tuple[int, ...], k: int) -> bool:
    """Whether a product is large enough for BLAS, which takes a while to begin and likes no narrow ones."""
    sizes = sorted((*full[-2:], k))
    return len(full) == 2 and math.prod(sizes) > 1 << 19 and sizes[1] >= 64


def _all(axes: tuple[int, ...], place: Place) -> tuple[int, ...]:
    """``axes`` and behind them those of size 1, which no loop needs."""
    return (*axes, *[axis for axis in range(len(place.shape)) if axis not in axes])


def _same(read: Place, written: Place, count: int) -> bool:
    return read.strides[:count] == written.strides[:count] and read.offset == written.offset
