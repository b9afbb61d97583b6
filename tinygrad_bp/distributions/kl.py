"""Divergences of Kullback and Leibler: ``∫ p ln(p / q)`` in closed form, by the kinds of p and q.

Source of the formulas: Gil, Alajaji and Linder 2013, *Rényi divergence measures for commonly used univariate continuous
distributions*; of vectors: Bishop, *Pattern recognition and machine learning*.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..ops.activations import softplus
from ..ops.elementwise import where
from ..ops.gamma_functions import digamma, lgamma
from ..ops.solving import solve_triangular
from ..ops.special_functions import xlogy
from .categorical import Categorical, OneHotCategorical
from .compound import Independent
from .continuous import Cauchy, Exponential, Laplace, Normal, Uniform
from .discrete import Bernoulli, Binomial, Geometric, Poisson
from .distribution import Distribution
from .gamma import Beta, Dirichlet, Gamma
from .halves import HalfNormal
from .multivariate import MultivariateNormal
from .parameters import sum_rightmost
from .transformed import Gumbel, Pareto, TransformedDistribution

__all__ = ["kl_divergence", "register_kl"]

EULER = 0.57721566490153286060
Rule = Callable[[Any, Any], Any]

_RULES: dict[tuple[type, type], Rule] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Rule], Rule]:
    """Have ``kl_divergence`` call the decorated function for these kinds and their subclasses.

    >>> import tinygrad_bp as tg
    >>> class Point(tg.distributions.Distribution):
    ...     pass
    >>> @tg.distributions.register_kl(Point, Point)
    ... def kl(p, q):
    ...     return tg.tensor(0.0)
    >>> tg.distributions.kl_divergence(Point(), Point())
    tensor(0.)
    """

    def register(rule: Rule) -> Rule:
        _RULES[type_p, type_q] = rule
        return rule

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """The divergence of ``p`` from ``q``, of the shape of their batches.

    Raises ``NotImplementedError`` where no rule is known for the two: write one with ``register_kl``.

    >>> import tinygrad_bp as tg
    >>> D = tg.distributions
    >>> D.kl_divergence(D.Normal(1.0, 1.0), D.Normal(0.0, 1.0))
    tensor(0.5000)
    """
    kinds_p, kinds_q = type(p).__mro__, type(q).__mro__
    fitting = [(kinds_p.index(a), kinds_q.index(b), a, b) for a, b in _RULES if a in kinds_p and b in kinds_q]
    if not fitting:
        raise NotImplementedError(
            f"kl_divergence: no rule for {type(p).__name__} and {type(q).__name__}; write one with register_kl"
        )
    *_, a, b = min(fitting, key=lambda found: (found[0] + found[1], found[0]))
    return _RULES[a, b](p, q)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    none = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return _guarded(one, p.probs, q.probs) + _guarded(none, 1 - p.probs, 1 - q.probs)


def _guarded(each: Any, p: Any, q: Any) -> Any:
    """What an outcome adds: 0 where it has no chance in p, infinite where it has none in q alone."""
    return where(p == 0, 0.0, where(q == 0, math.inf, each))


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if not (p.total_count <= q.total_count).all():
        more = p.total_count > q.total_count
        return where(more, math.inf, p.total_count * _bernoulli(p, q))
    if not (p.total_count == q.total_count).all():
        raise NotImplementedError("kl_divergence: of binomials whose second has more attempts there is no closed form")
    return p.total_count * _bernoulli(p, q)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return xlogy(p.rate, p.rate / q.rate) - (p.rate - q.rate)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    return _guarded(p.probs * (p.logits - q.logits), p.probs, q.probs).sum(dim=-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    both = (p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2
    return both.log() - (4 * p.scale * q.scale).log()


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    outside = (q.low > p.low) | (q.high < p.high)
    return where(outside, math.inf, ((q.high - q.low) / (p.high - p.low)).log())


@register_kl(Uniform, Normal)
def _uniform_normal(p: Any, q: Any) -> Any:
    spread = p.high - p.low
    middle = ((p.high + p.low - 2 * q.loc) / 2) ** 2
    return (math.sqrt(2 * math.pi) * q.scale / spread).log() + (spread**2 / 12 + middle) / (2 * q.scale**2)


@register_kl(Laplace, Normal)
def _laplace_normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale) ** 2
    moved = 0.5 * ((p.loc - q.loc) / q.scale) ** 2
    return -0.5 * (2 * ratio / math.pi).log() + ratio + moved - 1


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    moved = (p.loc - q.loc) / p.scale
    size = p.scale * (math.sqrt(2 / math.pi) * (-0.5 * moved**2).exp() + moved * (moved / math.sqrt(2)).erf())
    return size / q.scale + (2 * q.scale).log() - p.entropy()


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return b * (p.rate / q.rate).log() + lgamma(b) - lgamma(a) + (a - b) * digamma(a) + (q.rate - p.rate) * a / p.rate


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    ratio, b = q.rate / p.rate, q.concentration
    return -b * ratio.log() + ratio + lgamma(b) + b * EULER - (1 + EULER)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    total = a.sum(dim=-1)
    heights = lgamma(total) - lgamma(b.sum(dim=-1)) - (lgamma(a) - lgamma(b)).sum(dim=-1)
    return heights + ((a - b) * (digamma(a) - digamma(total).unsqueeze(-1))).sum(dim=-1)


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    moved = (q.loc - p.loc) / q.scale
    return -ratio.log() - moved + ratio * EULER + (moved + lgamma(1 + ratio)).exp() - (1 + EULER)


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio, scales = q.alpha / p.alpha, p.scale / q.scale
    return where(p.scale < q.scale, math.inf, q.alpha * scales.log() - ratio.log() + ratio - 1)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(f"kl_divergence: vectors of {p.event_shape[0]} and {q.event_shape[0]} numbers")
    n = p.event_shape[0]
    spread = (solve_triangular(q.scale_tril, p.scale_tril, upper=False) ** 2).sum(dim=(-2, -1))
    moved = (solve_triangular(q.scale_tril, (q.loc - p.loc).unsqueeze(-1), upper=False) ** 2).sum(dim=(-2, -1))
    return q._half_log_det() - p._half_log_det() + 0.5 * (spread + moved - n)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence: the two are independent in different numbers of dimensions")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    """No invertible transform changes a divergence."""
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("kl_divergence: the two are transformed differently")
    return kl_divergence(p.base_dist, q.base_dist)
