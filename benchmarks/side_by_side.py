"""Engines side by side: each in a process of its own, in turns, round by round, so that all share the noise."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .engines import BY_NAME, ENGINES
from .ops import THREADS

TURN = 0.01  # seconds of an engine in a round
ROUNDS = 9  # at least
PAUSE = 0.02  # seconds in which the threads of who ran before, busy with waiting for work, go to sleep
ALIKE = 1e-4  # how far two losses may be apart, relatively
PINS = hasattr(os, "sched_setaffinity")
CORES = sorted(os.sched_getaffinity(0)) if PINS else list(range(os.cpu_count() or 1))


class Timing(NamedTuple):
    """Seconds of a step: the median over the rounds, and the quartiles."""

    median: float
    low: float
    high: float


class Measured(NamedTuple):
    """A workload's timings by engine, and why others have none: they could not do it, or computed something else."""

    timings: dict[str, Timing]
    absent: dict[str, str]
    wrong: dict[str, str]


class EngineError(Exception):
    """What an engine said instead of an answer."""


def pin(process: int, cores: Iterable[int]) -> None:
    """All threads of a process to these cores."""
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # a thread that has ended meanwhile
            os.sched_setaffinity(int(task.name), cores)


@contextlib.contextmanager
def working_on(core: int | None) -> Iterator[None]:
    """This thread, and what it starts, on one core; None: on all."""
    if core is None or not PINS:
        yield
        return
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


class Process:
    """An engine's process. It starts when it is first asked, and again after it died."""

    def __init__(self, engine: str, core: int | None, **environment: str) -> None:
        """On ``core`` alone, with one thread, or on all cores with as many as the engine likes."""
        self.engine, self.core = engine, core
        kept = {key: value for key, value in os.environ.items() if key not in THREADS}
        self.environment = {**kept, **(dict.fromkeys(THREADS, "1") if core is not None else {}), **environment}
        self.child: subprocess.Popen[str] | None = None

    def send(self, **question: Any) -> None:
        """Ask, and wait for nothing."""
        if self.child is None:
            self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (see close)
            with working_on(self.core):  # from its start: packages count the cores while they are imported
                self.child = subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.worker", self.engine], env=self.environment, text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                )  # fmt: skip
        with contextlib.suppress(BrokenPipeError):  # it died: ``receive`` says of what
            print(json.dumps(question), file=self.child.stdin, flush=True)

    def receive(self) -> dict[str, Any]:
        """The answer. Raises ``EngineError``."""
        line = self.child.stdout.readline()
        if not line:
            self.errors.seek(0)
            said = self.errors.read().strip() or "it ended without a word"
            self.close()
            raise EngineError(said.splitlines()[-1])
        answer = json.loads(line)
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer

    def ask(self, **question: Any) -> dict[str, Any]:
        """Send and receive."""
        self.send(**question)
        return self.receive()

    def move(self, *cores: int) -> None:
        """To other cores, where it began on one of its own: how many threads it has was settled then."""
        if self.child is not None and self.core is not None and PINS:
            pin(self.child.pid, cores)

    def close(self) -> None:
        """End it."""
        if self.child is not None:
            self.child.kill()
            self.child.communicate()
            self.child = None
            self.errors.close()


@contextlib.contextmanager
def processes(engines: list[str], alone: bool) -> Iterator[dict[str, Process]]:
    """A process for each, ``alone``: with one thread, on one core."""
    # They begin on all cores, and are measured on the last one, which is asked for the least.
    found = {name: Process(name, CORES[i % len(CORES)] if alone else None) for i, name in enumerate(engines)}
    try:
        yield found
    finally:
        for process in found.values():
            process.close()


def started(workload: str, among: dict[str, Process]) -> tuple[dict[str, list[float | None]], dict[str, str]]:
    """The losses of those that have started the workload, and what the others said; all of them at once."""
    for process in among.values():
        process.move(*CORES)
        process.send(start=workload)
    losses, absent = {}, {}
    for name, process in among.items():
        try:
            losses[name] = process.receive()["losses"]
        except EngineError as error:
            absent[name] = str(error)
    return losses, absent


def differing(losses: dict[str, list[float | None]]) -> dict[str, str]:
    """Whose losses are not those of the first that has some."""
    known = {name: found for name, found in losses.items() if None not in found}
    first = next(iter(known), None)
    return {
        name: f"its losses are {found}, those of {first} {known[first]}"
        for name, found in known.items()
        if not all(abs(a - b) <= ALIKE * abs(b) for a, b in zip(found, known[first], strict=True))
    }


def measure(workload: str, among: dict[str, Process], seconds: float) -> Measured:
    """All engines that have the workload, in turns for about ``seconds``, after a look at what they compute."""
    able = {name: process for name, process in among.items() if workload in BY_NAME or ENGINES[name].larger}
    losses, absent = started(workload, able)
    wrong = differing(losses)
    samples: dict[str, list[float]] = {name: [] for name in losses if name not in wrong}
    steps: dict[str, int] = {}

    def turn(name: str) -> None:
        try:
            if able[name].core is None:
                time.sleep(PAUSE)
            if name in steps:
                samples[name].append(able[name].ask(take=steps[name])["seconds"])
            else:
                able[name].move(CORES[-1])
                steps[name] = able[name].ask(warm=TURN)["steps"]
        except EngineError as error:
            absent[name] = str(error)
            del samples[name]

    for name in list(samples):
        turn(name)
    end, rounds = time.monotonic() + seconds, 0
    while samples and (rounds < ROUNDS or time.monotonic() < end):
        names = list(samples)
        for name in names[rounds % len(names) :] + names[: rounds % len(names)]:  # who goes first changes
            turn(name)
        rounds += 1
    return Measured({name: timing(found) for name, found in samples.items()}, absent, wrong)


def timing(samples: list[float]) -> Timing:
    """Their median and quartiles."""
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median, low, high)
