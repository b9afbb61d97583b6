"""So many hostile inputs, in processes whose memory is limited; and the table of what became of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .judging import Told
from .targets import shares

ROOT = Path(__file__).parent.parent.parent
CHUNK = 10_000  # inputs of one process; of every eighth the allocations are traced
STUCK = 120  # seconds after which an input that was begun counts as one that hangs
LIMIT = 1 << 30  # bytes of address space that a process may take besides those with which it begins


def chunks(count: int) -> Iterator[tuple[str, int, int]]:
    """Targets, first numbers and counts: small ones last, so that all processors have work until the end."""
    for name, share in shares(count).items():
        for first in range(0, share, CHUNK):
            yield name, first, min(CHUNK, share - first)


def run(name: str, first: int, count: int) -> dict[str, Any]:
    """Judge so many inputs in a process of its own; a process that ends or hangs is a fault of the input begun last."""
    with tempfile.TemporaryDirectory() as place:
        begun, out = Path(place) / "begun", Path(place) / "out"
        begun.write_text(f"{first:12}")
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "benchmarks.attacks.judging", name, str(first), str(count), str(begun)]
        with out.open("wb") as file:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file)
        seen, since = "", time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            now = begun.read_text()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > STUCK:
                process.kill()
        try:
            found: dict[str, Any] = json.loads(out.read_bytes())
        except ValueError:
            number = int(begun.read_text())
            what = (
                "an input that does not end"
                if process.returncode == -9
                else f"the process ended with {process.returncode}"
            )
            print(f"{name}: {what} ({number})", file=sys.stderr)
            rest = (
                run(name, number + 1, first + count - number - 1)
                if number + 1 < first + count
                else vars(Told()) | {"rss": 0}
            )
            rest["faults"] = {**rest["faults"], what: rest["faults"].get(what, 0) + 1}
            rest["first"][what] = number
            rest["read"] += number - first  # what these were is not known any more
            return rest
        return found


def all_of(count: int, processes: int, keep: Path | None = None) -> tuple[dict[str, Told], int]:
    """What became of the inputs of every target, and the largest memory of a process in kilobytes.

    Targets that stand in the file ``keep`` are not attacked again; what became of all is written there.
    """
    known = json.loads(keep.read_text()) if keep is not None and keep.exists() else {"rss": 0, "told": {}}
    told: dict[str, Told] = {name: Told() for name in shares(count)}
    for name, found in known["told"].items():
        told[name].add(found)
    largest, done = known["rss"], 0
    with ThreadPoolExecutor(processes) as pool:
        waiting = [chunk for chunk in chunks(count) if chunk[0] not in known["told"]]
        for (name, _, size), found in zip(waiting, pool.map(lambda chunk: run(*chunk), waiting)):
            told[name].add(found)
            largest, done = max(largest, found["rss"]), done + size
            said = "".join(f"\n    {found['first'][what]}: {what!r:.200}" for what in found["faults"])
            faults = sum(told[name].faults.values())
            print(f"{done:,} of {count:,}: {name}, {faults} faults{said}", file=sys.stderr, flush=True)
    if keep is not None:
        keep.write_text(json.dumps({"rss": largest, "told": {name: vars(one) for name, one in told.items()}}))
    return told, largest


def table(told: dict[str, Told], largest: int) -> list[str]:
    """The table, and the faults below it."""
    lines = [
        "| what was attacked | inputs | read, and rightly | refused | faults | slowest |",
        "|---|---|---|---|---|---|",
    ]
    whole = Told()
    for name, one in told.items():
        lines.append(_row(name, one))
        whole.add(vars(one))
    lines += [_row("**all**", whole), "", f"The largest process took {largest / 1024:.0f} MiB."]
    for name, one in told.items():
        for fault, times in one.faults.most_common(20):
            lines.append(f"\n    {times} × {name}, first input {one.first[fault]}: {fault[:200]!r}")
    return lines


def _row(name: str, one: Told) -> str:
    faults = sum(one.faults.values())
    counts = f"{one.read + one.refused + faults:,} | {one.read:,} | {one.refused:,} | **{faults}**"
    return f"| {name} | {counts} | {one.slowest * 1e3:.0f} ms |"
