"""The right gradients of a function: from the graph of its run on Tensors, or from differences of its values on arrays.

Tensors serve where the function runs on them, gives the values that it gives on arrays, and its graph holds everything
that those depend on. Everything else is differenced, and a note says why.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.tensor import Tensor
from ..autograd.types import Raw
from ..autograd.values import value_of
from .differences import Slope, slope
from .drawn import generator
from .kinks import beside
from .recorded import gradients, leaf, mutants
from .returned import array
from .two_meanings import two_meanings

NUMERIC_LIMIT = 20_000  # elements whose slope is found by seven runs of the function each, or more
SHORT = 2.0**-10  # the first step of differences, of the size of what moves: few kinks lie within it
COARSE = 1e-6  # what differences may be off, of the largest element
SIDES = (-1e-6, 1e-6, -1e-7, 1e-7, -1e-8, 1e-8)  # as far beside a kink as differences can tell it
NEXT_TO = (-1e-9, 1e-9)  # the same for graphs


class Given(np.ndarray):
    """An array that meets Tensors: ``X.dot(W)`` is np.dot of the two, which an array's own method refuses."""

    def dot(self, b: Any, out: Any = None) -> Any:
        """The product with an array or a Tensor."""
        return np.dot(np.asarray(self), b) if isinstance(b, Tensor) else np.asarray(self).dot(b, out)


def asked(who: str, function: Callable[..., Any], *args: Any) -> Any:
    """What a function of the user gives; what it raises is said to be its own."""
    try:
        with np.errstate(all="ignore"):
            return function(*args)
    except Exception as error:
        raise ArgumentError(f"{who} raised {_said(error)}") from error


def _said(error: Exception) -> str:
    """The kind of an error and its first sentence, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:120]}{'…' * (len(text) > 120)}" if text else type(error).__name__


def wide(values: Raw) -> Any:
    """The engine's side is computed in float64, whatever the hand's side has."""
    return values.astype(np.float64) if isinstance(values, np.ndarray) and values.dtype.kind == "f" else values


@dataclass
class Truth:
    """The gradients of ``function`` of a list of values, in those at ``moving``, for what arrives at its result."""

    who: str
    function: Callable[[list[Any]], Any]
    moving: Sequence[int]
    constants: bool = True  # whether what does not move is given as Tensors as well
    differenced: bool = False
    notes: list[str] = field(default_factory=list)
    meanings: list[str] | None = None  # where it has two values: the methods that mean two things
    errors: list[Any] = field(default_factory=list)  # of the differences, for each gradient found last

    @property
    def coarse(self) -> float:
        """What differences may be off, of the largest element."""
        return COARSE if self.differenced else 0.0

    @property
    def sides(self) -> Sequence[float]:
        """How far beside a kink it can tell the slopes."""
        return SIDES if self.differenced else NEXT_TO

    def on_arrays(self, values: Sequence[Any]) -> Any:
        """The function's value on arrays of its own."""
        return array(self._one(self.function([np.array(wide(a)) for a in values])))

    def on_tensors(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The function's result on Tensors, and those that move."""
        given: list[Any] = [
            leaf(np.array(wide(a)), i in self.moving)
            if i in self.moving or self.constants
            else np.array(wide(a)).view(Given)
            for i, a in enumerate(values)
        ]
        with warnings.catch_warnings():  # float() of a Tensor warns, and is found by what it gives
            warnings.simplefilter("ignore")
            return self._one(self.function(given)), [given[i] for i in self.moving]

    def _one(self, result: Any) -> Any:
        if isinstance(result, (tuple, dict)):
            raise ArgumentError(
                f"{self.who} returned a {type(result).__name__} of {len(result)}: return one array alone"
            )
        return result

    def value(self, values: Sequence[Any]) -> Any:
        """The function's value: on Tensors, or on arrays where it does not run on them or those are meant.

        Raises ``ArgumentError`` where it runs on neither.
        """
        refusal = None
        with np.errstate(all="ignore"):
            if not self.differenced:
                try:
                    return array(self.on_tensors(values)[0])
                except Exception as error:  # it is written for arrays, or fails on those as well
                    refusal = error
            try:
                return self.on_arrays(values)
            except Exception as error:
                raised = refusal or error
                raise ArgumentError(f"{self.who} raised {_said(raised)}") from raised

    def settle(self, values: Sequence[Any], g: Any = None) -> None:
        """Choose between graph and differences.

        Raises ``ArgumentError`` where the function runs on neither, gives other numbers when it is run again, or has
        too many for differences.
        """
        with np.errstate(all="ignore"):
            self._choose(values, g)
        count = sum(np.size(values[i]) for i in self.moving)
        if self.differenced and count > NUMERIC_LIMIT:
            where = f", where {self.meanings[0]} has other numbers" if self.meanings else ""
            raise ArgumentError(
                f"{self.who} does not run on Tensors{where}, and {count} parameters are too many for differences "
                f"(at most {NUMERIC_LIMIT}); give forward=, the same loss with np.* functions or tg.nn"
            )

    def _choose(self, values: Sequence[Any], g: Any) -> None:
        self.value(values)
        try:
            value, again = self.on_arrays(values), self.on_arrays(values)
        except Exception:  # it is written for Tensors alone
            return
        if value.dtype.kind not in "fciub":
            raise ArgumentError(f"{self.who} must return numbers in one array; its dtype is {value.dtype}")
        if not np.array_equal(value, again, equal_nan=True):
            raise ArgumentError(
                f"{self.who} gives other numbers when it is run again on the same inputs: draw its random numbers "
                "outside of it, or seed them inside"
            )
        try:
            result, _ = self.on_tensors(values)
        except Exception as error:  # it is written for arrays alone
            self._difference(f"on Tensors {self.who} raised {_said(error)}")
            return
        if not isinstance(result, Tensor):
            self._difference(f"on Tensors {self.who} returns {type(result).__name__}, which has no graph")
        elif not _same(value, value_of(result)):
            self.meanings = two_meanings(lambda *arrays: self.function(list(arrays)), [wide(a) for a in values])
            which = f": {self.meanings[0]} has other numbers" if self.meanings else ""
            self._difference(f"on Tensors {self.who} has another value than on arrays{which}")
        elif not any(self._complete(near, g) for near in (values, *beside(values, self.moving, SIDES))):
            self._difference(f"the graph of {self.who} on Tensors does not hold everything that its value depends on")

    def _difference(self, why: str) -> None:
        self.differenced = True
        if self.moving:
            self.notes.append(f"Differences of its values serve as the right gradient: {why}.")

    def moves(self, values: Sequence[Any], g: Any = None) -> bool:
        """Whether the value changes where everything that moves does."""
        steps = dict(zip(self.moving, self._steps(values, generator(2)), strict=True))
        others = [
            self.total([a + t * steps[i] if i in steps else a for i, a in enumerate(values)], g) for t in (-0.1, 0, 0.1)
        ]
        return len(set(others)) > 1

    def _complete(self, values: Sequence[Any], g: Any) -> bool:
        """Whether the graph has the slope of the values along one direction."""
        if not self.moving:
            return True
        try:
            found, total = self.recorded(values, g), self.total(values, g)
        except Exception:  # beside the values given it may be undefined
            return False
        steps = self._steps(values, generator(2))
        parts = [step * d for step, d in zip(steps, found, strict=True)]
        measured = self.slope(values, dict(zip(self.moving, steps, strict=True)), g)
        allowed = 1e-4 * sum(float(np.sum(np.abs(p))) for p in parts) + 1e-8 * abs(total)
        return bool(abs(measured.value - sum(float(np.sum(p)) for p in parts)) <= allowed)

    def _steps(self, values: Sequence[Any], rng: Any) -> list[Any]:
        """A direction in each value that moves, as long as the value is."""
        return [rng.standard_normal(np.shape(values[i])) * size for i, size in zip(self.moving, self._sizes(values))]

    def _sizes(self, values: Sequence[Any]) -> list[float]:
        """How large each value that moves is; those of (almost) nothing count as a part of the others."""
        sizes = [float(np.sqrt(np.mean(np.square(values[i])))) if np.size(values[i]) else 0.0 for i in self.moving]
        usual = float(np.median([size for size in sizes if size] or [1.0]))
        return [max(size, 0.1 * usual) for size in sizes]

    def total(self, values: Sequence[Any], g: Any = None) -> float:
        """The number whose gradients are meant: the value, weighted with what arrives."""
        value = self.on_arrays(values)
        if g is None and value.size != 1:
            raise ArgumentError(f"{self.who} must give one number, the loss; its shape is {shape_text(value.shape)}")
        return float(np.sum(value * (1 if g is None else g)))

    def slope(self, values: Sequence[Any], steps: dict[int, Any], g: Any = None) -> Slope:
        """The slope of the total where each value moves along its step."""

        def along(t: float) -> float:
            return self.total([a + t * steps[i] if i in steps else a for i, a in enumerate(values)], g)

        return slope(along, noise=1e-15 * abs(self.total(values, g)), largest=SHORT)

    def recorded(self, values: Sequence[Any], g: Any = None) -> list[Any]:
        """The gradients from the graph."""
        result, leaves = self.on_tensors(values)
        return gradients(result, leaves, np.ones(result.shape) if g is None else np.asarray(g, np.float64))

    def mutants(self, values: Sequence[Any], g: Any = None) -> Any:
        """The gradients from the graph with one rule changed, for each that moves."""
        if self.differenced:
            return [[] for _ in self.moving]
        return mutants(*self.on_tensors(values), None if g is None else np.asarray(g, np.float64))

    def __call__(
        self, values: Sequence[Any], g: Any = None, hand: Sequence[Any] | None = None, quick: bool = False
    ) -> list[Any]:
        """The gradients. Differences take the hand's own where their slopes confirm it, which is soon done.

        ``quick`` gives NaN in place of the others.
        """
        if not self.differenced:
            return self.recorded(values, g)
        self.errors = [0.0] * len(self.moving)
        found = list(hand) if hand is not None and len(hand) == len(self.moving) else [np.nan] * len(self.moving)
        for k, (i, size) in enumerate(zip(self.moving, self._sizes(values), strict=True)):
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

    def _by_element(self, values: Sequence[Any], i: int, size: float, g: Any) -> tuple[Any, float]:
        """Central differences in each element of one value, and the largest error of those."""
        grad, error = np.zeros(np.shape(values[i])), 0.0
        for place in np.ndindex(grad.shape):
            step = np.zeros(grad.shape)
            step[place] = size
            found = self.slope(values, {i: step}, g)
            grad[place] = found.value / size
            error = max(error, found.error / size)
        return grad, error


def _same(a: Any, b: Any) -> bool:
    """Whether two values are one but for rounding."""
    largest = np.max(np.abs(a), initial=0.0)
    return a.shape == b.shape and bool(
        np.allclose(a, b, rtol=1e-9, atol=1e-9 * largest if np.isfinite(largest) else 0, equal_nan=True)
    )
