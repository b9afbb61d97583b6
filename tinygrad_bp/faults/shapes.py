"""Faults of shapes: what broadcasts, what was not flattened, and what does not fit."""

from __future__ import annotations

from math import prod

import numpy as np

from ..autograd.arrays import kind_of
from ..autograd.watch import array_of
from .experiments import number_in
from .finding import Finding
from .labels import given_as, one_hot, whole
from .observation import Observation, rows_of


def shapes_broadcast(seen: Observation) -> Finding | None:
    """Outputs (n, 1) against targets (n,): the difference is (n, n), and every row is compared with every other."""
    if seen.scores is None or seen.targets is None:
        return None
    outputs, targets = seen.scores.shape, seen.targets.shape
    if seen.failure is not None and seen.failure.part == "loss":
        beside = seen.targets.reshape(outputs) if seen.targets.size == seen.scores.size and outputs != targets else None
        if beside is None or seen.loss_for(seen.scores, given_as(seen, beside)) is None:
            return None
        reason = f"The loss takes outputs and targets of one shape, and is given {outputs} and {targets}: it fails."
        fix = f"Write y.reshape({', '.join(map(str, outputs))})."
        return seen.found("shapes-broadcast", reason, fix, source=seen.where_it_failed)
    both: tuple[int, ...] = ()

    def spreads(of_outputs: tuple[int, ...], of_targets: tuple[int, ...]) -> bool:
        nonlocal both
        try:
            both = np.broadcast_shapes(of_outputs, of_targets)
        except ValueError:
            return False
        return prod(both) > min(prod(of_outputs), prod(of_targets))

    step = seen.meeting(spreads)
    if step is None or (seen.scores.size > seen.targets.size == len(seen.targets) and _outputs_differ(seen)):
        return None
    if prod(both) > max(seen.scores.size, seen.targets.size):
        why = "each output is compared with the targets of all rows, so all outputs go to one mean."
    elif seen.scores.size < seen.targets.size:
        why = "one output is compared with several targets, and goes to their mean."
    else:
        why = "several outputs are compared with one target, and all go to it."
    fix = f"Give both one shape: y.reshape({', '.join(map(str, outputs))})."
    if seen.scores.size != seen.targets.size:
        fix = "Give both one shape: as many outputs as targets."
    reason = f"{step.op} of outputs {outputs} and targets {targets} broadcasts to {both}: {why}"
    return seen.found("shapes-broadcast", reason, fix, step)


def flatten_missing(seen: Observation) -> Finding | None:
    """A dense layer that is applied at every position, where it should see all of them."""
    code = "flatten-missing"
    fix = "Flatten before the first dense layer: nn.Flatten(), or x.flatten(1)."
    failure = seen.failure
    if failure is not None and failure.part == "model":
        last = seen.model_steps[-1].value if seen.model_steps else seen.inputs
        for shape in dict.fromkeys(getattr(value, "shape", ()) for value in (last, seen.inputs)):
            size = prod(shape[1:])
            if len(shape) > 2 and any(size in p.shape and p.ndim == 2 for p in seen.parameters.values()):
                reason = f"A layer takes {size} numbers a row, and is given {shape}, which are {size} when flattened."
                return seen.found(code, reason, fix, source=seen.where_it_failed)
        return None
    outputs, t, rows = seen.scores, seen.targets, rows_of(seen.x)
    if outputs is None or t is None or outputs.ndim < 3 or not t.ndim or outputs.shape[0] != rows:
        return None
    per_row, wanted = prod(outputs.shape[1:-1]), prod(t.shape[1:])
    refused = failure is not None and failure.part == "loss"
    positions = t.shape[1 : outputs.ndim - 1] == outputs.shape[1:-1] or t.ndim >= outputs.ndim
    of_row = t.shape[0] == rows and wanted in (1, outputs.shape[-1]) and per_row > 1
    if not of_row or (positions and wanted != 1):
        return None
    spread = seen.meeting(lambda a, b: a != b and prod(a) > prod(b)) is not None
    # One-hot rows, taken for class numbers; of whole numbers the positions come last, after the classes.
    misread = t.shape == (rows, outputs.shape[-1]) and t.ndim == outputs.ndim - 1 and one_hot(t)
    if not (refused or spread or misread):
        return None
    return seen.found(
        code,
        f"The outputs are {outputs.shape}, an answer for each of {per_row} positions, and the targets {t.shape}, one "
        "for each row: the dense layers see one position at a time.",
        fix, source=seen.where_it_failed,
    )  # fmt: skip


def last_layer_too_narrow(seen: Observation) -> Finding | None:
    """Fewer outputs than classes, or than targets."""
    outputs, t = seen.scores, seen.targets
    if outputs is None or t is None or not outputs.ndim or not t.size:
        return None
    refused = seen.failure is not None and seen.failure.part == "loss"
    given = outputs.shape[min(1, outputs.ndim - 1)]
    numbers = whole(t) and outputs.ndim > 1 and given > 1 and t.size * given == outputs.size
    if refused and numbers and t.min() >= 0 and t.max() >= given:
        return _narrow(seen, f"the labels name {t.max() + 1:g} classes, 0 to {t.max():g}", int(t.max()) + 1)
    if t.ndim >= 2 and outputs.ndim == t.ndim and outputs.shape[:-1] == t.shape[:-1]:
        wanted = t.shape[-1]
        if outputs.shape[-1] < wanted and (refused or seen.meeting(_differ) is not None):
            return _narrow(seen, f"there are {wanted} targets a row", wanted)
    kind = seen.loss_kind
    if kind is not None and kind.kind == "binary" and outputs.size == outputs.shape[0] and whole(t) and t.min() == 0:
        classes = len(np.unique(t))
        if classes > 2 and t.max() == classes - 1:
            return _narrow(seen, f"the labels name {classes} classes", classes)
    return None


def _differ(outputs: tuple[int, ...], targets: tuple[int, ...]) -> bool:
    return outputs != targets


def _narrow(seen: Observation, why: str, wanted: int) -> Finding:
    given = seen.scores.shape[min(1, seen.scores.ndim - 1)] if seen.scores.ndim > 1 else 1
    reason = f"{why}, and the last layer has {given} output{'s' * (given > 1)}."
    return seen.found("last-layer-too-narrow", reason, f"Give the last layer {wanted} outputs.", seen.output_step)


def last_layer_too_wide(seen: Observation) -> Finding | None:
    """More outputs than targets, where the loss fails for it or spreads one target over them."""
    outputs, t = seen.scores, seen.targets
    if outputs is None or t is None or outputs.ndim != t.ndim or outputs.ndim < 2 or outputs.shape[0] != t.shape[0]:
        return None
    refused = seen.failure is not None and seen.failure.part == "loss"
    given, wanted = outputs.shape[-1], t.shape[-1]
    if given <= wanted or outputs.shape[:-1] != t.shape[:-1]:
        return None
    if not refused and (whole(t) or seen.meeting(_differ) is None or _outputs_differ(seen)):
        return None
    return seen.found(
        "last-layer-too-wide", f"The last layer has {given} outputs, and there are {wanted} targets a row.",
        f"Give the last layer {wanted} output{'s' * (wanted > 1)}.", seen.output_step,
    )  # fmt: skip


def _outputs_differ(seen: Observation) -> bool:
    """Whether the outputs of a row mean different things to the loss, such as quantiles: their order counts."""
    scores = np.random.default_rng(1).normal(size=seen.scores.shape).astype(seen.scores.dtype)
    loss, turned = seen.loss_for(scores), seen.loss_for(scores[..., ::-1])
    return loss is not None and turned is not None and not np.isclose(loss, turned, rtol=1e-4)


def error_in_the_step(seen: Observation) -> Finding | None:
    """Any other error inside the step."""
    failure = seen.failure
    if failure is None:
        return None
    where = {"model": "the model", "loss": "the loss", "backward": "backward"}[failure.part]
    reason = f"{where} raised {type(failure.error).__name__}: {seen.failure_text}"
    return seen.found("error-in-the-step", reason, "Mend this first: nothing is learnt before.", source=failure.source)


def loss_not_a_scalar(seen: Observation) -> Finding | None:
    """A loss of several elements: backward needs one number."""
    value = array_of(seen.loss)
    if seen.failure is not None or (getattr(value, "size", 1) == 1 and number_in(value) is not None):
        return None
    if isinstance(value, np.ndarray):
        what, fix = f"has shape {value.shape}", 'Take its mean: loss.mean(), or reduction="mean".'
    elif value is None:
        what, fix = "is None", "Write return before it."
    else:
        what, fix = f"is a {kind_of(value)}", "Return the number alone."
    return seen.found("loss-not-a-scalar", f"The loss {what}: backward needs one number.", fix, seen.loss_step)
