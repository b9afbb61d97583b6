"""Faults of the outputs: a softmax, a sigmoid or a ReLU where none belongs, and what is not what the loss takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .activation import MOVING, Activation, sides
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
        elif step.op == "div" and len(step.inputs) == 2 and None not in step.inputs:
            exponential, total = _behind(step.inputs[0]), _behind(step.inputs[1])
            if exponential.op == "exp" and total.op == "sum" and _behind(total.inputs[0]).op == "exp":
                axis = total.params["axis"]
                given = exponential.inputs[0]
                if isinstance(axis, tuple):
                    axis = axis[0] if len(axis) == 1 else None
                found.append(Softmax(step, given, None if axis is None else int(axis) % step.value.ndim))
    return found


def _behind(step: Any, ops: Any = frozenset(MOVING)) -> Any:
    """The op that made a value, behind those that only move it."""
    while step is not None and step.op in ops and step.inputs and step.inputs[0] is not None:
        step = step.inputs[0]
    return step


# ---------------------------------------------------------------------- softmax


def softmax_on_one_unit(seen: Observation) -> Finding | None:
    """A softmax along an axis of size 1 is 1, whatever the score is."""
    last = _behind(seen.output_step, MOVING | {"clip", "maximum", "minimum"})
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
    by_loss = kind is not None and kind.kind in ("classes", "chosen")
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


# ---------------------------------------------------------------------- activations on scores


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
    ) or (kind.of == "scores" and last is not None and last.names is None and _shares_of_one(seen, kind)):
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


def _shares_of_one(seen: Observation, kind: LossKind) -> bool:
    """Whether the outputs are probabilities: also where they are made of scores in an unknown way."""
    p = seen.scores
    return bool((p >= 0).all() and (p <= 1).all() and np.allclose(p.sum(kind.targets.class_axis), 1, atol=1e-3))


def sigmoid_before_bce_with_logits(seen: Observation) -> Finding | None:
    """The loss takes a sigmoid itself, and gets one."""
    kind, last = seen.loss_kind, seen.activation
    if kind is None or kind.kind != "binary":
        return None
    at = None
    if kind.of == "sigmoid":
        at = next((step for step in seen.loss_steps if step.op == "sigmoid"), seen.loss_step)
    elif last is not None and last.last == "sigmoid" and (kind.of == "scores" or last.names == ("sigmoid", "sigmoid")):
        at = last.step
    if at is None:
        return None
    return seen.found(
        "sigmoid-before-bce-with-logits",
        "A sigmoid is taken twice, once by the loss: its probabilities lie between 0.5 and 0.73, whatever the scores "
        "are.",
        "Give BCEWithLogitsLoss the raw scores, or the probabilities of one sigmoid to BCELoss.", at,
    )  # fmt: skip


def activation_on_the_scores(seen: Observation) -> Finding | None:
    """ReLU, tanh or a sigmoid on scores that a likelihood takes: what they cut off can never be said."""
    kind, last = seen.loss_kind, seen.activation
    if kind is None or last is None or kind.kind not in ("binary", "classes", "chosen"):
        return None
    name = last.last or ("a bounded function" if last.high - last.low < 4 else "")
    if kind.of == "scores":
        wrong = name in ("relu", "relu6", "tanh", "shares", "a bounded function")
        wrong |= name == ("sigmoid" if kind.kind == "classes" else "softmax")
        wrong |= kind.kind == "binary" and name in ("softplus", "exp", "abs", "square")
    elif kind.kind == "classes":  # probabilities of its own, of which the loss takes the logarithm
        wrong = name in ("relu", "relu6", "tanh", "sigmoid") or (last.names or ())[:1] == ("relu",)
    elif kind.kind == "binary":
        wrong = name in ("relu", "relu6", "tanh")
    else:
        wrong = False
    first, *after = last.names or ("",)
    wrong |= first in ("relu", "sigmoid", "tanh") and after in (["softmax"], ["log_softmax"], ["softmax", "log"])
    wrong |= last.names == ("relu", "sigmoid")
    if not wrong:
        return None
    first = first if last.last in ("softmax", "log_softmax", "log", "shares", "sigmoid") else name
    return seen.found(
        "activation-on-the-scores", _cut_off(first, kind, last), f"{SCORES}; the loss does the rest.", last.step
    )


def _cut_off(name: str, kind: LossKind, last: Activation) -> str:
    if name in ("relu", "relu6"):
        negative = float(np.mean(np.asarray(last.scores) <= 0))
        return (
            f"the last layer's scores go through a ReLU: {negative:.0%} of them are cut to 0 and get no gradient, and "
            "a class whose score is negative everywhere is lost."
        )
    if name in ("sigmoid", "tanh", "a bounded function"):
        if kind.of == "scores":
            return (
                f"the last layer's scores go through {name} before the loss: they cannot lie further apart than "
                f"{min(last.high - last.low, 2):g}, so no answer can be sure."
            )
        return f"the classes' scores go through {name} each for itself, and are taken for probabilities that sum to 1."
    return f"the last layer's scores go through {name} before a loss that takes raw scores of any sign."


def output_cannot_reach_targets(seen: Observation) -> Finding | None:
    """Targets outside of what the last activation can give."""
    last, kind, targets = seen.activation, seen.loss_kind, seen.targets
    if last is None or targets is None or kind is None or not np.isfinite(targets).all():
        return None
    if kind.kind not in ("squared", "absolute", "error", "binary") or kind.of not in ("values", "probabilities"):
        return None
    t = kind.targets.values
    margin = 1e-6 + 0.01 * float(t.std())
    outside = float(np.mean((t < last.low - margin) | (t > last.high + margin)))
    if outside < 0.02:
        return None
    name = last.last or "the last function"
    return seen.found(
        "output-cannot-reach-targets",
        f"{outside:.0%} of the targets, from {t.min():.4g} to {t.max():.4g}, lie outside of what {name} can give, "
        f"{last.low:g} to {last.high:g}.",
        "Leave the last layer linear for a regression, or scale the targets into that range.", last.step,
    )  # fmt: skip


# ---------------------------------------------------------------------- probabilities and logarithms


def log_of_softmax(seen: Observation) -> Finding | None:
    """A softmax, and then its logarithm: where a share underflows to 0, that is -inf."""
    made = {one.step for one in softmaxes([*seen.steps]) if one.step.op != "log_softmax"}
    for step in seen.steps:
        if step.op not in ("log", "log2", "log10"):
            continue
        shares = _behind(step.inputs[0], MOVING | {"clip", "maximum", "add"})
        if shares not in made:
            continue
        p = shares.value
        if np.isfinite(p).all() and (p > 1e-30).all() and np.isfinite(step.value).all():
            continue  # it does no harm here
        what = "are NaN" if np.isnan(p).any() else f"are as small as {np.nanmin(p):.1g}"
        return seen.found(
            "log-of-softmax",
            f"The logarithm is taken of a softmax whose shares {what}: exponentials of such scores overflow or "
            "underflow, and the loss or its gradient is NaN or 0.",
            "Compute both together: log_softmax, or cross_entropy of the raw scores.", step,
        )  # fmt: skip
    return None


def scores_taken_for_probabilities(seen: Observation) -> Finding | None:
    """A likelihood takes the logarithm of outputs that are no probabilities."""
    kind, last, p = seen.loss_kind, seen.activation, seen.scores
    if kind is None or p is None:
        return None
    if _no_logarithms(seen, kind) and not _shares_of_one(seen, kind):
        return seen.found(
            "scores-taken-for-probabilities",
            "The loss is minus the output of the right class, as of logarithms of probabilities, and the outputs are "
            "raw scores: it falls without end, and no class is compared with another.",
            "Use CrossEntropyLoss for raw scores, or end the model with log_softmax.", seen.loss_step,
        )  # fmt: skip
    if kind.kind not in ("binary", "classes") or kind.of not in ("probabilities", "shares"):
        return None
    if kind.of == "shares" and (np.abs(p).sum(kind.targets.class_axis) == 0).any():
        nothing = float(np.mean(np.abs(p).sum(kind.targets.class_axis) == 0))
        return seen.found(
            "scores-taken-for-probabilities",
            f"The loss divides the outputs by their sum, and all are 0 in {nothing:.0%} of the rows: 0/0 is NaN.",
            "Use CrossEntropyLoss of the raw scores.", seen.loss_step,
        )  # fmt: skip
    raw = last is not None and last.names == () and last.low < 0
    below, above = float(np.mean(p < 0)), float(np.mean(p > 1 + 1e-6)) if kind.of == "probabilities" else 0.0
    if not raw and below + above == 0:
        return None
    return seen.found(
        "scores-taken-for-probabilities",
        f"The loss takes the logarithm of the outputs as of probabilities, and they are raw scores: {below:.0%} are "
        f"negative and {above:.0%} above 1, where it has no value.",
        "Use the loss of raw scores (BCEWithLogitsLoss, CrossEntropyLoss), or a sigmoid or softmax before this one.",
        seen.loss_step,
    )


def log_missing(seen: Observation) -> Finding | None:
    """Probabilities where the loss takes their logarithms."""
    kind = seen.loss_kind
    if kind is None or not _no_logarithms(seen, kind) or not _shares_of_one(seen, kind):
        return None
    return seen.found(
        "log-missing",
        "The loss is minus the output of the right class, as of logarithms, and the outputs are probabilities: its "
        "gradient does not grow where an answer is wrong.",
        "End the model with log_softmax in place of softmax, or give CrossEntropyLoss the raw scores.", seen.loss_step,
    )  # fmt: skip


def _no_logarithms(seen: Observation, kind: LossKind) -> bool:
    """Whether the loss takes logarithms of probabilities, and the exponentials of the outputs do not sum to 1."""
    p, axis = seen.scores.astype(float), kind.targets.class_axis
    if kind.kind != "chosen" or not np.allclose(kind.targets.values.sum(axis), 1) or not np.isfinite(p).all():
        return False
    with np.errstate(all="ignore"):
        return not np.allclose(np.exp(p).sum(axis), 1, atol=0.05)


def exponential_twice(seen: Observation) -> Finding | None:
    """The loss takes the exponential of outputs that are exponentials already."""
    last, kind = seen.activation, seen.loss_kind
    if last is None or kind is not None or last.last not in ("exp", "softplus"):
        return None
    output = seen.output_step
    for step in seen.loss_steps:
        if step.op == "exp" and step.inputs[0] is not None and _behind(step.inputs[0]) is _behind(output):
            return seen.found(
                "exponential-twice",
                f"The loss takes the exponential of the outputs, as of logarithms, and they have come through "
                f"{last.last} already: it is taken twice.",
                "Give the loss the raw outputs of the last layer, or say that they are no logarithms "
                "(PoissonNLLLoss(log_input=False)).", step,
            )  # fmt: skip
    return None
