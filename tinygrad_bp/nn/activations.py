"""Activation functions as layers, so that a network is one list."""

from __future__ import annotations

from typing import Any

from ..ops import activations, elementwise, network
from .module import Module


class Sigmoid(Module):
    """``1 / (1 + e⁻ˣ)`` of each element."""

    def forward(self, x: Any) -> Any:
        """The sigmoid of ``x``, of its shape."""
        return elementwise.sigmoid(x)


class ReLU(Module):
    """``max(x, 0)`` of each element."""

    def forward(self, x: Any) -> Any:
        """``x`` with its negative elements set to 0."""
        return elementwise.relu(x)


class Tanh(Module):
    """The hyperbolic tangent of each element."""

    def forward(self, x: Any) -> Any:
        """tanh of ``x``, of its shape."""
        return elementwise.tanh(x)


class LeakyReLU(Module):
    """x above 0, ``negative_slope · x`` below."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """``x`` with its negative elements scaled."""
        return elementwise.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x above 0, ``alpha · (eˣ − 1)`` below."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """``x`` with its negative elements bent towards ``-alpha``."""
        return activations.elu(x, self.alpha)

    def extra_repr(self) -> str:
        """The alpha."""
        return f"alpha={self.alpha}"


class GELU(Module):
    """x times the standard normal distribution function: exact with ``"none"``, or by a ``"tanh"``."""

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """The GELU of ``x``, of its shape."""
        return activations.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        """The kind."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """``x · sigmoid(x)`` of each element."""

    def forward(self, x: Any) -> Any:
        """The SiLU of ``x``, of its shape."""
        return activations.silu(x)


class Softplus(Module):
    """``ln(1 + e^(beta · x)) / beta``, a smooth relu; x itself where ``beta · x`` is above ``threshold``."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        """The softplus of ``x``, of its shape."""
        return activations.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """Exponentials that sum to 1 along ``dim``."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """The probabilities of the scores ``x``."""
        return network.softmax(x, self.dim)

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of the softmax along ``dim``, finite for any finite scores."""

    def forward(self, x: Any) -> Any:
        """The log-probabilities of the scores ``x``."""
        return network.log_softmax(x, self.dim)
