"""Parameters as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...autograd.errors import ArgumentError, ShapeError, shape_text
from ...autograd.tensor import Tensor
from ...ops.indexing import getitem
from ...ops.joining import cat
from ...ops.shape import reshape

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All elements of the parameters, one after the other.

    >>> import tinygrad_bp as tg
    >>> tg.nn.utils.parameters_to_vector([tg.ones(2, 1), tg.zeros(1)])
    tensor([1., 1., 0.])
    """
    parts = [reshape(parameter, (-1,)) for parameter in parameters]
    if not parts:
        raise ArgumentError("parameters_to_vector: there are no parameters")
    return cat(parts, 0)  # type: ignore[no-any-return]


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give each parameter its part of the vector as value, in the vector's memory.

    Raises ``ShapeError`` where the vector has fewer elements than the parameters; nothing has changed then.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Linear(2, 1)
    >>> tg.nn.utils.vector_to_parameters(tg.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    if not isinstance(vec, Tensor):
        raise ArgumentError(f"vector_to_parameters: expected a tensor, got {type(vec).__name__}")
    given = list(parameters)
    wanted = sum(math.prod(parameter.shape) for parameter in given)
    if vec.ndim != 1 or vec.shape[0] < wanted:
        raise ShapeError(
            f"vector_to_parameters: the parameters have {wanted} elements, the vector is {shape_text(vec.shape)}"
        )
    values, start = vec.detach(), 0
    for parameter in given:
        stop = start + math.prod(parameter.shape)
        parameter.data = reshape(getitem(values, slice(start, stop)), parameter.shape)
        start = stop
