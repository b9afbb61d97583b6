"""``python -m benchmarks.distributed``: what several ranks cost and gain here, and on paper with many, as Markdown."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tinygrad_bp.autograd import terminal

from .__main__ import replaced

ROOT = Path(__file__).parent.parent
BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(BESIDE) if BESIDE.exists() else shutil.which("mpiexec")
# Each message between two ranks of one machine through its TCP stack, as it would leave the machine.
TCP = {"MPIR_CVAR_NOLOCAL": "1", "UCX_TLS": "tcp,self"}
NETWORKS = {256: "R1's, 784 - 256 - 128 - 10", 2048: "784 - 2048 - 1024 - 10"}
BATCH = 256
RANKS = (8, 64, 512)


class Line(NamedTuple):
    """A time a + b·x, of x bytes or rows."""

    fixed: float
    each: float

    def at(self, x: float) -> float:
        return self.fixed + self.each * x


def ranks(count: int, threads: int, *what: Any, **variables: str) -> Any:
    """What so many ranks measure, each with so many threads of BLAS."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT), **variables}
    command = [str(MPIEXEC), "-n", str(count), sys.executable, "-m", "benchmarks.ranks", *map(str, what)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def through(points: dict[str, float]) -> Line:
    """The latency is that of the smallest message, the time of a byte that of the largest."""
    sizes = sorted(map(int, points))
    small, large = points[str(sizes[0])], points[str(sizes[-1])]
    return Line(small, (large - small) / (sizes[-1] - sizes[0]))


def on_paper(count: int, rows: int, size: int, compute: Line, message: Line) -> float:
    """Seconds of a step: the rows of a rank, the agreement, and a reduce-scatter and an all-gather of the gradients.

    Source: Thakur, Rabenseifner and Gropp, *Optimization of collective communication operations in MPICH*, 2005.
    """
    if count == 1:
        return compute.at(rows)
    hops = math.ceil(math.log2(count))
    return compute.at(rows) + 3 * hops * message.fixed + 2 * (count - 1) / count * size * message.each


def size_text(size: float) -> str:
    return f"{size:.0f} B" if size < 1024 else f"{size / 1024:.0f} KiB" if size < 2**20 else f"{size / 2**20:.1f} MiB"


def messages_section(seconds: float) -> tuple[list[str], Line]:
    """Latency and bandwidth, within the machine and through TCP; the second is what the paper reckons with."""
    print("measuring messages …", file=sys.stderr)
    found = {"shared memory": ranks(2, 1, "messages", seconds), "TCP": ranks(2, 1, "messages", seconds, **TCP)}
    lines = [
        "## Messages", "",
        "Two ranks on this machine, by shared memory as MPI chooses, and through TCP over the loopback, as if they",
        "were on two. Latency is that of 4 bytes one way, bandwidth that of 8 MiB; an all-reduce puts the sum on both.",
        "", "| | latency | bandwidth | all-reduce of 4 B | 16 KiB | 1 MiB | 8 MiB |", "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, told in found.items():
        line = through(told["one way"])
        sums = [told["all-reduce"][str(size)] for size in (4, 2**14, 2**20, 2**23)]
        cells = [f"{1e6 * line.fixed:.1f} µs", f"{1e-9 / line.each:.2f} GB/s", *(f"{1e6 * t:,.0f} µs" for t in sums)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines, through(found["TCP"]["one way"])


def steps_section(seconds: float, rounds: int) -> tuple[list[str], dict[int, tuple[Line, int]]]:
    """From one rank to two, against a process with two threads; and the line that the paper reckons with."""
    lines = [
        "## From one rank to two", "",
        f"A step of {BATCH} rows in all, float32, SGD: forward, backward, the mean of gradients, update; {rounds} runs",
        "of each in turns, medians. *Share* is how much of a step the mean of gradients takes, waiting for the other",
        "rank included. *Gain* is what overlapping could save at most: all sums begun before forward and backward,",
        "and waited for after them, against one after the other, by shared memory and through TCP.",
        "", "| network | gradients | 1 process, 1 thread | 1 process, 2 threads | 2 ranks, 1 thread each | speed-up "
        "| beside 2 threads | share | gain | gain, TCP |", "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    compute = {}
    for hidden, name in NETWORKS.items():
        print(f"measuring {name} …", file=sys.stderr)
        found: dict[str, list[Any]] = {}
        for _ in range(rounds):
            for key, count, threads, rows in (
                ("one", 1, 1, BATCH), ("threads", 1, 2, BATCH), ("two", 2, 1, BATCH // 2), ("tcp", 2, 1, BATCH // 2),
                ("few", 1, 1, BATCH // 8),
            ):  # fmt: skip
                how = TCP if key == "tcp" else {}
                found.setdefault(key, []).append(ranks(count, threads, "step", seconds, rows, hidden, **how))
        time = {key: statistics.median(run["step"] for run in runs) for key, runs in found.items()}
        share = statistics.median(run["mean"] / run["step"] for run in found["two"])
        gains = [statistics.median(1 - run["at once"] / run["in turn"] for run in found[key]) for key in ("two", "tcp")]
        size = found["one"][0]["bytes"]
        each = (time["one"] - time["few"]) / (BATCH - BATCH // 8)
        compute[hidden] = Line(time["one"] - BATCH * each, each), size
        cells = [f"{1e3 * time[key]:.2f} ms" for key in ("one", "threads", "two")]
        cells += [f"{time['one'] / time['two']:.2f} ×", f"{time['threads'] / time['two']:.2f} ×"]
        cells += [f"{100 * part:.0f} %" for part in (share, *gains)]
        lines.append(f"| {name} | {size_text(size)} | {' | '.join(cells)} |")
    return lines, compute


def paper_section(compute: dict[int, tuple[Line, int]], message: Line) -> list[str]:
    """What to expect of more ranks than there are here."""
    lines = [
        "## On paper", "",
        "A step of n ranks takes a + b·rows for its own rows (measured above, one thread), and 3 ⌈log₂ n⌉ latencies",
        "and 2 (n − 1)/n · size / bandwidth for the gradients: MPI's reduce-scatter and all-gather, and the agreement",
        "before them. Latency and bandwidth are those of TCP above. That is a machine with one core a rank, a network",
        "that no two messages share, and no rank slower than the others: an upper bound. *Same batch*: 4,096 rows in",
        f"all, so each rank has fewer; *same share*: {BATCH} rows on each rank. Efficiency is the speed-up over n.",
        "", "| network | ranks | same batch: step | speed-up | efficiency | same share: step | speed-up | efficiency |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for hidden, (line, size) in compute.items():
        for count in RANKS:
            cells = []
            for whole, share in ((4096, 4096 / count), (BATCH * count, BATCH)):
                took = on_paper(count, share, size, line, message)
                speed = line.at(whole) / took
                cells += [f"{1e3 * took:.2f} ms", f"{speed:.1f} ×", f"{100 * speed / count:.0f} %"]
            lines.append(f"| {NETWORKS[hidden]} | {count} | {' | '.join(cells)} |")
    return lines


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.distributed", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="per run (default 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, in turns (default 5)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the sections into FILE")
    options = parser.parse_args()
    if MPIEXEC is None:
        parser.error('mpiexec is missing: pip install "tinygrad_bp[mpi]"')
    messages, message = messages_section(options.seconds)
    steps, compute = steps_section(options.seconds, options.rounds)
    said = (
        f"Measured by `python -m benchmarks.distributed --write docs/distributed.md` on {platform.system()}, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores."
    )
    messages[2:2] = [said, ""]
    sections = ["\n".join(lines) for lines in (messages, steps, paper_section(compute, message))]
    print("\n\n".join(sections))
    if options.write:
        options.write.write_text(replaced(options.write.read_text("utf-8"), sections), encoding="utf-8")
    return 0


if __name__ == "__main__":
    terminal.adapt()
    sys.exit(main())
