"""``python -m benchmarks.reliability``: what is left after kills, measured, as Markdown.

Every process of a training is a fresh one, started from the command line and killed with SIGKILL at a random moment,
counted from when it has loaded the package.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygrad_bp.autograd import terminal

from . import swept
from .killed import cut
from .resumed import TRAININGS
from .sections import printed_by, tell

ROOT = Path(__file__).parent.parent
ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


@dataclass
class Killed:
    """What became of a training that was killed again and again."""

    kills: int = 0
    writing: int = 0  # in the middle of a write
    early: int = 0  # before the first snapshot
    same: int = 0  # trainings that came to their end with the same bits
    other: int = 0


def started(name: str, folder: Path | None) -> Any:
    """A training in a process of its own, which has loaded the package."""
    command = [sys.executable, "-W", "error", "-m", "benchmarks.resumed", name, *([str(folder)] if folder else [])]
    process = subprocess.Popen(command, cwd=ROOT, env=ONE_THREAD, text=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"{name} did not begin")
    return process


def killed(name: str, times: int, folder: Path, seed: int) -> Killed:
    """Kill a training so many times, start it again each time, and compare what comes out in the end."""
    rng, told = random.Random(seed), Killed()
    began = time.perf_counter()
    right = started(name, None).communicate()[0]
    whole = 0.8 * (time.perf_counter() - began)
    while True:
        last = told.kills == times
        process = started(name, folder)
        timer = threading.Timer(rng.uniform(0, whole), process.kill)
        if not last:
            timer.start()
        found = process.communicate()[0]
        timer.cancel()
        if process.returncode == 0:
            told.same, told.other = told.same + (found == right), told.other + (found != right)
            if last:
                return told
            shutil.rmtree(folder)
            continue
        if process.returncode != -9:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        told.kills += 1
        told.writing += cut(folder)
        told.early += not list(folder.glob("*.npz"))


def saves(times: int, ending: str, folder: Path, *how: str) -> list[int]:
    """Kill so many saves; how many files were not whole, and how many kills came in the middle of a write."""
    command = [sys.executable, "-m", "benchmarks.killed", "saves", str(times), str(folder / f"file{ending}"), *how]
    done = subprocess.run(command, cwd=ROOT, env=ONE_THREAD, capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


WHAT = {
    "fit": "`fit`: AdamW, dropout, batch norm, shuffling, `ReduceLROnPlateau`, clipping, `EarlyStopping`, `KeepBest`",
    "compiled": "the same, `compile=True`",
    "large": "the same, 560,000 weights: a snapshot takes longer than a step",
    "one-cycle": "`fit` on a list of batches: momentum, `OneCycleLR` after each batch",
    "by-hand": "a loop by hand: L-BFGS, a sampler with replacement and a generator of its own",
}


def measured(kills: int, times: int) -> tuple[dict[str, str], bool]:
    """The sections of the page by title, and whether nothing was lost."""
    by = printed_by(f"python -m benchmarks.reliability --kills {kills} --saves {times} --write docs/reliability.md")
    lines = [
        by,
        "",
        "A process saves a megabyte again and again to one file, and is killed with SIGKILL at a random moment. Then",
        "the file is read: it holds one of the states, whole, or it is broken.",
        "",
        "| | kills | in the middle of a write | broken files |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as place:
        folder, lost = Path(place), 0
        for ending in (".npz", ".safetensors"):
            print(f"killing saves to {ending} …", file=sys.stderr)
            broken, writing = saves(times, ending, folder)
            lines.append(f"| `tg.save`, `{ending}` | {times} | {writing} | **{broken}** |")
            lost += broken
        broken, _ = saves(times, ".npz", folder, "straight")
        lines.append(f"| for comparison: straight into the file | {times} | | {broken} |")
    sections = {"Saves that are killed": "\n".join(lines)}
    lines = [
        by,
        "",
        "A training with snapshots after every third step (or every fifth, or each) and after each epoch is killed",
        "with SIGKILL at a random moment and started again from the command line, until it is through. Its weights,",
        "buffers, optimizer, random stream and history (all but `seconds`) are compared with those of one that was",
        "never killed and kept no snapshots. What is through begins anew in an empty folder until all kills are spent.",
        "",
        "| training | kills | in the middle of a write | before the first snapshot | came to the end | other bits |",
        "|---|---|---|---|---|---|",
    ]
    total = Killed()
    for seed, name in enumerate(TRAININGS):
        print(f"killing {name} …", file=sys.stderr)
        with tempfile.TemporaryDirectory() as place:
            share = kills // len(TRAININGS) + (seed < kills % len(TRAININGS))
            told = killed(name, share, Path(place) / "runs", seed)
        lines.append(_row(WHAT[name], told))
        total = Killed(*(a + b for a, b in zip(vars(total).values(), vars(told).values())))
    sections["Trainings that are killed"] = "\n".join([*lines, _row("**all**", total)])
    with tempfile.TemporaryDirectory() as place:
        lines, whole = swept.section(kills // 4, Path(place))
    sections["Sweeps that are killed"] = "\n".join([by, "", *lines])
    return sections, whole and lost + total.other == 0


def _row(what: str, told: Killed) -> str:
    ended = told.same + told.other
    return f"| {what} | {told.kills} | {told.writing} | {told.early} | {ended} | **{told.other}** |"


def main() -> int:
    """Measure, print, and say by the exit code whether nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of trainings, in all (default 200)")
    parser.add_argument("--saves", type=int, default=500, help="kills of saves, of each format (default 500)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the sections into the page FILE")
    options = parser.parse_args()
    sections, holds = measured(options.kills, options.saves)
    tell(sections, options.write)
    return 0 if holds else 1


if __name__ == "__main__":
    terminal.adapt()
    sys.exit(main())
