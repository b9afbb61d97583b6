"""From a lowered program to loops over memory: what runs in which order, and where each value lies.

The batch is the innermost axis: values that have one lie as ``[feature][row]``, filled up to whole groups of 16 rows,
so that one instruction takes 16 rows. What the filled-up lanes hold never reaches a sum. Elementwise steps over the
same elements share one loop; transposes, reshapes and slices are other strides of the same memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..program.program import Constant, Program, Step, Value
from .c_indexed import INDEXED
from .c_memory import Memory, every
from .c_products import descend, large_update, product
from .c_steps import PARTS, PRODUCTS, REDUCTIONS, VIEWS, Unknown
from .c_windows import WINDOWED
from .descents import descents
from .kernels import Check, Loops, Member, Reduction
from .put_off import put_off
from .strided import Buffer, Place, dense, outer_first

# Steps that are no loop over the elements of their result alone.
_OTHERS = (*VIEWS, *PARTS, *PRODUCTS, *REDUCTIONS, *WINDOWED, *INDEXED)


class Plan(Memory):
    """Kernels in order, and the buffers that they use."""

    def __init__(
        self, program: Program, labels: Sequence[tuple[Value, int]], names: dict[Value, str], orders: Sequence[str]
    ) -> None:
        super().__init__(names)
        self.program, self.orders = program, orders
        self.inputs: list[Buffer] = []
        self.outputs: list[Buffer] = []
        direct = set(program.writes.values())
        while True:  # until no write comes before a read of the old value
            self._make(labels, direct)
            late = self._overwritten()
            if not late:
                return
            direct -= late

    def _make(self, labels: Sequence[tuple[Value, int]], direct: set[Value]) -> None:
        self.clear()
        self.inputs, self.outputs = [], []
        self._new: dict[Buffer, tuple[Buffer, Value]] = {}  # what an input becomes -> the input, the value
        for value, order in zip(self.program.inputs, self.orders, strict=True):
            buffer = Buffer(self.names[value], value.dtype, math.prod(value.shape), outside=True)
            self.inputs.append(buffer)
            axes = tuple(range(len(value.shape)))
            axes = axes[::-1] if order == "F" else axes
            self.places[value] = Place(buffer, value.shape, dense(value.shape, axes))
        self._target: dict[Value, Place] = {}
        for place, value in self.program.writes.items():
            held = self.places[place]
            if value in direct and value not in self._target and not isinstance(value, Constant):
                buffer = Buffer(held.buffer.name, held.buffer.dtype, held.buffer.size, outside=True)
                self._new[buffer] = (held.buffer, value)
                self._target[value] = Place(buffer, held.shape, held.strides)
            self.order[value] = outer_first(held)
        self._prefer()
        self._descents, self._folded = descents(self.program, self._target, large_update)
        self.factors.update(step.operands[1] for step in self.program.steps if step.op.name in PRODUCTS)
        self._parts = self._assembled_of()
        self._wholes: dict[Step, Place] = {}
        for value, count in labels:
            self.kernels.append(Check(self.place(value), count))  # only inputs are looked at: see ``emit_c``
        steps, self._late = put_off(self.program)
        for step in steps:
            self._step(step)
        self._finish()

    def _prefer(self) -> None:
        """The order of axes of a written input is also that of what leads to it."""
        for step in reversed(self.program.steps):
            order = self.order.get(step.result)
            if order is None:
                continue
            if step.op.name == "permute":
                axes = tuple(int(axis) % len(order) for axis in step.params["axes"])
                self.order.setdefault(step.operands[0], tuple(axes[axis] for axis in order))
            elif step.op.name not in _OTHERS:
                for item in step.operands:
                    if isinstance(item, Value) and item.shape == step.result.shape:
                        self.order.setdefault(item, order)

    def _assembled_of(self) -> dict[Value, tuple[Step, tuple[Any, ...]]]:
        """Elementwise values that are a part of one array: they are written there at once, and not copied."""
        found: dict[Value, tuple[Step, tuple[Any, ...]]] = {}
        makers = {step.result: step for step in self.program.steps}
        uses = Counter(item for step in self.program.steps if step.op.variadic for item in step.operands[0])
        for step in self.program.steps:
            if step.op.name in ("cat", "stack"):
                for item, index in _parts_of(step):
                    maker = makers.get(item)
                    if maker is not None and maker.op.name not in _OTHERS and uses[item] == 1:
                        found[item] = step, index
        return found

    # ------------------------------------------------------------------ steps

    def _step(self, step: Step) -> None:
        name = step.op.name
        if step.result in self._folded:
            return
        if step.result in self._descents:
            descended, turned, scale = self._descents[step.result]
            target = self.places[step.result] = self._target[step.result]
            descend(self, descended, turned, scale, target)
        elif name == "permute":
            self.places[step.result] = self.place(step.operands[0]).permuted(tuple(step.params["axes"]))
        elif name == "broadcast_to":
            self.places[step.result] = self.place(step.operands[0]).broadcast(step.result.shape)
        elif name == "getitem":
            index = step.params["index"]
            index = index if isinstance(index, tuple) else (index,)
            self.places[step.result] = _sliced(self.place(step.operands[0]), index)
        elif name == "windows":
            sizes = (step.params[key] for key in ("kernel", "stride", "dilation"))
            self.places[step.result] = self.place(step.operands[0]).windows(*sizes)
        elif name == "reshape":
            self._reshape(step)
        elif name in PARTS:
            self._assembled(step)
        elif name in REDUCTIONS:
            self._reduction(step)
        elif name in PRODUCTS:
            self.places[step.result] = product(self, step)
        elif name in WINDOWED:
            self.places[step.result] = WINDOWED[name](self, step)
        elif name in INDEXED:
            self.places[step.result] = INDEXED[name](self, step)
        else:
            self._elementwise(step)

    def _reshape(self, step: Step) -> None:
        place = self.place(step.operands[0])
        found = place.reshaped(step.result.shape)
        if found is None:
            axes = tuple(range(len(place.shape)))
            copy = self.allot(self.names[step.result], place.buffer.dtype, place.shape, axes, None)
            self.copy(place, copy)
            found = copy.reshaped(step.result.shape)
            assert found is not None
        self.places[step.result] = found

    def _whole(self, step: Step) -> Place:
        """Where an array that is made of parts lies, before the parts are there."""
        if step not in self._wholes:
            shape = step.result.shape
            order = self.order.get(step.result, tuple(range(len(shape))))
            self._wholes[step] = self.allot(self.names[step.result], step.result.dtype, shape, order, None)
        return self._wholes[step]

    def _assembled(self, step: Step) -> None:
        """Copies of parts, each at its place in the result."""
        shape, name = step.result.shape, step.op.name
        result = self.places[step.result] = self._whole(step)
        if name in ("cat", "stack"):
            for item, index in _parts_of(step):
                source = self.place(item)
                if source.buffer is not result.buffer and 0 not in source.shape:
                    self.copy(source, _sliced(result, index))
            return
        whole, part = (0, step.operands[0]) if name == "place" else step.operands
        index = step.params["index"]
        there = _sliced(result, index if isinstance(index, tuple) else (index,))
        if there.shape != shape or there.strides != result.strides:
            self.copy(self.place(whole) if isinstance(whole, Value) else whole, result)
        if isinstance(part, Value):
            part = self.place(part)
            while len(part.shape) > len(there.shape):  # sizes of 1 in front
                part = _sliced(part, (0,))
        self.copy(part, there)

    def _elementwise(self, step: Step) -> None:
        shape = step.result.shape
        operands: list[Any] = []
        for item in step.operands:
            operands.append(self.place(item).broadcast(shape) if isinstance(item, Value) else item)
        places = [item for item in operands if isinstance(item, Place)]
        result = target = self._target.get(step.result)
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
        elif step.result in self.order:
            order = self.order[step.result]
        elif target is None and step.result in self._parts:
            assembled, index = self._parts[step.result]
            result = _sliced(self._whole(assembled), index)
            order = outer_first(result)
        else:
            largest = max(places, key=lambda place: sum(stride != 0 for stride in place.strides), default=None)
            order = outer_first(largest) if largest is not None else tuple(range(len(shape)))
        axes = tuple(axis for axis in order if shape[axis] != 1 or axis == lane)
        if result is None:
            result = self.allot(self.names[step.result], step.result.dtype, shape, order, lane)
        self.places[step.result] = result
        member = Member(
            step,
            [item.permuted(every(axes, item)) if isinstance(item, Place) else item for item in operands],
            result.permuted(every(axes, result)),
            self.names[step.result],
        )
        sizes = tuple(shape[axis] for axis in axes)
        self._join(member, sizes, lane is not None, hoist=target is None and step.result not in self._late)

    def _packed_operand(self, item: Value, place: Place, lane: int) -> Place:
        """An operand along the lane: of its own shape, so that what is repeated is not copied."""
        if place.strides[lane] == 0 or place.lane == lane:
            return place
        own = self.place(item)
        return self.along(own, lane - (len(place.shape) - len(own.shape))).broadcast(place.shape)

    def _join(self, member: Member, sizes: tuple[int, ...], laned: bool, hoist: bool) -> None:
        """Put a step into the first loop over the same elements behind what it reads, or into a new one."""
        read = [item for item in member.operands if isinstance(item, Place)]
        first = 0
        there = {place.buffer for place in read}
        for number in range(len(self.kernels) - 1, -1, -1):
            if any([written.buffer in there for written in self.kernels[number].writes()]):
                first = number
                break
        if not hoist:
            first = max(first, len(self.kernels) - 1)
        for kernel in self.kernels[first:]:
            if not isinstance(kernel, Loops) or kernel.sizes != sizes or kernel.laned != laned:
                continue
            if kernel.members[0].step is None:  # a copy may turn a matrix by tiles
                continue
            if not any(_meets(place, kernel.writes(), len(sizes)) for place in read):
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
        if step.result in self.order and lane is None and len(shape) == len(step.result.shape):
            order = self.order[step.result]
        at = None if lane is None else kept.index(lane)
        result = self.allot(self.names[step.result], step.result.dtype, shape, order, at)
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
        self.places[step.result] = result
        if step.params["keepdims"]:
            found = result.reshaped(step.result.shape)
            assert found is not None
            self.places[step.result] = found

    # ------------------------------------------------------------------ the end

    def _finish(self) -> None:
        inputs = set(self.inputs)
        late: list[tuple[Place, Place]] = []
        for value, place in zip(self.program.outputs, self._output_places(), strict=True):
            if place is not None:
                self.copy(self.place(value), place)
        for held, value in self.program.writes.items():
            source, target = self.place(value), self._target.get(value)
            if (
                target is not None
                and source.buffer is target.buffer
                and self._new[source.buffer][0] is self.places[held].buffer
            ):
                continue
            if source.buffer in inputs or source.buffer in self._new:
                copy = self.allot(
                    self.spare(f"{source.buffer.name}_copy"),
                    source.buffer.dtype,
                    source.shape,
                    outer_first(source),
                    None,
                )
                self.copy(source, copy)
                source = copy
            late.append((source, self.places[held]))
        for source, to in late:
            buffer = Buffer(to.buffer.name, to.buffer.dtype, to.buffer.size, outside=True)
            self._new[buffer] = (to.buffer, self.program.inputs[0])
            self.copy(source, Place(buffer, to.shape, to.strides))

    def _output_places(self) -> list[Place | None]:
        places: list[Place | None] = []
        for number, value in enumerate(self.program.outputs):
            if not isinstance(value, Value):
                places.append(None)
                continue
            buffer = Buffer(self.spare(f"result_{number}"), value.dtype, math.prod(value.shape), outside=True)
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


def _sliced(place: Place, index: tuple[Any, ...]) -> Place:
    found = place.sliced(index)
    if found is None:
        raise Unknown("an index of arrays")
    return found


def _places(member: Member) -> list[Place]:
    return [operand for operand in member.operands if isinstance(operand, Place)]


def _meets(read: Place, written: Sequence[Place], count: int) -> bool:
    """Whether some of what is read is written by a loop, and not the same element at the same time."""
    there = [place for place in written if place.buffer is read.buffer]
    return bool(there) and not any(
        read.strides[:count] == place.strides[:count] and read.offset == place.offset for place in there
    )


def _parts_of(step: Step) -> Iterator[tuple[Value, tuple[Any, ...]]]:
    """The operands of ``cat`` and ``stack``, each with the index of its place in the result."""
    axis, at = step.params["axis"] % len(step.result.shape), 0
    for item in step.operands[0]:
        size = item.shape[axis] if step.op.name == "cat" else 1
        yield item, ((slice(None),) * axis + (slice(at, at + size) if step.op.name == "cat" else at,))
        at += size
