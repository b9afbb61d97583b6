"""Symmetric matrices as L D Lᵀ, D with blocks of size 1 and 2 on its diagonal, in LAPACK's packed form.

Source: Bunch and Kaufman 1977, *Some stable methods for calculating inertia and solving symmetric linear systems*.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant
from ..autograd.elsewhere import hosted, moved, on_cpu
from ..autograd.errors import LinAlgError, MatrixShapeError, ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.returned import returned
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import held, refuse_gradient
from .samples import sample
from .solving import solve_op

_ALPHA = (1 + math.sqrt(17)) / 8  # which keeps the growth of one step of size 2 to that of two of size 1


def _factored(matrix: Any, conjugated: bool) -> tuple[Any, Any, int]:
    lower, size, info = np.tril(matrix), len(matrix), 0
    A = lower + np.tril(lower, -1).T.conj() if conjugated else lower + np.tril(lower, -1).T
    if conjugated:
        np.fill_diagonal(A, A.diagonal().real)
    pivots = np.zeros(size, np.int32)
    k = 0
    while k < size:
        step, pivot = _pivot(np.absolute(A[k:, k:].real) + np.absolute(A[k:, k:].imag))  # as LAPACK measures
        if not step:
            info, step = info or k + 1, 1
            pivots[k] = k + 1
            k += 1
            continue
        last = k + step - 1
        places = np.arange(k, size)
        places[[last - k, pivot]] = places[[pivot, last - k]]
        A[k:, k:] = A[np.ix_(places, places)]
        pivots[k : k + step] = pivot + k + 1 if step == 1 else -(pivot + k + 1)
        below, block = A[k + step :, k : k + step].copy(), A[k : k + step, k : k + step]
        factors = np.linalg.solve(block.T, below.T).T
        A[k + step :, k + step :] -= factors @ (below.conj() if conjugated else below).T
        A[k + step :, k : k + step] = factors
        k += step
    return np.tril(A), pivots, info


def _pivot(sizes: Any) -> tuple[int, int]:
    """The size of the next block, and the row to bring to its end; 0 where nothing is left to divide by."""
    first = sizes[0, 0]
    if len(sizes) == 1:
        return int(first > 0), 0
    row = 1 + int(np.argmax(sizes[1:, 0]))
    column = sizes[row, 0]
    if max(first, column) == 0:
        return 0, 0
    most = np.delete(sizes[row], row).max()
    if first >= _ALPHA * column or first >= _ALPHA * column * (column / most):  # products would leave the range
        return 1, 0
    return (1, row) if sizes[row, row] >= _ALPHA * most else (2, row)


def _unpacked(packed: Any, pivots: Any, conjugated: bool) -> Any:
    """The matrix itself: the steps of the factorization undone, the last one first."""
    size, A, k = len(packed), np.zeros_like(packed), len(packed)
    while k > 0:
        step = 2 if pivots[k - 1] < 0 else 1
        k -= step
        block = packed[k : k + step, k : k + step].copy()
        if step == 2:
            block[0, 1] = block[1, 0].conj() if conjugated else block[1, 0]
        below = packed[k + step :, k : k + step]
        across = below.conj() if conjugated else below
        A[k : k + step, k : k + step] = block
        A[k + step :, k : k + step] = below @ block
        A[k : k + step, k + step :] = block @ across.T
        A[k + step :, k + step :] += below @ block @ across.T
        places = np.arange(size)
        last, pivot = k + step - 1, abs(pivots[k]) - 1
        places[[last, pivot]] = places[[pivot, last]]
        A[k:, k:] = A[np.ix_(places[k:], places[k:])]
    return A


def _ldl(A: Any, hermitian: bool, check: bool) -> Any:
    """The packed matrices, in one column more the rows that were swapped, and below these the step that failed."""
    array, size = hosted(A), A.shape[-1]
    result = np.zeros((*array.shape[:-2], size + 1, size + 1), array.dtype)
    for place in np.ndindex(array.shape[:-2]):
        packed, pivots, info = _factored(array[place], hermitian and array.dtype.kind == "c")
        if check and info:
            raise LinAlgError(f"ldl_factor: a matrix is singular: step {info} has nothing to divide by")
        result[(*place, slice(size), slice(size))] = packed
        result[(*place, slice(size), size)] = pivots
        result[(*place, size, size)] = info
    return moved(result, A)


def _matrices(LD: Any, pivots: Any, hermitian: bool) -> Any:
    packed, swaps = hosted(LD), hosted(pivots)
    result = np.empty_like(packed)
    for place in np.ndindex(packed.shape[:-2]):
        result[place] = _unpacked(packed[place], swaps[place], hermitian and packed.dtype.kind == "c")
    return moved(result, LD)


def _symmetric(rng: Any, shape: tuple[int, ...]) -> Any:
    x = rng.standard_normal(shape)
    return x + x.swapaxes(-1, -2)


def _hermitian(rng: Any, shape: tuple[int, ...]) -> Any:
    x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return x + x.conj().swapaxes(-1, -2)


def _block_pivots(rng: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to([-3, -3, 3], shape).copy()


ldl_op: Any = constant(
    "ldl_factor", _ldl, inputs="A", params={"hermitian": False, "check": False}, wide=True, promotes="A",
    samples=(sample((3, 3), of=_symmetric), sample((2, 4, 4), of=_symmetric), sample((0, 0)),
             sample((3, 3), of=_hermitian, hermitian=True)),
    reference=lambda A, hermitian=False, check=False: _ldl(A, hermitian, check),
    doc="Symmetric matrices as L D Lᵀ in LAPACK's packed form, beside it the swaps, below these a step that failed.")

ldl_matrix: Any = constant(
    "ldl_matrix", _matrices, inputs="LD pivots", params={"hermitian": False}, wide=True, promotes="LD",
    samples=(sample((3, 3), (3,), of=(_symmetric, _block_pivots)),
             sample((2, 3, 3), (2, 3), of=(_hermitian, _block_pivots), hermitian=True)),
    reference=lambda LD, pivots, hermitian=False: _matrices(LD, pivots, hermitian),
    doc="The symmetric matrices that were packed as L D Lᵀ.")


class LDLFactor(NamedTuple):
    """L below the diagonal, the blocks of D on it; and which rows were swapped, both negative for a block of 2."""

    LD: Tensor
    pivots: Tensor

    def __repr__(self) -> str:
        return returned("linalg_ldl_factor", self)


class CheckedLDLFactor(NamedTuple):
    """As ``LDLFactor``, and the step at which D has a 0, counted from 1; 0 where there is none."""

    LD: Tensor
    pivots: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return returned("linalg_ldl_factor_ex", self)


@rounds_once
@in_floats("A")
def ldl_factor_ex(A: Array, *, hermitian: bool = False, check_errors: bool = False) -> CheckedLDLFactor:
    """``(LD, pivots, info)`` of symmetric (or Hermitian) matrices, of which the lower triangle is read.

    No gradient passes: ``NoRuleError`` where A requires grad. With ``check_errors`` ``LinAlgError`` for a singular one.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.ldl_factor_ex(tg.eye(2)).pivots
    tensor([1, 2], dtype=torch.int32)
    """
    refuse_gradient(A, "ldl_factor: A", "tg.linalg.solve(A, B)")
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise MatrixShapeError(f"ldl_factor: needs square matrices, got {shape_text(A.shape)}")
    on_cpu(held(A), "ldl_factor")
    size = A.shape[-1]
    both = ldl_op(A, hermitian, check_errors)
    pivots = np.real(both[..., :size, size]).astype(np.int32)
    return CheckedLDLFactor(both[..., :size, :size], pivots, np.real(both[..., size, size]).astype(np.int32))


def ldl_factor(A: Array, *, hermitian: bool = False) -> LDLFactor:
    """``(LD, pivots)`` of symmetric (or Hermitian) matrices, which ``ldl_solve`` takes. Raises for a singular one.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.ldl_factor(tg.tensor([[4.0, 2.0], [2.0, 3.0]])).LD
    tensor([[4.0000, 0.0000],
            [0.5000, 2.0000]])
    """
    return LDLFactor(*ldl_factor_ex(A, hermitian=hermitian, check_errors=True)[:2])


@rounds_once
@in_floats("LD B")
def ldl_solve(LD: Array, pivots: Array, B: Array, *, hermitian: bool = False) -> Any:
    """The X of ``A X = B`` for what ``ldl_factor`` made of A; B is (…, n, columns), and has a gradient.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.ldl_solve(*tg.linalg.ldl_factor(tg.tensor([[4.0, 2.0], [2.0, 3.0]])), tg.tensor([[6.0], [5.0]]))
    tensor([[1.],
            [1.]])
    """
    refuse_gradient(LD, "ldl_solve: LD")
    refuse_gradient(pivots, "ldl_solve: pivots")
    if LD.shape[:-1] != pivots.shape or B.ndim < 2 or B.shape[-2] != LD.shape[-1]:
        raise ShapeError(
            f"ldl_solve: LD {shape_text(LD.shape)}, pivots {shape_text(pivots.shape)} and B {shape_text(B.shape)} "
            "do not fit: they are (…, n, n), (…, n) and (…, n, columns)"
        )
    on_cpu(held(LD), "ldl_solve")
    return solve_op(ldl_matrix(LD, pivots, hermitian), B)
