"""The faults, most serious first: who looks for each, and which others are only its consequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import (
    counted,
    initial,
    labels,
    layers,
    losses,
    modes,
    optimizers,
    outputs,
    pairing,
    pairs,
    rates,
    scale,
    shapes,
    softmaxes,
    unread,
)
from .finding import Finding
from .observation import Observation
from .penalty import penalty_outweighs_the_loss

MOST = 6  # so many findings at most


class Fault(NamedTuple):
    """An entry of the table."""

    code: str
    rule: Callable[[Observation], Finding | None]
    hides: frozenset[str] = frozenset()


def _fault(code: str, rule: Callable[[Observation], Finding | None], *hides: str) -> Fault:
    return Fault(code, rule, frozenset(hides))


# What any cause that stops the gradients makes of the layers.
STUCK = ("dead-layer", "saturated-layer", "vanishing-gradients", "initial-weights-too-small")
RATES = ("learning-rate-too-large", "learning-rate-too-small")
# What trials tell, which mean nothing where nothing can be learnt.
TRIED = (*RATES, "inputs-not-scaled", "targets-not-scaled", "initial-weights-too-large")
ERROR = "error-in-the-step"
HELD = "parameter-not-held-by-the-optimizer"

FAULTS = (
    _fault("inputs-not-finite", scale.inputs_not_finite, ERROR, "loss-not-finite"),
    _fault("targets-not-finite", scale.targets_not_finite, ERROR, "loss-not-finite"),
    # The step fails, or its shapes make no sense.
    _fault("flatten-missing", shapes.flatten_missing, ERROR, "shapes-broadcast", "last-layer-too-narrow",
           "last-layer-too-wide", "labels-not-integers", "labels-not-floats", "one-hot-where-indices-are-meant"),
    _fault("cross-entropy-with-one-output", losses.cross_entropy_with_one_output, ERROR, "last-layer-too-narrow",
           "labels-out-of-range", "labels-not-integers", "labels-not-floats", "softmax-on-one-unit",
           "targets-not-read"),
    _fault("labels-in-a-column", labels.labels_in_a_column, ERROR, "indices-where-one-hot-is-meant",
           "last-layer-too-narrow", "last-layer-too-wide"),
    _fault("labels-not-integers", labels.labels_not_integers, ERROR, "indices-where-one-hot-is-meant"),
    _fault("one-hot-where-indices-are-meant", labels.one_hot_where_indices_are_meant, ERROR, "shapes-broadcast"),
    _fault("indices-where-one-hot-is-meant", labels.indices_where_one_hot_is_meant, ERROR, "shapes-broadcast",
           "last-layer-too-wide", "squared-error-for-classes", "class-left-out", "labels-smoothed-away"),
    _fault("labels-out-of-range", labels.labels_out_of_range, ERROR, "last-layer-too-narrow"),
    _fault("labels-not-floats", labels.labels_not_floats, ERROR),
    _fault("last-layer-too-narrow", shapes.last_layer_too_narrow, ERROR),
    _fault("last-layer-too-wide", shapes.last_layer_too_wide, ERROR, "shapes-broadcast"),
    _fault("shapes-broadcast", shapes.shapes_broadcast, ERROR),
    _fault("loss-arguments-swapped", losses.arguments_swapped, ERROR, "loss-not-finite", "activation-on-the-scores",
           "loss-sign-wrong", "scores-taken-for-probabilities", "squared-error-for-classes", "targets-not-read",
           *TRIED),
    _fault("loss-not-a-scalar", shapes.loss_not_a_scalar, "detached-branch"),
    _fault(ERROR, shapes.error_in_the_step),
    # What the outputs are, and what the loss takes.
    _fault("softmax-on-one-unit", softmaxes.softmax_on_one_unit, "output-cannot-reach-targets",
           "activation-on-the-scores", "softmax-before-cross-entropy", "log-of-softmax", "squared-error-for-classes",
           "only-a-constant-is-learnt"),
    _fault("softmax-over-the-batch", softmaxes.softmax_over_the_batch, "scores-taken-for-probabilities", "log-missing",
           *RATES),
    _fault("softmax-along-the-wrong-axis", softmaxes.softmax_along_the_wrong_axis, "scores-taken-for-probabilities",
           "log-missing", *RATES),
    _fault("softmax-over-independent-labels", softmaxes.softmax_over_independent_labels, "softmax-before-cross-entropy",
           "activation-on-the-scores"),
    _fault("binary-loss-for-class-numbers", losses.binary_loss_for_class_numbers, "binary-loss-for-regression",
           "output-cannot-reach-targets", "targets-not-scaled", *RATES),
    _fault("binary-loss-for-regression", losses.binary_loss_for_regression, *RATES),
    _fault("activation-on-the-scores", outputs.activation_on_the_scores, "loss-not-finite"),
    _fault("softmax-before-cross-entropy", softmaxes.softmax_before_cross_entropy),
    _fault("sigmoid-before-bce-with-logits", outputs.sigmoid_before_bce_with_logits),
    _fault("log-of-softmax", softmaxes.log_of_softmax, "loss-not-finite"),
    _fault("scores-taken-for-probabilities", outputs.scores_taken_for_probabilities, ERROR,
           "loss-not-finite", *RATES),
    _fault("log-missing", outputs.log_missing, "squared-error-for-classes"),
    _fault("output-cannot-reach-targets", outputs.output_cannot_reach_targets),
    _fault("softmax-between-layers", softmaxes.softmax_between_layers, "learning-rate-too-small",
           "vanishing-gradients"),
    _fault("labels-all-one-class", labels.labels_all_one_class),
    _fault("inputs-all-alike", unread.inputs_all_alike, *TRIED, *STUCK, "labels-shuffled", "only-a-constant-is-learnt"),
    _fault("squared-error-for-classes", losses.squared_error_for_classes),
    _fault("class-left-out", counted.class_left_out),
    _fault("labels-smoothed-away", counted.labels_smoothed_away, *TRIED),
    _fault("zero-where-minus-one-is-meant", labels.zero_where_minus_one_is_meant, *TRIED, *STUCK),
    _fault("zero-where-minus-one-is-meant", unread.zero_is_no_label, *TRIED, *STUCK),
    _fault("targets-not-read", unread.targets_not_read, *TRIED, *STUCK, "labels-shuffled"),
    _fault("exponential-twice", outputs.exponential_twice, *TRIED, "loss-not-finite", "labels-shuffled"),
    _fault("loss-not-finite", losses.loss_not_finite),
    _fault("loss-sign-wrong", losses.loss_sign_wrong, *RATES, "optimizer-ascends"),
    _fault("likelihood-half-missing", losses.likelihood_half_missing),
    # How large the loss is.
    _fault("loss-summed-over-the-batch", losses.loss_summed_over_the_batch, "learning-rate-too-large"),
    _fault("loss-averaged-twice", losses.loss_averaged_twice, "learning-rate-too-small"),
    _fault("penalty-outweighs-the-loss", penalty_outweighs_the_loss, *RATES),
    # What is learnt, and how.
    _fault("all-parameters-frozen", optimizers.all_parameters_frozen, *TRIED, *STUCK),
    _fault("only-a-constant-is-learnt", unread.inputs_lost_on_the_way, *TRIED, *STUCK, "labels-shuffled"),
    _fault("only-a-constant-is-learnt", optimizers.only_a_constant_is_learnt, *TRIED, *STUCK),
    _fault("layer-made-in-forward", layers.layer_made_in_forward, HELD, *TRIED, *STUCK),
    _fault("detached-branch", layers.detached_branch, *RATES, *STUCK),
    _fault(HELD, optimizers.parameter_not_held_by_the_optimizer, *RATES, *STUCK),
    _fault("zero-grad-missing", optimizers.zero_grad_missing),
    _fault("zero-grad-misplaced", optimizers.zero_grad_misplaced),
    _fault("optimizer-ascends", optimizers.optimizer_ascends, *RATES),
    _fault("product-of-zeros", initial.product_of_zeros, *STUCK, *TRIED, "equal-weights"),
    _fault("equal-weights", initial.equal_weights, *STUCK, *RATES),
    _fault("no-activation-between-layers", layers.no_activation_between_layers),
    _fault("reshape-where-permute-is-meant", layers.reshape_where_permute_is_meant, *TRIED, *STUCK),
    _fault("reshape-where-permute-is-meant", pairing.rows_of_another_axis, *TRIED, *STUCK, "labels-shuffled"),
    _fault("reshape-where-permute-is-meant", pairing.examples_in_columns, *TRIED, *STUCK, "labels-shuffled"),
    _fault("series-not-read", unread.series_not_read, *TRIED, *STUCK),
    _fault("dropout-on-the-outputs", modes.dropout_on_the_outputs, *TRIED),
    _fault("dropout-too-heavy", modes.dropout_of_nearly_all, *RATES, *STUCK),
    _fault("model-in-eval-mode", modes.model_in_eval_mode),
    _fault("labels-shuffled", pairing.labels_shuffled, *TRIED, *STUCK),
    _fault("pairs-exchanged", pairs.pairs_exchanged, *TRIED, *STUCK),
    _fault("layers-frozen-at-random", optimizers.layers_frozen_at_random, *TRIED, *STUCK),
    _fault("inputs-not-scaled", scale.inputs_not_scaled, *STUCK, "loss-not-finite"),
    _fault("targets-not-scaled", scale.targets_not_scaled),
    _fault("initial-weights-too-large", initial.initial_weights_too_large, *STUCK, "loss-not-finite",
           "learning-rate-too-small"),
    _fault("initial-weights-too-small", initial.initial_weights_too_small, "vanishing-gradients"),
    _fault("vanishing-gradients", initial.vanishing_gradients, "learning-rate-too-small"),
    _fault("learning-rate-too-large", rates.learning_rate_too_large),
    _fault("learning-rate-too-small", rates.learning_rate_too_small),
    _fault("dead-layer", initial.dead_layer),
    _fault("saturated-layer", initial.saturated_layer),
    _fault("dropout-too-heavy", modes.dropout_that_holds_back),
    _fault("penalty-outweighs-the-loss", optimizers.weight_decay_too_large),
    _fault("dropout-in-eval-mode", modes.dropout_in_eval_mode),
)  # fmt: skip
