"""Which inputs hold examples, and along which axis: rows, or columns where a program takes no other number of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError, shape_text
from ..autograd.types import Array, Raw


def examples(
    run: Callable[[list[Any]], Any],
    inputs: Sequence[Raw],
    asked: Sequence[int],
    axis: int | None,
    following: Sequence[int],
    labels: Array | None = None,
) -> dict[int, int]:
    """The inputs that hold examples, each with its axis; as many as there are ``labels``, if any are given.

    They are those ``asked`` for and those of ``following`` that have as many along the same axis (the last, for arrays
    of fewer). Where ``axis`` is None it is that along which ``run`` takes every example twice: 0 before 1. Where there
    is none the answer is that of 0: the run holds arrays of the batch's length. Raises ``ArgumentError`` where no input
    has that axis, or none as many as there are labels.
    """
    choices = [_along(inputs, asked, one, following) for one in ((0, 1) if axis is None else (axis,))]
    shapes = [np.shape(inputs[i]) for i in asked]
    if axis is not None and axis not in (0, -1) and not choices[0] and any(len(shape) > 1 for shape in shapes):
        told = " and ".join(map(shape_text, shapes))
        raise ArgumentError(f"axis={axis}: the inputs that hold examples are of shape {told}; give 0 or 1")
    if labels is not None:
        fitting = [axes for axes in choices if any(np.shape(inputs[i])[a] == np.size(labels) for i, a in axes.items())]
        if choices[0] and not fitting:
            counts = {np.shape(inputs[i])[a] for axes in choices for i, a in axes.items()}
            raise ArgumentError(
                f"labels holds {np.size(labels)} classes, the inputs {' or '.join(map(str, sorted(counts)))} examples: "
                "give one for each"
            )
        choices = fitting or choices
    if len(choices) == 1 or not choices[1]:
        return choices[0]
    for axes in choices:
        if axes and _twice(run, inputs, axes):
            return axes
    return choices[0]


def _along(inputs: Sequence[Raw], asked: Sequence[int], axis: int, following: Sequence[int]) -> dict[int, int]:
    """The axis of the examples for every input that has it."""
    counts = [np.shape(inputs[i])[axis] for i in asked if np.ndim(inputs[i]) > axis]
    found = {}
    for i in dict.fromkeys((*asked, *following)) if counts else ():
        shape = np.shape(inputs[i])
        its = axis if len(shape) > axis else len(shape) - 1
        if shape and shape[its] == counts[0]:
            found[i] = its
    return found


def _twice(run: Callable[[list[Any]], Any], inputs: Sequence[Raw], axes: dict[int, int]) -> bool:
    doubled = [np.concatenate([a, a], axes[i]) if i in axes else np.array(a) for i, a in enumerate(inputs)]
    try:
        with np.errstate(all="ignore"):
            run(doubled)
    except Exception:  # whatever a program raises for a batch of another size
        return False
    return True
