"""Diagonals and triangles: read, written, and made."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import index as integer
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.arrays import whole
from ..autograd.define import linear
from ..autograd.elsewhere import ARRAYS, moved, zeros
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.op import REQUIRED
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array, DTypeLike
from .elementwise import clone, where
from .joining import cat
from .passes import MANY
from .samples import sample, summed_at
from .shape import dim_of, ravel, reshape

__all__ = [
    "block_diag", "diag", "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "tril", "tril_indices", "triu",
    "triu_indices",
]  # fmt: skip

_PLANE = {"offset": 0, "axis1": 0, "axis2": 1}
_PLANES: tuple[tuple[tuple[int, ...], tuple[int, int, int]], ...] = (
    ((3, 3), (0, 0, 1)), ((2, 4), (1, 0, 1)), ((4, 2), (-1, 0, 1)), ((2, 3, 4), (0, 2, 0)), ((2, 3), (5, 0, 1)),
    ((2, 3, 3), (1, -2, -1)), ((0, 3), (0, 0, 1)),
)  # fmt: skip


def _view(x: Any, offset: int, axis1: int, axis2: int) -> Any:
    """The diagonal as a view, which can be written where ``x`` can."""
    view = np.diagonal(x, offset, axis1, axis2)
    if view.__class__ not in ARRAYS and x.flags.writeable and view.base is not None:
        view.flags.writeable = True
    return view


def _place(x: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    result = zeros(shape, x.dtype, x)
    _view(result, offset, axis1, axis2)[...] = x
    return result


def _place_reference(x: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    positions = np.diagonal(np.arange(int(np.prod(shape))).reshape(shape), offset, axis1, axis2)
    return summed_at(positions, x, shape)


_diagonal: Callable[..., Any] = linear("diagonal", _view,
                   lambda g, x_shape, offset, axis1, axis2: _diagonal_place(g, x_shape, offset, axis1, axis2),
                   params=_PLANE, formula="xᵢ,ᵢ₊ₒ, o = offset",
                   samples=tuple(sample(shape, offset=o, axis1=a, axis2=b) for shape, (o, a, b) in _PLANES),
                   reference=np.diagonal, views=True, doc="The diagonal of two dimensions, as the last dimension.")

_diagonal_place: Callable[..., Any] = linear("diagonal_place", _place,
                         lambda g, offset, axis1, axis2: _diagonal(g, offset, axis1, axis2),
                         params={"shape": REQUIRED, **_PLANE},
                         formula="x on a diagonal of zeros, offset from the main one",
                         samples=tuple(sample(np.diagonal(np.zeros(shape), o, a, b).shape, shape=shape, offset=o,
                                              axis1=a, axis2=b) for shape, (o, a, b) in _PLANES),
                         reference=_place_reference,
                         doc="Zeros of a shape with x on a diagonal: the transpose of reading it.")


def _plane(ndim: int, dim1: int, dim2: int, name: str) -> tuple[int, int]:
    first, second = dim_of(dim1, ndim, name), dim_of(dim2, ndim, name)
    if first == second or ndim < 2:
        raise ArgumentError(f"{name}: two different dimensions are needed, got {dim1} and {dim2} of {ndim}")
    return first, second


def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of two dimensions, ``offset`` above the main one, as the last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.diagonal(tg.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return _diagonal(input, offset, *_plane(input.ndim, dim1, dim2, "diagonal"))


@recorded_as("DiagEmbedBackward0")
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Square matrices in two new dimensions, with the last dimension of ``input`` on their diagonal.

    >>> import tinygrad_bp as tg
    >>> tg.diag_embed(tg.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if not input.ndim:
        raise ShapeError("diag_embed: needs at least 1 dimension, got (); reshape it to (1,) first")
    first, second = _plane(input.ndim + 1, dim1, dim2, "diag_embed")
    sizes = iter(input.shape[:-1])
    side = input.shape[-1] + abs(offset)
    shape = tuple([side if d in (first, second) else next(sizes) for d in range(input.ndim + 1)])
    return _diagonal_place(input, shape, offset, first, second)


def diag(input: Array, diagonal: int = 0) -> Any:
    """A matrix with the vector ``input`` on a diagonal; of a matrix, a copy of its diagonal.

    >>> import tinygrad_bp as tg
    >>> tg.diag(tg.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.ndim not in (1, 2):
        raise ShapeError(f"diag: needs 1 or 2 dimensions, got {shape_text(input.shape)}; use diagonal or diag_embed")
    return diag_embed(input, diagonal) if input.ndim == 1 else clone(_diagonal(input, diagonal, 0, 1))


def diagflat(input: Array, offset: int = 0) -> Any:
    """A matrix with all elements of ``input``, row by row, on a diagonal.

    >>> import tinygrad_bp as tg
    >>> tg.diagflat(tg.tensor([[1, 2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(ravel(input), offset)


def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy of ``input`` with a diagonal replaced by ``src``.

    >>> import tinygrad_bp as tg
    >>> tg.diagonal_scatter(tg.zeros(2, 2), tg.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    first, second = _plane(input.ndim, dim1, dim2, "diagonal_scatter")
    there = np.diagonal(np.broadcast_to(np.zeros((), bool), input.shape), offset, first, second)
    if tuple(src.shape) != there.shape:
        both = f"src has shape {shape_text(src.shape)}, the diagonal {shape_text(there.shape)}"
        raise ShapeError(f"diagonal_scatter: {both}")
    mask = _place(np.ones(there.shape, bool), tuple(input.shape), offset, first, second)
    return where(moved(mask, input), _diagonal_place(src, tuple(input.shape), offset, first, second), input)


# ---------------------------------------------------------------------- triangles

_TRIANGLES = (sample((3, 3), diagonal=0), sample((2, 4), diagonal=1), sample((2, 4, 3), diagonal=-1),
              sample((0, 3), diagonal=0))


@lru_cache(64)
def _reached(height: int, width: int, last: int) -> Any:
    """Where column − row is at most ``last``."""
    return np.tri(height, width, last, dtype=bool)


def _triangle(x: Any, diagonal: int, lower: bool) -> Any:
    """The lower triangle up to a diagonal, or the upper one from it on."""
    height, width = x.shape[-2:]
    if height * width > MANY or x.__class__ in ARRAYS:
        return (np.tril if lower else np.triu)(x, diagonal)
    zero = x.dtype.type(0)
    if lower:
        return np.where(_reached(height, width, diagonal), x, zero)
    return np.where(_reached(height, width, diagonal - 1), zero, x)


_tril: Callable[..., Any] = linear(
               "tril", lambda x, diagonal: _triangle(x, diagonal, True), lambda g, diagonal: _tril(g, diagonal),
               params={"diagonal": 0}, formula="xᵢⱼ where j − i ≤ diagonal, else 0", samples=_TRIANGLES,
               reference=lambda x, diagonal=0: np.tril(x, diagonal),
               doc="The lower triangle of the last two dimensions, zeros above.")

_triu: Callable[..., Any] = linear(
               "triu", lambda x, diagonal: _triangle(x, diagonal, False), lambda g, diagonal: _triu(g, diagonal),
               params={"diagonal": 0}, formula="xᵢⱼ where j − i ≥ diagonal, else 0", samples=_TRIANGLES,
               reference=lambda x, diagonal=0: np.triu(x, diagonal),
               doc="The upper triangle of the last two dimensions, zeros below.")


def _matrices(x: Any, name: str) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"{name}: needs at least 2 dimensions, got {shape_text(x.shape)}")
    return x


def tril(input: Array, diagonal: int = 0) -> Any:
    """The lower triangle of the last two dimensions, up to and including a diagonal; zeros above.

    >>> import tinygrad_bp as tg
    >>> tg.tril(tg.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _tril(_matrices(input, "tril"), whole(diagonal, "tril", "diagonal"))


def triu(input: Array, diagonal: int = 0) -> Any:
    """The upper triangle of the last two dimensions, from a diagonal on; zeros below.

    >>> import tinygrad_bp as tg
    >>> tg.triu(tg.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return _triu(_matrices(input, "triu"), whole(diagonal, "triu", "diagonal"))


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: DTypeLike = dtypes.int64) -> Tensor:
    """The rows and the columns, (2, n), of the lower triangle of a (row, col) matrix.

    >>> import tinygrad_bp as tg
    >>> tg.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return wrap(np.stack(np.tril_indices(integer(row), integer(offset), integer(col))).astype(dtype), None)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: DTypeLike = dtypes.int64) -> Tensor:
    """The rows and the columns, (2, n), of the upper triangle of a (row, col) matrix.

    >>> import tinygrad_bp as tg
    >>> tg.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return wrap(np.stack(np.triu_indices(integer(row), integer(offset), integer(col))).astype(dtype), None)


def block_diag(*tensors: Array) -> Any:
    """A matrix with the tensors (of at most 2 dimensions) as blocks on its diagonal, zeros elsewhere.

    >>> import tinygrad_bp as tg
    >>> tg.block_diag(tg.tensor([[1, 2]]), tg.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    if any(x.ndim > 2 for x in tensors):
        raise ShapeError(f"block_diag: blocks have at most 2 dimensions, got {[tuple(x.shape) for x in tensors]}")
    blocks = [reshape(x, (1, *x.shape) if x.ndim == 1 else (1, 1)) if x.ndim < 2 else x for x in tensors]
    width, left, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        right = width - left - x.shape[1]
        zeros = [moved(np.zeros((x.shape[0], n), x.dtype), x) for n in (left, right)]
        rows.append(cat([zeros[0], x, zeros[1]], 1))
        left += x.shape[1]
    return cat(rows, 0)
