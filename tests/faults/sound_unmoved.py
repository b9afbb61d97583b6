"""Sound programs with weights that do not move, rates next to 0, factors of 0, and shares next to 0."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .broken_unmoved import Factors, ratings, stepped
from .sound_networks import Program, blobs, digits, mlp, rings, sound, surface


@sound
def last_layer_on_many_random_features(rng: Any) -> Program:
    model = mlp(2, 200, 1)
    model[0].requires_grad_(False)
    return Program(model, nn.BCEWithLogitsLoss(), rings(rng), optim.Adam(model[2].parameters(), lr=0.02))


@sound
def head_on_a_body_that_was_trained(rng: Any) -> Program:
    x, y = digits(rng)
    model, optimizer = mlp(64, 32, 12, 10), None
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model[4] = nn.Linear(12, 10)
    for layer in (model[0], model[2]):
        layer.requires_grad_(False)
    return Program(model, nn.CrossEntropyLoss(), (x, y), optim.Adam(model[4].parameters(), lr=0.03))


@sound
def random_recurrent_layer_that_is_read(rng: Any) -> Program:
    """A reservoir: only what reads it learns."""

    class Reservoir(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.out = nn.RNN(1, 64, batch_first=True), nn.Linear(64, 1)
            self.body.requires_grad_(False)

        def forward(self, x: Any) -> Any:
            return self.out(self.body(x)[0][:, -1])

    phase, speed = rng.uniform(0, 6, (48, 1)), rng.uniform(0.3, 0.8, (48, 1))
    series = np.sin(phase + speed * np.arange(13)).astype(np.float32)
    model = Reservoir()
    batch = tg.tensor(series[:, :-1, None]), tg.tensor(series[:, -1:])
    return Program(model, nn.MSELoss(), batch, optim.Adam(model.out.parameters(), lr=0.02))


def warmed(steps: int, rate: float = 0.02, length: int = 2000) -> Program:
    """A program of blobs that takes some steps of a long warm-up."""
    model = mlp(2, 16, 3)
    program = Program(
        model, nn.CrossEntropyLoss(), blobs(np.random.default_rng(0)), optim.Adam(model.parameters(), lr=rate)
    )
    return stepped(lambda one: optim.lr_scheduler.LambdaLR(one, lambda n: min(1.0, n / length)), steps, program)


@sound
def warm_up_before_its_first_step(rng: Any) -> Program:
    return warmed(0)


@sound
def warm_up_after_its_first_step(rng: Any) -> Program:
    return warmed(1)


@sound
def warm_up_between_step_and_schedule(rng: Any) -> Program:
    """The first step is taken with a rate of 0."""
    program = warmed(0)
    program.loss_fn(program.model(program.batch[0]), program.batch[1]).backward()
    program.optimizer.step()
    return program


@sound
def end_of_a_cosine(rng: Any) -> Program:
    model = mlp(5, 32, 1, between=nn.Tanh)
    program = Program(model, nn.MSELoss(), surface(rng), optim.Adam(model.parameters(), lr=0.02))
    return stepped(lambda one: optim.lr_scheduler.CosineAnnealingLR(one, 150), 150, program)


@sound
def end_of_one_cycle(rng: Any) -> Program:
    model = mlp(64, 32, 10)
    program = Program(model, nn.CrossEntropyLoss(), digits(rng), optim.Adam(model.parameters(), lr=0.01))
    return stepped(lambda one: optim.lr_scheduler.OneCycleLR(one, 0.01, total_steps=101), 100, program)


@sound
def many_steps_down_after_the_training(rng: Any) -> Program:
    model = mlp(2, 16, 3)
    program = Program(model, nn.CrossEntropyLoss(), blobs(rng), optim.Adam(model.parameters(), lr=0.05))
    return stepped(lambda one: optim.lr_scheduler.StepLR(one, 25, gamma=0.1), 200, program)


@sound
def one_factor_of_two_is_0(rng: Any) -> Program:
    model = Factors(0.0)
    nn.init.normal_(model.columns.weight, std=0.5)
    return Program(model, nn.MSELoss(), ratings(rng), optim.Adam(model.parameters(), lr=0.03))


@sound
def table_of_scores_that_begins_at_0(rng: Any) -> Program:
    """Each word has a score for each class."""
    x = rng.integers(0, 9, (60, 4))
    model = nn.Sequential(nn.Embedding(9, 3), nn.Flatten(), nn.Unflatten(1, (4, 3)))
    nn.init.zeros_(model[0].weight)
    loss = lambda z, y: F.cross_entropy(z.sum(1), y)  # noqa: E731
    batch = tg.tensor(x), tg.tensor((x % 3).sum(1) // 3 % 3)
    return Program(model, loss, batch, optim.Adam(model.parameters(), lr=0.05))


@sound
def vectors_of_one_value_before_a_layer(rng: Any) -> Program:
    x = rng.integers(0, 9, 60)
    model = nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 3))
    nn.init.constant_(model[0].weight, 0.1)
    return Program(
        model, nn.CrossEntropyLoss(), (tg.tensor(x), tg.tensor(x % 3)), optim.Adam(model.parameters(), lr=0.05)
    )


@sound
def adapter_that_adds_nothing_at_first(rng: Any) -> Program:
    """The second of two low matrices beside a frozen layer begins at 0."""

    class Adapted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.out = nn.Linear(5, 32), nn.Linear(32, 1)
            self.body.requires_grad_(False)
            self.down, self.up = nn.Parameter(tg.randn(5, 3)), nn.Parameter(tg.zeros(3, 32))

        def forward(self, x: Any) -> Any:
            return self.out(tg.tanh(self.body(x) + x @ self.down @ self.up))

    model = Adapted()
    learnt = [p for p in model.parameters() if p.requires_grad]
    return Program(model, nn.MSELoss(), surface(rng), optim.Adam(learnt, lr=0.02))


@sound
def branch_whose_gain_begins_at_0(rng: Any) -> Program:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain, self.first, self.inner, self.out = (
                nn.Parameter(tg.zeros(1)),
                nn.Linear(5, 24),
                mlp(24, 24, 24),
                nn.Linear(24, 1),
            )

        def forward(self, x: Any) -> Any:
            h = tg.tanh(self.first(x))
            return self.out(h + self.gain * self.inner(h))

    model = Residual()
    return Program(model, nn.MSELoss(), surface(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def heads_that_begin_at_0(rng: Any) -> Program:
    """The gradient of the body is 0 before the first step, and only then."""
    model = mlp(5, 24, 1, between=nn.Tanh)
    for layer in (model[0].bias, model[2].weight, model[2].bias):
        nn.init.zeros_(layer)
    return Program(model, nn.MSELoss(), surface(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def logarithm_of_a_softmax_that_has_learnt(rng: Any) -> Program:
    """Shares of wrong classes are next to 0, and the loss is a number all the same."""
    x, y = blobs(rng)
    model = mlp(2, 16, 3)

    def loss(z: Any, y: Any) -> Any:
        return F.nll_loss(F.softmax(z, dim=1).log(), y)

    program = Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.02))
    return stepped(lambda one: optim.lr_scheduler.ConstantLR(one, 1.0), 60, program)
