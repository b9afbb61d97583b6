"""What training and compiling cost besides a step's time: memory at the peak, and the seconds of the first call."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import closing
from pathlib import Path

from .graphs import Result
from .side_by_side import CORES, EngineError, Process
from .steps import NETWORKS

LARGEST = "cifar128"
RUNS = 3
COMPILERS = {"numpy": {"": 0.3}, "c": {", cold": 1.5, ", from the cache": 0.05}}  # seconds at most


def kilobytes(process: int, name: str) -> int:
    """``VmRSS``, the resident memory of a process, or ``VmHWM``, the most that it has been."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{name}:")))


def growth(engine: str) -> tuple[float, float]:
    """Megabytes that the largest network and its training add at the peak: from the first step on, and later on.

    What was freed before is given back to the system first: how the benchmark makes the first weights does not count.
    """

    def peak(steps: int) -> float:
        process.ask(tidy=0)
        Path(f"/proc/{process.child.pid}/clear_refs").write_text("5")  # from here on counts the most that it has been
        process.ask(take=steps)
        return kilobytes(process.child.pid, "VmHWM") / 1024 - before

    with closing(Process(engine, CORES[-1])) as process:
        process.ask(start="toy5")
        process.ask(tidy=0)
        before = kilobytes(process.child.pid, "VmRSS") / 1024
        process.ask(make=LARGEST)
        first = peak(5)
        later = peak(20)
        return max(first, later), later


def memory(engines: list[str]) -> list[Result]:
    """Our growth beside PyTorch's: as long as programs are written down and compiled, and once they are."""
    if "torch" not in engines or not Path("/proc/self/clear_refs").exists():
        return []
    theirs = growth("torch")
    results = []
    for engine in ("numpy", "c"):
        if engine in engines:
            what = f"{LARGEST}: growth of memory at the peak, {engine} beside torch"
            try:
                ours = growth(engine)
            except EngineError as error:
                results.append(Result(what, str(error), "≤ 0.8 ×", False))
                continue
            for kind, mine, other in zip((", from the first step on", ", once compiled"), ours, theirs):
                figure = f"{mine / other:.2f} × ({mine:.0f} MB / {other:.0f} MB)"
                results.append(Result(f"{what}{kind}", figure, "≤ 0.8 ×", mine <= 0.8 * other))
    return results


def first_calls(engine: str, cache: str) -> dict[str, float]:
    """Seconds that the first steps of each network take longer than later ones, in a process that has compiled."""
    with closing(Process(engine, None, TINYGRAD_BP_CACHE=cache)) as process:
        process.ask(start="toy5")  # imports whatever compiling imports
        return {network.name: process.ask(start=network.name)["compiling"] for network in NETWORKS}


def compiling(engines: list[str]) -> list[Result]:
    """Compile times of the slowest of the seven networks, each the median of three."""
    results = []
    for engine, kinds in COMPILERS.items():
        if engine not in engines:
            continue
        runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
        try:
            for _ in range(RUNS):
                with tempfile.TemporaryDirectory() as cache:  # empty at the first kind, filled at the second
                    for kind in kinds:
                        runs[kind].append(first_calls(engine, cache))
        except EngineError as error:
            results.append(Result(f"compiling with {engine}", str(error), "it compiles", False))
            continue
        for kind, most in kinds.items():
            medians = {name: statistics.median(run[name] for run in runs[kind]) for name in runs[kind][0]}
            slowest = max(medians, key=medians.__getitem__)
            what = f"compiling with {engine}{kind}, the slowest of the seven"
            figure = f"{medians[slowest]:.3f} s ({slowest})"
            results.append(Result(what, figure, f"< {most} s", medians[slowest] < most))
    return results
