"""Dtype names, the default dtype, and what two dtypes give together (PyTorch's categories)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elsewhere import boxed
from .errors import DtypeError

__all__ = [
    "bfloat16", "complex64", "complex128", "float16", "float32", "float64", "get_default_dtype", "int8", "int16",
    "int32", "int64", "set_default_dtype", "uint8",
]  # fmt: skip

DType = np.dtype[Any]

bool_: np.dtype[np.bool_] = np.dtype(np.bool_)
uint8: np.dtype[np.uint8] = np.dtype(np.uint8)
int8: np.dtype[np.int8] = np.dtype(np.int8)
int16: np.dtype[np.int16] = np.dtype(np.int16)
int32: np.dtype[np.int32] = np.dtype(np.int32)
int64: np.dtype[np.int64] = np.dtype(np.int64)
float16: np.dtype[np.float16] = np.dtype(np.float16)
float32: np.dtype[np.float32] = np.dtype(np.float32)
float64: np.dtype[np.float64] = np.dtype(np.float64)
complex64: np.dtype[np.complex64] = np.dtype(np.complex64)
complex128: np.dtype[np.complex128] = np.dtype(np.complex128)


class MissingDType:
    """A dtype of PyTorch that NumPy lacks: a program can name it, in a table of dtypes, and not use it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def dtype(self) -> DType:
        """What newer NumPys ask for: raises ``DtypeError``."""
        raise self.refusal()

    def refusal(self) -> DtypeError:
        """The error of whoever uses it."""
        return DtypeError(f"{self._name}: NumPy has no such dtype; use tg.float32, or tg.float16")

    def __repr__(self) -> str:
        return f"torch.{self._name}"


bfloat16 = MissingDType("bfloat16")

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
_default = float32


def set_default_dtype(d: Any) -> None:
    """The float dtype that Python floats, ``zeros``, ``rand`` and integer division get (float32 at the start).

    Raises ``DtypeError`` for a dtype that is not floating point.

    >>> import tinygrad_bp as tg
    >>> tg.set_default_dtype(tg.float64); tg.zeros(1).dtype
    dtype('float64')
    >>> tg.set_default_dtype(tg.float32)
    """
    global _default
    wanted = np.dtype(d)
    if wanted.kind != "f":
        raise DtypeError(f"set_default_dtype: only a floating point dtype can be the default, got {wanted}")
    _default = wanted


def get_default_dtype() -> DType:
    """The float dtype in use where none is given.

    >>> import tinygrad_bp as tg
    >>> tg.get_default_dtype()
    dtype('float32')
    """
    return _default


def text(dtype: DType) -> str:
    """A dtype as PyTorch prints it, whose tensors are printed alike.

    >>> import tinygrad_bp as tg
    >>> from tinygrad_bp.autograd.dtypes import text
    >>> text(tg.float16)
    'torch.float16'
    """
    return f"torch.{dtype.name}"


def category(dtype: DType) -> int:
    """0 bool, 1 integer, 2 float, 3 complex; ``DtypeError`` for anything else."""
    found = _CATEGORY.get(dtype.kind)
    if found is None:
        raise DtypeError(f"a tensor holds numbers or booleans, got dtype {dtype}")
    return found


def number_dtype(number: Any) -> DType:
    """The dtype that a Python number stands for when it decides the category."""
    if isinstance(number, bool):
        return bool_
    if isinstance(number, int):
        return int64
    if isinstance(number, float):
        return _default
    return np.result_type(_default, complex64)


def counted(integers: Any) -> Any:
    """Positions and counts that NumPy made, in int64: its own are as wide as addresses are, 32 bits in a browser.

    >>> from tinygrad_bp.autograd.dtypes import counted
    >>> counted(3).dtype
    dtype('int64')
    """
    return boxed(integers).astype(int64, copy=False)


def promote(first: DType, second: DType) -> DType:
    """What two dtypes of equal rank give: an integer with a float gives the float's dtype.

    >>> from tinygrad_bp.autograd.dtypes import promote, int64, float32
    >>> promote(int64, float32)
    dtype('float32')
    """
    if first == second:
        return first
    one, two = category(first), category(second)
    if one < 2 <= two:
        return second
    if two < 2 <= one:
        return first
    return np.promote_types(first, second)


def result_type(arrays: list[Any], numbers: list[Any]) -> DType:
    """The common dtype of operands, as PyTorch finds it.

    Tensors with dimensions decide; a 0-d tensor, and then a Python number, counts only where its category
    (bool, integer, float, complex) is higher. Source: PyTorch, *Tensor Attributes*, type promotion.
    """
    ranks: list[DType | None] = [None, None, None]
    for array in arrays:
        rank = 0 if array.ndim else 1
        held = ranks[rank]
        ranks[rank] = array.dtype if held is None else promote(held, array.dtype)
    for number in numbers:
        kind = number_dtype(number)
        held = ranks[2]
        ranks[2] = kind if held is None else promote(held, kind)
    result: DType | None = None
    for dtype in ranks:
        if dtype is not None and (result is None or category(dtype) > category(result)):
            # A number or a 0-d tensor that lifts integers to floats brings its own width; a complex number lifts
            # a float tensor to the complex dtype of that width.
            result = dtype if result is None else _lift(result, dtype)
    assert result is not None, "result_type needs at least one operand"
    return result


def _lift(low: DType, high: DType) -> DType:
    return np.promote_types(low, complex64) if high.kind == "c" and low.kind == "f" else high
