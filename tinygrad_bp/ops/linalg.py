"""Products of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.errors import ShapeError, shape_text
from ..autograd.op import general
from .samples import sample


def _left(g: Any, a_shape: tuple[int, ...], b: Any) -> Any:
    """The gradient of the left factor; batch dimensions that were broadcast are summed by the engine."""
    if b.ndim == 1:
        return g[..., None] * b if len(a_shape) > 1 else g * b
    if len(a_shape) == 1:
        return np.matmul(b, g[..., None])[..., 0]
    return np.matmul(g, np.swapaxes(b, -1, -2))


def _right(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    if a.ndim == 1:
        return g[..., None, :] * a[:, None] if len(b_shape) > 1 else g * a
    if len(b_shape) == 1:
        return np.matmul(np.swapaxes(a, -1, -2), g[..., None])[..., 0]
    return np.matmul(np.swapaxes(a, -1, -2), g)


matmul = general("matmul", np.matmul, _left, _right, inputs="a b", formula="a @ b",
                samples=(sample((2, 3), (3, 4)), sample((3,), (3,)), sample((2, 3), (3,)), sample((3,), (3, 4)),
                         sample((5, 2, 3), (5, 3, 4)), sample((5, 2, 3), (3, 4)), sample((2, 3), (5, 3, 4)),
                         sample((5, 1, 2, 3), (4, 3, 2)), sample((3,), (5, 3, 2)), sample((5, 2, 3), (3,)),
                         sample((0, 3), (3, 4)), sample((2, 0), (0, 3))),
                hint="the last size of the left side must equal the second-to-last (or only) size of the right side; "
                     "transpose one side (t.mT) or reshape",
                doc="Matrix product; leading dimensions broadcast.")


def mm(a: Any, b: Any) -> Any:
    """The product of two matrices."""
    if a.ndim != 2 or b.ndim != 2:
        raise ShapeError(f"mm: needs two matrices, got {shape_text(a.shape)} and {shape_text(b.shape)}; use matmul")
    return matmul(a, b)


def dot(a: Any, b: Any) -> Any:
    """The inner product of two vectors.

    >>> import tinygrad_bp as tg
    >>> tg.dot(tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"dot: needs two vectors, got {shape_text(a.shape)} and {shape_text(b.shape)}; use matmul")
    return matmul(a, b)
