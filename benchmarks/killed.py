"""Processes that are killed with SIGKILL again and again, in forks of one that has all loaded.

``python -m benchmarks.killed saves TIMES FILE [straight]`` kills saves, and prints how many files were broken and how
many kills came in the middle of a write; ``straight`` into the file, without writing beside it, shows that it counts.

``python -m benchmarks.killed TRAINING TIMES FOLDER [HOW]`` kills a training of ``benchmarks.resumed``, and prints how
many kills came in the middle of a write, and how many trainings ended, with the same bits or with others. ``HOW`` is
``at-random``; ``while-writing``: at each call of the operating system that a snapshot consists of; or what is left out,
to show that it counts: ``without-streams``, ``without-place``.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tinygrad_bp as tg
from tinygrad_bp.saving import writing
from tinygrad_bp.train import snapshots

from .resumed import TRAININGS


def forked(work: Callable[[], Any], seconds: float | None) -> str | None:
    """What ``work`` gives in a process of its own, or None where that was killed, after ``seconds`` at the latest."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.write(writing, str(work()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as pipe:
        found = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the training ended with an error")
    return found or None


def cut(folder: Path) -> int:
    """How many writes a kill has cut short, in a folder without those before."""
    return len(list(folder.glob(".*.part")))


def saves(times: int, path: Path, straight: bool) -> tuple[int, int]:
    """Kill so many saves; how many files were broken, and how many kills came in the middle of a write."""
    if straight:
        writing.replace = lambda path, data: Path(path).write_bytes(data)
    rng, broken, parts = random.Random(5), 0, 0
    tg.save({"n": -1, "w": tg.full((300_000,), -1.0)}, path)

    def on(start: int) -> None:
        while True:
            tg.save({"n": start, "w": tg.full((300_000,), float(start))}, path)
            start += 1

    for start in range(times):
        forked(lambda start=start: on(start), rng.uniform(0, 0.01))
        try:
            found = tg.load(path)
            broken += not bool((found["w"] == found["n"]).all())
        except tg.AutogradError:
            broken += 1
        parts += cut(path.parent)
        for part in path.parent.glob(".*.part"):
            part.unlink()
    return broken, parts


CALLS = ("fsync", "replace", "unlink")  # of which a snapshot consists


def dying(number: int) -> None:
    """Have this process killed at the call of that number, before or after it."""
    count = iter(range(number + 1))

    def wrapped(call: Any) -> Any:
        def calling(*args: Any, **kwargs: Any) -> Any:
            if next(count, number) == number and number % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **kwargs)
            if next(count, number) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return calling

    for name in CALLS:
        setattr(os, name, wrapped(getattr(os, name)))


def moments(how: str, whole: float) -> Iterator[tuple[float | None, int | None]]:
    """When to kill: after so many seconds, or at the call of that number."""
    rng, number = random.Random(7), 0
    while True:
        if how == "while-writing":
            yield None, number
            number = (number + 1) % 17
        else:
            yield rng.uniform(0, whole), None


def training(name: str, times: int, folder: Path, how: str) -> tuple[int, int, int]:
    """Kill a training so many times; the kills in the middle of a write, and how many ended the same and otherwise."""
    train = TRAININGS[name]
    began = time.perf_counter()
    right = forked(lambda: train(None), None)
    whole = 1.2 * (time.perf_counter() - began)
    if how == "without-streams":
        snapshots.set_streams = lambda state: None
    if how == "without-place":
        tg.data.DataLoader.load_state_dict = lambda self, state_dict: None
    killed = parts = same = other = 0
    for seconds, number in moments(how, whole):
        last = killed == times

        def work(number: int | None = None if last else number) -> str:
            if number is not None:
                dying(number)
            return train(folder)

        found = forked(work, None if last else seconds)
        parts += cut(folder)
        if found is None:
            killed += 1
            continue
        same, other = same + (found == right), other + (found != right)
        if last:
            return parts, same, other
        shutil.rmtree(folder)
    raise AssertionError


if __name__ == "__main__":
    what, times, place, *more = sys.argv[1:]
    if what == "saves":
        print(*saves(int(times), Path(place), bool(more)))
    else:
        print(*training(what, int(times), Path(place), *(more or ["at-random"])))
