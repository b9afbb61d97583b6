"""Where something is: positions, which carry no gradient, and the elements found there, which do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.arrays import whole
from ..autograd.dtypes import counted
from ..autograd.elsewhere import zeros
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.modes import shaping
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, Index, Operand, Size
from ..autograd.values import detached, held, value_of
from ..ops import elementwise
from ..ops.indexing import along, getitem, take_along_dim
from ..ops.searching import first_places, isin_op, sorted_places, unravelled
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
    if isinstance(input, Tensor):
        shaping(input)
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
    fill_value = whole(fill_value, "nonzero_static", "fill_value")
    if (size := whole(size, "nonzero_static", "size")) < 0:
        raise ArgumentError(f"nonzero_static: size must not be negative, got {size}")
    x = detached(input)
    rows: Tensor = first_places(x if isinstance(x, Tensor) else wrap(x, None), size, fill_value)
    return rows


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
    chosen = _side(right, side, "searchsorted")
    sequence = detached(sorted_sequence)
    if sorter is not None:
        sequence = take_along_dim(sequence, detached(sorter), -1)
    values = detached(input)
    values = values if isinstance(values, Tensor) or isinstance(sequence, Tensor) else wrap(values, None)
    found: Tensor = sorted_places(sequence, values, chosen)
    return found.int() if out_int32 else found


def bucketize(input: Operand, boundaries: Array, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the bucket, between sorted boundaries, that each number falls in; ``right``: a boundary opens one.

    >>> import tinygrad_bp as tg
    >>> tg.bucketize(tg.tensor([0.5, 1.0, 7.0]), tg.tensor([1.0, 2.0]))
    tensor([0, 0, 2])
    """
    sizes = np.shape(held(boundaries))
    if len(sizes) != 1:
        raise ShapeError(f"bucketize: boundaries have one dimension, got {shape_text(sizes)}")
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
    shaping(input)
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
    shaping(input)
    source, axis = (ravel(input), 0) if dim is None else (input, dim_of(dim, input.ndim, "unique_consecutive"))
    rows = np.moveaxis(value_of(source), axis, 0).reshape(source.shape[axis], -1)
    starts = ~zeros(len(rows), bool, rows)
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
    x = detached(elements)
    among: Tensor = isin_op(
        x if isinstance(x, Tensor) else wrap(x, None), detached(test_elements), assume_unique, invert
    )
    return among


def unravel_index(indices: Index, shape: Size) -> tuple[Tensor, ...]:
    """Positions counted row by row, as one index tensor per dimension of ``shape``.

    >>> import tinygrad_bp as tg
    >>> tg.unravel_index(tg.tensor([0, 5]), (2, 3))
    (tensor([0, 1]), tensor([0, 2]))
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    given = detached(indices)
    if not sizes:
        return ()
    return tuple(unravelled(given if isinstance(given, Tensor) else wrap(given, None), sizes))
