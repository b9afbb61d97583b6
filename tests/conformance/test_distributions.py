"""Distributions against torch itself, on other parameters than the golden ones: every leaf is moved a little."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')

import torch
from distribution_calls import CALLS, PAIRS, Asked, answers, divergence
from test_distributions import assert_same, tolerance

import tinygrad_bp as tg

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = Asked.leaf

    def further(self: Asked, values: Any) -> Any:
        return leaf(self, move(values))

    monkeypatch.setattr(Asked, "leaf", further)


def move(values: Any) -> Any:
    return [move(v) for v in values] if isinstance(values, list) else values * 1.125


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize("text", CALLS)
def test_everything_that_a_distribution_says(text: str) -> None:
    theirs, ours = answers(torch, text), answers(tg, text)
    assert set(ours) == set(theirs)
    for what in theirs:
        assert_same(ours[what], theirs[what], tolerance(text, what), what)


@pytest.mark.parametrize("pair", PAIRS, ids=" | ".join)
def test_divergences(pair: tuple[str, str]) -> None:
    theirs, ours = divergence(torch, *pair), divergence(tg, *pair)
    for what in theirs:
        assert_same(ours[what], theirs[what], 1e-9, what)
