"""Wrong gradients of functions along an axis: softmax, its logarithm, and normalisation of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .formulas import Axes, deviation, slips_along
from .tape import Gradient

Whole = Callable[[Gradient, Any, Any, Axes], Gradient]  # of g, x, y and the axes
Wrong = tuple[str, str, Whole]  # kind, how it is written, and the gradient that comes of it


def _sum(a: Any, axes: Axes) -> Any:
    return np.sum(a, axes, keepdims=True)


def _mean(a: Any, axes: Axes) -> Any:
    return np.mean(a, axes, keepdims=True)


def _variance(x: Any, axes: Axes) -> Any:
    return _mean((x - _mean(x, axes)) ** 2, axes)


def _count(x: Any, axes: Axes) -> float:
    return float(np.prod([x.shape[a] for a in axes]))


def _other_axes(ndim: int, axes: Axes) -> list[Axes]:
    """Axes that may be taken for the right ones: the others, each alone, and all."""
    others = tuple(a for a in range(ndim) if a not in axes)
    more = [tuple(sorted((*axes, a))) for a in others]
    found = [others, *((a,) for a in range(ndim)), tuple(range(ndim)), *more]
    return [some for some in dict.fromkeys(found) if some and some != axes]


@dataclass(frozen=True)
class Normal:
    """g · (1 or n) − mean · (mean or sum of g) − variance · y · (mean or sum of g·y), divided by a power of σ."""

    mean: float = 1
    variance: float = 1
    power: float = 1
    sums: tuple[int, int] = (0, 0)
    of_g: bool = False
    root: float = 0  # the term of the variance times this power of σ
    inner: Whole = field(default=lambda g, x, y, a: y)  # what stands for y in mean(g·y)
    outer: Whole = field(default=lambda g, x, y, a: y)  # what stands for y before it
    over: tuple[Axes | None, Axes | None] = (None, None)  # other axes, of the mean's term and of the variance's
    scaled: tuple[Any, Any, Any] = (1, 1, 1)  # what multiplies g in each term

    def __call__(self, g: Gradient, x: Any, y: Any, axes: Axes) -> Gradient:
        """The gradient that comes of it."""
        n, sigma = _count(x, axes), deviation(x, y, axes)
        direct, of_mean, of_variance = (g * scale for scale in self.scaled)
        first = _mean(of_mean, self.over[0] or axes) * n ** self.sums[0]
        projected = _mean(of_variance * self.inner(g, x, y, axes), self.over[1] or axes)
        second = self.outer(g, x, y, axes) * projected * n ** self.sums[1] * sigma**self.root
        return ((n if self.of_g else 1) * direct - self.mean * first - self.variance * second) / sigma**self.power


def _with_deviation(other: Callable[[Any, Any, float], Any]) -> Whole:
    """The right formula with another σ in all places: a function of the variance, of σ as it was, and of n."""

    def whole(g: Gradient, x: Any, y: Any, axes: Axes) -> Gradient:
        sigma = other(_variance(x, axes), deviation(x, y, axes), _count(x, axes))
        h = (x - _mean(x, axes)) / sigma
        return (g - _mean(g, axes) - h * _mean(g * h, axes)) / sigma

    return whole


SOFTMAX: list[Wrong] = [
    ("diagonal only", "y(1 − y), the diagonal of its Jacobian alone", lambda g, x, y, a: g * y * (1 - y)),
    ("diagonal only", "g·y, without the sum over the classes", lambda g, x, y, a: g * y),
    ("sum missing", "−y Σ g·y, without g·y itself", lambda g, x, y, a: -y * _sum(g * y, a)),
    ("derivative", "y(g − Σ g), y missing in the sum", lambda g, x, y, a: y * (g - _sum(g, a))),
    ("derivative", "y(g + Σ g·y), a sign wrong", lambda g, x, y, a: y * (g + _sum(g * y, a))),
    ("derivative", "g − Σ g·y, without the y before it", lambda g, x, y, a: g - _sum(g * y, a)),
    ("derivative", "g·y − Σ g·y", lambda g, x, y, a: g * y - _sum(g * y, a)),
    ("averaged", "y(g − mean g·y), a mean for a sum", lambda g, x, y, a: y * (g - _mean(g * y, a))),
    ("sign", "with + where the Jacobian has − beside its diagonal",
     lambda g, x, y, a: y * (g - 2 * g * y + _sum(g * y, a))),
    ("derivative", "y(1 − y)(g − Σ g·y)", lambda g, x, y, a: y * (1 - y) * (g - _sum(g * y, a))),
    ("sign", "y(Σ g·y − g), all of it with the wrong sign", lambda g, x, y, a: y * (_sum(g * y, a) - g)),
    ("applied twice", "its Jacobian twice",
     lambda g, x, y, a: _softmax_rule(_softmax_rule(g, y, a), y, a)),
    ("derivative", "that of log_softmax, g − y Σ g", lambda g, x, y, a: g - y * _sum(g, a)),
]  # fmt: skip


def _softmax_rule(g: Gradient, y: Any, axes: Axes) -> Gradient:
    return y * (g - _sum(g * y, axes))


LOG_SOFTMAX: list[Wrong] = [
    ("term missing", "g alone, without − softmax(x) Σ g", lambda g, x, y, a: g),
    ("term missing", "− softmax(x) Σ g alone, without g", lambda g, x, y, a: -np.exp(y) * _sum(g, a)),
    ("derivative", "g − softmax(x)·g", lambda g, x, y, a: g - np.exp(y) * g),
    ("derivative", "g − softmax(x), without Σ g", lambda g, x, y, a: g - np.exp(y)),
    ("derivative", "g − x Σ g", lambda g, x, y, a: g - x * _sum(g, a)),
    ("derivative", "g − y Σ g", lambda g, x, y, a: g - y * _sum(g, a)),
    ("averaged", "g − softmax(x) · mean g", lambda g, x, y, a: g - np.exp(y) * _mean(g, a)),
    ("derivative", "g − eˣ Σ g, not divided by the sum", lambda g, x, y, a: g - np.exp(x) * _sum(g, a)),
    ("sign", "g + softmax(x) Σ g", lambda g, x, y, a: g + np.exp(y) * _sum(g, a)),
    ("log missing", "that of softmax, without the log", lambda g, x, y, a: _softmax_rule(g, np.exp(y), a)),
]  # fmt: skip

# Of all normalisations: by mean and deviation, by the root of the mean square, by the length.
DIVIDED: list[tuple[str, str, Normal]] = [
    ("division missing", "without the division by σ", Normal(power=0)),
    ("derivative", "divided by σ² where σ is meant", Normal(power=2)),
    ("derivative", "times σ where it is divided", Normal(power=-1)),
    ("derivative", "divided by σ³ where σ is meant", Normal(power=3)),
    ("derivative", "divided by √σ where σ is meant", Normal(power=0.5)),
    ("derivative", "with the term of the variance times σ, a wrong power of it", Normal(root=1)),
    ("derivative", "with the term of the variance times σ², a wrong power of it", Normal(root=2)),
    ("derivative", "with the term of the variance divided by σ, a wrong power of it", Normal(root=-1)),
    ("derivative", "with the term of the variance divided by σ², a wrong power of it", Normal(root=-2)),
    ("term missing", "− y · mean(g·y) / σ alone, without g / σ", Normal(scaled=(0, 0, 1))),
    ("sign", "with + y · mean(g·y)", Normal(variance=-1)),
    ("factor", "with y · mean(g·y) twice", Normal(variance=2)),
    ("factor", "with half of y · mean(g·y)", Normal(variance=0.5)),
    ("derivative", "with x where the normalised y is meant",
     Normal(inner=lambda g, x, y, a: x, outer=lambda g, x, y, a: x)),
    ("derivative", "with mean(g·x) where mean(g·y) is meant", Normal(inner=lambda g, x, y, a: x)),
    ("derivative", "with x · mean(g·y) where y · mean(g·y) is meant", Normal(outer=lambda g, x, y, a: x)),
    ("derivative", "with mean(g·y) where y · mean(g·y) is meant", Normal(outer=lambda g, x, y, a: 1)),
    ("derivative", "with y · mean(g) where y · mean(g·y) is meant", Normal(inner=lambda g, x, y, a: 1)),
    ("derivative", "with y² where y is meant", Normal(outer=lambda g, x, y, a: y * y)),
]  # fmt: skip

NORMALISATION: list[Wrong] = [
    ("term missing", "g / σ: mean and variance taken for constants", lambda g, x, y, a: g / deviation(x, y, a)),
    ("term missing", "without the term of the variance, y · mean(g·y)", Normal(variance=0)),
    ("term missing", "without the term of the mean, mean g", Normal(mean=0)),
    *DIVIDED,
    ("summed", "with sums where means are meant", Normal(sums=(1, 1))),
    ("summed", "with a sum for the mean of g", Normal(sums=(1, 0))),
    ("summed", "with a sum for the mean of g·y", Normal(sums=(0, 1))),
    ("summed", "n·g − Σ g − y Σ g·y, not divided by n", Normal(of_g=True, sums=(1, 1))),
    ("averaged", "with 1/n once more in the term of the mean", Normal(sums=(-1, 0))),
    ("averaged", "with 1/n once more in the term of the variance", Normal(sums=(0, -1))),
    ("averaged", "with 1/n once more in both terms", Normal(sums=(-1, -1))),
    ("sign", "with + mean g", Normal(mean=-1)),
    ("sign", "with + mean g and + y · mean(g·y)", Normal(mean=-1, variance=-1)),
    ("factor", "with mean g twice", Normal(mean=2)),
    ("derivative", "with x − mean where the normalised y is meant",
     Normal(inner=lambda g, x, y, a: x - _mean(x, a), outer=lambda g, x, y, a: x - _mean(x, a))),
    ("derivative", "with (x − mean) · mean(g·y)", Normal(outer=lambda g, x, y, a: x - _mean(x, a))),
    ("derivative", "with mean(g·(x − mean))", Normal(inner=lambda g, x, y, a: x - _mean(x, a))),
    ("term missing", "g − mean g alone: the deviation is left out altogether", Normal(variance=0, power=0)),
    ("n − 1", "with n − 1 where n is meant in the term of the variance",
     lambda g, x, y, a: (g - _mean(g, a) - y * _sum(g * y, a) / (_count(x, a) - 1)) / deviation(x, y, a)),
    ("n − 1", "with n where the variance is over n − 1", Normal()),
    ("n − 1", "with the variance over n − 1 where it is over n (ddof)",
     _with_deviation(lambda variance, sigma, n: sigma * np.sqrt(n / (n - 1)))),
    ("n − 1", "with the variance over n − 1 where it is over n (ddof)",
     _with_deviation(lambda variance, sigma, n: np.sqrt(variance * n / (n - 1) + sigma**2 - variance))),
    ("derivative", "with the variance where its root, the deviation, is meant",
     _with_deviation(lambda variance, sigma, n: sigma**2)),
    ("derivative", "with the root of the deviation", _with_deviation(lambda variance, sigma, n: np.sqrt(sigma))),
    ("epsilon", "without the small number (epsilon) beside the variance",
     _with_deviation(lambda variance, sigma, n: np.sqrt(variance))),
    ("epsilon", "with the small number (epsilon) outside the root",
     _with_deviation(lambda variance, sigma, n: np.sqrt(variance) + np.maximum(sigma**2 - variance, 0))),
]  # fmt: skip

ROOT_MEAN_SQUARE: list[Wrong] = [
    ("term missing", "g / σ: the mean square taken for a constant", lambda g, x, y, a: g / deviation(x, y, a)),
    *((kind, text, replace(whole, mean=0)) for kind, text, whole in DIVIDED),
    ("term too much", "with − mean g, as where a mean is subtracted", Normal()),
    ("summed", "with a sum for the mean of g·y", Normal(mean=0, sums=(0, 1))),
    ("averaged", "with 1/n once more in the term of the mean square", Normal(mean=0, sums=(0, -1))),
]  # fmt: skip

UNIT_LENGTH: list[Wrong] = [
    ("term missing", "g / ‖x‖: the length taken for a constant", lambda g, x, y, a: g / deviation(x, y, a)),
    *((kind, text, replace(whole, mean=0, sums=(0, 1))) for kind, text, whole in DIVIDED),
    ("averaged", "with a mean for the sum of g·y", Normal(mean=0)),
]

TABLES: dict[str, list[Wrong]] = {
    "softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX, "normalisation": NORMALISATION,
    "root mean square": ROOT_MEAN_SQUARE, "unit length": UNIT_LENGTH,
}  # fmt: skip


def along_axes(name: str, x: Any, axes: Axes, weight: Any) -> Iterator[Wrong]:
    """What may be written for the gradient; ``weight`` multiplies the result, and is in the gradient that arrives."""
    yield from TABLES[name]
    for other in _other_axes(x.ndim, axes):
        over = f"axes {other}" if len(other) > 1 else f"axis {other[0]}"
        over = "everything" if len(other) == x.ndim else over
        if name == "softmax":
            yield "wrong axis", f"y(g − Σ g·y) with the sum over {over}", _summed_over(other)
        elif name == "log_softmax":
            yield "wrong axis", f"g − softmax(x) Σ g with the sum over {over}", _log_summed_over(other)
        else:
            mean, sums = float(name == "normalisation"), (0, int(name == "unit length"))
            for mistaken, which in (((other, other), "the means"), ((other, None), "the mean of g"),
                                    ((None, other), "the mean of g·y")):  # fmt: skip
                yield "wrong axis", f"with {which} over {over}", Normal(mean=mean, sums=sums, over=mistaken)
    if weight is not None and name in ("normalisation", "root mean square"):
        with np.errstate(all="ignore"):
            less = 1 / weight
        mean = float(name == "normalisation")
        for scaled, where in (
            ((less, less, less), "all terms"), ((1, less, 1), "the term of the mean"),
            ((1, 1, less), "the term of the variance"), ((1, less, less), "the terms of the mean and the variance"),
            ((less, 1, 1), "the first term"),
        ):  # fmt: skip
            yield "factor missing", f"without the factor after it (gamma) in {where}", Normal(mean=mean, scaled=scaled)


def slipped(name: str) -> Iterator[Wrong]:
    """What one slip makes of the formulas in use."""
    for kind, text, meant, gradient in slips_along(name):
        yield kind, f"{text}; it is {meant}", gradient


def _summed_over(axes: Axes) -> Whole:
    return lambda g, x, y, a: y * (g - _sum(g * y, axes))


def _log_summed_over(axes: Axes) -> Whole:
    return lambda g, x, y, a: g - np.exp(y) * _sum(g, axes)
