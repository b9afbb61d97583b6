"""``python -m benchmarks.swept run FOLDER CSV JOBS``: a sweep to be killed; and the kills, which others count."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinygrad_bp as tg

ROOT = Path(__file__).parent.parent
GRID = {"lr": [0.01, 0.1, 0.3], "hidden": [2, 8]}
SEEDS = 3


def train(lr: float, hidden: int) -> dict[str, float]:
    """A short training, and a number from each stream."""
    data = tg.tensor(np.random.default_rng(0).standard_normal((20, 3)), dtype=tg.float32)
    model = tg.models.MLP([3, hidden, 1], activation=tg.nn.Tanh)
    optimizer = tg.optim.SGD(model.parameters(), lr=lr)
    history = tg.train.fit(model, tg.nn.MSELoss(), optimizer, [(data, data.sum(1, keepdim=True))], epochs=5)
    time.sleep(0.02)
    return {"loss": history.loss[-1], "drawn": np.random.rand() + tg.rand(1).item()}


class Told(NamedTuple):
    """What became of a sweep that was killed again and again."""

    kills: int
    between: int  # with some runs kept and some not
    same: int  # sweeps that ended with the table and the CSV of one never killed
    other: int


def started(folder: Path, jobs: int) -> Any:
    """A sweep in a process of its own, which has loaded the package."""
    command = [sys.executable, "-W", "error", "-m", "benchmarks.swept", "run", str(folder), f"{folder}.csv", str(jobs)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise RuntimeError("the sweep did not begin")
    return process


def killed(jobs: int, kills: int, folder: Path, seed: int) -> Told:
    """Kill a sweep with all its processes so many times, start it again each time, and compare what comes out."""
    draw, done, between, same, other = random.Random(seed), 0, 0, 0, 0
    right = started(folder / "whole", jobs).communicate()[0]
    while True:
        last = done == kills
        there = len(list((folder / "killed").glob("run-*.npz")))
        process = started(folder / "killed", jobs)
        if not last:
            wanted = min(there + draw.randint(0, 4), SEEDS * 6)
            while process.poll() is None and len(list((folder / "killed").glob("run-*.npz"))) < wanted:
                time.sleep(0.002)
            time.sleep(draw.uniform(0.0, 0.03))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        found = process.communicate()[0]
        if process.returncode == 0:
            table = (folder / "killed.csv").read_bytes() == (folder / "whole.csv").read_bytes()
            same, other = same + (table and found == right), other + (not table or found != right)
            if last:
                return Told(done, between, same, other)
            shutil.rmtree(folder / "killed")
            continue
        done += 1
        between += 0 < len(list((folder / "killed").glob("run-*.npz"))) < SEEDS * 6


def section(kills: int, folder: Path) -> tuple[list[str], bool]:
    """The section of the page on reliability, and whether nothing was lost."""
    lines = [
        f"`tg.train.sweep` of {SEEDS * 6} runs into a folder is killed with SIGKILL, all its processes too, at",
        "a random moment, and started again. Its table and its CSV are compared with those of one never killed.",
        "",
        "| processes | kills | with some runs kept | came to the end | other tables |",
        "|---|---|---|---|---|",
    ]
    lost = 0
    for jobs in (1, 2):
        print(f"killing a sweep of {jobs} …", file=sys.stderr)
        told = killed(jobs, kills, folder / str(jobs), jobs)
        lines.append(f"| {jobs} | {told.kills} | {told.between} | {told.same + told.other} | **{told.other}** |")
        lost += told.other
    return lines, not lost


if __name__ == "__main__":
    _, _, place, csv, processes = sys.argv
    print("ready", flush=True)
    swept = tg.train.sweep(train, GRID, seeds=SEEDS, n_jobs=int(processes), folder=place)
    print(swept)
    swept.csv(csv)
