"""``python -m benchmarks``: every figure that the project claims, measured in one run, as Markdown."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tinygrad_bp.autograd import terminal

from . import epoch, graphs, ops, peers
from .graphs import Result
from .steps import NETWORKS, engine, hand_written
from .timing import compare


def import_time(runs: int = 9) -> Result:
    """How long ``import tinygrad_bp`` takes beside ``import numpy``, each in fresh interpreters."""
    code = (
        "import time; a = time.perf_counter(); import numpy; b = time.perf_counter(); import tinygrad_bp; "
        "c = time.perf_counter(); print((c - a) / (b - a))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    ratios = []
    for _ in range(runs + 1):  # the first run may still write the bytecode
        run = [sys.executable, "-c", code]
        ratios.append(float(subprocess.run(run, capture_output=True, check=True, env=environment).stdout))
    ratio = statistics.median(ratios[1:])
    return Result("`import tinygrad_bp` beside `import numpy`", f"{ratio:.2f} ×", "≤ 1.5 ×", ratio <= 1.5)


def steps(seconds: float, with_peers: bool) -> tuple[list[str], bool]:
    """The table of training steps, and whether every bar holds."""
    others = peers.installed() if with_peers else {}
    head = ["network", "hand-written NumPy", "tinygrad_bp", "ratio", "bar", *(f"{name}: ratio" for name in others)]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    holds = True
    for network in NETWORKS:
        print(f"measuring {network.name} …", file=sys.stderr)
        found = compare(hand_written(network), engine(network), seconds)
        holds &= found.ratio <= network.bar
        sign = "" if found.ratio <= network.bar else " (missed)"
        shape = f"{network.sizes} {network.activation}, {network.loss}, n = {network.rows}"
        row = [f"**{network.name}** {shape}", f"{found.theirs * 1e6:.0f} µs", f"{found.ours * 1e6:.0f} µs",
               f"{found.ratio:.2f} ×{sign}", f"≤ {network.bar} ×"]  # fmt: skip
        for make in others.values():
            row.append(f"{compare(hand_written(network), make(network), seconds / 2).ratio:.2f} ×")
        lines.append("| " + " | ".join(row) + " |")
    return lines, holds


def lines_of(results: list[Result]) -> list[str]:
    """A table of single figures."""
    rows = (f"| {r.what} | {r.figure}{'' if r.holds else ' (missed)'} | {r.bar} |" for r in results)
    return ["| what | measured | bar |", "|---|---|---|", *rows]


OPS = "## Ops beside PyTorch"


def ops_page(table: list[str]) -> list[str]:
    """The section about single ops."""
    return [
        OPS,
        "",
        f"{len(ops.CASES)} ops at a small and a large size, `python -m benchmarks ops`: forward alone, and forward and",
        "backward, beside the same call of PyTorch in the same process, one thread each, float32. A figure is the",
        "median of ours / theirs by the process's own clock, and what ours took. The bar is for forward and backward:",
        f"at most {ops.BAR} ×, or as much as is known, with its reason; and half of the ratios at most 1.0 ×.",
        "",
        *table,
        "",
    ]


def finished(page: list[str], to: Path | None, holds: bool) -> int:
    """Print the page, put it (or its one section) into the file ``to``, and give the exit code."""
    text = "\n".join(page)
    print(text)
    if to is not None:
        before = to.read_text(encoding="utf-8").partition(OPS)[0] if page[0] == OPS and to.exists() else ""
        to.write_text(before + text, encoding="utf-8")
    return 0 if holds else 1


def main() -> int:
    """Measure, print, and say by the exit code whether every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "ops"], default="all", help="all, or the ops alone")
    parser.add_argument("--seconds", type=float, default=4.0, help="seconds per comparison (default 4; of ops 1/20)")
    parser.add_argument("--no-peers", action="store_true", help="leave out PyTorch and MyGrad")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE as well")
    options = parser.parse_args()
    print("measuring ops …", file=sys.stderr)
    beside_torch, ops_hold = ops.alone(options.seconds / 20)
    if options.what == "ops":
        return finished(ops_page(beside_torch), options.write, ops_hold)

    table, holds = steps(options.seconds, not options.no_peers)
    print("measuring R1's epoch …", file=sys.stderr)
    training = [*epoch.epochs(not options.no_peers), epoch.fit_overhead(options.seconds)]
    print("measuring graphs …", file=sys.stderr)
    results = [
        graphs.one_add(options.seconds), graphs.doubling(), *graphs.long_chain(), graphs.training_memory(100_000),
        graphs.peak_arrays(), import_time(),
    ]  # fmt: skip
    names = [*["numpy"], *([] if options.no_peers else [peers.MODULES[name] for name in peers.installed()])]
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    page = [
        "# Performance",
        "",
        'Printed by `python -m benchmarks --write docs/performance.md` (peers: `pip install "tinygrad_bp[bench]"`,',
        "PyTorch where it is installed). One run, the sides in turns, medians: read the ratios, not the microseconds.",
        f"Python {platform.python_version()}, {packages}, {os.cpu_count()} cores, {platform.machine()}.",
        "",
        "## A training step",
        "",
        "`zero_grad`, forward through `nn`, loss, `backward`, `optim.SGD.step`, beside forward, backward and update",
        "written by hand in NumPy with no graph, the way the reports write it; float32, the same weights and data.",
        "",
        *table,
        "",
        "## An epoch",
        "",
        "60,000 images in shuffled batches of 64 through [784, 256, 128, 10]: ReLU, cross-entropy, SGD, float32.",
        "",
        *lines_of(training),
        "",
        "## Recording",
        "",
        *lines_of(results),
        "",
    ]
    holds = holds and ops_hold and all(result.holds for result in [*training, *results])
    return finished([*page, *ops_page(beside_torch)], options.write, holds)


if __name__ == "__main__":
    terminal.adapt()
    sys.exit(main())
