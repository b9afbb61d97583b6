"""New tensors: from data, filled, counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import as_array, of_arrays
from ..autograd.batched import Batched, as_many_as
from ..autograd.device import DeviceLike, device_of, laid_out, resolve, settled
from ..autograd.elsewhere import ARRAYS, copied
from ..autograd.errors import ArgumentError, DtypeError
from ..autograd.lines import warn
from ..autograd.modes import making, mode, traced
from ..autograd.sharing import lent
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike, Operand, Size
from ..autograd.values import detached, fixed_value, held, value_of
from ..ops.elementwise import clone, in_dtype
from ..ops.shape import either, shape_of

__all__ = [
    "arange", "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "linspace", "logspace",
    "ones", "ones_like", "range", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip


def numbers_of(data: Any, dtype: Any) -> Any:
    """Data as an array of its own dtype where none is given: Python floats take the default, NumPy's keep theirs."""
    if isinstance(data, (np.ndarray, np.generic, *ARRAYS)):
        return as_array(data)
    if isinstance(data, Tensor):
        return value_of(data)
    if isinstance(data, (list, tuple)) and _holds_tensors(data):
        kinds: list[Any] = []
        array = as_array(_unwrapped(data, kinds))
        return array if dtype is not None else array.astype(reduce(dtypes.promote, kinds), copy=False)
    array = as_array(data)
    if dtype is not None:
        return array
    if array.dtype == np.float64 and not of_arrays(data):
        return array.astype(dtypes.get_default_dtype())
    if array.dtype == np.complex128 and not of_arrays(data):
        return array.astype(np.result_type(dtypes.get_default_dtype(), np.complex64))
    return array


def _holds_tensors(data: Any) -> bool:
    return isinstance(data, Tensor) or (isinstance(data, (list, tuple)) and any(_holds_tensors(i) for i in data))


def _unwrapped(data: Any, kinds: list[Any]) -> Any:
    """Lists with numbers in the place of tensors of one element, arrays of others; the dtypes are noted."""
    if isinstance(data, (list, tuple)):
        return [_unwrapped(item, kinds) for item in data]
    if not isinstance(data, Tensor):
        kinds.append(numbers_of(data, None).dtype)
        return data
    if data.requires_grad and mode().grad:
        warn(
            "tensor: the copy of a tensor in a list, which requires grad, has no history, and no gradient flows back "
            "through it; write tg.stack(tensors), or t.item() where the number is meant"
        )
    array = data.detach().numpy()
    kinds.append(array.dtype)
    return array.reshape(())[()] if array.size == 1 else array


def _finish(array: Any, device: DeviceLike, requires_grad: bool) -> Tensor:
    made = settled(wrap(array, None), device)
    making(made)
    return made.requires_grad_(requires_grad)


def _warn_of_history(data: Any, name: str) -> None:
    if isinstance(data, Tensor) and data.requires_grad and mode().grad:
        warn(
            f"{name}: the copy of a tensor that requires grad has no history, and no gradient flows back through it; "
            "write t.clone() for a copy with history, t.detach().clone() for one without",
        )


def tensor(data: Any, dtype: DTypeLike = None, requires_grad: bool = False, *, device: DeviceLike = None) -> Tensor:
    """A tensor with a copy of the data: a number, nested lists, an array or a tensor (whose history it leaves behind).

    Python floats give the default dtype (float32), integers int64; NumPy arrays keep theirs. A tensor of one element
    in a list is a number; others are rows. Warns where the data is or holds a tensor that requires grad, as PyTorch
    does: its history stays behind. Raises ``RaggedError`` for rows of different length, ``DtypeError`` for integers
    that should require grad.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([[1, 2], [3, 4]], dtype=tg.float32)
    tensor([[1., 2.],
            [3., 4.]])
    """
    _warn_of_history(data, "tensor")
    return _copied(data, dtype, device, requires_grad)


def _copied(data: Any, dtype: Any, device: DeviceLike, requires_grad: bool) -> Tensor:
    resolve(device)
    if traced() and isinstance(data, Tensor):
        twin: Tensor = clone(in_dtype(detached(data), dtype))
        return twin.requires_grad_(requires_grad)
    array = numbers_of(data, dtype)
    same = dtype is None or array.dtype == np.dtype(dtype)
    return _finish(copied(array) if same else array.astype(dtype), device, requires_grad)


def as_tensor(data: Any, dtype: DTypeLike = None, device: DeviceLike = None) -> Tensor:
    """The data as a tensor, sharing an array's memory where dtype allows; a tensor comes back as it is.

    >>> import numpy as np, tinygrad_bp as tg
    >>> tg.as_tensor(np.arange(3))
    tensor([0, 1, 2])
    """
    resolve(device)
    if isinstance(data, Tensor):
        held(data)
        return data.to(data.dtype if dtype is None else dtype, device=device)
    array = numbers_of(data, dtype)
    return settled(wrap(lent(array if dtype is None else array.astype(dtype, copy=False)), None), device)


def from_numpy(array: Array) -> Tensor:
    """A tensor on the memory of an ndarray: writing one writes the other.

    Of ``np.matrix``, ``np.memmap`` and other subclasses the plain array comes in. Raises ``ArgumentError`` for what is
    no ndarray and for a masked array, ``DtypeError`` for what holds no numbers.

    >>> import numpy as np, tinygrad_bp as tg
    >>> tg.from_numpy(np.zeros(2)).dtype
    dtype('float64')
    """
    if traced() and isinstance(array, Tensor):  # a program has tensors in the place of arrays
        return array
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"from_numpy: expected an np.ndarray, got {type(array).__name__}; use tg.tensor")
    if not array.dtype.isnative:
        raise DtypeError(f"from_numpy: {array.dtype} has another machine's byte order; use tg.tensor, which copies")
    return wrap(lent(as_array(array)), None)


def _dtype(dtype: Any) -> Any:
    return dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)


@laid_out
def zeros(
    *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros of a shape, given as integers or one tuple.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    return _finish(np.zeros(shape_of(either(sizes, size), "zeros"), _dtype(dtype)), device, requires_grad)


@laid_out
def ones(
    *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Ones of a shape, given as integers or one tuple.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3)
    tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """
    return _finish(np.ones(shape_of(either(sizes, size), "ones"), _dtype(dtype)), device, requires_grad)


@laid_out
def empty(
    *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor whose values are whatever the memory held.

    >>> import tinygrad_bp as tg
    >>> tg.empty(2, 3).shape
    torch.Size([2, 3])
    """
    return _finish(np.empty(shape_of(either(sizes, size), "empty"), _dtype(dtype)), device, requires_grad)


@laid_out
def full(
    size: Size, fill_value: Operand, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """One number everywhere; its kind (bool, integer, float, complex) decides the dtype unless given.

    A NumPy scalar counts as a Python number, as in PyTorch: ``tg.full((2,), np.float64(3))`` is float32.

    >>> import tinygrad_bp as tg
    >>> tg.full((2,), 7)
    tensor([7, 7])
    """
    number = _one_number(fill_value, "full")
    return _finish(
        np.full(shape_of((size,), "full"), number, dtypes.number_dtype(number) if dtype is None else dtype),
        device,
        requires_grad,
    )


def _one_number(fill_value: Any, name: str) -> Any:
    """A fill value as a Python number; one that records is refused."""
    if isinstance(fill_value, Tensor):
        fixed_value(fill_value, f"{name}: fill_value", "t.expand(size)")
    if isinstance(fill_value, (Tensor, np.generic)):
        fill_value = fill_value.item()
    if not isinstance(fill_value, (bool, int, float, complex)):
        raise ArgumentError(f"{name}: fill_value is one number, got {type(fill_value).__name__}")
    return fill_value


def _bound(number: Any, name: str) -> Any:
    """A bound or a step as a plain number, where it comes as a tensor; one that records is refused."""
    return fixed_value(number, f"{name}: a bound", "t.item()").item() if isinstance(number, Tensor) else number


@laid_out
def arange(
    start: float | None = None, end: float | None = None, step: float = 1, *, dtype: DTypeLike = None,
    device: DeviceLike = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from ``start`` (0) up to, not including, ``end``; integers give int64, floats the default dtype.

    Raises ``ArgumentError`` where ``step`` does not lead from ``start`` to ``end``.

    >>> import tinygrad_bp as tg
    >>> tg.arange(1, 4)
    tensor([1, 2, 3])
    """
    if start is None and end is None:
        raise ArgumentError("arange: give the number to stop before, as in tg.arange(5)")
    if end is None or start is None:
        start, end = 0, start if end is None else end
    start, end, step = _bound(start, "arange"), _bound(end, "arange"), _bound(step, "arange")
    if step == 0 or (end - start) * step < 0:
        raise ArgumentError(f"arange: step {step} does not lead from {start} to {end}")
    if dtype is None:
        whole = all(isinstance(number, (int, np.integer)) for number in (start, end, step))
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    return _finish(np.arange(start, end, step).astype(dtype), device, requires_grad)


@laid_out
def range(
    start: float = 0, end: float | None = None, step: float = 1, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from ``start`` up to ``end``, which is included, of the default dtype; ``arange`` is the newer spelling.

    >>> import tinygrad_bp as tg
    >>> tg.range(1, 4)
    tensor([1., 2., 3., 4.])
    """
    if end is None:
        start, end = 0, start
    start, end, step = _bound(start, "range"), _bound(end, "range"), _bound(step, "range")
    if step == 0 or (end - start) / step < 0:
        raise ArgumentError(f"range: step {step} does not lead from {start} to {end}")
    count = int((end - start) / step) + 1
    return _finish((start + step * np.arange(count)).astype(_dtype(dtype)), device, requires_grad)


@laid_out
def scalar_tensor(
    s: Operand, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """One number as a 0-d tensor, of the default dtype unless one is given.

    >>> import tinygrad_bp as tg
    >>> tg.scalar_tensor(3)
    tensor(3.)
    """
    return _finish(np.asarray(_one_number(s, "scalar_tensor"), _dtype(dtype)), device, requires_grad)


@laid_out
def linspace(
    start: float, end: float, steps: int, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``steps`` numbers at equal distances, both ends included.

    >>> import tinygrad_bp as tg
    >>> tg.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    steps = integer(steps)
    real = steps > 1 and isinstance(start, _REAL) and isinstance(end, _REAL)
    if real and (kind := np.dtype(_dtype(dtype))) in (np.float32, np.float64):
        return _finish(_from_both_ends(kind.type(start), kind.type(end), steps), device, requires_grad)
    return _finish(_in_kind(np.linspace(start, end, steps), dtype), device, requires_grad)


def _in_kind(numbers: Any, dtype: DTypeLike) -> Any:
    """Numbers that NumPy made, in ``dtype``, or in the default dtype of their kind."""
    if dtype is None and numbers.dtype.kind == "c":
        dtype = np.result_type(dtypes.get_default_dtype(), np.complex64)
    return np.asarray(numbers, _dtype(dtype))


_REAL = (int, float, np.integer, np.floating)


def _from_both_ends(start: Any, end: Any, steps: int) -> Any:
    """Rounded as in PyTorch: the step in the dtype, product and sum at once, the second half from the end."""
    wide = np.float64 if start.dtype == np.float32 else np.longdouble  # holds the product exactly
    with np.errstate(all="ignore"):
        step, places = wide((end - start) / type(start)(steps - 1)), np.arange(steps)
        up, down = wide(start) + step * places, wide(end) - step * (steps - 1 - places)
        return np.where(places < steps // 2, up, down).astype(start.dtype)


@laid_out
def eye(
    n: int, m: int | None = None, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere.

    >>> import tinygrad_bp as tg
    >>> tg.eye(2, 3)
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    return _finish(np.eye(n, m, dtype=_dtype(dtype)), device, requires_grad)


def _alike(input: Any, make: Callable[..., Any], dtype: DTypeLike, device: DeviceLike, requires_grad: bool) -> Tensor:
    array = np.empty(input.shape, input.dtype) if isinstance(input, Batched) else held(input)
    if device is None and isinstance(input, Tensor):
        device = device_of(input)
    return as_many_as(input, _finish(make(array, dtype=dtype), device, requires_grad))


@laid_out
def zeros_like(
    input: Array, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of the shape and dtype of ``input``.

    >>> import tinygrad_bp as tg
    >>> tg.zeros_like(tg.ones(2))
    tensor([0., 0.])
    """
    return _alike(input, np.zeros_like, dtype, device, requires_grad)


@laid_out
def ones_like(
    input: Array, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """Ones of the shape and dtype of ``input``.

    >>> import tinygrad_bp as tg
    >>> tg.ones_like(tg.zeros(2))
    tensor([1., 1.])
    """
    return _alike(input, np.ones_like, dtype, device, requires_grad)


@laid_out
def empty_like(
    input: Array, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """An unfilled tensor of the shape and dtype of ``input``.

    >>> import tinygrad_bp as tg
    >>> tg.empty_like(tg.ones(2, 3)).shape
    torch.Size([2, 3])
    """
    return _alike(input, np.empty_like, dtype, device, requires_grad)


@laid_out
def full_like(
    input: Array, fill_value: Operand, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One number everywhere, in the shape and dtype of ``input``.

    >>> import tinygrad_bp as tg
    >>> tg.full_like(tg.zeros(2), 7.0)
    tensor([7., 7.])
    """
    number = _one_number(fill_value, "full_like")
    return _alike(input, lambda x, dtype: np.full_like(x, number, dtype=dtype), dtype, device, requires_grad)


@laid_out
def logspace(
    start: float, end: float, steps: int, base: float = 10.0, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``base ** start`` to ``base ** end``, ``steps`` numbers of which each is the same multiple of the one before.

    >>> import tinygrad_bp as tg
    >>> tg.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    return _finish(_in_kind(np.logspace(start, end, steps, base=base), dtype), device, requires_grad)


@laid_out
def new_zeros(
    x: Array, *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros of another shape in the dtype of ``x``.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).new_zeros(3)
    tensor([0., 0., 0.])
    """
    device = device_of(x) if device is None and isinstance(x, Tensor) else device
    made = zeros(
        *sizes, size=size, dtype=x.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )
    return as_many_as(x, made)


@laid_out
def new_ones(
    x: Array, *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Ones of another shape in the dtype of ``x``.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2).new_ones(3)
    tensor([1., 1., 1.])
    """
    device = device_of(x) if device is None and isinstance(x, Tensor) else device
    made = ones(
        *sizes, size=size, dtype=x.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )
    return as_many_as(x, made)


@laid_out
def new_empty(
    x: Array, *sizes: Size, size: Size | None = None, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """An unfilled tensor of another shape in the dtype of ``x``.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).new_empty((3,)).shape
    torch.Size([3])
    """
    device = device_of(x) if device is None and isinstance(x, Tensor) else device
    made = empty(
        *sizes, size=size, dtype=x.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad
    )
    return as_many_as(x, made)


@laid_out
def new_full(
    x: Array, size: Size, fill_value: Operand, *, dtype: DTypeLike = None, device: DeviceLike = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One number everywhere, in another shape and the dtype of ``x``.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).new_full((3,), 7.0)
    tensor([7., 7., 7.])
    """
    device = device_of(x) if device is None and isinstance(x, Tensor) else device
    made = full(size, fill_value, dtype=x.dtype if dtype is None else dtype, device=device, requires_grad=requires_grad)
    return as_many_as(x, made)


def new_tensor(
    x: Array, data: Any, *, dtype: DTypeLike = None, device: DeviceLike = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of other data in the dtype of ``x``. Warns where the data requires grad: the copy has no history.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2).new_tensor([1, 2])
    tensor([1., 2.])
    """
    _warn_of_history(data, "new_tensor")
    device = device_of(x) if device is None and isinstance(x, Tensor) else device
    return _copied(data, x.dtype if dtype is None else dtype, device, requires_grad)
