"""Faults of a softmax: over the wrong things, between layers, taken twice, or under a logarithm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .activation import MOVING, sides
from .finding import Finding
from .labels import several_labels
from .loss_kind import LossKind
from .observation import Observation
from .recording import Step

SCORES = "Give the loss the raw scores of the last layer"
# What between a softmax and the next layer leaves it a softmax.
BETWEEN_LAYERS = MOVING | {"dropout"}


class Softmax(NamedTuple):
    """A softmax in the graph: an op, or an exponential divided by its sum."""

    step: Step
    given: Step | None  # what it is taken of
    axis: int | None  # None: one sum for the whole array


def softmaxes(steps: list[Step]) -> list[Softmax]:
    """Every softmax among steps."""
    found = []
    for step in steps:
        if step.op in ("softmax", "log_softmax"):
            found.append(Softmax(step, step.inputs[0], int(step.params["axis"]) % max(step.value.ndim, 1)))
            continue
        for exponential, total in _quotients(step):
            if total.op == "sum" and _exponential(behind(total.inputs[0])) and _exponential(exponential):
                axis = total.params["axis"]
                if isinstance(axis, tuple):
                    axis = axis[0] if len(axis) == 1 else None
                given = exponential.inputs[-1]  # of e**z that is the second
                found.append(Softmax(step, given, None if axis is None else int(axis) % step.value.ndim))
    return found


def _quotients(step: Step) -> Iterator[tuple[Step, Step]]:
    """What is divided by what: as a / b, a * (1 / b) or a * b**-1."""
    if step.op not in ("div", "mul") or len(step.inputs) != 2 or None in step.inputs:
        return
    one, other = behind(step.inputs[0]), behind(step.inputs[1])
    if step.op == "div":
        yield one, other
        return
    for upper, lower in ((one, other), (other, one)):
        inverse = lower.op == "reciprocal" or (lower.op == "div" and lower.inputs[0] is None)
        if inverse or (lower.op == "pow" and lower.params["exponent"] == -1):
            total = behind(lower.inputs[-1])
            if total is not None:
                yield upper, total


def _exponential(step: Step | None) -> bool:
    """Whether a step is e to the power of something: as exp(z), or e**z."""
    return step is not None and (step.op == "exp" or (step.op == "power" and step.inputs[0] is None))


def behind(step: Any, ops: Any = frozenset(MOVING)) -> Any:
    """The op that made a value, behind those that only move it."""
    while step is not None and step.op in ops and step.inputs and step.inputs[0] is not None:
        step = step.inputs[0]
    return step


# ---------------------------------------------------------------------- softmax


def softmax_on_one_unit(seen: Observation) -> Finding | None:
    """A softmax along an axis of size 1 is 1, whatever the score is."""
    last = behind(seen.output_step, MOVING | {"clip", "maximum", "minimum"})
    for one in softmaxes([*seen.steps]):
        if one.step is not last and one.step not in seen.loss_steps:
            continue  # as in attention to one key
        if one.axis is not None and one.step.value.ndim > 1 and one.axis > 0 and one.step.value.shape[one.axis] == 1:
            return seen.found(
                "softmax-on-one-unit",
                f"A softmax over one unit, {one.step.value.shape}: its shares sum to 1, so the output is 1 for every "
                "input and its gradient is 0.",
                "Take a sigmoid for two classes (or the raw score with BCEWithLogitsLoss), nothing for a number.",
                one.step,
            )
    return None


def softmax_over_the_batch(seen: Observation) -> Finding | None:
    """A softmax along the axis of the rows: the examples share one sum."""
    rows, kind = _rows(seen), seen.loss_kind
    output = seen.output_step
    if rows is None or rows < 2 or output is None or (kind is not None and kind.targets.class_axis == 0):
        return None  # where examples are columns, that is the axis of the classes
    behind = set(seen.before(output))
    for one in softmaxes([*seen.steps]):
        value = one.step.value
        if one.step not in behind and one.step not in seen.loss_steps:
            continue
        inside = value.ndim > 2 and (seen.targets is None or seen.targets.shape[:1] != (rows,))
        if value.ndim > 1 and value.shape[0] == rows and one.axis == 0 and rows not in value.shape[1:] and not inside:
            return seen.found(
                "softmax-over-the-batch",
                f"A softmax of {value.shape} along axis 0: the {rows} rows of the batch share one sum, so one row's "
                "answer depends on the others.",
                "Sum over the classes: dim=1 (axis=1)." if value.ndim == 2 else "Sum over the last axis: dim=-1.",
                one.step,
            )
    return None


def softmax_along_the_wrong_axis(seen: Observation) -> Finding | None:
    """A softmax over places, where the loss has the classes along another axis."""
    last, kind, scores = seen.activation, seen.loss_kind, seen.scores
    if last is None or kind is None or kind.kind not in ("classes", "chosen") or scores is None or scores.ndim < 3:
        return None
    axis = kind.targets.class_axis % scores.ndim
    if not {"softmax", "log_softmax"} & set(last.names or ()) or last.axis % scores.ndim == axis:
        return None
    return seen.found(
        "softmax-along-the-wrong-axis",
        f"A softmax of {scores.shape} along axis {last.axis}, and the classes lie along axis {axis}: the answers of "
        "different places share one sum.",
        f"Sum over the classes: dim={axis} (axis={axis}).", last.step,
    )  # fmt: skip


def _rows(seen: Observation) -> int | None:
    """How many examples there are, where inputs, outputs and targets have them in front."""
    if seen.inputs is None or seen.scores is None or not seen.inputs.ndim or not seen.scores.ndim:
        return None
    rows = int(seen.inputs.shape[0])
    return rows if seen.scores.shape[0] == rows else None


def softmax_between_layers(seen: Observation) -> Finding | None:
    """A softmax whose shares go into a further layer: each is about 1/n, and they hardly differ."""
    parameter, data = sides(seen)
    hidden = {one.step for one in softmaxes([*seen.model_steps])}
    for step in seen.model_steps:
        if step.op not in ("linear", "matmul", "convolution") or len(step.inputs) < 2:
            continue
        source, weight = step.inputs[0], step.inputs[1]
        while source is not None and source not in hidden and source.op in BETWEEN_LAYERS and source.inputs:
            source = source.inputs[0]
        of_parameters = weight in parameter and weight not in data if weight is not None else True
        if source in hidden and of_parameters and getattr(step.operands[1], "ndim", 0) >= 2:
            assert source is not None
            if weight is None and getattr(step.operands[1], "_node", None) is None:
                continue
            width = source.value.shape[-1]
            return seen.found(
                "softmax-between-layers",
                f"A softmax over {width} hidden units goes into the next layer: each passes on about 1/{width}, and "
                "all of them together always 1.",
                "Put ReLU (or tanh) between the layers; a softmax belongs to the end, for the classes.", source,
            )  # fmt: skip
    return None


def softmax_over_independent_labels(seen: Observation) -> Finding | None:
    """Several labels may be 1 in one row, and a softmax gives them 1 together."""
    kind, last = seen.loss_kind, seen.activation
    if seen.scores is None or seen.targets is None or not several_labels(seen.targets, seen.scores.shape):
        return None
    by_loss = kind is not None and (kind.kind in ("classes", "chosen") or kind.of == "softmax")
    if not by_loss and not (last is not None and last.last in ("softmax", "log_softmax")):
        return None
    most = int(seen.targets.sum(-1).max())
    return seen.found(
        "softmax-over-independent-labels",
        f"A row has up to {most} labels that are 1, but a softmax gives all of them 1 together: they push each other "
        "down.",
        "Take a sigmoid for every label: raw scores with BCEWithLogitsLoss.",
        last.step if last is not None and last.last else seen.loss_step,
    )


def softmax_before_cross_entropy(seen: Observation) -> Finding | None:
    """The loss takes a softmax itself, and gets one."""
    kind, last = seen.loss_kind, seen.activation
    if kind is None or kind.kind != "classes":
        return None
    at = None
    if kind.of == "softmax":
        at = next((one.step for one in softmaxes([*seen.loss_steps])), seen.loss_step)
    elif (
        last is not None and last.last == "softmax" and (kind.of == "scores" or last.names == ("softmax", "softmax"))
    ) or (kind.of == "scores" and last is not None and last.names is None and shares_of_one(seen, kind)):
        at = last.step
    if at is None:
        return None
    count = kind.targets.values.shape[kind.targets.class_axis]
    least = np.log(1 + (count - 1) / np.e)
    return seen.found(
        "softmax-before-cross-entropy",
        "The cross-entropy takes the softmax of scores itself, and is given probabilities: the softmax is taken twice, "
        f"the loss of {count} classes cannot fall below {least:.2f}, and gradients are small.",
        f"{SCORES}, without the softmax (or take the logarithm of probabilities with NLLLoss).", at,
    )  # fmt: skip


def shares_of_one(seen: Observation, kind: LossKind) -> bool:
    """Whether the outputs are probabilities: also where they are made of scores in an unknown way."""
    p = seen.scores
    return bool((p >= 0).all() and (p <= 1).all() and np.allclose(p.sum(kind.targets.class_axis), 1, atol=1e-3))


# What may stand between a softmax and its logarithm: what keeps shares from 0, and what chooses some of them.
GUARDS = MOVING | {"clip", "maximum", "add"}
LOGARITHMS = {"log", "log2", "log10"}
NEXT_TO_0 = 1e-10  # a share so small is next to underflow: with larger weights it is 0
CHOOSING = {"mul", "sum", "where", "gather"}


def log_of_softmax(seen: Observation) -> Finding | None:
    """A softmax, and then its logarithm: where a share underflows to 0, that is -inf, now or after some steps."""
    now = _logarithm_of_softmax(seen)
    if now is not None or not _is_near_underflow(seen):
        return now
    plain = seen.cure.trials.run()
    if plain is None or np.isfinite(plain.losses[-1]):
        return None
    later: list[Observation] = []
    seen.trained(
        len(plain.losses) - 1,
        then=lambda: later.append(Observation(seen.model, seen.loss_fn, seen.x, seen.y, seen.optimizer)),
    )
    return _logarithm_of_softmax(later[0]) if later else None


def _is_near_underflow(seen: Observation) -> bool:
    """Whether a logarithm is taken of something and a share of some softmax is next to 0."""
    logarithms = any(step.op in LOGARITHMS for step in seen.steps)
    return logarithms and any(
        one.step.op != "log_softmax" and bool((one.step.value < NEXT_TO_0).any()) for one in softmaxes([*seen.steps])
    )


def _logarithm_of_softmax(seen: Observation) -> Finding | None:
    made = {
        one.step for one in softmaxes([*seen.steps])
        if one.step.op != "log_softmax" and (one.given is None or np.isfinite(one.given.value).all())
    }  # fmt: skip
    for step in seen.steps:
        if step.op not in LOGARITHMS:
            continue
        what = _underflow(step, made) or _overflow(step)
        if what:
            return seen.found(
                "log-of-softmax",
                f"The logarithm is taken of {what}: exponentials of such scores overflow or underflow, and the loss or "
                "its gradient is NaN or 0.",
                "Compute both together: log_softmax, or cross_entropy of the raw scores.", step,
            )  # fmt: skip
    return None


def _underflow(log: Step, made: set[Step]) -> str:
    """What a logarithm is taken of, where that are shares which are 0 or no numbers; empty where it does no harm."""
    taken = log.inputs[0]
    while taken is not None and taken not in made and taken.op in GUARDS:
        taken = next((given for given in taken.inputs if given is not None), None)
    waiting, shares = [taken], None
    while waiting and shares is None:
        one = waiting.pop()
        if one in made:
            shares = one
        elif one is not None and one.op in GUARDS | CHOOSING:
            waiting.extend(one.inputs)
    if taken is None or shares is None:
        return ""
    p = shares.value
    harmless = any((value > 1e-30).all() and np.isfinite(value).all() for value in (p, taken.value))
    if harmless and np.isfinite(log.value).all():
        return ""
    return f"a softmax whose shares {'are NaN' if np.isnan(p).any() else f'are as small as {np.nanmin(p):.1g}'}"


def _overflow(log: Step) -> str:
    """The same of a sum of exponentials from which nothing was taken away before; empty where it is finite."""
    total = behind(log.inputs[0], GUARDS)
    terms = behind(total.inputs[0]) if total is not None and total.op == "sum" else None
    if terms is None or not _exponential(terms) or np.isfinite(log.value).all():
        return ""
    if terms.inputs[-1] is not None and not np.isfinite(terms.inputs[-1].value).all():
        return ""  # of numbers that were none before
    return f"a sum of exponentials that is {'0' if np.isneginf(log.value).any() else 'infinite'}"
