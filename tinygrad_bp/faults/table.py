"""The faults, most serious first: who looks for each, and which others are only its consequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import initial, layers, modes, optimizers, pairing, rates, scale
from .finding import Finding
from .observation import Observation
from .shapes import shapes_broadcast

MOST = 6  # so many findings at most


class Fault(NamedTuple):
    """An entry of the table."""

    code: str
    rule: Callable[[Observation], Finding | None]
    hides: frozenset[str] = frozenset()


def _fault(code: str, rule: Callable[[Observation], Finding | None], *hides: str) -> Fault:
    return Fault(code, rule, frozenset(hides))


# What any cause that stops the gradients makes of the layers.
STUCK = ("dead-layer", "saturated-layer", "gradients-vanish", "initial-weights-too-small")

FAULTS = (
    _fault("inputs-not-finite", scale.inputs_not_finite),
    _fault("targets-not-finite", scale.targets_not_finite),
    _fault("shapes-broadcast", shapes_broadcast),
    _fault("layer-made-in-forward", layers.layer_made_in_forward, "parameter-not-held-by-the-optimizer"),
    _fault("detached-branch", layers.detached_branch, *STUCK),
    _fault("parameter-not-held-by-the-optimizer", optimizers.parameter_not_held_by_the_optimizer,
           "learning-rate-too-small", "learning-rate-too-large"),
    _fault("zero-grad-missing", optimizers.zero_grad_missing),
    _fault("zero-grad-misplaced", optimizers.zero_grad_misplaced),
    _fault("optimizer-ascends", optimizers.optimizer_ascends, "learning-rate-too-small", "learning-rate-too-large"),
    _fault("equal-weights", initial.equal_weights, *STUCK, "learning-rate-too-small", "learning-rate-too-large"),
    _fault("no-activation-between-layers", layers.no_activation_between_layers),
    _fault("model-in-eval-mode", modes.model_in_eval_mode),
    _fault("labels-shuffled", pairing.labels_shuffled),
    _fault("inputs-not-scaled", scale.inputs_not_scaled, *STUCK),
    _fault("targets-not-scaled", scale.targets_not_scaled),
    _fault("initial-weights-too-large", initial.initial_weights_too_large, *STUCK),
    _fault("initial-weights-too-small", initial.initial_weights_too_small, "gradients-vanish"),
    _fault("gradients-vanish", initial.gradients_vanish, "learning-rate-too-small"),
    _fault("learning-rate-too-large", rates.learning_rate_too_large),
    _fault("learning-rate-too-small", rates.learning_rate_too_small),
    _fault("dead-layer", initial.dead_layer),
    _fault("saturated-layer", initial.saturated_layer),
    _fault("dropout-too-heavy", modes.dropout_too_heavy),
    _fault("weight-decay-too-large", optimizers.weight_decay_too_large),
    _fault("dropout-in-eval-mode", modes.dropout_in_eval_mode),
)  # fmt: skip
