"""What the short trainings of ``tg.diagnose`` cost, and the rows they are made with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.faults.observation import Observation
from tinygrad_bp.faults.sample import ALL_WORK, WORK, sample
from tinygrad_bp.faults.trial import Change, Trial, Trials


def pictures(rows: int, loss_fn: Any = nn.functional.cross_entropy) -> Observation:
    """A convolution over pictures of four classes, of which the first is rare."""
    tg.manual_seed(0)
    rng = np.random.default_rng(4)
    y = np.where(np.arange(rows) % 16 == 0, 0, rng.integers(1, 4, rows))
    x = rng.random((4, 1, 20, 20))[y] + rng.random((rows, 1, 20, 20))
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 18 * 18, 4))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.01)
    return Observation(model, loss_fn, tg.tensor(x.astype(np.float32)), tg.tensor(y), optimizer)


def test_a_small_batch_is_taken_as_a_whole() -> None:
    assert sample(pictures(24)).rows is None


def test_fewer_rows_keep_the_shares_of_the_classes() -> None:
    seen = pictures(800)
    few = sample(seen)
    assert few.times == 1 and 20 <= len(few.rows) < 400 and few.work * 20 <= WORK
    shares = [np.bincount(y, minlength=4) / len(y) for y in (seen.targets, few.of(seen.targets))]
    assert np.abs(shares[0] - shares[1]).max() < 0.05
    assert np.array_equal(few.rows, sample(pictures(800)).rows)


def test_a_sum_over_fewer_rows_counts_for_all() -> None:
    few = sample(pictures(800, nn.CrossEntropyLoss(reduction="sum")))
    assert few.times == pytest.approx(800 / len(few.rows), rel=0.2)


def test_a_program_that_is_made_for_its_number_of_rows_is_given_all() -> None:
    weights = np.full(800, 1 / 800)
    seen = pictures(800, lambda p, y: (nn.functional.cross_entropy(p, y, reduction="none") * tg.tensor(weights)).sum())
    assert sample(seen).rows is None


def test_trials_end_when_their_work_is_done() -> None:
    trials = Trials(pictures(800))
    rates = [1 + 0.001 * number for number in range(200)]
    done = [trial for trial in (trials.run(Change(rate)) for rate in rates) if trial is not None]
    assert 1 <= len(done) < 200
    assert sum(len(trial.losses) - 1 for trial in done) * trials.sample.work <= ALL_WORK


def regression(loss_fn: Any, rate: float = 0.01) -> Trials:
    """A small network of four columns and one number."""
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    x = tg.randn(20, 4)
    optimizer = tg.optim.SGD(model.parameters(), lr=rate)
    return Trials(Observation(model, loss_fn, x, x[:, :1].sin(), optimizer))


def test_nothing_is_tried_where_the_loss_is_the_same_in_any_order() -> None:
    every_with_every = regression(lambda p, y: ((p - y.reshape(1, -1)) ** 2).mean())
    assert every_with_every.blind and not regression(nn.functional.mse_loss).blind
    with_each_other = regression(lambda p, y: (p[1:] - p[:-1]).abs().max() + p.std())
    assert not with_each_other.blind
    cure = every_with_every.seen.cure
    assert cure.change is None and len(cure.trials._done) <= 1


def test_large_targets_say_nothing_of_the_order() -> None:
    assert not regression(lambda p, y: nn.functional.mse_loss(p, 1e6 + 1e5 * y)).blind


def test_a_smaller_rate_is_tried_only_where_the_loss_rises_on_its_way() -> None:
    falling, rising = (regression(nn.functional.mse_loss, rate).run() for rate in (0.001, 5.0))
    assert falling is not None and rising is not None and falling.smooth and not rising.smooth
    assert not Trial((1.0, 0.1, 0.09), 0.5, 1.0).smooth  # it leaps
    assert not Trial((1.0, math.inf), 0.0, 1.0).smooth


def test_another_rate_that_gains_nothing_ends_early() -> None:
    flat = regression(lambda p, y: (p * 0).sum() + 1 + 1e-9 * ((p - y) ** 2).mean())
    plain, other = flat.run(), flat.run(Change(10.0))
    assert plain is not None and other is not None and len(plain.losses) == flat.steps + 1
    assert len(other.losses) == 81 < flat.steps  # the first look after a quarter of the steps


def test_no_rate_is_tried_where_no_gradient_arrives() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Softmax(1))
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    trials = Trials(Observation(model, nn.functional.mse_loss, tg.randn(20, 4), tg.rand(20, 1), optimizer))
    plain = trials.run()
    assert plain is not None and plain.still and len(plain.losses) == 2
    assert trials.fails and trials.cure(iter([Change(10.0), Change(0.1)])) is None
    assert len(trials._done) == 2  # the trial, and the longer one
