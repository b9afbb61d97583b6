"""Affine and bilinear maps, and layers that move elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.errors import ArgumentError, ShapeError, shape_text
from ..autograd.types import Array, DTypeLike
from ..ops.network import bilinear, linear
from ..ops.products import matmul
from ..ops.shape import dim_of, flatten, reshape
from ..random.generator import Generator
from . import init
from .constructing import parameter_dtype, start
from .module import Module, check_tensor
from .parameter import Parameter

__all__ = ["Bilinear", "Flatten", "Identity", "Linear", "Unflatten"]


class Linear(Module):
    """``x @ weight.T + bias``: (..., in_features) to (..., out_features).

    Weight (out, in) and bias (out) start uniform in ±1/√in, PyTorch's numbers for the same seed (He et al. 2015 with
    a = √5). The dtype is the default float dtype unless given.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Linear(3, 2)(tg.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        self.in_features, self.out_features = in_features, out_features
        # Column by column in memory: the products of a step then run as x @ W and x.T @ g, their fastest forms.
        self.weight = Parameter(np.empty((out_features, in_features), dtype, order="F"))
        self.register_parameter("bias", Parameter(np.empty(out_features, dtype)) if bias else None)
        start(self, generator)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Weight and bias anew, uniform in ±1/√in_features."""
        init.kaiming_uniform_(self.weight, math.sqrt(5), generator=generator)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, input: Array) -> Any:
        """The affine map of the last dimension."""
        if self.bias is None:
            return matmul(input, self.weight.T)
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Identity(Module):
    """The input as it is.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Identity()(tg.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: Array) -> Any:
        """The input."""
        return input


class Flatten(Module):
    """The dimensions from ``start_dim`` to ``end_dim`` as one; by default all but the first.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Flatten()(tg.ones(2, 3, 4)).shape
    torch.Size([2, 12])
    """

    start_dim: int
    end_dim: int

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Array) -> Any:
        """The input with those dimensions joined."""
        check_tensor(input, "Flatten")
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """The dimension ``dim`` as several, of the sizes ``unflattened_size``; one size may be −1.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Unflatten(1, (2, 3))(tg.zeros(4, 6)).shape
    torch.Size([4, 2, 3])
    """

    dim: int
    unflattened_size: tuple[Any, ...]

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Array) -> Any:
        """The input with that dimension divided."""
        check_tensor(input, "Unflatten")
        place = dim_of(self.dim, input.ndim, "Unflatten")
        sizes, size = list(self.unflattened_size), input.shape[place]
        known = math.prod(n for n in sizes if n != -1)
        if sizes.count(-1) > 1 or (size % known if -1 in sizes and known else size != known):
            raise ShapeError(
                f"Unflatten: dimension {self.dim} of {shape_text(tuple(input.shape))} is not {tuple(sizes)}"
            )
        sizes = [size // known if n == -1 else n for n in sizes]
        return reshape(input, (*input.shape[:place], *sizes, *input.shape[place + 1 :]))

    def extra_repr(self) -> str:
        """The dimension and the sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Bilinear(Module):
    """``x1ᵀ weight x2 + bias`` for each output, see ``nn.functional.bilinear``.

    Weight (out_features, in1_features, in2_features) and bias (out_features) start uniform in ±1/√in1_features,
    PyTorch's numbers for the same seed.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Bilinear(2, 3, 4)(tg.zeros(5, 2), tg.zeros(5, 3)).shape
    torch.Size([5, 4])
    """

    in1_features: int
    in2_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, device: DeviceLike = None,
        dtype: DTypeLike = None, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        dtype = parameter_dtype(device, dtype)
        if in1_features < 1:
            raise ArgumentError(f"Bilinear: in1_features must be at least 1, got {in1_features}")
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(np.empty((out_features, in1_features, in2_features), dtype))
        self.register_parameter("bias", Parameter(np.empty(out_features, dtype)) if bias else None)
        start(self, generator)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Weight and bias anew, uniform in ±1/√in1_features."""
        bound = 1 / math.sqrt(self.in1_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound, generator)

    def forward(self, input1: Array, input2: Array) -> Any:
        """(..., in1_features) and (..., in2_features) to (..., out_features)."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
