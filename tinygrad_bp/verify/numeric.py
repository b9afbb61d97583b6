"""Gradients from differences of a function's values on arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.types import Raw
from .differences import Slope, slope
from .drawn import generator

LIMIT = 20_000  # elements whose slope is found by seven runs of the function each, or more
SHORT = 2.0**-10  # the first step, of the size of what moves: few kinks lie within it, and shorter steps tell those
COARSE = 1e-6  # what differences may be off, of the largest element


@dataclass
class Numeric:
    """The slopes of ``value``, a function of a list of arrays, in those at ``moving``, weighted with what arrives."""

    who: str
    value: Callable[[Sequence[Any]], Any]
    moving: Sequence[int]
    errors: list[float] = field(default_factory=list)  # of the gradients found last, one for each
    dtype: Any = field(default=np.dtype(np.float64), init=False)  # of the value found last, which rounds so

    def total(self, values: Sequence[Any], g: Raw | None = None) -> float:
        """The number whose gradients are meant: the value, weighted with what arrives."""
        value = self.value(values)
        self.dtype = value.dtype
        if g is None and value.size != 1:
            raise ArgumentError(f"{self.who} must give one number, the loss; its shape is {shape_text(value.shape)}")
        return float(np.sum(value * (1 if g is None else g)))

    def slope(self, values: Sequence[Any], steps: dict[int, Any], g: Raw | None = None) -> Slope:
        """The slope of the total where each value moves along its step."""

        def along(t: float) -> float:
            return self.total(self._along(values, steps, t), g)

        eps = np.finfo(self.dtype).eps if self.dtype.kind == "f" else np.finfo(np.float64).eps
        return slope(along, noise=4 * float(eps) * abs(self.total(values, g)), largest=SHORT)

    def direction(self, values: Sequence[Any]) -> dict[int, Any]:
        """A step in each value that moves, as long as the value is."""
        rng, sizes = generator(2), self.sizes(values)
        return {i: rng.standard_normal(np.shape(values[i])) * size for i, size in zip(self.moving, sizes, strict=True)}

    def sizes(self, values: Sequence[Any]) -> list[float]:
        """How large each value that moves is; those of (almost) nothing count as a part of the others."""
        sizes = [float(np.sqrt(np.mean(np.square(values[i])))) if np.size(values[i]) else 0.0 for i in self.moving]
        usual = float(np.median([size for size in sizes if size] or [1.0]))
        return [max(size, 0.1 * usual) for size in sizes]

    def moves(self, values: Sequence[Any], g: Raw | None = None) -> bool:
        """Whether the total changes where everything that moves does."""
        steps = self.direction(values)
        try:
            found = {self.total(self._along(values, steps, t), g) for t in (-0.1, 0.0, 0.1)}
        except Exception:  # it is defined at these values, and not at others: it looks at them
            return True
        return len(found) > 1

    def _along(self, values: Sequence[Any], steps: dict[int, Any], t: float) -> list[Any]:
        return [a + t * steps[i] if i in steps else a for i, a in enumerate(values)]

    def agrees(self, values: Sequence[Any], g: Raw | None, grads: Sequence[Any]) -> bool:
        """Whether gradients have the slope of the total along one direction, roughly: nothing is left out of them."""
        steps = self.direction(values)
        parts = [steps[i] * d for i, d in zip(self.moving, grads, strict=True)]
        allowed = 1e-4 * sum(float(np.sum(np.abs(p))) for p in parts) + 1e-8 * abs(self.total(values, g))
        return bool(abs(self.slope(values, steps, g).value - sum(float(np.sum(p)) for p in parts)) <= allowed)

    def gradients(self, values: Sequence[Any], g: Raw | None, hand: Sequence[Any] | None, quick: bool) -> list[Any]:
        """The gradients; the hand's own where slopes along some directions confirm it, which is soon done.

        ``quick`` gives NaN in place of the others.
        """
        self.errors = [0.0] * len(self.moving)
        found = list(hand) if hand is not None and len(hand) == len(self.moving) else [np.nan] * len(self.moving)
        for k, (i, size) in enumerate(zip(self.moving, self.sizes(values), strict=True)):
            if not self._confirms(values, i, size, g, found[k]):
                found[k] = np.full(np.shape(values[i]), np.nan)
                if not quick:
                    found[k], self.errors[k] = self._by_element(values, i, size, g)
        return found

    def _confirms(self, values: Sequence[Any], i: int, size: float, g: Any, hand: Any) -> bool:
        """Whether the slopes along some directions in one value are those of a gradient."""
        if np.shape(hand) != np.shape(values[i]) or not np.isfinite(hand).all():
            return False
        rng, floor = generator(3 + i), 1e-8 * abs(self.total(values, g))
        for _ in range(2):
            step = rng.standard_normal(np.shape(hand)) * size
            measured = self.slope(values, {i: step}, g)
            parts = step * hand
            off = abs(measured.value - float(np.sum(parts)))
            if measured.error > 1e-5 * np.max(np.abs(parts), initial=0.0) + floor:
                return False
            if not off <= 0.1 * COARSE * float(np.sqrt(np.sum(parts * parts))) + 4 * measured.error:
                return False
        return True

    def _by_element(self, values: Sequence[Any], i: int, size: float, g: Raw | None) -> tuple[Any, float]:
        """The slope in each element of one value, and the largest error of those."""
        grad, error = np.zeros(np.shape(values[i])), 0.0
        for place in np.ndindex(grad.shape):
            step = np.zeros(grad.shape)
            step[place] = size
            found = self.slope(values, {i: step}, g)
            grad[place] = found.value / size
            error = max(error, found.error / size)
        return grad, error
