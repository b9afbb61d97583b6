"""Places in sorted rows, and membership: ops without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.define import constant
from ..autograd.dtypes import counted
from ..autograd.elsewhere import boxed, zeros
from ..autograd.errors import ShapeError, shape_text
from .samples import Domain, below, sample


def _places(sequence: Any, values: Any, side: str) -> Any:
    if sequence.ndim <= 1:
        return counted(np.searchsorted(sequence, values, side))  # type: ignore[call-overload]
    if values.ndim != sequence.ndim or values.shape[:-1] != sequence.shape[:-1]:
        raise ShapeError(
            f"searchsorted: sequence {shape_text(sequence.shape)} and input {shape_text(values.shape)} must agree in "
            "all dimensions but the last, or the sequence has one dimension"
        )
    rows = zip(sequence.reshape(-1, sequence.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True)
    found = [np.searchsorted(row, v, side) for row, v in rows]  # type: ignore[call-overload]
    return counted(np.stack(found)).reshape(values.shape) if found else zeros(values.shape, np.int64, values)


def _sorted(count: int) -> Domain:
    return lambda rng, shape: np.sort(rng.integers(0, count, shape), axis=-1)


def _places_reference(sequence: Any, values: Any, side: str = "left") -> Any:
    one, two = values[..., None], sequence[..., None, :] if sequence.ndim > 1 else sequence
    return np.sum(two < one if side == "left" else two <= one, axis=-1)


sorted_places: Any = constant(
    "sorted_places", _places, inputs="sequence values", params={"side": "left"},
    samples=(sample((5,), (2, 3), of=(_sorted(4), below(4))), sample((5,), (), of=(_sorted(4), below(4)), side="right"),
             sample((2, 5), (2, 3), of=(_sorted(4), below(4)))),
    reference=_places_reference,
    doc="Where each value would go in a sorted sequence, or in its row of several: left of equal ones, or right.")

isin_op: Any = constant(
    "isin", lambda x, values, assume_unique, invert: boxed(
        np.isin(x, values, assume_unique=assume_unique, invert=invert)),
    inputs="x values", params={"assume_unique": False, "invert": False},
    samples=(sample((2, 3), (4,), of=below(6)), sample((), (2, 2), of=below(3), invert=True)),
    reference=lambda x, values, assume_unique=False, invert=False: np.any(
        x[..., None] == np.ravel(values), axis=-1) != invert,
    doc="Whether each element is among the values (with invert: is not).")


def _first_places(x: Any, size: int, fill_value: int) -> Any:
    found = np.argwhere(x)[:size]
    rows = zeros((size, found.shape[1]), np.int64, x)
    rows[: len(found)] = found
    rows[len(found) :] = fill_value
    return rows


first_places: Any = constant(
    "first_places", _first_places, params={"size": 1, "fill_value": -1},
    samples=(sample((2, 3), of=below(2), size=4), sample((5,), of=below(2), size=2, fill_value=7)),
    reference=lambda x, size=1, fill_value=-1: np.array(
        [*[list(at) for at in np.ndindex(x.shape) if x[at]], *[[fill_value] * x.ndim] * size][:size]),
    doc="The positions of the first elements that are not 0, (size, dimensions); rows of fill_value after them.")


def _unravelled(x: Any, shape: tuple[int, ...]) -> Any:
    return counted(np.stack(np.unravel_index(x, shape)))


unravelled: Any = constant(
    "unravelled", _unravelled, params={"shape": (2, 3)}, samples=(sample((4,), of=below(6)), sample((), of=below(6))),
    reference=lambda x, shape=(2, 3): np.array([x // shape[1], x % shape[1]]),
    doc="Positions counted row by row, as one position in each dimension, (dimensions, ...).")
