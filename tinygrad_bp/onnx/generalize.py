"""One program of several: the same function written down at other sizes, and what differs between them as ``Dim``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..autograd.errors import ArgumentError
from ..program import Constant, Program, Step, Value
from .dims import Dim


@dataclass(eq=False)
class Filled(Value):
    """A constant of one number everywhere, as large as the sizes say."""

    number: Any = None


@dataclass(eq=False)
class Counted(Value):
    """A constant that counts: 0, 1, 2, …, each so many times, times a step; as far as the sizes say."""

    step: int = 1
    repeats: int = 1


@dataclass(eq=False)
class Triangle(Value):
    """A constant of two numbers: one up to a diagonal, the other beyond, as a mask of what comes later is."""

    diagonal: int = 0
    inside: Any = None
    beyond: Any = None


def generalize(programs: Sequence[Program], sizes: Sequence[Mapping[str, int]]) -> Program:
    """The program of which these are the runs at ``sizes``. Raises ``ArgumentError`` where there is none."""
    return _Together(programs, sizes).program()


class _Together:
    def __init__(self, programs: Sequence[Program], sizes: Sequence[Mapping[str, int]]) -> None:
        self.programs, self.sizes = programs, sizes
        self.known: dict[Value, tuple[tuple[Value, ...], Value]] = {}  # of the first: those of all, and the one

    def program(self) -> Program:
        steps = [program.steps for program in self.programs]
        names = [[step.op.name for step in each] for each in steps]
        if any(each != names[0] for each in names[1:]):
            i = next((i for i, each in enumerate(zip(*names)) if len(set(each)) > 1), min(map(len, names)))
            self._refuse(f"the function calls other ops at other sizes, first as call {i}")
        inputs = tuple(self.value(values) for values in zip(*(program.inputs for program in self.programs)))
        made = []
        for each in zip(*steps):
            operands = self.item([step.operands for step in each], f"an operand of {each[0].op.name}")
            params = self.item([step.params for step in each], f"a parameter of {each[0].op.name}")
            made.append(Step(each[0].op, operands, params, self.value(tuple(step.result for step in each))))
        outputs = self.item([program.outputs for program in self.programs], "a result")
        writes = {self.value(pair): self.value(pair) for pair in zip(*(p.writes for p in self.programs))}
        return Program(inputs, tuple(made), outputs, writes)

    def item(self, items: Sequence[Any], what: str) -> Any:
        """The same nest, values and whole numbers brought together."""
        first = items[0]
        if any(type(item) is not type(first) for item in items):
            self._refuse(f"{what} is {first!r} and {items[-1]!r}")
        if isinstance(first, Value):
            return self.value(tuple(items))
        if isinstance(first, (tuple, list)):
            if any(len(item) != len(first) for item in items):
                self._refuse(f"{what} has {len(first)} parts and {len(items[-1])}")
            return type(first)([self.item(parts, what) for parts in zip(*items)])
        if isinstance(first, dict):
            return {key: self.item([item[key] for item in items], what) for key in first}
        if isinstance(first, slice):
            parts = [self.item([getattr(item, end) for item in items], what) for end in ("start", "stop", "step")]
            return slice(*parts)
        if isinstance(first, int) and not isinstance(first, bool):
            return first if all(item == first for item in items) else Dim.fitted(items, self.sizes)
        if isinstance(first, float):
            if all(item == first or (item != item and first != first) for item in items):
                return first
            self._refuse(f"{what} is {first!r} and {items[-1]!r}: a number computed from a size by Python")
        if any(item is not first and item != first for item in items):
            self._refuse(f"{what} is {first!r} and {items[-1]!r}")
        return first

    def value(self, values: tuple[Value, ...]) -> Value:
        first = values[0]
        if first in self.known:
            if self.known[first][0] != values:
                self._refuse("the function reads other values at other sizes")
            return self.known[first][1]
        shape: tuple[int, ...] = tuple(self.item([value.shape for value in values], "the number of dimensions"))
        if isinstance(first, Constant):
            found = self._constant(values, shape)  # type: ignore[arg-type]
        else:
            found = first if shape == first.shape else Value(shape, first.dtype, first.name)
        self.known[first] = values, found
        return found

    def _constant(self, constants: tuple[Constant, ...], shape: tuple[int, ...]) -> Value:
        first = constants[0]
        arrays = [constant.array for constant in constants]
        if all(np.array_equal(array, arrays[0], equal_nan=array.dtype.kind == "f") for array in arrays):
            return first
        number = arrays[0].flat[0] if arrays[0].size else 0
        if all((array == number).all() for array in arrays):
            return Filled(shape, first.dtype, first.name, number)
        if first.dtype.kind in "ui":
            repeats = int(np.count_nonzero(arrays[0] == 0))
            step = int(arrays[0].flat[repeats]) if 0 < repeats < arrays[0].size else 0
            if step and all(np.array_equal(a.ravel(), np.arange(a.size) // repeats * step) for a in arrays):
                return Counted(shape, first.dtype, first.name, step, repeats)
        triangle = _triangle(arrays)
        if triangle is not None:
            return Triangle(shape, first.dtype, first.name, *triangle)
        self._refuse(f"an array {first.shape} made by NumPy or Python holds other numbers at other sizes")

    def _refuse(self, what: str) -> NoReturn:
        names = ", ".join(self.sizes[0])
        raise ArgumentError(
            f"onnx.export: {names} cannot be left free by dynamic_axes: {what}. Compute it from tensors by tg's "
            "functions (x.mean(), tg.arange(n), tg.zeros(n)), or export without dynamic_axes, one file a size"
        )


def _triangle(arrays: Sequence[Any]) -> tuple[int, Any, Any] | None:
    """Up to which diagonal all of these hold one number, that number, and the one beyond."""
    if any(array.ndim < 2 or set(array.shape[:-2]) - {1} or not array.size for array in arrays):
        return None
    planes = [np.reshape(array, array.shape[-2:]) for array in arrays]
    inside, beyond = planes[0][-1, 0], planes[0][0, -1]
    diagonal = int(np.count_nonzero(planes[0][0] == inside)) - 1
    holds = all(
        np.array_equal(p, np.where(np.tri(p.shape[0], p.shape[1], diagonal, bool), inside, beyond)) for p in planes
    )
    return (diagonal, inside, beyond) if holds else None
