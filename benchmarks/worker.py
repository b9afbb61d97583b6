"""One engine in a process of its own: ``python -m benchmarks.worker ENGINE``. A line of JSON asks, a line answers.

``{"make": workload}`` makes its step, ``{"start": workload}`` takes five of them as well, ``{"warm": seconds}`` says
how many take so long, ``{"take": steps}`` takes so many and says how long a step took, ``{"tidy": 0}`` gives memory
that was freed back to the system.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
import warnings
from typing import Any

from .engines import ENGINES, Engine
from .peers import Run

SLOW = 0.02  # seconds a step from which on no untimed one goes in front


def timed(run: Run, steps: int) -> tuple[float, Any]:
    """Seconds, and the last step's loss."""
    start = time.perf_counter()
    loss = run(steps)
    return time.perf_counter() - start, loss


def number(loss: Any) -> float | None:
    """The loss as a Python number; None where there is none."""
    return None if loss is None else float(loss.item())


class Worker:
    """What the process holds between two lines: the engine and the steps that it has started."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.run: Run | None = None
        self.seconds = 0.0

    def make(self, workload: str) -> dict[str, Any]:
        """The step, which nobody has taken yet."""
        self.run = None  # frees the workload before
        self.run = self.engine.start(workload)
        return {}

    def start(self, workload: str) -> dict[str, Any]:
        """The losses of the first step and of the fifth, and how much longer the first three took than later ones."""
        self.make(workload)
        first, loss = timed(self.run, 1)
        then, _ = timed(self.run, 2)
        later, last = timed(self.run, 2)
        return {"losses": [number(loss), number(last)], "compiling": first + then - later * 3 / 2}

    def warm(self, seconds: float) -> dict[str, Any]:
        """How many steps fill so many seconds."""
        steps, took = 1, 0.0
        while took < seconds:
            took, _ = timed(self.run, steps)
            self.seconds = took / steps
            steps *= 2
        return {"steps": max(1, round(seconds / self.seconds))}

    def take(self, steps: int) -> dict[str, Any]:
        """Seconds a step. The step before brings back what other processes drove out of the caches."""
        if self.seconds < SLOW:
            self.run(1)
        return {"seconds": timed(self.run, steps)[0] / steps}

    def tidy(self, pad: int) -> dict[str, Any]:
        """Nothing that was freed counts as in use, but for ``pad`` bytes; where malloc is glibc's."""
        gc.collect()
        if sys.platform == "linux":
            getattr(ctypes.CDLL(None), "malloc_trim", int)(pad)
        return {}


def main() -> None:
    """Answer until the asking side hangs up."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a package prints goes to the stream of errors
    for other in ("compile: Python runs", ".*the program runs by NumPy"):  # it would be another engine's step
        warnings.filterwarnings("error", message=other)
    worker = Worker(ENGINES[sys.argv[1]])
    verbs = {"make": worker.make, "start": worker.start, "warm": worker.warm, "take": worker.take,
             "tidy": worker.tidy}  # fmt: skip
    for line in sys.stdin:
        ((verb, given),) = json.loads(line).items()
        try:
            answer = verbs[verb](given)
        except Exception as error:  # of any kind: it is the peer's, and the others go on
            answer = {"error": f"{type(error).__name__}: {error}".strip().splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
