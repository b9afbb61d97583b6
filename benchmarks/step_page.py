"""``python -m benchmarks steps``: every engine's training step, measured and written down as a section of the page."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import textwrap
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from . import bars, costs, picture
from .engines import BY_NAME, ENGINES
from .graphs import Result, lines_of
from .side_by_side import CORES, PINS, Measured, Timing, measure, processes
from .workloads import WORKLOADS

HEADING = "## A training step"
ONE, ALL = "one core", "all cores"
WIDTH = 79
Runs = dict[str, dict[str, Measured]]  # by cores, by workload


def run(workloads: list[str], engines: list[str], seconds: float) -> Runs:
    """Measure everything, on one core and then on all."""
    runs: Runs = {}
    for cores in (ONE, ALL):
        runs[cores] = {}
        with processes(engines, alone=cores == ONE) as among:
            for workload in workloads:
                print(f"measuring {workload}, {cores} …", file=sys.stderr)
                runs[cores][workload] = measure(workload, among, seconds)
    return runs


def base(timings: Mapping[str, Timing]) -> str | None:
    """The engine that the others are put beside: NumPy by hand, or PyTorch where nobody wrote the step by hand."""
    return next((name for name in ("by-hand", "torch") if name in timings), None)


def micro(seconds: float) -> str:
    """Microseconds in three digits or so."""
    return f"{seconds * 1e6:.{2 if seconds < 1e-6 else 1 if seconds < 1e-4 else 0}f}"


def spread(timing: Timing | None) -> str:
    """The median, and the quartiles in brackets."""
    if timing is None:
        return "–"
    return f"{micro(timing.median)} ({micro(timing.low)}–{micro(timing.high)})"


def table(rows: list[list[str]]) -> list[str]:
    """A table in Markdown, its columns below each other; the first row is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "-|-".join("-" * width for width in widths), *lines[1:]]


def ratio(timings: Mapping[str, Timing], name: str) -> str:
    """Beside ``base``; – where one of the two is missing."""
    beside = base(timings)
    if beside is None or name not in timings:
        return "–"
    found = timings[name].median / timings[beside].median
    return f"{found:.{3 if found < 0.1 else 2 if found < 10 else 1}f}"


def overview(runs: dict[str, Measured], workloads: Iterable[str]) -> list[str]:
    """The ratios alone, an engine a row and a workload a column."""
    chosen = [name for name in workloads if name in runs]
    rows = [["engine", *chosen]]
    for engine in ENGINES:
        if any(engine in runs[name].timings for name in chosen):
            rows.append([engine, *(ratio(runs[name].timings, engine) for name in chosen)])
    return table(rows)


def details(runs: Runs, workload: str) -> list[str]:
    """Medians and quartiles of one workload."""
    found = {cores: measured[workload].timings for cores, measured in runs.items()}
    rows = [["engine", *(text for cores in found for text in (f"{cores}, µs", "×"))]]
    for engine in ENGINES:
        if any(engine in timings for timings in found.values()):
            cells = [engine]
            for timings in found.values():
                cells += [spread(timings.get(engine)), ratio(timings, engine)]
            rows.append(cells)
    if workload in BY_NAME:
        n = BY_NAME[workload]
        title = f"**{workload}**: {n.sizes} {n.activation}, {n.loss}, n = {n.rows}."
    else:
        title = f"**{workload}**: {sys.modules[WORKLOADS[workload].__module__].__doc__.splitlines()[0]}"
    return [title, "", *table(rows), ""]


def verdicts(runs: Runs, engines: list[str]) -> list[Result]:
    """The bars of what was measured, and the costs where the whole of it is asked for."""
    measured = runs[ONE]
    results = [bars.judged(bar, measured[bar.workload]) for bar in bars.BARS if bar.workload in measured]
    if costs.LARGEST in measured:
        print("measuring memory and compile times …", file=sys.stderr)
        results += [*costs.memory(engines), *costs.compiling(engines)]
    return results


def left_out(runs: Runs, wanted: Iterable[str]) -> list[str]:
    """Who, why, and from which workloads."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name in wanted:
        if lacks := ENGINES[name].lacks():
            reasons[name, lacks] = ["all"]
    for measured in runs.values():
        for workload, found in measured.items():
            for reason in {**found.absent, **found.wrong}.items():
                reasons.setdefault(reason, []).append(workload)
    lines = [f"- {name} ({', '.join(dict.fromkeys(where))}): {why}" for (name, why), where in reasons.items()]
    return ["Left out:", "", *lines, ""] if lines else []


def circumstances(engines: list[str]) -> list[str]:
    """Versions, the machine, and what slows NumPy's products."""
    versions = {ENGINES[name].version() for name in engines}
    if importlib.util.find_spec("scipy"):
        versions.add(f"scipy {version('scipy')}")
    kernels = os.environ.get("OPENBLAS_CORETYPE")
    told = f" OPENBLAS_CORETYPE={kernels}, which may slow NumPy's products." if kernels else ""
    text = f"Python {platform.python_version()}, {', '.join(sorted(versions))}, {platform.machine()}.{told}"
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def section(workloads: list[str], wanted: list[str], seconds: float, pictures: Path | None) -> tuple[list[str], bool]:
    """Measure, draw into the folder ``pictures``, and give the section, and whether every bar holds."""
    engines = [name for name in wanted if not ENGINES[name].lacks()]
    runs = run(workloads, engines, seconds)
    results = verdicts(runs, engines)
    pinned = f"core {CORES[-1]} alone" if PINS else "any core, since this system pins none"
    lines = [
        HEADING,
        "",
        "`python -m benchmarks steps`: forward, loss, backward and SGD in float32, from",
        "the same weights on the same data; that the losses are the same is checked",
        "first. Each engine has a process of its own; in a round each runs for a",
        "hundredth of a second, then the next. Medians over the rounds, and quartiles",
        "in brackets; × is beside `by-hand`, or beside `torch` where nobody wrote the",
        f"step by hand. First with one thread, on {pinned}, where the bars are;",
        f"then on all cores ({len(CORES)}).",
        "",
        *circumstances(engines),
        "",
        *(f"- `{name}`: {ENGINES[name].what}" for name in engines),
        "",
    ]
    for chosen in (BY_NAME, WORKLOADS):
        if any(name in runs[ONE] and base(runs[ONE][name].timings) for name in chosen):
            lines += [*overview(runs[ONE], chosen), ""]
    if pictures is not None:
        lines += [picture.draw({name: found.timings for name, found in runs[ONE].items()}, pictures), ""]
    lines += [*lines_of(results), "", *(line for name in workloads for line in details(runs, name))]
    lines += left_out(runs, wanted)
    wrong = any(found.wrong for measured in runs.values() for found in measured.values())
    return lines, not wrong and all(result.holds for result in results)
