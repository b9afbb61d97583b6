"""Ops that move elements without changing them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from operator import index as integer
from typing import Any, TypeVar, overload

import numpy as np
from numpy import ndarray

from ..autograd.backward import unbroadcast
from ..autograd.batched import Batched
from ..autograd.columns import in_shape
from ..autograd.define import linear
from ..autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ..autograd.op import ALIASES, REQUIRED, arguments
from ..autograd.sharing import columns_of, share
from ..autograd.steps import as_step, recorded_as
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, Axis, DTypeLike, Size
from ..autograd.values import fixed_value, held
from .elementwise import clone
from .samples import sample

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "broadcast_to", "expand_as", "flatten", "moveaxis",
    "movedim", "permute", "ravel", "reshape", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten",
    "unsqueeze",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


def apart(y: Any, x: Any) -> Any:
    """``y``, copied where it is memory of ``x``: a result that counts as a new tensor can be written, ``x`` stays."""
    return clone(y) if y.__class__ is Batched or np.may_share_memory(held(y), held(x)) else y


def sizes_of(sizes: tuple[Any, ...], name: str = "") -> tuple[int, ...]:
    """``reshape(2, 3)`` and ``reshape((2, 3))`` alike."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    try:
        return tuple(integer(size) for size in sizes)
    except TypeError:
        got = ", ".join(repr(size) for size in sizes)
        raise ArgumentError(f"{name and f'{name}: '}sizes are integers, got {got}") from None


def either(sizes: tuple[Any, ...], named: Any) -> tuple[Any, ...]:
    """The sizes given in a row, or those given by name: ``permute(1, 0)`` and ``permute(dims=(1, 0))`` alike."""
    return sizes if named is None else (named,)


def takes_axis(function: F) -> F:
    """``axis=`` and ``keepdims=`` as other names of ``dim=`` and ``keepdim=``, as PyTorch takes them everywhere."""
    taken = arguments(function)

    @functools.wraps(function)
    def either_name(*args: Any, **options: Any) -> Any:
        for other, name in ALIASES.items() if options else ():
            if other not in options:
                continue
            value = options.pop(other)
            if value is None:
                continue
            given = dict(zip(taken, args)) | options
            if given.get(name, value) not in (value, None):
                raise ArgumentError(
                    f"{function.__name__}: {name}={given[name]} and {other}={value} are two names of one argument; "
                    "give one"
                )
            place = taken.index(name) if name in taken else len(args)
            if place < len(args):
                args = (*args[:place], value, *args[place + 1 :])
            else:
                options[name] = value
        return function(*args, **options)

    return either_name  # type: ignore[return-value]


def shape_of(sizes: tuple[Any, ...], name: str) -> tuple[int, ...]:
    """The shape of a new tensor, or ``ArgumentError`` for a negative size."""
    shape = sizes_of(sizes, name)
    if min(shape, default=0) < 0:
        raise ArgumentError(f"{name}: sizes must not be negative, got {shape_text(shape)}")
    return shape


def dim_of(dim: int, ndim: int, name: str) -> int:
    """A dimension counted from 0, or ``IndexRangeError``."""
    dim = integer(dim)  # of a fraction there is none: the door says which argument it is
    if not -max(ndim, 1) <= dim < max(ndim, 1):
        raise IndexRangeError(
            f"{name}: dimension out of range, expected to be in range of [{-max(ndim, 1)}, {max(ndim, 1) - 1}], "
            f"got {dim}"
        )
    return dim % max(ndim, 1)


def reshaped(x: Array, shape: tuple[int, ...]) -> Any:
    """``np.reshape``; of an array by its own method, without the three functions of Python before it."""
    return x.reshape(shape) if x.__class__ is ndarray else np.reshape(x, shape)


_reshape = linear("reshape", reshaped, lambda g, x_shape: reshaped(g, x_shape),
                  params={"shape": REQUIRED}, formula="x",
                  samples=(sample((2, 3), shape=(3, 2)), sample((2, 3), shape=(6,)), sample((), shape=(1, 1)),
                           sample((2, 3), shape=(-1, 2)), sample((0, 3), shape=(3, 0))),
                  reference=lambda x, shape: np.reshape(x, shape),
                  hint="the number of elements must stay the same; one size may be -1",
                  views=True, grad_fn="ViewBackward0", doc="The same elements, row by row, in another shape.")


def _in_shape(input: Any, shape: tuple[int, ...], view: bool = False) -> Any:
    """The elements in another shape, a view where PyTorch has one; of a ``view`` that is none no write is taken."""
    if isinstance(input, Tensor) and input.__class__ is not Batched:
        value = input._value
        if not value.flags.c_contiguous or (value.base is not None and columns_of(input) is not None):
            return in_shape(input, shape, _reshape, clone, view)
    return _reshape(input, shape)


def reshape(input: Array, *sizes: Size, shape: Size | None = None) -> Any:
    """The elements of ``input``, row by row, in another shape; one size may be −1.

    >>> import tinygrad_bp as tg
    >>> tg.arange(6).reshape(2, 3)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return _in_shape(input, sizes_of(either(sizes, shape)))


def view(input: Array, *shape: Any, size: Size | None = None, dtype: DTypeLike = None) -> Any:
    """The same memory in another shape, or its bytes read as another dtype without gradient (``to(dtype)`` converts).

    Where NumPy needs a copy for the shape (PyTorch refuses it, ``reshape`` copies in both), the copy can be read, and
    a write into it raises ``ReadOnlyError``: it would be lost.

    >>> import tinygrad_bp as tg
    >>> tg.arange(4).view(2, 2)
    tensor([[0, 1],
            [2, 3]])
    >>> tg.tensor([1.0]).view(tg.int32)
    tensor([1065353216], dtype=torch.int32)
    """
    if shape and isinstance(shape[0], np.dtype):
        dtype, *shape = shape  # type: ignore[assignment]
    if dtype is not None:
        if shape or size is not None:
            raise ArgumentError("view: give a shape or a dtype, one after the other")
        result = wrap(fixed_value(input, "view(dtype), which reads the bytes,", "t.to(dtype)").view(dtype), None)
        if isinstance(input, Tensor):
            share(input, result)
        return result
    return _in_shape(input, sizes_of(either(shape, size)), True)


def ravel(input: Array) -> Any:
    """All elements, row by row, in one dimension: a view where they lie side by side in memory, else a copy.

    >>> import tinygrad_bp as tg
    >>> tg.ravel(tg.tensor([[1, 2], [3, 4]]))
    tensor([1, 2, 3, 4])
    """
    line = _in_shape(input, (-1,))
    return line if held(line).flags.c_contiguous else clone(line)


def reshape_as(input: Array, other: Array) -> Any:
    """The elements of ``input`` in the shape of ``other``.

    >>> import tinygrad_bp as tg
    >>> tg.arange(4).reshape_as(tg.ones(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    return _in_shape(input, other.shape)


def view_as(input: Array, other: Array) -> Any:
    """``view`` in the shape of ``other``.

    >>> import tinygrad_bp as tg
    >>> tg.arange(4).view_as(tg.ones(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    return _in_shape(input, other.shape, True)


def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from ``start_dim`` to ``end_dim`` as one.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    first, last = dim_of(start_dim, input.ndim, "flatten"), dim_of(end_dim, input.ndim, "flatten")
    if first > last:
        raise ArgumentError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    if first == last and input.ndim:
        return input
    shape = input.shape or (1,)
    return _in_shape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@takes_axis
def unflatten(input: Array, dim: int, sizes: int | tuple[int, ...] | list[int]) -> Any:
    """Dimension ``dim`` as several, of the sizes given; one may be −1.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 12).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 4])
    """
    place = dim_of(dim, input.ndim, "unflatten")
    wanted = sizes_of((sizes,)) if isinstance(sizes, (tuple, list)) else (integer(sizes),)
    have, known = (input.shape or (1,))[place], math.prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 1 and known:
        wanted = tuple(have // known if size == -1 else size for size in wanted)
    if not wanted or math.prod(wanted) != have or min(wanted) < 0:
        raise ShapeError(f"unflatten: sizes {sizes} do not multiply up to the size of dim {dim}, {have}")
    return _in_shape(input, (*input.shape[:place], *wanted, *input.shape[place + 1 :]), True)


@takes_axis
def squeeze(input: Array, dim: Axis = None) -> Any:
    """Without its dimensions of size 1; with ``dim`` (an int or several) only those, where their size is 1.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(1, 3, 1).squeeze().shape
    torch.Size([3])
    """
    shape = input.shape
    if dim is None:
        chosen = set(range(len(shape)))
    else:
        chosen = {dim_of(d, len(shape), "squeeze") for d in ((dim,) if isinstance(dim, int) else dim)}
    kind = 0 if dim is None else 1 if isinstance(dim, int) else 2
    rest = tuple(size for i, size in enumerate(shape) if i not in chosen or size != 1)
    return as_step(f"SqueezeBackward{kind}", _reshape(input, rest))


@recorded_as("UnsqueezeBackward0")
@takes_axis
def unsqueeze(input: Array, dim: int) -> Any:
    """With a new dimension of size 1 at position ``dim``.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(3).unsqueeze(1).shape
    torch.Size([3, 1])
    """
    place = dim_of(dim, input.ndim + 1, "unsqueeze")
    return _reshape(input, (*input.shape[:place], 1, *input.shape[place:]))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    places = [0] * len(axes)
    for i, axis in enumerate(axes):
        places[axis] = i
    return tuple(places)


def _swap_or_permute(axes: tuple[int, ...]) -> str:
    moved = sum(axis % len(axes) != i for i, axis in enumerate(axes))
    return "TransposeBackward0" if moved == 2 else "PermuteBackward0"


def _turned(x: Array, axes: tuple[int, ...]) -> Any:
    """``np.transpose``, as ``reshaped`` is ``np.reshape``."""
    return x.transpose(axes) if x.__class__ is ndarray else np.transpose(x, axes)


_permute = linear("permute", _turned, lambda g, axes: _turned(g, _inverse(axes)),
                  params={"axes": REQUIRED}, formula="x, its axes in the order axes",
                  samples=(sample((2, 3, 4), axes=(2, 0, 1)), sample((2, 3), axes=(1, 0)), sample((0, 3), axes=(1, 0))),
                  reference=np.transpose, views=True, grad_fn=_swap_or_permute, doc="The dimensions in another order.")


def permute(input: Array, *order: Any, dims: Size | None = None) -> Any:
    """The dimensions in the order given.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    given = sizes_of(either(order, dims))
    axes = tuple(dim_of(d, input.ndim, "permute") for d in given)
    if sorted(axes) != list(range(input.ndim)):
        raise ArgumentError(f"permute: the order {given} must name each of the {input.ndim} dimensions once")
    return _permute(input, axes)


def movedim(input: Array, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """The dimensions ``source`` (an int or several) put at the places ``destination``; the others keep their order.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3, 4).movedim(0, -1).shape
    torch.Size([3, 4, 2])
    """
    taken, places = (
        [dim_of(d, input.ndim, "movedim") for d in ((dims,) if isinstance(dims, int) else dims)]
        for dims in (source, destination)
    )
    if len(taken) != len(places) or len({*taken}) != len(taken) or len({*places}) != len(places):
        raise ArgumentError(f"movedim: source {source} and destination {destination} must name equally many, each once")
    if not input.ndim:
        return _permute(input, ())
    order = [d for d in range(input.ndim) if d not in taken]
    for place, d in sorted(zip(places, taken, strict=True)):
        order.insert(place, d)
    return _permute(input, tuple(order))


moveaxis = movedim


def transpose(input: Array, dim0: int, dim1: int) -> Any:
    """With two dimensions exchanged (PyTorch's meaning; ``np.transpose(t)`` reverses them all).

    >>> import tinygrad_bp as tg
    >>> tg.zeros(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    order = list(range(input.ndim)) or [0]
    first, second = dim_of(dim0, input.ndim, "transpose"), dim_of(dim1, input.ndim, "transpose")
    order[first], order[second] = second, first
    return _permute(input, tuple(order[: input.ndim]))


swapaxes = transpose
swapdims = transpose


def t(input: Array) -> Any:
    """A matrix transposed; a vector as it is.

    >>> import tinygrad_bp as tg
    >>> tg.t(tg.tensor([[1, 2], [3, 4]]))
    tensor([[1, 3],
            [2, 4]])
    """
    if input.ndim > 2:
        raise ShapeError(f"t: expects at most 2 dimensions, got {shape_text(input.shape)}; use permute or mT")
    return as_step("TBackward0", transpose(input, 0, 1)) if input.ndim == 2 else input


def reverse_axes(x: Array) -> Any:
    """All dimensions in reverse order: ``t.T``.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([[1, 2], [3, 4]]).T
    tensor([[1, 3],
            [2, 4]])
    """
    return as_step("PermuteBackward0", _permute(x, tuple(range(x.ndim))[::-1])) if isinstance(x, Tensor) else x.T


def matrix_transpose(x: Array) -> Any:
    """The last two dimensions exchanged: ``t.mT``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.matrix_transpose(tg.tensor([[1, 2], [3, 4]]))
    tensor([[1, 3],
            [2, 4]])
    """
    if x.ndim < 2:
        raise ShapeError(f"mT: needs at least 2 dimensions, got {shape_text(x.shape)}")
    return transpose(x, -2, -1)


_broadcast_to = linear("broadcast_to", lambda x, shape: np.broadcast_to(x, shape), lambda g: g,
                       params={"shape": REQUIRED}, formula="x",
                       samples=(sample((3,), shape=(2, 3)), sample((2, 1), shape=(2, 3)), sample((), shape=(2,)),
                                sample((1, 3), shape=(0, 3))),
                       reference=np.broadcast_to,
                       hint="a size can grow only from 1, and new dimensions come in front",
                       views=True,
                       grad_fn="ExpandBackward0",
                       doc="Repeated, without a copy, to a larger shape; the gradient sums over the repeats.")


def broadcast_to(input: Array, *sizes: Size, size: Size | None = None) -> Any:
    """Repeated, without a copy, to the shape ``size``.

    >>> import tinygrad_bp as tg
    >>> tg.broadcast_to(tg.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return _broadcast_to(input, sizes_of(either(sizes, size)))


def broadcast_tensors(*tensors: Array) -> tuple[Any, ...]:
    """All tensors, each repeated without a copy to the shape that they have together.

    >>> import tinygrad_bp as tg
    >>> [x.shape for x in tg.broadcast_tensors(tg.zeros(2, 1), tg.zeros(3))]
    [torch.Size([2, 3]), torch.Size([2, 3])]
    """
    shapes = [tuple(x.shape) for x in tensors]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        given = ", ".join(shape_text(shape) for shape in shapes)
        raise ShapeError(f"broadcast_tensors: the shapes {given} do not broadcast together") from None
    return tuple([_broadcast_to(x, shape) for x in tensors])


def expand(input: Array, *sizes: Size, size: Size | None = None) -> Any:
    """Repeated, without a copy, along dimensions of size 1; −1 keeps a size.

    >>> import tinygrad_bp as tg
    >>> tg.zeros(3, 1).expand(-1, 4).shape
    torch.Size([3, 4])
    """
    wanted = sizes_of(either(sizes, size))
    missing = len(wanted) - input.ndim
    if missing < 0:
        raise ShapeError(f"expand: {shape_text(input.shape)} has more dimensions than the sizes given, {wanted}")
    if -1 in wanted[:missing]:
        raise ShapeError(f"expand: -1 keeps a size, and there is none to keep in the new dimensions of {wanted}")
    return _broadcast_to(input, tuple(input.shape[i - missing] if s == -1 else s for i, s in enumerate(wanted)))


def expand_as(input: Array, other: Array) -> Any:
    """``expand`` to the shape of another tensor.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([[1.0], [2.0]]).expand_as(tg.ones(2, 3))
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    return expand(input, other.shape)


def sum_to_size(input: Array, *sizes: Size, size: Size | None = None) -> Any:
    """Summed over the dimensions along which a tensor of ``size`` would be repeated: what undoes ``expand``.

    >>> import tinygrad_bp as tg
    >>> tg.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    wanted, shape = sizes_of(either(sizes, size)), tuple(input.shape)
    tail = shape[len(shape) - len(wanted) :]
    if len(wanted) > len(shape) or any(s not in (1, have) for s, have in zip(wanted, tail, strict=True)):
        raise ShapeError(f"sum_to_size: {shape_text(wanted)} does not broadcast to {shape_text(shape)}")
    return unbroadcast(input, wanted)


def _at_least(ndim: int, tensors: tuple[Any, ...], wider: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Any:
    """One tensor, or a tuple of several, each reshaped where it has fewer dimensions."""
    several = len(tensors) != 1 or isinstance(tensors[0], (tuple, list))
    items = tensors[0] if several and len(tensors) == 1 else tensors
    made = tuple([x if x.ndim >= ndim else _reshape(x, wider(tuple(x.shape))) for x in items])
    return made if several else made[0]


@overload
def atleast_1d(tensor: Array, /) -> Any: ...
@overload
def atleast_1d(*tensors: Array) -> tuple[Any, ...]: ...
def atleast_1d(*tensors: Array) -> Any:
    """A 0-d tensor as (1,); several tensors give a tuple.

    >>> import tinygrad_bp as tg
    >>> tg.atleast_1d(tg.tensor(3.0))
    tensor([3.])
    """
    return _at_least(1, tensors, lambda shape: (1,))


@overload
def atleast_2d(tensor: Array, /) -> Any: ...
@overload
def atleast_2d(*tensors: Array) -> tuple[Any, ...]: ...
def atleast_2d(*tensors: Array) -> Any:
    """With new dimensions in front, up to two; several tensors give a tuple.

    >>> import tinygrad_bp as tg
    >>> tg.atleast_2d(tg.zeros(3)).shape
    torch.Size([1, 3])
    """
    return _at_least(2, tensors, lambda shape: (1, *(shape or (1,))))


@overload
def atleast_3d(tensor: Array, /) -> Any: ...
@overload
def atleast_3d(*tensors: Array) -> tuple[Any, ...]: ...
def atleast_3d(*tensors: Array) -> Any:
    """With three dimensions: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1); several tensors give a tuple.

    >>> import tinygrad_bp as tg
    >>> tg.atleast_3d(tg.zeros(3)).shape
    torch.Size([1, 3, 1])
    """
    return _at_least(3, tensors, lambda shape: (*shape, 1) if len(shape) == 2 else (1, *(shape or (1,)), 1))
