"""What a tensor or a dtype is: questions whose answer is a bool, a number, a dtype or a shape."""

from __future__ import annotations

import numpy as np

from ..autograd import dtypes, size
from ..autograd.errors import ArgumentError, DtypeError, ShapeError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import Array, DTypeLike, Operand, Size
from ..autograd.values import held, value_of

__all__ = [
    "broadcast_shapes", "can_cast", "finfo", "get_device", "iinfo", "is_complex", "is_conj", "is_floating_point",
    "is_neg", "is_nonzero", "is_same_size", "is_signed", "is_tensor", "numel", "promote_types", "result_type",
    "typename",
]  # fmt: skip


def is_tensor(obj: object) -> bool:
    """Whether an object is a tensor.

    >>> import tinygrad_bp as tg
    >>> tg.is_tensor(tg.zeros(1)), tg.is_tensor([1.0])
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Array) -> bool:
    """Whether the dtype is a float.

    >>> import tinygrad_bp as tg
    >>> tg.is_floating_point(tg.zeros(1)), tg.is_floating_point(tg.arange(1))
    (True, False)
    """
    return held(input).dtype.kind == "f"  # type: ignore[no-any-return]


def is_complex(input: Array) -> bool:
    """Whether the dtype is complex.

    >>> import tinygrad_bp as tg
    >>> tg.is_complex(tg.tensor([1j]))
    True
    """
    return held(input).dtype.kind == "c"  # type: ignore[no-any-return]


def is_signed(input: Array) -> bool:
    """Whether the dtype holds negative numbers.

    >>> import tinygrad_bp as tg
    >>> tg.is_signed(tg.tensor([1])), tg.is_signed(tg.tensor([1], dtype=tg.uint8))
    (True, False)
    """
    return held(input).dtype.kind in "ifc"


def is_conj(input: Array) -> bool:
    """False: a conjugate is computed at once, and needs no mark.

    >>> import tinygrad_bp as tg
    >>> tg.is_conj(tg.tensor([1j]).conj())
    False
    """
    return False


def is_neg(input: Array) -> bool:
    """False: a negative is computed at once, and needs no mark.

    >>> import tinygrad_bp as tg
    >>> tg.is_neg(-tg.ones(1))
    False
    """
    return False


def is_nonzero(input: Array) -> bool:
    """Whether the one element is not 0. Raises ``ShapeError`` where there are several, or none.

    >>> import tinygrad_bp as tg
    >>> tg.is_nonzero(tg.tensor([0.0]))
    False
    """
    array = held(input)
    if array.size != 1:
        raise ShapeError(f"is_nonzero: needs one element, got {shape_text(array.shape)}; write t.any() or t.all()")
    return bool(value_of(input).item())


def is_same_size(input: Array, other: Array) -> bool:
    """Whether two tensors have one shape.

    >>> import tinygrad_bp as tg
    >>> tg.is_same_size(tg.zeros(2, 3), tg.ones(2, 3))
    True
    """
    return input.shape == other.shape


def numel(input: Array) -> int:
    """How many elements.

    >>> import tinygrad_bp as tg
    >>> tg.numel(tg.zeros(2, 3))
    6
    """
    return int(held(input).size)


def get_device(input: Array) -> int:
    """The number of the tensor's device, as its method: −1 on the CPU.

    >>> import tinygrad_bp as tg
    >>> tg.get_device(tg.zeros(1))
    -1
    """
    return int(input.get_device()) if isinstance(input, Tensor) else -1


def typename(obj: object) -> str:
    """The class of an object with its module; of a tensor ``torch.FloatTensor`` and so on, as its ``type()``.

    >>> import tinygrad_bp as tg
    >>> tg.typename(tg.zeros(1)), tg.typename(3)
    ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def broadcast_shapes(*shapes: Size) -> size.Size:
    """The shape in which shapes broadcast. Raises ``ShapeError`` where they do not.

    >>> import tinygrad_bp as tg
    >>> tg.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    try:
        return size.Size(np.broadcast_shapes(*(shape if isinstance(shape, int) else tuple(shape) for shape in shapes)))
    except ValueError:
        raise ShapeError(f"broadcast_shapes: {' and '.join(map(str, shapes))} do not broadcast") from None


# ---------------------------------------------------------------------- dtypes


def result_type(tensor1: Operand, tensor2: Operand) -> dtypes.DType:
    """The dtype of what arithmetic makes of two tensors or numbers.

    >>> import tinygrad_bp as tg
    >>> tg.result_type(tg.tensor([1]), 2.0)
    dtype('float32')
    """
    given = [x if isinstance(x, (bool, int, float, complex)) else held(x) for x in (tensor1, tensor2)]
    arrays = [x for x in given if isinstance(x, np.ndarray)]
    return dtypes.result_type(arrays, [x for x in given if not isinstance(x, np.ndarray)])


def promote_types(type1: DTypeLike, type2: DTypeLike) -> dtypes.DType:
    """The dtype of what arithmetic makes of two tensors of these dtypes.

    >>> import tinygrad_bp as tg
    >>> tg.promote_types(tg.int64, tg.float16)
    dtype('float16')
    """
    return dtypes.promote(np.dtype(type1), np.dtype(type2))


def can_cast(from_: DTypeLike, to: DTypeLike) -> bool:
    """Whether a result of one dtype may be written into a tensor of another: its kind of number must not be lower.

    >>> import tinygrad_bp as tg
    >>> tg.can_cast(tg.int64, tg.float16), tg.can_cast(tg.float32, tg.int64)
    (True, False)
    """
    return dtypes.category(np.dtype(from_)) <= dtypes.category(np.dtype(to))


class finfo:
    """The limits of a floating point dtype, by default the default one; of a complex dtype those of its parts.

    ``bits eps max min smallest_normal tiny resolution``, as Python's numbers, and ``dtype``, its name. Raises
    ``DtypeError`` for another dtype.

    >>> import tinygrad_bp as tg
    >>> tg.finfo(tg.float32).eps
    1.1920928955078125e-07
    """

    bits: int
    dtype: str
    eps: float
    resolution: float
    max: float
    min: float
    smallest_normal: float
    tiny: float

    def __init__(self, type: DTypeLike = None) -> None:
        """Of a dtype."""
        dtype = dtypes.get_default_dtype() if type is None else np.dtype(type)
        if dtype.kind not in "fc":
            raise DtypeError(f"finfo: needs a floating point dtype, got {dtype}; integers have tg.iinfo")
        found = np.finfo(dtype)
        self.bits, self.dtype = int(found.bits), str(found.dtype)
        self.eps, self.resolution = float(found.eps), float(f"1e-{found.precision}")
        self.max, self.min = float(found.max), float(found.min)
        self.smallest_normal = self.tiny = float(found.smallest_normal)

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name):g}" for name in ("resolution", "min", "max", "eps")]
        return f"finfo({', '.join(shown)}, smallest_normal={self.tiny:g}, tiny={self.tiny:g}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype: ``bits max min``, as Python's numbers, and ``dtype``, its name.

    Raises ``DtypeError`` for another dtype.

    >>> import tinygrad_bp as tg
    >>> tg.iinfo(tg.uint8)
    iinfo(min=0, max=255, dtype=uint8)
    """

    bits: int
    min: int
    max: int
    dtype: str

    def __init__(self, type: DTypeLike) -> None:
        """Of a dtype."""
        if type is None:
            raise ArgumentError("iinfo: give an integer dtype, such as tg.int64")
        dtype = np.dtype(type)
        if dtype.kind not in "ui":
            raise DtypeError(f"iinfo: needs an integer dtype, got {dtype}; floats have tg.finfo")
        found = np.iinfo(dtype)
        self.bits, self.min, self.max, self.dtype = int(found.bits), int(found.min), int(found.max), str(dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
