"""What a transform is, its inverse, and chains of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.errors import ArgumentError
from ..autograd.size import Size
from ..autograd.tensor import Tensor
from . import constraints
from .parameters import sum_rightmost

__all__ = ["ComposeTransform", "IndependentTransform", "ReshapeTransform", "Transform", "identity_transform"]


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

    bijective: bool = False
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

    def __call__(self, x: Tensor) -> Any:
        return self._remembered(x, 0, self._call)

    def _inv_call(self, y: Tensor) -> Any:
        return self._remembered(y, 1, self._inverse)

    def _remembered(self, given: Any, side: int, function: Callable[[Any], Any]) -> Any:
        if not self._cache_size:
            return function(given)
        latest = self._latest
        if given is latest[side]:
            return latest[1 - side]
        found = function(given)
        self._latest = (found, given) if side else (given, found)
        return found

    def _call(self, x: Tensor) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define _call(self, x)")

    def _inverse(self, y: Tensor) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define _inverse(self, y)")

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        """The logarithm of the size of the slope at ``x``, where the value is ``y``."""
        raise NotImplementedError(f"{type(self).__name__}: define log_abs_det_jacobian(self, x, y)")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the value of an argument of this shape."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of the argument of a value of this shape."""
        return shape

    def __eq__(self, other: object) -> bool:
        return self is other or self._equals(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def _equals(self, other: object) -> bool:
        """Whether another transform does the same."""
        return False

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

    def __call__(self, x: Tensor) -> Any:
        return self._inv._inv_call(x)

    def _inv_call(self, y: Tensor) -> Any:
        return self._inv(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)

    def _equals(self, other: object) -> bool:
        return isinstance(other, _Inverse) and self._inv == other._inv

    def __repr__(self) -> str:
        return f"_InverseTransform({self._inv!r})"


class ComposeTransform(Transform):
    """One transform after another, the first one first.

    >>> import tinygrad_bp as tg
    >>> T = tg.distributions.transforms
    >>> T.ComposeTransform([T.AffineTransform(0.0, 2.0), T.ExpTransform()])(tg.tensor(0.0))
    tensor(1.)
    """

    parts: list[Transform]
    bijective: bool
    domain: Any
    codomain: Any

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

    def __call__(self, x: Tensor) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inv_call(self, y: Tensor) -> Any:
        for part in reversed(self.parts):
            y = part._inv_call(y)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
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

    def _equals(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    def __repr__(self) -> str:
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


def _ends(parts: list[Transform]) -> tuple[Any, Any]:
    """The domain and the codomain of a chain: as many dimensions as any part needs."""
    before = 0  # dimensions of events at the front
    for part in reversed(parts):
        before = max(before + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim)
    after = before
    for part in parts:
        after += part.codomain.event_dim - part.domain.event_dim
    domain, codomain = parts[0].domain, parts[-1].codomain
    return wider(domain, before - domain.event_dim), wider(codomain, after - codomain.event_dim)


def wider(constraint: Any, count: int) -> Any:
    """The constraint of events of ``count`` more dimensions."""
    return constraints.independent(constraint, count) if count > 0 else constraint


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform whose last ``reinterpreted_batch_ndims`` dimensions are one event.

    >>> import tinygrad_bp as tg
    >>> T = tg.distributions.transforms
    >>> T.IndependentTransform(T.ExpTransform(), 1).log_abs_det_jacobian(tg.ones(3), tg.ones(3))
    tensor(3.)
    """

    base_transform: Transform
    bijective: bool
    domain: Any
    codomain: Any

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

    def _call(self, x: Tensor) -> Any:
        return self.base_transform(x)

    def _inverse(self, y: Tensor) -> Any:
        return self.base_transform._inv_call(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return sum_rightmost(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def _equals(self, other: object) -> bool:
        same = isinstance(other, IndependentTransform) and self.base_transform == other.base_transform
        return same and self.reinterpreted_batch_ndims == other.reinterpreted_batch_ndims  # type: ignore[attr-defined]

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

    bijective: bool = True

    in_shape: Size
    out_shape: Size
    domain: Any
    codomain: Any

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ArgumentError(f"ReshapeTransform: {tuple(in_shape)} and {tuple(out_shape)} differ in size")
        self.domain = constraints.independent(constraints.real, len(self.in_shape))
        self.codomain = constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Tensor) -> Any:
        return x.reshape(self.forward_shape(x.shape))

    def _inverse(self, y: Tensor) -> Any:
        return y.reshape(self.inverse_shape(y.shape))

    def _equals(self, other: object) -> bool:
        shapes = (self.in_shape, self.out_shape)
        return isinstance(other, ReshapeTransform) and shapes == (other.in_shape, other.out_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Any:
        return x.new_zeros(x.shape[: x.ndim - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        return Size((*shape[: len(shape) - len(self.in_shape)], *self.out_shape))

    def inverse_shape(self, shape: Any) -> Any:
        return Size((*shape[: len(shape) - len(self.out_shape)], *self.in_shape))
