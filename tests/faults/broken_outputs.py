"""Broken programs: each mistake of outputs, losses, labels and shapes, made in several networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .case import Case
from .sound_networks import blobs, digits, f32, mlp, pictures, rings, surface, waves, words
from .sound_structures import Last

Made = tuple[Any, ...]


class Task(NamedTuple):
    """Data, and the layers of a network for them: ``body(k)`` gives k raw scores a row."""

    body: Callable[[int], nn.Module]
    x: Any
    y: Any
    classes: int = 1

    @property
    def one_hot(self) -> Any:
        """The labels as rows of 0 and 1."""
        return F.one_hot(self.y, self.classes).float()

    def trained(self, model: Any, loss: Any, y: Any = None, rate: float = 0.01, kind: Any = optim.Adam) -> Made:
        """What ``diagnose`` takes."""
        return model, loss, (self.x, self.y if y is None else y), kind(model.parameters(), lr=rate)


class Bag(nn.Module):
    """The mean of vectors of words, and a linear layer."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.words, self.out = nn.Embedding(50, 16), nn.Linear(16, k)

    def forward(self, x: Any) -> Any:
        return self.out(self.words(x).mean(1))


class ByHand(nn.Module):
    """Two layers as matrices, in NumPy's functions."""

    def __init__(self, inputs: int, hidden: int, k: int) -> None:
        super().__init__()
        self.W1, self.b1 = nn.Parameter(tg.randn(inputs, hidden) / inputs**0.5), nn.Parameter(tg.zeros(hidden))
        self.W2, self.b2 = nn.Parameter(tg.randn(hidden, k) / hidden**0.5), nn.Parameter(tg.zeros(k))

    def forward(self, x: Any) -> Any:
        return np.maximum(x @ self.W1 + self.b1, 0) @ self.W2 + self.b2


def convolutions(k: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(200, k))


def ends(rng: Any) -> tuple[Any, Any]:
    """Series of sines, and whether their next value is low, middling or high."""
    x, y = waves(rng)
    return x, tg.tensor(np.digitize(y.numpy()[:, 0], [-0.5, 0.5]))


CLASSES: dict[str, Callable[[Any], Task]] = {
    "points": lambda rng: Task(lambda k: mlp(2, 16, k), *blobs(rng), 3),
    "points by hand": lambda rng: Task(lambda k: ByHand(2, 16, k), *blobs(rng), 3),
    "digits": lambda rng: Task(lambda k: mlp(64, 32, k), *digits(rng), 10),
    "pictures": lambda rng: Task(convolutions, *pictures(rng), 4),
    "series": lambda rng: Task(lambda k: Last(nn.GRU, 1, 12, k), *ends(rng), 3),
}  # fmt: skip
TWO: dict[str, Callable[[Any], Task]] = {
    "rings": lambda rng: Task(lambda k: mlp(2, 16, k), *rings(rng)),
    "rings by hand": lambda rng: Task(lambda k: ByHand(2, 12, k), *rings(rng)),
    "words": lambda rng: Task(Bag, *words(rng)),
}  # fmt: skip
NUMBERS: dict[str, Callable[[Any], Task]] = {
    "surface": lambda rng: Task(lambda k: mlp(5, 32, k, between=nn.Tanh), *surface(rng)),
    "surface by hand": lambda rng: Task(lambda k: ByHand(5, 24, k), *surface(rng)),
    "series": lambda rng: Task(lambda k: Last(nn.LSTM, 1, 16, k), *waves(rng)),
}  # fmt: skip
MISTAKES: list[tuple[str, tuple[str, ...], dict[str, Callable[[Any], Task]], Callable[[Task], Made]]] = []
Mistake = Callable[[Task], Made]


def mistake(tasks: dict[str, Callable[[Any], Task]], *codes: str) -> Callable[[Mistake], Mistake]:
    """Enter a mistake, made in each of the tasks."""

    def enter(function: Mistake) -> Mistake:
        MISTAKES.append((function.__name__, codes, tasks, function))
        return function

    return enter


def broken() -> Iterator[Case]:
    """Every mistake in every network."""
    for name, codes, tasks, make in MISTAKES:
        for task, data in tasks.items():

            def made(data: Any = data, make: Any = make) -> Made:
                result: Made = make(data(np.random.default_rng(0)))
                return result

            yield Case(f"{name.replace('_', ' ')}: {task}", made, codes)


def softmax_by_hand(z: Any) -> Any:
    """In NumPy, rows."""
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


class Then(nn.Module):
    """A network, and a function of its scores."""

    def __init__(self, body: nn.Module, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.body, self.function = body, function

    def forward(self, x: Any) -> Any:
        return self.function(self.body(x))


def likelihood(p: Any, y: Any) -> Any:
    """Of the classes, from probabilities, clipped."""
    return -np.mean(np.log(np.clip(p[np.arange(len(y)), y], 1e-7, 1.0)))


def likelihood_of_shares(p: Any, y: Any) -> Any:
    """Of the classes, from numbers that are divided by their sum first."""
    p = p / p.sum(1, keepdims=True)
    return -(p[np.arange(len(y)), y]).log().mean()


def binary_likelihood(p: Any, y: Any) -> Any:
    """Of labels 0 and 1, by hand."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


# ---------------------------------------------------------------------- classes: what is on the scores


@mistake(CLASSES, "softmax-before-cross-entropy")
def softmax_layer_before_cross_entropy(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Softmax(1)), nn.CrossEntropyLoss())


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


# ---------------------------------------------------------------------- classes: labels


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "one-hot-where-indices-are-meant")
def one_hot_labels_under_nll(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.LogSoftmax(1)), nn.NLLLoss(), task.one_hot)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "one-hot-where-indices-are-meant")
def one_hot_labels_by_hand(task: Task) -> Made:
    def loss(z: Any, y: Any) -> Any:
        return -tg.log_softmax(z, dim=1)[np.arange(len(y)), y].mean()

    return task.trained(task.body(task.classes), loss, task.one_hot.long())


@mistake(CLASSES, "indices-where-one-hot-is-meant")
def a_column_of_indices_against_scores(task: Task) -> Made:
    return task.trained(task.body(task.classes), lambda p, y: ((p - y) ** 2).mean(), task.y[:, None])


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "indices-where-one-hot-is-meant")
def indices_times_logarithms(task: Task) -> Made:
    def loss(p: Any, y: Any) -> Any:
        return -np.mean(np.sum(y * np.log(p), axis=1))

    return task.trained(Then(task.body(task.classes), softmax_by_hand), loss)


@mistake(CLASSES, "last-layer-too-narrow")
def one_class_too_few(task: Task) -> Made:
    return task.trained(task.body(task.classes - 1), nn.CrossEntropyLoss())


@mistake({name: CLASSES[name] for name in ("points", "digits", "pictures")}, "labels-out-of-range")
def labels_from_one(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(), task.y + 1)


@mistake({name: CLASSES[name] for name in ("points", "digits", "pictures")}, "labels-not-integers")
def labels_as_floats(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(), task.y.float())


@mistake({name: CLASSES[name] for name in ("points", "pictures")}, "labels-in-a-column")
def labels_in_a_column(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(), task.y[:, None])


@mistake({name: CLASSES[name] for name in ("points", "digits", "pictures")}, "labels-all-one-class")
def sorted_labels(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(), task.y * 0 + 1)


# ---------------------------------------------------------------------- classes: between the layers, and shapes


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "softmax-between-layers")
def softmax_between(task: Task) -> Made:
    inputs = task.x.shape[1]
    model = nn.Sequential(
        nn.Linear(inputs, 32), nn.Softmax(1), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, task.classes)
    )
    return task.trained(model, nn.CrossEntropyLoss())


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "softmax-between-layers")
def softmax_by_hand_between(task: Task) -> Made:
    model = nn.Sequential(Then(nn.Linear(task.x.shape[1], 32), softmax_by_hand), nn.Linear(32, task.classes))
    return task.trained(model, nn.CrossEntropyLoss())


@mistake({"pictures": CLASSES["pictures"]}, "flatten-missing")
def no_flatten(task: Task) -> Made:
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(200, task.classes))
    return task.trained(model, nn.CrossEntropyLoss())


@mistake({"pictures": CLASSES["pictures"]}, "flatten-missing")
def no_flatten_of_the_pictures(task: Task) -> Made:
    return task.trained(mlp(144, 32, task.classes), nn.CrossEntropyLoss())


@mistake({"pictures": CLASSES["pictures"]}, "flatten-missing")
def dense_layers_on_every_position(task: Task) -> Made:
    model = nn.Sequential(nn.Conv1d(12, 16, 3), nn.ReLU(), nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, task.classes))
    task = task._replace(x=task.x[:, 0])
    return task.trained(model, nn.CrossEntropyLoss(), F.one_hot(task.y, task.classes))


# ---------------------------------------------------------------------- the size of the loss


@mistake({name: CLASSES[name] for name in ("points", "digits", "pictures")}, "loss-averaged-twice")
def mean_divided_again(task: Task) -> Made:
    def loss(z: Any, y: Any) -> Any:
        return F.cross_entropy(z, y) / len(y)

    return task.trained(task.body(task.classes), loss, rate=0.1, kind=optim.SGD)


@mistake({name: NUMBERS[name] for name in ("surface", "series")}, "loss-averaged-twice")
def squared_error_divided_again(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: ((p - y) ** 2).mean() / len(y), rate=0.05, kind=optim.SGD)


@mistake({name: NUMBERS[name] for name in ("surface", "surface by hand")}, "loss-summed-over-the-batch")
def squared_error_summed(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: ((p - y) ** 2).sum(), rate=0.05, kind=optim.SGD)


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "loss-summed-over-the-batch")
def cross_entropy_summed(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(reduction="sum"), rate=0.5, kind=optim.SGD)


@mistake({name: CLASSES[name] for name in ("points", "points by hand", "digits")}, "penalty-outweighs-the-loss")
def a_large_penalty(task: Task) -> Made:
    model = task.body(task.classes)

    def loss(z: Any, y: Any) -> Any:
        return F.cross_entropy(z, y) + 5 * sum((p**2).sum() for p in model.parameters())

    return task.trained(model, loss)


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
