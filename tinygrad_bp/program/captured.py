"""What a captured run comes to: a program, and where its values come from and go to."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..autograd.tensor import Tensor
from .program import Program

Source = Callable[[], Any]  # the tensor or array that an input is read from; None: it is no more


@dataclass(eq=False, slots=True)
class Captured:
    """A program, and where its values come from and go to."""

    program: Program  # its outputs are the leaves of what the function returned, then gradients
    # For each input: the number of an argument (a leaf of the nested arguments), or what reads it, from outside.
    sources: tuple[int | Source, ...]
    back: Callable[[Sequence[Any]], Any]  # from the leaves to what the function returned
    # For each of these leaves: the number of the input whose tensor it is; None: a new one, or a number.
    itself: tuple[int | None, ...]
    grads: tuple[Grad, ...]
    # Tensors of which Python looked at the gradient that was there before, and whether there was one: as in each run.
    asked: tuple[tuple[int | Source, bool], ...]
    # By which functions of a tensor it was asked how some of them lie in memory: as the inputs do in each run.
    layout: tuple[Callable[[Any], Any], ...]
    conditions: tuple[Condition, ...]  # the program is right only where all of them hold before a run
    wants_grad: bool  # whether something that it returned leads back to a leaf: backward was not part of it


class Condition(NamedTuple):
    """What has to hold before a run."""

    holds: Callable[[], bool]
    of_tensors: bool  # it can fail only where some tensor was written or made since


class Grad(NamedTuple):
    """What becomes of the ``.grad`` of a leaf."""

    source: int | Source  # of an argument the number
    output: int | None  # the number of the output that it becomes; None: it is None after a run
    cleared: bool  # the function itself forgets what was there before


class GradientOf:
    """Reads the gradient of a tensor, another one in each run.

    ``before`` is the one of the run that was written down, where that read it: as long as it is there and another one
    is the gradient, nobody knows which of the two is meant.
    """

    def __init__(self, tensor: Tensor, before: Tensor | None = None) -> None:
        self.tensor = weakref.ref(tensor)
        self.before: Callable[[], Any] = _nothing if before is None else weakref.ref(before)

    def __call__(self) -> Any:
        """The gradient; None: there is none, or nobody knows."""
        cell = getattr(self.tensor(), "_cell", None)
        grad = None if cell is None else cell.grad
        before = self.before()
        return grad if before is None or before is grad else None


def _nothing() -> None:
    """What a weak reference gives of what is no more."""
