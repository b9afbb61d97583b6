"""PyTorch's first constructors, by sizes or by data: ``tg.Tensor(2, 3)``, ``tg.LongTensor([1, 2])``, ``t.new(4)``.

Sizes give memory as it is; lists and arrays give their numbers in the dtype of the constructor; a tensor gives itself
again, on the same memory. New programs say which of them they mean: ``tg.empty(2, 3)``, ``tg.tensor([1, 2])``.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import kind_of, of_arrays
from ..autograd.device import DeviceLike, device_of, resolve, settled
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.sharing import lent, share
from ..autograd.size import Size
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import DTypeLike
from ..ops.shape import shape_of
from .creation import empty, numbers_of

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor",
]  # fmt: skip


def legacy_tensor(
    name: str, kind: Any, items: tuple[Any, ...], *, data: Any = None, size: Any = None, device: DeviceLike = None
) -> Tensor:
    """What the constructor ``name`` of the dtype ``kind`` gives for ``items``, or for one that is named."""
    device = resolve(device)
    given = items if data is None else (*items, data)
    if size is not None:
        given = (*given, Size(shape_of((size,), name)))
    if len(given) == 1 and (isinstance(given[0], bool) or not isinstance(given[0], (int, np.integer, Size))):
        return settled(_of_data(name, kind, given[0]), device)
    return empty(shape_of(given or (0,), name), dtype=kind, device=device)


def _of_data(name: str, dtype: Any, data: Any) -> Tensor:
    if isinstance(data, Tensor):
        if data.dtype != dtype and name != "Tensor":
            raise DtypeError(f"{name}: the tensor is {data.dtype}, not {dtype}; write t.to(tg.{dtype})")
        return data[...]
    if isinstance(data, (str, bytes)) or not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        raise ArgumentError(f"{name}: data must be a sequence (got {kind_of(data)}); write tg.tensor(number)")
    array = numbers_of(data if of_arrays(data) else list(data), dtype)
    if array.dtype.kind == "c" and dtype.kind not in "bc":
        raise DtypeError(f"{name}: must be real numbers, not {array.dtype}; write tg.tensor(data)")
    if array.dtype == dtype:
        return wrap(lent(array), None)
    with np.errstate(invalid="ignore", over="ignore"):
        cast = array.astype(dtype)
    if dtype.kind in "ui" and not of_arrays(data) and not _fit(array, dtype):
        raise DtypeError(f"{name}: a value cannot be converted to {dtype} without overflow; write tg.tensor(data)")
    return wrap(cast, None)


def _fit(numbers: Any, dtype: Any) -> bool:
    """Whether numbers lie between the ends of an integer dtype; integers below 0 may wrap in one without a sign."""
    ends = np.iinfo(dtype)
    smallest = -ends.max if dtype.kind == "u" and numbers.dtype.kind != "f" else ends.min
    return bool(np.all((numbers >= smallest) & (numbers <= ends.max)))


def new(self: Tensor, *items: Any, device: DeviceLike = None) -> Tensor:
    """A tensor of the same dtype, by sizes or by data: ``t.new(2, 3)``, ``t.new([1, 2])``.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).new(3).shape
    torch.Size([3])
    """
    return legacy_tensor("new", self.dtype, items, device=device_of(self) if device is None else device)


def as_subclass(self: Tensor, cls: Any) -> Any:
    """The tensor as one of a subclass of ``tg.Tensor``, on the same memory and with the same history.

    What ops make of it are plain tensors.
    """
    if not (isinstance(cls, builtins.type) and issubclass(cls, Tensor)):
        raise ArgumentError(f"as_subclass: give a subclass of tg.Tensor, got {cls!r}")
    tensor = object.__new__(cls)
    tensor._value, tensor._node = self._value, self._node
    share(self, tensor)
    return tensor


class TensorType:
    """PyTorch's name of the tensors of one dtype: a constructor, and what ``isinstance`` and ``t.type()`` take.

    >>> import tinygrad_bp as tg
    >>> tg.LongTensor([1, 2])
    tensor([1, 2])
    >>> tg.FloatTensor(2, 3).shape, isinstance(tg.ones(2), tg.FloatTensor), isinstance(tg.ones(2), tg.LongTensor)
    (torch.Size([2, 3]), True, False)
    """

    __name__: str
    dtype: dtypes.DType

    __slots__ = ("__name__", "dtype")

    def __init__(self, name: str, dtype: dtypes.DType) -> None:
        self.__name__, self.dtype = name, dtype

    def __call__(self, *items: Any, data: Any = None, size: Any = None, device: DeviceLike = None) -> Tensor:
        """A tensor of sizes, with the numbers of a list or an array, or on the memory of a tensor of this dtype."""
        return legacy_tensor(self.__name__, self.dtype, items, data=data, size=size, device=device)

    def __instancecheck__(self, item: object) -> bool:
        return isinstance(item, Tensor) and item.dtype == self.dtype

    def __repr__(self) -> str:
        return f"<class 'torch.{self.__name__}'>"


BoolTensor = TensorType("BoolTensor", dtypes.bool_)
ByteTensor = TensorType("ByteTensor", dtypes.uint8)
CharTensor = TensorType("CharTensor", dtypes.int8)
ShortTensor = TensorType("ShortTensor", dtypes.int16)
IntTensor = TensorType("IntTensor", dtypes.int32)
LongTensor = TensorType("LongTensor", dtypes.int64)
HalfTensor = TensorType("HalfTensor", dtypes.float16)
FloatTensor = TensorType("FloatTensor", dtypes.float32)
DoubleTensor = TensorType("DoubleTensor", dtypes.float64)

_TYPES = {
    f"torch.{kind.__name__}": kind
    for kind in (
        BoolTensor, ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, HalfTensor, FloatTensor, DoubleTensor,
    )
}  # fmt: skip
_NAMES = {kind.dtype: name for name, kind in _TYPES.items()} | {
    dtypes.complex64: "torch.ComplexFloatTensor", dtypes.complex128: "torch.ComplexDoubleTensor",
}  # fmt: skip


def _dtype_of(name: str, kind: Any) -> Any:
    """The dtype that a dtype, a tensor type or the name of either means."""
    if isinstance(kind, TensorType):
        return kind.dtype
    if kind is Tensor or kind == "torch.Tensor":
        return dtypes.get_default_dtype()
    if isinstance(kind, str):
        if kind.startswith("torch.cuda."):
            resolve("cuda")
        if kind in _TYPES:
            return _TYPES[kind].dtype
    try:
        return np.dtype(kind.removeprefix("torch.") if isinstance(kind, str) else kind)
    except TypeError:
        raise ArgumentError(f"{name}: invalid type: {kind!r}; give a dtype such as tg.float64") from None


def type(self: Tensor, dtype: DTypeLike | TensorType | str = None, non_blocking: bool = False) -> Any:
    """The tensor in a dtype, given as such, as a tensor type or by name; without one, the name of its tensor type.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).type(), tg.ones(2).type(tg.LongTensor)
    ('torch.FloatTensor', tensor([1, 1]))
    """
    return _NAMES[self.dtype] if dtype is None else self.to(_dtype_of("type", dtype))
