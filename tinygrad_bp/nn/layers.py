"""Layers with parameters, and layers that only move elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ops.linalg import matmul
from ..ops.network import linear
from ..ops.random import Generator, rand
from ..ops.shape import flatten
from .module import Module, Parameter


class Linear(Module):
    """``x @ weight.T + bias``: (..., in_features) to (..., out_features).

    Weight (out, in) and bias (out) start uniform in ±1/√in, PyTorch's numbers for the same seed (He et al. 2015 with
    a = √5). The dtype is the default float dtype unless given.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Linear(3, 2)(tg.zeros(5, 3)).shape
    (5, 2)
    """

    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, dtype: Any = None,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        # Column by column in memory: the products of a step then run as x @ W and x.T @ g, their fastest forms.
        weight = _uniform((out_features, in_features), bound, dtype, generator)
        self.weight = Parameter(np.asfortranarray(weight))
        self.bias = Parameter(_uniform((out_features,), bound, dtype, generator)) if bias else None

    def forward(self, x: Any) -> Any:
        """The affine map of the last dimension."""
        if self.bias is None:
            return matmul(x, self.weight.T)
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def _uniform(shape: tuple[int, ...], bound: float, dtype: Any, generator: Generator | None) -> Any:
    drawn = rand(shape, dtype=dtype, generator=generator).data
    limit = float(drawn.dtype.type(bound))
    # PyTorch multiplies and subtracts with one rounding; float64 in between gives its float32 numbers to the bit.
    return (drawn.astype(np.float64) * (2 * limit) - limit).astype(drawn.dtype)


class Identity(Module):
    """The input as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        """The input."""
        return x


class Flatten(Module):
    """The dimensions from ``start_dim`` to ``end_dim`` as one; by default all but the first."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        """The input with those dimensions joined."""
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
