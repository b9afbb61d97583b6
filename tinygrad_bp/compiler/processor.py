"""Which processor this is, and the vector registers that it has."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Registers:
    """The vector registers of a processor: the bytes of one, and how many there are."""

    size: int
    count: int


@cache
def processor() -> str:
    """What tells this kind of processor from others: code for one may not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.split("\t")[0].strip(" :") in wanted))


@cache
def registers() -> Registers:
    """Those of this processor; where the system does not say, those that nearly all of its kind have."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return Registers(16, 32)
    words = set(processor().split())
    if "avx512f" in words:
        return Registers(64, 32)
    return Registers(32 if "avx2" in words or "flags" not in words else 16, 16)
