"""Samples of discrete choices through which a gradient flows.

Sources: Maddison et al. 2017 (arXiv 1611.00712), Jang et al. 2017 (arXiv 1611.01144).
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Operand
from ..random.sampling import rand
from . import constraints
from .categorical import _OverCategorical
from .constraints import Constraint
from .discrete import OfProbability
from .parameters import broadcast_all, clamp_probs
from .transformed import TransformedDistribution
from .transforms import ExpTransform, SigmoidTransform

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli", "RelaxedOneHotCategorical"]


class LogitRelaxedBernoulli(OfProbability):
    """The logit of a relaxed Bernoulli number.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.LogitRelaxedBernoulli(tg.tensor(1.0), tg.tensor([0.5])).log_prob(tg.tensor([0.0]))
    tensor([-1.3863])
    """

    support: Any = constraints.real
    has_rsample = True

    def __init__(
        self, temperature: Operand, probs: Tensor | float | None = None, logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self.temperature = temperature
        (given,) = self._take(probs, logits)
        super().__init__(given.shape, validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(rand(shape, dtype=probs.dtype, device=probs.device))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value * self.temperature
        temperature: Any = self.temperature
        height = temperature.log() if isinstance(temperature, Tensor) else math.log(temperature)
        return height + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Numbers in (0, 1), the closer to 0 and 1 the lower the ``temperature``.

    >>> import tinygrad_bp as tg
    >>> p = tg.tensor([0.5], requires_grad=True)
    >>> tg.distributions.RelaxedBernoulli(tg.tensor(0.5), p).rsample().requires_grad
    True
    """

    arg_constraints: dict[str, Constraint] = OfProbability.arg_constraints
    support: Any = constraints.unit_interval
    base_dist: LogitRelaxedBernoulli

    def __init__(
        self, temperature: Operand, probs: Tensor | float | None = None, logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args)

    @property
    def temperature(self) -> Any:
        """How far from discrete."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Any:
        """The probability of 1."""
        return self.base_dist.probs

    @property
    def logits(self) -> Any:
        """The logarithm of the odds."""
        return self.base_dist.logits


class _ExpRelaxedCategorical(_OverCategorical):
    """The logarithm of a relaxed one-hot vector."""

    support: Any = constraints.real_vector
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Tensor | None, logits: Tensor | None, validate_args: bool | None
    ) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = clamp_probs(rand(self._extended_shape(sample_shape), dtype=self.logits.dtype, device=self.logits.device))
        scores = (self.logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        k, temperature = self.event_shape[0], self.temperature
        logits, value = broadcast_all(self.logits, value)
        scores = (logits - value * temperature).log_softmax(-1).sum(dim=-1)
        height = temperature.log() if isinstance(temperature, Tensor) else math.log(temperature)
        return scores + math.lgamma(k) + (k - 1) * height


class RelaxedOneHotCategorical(TransformedDistribution):
    """Vectors of sum 1, the closer to one-hot ones the lower the ``temperature``: what ``gumbel_softmax`` draws.

    >>> import tinygrad_bp as tg
    >>> d = tg.distributions.RelaxedOneHotCategorical(tg.tensor(0.5), tg.tensor([0.2, 0.8]))
    >>> bool((d.rsample().sum() - 1).abs() < 1e-6)
    True
    """

    arg_constraints: dict[str, Constraint] = _OverCategorical.arg_constraints
    support: Any = constraints.simplex
    base_dist: _ExpRelaxedCategorical

    def __init__(
        self, temperature: Operand, probs: Tensor | None = None, logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            _ExpRelaxedCategorical(temperature, probs, logits, validate_args), ExpTransform(), validate_args
        )

    @property
    def temperature(self) -> Any:
        """How far from discrete."""
        return self.base_dist.temperature

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self.base_dist.probs

    @property
    def logits(self) -> Any:
        """Their logarithms."""
        return self.base_dist.logits
