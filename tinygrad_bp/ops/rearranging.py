"""Elements repeated, reversed, rolled and turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd.define import linear
from ..autograd.elsewhere import copied, hosted
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.modes import shaping
from ..autograd.op import REQUIRED
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, Operand, Size
from ..autograd.values import held
from .elementwise import clone
from .indexing import along, at_least_1d, getitem, place_of
from .samples import sample
from .shape import (
    apart,
    broadcast_to,
    dim_of,
    either,
    permute,
    ravel,
    reshape,
    sizes_of,
    takes_axis,
    transpose,
    unsqueeze,
)  # fmt: skip

__all__ = [
    "channel_shuffle", "flip", "fliplr", "flipud", "pixel_shuffle", "pixel_unshuffle", "repeat_interleave", "roll",
    "rot90", "tile",
]  # fmt: skip

def _flipped(x: Any, axis: tuple[int, ...]) -> Any:
    return copied(x[tuple([slice(None, None, -1) if i in axis else slice(None) for i in range(x.ndim)])])


_flip: Callable[..., Any] = linear("flip", _flipped, lambda g, axis: _flip(g, axis),
               params={"axis": REQUIRED}, formula="x, backwards along axis",
               samples=(sample((2, 3), axis=(0,)), sample((2, 3, 2), axis=(0, 2)), sample((4,), axis=()),
                        sample((), axis=()), sample((0, 3), axis=(0, 1))),
               reference=np.flip, doc="The elements in reverse order along some axes.")


def _places(x: Any, dims: Any, name: str) -> tuple[int, ...]:
    """Dimensions counted from 0, each once."""
    places = tuple([dim_of(d, x.ndim, name) for d in sizes_of(dims)])
    if len({*places}) != len(places):
        raise ArgumentError(f"{name}: each dimension can be named once, got {places}")
    return places if x.ndim else ()


def flip(input: Array, *order: Any, dims: Size | None = None) -> Any:
    """A copy with the elements in reverse order along each of ``dims``.

    >>> import tinygrad_bp as tg
    >>> tg.flip(tg.tensor([[1, 2], [3, 4]]), (1,))
    tensor([[2, 1],
            [4, 3]])
    """
    return _flip(input, _places(input, either(order, dims), "flip"))


def fliplr(input: Array) -> Any:
    """The columns in reverse order.

    >>> import tinygrad_bp as tg
    >>> tg.fliplr(tg.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    if input.ndim < 2:
        raise ShapeError(f"fliplr: needs at least 2 dimensions, got {shape_text(input.shape)}")
    return _flip(input, (1,))


def flipud(input: Array) -> Any:
    """The rows in reverse order.

    >>> import tinygrad_bp as tg
    >>> tg.flipud(tg.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    if input.ndim < 1:
        raise ShapeError("flipud: needs at least 1 dimension, got ()")
    return _flip(input, (0,))


def _rolled(x: Any, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """``np.roll`` as two pieces joined, an axis after the other."""
    y = x
    for by, dim in zip(shift, axis, strict=True):
        cut = -by % (y.shape[dim] or 1)
        y = np.concatenate((y[along(dim, slice(cut, None))], y[along(dim, slice(cut))]), dim)
    return copied(y) if y is x else y


_roll: Callable[..., Any] = linear("roll", _rolled,
               lambda g, shift, axis: _roll(g, tuple([-s for s in shift]), axis),
               params={"shift": REQUIRED, "axis": REQUIRED}, formula="x, moved by shift along axis",
               samples=(sample((2, 3), shift=(1,), axis=(1,)), sample((2, 3), shift=(1, -2), axis=(0, 1)),
                        sample((0, 3), shift=(1,), axis=(0,))),
               reference=np.roll, doc="The elements moved along some axes; what leaves at one end enters at the other.")


@recorded_as("RollBackward0")
def roll(input: Array, shifts: Size, dims: Size | None = None) -> Any:
    """The elements moved by ``shifts`` along ``dims``, around the end; without ``dims`` in the order row by row.

    >>> import tinygrad_bp as tg
    >>> tg.roll(tg.arange(4), 1)
    tensor([3, 0, 1, 2])
    """
    moves = sizes_of((shifts,))
    if dims is None or dims == ():
        if len(moves) != 1:
            raise ArgumentError(f"roll: {len(moves)} shifts need as many dims, got none")
        return reshape(_roll(ravel(input), moves, (0,)), input.shape)
    places = tuple([dim_of(d, input.ndim, "roll") for d in sizes_of((dims,))])
    if len(places) != len(moves):
        raise ArgumentError(f"roll: {len(moves)} shifts and {len(places)} dims; give one shift for each")
    return _roll(input, moves, places) if input.ndim else clone(input)


def rot90(input: Array, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """Turned by ``k`` quarter turns in the plane of two dimensions, from the first towards the second.

    >>> import tinygrad_bp as tg
    >>> tg.rot90(tg.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    plane = _places(input, (tuple(dims),), "rot90")
    if len(plane) != 2:
        raise ArgumentError(f"rot90: dims names two different dimensions of {shape_text(input.shape)}, got {dims}")
    k = integer(k)
    if k % 2 == 0:
        return _flip(input, plane if k % 4 else ())
    return transpose(_flip(input, (plane[1 if k % 4 == 1 else 0],)), *plane)


@recorded_as("RepeatBackward0")
def repeat(input: Array, *sizes: Size, repeats: Operand | None = None) -> Any:
    """A copy with the whole tensor repeated along each dimension; new dimensions come in front.

    >>> import tinygrad_bp as tg
    >>> tg.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    counts = sizes_of(either(sizes, repeats))
    if len(counts) < input.ndim or min(counts, default=0) < 0:
        raise ShapeError(
            f"repeat: {counts} must give each dimension of {shape_text(input.shape)} a count of at least 0"
        )
    shape = (1,) * (len(counts) - input.ndim) + tuple(input.shape)
    lone = [size for pair in zip((1,) * len(shape), shape, strict=True) for size in pair]
    repeated = [size for pair in zip(counts, shape, strict=True) for size in pair]
    joined = tuple([count * size for count, size in zip(counts, shape, strict=True)])
    return apart(reshape(broadcast_to(reshape(input, tuple(lone)), tuple(repeated)), joined), input)


def tile(input: Array, *sizes: Size, dims: Size | None = None) -> Any:
    """``repeat`` with as many counts as wanted: missing ones, in front, are 1.

    >>> import tinygrad_bp as tg
    >>> tg.tile(tg.tensor([[1], [2]]), (2,))
    tensor([[1, 1],
            [2, 2]])
    """
    counts = sizes_of(either(sizes, dims))
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


@takes_axis
def repeat_interleave(
    x: Array, repeats: Operand | None = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element (of dimension ``dim``: each slice) repeated, one number of times or one number for each.

    Without ``dim`` the elements row by row; with one integer tensor alone the indices 0, 1, … so repeated.
    ``output_size`` is not needed here.

    >>> import tinygrad_bp as tg
    >>> tg.repeat_interleave(tg.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:
        x, repeats = wrap(np.arange(len(x), dtype=np.int64), None), x
    if dim is None:
        x, dim = ravel(x), 0
    x = at_least_1d(x)
    place = place_of(x, dim, "repeat_interleave")
    counts = held(repeats)
    if isinstance(repeats, Tensor):
        shaping(repeats)
    if counts.dtype.kind not in "ui" or counts.ndim > 1 or (counts < 0).any():
        got = f"{counts.dtype} {counts}" if counts.ndim < 2 else f"the shape {shape_text(counts.shape)}"
        raise ArgumentError(f"repeat_interleave: repeats are integers of at least 0, one or a vector, got {got}")
    size = x.shape[place]
    if counts.size == 1:
        count = int(counts.reshape(()))
        wide = broadcast_to(unsqueeze(x, place + 1), (*x.shape[: place + 1], count, *x.shape[place + 1 :]))
        return apart(reshape(wide, (*x.shape[:place], size * count, *x.shape[place + 1 :])), x)
    if counts.size != size:
        raise ShapeError(f"repeat_interleave: {counts.size} repeats for the {size} positions of dim {dim}")
    return getitem(x, along(place, np.repeat(np.arange(size), hosted(counts).astype(np.intp))))


def _image(x: Any, ndim: int, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The leading sizes, and the last three: channels, height, width."""
    if x.ndim < ndim:
        raise ShapeError(f"{name}: needs (…, channels, height, width), got {shape_text(x.shape)}")
    return tuple(x.shape[:-3]), tuple(x.shape[-3:])


@recorded_as("PixelShuffleBackward0")
def pixel_shuffle(input: Array, upscale_factor: int) -> Any:
    """Channels as finer pixels: (…, C·r², H, W) becomes (…, C, H·r, W·r) (Shi et al. 2016).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.pixel_shuffle(tg.zeros(1, 8, 2, 2), 2).shape
    torch.Size([1, 2, 4, 4])
    """
    first, (channels, height, width) = _image(input, 3, "pixel_shuffle")
    r, n = integer(upscale_factor), len(first)
    if r < 1 or channels % (r * r):
        raise ShapeError(f"pixel_shuffle: {channels} channels are no multiple of the factor squared, {r}²")
    squares = reshape(input, (*first, channels // (r * r), r, r, height, width))
    moved = permute(squares, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return apart(reshape(moved, (*first, channels // (r * r), height * r, width * r)), input)


@recorded_as("PixelUnshuffleBackward0")
def pixel_unshuffle(input: Array, downscale_factor: int) -> Any:
    """Pixels as channels: (…, C, H·r, W·r) becomes (…, C·r², H, W); undoes ``pixel_shuffle``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.pixel_unshuffle(tg.zeros(1, 2, 4, 4), 2).shape
    torch.Size([1, 8, 2, 2])
    """
    first, (channels, height, width) = _image(input, 3, "pixel_unshuffle")
    r, n = integer(downscale_factor), len(first)
    if r < 1 or height % r or width % r:
        raise ShapeError(f"pixel_unshuffle: height {height} and width {width} are no multiples of the factor {r}")
    squares = reshape(input, (*first, channels, height // r, r, width // r, r))
    moved = permute(squares, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return apart(reshape(moved, (*first, channels * r * r, height // r, width // r)), input)


def channel_shuffle(input: Array, groups: int) -> Any:
    """The channels (dimension 1) of ``groups`` groups, one of each group in turn (Zhang et al. 2018).

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.channel_shuffle(tg.arange(4).reshape(1, 4, 1), 2).ravel()
    tensor([0, 2, 1, 3])
    """
    if input.ndim < 3 or groups < 1 or input.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: needs (n, a multiple of {groups} channels, …), got {shape_text(input.shape)}"
        )
    grouped = reshape(input, (input.shape[0], groups, input.shape[1] // groups, *input.shape[2:]))
    return apart(reshape(transpose(grouped, 1, 2), input.shape), input)
