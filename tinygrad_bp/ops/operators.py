"""The one table that binds ops to Tensor syntax: operators, methods and properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.errors import ArgumentError, DtypeError, IndexRangeError, ReadOnlyError, ShapeError, shape_text
from ..autograd.modes import mode
from ..autograd.tensor import Tensor, wrap
from . import elementwise as e
from . import complex_numbers, indexing, network, products, random, reduction, shape

_OPERANDS = (Tensor, np.ndarray, np.generic, bool, int, float, complex, list, tuple)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        return function(other, self)

    return operator


def _compared(function: Callable[..., Any]) -> Callable[..., Any]:
    # `t == None` and `t == "text"` are answered by Python (False), not refused.
    def operator(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, _OPERANDS) else NotImplemented

    return operator


# ---------------------------------------------------------------------- writing


def _recorded_here(*operands: Any) -> bool:
    return mode().grad and any(isinstance(x, Tensor) and x._node is not None for x in operands)


def _same_kind(x: Tensor, result: Tensor, what: str) -> Tensor:
    if result.dtype == x.dtype:
        return result
    if dtypes.category(result.dtype) > dtypes.category(x.dtype):
        raise DtypeError(f"{what}: the result has dtype {result.dtype} and can't be cast to {x.dtype} in place")
    return to(result, x.dtype)  # type: ignore[no-any-return]


def _in_place(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``x += y`` and ``x.add_(y)``: a new recorded value where history is concerned, else a write in place."""

    def operator(self: Tensor, other: Any) -> Tensor:
        self._refuse_recorded_leaf(what)
        result = _same_kind(self, function(self, other), what)
        if _recorded_here(self, other):
            return self._become(result, what)
        if result.shape != self.shape:
            raise ShapeError(
                f"{what}: the result has shape {shape_text(result.shape)}, the tensor written "
                f"{shape_text(self.shape)}; an in-place operation keeps the shape"
            )
        _overwrite(self, ..., result._value, what)
        return self

    return operator


def _overwrite(x: Tensor, index: Any, value: Any, what: str) -> None:
    x._array_to_write(what)[index] = value


def set_item(self: Tensor, index: Any, value: Any, what: str = "x[index] = value") -> None:
    """``x[index] = value``; of repeated positions the last one counts."""
    self._refuse_recorded_leaf(what)
    index = indexing.plain_index(index)
    if isinstance(value, Tensor):
        value = _same_kind(self, value, what)
    elif isinstance(value, (np.ndarray, np.generic, list, tuple)):
        value = np.asarray(value)
    if _recorded_here(self, value):
        if isinstance(value, np.ndarray):
            value = value.astype(self.dtype, casting="same_kind")
        self._become(indexing.setitem(self, value, index), what)
        return
    raw = value._value if isinstance(value, Tensor) else value
    try:
        _overwrite(self, index, raw, what)
    except ReadOnlyError:
        raise
    except (ValueError, IndexError, TypeError) as error:
        given = shape_text(np.shape(raw))
        kind = IndexRangeError if isinstance(error, IndexError) else ShapeError
        raise kind(f"{what}: x {shape_text(self.shape)}, value {given}: {error}") from error


def fill_(self: Tensor, value: Any) -> Tensor:
    """Every element set to one number."""
    set_item(self, ..., value, "fill_")
    return self


def zero_(self: Tensor) -> Tensor:
    """Every element set to 0."""
    set_item(self, ..., 0, "zero_")
    return self


def copy_(self: Tensor, source: Any) -> Tensor:
    """Every element taken from ``source``, which broadcasts and is cast."""
    if isinstance(source, Tensor) and source.dtype != self.dtype:
        source = to(source, self.dtype)
    set_item(self, ..., source, "copy_")
    return self


# ---------------------------------------------------------------------- dtype


def to(self: Any, dtype: Any, *_: Any, **__: Any) -> Any:
    """The tensor in another dtype (or that of another tensor); itself where nothing changes."""
    if isinstance(dtype, Tensor):
        dtype = dtype.dtype
    if isinstance(dtype, str) and dtype.split(":")[0] == "cpu":
        return self
    try:
        target = np.dtype(dtype)
    except TypeError:
        raise ArgumentError(f"to: give a dtype such as tg.float64, got {dtype!r}") from None
    if self.dtype == target:
        return self
    if target.kind not in "fc":
        dtypes.category(target)
        return wrap(self._value.astype(target), None)
    return e.cast(self, target)


def _caster(dtype: dtypes.DType) -> Callable[[Any], Any]:
    def cast(self: Any) -> Any:
        return to(self, dtype)

    cast.__doc__ = f"The tensor as {dtype}."
    return cast


def type_as(self: Any, other: Any) -> Any:
    """The tensor in the dtype of another one."""
    return to(self, other.dtype)


def contiguous(self: Any) -> Any:
    """The tensor itself: every op takes any memory layout, and all memory is the CPU's."""
    return self


def where(self: Any, condition: Any, other: Any) -> Any:
    """The tensor's elements where the condition holds, those of ``other`` elsewhere."""
    return e.where(condition, self, other)


# ---------------------------------------------------------------------- the table

OPERATORS: dict[str, Any] = {
    "__add__": e.add, "__radd__": _reflected(e.add), "__iadd__": _in_place("+=", e.add),
    "__sub__": e.sub, "__rsub__": _reflected(e.sub), "__isub__": _in_place("-=", e.sub),
    "__mul__": e.mul, "__rmul__": _reflected(e.mul), "__imul__": _in_place("*=", e.mul),
    "__truediv__": e.div, "__rtruediv__": _reflected(e.div), "__itruediv__": _in_place("/=", e.div),
    "__pow__": e.pow, "__rpow__": _reflected(e.pow), "__ipow__": _in_place("**=", e.pow),
    "__matmul__": products.matmul, "__rmatmul__": _reflected(products.matmul),
    "__neg__": e.neg, "__pos__": e.positive_, "__abs__": e.abs, "__invert__": e.bitwise_not,
    "__and__": e.bitwise_and, "__rand__": _reflected(e.bitwise_and),
    "__or__": e.bitwise_or, "__ror__": _reflected(e.bitwise_or),
    "__xor__": e.bitwise_xor, "__rxor__": _reflected(e.bitwise_xor),
    "__eq__": _compared(e.eq), "__ne__": _compared(e.ne),
    "__lt__": e.lt, "__le__": e.le, "__gt__": e.gt, "__ge__": e.ge,
    "__getitem__": indexing.getitem, "__setitem__": set_item,
}  # fmt: skip

METHODS: dict[str, Any] = {
    # elementwise
    "add": e.add, "sub": e.sub, "subtract": e.sub, "mul": e.mul, "multiply": e.mul, "div": e.div, "divide": e.div,
    "true_divide": e.div, "pow": e.pow, "negative": e.neg, "absolute": e.abs, "where": where,
    "neg": e.neg, "abs": e.abs, "sign": e.sign, "exp": e.exp, "log": e.log, "log1p": e.log1p, "expm1": e.expm1,
    "sqrt": e.sqrt, "square": e.square, "sin": e.sin, "cos": e.cos, "tanh": e.tanh, "sigmoid": e.sigmoid,
    "relu": e.relu, "maximum": e.maximum, "minimum": e.minimum, "clip": e.clip, "clamp": e.clip,
    "eq": e.eq, "ne": e.ne, "lt": e.lt, "le": e.le, "gt": e.gt, "ge": e.ge,
    "isnan": e.isnan, "isinf": e.isinf, "isfinite": e.isfinite, "logical_not": e.logical_not,
    "bitwise_and": e.bitwise_and, "bitwise_or": e.bitwise_or, "bitwise_xor": e.bitwise_xor,
    "bitwise_not": e.bitwise_not, "logical_and": e.logical_and, "logical_or": e.logical_or,
    "logical_xor": e.logical_xor, "clone": e.clone,
    "conj": complex_numbers.conj, "angle": complex_numbers.angle, "sgn": complex_numbers.sgn,
    # reductions
    "sum": reduction.sum, "mean": reduction.mean, "var": reduction.var, "std": reduction.std,
    "max": reduction.max, "min": reduction.min, "amax": reduction.amax, "amin": reduction.amin,
    "argmax": reduction.argmax, "argmin": reduction.argmin, "logsumexp": reduction.logsumexp,
    "any": reduction.any, "all": reduction.all, "equal": reduction.equal, "allclose": reduction.allclose,
    # shape
    "reshape": shape.reshape, "view": shape.view, "flatten": shape.flatten, "squeeze": shape.squeeze,
    "unsqueeze": shape.unsqueeze, "permute": shape.permute, "transpose": shape.transpose, "t": shape.t,
    "expand": shape.expand, "expand_as": shape.expand_as, "broadcast_to": shape.broadcast_to,
    "ravel": shape.ravel, "reshape_as": shape.reshape_as, "view_as": shape.reshape_as,
    # products and networks
    "matmul": products.matmul, "mm": products.mm, "dot": products.dot,
    "softmax": network.softmax, "log_softmax": network.log_softmax,
    # writing
    "zero_": zero_, "fill_": fill_, "copy_": copy_,
    "add_": _in_place("add_", e.add), "sub_": _in_place("sub_", e.sub),
    "mul_": _in_place("mul_", e.mul), "div_": _in_place("div_", e.div),
    "uniform_": random.uniform_, "normal_": random.normal_, "bernoulli_": random.bernoulli_, "random_": random.random_,
    # dtype
    "to": to, "type_as": type_as, "contiguous": contiguous, "cpu": contiguous,
    "float": _caster(dtypes.float32), "double": _caster(dtypes.float64), "half": _caster(dtypes.float16),
    "long": _caster(dtypes.int64), "int": _caster(dtypes.int32), "bool": _caster(dtypes.bool_),
}  # fmt: skip

PROPERTIES: dict[str, Any] = {
    "T": property(shape.reverse_axes), "mT": property(shape.matrix_transpose),
    "H": property(complex_numbers.conjugate_transpose), "mH": property(complex_numbers.conjugate_transpose),
    "real": property(complex_numbers.real), "imag": property(complex_numbers.imag),
}  # fmt: skip

for _table in (OPERATORS, METHODS, PROPERTIES):
    for _name, _function in _table.items():
        setattr(Tensor, _name, _function)
