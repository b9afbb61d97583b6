"""Sizes of inputs, targets and weights, and the same with every size put right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Raw
from ..autograd.watch import array_of
from .recording import Step

if TYPE_CHECKING:
    from .observation import Observation

FEW_COLUMNS = 16  # more columns with one least value are pixels, counts or marks, which share one unit
MANY_COLUMNS = 64  # and more than so many in any case
FEW_WEIGHTS = 30  # of fewer it cannot be said how they were drawn
GAIN = 3.0  # a layer whose outputs are so many times its inputs began with weights that are too large
SHRINK = 0.1  # and one whose outputs are so much smaller, with weights that are too small


class Weighted(NamedTuple):
    """A product of values with a parameter."""

    step: Step
    weight: Tensor  # the leaf
    fan_in: int  # how many values each output is a sum of
    unit_axis: int  # the axis of ``weight`` along which the outputs lie

    @property
    def gain(self) -> float:
        """How many times as large as its inputs the outputs are, for inputs that vary independently."""
        value = self.weight._value
        return float(np.sqrt(np.mean(np.square(value, dtype=np.float64)) * self.fan_in)) if value.size else 0.0


def weighted(steps: Iterable[Step]) -> Iterator[Weighted]:
    """The steps that multiply values with a parameter, in order; a lazy layer's has no size before it is trained."""
    for step in steps:
        if step.op in ("linear", "convolution") and _learnt(step.operands[1]):
            weight = step.operands[1]
            yield Weighted(step, weight, math.prod(weight.shape[1:]), 0)
        elif step.op == "matmul" and len(step.operands) == 2:
            for side in (1, 0):
                found = _behind(step, side)
                if found is not None and found[0].ndim == 2:
                    weight, turned = found
                    unit_axis = (1 if side == 1 else 0) ^ turned
                    yield Weighted(step, weight, weight.shape[1 - unit_axis], unit_axis)
                    break


def _learnt(item: Any) -> bool:
    return isinstance(item, Tensor) and item._node is not None and item.is_leaf and item._value.size > 0


def _behind(step: Step, side: int) -> tuple[Tensor, int] | None:
    """The leaf that an operand is, or is the transpose of; and whether it is."""
    item, given = step.operands[side], step.inputs[side]
    if _learnt(item):
        return item, 0
    if given is not None and given.op == "permute" and _learnt(given.operands[0]):
        return given.operands[0], 1
    return None


# ---------------------------------------------------------------------- sizes


class Size(NamedTuple):
    """How large numbers are, column by column."""

    largest: float  # of the root mean squares of the columns
    smallest: float  # of the deviations of the columns that vary
    offset: float  # the largest mean of a column, in its deviations

    @property
    def spread(self) -> float:
        """How many times as large as the column that varies least the largest one is."""
        return self.largest / self.smallest if self.smallest else 1.0


def size_of(array: Raw) -> Size | None:
    """The sizes of the columns of (n, …); None where they are no finite real numbers."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif" or array.size == 0 or array.ndim == 0:
        return None
    columns = _columns(array.astype(np.float64))
    if not np.isfinite(columns).all():
        return None
    deviation, root = columns.std(0), np.sqrt(np.square(columns).mean(0))
    varies = deviation > 1e-12 * np.maximum(root, 1e-300)
    if not varies.any():
        return Size(float(root.max()), 0.0, 0.0)
    offset = np.abs(columns.mean(0)[varies]) / deviation[varies]
    return Size(float(root.max()), float(deviation[varies].min()), float(offset.max()))


def _columns(array: Any) -> Any:
    """(n, columns) of a table; pixels and samples are one column."""
    if array.ndim == 1:
        return array[:, None]
    if array.ndim == 2 and array.shape[1] <= MANY_COLUMNS and not _one_kind(array):
        return array
    if array.ndim == 3 and array.shape[2] <= MANY_COLUMNS:  # (n, moments, columns)
        return array.reshape(-1, array.shape[2])
    return array.reshape(-1, 1)


def _one_kind(array: Any) -> bool:
    """Whether most of many columns have the same least value, as pixels and counts have 0."""
    return bool(array.shape[1] > FEW_COLUMNS and np.mean(array.min(0) == array.min()) > 0.5)


def units(x: Raw) -> Any:
    """Inputs with columns of mean 0 and deviation 1; None where they are no real numbers."""
    array = array_of(x)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "uif" or array.ndim == 0 or array.size == 0:
        return None
    if isinstance(x, Tensor) and x._node is not None:
        return None
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float32)
    values = array.astype(np.float64)
    columns = _columns(values)
    if not np.isfinite(columns).all():
        return None
    mean, deviation = columns.mean(0), columns.std(0)
    scaled = ((columns - mean) / np.where(deviation > 0, deviation, 1.0)).reshape(array.shape).astype(dtype)
    return wrap(scaled, None) if isinstance(x, Tensor) else scaled


def unit_targets(y: Raw) -> Any:
    """Targets that are real numbers with columns of mean 0 and deviation 1; None for classes."""
    array = y._value if isinstance(y, Tensor) else y
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.size == 0:
        return None
    return units(y)


def as_drawn(weight: Any) -> bool:
    """Whether an array is as a linear layer or a convolution draws its weights: even within 1 / √(values summed)."""
    if weight.ndim < 2 or weight.size < FEW_WEIGHTS:
        return False
    bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
    largest, deviation = float(np.abs(weight).max()), float(weight.std())
    return 0.8 * bound < largest <= 1.0001 * bound and abs(deviation * math.sqrt(3) / bound - 1) < 0.15


def unit_weights(seen: Observation) -> None:
    """Bring weights that are far too large or too small to a gain of 1, and large biases to 1, in place."""
    with no_grad():
        for each in list(weighted(seen.steps)):
            if each.gain > GAIN or 0 < each.gain < SHRINK:
                each.weight.mul_(1 / each.gain)
        for leaf in seen.parameters.values():
            largest = float(np.abs(leaf._value).max(initial=0.0))
            if leaf.ndim == 1 and largest > GAIN:
                leaf.mul_(1 / largest)
