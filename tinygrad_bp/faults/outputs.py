"""Faults of the outputs: an activation where none belongs, and what is not what the loss takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .activation import BETWEEN
from .finding import Finding
from .loss_kind import INNER, OF_ERRORS, LossKind
from .observation import Observation
from .recording import Step
from .softmaxes import SCORES, behind, shares_of_one


def sigmoid_before_bce_with_logits(seen: Observation) -> Finding | None:
    """The loss takes a sigmoid itself, and gets one."""
    kind, last = seen.loss_kind, seen.activation
    if kind is None or kind.kind != "binary":
        return None
    at = None
    if kind.of == "sigmoid":
        at = _in_loss(seen, "sigmoid")
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
    if kind is None or kind.kind not in ("binary", "classes", "chosen"):
        return None
    if kind.of in ("relu", "tanh") or (kind.kind, kind.of) == ("classes", "sigmoid"):  # the loss itself does it
        at = _in_loss(seen, kind.of)
        said = _cut_off(kind.of, seen.scores, BETWEEN[kind.of], True)
        return seen.found("activation-on-the-scores", said, f"Leave {kind.of} out of the loss.", at)
    if last is None:
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
    said = _cut_off(first, last.scores, (last.low, last.high), kind.of == "scores")
    return seen.found("activation-on-the-scores", said, f"{SCORES}; the loss does the rest.", last.step)


def _cut_off(name: str, scores: Any, between: tuple[float, float], compared: bool) -> str:
    if name in ("relu", "relu6"):
        negative = float(np.mean(np.asarray(scores) <= 0))
        return (
            f"the last layer's scores go through a ReLU: {negative:.0%} of them are cut to 0 and get no gradient, and "
            "a class whose score is negative everywhere is lost."
        )
    if name in ("sigmoid", "tanh", "a bounded function"):
        if compared:
            return (
                f"the last layer's scores go through {name} before the loss: they cannot lie further apart than "
                f"{min(between[1] - between[0], 2):g}, so no answer can be sure."
            )
        return f"the classes' scores go through {name} each for itself, and are taken for probabilities that sum to 1."
    return f"the last layer's scores go through {name} before a loss that takes raw scores of any sign."


def output_cannot_reach_targets(seen: Observation) -> Finding | None:
    """Targets outside of what the last activation can give, in the model or in the loss."""
    last, kind, targets = seen.activation, seen.loss_kind, seen.targets
    if targets is None or kind is None or not np.isfinite(targets).all():
        return None
    if kind.kind in OF_ERRORS and kind.of in INNER:
        name, at = kind.of, _in_loss(seen, kind.of)
        low, high = BETWEEN[name]
    elif last is not None and kind.kind in (*OF_ERRORS, "error", "binary") and kind.of in ("values", "probabilities"):
        name, at, low, high = last.last or "the last function", last.step, last.low, last.high
    else:
        return None
    t = kind.targets.values
    margin = 1e-6 + 0.01 * float(t.std())
    outside = float(np.mean((t < low - margin) | (t > high + margin)))
    if outside < 0.02:
        return None
    return seen.found(
        "output-cannot-reach-targets",
        f"{outside:.0%} of the targets, from {t.min():.4g} to {t.max():.4g}, lie outside of what {name} can give, "
        f"{low:g} to {high:g}.",
        "Leave the last layer linear for a regression, or scale the targets into that range.", at,
    )  # fmt: skip


def _in_loss(seen: Observation, op: str) -> Step | None:
    """Where the loss has an activation of its own; the loss where that is written by hand."""
    return next((step for step in seen.loss_steps if step.op == op), seen.loss_step)


# ---------------------------------------------------------------------- probabilities and logarithms


def scores_taken_for_probabilities(seen: Observation) -> Finding | None:
    """A likelihood takes the logarithm of outputs that are no probabilities."""
    kind, last, p = seen.loss_kind, seen.activation, seen.scores
    if kind is None or p is None:
        return None
    if _no_logarithms(seen, kind) and not shares_of_one(seen, kind):
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
    if kind is None:
        return None
    of_one = (kind.kind, kind.of) == ("absolute", "softmax") and (seen.loss_value or 0.0) < 0  # slopes of 1 - p
    if of_one and seen.targets.dtype.kind == "f" and (seen.ascends or seen.cure.trials.learns):
        return None  # the mean reward of a policy
    minus_shares = of_one or (kind.of == "softmax" and takes_logarithms(kind))
    if not minus_shares and not (_no_logarithms(seen, kind) and shares_of_one(seen, kind)):
        return None
    what = "share" if minus_shares else "output"
    return seen.found(
        "log-missing",
        f"The loss is minus the {what} of the right class, as of logarithms, and these are probabilities: its "
        "gradient does not grow where an answer is wrong.",
        "End the model with log_softmax in place of softmax, or give CrossEntropyLoss the raw scores.", seen.loss_step,
    )  # fmt: skip


def _no_logarithms(seen: Observation, kind: LossKind) -> bool:
    """Whether the loss takes logarithms of probabilities, and the exponentials of the outputs do not sum to 1."""
    chosen = kind.of == "logarithms" and takes_logarithms(kind)
    return chosen and np.isfinite(seen.scores).all() and not are_logarithms(seen, kind)


def takes_logarithms(kind: LossKind) -> bool:
    """Whether the loss chooses one of several outputs of each example, or shares of them that sum to 1."""
    return kind.kind == "chosen" and bool(np.allclose(kind.targets.values.sum(kind.targets.class_axis), 1))


def are_logarithms(seen: Observation, kind: LossKind) -> bool:
    """Whether the outputs are logarithms of probabilities: their exponentials sum to 1."""
    with np.errstate(all="ignore"):
        return bool(np.allclose(np.exp(seen.scores.astype(float)).sum(kind.targets.class_axis), 1, atol=0.05))


def exponential_twice(seen: Observation) -> Finding | None:
    """The loss takes the exponential of outputs that are exponentials already."""
    last, kind = seen.activation, seen.loss_kind
    if last is None or kind is not None or last.last not in ("exp", "softplus"):
        return None
    output = seen.output_step
    for step in seen.loss_steps:
        if step.op == "exp" and step.inputs[0] is not None and behind(step.inputs[0]) is behind(output):
            return seen.found(
                "exponential-twice",
                f"The loss takes the exponential of the outputs, as of logarithms, and they have come through "
                f"{last.last} already: it is taken twice.",
                "Give the loss the raw outputs of the last layer, or say that they are no logarithms "
                "(PoissonNLLLoss(log_input=False)).", step,
            )  # fmt: skip
    return None
