"""Faults of size: inputs and targets far from the numbers around 1 for which layers and rates are made."""

from __future__ import annotations

from typing import Any

import numpy as np

from .cure import FAR, GROSS
from .finding import Finding
from .observation import Observation
from .units import Size


def inputs_not_finite(seen: Observation) -> Finding | None:
    """NaN or an infinity among the inputs."""
    return _not_finite(seen, "inputs", seen.inputs)


def targets_not_finite(seen: Observation) -> Finding | None:
    """NaN or an infinity among the targets."""
    return _not_finite(seen, "targets", seen.targets)


def _not_finite(seen: Observation, what: str, array: Any) -> Finding | None:
    if array is None or array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    bad = ~np.isfinite(array)
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    rows = int(bad.reshape(len(bad), -1).any(1).sum()) if array.ndim else 1
    return seen.found(
        f"{what}-not-finite",
        f"{rows} of {len(array) if array.ndim else 1} rows of the {what} have NaN or inf, the first at {place}: one is "
        "enough to make the loss and every weight NaN.",
        f"Leave such rows out, or fill them: np.nan_to_num({'xy'[what == 'targets']}).",
    )


def inputs_not_scaled(seen: Observation) -> Finding | None:
    """The program does not learn, and does with inputs of mean 0 and deviation 1."""
    cure, size = seen.cure, seen.cure.inputs
    if size is None:
        return None
    change = cure.change
    if not (change is not None and change.inputs) and not (size.largest > GROSS and cure.trials.fails):
        return None
    helps = " With columns of mean 0 and deviation 1 the same program learns." if change and change.inputs else ""
    return seen.found(
        "inputs-not-scaled",
        f"The inputs {_said(size)}, and this batch is {'not' if cure.trials.fails else 'hardly'} learnt.{helps}",
        "Scale them by the training data: x = (x - x.mean(0)) / x.std(0), or pixels / 255.",
    )


def targets_not_scaled(seen: Observation) -> Finding | None:
    """The program does not learn, and does with targets of mean 0 and deviation 1."""
    cure, size = seen.cure, seen.cure.targets
    if size is None:
        return None
    change = cure.change
    if not (change.targets if change is not None else size.largest > GROSS and cure.trials.fails):
        return None
    helps = " With mean 0 and deviation 1 the same program learns." if change and change.targets else ""
    return seen.found(
        "targets-not-scaled",
        f"The targets {_said(size)}, and this batch is {'not' if cure.trials.fails else 'hardly'} learnt.{helps}",
        "Train on (y - y.mean(0)) / y.std(0), and undo it on the outputs.",
    )


def _said(size: Size) -> str:
    if FAR.spread < size.spread and size.smallest:
        return f"have columns of very different size, from {size.smallest:.3g} to {size.largest:.3g}"
    if size.offset > FAR.offset:
        return f"lie far from 0 for how little they vary (mean {size.offset:.3g} deviations)"
    return f"are of size {size.largest:.3g}"
