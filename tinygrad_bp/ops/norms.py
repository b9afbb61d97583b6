"""Norms of vectors and matrices, and what follows from them: distances and the condition number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.define import general
from ..autograd.elsewhere import empty, in_rows, outermost, zeros
from ..autograd.errors import ArgumentError, IndexRangeError, ShapeError, shape_text
from ..autograd.modes import traced
from ..autograd.operands import in_floats, rounds_once
from ..autograd.types import Array, Axis, DTypeLike, Operand
from ..autograd.values import detached, held, refuse_gradient
from .elementwise import abs as size_of
from .elementwise import cast, where
from .passes import BLOCK, MANY
from .powers import pow
from .products import product
from .reduction import amax, amin, axes_of, in_range, kept_shape, restore
from .reduction import sum as total
from .samples import complex_of, fixed, nonzero, reductions, sample
from .shape import reshape, takes_axis
from .singular_values import svdvals
from .solving import inv, refuse_shape, singular, usable

__all__ = ["dist"]

# ---------------------------------------------------------------------- vectors


def _vector_norm(x: Any, ord: float, axis: Any, keepdims: Any) -> Any:
    if ord == 2 and axis is None and not keepdims and x.dtype.kind == "f":
        flat = x.ravel()
        with np.errstate(over="ignore"):
            square = np.dot(flat, flat)
        info = np.finfo(x.dtype)
        if info.smallest_normal / info.eps < square < np.inf:  # no square that counts left the range
            return np.sqrt(square)
    size = np.absolute(x)
    axis = axes_of(axis)
    if np.isinf(ord):
        return outermost(np.maximum if ord > 0 else np.minimum, size, axis, keepdims)
    if ord == 0:
        return np.add.reduce(size != 0, axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == 1:
        return np.add.reduce(size, axis=axis, keepdims=keepdims)
    return in_range(lambda size: _root(size, ord, axis, keepdims), size, axis, keepdims,
                    np.maximum if ord > 0 else np.minimum)


def _root(size: Any, ord: float, axis: Any, keepdims: Any) -> Any:
    if ord == 2:
        return np.sqrt(np.add.reduce(size * size, axis=axis, keepdims=keepdims))
    with np.errstate(divide="ignore"):
        # In double: a small dtype would round the exponent 1 / p, and a large power of it shows that.
        powers = np.add.reduce(size**ord, axis=axis, keepdims=keepdims).astype(np.float64)
        return (powers ** (1 / ord)).astype(size.dtype)


def _safe(x: Any) -> Any:
    """The numbers with 1 in place of 0."""
    return np.where(x == 0, 1.0, x)


def _quotient(g: Any, y: Any) -> Any:
    """g / y, and 0 where y is."""
    gone = y == 0
    return np.where(gone, 0.0, g / np.where(gone, 1.0, y))


def _norm_rule(g: Any, x: Any, y: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    """g · sgn(x) · (|x| / y)^(ord − 1), and 0 where x or y is 0: the subgradient that PyTorch takes."""
    g, y = restore(g, x.shape, axis, keepdims), restore(y, x.shape, axis, keepdims)
    if ord == 0:
        return np.zeros_like(x)
    if ord == 1:
        return g * np.sign(x)
    if ord == 2:
        return _quotient(g, y) * x
    size = np.absolute(x)
    if np.isinf(ord):
        hits = np.where(size == y, np.ones_like(size), np.zeros_like(size))
        return np.sign(x) * (g / np.add.reduce(hits, axis=axes_of(axis), keepdims=True) * hits)
    g, y = np.where(y == 0, np.zeros_like(g), g), _safe(y)
    if ord > 2:  # x |x|^(ord − 2) and not sgn(x) |x|^(ord − 1): it has a slope at 0
        return x / y * pow(size / y, ord - 2) * g
    return np.where(x == 0, np.zeros_like(x), np.sign(x) * pow(_safe(size) / y, ord - 1)) * g


def _norm_reference(x: Any, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    """In logarithms: another way to the same number, without the cases of ``_vector_norm``."""
    size = np.abs(x)
    if ord == 0 or np.isinf(ord):
        return np.sum(size != 0, axis, keepdims=keepdims) if ord == 0 else (np.max if ord > 0 else np.min)(
            size, axis, keepdims=keepdims)
    with np.errstate(divide="ignore"):
        return np.exp(np.log(np.sum(np.exp(ord * np.log(size)), axis, keepdims=keepdims)) / ord)


_orders = tuple({"ord": p} for p in (2, 1, 3, 2.5, 0.5, 1.5, -2, float("inf"), float("-inf")))
_few = tuple(s for s in reductions(nonzero, extra=_orders, empty=False) if s.params["axis"] in (None, -1, (0, 2)))
_norm_op = general("vector_norm", _vector_norm, _norm_rule, params={"ord": 2, "axis": None, "keepdims": False},
                   floats=True, holomorphic=False, gives="real", formula="(Σ |x|^ord)^(1 / ord)",
                   samples=(*_few, sample((2, 3), of=nonzero, ord=0, axis=1),
                            sample((2, 3), of=complex_of(nonzero)),
                            sample((2, 3), of=complex_of(nonzero), ord=3, axis=0),
                            sample((2, 3), of=complex_of(nonzero), ord=1, axis=0),
                            *(sample((4,), of=fixed(0.0, 0.0), ord=p, smooth=False) for p in (1, 2, 3, 1.5))),
                   reference=_norm_reference, grad_fn="LinalgVectorNormBackward0",
                   doc="p-norm of the elements over the given axes; at 0 its gradient is 0.")


@takes_axis
def vector_norm(x: Array, ord: float = 2, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """The ``ord``-norm (Σ |x|ᵖ)^(1/p) over ``dim``, one, several or all; ±inf take the extreme, 0 counts.

    Its gradient is 0 where the norm is 0; the extremes share it among ties.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.vector_norm(tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if isinstance(ord, str):
        raise ArgumentError(f"vector_norm: ord is a number, got {ord!r}; 'fro' and 'nuc' are norms of matrices")
    refuse_gradient(ord, "vector_norm: ord")
    dim = axes_of(dim)
    if dtype is not None:
        x = cast(x, dtype)
    if dim == ():
        dim = None
    if (ord < 0 or ord == float("inf")) and any(
        size == 0 != kept for size, kept in zip(x.shape, kept_shape(x.shape, dim))
    ):
        raise ShapeError(f"vector_norm: the norm of order {ord} of nothing is not defined, got {shape_text(x.shape)}")
    return _norm_op(x, ord, dim, keepdim)


# ---------------------------------------------------------------------- between all rows


def _squares(a: Any, b: Any) -> Any:
    """Σ (aᵢ − bⱼ)² over the last dimension, the longer of the two loops inside."""
    if b.shape[-2] < b.shape[-1] or a.shape[-2] * b.size < MANY:
        d = a[..., :, None, :] - b[..., None, :, :]
        return np.einsum("...i,...i->...", d, d)
    total = zeros((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-2]), a.dtype, a)
    for one, other in zip(np.moveaxis(a, -1, 0), in_rows(np.moveaxis(b, -1, 0)), strict=True):
        d = one[..., :, None] - other[..., None, :]
        d *= d
        total += d
    return total


def _distances(a: Any, b: Any) -> Any:
    if a.dtype.kind != "f":
        a, b = a.astype(np.float64), b.astype(np.float64)
    lead, rows = np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2]
    y = empty((*lead, rows, b.shape[-2]), a.dtype, a)
    limits = np.finfo(y.dtype)
    step = max(1, BLOCK * rows // (y.itemsize * max(1, y.size)))
    with np.errstate(over="ignore"):
        for start in range(0, rows, step):  # the squares of so many rows stay in the cache
            y[..., start : start + step, :] = _squares(a[..., start : start + step, :], b)
    far = np.nonzero(~((y > limits.tiny / limits.eps) & (y < np.inf)))
    np.sqrt(y, out=y)
    if far[0].size:  # out of the range where squares are exact
        a, b = np.broadcast_to(a, (*lead, *a.shape[-2:])), np.broadcast_to(b, (*lead, *b.shape[-2:]))
        *places, i, j = far
        y[far] = _vector_norm(a[(*places, i)] - b[(*places, j)], 2, -1, False)
    return y


def _distances_rule(pulls: Any, own: Any, other: Any) -> Any:
    """Σⱼ pᵢⱼ (aᵢ − bⱼ), by a product of matrices. Rows pull at each other by g / y, and not where they are equal."""
    return np.add.reduce(pulls, axis=-1, keepdims=True) * own - product(pulls, other)


distances = general("distances", _distances,
                    lambda g, a, b, y: _distances_rule(_quotient(g, y), a, b),
                    lambda g, a, b, y: _distances_rule(np.swapaxes(_quotient(g, y), -1, -2), b, a),
                    inputs="a b", floats=True, formula="√Σ (aᵢ − bⱼ)²",
                    samples=(sample((3, 2), (4, 2)), sample((2, 3, 2), (2, 4, 2)), sample((2, 3, 2), (4, 2)),
                             sample((1, 2), (2, 3, 2)), sample((0, 2), (3, 2)), sample((40, 8), (50, 8))),
                    reference=lambda a, b: np.sqrt(np.sum((a[..., :, None, :] - b[..., None, :, :]) ** 2, axis=-1)),
                    hint="a is (..., rows, size), b (..., other rows, size)",
                    grad_fn="CdistBackward0",
                    doc="The Euclidean distance of every row of a and every row of b; where it is 0 its gradient is 0.")

# ---------------------------------------------------------------------- matrices


def _two_axes(dim: Any, ndim: int) -> tuple[int, int]:
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise ArgumentError(f"matrix_norm: dim names two dimensions, got {dim!r}")
    if not all(-ndim <= d < ndim for d in dim):
        raise IndexRangeError(f"matrix_norm: dim {tuple(dim)} is out of range for {ndim} dimensions")
    rows, columns = (d % ndim for d in dim)
    if rows == columns:
        raise ArgumentError(f"matrix_norm: the two dimensions of {tuple(dim)} must differ")
    return rows, columns


@rounds_once
@takes_axis
def matrix_norm(
    A: Array, ord: Any = "fro", dim: Axis = (-2, -1), keepdim: bool = False, *, dtype: DTypeLike = None
) -> Any:
    """The norm of matrices: "fro" (root of the sum of squares), "nuc" (sum of the singular values), or a number.

    ±2 are the largest and smallest singular value, ±1 and ±inf the extreme sum of sizes in a column or a row.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.matrix_norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]]), "nuc")
    tensor(7.)
    """
    if A.ndim < 2:
        raise ShapeError(f"matrix_norm: needs at least 2 dimensions, got {shape_text(A.shape)}; use vector_norm")
    rows, columns = _two_axes(dim, A.ndim)
    if dtype is not None:
        A = cast(A, dtype)
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord in (1, -1, float("inf"), float("-inf")):
        first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = total(size_of(A), first, True)
        result = _largest(sums, second, True) if ord > 0 else amin(sums, second, True)
    elif ord in ("nuc", 2, -2):
        values = svdvals(_to_end(A, rows, columns))
        result = total(values, -1) if ord == "nuc" else _largest(values, -1) if ord > 0 else amin(values, -1)
        result = reshape(result, kept_shape(A.shape, (rows, columns)))
    else:
        raise ArgumentError(f"matrix_norm: ord is 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2, got {ord!r}")
    kept = kept_shape(A.shape, (rows, columns))
    return result if keepdim else reshape(result, [n for i, n in enumerate(kept) if i not in (rows, columns)])


def _largest(sizes: Any, dim: int, keepdim: bool = False) -> Any:
    """The largest of sizes, and 0 of none."""
    return amax(sizes, dim, keepdim) if sizes.shape[dim] else total(sizes, dim, keepdim)


def _to_end(A: Any, rows: int, columns: int) -> Any:
    return np.transpose(A, [*(d for d in range(A.ndim) if d not in (rows, columns)), rows, columns])


@takes_axis
def norm(A: Array, ord: Any = None, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None) -> Any:
    """``vector_norm`` or ``matrix_norm``, as in PyTorch: of two dimensions (or a matrix) where ``ord`` is given.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.norm(tg.tensor([[3.0], [4.0]]), 2)
    tensor(5.)
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None:
        if A.ndim not in (1, 2):
            raise ShapeError(f"norm: with ord and without dim it takes a vector or a matrix, got {shape_text(A.shape)}")
        dim = 0 if A.ndim == 1 else (0, 1)
    if isinstance(dim, (tuple, list)) and len(dim) == 2:
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@rounds_once
@in_floats("input other")
def dist(input: Array, other: Operand, p: float = 2) -> Any:
    """The ``p``-norm of the difference, as one number.

    >>> import tinygrad_bp as tg
    >>> tg.dist(tg.tensor([0.0, 0.0]), tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return vector_norm(input - other, p)


@rounds_once
def cond(A: Array, p: Any = None) -> Any:
    """The condition number: the norm times that of the inverse; of order 2 (None) the ratio of singular values.

    Infinite where a matrix is singular.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.cond(tg.tensor([[4.0, 0.0], [0.0, 2.0]]))
    tensor(2.)
    """
    refuse_shape("cond", A, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        values = svdvals(A)
        if not min(A.shape[-2:]):
            return total(values, -1)
        return values[..., 0] / values[..., -1] if p != -2 else values[..., -1] / values[..., 0]
    fails = singular(detached(A))
    safe, _ = usable(A, fails)
    result = matrix_norm(safe, p) * matrix_norm(inv(safe), p)
    return where(fails, float("inf"), result) if traced() or held(fails).any() else result
