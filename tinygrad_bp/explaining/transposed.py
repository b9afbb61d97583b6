"""A program with its transpositions where they are read best: at the inputs, where two of them may cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.op import OPS
from ..program.program import Constant, Program, Step, Value, live, replaced


def transposed(program: Program) -> Program:
    """The same program; a transposition of a sum, of a product of elements, or of a softmax is made of its operands.

    >>> import tinygrad_bp as tg
    >>> print(transposed(tg.program(lambda x, y: (x.T * 2 - y.T).T, tg.ones(3, 2), tg.ones(3, 2))))
    x                float32 (3, 2)
    y                float32 (3, 2)
    t0 = mul(x, 2)   float32 (3, 2)
    t1 = sub(t0, y)  float32 (3, 2)
    return t1
    """
    if not any(step.op.name in ("permute", "matmul") for step in program.steps):
        return program
    return _Moving(program).program()


class _Moving:
    def __init__(self, program: Program) -> None:
        self.before = program
        self.made: dict[Value, Step] = {}  # by result, in order
        self.became: dict[Value, Any] = {}

    def program(self) -> Program:
        for step in self.before.steps:
            operands, params = self._now(step.operands), self._now(step.params)
            if step.op.name == "permute" and isinstance(operands[0], Value):
                self.became[step.result] = self.turned(operands[0], _axes(step, operands[0]))
            elif step.op.name == "reshape" and operands[0].shape == step.result.shape:
                self.became[step.result] = operands[0]
            elif step.op.name == "matmul" and _ones(operands[0]):
                x = operands[1]  # ones times rows is their sum
                self.became[step.result] = self._step("sum", (x,), {"axis": len(x.shape) - 2}, x, step.result.shape)
            else:
                self.made[step.result] = Step(step.op, operands, params, step.result)
        whole = Program(self.before.inputs, tuple(self.made.values()), self._now(self.before.outputs))
        return Program(whole.inputs, tuple(live(whole, whole.steps)), whole.outputs)

    def _now(self, item: Any) -> Any:
        return replaced(item, lambda value: self.became.get(value, value))

    def _step(self, name: str, operands: tuple[Any, ...], params: dict[str, Any], like: Value, shape: Any) -> Value:
        result = Value(tuple(shape), like.dtype)
        self.made[result] = Step(OPS[name], operands, params, result)
        return result

    def turned(self, value: Value, axes: tuple[int, ...]) -> Value:
        """``value`` with its axes in this order."""
        if axes == tuple(range(len(axes))):
            return value
        shape = tuple(value.shape[axis] for axis in axes)
        if isinstance(value, Constant):
            return Constant(shape, value.dtype, value.name, np.transpose(value.array, axes))
        step = self.made.get(value)
        if step is not None:
            if step.op.name == "permute":
                inner = _axes(step, step.operands[0])
                return self.turned(step.operands[0], tuple(inner[axis] for axis in axes))
            if step.op.kind in ("elementwise", "constant") and _elements(step):
                operands = tuple(self._operand(x, axes, len(shape)) for x in step.operands)
                result = Value(shape, value.dtype)
                self.made[result] = Step(step.op, operands, step.params, result)
                return result
            if step.op.name == "cast":
                return self._step("cast", (self.turned(step.operands[0], axes),), step.params, value, shape)
            if step.op.name == "matmul" and len(axes) == 2 == len(step.operands[0].shape) == len(
                step.operands[1].shape
            ):
                factors = tuple(self.turned(x, axes) for x in reversed(step.operands))
                return self._step("matmul", factors, {}, value, shape)
            if step.op.name in ("softmax", "log_softmax"):
                axis = axes.index(step.params.get("axis", -1) % len(axes))
                params = {"axis": axis - len(axes) if axis == len(axes) - 1 else axis}
                return self._step(step.op.name, (self.turned(step.operands[0], axes),), params, value, shape)
        return self._step("permute", (value,), {"axes": axes}, value, shape)

    def _operand(self, item: Any, axes: Sequence[int], ndim: int) -> Any:
        """An operand of what is turned: it may have fewer axes, and counts from the last."""
        if not isinstance(item, Value) or not item.shape:
            return item
        missing = ndim - len(item.shape)
        if missing:
            wide = (1,) * missing + item.shape
            if sum(size != 1 for size in wide) <= 1:  # a row that becomes a column has the same elements
                wide, axes = tuple(wide[axis] for axis in axes), range(ndim)
            if isinstance(item, Constant):
                item = Constant(wide, item.dtype, item.name, np.reshape(item.array, wide))
            else:
                item = self._step("reshape", (item,), {"shape": wide}, item, wide)
        return self.turned(item, tuple(axes))


def _ones(item: Any) -> bool:
    return isinstance(item, Constant) and len(item.shape) == 1 and bool((item.array == 1).all())


def _axes(step: Step, operand: Value) -> tuple[int, ...]:
    return tuple(axis % len(operand.shape) for axis in step.params["axes"])


_OF_ELEMENTS = ("eq", "ne", "lt", "le", "gt", "ge", "isnan", "isfinite", "isinf", "logical_not")


def _elements(step: Step) -> bool:
    return step.op.kind == "elementwise" or step.op.name in _OF_ELEMENTS
