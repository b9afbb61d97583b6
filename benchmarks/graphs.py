"""What recording costs: one op, long chains, shared nodes, memory."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg

from .steps import NETWORKS, engine, past_first_lines
from .timing import compare

MEGABYTE = 1 << 20


class Result(NamedTuple):
    """One line of the table: what was measured, the figure, the bar, and whether it holds."""

    what: str
    figure: str
    bar: str
    holds: bool


def lines_of(results: list[Result]) -> list[str]:
    """A table of them in Markdown."""
    rows = (f"| {r.what} | {r.figure}{'' if r.holds else ' (missed)'} | {r.bar} |" for r in results)
    return ["| what | measured | bar |", "|---|---|---|", *rows]


def one_add(seconds: float) -> list[Result]:
    """A recorded add of four doubles beside the bare ``np.add``, as it is for good, and while lines are kept."""
    a, b = np.random.default_rng(0).random((2, 4))
    x, y = tg.tensor(a, requires_grad=True), tg.tensor(b, requires_grad=True)

    def bare() -> None:
        for _ in range(100):
            np.add(a, b)

    def recorded() -> None:
        for _ in range(100):
            x + y

    past_first_lines()
    found = compare(bare, recorded, seconds)
    with tg.autograd.record_lines():
        kept = compare(bare, recorded, seconds)
    return [
        Result(
            "a recorded `add` of 4 doubles beside `np.add`",
            f"{found.ratio:.2f} × ({found.ours * 1e7:.0f} ns / {found.theirs * 1e7:.0f} ns)", "≤ 2.5 ×",
            found.ratio <= 2.5,
        ),
        Result(
            "the same while lines are kept: the first 100,000, and inside `record_lines`",
            f"{kept.ratio:.2f} × ({kept.ours * 1e7:.0f} ns / {kept.theirs * 1e7:.0f} ns)", "none", True,
        ),
    ]  # fmt: skip


def _chain(length: int) -> Any:
    c = tg.tensor(np.ones(4))
    y = tg.tensor(np.ones(4), requires_grad=True)
    for _ in range(length):
        y = y * c
    return y


def _chain_time(length: int) -> float:
    start = time.perf_counter()
    _chain(length).sum().backward()
    return (time.perf_counter() - start) / length


def long_chain() -> list[Result]:
    """A chain of a million ops: it works, at the speed of a short one, in little memory."""
    times = [(_chain_time(10_000), _chain_time(1_000_000), _chain_time(10_000)) for _ in range(3)]
    short = statistics.median(t for first, _, last in times for t in (first, last))
    long = statistics.median(t for _, t, _ in times)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    y = _chain(1_000_000)
    size = (tracemalloc.get_traced_memory()[0] - before) / 1_000_000
    tracemalloc.stop()
    del y
    return [
        Result("1,000,000 recorded `y = y * c`, forward and backward, time per op beside a chain of 10,000",
               f"{long / short:.2f} × ({long * 1e6:.2f} µs / {short * 1e6:.2f} µs)", "≤ 2 ×", long <= 2 * short),
        Result("memory of a node in that chain", f"{size:.0f} bytes", "≤ 300 bytes", size <= 300),
    ]  # fmt: skip


def doubling() -> Result:
    """60 chained ``y = y + y``: 2^60 paths, 60 nodes. The slowest of five runs counts."""
    elapsed, right = [], True
    for _ in range(5):
        x = tg.tensor(1.0, dtype=tg.float64, requires_grad=True)
        start = time.perf_counter()
        y = x
        for _ in range(60):
            y = y + y
        y.backward()
        elapsed.append((time.perf_counter() - start) * 1e3)
        right &= x.grad is not None and x.grad.item() == 2.0**60
    slowest = max(elapsed)
    holds = right and slowest < 10
    return Result("60 chained `y = y + y`, forward and backward, slowest of 5", f"{slowest:.2f} ms", "< 10 ms", holds)


def resident() -> float:
    """Resident memory of this process in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / MEGABYTE


def training_memory(steps: int) -> Result:
    """Training with the cyclic collector off: every graph must die by reference counting."""
    step = engine(NETWORKS[0])
    for _ in range(2000):
        step()
    gc.collect()
    gc.disable()
    before = resident()
    for _ in range(steps):
        step()
    growth = resident() - before
    gc.enable()
    return Result(
        f"{steps:,} training steps with the collector off, growth of resident memory", f"{growth:.2f} MB", "≤ 1 MB",
        growth <= 1,
    )  # fmt: skip


def peak_arrays() -> Result:
    """50 × ``x + 1`` on 10 MB: nothing is kept that no rule reads."""
    x = tg.tensor(np.ones(10 * MEGABYTE // 8), requires_grad=True)
    gc.collect()
    tracemalloc.start()
    y = x
    for _ in range(50):
        y = y + 1
    y.sum().backward()
    peak = tracemalloc.get_traced_memory()[1] / (10 * MEGABYTE) + 1  # x was made before; nodes weigh a little
    tracemalloc.stop()
    return Result("50 × `x + 1` on 10 MB, then backward: arrays alive at the peak", f"{peak:.2f}", "≤ 3", peak <= 3.01)
