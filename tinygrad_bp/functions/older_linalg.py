"""PyTorch's older names of linear algebra, beside ``tg.linalg``: the same decompositions with other arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd.device import near
from ..autograd.elsewhere import on_cpu
from ..autograd.errors import ShapeError, shape_text
from ..autograd.operands import floating, rounds_once
from ..autograd.returned import returned
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Axis, DTypeLike
from ..autograd.values import held, refuse_gradient
from ..ops import lu as factors
from ..ops import norms, products, singular_values, solving
from ..ops import qr as orthogonal
from ..ops.complex_numbers import conjugate_transpose, view_as_complex
from ..ops.elementwise import absolute, clone
from ..ops.rearranging import flip
from ..ops.reduction import mean
from ..ops.shape import dim_of, takes_axis
from ..ops.solving import inv, solve_op, triangle
from ..random.sampling import randn

__all__ = [
    "chain_matmul", "cross", "frobenius_norm", "geqrf", "inverse", "lu", "lu_solve", "norm", "norm_except_dim",
    "nuclear_norm", "orgqr", "pca_lowrank", "pinverse", "qr", "slogdet", "svd", "svd_lowrank",
    "triangular_solve", "vander",
]  # fmt: skip

inverse: Callable[..., Any] = inv
orgqr: Callable[..., Any] = orthogonal.householder_product


class TriangularSolution(NamedTuple):
    """What ``triangular_solve`` returns."""

    solution: Tensor
    cloned_coefficient: Tensor

    def __repr__(self) -> str:
        return returned("triangular_solve", self)


def triangular_solve(
    input: Array, A: Array, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """PyTorch's older order of arguments: ``(solution, A)`` of ``A X = input``, or of ``Aᵀ X`` with ``transpose``.

    >>> import tinygrad_bp as tg
    >>> tg.triangular_solve(tg.tensor([[2.0], [4.0]]), tg.tensor([[2.0, 0.0], [0.0, 4.0]])).solution
    tensor([[1.],
            [1.]])
    """
    kept = triangle(A, upper, unitriangular)
    return TriangularSolution(solve_op(kept.mT if transpose else kept, input), A)  # type: ignore[arg-type]


class OlderQR(NamedTuple):
    """What ``tg.qr`` returns."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return returned("qr", self)


def qr(input: Array, some: bool = True) -> OlderQR:
    """PyTorch's older name: ``mode="reduced"`` where ``some``, else ``"complete"``.

    >>> import tinygrad_bp as tg
    >>> Q, R = tg.qr(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> R.abs()
    tensor([[2., 0.],
            [0., 4.]])
    """
    return OlderQR(*orthogonal.qr(input, "reduced" if some else "complete"))


class OlderSignLogdet(NamedTuple):
    """What ``tg.slogdet`` returns."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return returned("slogdet", self)


def slogdet(input: Array) -> OlderSignLogdet:
    """PyTorch's older name of ``tg.linalg.slogdet``.

    >>> import tinygrad_bp as tg
    >>> tg.slogdet(tg.tensor([[0.0, 1.0], [1.0, 0.0]])).sign
    tensor(-1.)
    """
    return OlderSignLogdet(*solving.slogdet(input))


class UnconjugatedSVD(NamedTuple):
    """What ``tg.svd`` returns."""

    U: Tensor
    S: Tensor
    V: Tensor

    def __repr__(self) -> str:
        return returned("svd", self)


def svd(input: Array, some: bool = True, compute_uv: bool = True) -> UnconjugatedSVD:
    """PyTorch's older name: ``(U, S, V)`` with V instead of Vh; zeros for U and V without ``compute_uv``.

    >>> import tinygrad_bp as tg
    >>> U, S, V = tg.svd(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> S
    tensor([4., 2.])
    """
    U, S, Vh = singular_values.svd(input, full_matrices=not some)
    if not compute_uv:
        return UnconjugatedSVD(np.zeros_like(U), S, np.zeros_like(Vh.mT))  # type: ignore[arg-type]
    return UnconjugatedSVD(U, S, conjugate_transpose(Vh))


def pinverse(input: Array, rcond: float = 1e-15) -> Any:
    """PyTorch's older name of ``pinv``.

    >>> import tinygrad_bp as tg
    >>> tg.pinverse(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return singular_values.pinv(input, rtol=rcond)


@rounds_once
def lu(A: Array, pivot: bool = True, get_infos: bool = False) -> tuple[Any, ...]:
    """PyTorch's older name: ``(LU, pivots)``, and ``info`` with ``get_infos``.

    >>> import tinygrad_bp as tg
    >>> LU, pivots = tg.lu(tg.tensor([[1.0, 2.0], [4.0, 3.0]]))
    >>> pivots
    tensor([2, 2], dtype=torch.int32)
    """
    found = factors.lu_factor_ex(A, pivot=pivot)
    return tuple(found) if get_infos else (found.LU, found.pivots)


@rounds_once
def lu_solve(b: Array, LU_data: Array, LU_pivots: Array) -> Any:
    """PyTorch's older order of the arguments of ``linalg.lu_solve``.

    >>> import tinygrad_bp as tg
    >>> LU, pivots = tg.linalg.lu_factor(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> tg.lu_solve(tg.tensor([[2.0], [4.0]]), LU, pivots)
    tensor([[1.],
            [1.]])
    """
    return factors.lu_solve(LU_data, LU_pivots, b)


@takes_axis
def norm(x: Array, p: Any = "fro", dim: Axis = None, keepdim: bool = False, dtype: DTypeLike = None) -> Any:
    """PyTorch's older name: "fro" and numbers are norms of the elements, "nuc" is one of matrices.

    >>> import tinygrad_bp as tg
    >>> tg.norm(tg.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if p == "nuc":
        return norms.matrix_norm(x, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return norms.vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


@takes_axis
def cross(input: Array, other: Array, dim: int | None = None) -> Any:
    """Vector products along ``dim``, by default the first dimension of size 3.

    >>> import tinygrad_bp as tg
    >>> tg.cross(tg.tensor([1.0, 0.0, 0.0]), tg.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    if dim is None:
        three = [i for i, size in enumerate(input.shape) if size == 3]
        if not three:
            raise ShapeError(f"cross: no dimension of {shape_text(input.shape)} has size 3")
        dim = three[0]
    return products.cross(input, other, dim=dim)


def chain_matmul(*matrices: Any) -> Any:
    """``multi_dot`` of matrices given one by one; of one alone a copy.

    >>> import tinygrad_bp as tg
    >>> tg.chain_matmul(tg.ones(2, 3), tg.ones(3, 4), tg.ones(4, 1))
    tensor([[12.],
            [12.]])
    """
    return clone(matrices[0]) if len(matrices) == 1 else products.multi_dot(matrices)


class Reflections(NamedTuple):
    """What ``geqrf`` returns: R on and above the diagonal, the reflections below it, and their factors."""

    a: Tensor
    tau: Tensor

    def __repr__(self) -> str:
        return returned("geqrf", self)


def geqrf(input: Array) -> Reflections:
    """The QR decomposition as LAPACK keeps it: R, and below it the reflections that ``orgqr`` multiplies to Q.

    Raises ``NoRuleError`` for a matrix that requires grad: ``tg.linalg.qr`` has a gradient.

    >>> import tinygrad_bp as tg
    >>> tg.geqrf(tg.tensor([[2.0]])).a
    tensor([[2.]])
    """
    input = floating(input)
    refuse_gradient(input, "geqrf", "tg.linalg.qr(x)")
    on_cpu(held(input), "geqrf")
    both = orthogonal.reflections(input)
    return Reflections(both[..., :-1, :], both[..., -1, : min(input.shape[-2:])])


def frobenius_norm(input: Array, dim: Axis = (), keepdim: bool = False) -> Any:
    """The root of the sum of squares, of all elements or along dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.frobenius_norm(tg.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    return norms.vector_norm(input, 2, None if dim in ((), []) else dim, keepdim)


def nuclear_norm(input: Array, dim: Axis = None, keepdim: bool = False) -> Any:
    """The sum of the singular values of matrices, which lie in the last two dimensions or in those given.

    >>> import tinygrad_bp as tg
    >>> tg.nuclear_norm(tg.eye(3))
    tensor(3.)
    """
    return norms.matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim)


def norm_except_dim(v: Array, pow: float = 2, dim: int = 0) -> Any:
    """The norm of order ``pow`` of each slice along ``dim``, whose other dimensions have size 1; −1: of all elements.

    >>> import tinygrad_bp as tg
    >>> tg.norm_except_dim(tg.tensor([[3.0, 4.0], [6.0, 8.0]]))
    tensor([[ 5.],
            [10.]])
    """
    if dim == -1:
        return norms.vector_norm(v, pow)
    place = dim_of(dim, v.ndim, "norm_except_dim")
    if v.ndim == 1:  # each slice is one number
        return absolute(v)
    return norms.vector_norm(v, pow, tuple(axis for axis in range(v.ndim) if axis != place), True)


def vander(x: Array, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each number of a vector, a row each, the highest first unless ``increasing``.

    >>> import tinygrad_bp as tg
    >>> tg.vander(tg.tensor([2.0, 3.0]), 3)
    tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    if x.ndim != 1:
        raise ShapeError(f"vander: needs a vector, got {shape_text(x.shape)}")
    count = x.shape[0] if N is None else N
    powers = products.vander(x, max(count, 2))[:, :count]
    return powers if increasing else flip(powers, -1)


# ---------------------------------------------------------------------- few of the singular values


def svd_lowrank(A: Array, q: int = 6, niter: int = 2, M: Array | None = None) -> UnconjugatedSVD:
    """About the ``q`` largest singular values of ``A − M`` and their vectors, by random directions.

    Each of the ``niter`` iterations brings them nearer. Source: Halko, Martinsson and Tropp 2011, *Finding structure
    with randomness*, algorithms 4.4 and 5.1.

    >>> import tinygrad_bp as tg
    >>> tg.svd_lowrank(tg.eye(4), q=2).S
    tensor([1., 1.])
    """
    if M is not None:
        A = A - M
    if A.ndim < 2 or not 0 <= q <= min(A.shape[-2:]):
        raise ShapeError(f"svd_lowrank: q={q} must be at most both sizes of the matrices, {shape_text(A.shape)}")
    wide = A.shape[-2] < A.shape[-1]
    tall = conjugate_transpose(A) if wide else A
    adjoint = conjugate_transpose(tall)
    basis = orthogonal.qr(tall @ near(_directions(tall.shape[-1], q, A.dtype), A)).Q
    for _ in range(niter):
        basis = orthogonal.qr(tall @ orthogonal.qr(adjoint @ basis).Q).Q
    U, S, Vh = singular_values.svd(conjugate_transpose(basis) @ tall, full_matrices=False)
    left, right = basis @ U, conjugate_transpose(Vh)
    return UnconjugatedSVD(right, S, left) if wide else UnconjugatedSVD(left, S, right)


def _directions(rows: int, columns: int, dtype: Any) -> Any:
    if dtype.kind != "c":
        return randn(rows, columns, dtype=dtype)
    part = np.empty(0, dtype).real.dtype
    pairs = randn(rows, columns, 2, dtype=part) * 0.5**0.5
    return view_as_complex(pairs)


def pca_lowrank(A: Array, q: int | None = None, center: bool = True, niter: int = 2) -> UnconjugatedSVD:
    """The principal components of rows of data: ``svd_lowrank`` of A, less the mean of its columns with ``center``.

    The columns of V are the directions; ``q`` of them, 6 unless given or A is smaller.

    >>> import tinygrad_bp as tg
    >>> tg.pca_lowrank(tg.tensor([[0.0, 1.0], [2.0, 1.0]]), q=1).S
    tensor([1.4142])
    """
    if A.ndim < 2:
        raise ShapeError(f"pca_lowrank: needs a matrix, got {shape_text(A.shape)}")
    wanted = min(6, *A.shape[-2:]) if q is None else q
    return svd_lowrank(A - mean(A, -2, True) if center else A, wanted, niter)
