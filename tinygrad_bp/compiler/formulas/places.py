"""Reading, writing and adding at an index; rows of a table; tensors as one."""

from __future__ import annotations

import numpy as np


def place(x, shape, index):
    """Zeros with x at an index; where positions are listed, with all that belongs to one added up."""
    result = np.zeros(shape, x.dtype)
    if any(np.ndim(item) and item.dtype != bool for item in (index if isinstance(index, tuple) else (index,))):
        np.add.at(result, index, x)
    else:
        result[index] = x
    return result


def setitem(x, v, index):
    """A copy of x with v at an index."""
    index = index if isinstance(index, tuple) else (index,)
    result = np.array(x)
    result[index if any(item is ... for item in index) else (*index, ...)] = v
    return result


def read_last(x, index):
    """The elements at an index, with 0 for one that the index names again later."""
    taken, owner = x[index], np.zeros(x.shape, np.int64)
    turns = np.arange(taken.size).reshape(taken.shape)
    owner[index] = turns
    return np.where(owner[index] == turns, taken, np.zeros_like(taken))


def cat(tensors, axis):
    """Arrays joined along an axis."""
    parts = [x for x in tensors if x.shape != (0,)] or tensors
    return np.ascontiguousarray(np.concatenate(parts, axis=axis))


def stack(tensors, axis):
    """Arrays of one shape joined along a new axis."""
    return np.ascontiguousarray(np.stack(tensors, axis=axis))


def add_rows(x, index, size):
    """Zeros with each row of x added to the row that index names."""
    result = np.zeros((size, *x.shape[index.ndim :]), x.dtype)
    np.add.at(result, index, x)
    return result


def row_weights(index, padding_idx, by_frequency):
    """What a row's gradient counts: 0 at the padding, and divided by how often the row was read."""
    factor = np.ones(index.shape)
    if padding_idx is not None:
        factor = factor * (index != padding_idx)
    if by_frequency and index.size:
        factor = factor / np.bincount(index.ravel())[index]
    return factor


def short_rows(weight, index, max_norm, norm_type):
    """The weight with the rows that index names at most max_norm long."""
    result, rows = np.array(weight), np.unique(index)
    length = np.linalg.norm(weight[rows].astype(np.promote_types(weight.dtype, np.float32)), norm_type, axis=1)
    long = length > max_norm
    factor = (max_norm / (length[long] + 1e-7)).astype(length.dtype)
    result[rows[long]] = weight[rows[long]] * factor[:, None]
    return result


def bag_tops(x, bag, count):
    """For each bag and column, the row of the largest element among those of the bag."""
    top = np.zeros((count, x.shape[1]), np.int64)
    for i in np.unique(bag):
        rows = np.flatnonzero(bag == i)
        top[i] = rows[np.argmax(x[rows], axis=0)]
    return top


def places_of(index, size):
    """Numbers within rows as numbers within all rows, in one dimension."""
    rows = int(np.prod(index.shape[:-1]))
    return (np.reshape(index, (rows, index.shape[-1])) + size * np.arange(rows)[:, None]).ravel()


def picked(x, index):
    """The elements of each row (the last dimension) that its row of index names."""
    return np.reshape(x.ravel()[places_of(index, x.shape[-1])], index.shape)


def put(x, index, size):
    """Rows of zeros with x added at index."""
    result = np.zeros((*x.shape[:-1], size), x.dtype)
    np.add.at(result.reshape(-1), places_of(index, size), x.ravel())
    return result


def unpooled(x, index, size):
    """Rows of zeros with x written at index."""
    result = np.zeros((*x.shape[:-1], size), x.dtype)
    np.put_along_axis(result, index, x, axis=-1)
    return result


def weighed_slices(x, weights, axis):
    """Each slice of x along an axis times its weight."""
    return x if weights is None else x * np.reshape(weights, (-1, *(1,) * (x.ndim - 1 - axis))).astype(x.dtype)


def resample(x, taps, axis):
    """Sums of the slices of x that the taps, pairs of indices and weights, name along an axis."""
    return sum_in_turn([weighed_slices(x.take(index, axis), weights, axis) for index, weights in taps])


def spread(x, taps, axis, size):
    """The slices of x added where resample read."""
    (index, weights), *others = taps
    times = len(index) // (size or 1)
    if times and not others and weights is None and np.array_equal(index, np.arange(times * size) // times):
        return sum_in_turn([x[(*(slice(None),) * axis, slice(i, None, times))] for i in range(times)])
    result = np.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
    for index, weights in taps:
        np.add.at(result, (*(slice(None),) * axis, index), weighed_slices(x, weights, axis))
    return result


def sum_in_turn(parts):
    """The first and the second, and to that the third, and so on."""
    total = np.array(parts[0])
    for part in parts[1:]:
        total += part
    return total
