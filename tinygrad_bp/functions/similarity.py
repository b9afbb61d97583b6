"""Distances and similarities between vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.elsewhere import number
from ..autograd.errors import ShapeError, shape_text
from ..autograd.operands import in_floats, rounds_once
from ..autograd.steps import recorded_as
from ..autograd.types import Array, Axis
from ..autograd.values import detached, held
from ..ops import reduction
from ..ops.elementwise import is_number, maximum
from ..ops.limits import clip
from ..ops.norms import distances, vector_norm
from ..ops.shape import takes_axis

__all__ = ["cdist", "cosine_similarity", "pairwise_distance", "pdist"]


def above(x: Array, floor: float) -> Any:
    """``x`` at least ``floor``, with the gradient of ``x`` everywhere, as PyTorch has it where it guards a divisor."""
    value = detached(x)
    return x + (maximum(value, number(floor, value.dtype)) - value)


@rounds_once
@in_floats("x1 x2", real=True)
@takes_axis
def cosine_similarity(x1: Array, x2: Array, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along ``dim``; a norm counts as at least ``eps``. Shapes broadcast.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.cosine_similarity(tg.tensor([[1.0, 0.0]]), tg.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    shape = _common("cosine_similarity", x1, x2)
    one, two = [
        x / above(vector_norm(x, 2, dim, keepdim=True), eps)
        for x in (x if x.shape == shape else np.broadcast_to(x, shape) for x in (x1, x2))
    ]
    return reduction.sum(one * two, dim)


def _common(name: str, x1: Any, x2: Any) -> tuple[int, ...]:
    one, two = held(x1).shape, held(x2).shape
    try:
        return one if one == two else np.broadcast_shapes(one, two)
    except ValueError:
        raise ShapeError(
            f"{name}: x1 {shape_text(x1.shape)} and x2 {shape_text(x2.shape)} do not broadcast; reshape one of them"
        ) from None


@recorded_as("NormBackward1")
@rounds_once
@in_floats("x1 x2")
def pairwise_distance(x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The ``p``-norm of ``x1 − x2 + eps`` along the last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.pairwise_distance(tg.tensor([[3.0, 4.0]]), tg.zeros(1, 2))
    tensor([5.0000])
    """
    _common("pairwise_distance", x1, x2)
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


@rounds_once
@in_floats("x1 x2")
def cdist(
    x1: Array, x2: Array, p: float = 2.0, compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary"
) -> Any:
    """The ``p``-norm of the difference of every row of ``x1`` (..., rows, size) and every row of ``x2``.

    The result is (..., rows of x1, rows of x2); its gradient is 0 where two rows are equal. ``compute_mode`` chooses
    an algorithm in PyTorch and is ignored: every distance is found from the differences.

    >>> import tinygrad_bp as tg
    >>> tg.cdist(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist: x1 {shape_text(x1.shape)} and x2 {shape_text(x2.shape)} must be (..., rows, size) with one size"
        )
    if is_number(2, p) and "c" not in (x1.dtype.kind, x2.dtype.kind):
        return distances(x1, x2)
    return vector_norm(x1[..., :, None, :] - x2[..., None, :, :], p, -1)


@rounds_once
@in_floats("input")
def pdist(input: Array, p: float = 2.0) -> Any:
    """The ``p``-norms of the differences of all pairs of rows i < j of a matrix, in order.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.pdist(tg.tensor([[0.0], [1.0], [3.0]]))
    tensor([1., 3., 2.])
    """
    if input.ndim != 2:
        raise ShapeError(f"pdist: needs a matrix, one vector a row; got {shape_text(input.shape)}")
    first, second = np.triu_indices(input.shape[0], 1)
    return vector_norm(input[first] - input[second], p, -1)


@rounds_once
@in_floats("input")
def normalize(input: Array, p: float = 2.0, dim: Axis = 1, eps: float = 1e-12) -> Any:
    """``input`` divided by its ``p``-norm along ``dim``, which counts as at least ``eps``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.functional.normalize(tg.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / clip(vector_norm(input, p, dim, keepdim=True), eps)
