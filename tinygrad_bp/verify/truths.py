"""The right gradients of a function: from the graph of its run on Tensors, or from differences of its values.

A graph serves where the function runs on Tensors, gives the values that it gives on arrays, and the graph holds
everything that those depend on. It is tried with Tensors, then with Tensors that behave as arrays; everything else is
differenced, and a note says why.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from ..autograd.tensor import Tensor
from ..autograd.types import Raw
from ..autograd.values import value_of
from .array_like import ArrayLike, Run
from .case import Case, Guess
from .kinks import beside
from .makers import Numbers, followed
from .numeric import COARSE, LIMIT, Numeric
from .recorded import explained, gradients, leaf
from .repairs.traced import again, forward_over
from .returned import array
from .two_meanings import two_meanings

SIDES = (-1e-6, 1e-6, -1e-7, 1e-7, -1e-8, 1e-8)  # as far beside a kink as differences can tell it
NEXT_TO = (-1e-9, 1e-9)  # the same for graphs


class Given(np.ndarray):
    """An array that meets Tensors: ``X.dot(W)`` is np.dot of the two, which an array's own method refuses."""

    def dot(self, b: Any, out: Raw | None = None) -> Any:
        """The product with an array or a Tensor."""
        return np.dot(np.asarray(self), b) if isinstance(b, (Tensor, ArrayLike)) else np.asarray(self).dot(b, out)


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
    way: str = "Tensors"  # or "arrays", for Tensors that behave so, or "differences"
    notes: list[str] = field(default_factory=list)
    meanings: list[str] | None = None  # where it has two values: the methods that mean two things
    by_number: bool = False  # whether its loss is no Tensor: one of its number is looked for, and every op watched

    def __post_init__(self) -> None:
        self.numeric = Numeric(self.who, self.on_arrays, self.moving)

    @property
    def coarse(self) -> float:
        """What the gradients may be off, of the largest element."""
        return COARSE if self.way == "differences" else 0.0

    @property
    def sides(self) -> Sequence[float]:
        """How far beside a kink the slopes can be told."""
        return SIDES if self.way == "differences" else NEXT_TO

    def on_arrays(self, values: Sequence[Any]) -> Any:
        """The function's value on arrays of its own."""
        return array(self._one(self.function([np.array(wide(a)) for a in values])))

    def pass_forward(self, values: Sequence[Any]) -> None:
        """Run the function on arrays as they are: the layer whose method it is keeps what its backward will ask for."""
        try:
            with np.errstate(all="ignore"):
                self.function(again(values))
        except Exception:  # a function for Tensors alone keeps nothing for a backward in NumPy
            pass
        forward_over(values)

    def on_tensors(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The function's result on Tensors, and those that move."""
        leaves = {i: leaf(np.array(wide(values[i]))) for i in self.moving}
        given: list[Any] = [
            leaf(np.array(wide(a)), False)
            if self.constants and self.way == "Tensors"
            else np.array(wide(a)).view(Given)
            for a in values
        ]
        run = Run()
        for i, moving in leaves.items():
            given[i] = moving if self.way == "Tensors" else ArrayLike(moving, run)
        with warnings.catch_warnings():  # float() of a Tensor warns, and is found by what it gives
            warnings.simplefilter("ignore")
            result = self._one(self.function(given)) if self.way == "Tensors" else self._as_arrays(given, values)
        run.over = True  # what the program keeps of it is an array from now on
        if result is None and self.way == "arrays" and not self.by_number:
            self.by_number = True
            return self.on_tensors(values)
        return result, list(leaves.values())

    def _as_arrays(self, given: list[Any], values: Sequence[Any]) -> Any:
        """The result where what is given, and what is made on the way, behaves as arrays.

        A loss is known by its number, also where the backward by hand that follows it raises. None: it is no Tensor,
        and nothing of its number was seen.
        """
        numbers = Numbers()
        with followed(self.function), numbers if self.by_number else nullcontext():
            try:
                result = self._one(self.function(given))
            except Exception:
                if not self.by_number:
                    return None
                result = None
                value = self.on_arrays(values)
                if value.size != 1 or numbers.last(value.item()) is None:
                    raise
        if isinstance(result, ArrayLike):
            return result.tensor
        value = self.on_arrays(values) if result is None else array(result)
        return numbers.last(value.item()) if value.size == 1 else result

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
            if self.way == "Tensors":
                try:
                    return array(self.on_tensors(values)[0])
                except Exception as error:  # it is written for arrays, or fails on those as well
                    refusal = error
            try:
                return self.on_arrays(values)
            except Exception as error:
                raised = refusal or error
                raise ArgumentError(f"{self.who} raised {_said(raised)}") from raised

    def shown(self, values: Sequence[Any]) -> Any:
        """The value that is meant: on arrays, as a backward by hand is written for them, where it has one there."""
        self.value(values)
        try:
            with np.errstate(all="ignore"):
                return self.on_arrays(values)
        except Exception:  # it is written for Tensors alone
            return self.value(values)

    def settle(self, values: Sequence[Any], g: Raw | None = None) -> None:
        """Choose the way.

        Raises ``ArgumentError`` where the function runs on neither, gives other numbers when it is run again, or has
        too many for differences.
        """
        self.numeric.moving = self.moving
        with np.errstate(all="ignore"):
            self._choose(values, g)
        count = sum(np.size(values[i]) for i in self.moving)
        if self.way == "differences" and count > LIMIT:
            where = f", where {self.meanings[0]} has other numbers" if self.meanings else ""
            raise ArgumentError(
                f"{self.who} does not run on Tensors{where}, and {count} parameters are too many for differences "
                f"(at most {LIMIT}); give forward=, the same loss with np.* functions or tg.nn"
            )

    def _choose(self, values: Sequence[Any], g: Raw | None) -> None:
        self.way = "Tensors" if self.constants else "arrays"
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
        ways = ("Tensors", "arrays") if self.constants else ("arrays", "Tensors")
        reasons = []
        for self.way in ways:
            reasons.append(self._against(values, value, g))
            if not reasons[-1]:
                return
        self.way = "differences"
        if self.moving:
            why = min(reasons, key=lambda reason: " raised " in reason)
            self.notes.append(f"Differences of its values serve as the right gradient: {why}.")

    def _against(self, values: Sequence[Any], value: Any, g: Raw | None) -> str:
        """What speaks against the graph of this way; nothing where it serves."""
        try:
            result, _ = self.on_tensors(values)
        except Exception as error:  # it is written for arrays alone
            return f"on Tensors {self.who} raised {_said(error)}"
        if result is None:
            return f"on Tensors the value of {self.who} leaves the graph"
        if not isinstance(result, Tensor):
            return f"on Tensors {self.who} returns {type(result).__name__}, which has no graph"
        if not _same(value, value_of(result)):
            self.meanings = two_meanings(lambda *arrays: self.function(list(arrays)), [wide(a) for a in values])
            which = f": {self.meanings[0]} has other numbers" if self.meanings else ""
            return f"on Tensors {self.who} has another value than on arrays{which}"
        if self.moving and not any(self._complete(near, g) for near in (values, *beside(values, self.moving, SIDES))):
            return f"the graph of {self.who} on Tensors does not hold everything that its value depends on"
        return ""

    def _complete(self, values: Sequence[Any], g: Raw | None) -> bool:
        """Whether the graph has the slope of the values."""
        try:
            return self.numeric.agrees(values, g, self.recorded(values, g))
        except Exception:  # there is no graph, or beside the values given the function is undefined
            return False

    def recorded(self, values: Sequence[Any], g: Raw | None = None) -> list[Any]:
        """The gradients from the graph."""
        result, leaves = self.on_tensors(values)
        return gradients(result, leaves, np.ones(result.shape) if g is None else np.asarray(g, np.float64))

    def explained(
        self, values: Sequence[Any], cases: Sequence[Case], computed: Callable[[], list[Any]], g: Raw | None = None
    ) -> dict[int, Guess]:
        """What one change of the graph says of wrong gradients; nothing where there is no graph."""
        if self.way == "differences":
            return {}
        return explained(lambda: (*self.on_tensors(values), g), cases, computed)

    def __call__(
        self, values: Sequence[Any], g: Raw | None = None, hand: Sequence[Any] | None = None, quick: bool = False
    ) -> list[Any]:
        """The gradients; ``hand`` are those that are to be confirmed, and ``quick`` gives no others by differences."""
        if self.way == "differences":
            return self.numeric.gradients(values, g, hand, quick)
        return self.recorded(values, g)


def _same(a: Any, b: Any) -> bool:
    """Whether two values are one but for rounding."""
    largest = np.max(np.abs(a), initial=0.0)
    off = max(1e-9, 4 * float(np.finfo(a.dtype).eps)) if a.dtype.kind == "f" else 1e-9
    near = off * largest if np.isfinite(largest) else 0.0
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=off, atol=near, equal_nan=True))
