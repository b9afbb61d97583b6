"""Faults of the labels: of the wrong form, out of range, or all alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, wrap
from ..autograd.types import Raw
from ..autograd.watch import array_of
from .finding import Finding
from .loss_kind import error_of
from .observation import Observation

ENOUGH = 8  # so many labels of several classes that are alike are no chance
ENOUGH_OF_TWO = 32  # and so many of two, one of which may be rare


def whole(targets: Raw) -> bool:
    """Whether all targets are whole numbers."""
    return bool(targets.dtype.kind in "iub" or (np.isfinite(targets).all() and (targets == np.round(targets)).all()))


def zero_or_one(targets: Raw) -> bool:
    """Whether all targets are 0 or 1."""
    return bool(targets.size and ((targets == 0) | (targets == 1)).all())


def one_hot(targets: Raw) -> bool:
    """Whether every row (along the last axis) has one 1, and else 0."""
    if targets.ndim < 2 or targets.shape[-1] < 2:
        return False
    return zero_or_one(targets) and bool((targets.sum(-1) == 1).all())


def several_labels(targets: Raw, outputs: tuple[int, ...]) -> bool:
    """Whether rows of 0 and 1 have other than one 1, some of them several."""
    if targets.ndim < 2 or targets.shape[-1] < 2 or targets.shape != outputs or not zero_or_one(targets):
        return False
    counts, columns = targets.sum(-1), targets.sum(0)
    return bool((counts >= 2).mean() > 0.05 and not (columns == 1).all())


def given_as(seen: Observation, array: Raw) -> Any:
    """An array in place of the targets, a tensor where they are one."""
    return wrap(np.ascontiguousarray(array), None) if isinstance(seen.y, Tensor) else np.ascontiguousarray(array)


def _numbers_cut_to_one(seen: Observation) -> Finding | None:
    """Targets of a regression, integers that are all alike: fractions that were cut off, or one row repeated."""
    t = seen.targets
    if t.dtype.kind not in "iu" or len(t) < ENOUGH or (t != t.flat[0]).any() or seen.shares_targets_with_inputs:
        return None
    return seen.found(
        "labels-all-one-class",
        f"All {len(t)} targets are the integer {t.flat[0]}: the network learns to give that answer to anything.",
        "Where they were fractions, keep them as floats: no .long() or .astype(int) on the targets of a regression.",
    )


def _judged_by_others(seen: Observation) -> bool:
    """Whether the outputs are made with a part that the optimizer does not train, as a generator's are by its judge."""
    if seen.optimizer is None:
        return False
    held = {id(p) for group in seen.optimizer.param_groups for p in group["params"]}
    return any(leaf._node is not None and id(leaf) not in held for leaf in seen.leaves.values())


def labels_all_one_class(seen: Observation) -> Finding | None:
    """Labels that are alike teach one answer."""
    t, kind = seen.targets, seen.loss_kind
    if t is None or kind is None or t.size < ENOUGH or _judged_by_others(seen):
        return None
    if kind.kind not in ("binary", "classes", "chosen"):
        return _numbers_cut_to_one(seen)
    if not whole(t) or kind.rows < ENOUGH:
        return None
    values = kind.targets.values
    axis = kind.targets.class_axis
    if kind.kind == "binary" and values.size != values.shape[0]:
        return None
    if kind.kind == "binary":
        alike = bool((values == values.flat[0]).all())
    else:
        best = values.argmax(axis)
        alike = bool((best == best.flat[0]).all() and (values.max(axis) > 0.99).all())
    two = kind.kind == "binary" or values.shape[axis] == 2
    if not alike or seen.shares_targets_with_inputs or (two and kind.rows < ENOUGH_OF_TWO):
        return None
    if seen.loss_for(seen.scores, given_as(seen, (t == 0).astype(t.dtype))) == seen.loss_for(seen.scores):
        return None  # the loss does not read them: they only fill a place
    value = t.flat[0] if t.size == kind.rows else np.asarray(t).reshape(kind.rows, -1)[0].argmax()
    return seen.found(
        "labels-all-one-class",
        f"All {kind.rows} labels of the batch are class {value:g}: the network learns to give that answer to anything.",
        "Shuffle the rows before they are cut into batches, and look at how the labels were made.",
    )


# ---------------------------------------------------------------------- labels that the loss refuses


Change = Callable[[Any], Any]


def _numbers(t: Any) -> Any:
    return t.argmax(-1) if one_hot(t) else None


def _as_one_hot(t: Any, count: int) -> Any:
    flat = t.reshape(-1)
    column = t.ndim == 1 or (t.ndim == 2 and t.shape[1] == 1)
    if not column or count < 2 or not t.size or not whole(t) or flat.min() < 0 or flat.max() >= count:
        return None
    return np.eye(count, dtype=np.float32)[flat.astype(int)]


def _repaired(seen: Observation, change: Change) -> bool:
    """Whether the loss works with changed targets."""
    changed = change(seen.targets)
    if changed is None:
        return False
    value = seen.loss_for(seen.scores, given_as(seen, changed))
    return value is not None and bool(np.isfinite(value))


def _refused(seen: Observation) -> bool:
    """Whether the loss raised for the outputs and targets of the step."""
    return (
        seen.failure is not None
        and seen.failure.part == "loss"
        and seen.scores is not None
        and seen.targets is not None
    )


def one_hot_where_indices_are_meant(seen: Observation) -> Finding | None:
    """The loss refuses one-hot rows and takes the class numbers."""
    if not _refused(seen) or not one_hot(seen.targets) or not _repaired(seen, _numbers):
        return None
    return seen.found(
        "one-hot-where-indices-are-meant",
        f"The loss takes class numbers, one a row, and is given one-hot rows {seen.targets.shape}: it fails.",
        "Write y.argmax(1), or give cross_entropy the rows as floats.", source=seen.where_it_failed,
    )  # fmt: skip


def indices_where_one_hot_is_meant(seen: Observation) -> Finding | None:
    """The loss multiplies or subtracts class numbers where it means one-hot rows."""
    scores, t = seen.scores, seen.targets
    if scores is None or t is None or scores.ndim < 2 or not whole(t):
        return None
    count = scores.shape[-1]
    code, fix = "indices-where-one-hot-is-meant", f"Write one-hot rows: one_hot(y, {count}).float()."
    rows = _as_one_hot(t, count)
    if rows is None or rows.shape != scores.shape:
        return None
    if _refused(seen):
        if not _repaired(seen, lambda t: rows):
            return None
        reason = f"The loss sets outputs {scores.shape} beside class numbers {t.shape}, element by element, and fails."
        return seen.found(code, reason, fix, source=seen.where_it_failed)
    shapes = (t.shape, (1, *t.shape), (*t.shape, 1))
    step = seen.meeting(lambda outputs, targets: outputs == scores.shape and targets in shapes)
    if t.shape == scores.shape or (step is None and not _error_of_numbers(seen, t)):
        return None
    step = step or seen.loss_step
    what = step.op if step is not None else "the loss"
    return seen.found(
        code,
        f"{what} sets outputs {scores.shape} beside class numbers {t.shape}: the number of the class is compared "
        "with the output of every class.", fix, step,
    )  # fmt: skip


def _error_of_numbers(seen: Observation, t: Any) -> bool:
    """Whether the loss is an error of every score from the number of the class, spread over the scores by itself."""
    if seen.loss_kind is not None or len(np.unique(t)) != seen.scores.shape[-1] or seen.scores.shape[-1] < 3:
        return False
    spread = np.broadcast_to(t.reshape(-1, 1), seen.scores.shape).astype(float)
    return error_of(seen.loss_slope_for, seen.scores, spread) is not None


def labels_out_of_range(seen: Observation) -> Finding | None:
    """Class numbers that count from 1, or are negative."""
    if not _refused(seen) or not whole(seen.targets) or seen.scores.ndim < 1:
        return None
    t = seen.targets
    least, most = t.min(), t.max()
    changes: tuple[Change, ...] = (lambda t: t - least, lambda t: (t == most).astype(t.dtype))
    if least == 0 or not any(_repaired(seen, change) for change in changes):
        return None
    return seen.found(
        "labels-out-of-range",
        f"Class numbers run from 0, and the labels from {least:g} to {most:g}: {seen.failure_text}",
        f"Write y - {least:g}." if least > 0 else "Number the classes 0, 1, 2, …", source=seen.where_it_failed,
    )  # fmt: skip


def labels_not_integers(seen: Observation) -> Finding | None:
    """Class numbers as floats: the loss cannot look them up."""
    if not _refused(seen) or seen.targets.dtype.kind != "f" or not whole(seen.targets):
        return None
    if not any(_repaired(seen, change) for change in (
        lambda t: t.astype(np.int64), lambda t: t.reshape(-1).astype(np.int64) if t.size == len(t) else None,
    )):  # fmt: skip
        return None
    return seen.found(
        "labels-not-integers",
        f"The loss looks up class numbers, and they are {seen.targets.dtype}: {seen.failure_text}",
        "Write y.long(), of shape (rows,).", source=seen.where_it_failed,
    )  # fmt: skip


def labels_in_a_column(seen: Observation) -> Finding | None:
    """Class numbers (n, 1) where the loss looks up (n,)."""
    t = seen.targets
    if not _refused(seen) or t.ndim < 2 or t.size != len(t) or t.dtype.kind not in "iu":
        return None
    if not _repaired(seen, lambda t: t.reshape(-1)):
        return None
    return seen.found(
        "labels-in-a-column",
        f"The loss looks up class numbers of shape ({len(t)},), and they are {t.shape}: {seen.failure_text}",
        "Write y.squeeze(1).", source=seen.where_it_failed,
    )  # fmt: skip


def zero_where_minus_one_is_meant(seen: Observation) -> Finding | None:
    """Labels 0 and 1 in a loss of the product of label and score, which is for -1 and 1: rows of label 0 are lost."""
    scores, t = seen.scores, seen.targets
    if seen.failure is not None or scores is None or t is None or not zero_or_one(t) or t.all() or not t.any():
        return None
    if scores.size != t.size or scores.size != len(scores) or seen.loss_kind is not None:
        return None
    signs = given_as(seen, (2 * t - 1).astype(t.dtype if t.dtype.kind == "f" else np.int64))
    turned = given_as(seen, np.asarray(array_of(signs)) * -1)
    for seed in range(3):
        made = np.random.default_rng(seed).normal(0, 2, scores.shape).astype(np.float32)
        slope, loss = seen.loss_slope_for(made), seen.loss_for(made, signs)
        if slope is None or loss is None or slope.ravel()[t.ravel() == 0].any() or not slope.any():
            return None
        opposite = seen.loss_for(-made, turned)
        if opposite is None or not np.isclose(loss, opposite, rtol=1e-4) or seen.loss_for(made) == loss:
            return None
    return seen.found(
        "zero-where-minus-one-is-meant",
        f"The loss is of the product of label and score, for labels -1 and 1: the {int((t == 0).sum())} rows of label "
        "0 have no say in it.",
        "Write 2 * y - 1, or take BCEWithLogitsLoss, which is for 0 and 1.", seen.loss_step,
    )  # fmt: skip


def labels_not_floats(seen: Observation) -> Finding | None:
    """Integers where the loss computes with probabilities or values."""
    if not _refused(seen) or seen.targets.dtype.kind not in "iub":
        return None
    changes: tuple[Change, ...] = (
        lambda t: t.astype(np.float32),
        lambda t: t.reshape(seen.scores.shape).astype(np.float32) if t.size == seen.scores.size else None,
    )
    if not any(_repaired(seen, change) for change in changes):
        return None
    return seen.found(
        "labels-not-floats",
        f"The loss computes with the labels, and they are {seen.targets.dtype}: {seen.failure_text}",
        f"Write y.float(), of shape {seen.scores.shape}.", source=seen.where_it_failed,
    )  # fmt: skip
