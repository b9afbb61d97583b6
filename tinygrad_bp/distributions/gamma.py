"""Distributions made of gamma variables.

Source of the densities: Johnson, Kotz and Balakrishnan, *Continuous univariate distributions*; of
the gradients of samples: Figurnov, Mohamed and Mnih 2018, *Implicit reparameterization gradients*.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.device import near
from ..autograd.elsewhere import hosted
from ..autograd.errors import ShapeError
from ..autograd.function import Function
from ..autograd.size import Size
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Operand
from ..autograd.values import held, value_of
from ..ops.draws import draw
from ..ops.elementwise import in_dtype, where
from ..ops.gamma_functions import digamma, lgamma
from ..ops.incomplete_gamma import igamma
from ..ops.joining import stack
from ..ops.limits import clip
from ..ops.network import one_hot
from ..ops.special_functions import xlogy
from ..random.generator import default_generator
from ..random.sampling import randn
from . import constraints
from .constraints import Constraint
from .distribution import Distribution
from .parameters import above, broadcast_all

__all__ = ["Beta", "Chi2", "Dirichlet", "FisherSnedecor", "Gamma", "StudentT"]


class _Slope(Function):
    """What a rule says of concentrations and the numbers drawn with them; it has no derivative of its own."""

    @staticmethod
    def forward(ctx: Any, rule: Any, concentration: Operand, drawn: Any) -> Any:
        found = rule(*(value_of(t).astype(np.float64) for t in (concentration, drawn)))
        return wrap(found.astype(drawn.dtype), None)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        raise NotImplementedError("rsample: the gradient of gamma, beta and Dirichlet samples has no gradient itself")


def _gamma(concentration: Any) -> Any:
    """Gamma numbers of rate 1, in the shape and dtype of the concentration."""
    given = held(concentration)
    drawn = draw("gamma", (hosted(given),), given.shape, default_generator())
    return near(drawn, concentration)


class _StandardGamma(Function):
    """Gamma numbers of rate 1, whose slope is that of the inverse of the cdf: −(∂P(a, x)/∂a) / density."""

    @staticmethod
    def forward(ctx: Any, concentration: Operand) -> Any:
        drawn = _gamma(concentration)
        ctx.save_for_backward(concentration, drawn)
        return drawn

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * _Slope.apply(_slope, *ctx.saved_tensors)


def _slope(a: Any, x: Tensor) -> Any:
    """By the series of P(a, x), DLMF 8.7.1, differentiated term by term."""
    term, count = np.ones_like(x), 0
    rest = np.log(x) - digamma(a + 1)
    total, size = rest.copy(), term.copy()
    while np.any(term > 1e-17 * size):
        count += 1
        term = term * (x / (a + count))
        rest = rest - 1 / (a + count)
        total, size = total + term * rest, size + term
    return -total * x / a


class _Shares(Function):
    """Dirichlet numbers, from gamma numbers; the slope of each share is that of the inverse of its beta cdf."""

    @staticmethod
    def forward(ctx: Any, concentration: Tensor) -> Any:
        parts = _gamma(concentration.double())
        kind = np.finfo(concentration.dtype)
        shares = in_dtype(parts / parts.sum(-1, keepdim=True), concentration.dtype)
        drawn = clip(shares, float(kind.tiny), float(1 - kind.epsneg))
        ctx.save_for_backward(concentration, drawn)
        return drawn

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        slope = _Slope.apply(_slope_of_share, *ctx.saved_tensors)
        return slope * (g - (ctx.saved_tensors[1] * g).sum(dim=-1, keepdim=True))


def _slope_of_share(a: Any, x: Tensor) -> Any:
    """−(∂I(x; a, b)/∂a) / density / (1 − x), by DLMF 8.17.8 differentiated term by term; above ½ for 1 − x (8.17.4)."""
    b = a.sum(axis=-1, keepdims=True) - a
    alone, above = b <= 0, x > 0.5  # the only share is 1
    b = np.where(alone, 1.0, b)
    z, c = np.where(above, 1 - x, x), np.where(above, b, a)
    term, count = np.ones_like(x), 0
    rest = np.log(x) - digamma(np.where(above, a, a + 1)) + digamma(a + b)
    total, size = rest.copy(), term.copy()
    while np.any(term > 1e-17 * size):
        term = term * z * (a + b + count) / (c + count + 1)
        rest = rest + 1 / (a + b + count) - np.where(above, 0.0, 1 / (a + count + 1))
        total, size = total + term * rest, size + term
        count += 1
    return np.where(alone, 0.0, np.where(above, total, -total) * x / c)


class Gamma(Distribution):
    """Sums of waiting times: density ``rateᵃ xᵃ⁻¹ e^(−rate x) / Γ(a)``, a the ``concentration``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Gamma(2.0, 1.0).log_prob(tg.tensor(1.0))
    tensor(-1.)
    """

    arg_constraints: dict[str, Constraint] = {"concentration": constraints.positive, "rate": constraints.positive}
    support: Any = constraints.nonnegative
    has_rsample = True
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Tensor | float, rate: Tensor | float, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Any:
        return self.concentration / self.rate**2

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        drawn = _StandardGamma.apply(self.concentration.expand(shape)) / self.rate.expand(shape)
        return drawn.clamp(min=float(np.finfo(drawn.dtype).tiny))

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        a = self.concentration
        return xlogy(a, self.rate) + xlogy(a - 1, value) - self.rate * value - lgamma(a)

    def cdf(self, value: Tensor) -> Any:
        self._judge(value)
        return igamma(self.concentration, self.rate * value)

    def entropy(self) -> Any:
        a = self.concentration
        return a - self.rate.log() + lgamma(a) + (1 - a) * digamma(a)


class Chi2(Gamma):
    """The sum of ``df`` squared normal numbers.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Chi2(4.0).mean
    tensor(4.)
    """

    arg_constraints: dict[str, Constraint] = {"df": constraints.positive}

    def __init__(self, df: Tensor | float, validate_args: bool | None = None) -> None:
        (half,) = broadcast_all(0.5 * df)
        super().__init__(half, 0.5, validate_args=validate_args)

    def _check_parameters(self) -> None:
        vars(self)["df"] = self.df
        super()._check_parameters()
        del vars(self)["df"]

    @property
    def df(self) -> Any:
        """The degrees of freedom."""
        return self.concentration * 2


class Dirichlet(Distribution):
    """Probabilities that sum to 1 over the last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Dirichlet(tg.ones(3)).mean
    tensor([0.3333, 0.3333, 0.3333])
    """

    arg_constraints: dict[str, Constraint] = {"concentration": constraints.independent(constraints.positive, 1)}
    support: Any = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if not isinstance(concentration, Tensor) or concentration.ndim < 1:
            raise ShapeError("Dirichlet: concentration is a tensor of one dimension or more")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(dim=-1, keepdim=True)

    @property
    def mode(self) -> Any:
        above = (self.concentration - 1).clamp(min=0.0)
        total = above.sum(dim=-1, keepdim=True)
        largest = one_hot(self.concentration.argmax(dim=-1), self.event_shape[0]).to(above.dtype)
        return where(
            (self.concentration < 1).all(dim=-1, keepdim=True), largest, above / where(total > 0, total, math.nan)
        )

    @property
    def variance(self) -> Any:
        a, total = self.concentration, self.concentration.sum(dim=-1, keepdim=True)
        return a * (total - a) / (total**2 * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return _Shares.apply(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        a = self.concentration
        return xlogy(a - 1, value).sum(dim=-1) + lgamma(a.sum(dim=-1)) - lgamma(a).sum(dim=-1)

    def entropy(self) -> Any:
        a, k = self.concentration, self.concentration.shape[-1]
        total = a.sum(dim=-1)
        spread = (k - total) * digamma(total) + ((a - 1) * digamma(a)).sum(dim=-1)
        return lgamma(a).sum(dim=-1) - lgamma(total) - spread


class Beta(Distribution):
    """A probability: density ``x^(a − 1) (1 − x)^(b − 1) / B(a, b)``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.Beta(2.0, 2.0).log_prob(tg.tensor(0.5))
    tensor(0.4055)
    """

    arg_constraints: dict[str, Constraint] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support: Any = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Tensor | float, concentration0: Tensor | float, validate_args: bool | None = None
    ) -> None:
        both = stack(broadcast_all(concentration1, concentration0), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(both.shape[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._dirichlet = self._dirichlet.expand(batch_shape)
        return new

    @property
    def concentration1(self) -> Any:
        """Of 1."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Any:
        """Of 0."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Any:
        return self._dirichlet.mean[..., 0]

    @property
    def mode(self) -> Any:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        return self._dirichlet.variance[..., 0]

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        both = stack((value, 1.0 - value), -1)
        return Dirichlet(self._dirichlet.concentration, validate_args=False).log_prob(both)

    def entropy(self) -> Any:
        return self._dirichlet.entropy()


class StudentT(Distribution):
    """A normal number over the root of a chi-squared one of ``df`` degrees of freedom, moved and scaled.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.StudentT(3.0).variance
    tensor(3.)
    """

    arg_constraints: dict[str, Constraint] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support: Any = constraints.real
    has_rsample = True
    df: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(
        self, df: Tensor | float, loc: Tensor | float = 0.0, scale: Tensor | float = 1.0,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return where(self.df > 1, self.loc, math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        finite = self.scale**2 * self.df / above(self.df, 2)
        return where(self.df > 2, finite, where(self.df > 1, math.inf, math.nan).to(finite.dtype))

    def rsample(self, sample_shape: Any = ()) -> Any:
        normal = randn(self._extended_shape(sample_shape), dtype=self.df.dtype, device=self.df.device)
        squares = Chi2(self.df, validate_args=False).rsample(sample_shape)
        return self.loc + self.scale * (normal * (squares / self.df).rsqrt())

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        y, df = (value - self.loc) / self.scale, self.df
        height = self.scale.log() + 0.5 * df.log() + 0.5 * math.log(math.pi) + lgamma(0.5 * df) - lgamma(0.5 * (df + 1))
        return -0.5 * (df + 1) * (y**2 / df).log1p() - height

    def entropy(self) -> Any:
        df = self.df
        log_beta = lgamma(0.5 * df) + math.lgamma(0.5) - lgamma(0.5 * (df + 1))
        slope = 0.5 * (df + 1) * (digamma(0.5 * (df + 1)) - digamma(0.5 * df))
        return self.scale.log() + slope + 0.5 * df.log() + log_beta


class FisherSnedecor(Distribution):
    """The ratio of two chi-squared variables, each over its degrees of freedom.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.FisherSnedecor(1.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints: dict[str, Constraint] = {"df1": constraints.positive, "df2": constraints.positive}
    support: Any = constraints.positive
    has_rsample = True
    df1: Tensor
    df2: Tensor

    def __init__(self, df1: Tensor | float, df2: Tensor | float, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return where(self.df2 > 2, self.df2 / above(self.df2, 2), math.nan)

    @property
    def mode(self) -> Any:
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return where(self.df1 > 2, mode, math.nan)

    @property
    def variance(self) -> Any:
        one, two = self.df1, self.df2
        return where(two > 4, 2 * two**2 * (one + two - 2) / (one * above(two, 2) ** 2 * above(two, 4)), math.nan)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape, tiny = Size(sample_shape), float(np.finfo(self.df1.dtype).tiny)
        first, second = (Gamma(0.5 * df, df, validate_args=False).rsample(shape) for df in (self.df1, self.df2))
        return (first / second.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Tensor) -> Any:
        self._judge(value)
        one, two = self.df1 * 0.5, self.df2 * 0.5
        ratio = self.df1 / self.df2
        constant = lgamma(one + two) - lgamma(one) - lgamma(two)
        return constant + one * ratio.log() + (one - 1) * value.log() - (one + two) * (ratio * value).log1p()
