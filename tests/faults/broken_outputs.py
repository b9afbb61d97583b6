"""Broken programs: what the outputs are, and what the loss takes."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .mistakes import (
    CLASSES,
    NUMBERS,
    TWO,
    Made,
    Task,
    Then,
    binary_likelihood,
    likelihood,
    likelihood_of_shares,
    mistake,
    softmax_by_hand,
)
from .sound_networks import f32, mlp

# ---------------------------------------------------------------------- classes: what is on the scores


@mistake(CLASSES, "softmax-before-cross-entropy")
def softmax_layer_before_cross_entropy(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Softmax(1)), nn.CrossEntropyLoss())


@mistake({name: TWO[name] for name in ("rings", "words")}, "softmax-before-cross-entropy")
def softmax_of_two_before_cross_entropy(task: Task) -> Made:
    return task.trained(Then(task.body(2), softmax_by_hand), F.cross_entropy, task.y[:, 0].long())


@mistake({"rings": TWO["rings"]}, "activation-on-the-scores")
def sigmoids_of_two_before_cross_entropy(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(2), nn.Sigmoid()), F.cross_entropy, task.y[:, 0].long())


@mistake(CLASSES, "softmax-before-cross-entropy")
def softmax_by_hand_before_cross_entropy(task: Task) -> Made:
    return task.trained(Then(task.body(task.classes), softmax_by_hand), F.cross_entropy)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "softmax-before-cross-entropy")
def softmax_in_the_loss_and_again(task: Task) -> Made:
    def loss(z: Any, y: Any) -> Any:
        return F.cross_entropy(tg.softmax(z, dim=1), y)

    return task.trained(task.body(task.classes), loss)


@mistake(CLASSES, "activation-on-the-scores")
def sigmoid_on_the_scores(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Sigmoid()), nn.CrossEntropyLoss())


@mistake(CLASSES, "activation-on-the-scores")
def relu_on_the_scores(task: Task) -> Made:
    return task.trained(Then(task.body(task.classes), lambda z: np.maximum(z, 0)), F.cross_entropy)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "activation-on-the-scores")
def tanh_on_the_scores(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Tanh()), nn.CrossEntropyLoss())


@mistake({name: CLASSES[name] for name in ("points", "digits", "pictures")}, "activation-on-the-scores")
def relu_under_a_likelihood_of_shares(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.ReLU()), likelihood_of_shares)


@mistake(CLASSES, "scores-taken-for-probabilities")
def scores_under_a_likelihood_by_hand(task: Task) -> Made:
    return task.trained(task.body(task.classes), likelihood)


@mistake({name: CLASSES[name] for name in ("points", "pictures")}, "scores-taken-for-probabilities")
def scores_under_nll(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.NLLLoss())


@mistake({name: CLASSES[name] for name in ("points", "pictures")}, "log-missing")
def softmax_under_nll(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Softmax(1)), nn.NLLLoss())


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "softmax-over-the-batch")
def softmax_over_the_rows(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Softmax(0)), likelihood)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "log-of-softmax")
def log_of_softmax_by_hand(task: Task) -> Made:
    task = task._replace(x=task.x * 3000)
    return task.trained(Then(task.body(task.classes), lambda z: np.log(softmax_by_hand(z))), nn.NLLLoss())


# ---------------------------------------------------------------------- classes: which loss


@mistake(CLASSES, "squared-error-for-classes")
def squared_error_of_softmax(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Softmax(1)), nn.MSELoss(), task.one_hot)


@mistake({name: CLASSES[name] for name in ("digits", "pictures")}, "squared-error-for-classes")
def squared_error_of_scores(task: Task) -> Made:
    return task.trained(task.body(task.classes), lambda p, y: ((p - y) ** 2).sum(1).mean(), task.one_hot)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "squared-error-for-classes")
def absolute_error_of_softmax(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Softmax(1)), nn.L1Loss(), task.one_hot)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "squared-error-for-classes")
def squared_error_of_class_numbers(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: ((p[:, 0] - y) ** 2).mean())


@mistake({name: CLASSES[name] for name in ("points", "points by hand")}, "binary-loss-for-class-numbers")
def binary_likelihood_of_class_numbers(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCEWithLogitsLoss(), task.y.float()[:, None])


@mistake(CLASSES, "cross-entropy-with-one-output")
def cross_entropy_of_one_output(task: Task) -> Made:
    return task.trained(task.body(1), nn.CrossEntropyLoss())


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "cross-entropy-with-one-output")
def likelihood_by_hand_of_one_output(task: Task) -> Made:
    return task.trained(Then(task.body(1), softmax_by_hand), likelihood)


# ---------------------------------------------------------------------- two classes


@mistake(TWO, "softmax-on-one-unit")
def softmax_on_one_output(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Softmax(1)), nn.BCELoss())


@mistake(TWO, "softmax-on-one-unit")
def softmax_by_hand_on_one_output(task: Task) -> Made:
    return task.trained(Then(task.body(1), softmax_by_hand), binary_likelihood)


@mistake(TWO, "sigmoid-before-bce-with-logits")
def sigmoid_before_logits(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), nn.BCEWithLogitsLoss())


@mistake(TWO, "sigmoid-before-bce-with-logits")
def sigmoid_by_hand_before_logits(task: Task) -> Made:
    return task.trained(Then(task.body(1), lambda z: 1 / (1 + np.exp(-z))), F.binary_cross_entropy_with_logits)


@mistake({"rings": TWO["rings"]}, "sigmoid-before-bce-with-logits")
def sigmoid_twice(task: Task) -> Made:
    return task.trained(
        nn.Sequential(task.body(1), nn.Sigmoid()), lambda p, y: F.binary_cross_entropy(tg.sigmoid(p), y)
    )


@mistake(TWO, "activation-on-the-scores")
def relu_on_one_score(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.ReLU()), nn.BCEWithLogitsLoss())


@mistake(TWO, "scores-taken-for-probabilities")
def scores_under_a_binary_likelihood(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCELoss())


@mistake(TWO, "scores-taken-for-probabilities")
def scores_under_a_binary_likelihood_by_hand(task: Task) -> Made:
    return task.trained(task.body(1), binary_likelihood)


@mistake(TWO, "binary-loss-for-class-numbers")
def labels_of_minus_one_and_one(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCEWithLogitsLoss(), 2 * task.y - 1)


@mistake({"words": TWO["words"]}, "softmax-along-the-wrong-axis")
def softmax_over_the_places(task: Task) -> Made:
    def of_every_place(p: Any, y: Any) -> Any:
        return F.nll_loss(p.log().reshape(-1, 50), y.reshape(-1))

    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 50), nn.Softmax(dim=1))
    return task.trained(model, of_every_place, (task.x + 1) % 50)


@mistake(TWO, "zero-where-minus-one-is-meant")
def hinge_of_zero_and_one(task: Task) -> Made:
    return task.trained(task.body(1), lambda s, y: F.relu(1 - y * s).mean())


@mistake(TWO, "shapes-broadcast")
def a_column_against_a_row(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), binary_likelihood, task.y[:, 0])


@mistake(TWO, "squared-error-for-classes")
def absolute_error_of_a_sigmoid(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), lambda p, y: (p - y).abs().mean())


@mistake({"rings": TWO["rings"]}, "labels-all-one-class")
def no_positive_row(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCEWithLogitsLoss(), task.y * 0)


@mistake({"rings": TWO["rings"], "words": TWO["words"]}, "softmax-over-independent-labels")
def softmax_over_labels(task: Task) -> Made:
    labels = f32(np.random.default_rng(1).random((len(task.x), 4)) < 0.4)
    return task.trained(nn.Sequential(task.body(4), nn.Softmax(1)), nn.BCELoss(), labels)


@mistake({"rings": TWO["rings"], "words": TWO["words"]}, "softmax-over-independent-labels")
def cross_entropy_over_labels(task: Task) -> Made:
    labels = f32(np.random.default_rng(1).random((len(task.x), 4)) < 0.4)
    return task.trained(task.body(4), nn.CrossEntropyLoss(), labels)


@mistake(TWO, "likelihood-half-missing")
def half_of_the_likelihood(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), lambda p, y: -(y * np.log(p + 1e-9)).mean())


@mistake(TWO, "loss-sign-wrong")
def likelihood_without_minus(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), lambda p, y: -binary_likelihood(p, y))


@mistake({"rings": TWO["rings"]}, "loss-arguments-swapped")
def targets_first(task: Task) -> Made:
    def loss(y: Any, p: Any) -> Any:
        return -(y * p.log() + (1 - y) * (1 - p).log()).mean()

    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), loss)


@mistake({"rings": TWO["rings"]}, "shapes-broadcast")
def a_column_against_a_row_that_is_refused(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCEWithLogitsLoss(), task.y[:, 0])


# ---------------------------------------------------------------------- numbers


@mistake(NUMBERS, "output-cannot-reach-targets")
def sigmoid_for_numbers(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.Sigmoid()), nn.MSELoss())


@mistake(NUMBERS, "output-cannot-reach-targets")
def relu_for_numbers_of_both_signs(task: Task) -> Made:
    return task.trained(Then(task.body(1), tg.relu), lambda p, y: ((p - y) ** 2).mean())


@mistake(NUMBERS, "output-cannot-reach-targets")
def tanh_for_larger_numbers(task: Task) -> Made:
    return task.trained(Then(task.body(1), np.tanh), nn.L1Loss(), 3 * task.y)


@mistake(NUMBERS, "shapes-broadcast")
def numbers_in_a_row(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: ((p - y) ** 2).mean(), task.y[:, 0])


@mistake({"surface": NUMBERS["surface"]}, "shapes-broadcast")
def numbers_in_a_row_for_mse(task: Task) -> Made:
    return task.trained(task.body(1), nn.MSELoss(), task.y[:, 0])


@mistake({"surface": NUMBERS["surface"]}, "shapes-broadcast")
def outputs_in_a_row(task: Task) -> Made:
    return task.trained(Then(task.body(1), lambda p: p[:, 0]), lambda p, y: np.mean(np.abs(y - p)))


@mistake(NUMBERS, "binary-loss-for-regression")
def binary_likelihood_of_numbers(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCEWithLogitsLoss(), 20 * task.y + 50)


@mistake(NUMBERS, "last-layer-too-narrow")
def one_output_for_six_targets(task: Task) -> Made:
    y = tg.cat([task.y * k for k in range(1, 7)], dim=1)
    return task.trained(task.body(1), lambda p, y: ((p - y) ** 2).mean(), y)


@mistake({"surface": NUMBERS["surface"]}, "last-layer-too-wide")
def two_outputs_for_one_target(task: Task) -> Made:
    return task.trained(task.body(2), lambda p, y: ((p - y) ** 2).mean())


@mistake({"surface": NUMBERS["surface"]}, "loss-not-finite")
def root_of_a_negative_number(task: Task) -> Made:
    return task.trained(Then(task.body(1), np.sqrt), nn.MSELoss(), abs(task.y))


@mistake({"points": CLASSES["points"]}, "loss-sign-wrong")
def logarithm_of_the_likelihood(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(3), nn.Softmax(1)), lambda p, y: p[np.arange(len(y)), y].log().mean())


@mistake({"points": CLASSES["points"]}, "activation-on-the-scores")
def relu_under_log_softmax(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(3), nn.ReLU(), nn.LogSoftmax(1)), nn.NLLLoss())


@mistake({"surface": NUMBERS["surface"]}, "error-in-the-step")
def inputs_of_another_width(task: Task) -> Made:
    return task.trained(mlp(7, 8, 1), nn.MSELoss())


# ---------------------------------------------------------------------- in the loss


def after(function: Any, loss: Any) -> Any:
    """A loss that puts a function on the outputs first."""
    return lambda p, y: loss(function(p), y)


def sigmoid_by_hand(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "activation-on-the-scores")
def sigmoid_in_the_loss_of_classes(task: Task) -> Made:
    return task.trained(task.body(task.classes), after(sigmoid_by_hand, F.cross_entropy))


@mistake({"points by hand": CLASSES["points by hand"]}, "activation-on-the-scores")
def relu_in_the_loss_of_classes(task: Task) -> Made:
    return task.trained(task.body(task.classes), after(lambda z: np.maximum(z, 0), F.cross_entropy))


@mistake({"rings": TWO["rings"]}, "activation-on-the-scores")
def tanh_in_the_loss_of_two(task: Task) -> Made:
    return task.trained(task.body(1), after(np.tanh, F.binary_cross_entropy_with_logits))


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "squared-error-for-classes")
def absolute_error_after_a_softmax_in_the_loss(task: Task) -> Made:
    return task.trained(task.body(task.classes), after(softmax_by_hand, F.l1_loss), task.one_hot, 1e-3, optim.SGD)


@mistake({"points": CLASSES["points"]}, "log-missing")
def share_of_the_right_class(task: Task) -> Made:
    return task.trained(task.body(3), after(softmax_by_hand, lambda p, y: -p[np.arange(len(y)), y].mean()))


@mistake({"rings": TWO["rings"]}, "softmax-over-independent-labels")
def softmax_over_labels_in_the_loss(task: Task) -> Made:
    labels = f32(np.random.default_rng(1).random((len(task.x), 4)) < 0.4)
    return task.trained(task.body(4), after(softmax_by_hand, F.binary_cross_entropy), labels)


@mistake({"surface": NUMBERS["surface"]}, "output-cannot-reach-targets")
def sigmoid_in_the_loss_of_numbers(task: Task) -> Made:
    return task.trained(task.body(1), after(sigmoid_by_hand, F.mse_loss))


LOGARITHMS: dict[str, Any] = {
    "of chosen shares": lambda z, t: -np.log((softmax_by_hand(z) * t).sum(1)).mean(),
    "of a product": lambda z, t: -(t * np.log(np.exp(z) * (1 / np.exp(z).sum(1, keepdims=True)))).sum(1).mean(),
    "of the sum": lambda z, t: -(t * (z - np.log(np.exp(z).sum(1, keepdims=True)))).sum(1).mean(),
    "with a number in front": lambda z, t: -(t * np.log(1e-12 + softmax_by_hand(z))).sum(1).mean(),
}


def logarithm(name: str) -> Any:
    def logarithm_by_hand(task: Task) -> Made:
        task = task._replace(x=task.x * 3000)
        return task.trained(task.body(task.classes), LOGARITHMS[name], task.one_hot)

    return logarithm_by_hand


for name in LOGARITHMS:
    function = logarithm(name)
    function.__name__ = f"logarithm {name}"
    mistake({"points": CLASSES["points"]}, "log-of-softmax")(function)
