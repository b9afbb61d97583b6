"""Sizes of numbers of symmetric distributions: their densities, doubled."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.tensor import Tensor
from ..ops.elementwise import where
from . import constraints
from .constraints import Constraint
from .continuous import Cauchy, Normal
from .transformed import TransformedDistribution
from .transforms import AbsTransform

__all__ = ["HalfCauchy", "HalfNormal"]


class HalfNormal(TransformedDistribution):
    """The size of a normal number of mean 0 and standard deviation ``scale``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    arg_constraints: dict[str, Constraint] = {"scale": constraints.positive}
    support: Any = constraints.nonnegative
    base_dist: Normal

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), AbsTransform(), validate_args)

    def _check_parameters(self) -> None:
        Normal(0, self.scale, validate_args=True)

    @property
    def scale(self) -> Any:
        """The standard deviation of the normal number."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Any:
        return self.scale.detach() * 0

    @property
    def variance(self) -> Any:
        return self.scale**2 * (1 - 2 / math.pi)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        return where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Tensor) -> Any:
        self._judge(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Tensor) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class HalfCauchy(TransformedDistribution):
    """The size of a Cauchy number of half width ``scale``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.HalfCauchy(1.0).cdf(tg.tensor(1.0))
    tensor(0.5000)
    """

    arg_constraints: dict[str, Constraint] = {"scale": constraints.positive}
    support: Any = constraints.nonnegative
    base_dist: Cauchy

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), AbsTransform(), validate_args)

    def _check_parameters(self) -> None:
        Cauchy(0, self.scale, validate_args=True)

    @property
    def scale(self) -> Any:
        """Half the width."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        return self.scale.new_full(self._extended_shape(), math.inf)

    @property
    def mode(self) -> Any:
        return self.scale.detach() * 0

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        return where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Tensor) -> Any:
        self._judge(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Tensor) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)
