"""Sound programs that do on purpose what is elsewhere a mistake: climb, count squares of shares, turn often."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .sound_networks import Program, blobs, f32, mlp, rings, sound, surface


@sound
def likelihood_that_is_climbed(rng: Any) -> Program:
    model = mlp(2, 16, 1)

    def likelihood(z: Any, y: Any) -> Any:
        return (y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z)).mean()

    return Program(model, likelihood, rings(rng), optim.Adam(model.parameters(), lr=0.01, maximize=True))


@sound
def minus_an_error_that_is_climbed(rng: Any) -> Program:
    model = mlp(5, 24, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, maximize=True)
    return Program(model, lambda p, y: -F.mse_loss(p, y), surface(rng), optimizer)


@sound
def mean_reward_that_is_climbed(rng: Any) -> Program:
    x, best = blobs(rng)
    model = mlp(2, 16, 3)
    reward = F.one_hot(best, 3).float()
    optimizer = optim.Adam(model.parameters(), lr=0.01, maximize=True)
    return Program(model, lambda z, r: (F.softmax(z, dim=1) * r).sum(1).mean(), (x, reward), optimizer)


@sound
def brier_score(rng: Any) -> Program:
    x, y = blobs(rng)
    model = nn.Sequential(mlp(2, 16, 3), nn.Softmax(dim=1))
    batch = x, F.one_hot(y, 3).float()
    return Program(model, lambda p, t: ((p - t) ** 2).sum(1).mean(), batch, optim.Adam(model.parameters(), lr=0.02))


@sound
def chess_board(rng: Any) -> Program:
    """Cells are so small that most neighbours lie in another one."""
    x = rng.uniform(-1, 1, size=(200, 2))
    y = np.floor(4 * x).sum(1, keepdims=True) % 2
    model = mlp(2, 48, 48, 1)
    return Program(model, nn.BCEWithLogitsLoss(), (f32(x), f32(y)), optim.Adam(model.parameters(), lr=0.005))


@sound
def policy_of_noisy_advantages(rng: Any) -> Program:
    """The targets are what was done and what came of it: neighbours have neither in common."""
    x = rng.normal(size=(256, 2))
    action = rng.integers(0, 3, 256)
    reward = action == (x[:, 0] > 0).astype(int) + (x[:, 1] > 0.5)
    memory = f32(list(zip(action, (reward - reward.mean()) / reward.std())))
    model = mlp(2, 32, 3, between=nn.Tanh)

    def gain(z: Any, memory: Any) -> Any:
        chosen = F.log_softmax(z, dim=1).gather(1, memory[:, :1].long())[:, 0]
        return -(3 * chosen.exp() * memory[:, 1]).mean()

    return Program(model, gain, (f32(x), memory), optim.Adam(model.parameters(), lr=0.005))


@sound
def generator_before_its_judge(rng: Any) -> Program:
    made, judge = mlp(4, 16, 2), mlp(2, 16, 1)
    batch = f32(rng.normal(size=(64, 4))), tg.ones(64, 1)
    return Program(lambda z: judge(made(z)), nn.BCEWithLogitsLoss(), batch, optim.Adam(made.parameters(), lr=0.005))


@sound
def five_heads_for_one_number(rng: Any) -> Program:
    model = mlp(5, 24, 5)
    loss = lambda p, y: F.mse_loss(p, y.expand_as(p))  # noqa: E731
    return Program(model, loss, surface(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def minus_the_mean_reward(rng: Any) -> Program:
    x, best = blobs(rng)
    model = mlp(2, 16, 3)
    batch = x, F.one_hot(best, 3).float()
    loss = lambda z, reward: -(F.softmax(z, dim=1) * reward).sum(1).mean()  # noqa: E731
    return Program(model, loss, batch, optim.Adam(model.parameters(), lr=0.01))


@sound
def pairs_in_their_order(rng: Any) -> Program:
    """The first of two is to be above the second: targets only fill a place."""
    x = f32(rng.normal([[1.0], [0.0]], size=(80, 2, 5)))
    model = mlp(5, 16, 1)
    loss = lambda s, _: -F.logsigmoid(s[:, 0] - s[:, 1]).mean()  # noqa: E731
    return Program(model, loss, (x, tg.zeros(80)), optim.Adam(model.parameters(), lr=0.01))
