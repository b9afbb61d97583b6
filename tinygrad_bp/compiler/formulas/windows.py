"""Windows over the last dimensions: convolution and pooling.

Window p holds the elements p · stride + k · dilation of a padded dimension, for k below the kernel's size.
"""

from __future__ import annotations

import numpy as np


def padded(x, padding, value=0):
    """x inside a frame along its last dimensions; negative padding cuts elements off."""
    lead = x.ndim - len(padding)
    cut = [slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(x.shape[lead:], padding)]
    x = x[..., *cut]
    frame = [(max(low, 0), max(high, 0)) for low, high in padding]
    if not np.any(frame):
        return x
    room = [n + low + high for n, (low, high) in zip(x.shape[lead:], frame)]
    result = np.full((*x.shape[:lead], *room), value, x.dtype)
    inner = [slice(low, n - high) for n, (low, high) in zip(room, frame)]
    result[..., *inner] = x
    return result


def cropped(x, padding):
    """x without its frame."""
    return padded(x, [(-low, -high) for low, high in padding])


def windows(x, kernel, stride, padding, dilation):
    """The windows of the last dimensions, (..., *kernel, *counts), without a copy."""
    x, ndim = padded(x, padding), len(kernel)
    lead = tuple(range(x.ndim - ndim, x.ndim))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    view = np.lib.stride_tricks.sliding_window_view(x, reach, lead)
    every = [slice(None, None, step) for step in (*stride, *dilation)]
    return np.moveaxis(view[..., *every], lead, tuple(range(-ndim, 0)))


def add_windows(frame, g, stride, dilation):
    """Add windows (..., *kernel, *counts) to the places of a padded array that they were read from."""
    ndim = len(stride)
    kernel, counts = g.shape[g.ndim - 2 * ndim : g.ndim - ndim], g.shape[g.ndim - ndim :]
    every = (slice(None),) * ndim
    if np.prod(kernel) <= np.prod(counts):  # one place of all windows at a time
        for k in np.ndindex(*kernel):
            at = [slice(i * d, i * d + (n - 1) * s + 1, s) for i, d, n, s in zip(k, dilation, counts, stride)]
            frame[..., *at] += g[..., *k, *every]
    else:  # one window at a time
        for p in np.ndindex(*counts):
            at = [slice(i * s, i * s + (n - 1) * d + 1, d) for i, d, n, s in zip(p, dilation, kernel, stride)]
            frame[..., *at] += g[..., *every, *p]


def overlap(x, size, stride, padding, dilation):
    """Windows added up where they were read: the transpose of windows."""
    room = [n + low + high for n, (low, high) in zip(size, padding)]
    frame = np.zeros((*x.shape[: x.ndim - 2 * len(size)], *room), x.dtype)
    add_windows(frame, x, stride, dilation)
    return cropped(frame, padding)


def window_sum(x, kernel, stride, padding, dilation):
    """The sum of each window of the last dimensions, (..., *counts)."""
    view, every = windows(x, kernel, stride, padding, dilation), (slice(None),) * len(kernel)
    first, *others = [view[..., *k, *every] for k in np.ndindex(*kernel)]
    total = np.array(first)
    for part in others:
        total += part
    return total


def window_argmax(x, tables, padding):
    """The number, row by row, of the first largest element of each window; row i of a table holds window i."""
    size, frame = x.shape[x.ndim - len(tables) :], padded(x, padding, -np.inf)
    best = number = None
    for k in np.ndindex(*[table.shape[1] for table in tables]):
        value = frame[..., *np.ix_(*[table[:, i] for table, i in zip(tables, k)])]
        here = 0
        for table, i, n, (low, _) in zip(tables, k, size, padding):
            inside = table - low  # what comes before a window's first element inside counts as that one
            first = np.min(np.where(inside < 0, n, inside), axis=1)
            here = np.expand_dims(here, -1) * n + np.where(inside[:, i] < 0, first, inside[:, i])
        better = np.ones(value.shape, bool) if best is None else (value > best) | np.isnan(value)
        best = value if best is None else np.where(better, value, best)
        number = np.where(better, here, 0 if number is None else number)
    return np.ascontiguousarray(number)


def row_parts(rows, columns):
    """The rows in parts whose columns have about half a million elements: so many stay in the cache."""
    step = max(1, 2**19 // max(columns, 1))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def rows_last(g, groups):
    """(rows, channels, ...) as (groups, channels of one, elements · rows)."""
    rows, channels = g.shape[:2]
    return np.reshape(np.moveaxis(g, 0, -1), (groups, channels // groups, int(np.prod(g.shape[2:])) * rows))


def rows_first(y, shape):
    """Numbers with the rows innermost as an array of a shape, whose first dimension they are."""
    return np.moveaxis(np.reshape(y, (*shape[1:], shape[0])), -1, 0)


def columns_of(x, kernel, stride, dilation, groups):
    """The windows of some padded rows: (groups, channels of one · kernel, windows · rows)."""
    inner = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    view = np.moveaxis(windows(inner, kernel, stride, [(0, 0)] * len(kernel), dilation), 0, -1)
    return np.reshape(view, (groups, x.shape[1] // groups * int(np.prod(kernel)), -1 if x.size else 0))


def convolution(x, weight, stride, padding, dilation, groups):
    """Σ over each window of x · weight, as a product of matrices: of the weight and of the windows as columns."""
    kernel, frame = weight.shape[2:], padded(x, padding)
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(frame.shape[2:], kernel, dilation, stride)]
    y = np.empty((len(x), len(weight), *counts), np.result_type(x, weight))
    matrix = np.reshape(weight, (groups, len(weight) // groups, int(np.prod(weight.shape[1:]))))
    for part in row_parts(len(x), int(np.prod((x.shape[1], *kernel, *counts)))):
        columns = columns_of(frame[part], kernel, stride, dilation, groups)
        y[part] = rows_first(np.matmul(matrix, columns), (part.stop - part.start, *y.shape[1:]))
    return y


def transposed_convolution(v, weight, size, stride, padding, dilation, groups):
    """From the result's shape of a convolution to (rows, channels, *size): the gradient of its x."""
    kernel, counts, channels = weight.shape[2:], v.shape[2:], weight.shape[1] * groups
    room = [n + low + high for n, (low, high) in zip(size, padding)]
    result = np.empty((len(v), channels, *size), np.result_type(v, weight))
    matrix = np.reshape(weight, (groups, len(weight) // groups, int(np.prod(weight.shape[1:]))))
    for part in row_parts(len(v), int(np.prod((channels, *kernel, *counts)))):
        rows = part.stop - part.start
        columns = np.matmul(np.swapaxes(matrix, 1, 2), rows_last(v[part], groups))
        frame = rows_first(np.zeros(rows * channels * int(np.prod(room)), result.dtype), (rows, channels, *room))
        add_windows(frame, rows_first(columns, (rows, channels, *kernel, *counts)), stride, dilation)
        result[part] = cropped(frame, padding)
    return result


def convolution_weight(x, v, kernel, stride, padding, dilation, groups):
    """The gradient of a convolution's weight: the windows of x times what arrives."""
    channels, frame = x.shape[1] // groups, padded(x, padding)
    shape = groups, v.shape[1] // groups, channels * int(np.prod(kernel))
    total = np.zeros(shape, np.result_type(x, v))
    for part in row_parts(len(x), int(np.prod((x.shape[1], *kernel, *v.shape[2:])))):
        columns = columns_of(frame[part], kernel, stride, dilation, groups)
        total += np.matmul(rows_last(v[part], groups), np.swapaxes(columns, 1, 2))
    return np.reshape(total, (v.shape[1], channels, *kernel))
