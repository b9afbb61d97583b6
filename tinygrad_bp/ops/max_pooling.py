"""Pooling by the largest element of each window: the first one where several are equal, NaN where one is NaN.

The place of each largest element is found without a gradient; its value is then read there, so that every order of
derivative is that of reading.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd.define import constant, linear
from ..autograd.dtypes import counted
from ..autograd.elsewhere import in_rows, moved, zeros
from ..autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.steps import recorded_as
from ..autograd.types import Array, Index, Size
from ..autograd.values import detached, held
from .passes import add_at
from .samples import below, distinct, hits, probability, sample
from .scans import kept_indices
from .shape import reshape
from .sliding import Pairs, Target, batched, bounds, counts, geometry, padded, sizes, target_of, unbatched

__all__ = [
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
    "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip

# ---------------------------------------------------------------------- where the largest elements are


def _at(positions: Any) -> slice | None:
    """The positions as a slice, where they are evenly spaced."""
    places = positions.tolist()
    if len(places) < 2:
        return slice(places[0], places[0] + 1) if places else slice(0, 0)
    step = places[1] - places[0]
    even = step > 0 and places == list(range(places[0], places[-1] + 1, step))
    return slice(places[0], places[-1] + 1, step) if even else None


def _cells(frame: Any, tables: tuple[Any, ...]) -> Iterator[Any]:
    """For each place in a window the elements of all windows that stand there."""
    columns = [[table[:, k] for k in range(table.shape[1])] for table in tables]
    slices = [[_at(column) for column in each] for each in columns]
    for place in itertools.product(*(range(len(each)) for each in columns)):
        at: Any = [each[k] for each, k in zip(slices, place, strict=True)]
        if not all(at):
            at = np.ix_(*(each[k] for each, k in zip(columns, place, strict=True)))
        yield frame[(..., *at)]


def _flat(positions: list[Any], size: tuple[int, ...]) -> Any:
    """The numbers of a grid of positions, counted row by row."""
    flat = np.zeros((), np.int64)
    for each, n in zip(positions, size, strict=True):
        flat = flat[..., None] * n + each
    return flat


def _window_argmax(x: Any, tables: tuple[Any, ...], padding: Pairs) -> Any:
    size, count = x.shape[x.ndim - len(tables) :], math.prod(table.shape[1] for table in tables)
    if x.dtype.kind not in "fui":
        raise DtypeError(f"max_pool: {x.dtype} has no largest number to look for; write x.float() or x.abs() first")
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    frame = padded(x, padding, least)
    cells = [in_rows(cell) for cell in _cells(frame, tables)]
    best = functools.reduce(np.maximum, cells)
    # How many come before the first one that is largest, without a jump per element.
    place = zeros(best.shape, np.min_scalar_type(count), x)
    for value in cells[-2::-1]:
        place += 1
        place *= (value != best).view(np.uint8)
    if np.isnan(best).any():
        for k, value in enumerate(cells):
            np.copyto(place, k, where=value != value)  # the last NaN of a window, as in PyTorch
    inside = list(tables)
    if frame is not x:  # where a window starts in the padding, what comes before its first element inside is that one
        inside = [table - low for table, (low, _) in zip(tables, padding, strict=True)]
        first = [np.min(np.where(table < 0, n, table), axis=1) for table, n in zip(inside, size, strict=True)]
        inside = [np.where(table < 0, one[:, None], table) for table, one in zip(inside, first, strict=True)]
    flat = np.reshape(_flat([np.reshape(table, -1) for table in inside], size),
                      [n for table in inside for n in table.shape])
    flat = np.transpose(flat, (*range(0, flat.ndim, 2), *range(1, flat.ndim, 2)))
    windows = np.reshape(np.arange(math.prod(flat.shape[: len(tables)])) * count, flat.shape[: len(tables)])
    return np.take(moved(np.reshape(flat, -1), x), place + moved(windows, x))


def _argmax_reference(x: Any, tables: tuple[Any, ...], padding: Pairs) -> Any:
    (a, b), ((top, _), (left, _)) = tables, padding
    result = np.zeros((*x.shape[:-2], len(a), len(b)), np.int64)
    for at in np.ndindex(result.shape):
        cases = (a, at[-2], top, x.shape[-2]), (b, at[-1], left, x.shape[-1])
        rows, columns = ([t - low for t in table[i] if 0 <= t - low < n] for table, i, low, n in cases)
        cells = [(x[at[:-2]][r, c], -r, -c) for r in rows for c in columns]
        result[at] = -max(cells)[1] * x.shape[-1] - max(cells)[2]
    return result


_tables = np.array([[0, 1], [2, 3]]), np.array([[0, 1], [1, 2]])
window_argmax = constant(
    "window_argmax", _window_argmax, params={"tables": REQUIRED, "padding": REQUIRED},
    samples=(sample((2, 3, 4, 3), of=distinct, tables=_tables, padding=((0, 0), (0, 0))),
             sample((2, 3, 2), of=distinct, tables=_tables, padding=((1, 0), (0, 1))),
             sample((0, 4, 3), of=distinct, tables=_tables, padding=((0, 0), (0, 0)))),
    reference=_argmax_reference,
    doc="The number, row by row, of the first largest element of each window; row i of a table holds window i.")

def _starts(share: Any, size: int, many: int, kernel: int) -> Any:
    """Where the windows along a dimension begin: (rows, channels, windows)."""
    starts = zeros((*share.shape, many), np.int64, share)
    starts += size - kernel
    if many > 1:
        step = share.dtype.type(size - kernel) / share.dtype.type(many - 1)
        at = ((moved(np.arange(many - 1, dtype=share.dtype), share) + share[..., None]) * step).astype(np.int64)
        starts[..., :-1] = at - (share * step).astype(np.int64)[..., None]
    return starts


def _fractional_argmax(x: Any, shares: Any, inner: tuple[int, ...], out: Any, kernel: Any) -> Any:
    ndim, lead, places = len(inner), x.shape[:2], zeros((), np.int64, x)
    for d in range(ndim):
        # The samples of images name the width first.
        first = _starts(shares[..., ndim - 1 - d if ndim == 2 else d], inner[d], out[d], kernel[d])
        window = first[..., None] + moved(np.arange(kernel[d]), x)  # (rows, channels, windows, elements)
        shape = [*lead, *(1,) * (2 * ndim)]
        shape[2 + d], shape[2 + ndim + d] = out[d], kernel[d]
        places = places * inner[d] + np.reshape(window, shape)
    places = np.reshape(places, (*lead, math.prod(out), math.prod(kernel)))
    found = np.take_along_axis(x[:, :, None], places, axis=-1)
    return counted(np.take_along_axis(places, np.argmax(found, axis=-1)[..., None], axis=-1)[..., 0])


def _fractional_reference(x: Any, shares: Any, inner: Any, windows: Any, kernel: Any) -> Any:
    result, width = np.zeros((*x.shape[:2], math.prod(windows)), int), inner[1]
    for r, c, k in np.ndindex(result.shape):
        starts = [_starts(shares[r, c, 1 - d][None], inner[d], windows[d], kernel[d])[0] for d in range(2)]
        rows, columns = (start[place] for start, place in zip(starts, divmod(k, windows[1]), strict=True))
        cells = [(i * width + j) for i in range(rows, rows + kernel[0]) for j in range(columns, columns + kernel[1])]
        result[r, c, k] = cells[int(np.argmax(x[r, c, cells]))]
    return result


fractional_argmax = constant(
    "fractional_argmax", _fractional_argmax, inputs="x shares",
    params={"inner": REQUIRED, "windows": REQUIRED, "kernel": REQUIRED}, reference=_fractional_reference,
    samples=(sample((2, 3, 20), (2, 3, 2), of=(distinct, probability), inner=(4, 5), windows=(2, 3), kernel=(2, 2)),),
    doc="The number, row by row, of the first largest element of windows whose places the shares in [0, 1) choose.")

# ---------------------------------------------------------------------- reading, adding and writing there


def _places(index: Any, size: int) -> Any:
    """Numbers within rows as numbers within all rows, in one dimension."""
    rows = math.prod(index.shape[:-1])
    return np.reshape(np.reshape(index, (rows, index.shape[-1])) + moved(size * np.arange(rows)[:, None], index), -1)


def _picked(x: Any, index: Any) -> Any:
    if x.shape[:-1] != index.shape[:-1]:
        raise ValueError("all dimensions but the last must agree")
    return np.reshape(np.take(np.reshape(x, -1), _places(index, x.shape[-1])), index.shape)


def _put(x: Any, index: Any, size: int) -> Any:
    result = zeros((*x.shape[:-1], size), x.dtype, x)
    add_at(np.reshape(result, -1), _places(index, size), np.reshape(x, -1))
    return result


def once(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers from 0 on, in another order in each row."""
    return rng.permuted(np.broadcast_to(np.arange(shape[-1]), shape), axis=-1)


_PICKS = ((2, 3, 5), (2, 3, 4)), ((4,), (3,)), ((0, 5), (0, 2))

picked = linear(
    "picked", _picked, lambda g, index, x_shape: put(g, index, x_shape[-1]), None,
    inputs="x index", promotes="x", formula="x[…, index]", grad_grad_fn="MaxPool2DWithIndicesBackwardBackward0",
    samples=tuple(sample(x, index, of=(distinct, below(4))) for x, index in _PICKS),
    reference=lambda x, index: np.einsum("...li,...i->...l", hits(index, x.shape[-1]), x),
    hint="index has the dimensions of x but the last",
    doc="The elements of each row (the last dimension) that its row of index names.")

put: Any = linear(
    "put", _put, lambda g, index: picked(g, index), None,
    inputs="x index", promotes="x", params={"size": REQUIRED}, wide=True,
    formula="Σ over repeats of x, at index in zeros",
    samples=tuple(sample(index, index, of=(distinct, below(4)), size=x[-1]) for x, index in _PICKS),
    reference=lambda x, index, size: np.einsum("...li,...l->...i", hits(index, size), x),
    hint="x and index need one shape",
    doc="Rows of zeros with x added at index: the transpose of picked.")



def _unpooled(x: Any, index: Any, size: int) -> Any:
    result = zeros((*x.shape[:-1], size), x.dtype, x)
    np.put_along_axis(result, index, x, axis=-1)
    return result


unpooled = linear(
    "unpooled", _unpooled, lambda g, index: picked(g, index), None,
    inputs="x index", promotes="x", params={"size": REQUIRED}, formula="x, at index in zeros",
    samples=tuple(sample(shape, shape, of=(distinct, once), size=5) for shape in ((2, 3), (4,), (0, 2))),
    reference=lambda x, index, size: np.einsum("...li,...l->...i", hits(index, size), x),
    hint="x and index need one shape",
    doc="Rows of zeros with x written at index; of repeated places the last counts, each gets the gradient arriving.")

# ---------------------------------------------------------------------- PyTorch's names


def _pooled(x: Any, tables: tuple[Any, ...], padding: Pairs, added: bool, return_indices: bool) -> Any:
    lead, out = tuple(x.shape[:2]), tuple(len(table) for table in tables)
    if not all(out):
        index = np.zeros((*lead, *out), np.int64)
    else:
        index = window_argmax(x, tables, padding)
    flat = reshape(x, (*lead, math.prod(x.shape[2:])))
    y = unbatched(reshape(picked(flat, reshape(index, (*lead, math.prod(out)))), (*lead, *out)), added)
    if not return_indices:
        return y
    return y, kept_indices(x, index[0] if added else index)


def _max_pool(
    ndim: int, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
    return_indices: bool,
) -> Any:  # fmt: skip
    name = f"max_pool{ndim}d"
    x, added = batched(name, input, ndim)
    kernel, stride, around, dilation = geometry(name, x, kernel_size, stride, padding, dilation, ceil_mode, ndim)
    out = counts(name, x.shape[2:], kernel, stride, around, dilation)
    tables = tuple(
        np.arange(n)[:, None] * s + np.arange(k) * d for n, s, k, d in zip(out, stride, kernel, dilation, strict=True)
    )
    return _pooled(x, tables, around, added, return_indices)


def _adaptive_max_pool(ndim: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{ndim}d"
    x, added = batched(name, input, ndim)
    tables = []
    for size, parts in zip(x.shape[2:], target_of(name, x, output_size, ndim), strict=True):
        ends = np.array(bounds(size, parts)).reshape(parts, 2)
        longest = int(np.max(ends[:, 1] - ends[:, 0], initial=1))
        # A shorter part repeats its last element, which changes no maximum.
        tables.append(np.minimum(ends[:, :1] + np.arange(longest), ends[:, 1:] - 1))
    return _pooled(x, tuple(tables), ((0, 0),) * ndim, added, return_indices)


def _max_unpool(
    ndim: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Any:
    name = f"max_unpool{ndim}d"
    x, added = batched(name, input, ndim)
    if tuple(indices.shape) != tuple(input.shape):
        raise ShapeError(
            f"{name}: the input is {shape_text(tuple(input.shape))}, indices {shape_text(tuple(indices.shape))}; they "
            f"are what max_pool{ndim}d(..., return_indices=True) gave and have one shape"
        )
    kernel = sizes(name, "kernel_size", kernel_size, ndim)
    stride = kernel if stride is None or stride == () else sizes(name, "stride", stride, ndim)
    around = sizes(name, "padding", padding, ndim, 0)
    zipped = zip(x.shape[2:], stride, kernel, around, strict=True)
    size = tuple((n - 1) * s + k - 2 * p for n, s, k, p in zipped)
    if output_size is not None:
        wanted = tuple(output_size)[-ndim:]
        if len(wanted) != ndim or any(abs(w - n) >= s for w, n, s in zip(wanted, size, stride, strict=True)):
            raise ArgumentError(f"{name}: output_size must lie within a stride {stride} of {size}; got {output_size}")
        size = wanted
    lead, count = tuple(x.shape[:2]), math.prod(size)
    given, places = held(indices), reshape(detached(indices), (*lead, -1 if x.shape[0] else 0))
    if given.size and (given.min() < 0 or given.max() >= count):
        raise IndexRangeError(
            f"{name}: indices run from {given.min()} to {given.max()}, a result of {shape_text(size)} has {count} "
            "elements; give output_size="
        )
    return unbatched(reshape(unpooled(reshape(x, places.shape), places, count), (*lead, *size)), added)


@recorded_as("SqueezeBackward1")
def max_pool1d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of (rows, channels, length); as ``max_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_pool1d(tg.tensor([[[1.0, 3.0, 7.0, 5.0]]]), 2).tolist()
    [[[3.0, 7.0]]]
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@recorded_as("MaxPool2DWithIndicesBackward0")
def max_pool2d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of ``input`` (rows, channels, height, width), where the rows can be missing.

    ``stride`` is the kernel's size unless given; the padding never wins. Of equal elements the first one gets the
    gradient. ``return_indices`` gives a pair with the place of each, counted row by row in its channel. Raises
    ``ShapeError`` for other dimensions or a kernel that does not fit, ``ArgumentError`` for a padding above half of
    the kernel.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_pool2d(tg.arange(4.0).reshape(1, 1, 2, 2), 2, return_indices=True)
    (tensor([[[[3.]]]]), tensor([[[[3]]]]))
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@recorded_as("MaxPool3DWithIndicesBackward0")
def max_pool3d(
    input: Array, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest elements of windows of (rows, channels, depth, height, width); as ``max_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_pool3d(tg.ones(1, 1, 2, 2, 2), 2).shape
    torch.Size([1, 1, 1, 1, 1])
    """
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@recorded_as("SqueezeBackward1")
def adaptive_max_pool1d(input: Array, output_size: Target, return_indices: bool = False) -> Any:
    """The largest elements of ``output_size`` parts of (rows, channels, length); as ``adaptive_max_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_max_pool1d(tg.tensor([[[1.0, 2.0, 6.0]]]), 2).tolist()
    [[[2.0, 6.0]]]
    """
    return _adaptive_max_pool(1, input, output_size, return_indices)


@recorded_as("AdaptiveMaxPool2DBackward0")
def adaptive_max_pool2d(input: Array, output_size: Target, return_indices: bool = False) -> Any:
    """The largest elements of parts of (rows, channels, height, width), the parts of ``adaptive_avg_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_max_pool2d(tg.arange(6.0).reshape(1, 1, 2, 3), 1).item()
    5.0
    """
    return _adaptive_max_pool(2, input, output_size, return_indices)


@recorded_as("AdaptiveMaxPool3DBackward0")
def adaptive_max_pool3d(input: Array, output_size: Target, return_indices: bool = False) -> Any:
    """The largest elements of parts of (rows, channels, depth, height, width); as ``adaptive_max_pool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.adaptive_max_pool3d(tg.ones(1, 1, 2, 2, 2), 1).shape
    torch.Size([1, 1, 1, 1, 1])
    """
    return _adaptive_max_pool(3, input, output_size, return_indices)


def max_unpool1d(
    input: Array, indices: Index, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Size | None = None,
) -> Any:  # fmt: skip
    """Zeros with ``input`` at ``indices``; as ``max_unpool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_unpool1d(tg.tensor([[[3.0]]]), tg.tensor([[[1]]]), 2).tolist()
    [[[0.0, 3.0]]]
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Array, indices: Index, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Size | None = None,
) -> Any:  # fmt: skip
    """The reverse of ``max_pool2d`` with the same arguments: zeros with ``input`` at ``indices``, both that pool's.

    ``output_size`` chooses among the sizes that pool to one. Where windows overlap, one place can stand in
    ``indices`` several times: it is written once, and each of them gets its gradient, as in PyTorch. Raises
    ``ShapeError`` for other shapes and ``IndexRangeError`` for an index outside the result.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_unpool2d(tg.tensor([[[[3.0]]]]), tg.tensor([[[[2]]]]), 2).tolist()
    [[[[0.0, 0.0], [3.0, 0.0]]]]
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Array, indices: Index, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
    output_size: Size | None = None,
) -> Any:  # fmt: skip
    """Zeros with ``input`` at ``indices``; as ``max_unpool2d``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.max_unpool3d(tg.ones(1, 1, 1, 1, 1), tg.zeros(1, 1, 1, 1, 1, dtype=tg.int64), 2).sum().item()
    1.0
    """
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)
