"""The targets in the shape of the outputs: class numbers as one-hot rows, and along which axis the classes lie."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..autograd.types import Raw


class Aligned(NamedTuple):
    """Targets that stand element by element beside the outputs."""

    values: Any  # floats in the shape of the outputs
    class_axis: int  # along which scores of one example lie; the last where each element is an example
    from_numbers: bool  # they were class numbers, and are one-hot now


def aligned(outputs: Raw, targets: Raw) -> Aligned | None:
    """Targets beside outputs (arrays); None where no way of reading them fits."""
    if targets.shape == outputs.shape:
        axis = _class_axis(targets)
        return Aligned(targets.astype(float), axis, False)
    whole = targets.dtype.kind in "iub" or bool((targets == np.round(targets)).all())
    for axis in _axes(outputs, targets) if whole else ():
        count = outputs.shape[axis]
        if count > 1 and targets.size and targets.min() >= 0 and targets.max() < count:
            labels = targets.reshape([size for i, size in enumerate(outputs.shape) if i != axis]).astype(int)
            return Aligned(np.moveaxis(np.eye(count)[labels], -1, axis), axis, True)
    if targets.size == outputs.size:
        return Aligned(targets.reshape(outputs.shape).astype(float), _class_axis(outputs), False)
    return None


def _axes(outputs: Any, targets: Any) -> list[int]:
    """The axes of the outputs without which their shape is that of the targets, the likeliest first."""
    order = [1, outputs.ndim - 1, 0] if outputs.ndim > 1 else []
    shape = tuple([size for size in targets.shape if size != 1])
    left = [
        axis for axis in dict.fromkeys(order)
        if tuple([size for i, size in enumerate(outputs.shape) if i != axis and size != 1]) == shape
        or (outputs.size == targets.size * outputs.shape[axis] and axis == outputs.ndim - 1)
    ]  # fmt: skip
    return left


def _class_axis(values: Any) -> int:
    """The first axis along which values sum to 1, that of the rows last; 1 where none does."""
    if values.ndim < 2:
        return 0
    for axis in dict.fromkeys([1, int(values.ndim) - 1, 0]):
        alike = axis == 0 and bool((values == values.flat[0]).all())
        if values.shape[axis] > 1 and not alike and np.allclose(values.sum(axis), 1, atol=1e-3):
            return axis
    return 1
