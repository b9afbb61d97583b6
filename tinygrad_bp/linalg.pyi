"""Linear algebra under PyTorch's names: ``tg.linalg.solve``, ``tg.linalg.svd``, … All batched, real and complex.

Written by `python docs/make_reference.py`.
"""

from collections.abc import Sequence
from typing import Any
from .autograd.errors import LinAlgError as LinAlgError
from .autograd.tensor import Tensor
from .autograd.types import Array, Axis, DTypeLike, Operand
from .ops.cholesky import CheckedFactor
from .ops.eigenvalues import Eigen
from .ops.ldl import CheckedLDLFactor, LDLFactor
from .ops.lu import CheckedLUFactor, LUFactor, PLU
from .ops.qr import QR
from .ops.singular_values import LeastSquares, SVD
from .ops.solving import Checked, CheckedInverse, SignLogdet

def cholesky(A: Array, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with ``A = L Lᴴ`` (``upper``: U with ``A = Uᴴ U``); one triangle of A is read."""
def cholesky_ex(A: Array, *, upper: bool = False, check_errors: bool = False) -> CheckedFactor:
    """``(L, info)``: NaN where a matrix is not positive-definite and ``info`` 1 there."""
def cond(A: Array, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number: the norm times that of the inverse; of order 2 (None) the ratio of singular values."""
def cross(input: Array, other: Array, *, dim: int = -1, axis: int | None = None, out: Tensor | None = None) -> Tensor:
    """Vector products along ``dim``, whose size is 3 on both sides; the other dimensions broadcast."""
def det(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Determinant; its gradient, the cofactors, also holds where the matrix is singular. Formula: det x"""
def diagonal(A: Array, *, offset: int = 0, dim1: int = -2, dim2: int = -1, out: Tensor | None = None) -> Tensor:
    """The diagonals of matrices, by default of the last two dimensions."""
def eig(A: Array) -> Eigen:
    """Eigenvalues and eigenvectors (columns of length 1) of a square matrix; complex, also of a real one."""
def eigh(A: Array, UPLO: str = 'L') -> Eigen:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix; only its triangle ``UPLO`` is read."""
def eigvals(A: Array, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of a square matrix, complex."""
def eigvalsh(A: Array, UPLO: str = 'L', *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of a Hermitian matrix, ascending."""
def householder_product(A: Array, tau: Array, *, out: Tensor | None = None) -> Tensor:
    """The first columns of H₁ H₂ … with ``Hᵢ = 1 − tau[i] vᵢ vᵢᴴ``; vᵢ is column i of A below a 1 on its diagonal."""
def inv(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Inverse matrix (Giles 2008, section 2.2.3). Formula: x⁻¹"""
def inv_ex(A: Array, *, check_errors: bool = False) -> CheckedInverse:
    """``(inverse, info)``: NaN where a matrix is singular and ``info`` 1 there, or ``LinAlgError`` with check_errors.
    """
def ldl_factor(A: Array, *, hermitian: bool = False) -> LDLFactor:
    """``(LD, pivots)`` of symmetric (or Hermitian) matrices, which ``ldl_solve`` takes. Raises for a singular one."""
def ldl_factor_ex(A: Array, *, hermitian: bool = False, check_errors: bool = False) -> CheckedLDLFactor:
    """``(LD, pivots, info)`` of symmetric (or Hermitian) matrices, of which the lower triangle is read."""
def ldl_solve(LD: Array, pivots: Array, B: Array, *, hermitian: bool = False, out: Tensor | None = None) -> Tensor:
    """The X of ``A X = B`` for what ``ldl_factor`` made of A; B is (…, n, columns), and has a gradient."""
def lstsq(A: Array, B: Array, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """The X that makes ``‖A X − B‖`` smallest, and of those the smallest X: pinv(A) B."""
def lu(A: Array, *, pivot: bool = True) -> PLU:
    """``A = P L U``: a permutation, a lower triangle with ones on its diagonal, an upper triangle."""
def lu_factor(A: Array, *, pivot: bool = True) -> LUFactor:
    """L and U of ``A = P L U`` in one matrix, and the row that each step exchanged with its own (int32, from 1)."""
def lu_factor_ex(A: Array, *, pivot: bool = True, check_errors: bool = False) -> CheckedLUFactor:
    """``(LU, pivots, info)``: ``lu_factor``, with the number of the first pivot that is 0, or 0, in ``info``."""
def lu_solve(
    LU: Array, pivots: Array, B: Array, *, left: bool = True, adjoint: bool = False, out: Tensor | None = None,
) -> Tensor:
    """The X with ``A X = B`` (``X A = B`` where not ``left``; with ``adjoint`` of Aᴴ), A as ``lu_factor`` left it."""
def matmul(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Matrix product; leading dimensions broadcast. Formula: a @ b"""
def matrix_exp(input: Array, *, out: Tensor | None = None) -> Tensor:
    """Exponential of a square matrix. Formula: Σ xᵏ / k!"""
def matrix_norm(
    A: Array, ord: Any = 'fro', dim: Axis = ..., keepdim: bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
    keepdims: bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """The norm of matrices: "fro" (root of the sum of squares), "nuc" (sum of the singular values), or a number."""
def matrix_power(A: Array, n: int, *, out: Tensor | None = None) -> Tensor:
    """A square matrix multiplied with itself ``n`` times, by repeated squaring; its inverse for negative ``n``."""
def matrix_rank(
    A: Array, tol: Operand | None = None, hermitian: bool = False, *, atol: Operand | None = None,
    rtol: Operand | None = None, out: Tensor | None = None,
) -> Tensor:
    """How many singular values are above ``max(atol, rtol · largest)``; an integer tensor without gradient."""
def multi_dot(tensors: Sequence[Array], *, out: Tensor | None = None) -> Tensor:
    """The product of two and more matrices, in the order of multiplication that takes the fewest steps."""
def norm(
    A: Array, ord: Any = None, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
    keepdims: bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """``vector_norm`` or ``matrix_norm``, as in PyTorch: of two dimensions (or a matrix) where ``ord`` is given."""
def pinv(
    A: Array, rcond: Operand | None = None, hermitian: bool = False, *, atol: Operand | None = None,
    rtol: Operand | None = None, out: Tensor | None = None,
) -> Tensor:
    """The pseudo-inverse; singular values up to ``max(atol, rtol · largest)`` count as 0 (``rcond`` is ``rtol``)."""
def qr(A: Array, mode: str = 'reduced') -> QR:
    """``A = Q R`` with orthonormal columns Q and upper triangular R; ``mode`` is reduced, complete or r (Q empty)."""
def slogdet(A: Array) -> SignLogdet:
    """``(sign, logabsdet)`` of the determinant, without overflow: det = sign · e^logabsdet."""
def solve(A: Array, B: Array, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """The X with ``A X = B`` (``X A = B`` where not ``left``); B is a vector, a matrix, or a batch of them."""
def solve_ex(A: Array, B: Array, *, left: bool = True, check_errors: bool = False) -> Checked:
    """``(result, info)`` of ``solve``: NaN where a matrix is singular and ``info`` 1 there."""
def solve_triangular(
    A: Array, B: Array, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Tensor | None = None,
) -> Tensor:
    """``solve`` that reads one triangle of A alone; with ``unitriangular`` its diagonal counts as ones."""
def svd(A: Array, full_matrices: bool = True) -> SVD:
    """``A = U diag(S) Vh``: orthonormal columns U, singular values S, descending, orthonormal rows Vh."""
def svdvals(A: Array, *, out: Tensor | None = None) -> Tensor:
    """The singular values, descending."""
def tensorinv(A: Array, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of the linear map that ``tensordot(A, x, dims=ind)`` is; ``ind`` splits A's dimensions."""
def tensorsolve(A: Array, B: Array, dims: Sequence[int] | None = None, *, out: Tensor | None = None) -> Tensor:
    """The X with ``tensordot(A, X, dims=X.ndim) = B``; ``dims`` of A are moved to the end first."""
def vander(x: Array, N: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The powers 0 … N − 1 of each element, in a new last dimension (N: the last size of ``x``); integers give int64.
    """
def vecdot(x: Array, y: Array, *, dim: int = -1, axis: int | None = None, out: Tensor | None = None) -> Tensor:
    """Inner products Σ x̄ y along ``dim``; the other dimensions broadcast."""
def vector_norm(
    x: Array, ord: float = 2, dim: Axis = None, keepdim: bool = False, *, dtype: DTypeLike = None, axis: Axis = None,
    keepdims: bool | None = None, out: Tensor | None = None,
) -> Tensor:
    """The ``ord``-norm (Σ |x|ᵖ)^(1/p) over ``dim``, one, several or all; ±inf take the extreme, 0 counts."""
