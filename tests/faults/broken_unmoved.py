"""Broken programs: rates that have run out, layers frozen at random, factors of 0, shares that underflow later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .broken_training import CASES, SMALL, enter, written
from .case import Case
from .sound_networks import Program, digits, f32, mlp, pictures, surface


def stepped(schedule: Callable[[Any], Any], steps: int, program: Program) -> Program:
    """After steps of a loop in which the rate comes down with each."""
    model, loss_fn, (x, y), optimizer = program
    scheduler = schedule(optimizer)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
        scheduler.step()
    return program


class Cut:
    """A schedule by hand: each step leaves a fifth of the rate, and nobody knows where it began."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer

    def step(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] *= 0.2


SCHEDULES: dict[str, tuple[Callable[[Any], Any], int]] = {
    "a tenth each": (lambda optimizer: optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1), 9),
    "a third each": (lambda optimizer: optim.lr_scheduler.ExponentialLR(optimizer, 0.3), 16),
    "to nothing": (lambda optimizer: optim.lr_scheduler.LambdaLR(optimizer, lambda n: max(1 - n / 3, 0)), 4),
    "by hand": (Cut, 12),
}
for name, (schedule, steps) in SCHEDULES.items():
    programs = ["digits_with_adam", "report_r1"] if name != "to nothing" else ["digits_with_adam"]

    def ran_out(program: Program, schedule: Any = schedule, steps: int = steps) -> Program:
        return stepped(schedule, steps, program)

    enter(SMALL, ran_out, *programs)


def entered(*codes: str) -> Callable[[Callable[[Any], Program]], Callable[[Any], Program]]:
    """Enter a program with its optimizer."""

    def register(function: Callable[[Any], Program]) -> Callable[[Any], Program]:
        CASES.append(Case(f"{codes[0]}: {function.__name__}", lambda: function(np.random.default_rng(0)), codes))
        return function

    return register


# ---------------------------------------------------------------------- frozen

FROZEN = "layers-frozen-at-random"


@entered(FROZEN)
def two_numbers_of_frozen_layers(rng: Any) -> Program:
    model = mlp(5, 32, 2, 16, 1)
    for layer in (model[0], model[2]):
        layer.requires_grad_(False)
    learnt = [p for p in model.parameters() if p.requires_grad]
    return Program(model, nn.MSELoss(), surface(rng), optim.SGD(learnt, lr=0.1, momentum=0.9))


@entered(FROZEN)
def head_on_a_frozen_narrow_body(rng: Any) -> Program:
    model = mlp(64, 32, 2, 10)
    for layer in (model[0], model[2]):
        layer.requires_grad_(False)
    return Program(model, nn.CrossEntropyLoss(), digits(rng), optim.Adam(model[4].parameters(), lr=0.01))


@entered(FROZEN)
def frozen_convolutions_and_one_number(rng: Any) -> Program:
    body = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(150, 2), nn.Tanh())
    model = nn.Sequential(body.requires_grad_(False), nn.Linear(2, 4))
    return Program(model, nn.CrossEntropyLoss(), pictures(rng), optim.Adam(model[1].parameters(), lr=0.01))


# ---------------------------------------------------------------------- factors of 0

ZEROS = "product-of-zeros"


class Factors(nn.Module):
    """Ratings by the product of two vectors, which begin at a value."""

    def __init__(self, value: float, biased: bool = False) -> None:
        super().__init__()
        self.rows, self.columns = nn.Embedding(12, 4), nn.Embedding(15, 4)
        self.mean = nn.Parameter(tg.zeros(12 if biased else 1))
        for factor in (self.rows, self.columns):
            nn.init.constant_(factor.weight, value)

    def forward(self, places: Any) -> Any:
        mean = self.mean[places[:, 0]] if len(self.mean) > 1 else self.mean
        return (self.rows(places[:, 0]) * self.columns(places[:, 1])).sum(1) + mean


def ratings(rng: Any) -> tuple[Any, Any]:
    """Places (rows, 2) in a table of rank 2, and their values."""
    table = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 15))
    places = np.argwhere(np.ones_like(table))
    return tg.tensor(places), f32(table.reshape(-1))


@written(ZEROS)
def both_factors_of_ratings(rng: Any) -> Any:
    return Factors(0.0), nn.MSELoss(), ratings(rng), 0.03


@written(ZEROS)
def both_factors_beside_a_mean_of_each_row(rng: Any) -> Any:
    return Factors(0.0, biased=True), nn.MSELoss(), ratings(rng), 0.03


@written("equal-weights")
def factors_of_one_value(rng: Any) -> Any:
    return Factors(0.3), nn.MSELoss(), ratings(rng), 0.03


@written("equal-weights")
def square_matrix_of_one_value(rng: Any) -> Any:
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.square, self.out = nn.Parameter(tg.full((5, 5), 0.2)), nn.Linear(5, 1)
            nn.init.constant_(self.out.weight, 0.3)

        def forward(self, x: Any) -> Any:
            return self.out(tg.tanh(x @ self.square))

    return Square(), nn.MSELoss(), surface(rng), 0.01


@written(ZEROS)
def factors_of_0_as_a_product_of_matrices(rng: Any) -> Any:
    class Dot(Factors):
        def forward(self, places: Any) -> Any:
            row, column = self.rows(places[:, 0])[:, None], self.columns(places[:, 1])[:, :, None]
            return (row @ column).reshape(-1) + self.mean

    return Dot(0.0), nn.MSELoss(), ratings(rng), 0.03


@written(ZEROS)
def gate_and_what_it_lets_through(rng: Any) -> Any:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shift, self.gate, self.body = nn.Parameter(tg.zeros(1)), nn.Parameter(tg.zeros(1)), mlp(5, 16, 1)

        def forward(self, x: Any) -> Any:
            return self.body(x) + self.gate * self.shift

    return Gated(), nn.MSELoss(), surface(rng), 0.01


# ---------------------------------------------------------------------- shares that underflow later


@written("log-of-softmax")
def logarithm_of_a_softmax_of_large_inputs(rng: Any) -> Any:
    x, y = digits(rng)
    model = mlp(64, 32, 10)

    def loss(z: Any, y: Any) -> Any:
        return F.nll_loss(F.softmax(z, dim=1).log(), y)

    return model, loss, (400 * x, y), 0.05
