"""Invertible functions with the logarithm of their slope: what distributions are changed by, and flows are made of.

>>> import tinygrad_bp as tg
>>> t = tg.distributions.transforms.AffineTransform(1.0, 2.0)
>>> t(tg.tensor(3.0)), t.inv(tg.tensor(7.0))
(tensor(7.), tensor(3.))
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.size import Size
from ..autograd.tensor import Tensor
from ..functions.kinds import broadcast_shapes
from ..ops.activations import softplus
from ..ops.joining import cat
from . import constraints
from .parameters import sum_rightmost
from .transform import ComposeTransform, IndependentTransform, ReshapeTransform, Transform, identity_transform, wider

__all__ = [
    "AbsTransform", "AffineTransform", "ComposeTransform", "ExpTransform", "IndependentTransform", "PowerTransform",
    "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform", "SoftplusTransform", "StickBreakingTransform",
    "TanhTransform", "Transform", "identity_transform",
]  # fmt: skip


def _same(a: Any, b: Any) -> bool:
    """Whether two parameters, numbers or tensors, are equal everywhere."""
    equal = a == b
    return bool(equal.all()) if isinstance(equal, Tensor) else equal


class AffineTransform(Transform):
    """``loc + scale · x``; ``event_dim`` last dimensions are one event.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.AffineTransform(1.0, -2.0).log_abs_det_jacobian(tg.ones(2), tg.ones(2))
    tensor([0.6931, 0.6931])
    """

    bijective: bool = True

    loc: Tensor | float
    scale: Tensor | float
    domain: Any
    codomain: Any

    def __init__(self, loc: Tensor | float, scale: Tensor | float, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim
        self.domain = self.codomain = wider(constraints.real, event_dim)

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return 1 if self.scale > 0 else -1 if self.scale < 0 else 0

    def _equals(self, other: object) -> bool:
        return isinstance(other, AffineTransform) and _same(self.loc, other.loc) and _same(self.scale, other.scale)

    def _call(self, x: Tensor) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        scale: Any = self.scale
        logs = scale.abs().log() if isinstance(scale, Tensor) else x.new_full((), math.log(abs(scale)))
        return sum_rightmost(logs.expand(broadcast_shapes(x.shape, logs.shape)), self._event_dim)

    def forward_shape(self, shape: Any) -> Any:
        return broadcast_shapes(shape, *(v.shape for v in (self.loc, self.scale) if isinstance(v, Tensor)))

    inverse_shape = forward_shape


class _Fixed(Transform):
    """One without parameters: it equals every other of its kind."""

    def _equals(self, other: object) -> bool:
        return type(self) is type(other)


class ExpTransform(_Fixed):
    """``eˣ``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.ExpTransform()(tg.zeros(2))
    tensor([1., 1.])
    """

    domain: Any = constraints.real
    codomain: Any = constraints.positive
    bijective: bool = True
    sign: int = 1

    def _call(self, x: Tensor) -> Any:
        return x.exp()

    def _inverse(self, y: Tensor) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return x


class PowerTransform(Transform):
    """``x`` to a power, of positive numbers.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.PowerTransform(tg.tensor(2.0))(tg.tensor(3.0))
    tensor(9.)
    """

    domain: Any = constraints.positive
    codomain: Any = constraints.positive
    bijective: bool = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self) -> Any:
        return self.exponent.sign() if isinstance(self.exponent, Tensor) else int(np.sign(self.exponent))

    def _equals(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and _same(self.exponent, other.exponent)

    def _call(self, x: Tensor) -> Any:
        return x**self.exponent

    def _inverse(self, y: Tensor) -> Any:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        return broadcast_shapes(shape, getattr(self.exponent, "shape", ()))

    inverse_shape = forward_shape


class SigmoidTransform(_Fixed):
    """``1 / (1 + e⁻ˣ)``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.SigmoidTransform()(tg.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain: Any = constraints.real
    codomain: Any = constraints.unit_interval
    bijective: bool = True
    sign: int = 1

    def _call(self, x: Tensor) -> Any:
        kind = np.finfo(x.dtype)
        return x.sigmoid().clamp(min=float(kind.tiny), max=1.0 - float(kind.eps))

    def _inverse(self, y: Tensor) -> Any:
        kind = np.finfo(y.dtype)
        y = y.clamp(min=float(kind.tiny), max=1.0 - float(kind.eps))
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_Fixed):
    """``ln(1 + eˣ)``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.SoftplusTransform()(tg.zeros(2))
    tensor([0.6931, 0.6931])
    """

    domain: Any = constraints.real
    codomain: Any = constraints.positive
    bijective: bool = True
    sign: int = 1

    def _call(self, x: Tensor) -> Any:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Any:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return -softplus(-x)


class TanhTransform(_Fixed):
    """``tanh x``. With ``cache_size=1`` the density of a sample does not suffer from rounding near ±1.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.TanhTransform()(tg.zeros(2))
    tensor([0., 0.])
    """

    domain: Any = constraints.real
    codomain: Any = constraints.interval(-1.0, 1.0)
    bijective: bool = True
    sign: int = 1

    def _call(self, x: Tensor) -> Any:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))  # 1 − tanh² without cancellation


class AbsTransform(_Fixed):
    """``|x|``, whose inverse is the positive number.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.AbsTransform()(tg.tensor([-1.0]))
    tensor([1.])
    """

    domain: Any = constraints.real
    codomain: Any = constraints.positive

    def _call(self, x: Tensor) -> Any:
        return x.abs()

    def _inverse(self, y: Tensor) -> Any:
        return y


class SoftmaxTransform(_Fixed):
    """``eˣ`` over its sum along the last dimension; many arguments give one value.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.SoftmaxTransform()(tg.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex

    def _call(self, x: Tensor) -> Any:
        return x.softmax(-1)

    def _inverse(self, y: Tensor) -> Any:
        return y.log()


class StickBreakingTransform(_Fixed):
    """n real numbers to n + 1 probabilities: each takes a share of what the earlier ones left.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.StickBreakingTransform()(tg.zeros(1))
    tensor([0.5000, 0.5000])
    """

    domain: Any = constraints.real_vector
    codomain: Any = constraints.simplex
    bijective: bool = True

    def _offset(self, n: int, like: Any) -> Any:
        return like.new_tensor(np.log(np.arange(n, 0, -1.0)))

    def _call(self, x: Tensor) -> Any:
        z = (x - self._offset(x.shape[-1], x)).sigmoid()
        left = (1 - z).cumprod(dim=-1)
        one = left.new_ones((*left.shape[:-1], 1))
        return cat([z, one], -1) * cat([one, left], -1)

    def _inverse(self, y: Tensor) -> Any:
        left = 1 - y[..., :-1].cumsum(dim=-1)
        left = left.clamp(min=float(np.finfo(y.dtype).tiny))
        return y[..., :-1].log() - left.log() + self._offset(y.shape[-1] - 1, y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        shifted = x - self._offset(x.shape[-1], x)
        return (-shifted - softplus(-shifted) + y[..., :-1].log()).sum(dim=-1)

    def forward_shape(self, shape: Any) -> Any:
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        return Size((*shape[:-1], shape[-1] - 1))
