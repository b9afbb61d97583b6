"""Broken programs: what is not read, what is mixed, and what stands at the end where nothing may stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .mistakes import CLASSES, NUMBERS, Made, Task, Then, mistake
from .sound_networks import mlp, pictures, words

POINTS = {name: CLASSES[name] for name in ("points", "digits")}
SERIES = {"series": NUMBERS["series"]}
TEXTS: dict[str, Callable[[Any], Task]] = {"words": lambda rng: Task(Attention, *words(rng))}
PICTURES: dict[str, Callable[[Any], Task]] = {
    "pictures": lambda rng: Task(lambda k: mlp(144, 16, k), *pictures(rng), 4)
}


class Attention(nn.Module):
    """Attention of words to each other, whose shares are taken along an axis."""

    def __init__(self, k: int, axis: int = 0) -> None:
        super().__init__()
        self.words, self.key, self.out, self.axis = nn.Embedding(50, 8), nn.Linear(8, 8), nn.Linear(8, k), axis

    def forward(self, x: Any) -> Any:
        h = self.words(x)
        shares = F.softmax(h @ self.key(h).transpose(1, 2), dim=self.axis)
        return self.out((shares @ h).mean(1))


class Twins(nn.Module):
    """The same small network for both halves of a row."""

    def __init__(self) -> None:
        super().__init__()
        self.one = mlp(2, 16, 4)

    def forward(self, x: Any) -> Any:
        return self.one(x[:, :2]), self.one(x[:, 2:])


class One(nn.Module):
    """A recurrent layer, and a linear one on the output of one step."""

    def __init__(self, step: int, k: int = 1) -> None:
        super().__init__()
        self.recurrent, self.out, self.step = nn.LSTM(1, 8, batch_first=True), nn.Linear(8, k), step

    def forward(self, x: Any) -> Any:
        return self.out(self.recurrent(x)[0][:, self.step])


def pairs(rng: Any, other: int) -> tuple[Any, Any]:
    """Pairs of points, and labels: 1 where they are near each other, else ``other``."""
    near = rng.integers(0, 2, 80)
    a = rng.normal(size=(80, 2))
    b = np.where(near[:, None] == 1, a + 0.1 * rng.normal(size=a.shape), rng.normal(size=a.shape))
    return tg.tensor(np.hstack([a, b]).astype(np.float32)), tg.tensor(np.where(near == 1, 1, other).astype(np.float32))


def alike(outputs: Any, y: Any) -> Any:
    """Two vectors are near each other, or far."""
    return F.cosine_embedding_loss(*outputs, y)


# ---------------------------------------------------------------------- the loss


@mistake(NUMBERS, "targets-not-read")
def size_of_the_outputs_for_a_loss(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: p.pow(2).mean())


@mistake({"pairs": lambda rng: Task(mlp, *pairs(rng, 0))}, "zero-where-minus-one-is-meant")
def zero_for_pairs_that_differ(task: Task) -> Made:
    return task.trained(Twins(), alike)


@mistake(NUMBERS, "exponential-twice")
def rates_for_their_logarithms(task: Task) -> Made:
    return task.trained(Then(task.body(1), np.exp), nn.PoissonNLLLoss(), abs(3 * task.y).round())


@mistake({"surface": NUMBERS["surface"]}, "labels-all-one-class")
def fractions_cut_to_integers(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: ((p - y) ** 2).mean(), tg.sigmoid(task.y).long())


@mistake({"points": CLASSES["points"]}, "loss-summed-over-the-batch")
def summed_until_nothing_moves(task: Task) -> Made:
    return task.trained(task.body(3), nn.CrossEntropyLoss(reduction="sum"), rate=3.0, kind=optim.SGD)


# ---------------------------------------------------------------------- the model


@mistake(POINTS, "dropout-on-the-outputs")
def dropout_behind_the_last_layer(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(task.classes), nn.Dropout(0.5)), nn.CrossEntropyLoss())


@mistake(TEXTS, "softmax-over-the-batch")
def attention_over_the_rows(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCEWithLogitsLoss())


@mistake(POINTS, "reshape-where-permute-is-meant")
def turned_and_cut_anew(task: Task) -> Made:
    return task.trained(Then(task.body(task.classes), lambda z: z.t().reshape(-1, task.classes)), nn.CrossEntropyLoss())


@mistake(PICTURES, "reshape-where-permute-is-meant")
def rows_last_and_cut_anew(task: Task) -> Made:
    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = task.body(4)

        def forward(self, x: Any) -> Any:
            return self.body(x[:, 0].permute(1, 2, 0).reshape(len(x), 144))

    return task.trained(Cut(), nn.CrossEntropyLoss())


@mistake(SERIES, "series-not-read")
def output_of_the_first_step(task: Task) -> Made:
    return task.trained(One(0), nn.MSELoss())


@mistake(POINTS, "only-a-constant-is-learnt")
def all_frozen_but_the_last_bias(task: Task) -> Made:
    model = task.body(task.classes)
    for parameter in list(model.parameters())[:-1]:
        parameter.requires_grad_(False)
    return task.trained(model, nn.CrossEntropyLoss())
