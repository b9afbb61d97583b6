"""Sound programs that look like a mistake from one side: what is said of the mistake must not be said of them."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .broken_reading import Attention, One, Twins, alike, pairs
from .sound_networks import Program, blobs, digits, f32, mlp, rings, sound, surface, waves, words


@sound
def three_quantiles_of_a_target(rng: Any) -> Program:
    x, y = surface(rng)
    model = mlp(5, 16, 3)
    shares = f32([0.1, 0.5, 0.9])

    def loss(outputs: Any, y: Any) -> Any:
        error = y - outputs
        return tg.maximum(shares * error, (shares - 1) * error).mean()

    return Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.01))


@sound
def counts_by_the_logarithm_of_their_rate(rng: Any) -> Program:
    x = rng.normal(size=(120, 3))
    y = rng.poisson(np.exp(x[:, :1]))
    model = nn.Linear(3, 1)
    return Program(model, nn.PoissonNLLLoss(), (f32(x), f32(y)), optim.Adam(model.parameters(), lr=0.02))


@sound
def likelihood_of_the_sign(rng: Any) -> Program:
    x, y = rings(rng)
    model = mlp(2, 16, 1)
    return Program(model, nn.SoftMarginLoss(), (x, 2 * y - 1), optim.Adam(model.parameters(), lr=0.01))


@sound
def pairs_of_plus_and_minus_one(rng: Any) -> Program:
    model = Twins()
    return Program(model, alike, pairs(rng, -1), optim.Adam(model.parameters(), lr=0.01))


@sound
def attention_along_the_words(rng: Any) -> Program:
    model = Attention(1, -1)
    return Program(model, nn.BCEWithLogitsLoss(), words(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def output_of_the_last_step(rng: Any) -> Program:
    model = One(-1)
    return Program(model, nn.MSELoss(), waves(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def attention_with_the_time_in_front(rng: Any) -> Program:
    class TimeFirst(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent, self.score, self.out = nn.GRU(1, 12), nn.Linear(12, 1), nn.Linear(12, 1)

        def forward(self, x: Any) -> Any:
            h, _ = self.recurrent(x)
            return self.out((F.softmax(self.score(h), dim=0) * h).sum(0))

    x, y = waves(rng)
    model = TimeFirst()
    return Program(model, nn.MSELoss(), (x.transpose(0, 1), y), optim.Adam(model.parameters(), lr=0.01))


@sound
def heads_that_are_cut_and_joined(rng: Any) -> Program:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(8, 16), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            h = self.first(x.reshape(-1, 8)).reshape(-1, 8, 4, 4).permute(0, 2, 1, 3)
            return self.last(tg.relu(h).permute(0, 2, 1, 3).reshape(len(x), 128))

    model = Heads()
    return Program(model, nn.CrossEntropyLoss(), digits(rng), optim.Adam(model.parameters(), lr=0.005))


@sound
def loss_that_has_its_labels_from_elsewhere(rng: Any) -> Program:
    x, labels = blobs(rng)
    model = mlp(2, 16, 3)

    def loss(outputs: Any, y: Any) -> Any:
        return F.cross_entropy(outputs, labels)

    return Program(model, loss, (x, labels), optim.Adam(model.parameters(), lr=0.01))


@sound
def model_that_gives_its_own_losses(rng: Any) -> Program:
    x, y = surface(rng)

    class Losses(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mlp(5, 16, 1)

        def forward(self, x: Any) -> Any:
            return (self.body(x) - y) ** 2

    model = Losses()
    return Program(model, lambda losses, y: losses.mean(), (x, y), optim.Adam(model.parameters(), lr=0.01))


@sound
def height_of_steps(rng: Any) -> Program:
    """Walks that are near each other step as high no more than others do: only a network of steps learns it."""

    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = mlp(29, 16, 1)

        def forward(self, x: Any) -> Any:
            return self.body((x[:, 1:] - x[:, :-1]).abs())

    steps = rng.normal(size=(300, 30))
    x, y = f32(steps.cumsum(1)), f32(np.abs(steps[:, 1:]).mean(1, keepdims=True) > 0.8)
    model = Steps()
    return Program(model, nn.BCEWithLogitsLoss(), (x, y), optim.Adam(model.parameters(), lr=0.01))


@sound
def parity_of_six_signs(rng: Any) -> Program:
    """Neighbours that are not the same differ."""
    x = rng.integers(0, 2, (64, 6))
    model = mlp(6, 64, 64, 1)
    y = f32(x.sum(1, keepdims=True) % 2)
    return Program(model, nn.BCEWithLogitsLoss(), (f32(2 * x - 1), y), optim.Adam(model.parameters(), lr=0.01))


@sound
def scores_that_are_capped_in_the_loss(rng: Any) -> Program:
    model = mlp(2, 16, 3)

    def loss(z: Any, y: Any) -> Any:
        return F.cross_entropy(10 * np.tanh(z / 10), y)

    return Program(model, loss, blobs(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def mixture_of_densities(rng: Any) -> Program:
    """The logarithm of a sum of shares of a softmax, each times a density that may be next to 0."""
    model = mlp(5, 16, 9)

    def loss(z: Any, y: Any) -> Any:
        shares, middle, width = F.softmax(z[:, :3], dim=1), 3 * z[:, 3:6], np.exp(z[:, 6:])
        density = np.exp(-((y - middle) ** 2) / (2 * width**2)) / (2.5 * width)
        return -np.log((shares * density).sum(1) + 1e-12).mean()

    return Program(model, loss, surface(rng), optim.Adam(model.parameters(), lr=0.01))


@sound
def as_many_positions_as_classes_but_two(rng: Any) -> Program:
    """The classes stand before the positions, as the cross-entropy of a text wants them."""

    class Text(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.letters, self.read = nn.Embedding(12, 16), nn.GRU(16, 24, batch_first=True)
            self.out = nn.Linear(24, 12)

        def forward(self, x: Any) -> Any:
            return self.out(self.read(self.letters(x))[0]).transpose(1, 2)

    x = tg.tensor(rng.integers(0, 12, (32, 10)))
    model = Text()
    return Program(model, nn.CrossEntropyLoss(), (x, (x + 5) % 12), optim.Adam(model.parameters(), lr=0.02))
