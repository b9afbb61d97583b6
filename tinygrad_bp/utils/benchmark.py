"""PyTorch's ``Timer``: how long a statement takes, by the standard library's ``timeit``."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Measurement", "Timer"]

UNITS = ((1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1.0, "s"))


@dataclass(frozen=True)
class Measurement:
    """What a ``Timer`` measured: ``raw_times``, in seconds, of ``number_per_run`` runs each."""

    number_per_run: int
    raw_times: list[float]
    stmt: str

    @property
    def times(self) -> list[float]:
        """Seconds a run, one for each measurement."""
        return [time / self.number_per_run for time in self.raw_times]

    @property
    def mean(self) -> float:
        """Seconds a run, on average."""
        return statistics.mean(self.times)

    @property
    def median(self) -> float:
        """Seconds a run, half of the measurements being quicker."""
        return statistics.median(self.times)

    def __repr__(self) -> str:
        size, unit = next(((s, u) for s, u in reversed(UNITS) if self.median >= s), UNITS[0])
        runs = f"{len(self.raw_times)} measurement{'s' * (len(self.raw_times) > 1)}, {self.number_per_run} runs"
        return f"{self.stmt}\n  {self.median / size:.2f} {unit}\n  {runs}"


class Timer:
    """Times ``stmt``, which sees ``globals``, after ``setup`` ran once.

    >>> import tinygrad_bp as tg
    >>> timer = tg.utils.benchmark.Timer("x @ x", globals={"x": tg.ones(8, 8)})
    >>> len(timer.timeit(10).times), timer.timeit(10).mean > 0
    (1, True)
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        timer: Callable[[], float] = timeit.default_timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        num_threads: int = 1,
    ) -> None:
        self._stmt, self._timer = stmt, timeit.Timer(stmt, setup, timer, globals)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One measurement of ``number`` runs."""
        return Measurement(number, [self._timer.timeit(number)], self._stmt)

    def blocked_autorange(self, min_run_time: float = 0.2) -> Measurement:
        """As many measurements as take ``min_run_time`` seconds, each of as many runs as take a hundredth of that."""
        number, times = 1, [self._timer.timeit(1)]
        while times[0] < min_run_time / 100:
            number, times = 2 * number, [self._timer.timeit(2 * number)]
        while sum(times) < min_run_time:
            times.append(self._timer.timeit(number))
        return Measurement(number, times, self._stmt)
