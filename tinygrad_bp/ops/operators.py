"""Ops bound to the syntax of tensors: operators and properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import device as places
from ..autograd import dtypes
from ..autograd import layout as layouts
from ..autograd.arrays import is_array
from ..autograd.device import DeviceLike, is_device, resolve
from ..autograd.elsewhere import PLACES
from ..autograd.errors import ArgumentError
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import DTypeLike
from ..autograd.writing import copy_, in_place
from . import comparisons, complex_numbers, indexing, powers, products, rounding, shape
from . import elementwise as e

_OPERANDS = (Tensor, np.ndarray, np.generic, bool, int, float, complex, list, tuple)


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        return function(other, self)

    operator.__name__ = function.__name__
    operator.__wrapped__ = function  # type: ignore[attr-defined]
    return operator


def _compared(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        """Element by element; `t == None` and `t == "text"` are answered by Python (False), not refused."""
        return function(self, other) if isinstance(other, _OPERANDS) or is_array(other) else NotImplemented

    operator.__name__ = function.__name__
    return operator


def _written_by_assignment(part: Callable[..., Any]) -> property:
    """A property that is a view, so that ``z.real = x`` and ``z.real += x`` write into ``z``."""

    def write(self: Tensor, value: Any) -> None:
        copy_(part(self), value)

    return property(part, write)


# ---------------------------------------------------------------------- dtype


def to(
    self: Any, *args: Any, dtype: DTypeLike = None, device: DeviceLike = None, non_blocking: bool = False,
    copy: bool = False, memory_format: Any = None, other: Any = None,
) -> Any:  # fmt: skip
    """The tensor in another dtype, on another device, or as another tensor is; itself where nothing changes.

    The place arguments are PyTorch's: ``to(dtype)``, ``to(device, dtype)`` or ``to(other)``, and then ``non_blocking``
    and ``copy``. ``non_blocking`` and ``memory_format`` change nothing. Raises ``DeviceError`` for a device that is not
    here, ``ArgumentError`` for what is none of these.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1, 2]).to("cpu", tg.float64)
    tensor([1., 2.], dtype=torch.float64)
    """
    kind, there, copy = asked(*args, dtype=dtype, device=device, copy=copy, other=other)
    here = places.device_of(self) if there is not None else places.CPU
    target: Any = self.dtype if kind is None else kind
    moves = there is not None and there.type != here.type
    if self.dtype == target:
        if moves:
            return e.move(self, there.type, here.type)
        return e.clone(self) if copy else self
    if target.kind not in "fc":
        dtypes.category(target)
        self = self.detach()
    cast = e.cast(self, target)
    return e.move(cast, there.type, here.type) if moves else cast


def asked(
    *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False,
    memory_format: Any = None, other: Any = None,
) -> tuple[Any, Any, bool]:  # fmt: skip
    """What a call of ``to`` asks for: the dtype and the device, None where none is named, and whether to copy."""
    flags = [item for item in args if isinstance(item, bool)]
    for item in (other, *(item for item in args if not isinstance(item, bool))):
        if isinstance(item, Tensor):
            dtype, device = item.dtype, places.device_of(item) if PLACES else None
        elif is_device(item):
            device = item
        elif item is not None:
            dtype = item
    try:
        dtype = None if dtype is None else np.dtype(dtype)
    except TypeError:
        raise ArgumentError(f"to: give a dtype such as tg.float64, a device or a tensor, got {dtype!r}") from None
    return dtype, None if device is None else resolve(device), copy or flags[1:2] == [True]


# ---------------------------------------------------------------------- the table

_SUBTRACTED = _reflected(recorded_as("RsubBackward1")(e.sub_op))
_DIVIDED = _reflected(recorded_as("MulBackward0")(e.div_op))  # PyTorch multiplies the number by 1 / x

OPERATORS: dict[str, Any] = {
    "__add__": e.add_op, "__radd__": _reflected(e.add_op), "__iadd__": in_place("+=", e.add_op),
    "__sub__": e.sub_op, "__rsub__": _SUBTRACTED, "__isub__": in_place("-=", e.sub_op),
    "__mul__": e.mul, "__rmul__": _reflected(e.mul), "__imul__": in_place("*=", e.mul),
    "__truediv__": e.div_op, "__rtruediv__": _DIVIDED, "__itruediv__": in_place("/=", e.div_op),
    "__pow__": powers.pow, "__rpow__": _reflected(powers.pow), "__ipow__": in_place("**=", powers.pow),
    "__matmul__": products.matmul, "__rmatmul__": _reflected(products.matmul),
    "__mod__": rounding.remainder, "__rmod__": _reflected(rounding.remainder),
    "__imod__": in_place("%=", rounding.remainder), "__rdiv__": _DIVIDED,
    "__floordiv__": e.floor_divide, "__rfloordiv__": _reflected(e.floor_divide),
    "__ifloordiv__": in_place("//=", e.floor_divide),
    "__divmod__": rounding.divmod, "__rdivmod__": _reflected(rounding.divmod),
    "__lshift__": comparisons.bitwise_left_shift, "__rlshift__": _reflected(comparisons.bitwise_left_shift),
    "__ilshift__": in_place("<<=", comparisons.bitwise_left_shift),
    "__rshift__": comparisons.bitwise_right_shift, "__rrshift__": _reflected(comparisons.bitwise_right_shift),
    "__irshift__": in_place(">>=", comparisons.bitwise_right_shift),
    "__neg__": e.neg, "__pos__": e.positive, "__abs__": e.abs, "__invert__": comparisons.bitwise_not,
    "__and__": comparisons.bitwise_and, "__rand__": _reflected(comparisons.bitwise_and),
    "__iand__": in_place("&=", comparisons.bitwise_and),
    "__or__": comparisons.bitwise_or, "__ror__": _reflected(comparisons.bitwise_or),
    "__ior__": in_place("|=", comparisons.bitwise_or),
    "__xor__": comparisons.bitwise_xor, "__rxor__": _reflected(comparisons.bitwise_xor),
    "__ixor__": in_place("^=", comparisons.bitwise_xor),
    "__eq__": _compared(comparisons.eq), "__ne__": _compared(comparisons.ne),
    "__lt__": comparisons.lt, "__le__": comparisons.le, "__gt__": comparisons.gt, "__ge__": comparisons.ge,
    "__getitem__": indexing.getitem, "__setitem__": indexing.set_item,
}  # fmt: skip

PROPERTIES: dict[str, Any] = {
    "T": property(shape.reverse_axes), "mT": property(shape.matrix_transpose),
    "H": property(complex_numbers.conjugate_transpose), "mH": property(complex_numbers.conjugate_transpose),
    "device": property(places.device_of), **{name: property(asked) for name, asked in places.QUESTIONS.items()},
    **{
        name: property(getattr(layouts, name))
        for name in ("flags", "is_mkldnn", "is_nested", "is_quantized", "is_sparse", "is_sparse_csr", "itemsize",
                     "nbytes", "size", "strides")
    }, "layout": property(layouts.layout_of),
    "real": _written_by_assignment(complex_numbers.real), "imag": _written_by_assignment(complex_numbers.imag),
}  # fmt: skip

for _table in (OPERATORS, PROPERTIES):
    for _name, _function in _table.items():
        setattr(Tensor, _name, _function)
