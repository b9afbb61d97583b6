"""One change of a program: which steps are computed otherwise, and what the change says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .program import Operand, Step, Variant

Make = Callable[[Step], Variant]
# What NumPy raises where a value does not fit.
WRONG_VALUES = (ValueError, IndexError, TypeError, KeyError, ZeroDivisionError, AttributeError, np.exceptions.AxisError)


@dataclass(eq=False)
class Edit:
    """A change. ``makers`` give, for each step that it changes, how that is computed then: in every run of the program.

    ``free``: the changed part may have any factor, which is found.
    """

    kind: str
    cost: float
    text: object  # says it when it is asked, by str()
    makers: dict[int, Make]
    free: Callable[[float], tuple[str, str] | None] | None = None
    group: Sequence[int] = ()


class Other(NamedTuple):
    """Another way to make a call: what kind of mistake it puts right, and in which words."""

    kind: str
    cost: float
    text: str  # with {} for what the call works on
    make: Make
    free: bool = False


def made(compute: Callable[..., Any], *held: Any) -> Make:
    """The step with ``compute(step, values, *held)`` in its place."""
    return lambda step: Variant(step.operands, lambda values: compute(step, values, *held))


def after(change: Callable[[Any], Any]) -> Make:
    """The step's result, changed."""
    return lambda step: Variant(step.operands, lambda values: change(step.compute(values)))


def operand(slot: int, change: Callable[[Any], Any]) -> Make:
    """The step with one operand changed."""

    def make(step: Step) -> Variant:
        def compute(values: Sequence[Any]) -> Any:
            values = list(values)
            values[slot] = change(values[slot])
            return step.compute(values)

        return Variant(step.operands, compute)

    return make


def instead(slot: int, other: Operand, change: Callable[[Any], Any] | None = None) -> Make:
    """The step with another value for one operand."""

    def make(step: Step) -> Variant:
        operands = tuple(other if i == slot else o for i, o in enumerate(step.operands))
        if change is None:
            return Variant(operands, step.compute)

        def compute(values: Sequence[Any]) -> Any:
            values = list(values)
            values[slot] = change(values[slot])
            return step.compute(values)

        return Variant(operands, compute)

    return make


def beside(other: Operand, join: Callable[[Any, Any], Any]) -> Make:
    """The step's result, and another value, made one."""
    return lambda step: Variant((*step.operands, other), lambda values: join(step.compute(values[:-1]), values[-1]))


def called(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Make:
    """The step with another function or other arguments; the operands are filled in."""
    from .program import fill

    return lambda step: Variant(step.operands, lambda values: function(*fill(args, values), **fill(kwargs, values)))


def like(value: Any, shape: tuple[int, ...]) -> Any:
    """A value that has a shape; what has another raises."""
    if np.shape(value) != shape:
        raise ValueError("another shape")
    return value
