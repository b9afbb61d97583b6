"""What becomes of one hostile input: read rightly, refused in the package's own words, or a fault."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

SECONDS = 2.0  # of the processor, for one input, while allocations are traced
LONGEST = 2000  # signs of an error
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a million files need no disk


class Hang(BaseException):
    """An input that took too long."""


@dataclass
class Told:
    """What became of many inputs."""

    read: int = 0
    refused: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)  # the number of the first input with that fault
    slowest: float = 0.0  # seconds
    most: int = 0  # bytes that were allocated beyond those of the file times ``memory``

    def add(self, other: dict[str, Any]) -> None:
        """Add what another process found."""
        self.read, self.refused = self.read + other["read"], self.refused + other["refused"]
        self.faults.update(other["faults"])
        for what, number in other["first"].items():
            self.first.setdefault(what, number)
        self.slowest = max(self.slowest, other["slowest"])
        self.most = max(self.most, other["most"])


def _hung(*_: Any) -> None:
    raise Hang


def inputs(reader: Any, first: int, count: int) -> Any:
    """The inputs with these numbers; each depends on its number alone."""
    for number in range(first, first + count):
        yield number, reader.change(Random(f"{reader.name} {number}"), reader.good)


def judge(reader: Any, first: int, count: int, note: Any = None, traced: bool = True) -> Told:
    """Read so many inputs; ``note`` is told the number of each before it is read; ``traced``: so are allocations."""
    told, folder = Told(), Path(tempfile.mkdtemp(prefix="attack", dir=MEMORY))
    before = signal.signal(signal.SIGALRM, _hung)
    if traced:
        tracemalloc.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for text in reader.said:
                warnings.filterwarnings("ignore", f"(?s).*{text}")
            for number, data in inputs(reader, first, count):
                if note is not None:
                    note(number)
                _one(reader, number, data, folder, told)
    finally:
        if traced:
            tracemalloc.stop()
        signal.signal(signal.SIGALRM, before)
        shutil.rmtree(folder, ignore_errors=True)
    return told


def _one(reader: Any, number: int, data: bytes, folder: Path, told: Told) -> None:
    traced, start = tracemalloc.is_tracing(), 0
    if traced:
        tracemalloc.reset_peak()
        start = tracemalloc.get_traced_memory()[0]
    began, refused, fault = time.thread_time(), False, ""
    signal.alarm(60)
    try:
        reader.read(data, folder)
    except reader.refusals as error:
        refused = True
        if len(str(error)) > LONGEST:
            fault = f"an error of more than {LONGEST} signs"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        frame = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__} ({Path(frame.filename).name}:{frame.lineno}): {error!s:.100}"
    finally:
        signal.alarm(0)
    took = time.thread_time() - began
    told.slowest = max(told.slowest, took)
    if not fault and took > SECONDS:
        fault = "took too long"
    if traced:
        over = tracemalloc.get_traced_memory()[1] - start - len(data) * reader.memory
        told.most = max(told.most, over)
        if not fault and over > reader.spare:
            fault = "allocated too much"
    if fault:
        told.faults[fault] += 1
        told.first.setdefault(fault, number)
    elif refused:
        told.refused += 1
    else:
        told.read += 1


def main() -> None:
    """``judging NAME FIRST COUNT``: judge in a process of its own, whose memory is limited; the verdict as JSON."""
    import json
    import resource

    from tinygrad_bp.replaying import layout

    from .inputs import CHUNK, LIMIT
    from .targets import TARGETS

    # What a page is laid out by is the sizes of its boxes alone: there are not many. In this process alone.
    layout.laid_out = functools.cache(layout.laid_out)

    name, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    reader = next(target for target in TARGETS if target.name == name)
    size = (
        int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        if sys.platform == "linux"
        else 0
    )
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size + LIMIT, resource.RLIM_INFINITY))
    begun = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT)
    traced = first // CHUNK % 8 == 0
    told = judge(reader, first, count, lambda number: os.pwrite(begun, f"{number:12}".encode(), 0), traced)
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**vars(told), "rss": rss}))


if __name__ == "__main__":
    main()
