"""Several tensors as one: ``cat`` and ``stack``, and what is made of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.define import linear
from ..autograd.elsewhere import in_rows
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.types import Array
from .indexing import getitem
from .samples import sample
from .shape import atleast_1d, atleast_2d, atleast_3d, broadcast_to, ravel, reshape

__all__ = [
    "cartesian_prod", "cat", "column_stack", "combinations", "concat", "concatenate", "dstack", "hstack", "meshgrid",
    "row_stack", "stack", "vstack",
]  # fmt: skip


def _joined(tensors: list[Any], axis: int) -> Any:
    # Row by row in memory, also where all tensors lie column by column: a view of the result stays a view.
    try:
        return in_rows(np.concatenate(tensors, axis=axis))
    except ValueError:
        fitting = [x for x in tensors if x.shape != (0,)]  # PyTorch lets an empty vector join anything
        if len(fitting) in (0, len(tensors)):
            raise
        return in_rows(np.concatenate(fitting, axis=axis))


def _cut(g: Any, shapes: tuple[tuple[int, ...], ...], axis: int) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * g.ndim
    pieces, start = [], 0
    for shape in shapes:
        if len(shape) != g.ndim:
            pieces.append(np.reshape(g, (-1,))[:0])
            continue
        stop = start + shape[axis]
        index[axis] = slice(start, stop)
        pieces.append(g[tuple(index)])
        start = stop
    return tuple(pieces)


cat = linear("cat", _joined,
             lambda g, tensors_shape, axis: _cut(g, tensors_shape, axis),
             inputs="*tensors", params={"axis": 0}, formula="[tensors₀, tensors₁, …] along axis",
             samples=(sample((2, 3), (1, 3), axis=0), sample((2, 3), (2, 1), (2, 2), axis=-1), sample((0, 3), (2, 3))),
             reference=lambda tensors, axis=0: np.concatenate(tensors, axis=axis),
             hint="all sizes but the one along dim must agree",
             doc="Tensors joined along an existing dimension.")
concat = concatenate = cat


def _stacked(tensors: list[Any], axis: int) -> Any:
    """``np.stack``, without a look at what is known: these are arrays."""
    first = tensors[0]
    place = axis if axis >= 0 else axis + first.ndim + 1
    if not 0 <= place <= first.ndim or any([x.shape != first.shape for x in tensors]):
        return np.stack(tensors, axis=axis)  # raises
    each = (*(slice(None),) * place, None)
    return in_rows(np.concatenate([x[each] for x in tensors], place))


stack = linear("stack", _stacked,
               lambda g, tensors_shape, axis: tuple(
                   _unstacked(g, i, axis % g.ndim) for i in range(len(tensors_shape))),
               inputs="*tensors", params={"axis": 0}, formula="[tensors₀, tensors₁, …] along a new axis",
               samples=(sample((2, 3), (2, 3), axis=0), sample((2,), (2,), (2,), axis=-1), sample((), ())),
               reference=lambda tensors, axis=0: np.stack(tensors, axis=axis),
               hint="all tensors must have the same shape",
               doc="Tensors of one shape joined along a new dimension.")


def _unstacked(g: Any, i: int, axis: int) -> Any:
    return g[(slice(None),) * axis + (i,)]


def _all(tensors: Any, name: str) -> list[Any]:
    items = list(tensors)
    if not items:
        raise ArgumentError(f"{name}: give at least one tensor, got an empty list")
    return items


def hstack(tensors: Sequence[Array]) -> Any:
    """Side by side: joined along dimension 1, vectors along their only one.

    >>> import tinygrad_bp as tg
    >>> tg.hstack([tg.tensor([1, 2]), tg.tensor([3])])
    tensor([1, 2, 3])
    """
    items = [atleast_1d(x) for x in _all(tensors, "hstack")]
    return cat(items, 0 if items[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Array]) -> Any:
    """On top of each other: joined along dimension 0, vectors as rows.

    >>> import tinygrad_bp as tg
    >>> tg.vstack([tg.tensor([1, 2]), tg.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([atleast_2d(x) for x in _all(tensors, "vstack")], 0)


row_stack = vstack


def dstack(tensors: Sequence[Array]) -> Any:
    """Behind each other: joined along dimension 2, as ``atleast_3d`` sees them.

    >>> import tinygrad_bp as tg
    >>> tg.dstack([tg.tensor([1, 2]), tg.tensor([3, 4])]).shape
    torch.Size([1, 2, 2])
    """
    return cat([atleast_3d(x) for x in _all(tensors, "dstack")], 2)


def column_stack(tensors: Sequence[Array]) -> Any:
    """Side by side: joined along dimension 1, vectors and numbers as columns.

    >>> import tinygrad_bp as tg
    >>> tg.column_stack([tg.tensor([1, 2]), tg.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    return cat([reshape(x, (-1, 1)) if x.ndim < 2 else x for x in _all(tensors, "column_stack")], 1)


def meshgrid(*tensors: Array, indexing: str = "ij") -> tuple[Any, ...]:
    """Each vector repeated along the dimensions of all the others; with ``indexing="xy"`` the first two swap places.

    >>> import tinygrad_bp as tg
    >>> tg.meshgrid(tg.tensor([1, 2]), tg.tensor([3, 4, 5]))[1]
    tensor([[3, 4, 5],
            [3, 4, 5]])
    """
    items = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else list(tensors)
    if indexing not in ("ij", "xy"):
        raise ArgumentError(f'meshgrid: indexing is "ij" or "xy", got {indexing!r}')
    if any(x.ndim > 1 for x in items):
        raise ShapeError(f"meshgrid: gives a grid of vectors, got shapes {[tuple(x.shape) for x in items]}")
    items = [atleast_1d(x) for x in items]
    places = list(range(len(items)))
    if indexing == "xy":
        places[:2] = reversed(places[:2])
    shape = tuple([items[places[d]].shape[0] for d in range(len(items))])
    grids = []
    for i, x in enumerate(items):
        along = [1] * len(items)
        along[places[i]] = x.shape[0]
        grids.append(broadcast_to(reshape(x, tuple(along)), shape))
    return tuple(grids)


def cartesian_prod(*tensors: Array) -> Any:
    """All ways to take one element of each vector, a row each; of one vector, itself.

    >>> import tinygrad_bp as tg
    >>> tg.cartesian_prod(tg.tensor([1, 2]), tg.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    if any(x.ndim != 1 for x in tensors):
        raise ShapeError(f"cartesian_prod: gives products of vectors, got shapes {[tuple(x.shape) for x in tensors]}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([ravel(grid) for grid in meshgrid(*tensors)], 1)


def combinations(input: Array, r: int = 2, with_replacement: bool = False) -> Any:
    """All choices of ``r`` elements of a vector in their order, a row each.

    >>> import tinygrad_bp as tg
    >>> tg.combinations(tg.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.ndim != 1:
        raise ShapeError(f"combinations: gives choices from a vector, got {shape_text(input.shape)}")
    if r < 0:
        raise ArgumentError(f"combinations: r must not be negative, got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.shape[0]), r)), np.int64)
    return getitem(input, rows.reshape(-1, r) if r else np.zeros(0, np.int64))
