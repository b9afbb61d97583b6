"""Activation functions as layers, so that a network is one list."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.device import DeviceLike
from ..autograd.types import Array, DTypeLike
from ..autograd.writing import replace
from ..functions import dropout
from ..ops import activations, elementwise, trigonometry
from . import init as first_values
from .constructing import parameter_dtype
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
        return replace(input, f"{type(self).__name__}, inplace=True", self._of) if self.inplace else self._of(input)

    def _of(self, x: Any) -> Any:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The settings."""
        settings = {name: value for name, value in vars(self).items() if isinstance(value, (int, float, str))}
        return ", ".join(
            f"{name}={value!r}"
            for name, value in sorted(settings.items(), key=lambda item: item[0] == "inplace")  # that comes last
            if name != "training" and not name.startswith("_") and not (name == "inplace" and not value)
        )


class ReLU(_Unit):
    """``max(x, 0)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReLU()(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        """``input`` with its negative elements set to 0."""
        return replace(input, "ReLU, inplace=True", elementwise.relu) if self.inplace else elementwise.relu(input)


class LeakyReLU(_Unit):
    """x above 0, ``negative_slope · x`` below.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LeakyReLU()(tg.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def _of(self, x: Any) -> Any:
        return elementwise.leaky_relu(x, self.negative_slope)


class ELU(_Unit):
    """x above 0, ``alpha · (eˣ − 1)`` below.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ELU()(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def _of(self, x: Any) -> Any:
        return activations.elu(x, self.alpha)


class CELU(_Unit):
    """x above 0, ``alpha · (exp(x / alpha) − 1)`` below.

    >>> import tinygrad_bp as tg
    >>> tg.nn.CELU()(tg.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def _of(self, x: Any) -> Any:
        return activations.celu(x, self.alpha)


class SELU(_Unit):
    """A scaled elu that keeps mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import tinygrad_bp as tg
    >>> tg.nn.SELU()(tg.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """

    def _of(self, x: Any) -> Any:
        return activations.selu(x)


class SiLU(_Unit):
    """``x · sigmoid(x)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.SiLU()(tg.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """

    def _of(self, x: Any) -> Any:
        return activations.silu(x)


class Mish(_Unit):
    """``x · tanh(softplus(x))`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Mish()(tg.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """

    def _of(self, x: Any) -> Any:
        return activations.mish(x)


class Hardtanh(_Unit):
    """x between two bounds.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Hardtanh()(tg.tensor([-1.0, 2.0]))
    tensor([-1.,  1.])
    """

    min_val: float
    max_val: float

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.min_val, self.max_val = min_val, max_val

    def _of(self, x: Any) -> Any:
        return activations.hardtanh(x, self.min_val, self.max_val)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.ReLU6()(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def _of(self, x: Any) -> Any:
        return activations.relu6(x)

    def extra_repr(self) -> str:
        """Whether the input is written: the bounds are known."""
        return "inplace=True" if self.inplace else ""


class Hardsigmoid(_Unit):
    """``relu6(x + 3) / 6`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Hardsigmoid()(tg.tensor([-1.0, 2.0]))
    tensor([0.3333, 0.8333])
    """

    def _of(self, x: Any) -> Any:
        return activations.hardsigmoid(x)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch: not even whether the input is written."""
        return ""


class Hardswish(_Unit):
    """``x · hardsigmoid(x)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Hardswish()(tg.tensor([-1.0, 2.0]))
    tensor([-0.3333,  1.6667])
    """

    def _of(self, x: Any) -> Any:
        return activations.hardswish(x)

    def extra_repr(self) -> str:
        """Nothing, as in PyTorch: not even whether the input is written."""
        return ""


class Threshold(_Unit):
    """x above ``threshold``, ``value`` elsewhere.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Threshold(1.0, 9.0)(tg.tensor([0.5, 2.0]))
    tensor([9., 2.])
    """

    threshold: float
    value: float

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def _of(self, x: Any) -> Any:
        return activations.threshold(x, self.threshold, self.value)


class RReLU(_Unit):
    """A leaky relu whose slopes are drawn from [lower, upper) in training, their mean in evaluation.

    >>> import tinygrad_bp as tg
    >>> tg.nn.RReLU().eval()(tg.tensor([2.0, 3.0]))
    tensor([2., 3.])
    """

    lower: float
    upper: float

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def _of(self, x: Any) -> Any:
        return dropout.rrelu(x, self.lower, self.upper, self.training)


class Sigmoid(Module):
    """``1 / (1 + e⁻ˣ)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Sigmoid()(tg.tensor([-1.0, 2.0]))
    tensor([0.2689, 0.8808])
    """

    def forward(self, input: Array) -> Any:
        """The sigmoid of ``input``, of its shape."""
        return elementwise.sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Tanh()(tg.tensor([-1.0, 2.0]))
    tensor([-0.7616,  0.9640])
    """

    def forward(self, input: Array) -> Any:
        """tanh of ``input``, of its shape."""
        return trigonometry.tanh(input)


class GELU(_Unit):
    """x times the standard normal distribution function: exact with ``"none"``, or by a ``"tanh"``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.GELU()(tg.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def _of(self, x: Any) -> Any:
        return activations.gelu(x, self.approximate)


class Softplus(_Unit):
    """``ln(1 + e^(beta · x)) / beta``, a smooth relu; x itself where ``beta · x`` is above ``threshold``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Softplus()(tg.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """

    beta: float
    threshold: float

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def _of(self, x: Any) -> Any:
        return activations.softplus(x, self.beta, self.threshold)


class Hardshrink(_Unit):
    """x, and 0 between ``-lambd`` and ``lambd``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Hardshrink()(tg.tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def _of(self, x: Any) -> Any:
        return activations.hardshrink(x, self.lambd)

    def extra_repr(self) -> str:
        """``lambd``."""
        return str(self.lambd)


class Softshrink(_Unit):
    """x moved towards 0 by ``lambd``, and 0 between ``-lambd`` and ``lambd``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Softshrink()(tg.tensor([-1.0, 2.0]))
    tensor([-0.5000,  1.5000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def _of(self, x: Any) -> Any:
        return activations.softshrink(x, self.lambd)

    def extra_repr(self) -> str:
        """``lambd``."""
        return str(self.lambd)


class Tanhshrink(_Unit):
    """``x − tanh(x)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Tanhshrink()(tg.tensor([-1.0, 2.0]))
    tensor([-0.2384,  1.0360])
    """

    def __init__(self) -> None:
        super().__init__()

    def _of(self, x: Any) -> Any:
        return activations.tanhshrink(x)


class Softsign(_Unit):
    """``x / (1 + |x|)`` of each element.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Softsign()(tg.tensor([-1.0, 2.0]))
    tensor([-0.5000,  0.6667])
    """

    def __init__(self) -> None:
        super().__init__()

    def _of(self, x: Any) -> Any:
        return activations.softsign(x)


class LogSigmoid(_Unit):
    """``ln sigmoid(x)``, finite for any finite number.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LogSigmoid()(tg.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """

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

    num_parameters: int
    init: float
    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: DeviceLike = None, dtype: DTypeLike = None
    ) -> None:
        dtype = parameter_dtype(device, dtype)
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(np.empty(num_parameters, dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Every slope the first one."""
        first_values.constant_(self.weight, self.init)

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
    """Exponentials that sum to 1 along ``dim``.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Softmax(dim=0)(tg.tensor([1.0, 1.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Array) -> Any:
        """The probabilities of the scores ``input``."""
        return activations.softmax(input, self.dim)


class LogSoftmax(_Along):
    """The logarithm of the softmax along ``dim``, finite for any finite scores.

    >>> import tinygrad_bp as tg
    >>> tg.nn.LogSoftmax(dim=0)(tg.tensor([1.0, 1.0]))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Array) -> Any:
        """The log-probabilities of the scores ``input``."""
        return activations.log_softmax(input, self.dim)


class Softmin(_Along):
    """The softmax of ``-x`` along ``dim``: the smallest number gets the largest share.

    >>> import tinygrad_bp as tg
    >>> tg.nn.Softmin(dim=0)(tg.tensor([1.0, 2.0]))
    tensor([0.7311, 0.2689])
    """

    def forward(self, input: Array) -> Any:
        """The shares of the numbers ``input``."""
        return activations.softmin(input, self.dim)


class Softmax2d(Module):
    """The softmax over the channels of (..., channels, height, width).

    >>> import tinygrad_bp as tg
    >>> tg.nn.Softmax2d()(tg.zeros(1, 2, 1, 1)).ravel()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Array) -> Any:
        """The probabilities of the scores ``input``."""
        return activations.softmax(input, -3)


class GLU(_Along):
    """The first half along ``dim`` times the sigmoid of the second (Dauphin et al. 2017).

    >>> import tinygrad_bp as tg
    >>> tg.nn.GLU()(tg.tensor([1.0, 0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Array) -> Any:
        """``input`` with half of its size along ``dim``."""
        return activations.glu(input, self.dim)
