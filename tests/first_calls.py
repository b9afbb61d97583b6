"""A call of each function of NumPy as the first of its process: what was left for later must be found there too.

Run as a program, it prints the calls that are wrong so; ``numpy_sweep`` runs them one after the other. Every call runs
in a child of a process that has asked for nothing yet.
"""

from __future__ import annotations

import os
import sys

import numpy.random  # noqa: F401  (what the check itself needs is there before the children are made)
import numpy_calls
import numpy_sweep


def first(call: str) -> str:
    """The outcome of a call in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, numpy_sweep.outcome(call).encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read().decode()
    os.waitpid(child, 0)
    return said


if __name__ == "__main__":
    calls = {numpy_sweep.first_of(call): call for call in reversed(numpy_calls.CALLS)}.values()
    wrong = {call: said for call in calls if (said := first(call)) not in ("right", "refused", "impossible")}
    for call, said in wrong.items():
        print(f"{call:60} {said[:200]}")
    sys.exit(f"{len(wrong)} of {len(calls)} wrong" if wrong else 0)
