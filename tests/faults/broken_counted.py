"""Broken programs: labels that the loss does not count, hardly counts, or takes for their opposite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn

from .mistakes import CLASSES, Made, Task, mistake
from .sound_networks import blobs, f32, mlp

POINTS = {name: CLASSES[name] for name in ("points", "points by hand")}
FIVE: dict[str, Callable[[Any], Task]] = {
    "five clusters": lambda rng: Task(lambda k: mlp(6, 24, k), *blobs(rng, 150, 5, 6), 5)
}


@mistake(POINTS | FIVE, "class-left-out")
def first_class_ignored(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(ignore_index=0))


@mistake(FIVE | {"digits": CLASSES["digits"]}, "class-left-out")
def a_class_weighs_nothing(task: Task) -> Made:
    weight = tg.ones(task.classes)
    weight[1] = 0.0
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(weight=weight))


@mistake(POINTS | FIVE, "class-left-out")
def likelihood_of_all_but_one_class(task: Task) -> Made:
    model = nn.Sequential(task.body(task.classes), nn.LogSoftmax(1))
    return task.trained(model, nn.NLLLoss(ignore_index=2))


@mistake(FIVE, "class-left-out")
def rows_of_a_class_masked_by_hand(task: Task) -> Made:
    loss = lambda z, y: (F.cross_entropy(z, y, reduction="none") * (y != 0)).mean()  # noqa: E731
    return task.trained(task.body(task.classes), loss)


@mistake(POINTS | FIVE, "labels-smoothed-away")
def hardly_a_label_is_left(task: Task) -> Made:
    return task.trained(task.body(task.classes), nn.CrossEntropyLoss(label_smoothing=0.97))


@mistake(FIVE, "labels-smoothed-away")
def the_two_shares_of_smoothing_exchanged(task: Task) -> Made:
    def loss(z: Any, y: Any) -> Any:
        soft = 0.1 * F.one_hot(y, 5) + 0.9 / 5
        return -(soft * F.log_softmax(z, dim=1)).sum(1).mean()

    return task.trained(task.body(5), loss)


# ---------------------------------------------------------------------- pairs


def couples(rng: Any, rows: int = 150) -> tuple[Any, Any]:
    """Pairs (rows, 2, 6) of points of five clusters, and 1.0 where both are of one."""
    centres = 2 * rng.normal(size=(5, 6))
    first = rng.integers(0, 5, rows)
    second = np.where(rng.random(rows) < 0.5, first, rng.integers(0, 5, rows))
    points = centres[np.stack([first, second], 1)] + 0.3 * rng.normal(size=(rows, 2, 6))
    return f32(points), f32(first == second)


class Apart(nn.Module):
    """How far the two members of a pair are from each other, as a network sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.one = mlp(6, 16, 4, between=nn.Tanh)

    def forward(self, pairs: Any) -> Any:
        return ((self.one(pairs[:, 0]) - self.one(pairs[:, 1])) ** 2).sum(1)


def drawn_together(square: Any, same: Any) -> Any:
    """Pairs marked 1 are to be near each other, others at least 1 apart."""
    away = (1 - (square + 1e-6).sqrt()).clamp(min=0)
    return (same * square + (1 - same) * away**2).mean()


COUPLES: dict[str, Callable[[Any], Task]] = {"couples": lambda rng: Task(lambda k: Apart(), *couples(rng))}
HALVES: dict[str, Callable[[Any], Task]] = {
    "halves of a row": lambda rng: Task(lambda k: Apart(), *[v.reshape(150, -1) for v in couples(rng)])
}


@mistake(COUPLES, "pairs-exchanged")
def alike_pairs_pushed_apart(task: Task) -> Made:
    return task.trained(task.body(1), lambda square, same: drawn_together(square, 1 - same))


@mistake(COUPLES, "pairs-exchanged")
def marks_of_other_pairs(task: Task) -> Made:
    return task.trained(task.body(1), drawn_together, 1 - task.y)


@mistake(HALVES, "pairs-exchanged")
def cosine_of_pairs_the_wrong_way_round(task: Task) -> Made:
    model = nn.Sequential(nn.Unflatten(1, (2, 6)), mlp(6, 16, 4, between=nn.Tanh))
    return task.trained(model, lambda z, y: F.cosine_embedding_loss(z[:, 0], z[:, 1], 1 - 2 * y[:, 0]))
