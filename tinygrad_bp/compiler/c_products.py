"""Matrix products: where their factors lie, along which axis of the batch they run, and which BLAS takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..program.program import Step, Value
from .c_memory import Memory
from .c_vectors import LANES
from .kernels import Product
from .strided import Place

OFTEN = 4  # products by one matrix from which on it is worth a copy that lies as BLAS likes it
WORTH_A_CALL = 1 << 13  # products of elements; fewer take less time than a call of BLAS
FEW, SOME = 16, 64  # rows: up to which a product has few, and the update of a weight
SIDE, ELEMENTS = 8, 1 << 12  # of a weight through which few rows should not go 16 at a time
NEAR = 1 << 20  # bytes of a weight that stay in the cache from one step to the next


def product(memory: Memory, step: Step) -> Place:
    """Write a product, and say where it lies."""
    bias = None
    if step.op.name == "linear":
        x, weight, bias_value = step.operands
        a, b = memory.place(x), memory.place(weight).permuted((1, 0))
        bias = memory.place(bias_value)
    else:
        a, b = (memory.place(item) for item in step.operands)
    shape = step.result.shape
    if len(a.shape) == 1:
        a = Place(a.buffer, (1, *a.shape), (0, *a.strides), a.offset, None if a.lane is None else 1)
    if len(b.shape) == 1:
        b = Place(b.buffer, (*b.shape, 1), (*b.strides, 0), b.offset, b.lane)
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    a, b = a.broadcast((*outer, m, k)), b.broadcast((*outer, k, n))
    full = (*outer, m, n)
    rows, inner, columns = len(outer), len(outer) + 1, len(outer) + 1
    callable_ = _for_blas(a) and _for_blas(b) and math.prod(full) * k > 0
    large = callable_ and _large(step, a, b)
    lane = None
    if a.lane == rows or (
        step.op.name == "linear" and m > 1 and b.lane is None and a.lane is None and not outer and not large
    ):
        lane = rows
        a = a if large else memory.along(a, rows)
    elif b.lane == columns:
        lane = columns
    elif not large and (a.lane == inner or b.lane == rows):
        a, b = memory.along(a, inner), memory.along(b, rows)
    else:
        large = large or (callable_ and m * n * k > WORTH_A_CALL)
    order = tuple(range(len(full)))
    if lane is None and len(shape) == len(full) and step.result in memory.order:
        order = memory.order[step.result]
        large = large and set(order[-2:]) == {rows, inner}
    if (
        large
        and len(full) == 2
        and order == (0, 1)
        and b.strides[-1] != 1
        and memory.factors[step.operands[1]] >= OFTEN
    ):
        b = memory.row_by_row(b)
    c = memory.allot(memory.names[step.result], step.result.dtype, full, order, lane)
    memory.kernels.append(Product(step, a, b, c, bias, large))
    if shape != full:
        found = c.reshaped(shape)
        assert found is not None
        c = found
    return c


def descend(memory: Memory, step: Step, turned: bool, scale: Any, weight: Place) -> None:
    """Write ``weight -= scale · a @ b`` for the factors of ``step``, as BLAS adds it to the weight itself."""
    a, b = (memory.place(item) for item in step.operands)
    if turned:
        a, b = b.permuted((1, 0)), a.permuted((1, 0))
    a, b = (m if _for_blas(m) else memory.dense_copy(m) for m in (a, b))
    by = memory.place(scale) if isinstance(scale, Value) else scale
    memory.kernels.append(Product(step, a, b, weight, None, True, by))


def _for_blas(matrix: Place) -> bool:
    """Whether a matrix lies row by row or column by column, with whole steps from one to the next."""
    (m, n), (down, across) = matrix.shape[-2:], matrix.strides[-2:]
    return (across == 1 and down >= n) or (down == 1 and across >= m)


def _large(step: Step, a: Place, b: Place) -> bool:
    """Whether BLAS or ``emit_few_rows`` takes a product: by its rows, which lanes tell, and its weight."""
    if len(a.shape) > 2:
        return False
    (m, k), n = a.shape, b.shape[-1]
    if a.lane == 0 or (a.lane is None and step.op.name == "linear"):
        return _of_some_size((k, n)) if m <= FEW else use_blas((m, n), k) and not _near(a, b)
    if a.lane == 1 or b.lane == 0:
        return large_update((m, n), k)
    return use_blas((m, n), k)


def large_update(weight: tuple[int, ...], rows: int) -> bool:
    """Whether BLAS or ``emit_few_rows`` moves a weight: sums of few rows 16 at a time are mostly adding up."""
    return use_blas(weight, rows) or (rows <= SOME and _of_some_size(weight))


def _of_some_size(weight: tuple[int, ...]) -> bool:
    return len(weight) == 2 and min(weight) >= SIDE and math.prod(weight) >= ELEMENTS


def _near(a: Place, b: Place) -> bool:
    """Whether rows that fill vectors stay in the cache beside their weight: lanes need no copies, which BLAS makes."""
    rows, size = a.shape[0], a.buffer.dtype.itemsize
    within = math.prod(a.shape) * size <= NEAR // 4 and math.prod(b.shape) * size <= NEAR
    return within and rows <= SOME and rows % (2 * LANES) == 0


def use_blas(full: tuple[int, ...], k: int) -> bool:
    """Whether a product is large enough for BLAS, which takes a while to begin and likes no narrow ones."""
    sizes = sorted((*full[-2:], k))
    return len(full) == 2 and math.prod(sizes) > 1 << 19 and sizes[1] >= 64
