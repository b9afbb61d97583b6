"""LU decomposition with partial pivoting: ``A = P L U``. NumPy has none, so the elimination is written here."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..autograd.define import constant, general
from ..autograd.elsewhere import copied, moved, zeros
from ..autograd.errors import LinAlgError
from ..autograd.op import REQUIRED
from ..autograd.operands import rounds_once
from ..autograd.returned import returned
from ..autograd.tensor import Tensor
from ..autograd.types import Array
from ..autograd.values import beside, detached, held
from .complex_numbers import conjugate_transpose
from .products import product
from .samples import sample
from .solving import (
    complex_matrices,
    refuse_matrix,
    refuse_shape,
    solve_op,
    triangle,
    well_conditioned,
)

__all__ = ["lu_unpack"]


def _lu(x: Any, pivot: bool) -> Any:
    """Gaussian elimination, all matrices of the batch at once: L below the diagonal, U above, and the order of rows."""
    rows, columns = x.shape[-2:]
    a = copied(x).reshape(math.prod(x.shape[:-2]), rows, columns)
    order = moved(np.tile(np.arange(rows), (len(a), 1)), x)
    every = moved(np.arange(len(a)), x)
    for j in range(min(rows, columns)):
        if pivot:
            size = np.abs(a[:, j:, j].real) + np.abs(a[:, j:, j].imag)  # LAPACK's measure of a complex pivot
            found = j + size.argmax(1)
            for array in (a, order):
                array[every, found], array[:, j] = array[:, j].copy(), array[every, found]
        top = a[:, j, j]
        if not pivot and not top.all():
            raise refuse_matrix("lu", (top == 0).reshape(x.shape[:-2]), f"without an LU decomposition: pivot {j} is 0; "
                                "write pivot=True")
        a[:, j + 1:, j] /= np.where(top == 0, 1, top)[:, None]
        a[:, j + 1:, j + 1:] -= a[:, j + 1:, j, None] * a[:, j, None, j + 1:]
    both = np.concatenate([a, order[..., None].astype(a.dtype)], -1)
    return both.reshape(*x.shape[:-2], rows, columns + 1)


def _strict(x: Any) -> Any:
    """What is below the diagonal."""
    return np.where(moved(np.tri(x.shape[-2], x.shape[-1], -1, dtype=bool), x), x, np.zeros_like(x))


def _rule(g: Any, x_shape: tuple[int, ...], y: Any) -> Any:
    """Pᵀ L⁻ᵀ [strict(Lᵀ gL) + triu(gU Uᵀ)] U⁻ᵀ; of a higher or wider matrix the rest follows from L and U.

    The differential of ``A = L U`` is dA = dL U + L dU, so L⁻¹ dA U⁻¹ = L⁻¹ dL + dU U⁻¹ falls apart into a strictly
    lower and an upper triangle.
    """
    rows, columns = x_shape[-2:]
    k = min(rows, columns)
    lower, upper = triangle(y[..., :k, :k], False, unit=True), triangle(y[..., :k, :k], True)
    g_lower, g_upper = _strict(g[..., :k, :k]), triangle(g[..., :k, :k], True)
    if rows > k:
        g_below = solve_op(upper, g[..., k:, :columns].mT).mT
        g_upper = g_upper - triangle(product(y[..., k:, :columns].mT, g_below), True)
    if columns > k:
        g_right = solve_op(lower.mT, g[..., :, k:columns])
        g_lower = g_lower - _strict(product(g_right, y[..., :, k:columns].mT))
    inside = _strict(product(lower.mT, g_lower)) + triangle(product(g_upper, upper.mT), True)
    whole = solve_op(upper, solve_op(lower.mT, inside).mT).mT
    if rows > k:
        whole = np.concatenate([whole, g_below], -2)
    if columns > k:
        whole = np.concatenate([whole, g_right], -1)
    order = y[..., columns:]
    swapped = np.where(order == moved(np.arange(rows), order), np.ones_like(order), np.zeros_like(order))
    return product(swapped.mT, whole)


_lu_op = general("lu", _lu, _rule, params={"pivot": True}, floats=True,
                 formula="[L − 1 + U, order] with x[order] = L U",
                 samples=(sample((3, 3), of=well_conditioned), sample((2, 3, 3), of=well_conditioned),
                          sample((4, 2)), sample((2, 4)),
                          sample((3, 3), of=complex_matrices), sample((0, 0)),
                          sample((3, 3), of=well_conditioned, pivot=False)),
                 reference=lambda x, pivot=True: _lu(x, pivot),
                 grad_fn="LinalgLuBackward0",
                 doc="LU decomposition of a matrix, and the order of its rows as the last column.")

# ---------------------------------------------------------------------- pivots as LAPACK writes them


def _swaps(order: Any, count: int) -> Any:
    """The row that each step exchanged with its own, counted from 1."""
    now = np.broadcast_to(moved(np.arange(order.shape[-1]), order), order.shape).copy()
    steps = zeros((*order.shape[:-1], count), np.int32, order)
    for j in range(count):
        place = (now == order[..., j, None]).argmax(-1)[..., None]
        mine = now[..., j, None].copy()
        now[..., j, None] = np.take_along_axis(now, place, -1)
        np.put_along_axis(now, place, mine, -1)
        steps[..., j] = place[..., 0] + 1
    return steps


def _orders(rng: Any, shape: tuple[int, ...]) -> Any:
    return np.argsort(rng.random(shape), axis=-1)


def _steps(rng: Any, shape: tuple[int, ...]) -> Any:
    found = np.zeros(shape, np.int64)
    for j in range(shape[-1]):
        found[..., j] = rng.integers(j, shape[-1], shape[:-1]) + 1
    return found


def _rows_reference(rows: Any, find: Any) -> Any:
    """What ``find`` makes of each row."""
    found = [find(row) for row in rows.reshape(-1, rows.shape[-1])] if rows.size else np.zeros(rows.shape)
    return np.array(found, np.int64).reshape(*rows.shape[:-1], -1 if rows.size else 0)


def _swaps_reference(order: Any, count: int) -> list[int]:
    now, steps = list(range(len(order))), []
    for j in range(count):
        place = now.index(order[j])
        now[j], now[place] = now[place], now[j]
        steps.append(place + 1)
    return steps


def _order_reference(pivots: Any, rows: int) -> list[int]:
    order = list(range(rows))
    for j, pivot in enumerate(pivots):
        order[j], order[pivot - 1] = order[pivot - 1], order[j]
    return order


def _order(pivots: Any, rows: int) -> Any:
    """The order of rows after all exchanges."""
    order = np.broadcast_to(moved(np.arange(rows, dtype=np.int64), pivots), (*pivots.shape[:-1], rows)).copy()
    for j in range(pivots.shape[-1]):
        place = pivots[..., j, None].astype(np.int64) - 1
        mine = order[..., j, None].copy()
        order[..., j, None] = np.take_along_axis(order, place, -1)
        np.put_along_axis(order, place, mine, -1)
    return order


lu_swaps: Any = constant(
    "lu_swaps", _swaps, inputs="order", params={"count": REQUIRED},
    samples=(sample((4,), of=_orders, count=4), sample((2, 3), of=_orders, count=2), sample((0,), of=_orders, count=0)),
    reference=lambda order, count: _rows_reference(order, lambda row: _swaps_reference(row, count)).astype(np.int32),
    doc="The row that each of count steps exchanges with its own, counted from 1, to bring rows into an order.")

lu_order: Any = constant(
    "lu_order", _order, inputs="pivots", params={"rows": REQUIRED},
    samples=(sample((3,), of=_steps, rows=3), sample((2, 2), of=_steps, rows=4), sample((0,), of=_steps, rows=0)),
    reference=lambda pivots, rows: _rows_reference(pivots, lambda row: _order_reference(row, rows)),
    doc="The order of rows after each step exchanged its own with that of pivots, counted from 1.")


def _permutation(order: Any, dtype: Any) -> Any:
    """The matrix P with ``A = P L U``."""
    return (moved(np.arange(order.shape[-1])[:, None], order) == order[..., None, :]).astype(dtype)


def _factored(A: Any, pivot: bool) -> tuple[Any, Any]:
    """L and U in one matrix, and the order of rows."""
    refuse_shape("lu", A, square=False)
    both = _lu_op(A, pivot)
    return both[..., : A.shape[-1]], np.real(detached(both)[..., A.shape[-1]]).astype(np.int64)


# ---------------------------------------------------------------------- PyTorch's functions


class LUFactor(NamedTuple):
    """What ``lu_factor`` returns."""

    LU: Tensor
    pivots: Tensor

    def __repr__(self) -> str:
        return returned("linalg_lu_factor", self)


class CheckedLUFactor(NamedTuple):
    """What ``lu_factor_ex`` returns."""

    LU: Tensor
    pivots: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return returned("linalg_lu_factor_ex", self)


class PLU(NamedTuple):
    """What ``lu`` returns."""

    P: Tensor
    L: Tensor
    U: Tensor

    def __repr__(self) -> str:
        return returned("linalg_lu", self)


class UnpackedLU(NamedTuple):
    """What ``lu_unpack`` returns."""

    P: Tensor
    L: Tensor
    U: Tensor

    def __repr__(self) -> str:
        return returned("lu_unpack", self)


@rounds_once
def lu_factor_ex(A: Array, *, pivot: bool = True, check_errors: bool = False) -> CheckedLUFactor:
    """``(LU, pivots, info)``: ``lu_factor``, with the number of the first pivot that is 0, or 0, in ``info``.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.lu_factor_ex(tg.tensor([[1.0, 2.0], [4.0, 3.0]])).info
    tensor(0, dtype=torch.int32)
    """
    LU, order = _factored(A, pivot)
    k = min(A.shape[-2:])
    zero = np.diagonal(detached(LU), axis1=-2, axis2=-1) == 0
    found: Any = np.where(np.any(zero, -1), np.argmax(zero, -1) + 1, 0) if k else beside(A, np.zeros(A.shape[:-2]))
    info = found.astype(np.int32)
    if check_errors and (wrong := held(info) > 0).any():
        raise refuse_matrix("lu_factor_ex", wrong, "singular: a pivot is 0")
    return CheckedLUFactor(LU, lu_swaps(order, k), info)


@rounds_once
def lu_factor(A: Array, *, pivot: bool = True) -> LUFactor:
    """L and U of ``A = P L U`` in one matrix, and the row that each step exchanged with its own (int32, from 1).

    >>> import tinygrad_bp as tg
    >>> tg.linalg.lu_factor(tg.tensor([[1.0, 2.0], [2.0, 2.0]]))
    torch.return_types.linalg_lu_factor(
    LU=tensor([[2.0000, 2.0000],
            [0.5000, 1.0000]]),
    pivots=tensor([2, 2], dtype=torch.int32))
    """
    return LUFactor(*lu_factor_ex(A, pivot=pivot)[:2])


def lu_unpack(LU_data: Array, LU_pivots: Array, unpack_data: bool = True, unpack_pivots: bool = True) -> UnpackedLU:
    """P, L and U from what ``lu_factor`` returned; parts that are not wanted are empty.

    >>> import tinygrad_bp as tg
    >>> LU, pivots = tg.linalg.lu_factor(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    >>> P, L, U = tg.lu_unpack(LU, pivots)
    >>> U
    tensor([[2., 0.],
            [0., 4.]])
    """
    empty = beside(LU_data, np.zeros(0, LU_data.dtype))
    P = empty
    if unpack_pivots:
        P = _permutation(lu_order(detached(LU_pivots), LU_data.shape[-2]), LU_data.dtype)
    return UnpackedLU(P, *(_triangles(LU_data) if unpack_data else (empty, empty)))


def _triangles(LU: Any) -> tuple[Any, Any]:
    k = min(LU.shape[-2:])
    return triangle(LU[..., :k], False, unit=True), triangle(LU[..., :k, :], True)


@rounds_once
def lu(A: Array, *, pivot: bool = True) -> PLU:
    """``A = P L U``: a permutation, a lower triangle with ones on its diagonal, an upper triangle.

    >>> import tinygrad_bp as tg
    >>> P, L, U = tg.linalg.lu(tg.tensor([[1.0, 2.0], [2.0, 2.0]]))
    >>> P @ L @ U
    tensor([[1., 2.],
            [2., 2.]])
    """
    LU, order = _factored(A, pivot)
    P = _permutation(order, LU.dtype) if pivot else beside(A, np.zeros(0, LU.dtype))
    return PLU(P, *_triangles(LU))


@rounds_once
def lu_solve(LU: Array, pivots: Array, B: Array, *, left: bool = True, adjoint: bool = False) -> Any:
    """The X with ``A X = B`` (``X A = B`` where not ``left``; with ``adjoint`` of Aᴴ), A as ``lu_factor`` left it.

    >>> import tinygrad_bp as tg
    >>> tg.linalg.lu_solve(*tg.linalg.lu_factor(tg.tensor([[0.0, 2.0], [1.0, 0.0]])), tg.tensor([[2.0], [3.0]]))
    tensor([[3.],
            [1.]])
    """
    refuse_shape("lu_solve", LU)
    if not left:
        return conjugate_transpose(lu_solve(LU, pivots, conjugate_transpose(B), adjoint=not adjoint))
    lower, upper = triangle(LU, False, unit=True), triangle(LU, True)
    moved = _permutation(lu_order(detached(pivots), LU.shape[-1]), LU.dtype)
    try:
        if adjoint:
            inner = solve_op(conjugate_transpose(lower), solve_op(conjugate_transpose(upper), B))
            return product(moved, inner)
        return solve_op(upper, solve_op(lower, product(np.swapaxes(moved, -1, -2), B)))
    except LinAlgError as error:
        raise LinAlgError(f"lu_solve: a pivot is 0, the matrix is singular ({error})") from None
