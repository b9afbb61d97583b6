"""Eigenvalues and eigenvectors, one op each: values and vectors in one array, so that one rule sees both gradients.

Gradients of vectors need distinct values. The phase of a complex vector, which no decomposition fixes, is chosen so
that its largest component is real: every loss has a gradient then, not only those that the phase does not change.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import general
from ..autograd.elsewhere import moved
from ..autograd.errors import ArgumentError
from ..autograd.returned import returned
from ..autograd.steps import recorded_as
from ..autograd.tensor import Tensor
from ..autograd.types import Array, Operand, Raw
from .cholesky import diagonal_of, hermitian, hermitian_part
from .complex_numbers import conjugate_transpose, real
from .diagonals import diag_embed
from .elementwise import cast
from .products import product
from .samples import sample
from .solving import attempt, refuse_shape, solve_op

__all__ = ["eig", "eigh", "eigvals", "eigvalsh"]


def share(part: Any, gap: Any) -> Any:
    """``part / gap``, and 0 where both are 0: a gradient that does not arrive leaves through no gap."""
    return part / np.where((gap == 0) & (part == 0), np.ones_like(gap), gap)


def gaps(values: Any, power: int) -> Any:
    """``values[j] − values[i]``, or the difference of their squares; ones on the diagonal."""
    one, two = values[..., None, :], values[..., :, None]
    gap = one - two if power == 1 else (one - two) * (one + two)
    return gap + moved(np.eye(values.shape[-1], dtype=bool), values)


def off_diagonal(x: Array) -> Any:
    """The matrix with 0 on its diagonal."""
    return x * moved(~np.eye(x.shape[-1], dtype=bool), x)


def phases(vectors: Raw) -> Any:
    """The numbers of size 1 that make the largest component of each complex column real."""
    top = np.take_along_axis(vectors, np.expand_dims(np.abs(vectors).argmax(-2), -2), -2)
    return np.conjugate(top) / np.abs(top)


def in_our_phase(vectors: Raw) -> Any:
    """The columns with the phase of our choice; real ones as they are."""
    if vectors.dtype.kind != "c" or not vectors.size:
        return vectors
    largest = moved(np.arange(vectors.shape[-2])[:, None], vectors) == np.abs(vectors).argmax(-2)[..., None, :]
    result = vectors * phases(vectors)
    return np.where(largest, result.real, result)


def without_phase(g: Array, vectors: Array, along: Any) -> Any:
    """The gradient of complex columns in which turning one by iθ has no part: θ follows from its largest component.

    ``along`` holds vᴴ g of each column v; with dv = dw + iθ v and Im dv[k] = 0 at the largest component k,
    θ = −Im dw[k] / v[k], and dw receives g − i Im(vᴴ g) / v[k] there.
    """
    if vectors.dtype.kind != "c" or 0 in vectors.shape:
        return g
    size = np.where(np.imag(vectors) == 0, np.abs(vectors), -np.ones_like(np.abs(vectors)))
    largest = moved(np.arange(vectors.shape[-2])[:, None], vectors) == np.argmax(size, axis=-2)[..., None, :]
    top = np.where(largest, np.real(vectors), np.ones_like(size))
    return g - np.where(largest, np.imag(along)[..., None, :] / top, np.zeros_like(size)) * 1j


def columnwise(a: Operand, b: Operand) -> Any:
    """aᴴ b of each pair of columns."""
    return np.sum(np.conjugate(a) * b, axis=-2)


# ---------------------------------------------------------------------- Hermitian and general matrices


def _symmetric(rng: Any, shape: tuple[int, ...]) -> Any:
    x = rng.standard_normal(shape)
    return (x + x.swapaxes(-1, -2)) / 2 + np.diag(3.0 * np.arange(shape[-1]))


def _complex_symmetric(rng: Any, shape: tuple[int, ...]) -> Any:
    return _symmetric(rng, shape) + 1j * np.tril(rng.standard_normal(shape), -1)


def _eigh(x: Any) -> Any:
    values, vectors = attempt("eigh", np.linalg.eigh, hermitian_part(x))
    vectors = in_our_phase(vectors)
    return np.concatenate([values[..., None, :].astype(vectors.dtype), vectors], -2)


def _eigh_rule(g: Any, y: Any) -> Any:
    """V (diag gw + (Vᴴ gV) / (wⱼ − wᵢ)) Vᴴ, its Hermitian part. Source: Giles 2008, section 3.1."""
    values, vectors = np.real(y[..., 0, :]), y[..., 1:, :]
    gv = without_phase(g[..., 1:, :], vectors, columnwise(vectors, g[..., 1:, :]))
    inner = product(conjugate_transpose(vectors), gv)
    skew = (inner - conjugate_transpose(inner)) / 2
    inside = share(off_diagonal(skew), gaps(values, 1)) + diag_embed(np.real(g[..., 0, :]))
    return product(product(vectors, inside), conjugate_transpose(vectors))


_eigh_op = general("eigh", _eigh, _eigh_rule, floats=True, holomorphic=False, formula="[w, V] with x = V diag(w) Vᴴ",
                   samples=(sample((3, 3), of=_symmetric), sample((2, 3, 3), of=_symmetric),
                            sample((1, 1), of=_symmetric), sample((0, 0)),
                            sample((3, 3), of=_complex_symmetric)),
                   reference=_eigh, grad_fn="LinalgEighBackward0",
                   doc="Eigenvalues and eigenvectors of a Hermitian matrix, in one array.")


class Eigen(NamedTuple):
    """What ``eigh`` and ``eig`` return: values (..., n) and vectors, the columns of (..., n, n)."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def __repr__(self) -> str:
        return returned("linalg_eig" if self.eigenvalues.dtype.kind == "c" else "linalg_eigh", self)


@recorded_as("LinalgEighBackward0")
def eigh(A: Array, UPLO: str = "L") -> Eigen:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix; only its triangle ``UPLO`` is read.

    Complex vectors have a real largest component. The gradient of the vectors needs distinct values.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.eigh(tg.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    if UPLO.upper() not in ("L", "U"):
        raise ArgumentError(f"eigh: UPLO is 'L' or 'U', got {UPLO!r}")
    both = _eigh_op(hermitian("eigh", A, UPLO.upper() == "U"))
    return Eigen(real(both[..., 0, :]), both[..., 1:, :])


@recorded_as("LinalgEighBackward0")
def eigvalsh(A: Array, UPLO: str = "L") -> Any:
    """The eigenvalues of a Hermitian matrix, ascending.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.eigvalsh(tg.tensor([[2.0, 1.0], [1.0, 2.0]]))
    tensor([1., 3.])
    """
    return eigh(A, UPLO).eigenvalues


def _eig(x: Any) -> Any:
    # A real matrix by the algorithm for real ones: pairs of conjugate values in its order.
    plain = not x.imag.any()
    values, vectors = attempt("eig", np.linalg.eig, x.real if plain else x)
    if plain and not values.imag.any():  # NumPy before 2.5 leaves out the imaginary parts where all of them are 0
        vectors = vectors.real
    return np.concatenate([values[..., None, :], in_our_phase(vectors)], -2).astype(x.dtype)


def _eig_rule(g: Any, y: Any) -> Any:
    """V⁻ᴴ (diag gw + (Vᴴ gV − Vᴴ V Re diag(Vᴴ gV)) / conj(wⱼ − wᵢ)) Vᴴ: columns of length 1.

    Source: Boeddeker et al. 2017, *On the computation of complex-valued gradients*, equation 4.77.
    """
    values, vectors = y[..., 0, :], y[..., 1:, :]
    adjoint = conjugate_transpose(vectors)
    gv = without_phase(g[..., 1:, :], vectors, columnwise(vectors, g[..., 1:, :]))
    inner = product(adjoint, gv)
    inner = inner - product(product(adjoint, vectors), diagonal_of(np.real(inner)))
    inside = share(off_diagonal(inner), np.conjugate(gaps(values, 1))) + diag_embed(g[..., 0, :])
    return solve_op(adjoint, product(inside, adjoint))


def _rotating(rng: Any, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape) + np.diag(3.0 * np.arange(shape[-1]))


_eig_op = general("eig", _eig, _eig_rule, holomorphic=False, formula="[w, V] with x V = V diag(w)",
                  samples=(sample((1, 1), of=_rotating), sample((0, 0), of=_rotating), sample((2, 3, 3), of=_rotating)),
                  reference=_eig, grad_fn="LinalgEigBackward0",
                  doc="Eigenvalues and eigenvectors of a complex matrix, in one array.")


def eig(A: Array) -> Eigen:
    """Eigenvalues and eigenvectors (columns of length 1) of a square matrix; complex, also of a real one.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.eig(tg.tensor([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    refuse_shape("eig", A)
    both = _eig_op(A if A.dtype.kind == "c" else cast(A, np.result_type(A.dtype, np.complex64)))
    return Eigen(both[..., 0, :], both[..., 1:, :])


def eigvals(A: Array) -> Any:
    """The eigenvalues of a square matrix, complex.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.eigvals(tg.tensor([[2.0, 0.0], [0.0, 3.0]])).real
    tensor([2., 3.])
    """
    return eig(A).eigenvalues
