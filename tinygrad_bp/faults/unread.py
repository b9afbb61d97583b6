"""Faults of what is not read, or says nothing: targets, inputs that are all alike, all steps of a series but one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..autograd.tensor import Tensor, wrap
from ..autograd.watch import array_of
from ..nn.module import Module
from .activation import sides
from .experiments import number_in
from .finding import Finding
from .labels import ENOUGH, given_as, zero_or_one
from .layers import FLAT
from .observation import Observation, rows_of
from .units import units

RECURRENT = {"rnn", "lstm", "gru", "lstm_gates"}
FEWEST_STEPS = 3  # of a shorter series one step may well be the whole of what is asked
FEWEST_PARTS = 4  # fewer columns are no two vectors in one row
UNKNOWN = 7.0  # a label that no loss has a meaning for
TURNED = 1e-4  # one minus the cosine of two directions that are not the same


def targets_not_read(seen: Observation) -> Finding | None:
    """Other targets give the same loss, and so do the same outputs in another order of the rows."""
    t, p = seen.targets, seen.scores
    if seen.failure is not None or t is None or p is None or not t.ndim or t.size < 2 or p.shape[:1] != t.shape[:1]:
        return None
    if np.isnan(t).any() or (t == t.flat[0]).all():
        return None  # targets that are alike may only fill a place
    if any(np.array_equal(item, t) for step in seen.model_steps for item in step.arrays):
        return None  # the model has compared with them
    changes = (given_as(seen, np.roll(t, 1, 0)), given_as(seen, t[::-1]), given_as(seen, np.full_like(t, t.flat[0])))
    # Outputs that differ, where those of the first weights may all be 0, and that may be probabilities too.
    made = np.random.default_rng(2).uniform(0.05, 0.95, p.shape).astype(p.dtype)
    losses = [seen.loss_for(made, y) for y in (seen.y, *changes)]
    if losses[0] is None or not np.isfinite(losses[0]) or any(one != losses[0] for one in losses):
        return None
    turned = seen.loss_for(np.roll(made, 1, 0))  # a loss that has its targets from elsewhere takes them in their order
    if turned is None or not np.isclose(turned, losses[0], rtol=1e-5) or _compares_outputs(seen):
        return None
    return seen.found(
        "targets-not-read",
        "The loss of the same outputs is the same for any targets: it does not read them, and the outputs cannot come "
        "to be like them.",
        "Compare the outputs with the second argument of the loss.", seen.loss_step,
    )  # fmt: skip


def _compares_outputs(seen: Observation) -> bool:
    """Whether the loss compares outputs with each other, as that of triplets does: it needs no targets.

    What is compared has a say in the direction of each other's slopes. Of rows that is enough; along other axes only
    the relation counts: the loss is the same for minus the outputs; or for all of them moved alike, but not in another
    order, as that of classes is.
    """
    made = np.random.default_rng(4).normal(size=seen.scores.shape).astype(seen.scores.dtype)
    here = seen.loss_for(made)

    def same(other: Any) -> bool:
        loss = seen.loss_for(other)
        return here is not None and loss is not None and bool(np.isclose(here, loss, rtol=1e-4))

    def compared(axis: int) -> bool:
        scores = made.shape[1] if made.ndim == 2 and axis == 1 else 0  # of one row, or parts of it
        by_sign = turned and (not scores or scores >= FEWEST_PARTS)
        by_order = moved and scores in (0, 2) and not same(np.flip(made, axis))
        return (axis == 0 or by_sign or by_order) and _joined(seen, made, axis)

    turned, moved = same(-made), same(made + 1)
    return any(compared(axis) for axis in range(made.ndim if made.ndim < 3 else made.ndim - 1))


def _joined(seen: Observation, made: Any, axis: int) -> bool:
    """Whether outputs along an axis turn the slopes of others: those of a sum, or of a function of one, they do not."""
    half = max(1, made.shape[axis] // 2)
    there = np.arange(made.shape[axis]) < half
    other = made.copy()
    tilted = np.roll(made, 1, 0) * 0.7 + np.linspace(-1, 1, made.shape[-1])  # their mean is another too
    np.moveaxis(other, axis, 0)[there] = np.moveaxis(tilted, axis, 0)[there]
    slopes = [seen.loss_slope_for(p) for p in (made, other)]
    if any(slope is None or not np.isfinite(slope).all() for slope in slopes):
        return False
    one, two = (np.moveaxis(slope, axis, 0)[~there].ravel().astype(float) for slope in slopes)
    lengths = np.linalg.norm(one) * np.linalg.norm(two)
    return bool(lengths > 0 and one @ two < (1 - TURNED) * lengths)


def inputs_all_alike(seen: Observation) -> Finding | None:
    """All rows of the inputs are the same, their targets are not, and the answers are: they can be no better.

    A single column of ones is a constant on purpose, and so are the places of a profile, whose answers differ.
    """
    x, t, kind = seen.inputs, seen.targets, seen.loss_kind
    if x is None or t is None or kind is None or x.ndim < 2 or x.size == len(x) or x.shape[:1] != t.shape[:1]:
        return None
    if len(x) < ENOUGH or (x != x[:1]).any() or (t == t[:1]).all():
        return None
    if (x != x.flat[0]).any() and seen.scores.size != len(x) and kind.kind not in ("classes", "chosen"):
        return None
    with seen.unchanged():
        if isinstance(seen.model, Module):
            seen.model.eval()  # dropout tells rows apart
        outputs = seen.outputs_for(seen.x)
    if outputs is None or not _alike(outputs, len(x)):
        return None
    each = f", {x.flat[0]:g} everywhere" if (x == x.flat[0]).all() else ""
    return seen.found(
        "inputs-all-alike",
        f"All {len(x)} rows of the inputs are the same{each}, and their targets are not: the network can give only one "
        "answer.",
        "Look at how the inputs were made: fractions cut to integers, word numbers that were scaled, one row repeated.",
    )


def inputs_lost_on_the_way(seen: Observation) -> Finding | None:
    """An op gives the same for every row, whatever comes in and whatever the weights are: a norm of one value."""
    rows, (learnt, data) = rows_of(seen.x), sides(seen)
    if seen.failure is not None or rows is None or seen.scores is None or not _alike(seen.scores, rows):
        return None
    at = None
    for step in seen.before(seen.output_step):
        given = [one for one in step.inputs if one is not None and one in learnt and one in data]
        if _alike(step.value, rows) and any(one.node is not None and not _alike(one.value, rows) for one in given):
            at = step
    if at is None or at.op in FLAT:
        return None
    noise = np.random.default_rng(0).normal
    scaled = units(seen.x)  # large inputs saturate layers of any such weights, and are alike behind them
    with seen.unchanged(), no_grad():
        for x in (seen.x, seen.x if scaled is None else scaled):
            for leaf in seen.leaves.values():
                if leaf.dtype.kind == "f":
                    leaf.copy_(wrap(noise(size=leaf.shape).astype(leaf.dtype), None))
            outputs = seen.outputs_for(x)
            if outputs is None or not _alike(outputs, rows):
                return None
    layer = type(at.module).__name__ if at.module is not None else at.op
    return seen.found(
        "only-a-constant-is-learnt",
        f"{layer} of {at.arrays[0].shape} gives the same for every row, whatever comes in and whatever the weights "
        "are, as a norm over one value does.",
        "Leave it out where there is only one value, as after the last layer.", at,
    )  # fmt: skip


def _alike(value: Any, rows: int) -> bool:
    """Whether all rows of a result are the same."""
    if getattr(value, "ndim", 0) < 1 or len(value) != rows or rows < 2:
        return False
    return bool(np.isfinite(value).all() and np.abs(value - value[:1]).max(initial=0.0) <= 1e-6)


def zero_is_no_label(seen: Observation) -> Finding | None:
    """Labels 0 and 1 where the loss asks for 1 and for -1: any other number would do as well as the 0."""
    t = seen.targets
    if seen.failure is not None or t is None or not zero_or_one(t) or t.all() or not t.any():
        return None
    losses = []
    for other in (0, UNKNOWN, -1):
        y = given_as(seen, np.where(t == 0, other, t).astype(t.dtype if t.dtype.kind in "if" else np.int64))
        losses.append(_loss_of_outputs(seen, y))
    as_it_is, unknown, signs = losses
    if None in losses or as_it_is != unknown or as_it_is == signs:
        return None
    return seen.found(
        "zero-where-minus-one-is-meant",
        f"The loss knows the labels 1 and -1, and the {int((t == 0).sum())} rows of label 0 are as if they had none.",
        "Write 2 * y - 1.", seen.loss_step,
    )  # fmt: skip


def _loss_of_outputs(seen: Observation, y: Any) -> float | None:
    """The loss of the outputs of the step, of whatever form they are, for other labels."""
    with seen.unchanged(weights=False), np.errstate(all="ignore"):
        try:
            return number_in(array_of(seen.loss_fn(seen.outputs, y)))
        except Exception:  # the experiment was ours, and so is the error
            return None


def series_not_read(seen: Observation) -> Finding | None:
    """Of a series with a recurrent layer only one step, the first or the last, has a say in the outputs."""
    x, t = seen.inputs, seen.targets
    if seen.failure is not None or x is None or seen.scores is None or t is None or x.ndim < 2:
        return None
    rows, length = x.shape[0], x.shape[1]
    if not any(step.op in RECURRENT for step in seen.model_steps):
        return None
    if length < FEWEST_STEPS or rows < 2 or seen.scores.shape[:1] != (rows,) or t.shape[:1] != (rows,):
        return None
    before = seen.outputs_for(seen.x)
    for name, read in (("first", 0), ("last", -1)):
        other = np.roll(x, 1, 0)  # each row has the steps of its neighbour, but for the one that is asked about
        other[:, read] = x[:, read]
        after = seen.outputs_for(_given_x(seen, other))
        if np.array_equal(other, x) or before is None or after is None or not np.array_equal(before, after):
            continue
        of_all = seen.outputs_for(_given_x(seen, np.roll(x, 1, 0)))
        if of_all is None or np.array_equal(before, of_all):
            return None  # nothing of the inputs is read at all
        return seen.found(
            "series-not-read",
            f"Of the {length} steps of a series only the {name} has a say in the outputs: the others are not read.",
            "Take the output of the last step, out[:, -1], or the last state h[-1], and keep the state from step to "
            "step.", seen.output_step,
        )  # fmt: skip
    return None


def _given_x(seen: Observation, array: Any) -> Any:
    """An array in place of the inputs, a tensor where they are one."""
    return wrap(array, None) if isinstance(seen.x, Tensor) else array
