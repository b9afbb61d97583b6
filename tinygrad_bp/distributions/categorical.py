"""Distributions of one of several outcomes, and of how often each comes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, ShapeError
from ..autograd.modes import no_grad
from ..autograd.size import Size
from ..autograd.tensor import Tensor
from ..functions.creation import arange, eye
from ..ops.elementwise import where
from ..ops.gamma_functions import lgamma
from ..ops.network import one_hot
from ..ops.shape import broadcast_tensors
from ..random.sampling import multinomial
from . import constraints
from .constraints import Constraint
from .distribution import Distribution
from .parameters import lazy_property, logits_to_probs, probs_to_logits

__all__ = ["Categorical", "Multinomial", "OneHotCategorical", "OneHotCategoricalStraightThrough"]


class Categorical(Distribution):
    """An index below n, of ``probs`` (..., n) that need not sum to 1, or ``logits``.

    >>> import tinygrad_bp as tg
    >>> d = tg.distributions.Categorical(logits=tg.zeros(4))
    >>> d.log_prob(tg.tensor(2)), d.entropy()
    (tensor(-1.3863), tensor(1.3863))
    """

    arg_constraints: dict[str, Constraint] = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        if (probs is None) == (logits is None):
            raise ArgumentError(f"{type(self).__name__}: give either probs or logits, not both")
        given: Any = logits if probs is None else probs
        if not isinstance(given, Tensor) or given.ndim < 1:
            raise ShapeError(f"{type(self).__name__}: probs or logits are a tensor of one dimension or more")
        if probs is None:
            self.logits = given - given.logsumexp(dim=-1, keepdim=True)
        else:
            self.probs = given / given.sum(dim=-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities, of sum 1."""
        return logits_to_probs(self.logits)

    @lazy_property
    def logits(self) -> Any:
        """Their logarithms."""
        return probs_to_logits(self.probs)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def param_shape(self) -> Any:
        """The shape of the probabilities."""
        return Size((*self.batch_shape, self._num_events))

    @property
    def mean(self) -> Any:
        return self.probs.new_full(self._extended_shape(), math.nan)

    variance = mean

    @property
    def mode(self) -> Any:
        return self.probs.argmax(dim=-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            rows = self.probs.reshape(-1, self._num_events)
            drawn = multinomial(rows, math.prod(sample_shape), True)
            return drawn.T.reshape(shape)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        index, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Any:
        logits = self.logits.clamp(min=float(np.finfo(self.logits.dtype).min))
        return -(logits * self.probs).sum(dim=-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        values = arange(self._num_events, device=self.logits.device).reshape((-1, *(1 for _ in self.batch_shape)))
        return values.expand((-1, *self.batch_shape)) if expand else values


class _OverCategorical(Distribution):
    """What is made of a ``Categorical``: its parameters, and events of n numbers."""

    arg_constraints: dict[str, Constraint] = {"probs": constraints.simplex, "logits": constraints.real_vector}

    def __init__(self, probs: Tensor | None, logits: Tensor | None, validate_args: bool | None) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        super().__init__(self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._categorical = self._categorical.expand(batch_shape)
        return new

    @property
    def probs(self) -> Any:
        """The probabilities, of sum 1."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Any:
        """The shape of the probabilities."""
        return self._categorical.param_shape


class OneHotCategorical(_OverCategorical):
    """A categorical outcome as a vector that is 1 at the index and 0 elsewhere.

    >>> import tinygrad_bp as tg
    >>> d = tg.distributions.OneHotCategorical(tg.ones(4))
    >>> d.log_prob(tg.tensor([0.0, 1.0, 0.0, 0.0]))
    tensor(-1.3863)
    """

    support: Any = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(probs, logits, validate_args)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        return one_hot(self.probs.argmax(dim=-1), self.event_shape[0]).to(self.probs.dtype)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        return one_hot(self._categorical.sample(sample_shape), self.event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        return self._categorical.log_prob(value.argmax(dim=-1))

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        n = self.event_shape[0]
        values = eye(n, dtype=self.probs.dtype, device=self.probs.device).reshape(
            (n, *(1 for _ in self.batch_shape), n)
        )
        return values.expand((n, *self.batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, with the gradient of ``probs`` for that of the samples (Bengio et al. 2013, arXiv 1308.3432).

    >>> import tinygrad_bp as tg
    >>> p = tg.tensor([0.2, 0.8], requires_grad=True)
    >>> tg.distributions.OneHotCategoricalStraightThrough(p).rsample().requires_grad
    True
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())


class Multinomial(_OverCategorical):
    """How often each outcome comes in ``total_count`` draws.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Multinomial(10, tg.ones(4)).sample().sum()
    tensor(10.)
    """

    total_count: int

    def __init__(
        self, total_count: int = 1, probs: Tensor | None = None, logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(total_count, int):
            raise ArgumentError(f"Multinomial: total_count is one integer for all, got {type(total_count).__name__}")
        self.total_count = total_count
        super().__init__(probs, logits, validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        drawn = self._categorical.sample((self.total_count, *sample_shape))
        return one_hot(drawn, self.event_shape[0]).sum(dim=0).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        logits, value = broadcast_tensors(self.logits, value)
        logits = where((value == 0) & (logits == -math.inf), 0.0, logits)
        choices = lgamma(value.sum(dim=-1) + 1) - lgamma(value + 1).sum(dim=-1)
        return choices + (logits * value).sum(dim=-1)

    def entropy(self) -> Any:
        from .discrete import Binomial

        single = Binomial(self.total_count, self.probs)
        counts = single.enumerate_support(expand=False)[1:]
        weighted = (single.log_prob(counts).exp() * lgamma(counts + 1)).sum(dim=(0, -1))
        return self.total_count * self._categorical.entropy() - math.lgamma(self.total_count + 1) + weighted
