"""A process for each homework, watched from outside: it ends when its time is up, whatever the homework does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .problem import Verdict
from .submission import Orders
from .together import judged_together

STARTS = 5  # of the process, for one homework that ends it again and again
PAUSE = 0.02
SUFFIXES = (".py", ".ipynb")


@dataclass
class Limits:
    """Seconds and bytes for one homework."""

    time: float = 20.0
    memory: int = 1 << 30
    spec: str = ""


@dataclass
class Report:
    """Everything found of one file."""

    path: Path
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, verdict: str) -> int:
        """How many pairs have a verdict."""
        return sum(one.verdict == verdict for one in self.verdicts)

    @property
    def verdict(self) -> str:
        """``wrong`` where anything is, ``right`` where something is and nothing wrong, else ``unchecked``."""
        return next((v for v in ("wrong", "right") if self.count(v)), "unchecked")

    def as_dict(self, root: Path | None = None) -> dict[str, Any]:
        """The fields as JSON has them."""
        name = self.path.relative_to(root).as_posix() if root else str(self.path)
        counts = {v: self.count(v) for v in ("right", "wrong", "unchecked")}
        return {
            "file": name, "verdict": self.verdict, **counts, "seconds": round(self.seconds, 2), "notes": self.notes,
            "pairs": [one.as_dict() for one in self.verdicts],
        }  # fmt: skip


def files(path: Path) -> list[Path]:
    """The homework in a folder, sorted by name: files and notebooks, folders within as well."""
    if path.is_file():
        return [path]
    found = (p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith((".", "__")) for part in p.relative_to(path).parts))


def reports(paths: Iterable[Path], limits: Limits, jobs: int = 1) -> Iterator[Report]:
    """The report of each file, in order, so many at a time. An interrupt ends all processes."""
    stop = threading.Event()
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        waiting = [pool.submit(report, path, limits, stop) for path in paths]
        try:
            for one in waiting:
                yield one.result()
        finally:
            stop.set()
            for one in waiting:
                one.cancel()


def report(path: Path, limits: Limits, stop: threading.Event | None = None) -> Report:
    """Check one file in a process of its own."""
    begun = time.monotonic()
    found = Report(path)
    orders = Orders(str(path.resolve()), "", limits.spec, limits.time, limits.memory)
    for _ in range(STARTS):
        left = limits.time - (time.monotonic() - begun)
        with tempfile.TemporaryDirectory(prefix="check", ignore_cleanup_errors=True) as folder:
            inside = Path(folder) / "inside"  # the homework's own folder: no name in it is taken
            inside.mkdir()
            orders.results = str(Path(folder) / "results")
            status = _watched(orders, inside, max(left, limits.time / 3), stop or threading.Event())
            lines = _lines(Path(orders.results))
        done, again = _gathered(found, lines, orders, status, limits)
        if done or not again or (stop is not None and stop.is_set()):
            break
    found.verdicts = judged_together(found.verdicts)
    found.seconds = time.monotonic() - begun
    return found


def _watched(orders: Orders, folder: Path, seconds: float, stop: threading.Event) -> str:
    """Run the process and end it with everything that it started; how it ended, in words."""
    environment = dict(os.environ, MPLBACKEND="Agg", PYTHONDONTWRITEBYTECODE="1", PYTHONIOENCODING="utf-8")
    environment.update({name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")})
    package = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(p for p in (package, os.environ.get("PYTHONPATH", "")) if p)
    command = [sys.executable, "-m", "tinygrad_bp.check.submission", json.dumps(asdict(orders))]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + seconds
    try:
        while process.poll() is None:
            if stop.is_set() or time.monotonic() > end:
                return "time"
            time.sleep(PAUSE)
        return f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    with contextlib.suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            with contextlib.suppress(ValueError):  # the last line of a process that was ended while it wrote
                found.append(json.loads(line))
    return found


def _gathered(
    found: Report, lines: list[dict[str, Any]], orders: Orders, status: str, limits: Limits
) -> tuple[bool, bool]:
    """Put the lines into the report; whether that was all, and whether another start may bring more."""
    begun: dict[str, Any] | None = None
    for line in lines:
        if "unreadable" in line:
            found.verdicts.append(Verdict("", "unchecked", line["unreadable"]))
            return True, False
        if "notes" in line:
            found.notes += [note for note in line["notes"] if note not in found.notes]
        if "begin" in line:
            begun = line
        if "dropped" in line:
            begun = None
        if "verdict" in line:
            found.verdicts.append(Verdict(**line["verdict"]))
            begun = None
        if "done" in line:
            return True, False
    how = f"took longer than {limits.time:g} s" if status == "time" else f"ended its process ({status})"
    if begun is not None:
        found.verdicts.append(Verdict(begun["begin"], "unchecked", f"It {how}.", begun["line"]))
        orders.skip = begun["number"] + 1
        return False, status != "time"
    if lines and not orders.definitions and lines[-1].get("stage") == "run":
        found.notes.append(f"Running the file {how}; its imports, functions, classes and constants alone were run.")
        orders.definitions = True
        return False, True
    found.verdicts.append(Verdict("", "unchecked", f"The file {how}."))
    return True, False
