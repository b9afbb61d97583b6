"""Inverses, linear equations and determinants: ops that end where a matrix is singular, with ``LinAlgError``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant, general
from ..autograd.elsewhere import ARRAYS, boxed, moved
from ..autograd.errors import ArgumentError, LinAlgError, MatrixShapeError, ShapeError, shape_text
from ..autograd.flags import heard
from ..autograd.modes import traced
from ..autograd.operands import rounds_once
from ..autograd.returned import returned
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import detached, held
from .complex_numbers import conjugate_transpose, real
from .elementwise import in_dtype, log, where
from .products import product
from .samples import fixed, sample
from .samples import real as reals
from .shape import reshape, squeeze, unsqueeze

__all__ = ["det", "logdet"]


def refuse_shape(name: str, x: Array, square: bool = True) -> None:
    """``ShapeError`` for what is no matrix or batch of matrices, or not square."""
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        kind = "a square matrix" if square else "a matrix"
        raise MatrixShapeError(f"{name}: needs {kind} or a batch of them (..., {'n, n' if square else 'm, n'}), "
                         f"got {shape_text(x.shape)}")


def refuse_matrix(name: str, fails: Any, what: str) -> LinAlgError:
    """The error for the first matrix of a batch (a mask) that fails; ``what`` says in which way."""
    where_ = tuple(int(i) for i in np.argwhere(fails)[0]) if fails.any() else ()
    place = f"matrix {where_ if len(where_) > 1 else where_[0]} of the batch" if where_ else "the matrix"
    return LinAlgError(f"{name}: {place} is {what}")


def attempt(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """A function of ``np.linalg``; where it finds no result (an iteration that does not end, NaN), our error."""
    try:
        return heard(function(*arguments), arguments[0])
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name}: no result ({error})") from None


singular: Any = constant(
    "singular", lambda x: boxed(np.linalg.slogdet(x)[0] == 0),
    samples=(sample((3, 3)), sample((2, 3, 3)), sample((2, 2), of=fixed(0.0))), wide=True, promotes="x",
    reference=lambda x: np.linalg.det(x) == 0, doc="Which matrices have an exact 0 among their pivots.")


SINGULAR = "singular, it has no inverse; a least-squares answer is linalg.lstsq or linalg.pinv"


def well_conditioned(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Random square matrices near 2 · the identity, not symmetric."""
    return 0.4 * rng.standard_normal(shape) + 2 * np.eye(shape[-1])


def complex_matrices(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Complex random square matrices near 2 · the identity."""
    return well_conditioned(rng, shape) + 0.4j * rng.standard_normal(shape)


_square = (sample((3, 3), of=well_conditioned), sample((2, 3, 3), of=well_conditioned),
           sample((1, 1), of=well_conditioned), sample((0, 0)),
           sample((0, 2, 2)), sample((3, 3), of=complex_matrices))

# ---------------------------------------------------------------------- inverse and equations


def _inv(x: Any) -> Any:
    refuse_shape("inv", x)
    if x.__class__ in ARRAYS and singular(x).any():
        raise refuse_matrix("inv", singular(x), SINGULAR)
    try:
        return heard(np.linalg.inv(x), x)
    except np.linalg.LinAlgError:
        raise refuse_matrix("inv", singular(x), SINGULAR) from None


inv = general("inv", _inv, lambda g, y: -product(product(y.mT, g), y.mT), floats=True, formula="x⁻¹",
              samples=_square, reference=np.linalg.inv, grad_fn="LinalgInvExBackward0",
              doc="Inverse matrix (Giles 2008, section 2.2.3).")


def _solve(a: Any, b: Any) -> Any:
    refuse_shape("solve", a)
    if a.__class__ in ARRAYS and singular(a).any():  # a device raises nothing
        raise refuse_matrix("solve", singular(a), SINGULAR)
    try:
        return heard(np.linalg.solve(a, b), a, b)
    except np.linalg.LinAlgError:
        raise refuse_matrix("solve", singular(a), SINGULAR) from None


def _solve_rule(g: Any, a: Any, y: Any, wanted: Any) -> tuple[Any, Any]:
    """Giles 2008, section 2.3.1: the gradient of b is a⁻ᵀ g, and that of a is its product with −yᵀ."""
    of_b = solve_op(a.mT, g)
    return -product(of_b, y.mT) if wanted[0] else None, of_b


solve_op: Any = general(
    "solve", _solve, _solve_rule, together=True, inputs="a b", floats=True, formula="a⁻¹ b",
    samples=(sample((3, 3), (3, 2), of=(well_conditioned, reals)),
             sample((2, 3, 3), (3, 2), of=(well_conditioned, reals)),
             sample((3, 3), (2, 3, 1), of=(well_conditioned, reals)),
             sample((3, 3), (3, 2), of=(complex_matrices, reals)),
             sample((0, 0), (0, 2)), sample((2, 2), (2, 0), of=(well_conditioned, reals))),
    reference=np.linalg.solve, hint="a is square (..., n, n) and b has n rows (..., n, k)",
    grad_fn="LinalgSolveExBackward0",
    doc="The solutions X of a X = b, one column for each of b's.")


def _of_vectors(A: Any, B: Any) -> bool:
    """Whether B is a vector, or a batch of vectors as PyTorch reads it."""
    return bool(B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]))


def solve(A: Array, B: Array, *, left: bool = True) -> Any:
    """The X with ``A X = B`` (``X A = B`` where not ``left``); B is a vector, a matrix, or a batch of them.

    As in PyTorch, B is a batch of vectors where its shape is that of A without the last size. Raises ``LinAlgError``
    for a singular A.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    refuse_shape("solve", A)
    if _of_vectors(A, B):
        if not left:
            raise ArgumentError("solve: left=False needs matrices on the right side, B is a vector")
        return squeeze(solve_op(A, unsqueeze(B, -1)), -1)
    return solve_op(A, B) if left else solve_op(A.mT, B.mT).mT


class Checked(NamedTuple):
    """A result with ``info`` (0 where the matrix could be used), as the ``_ex`` functions return it."""

    result: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return returned("linalg_solve_ex", self)


class CheckedInverse(NamedTuple):
    """What ``inv_ex`` returns."""

    inverse: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return returned("linalg_inv_ex", self)


def usable(x: Array, fails: Any) -> tuple[Any, Any]:
    """The batch with the identity in place of the matrices that fail, and ``info`` of them."""
    info = in_dtype(fails, np.int32)
    if traced() or held(fails).any():
        x = where(fails[..., None, None], moved(np.eye(x.shape[-1], dtype=x.dtype), x), x)
    return x, info


def spoiled(result: Any, fails: Any) -> Any:
    """The result with NaN in the last dimension of what fails."""
    return where(fails[..., None], np.nan, result) if traced() or held(fails).any() else result


@rounds_once
def inv_ex(A: Array, *, check_errors: bool = False) -> CheckedInverse:
    """``(inverse, info)``: NaN where a matrix is singular and ``info`` 1 there, or ``LinAlgError`` with check_errors.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.inv_ex(tg.zeros(1, 1))
    torch.return_types.linalg_inv_ex(
    inverse=tensor([[nan]]),
    info=tensor(1, dtype=torch.int32))
    """
    refuse_shape("inv_ex", A)
    fails = singular(detached(A))
    if check_errors and held(fails).any():
        raise refuse_matrix("inv_ex", held(fails), SINGULAR)
    safe, info = usable(A, fails)
    return CheckedInverse(spoiled(inv(safe), fails[..., None]), info)


@rounds_once
def solve_ex(A: Array, B: Array, *, left: bool = True, check_errors: bool = False) -> Checked:
    """``(result, info)`` of ``solve``: NaN where a matrix is singular and ``info`` 1 there.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.solve_ex(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 4.0])).result
    tensor([1., 1.])
    """
    refuse_shape("solve_ex", A)
    fails = singular(detached(A))
    if check_errors and held(fails).any():
        raise refuse_matrix("solve_ex", held(fails), SINGULAR)
    safe, info = usable(A, fails)
    result = solve(safe, B, left=left)
    return Checked(spoiled(result, fails if _of_vectors(A, B) else fails[..., None]), info)


def triangle(x: Array, upper: bool, unit: bool = False) -> Any:
    """One triangle of the last two dimensions, 0 elsewhere; with ``unit``, ones on the diagonal."""
    lower = np.tri(x.shape[-2], x.shape[-1], -1 if unit else 0, dtype=bool)
    mask = ~np.tri(x.shape[-2], x.shape[-1], 0 if unit else -1, dtype=bool) if upper else lower
    kept = where(moved(mask, x), x, np.zeros_like(x))
    return kept + moved(np.eye(x.shape[-2], x.shape[-1], dtype=bool), x) if unit else kept


def solve_triangular(A: Array, B: Array, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """``solve`` that reads one triangle of A alone; with ``unitriangular`` its diagonal counts as ones.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.solve_triangular(tg.tensor([[2.0, 9.0], [1.0, 1.0]]), tg.tensor([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    refuse_shape("solve_triangular", A)
    refuse_shape("solve_triangular", B, square=False)
    kept = triangle(A, upper, unitriangular)
    return solve_op(kept, B) if left else solve_op(kept.mT, B.mT).mT


@rounds_once
def tensorinv(A: Array, ind: int = 2) -> Any:
    """The inverse of the linear map that ``tensordot(A, x, dims=ind)`` is; ``ind`` splits A's dimensions.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.tensorinv(tg.eye(6).reshape(2, 3, 6), ind=2).shape
    torch.Size([6, 2, 3])
    """
    front, back = A.shape[:ind], A.shape[ind:]
    if ind <= 0 or math.prod(front) != math.prod(back):
        raise ShapeError(f"tensorinv: the sizes {shape_text(front)} and {shape_text(back)} must have equal products; "
                         "choose ind > 0 that splits them so")
    return reshape(inv(reshape(A, math.prod(front), -1)), *back, *front)


@rounds_once
def tensorsolve(A: Array, B: Array, dims: Sequence[int] | None = None) -> Any:
    """The X with ``tensordot(A, X, dims=X.ndim) = B``; ``dims`` of A are moved to the end first.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.tensorsolve(tg.eye(6).reshape(2, 3, 6), tg.ones(2, 3)).shape
    torch.Size([6])
    """
    if dims is not None:
        moved = [d % A.ndim for d in dims]
        A = np.transpose(A, [d for d in range(A.ndim) if d not in moved] + moved)
    rest, count = A.shape[B.ndim:], math.prod(B.shape)
    if math.prod(rest) != count:
        raise ShapeError(f"tensorsolve: A {shape_text(A.shape)} and B {shape_text(B.shape)} make no square system")
    return reshape(solve_op(reshape(A, count, count), reshape(B, count, 1)), *rest)


# ---------------------------------------------------------------------- determinants


def _well(x: Any) -> tuple[Any, Any, Any, Any]:
    """x⁻ᵀ and det x where they can be used, with the identity in the place of the other matrices, and which of those
    are (nearly) singular, and which are not finite."""
    refuse_shape("det", x)
    finite = np.isfinite(x).all((-1, -2))
    eye = moved(np.eye(x.shape[-1], dtype=x.dtype), x)
    safe = np.where(finite[..., None, None], x, eye)
    sign, size = np.linalg.slogdet(safe)
    ill = sign == 0
    safe = np.where(ill[..., None, None], eye, safe)
    inverse = np.linalg.inv(safe).mT
    with np.errstate(over="ignore"):
        det = boxed(np.where(ill, 1, sign * np.exp(size)))[..., None, None]
    if x.size:
        size = np.abs(safe).max((-1, -2)) * np.abs(inverse).max((-1, -2)) * np.finfo(x.dtype).eps
        ill |= ~(size < 1e-8)
    return inverse, det, ill, ~finite


def _rotated(x: Any) -> tuple[Any, Any, Any, Any]:
    """x = u diag(s) vh, and det u · det vh."""
    u, s, vh = np.linalg.svd(x)
    return u, s, vh, (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


def _cofactors(x: Any) -> Any:
    """det(x) · x⁻ᵀ; of (nearly) singular matrices by the singular value decomposition, where it stays exact.

    Single precision is found in double, in which few matrices are so near.
    """
    if x.dtype in (np.float32, np.complex64):
        return _cofactors(x.astype(np.result_type(x, np.float64))).astype(x.dtype)
    inverse, det, ill, lost = _well(x)
    value = det * inverse
    if ill.any():
        u, s, vh, turn = _rotated(x[ill])
        others = np.where(moved(np.eye(s.shape[-1], dtype=bool), s), 1, s[..., None, :]).prod(-1)
        value[ill] = turn * (u.conj() * others[..., None, :]) @ vh.conj()
    value[lost] = np.nan
    return value


def _cofactors_slope(x: Any, g: Any) -> Any:
    """The gradient of Σ g · cofactors(x): the second derivatives of det are products of all singular values but two."""
    if x.dtype in (np.float32, np.complex64):
        return _cofactors_slope(*(part.astype(np.result_type(x, np.float64)) for part in (x, g))).astype(x.dtype)
    inverse, det, ill, lost = _well(x)
    along = np.sum(g * inverse, axis=(-1, -2), keepdims=True)
    value = det * (along * inverse - inverse @ g.mT @ inverse)
    if ill.any():
        u, s, vh, turn = _rotated(x[ill])
        n = range(s.shape[-1])
        i, j, k = np.ogrid[: len(n), : len(n), : len(n)]
        kept, eye = moved((k != i) & (k != j), x), moved(np.eye(len(n), dtype=bool), x)
        others = np.where(kept, s[..., None, None, :], 1).prod(-1) * ~eye
        inside = u.conj().mT @ np.broadcast_to(g, x.shape)[ill] @ vh.conj().mT
        across = -inside.mT * others
        across += (np.einsum("...ii,...ij->...j", inside, others)[..., None] * eye)
        value[ill] = turn * (u.conj() @ across @ vh.conj())
    value[lost] = np.nan
    return value


def _third(h: Any, x: Any, g: Any) -> Any:
    """With w = x⁻ᵀ and y = det(x) w: dw = −w dxᵀ w, and dy is the slope of the cofactors."""
    w, y = inv(x).mT, cofactors(x)
    along = np.sum(g * w, axis=(-1, -2), keepdims=True)
    return (cofactors_slope(x, h * along - h @ w.mT @ g) - np.sum(h * y, axis=(-1, -2), keepdims=True) * (w @ g.mT @ w)
            + w @ h.mT @ y @ g.mT @ w)


cofactors_slope: Any = general(
    "cofactors_slope", _cofactors_slope, lambda g, x, weights: _third(g, x, weights),
    lambda g, x: cofactors_slope(x, g), inputs="x weights", formula="det(x) · (tr(x⁻¹ weights) x⁻ᵀ − x⁻ᵀ weightsᵀ x⁻ᵀ)",
    samples=tuple(sample(*s.shapes * 2, of=s.domains * 2) for s in _square if s.shapes != ((1, 1),)),
    reference=lambda x, weights: np.linalg.det(x)[..., None, None] * (
        np.einsum("...ij,...ji->...", np.linalg.inv(x), weights)[..., None, None] * np.linalg.inv(x).mT
        - np.linalg.inv(x).mT @ weights.mT @ np.linalg.inv(x).mT),
    doc="The slopes of the cofactors, weighed: the second derivatives of the determinant.")

# dy = tr(x⁻¹ dx) y − y dxᵀ x⁻ᵀ: Giles 2008, sections 2.2.3 and 2.2.4.
cofactors: Any = general(
    "cofactors", _cofactors, lambda g, x: cofactors_slope(x, g),
    formula="det(x) · x⁻ᵀ", samples=_square,
    reference=lambda x: np.linalg.det(x)[..., None, None] * np.linalg.inv(x).mT,
    doc="The matrix of cofactors: the slopes of the determinant.")


def _det(x: Any) -> Any:
    refuse_shape("det", x)
    return np.linalg.det(x)


det = general("det", _det, lambda g, x: g[..., None, None] * cofactors(x), floats=True, formula="det x",
              samples=_square, reference=np.linalg.det,
              grad_fn="LinalgDetBackward0",
              doc="Determinant; its gradient, the cofactors, also holds where the matrix is singular.")


def _slogdet(x: Any) -> Any:
    refuse_shape("slogdet", x)
    sign, logabs = np.linalg.slogdet(x)
    return np.stack([boxed(sign), boxed(logabs).astype(sign.dtype)], -1)


def _slogdet_rule(g: Any, x: Any, y: Any) -> Any:
    """d ln|det x| = Re tr(x⁻¹ dx), and of a complex sign s: ds = i s Im tr(x⁻¹ dx)."""
    slope = conjugate_transpose(inv(x))
    if x.dtype.kind != "c":
        return g[..., 1][..., None, None] * slope
    turn = np.real(np.conjugate(g[..., 0]) * y[..., 0] * 1j)
    return (np.real(g[..., 1]) + turn * 1j)[..., None, None] * slope


_slogdet_op = general("slogdet", _slogdet, _slogdet_rule, floats=True, holomorphic=False,
                      formula="[det x / |det x|, ln |det x|]", samples=_square,
                      reference=lambda x: np.stack(np.broadcast_arrays(*np.linalg.slogdet(x)), -1),
                      grad_fn="LinalgSlogdetBackward0",
                      doc="Sign and logarithm of the size of the determinant, side by side.")


class SignLogdet(NamedTuple):
    """What ``slogdet`` returns."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return returned("linalg_slogdet", self)


@recorded_as("LinalgSlogdetBackward0")
def slogdet(A: Array) -> SignLogdet:
    """``(sign, logabsdet)`` of the determinant, without overflow: det = sign · e^logabsdet.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.slogdet(tg.tensor([[0.0, 1.0], [1.0, 0.0]]))
    torch.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.))
    """
    both = _slogdet_op(A)
    return SignLogdet(both[..., 0], real(both[..., 1]))


def logdet(A: Array) -> Any:
    """The logarithm of the determinant: NaN where it is negative, complex of a complex matrix.

    >>> import tinygrad_bp as tg
    >>> tg.logdet(tg.eye(3))
    tensor(0.)
    """
    sign, size = slogdet(A)
    if sign.dtype.kind == "c":
        return size + log(sign)
    return size + where(sign < 0, np.nan, 0.0)
