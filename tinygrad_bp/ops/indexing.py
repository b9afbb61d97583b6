"""Reading and writing at an index. Three primitives (``getitem``, ``place``, ``setitem``); the others name an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.arrays import is_array
from ..autograd.batched import stands_for_many
from ..autograd.define import linear
from ..autograd.elsewhere import copied, moved, zeros
from ..autograd.errors import DtypeError, ShapeError, shape_text
from ..autograd.modes import shaping, traced
from ..autograd.op import REQUIRED
from ..autograd.sharing import lies_there
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Index, Operand, Raw
from ..autograd.values import held
from ..autograd.writing import assign, fill
from .elementwise import clone, in_dtype, where
from .passes import add_at, read_at
from .samples import sample, summed_at
from .shape import broadcast_tensors, dim_of, reshape, takes_axis

__all__ = ["gather", "index_select", "masked_select", "take", "take_along_axis", "take_along_dim"]


def plain_index(index: Index) -> Any:
    """An index with the tensors in it as arrays, or as numbers where they have no dimension."""
    if isinstance(index, tuple):
        return tuple([_plain_item(item) for item in index])
    return _plain_item(index)


_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


def _plain_item(item: Any) -> Any:
    if isinstance(item, (list, tuple, range)):  # as an array, so that a position named twice is seen
        return np.asarray([_plain_item(i) for i in item]) if len(item) else np.zeros(0, np.int64)
    if item.__class__ in _BASIC or not (isinstance(item, Tensor) or is_array(item)) or stands_for_many(item):
        return item
    array = held(item)
    if array.ndim == 0 and array.dtype.kind in "ui" and (array.dtype != np.uint8 or isinstance(item, np.generic)):
        return array if traced() else int(array)  # in another run it may be another number
    if array.dtype == np.uint8:
        raise DtypeError(
            "an index of uint8 is a mask in PyTorch and counts positions in NumPy: write index.bool() or index.long()"
        )
    return array


def in_turn(index: Index, ndim: int) -> tuple[Any, ...]:
    """The steps of a plain index: numbers beside arrays are taken first, so that axes end up where PyTorch has them.

    NumPy counts a number as an array of one position: ``x[0, :, [1, 2]]`` puts the positions' axis in front there, and
    so does an Ellipsis between arrays that stands for no dimension.
    """
    if not isinstance(index, tuple):
        return (index,)
    places = [i for i, item in enumerate(index) if item.__class__ is not slice and item is not None and item is not ...]
    if len(places) < 2 or places[-1] - places[0] < len(places) or not any(map(_is_array, index)):
        return (index,)
    first: list[Any] = []
    then: list[Any] = []
    for item in index:
        if item is Ellipsis:
            rest = [slice(None)] * (ndim - sum(map(_dimensions, index)))
            first += rest
            then += rest
        elif not _is_array(item):
            first.append(item)
            then += [slice(None)] * (not hasattr(item, "__index__"))
        elif getattr(item, "ndim", 0) == 0:  # one truth: a new axis, kept or dropped
            first.append(None)
            then.append(np.reshape(item, (1,)))
        else:
            first += [slice(None)] * _dimensions(item)
            then.append(item)
    return tuple(first), tuple(then)


def _is_array(item: Any) -> bool:
    return isinstance(item, bool) or (hasattr(item, "dtype") and not (stands_for_many(item) and item.ndim == 0))


def _dimensions(item: Any) -> int:
    """How many dimensions of the tensor a part of an index stands for; an Ellipsis takes what is left."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.ndim if getattr(item, "dtype", None) == np.bool_ else 1


def along(dim: int, item: Any) -> tuple[Any, ...]:
    """The index that takes ``item`` of dimension ``dim`` (counted from 0) and all of the others."""
    return (slice(None),) * dim + (item,)


def place_of(x: Array, dim: int, name: str) -> int:
    """``dim_of`` for an op that needs a dimension to cut."""
    if not x.ndim:
        raise ShapeError(f"{name}: a 0-d tensor has no dimension to cut; reshape it to (1,) first")
    return dim_of(dim, x.ndim, name)


def indices_of(index: Index, name: str) -> Any:
    """An integer array of what names positions: a tensor, an array, a list or a number."""
    array: Any = index if stands_for_many(index) else held(index)
    if array.dtype.kind not in "ui":
        if array.size:
            raise DtypeError(f"{name}: an index holds integers, got {array.dtype}")
        array = array.astype(np.int64)
    return array


def _may_repeat(index: Any) -> bool:
    """Whether an index can name one element twice: only integer arrays can."""
    for item in index if isinstance(index, tuple) else (index,):
        dtype = getattr(item, "dtype", None)
        if dtype is not None and dtype.kind in "ui" and item.ndim:
            return True
    return False


def _place(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    result = zeros(shape, x.dtype, x)
    if _may_repeat(index):
        add_at(result, index, x)
    else:
        result[index] = x
    return result


def with_ellipsis(index: Index) -> Any:
    """The same index: a trailing Ellipsis keeps one element, read or written, an array without a dimension."""
    if index.__class__ is not tuple:
        return index if index is Ellipsis else (index, ...)
    for item in index:
        if item is Ellipsis:
            return index
    return (*index, ...)


def _read(x: Any, index: Any) -> Any:
    """``x[index]``, a view where NumPy has one."""
    return read_at(x, with_ellipsis(index))


_INDEXES: tuple[tuple[tuple[int, ...], Any], ...] = (
    ((2, 3), 1), ((2, 3), (slice(None), 1)), ((4, 3), slice(None, None, -2)), ((2, 3), (..., None, 0)),
    ((4, 3), np.array([0, 2, 2])), ((2, 3), np.array([[True, False, True], [False, True, False]])),
    ((4, 3), (np.array([0, 1, 0]), np.array([2, 2, 2]))), ((4, 3), (slice(1, 3), np.array([0, -1]))), ((3,), 0),
    ((), ...), ((0, 3), slice(0, 0)),
)  # fmt: skip

def _read_by(index: Any) -> str:
    """PyTorch reads an index an item at a time: the name of its last step."""
    items = index if isinstance(index, tuple) else (index,)
    if any(isinstance(item, (list, bool)) or getattr(item, "ndim", 0) for item in items):
        return "IndexBackward0"
    telling = [item for item in items if item is not ... and item != slice(None)]
    last = telling[-1] if telling else slice(None)
    return "UnsqueezeBackward0" if last is None else f"{'Slice' if isinstance(last, slice) else 'Select'}Backward0"


_getitem = linear("getitem", _read, lambda g, x_shape, index: place(g, x_shape, index),
                  params={"index": REQUIRED}, formula="x[index]",
                  samples=tuple(sample(shape, index=index) for shape, index in _INDEXES),
                  reference=lambda x, index: x[index], views=True, grad_fn=_read_by, doc="The elements at an index.")

place: Callable[..., Any] = linear("place", _place, lambda g, index: _getitem(g, index),
               params={"shape": REQUIRED, "index": REQUIRED}, wide=True,
               formula="Σ over repeats of x, at index in zeros",
               samples=tuple(
                   sample(np.zeros(shape)[index].shape, shape=shape, index=index) for shape, index in _INDEXES),
               reference=lambda x, shape, index: _place_reference(x, shape, index),
               doc="Zeros of a shape with x added at an index: the transpose of reading there.")


def _place_reference(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    positions = np.arange(int(np.prod(shape))).reshape(shape)[index]
    return summed_at(positions, x, shape)


def getitem(x: Array, index: Index) -> Any:
    """``x[index]``: integers, slices, None, Ellipsis, boolean masks and integer arrays, as in PyTorch.

    PyTorch and NumPy differ where a number and an array stand beside each other with a slice between them: of x
    (2, 3, 4), ``x[0, :, [1, 2]]`` is (3, 2) here, and (2, 3) of a NumPy array. Raises ``IndexRangeError`` for positions
    that x lacks, ``DtypeError`` for an index of uint8, which PyTorch and NumPy read differently.
    """
    if index.__class__ in _BASIC or (index.__class__ is tuple and _BASIC.issuperset(map(type, index))):
        return _getitem(x, index)
    plain = plain_index(index)
    for item in plain if isinstance(plain, tuple) else (plain,):
        if getattr(item, "dtype", None) == np.bool_ and item.ndim:
            shaping(item)
    for step in in_turn(plain, x.ndim):
        x = _getitem(x, step)
    return x


def _write(index: Any) -> str:
    """PyTorch's name of a write: arrays in the index put elements, and a write of everything is a copy."""
    if index is Ellipsis:
        return "CopyBackwards"
    arrays = any([getattr(item, "ndim", 0) for item in (index if isinstance(index, tuple) else (index,))])
    return "IndexPutBackward0" if arrays else "CopySlices"


def _setitem(x: Any, v: Any, index: Any) -> Any:
    result = copied(x)
    result[with_ellipsis(index)] = v
    return result


def _last_written(g: Any, shape: tuple[int, ...], v_shape: tuple[int, ...], index: Any) -> Any:
    """``g[index]``, with 0 where an element that the index names again later was overwritten."""
    taken = _getitem(g, index)
    if len(v_shape) > taken.ndim:  # a value may have dimensions of size 1 in front
        wanted = v_shape[: len(v_shape) - taken.ndim] + taken.shape
        return np.reshape(_last_written(g, shape, taken.shape, index), wanted)
    return read_last(g, index) if _may_repeat(index) else taken


def _read_last(x: Any, index: Any) -> Any:
    taken = x[index]
    owner = zeros(x.shape, np.int64, x)
    turns = moved(np.arange(int(np.prod(taken.shape))).reshape(taken.shape), x)
    owner[index] = turns
    return np.where(owner[index] == turns, taken, np.zeros_like(taken))


read_last: Callable[..., Any] = linear(
    "read_last", _read_last, lambda g, x_shape, index: setitem(moved(np.zeros(x_shape, g.dtype), g), g, index),
    params={"index": REQUIRED}, formula="x[index], 0 where index names it again later",
    samples=(sample((4, 3), index=np.array([0, 2, 2])), sample((4,), index=(np.array([1, 0, 1]),))),
    reference=lambda x, index: np.array(
        [0 * x[p] if p in list(np.ravel(index))[i + 1 :] else x[p] for i, p in enumerate(np.ravel(index))]),
    doc="The elements at an index, with 0 for one that the index names again later.")


setitem: Callable[..., Any] = linear("setitem", _setitem, lambda g, index: setitem(g, 0.0, index),
                 lambda g, v_shape, index: _last_written(g, g.shape, v_shape, index),
                 inputs="x v", params={"index": REQUIRED}, formula="x, with x[index] = v",
                 samples=(sample((2, 3), (3,), index=1), sample((4, 3), (), index=slice(1, 3)),
                          sample((4, 3), (3, 3), index=np.array([0, 2, 2])), sample((2,), (2,), index=...),
                          sample((4, 3), (1, 1, 3), index=1), sample((4,), (1,), index=2),
                          sample((2, 3), (), index=np.array([[True, False, True], [False, True, False]]))),
                 reference=lambda x, v, index: _setitem(x, v, index),
                 hint="the value must broadcast to the shape of what the index selects",
                 grad_fn=_write,
                 doc="A copy of x with the elements at an index replaced; of repeated positions the last one counts.")


def replaced(x: Array, value: Operand, index: Any) -> Any:
    """A copy of ``x`` with ``x[index] = value``, for a plain index."""
    if traced() and not np.ndim(value) and getattr(index, "dtype", None) == np.bool_ and index.ndim:
        # How many elements the mask chooses is another number in another run.
        mask = reshape(index, index.shape + (1,) * (x.ndim - index.ndim))
        return where(mask, in_dtype(value, x.dtype), x)
    first, *then = in_turn(index, x.ndim)
    return setitem(x, setitem(_getitem(x, first), value, then[0]) if then else value, first)


def set_item(x: Tensor, index: Index, value: Operand) -> None:
    """``x[index] = value``; of repeated positions the last one counts."""
    index = plain_index(index)
    if _lies_there(x, index, value):
        return
    if index is ...:
        fill(x, value, "x[index] = value")
    else:
        basic = _BASIC.issuperset(map(type, index)) if index.__class__ is tuple else index.__class__ in _BASIC
        where = with_ellipsis(index) if basic else None
        assign(x, "x[index] = value", value, lambda x, v: replaced(x, v, index), lambda a, v: _put(a, v, index), where)


def _put(array: Any, value: Any, index: Any) -> None:
    *before, last = in_turn(index, array.ndim)
    for step in before:
        array = array[step]
    array[with_ellipsis(last)] = value


def _lies_there(x: Tensor, index: Any, value: Any) -> bool:
    """Whether ``value`` is the view ``x[index]`` itself: Python ends ``x[index] += 1`` with such an assignment."""
    views = getattr(value, "_views", None)
    if views is None or views is not getattr(x, "_views", None):
        return False
    there, here = x._value, value._value
    for step in in_turn(index, x.ndim):
        there = _read(there, step)
    return lies_there(there, here)


# ---------------------------------------------------------------------- reading by name


def _grid(shape: tuple[int, ...], dim: int, index: Any) -> tuple[Any, ...]:
    """The full index of ``index`` along ``dim``: along all else every element is read at its own place."""
    last = len(shape) - 1
    return tuple([
        index if d == dim else np.arange(n).reshape((n,) + (1,) * (last - d)) for d, n in enumerate(shape)
    ])  # fmt: skip


def gather_index(x_shape: tuple[int, ...], dim: int, index: Any, name: str) -> tuple[Any, ...]:
    """The full index that an integer array along ``dim`` stands for, or ``ShapeError``."""
    if index.size and (
        index.ndim != len(x_shape)
        or any([n > have for d, (n, have) in enumerate(zip(index.shape, x_shape, strict=True)) if d != dim])
    ):
        raise ShapeError(
            f"{name}: index {shape_text(index.shape)} must have as many dimensions as the tensor, "
            f"{shape_text(x_shape)}, and be no larger anywhere but along dim {dim}"
        )
    return _grid(index.shape, dim, index)


def read_along(x: Array, dim: int, index: Raw) -> Any:
    """The elements of ``x`` that an integer array of as many dimensions names along ``dim``."""
    return _getitem(x, _grid(x.shape, dim, index)) if x.ndim else clone(x)


def one_along(x: Array, dim: int, index: Raw) -> Any:
    """The elements of ``x`` that an integer array names along ``dim``, one for each place in the other dimensions."""
    places = [np.arange(n).reshape((n,) + (1,) * (index.ndim - 1 - d)) for d, n in enumerate(index.shape)]
    places.insert(dim, index)
    return _getitem(x, tuple(places))


def at_least_1d(x: Array) -> Any:
    """A 0-d tensor as (1,): PyTorch takes either where it asks for dimensions."""
    return x if x.ndim else reshape(x, (1,))


@recorded_as("GatherBackward0")
@takes_axis
def gather(input: Array, dim: int, index: Index, *, sparse_grad: bool = False) -> Any:
    """``result[i, j] = input[index[i, j], j]`` for dim 0, and so on: what an integer tensor names along ``dim``.

    The result has the shape of ``index``. Raises ``ShapeError`` where the index does not fit, ``IndexRangeError``
    where a number in it is out of range. ``sparse_grad`` changes nothing here.

    >>> import tinygrad_bp as tg
    >>> tg.gather(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tg.tensor([[0], [1]]))
    tensor([[1.],
            [4.]])
    """
    wanted, input = indices_of(index, "gather"), at_least_1d(input)
    if not wanted.size:
        return _getitem(np.reshape(input, (-1,)), np.zeros(wanted.shape, np.int64))
    full = gather_index(input.shape, dim_of(dim, input.ndim, "gather"), at_least_1d(wanted), "gather")
    result = _getitem(input, full)
    return result if wanted.ndim else np.reshape(result, ())


@recorded_as("GatherBackward0")
@takes_axis
def take_along_dim(input: Array, indices: Array, dim: int | None = None) -> Any:
    """The elements that ``indices`` names along ``dim``; both broadcast elsewhere. Without ``dim``, row by row.

    >>> import tinygrad_bp as tg
    >>> tg.take_along_dim(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([[1], [0]]), 1)
    tensor([[2.],
            [3.]])
    """
    wanted = indices_of(indices, "take_along_dim")
    if dim is None:
        return _getitem(np.reshape(input, (-1,)), reshape(wanted, (-1,)))
    if wanted.ndim != input.ndim:
        raise ShapeError(
            f"take_along_dim: indices {shape_text(wanted.shape)} and tensor {shape_text(input.shape)} need as many "
            "dimensions as each other"
        )
    return read_along(input, dim_of(dim, input.ndim, "take_along_dim"), wanted)


take_along_axis = take_along_dim


@recorded_as("IndexSelectBackward0")
@takes_axis
def index_select(input: Array, dim: int, index: Index) -> Any:
    """The slices of ``dim`` that an integer tensor of one dimension names.

    >>> import tinygrad_bp as tg
    >>> tg.index_select(tg.tensor([[1, 2], [3, 4]]), 1, tg.tensor([1, 1]))
    tensor([[2, 2],
            [4, 4]])
    """
    wanted = indices_of(index, "index_select")
    if wanted.ndim > 1:
        raise ShapeError(f"index_select: the index has one dimension, got {shape_text(wanted.shape)}")
    place = dim_of(dim, input.ndim, "index_select")
    result = _getitem(at_least_1d(input), (slice(None),) * place + (at_least_1d(wanted),))
    return result if input.ndim else np.reshape(result, ())


@recorded_as("TakeBackward0")
def take(input: Array, index: Index) -> Any:
    """The elements that an integer tensor names, counted row by row; in the shape of ``index``.

    >>> import tinygrad_bp as tg
    >>> tg.take(tg.tensor([[1, 2], [3, 4]]), tg.tensor([0, 3]))
    tensor([1, 4])
    """
    return _getitem(np.reshape(input, (-1,)), indices_of(index, "take"))


@recorded_as("MaskedSelectBackward0")
def masked_select(input: Array, mask: Array) -> Any:
    """The elements where a boolean tensor holds, row by row, in one dimension; both broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.masked_select(tg.tensor([1, 2, 3]), tg.tensor([True, False, True]))
    tensor([1, 3])
    """
    shaping(mask)
    input, chosen = broadcast_tensors(input, mask_of(mask, "masked_select"))
    return _getitem(input, chosen)


def mask_of(mask: Array, name: str) -> Any:
    """A boolean array, or ``DtypeError``."""
    array = held(mask)
    if array.dtype != bool:
        raise DtypeError(f"{name}: the mask must hold booleans, got {array.dtype}; compare first, as in mask > 0")
    return array
