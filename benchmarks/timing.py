"""Comparing two calls on a noisy machine: in turns, in one run, medians of the ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

Clock = Callable[[], float]


class Comparison(NamedTuple):
    """Medians in seconds, and the median of ours / theirs over the rounds."""

    theirs: float
    ours: float
    ratio: float


def compare(
    theirs: Callable[[], Any], ours: Callable[[], Any], seconds: float = 2.0, clock: Clock = time.perf_counter
) -> Comparison:
    """Run both in turns for about ``seconds``; a round is a few milliseconds of each, on ``clock``."""
    end = time.perf_counter() + seconds / 4
    for _ in range(20):
        theirs()
        ours()
        if time.perf_counter() > end:
            break
    start = time.perf_counter()
    for _ in range(3):
        theirs()
    repeats = max(1, int(0.003 / max((time.perf_counter() - start) / 3, 1e-9)))
    rounds: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(rounds) < 9:
        # Swapping who goes first keeps a drifting clock from favouring one side.
        first, second = (theirs, ours) if len(rounds) % 2 else (ours, theirs)
        one, two = timed(first, repeats, clock), timed(second, repeats, clock)
        rounds.append((one, two) if len(rounds) % 2 else (two, one))
    return Comparison(
        statistics.median(t for t, _ in rounds),
        statistics.median(o for _, o in rounds),
        statistics.median(o / t for t, o in rounds),
    )


def timed(call: Callable[[], Any], repeats: int, clock: Clock = time.perf_counter) -> float:
    """Seconds per call."""
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats
