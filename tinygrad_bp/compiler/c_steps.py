"""The few kinds of steps that C has, written down as other ops become them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.op import OPS
from ..program.program import Constant, Step, Value, replaced

VIEWS = ("permute", "reshape", "broadcast_to", "getitem", "windows")
REDUCTIONS = ("sum", "amax", "amin", "prod")
PRODUCTS = ("matmul", "linear")
PARTS = ("cat", "stack", "setitem", "place")
SMALL = 64  # constants are computed when the program is built up to this many elements


class Unknown(Exception):
    """A step that C has no words for."""


class Lowered:
    """The steps so far; the same call is written once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.names: dict[Value, str] = {}
        self.name = ""  # of the step that is being written
        self.labels: dict[tuple[Value, int], None] = {}  # inputs of which every number is in 0 … count − 1
        self._known: dict[Any, Value] = {}
        self._made: dict[Value, Step] = {}

    def maker(self, value: Value) -> Step | None:
        """The step that gave a value."""
        return self._made.get(value)

    def within(self, index: Value, count: int) -> None:
        """Take care that every number of ``index`` is in 0 … count − 1; inputs are looked at before a run.

        Raises ``Unknown`` for numbers that the program computes, but for those that can be no others.
        """
        while (maker := self.maker(index)) is not None and maker.op.name in VIEWS:
            index = maker.operands[0]
        if isinstance(index, Constant):
            known = not index.array.size or (index.array.min() >= 0 and index.array.max() < count)
        elif maker is None:
            self.labels[index, count] = None
            known = index.dtype in (np.dtype(np.int64), np.dtype(np.int32))
        else:
            windows = maker.op.name == "window_argmax"
            known = windows and math.prod(maker.operands[0].shape[-len(maker.params["tables"]) :]) <= count
        if not known:
            raise Unknown("numbers of places that are not looked at before a run")

    def constant(self, array: Any) -> Constant:
        """A constant; equal ones are one."""
        array = np.asarray(array)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = Constant(array.shape, array.dtype, array=array)
        found = self._known[key]
        assert isinstance(found, Constant)
        return found

    def call(self, name: str, *operands: Any, **params: Any) -> Any:
        """The value of an op of the table: a step, the one before that is the same, or a constant."""
        op = OPS[name]
        arrays = [np.empty(item.shape, item.dtype) if isinstance(item, Value) else item for item in operands]
        dtype = np.result_type(*arrays)
        if name in ("eq", "ne", "lt", "le", "gt", "ge"):
            dtype = np.dtype(bool)
        shape = _shape(name, [np.shape(array) for array in arrays], params)
        return self.step(Step(op, operands, params, Value(shape, params.get("dtype") or dtype)))

    def item(self, x: Value, index: tuple[Any, ...], shape: tuple[int, ...]) -> Value:
        """``x[index]``, which has this shape."""
        return self.step(Step(OPS["getitem"], (x,), {"index": index}, Value(shape, x.dtype)))

    def step(self, step: Step) -> Value:
        """Write a step, unless its value is known."""
        key = (step.op.name, _key(step.operands), _key(step.params))
        if key in self._known:
            return self._known[key]
        read = list(step.reads())
        if read and all(isinstance(item, Constant) for item in read) and math.prod(step.result.shape) <= SMALL:
            with np.errstate(all="ignore"):
                found = step.op.compute(*replaced(step.operands, _array), **replaced(step.params, _array))
            result: Value = self.constant(np.asarray(found, step.result.dtype))
        else:
            self.steps.append(step)
            self.names[step.result] = f"{self.name}_{step.op.name}"
            self._made[step.result] = step
            result = step.result
        self._known[key] = result
        return result


def _array(value: Value) -> Any:
    assert isinstance(value, Constant)
    return value.array


def _key(item: Any) -> Any:
    if isinstance(item, Constant):
        return ("constant", id(item))
    if isinstance(item, Value):
        return ("value", id(item))
    if isinstance(item, dict):
        return tuple((name, _key(part)) for name, part in item.items())
    if isinstance(item, (tuple, list)):
        return tuple(_key(part) for part in item)
    if isinstance(item, slice):
        return ("slice", _key(item.start), _key(item.stop), _key(item.step))
    return (type(item).__name__, repr(item))  # 1, 1.0 and True differ, as do 0.0 and -0.0


def _shape(name: str, shapes: Sequence[tuple[int, ...]], params: dict[str, Any]) -> tuple[int, ...]:
    if name == "permute":
        return tuple(shapes[0][axis] for axis in params["axes"])
    if name in REDUCTIONS:
        kept = params.get("keepdims", False)
        return tuple(
            1 if axis in params["axis"] else size
            for axis, size in enumerate(shapes[0])
            if kept or axis not in params["axis"]
        )
    return params["shape"] if "shape" in params else np.broadcast_shapes(*shapes)
