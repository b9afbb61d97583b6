"""What values a parameter or a sample may have: ``constraint.check(value)`` says it of each.

>>> import tinygrad_bp as tg
>>> tg.distributions.constraints.positive.check(tg.tensor([1.0, -1.0]))
tensor([ True, False])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.tensor import Tensor
from ..autograd.types import Operand

__all__ = [
    "Constraint", "boolean", "dependent", "dependent_property", "greater_than", "greater_than_eq", "half_open_interval",
    "independent", "integer_interval", "interval", "less_than", "lower_cholesky", "multinomial", "nonnegative",
    "nonnegative_integer", "one_hot", "positive", "positive_definite", "positive_integer", "real", "real_vector",
    "simplex", "unit_interval",
]  # fmt: skip


class Constraint:
    """A region of values. ``event_dim`` is the number of dimensions that are judged together.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.unit_interval
    Interval(lower_bound=0.0, upper_bound=1.0)
    """

    is_discrete = False
    event_dim = 0

    def check(self, value: Tensor) -> Any:
        """Of each event in ``value``, whether it is inside, as booleans."""
        raise NotImplementedError(f"{type(self).__name__}: define check(self, value)")

    def __repr__(self) -> str:
        return f"{type(self).__name__.lstrip('_')}()"


class _Where(Constraint):
    """The values of which a test is true; the bounds are attributes."""

    def __init__(
        self, name: str, test: Callable[[Any], Any], event_dim: int = 0, is_discrete: bool = False, **bounds: Any
    ) -> None:
        self.name, self.test, self.event_dim, self.is_discrete, self.bounds = name, test, event_dim, is_discrete, bounds
        vars(self).update(bounds)

    def check(self, value: Tensor) -> Any:
        return self.test(value)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.bounds.items())})"


class _Dependent(Constraint):
    """A region that depends on other parameters: it cannot be judged alone, and is not."""

    def check(self, value: Tensor) -> Any:
        return value.isnan() | True


class dependent_property(property, _Dependent):
    """A property that gives the constraint of an object, for ``support`` and ``arg_constraints`` of your own classes.

    >>> import tinygrad_bp as tg
    >>> class Below(tg.distributions.Distribution):
    ...     @tg.distributions.constraints.dependent_property(is_discrete=False, event_dim=0)
    ...     def support(self):
    ...         return tg.distributions.constraints.less_than(2.0)
    >>> Below(validate_args=False).support
    LessThan(upper_bound=2.0)
    """

    def __init__(self, fget: Any = None, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        super().__init__(fget)
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def __call__(self, fget: Any) -> dependent_property:
        return dependent_property(fget, is_discrete=self.is_discrete, event_dim=self.event_dim)


class independent(Constraint):
    """A constraint of events that have ``reinterpreted_batch_ndims`` more dimensions.

    >>> import tinygrad_bp as tg
    >>> c = tg.distributions.constraints
    >>> c.independent(c.real, 1).event_dim
    1
    """

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Any:
        inside = self.base_constraint.check(value)
        over = tuple(range(inside.ndim - self.reinterpreted_batch_ndims, inside.ndim))
        return inside.all(dim=over) if over else inside

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


def interval(lower_bound: Operand, upper_bound: Operand) -> Constraint:
    """Numbers of [lower_bound, upper_bound].

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.interval(0, 1).check(tg.tensor([0.0, 2.0]))
    tensor([ True, False])
    """
    return _Where(
        "Interval", lambda v: (v >= lower_bound) & (v <= upper_bound), lower_bound=lower_bound, upper_bound=upper_bound
    )


def half_open_interval(lower_bound: Operand, upper_bound: Operand) -> Constraint:
    """Numbers of [lower_bound, upper_bound).

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.half_open_interval(0, 1).check(tg.tensor([0.0, 1.0]))
    tensor([ True, False])
    """
    return _Where(
        "HalfOpenInterval", lambda v: (v >= lower_bound) & (v < upper_bound),
        lower_bound=lower_bound, upper_bound=upper_bound,
    )  # fmt: skip


def greater_than(lower_bound: Operand) -> Constraint:
    """Numbers above ``lower_bound``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.greater_than(1).check(tg.tensor([1.0, 2.0]))
    tensor([False,  True])
    """
    return _Where("GreaterThan", lambda v: v > lower_bound, lower_bound=lower_bound)


def greater_than_eq(lower_bound: Operand) -> Constraint:
    """Numbers at least ``lower_bound``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.greater_than_eq(1).check(tg.tensor([1.0, 2.0]))
    tensor([True, True])
    """
    return _Where("GreaterThanEq", lambda v: v >= lower_bound, lower_bound=lower_bound)


def less_than(upper_bound: Operand) -> Constraint:
    """Numbers below ``upper_bound``.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.less_than(1).check(tg.tensor([1.0, 0.0]))
    tensor([False,  True])
    """
    return _Where("LessThan", lambda v: v < upper_bound, upper_bound=upper_bound)


def integer_interval(lower_bound: Operand, upper_bound: Operand) -> Constraint:
    """Integers of [lower_bound, upper_bound].

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.integer_interval(0, 2).check(tg.tensor([1.0, 1.5, 3.0]))
    tensor([ True, False, False])
    """
    return _Where(
        "IntegerInterval", lambda v: (v % 1 == 0) & (v >= lower_bound) & (v <= upper_bound), is_discrete=True,
        lower_bound=lower_bound, upper_bound=upper_bound,
    )  # fmt: skip


def multinomial(upper_bound: Operand) -> Constraint:
    """Counts, not negative, that sum to ``upper_bound`` over the last dimension.

    >>> import tinygrad_bp as tg
    >>> tg.distributions.constraints.multinomial(3).check(tg.tensor([[1.0, 2.0], [3.0, 3.0]]))
    tensor([ True, False])
    """
    return _Where(
        "Multinomial", lambda v: (v >= 0).all(dim=-1) & (v.sum(dim=-1) <= upper_bound), 1, True, upper_bound=upper_bound
    )


def _positive_definite(value: Tensor) -> Any:
    from ..ops.cholesky import cholesky_ex

    near = (value - value.mT).abs().amax(dim=(-2, -1)) <= 1e-5 + 1e-5 * value.abs().amax(dim=(-2, -1))
    return near & (cholesky_ex(value.detach()).info == 0)


def _lower_cholesky(value: Tensor) -> Any:
    triangular = (value.tril() == value).all(dim=(-2, -1))
    return triangular & (value.diagonal(dim1=-2, dim2=-1) > 0).all(dim=-1)


dependent: Constraint = _Dependent()
real: Constraint = _Where("Real", lambda v: v == v)
real_vector: Constraint = independent(real, 1)
positive: Constraint = greater_than(0.0)
nonnegative: Constraint = greater_than_eq(0.0)
unit_interval: Constraint = interval(0.0, 1.0)
boolean: Constraint = _Where("Boolean", lambda v: (v == 0) | (v == 1), is_discrete=True)
nonnegative_integer: Constraint = _Where(
    "IntegerGreaterThan", lambda v: (v % 1 == 0) & (v >= 0), is_discrete=True, lower_bound=0
)
positive_integer: Constraint = _Where(
    "IntegerGreaterThan", lambda v: (v % 1 == 0) & (v >= 1), is_discrete=True, lower_bound=1
)
simplex: Constraint = _Where("Simplex", lambda v: (v >= 0).all(dim=-1) & ((v.sum(dim=-1) - 1).abs() < 1e-6), 1)
one_hot: Constraint = _Where("OneHot", lambda v: ((v == 0) | (v == 1)).all(dim=-1) & (v.sum(dim=-1) == 1), 1, True)
lower_cholesky: Constraint = _Where("LowerCholesky", _lower_cholesky, 2)
positive_definite: Constraint = _Where("PositiveDefinite", _positive_definite, 2)
