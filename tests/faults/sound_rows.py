"""Sound programs without targets of their own, with rows along another axis, and with parts that others train."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn.functional as F
from tinygrad_bp import nn, optim

from .broken_rows import Steps, running
from .sound_networks import Program, blobs, f32, mlp, sound, surface

GROUPS = 8


def views(rng: Any, rows: int = 64, each: int = 3) -> tuple[Any, Any]:
    """Of each row two views of one thing and more of another, (rows, each, 10); and which thing it is."""
    things = rng.normal(size=(GROUPS, 10))
    which = np.arange(rows) % GROUPS
    other = (which[:, None] + rng.integers(1, GROUPS, (rows, each - 2))) % GROUPS
    shown = things[np.c_[which, which, other]]
    return f32(shown + 0.4 * rng.normal(size=shown.shape)), tg.tensor(which)


def compared(rng: Any, loss: Any, k: int = 6, each: int = 3) -> Program:
    """Embeddings of views, compared with each other."""
    model = mlp(10, 24, k)
    return Program(model, lambda e, _: loss(e), views(rng, each=each), optim.Adam(model.parameters(), lr=0.003))


# ---------------------------------------------------------------------- outputs beside each other


@sound
def triplets_with_names_for_targets(rng: Any) -> Program:
    return compared(rng, lambda e: F.triplet_margin_loss(e[:, 0], e[:, 1], e[:, 2]))


@sound
def triplets_on_the_sphere(rng: Any) -> Program:
    margin = nn.TripletMarginLoss(margin=0.5)
    return compared(rng, lambda e: margin(*F.normalize(e, dim=-1).unbind(1)))


@sound
def triplets_side_by_side(rng: Any) -> Program:
    x, y = views(rng)
    one = mlp(10, 24, 6)
    model = nn.Sequential(nn.Unflatten(1, (3, 10)), one, nn.Flatten())
    loss = lambda e, _: F.triplet_margin_loss(*e.chunk(3, 1))  # noqa: E731
    return Program(model, loss, (x.reshape(-1, 30), y), optim.Adam(model.parameters(), lr=0.003))


@sound
def triplets_by_their_cosine(rng: Any) -> Program:
    def loss(e: Any) -> Any:
        near, far = (F.cosine_similarity(e[:, 0], e[:, i], dim=1) for i in (1, 2))
        return F.relu(0.4 + far - near).mean()

    return compared(rng, loss)


@sound
def products_above_those_of_others(rng: Any) -> Program:
    def loss(e: Any) -> Any:
        near, far = ((e[:, 0] * e[:, i]).sum(1) for i in (1, 2))
        return -F.logsigmoid(near - far).mean()

    return compared(rng, loss)


@sound
def two_views_among_all(rng: Any) -> Program:
    def loss(e: Any) -> Any:
        one, two = F.normalize(e, dim=-1).unbind(1)
        return F.cross_entropy(one @ two.T / 0.5, tg.arange(len(one)))

    return compared(rng, loss, each=2)


@sound
def views_alike_and_columns_not(rng: Any) -> Program:
    def loss(e: Any) -> Any:
        one, two = ((v - v.mean(0)) / (v.std(0) + 1e-3) for v in e.unbind(1))
        return ((one.T @ two / len(one) - tg.eye(6)) ** 2).sum()

    return compared(rng, loss, each=2)


@sound
def distances_of_rows_kept(rng: Any) -> Program:
    """A map into the plane, in which rows lie as far from each other as they do."""
    x, y = blobs(rng, 60, 3, 6)
    far = F.pdist(x)
    model = mlp(6, 24, 2)
    loss = lambda e, _: (F.pdist(e) - far).pow(2).mean()  # noqa: E731
    return Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.01))


@sound
def the_first_score_above_the_second(rng: Any) -> Program:
    x, y = blobs(rng, 80, 2, 4)
    model = mlp(4, 16, 2)
    loss = lambda s, _: F.margin_ranking_loss(s[:, 0], s[:, 1], tg.ones(len(s)), margin=1.0)  # noqa: E731
    return Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.01))


@sound
def likelihood_of_an_order(rng: Any) -> Program:
    x = f32(rng.normal([[1.0], [0.0]], size=(80, 2, 5)))
    model = mlp(5, 16, 1)
    loss = lambda s, _: F.softplus(s[:, 1] - s[:, 0]).mean()  # noqa: E731
    return Program(model, loss, (x, tg.arange(80)), optim.Adam(model.parameters(), lr=0.01))


@sound
def clusters_that_are_sure_and_even(rng: Any) -> Program:
    """Answers are to be sure row by row, and to differ from row to row: no labels are asked for."""
    x, y = blobs(rng)
    model = mlp(2, 16, 3)

    def loss(z: Any, _: Any) -> Any:
        p = F.softmax(z, dim=1)
        mean = p.mean(0)
        return (mean * mean.log()).sum() - (p * F.log_softmax(z, dim=1)).sum(1).mean()

    return Program(model, loss, (x, y), optim.Adam(model.parameters(), lr=0.01))


# ---------------------------------------------------------------------- rows along another axis


@sound
def steps_in_front_on_both_sides(rng: Any) -> Program:
    model = Steps(nn.GRU, 2)
    loss = lambda z, y: F.cross_entropy(z.reshape(-1, 2), y.t().reshape(-1))  # noqa: E731
    return Program(model, loss, running(rng), optim.Adam(model.parameters(), lr=0.02))


@sound
def outputs_turned_back(rng: Any) -> Program:
    model = Steps(nn.LSTM, 2)
    loss = lambda z, y: F.cross_entropy(z.transpose(0, 1).reshape(-1, 2), y.reshape(-1))  # noqa: E731
    return Program(model, loss, running(rng), optim.Adam(model.parameters(), lr=0.02))


@sound
def flattened_by_the_model_and_turned(rng: Any) -> Program:
    model = Steps(nn.GRU, 2, flat=True)
    loss = lambda z, y: F.cross_entropy(z, y.t().reshape(-1))  # noqa: E731
    return Program(model, loss, running(rng), optim.Adam(model.parameters(), lr=0.02))


@sound
def classes_in_front_of_the_steps(rng: Any) -> Program:
    model = nn.Sequential(nn.Conv1d(1, 16, 5, padding=4), nn.ReLU(), nn.Conv1d(16, 2, 1))
    x, y = running(rng)
    loss = lambda z, y: F.cross_entropy(z[..., :12], y)  # noqa: E731
    return Program(model, loss, (x.transpose(1, 2), y), optim.Adam(model.parameters(), lr=0.02))


@sound
def as_many_steps_as_rows_turned(rng: Any) -> Program:
    x, _ = running(rng, 12, 12)
    model = Steps(nn.GRU, 1)
    loss = lambda z, y: F.mse_loss(z.transpose(0, 1), y)  # noqa: E731
    return Program(model, loss, (x, x.cumsum(1) / 4), optim.Adam(model.parameters(), lr=0.02))


@sound
def each_row_beside_each(rng: Any) -> Program:
    """Products of all pairs of rows, and whether the two are of one class."""
    x, y = blobs(rng, 40, 3, 4)
    one = mlp(4, 24, 8)
    model = lambda x: one(x) @ one(x).T  # noqa: E731
    alike = (y[:, None] == y[None]).float()
    return Program(model, nn.BCEWithLogitsLoss(), (x, alike), optim.Adam(one.parameters(), lr=0.01))


@sound
def matrix_of_columns_transposed(rng: Any) -> Program:
    x, y = blobs(rng, 144, 3, 12)
    columns = x.numpy().T.copy()
    model = mlp(12, 16, 3)
    return Program(model, nn.CrossEntropyLoss(), (f32(columns.T), y), optim.Adam(model.parameters(), lr=0.01))


@sound
def classes_in_turn(rng: Any) -> Program:
    centres = 2 * rng.normal(size=(3, 6))
    y = np.arange(90) % 3
    model = mlp(6, 16, 3)
    batch = f32(centres[y] + rng.normal(size=(90, 6))), tg.tensor(y)
    return Program(model, nn.CrossEntropyLoss(), batch, optim.Adam(model.parameters(), lr=0.01))


# ---------------------------------------------------------------------- shapes, and parts that others train


@sound
def shapes_joined_by_the_loss(rng: Any) -> Program:
    x, y = surface(rng)
    model = nn.Sequential(mlp(5, 24, 1), nn.Flatten(0))
    loss = lambda p, y: F.mse_loss(p, y.reshape(-1))  # noqa: E731
    return Program(model, loss, (x, 20 + 5 * y), optim.Adam(model.parameters(), lr=0.02))


def players(rng: Any, label: float) -> tuple[Any, Any, Any]:
    """A generator, its judge, and noise with a label."""
    batch = f32(rng.normal(size=(64, 4))), tg.full((64, 1), label)
    return mlp(4, 16, 2), mlp(2, 16, 1), batch


@sound
def generator_before_its_judge_in_one_module(rng: Any) -> Program:
    generator, judge, batch = players(rng, 1.0)
    model = nn.Sequential(generator, judge)
    return Program(model, nn.BCEWithLogitsLoss(), batch, optim.Adam(generator.parameters(), lr=0.005))


@sound
def judge_of_what_was_made(rng: Any) -> Program:
    """Its step needs no detach: the other optimizer clears what goes further."""
    generator, judge, batch = players(rng, 0.0)
    model = lambda z: judge(generator(z))  # noqa: E731
    return Program(model, nn.BCEWithLogitsLoss(), batch, optim.Adam(judge.parameters(), lr=0.005))


@sound
def head_on_features_that_stay(rng: Any) -> Program:
    x, y = blobs(rng)
    features, head = nn.Sequential(nn.Linear(2, 32), nn.ReLU()), nn.Linear(32, 3)
    model = lambda x: head(features(x))  # noqa: E731
    return Program(model, nn.CrossEntropyLoss(), (x, y), optim.Adam(head.parameters(), lr=0.05))


@sound
def weekdays_from_a_wave(rng: Any) -> Program:
    """Windows of a wave, and its place in the week: the targets come in turn."""
    wave = np.sin(2 * np.pi * np.arange(95) / 7) + 0.1 * rng.normal(size=95)
    windows = np.lib.stride_tricks.sliding_window_view(wave, 6)
    model = mlp(6, 24, 7)
    batch = f32(windows), tg.tensor(np.arange(90) % 7)
    return Program(model, nn.CrossEntropyLoss(), batch, optim.Adam(model.parameters(), lr=0.01))
