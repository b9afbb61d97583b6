"""PyTorch's older names of linear algebra, beside ``tg.linalg``: the same decompositions with other arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd.errors import ShapeError, shape_text
from ..autograd.operands import rounds_once
from ..autograd.types import Array, Axis, DTypeLike
from ..ops import lu as factors
from ..ops import norms, products, singular_values
from ..ops import qr as orthogonal
from ..ops.complex_numbers import conjugate_transpose
from ..ops.elementwise import clone
from ..ops.shape import takes_axis
from ..ops.solving import inv, solve_op, triangle

__all__ = ["chain_matmul", "cross", "inverse", "lu", "lu_solve", "norm", "pinverse", "qr", "svd", "triangular_solve"]

inverse: Callable[..., Any] = inv


class TriangularSolution(NamedTuple):
    """What ``triangular_solve`` returns."""

    solution: Any
    cloned_coefficient: Any


def triangular_solve(
    b: Array, A: Array, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """PyTorch's older order of arguments: ``(solution, A)`` of ``A X = b``, or of ``Aᵀ X = b`` with ``transpose``."""
    kept = triangle(A, upper, unitriangular)
    return TriangularSolution(solve_op(kept.mT if transpose else kept, b), A)


def qr(A: Array, some: bool = True) -> orthogonal.QR:
    """PyTorch's older name: ``mode="reduced"`` where ``some``, else ``"complete"``."""
    return orthogonal.qr(A, "reduced" if some else "complete")


class UnconjugatedSVD(NamedTuple):
    """What ``tg.svd`` returns."""

    U: Any
    S: Any
    V: Any


def svd(A: Array, some: bool = True, compute_uv: bool = True) -> UnconjugatedSVD:
    """PyTorch's older name: ``(U, S, V)`` with V instead of Vh; zeros for U and V without ``compute_uv``."""
    U, S, Vh = singular_values.svd(A, full_matrices=not some)
    if not compute_uv:
        return UnconjugatedSVD(np.zeros_like(U), S, np.zeros_like(Vh.mT))
    return UnconjugatedSVD(U, S, conjugate_transpose(Vh))


def pinverse(A: Array, rcond: float = 1e-15) -> Any:
    """PyTorch's older name of ``pinv``."""
    return singular_values.pinv(A, rtol=rcond)


@rounds_once
def lu(A: Array, pivot: bool = True, get_infos: bool = False) -> tuple[Any, ...]:
    """PyTorch's older name: ``(LU, pivots)``, and ``info`` with ``get_infos``."""
    found = factors.lu_factor_ex(A, pivot=pivot)
    return tuple(found) if get_infos else (found.LU, found.pivots)


@rounds_once
def lu_solve(b: Array, LU_data: Array, LU_pivots: Array) -> Any:
    """PyTorch's older order of the arguments of ``linalg.lu_solve``."""
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
    """Vector products along ``dim``, by default the first dimension of size 3."""
    if dim is None:
        three = [i for i, size in enumerate(input.shape) if size == 3]
        if not three:
            raise ShapeError(f"cross: no dimension of {shape_text(input.shape)} has size 3")
        dim = three[0]
    return products.cross(input, other, dim=dim)


def chain_matmul(*matrices: Any) -> Any:
    """``multi_dot`` of matrices given one by one; of one alone a copy."""
    return clone(matrices[0]) if len(matrices) == 1 else products.multi_dot(matrices)
