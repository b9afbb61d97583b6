"""Broken programs whose rows say nothing, or are not those of the targets; and a step of the wrong player."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .mistakes import CLASSES, NUMBERS, TWO, Made, Task, mistake
from .sound_networks import blobs, f32, mlp

POINTS = {name: CLASSES[name] for name in ("points", "digits")}
VALUES = {name: NUMBERS[name] for name in ("surface", "series")}
Tasks = dict[str, Callable[[Any], Task]]


class Steps(nn.Module):
    """A recurrent layer that has the steps in front, and an answer for every step."""

    def __init__(self, kind: Any, k: int, flat: bool = False) -> None:
        super().__init__()
        self.recurrent, self.out, self.flat = kind(1, 16), nn.Linear(16, k), flat

    def forward(self, x: Any) -> Any:
        h = self.recurrent(x.transpose(0, 1))[0]
        return self.out(h.reshape(-1, 16) if self.flat else h)


def running(rng: Any, rows: int = 20, length: int = 12) -> tuple[Any, Any]:
    """Series (rows, length, 1), and at each step whether the sum so far is positive, (rows, length)."""
    x = rng.normal(size=(rows, length, 1))
    return f32(x), tg.tensor((x.cumsum(1)[..., 0] > 0).astype(np.int64))


def square(rng: Any) -> Task:
    """As many steps as rows, and a number for each step."""
    x, _ = running(rng, 12, 12)
    return Task(lambda k: Steps(nn.GRU, k), x, x.cumsum(1) / 4)


def loans(rng: Any) -> Task:
    """Years and incomes as they are, and labels."""
    age, income = rng.uniform(20, 65, 200), rng.uniform(15000, 120000, 200)
    y = income / 40000 + np.square(age - 40) / 400 < 2.5
    return Task(lambda k: mlp(2, 16, 8, k, between=nn.Tanh, last=nn.Sigmoid), f32(np.c_[age, income]), f32(y[:, None]))


def made(rng: Any) -> Task:
    """Noise, of which a generator makes points, and the label of real ones."""
    return Task(lambda k: mlp(4, 16, k), f32(rng.normal(size=(64, 4))), tg.ones(64, 1))


RUNNING: Tasks = {"gru": lambda rng: Task(lambda k: Steps(nn.GRU, k), *running(rng), 2),
                  "lstm": lambda rng: Task(lambda k: Steps(nn.LSTM, k), *running(rng, 16, 9), 2)}  # fmt: skip
CENTRES: Tasks = {"points": lambda rng: Task(lambda k: mlp(12, 16, k), *blobs(rng, 144, 3, 12), 3),
                  "digits": CLASSES["digits"]}  # fmt: skip
NOISE: Tasks = {"noise": made}


# ---------------------------------------------------------------------- inputs that say nothing


@mistake({"words": TWO["words"]}, "inputs-all-alike")
def word_numbers_divided_by_their_count(task: Task) -> Made:
    return task._replace(x=(task.x / 50).long()).trained(task.body(1), nn.BCEWithLogitsLoss())


@mistake(VALUES, "inputs-all-alike")
def inputs_less_themselves(task: Task) -> Made:
    return task._replace(x=task.x - task.x).trained(task.body(1), nn.MSELoss())


@mistake(POINTS, "inputs-all-alike")
def one_row_for_all(task: Task) -> Made:
    same = task.x[:1].expand(len(task.x), -1).clone()
    return task._replace(x=same).trained(task.body(task.classes), nn.CrossEntropyLoss())


@mistake({"pictures": CLASSES["pictures"]}, "inputs-all-alike")
def pixels_cut_to_integers(task: Task) -> Made:
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(800, 4))
    return task._replace(x=(0.9 * task.x).long().float()).trained(model, nn.CrossEntropyLoss())


@mistake({"loans": loans}, "inputs-not-scaled")
def incomes_before_tanh(task: Task) -> Made:
    return task.trained(task.body(1), nn.BCELoss(), kind=optim.SGD)


@mistake(VALUES, "only-a-constant-is-learnt")
def norm_of_the_one_answer(task: Task) -> Made:
    return task.trained(nn.Sequential(task.body(1), nn.LayerNorm(1)), nn.MSELoss())


# ---------------------------------------------------------------------- rows of another axis


@mistake(RUNNING, "reshape-where-permute-is-meant")
def steps_in_front_beside_rows_in_front(task: Task) -> Made:
    return task.trained(task.body(2), lambda z, y: F.cross_entropy(z.reshape(-1, 2), y.reshape(-1)))


@mistake(RUNNING, "reshape-where-permute-is-meant")
def flattened_by_the_model_as_it_lies(task: Task) -> Made:
    return task.trained(Steps(nn.GRU, 2, flat=True), lambda z, y: F.cross_entropy(z, y.reshape(-1)))


@mistake(RUNNING, "reshape-where-permute-is-meant")
def labels_turned_and_outputs_not(task: Task) -> Made:
    model = nn.Sequential(nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 2))
    return task.trained(model, lambda z, y: F.cross_entropy(z.reshape(-1, 2), y.t().reshape(-1)))


@mistake({"square": square}, "reshape-where-permute-is-meant")
def as_many_steps_as_rows(task: Task) -> Made:
    return task.trained(task.body(1), nn.MSELoss())


@mistake(CENTRES, "reshape-where-permute-is-meant")
def examples_in_columns_reshaped(task: Task) -> Made:
    columns = task.x.t().contiguous()
    return task._replace(x=columns.reshape(task.x.shape)).trained(task.body(task.classes), nn.CrossEntropyLoss())


@mistake({"digits": CLASSES["digits"]}, "reshape-where-permute-is-meant")
def pictures_along_the_last_axis_reshaped(task: Task) -> Made:
    pictures = task.x.reshape(-1, 8, 8).permute(1, 2, 0).contiguous().reshape(-1, 1, 8, 8)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    return task._replace(x=pictures).trained(model, nn.CrossEntropyLoss())


# ---------------------------------------------------------------------- the loss, and who is trained


@mistake({"surface": NUMBERS["surface"]}, "shapes-broadcast", "output-cannot-reach-targets")
def sigmoid_of_points_in_another_shape(task: Task) -> Made:
    model = nn.Sequential(task.body(1), nn.Sigmoid(), nn.Flatten(0))
    return task.trained(model, nn.MSELoss(), 30 + 10 * task.y)


@mistake(POINTS, "targets-not-read")
def answers_for_their_own_labels(task: Task) -> Made:
    return task.trained(task.body(task.classes), lambda z, y: F.cross_entropy(z, z.argmax(1)))


@mistake(NUMBERS, "targets-not-read")
def root_of_the_mean_square_of_the_outputs(task: Task) -> Made:
    return task.trained(task.body(1), lambda p, y: p.pow(2).mean().sqrt())


def by_the_optimizer_of_the_judge(task: Task, loss: Any) -> Made:
    generator, judge = task.body(1), mlp(1, 16, 1, between=nn.LeakyReLU)
    optimizer = optim.Adam(judge.parameters(), lr=0.002)
    return lambda z: judge(generator(z)), loss, (task.x, task.y), optimizer


@mistake(NOISE, "parameter-not-held-by-the-optimizer")
def step_of_the_generator_by_its_judge(task: Task) -> Made:
    return by_the_optimizer_of_the_judge(task, nn.BCEWithLogitsLoss())


@mistake(NOISE, "parameter-not-held-by-the-optimizer")
def least_squares_of_the_generator_by_its_judge(task: Task) -> Made:
    return by_the_optimizer_of_the_judge(task, nn.MSELoss())
