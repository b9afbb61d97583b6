"""Rows that were read along the wrong axis are named; targets that come in turn agree with any reading by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.faults import pairing
from tinygrad_bp.faults.observation import Observation


def windows(seed: int, columns: int) -> Observation:
    """Windows of a wave, and the day of a week that has nothing to do with it."""
    wave = np.sin(0.7 * np.arange(149 + columns)) + 0.3 * np.random.default_rng(seed).normal(size=149 + columns)
    x = np.lib.stride_tricks.sliding_window_view(wave, columns).astype(np.float32)
    return Observation(nn.Linear(columns, 7), nn.CrossEntropyLoss(), tg.tensor(x), tg.tensor(np.arange(150) % 7))


def test_targets_in_turn_say_nothing_of_how_rows_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [windows(seed, columns) for seed in range(4) for columns in (3, 5, 8)]
    assert not any(map(pairing.examples_in_columns, seen))
    never: Any = lambda values, columns: False  # noqa: E731
    monkeypatch.setattr(pairing, "_in_order", never)
    assert any(map(pairing.examples_in_columns, seen))
