"""Windows along one dimension, strided reading, and tensors with a border."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd.batched import Batched
from ..autograd.columns import strides_of
from ..autograd.define import linear
from ..autograd.elsewhere import ARRAYS, moved, zeros
from ..autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ..autograd.layout import row_by_row
from ..autograd.layout import storage_offset as start_in_memory
from ..autograd.op import REQUIRED
from ..autograd.steps import as_step, recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand, Size
from .indexing import along, getitem, place, setitem
from .samples import sample, summed_at
from .shape import apart, dim_of, expand, permute, ravel, reshape, sizes_of

__all__ = ["as_strided", "as_strided_scatter", "constant_pad_nd"]

_WINDOWS: tuple[dict[str, Any], ...] = (
    {"axis": 0, "size": 2, "step": 1}, {"axis": 0, "size": 3, "step": 2}, {"axis": 0, "size": 1, "step": 3},
)  # fmt: skip


def _unfold(x: Any, axis: int, size: int, step: int) -> Any:
    disjoint = size <= step  # then no two windows have an element in common, and they can be written
    write = {} if x.__class__ in ARRAYS else {"writeable": disjoint and x.flags.writeable}  # CuPy knows no guard
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis, **write)
    return windows[along(axis, slice(None, None, step))]


def _fold(x: Any, shape: tuple[int, ...], axis: int, size: int, step: int) -> Any:
    result = zeros(shape, x.dtype, x)
    count = x.shape[axis]
    for k in range(size):  # each step adds one place of all windows: no two of them are the same element
        result[along(axis, slice(k, k + step * count, step))] += x[..., k]
    return result


def _fold_reference(x: Any, shape: tuple[int, ...], axis: int, size: int, step: int) -> Any:
    positions = _unfold(np.arange(int(np.prod(shape))).reshape(shape), axis, size, step)
    return summed_at(positions, x, shape)


_unfold_op: Callable[..., Any] = linear(
                    "unfold", _unfold,
                    lambda g, x_shape, axis, size, step: _fold_op(g, x_shape, axis, size, step),
                    params={"axis": REQUIRED, "size": REQUIRED, "step": REQUIRED},
                    formula="x[i · step + k], k < size, along axis",
                    samples=(*(sample((6, 2), **window) for window in _WINDOWS),
                             sample((2, 5), axis=1, size=2, step=2)),
                    reference=lambda x, axis, size, step: np.stack([np.moveaxis(
                        np.take(x, range(i, i + size), axis), axis, -1)
                        for i in range(0, x.shape[axis] - size + 1, step)], axis),
                    views=True, doc="Windows of one size along an axis, as the last dimension.")

_fold_op: Callable[..., Any] = linear("fold", _fold, lambda g, axis, size, step: _unfold_op(g, axis, size, step),
                  params={"shape": REQUIRED, "axis": REQUIRED, "size": REQUIRED, "step": REQUIRED},
                  wide=True, formula="Σ over windows of x, at their places in zeros",
                  samples=tuple(sample(_unfold(np.zeros((6, 2)), **window).shape, shape=(6, 2), **window)
                                for window in _WINDOWS),
                  reference=_fold_reference, doc="Windows added up at their places: the transpose of reading them.")


def unfold(input: Array, dimension: int, size: int, step: int) -> Any:
    """All windows of ``size`` elements along ``dimension``, one every ``step``; the window is a new last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    axis, size, step = dim_of(dimension, input.ndim, "unfold"), integer(size), integer(step)
    length = input.shape[axis] if input.ndim else 1
    if not 0 <= size <= length or step < 1:
        raise ShapeError(
            f"unfold: size {size}, step {step} do not fit dimension {dimension} of {shape_text(input.shape)}"
        )
    if not input.ndim:
        return getitem(reshape(input, (1,)), slice(size))
    if not size:
        moved = (*input.shape[:axis], input.shape[axis] // step + 1, *input.shape[axis + 1 :], 0)
        return reshape(getitem(ravel(input), slice(0)), moved)
    return _unfold_op(input, axis, size, step)


def _strided_places(x: Any, size: Any, stride: Any, storage_offset: int | None, name: str) -> Any:
    sizes, strides, first = sizes_of((size,)), sizes_of((stride,)), integer(storage_offset or 0)
    if len(sizes) != len(strides) or min((*sizes, *strides, first), default=0) < 0:
        raise ArgumentError(f"{name}: size {sizes} and stride {strides} must be of one length and not negative")
    places = np.full((), first)
    for n, step in zip(sizes, strides, strict=True):
        places = places[..., None] + np.arange(n) * step
    if places.size and places.max() >= math.prod(x.shape):
        raise IndexRangeError(
            f"{name}: size {sizes}, stride {strides} and storage_offset {first} reach element {places.max()} of the "
            f"{math.prod(x.shape)} in {shape_text(x.shape)}"
        )
    return places


@recorded_as("AsStridedBackward0")
def as_strided(input: Array, size: Size, stride: Size, storage_offset: int | None = None) -> Any:
    """``result[i, j] = memory[storage_offset + i·stride[0] + j·stride[1]]``, and so on: a view.

    The memory is that of ``input``, whose elements must lie without gaps: what lies around them is not read. Where
    windows overlap, the view may not be written. Raises ``IndexRangeError`` for places outside, ``ArgumentError`` for
    elements with gaps.

    >>> import tinygrad_bp as tg
    >>> tg.as_strided(tg.arange(4), (2, 3), (1, 1))
    tensor([[0, 1, 2],
            [1, 2, 3]])
    """
    if storage_offset is not None and isinstance(input, Tensor) and input.__class__ is not Batched:
        storage_offset = integer(storage_offset) - start_in_memory(input)
    places = _strided_places(input, size, stride, storage_offset, "as_strided")
    view = _in_memory(input)
    if not places.size:
        return reshape(getitem(view, slice(0)), places.shape)
    sizes, strides = places.shape, sizes_of((stride,))
    outer = [d for d in sorted(range(len(sizes)), key=lambda d: -strides[d]) if sizes[d] > 1 and strides[d]]
    reach = [(sizes[d] - 1) * strides[d] for d in outer]
    view = getitem(view, slice(first := int(places.flat[0]), first + sum(reach) + 1))
    for k, d in enumerate(outer):  # windows as long as what lies within; the last ones have one element
        view = _unfold_op(view, k, sum(reach[k + 1 :]) + 1, strides[d])
    view = getitem(view, (..., 0))
    inner = [d for d in range(len(sizes)) if d not in outer]  # of one element, or the same one again
    for _ in inner:
        view = getitem(view, (..., None))
    view = permute(view, tuple(np.argsort([*outer, *inner]).tolist()))
    return view if view.shape == sizes else expand(view, sizes)


def _in_memory(x: Any) -> Any:
    """The elements of ``x`` as a vector, in the order in which they lie; those of each slice of a batch row by row."""
    if x.__class__ is Batched:
        return ravel(x)
    strides = strides_of(x)
    order = sorted(range(x.ndim), key=lambda d: (-strides[d], -x.shape[d]))
    if not row_by_row(x, tuple(order)):
        raise ArgumentError(
            f"as_strided: the elements of {shape_text(x.shape)} do not lie without gaps; write x.contiguous() first"
        )
    return ravel(x if order == list(range(x.ndim)) else permute(x, tuple(order)))


def as_strided_scatter(input: Array, src: Array, size: Size, stride: Size, storage_offset: int | None = None) -> Any:
    """A copy of ``input`` with the elements that ``as_strided`` reads replaced by ``src``.

    >>> import tinygrad_bp as tg
    >>> tg.as_strided_scatter(tg.zeros(4), tg.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    places = _strided_places(input, size, stride, storage_offset, "as_strided_scatter")
    if tuple(src.shape) != places.shape:
        both = f"src has shape {shape_text(src.shape)}, the part it replaces {shape_text(places.shape)}"
        raise ShapeError(f"as_strided_scatter: {both}")
    return reshape(setitem(ravel(input), src, places), input.shape)


# ---------------------------------------------------------------------- borders


def _widths(x: Any, pad: Sequence[int], name: str) -> list[tuple[int, int]]:
    """PyTorch's list, which starts at the last dimension, as (before, after) of each dimension."""
    numbers = sizes_of((tuple(pad),))
    if len(numbers) % 2 or len(numbers) > 2 * x.ndim:
        raise ShapeError(f"{name}: give two numbers for each of at most {x.ndim} dimensions, last one first; got {pad}")
    pairs = [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]
    widths = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    for d, ((a, b), n) in enumerate(zip(widths, x.shape, strict=True)):
        if n + a + b < 0 or -a > n or -b > n:
            raise ShapeError(f"{name}: pad {pad} takes more away than dimension {d} of {shape_text(x.shape)} has")
    return widths


def bordered(x: Array, widths: Sequence[tuple[int, int]], around: Any = None) -> Any:
    """``x`` with room on both sides of each dimension: zeros, or what the array ``around`` holds there.

    A negative width takes elements away.
    """
    if any(a < 0 or b < 0 for a, b in widths):
        x = getitem(x, tuple([slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in zip(widths, x.shape, strict=True)]))
    if all(a <= 0 and b <= 0 for a, b in widths):
        return x
    added = [(max(a, 0), max(b, 0)) for a, b in widths]
    shape = tuple([n + a + b for (a, b), n in zip(added, x.shape, strict=True)])
    inside = tuple([slice(a, a + n) for (a, _), n in zip(added, x.shape, strict=True)])
    return place(x, shape, (*inside, ...)) if around is None else setitem(around, x, (*inside, ...))


def continued(x: Array, widths: Sequence[tuple[int, int]], mode: str) -> Any:
    """``x`` continued over its borders: NumPy's modes "edge", "reflect", "symmetric" and "wrap"."""
    for d, (a, b) in enumerate(widths):
        if a or b:
            read = np.pad(np.arange(x.shape[d]), (max(a, 0), max(b, 0)), mode=mode)  # type: ignore[call-overload]
            x = getitem(x, along(d, read[max(-a, 0) : read.size - max(-b, 0)]))
    return x


@recorded_as("ConstantPadNdBackward0")
def constant_pad_nd(input: Array, pad: Sequence[int], value: Operand = 0) -> Any:
    """``input`` with a border of one number; ``pad`` holds (before, after) for the last dimension first.

    Negative numbers take elements away.

    >>> import tinygrad_bp as tg
    >>> tg.constant_pad_nd(tg.tensor([1, 2]), (1, 2), 9)
    tensor([9, 1, 2, 9, 9])
    """
    widths = _widths(input, pad, "pad")
    if not value:
        return apart(bordered(input, widths), input)
    shape = tuple([n + a + b for (a, b), n in zip(widths, input.shape, strict=True)])
    return apart(bordered(input, widths, moved(np.full(shape, value, input.dtype), input)), input)


_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Array, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """``input`` with a border; ``pad`` holds (before, after) for the last dimension first.

    ``mode`` is "constant" (``value``, 0 by default), "reflect" (mirrored, the edge not repeated), "replicate" (the
    edge) or "circular" (from the other end). Raises ``ShapeError`` where there is less to reflect than asked for.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.pad(tg.tensor([[1, 2, 3]]), (2, 1), "reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    if mode == "constant":
        return constant_pad_nd(input, pad, 0 if value is None else value)
    if mode not in _MODES:
        raise ArgumentError(f"pad: mode is constant, reflect, replicate or circular, got {mode!r}")
    if value is not None and value != 0:
        raise ArgumentError(f'pad: value={value} is for mode="constant", the mode is {mode!r}')
    widths = _widths(input, pad, "pad")
    most = {"reflect": -1, "circular": 0}.get(mode, math.inf)
    for d, width in enumerate(widths):
        if max(width) > 0 and (max(width) > input.shape[d] + most or not input.shape[d]):
            size = input.shape[d]
            raise ShapeError(f"pad: {mode!r} cannot make {max(width)} elements of the {size} in dimension {d}")
    inside = input
    if mode == "circular":  # goes round what is left of it
        inside = bordered(input, [(min(a, 0), min(b, 0)) for a, b in widths])
        widths = [(max(a, 0), max(b, 0)) for a, b in widths]
    y = apart(continued(inside, widths, _MODES[mode]), input)
    name = {"reflect": "Reflection", "replicate": "Replication"}.get(mode)
    return as_step(f"{name}Pad{len(pad) // 2}DBackward0", y) if name else y
