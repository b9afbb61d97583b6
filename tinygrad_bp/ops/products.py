"""Products of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from ..autograd import dtypes
from ..autograd.define import general
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.operands import rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array
from .complex_numbers import conj
from .diagonals import diagonal
from .elementwise import cast, is_number, mul
from .joining import stack
from .reduction import sum as total
from .samples import sample
from .shape import permute, reshape, reshaped, takes_axis

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "dot", "ger", "inner", "kron", "matmul", "mm", "mv", "outer",
    "tensordot", "trace", "vdot",
]  # fmt: skip


def rows_of(x: Array) -> Any:
    """All leading dimensions as one."""
    return x if x.ndim == 2 else reshaped(x, (math.prod(x.shape[:-1]), x.shape[-1]))


LARGE = 1 << 15


def product(a: Array, b: Array) -> Any:
    """``a @ b``; many matrices times one are a single product of all their rows: NumPy has no fast one of 3-d and 2-d.

    np.dot is quicker to call, an array's own method more so, but it clears its result first: a pass over a large one.
    """
    if a.__class__ is b.__class__ is ndarray and a.ndim == b.ndim == 2 and len(a) * b.shape[1] < LARGE:
        return a.dot(b)
    ndim = getattr(b, "ndim", 0)  # of a number NumPy says what is wrong
    if a.ndim > 2 and ndim == 2:
        return reshaped(product(rows_of(a), b), (*a.shape[:-1], b.shape[-1]))
    if a.ndim == ndim == 2:
        return np.matmul(a, b) if a.shape[0] * b.shape[1] >= LARGE else np.dot(a, b)
    return np.dot(a, b) if 0 < a.ndim <= 2 and 0 < ndim <= 2 else np.matmul(a, b)


def _left(g: Any, a_shape: tuple[int, ...], b: Any) -> Any:
    """The gradient of the left factor; batch dimensions that were broadcast are summed by the engine."""
    if b.ndim == 1:
        return g[..., None] * b if len(a_shape) > 1 else g * b
    if len(a_shape) == 1:
        return product(b, g[..., None])[..., 0]
    return product(g, np.swapaxes(b, -1, -2))


def _right(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    if a.ndim == 1:
        return g[..., None, :] * a[:, None] if len(b_shape) > 1 else g * a
    if len(b_shape) == 1:
        return product(np.swapaxes(a, -1, -2), g[..., None])[..., 0]
    if len(b_shape) == 2:
        return product(rows_of(a).T, rows_of(g))
    return product(np.swapaxes(a, -1, -2), g)


matmul = general("matmul", product, _left, _right, inputs="a b", bilinear=True, formula="a @ b", ufunc=np.matmul,
                samples=(sample((2, 3), (3, 4)), sample((3,), (3,)), sample((2, 3), (3,)), sample((3,), (3, 4)),
                         sample((5, 2, 3), (5, 3, 4)), sample((5, 2, 3), (3, 4)), sample((2, 3), (5, 3, 4)),
                         sample((5, 1, 2, 3), (4, 3, 2)), sample((3,), (5, 3, 2)), sample((5, 2, 3), (3,)),
                         sample((0, 3), (3, 4)), sample((2, 0), (0, 3)), sample((2, 0, 3), (3, 4)),
                         sample((2, 2, 0), (0, 3))),
                reference=np.matmul,
                hint="the last size of the left side must equal the second-to-last (or only) size of the right side; "
                     "transpose one side (t.mT) or reshape",
                grad_fn=lambda shape: ("Dot", "Mv", "Mm", "UnsafeView")[min(len(shape), 3)] + "Backward0",
                doc="Matrix product; leading dimensions broadcast.")

# ---------------------------------------------------------------------- matmul of fixed ranks


def _ranks(name: str, wanted: tuple[int, ...], *operands: Any) -> None:
    """``ShapeError`` where an operand has another number of dimensions."""
    if tuple(x.ndim for x in operands) != wanted:
        kind = {(1,): "a vector", (2,): "a matrix", (1, 1): "two vectors", (2, 2): "two matrices",
                (2, 1): "a matrix and a vector", (3, 3): "two batches of matrices (3 dimensions)"}
        raise ShapeError(f"{name}: needs {kind[wanted]}, got "
                         f"{' and '.join(shape_text(x.shape) for x in operands)}; use matmul")


def mm(input: Array, mat2: Array) -> Any:
    """The product of two matrices. Raises ``ShapeError`` for other ranks.

    >>> import tinygrad_bp as tg
    >>> tg.mm(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    _ranks("mm", (2, 2), input, mat2)
    return matmul(input, mat2)


@recorded_as("BmmBackward0")
def bmm(input: Array, mat2: Array) -> Any:
    """The products of two batches (b, n, m) and (b, m, p) of matrices. Raises ``ShapeError`` for other ranks.

    >>> import tinygrad_bp as tg
    >>> tg.bmm(tg.ones(5, 2, 3), tg.ones(5, 3, 4)).shape
    torch.Size([5, 2, 4])
    """
    _ranks("bmm", (3, 3), input, mat2)
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(
            f"bmm: {input.shape[0]} matrices on the left, {mat2.shape[0]} on the right; matmul broadcasts them"
        )
    return matmul(input, mat2)


def mv(input: Array, vec: Array) -> Any:
    """A matrix times a vector. Raises ``ShapeError`` for other ranks.

    >>> import tinygrad_bp as tg
    >>> tg.mv(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    _ranks("mv", (2, 1), input, vec)
    return matmul(input, vec)


def dot(input: Array, tensor: Array) -> Any:
    """The inner product of two vectors, neither conjugated.

    >>> import tinygrad_bp as tg
    >>> tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _ranks("dot", (1, 1), input, tensor)
    return matmul(input, tensor)


def vdot(input: Array, other: Array) -> Any:
    """The inner product of two vectors, the first conjugated: Σ ā b.

    >>> import tinygrad_bp as tg
    >>> tg.vdot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor(11.)
    """
    _ranks("vdot", (1, 1), input, other)
    return matmul(conj(input), other)


@takes_axis
def vecdot(x: Array, y: Array, *, dim: int = -1) -> Any:
    """Inner products Σ x̄ y along ``dim``; the other dimensions broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.vecdot(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    products = conj(x) * y
    return total(products, dim, dtype=products.dtype)


def inner(input: Array, other: Array) -> Any:
    """Products summed over the last dimension of both: ``result[i, j] = Σ input[i] other[j]``; a number multiplies.

    >>> import tinygrad_bp as tg
    >>> tg.inner(tg.ones(2, 3), tg.ones(4, 3)).shape
    torch.Size([2, 4])
    """
    if input.ndim == 0 or other.ndim == 0:
        return mul(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(f"inner: the last sizes of {shape_text(input.shape)} and {shape_text(other.shape)} must agree")
    return tensordot(input, other, ([-1], [-1]))


def outer(input: Array, vec2: Array) -> Any:
    """All products of two vectors: ``result[i, j] = input[i] vec2[j]``.

    >>> import tinygrad_bp as tg
    >>> tg.outer(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    _ranks("outer", (1, 1), input, vec2)
    return mul(reshape(input, -1, 1), vec2)


ger = outer


def tensordot(a: Array, b: Array, dims: int | Sequence[Any] = 2) -> Any:
    """Products summed over the last ``dims`` dimensions of ``a`` and the first of ``b``, or over two lists of them.

    A summed dimension of size 1 on one side broadcasts. The result has the other dimensions of ``a``, then
    those of ``b``. Raises ``ShapeError`` where their sizes differ.

    >>> import tinygrad_bp as tg
    >>> tg.tensordot(tg.ones(2, 3, 4), tg.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    torch.Size([2, 5])
    """
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ArgumentError(f"tensordot: dims={dims} for {shape_text(a.shape)} and {shape_text(b.shape)}")
        dims = (list(range(a.ndim - dims, a.ndim)), list(range(dims)))
    ones, others = ([d % x.ndim for d in ([side] if isinstance(side, int) else side)]
                    for side, x in zip(dims, (a, b), strict=True))
    wide_a = [d for d, e in zip(ones, others) if b.shape[e] == 1 != a.shape[d]]
    wide_b = [e for d, e in zip(ones, others) if a.shape[d] == 1 != b.shape[e]]
    a, b = total(a, wide_a, True) if wide_a else a, total(b, wide_b, True) if wide_b else b
    sizes = [a.shape[d] for d in ones], [b.shape[d] for d in others]
    if sizes[0] != sizes[1]:
        raise ShapeError(f"tensordot: sums over sizes {sizes[0]} of {shape_text(a.shape)} and {sizes[1]} of "
                         f"{shape_text(b.shape)}; they must agree")
    left = [d for d in range(a.ndim) if d not in ones]
    right = [d for d in range(b.ndim) if d not in others]
    count = math.prod(sizes[0])
    rows, columns = [a.shape[d] for d in left], [b.shape[d] for d in right]
    product = matmul(reshape(permute(a, *left, *ones), math.prod(rows), count),
                     reshape(permute(b, *others, *right), count, math.prod(columns)))
    return reshape(product, *rows, *columns) if rows or columns else reshape(product, ())


def kron(input: Array, other: Array) -> Any:
    """Kronecker product: every element of ``input`` times all of ``other``; missing dimensions count as 1, in front.

    >>> import tinygrad_bp as tg
    >>> tg.kron(tg.tensor([1.0, 10.0]), tg.tensor([1.0, 2.0]))
    tensor([ 1.,  2., 10., 20.])
    """
    ndim = max(input.ndim, other.ndim)
    one, two = ((1,) * (ndim - x.ndim) + tuple(x.shape) for x in (input, other))
    left, right = [n for size in one for n in (size, 1)], [n for size in two for n in (1, size)]
    wide = reshape(input, left) * reshape(other, right)
    return reshape(wide, [m * n for m, n in zip(one, two)])


# ---------------------------------------------------------------------- a product and a sum


def _added(input: Any, product: Any, beta: float, alpha: float) -> Any:
    scaled = product if is_number(1, alpha) else alpha * product
    if is_number(0, beta):  # a NaN in an input that does not count does not count either
        return scaled
    return (input if is_number(1, beta) else beta * input) + scaled


@recorded_as("AddmmBackward0")
@rounds_once
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta · input + alpha · mat1 @ mat2``; with ``beta`` 0 the input is not read.

    >>> import tinygrad_bp as tg
    >>> tg.addmm(tg.ones(1), tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0], [4.0]]))
    tensor([[12.]])
    """
    return _added(input, mm(mat1, mat2), beta, alpha)


@recorded_as("AddmvBackward0")
@rounds_once
def addmv(input: Array, mat: Array, vec: Array, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta · input + alpha · mat @ vec``.

    >>> import tinygrad_bp as tg
    >>> tg.addmv(tg.tensor([1.0, 1.0]), tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))
    tensor([4., 8.])
    """
    return _added(input, mv(mat, vec), beta, alpha)


@recorded_as("AddrBackward0")
@rounds_once
def addr(input: Array, vec1: Array, vec2: Array, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta · input + alpha · outer(vec1, vec2)``.

    >>> import tinygrad_bp as tg
    >>> tg.addr(tg.zeros(2, 2), tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    return _added(input, outer(vec1, vec2), beta, alpha)


@recorded_as("BaddbmmBackward0")
@rounds_once
def baddbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta · input + alpha · bmm(batch1, batch2)``.

    >>> import tinygrad_bp as tg
    >>> tg.baddbmm(tg.zeros(1, 2, 2), tg.ones(1, 2, 3), tg.ones(1, 3, 2))
    tensor([[[3., 3.],
             [3., 3.]]])
    """
    return _added(input, bmm(batch1, batch2), beta, alpha)


@recorded_as("AddbmmBackward0")
@rounds_once
def addbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Any:
    """``beta · input + alpha · Σ batch1[i] @ batch2[i]``.

    >>> import tinygrad_bp as tg
    >>> tg.addbmm(tg.zeros(2, 2), tg.ones(3, 2, 2), tg.ones(3, 2, 2))
    tensor([[6., 6.],
            [6., 6.]])
    """
    products = bmm(batch1, batch2)
    return _added(input, total(products, 0, dtype=products.dtype), beta, alpha)


# ---------------------------------------------------------------------- several matrices


@rounds_once
def multi_dot(tensors: Sequence[Array]) -> Any:
    """The product of two and more matrices, in the order of multiplication that takes the fewest steps.

    The first and the last may be vectors. Source: Cormen et al., *Introduction to Algorithms*, matrix-chain order.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.multi_dot([tg.ones(2, 3), tg.ones(3, 4), tg.ones(4)])
    tensor([12., 12.])
    """
    items = list(tensors)
    if len(items) < 2:
        raise ArgumentError(f"multi_dot: give at least two tensors, got {len(items)}")
    ends = {0, len(items) - 1}
    for i, x in enumerate(items):
        if x.ndim != 2 and not (x.ndim == 1 and i in ends):
            raise ShapeError(f"multi_dot: tensor {i} has shape {shape_text(x.shape)}; all are matrices, "
                             "and the first and the last may be vectors")
    sizes = [items[0].shape[0] if items[0].ndim == 2 else 1, *(x.shape[-1] if x.ndim == 2 else 1 for x in items)]
    sizes[1:-1] = [x.shape[0] for x in items[1:]]
    n = len(items)
    cost = {(i, i): 0 for i in range(n)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            steps = [cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)]
            cost[i, j] = min(steps)
            cut[i, j] = i + steps.index(min(steps))

    def product(i: int, j: int) -> Any:
        return items[i] if i == j else matmul(product(i, cut[i, j]), product(cut[i, j] + 1, j))

    return product(0, n - 1)


# ---------------------------------------------------------------------- three dimensions, diagonals, powers

cross_op: Any = general("cross", lambda a, b, axis: np.cross(a, b, axis=axis),
                      lambda g, b, axis: cross_op(b, g, axis), lambda g, a, axis: cross_op(g, a, axis),
                      inputs="a b", bilinear=True, params={"axis": -1}, formula="a × b",
                      samples=(sample((2, 3), (2, 3)), sample((3, 4), (3, 4), axis=0), sample((1, 3), (2, 3)),
                               sample((3,), (2, 3)), sample((3,), (3,)), sample((0, 3), (0, 3))),
                      reference=lambda a, b, axis=-1: np.cross(a, b, axis=axis),
                      hint="the size along dim is 3 on both sides", grad_fn="LinalgCrossBackward0",
                      doc="Vector product in three dimensions.")


@takes_axis
def cross(input: Array, other: Array, *, dim: int = -1) -> Any:
    """Vector products along ``dim``, whose size is 3 on both sides; the other dimensions broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.cross(tg.tensor([1.0, 0.0, 0.0]), tg.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    if input.ndim != other.ndim or not input.ndim or input.shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(f"cross: {shape_text(input.shape)} and {shape_text(other.shape)} need equally many dimensions "
                         f"and size 3 along dim {dim}")
    return cross_op(input, other, dim)


@recorded_as("TraceBackward0")
def trace(input: Array) -> Any:
    """The sum of a matrix' diagonal.

    >>> import tinygrad_bp as tg
    >>> tg.trace(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    _ranks("trace", (2,), input)
    return total(diagonal(input))


def matrix_diagonal(A: Array, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices, by default of the last two dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.diagonal(tg.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return diagonal(A, offset, dim1, dim2)


@rounds_once
def vander(x: Array, N: int | None = None) -> Any:
    """The powers 0 … N − 1 of each element, in a new last dimension (N: the last size of ``x``); integers give int64.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.vander(tg.tensor([2.0, 3.0]), N=3)
    tensor([[1., 2., 4.],
            [1., 3., 9.]])
    """
    if (x.ndim == 0 and N is None) or (N is not None and N <= 1):
        raise ArgumentError(f"vander: N must be above 1, and given for a single number; got N={N} for "
                            f"{shape_text(x.shape)}")
    if x.ndim == 0:  # PyTorch reads a number as a vector of one
        x = reshape(x, 1)
    if x.dtype.kind in "bui":
        x = cast(x, dtypes.int64)
    powers = [x**0]
    for _ in range((x.shape[-1] if N is None else N) - 1):
        powers.append(powers[-1] * x)
    return stack(powers, -1)
