"""Where something is: positions, which carry no gradient, and the elements found there, which do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.dtypes import counted
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, Index, Operand, Size
from ..autograd.values import value_of
from ..ops import elementwise
from ..ops.indexing import along, getitem
from ..ops.shape import dim_of, ravel, takes_axis

__all__ = [
    "argwhere", "bucketize", "isin", "nonzero", "nonzero_static", "searchsorted", "unique", "unique_consecutive",
    "unravel_index", "where",
]  # fmt: skip


def nonzero(input: Array, *, as_tuple: bool = False) -> Any:
    """The positions of the elements that are not 0: (n, dimensions), or with ``as_tuple`` one tensor per dimension.

    >>> import tinygrad_bp as tg
    >>> tg.nonzero(tg.tensor([[0, 5], [7, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    array = value_of(input)
    if as_tuple:
        return tuple([wrap(counted(found), None) for found in np.nonzero(np.atleast_1d(array))])
    return wrap(counted(np.argwhere(array)), None)


def nonzero_static(input: Array, *, size: int, fill_value: int = -1) -> Tensor:
    """The first ``size`` positions of elements that are not 0, (size, dimensions); rows of ``fill_value`` after them.

    >>> import tinygrad_bp as tg
    >>> tg.nonzero_static(tg.tensor([5, 0, 7]), size=3)
    tensor([[ 0],
            [ 2],
            [-1]])
    """
    if size < 0:
        raise ArgumentError(f"nonzero_static: size must not be negative, got {size}")
    found = np.argwhere(value_of(input))[:size]
    rows = np.full((size, found.shape[1]), fill_value, np.int64)
    rows[: len(found)] = found
    return wrap(rows, None)


def argwhere(input: Array) -> Tensor:
    """The positions of the elements that are not 0, (n, dimensions).

    >>> import tinygrad_bp as tg
    >>> tg.argwhere(tg.tensor([0, 3, 0, 4]))
    tensor([[1],
            [3]])
    """
    return nonzero(input)  # type: ignore[no-any-return]


def where(condition: Any, *choices: Any, input: Array | None = None, other: Operand | None = None) -> Any:
    """The elements of ``input`` where the condition holds, those of ``other`` elsewhere; all broadcast.

    With the condition alone: ``nonzero(condition, as_tuple=True)``.

    >>> import tinygrad_bp as tg
    >>> tg.where(tg.tensor([True, False]), tg.tensor([1.0, 2.0]), 0.0)
    tensor([1., 0.])
    """
    given = [*choices, *(x for x in (input, other) if x is not None)]
    if not given:
        return nonzero(condition, as_tuple=True)
    if len(given) != 2:
        raise ArgumentError(f"where: give two choices, or none for the positions; got {len(given)}")
    return elementwise.where(condition, *given)


def _side(right: bool, side: str | None, name: str) -> Any:
    if side not in (None, "left", "right") or (right and side == "left"):
        raise ArgumentError(f'{name}: side is "left" or "right" and agrees with right={right}, got {side!r}')
    return "right" if right or side == "right" else "left"


def searchsorted(
    sorted_sequence: Array, input: Operand, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    sorter: Array | None = None,
) -> Tensor:  # fmt: skip
    """Where each number of ``input`` would go in a sorted sequence: before the first element not below it.

    With ``right`` after the last one not above it. A sequence of several dimensions is searched along its last one,
    row by row of ``input``. ``sorter`` sorts the sequence. No gradient passes.

    >>> import tinygrad_bp as tg
    >>> tg.searchsorted(tg.tensor([1, 3, 5]), tg.tensor([0, 3, 9]))
    tensor([0, 1, 3])
    """
    sequence, values = value_of(sorted_sequence), value_of(input)
    chosen = _side(right, side, "searchsorted")
    order = None if sorter is None else value_of(sorter).astype(np.intp)
    if sequence.ndim <= 1:
        found = np.searchsorted(sequence, values, chosen, order)
    elif values.ndim != sequence.ndim or values.shape[:-1] != sequence.shape[:-1]:
        raise ShapeError(
            f"searchsorted: sequence {shape_text(sequence.shape)} and input {shape_text(values.shape)} must agree in "
            "all dimensions but the last, or the sequence has one dimension"
        )
    else:
        if order is not None:
            sequence = np.take_along_axis(sequence, order, -1)
        rows = zip(sequence.reshape(-1, sequence.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True)
        found = np.array([np.searchsorted(row, v, chosen) for row, v in rows], np.int64).reshape(values.shape)
    return wrap(np.asarray(found, dtypes.int32 if out_int32 else dtypes.int64), None)


def bucketize(input: Operand, boundaries: Array, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the bucket, between sorted boundaries, that each number falls in; ``right``: a boundary opens one.

    >>> import tinygrad_bp as tg
    >>> tg.bucketize(tg.tensor([0.5, 1.0, 7.0]), tg.tensor([1.0, 2.0]))
    tensor([0, 0, 2])
    """
    if value_of(boundaries).ndim != 1:
        raise ShapeError(f"bucketize: boundaries have one dimension, got {shape_text(value_of(boundaries).shape)}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@takes_axis
def unique(
    input: Array, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The different elements (with ``dim``: slices), always sorted; of equal ones the first gets the gradient.

    With ``return_inverse`` and ``return_counts`` a tuple, with where each element went and how often each occurs.

    >>> import tinygrad_bp as tg
    >>> tg.unique(tg.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    axis = None if dim is None else dim_of(dim, input.ndim, "unique")
    _, first, inverse, counts = np.unique(value_of(input), True, True, True, axis)
    values = getitem(ravel(input), first) if axis is None else getitem(input, along(axis, first))
    shape = input.shape if axis is None else (input.shape[axis],)
    extra = [inverse.reshape(shape)] * return_inverse + [counts] * return_counts
    return (values, *(wrap(counted(part), None) for part in extra)) if extra else values


@takes_axis
def unique_consecutive(
    input: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Each run of equal elements (with ``dim``: slices) as one; the first of the run gets the gradient.

    >>> import tinygrad_bp as tg
    >>> tg.unique_consecutive(tg.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    source, axis = (ravel(input), 0) if dim is None else (input, dim_of(dim, input.ndim, "unique_consecutive"))
    rows = np.moveaxis(value_of(source), axis, 0).reshape(source.shape[axis], -1)
    starts = np.ones(len(rows), bool)
    starts[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    first = np.nonzero(starts)[0]
    values = getitem(source, along(axis, first))
    inverse = (np.cumsum(starts) - 1).reshape(input.shape if dim is None else (-1,))
    extra = [inverse] * return_inverse + [np.diff(first, append=len(rows))] * return_counts
    return (values, *(wrap(counted(part), None) for part in extra)) if extra else values


def isin(elements: Operand, test_elements: Operand, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among the test elements (with ``invert``: is not).

    >>> import tinygrad_bp as tg
    >>> tg.isin(tg.tensor([1, 2, 3]), tg.tensor([2]))
    tensor([False,  True, False])
    """
    found = np.isin(value_of(elements), value_of(test_elements), assume_unique=assume_unique, invert=invert)
    return wrap(np.asarray(found), None)


def unravel_index(indices: Index, shape: Size) -> tuple[Tensor, ...]:
    """Positions counted row by row, as one index tensor per dimension of ``shape``.

    >>> import tinygrad_bp as tg
    >>> tg.unravel_index(tg.tensor([0, 5]), (2, 3))
    (tensor([0, 1]), tensor([0, 2]))
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    return tuple([wrap(counted(found), None) for found in np.unravel_index(value_of(indices), sizes)])
