"""What every distribution has: shapes, samples, densities."""

from __future__ import annotations

from typing import Any

from ..autograd.errors import ArgumentError, CaptureError, ShapeError, shape_text
from ..autograd.modes import no_grad
from ..autograd.size import Size
from ..autograd.tensor import Tensor
from .constraints import Constraint

__all__ = ["Distribution"]


class Distribution:
    """The base of all distributions: ``batch_shape`` independent ones, each of events of ``event_shape``.

    A parameter or value outside its constraint raises ``ArgumentError`` (a ``ValueError``), unless
    ``validate_args=False`` or Python runs with ``-O``. What a distribution does not have raises
    ``NotImplementedError``.

    >>> import tinygrad_bp as tg
    >>> d = tg.distributions.Normal(tg.zeros(2), tg.ones(2))
    >>> d.batch_shape, d.event_shape, d.sample((3,)).shape
    (torch.Size([2]), torch.Size([]), torch.Size([3, 2]))
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: dict[str, Constraint] = {}
    _validate_args = __debug__

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions made from now on check their parameters and values."""
        if value not in (True, False):
            raise ArgumentError(f"set_default_validate_args: give True or False, got {value!r}")
        Distribution._validate_args = value

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if name in vars(self) and not self._holds(constraint, value := getattr(self, name)):
                raise ArgumentError(
                    f"{type(self).__name__}: parameter {name} {shape_text(value.shape)} must be {constraint!r} "
                    f"everywhere, got\n{value}"
                )

    def _holds(self, constraint: Constraint, value: Tensor) -> bool:
        """Whether a value fits everywhere."""
        try:
            return bool(constraint.check(value).all())
        except CaptureError:
            raise CaptureError(
                f"{type(self).__name__} looks at the numbers that it is given while a program is written down, and no "
                "later run would: write validate_args=False in a compiled function"
            ) from None

    def _judge(self, value: Tensor) -> None:
        """What ``log_prob`` and ``cdf`` do with their argument first, where arguments are validated."""
        if self._validate_args:
            self._validate_sample(value)

    def _validate_sample(self, value: Tensor) -> None:
        said = type(self).__name__
        if not isinstance(value, Tensor):
            raise ArgumentError(f"{said}: a value is a tensor, got {type(value).__name__}; write tg.tensor(…)")
        own = (*self.batch_shape, *self.event_shape)
        count = len(self.event_shape)
        fits = value.ndim >= count and value.shape[value.ndim - count :] == self.event_shape
        if not fits or any(a != b and 1 not in (a, b) for a, b in zip(reversed(value.shape), reversed(own))):
            raise ShapeError(
                f"{said}: a value {shape_text(value.shape)} does not fit batch and event {shape_text(own)}"
            )
        try:
            support = self.support
        except NotImplementedError:
            return
        if not self._holds(support, value):
            raise ArgumentError(
                f"{said}: a value {shape_text(value.shape)} must be {support!r}, its support, everywhere, got\n{value}"
            )

    def _refuse(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    @property
    def batch_shape(self) -> Size:
        """The shape of the independent distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one event."""
        return self._event_shape

    @property
    def support(self) -> Any:
        """The constraint of what can be drawn."""
        raise self._refuse("support")

    @property
    def mean(self) -> Any:
        """The mean."""
        raise self._refuse("mean")

    @property
    def mode(self) -> Any:
        """The most probable value."""
        raise self._refuse("mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise self._refuse("variance")

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*Size(sample_shape), *self.batch_shape, *self.event_shape))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Events of the shape sample_shape + batch_shape + event_shape, without history."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """The same as ``sample``, through which a gradient flows to the parameters."""
        raise self._refuse("rsample: no gradient flows through its samples; use sample and log_prob")

    def sample_n(self, n: int) -> Any:
        """``sample((n,))``, its older name."""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Any:
        """The logarithm of the density, or of the probability, at ``value``."""
        raise self._refuse("log_prob")

    def cdf(self, value: Tensor) -> Any:
        """The probability of at most ``value``."""
        raise self._refuse("cdf")

    def icdf(self, value: Tensor) -> Any:
        """The number of which ``cdf`` is ``value``."""
        raise self._refuse("icdf")

    def entropy(self) -> Any:
        """The entropy in nats, of the shape batch_shape."""
        raise self._refuse("entropy")

    def perplexity(self) -> Any:
        """The exponential of the entropy."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution, along a new first dimension."""
        raise self._refuse("enumerate_support")

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with its parameters expanded to ``batch_shape``."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        vars(new).update(vars(self))
        for name, constraint in self.arg_constraints.items():
            if name in vars(self):
                value = vars(self)[name]
                event = value.shape[value.ndim - constraint.event_dim :]
                setattr(new, name, value.expand((*batch_shape, *event)))
        new._batch_shape = Size(batch_shape)
        return new

    def __repr__(self) -> str:
        given = [(name, vars(self)[name]) for name in self.arg_constraints if name in vars(self)]
        parts = [f"{name}: {value if value.numel() == 1 else value.shape}" for name, value in given]
        return f"{type(self).__name__}({', '.join(parts)})"
