"""Windows that slide over the last dimensions: reading them, adding them up again, and the sizes that follow.

``kernel``, ``stride`` and ``dilation`` hold one integer for each of these dimensions, ``padding`` a pair (zeros
before, zeros behind; a negative number cuts off). Window p holds the elements p · stride + k · dilation of the padded
dimension, for k below the kernel's size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.define import linear
from ..autograd.elsewhere import ARRAYS, copied, zeros
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.steps import recorded_as
from ..autograd.types import Array, Raw, Size
from .samples import sample
from .shape import apart, reshape

__all__ = ["fold", "unfold"]

Sizes = tuple[int, ...]
Target = int | Sequence[int | None] | None  # the size that an adaptive pool gives; None keeps one
Pairs = tuple[tuple[int, int], ...]


# ---------------------------------------------------------------------- arguments


def sizes(name: str, what: str, value: Size | Sequence[Any], ndim: int, least: int = 1) -> Sizes:
    """An integer, or a sequence of ``ndim`` or one, as ``ndim`` integers of at least ``least``."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(values) == 1:
        values *= ndim
    if len(values) != ndim or not all(isinstance(v, (int, np.integer)) and v >= least for v in values):
        raise ArgumentError(f"{name}: {what} is an integer or {ndim} of them, each at least {least}; got {value!r}")
    return tuple(int(v) for v in values)


def pairs(padding: Sizes) -> Pairs:
    """The same number of zeros before and behind."""
    return tuple((p, p) for p in padding)


def spans(kernel: Sizes, dilation: Sizes) -> Sizes:
    """How many elements a window reaches over."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


def counts(name: str, size: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Sizes:
    """How many windows there are along each dimension, or ``ShapeError`` where none fits."""
    reach = spans(kernel, dilation)
    room = tuple(n + low + high for n, (low, high) in zip(size, padding, strict=True))
    if any(r > n for r, n in zip(reach, room, strict=True)):
        raise ShapeError(
            f"{name}: the kernel {shape_text(kernel)} reaches over {shape_text(reach)} elements, more than the input "
            f"{shape_text(tuple(size))} has with its padding, {shape_text(room)}; take a smaller kernel or more padding"
        )
    return tuple((n - r) // s + 1 for n, r, s in zip(room, reach, stride, strict=True))


def batched(name: str, x: Array, ndim: int) -> tuple[Any, bool]:
    """``x`` as (rows, channels, ...), and whether the rows had to be added."""
    if x.ndim == ndim + 2:
        return x, False
    if x.ndim == ndim + 1:
        return reshape(x, (1, *x.shape)), True
    raise ShapeError(
        f"{name}: the input is (rows, channels, and {ndim} more) or without rows, that is {ndim + 2} or {ndim + 1} "
        f"dimensions; got {shape_text(tuple(x.shape))}"
    )


def unbatched(y: Array, added: bool) -> Any:
    """``y`` without the rows that ``batched`` added."""
    return reshape(y, y.shape[1:]) if added else y


def geometry(
    name: str, x: Array, kernel: Any, stride: Size, padding: Size, dilation: Size, ceil_mode: bool, ndim: int
) -> tuple[Sizes, Sizes, Pairs, Sizes]:
    """Kernel, stride, padding and dilation; with ``ceil_mode`` the padding behind grows by what a last window needs."""
    kernel = sizes(name, "kernel_size", kernel, ndim)
    stride = kernel if stride is None or stride == () or stride == [] else sizes(name, "stride", stride, ndim)
    dilation, around = sizes(name, "dilation", dilation, ndim), sizes(name, "padding", padding, ndim, 0)
    if any(2 * p > k for p, k in zip(around, kernel, strict=True)):
        raise ArgumentError(f"{name}: padding is at most half of the kernel; got {around} for {shape_text(kernel)}")
    size = tuple(x.shape[2:])
    if 0 in x.shape[1:]:
        raise ShapeError(f"{name}: only the rows can be 0; the input is {shape_text(tuple(x.shape))}")
    if not ceil_mode:
        counts(name, size, kernel, stride, pairs(around), dilation)
        return kernel, stride, pairs(around), dilation
    both = []
    for n, p, s, r in zip(size, around, stride, spans(kernel, dilation), strict=True):
        last = -(-(n + 2 * p - r) // s)  # the number of the last window, rounded up
        last -= last * s >= n + p
        both.append((p, max(p, last * s + r - n - p)))
        if last < 0:
            counts(name, size, kernel, stride, pairs(around), dilation)
    return kernel, stride, tuple(both), dilation


def target_of(name: str, x: Array, output_size: Target, ndim: int) -> Sizes:
    """The result's size; None keeps the input's."""
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * ndim
    if len(given) == ndim:
        given = tuple(n if want is None else want for n, want in zip(x.shape[2:], given, strict=True))
    if 0 in x.shape[1:]:
        raise ShapeError(f"{name}: only the rows can be 0; the input is {shape_text(tuple(x.shape))}")
    return sizes(name, "output_size", given, ndim, 0)


def bounds(size: int, parts: int) -> list[tuple[int, int]]:
    """Parts of nearly one size that cover a dimension: from ⌊i · size / parts⌋ to ⌈(i + 1) · size / parts⌉."""
    return [(i * size // parts, -(-(i + 1) * size // parts)) for i in range(parts)]


# ---------------------------------------------------------------------- on raw arrays


def padded(x: Any, padding: Pairs, value: float = 0) -> Any:
    """``x`` inside a frame of ``value`` along its last dimensions; negative padding cuts elements off."""
    lead = x.ndim - len(padding)
    if any(low < 0 or high < 0 for low, high in padding):
        kept = (slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(x.shape[lead:], padding, strict=True))
        x = x[(..., *kept)]
    if not any(low > 0 or high > 0 for low, high in padding):
        return x
    frame = tuple((max(low, 0), max(high, 0)) for low, high in padding)
    outer = tuple(n + low + high for n, (low, high) in zip(x.shape[lead:], frame, strict=True))
    shape = (*x.shape[:lead], *outer)
    result = zeros(shape, x.dtype, x)
    if value:
        result.fill(value)
    result[(..., *(slice(low, n - high) for n, (low, high) in zip(outer, frame, strict=True)))] = x
    return result


def cropped(x: Raw, padding: Pairs) -> Any:
    """``x`` without its frame: the transpose of ``padded``."""
    return padded(x, tuple((-low, -high) for low, high in padding))


def window_view(x: Raw, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """The windows of a padded array, (..., *kernel, *counts), without a copy."""
    ndim = len(kernel)
    lead = x.ndim - ndim
    inner = x.shape[lead:]
    out = tuple((n - r) // s + 1 for n, r, s in zip(inner, spans(kernel, dilation), stride, strict=True))
    if x.__class__ in ARRAYS:  # as_strided is NumPy's alone
        steps_of: Any = (..., *(slice(None, None, step) for step in (*stride, *dilation)))
        view = np.lib.stride_tricks.sliding_window_view(x, spans(kernel, dilation), tuple(range(lead, x.ndim)))
        return np.moveaxis(view[steps_of], tuple(range(lead, x.ndim)), tuple(range(-ndim, 0)))
    steps = x.strides[lead:]
    within = tuple(step * d for step, d in zip(steps, dilation, strict=True))
    between = tuple(step * s for step, s in zip(steps, stride, strict=True))
    return np.lib.stride_tricks.as_strided(
        x, (*x.shape[:lead], *kernel, *out), (*x.strides[:lead], *within, *between), writeable=False
    )


def add_windows(frame: Any, g: Any, stride: Sizes, dilation: Sizes) -> None:
    """Add windows (..., *kernel, *counts) to the places of a padded array that they were read from."""
    ndim = len(stride)
    kernel, out = g.shape[g.ndim - 2 * ndim : g.ndim - ndim], g.shape[g.ndim - ndim :]
    every = (slice(None),) * ndim
    # One slice for each place in the window, or for each window, whichever are fewer.
    by_place = math.prod(kernel) <= math.prod(out)
    fixed, fixed_step, moving, moving_step = (
        (kernel, dilation, out, stride) if by_place else (out, stride, kernel, dilation)
    )
    for place in itertools.product(*map(range, fixed)):
        at = tuple(
            slice(p * f, p * f + (n - 1) * m + 1, m)
            for p, f, n, m in zip(place, fixed_step, moving, moving_step, strict=True)
        )
        frame[(..., *at)] += g[(..., *place, *every)] if by_place else g[(..., *every, *place)]


# ---------------------------------------------------------------------- the two ops


def _add_windows(g: Any, size: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Any:
    ndim = len(size)
    lead = g.shape[: g.ndim - 2 * ndim]
    room = tuple(n + low + high for n, (low, high) in zip(size, padding, strict=True))
    frame = zeros((*lead, *room), g.dtype, g)
    add_windows(frame, g, stride, dilation)
    return cropped(frame, padding)


def incidence(size: int, kernel: int, stride: int, padding: tuple[int, int], dilation: int) -> Any:
    """Whether place k of window p along one dimension is element i, as 0 and 1: (p, k, i)."""
    out = (size + padding[0] + padding[1] - dilation * (kernel - 1) - 1) // stride + 1
    p, k, i = np.ogrid[:out, :kernel, :size]
    return (p * stride + k * dilation - padding[0] == i).astype(float)


def _dense(x: Any, size: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, read: bool) -> Any:
    """Both ops of two dimensions as sums over all pairs of elements."""
    a, b = (incidence(*each) for each in zip(size, kernel, stride, padding, dilation, strict=True))
    return np.einsum("pki,qlj,...ij->...klpq" if read else "pki,qlj,...klpq->...ij", a, b, x)


_GEOMETRIES: tuple[tuple[Sizes, dict[str, Any]], ...] = (
    ((5, 4), {"kernel": (2, 3), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}),
    ((5, 4), {"kernel": (2, 2), "stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (2, 1)}),
    ((3, 3), {"kernel": (3, 3), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}),
    ((5, 4), {"kernel": (2, 2), "stride": (1, 1), "padding": ((-1, 0), (1, -2)), "dilation": (1, 1)}),
)


def _counted(size: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Sizes:
    return (*kernel, *counts("add_windows", size, kernel, stride, padding, dilation))


windows = linear(
    "windows",
    lambda x, kernel, stride, padding, dilation: window_view(padded(x, padding), kernel, stride, dilation),
    lambda g, x_shape, kernel, stride, padding, dilation:
        overlap(g, x_shape[len(x_shape) - len(kernel):], stride, padding, dilation),
    params={"kernel": REQUIRED, "stride": REQUIRED, "padding": REQUIRED, "dilation": REQUIRED},
    formula="x[p · stride + k · dilation]",
    samples=tuple(sample((*lead, *size), **about) for size, about in _GEOMETRIES for lead in ((2, 3), (0, 1))),
    reference=lambda x, kernel, stride, padding, dilation:
        _dense(x, x.shape[-2:], kernel, stride, padding, dilation, read=True),
    views=True, grad_fn="Im2ColBackward0", doc="The windows of the last dimensions, (..., *kernel, *counts).")

overlap: Any = linear(
    "overlap", _add_windows,
    lambda g, x_shape, size, stride, padding, dilation:
        windows(g, x_shape[len(x_shape) - 2 * len(size): len(x_shape) - len(size)], stride, padding, dilation),
    params={"size": REQUIRED, "stride": REQUIRED, "padding": REQUIRED, "dilation": REQUIRED},
    wide=True, formula="Σ over windows of x, at p · stride + k · dilation",
    samples=tuple(sample((*lead, *_counted(size, **about)), size=size,
                         **{name: value for name, value in about.items() if name != "kernel"})
                  for size, about in _GEOMETRIES for lead in ((2, 3), (0, 1))),
    reference=lambda x, size, stride, padding, dilation:
        _dense(x, size, x.shape[-4:-2], stride, padding, dilation, read=False),
    grad_fn="Col2ImBackward0",
    doc="Windows added up where they were read: the transpose of windows.")

def _window_sum(x: Any, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Any:
    view = window_view(padded(x, padding), kernel, stride, dilation)
    every = (slice(None),) * len(kernel)
    places = itertools.product(*map(range, kernel))
    total = copied(view[(..., *next(places), *every)])
    for place in places:
        total += view[(..., *place, *every)]
    return total


def _repeated(g: Any, kernel: Sizes) -> Any:
    """Each number for every place of its window: (..., *counts) as (..., *kernel, *counts)."""
    lead, out = g.shape[: g.ndim - len(kernel)], g.shape[g.ndim - len(kernel) :]
    return np.broadcast_to(np.reshape(g, (*lead, *(1,) * len(kernel), *out)), (*lead, *kernel, *out))


window_sum = linear(
    "window_sum", _window_sum,
    lambda g, x_shape, kernel, stride, padding, dilation:
        overlap(_repeated(g, kernel), x_shape[len(x_shape) - len(kernel):], stride, padding, dilation),
    params={"kernel": REQUIRED, "stride": REQUIRED, "padding": REQUIRED, "dilation": REQUIRED},
    wide=True, formula="Σ over k of x[p · stride + k · dilation]", grad_grad_fn="AvgPool2DBackwardBackward0",
    samples=tuple(sample((*lead, *size), **about) for size, about in _GEOMETRIES for lead in ((2, 3), (0, 1))),
    reference=lambda x, kernel, stride, padding, dilation:
        np.sum(_dense(x, x.shape[-2:], kernel, stride, padding, dilation, read=True), axis=(-4, -3)),
    doc="The sum of each window of the last dimensions, (..., *counts).")


# ---------------------------------------------------------------------- unfold and fold


@recorded_as("Im2ColBackward0")
def unfold(input: Array, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Any:
    """The windows of images as columns: (rows, channels, height, width) to (rows, channels · kernel, windows).

    The rows can be missing. A size is an integer or a pair (height, width); ``padding`` zeros stand on both sides.
    Raises ``ShapeError`` for other dimensions and where the kernel does not fit, ``ArgumentError`` for sizes below 1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.unfold(tg.arange(6.0).reshape(1, 1, 2, 3), (2, 2)).tolist()
    [[[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]]
    """
    x, added = batched("unfold", input, 2)
    kernel, stride = sizes("unfold", "kernel_size", kernel_size, 2), sizes("unfold", "stride", stride, 2)
    dilation = sizes("unfold", "dilation", dilation, 2)
    around = pairs(sizes("unfold", "padding", padding, 2, 0))
    out = counts("unfold", x.shape[2:], kernel, stride, around, dilation)
    y = windows(x, kernel, stride, around, dilation)
    columns = reshape(y, (x.shape[0], x.shape[1] * math.prod(kernel), math.prod(out)))
    return unbatched(apart(columns, input), added)


def fold(
    input: Array, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Any:
    """Columns added up to images: (rows, channels · kernel, windows) to (rows, channels, *output_size).

    The transpose of ``unfold`` with the same arguments. Raises ``ShapeError`` where the columns are not those of
    such images, ``ArgumentError`` for sizes below 1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.fold(tg.ones(1, 4, 2), (2, 3), (2, 2)).tolist()
    [[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]]
    """
    x, added = batched("fold", input, 1)
    size = sizes("fold", "output_size", output_size, 2)
    kernel, stride = sizes("fold", "kernel_size", kernel_size, 2), sizes("fold", "stride", stride, 2)
    dilation = sizes("fold", "dilation", dilation, 2)
    around = pairs(sizes("fold", "padding", padding, 2, 0))
    out = counts("fold", size, kernel, stride, around, dilation)
    rows, columns, length = x.shape
    if columns % math.prod(kernel) or length != math.prod(out):
        raise ShapeError(
            f"fold: images of {shape_text(size)} have {math.prod(out)} windows of {math.prod(kernel)} elements a "
            f"channel, so the input is (rows, channels · {math.prod(kernel)}, {math.prod(out)}); got "
            f"{shape_text(tuple(input.shape))}"
        )
    x = reshape(x, (rows, columns // math.prod(kernel), *kernel, *out))
    return unbatched(overlap(x, size, stride, around, dilation), added)
