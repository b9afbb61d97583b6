"""Local response normalisation: each channel is divided by a sum over its neighbours, which the ends cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify import check_backward

ALPHA, BETA, K = 0.5, 0.75, 2.0
X = np.random.default_rng(12).normal(size=(2, 6, 3))


def in_turn(a: Any, before: int = 1, after: int = 1) -> Any:
    """The sums over neighbours, channel by channel."""
    total, count = np.zeros_like(a), a.shape[1]
    for c in range(count):
        first, end = max(0, c - before), min(count, c + after + 1)
        total[:, c] = a[:, first:end].sum(axis=1)
    return total


def padded(a: Any) -> Any:
    """The same, of slices of what has a border of zeros."""
    wide = np.pad(a, ((0, 0), (1, 1), (0, 0)))
    return sum(wide[:, k : k + a.shape[1]] for k in range(3))


def forward(over: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: x * (K + ALPHA * over(x**2)) ** -BETA


def backward(over: Callable[[Any], Any], mistake: str) -> Callable[[Any, Any], Any]:
    def hand(g: Any, x: Any) -> Any:
        d = K + ALPHA * over(x**2)
        t = x * d ** (-BETA - 1) if mistake == "g outside" else g * x * d ** (-BETA - 1)
        if mistake in REACHES:
            sums = in_turn(t, *REACHES[mistake])
        else:
            sums = t if mistake == "own channel" else over(t)
        if mistake == "g outside":
            sums = g * sums
        cross = 2 * ALPHA * BETA * x * sums
        return g * d**-BETA - {"cross": 0, "sign": -1, "half": 0.5}.get(mistake, 1) * cross

    return hand


REACHES = {"one side": (0, 1), "farther": (2, 2), "everything": (9, 9)}
KINDS = {
    "own channel": {"part missing", "wrong gradient"}, "g outside": {"wrong order"}, "cross": {"not added up"},
    "sign": {"sign"}, "half": {"factor", "applied twice"}, "farther": {"wrong slice"}, "everything": {"wrong slice"},
}  # fmt: skip


@pytest.mark.parametrize("over", [in_turn, padded])
@pytest.mark.parametrize("mistake", [*KINDS, "one side", ""])
def test_what_is_wrong_is_named(mistake: str, over: Callable[[Any], Any]) -> None:
    found = check_backward(backward(over, mistake), forward(over), (X,))
    if not mistake:
        assert found.ok, str(found)
    elif mistake == "one side":
        assert not found.ok and found.findings[0].kind != "unknown", str(found)
    else:
        assert found.findings[0].kind in KINDS[mistake], str(found)


def test_the_window_that_is_meant_is_told() -> None:
    said = str(check_backward(backward(in_turn, "farther"), forward(in_turn), (X,)))
    assert "for place i along axis 1 all from i − 1 to i + 1 are meant" in said
    assert "g belongs to" in str(check_backward(backward(padded, "g outside"), forward(padded), (X,)))
