"""A program in the few kinds of steps that C has: elementwise ops, reductions, products and views.

Losses and softmaxes become the steps that they are made of, and what is computed twice is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.op import OPS
from ..program.program import Constant, Program, Step, Value, live, replaced
from ..program.text import names
from .c_expressions import FLOATS, TYPES, expression

VIEWS = ("permute", "reshape", "broadcast_to", "getitem")
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
        self._known: dict[Any, Value] = {}
        self._made: dict[Value, Step] = {}

    def maker(self, value: Value) -> Step | None:
        """The step that gave a value."""
        return self._made.get(value)

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


def lowered(program: Program) -> tuple[Program, dict[Value, str], list[tuple[Value, int]]]:
    """The same program in steps that C has, its names, and labels to be looked at first: each in 0 … count − 1.

    Raises ``Unknown`` for an op that C does not have.
    """
    out = Lowered()
    known: dict[Value, Value] = {value: value for value in program.inputs}
    labels: list[tuple[Value, int]] = []
    given = names(program)
    out.names |= {value: given[value] for value in program.inputs}

    def now(value: Value) -> Value:
        if isinstance(value, Constant):
            constant = out.constant(value.array) if value.array.size <= SMALL else value
            out.names.setdefault(constant, given[value])
            return constant
        return known[value]

    for step in program.steps:
        out.name = given[step.result]
        operands = replaced(step.operands, now)
        params = replaced(step.params, now)
        if step.beside:
            raise Unknown("residuals that are kept")
        params = {name: params.get(name, default) for name, default in step.op.params.items()}
        rule = RULES.get(step.op.name)
        moved = Step(step.op, operands, params, Value(step.result.shape, step.result.dtype, step.result.name))
        if rule is not None:
            result = rule(out, moved)
            if step.op.name == "cross_entropy":
                labels.append((operands[1], _classes(operands[0])))
        elif (step.op.name in PARTS and _alike(moved)) or step.op.name in VIEWS or expression(moved) is not None:
            result = out.step(moved)
        else:
            raise Unknown(step.op.name)
        if result.shape != step.result.shape or result.dtype != step.result.dtype:
            raise AssertionError(f"{step.op.name} became {result.dtype} {result.shape}")
        if result in out.names and out.names[result].startswith(f"{out.name}_"):
            out.names[result] = out.name
        known[step.result] = result
    outputs = replaced(program.outputs, now)
    writes = {place: now(value) for place, value in program.writes.items()}
    whole = Program(program.inputs, tuple(out.steps), outputs, writes)
    return Program(program.inputs, tuple(live(whole, out.steps)), outputs, writes), out.names, labels


# ---------------------------------------------------------------------- what some ops are made of


def _alike(step: Step) -> bool:
    """Whether parts have the dtype of the whole, one that C has, or are numbers."""
    parts = step.operands[0] if step.op.variadic else step.operands
    return step.result.dtype in TYPES and all(
        part.dtype == step.result.dtype for part in parts if isinstance(part, Value)
    )


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None or axis == ():
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(sorted({int(one) % ndim for one in given})) if ndim else ()


def _reduction(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    params = {"axis": _axes(step.params["axis"], len(x.shape)), "keepdims": bool(step.params["keepdims"])}
    dtype = step.params.get("dtype")
    if x.dtype not in FLOATS or (dtype is not None and np.dtype(dtype) != x.dtype):
        raise Unknown(f"{step.op.name} of {x.dtype}")
    if step.op.name in ("amax", "amin") and math.prod(x.shape) == 0:
        raise Unknown(f"{step.op.name} of nothing")
    return out.step(Step(step.op, (x,), params, step.result))


def _mean(out: Lowered, step: Step) -> Value:
    (x,) = step.operands
    total = _reduction(out, Step(OPS["sum"], (x,), step.params, step.result))
    return _over(out, total, math.prod(x.shape) // (math.prod(total.shape) or 1))


def _over(out: Lowered, total: Value, count: int) -> Value:
    """A sum as a mean; of nothing it is NaN."""
    mean: Value = out.call("div", total, float(count)) if count else out.call("mul", total, math.nan)
    return mean


def _view_below(out: Lowered, x: Value, axis: int) -> tuple[Value, int, tuple[int, ...] | None]:
    """``x`` without the transpose that gave it, the axis there, and the transpose."""
    maker = out.maker(x)
    if maker is not None and maker.op.name == "permute":
        axes = tuple(int(a) % len(x.shape) for a in maker.params["axes"])
        return maker.operands[0], axes[axis], axes
    return x, axis, None


def _exponentials(out: Lowered, x: Value, axis: int) -> tuple[Value, Value, Value]:
    """``x`` below its largest, the exponentials of that, and their sum."""
    if x.dtype not in FLOATS or not x.shape or math.prod(x.shape) == 0:
        raise Unknown("softmax")
    shifted = out.call("sub", x, out.call("amax", x, axis=(axis,), keepdims=True))
    e = out.call("exp", shifted)
    return shifted, e, out.call("sum", e, axis=(axis,), keepdims=True)


def _softmax(out: Lowered, step: Step) -> Value:
    (x,), axis = step.operands, int(step.params["axis"])
    below, axis, axes = _view_below(out, x, axis % len(x.shape)) if x.shape else (x, axis, None)
    _, e, total = _exponentials(out, below, axis)
    y: Value = out.call("div", e, total)
    return y if axes is None else out.call("permute", y, axes=axes)


def _log_softmax(out: Lowered, step: Step) -> Value:
    (x,), axis = step.operands, int(step.params["axis"])
    shifted, _, total = _exponentials(out, x, axis % max(len(x.shape), 1))
    return out.call("sub", shifted, out.call("log", total))  # type: ignore[no-any-return]


def _classes(x: Value) -> int:
    return x.shape[min(1, len(x.shape) - 1)]


def _cross_entropy(out: Lowered, step: Step) -> Value:
    x, target = step.operands
    if len(x.shape) != 2 or target.dtype not in (np.dtype(np.int64), np.dtype(np.int32)) or target.shape != x.shape[:1]:
        raise Unknown("cross_entropy of other shapes")
    shifted, _, total = _exponentials(out, x, 1)
    classes = out.constant(np.arange(x.shape[1], dtype=target.dtype))
    label = out.call("reshape", target, shape=(*target.shape, 1))
    hits = out.call("where", out.call("eq", label, classes), shifted, 0.0)
    wanted = out.call("sum", hits, axis=(1,), keepdims=True)
    losses = out.call("sub", out.call("log", total), wanted)
    return _reduced(out, out.call("reshape", losses, shape=target.shape), step.params["reduction"])


def _reduced(out: Lowered, losses: Value, reduction: str) -> Value:
    if reduction == "none":
        return losses
    total: Value = out.call("sum", losses, axis=tuple(range(len(losses.shape))), keepdims=False)
    return total if reduction == "sum" else _over(out, total, math.prod(losses.shape))


def _of_floats(step: Step) -> tuple[Value, Value]:
    x, target = step.operands
    if x.dtype not in FLOATS or target.dtype != x.dtype or x.shape != target.shape:
        raise Unknown(f"{step.op.name} of {x.dtype} and {target.dtype}")
    return x, target


def _mse(out: Lowered, step: Step) -> Value:
    x, target = _of_floats(step)
    return _reduced(out, out.call("square", out.call("sub", x, target)), step.params["reduction"])


def _l1(out: Lowered, step: Step) -> Value:
    x, target = _of_floats(step)
    return _reduced(out, out.call("abs", out.call("sub", x, target)), step.params["reduction"])


def _bce(out: Lowered, step: Step) -> Value:
    x, target = _of_floats(step)
    soft = out.call("log1p", out.call("exp", out.call("neg", out.call("abs", x))))
    losses = out.call("sub", out.call("add", soft, out.call("relu", x)), out.call("mul", x, target))
    return _reduced(out, losses, step.params["reduction"])


def _same(out: Lowered, step: Step) -> Value:
    """A cast to the dtype that it has already, or a copy."""
    (x,) = step.operands
    if x.dtype == step.result.dtype:
        return x  # type: ignore[no-any-return]
    if expression(step) is None:
        raise Unknown(f"cast of {x.dtype} to {step.result.dtype}")
    return out.step(step)


def _product(out: Lowered, step: Step) -> Value:
    if any(item.dtype not in FLOATS or item.dtype != step.result.dtype for item in step.operands):
        raise Unknown(f"{step.op.name} of {step.operands[0].dtype}")
    if step.op.name == "matmul":
        a, b = step.operands
        if isinstance(a, Constant) and len(a.shape) == 1 and len(b.shape) == 2 and (a.array == 1).all():
            return out.call("sum", b, axis=(0,), keepdims=False)  # type: ignore[no-any-return]
    return out.step(step)


Rule = Callable[[Lowered, Step], Value]
RULES: dict[str, Rule] = {
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(PRODUCTS, _product),
    **dict.fromkeys(("cast", "clone"), _same),
    "mean": _mean, "softmax": _softmax, "log_softmax": _log_softmax, "cross_entropy": _cross_entropy,
    "mse_loss": _mse, "l1_loss": _l1, "binary_cross_entropy_with_logits": _bce,
}  # fmt: skip
