"""Distributions made of others: more dimensions in an event, and mixtures."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import ShapeError
from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor
from . import constraints
from .categorical import Categorical
from .distribution import Distribution
from .parameters import sum_rightmost

__all__ = ["Independent", "MixtureSameFamily"]


class Independent(Distribution):
    """A distribution whose last ``reinterpreted_batch_ndims`` batch dimensions belong to the event.

    >>> import tinygrad_bp as tg
    >>> D = tg.distributions
    >>> d = D.Independent(D.Normal(tg.zeros(3), tg.ones(3)), 1)
    >>> d.event_shape, d.log_prob(tg.zeros(3))
    (torch.Size([3]), tensor(-2.7568))
    """

    base_dist: Distribution
    reinterpreted_batch_ndims: int

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        batch, count = base_distribution.batch_shape, reinterpreted_batch_ndims
        if count > len(batch):
            raise ShapeError(f"Independent: {count} dimensions of an event, but the batch {tuple(batch)} has fewer")
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, count
        event = (*batch[len(batch) - count :], *base_distribution.event_shape)
        super().__init__(batch[: len(batch) - count], event, validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base has."""
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        return constraints.independent(self.base_dist.support, self.reinterpreted_batch_ndims)

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    @property
    def stddev(self) -> Any:
        return self.base_dist.stddev

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Any:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        moved = self.event_shape[: self.reinterpreted_batch_ndims]
        new.base_dist = self.base_dist.expand((*batch_shape, *moved))
        return new

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamily(Distribution):
    """A mixture: ``component_distribution`` (..., k) of one kind, chosen by a ``Categorical`` of k.

    >>> import tinygrad_bp as tg
    >>> D = tg.distributions
    >>> d = D.MixtureSameFamily(D.Categorical(tg.ones(2)), D.Normal(tg.tensor([-1.0, 1.0]), tg.ones(2)))
    >>> d.mean, d.variance
    (tensor(0.), tensor(2.))
    """

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        weights, parts = mixture_distribution, component_distribution
        if not isinstance(weights, Categorical):
            raise ShapeError("MixtureSameFamily: the mixture distribution is a Categorical")
        if not isinstance(parts, Distribution) or not len(parts.batch_shape):
            raise ShapeError("MixtureSameFamily: the components are a distribution whose last batch dimension they are")
        if weights.batch_shape not in ((), parts.batch_shape[:-1]) or weights.logits.shape[-1] != parts.batch_shape[-1]:
            raise ShapeError(
                f"MixtureSameFamily: weights {tuple(weights.param_shape)} do not fit components "
                f"{tuple(parts.batch_shape)}"
            )
        self._mixture_distribution, self._component_distribution = weights, parts
        super().__init__(parts.batch_shape[:-1], parts.event_shape, validate_args)

    @property
    def mixture_distribution(self) -> Categorical:
        """Which component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    @property
    def support(self) -> Any:
        return self._component_distribution.support

    def _validate_sample(self, value: Tensor) -> None:
        """The components judge it."""

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape((*probs.shape, *(1 for _ in self.event_shape)))

    @property
    def _axis(self) -> int:
        return -1 - len(self.event_shape)

    @property
    def mean(self) -> Any:
        return (self._weights() * self._component_distribution.mean).sum(dim=self._axis)

    @property
    def variance(self) -> Any:
        parts, weights = self._component_distribution, self._weights()
        within = (weights * parts.variance).sum(dim=self._axis)
        return within + (weights * (parts.mean - self.mean.unsqueeze(self._axis)) ** 2).sum(dim=self._axis)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            weights = self._mixture_distribution
            shared = weights.batch_shape != self.batch_shape
            chosen = (weights.expand(self.batch_shape) if shared else weights).sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            index = chosen.reshape((*chosen.shape, *(1 for _ in range(1 + len(self.event_shape)))))
            index = index.expand((*chosen.shape, 1, *self.event_shape))
            return drawn.gather(drawn.ndim + self._axis, index).squeeze(self._axis)

    def log_prob(self, value: Tensor) -> Any:
        logs = self._component_distribution.log_prob(value.unsqueeze(self._axis))
        return (logs + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(dim=-1)

    def cdf(self, value: Tensor) -> Any:
        parts = self._component_distribution.cdf(value.unsqueeze(self._axis))
        return (parts * self._mixture_distribution.probs).sum(dim=-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        parts = self._component_distribution
        new._component_distribution = parts.expand((*batch_shape, parts.batch_shape[-1]))
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        return new

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution!r},\n  {self._component_distribution!r})"
