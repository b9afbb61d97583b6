"""The affine layer, and layers that move elements or drop them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.errors import ArgumentError
from ..ops.generator import Generator
from ..ops.products import matmul
from ..ops.network import dropout, linear
from ..ops.shape import flatten
from . import init
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
        dtype = dtypes.get_default_dtype() if dtype is None else dtype
        # Column by column in memory: the products of a step then run as x @ W and x.T @ g, their fastest forms.
        self.weight = Parameter(np.empty((out_features, in_features), dtype, order="F"))
        init.kaiming_uniform_(self.weight, math.sqrt(5), generator=generator)
        self.bias = Parameter(np.empty(out_features, dtype)) if bias else None
        if self.bias is not None:
            bound = 1 / math.sqrt(in_features) if in_features else 0.0
            init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, x: Any) -> Any:
        """The affine map of the last dimension."""
        if self.bias is None:
            return matmul(x, self.weight.T)
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


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


class Dropout(Module):
    """In training each element becomes 0 with probability ``p``, else grows by 1 / (1 − p); in eval nothing changes.

    The mask comes from ``generator`` (the default one where None) and equals PyTorch's for the same seed.
    Raises ``ArgumentError`` for ``p`` outside [0, 1]. Source: Srivastava et al., *Dropout*, JMLR 15, 2014.

    >>> import tinygrad_bp as tg
    >>> layer = tg.nn.Dropout(0.5)
    >>> x = tg.ones(4)
    >>> layer.eval()(x) is x
    True
    """

    def __init__(self, p: float = 0.5, generator: Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ArgumentError(f"Dropout: p is the probability that an element becomes 0, from 0 to 1; got {p}")
        self.p, self.generator = p, generator

    def forward(self, x: Any) -> Any:
        """``x`` of floats, of any shape, with elements dropped while ``training``."""
        return dropout(x, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        """The probability; the rest is PyTorch's text, nothing here works in place."""
        return f"p={self.p}, inplace=False"
