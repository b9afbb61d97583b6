"""What a loss is: asked of the loss itself, by its slopes at made-up outputs, whatever it is written with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Raw
from .aligned import Aligned, aligned

if TYPE_CHECKING:
    from .observation import Observation

Slope = Callable[[Any, Any, int], Any]  # of outputs, targets and the axis of the classes


class LossKind(NamedTuple):
    """A loss by its slopes: those of ``kind`` times ``scale``.

    ``squared``, ``absolute``: of the error; ``error``: another loss that grows with it, whose ``scale`` is 0.
    ``binary``: the likelihood of a label 0 or 1, ``half``: without the term of the label 0; ``classes``: of one of
    several, ``chosen``: minus the outputs of the right classes. ``of`` is what the outputs are to it: ``scores``,
    ``probabilities``, ``shares`` (divided by their sum first) or ``logarithms``; of errors ``values``; or the
    activation of ``INNER`` that the loss itself puts on them first.
    """

    kind: str
    of: str
    scale: float  # what the plain formula's slope, summed over everything, is multiplied by; its median
    targets: Aligned

    @property
    def rows(self) -> int:
        """How many examples there are: one for every choice of a class, or one a row."""
        values = self.targets.values
        if self.kind in ("classes", "chosen"):
            return int(values.size // values.shape[self.targets.class_axis]) if values.ndim else 1
        return int(values.shape[0]) if values.ndim else 1


def softmax(x: Raw, axis: int) -> Any:
    """Shares of exponentials."""
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def sigmoid(x: Raw) -> Any:
    """1 / (1 + e⁻ˣ), without overflow."""
    return np.exp(-np.logaddexp(0, -x))


# Slopes that depend on the error alone, asked for around the targets.
OF_ERRORS: dict[str, Slope] = {"squared": lambda p, t, axis: p - t, "absolute": lambda p, t, axis: np.sign(p - t)}
# The others' slopes, up to a factor that may differ from element to element: a weight of a class or a row.
SLOPES: dict[tuple[str, str], Slope] = {
    ("classes", "probabilities"): lambda p, t, axis: -t / p,
    ("half", "probabilities"): lambda p, t, axis: -t / p,
    ("binary", "probabilities"): lambda p, t, axis: (p - t) / (p * (1 - p)),
    ("binary", "scores"): lambda p, t, axis: sigmoid(p) - t,
    ("classes", "scores"): lambda p, t, axis: softmax(p, axis) - t,
    ("classes", "shares"): lambda p, t, axis: t.sum(axis, keepdims=True) / p.sum(axis, keepdims=True) - t / p,
    ("chosen", "logarithms"): lambda p, t, axis: -t,
}  # fmt: skip


class Inner(NamedTuple):
    """An activation that a loss may put on the outputs first."""

    function: Callable[[Any, int], Any]
    back: Callable[[Any, Any, int], Any]  # of the gradient arriving, the function's value and the axis


INNER = {
    "softmax": Inner(softmax, lambda g, y, axis: y * (g - (g * y).sum(axis, keepdims=True))),
    "sigmoid": Inner(lambda x, axis: sigmoid(x), lambda g, y, axis: g * y * (1 - y)),
    "tanh": Inner(lambda x, axis: np.tanh(x), lambda g, y, axis: g * (1 - y * y)),
    "relu": Inner(lambda x, axis: np.maximum(x, 0), lambda g, y, axis: g * (y > 0)),
}


def _composed(outer: Slope, of: str) -> Slope:
    inner = INNER[of]

    def slope(p: Any, t: Any, axis: int) -> Any:
        y = inner.function(p, axis)
        return inner.back(outer(y, t, axis), y, axis)

    return slope


# Of a softmax the binary likelihood takes probabilities; otherwise likelihoods take what they get for scores.
COMPOSED: dict[tuple[str, str], Slope] = {
    (kind, of): _composed(outer, of)
    for of in INNER
    for kind, outer in (
        *OF_ERRORS.items(), ("classes", SLOPES["classes", "scores"]),
        ("binary", SLOPES["binary", "probabilities" if of == "softmax" else "scores"]),
    )
}  # fmt: skip
COMPOSED["chosen", "softmax"] = _composed(SLOPES["chosen", "logarithms"], "softmax")

# The part of these slopes that does not depend on the targets.
PREDICTED: dict[tuple[str, str], Callable[[Any, int], Any]] = {
    ("classes", "scores"): softmax,
    ("binary", "scores"): lambda p, axis: sigmoid(p),
}


def loss_kind(seen: Observation, sign: int = 1, swapped: bool = False) -> LossKind | None:
    """What the loss is. None where its slopes are those of no kind.

    With ``sign`` -1, what minus the loss is; ``swapped``, what it is to outputs in the place of the targets. Where
    the targets stand in another shape than the outputs and broadcast, what it is to targets in the right one.
    """
    outputs, targets = seen.scores, seen.targets
    if outputs is None or targets is None or outputs.dtype.kind != "f" or not outputs.size or not targets.size:
        return None
    beside = aligned(outputs, targets)
    if beside is None:
        return None

    def kind_for(y: Any) -> LossKind | None:
        def slope_for(p: Any) -> Any:
            slope = seen.loss_slope_for(p, swapped, y)
            return slope if slope is None or sign > 0 else -slope

        return _kind_of(slope_for, outputs, beside)

    if targets.size == outputs.size and targets.shape != outputs.shape:
        shaped = targets.reshape(outputs.shape)
        kind = kind_for(wrap(shaped, None) if isinstance(seen.y, Tensor) else shaped)
        if kind is not None:
            return kind
    return kind_for(seen.y)


def error_of(slope_for: Callable[[Any], Any], outputs: Any, t: Any) -> tuple[str, float] | None:
    """Which kind of error of outputs from ``t`` has these slopes, and its scale; None where none has."""
    draw = np.random.Generator(np.random.PCG64(20)).random
    spread = max(float(t.std()), 1.0)
    around = [(t + spread * (2 * draw(outputs.shape) - 1)).astype(outputs.dtype) for _ in range(2)]
    slopes = [slope_for(p) for p in around]
    for kind, slope in OF_ERRORS.items():
        scale = _factor(slopes, [slope(p.astype(float), t, 0) for p in around])
        if scale is not None:
            return kind, scale
    if _grows_with_the_error(slopes, [p - t for p in around]):
        at_target = slope_for(t.astype(outputs.dtype))
        if at_target is not None and np.abs(at_target).max() < 1e-3 * np.abs(slopes[0]).max():
            return "error", 0.0
    return None


def _kind_of(slope_for: Callable[[Any], Any], outputs: Any, beside: Aligned) -> LossKind | None:
    draw = np.random.Generator(np.random.PCG64(21)).random
    t = beside.values
    several = t.ndim > 0 and t.shape[beside.class_axis] > 1 and bool(((t >= 0) & (t <= 1)).all())
    several &= t.ndim > 1 or float(t.sum()) == 1  # one axis is that of the rows, or it is one row
    error = error_of(slope_for, outputs, t)
    if error is not None:
        return LossKind(error[0], "values", error[1], beside)
    inside = [(0.05 + 0.9 * draw(outputs.shape)).astype(outputs.dtype) for _ in range(3)]
    wide = [(4 * draw(outputs.shape) - 2).astype(outputs.dtype) for _ in range(2)]  # a ReLU shows below 0
    for table, points in ((COMPOSED, wide), (SLOPES, inside[:2])):
        slopes = [slope_for(p) for p in points]
        for (kind, of), slope in table.items():
            if (kind in ("chosen", "classes") and not several) or (kind == "half" and t.all()):
                continue
            if (kind, of) == ("binary", "softmax") and several and t.shape[beside.class_axis] == 2:
                continue  # of two shares it is the likelihood of classes, twice
            with np.errstate(all="ignore"):
                scale = _factor(slopes, [slope(p.astype(float), t, beside.class_axis) for p in points])
            if scale is not None:
                return LossKind(kind, of, scale, beside)
    return _softened(inside, [*slopes, slope_for(inside[2])], beside, several)


def _softened(points: list[Any], slopes: list[Any], beside: Aligned, several: bool) -> LossKind | None:
    """A likelihood of other targets than those given, as of smoothed labels: they drop out of differences."""
    if any(slope is None for slope in slopes):
        return None
    for (kind, of), predicted in PREDICTED.items():
        if kind == "classes" and not several:
            continue
        made = [predicted(p.astype(float), beside.class_axis) for p in points]
        if not all(np.isfinite(slope).all() for slope in slopes):
            return None
        scale = _factor([slopes[0] - slopes[i] for i in (1, 2)], [made[0] - made[i] for i in (1, 2)])
        if scale is not None:
            return LossKind(kind, of, scale, beside)
    return None


def _grows_with_the_error(slopes: list[Any], errors: list[Any]) -> bool:
    """Whether every slope has the sign of its error, as those of Huber's loss have."""
    if any(slope is None or slope.shape != error.shape for slope, error in zip(slopes, errors)):
        return False
    return all(bool((slope * error >= 0).all() and (slope != 0).mean() > 0.5) for slope, error in zip(slopes, errors))


def _factor(slopes: list[Any], formula: list[Any]) -> float | None:
    """The median of slope / formula where that is one positive number an element, the same at both points."""
    if any(slope is None or not np.isfinite(slope).all() for slope in slopes):
        return None
    ratios = []
    moved, wanted_move = (np.asarray(a, float) - np.asarray(b, float) for a, b in (slopes, formula))
    for found, wanted in zip(slopes, formula):
        if found.shape != wanted.shape or not np.isfinite(wanted).all():
            return None
        top, largest = np.abs(wanted).max(), np.abs(found).max()
        if not largest or (np.abs(found)[np.abs(wanted) <= 1e-9 * top] > 1e-3 * largest).any():
            return None
        ratios.append(np.where(np.abs(wanted) > 1e-2 * top, found / np.where(wanted, wanted, 1), np.nan))
    first, second = ratios
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return None
    first, second = first[known], second[known]
    moved, wanted_move = np.abs(moved[known]), np.abs(first * wanted_move[known])
    # Beside large targets any slope is next to theirs: what the outputs change has to be the formula's as well.
    if not np.allclose(moved, wanted_move, rtol=0.1, atol=0.1 * wanted_move.max() + 1e-5 * largest):
        return None
    size = np.abs(first).max()
    if (first < -1e-3 * size).any() or not np.allclose(first, second, rtol=5e-3, atol=5e-3 * size):
        return None
    positive = first[first > 1e-3 * size]
    return float(np.median(positive)) if positive.size else None
