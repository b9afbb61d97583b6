"""Distributions of counts and of yes or no. Source: Johnson, Kemp and Kotz, *Univariate discrete distributions*."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from ..functions.creation import arange
from ..ops.activations import softplus
from ..ops.elementwise import where
from ..ops.gamma_functions import lgamma
from ..ops.losses import binary_cross_entropy_with_logits
from ..ops.special_functions import xlog1py, xlogy
from ..random.counts import binomial, poisson
from ..random.sampling import bernoulli
from . import constraints
from .constraints import Constraint
from .distribution import Distribution
from .gamma import Gamma
from .parameters import broadcast_all, lazy_property, logits_to_probs, probs_to_logits

__all__ = ["Bernoulli", "Binomial", "Geometric", "NegativeBinomial", "Poisson"]


class OfProbability(Distribution):
    """What takes ``probs``, or ``logits`` instead, and finds the other when it is asked for."""

    arg_constraints: dict[str, Constraint] = {"probs": constraints.unit_interval, "logits": constraints.real}

    def _take(self, probs: Any, logits: Any, *others: Any) -> tuple[Any, ...]:
        """Keep the one that is given; it and the others, of one shape."""
        if (probs is None) == (logits is None):
            raise ArgumentError(f"{type(self).__name__}: give either probs or logits, not both")
        *others, given = broadcast_all(*others, logits if probs is None else probs)  # type: ignore[assignment]
        vars(self)["logits" if probs is None else "probs"] = given
        return (given, *others)

    @lazy_property
    def probs(self) -> Any:
        """The probability."""
        return logits_to_probs(self.logits, is_binary=True)

    @lazy_property
    def logits(self) -> Any:
        """The logarithm of the odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @property
    def param_shape(self) -> Any:
        """The shape of the probabilities."""
        return self.batch_shape


class Bernoulli(OfProbability):
    """1 with probability ``probs``, else 0.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Bernoulli(tg.tensor([0.3])).log_prob(tg.tensor([1.0]))
    tensor([-1.2040])
    """

    support: Any = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self, probs: Tensor | float | None = None, logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        (given,) = self._take(probs, logits)
        super().__init__(given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return where(self.probs == 0.5, math.nan, mode)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        values = arange(2, dtype=self.probs.dtype, device=self.probs.device).reshape(
            (2, *(1 for _ in self.batch_shape))
        )
        return values.expand((2, *self.batch_shape)) if expand else values


class Binomial(OfProbability):
    """How many of ``total_count`` attempts succeed.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Binomial(4, tg.tensor([0.5])).mean
    tensor([2.])
    """

    arg_constraints: dict[str, Constraint] = {
        "total_count": constraints.nonnegative_integer,
        **OfProbability.arg_constraints,
    }
    has_enumerate_support = True

    total_count: Any

    def __init__(
        self, total_count: Tensor | int = 1, probs: Tensor | float | None = None,
        logits: Tensor | float | None = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        given, self.total_count = self._take(probs, logits, total_count)
        self.total_count = self.total_count.to(given.dtype)
        super().__init__(given.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        n = self.total_count
        choices = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        return choices + value * self.logits - n * softplus(self.logits)

    def entropy(self) -> Any:
        most = int(self.total_count.max())
        if not (self.total_count == most).all():
            raise NotImplementedError("Binomial has no entropy where total_count differs; ask for one at a time")
        logs = self.log_prob(self.enumerate_support(False))
        return -(logs.exp() * logs).sum(dim=0)

    def enumerate_support(self, expand: bool = True) -> Any:
        most = int(self.total_count.max())
        if not (self.total_count == most).all():
            raise NotImplementedError("Binomial has no common support where total_count differs; ask for one at a time")
        values = arange(1 + most, dtype=self.probs.dtype, device=self.probs.device).reshape(
            (-1, *(1 for _ in self.batch_shape))
        )
        return values.expand((-1, *self.batch_shape)) if expand else values


class Geometric(OfProbability):
    """The number of failures before the first success.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Geometric(0.25).mean
    tensor(3.)
    """

    support: Any = constraints.nonnegative_integer

    def __init__(
        self, probs: Tensor | float | None = None, logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        (given,) = self._take(probs, logits)
        super().__init__(given.shape, validate_args=validate_args)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if "probs" in vars(self) and not (self.probs > 0).all():
            raise ArgumentError(f"Geometric: probs must be above 0, got {self.probs}")

    @property
    def mean(self) -> Any:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        return self.probs.detach() * 0

    @property
    def variance(self) -> Any:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            u = self.probs.new_empty(shape).uniform_(float(np.finfo(self.probs.dtype).tiny), 1)
            return (u.log() / (-self.probs.expand(shape)).log1p()).floor()

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        return xlog1py(value, -self.probs) + self.probs.log()

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs


class Poisson(Distribution):
    """How often what comes at a ``rate`` has come.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Poisson(2.0).log_prob(tg.tensor(0.0))
    tensor(-2.)
    """

    arg_constraints: dict[str, Constraint] = {"rate": constraints.nonnegative}
    support: Any = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Tensor | float, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.rate

    variance = mean

    @property
    def mode(self) -> Any:
        return self.rate.floor()

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        return xlogy(value, self.rate) - self.rate - lgamma(value + 1)


class NegativeBinomial(OfProbability):
    """The number of successes, each of probability ``probs``, before ``total_count`` failures.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.NegativeBinomial(2.0, tg.tensor([0.5])).mean
    tensor([2.])
    """

    arg_constraints: dict[str, Constraint] = {
        "total_count": constraints.nonnegative, "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }  # fmt: skip
    support: Any = constraints.nonnegative_integer

    total_count: Any

    def __init__(
        self, total_count: Tensor | float, probs: Tensor | float | None = None,
        logits: Tensor | float | None = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        given, self.total_count = self._take(probs, logits, total_count)
        self.total_count = self.total_count.to(given.dtype)
        super().__init__(given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            rates = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
            return poisson(rates.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        n = self.total_count
        unnormalized = -n * softplus(self.logits) - value * softplus(-self.logits)
        return unnormalized + lgamma(n + value) - lgamma(1.0 + value) - lgamma(n)
