"""Broken programs: labels and shapes that do not fit, and how large the loss is."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .mistakes import (
    CLASSES,
    NUMBERS,
    Made,
    Task,
    Then,
    mistake,
    softmax_by_hand,
)
from .sound_networks import mlp

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


@mistake({"points": CLASSES["points"]}, "indices-where-one-hot-is-meant")
def column_of_indices_times_logarithms(task: Task) -> Made:
    return task.trained(task.body(3), lambda z, y: -(y[:, None] * tg.log_softmax(z, dim=1)).sum(1).mean())


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


@mistake({name: CLASSES[name] for name in ("points", "digits")}, "loss-averaged-twice")
def mean_over_classes_divided_again(task: Task) -> Made:
    def loss(z: Any, t: Any) -> Any:
        return -(t * tg.log_softmax(z, dim=1)).mean() / len(t)

    return task.trained(task.body(task.classes), loss, task.one_hot, rate=0.1, kind=optim.SGD)


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
