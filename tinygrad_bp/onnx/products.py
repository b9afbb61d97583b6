"""Products of matrices and what is made of them, sorting and searching, in ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dims import fixed
from .elementwise import same_dtype
from .graph import Ref
from .shapes import axes_of, ndim_of, shape_of, wide
from .table import Call, entry, refuse


@entry("matmul")
def _matmul(c: Call, a: Ref, b: Ref) -> Ref:
    a, b = same_dtype(a, b)
    return c.graph.node("MatMul", a, b)


@entry("linear")
def _linear(c: Call, x: Ref, weight: Ref, bias: Ref) -> Ref:
    if ndim_of(c) == 2 and c.dtype.kind == "f":
        return c.graph.node("Gemm", x, weight, bias, transB=1)
    return c.graph.node("MatMul", x, c.graph.permute(weight, [1, 0])) + bias


@entry("einsum")
def _einsum(c: Call, a: Ref, b: Ref, labels: tuple[str, str, str]) -> Ref:
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    known = {label: plain[i] for i, label in enumerate(dict.fromkeys("".join(labels)))}
    left, right, result = ("".join(known[label] for label in part) for part in labels)
    a, b = same_dtype(a, b)
    return c.graph.node("Einsum", a, b, equation=f"{left},{right}->{result}")


@entry("cross")
def _cross(c: Call, a: Ref, b: Ref, axis: int) -> Ref:
    a, b = same_dtype(a, b)
    axis = int(axis) if axis < 0 else int(axis) - len(c.shape)  # from the end: both may have other dimensions in front
    (a1, a2), (b1, b2) = [[_turned(c, x, order, axis) for order in ([1, 2, 0], [2, 0, 1])] for x in (a, b)]
    return a1 * b2 - a2 * b1


def _turned(c: Call, x: Ref, order: list[int], axis: int) -> Ref:
    return c.graph.take(x, order, axis)


@entry("distances")
def _distances(c: Call, a: Ref, b: Ref) -> Ref:
    d = c.graph.unsqueeze(a, -2) - c.graph.unsqueeze(b, -3)
    return c.graph.node("ReduceL2", d, axes=[-1], keepdims=0)


# ---------------------------------------------------------------------- order


def sorted_along(c: Call, x: Ref, axis: int, count: Any, largest: bool) -> tuple[Ref, Ref]:
    """The first so many in order along an axis, and their places; equal ones in the order they stand in."""
    length = c.graph.length(count)
    narrow = x if x.dtype in (np.float32, np.float64, np.int64, np.int32) else wide(x)
    values, places = c.graph.several("TopK", 2, narrow, length, dtypes=[None, np.int64], axis=axis, sorted=1,
                                     largest=int(largest))  # fmt: skip
    return values.cast(x.dtype), places


@entry("argsort")
def _argsort(c: Call, x: Ref, axis: int, descending: bool) -> Ref:
    if not len(c.shape):
        return c.graph.constant(0)
    axis = axes_of(axis, len(c.shape))[0]
    return sorted_along(c, x, axis, c.shape[axis], descending)[1]


@entry("top_indices")
def _top(c: Call, x: Ref, k: int, axis: int, largest: bool) -> Ref:
    if not ndim_of(c):
        return c.graph.reshape(c.graph.constant([0]), c.shape)
    return sorted_along(c, x, axes_of(axis, ndim_of(c))[0], fixed(k), largest)[1]


@entry("rank_index")
def _rank(c: Call, x: Ref, rank: int, axis: int) -> Ref:
    return _ranked(c, x, rank, axes_of(axis, ndim_of(c))[0])[1]


def _ranked(c: Call, x: Ref, rank: int, axis: int) -> tuple[Ref, Ref]:
    """The element at a rank along an axis, which stays, and its place."""
    if not ndim_of(c):
        return x, c.graph.reshape(c.graph.constant([0]), ())
    values, places = sorted_along(c, x, axis, fixed(rank) + 1, False)
    return c.graph.take(values, [rank], axis), c.graph.take(places, [rank], axis)


@entry("median")
def _median(c: Call, x: Ref) -> Ref:
    count = int(np.prod(fixed(shape_of(c)), dtype=np.int64))
    flat = c.graph.node("Reshape", x, c.graph.constant([-1]))
    values, _ = sorted_along(c, flat, 0, (count - 1) // 2 + 1, False)
    return c.graph.reshape(c.graph.take(values, [(count - 1) // 2], 0), ())


@entry("median_index")
def _median_index(c: Call, x: Ref, axis: int, ignore: bool) -> Ref:
    if ignore:
        c.no("which NaN is left out is known only when it runs; use median")
    axis = axes_of(axis, ndim_of(c))[0]
    return _ranked(c, x, (fixed(shape_of(c)[axis]) - 1) // 2 if ndim_of(c) else 0, axis)[1]


@entry("sorted_places")
def _sorted_places(c: Call, sequence: Ref, values: Ref, side: str) -> Ref:
    row = c.graph.unsqueeze(sequence, ndim_of(c) - 1) if ndim_of(c) > 1 else sequence
    a, b = same_dtype(row, c.graph.unsqueeze(values, ndim_of(c, 1)))
    return c.graph.sum((a < b if side == "left" else a <= b).cast(np.int64), [-1])


@entry("isin")
def _isin(c: Call, x: Ref, values: Ref, assume_unique: bool, invert: bool) -> Ref:
    a, b = same_dtype(c.graph.unsqueeze(x, ndim_of(c)), c.graph.node("Reshape", values, c.graph.constant([-1])))
    count = c.graph.sum(a.eq(b).cast(np.int64), [-1])
    return count.eq(0) if invert else count > 0


@entry("one_hot")
def _one_hot(c: Call, x: Ref, num_classes: int) -> Ref:
    count, ends = c.graph.constant([fixed(c.shape[-1])]), c.graph.constant([0, 1])
    return c.graph.node("OneHot", x.cast(np.int64), count, ends, axis=-1, dtype=np.int64)


# ---------------------------------------------------------------------- windows that slide


def reading(size: int, step: int, dilation: int, count: int) -> Any:
    """Where the windows along one dimension read: (size, count)."""
    return np.arange(size)[:, None] * dilation + np.arange(count)[None, :] * step


@entry("unfold")
def _unfold(c: Call, x: Ref, axis: int, size: int, step: int) -> Ref:
    axis, ndim = axes_of(axis, ndim_of(c))[0], ndim_of(c)
    y = c.graph.take(x, reading(size, step, 1, fixed(c.shape[axis])), axis)
    return c.graph.permute(y, [*range(axis), axis + 1, *range(axis + 2, ndim + 1), axis])


@entry("windows")
def _windows(c: Call, x: Ref, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Ref:
    return windows_of(c, x, ndim_of(c), kernel, stride, padding, dilation)


def windows_of(c: Call, x: Ref, ndim: int, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Ref:
    """(…, *kernel, *counts), by a Gather for each dimension."""
    n = len(kernel)
    lead, counts = ndim - n, fixed(c.shape[len(c.shape) - n :])
    x = framed(c, x, lead, padding)
    for i in reversed(range(n)):  # the dimensions in front keep their numbers
        x = c.graph.take(x, reading(kernel[i], stride[i], dilation[i], counts[i]), lead + i)
    return c.graph.permute(x, [*range(lead), *(lead + 2 * i for i in range(n)), *(lead + 2 * i + 1 for i in range(n))])


def framed(c: Call, x: Ref, lead: int, padding: Any, value: Any = 0) -> Ref:
    """The last dimensions in a frame."""
    return c.graph.pad(x, [0] * lead + [low for low, _ in padding], [0] * lead + [high for _, high in padding], value)


def by_matrix(c: Call, x: Ref, matrix: Any, axis: int, ndim: int) -> Ref:
    """One axis times a matrix (old, new)."""
    order = [*(a for a in range(ndim) if a != axis), axis]
    y = c.graph.node("MatMul", c.graph.permute(x, order), c.graph.constant(matrix, x.dtype))
    return c.graph.permute(y, [order.index(a) for a in range(ndim)])


@entry("overlap")
def _overlap(c: Call, x: Ref, size: Any, stride: Any, padding: Any, dilation: Any) -> Ref:
    n, shape = len(size), shape_of(c)
    lead = len(shape) - 2 * n
    kernel, counts = fixed(shape[lead : lead + n]), fixed(shape[lead + n :])
    # Each pair (place in the window, window) as one dimension, times the matrix that says where it belongs.
    x = c.graph.permute(x, [*range(lead), *(a for i in range(n) for a in (lead + i, lead + n + i))])
    x = c.graph.reshape(x, [*shape[:lead], *(k * m for k, m in zip(kernel, counts))])
    for i in range(n):
        matrix = _incidence(kernel[i], counts[i], fixed(size[i]), stride[i], padding[i], dilation[i])
        x = by_matrix(c, x, matrix, lead + i, lead + n)
    return x


def _incidence(kernel: int, count: int, size: int, stride: int, padding: Any, dilation: int) -> Any:
    places = reading(kernel, stride, dilation, count).ravel() - padding[0]
    return (places[:, None] == np.arange(size)).astype(float)


@entry("fold")
def _fold(c: Call, x: Ref, shape: Any, axis: int, size: int, step: int) -> Ref:
    axis, ndim = axes_of(axis, len(c.shape))[0], len(c.shape)
    count = fixed(shape_of(c)[axis])
    x = c.graph.permute(x, [*range(axis), ndim, *range(axis, ndim)])  # (…, size, count, …)
    x = c.graph.reshape(x, [*c.shape[:axis], size * count, *c.shape[axis + 1 :]])
    return by_matrix(c, x, _incidence(size, count, fixed(c.shape[axis]), step, (0, 0), 1), axis, ndim)


def _axis_of(c: Call, axis: int) -> int:
    return axes_of(axis, len(c.shape))[0]


@entry("resample")
def _resample(c: Call, x: Ref, taps: Any, axis: int) -> Ref:
    axis = _axis_of(c, axis)
    total: Ref | None = None
    for index, weights in taps:
        part = c.graph.take(x, c.array(index), axis)
        if weights is not None:
            factor = np.reshape(c.array(weights), (-1, *(1,) * (len(c.shape) - 1 - axis)))
            part = part * c.graph.constant(factor, x.dtype)
        total = part if total is None else total + part
    assert total is not None
    return total


@entry("spread")
def _spread(c: Call, x: Ref, taps: Any, axis: int, size: int) -> Ref:
    axis = _axis_of(c, axis)
    matrix = np.zeros((fixed(shape_of(c)[axis]), fixed(size)))
    for index, weights in taps:
        index = c.array(index)
        np.add.at(matrix, (np.arange(len(index)), index), 1.0 if weights is None else c.array(weights))
    return by_matrix(c, x, matrix, axis, len(c.shape))


_FACTORS = "opset 17 has no factorizations of matrices; solve outside the exported model, or precompute the factor"
refuse("""inv solve cofactors cofactors_slope slogdet singular cholesky indefinite to_mirror lu lu_order lu_swaps
    ldl_factor ldl_matrix qr geqrf svd matrix_rank eigh eig pinv matrix_exp""", _FACTORS)  # fmt: skip
refuse("fft_c2c fft_r2c fft_c2r", "ONNX has no complex numbers in its operators; transform outside the exported model, "
       "or multiply by a matrix of cosines and one of sines")  # fmt: skip
refuse("mode_index", "how often each value occurs is known only when it runs; count outside the exported model")
refuse("bincount histc histogram histogramdd", "opset 17 counts nothing; count outside the exported model, or compare "
       "with tg.arange and sum")  # fmt: skip
refuse("first_places", "the positions are known only when it runs; use the mask itself, by tg.where")
refuse("unravelled", "write it with // and %, which are exported")
