"""QR decomposition, and products of Householder reflections."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant, general
from ..autograd.elsewhere import hosted, moved
from ..autograd.errors import ArgumentError, LinAlgError, ShapeError, shape_text
from ..autograd.function import Function
from ..autograd.operands import in_floats, rounds_once
from ..autograd.returned import returned
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Array
from ..autograd.values import value_of
from .cholesky import diagonal_of
from .complex_numbers import conjugate_transpose
from .elementwise import where
from .joining import cat
from .products import product
from .samples import sample
from .solving import refuse_shape, solve_op, triangle

__all__ = ["ormqr"]


def _qr(x: Any) -> Any:
    q, r = np.linalg.qr(x)
    return np.concatenate([q, r.mT], -2)


def _qr_rule(g: Any, y: Any) -> Any:
    """(gQ + Q sym(triu(gR Rᴴ − Qᴴ gQ))) R⁻ᴴ. Source: Walter and Lehmann 2010, *Algorithmic differentiation of QR*."""
    n = y.shape[-1]
    rows = y.shape[-2] - n
    q, r, gq = y[..., :rows, :], y[..., rows:, :].mT, g[..., :rows, :]
    outer, inner = product(g[..., rows:, :].mT, conjugate_transpose(r)), product(conjugate_transpose(q), gq)
    inside = triangle(outer - inner, True)
    inside = inside - diagonal_of(inside) / 2
    whole = gq + product(q, inside + conjugate_transpose(inside))
    return conjugate_transpose(solve_op(r, conjugate_transpose(whole)))


def _complex_columns(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape) + 2 * np.eye(shape[-2], shape[-1])


def _columns(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape) + 2 * np.eye(shape[-2], shape[-1])


_qr_op = general("qr", _qr, _qr_rule, floats=True, holomorphic=False, formula="[Q, Rᵀ] with x = Q R",
                 samples=(sample((4, 3), of=_columns), sample((3, 3), of=_columns), sample((2, 3, 2), of=_columns),
                          sample((3, 0)), sample((4, 3), of=_complex_columns)),
                 reference=_qr, grad_fn="LinalgQrBackward0",
                 doc="Orthonormal columns and a triangle, of a matrix no wider than high, in one array.")


def _reflections(x: Any) -> Any:
    raw, factors = np.linalg.qr(hosted(x), mode="raw")
    result = np.zeros((*x.shape[:-2], x.shape[-2] + 1, x.shape[-1]), raw.dtype)
    result[..., :-1, :] = np.swapaxes(raw, -1, -2)
    result[..., -1, : factors.shape[-1]] = factors
    return moved(result, x)


reflections: Any = constant(
    "geqrf", _reflections, wide=True, promotes="x",
    samples=(sample((4, 3), of=_columns), sample((2, 2, 3), of=_columns), sample((3, 3), of=_complex_columns)),
    reference=_reflections,
    doc="R on and above the diagonal, the Householder reflections of Q below it, and their factors in a row more.")


class QR(NamedTuple):
    """What ``qr`` returns."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return returned("linalg_qr", self)


class Complement(Function):
    """Columns that complete an orthonormal basis: no decomposition determines them, so no gradient can pass."""

    @staticmethod
    def forward(ctx: Any, A: Array, columns: Any) -> Any:
        """The columns, recorded as made of A."""
        ctx.save_for_backward(A)
        return columns

    @staticmethod
    def backward(ctx: Any, g: Array) -> Any:
        """Nothing where nothing arrives; else ``LinAlgError``."""
        if np.any(value_of(g)):
            raise LinAlgError("the loss depends on columns beyond the reduced decomposition, which A does not "
                              "determine: use mode='reduced' (qr) or full_matrices=False (svd)")
        return np.zeros_like(ctx.saved_tensors[0]), None


def completed(A: Array, thin: Any, full: Any) -> Any:
    """The recorded thin basis with the other columns of the raw full one."""
    rest = full[..., thin.shape[-1]:]
    return cat([thin, Complement.apply(A, wrap(rest, None)) if isinstance(A, Tensor) else rest], -1)


@recorded_as("LinalgQrBackward0")
@in_floats("A")
def qr(A: Array, mode: str = "reduced") -> QR:
    """``A = Q R`` with orthonormal columns Q and upper triangular R; ``mode`` is reduced, complete or r (Q empty).

    The columns that "complete" adds to a high matrix pass no gradient: ``LinAlgError`` at backward where they count.

    >>> import tinygrad_bp as tg
    >>> abs(tg.linalg.qr(tg.tensor([[3.0], [4.0]])).R)
    tensor([[5.]])
    """
    refuse_shape("qr", A, square=False)
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"qr: mode is 'reduced', 'complete' or 'r', got {mode!r}")
    rows, columns = A.shape[-2:]
    if rows < columns:  # the first columns alone decide Q
        Q, R = qr(A[..., :rows])
        R = cat([R, product(conjugate_transpose(Q), A[..., rows:])], -1)
    else:
        both = _qr_op(A)
        Q, R = both[..., :rows, :], both[..., rows:, :].mT
    if mode == "complete" and rows > columns:
        Q = completed(A, Q, np.linalg.qr(value_of(A), mode="complete")[0])
        R = cat([R, np.zeros((*A.shape[:-2], rows - columns, columns), A.dtype)], -2)
    return QR(Q[:0] if mode == "r" and A.ndim == 2 else Q[..., :0, :0] if mode == "r" else Q, R)


# ---------------------------------------------------------------------- products of Householder reflections


@rounds_once
@in_floats("A tau")
def householder_product(A: Array, tau: Array) -> Any:
    """The first columns of H₁ H₂ … with ``Hᵢ = 1 − tau[i] vᵢ vᵢᴴ``; vᵢ is column i of A below a 1 on its diagonal.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.householder_product(tg.zeros(2, 1), tg.tensor([2.0]))
    tensor([[-1.],
            [ 0.]])
    """
    rows, columns = A.shape[-2:]
    if rows < columns or tau.shape[-1] > columns:
        raise ShapeError(f"householder_product: A {shape_text(A.shape)} must not be wider than high, and tau "
                         f"{shape_text(tau.shape)} has at most as many numbers as A columns")
    nowhere, eye = moved(np.zeros(A.shape, bool), A), moved(np.eye(rows, columns, dtype=A.dtype), A)
    start = where(nowhere, A, np.broadcast_to(eye, A.shape))
    return _reflected(A, tau, start, range(tau.shape[-1])[::-1])


def _reflected(A: Any, tau: Any, x: Any, order: Any) -> Any:
    """H x for the reflections in this order."""
    rows, columns = A.shape[-2:]
    eye = np.broadcast_to(moved(np.eye(rows, columns, dtype=A.dtype), A), A.shape)
    below = where(moved(np.tri(rows, columns, -1, dtype=bool), A), A, eye)
    for i in order:
        v = below[..., :, i:i + 1]
        x = x - tau[..., i:i + 1][..., None] * product(v, product(conjugate_transpose(v), x))
    return x


@rounds_once
@in_floats("A tau other")
def ormqr(A: Array, tau: Array, other: Array, left: bool = True, transpose: bool = False) -> Any:
    """Q times ``other`` (``other`` times Q where not ``left``; Qᴴ with ``transpose``), Q the reflections in A, tau.

    >>> import tinygrad_bp as tg
    >>> a, tau = tg.tensor([[1.0], [0.0]]), tg.tensor([0.0])
    >>> tg.ormqr(a, tau, tg.ones(2, 1))
    tensor([[1.],
            [1.]])
    """
    if not left:
        return conjugate_transpose(ormqr(A, tau, conjugate_transpose(other), transpose=not transpose))
    steps = range(tau.shape[-1])
    if transpose:
        tau, order = np.conjugate(tau), steps
    else:
        order = steps[::-1]
    return _reflected(A, tau, other, order)
