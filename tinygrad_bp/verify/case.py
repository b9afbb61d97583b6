"""One gradient under suspicion: the hand-written one, the right one, and what else is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.types import DTypeLike, Operand

Guess = tuple[str, Any, float | None, str]  # kind, the gradient that the mistake would give, factor, sentence
MENDED = "changed it is the engine's."  # how a sentence ends that says what puts a program right
ON_TOP = " And that comes on top of what is said of the others."  # of a change that is not the only one
# Of sentences that say what else was fitted, or what few would write: the numbers may suggest it by chance.
ODD = (
    " And ",
    "is taken at the value",
    "1 / x / x",
    " again without ",
    "in column order",
    "written 2·y",
    " half along axis ",
    "the predicted class less y",
    " times what it should",
    "(1 + exp(−x))³",
    "its derivative is written 0.5;",
)
# Of those that leave places out: where few numbers arrive, some may be zero by chance.
BY_PLACE = (" place along axis ",)
# Of what the program has a name for, where the graph has places alone: a factor that is left out, an array of a list.
BY_NAME = ("past a derivative", "another array of the same list", "the factor that its result is multiplied with")


@dataclass(frozen=True)
class Case:
    """A hand-written gradient, the right one, and what else is known. Fields left out rule their hypotheses out."""

    hand: Any
    truth: Any
    name: str = "gradient"
    sizes: Mapping[str, float] = field(default_factory=dict)  # the numbers a factor may be made of: N, C, …
    tolerance: float = 1e-8  # of the largest element
    noise: Any = 0.0  # absolute, per element: what rounding of the inputs does to the truth
    parameter: Any = None
    previous: Any = None  # the right gradient one step before
    upstream: Any = None  # what arrives at a layer from above
    together: float = 0.0  # the norm of all the hand's gradients
    doubled: Callable[[], tuple[Any, Any]] | None = None  # (hand, truth) with every example twice
    alone: Callable[[], Any] | None = None  # hand, each example on its own, put together again
    again: Callable[[], Any] | None = None  # hand, called once more
    classes: Callable[[], Iterable[tuple[Any, Case]]] | None = None  # the same with examples of one class only
    mutants: Callable[[], Iterable[Guess]] | None = None  # what the recorded graph gives with one thing changed
    repairs: Callable[[], Iterable[Guess]] | None = None  # what makes the hand's own program right
    elsewhere: Callable[[], Iterable[Case]] | None = None  # the same gradient on other numbers

    def allowed(self, other: Operand) -> Any:
        """The largest difference that is still rounding."""
        scale = np.max(np.abs(other), initial=0.0)
        return self.tolerance * scale + self.noise

    def fits(self, guess: Any) -> bool:
        """Whether the hand-written numbers are these."""
        guess = np.asarray(guess)
        if guess.shape != self.hand.shape or not np.isfinite(guess).all():
            return False
        return bool(np.all(np.abs(self.hand - guess) <= self.allowed(guess)))

    @property
    def agrees(self) -> bool:
        """Whether the hand-written numbers are the right ones."""
        return self.same and self.fits(self.truth)

    @property
    def free(self) -> bool:
        """Whether there are enough numbers to fit one."""
        return bool(np.count_nonzero(self.truth) >= 3)

    @property
    def ratio(self) -> float:
        """hand / truth, by least squares."""
        square = float(np.sum(self.truth * self.truth))
        return float(np.sum(self.hand * self.truth)) / square if square and self.same else np.nan

    @property
    def same(self) -> bool:
        """Whether both have one shape."""
        return bool(self.hand.shape == self.truth.shape)


def multiple(a: Any, b: Any) -> float | None:
    """The c of a = c · b within rounding; None where there is none but 0, or they have not one shape."""
    if np.shape(a) != np.shape(b):
        return None
    one, other = np.ravel(a), np.ravel(b)
    square = float(other @ other)
    c = float(one @ other) / square if square else 0.0
    with np.errstate(invalid="ignore"):
        fits = c and np.max(np.abs(one - c * other)) <= 1e-9 * abs(c) * np.max(np.abs(other))
    return c if fits else None


def tolerance_of(dtype: DTypeLike) -> float:
    """The largest relative difference that rounding in a dtype may make: the root of its step, 1.5e-8 in float64."""
    return float(np.sqrt(np.finfo(dtype if np.dtype(dtype).kind == "f" else np.float64).eps))
