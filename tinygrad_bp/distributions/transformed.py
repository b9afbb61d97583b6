"""Distributions of transformed variables. Source: Papamakarios et al. 2021 (arXiv 1912.02762), section 2.1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..ops.elementwise import where
from ..ops.gamma_functions import digamma, lgamma
from . import constraints
from .compound import Independent
from .constraints import Constraint
from .continuous import Exponential, Normal, Uniform
from .distribution import Distribution
from .gamma import Gamma
from .parameters import above, broadcast_all, sum_rightmost
from .transforms import AffineTransform, ComposeTransform, ExpTransform, PowerTransform, Transform

__all__ = [
    "Gumbel", "InverseGamma", "LogNormal", "Pareto", "TransformedDistribution", "Weibull",
]  # fmt: skip

EULER = 0.57721566490153286060


class TransformedDistribution(Distribution):
    """The distribution of what transforms, one after another, make of what ``base_distribution`` draws.

    >>> import tinygrad_bp as tg
    >>> D = tg.distributions
    >>> d = D.TransformedDistribution(D.Normal(0.0, 1.0), [D.transforms.TanhTransform()])
    >>> d.log_prob(tg.tensor(0.0))
    tensor(-0.9189)
    """

    transforms: list[Transform]

    def __init__(
        self, base_distribution: Distribution, transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        if not all(isinstance(t, Transform) for t in self.transforms):
            raise ArgumentError(f"{type(self).__name__}: transforms is a Transform or a list of them")
        shape, count = base_distribution._extended_shape(), len(base_distribution.event_shape)
        chain = ComposeTransform(self.transforms)
        before = chain.domain.event_dim if self.transforms else 0
        if len(shape) < before:
            raise ArgumentError(
                f"{type(self).__name__}: the transforms need {before} dimensions, not the {tuple(shape)} of the base"
            )
        forward = chain.forward_shape(shape)
        needed = chain.inverse_shape(forward)
        if tuple(needed) != tuple(shape):
            base_distribution = base_distribution.expand(needed[: len(needed) - count])
        if before > count:
            base_distribution = Independent(base_distribution, before - count)
        self.base_dist = base_distribution
        event = count - before if count > before else 0
        event += chain.codomain.event_dim if self.transforms else 0
        super().__init__(forward[: len(forward) - event], forward[len(forward) - event :], validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base has."""
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        last = self.transforms[-1].codomain
        more = len(self.event_shape) - last.event_dim
        return constraints.independent(last, more) if more > 0 else last

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return self._through(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._through(self.base_dist.rsample(sample_shape))

    def _through(self, x: Tensor) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        event_dim, total, y = len(self.event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform._inv_call(y)
            event_dim += transform.domain.event_dim - transform.codomain.event_dim
            slope = transform.log_abs_det_jacobian(x, y)
            total = total - sum_rightmost(slope, event_dim - transform.domain.event_dim)
            y = x
        return total + sum_rightmost(self.base_dist.log_prob(y), event_dim - len(self.base_dist.event_shape))

    def _falls(self, value: Tensor) -> Any:
        """The probability, or what it is asked of, on the side from which a chain that falls sees it."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return sign * (value - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Any:
        self._judge(value)
        for transform in reversed(self.transforms):
            value = transform._inv_call(value)
        return self._falls(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Any:
        return self._through(self.base_dist.icdf(self._falls(value)))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        shape = ComposeTransform(self.transforms).inverse_shape((*batch_shape, *self.event_shape))
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        return new


class LogNormal(TransformedDistribution):
    """The exponential of a normal number of mean ``loc`` and standard deviation ``scale``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    arg_constraints: dict[str, Constraint] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.positive
    base_dist: Normal

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self) -> Any:
        """The mean of the logarithm."""
        return self.base_dist.loc

    @property
    def scale(self) -> Any:
        """The standard deviation of the logarithm."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return (self.loc + self.scale**2 / 2).exp()

    @property
    def mode(self) -> Any:
        return (self.loc - self.scale**2).exp()

    @property
    def variance(self) -> Any:
        square = self.scale**2
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class Gumbel(TransformedDistribution):
    """The largest of many numbers: ``loc − scale · ln(−ln u)``, u uniform.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    arg_constraints: dict[str, Constraint] = {"loc": constraints.real, "scale": constraints.positive}
    support: Any = constraints.real
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        kind, one = np.finfo(self.loc.dtype), self.loc.detach() * 0 + 1
        base = Uniform(one * float(kind.tiny), one - float(kind.eps), validate_args)
        minus = AffineTransform(0, -one)
        moved = AffineTransform(self.loc, -self.scale)
        super().__init__(base, [ExpTransform().inv, minus, ExpTransform().inv, moved], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Gumbel(self.loc.expand(batch_shape), self.scale.expand(batch_shape), self._validate_args)

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def stddev(self) -> Any:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Any:
        return self.stddev**2

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        y = (self.loc - value) / self.scale
        return y - y.exp() - self.scale.log()

    def entropy(self) -> Any:
        return self.scale.log() + (1 + EULER)


class InverseGamma(TransformedDistribution):
    """The reciprocal of a gamma variable.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.InverseGamma(3.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints: dict[str, Constraint] = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.positive
    base_dist: Gamma

    def __init__(self, concentration: Tensor | float, rate: Tensor | float, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args)
        super().__init__(base, PowerTransform(base.rate.new_full((), -1.0)), validate_args)

    @property
    def concentration(self) -> Any:
        """That of the gamma variable."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Any:
        """That of the gamma variable."""
        return self.base_dist.rate

    @property
    def mean(self) -> Any:
        a = self.concentration
        return where(a > 1, self.rate / above(a, 1), math.inf)

    @property
    def mode(self) -> Any:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        a = self.concentration
        return where(a > 2, self.rate**2 / (above(a, 1) ** 2 * above(a, 2)), math.inf)

    def entropy(self) -> Any:
        a = self.concentration
        return a + self.rate.log() + lgamma(a) - (1 + a) * digamma(a)


class Pareto(TransformedDistribution):
    """A power law above ``scale``: density ``alpha scaleᵃ / x^(alpha + 1)``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Pareto(1.0, 2.0).mean
    tensor(2.)
    """

    arg_constraints: dict[str, Constraint] = {"alpha": constraints.positive, "scale": constraints.positive}
    scale: Tensor
    alpha: Tensor

    def __init__(self, scale: Tensor | float, alpha: Tensor | float, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args)
        super().__init__(base, [ExpTransform(), AffineTransform(0, self.scale)], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Pareto(self.scale.expand(batch_shape), self.alpha.expand(batch_shape), self._validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        return where(self.alpha > 1, self.alpha * self.scale / above(self.alpha, 1), math.inf)

    @property
    def mode(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        a = self.alpha
        return where(a > 2, self.scale**2 * a / (above(a, 1) ** 2 * above(a, 2)), math.inf)

    def entropy(self) -> Any:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


class Weibull(TransformedDistribution):
    """``scale`` times an exponential number to the power 1 / ``concentration``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Weibull(2.0, 1.0).mean
    tensor(2.)
    """

    arg_constraints: dict[str, Constraint] = {"scale": constraints.positive, "concentration": constraints.positive}
    support: Any = constraints.positive
    scale: Tensor
    concentration: Tensor

    def __init__(self, scale: Tensor | float, concentration: Tensor | float, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        base = Exponential(self.scale.detach() * 0 + 1, validate_args)
        power = PowerTransform(self.concentration.reciprocal())
        super().__init__(base, [power, AffineTransform(0, self.scale)], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Weibull(self.scale.expand(batch_shape), self.concentration.expand(batch_shape), self._validate_args)

    def _moment(self, order: int) -> Any:
        return lgamma(1 + order * self.concentration.reciprocal()).exp()

    @property
    def mean(self) -> Any:
        return self.scale * self._moment(1)

    @property
    def mode(self) -> Any:
        k = self.concentration
        return self.scale * ((k - 1) / k) ** k.reciprocal()

    @property
    def variance(self) -> Any:
        return self.scale**2 * (self._moment(2) - self._moment(1) ** 2)

    def entropy(self) -> Any:
        inverse = self.concentration.reciprocal()
        return EULER * (1 - inverse) + (self.scale * inverse).log() + 1
