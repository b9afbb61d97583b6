"""Cholesky decomposition, and the reading of one triangle as a Hermitian matrix."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant, general
from ..autograd.elsewhere import ARRAYS, boxed, moved
from ..autograd.flags import heard
from ..autograd.operands import rounds_once
from ..autograd.returned import returned
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import detached, held
from .complex_numbers import conjugate_transpose
from .products import product
from .samples import sample
from .solving import refuse_matrix, refuse_shape, solve_op, spoiled, triangle, usable

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve"]


def hermitian_part(x: Array) -> Any:
    """(x + xᴴ) / 2."""
    return (x + conjugate_transpose(x)) / 2


def _mirrored(x: Any, upper: bool) -> Any:
    kept = triangle(x, upper)
    inner = moved(np.eye(x.shape[-1], dtype=bool), x)
    return np.where(inner, np.real(kept), kept + conjugate_transpose(kept)) - x


_to_mirror = constant("to_mirror", lambda x, upper: _mirrored(x, upper), params={"upper": False},
                      samples=(sample((3, 3)), sample((2, 2, 2), upper=True), sample((0, 0))),
                      reference=lambda x, upper=False: np.where(np.tri(x.shape[-1], dtype=bool) != upper, 0, x.mT - x)
                      * ~np.eye(x.shape[-1], dtype=bool),
                      doc="What turns a matrix into the Hermitian one that has the same lower (or upper) triangle.")


def hermitian(name: str, A: Array, upper: bool) -> Any:
    """The Hermitian matrix of one triangle of A; the gradient passes to both, as PyTorch has it."""
    refuse_shape(name, A)
    return A + _to_mirror(A, upper)


# ---------------------------------------------------------------------- the factor


def diagonal_of(x: Array) -> Any:
    """The matrix with 0 off its diagonal."""
    return x * moved(np.eye(x.shape[-1], dtype=bool), x)


def _positive_definite(rng: Any, shape: tuple[int, ...]) -> Any:
    x = rng.standard_normal(shape)
    return x @ x.swapaxes(-1, -2) + np.eye(shape[-1])


def _complex_positive_definite(rng: Any, shape: tuple[int, ...]) -> Any:
    x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return x @ x.conj().swapaxes(-1, -2) + np.eye(shape[-1])


_positive = (sample((3, 3), of=_positive_definite), sample((2, 3, 3), of=_positive_definite),
             sample((1, 1), of=_positive_definite), sample((0, 0)),
             sample((0, 2, 2)),
             sample((3, 3), of=_complex_positive_definite))


def _cholesky(x: Any) -> Any:
    x = hermitian_part(x)
    if x.__class__ in ARRAYS and _indefinite(x).any():  # a device raises nothing
        raise refuse_matrix("cholesky", _indefinite(x), "not positive-definite")
    try:
        return heard(np.linalg.cholesky(x))
    except np.linalg.LinAlgError:
        raise refuse_matrix("cholesky", _indefinite(x), "not positive-definite") from None


def _indefinite(x: Any) -> Any:
    """Which matrices of a raw batch have no Cholesky factor."""
    if x.__class__ in ARRAYS:
        return boxed(~(np.linalg.eigvalsh(x) > 0).all(-1))
    fails = np.zeros(x.shape[:-2], bool)
    for place in np.ndindex(fails.shape):
        try:
            heard(np.linalg.cholesky(x[place]))
        except np.linalg.LinAlgError:
            fails[place] = True
    return fails


indefinite: Any = constant(
    "indefinite", _indefinite, samples=(sample((3, 3)), sample((2, 2, 2))), wide=True, promotes="x",
    reference=lambda x: ~np.all(np.linalg.eigvalsh(np.tril(x) + np.swapaxes(np.tril(x, -1), -1, -2)) > 0, axis=-1),
    doc="Which matrices have no Cholesky factor.")


def _cholesky_rule(g: Any, y: Any) -> Any:
    """Lᴴ⁻¹ Φ(Lᴴ g) L⁻¹, Φ: lower triangle, its diagonal halved. Source: Murray 2016, equation 10."""
    adjoint = conjugate_transpose(y)
    inside = product(adjoint, g)
    inside = triangle(inside, False) - diagonal_of(inside) / 2
    half = solve_op(adjoint, hermitian_part(inside))
    return solve_op(adjoint, conjugate_transpose(half))


_cholesky_op = general("cholesky", _cholesky, _cholesky_rule, floats=True, holomorphic=False, formula="L with x = L Lᴴ",
                       samples=_positive, reference=lambda x: np.linalg.cholesky((x + np.conjugate(x.mT)) / 2),
                       grad_fn="LinalgCholeskyExBackward0",
                       doc="Cholesky factor of a Hermitian positive-definite matrix.")


def cholesky(A: Array, upper: bool = False) -> Any:
    """The lower triangular L with ``A = L Lᴴ`` (``upper``: U with ``A = Uᴴ U``); one triangle of A is read.

    Raises ``LinAlgError`` where A is not positive-definite. Gradient: Murray 2016, *Differentiation of the Cholesky
    decomposition*.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    factor = _cholesky_op(hermitian("cholesky", A, upper))
    return conjugate_transpose(factor) if upper else factor


class CheckedFactor(NamedTuple):
    """What ``cholesky_ex`` returns."""

    L: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return returned("linalg_cholesky_ex", self)


@rounds_once
def cholesky_ex(A: Array, *, upper: bool = False, check_errors: bool = False) -> CheckedFactor:
    """``(L, info)``: NaN where a matrix is not positive-definite and ``info`` 1 there.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.cholesky_ex(tg.eye(2)).info
    tensor(0, dtype=torch.int32)
    """
    A = hermitian("cholesky_ex", A, upper)
    fails = indefinite(detached(A))
    if check_errors and held(fails).any():
        raise refuse_matrix("cholesky_ex", held(fails), "not positive-definite")
    safe, info = usable(A, fails)
    return CheckedFactor(spoiled(cholesky(safe, upper), fails[..., None]), info)


@rounds_once
def cholesky_solve(B: Array, L: Array, upper: bool = False) -> Any:
    """The X with ``A X = B`` for ``A = L Lᴴ`` (``Uᴴ U`` where ``upper``), by two triangular solutions.

    >>> import tinygrad_bp as tg
    >>> tg.cholesky_solve(tg.tensor([[4.0]]), tg.tensor([[2.0]]))
    tensor([[1.]])
    """
    kept = triangle(L, upper)
    lower = conjugate_transpose(kept) if upper else kept
    return solve_op(conjugate_transpose(lower), solve_op(lower, B))


@rounds_once
def cholesky_inverse(L: Array, upper: bool = False) -> Any:
    """The inverse of ``L Lᴴ`` (``Uᴴ U`` where ``upper``).

    >>> import tinygrad_bp as tg
    >>> tg.cholesky_inverse(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.2500, 0.0000],
            [0.0000, 0.0625]])
    """
    refuse_shape("cholesky_inverse", L)
    return cholesky_solve(moved(np.eye(L.shape[-1], dtype=L.dtype), L), L, upper)
