"""``python -m benchmarks``: every figure that the project claims, measured in one run, as Markdown."""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

from tinygrad_bp.autograd import terminal

from . import epoch, graphs, ops, step_page
from .engines import ENGINES, NAMES, PEERS
from .graphs import Result, lines_of
from .steps import past_first_lines


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


HEAD = """# Performance

Printed by `python -m benchmarks --write docs/performance.md` (peers: `pip install "tinygrad_bp[bench]" torch`, and
clang for tinygrad; any of them may be missing). The sides of a comparison run in turns, and medians count: read the
ratios, not the microseconds. They are the processor's too:
[with AVX2 alone](decisions/049-vectors-of-the-processors-own-width.md).
"""


def training_section(with_peers: bool, seconds: float) -> tuple[list[str], bool]:
    """An epoch and ``train.fit``."""
    print("measuring R1's epoch …", file=sys.stderr)
    results = [*epoch.epochs(with_peers), epoch.fit_overhead(seconds)]
    lines = [
        "## An epoch",
        "",
        "60,000 images in shuffled batches of 64 through [784, 256, 128, 10]: ReLU, cross-entropy, SGD, float32.",
        "",
        *lines_of(results),
    ]
    return lines, all(result.holds for result in results)


def recording_section(seconds: float) -> tuple[list[str], bool]:
    """What recording costs."""
    print("measuring graphs …", file=sys.stderr)
    results = [
        *graphs.one_add(seconds), graphs.doubling(), *graphs.long_chain(), graphs.training_memory(100_000),
        graphs.peak_arrays(), import_time(),
    ]  # fmt: skip
    return ["## Recording", "", *lines_of(results)], all(result.holds for result in results)


def ops_section(seconds: float) -> tuple[list[str], bool]:
    """Single ops beside PyTorch."""
    print("measuring ops …", file=sys.stderr)
    table, holds = ops.alone(seconds / 20)
    lines = [
        "## Ops beside PyTorch",
        "",
        f"{len(ops.CASES)} ops at a small and a large size, `python -m benchmarks ops`: forward alone, and forward and",
        "backward, beside the same call of PyTorch in the same process, one thread each, float32. A figure is the",
        "median of ours / theirs by the process's own clock, and what ours took. The bar is for forward and backward:",
        f"at most {ops.BAR} ×, or as much as is known, with its reason; and half of the ratios at most 1.0 ×.",
        "",
        *table,
    ]
    return lines, holds


def replaced(page: str, sections: list[str]) -> str:
    """The page with the sections in the place of those that have their headings; the others follow at the end."""
    fresh = {text.partition("\n")[0]: text for text in sections}
    kept = [fresh.pop(part.partition("\n")[0], part) for part in re.split(r"(?m)^(?=## )", page)]
    return "\n\n".join(part.strip("\n") for part in [*kept, *fresh.values()] if part) + "\n"


def main() -> int:
    """Measure, print, and say by the exit code whether every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["all", "steps", "ops"], default="all", help="all, or one section")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of steps: {', '.join(NAMES)} (default all)")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, metavar="ENGINE", default=list(ENGINES),
                        help=f"of steps: {', '.join(ENGINES)} (default all that are installed)")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=4.0,
                        help="per comparison (default 4); twice that per workload of steps, 1/20 per op")  # fmt: skip
    parser.add_argument("--no-peers", action="store_true", help="leave out the peers")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page to FILE, or its one section into it")
    options = parser.parse_args()
    if unknown := [name for name in options.workloads if name not in NAMES]:
        parser.error(f"no workload {', '.join(unknown)}; there are {', '.join(NAMES)}")
    engines = [name for name in options.engines if not (options.no_peers and name in PEERS)]
    pictures = options.write.parent / "pictures" if options.write else None

    past_first_lines()
    sections = []
    if options.what in ("all", "steps"):
        sections.append(step_page.section(options.workloads or NAMES, engines, 2 * options.seconds, pictures))
    if options.what == "all":
        sections += [training_section(not options.no_peers, options.seconds), recording_section(options.seconds)]
    if options.what in ("all", "ops"):
        sections.append(ops_section(options.seconds))

    texts = ["\n".join(lines) for lines, _ in sections]
    print("\n\n".join([HEAD.rstrip(), *texts] if options.what == "all" else texts))
    if options.write:
        before = HEAD if options.what == "all" or not options.write.exists() else options.write.read_text("utf-8")
        options.write.write_text(replaced(before, texts), encoding="utf-8")
    return 0 if all(holds for _, holds in sections) else 1


if __name__ == "__main__":
    terminal.adapt()
    sys.exit(main())
