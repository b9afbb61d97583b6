"""Comparing two calls on a noisy machine: in turns, in one run, medians of the ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Comparison(NamedTuple):
    """Medians in seconds, and the median of ours / theirs over the rounds."""

    theirs: float
    ours: float
    ratio: float


def compare(theirs: Callable[[], Any], ours: Callable[[], Any], seconds: float = 2.0) -> Comparison:
    """Run both in turns for about ``seconds``; a round is a few milliseconds of each."""
    for _ in range(20):
        theirs()
        ours()
    start = time.perf_counter()
    for _ in range(3):
        theirs()
    repeats = max(1, int(0.003 / max((time.perf_counter() - start) / 3, 1e-9)))
    rounds: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(rounds) < 9:
        # Swapping who goes first keeps a drifting clock from favouring one side.
        first, second = (theirs, ours) if len(rounds) % 2 else (ours, theirs)
        one, two = timed(first, repeats), timed(second, repeats)
        rounds.append((one, two) if len(rounds) % 2 else (two, one))
    return Comparison(
        statistics.median(t for t, _ in rounds),
        statistics.median(o for _, o in rounds),
        statistics.median(o / t for t, o in rounds),
    )


def timed(call: Callable[[], Any], repeats: int) -> float:
    """Seconds per call."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats
