"""Sound programs that leave rows out, smooth their labels, or push pairs apart, and have a reason to."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .broken_counted import Apart, couples, drawn_together
from .sound_networks import Program, blobs, f32, mlp, sound
from .sound_structures import Last


def with_adam(model: Any, loss: Any, batch: Any, rate: float = 0.01) -> Program:
    return Program(model, loss, batch, optim.Adam(model.parameters(), lr=rate))


@sound
def some_rows_without_a_label(rng: Any) -> Program:
    x, y = blobs(rng)
    y[tg.tensor(rng.random(120) < 0.4)] = -100
    return with_adam(mlp(2, 16, 3), nn.CrossEntropyLoss(), (x, y))


@sound
def rows_without_a_label_are_numbered_0(rng: Any) -> Program:
    """They lie among all others: 0 is no class, though there is an output for it."""
    x, y = blobs(rng)
    y = y + 1
    y[tg.tensor(rng.random(120) < 0.3)] = 0
    return with_adam(mlp(2, 16, 4), nn.CrossEntropyLoss(ignore_index=0), (x, y))


@sound
def one_row_is_of_a_class_that_is_ignored(rng: Any) -> Program:
    x, y = blobs(rng)
    y[:3] = 3
    return with_adam(mlp(2, 16, 4), nn.CrossEntropyLoss(ignore_index=3), (x, y))


@sound
def texts_of_several_lengths(rng: Any) -> Program:
    """0 fills up short texts, and what is to be said there does not count."""
    lengths, letters = rng.integers(4, 11, (60, 1)), rng.integers(1, 8, (60, 10))
    x = np.where(np.arange(10) < lengths, letters, 0)
    y = np.where(x > 0, (x + 2) % 7 + 1, 0)

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.letters, self.out = nn.Embedding(8, 12, padding_idx=0), nn.Linear(12, 8)

        def forward(self, x: Any) -> Any:
            return self.out(self.letters(x))

    loss = lambda z, y: F.cross_entropy(z.reshape(-1, 8), y.reshape(-1), ignore_index=0)  # noqa: E731
    return with_adam(Tagger(), loss, (tg.tensor(x), tg.tensor(y)), 0.02)


@sound
def places_without_a_label(rng: Any) -> Program:
    """The edge of each picture is 0, which is no class of the picture."""
    x = rng.random((24, 1, 8, 8))
    y = 1 + (x[:, 0] > 0.5)
    y[:, [0, -1]], y[:, :, [0, -1]] = 0, 0
    model = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), nn.Conv2d(8, 3, 1))
    return with_adam(model, nn.CrossEntropyLoss(ignore_index=0), (f32(x), tg.tensor(y)), 0.02)


@sound
def events_and_moments_without_one(rng: Any) -> Program:
    """A label for every moment of a series: most have none."""
    x = rng.normal(size=(40, 12, 2))
    y = np.where(x[:, :, 1] > 0, 1 + (x[:, :, 0] > 0), 0)
    loss = lambda z, y: F.cross_entropy(z.transpose(1, 2), y, ignore_index=0)  # noqa: E731
    return with_adam(mlp(2, 16, 3), loss, (f32(x), tg.tensor(y)))


@sound
def smoothed_labels_of_weighted_classes(rng: Any) -> Program:
    loss = nn.CrossEntropyLoss(weight=f32([0.1, 1.0, 3.0]), label_smoothing=0.1)
    return with_adam(mlp(2, 16, 3), loss, blobs(rng))


@sound
def rare_class_that_weighs_much(rng: Any) -> Program:
    x, y = blobs(rng)
    keep = (y != 2) | (tg.arange(120) % 5 == 0)
    return with_adam(mlp(2, 16, 3), nn.CrossEntropyLoss(weight=f32([1.0, 1.0, 20.0])), (x[keep], y[keep]))


@sound
def half_of_each_label_smoothed(rng: Any) -> Program:
    return with_adam(mlp(2, 16, 3), nn.CrossEntropyLoss(label_smoothing=0.3), blobs(rng), 0.03)


@sound
def some_labels_smoothed_by_hand(rng: Any) -> Program:
    def loss(z: Any, y: Any) -> Any:
        soft = 0.85 * F.one_hot(y, 3) + 0.15 / 3
        return -(soft * F.log_softmax(z, dim=1)).sum(1).mean()

    return with_adam(mlp(2, 16, 3), loss, blobs(rng))


@sound
def pairs_whose_mark_is_of_others(rng: Any) -> Program:
    """1 is a pair of two clusters, as in the first paper."""
    x, same = couples(rng)
    return with_adam(Apart(), lambda square, other: drawn_together(square, 1 - other), (x, 1 - same))


@sound
def pairs_that_are_drawn_together(rng: Any) -> Program:
    return with_adam(Apart(), drawn_together, couples(rng))


@sound
def cosine_of_pairs(rng: Any) -> Program:
    x, same = couples(rng)
    model = mlp(6, 16, 4, between=nn.Tanh)
    loss = lambda z, y: F.cosine_embedding_loss(z[:, 0], z[:, 1], 2 * y - 1, margin=0.3)  # noqa: E731
    return with_adam(model, loss, (x, same))


@sound
def pairs_read_as_one_row(rng: Any) -> Program:
    """A network of both members, and a margin loss of the mark: no distance is in it."""
    x, same = couples(rng)
    model = nn.Sequential(nn.Flatten(), mlp(12, 32, 1), nn.Flatten(0))
    return with_adam(model, lambda z, y: F.soft_margin_loss(z, 1 - 2 * y), (x, same))


@sound
def larger_of_two(rng: Any) -> Program:
    """Pairs whose order is marked; alike ones are as often marked."""
    x = rng.normal(size=(120, 2, 3))
    y = np.sign(x[:, 0].sum(1) - x[:, 1].sum(1))
    model = mlp(3, 16, 1)
    loss = lambda s, y: F.margin_ranking_loss(s[:, 0, 0], s[:, 1, 0], y, margin=0.5)  # noqa: E731
    return with_adam(model, loss, (f32(x), f32(y)))


@sound
def class_of_a_series_that_has_none(rng: Any) -> Program:
    """Several classes of which one is no event: all are learnt."""
    x = rng.normal(size=(60, 8, 1))
    sums = x.sum((1, 2))
    return with_adam(
        Last(nn.GRU, 1, 16, 3), nn.CrossEntropyLoss(), (f32(x), tg.tensor(np.digitize(sums, [-1, 1]))), 0.02
    )
