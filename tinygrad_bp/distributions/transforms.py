"""Invertible functions with the logarithm of their slope: what distributions are changed by, and flows are made of.

>>> import tinygrad_bp as tg
>>> t = tg.distributions.transforms.AffineTransform(1.0, 2.0)
>>> t(tg.tensor(3.0)), t.inv(tg.tensor(7.0))
(tensor(7.), tensor(3.))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.size import Size
from ..autograd.tensor import Tensor
from ..functions.kinds import broadcast_shapes
from ..ops.activations import softplus
from . import constraints
from .parameters import sum_rightmost

__all__ = [
    "AbsTransform", "AffineTransform", "ComposeTransform", "ExpTransform", "IndependentTransform", "PowerTransform",
    "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform", "SoftplusTransform", "StickBreakingTransform",
    "TanhTransform", "Transform", "identity_transform",
]  # fmt: skip


class Transform:
    """The base: a subclass defines ``_call``, ``_inverse`` and ``log_abs_det_jacobian``, ``domain`` and ``codomain``.

    With ``cache_size=1`` the inverse of the latest result is the very argument, whatever was rounded.

    >>> import tinygrad_bp as tg
    >>> class Cube(tg.distributions.Transform):
    ...     domain = codomain = tg.distributions.constraints.positive
    ...     bijective, sign = True, 1
    ...     def _call(self, x):
    ...         return x**3
    ...     def _inverse(self, y):
    ...         return y ** (1 / 3)
    ...     def log_abs_det_jacobian(self, x, y):
    ...         return (3 * x**2).log()
    >>> Cube()(tg.tensor(2.0))
    tensor(8.)
    """

    bijective = False
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ArgumentError(f"{type(self).__name__}: cache_size is 0 or 1, got {cache_size}")
        self._cache_size = cache_size
        self._latest: tuple[Any, Any] = (None, None)

    @property
    def sign(self) -> Any:
        """1 where it rises, −1 where it falls."""
        raise NotImplementedError(f"{type(self).__name__} has no sign: it does not rise or fall everywhere")

    @property
    def inv(self) -> Transform:
        """The inverse."""
        return _Inverse(self)

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same with another cache."""
        if self._cache_size == cache_size:
            return self
        new = type(self).__new__(type(self))
        vars(new).update(vars(self), _cache_size=cache_size, _latest=(None, None))
        return new

    def __call__(self, x: Any) -> Any:
        return self._remembered(x, 0, self._call)

    def _inv_call(self, y: Any) -> Any:
        return self._remembered(y, 1, self._inverse)

    def _remembered(self, given: Any, side: int, function: Any) -> Any:
        if not self._cache_size:
            return function(given)
        latest = self._latest
        if given is latest[side]:
            return latest[1 - side]
        found = function(given)
        self._latest = (found, given) if side else (given, found)
        return found

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define _call(self, x)")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define _inverse(self, y)")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of the size of the slope at ``x``, where the value is ``y``."""
        raise NotImplementedError(f"{type(self).__name__}: define log_abs_det_jacobian(self, x, y)")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the value of an argument of this shape."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of the argument of a value of this shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _Inverse(Transform):
    """The inverse of a transform, on whose cache it relies."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(transform._cache_size)
        self._inv = transform
        self.bijective, self.domain, self.codomain = transform.bijective, transform.codomain, transform.domain

    @property
    def sign(self) -> Any:
        return self._inv.sign

    @property
    def inv(self) -> Transform:
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Transform:
        return self._inv.with_cache(cache_size).inv

    def __call__(self, x: Any) -> Any:
        return self._inv._inv_call(x)

    def _inv_call(self, y: Any) -> Any:
        return self._inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)

    def __repr__(self) -> str:
        return f"_InverseTransform({self._inv!r})"


class ComposeTransform(Transform):
    """One transform after another, the first one first.

    >>> import tinygrad_bp as tg
    >>> T = tg.distributions.transforms
    >>> T.ComposeTransform([T.AffineTransform(0.0, 2.0), T.ExpTransform()])(tg.tensor(0.0))
    tensor(1.)
    """

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = [part.with_cache(cache_size) for part in parts] if cache_size else list(parts)
        self.bijective = all(part.bijective for part in self.parts)
        self.domain, self.codomain = _ends(list(self.parts)) if self.parts else (constraints.real, constraints.real)

    @property
    def sign(self) -> Any:
        return math.prod(part.sign for part in self.parts)

    @property
    def inv(self) -> Transform:
        return ComposeTransform([part.inv for part in reversed(self.parts)])

    def with_cache(self, cache_size: int = 1) -> Transform:
        return ComposeTransform(self.parts, cache_size)

    def __call__(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inv_call(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part._inv_call(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return x * 0
        total, event_dim = 0, self.domain.event_dim
        for i, part in enumerate(self.parts):
            after = y if i == len(self.parts) - 1 else part(x)
            total = total + sum_rightmost(part.log_abs_det_jacobian(x, after), event_dim - part.domain.event_dim)
            event_dim += part.codomain.event_dim - part.domain.event_dim
            x = after
        return total

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        return "ComposeTransform([\n    " + ",\n    ".join(map(repr, self.parts)) + "\n])"


def _ends(parts: list[Transform]) -> tuple[Any, Any]:
    """The domain and the codomain of a chain: as many dimensions as any part needs."""
    before = 0  # dimensions of events at the front
    for part in reversed(parts):
        before = max(before + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
    after = before
    for part in parts:
        after += part.codomain.event_dim - part.domain.event_dim
    domain, codomain = parts[0].domain, parts[-1].codomain
    return _wider(domain, before - domain.event_dim), _wider(codomain, after - codomain.event_dim)


def _wider(constraint: Any, count: int) -> Any:
    return constraints.independent(constraint, count) if count > 0 else constraint


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform whose last ``reinterpreted_batch_ndims`` dimensions are one event.

    >>> import tinygrad_bp as tg
    >>> T = tg.distributions.transforms
    >>> T.IndependentTransform(T.ExpTransform(), 1).log_abs_det_jacobian(tg.ones(3), tg.ones(3))
    tensor(3.)
    """

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform.with_cache(cache_size) if cache_size else base_transform
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.bijective = base_transform.bijective
        self.domain = constraints.independent(base_transform.domain, reinterpreted_batch_ndims)
        self.codomain = constraints.independent(base_transform.codomain, reinterpreted_batch_ndims)

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        return self.base_transform._inv_call(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def forward_shape(self, shape: Any) -> Any:
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self.base_transform.inverse_shape(shape)


class ReshapeTransform(Transform):
    """Events of ``in_shape`` in ``out_shape``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.ReshapeTransform((4,), (2, 2))(tg.ones(3, 4)).shape
    torch.Size([3, 2, 2])
    """

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ArgumentError(f"ReshapeTransform: {tuple(in_shape)} and {tuple(out_shape)} differ in size")
        self.domain = constraints.independent(constraints.real, len(self.in_shape))
        self.codomain = constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Any) -> Any:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Any) -> Any:
        return y.reshape(self.inverse_shape(y.shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x.new_zeros(x.shape[: x.ndim - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        return Size((*shape[: len(shape) - len(self.in_shape)], *self.out_shape))

    def inverse_shape(self, shape: Any) -> Any:
        return Size((*shape[: len(shape) - len(self.out_shape)], *self.in_shape))


class AffineTransform(Transform):
    """``loc + scale · x``; ``event_dim`` last dimensions are one event.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.AffineTransform(1.0, -2.0).log_abs_det_jacobian(tg.ones(2), tg.ones(2))
    tensor([0.6931, 0.6931])
    """

    bijective = True

    def __init__(self, loc: Tensor | float, scale: Tensor | float, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim
        self.domain = self.codomain = _wider(constraints.real, event_dim)

    @property
    def sign(self) -> Any:
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return 1 if self.scale > 0 else -1 if self.scale < 0 else 0

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        scale: Any = self.scale
        logs = scale.abs().log() if isinstance(scale, Tensor) else x.new_full((), math.log(abs(scale)))
        return sum_rightmost(logs.expand(broadcast_shapes(x.shape, logs.shape)), self._event_dim)

    def forward_shape(self, shape: Any) -> Any:
        return broadcast_shapes(shape, *(v.shape for v in (self.loc, self.scale) if isinstance(v, Tensor)))

    inverse_shape = forward_shape


class ExpTransform(Transform):
    """``eˣ``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.ExpTransform()(tg.zeros(2))
    tensor([1., 1.])
    """

    domain, codomain, bijective, sign = constraints.real, constraints.positive, True, 1

    def _call(self, x: Any) -> Any:
        return x.exp()

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class PowerTransform(Transform):
    """``x`` to a power, of positive numbers.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.PowerTransform(tg.tensor(2.0))(tg.tensor(3.0))
    tensor(9.)
    """

    domain = codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self) -> Any:
        return self.exponent.sign() if isinstance(self.exponent, Tensor) else int(np.sign(self.exponent))

    def _call(self, x: Any) -> Any:
        return x**self.exponent

    def _inverse(self, y: Any) -> Any:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        return broadcast_shapes(shape, getattr(self.exponent, "shape", ()))

    inverse_shape = forward_shape


class SigmoidTransform(Transform):
    """``1 / (1 + e⁻ˣ)``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.SigmoidTransform()(tg.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain, codomain, bijective, sign = constraints.real, constraints.unit_interval, True, 1

    def _call(self, x: Any) -> Any:
        kind = np.finfo(x.dtype)
        return x.sigmoid().clamp(min=float(kind.tiny), max=1.0 - float(kind.eps))

    def _inverse(self, y: Any) -> Any:
        kind = np.finfo(y.dtype)
        y = y.clamp(min=float(kind.tiny), max=1.0 - float(kind.eps))
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(Transform):
    """``ln(1 + eˣ)``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.SoftplusTransform()(tg.zeros(2))
    tensor([0.6931, 0.6931])
    """

    domain, codomain, bijective, sign = constraints.real, constraints.positive, True, 1

    def _call(self, x: Any) -> Any:
        return softplus(x)

    def _inverse(self, y: Any) -> Any:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x)


class TanhTransform(Transform):
    """``tanh x``. With ``cache_size=1`` the density of a sample does not suffer from rounding near ±1.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.TanhTransform()(tg.zeros(2))
    tensor([0., 0.])
    """

    domain, codomain, bijective, sign = constraints.real, constraints.interval(-1.0, 1.0), True, 1

    def _call(self, x: Any) -> Any:
        return x.tanh()

    def _inverse(self, y: Any) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))  # 1 − tanh² without cancellation


class AbsTransform(Transform):
    """``|x|``, whose inverse is the positive number.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.AbsTransform()(tg.tensor([-1.0]))
    tensor([1.])
    """

    domain, codomain = constraints.real, constraints.positive

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


class SoftmaxTransform(Transform):
    """``eˣ`` over its sum along the last dimension; many arguments give one value.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.SoftmaxTransform()(tg.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain, codomain = constraints.real_vector, constraints.simplex

    def _call(self, x: Any) -> Any:
        return x.softmax(-1)

    def _inverse(self, y: Any) -> Any:
        return y.log()


class StickBreakingTransform(Transform):
    """n real numbers to n + 1 probabilities: each takes a share of what the earlier ones left.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.transforms.StickBreakingTransform()(tg.zeros(1))
    tensor([0.5000, 0.5000])
    """

    domain, codomain, bijective = constraints.real_vector, constraints.simplex, True

    def _offset(self, n: int, like: Any) -> Any:
        return like.new_tensor(np.log(np.arange(n, 0, -1.0)))

    def _call(self, x: Any) -> Any:
        from ..ops.joining import cat

        z = (x - self._offset(x.shape[-1], x)).sigmoid()
        left = (1 - z).cumprod(dim=-1)
        one = left.new_ones((*left.shape[:-1], 1))
        return cat([z, one], -1) * cat([one, left], -1)

    def _inverse(self, y: Any) -> Any:
        left = 1 - y[..., :-1].cumsum(dim=-1)
        left = left.clamp(min=float(np.finfo(y.dtype).tiny))
        return y[..., :-1].log() - left.log() + self._offset(y.shape[-1] - 1, y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        shifted = x - self._offset(x.shape[-1], x)
        return (-shifted - softplus(-shifted) + y[..., :-1].log()).sum(dim=-1)

    def forward_shape(self, shape: Any) -> Any:
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        return Size((*shape[:-1], shape[-1] - 1))
