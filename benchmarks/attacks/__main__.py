"""``python -m benchmarks.attacks``: what becomes of hostile files and names, of many threads, and of very many steps.

Everything is drawn from fixed seeds: a fault is named with the number of its input, which is the same in every run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tinygrad_bp.autograd import terminal

from ..sections import printed_by, tell
from . import inputs, steady, threads

PARTS = ("inputs", "programs", "threads", "steps")


def hostile(count: int, processes: int, keep: Path | None) -> tuple[str, bool]:
    """The section on inputs, and whether there was no fault."""
    told, largest = inputs.all_of(count, processes, keep)
    lines = [
        printed_by(f"python -m benchmarks.attacks inputs --inputs {count} --write docs/reliability.md"),
        "",
        "Files that are right are changed on purpose: bits and bytes, ends and pieces that are missing, that",
        "come twice",
        "or from another file, extreme numbers in headers (2⁶⁰, −1), keys twice, JSON nested 100,000 deep; also",
        "inside containers whose checksums are right again. Names are made of what HTML, Graphviz, Mermaid,",
        "LaTeX, JSON and",
        "terminals read, of any signs, and of thousands of them. A file is read, and another reader finds the same in",
        "it, or it is refused by an error of the package's own of at most 2,000 signs; of a name, the drawing or page",
        "parses, has no tag of the name's, and gives the name back. Anything else is a fault: other errors, warnings,",
        "a crash, more than 2 s of the processor, or more memory than the file can hold.",
        "",
        f"Processes may take {inputs.LIMIT >> 30} GiB",
        f"of address space besides their own. In every eighth {inputs.CHUNK:,} inputs",
        "of a reader allocations are traced: at most 1 MiB, and 16 bytes for a byte of a plain file (64 of CSV and",
        "safetensors, 200 of JSON and 1,000 of Python, which become objects); of a packed one, four times what deflate",
        "can make of it, 1,032 bytes of one. So a zip bomb takes at most that: an array of zeros that was",
        "packed well is",
        "an array like others. The text in an npz file, which says what its arrays belong to, is never packed.",
        "",
        *inputs.table(told, largest),
    ]
    return "\n".join(lines), not any(one.faults for one in told.values())


def main() -> int:
    """Measure, print, and say by the exit code whether there was no fault."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="hostile inputs in all (default 1,000,000)")
    parser.add_argument("--programs", type=int, default=1000, help="random programs for each reader (default 1000)")
    parser.add_argument("--processes", type=int, default=2, help="that read them (default 2)")
    kept = "a JSON file of what became of the inputs: those of readers that stand there are not read again"
    parser.add_argument("--keep", type=Path, metavar="FILE", help=kept)
    parser.add_argument("--seconds", type=float, default=60, help="for which threads run (default 60)")
    parser.add_argument("--steps", type=int, default=1_000_000, help="of training (default 1,000,000)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the sections into the page FILE")
    options = parser.parse_args()
    if odd := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(odd))}; there are {', '.join(PARTS)}")
    sections, holds = {}, True
    for part in options.parts or PARTS:
        if part == "inputs":
            sections["Hostile files and names"], right = hostile(options.inputs, options.processes, options.keep)
        elif part == "programs":
            from . import programs  # which needs Hypothesis

            sections["Random programs"], right = programs.section(options.programs)
        elif part == "threads":
            title = "Threads without the global interpreter lock" if threads.free() else "Threads"
            sections[title], right = threads.section(options.seconds)
        else:
            sections["A million steps"], right = steady.section(options.steps)
        holds = holds and right
    tell(sections, options.write)
    return 0 if holds else 1


if __name__ == "__main__":
    terminal.adapt()
    sys.exit(main())
