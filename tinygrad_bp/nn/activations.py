"""Activation functions as layers, so that a network is one list."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import dtypes
from ..autograd.types import Array, DTypeLike
from ..functions import dropout
from ..ops import activations, elementwise, trigonometry
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class _Unit(Module):
    """A function of each element. With ``inplace`` the result is also written into the input."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The function of ``input``, of its shape."""
        result = self._of(input)
        return input.copy_(result) if self.inplace else result

    def _of(self, x: Any) -> Any:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The settings."""
        settings = {name: value for name, value in vars(self).items() if isinstance(value, (int, float, str))}
        return ", ".join(
            f"{name}={value!r}"
            for name, value in settings.items()
            if name != "training" and not name.startswith("_") and not (name == "inplace" and not value)
        )


class ReLU(_Unit):
    """``max(x, 0)`` of each element."""

    def forward(self, input: Any) -> Any:
        """``input`` with its negative elements set to 0."""
        return input.copy_(elementwise.relu(input)) if self.inplace else elementwise.relu(input)


class ReLU6(_Unit):
    """``min(max(x, 0), 6)`` of each element."""

    def _of(self, x: Any) -> Any:
        return activations.relu6(x)


class LeakyReLU(_Unit):
    """x above 0, ``negative_slope · x`` below."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def _of(self, x: Any) -> Any:
        return elementwise.leaky_relu(x, self.negative_slope)


class ELU(_Unit):
    """x above 0, ``alpha · (eˣ − 1)`` below."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def _of(self, x: Any) -> Any:
        return activations.elu(x, self.alpha)


class CELU(_Unit):
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def _of(self, x: Any) -> Any:
        return activations.celu(x, self.alpha)


class SELU(_Unit):
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017)."""

    def _of(self, x: Any) -> Any:
        return activations.selu(x)


class SiLU(_Unit):
    """``x · sigmoid(x)`` of each element."""

    def _of(self, x: Any) -> Any:
        return activations.silu(x)


class Mish(_Unit):
    """``x · tanh(softplus(x))`` of each element."""

    def _of(self, x: Any) -> Any:
        return activations.mish(x)


class Hardtanh(_Unit):
    """x between two bounds."""

    min_val: float
    max_val: float

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.min_val, self.max_val = min_val, max_val

    def _of(self, x: Any) -> Any:
        return activations.hardtanh(x, self.min_val, self.max_val)


class Hardsigmoid(_Unit):
    """``relu6(x + 3) / 6`` of each element."""

    def _of(self, x: Any) -> Any:
        return activations.hardsigmoid(x)


class Hardswish(_Unit):
    """``x · hardsigmoid(x)`` of each element."""

    def _of(self, x: Any) -> Any:
        return activations.hardswish(x)


class Threshold(_Unit):
    """x above ``threshold``, ``value`` elsewhere."""

    threshold: float
    value: float

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def _of(self, x: Any) -> Any:
        return activations.threshold(x, self.threshold, self.value)


class RReLU(_Unit):
    """A leaky relu whose slopes are drawn from [lower, upper) in training, their mean in evaluation."""

    lower: float
    upper: float

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def _of(self, x: Any) -> Any:
        return dropout.rrelu(x, self.lower, self.upper, self.training)


class Sigmoid(Module):
    """``1 / (1 + e⁻ˣ)`` of each element."""

    def forward(self, input: Array) -> Any:
        """The sigmoid of ``input``, of its shape."""
        return elementwise.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent of each element."""

    def forward(self, input: Array) -> Any:
        """tanh of ``input``, of its shape."""
        return trigonometry.tanh(input)


class GELU(_Unit):
    """x times the standard normal distribution function: exact with ``"none"``, or by a ``"tanh"``."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def _of(self, x: Any) -> Any:
        return activations.gelu(x, self.approximate)


class Softplus(_Unit):
    """``ln(1 + e^(beta · x)) / beta``, a smooth relu; x itself where ``beta · x`` is above ``threshold``."""

    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def _of(self, x: Any) -> Any:
        return activations.softplus(x, self.beta, self.threshold)


class Hardshrink(_Unit):
    """x, and 0 between ``-lambd`` and ``lambd``."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def _of(self, x: Any) -> Any:
        return activations.hardshrink(x, self.lambd)


class Softshrink(_Unit):
    """x moved towards 0 by ``lambd``, and 0 between ``-lambd`` and ``lambd``."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def _of(self, x: Any) -> Any:
        return activations.softshrink(x, self.lambd)


class Tanhshrink(_Unit):
    """``x − tanh(x)`` of each element."""

    def __init__(self) -> None:
        super().__init__()

    def _of(self, x: Any) -> Any:
        return activations.tanhshrink(x)


class Softsign(_Unit):
    """``x / (1 + |x|)`` of each element."""

    def __init__(self) -> None:
        super().__init__()

    def _of(self, x: Any) -> Any:
        return activations.softsign(x)


class LogSigmoid(_Unit):
    """``ln sigmoid(x)``, finite for any finite number."""

    def __init__(self) -> None:
        super().__init__()

    def _of(self, x: Any) -> Any:
        return activations.logsigmoid(x)


class PReLU(Module):
    """x above 0, ``weight · x`` below; the weight is learned: one number, or one for each channel.

    ``num_parameters`` is 1 or the number of channels.

    >>> import tinygrad_bp as tg
    >>> tg.nn.PReLU()(tg.tensor([-2.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, dtype: DTypeLike = None) -> None:
        self.num_parameters = num_parameters
        self.weight = Parameter(np.full(num_parameters, init, dtypes.get_default_dtype() if dtype is None else dtype))

    def forward(self, input: Any) -> Any:
        """``input`` with its negative elements scaled."""
        return activations.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """How many weights."""
        return f"num_parameters={self.num_parameters}"


# ---------------------------------------------------------------------- along a dimension


class _Along(Module):
    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_Along):
    """Exponentials that sum to 1 along ``dim``."""

    def forward(self, input: Array) -> Any:
        """The probabilities of the scores ``input``."""
        return activations.softmax(input, self.dim)


class LogSoftmax(_Along):
    """The logarithm of the softmax along ``dim``, finite for any finite scores."""

    def forward(self, input: Array) -> Any:
        """The log-probabilities of the scores ``input``."""
        return activations.log_softmax(input, self.dim)


class Softmin(_Along):
    """The softmax of ``-x`` along ``dim``: the smallest number gets the largest share."""

    def forward(self, input: Array) -> Any:
        """The shares of the numbers ``input``."""
        return activations.softmin(input, self.dim)


class Softmax2d(Module):
    """The softmax over the channels of (..., channels, height, width)."""

    def forward(self, input: Array) -> Any:
        """The probabilities of the scores ``input``."""
        return activations.softmax(input, -3)


class GLU(_Along):
    """The first half along ``dim`` times the sigmoid of the second (Dauphin et al. 2017)."""

    def forward(self, input: Array) -> Any:
        """``input`` with half of its size along ``dim``."""
        return activations.glu(input, self.dim)
