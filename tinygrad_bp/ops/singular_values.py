"""Singular values and vectors, and what is made of them: pseudo-inverse, least squares, rank."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant, general
from ..autograd.dtypes import counted
from ..autograd.elsewhere import boxed, moved
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.modes import shaping
from ..autograd.operands import in_floats, rounds_once
from ..autograd.returned import returned
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand
from ..autograd.values import beside, detached, held, value_of
from .cholesky import diagonal_of, hermitian
from .complex_numbers import conjugate_transpose, real
from .diagonals import diag_embed
from .eigenvalues import columnwise, gaps, in_our_phase, off_diagonal, phases, share, without_phase
from .elementwise import abs as size_of
from .products import product
from .qr import completed
from .reduction import sum as total
from .samples import sample
from .shape import squeeze, unsqueeze
from .solving import attempt, complex_matrices, refuse_shape

__all__ = ["lstsq", "matrix_rank", "pinv", "svd", "svdvals"]


def _svd(x: Any) -> Any:
    u, s, vh = attempt("svd", np.linalg.svd, x, False)
    if u.dtype.kind == "c" and u.size:
        u, vh = in_our_phase(u), vh / phases(u).mT
    return np.concatenate([u, s[..., None, :].astype(u.dtype), vh.mT], -2)


def _svd_rule(g: Any, x_shape: tuple[int, ...], y: Any) -> Any:
    """Source: Townsend 2016, *Differentiating the singular value decomposition*; complex: Wan and Zhang 2019."""
    rows, columns = x_shape[-2:]
    u, s, v = y[..., :rows, :], np.real(y[..., rows, :]), y[..., rows + 1:, :]
    gu, gs, gv = g[..., :rows, :], np.real(g[..., rows, :]), g[..., rows + 1:, :]
    gu = without_phase(gu, u, columnwise(u, gu) + columnwise(np.conjugate(v), np.conjugate(gv)))
    vh, gvh = v.mT, gv.mT
    turned_u = product(conjugate_transpose(u), gu)
    turned_v = product(vh, conjugate_transpose(gvh))
    turned_u, turned_v = turned_u - conjugate_transpose(turned_u), turned_v - conjugate_transpose(turned_v)
    mixed = turned_u * s[..., None, :] + s[..., :, None] * turned_v
    inside = share(off_diagonal(mixed), gaps(s, 2)) + diag_embed(gs)
    if y.dtype.kind == "c":
        inside = inside + diagonal_of(share(turned_u, 2 * s[..., None, :]))
    result = product(product(u, inside), vh)
    if rows > columns:
        beyond = share(gu - product(u, product(conjugate_transpose(u), gu)), s[..., None, :])
        result = result + product(beyond, vh)
    if columns > rows:
        beyond = share(gvh - product(product(gvh, conjugate_transpose(vh)), vh), s[..., :, None])
        result = result + product(u, beyond)
    return result


def _spread(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape) + np.eye(shape[-2], shape[-1]) * 3.0 * (1 + np.arange(shape[-1]))


def _complex_spread(rng: Any, shape: tuple[int, ...]) -> Any:
    return _spread(rng, shape) + 1j * rng.standard_normal(shape)


_svd_op = general("svd", _svd, _svd_rule, floats=True, holomorphic=False, formula="[U, s, V*] with x = U diag(s) Vᴴ",
                  samples=(sample((3, 3), of=_spread), sample((4, 3), of=_spread), sample((2, 2, 3), of=_spread),
                           sample((1, 1), of=_spread), sample((0, 0)),
                           sample((0, 3)),
                           sample((3, 3), of=_complex_spread), sample((3, 2), of=_complex_spread)),
                  reference=_svd, grad_fn="LinalgSvdBackward0", doc="Singular vectors and values, in one array.")


class SVD(NamedTuple):
    """What ``linalg.svd`` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return returned("linalg_svd", self)


@recorded_as("LinalgSvdBackward0")
@in_floats("A")
def svd(A: Array, full_matrices: bool = True) -> SVD:
    """``A = U diag(S) Vh``: orthonormal columns U, singular values S, descending, orthonormal rows Vh.

    With ``full_matrices`` U and Vh are square; the columns that this adds pass no gradient (``LinAlgError`` at backward
    where they count). Complex columns of U have a real largest component. The gradient of the vectors needs distinct
    values.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.svd(tg.tensor([[0.0, 2.0], [1.0, 0.0]])).S
    tensor([2., 1.])
    """
    refuse_shape("svd", A, square=False)
    rows, columns = A.shape[-2:]
    both = _svd_op(A)
    U, S, Vh = both[..., :rows, :], real(both[..., rows, :]), both[..., rows + 1:, :].mT
    if full_matrices and rows != columns:
        full_u, _, full_vh = attempt("svd", np.linalg.svd, value_of(A))
        if rows > columns:
            U = completed(A, U, full_u)
        else:
            Vh = completed(A, Vh.mT, full_vh.mT).mT
    return SVD(U, S, Vh)


@recorded_as("LinalgSvdBackward0")
def svdvals(A: Array) -> Any:
    """The singular values, descending.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.svdvals(tg.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    return svd(A, full_matrices=False).S


# ---------------------------------------------------------------------- pseudo-inverse and least squares


def _given(limit: Any) -> Any:
    """A tolerance as an array, or None where none was given."""
    return None if limit is None else held(limit)


def _tolerance(x: Any, s: Any, rtol: Any, atol: Any) -> Any:
    """Up to which size a singular value counts as 0, one number for each matrix."""
    if rtol is None:
        rtol = 0.0 if atol is not None and np.all(boxed(atol) > 0) else max(x.shape[-2:]) * np.finfo(s.dtype).eps
    top = np.max(s, axis=-1) if s.size else np.sum(s, axis=-1)
    return np.maximum(0.0 if atol is None else moved(atol, s), moved(rtol, s) * top)


def _pinv(x: Any, rtol: Any, atol: Any) -> Any:
    u, s, vh = attempt("svd", np.linalg.svd, x, False)
    counts = s > _tolerance(x, s, rtol, atol)[..., None]
    scale = np.where(counts, 1 / np.where(counts, s, np.ones_like(s)), np.zeros_like(s))
    return np.conjugate(vh).mT @ (scale[..., None] * np.conjugate(u).mT)


def _pinv_rule(g: Any, x: Any, y: Any) -> Any:
    """Source: Golub and Pereyra 1973, *The differentiation of pseudo-inverses*, equation 4.12; the rank is constant."""
    yh, gh = conjugate_transpose(y), conjugate_transpose(g)
    outside = product(product(gh, y), yh)
    beyond = product(product(yh, y), gh)
    return (outside - product(x, product(y, outside)) + beyond - product(product(beyond, y), x)
            - product(product(yh, g), yh))


def _tall(rng: Any, shape: tuple[int, ...]) -> Any:
    return 0.4 * rng.standard_normal(shape) + 2 * np.eye(shape[-2], shape[-1])


_pinv_op = general("pinv", _pinv, _pinv_rule, params={"rtol": None, "atol": None}, floats=True, holomorphic=False,
                   formula="x⁺",
                   samples=(sample((3, 3), of=_tall), sample((4, 3), of=_tall), sample((2, 2, 3), of=_tall),
                            sample((0, 3), of=_tall), sample((3, 3), of=complex_matrices)),
                   reference=lambda x, rtol=None, atol=None: np.linalg.pinv(x), grad_fn="LinalgPinvBackward0",
                   doc="Moore-Penrose pseudo-inverse.")


def pinv(
    A: Array, rcond: Operand | None = None, hermitian: bool = False, *, atol: Operand | None = None,
    rtol: Operand | None = None,
) -> Any:  # fmt: skip
    """The pseudo-inverse; singular values up to ``max(atol, rtol · largest)`` count as 0 (``rcond`` is ``rtol``).

    Without either, rtol is max(m, n) · eps. ``hermitian`` reads the lower triangle alone. The gradient is that of a
    matrix whose rank does not change.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.pinv(tg.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    refuse_shape("pinv", A, square=hermitian)
    if hermitian:
        A = _lower(A)
    return _pinv_op(A, _given(rcond if rtol is None else rtol), _given(atol))


def _lower(A: Any) -> Any:
    return hermitian("pinv", A, False)


class LeastSquares(NamedTuple):
    """What ``lstsq`` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

    def __repr__(self) -> str:
        return returned("linalg_lstsq", self)


@rounds_once
@in_floats("A B")
def lstsq(A: Array, B: Array, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """The X that makes ``‖A X − B‖`` smallest, and of those the smallest X: pinv(A) B.

    ``residuals`` are the squared distances of each column where A is higher than wide and of full rank, else empty.
    Singular values up to ``rcond`` · the largest count as 0. ``driver``, one of PyTorch's names (default "gelsy"),
    decides only which of ``residuals``, ``rank`` and ``singular_values`` are filled.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.lstsq(tg.tensor([[1.0], [1.0]]), tg.tensor([[1.0], [2.0]])).solution
    tensor([[1.5000]])
    """
    refuse_shape("lstsq", A, square=False)
    driver = driver or "gelsy"
    if driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise ArgumentError(f"lstsq: driver is 'gels', 'gelsy', 'gelsd' or 'gelss', got {driver!r}")
    vector = A.ndim - 1 == B.ndim and B.shape == A.shape[:-1]
    right = unsqueeze(B, -1) if vector else B
    if right.ndim < 2 or right.shape[-2] != A.shape[-2]:
        raise ShapeError(f"lstsq: A {shape_text(A.shape)} and B {shape_text(B.shape)} need equally many rows")
    rows, columns = A.shape[-2:]
    solution = product(pinv(A, rtol=rcond), right)
    rank = _rank_op(detached(A), rcond, None)
    empty = beside(A, np.zeros(0, size_of(solution[..., :0]).dtype))
    residuals = size_of(total(solution[..., :0])[None][:0])
    if driver != "gelsy" and rows > columns and isinstance(A, Tensor):
        shaping(A)  # of a matrix of lower rank there are none
    if driver != "gelsy" and rows > columns and np.all(held(rank) == columns):
        residuals = total(size_of(right - product(A, solution)) ** 2, -2)
    return LeastSquares(
        squeeze(solution, -1) if vector else solution, residuals,
        beside(A, np.zeros(0, np.int64)) if driver == "gels" else rank,
        svdvals(A) if driver in ("gelsd", "gelss") else empty)


def _rank(x: Any, rtol: Any, atol: Any) -> Any:
    values = np.linalg.svd(x, compute_uv=False)
    return counted(np.sum(values > _tolerance(x, values, rtol, atol)[..., None], axis=-1))


_rank_op: Any = constant(
    "matrix_rank", _rank, params={"rtol": None, "atol": None}, wide=True, promotes="x",
    samples=(sample((3, 3), of=_tall), sample((2, 4, 3), of=_tall, atol=np.array(1.5)), sample((0, 2), of=_tall),
             sample((3, 3), of=complex_matrices, rtol=np.array(0.5))),
    reference=lambda x, rtol=None, atol=0.0: np.sum(
        np.sqrt(np.abs(np.linalg.eigvalsh(np.conjugate(x).mT @ x))) > np.maximum(
            atol, (1e-6 if rtol is None else rtol) * np.linalg.norm(x, 2, (-2, -1)))[..., None], axis=-1)
    if x.size else np.zeros(x.shape[:-2], np.int64),
    doc="How many singular values are above the larger of atol and rtol times the largest.")


def matrix_rank(
    A: Array, tol: Operand | None = None, hermitian: bool = False, *, atol: Operand | None = None,
    rtol: Operand | None = None,
) -> Any:  # fmt: skip
    """How many singular values are above ``max(atol, rtol · largest)``; an integer tensor without gradient.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.matrix_rank(tg.ones(2, 2))
    tensor(1)
    """
    refuse_shape("matrix_rank", A, square=hermitian)
    if tol is not None:
        atol, rtol = tol, 0.0
    return _rank_op(detached(_lower(A) if hermitian else A), _given(rtol), _given(atol))
