"""A step that makes and frees arrays of some hundred kilobytes does not ask the system for pages again and again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import numpy as np
{first}

def step():
    arrays = [np.ones(1 << 18, np.float32) for _ in range(8)]

for _ in range(10):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the thresholds are glibc's")


def faults(first: str) -> float:
    """Pages that the system gives in a step of 8 MiB, in a fresh process."""
    run = [sys.executable, "-c", STEPS.format(first=first)]
    return float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


@glibc
def test_freed_memory_is_used_again() -> None:
    assert faults("import tinygrad_bp") < 100


@glibc
def test_without_the_package_it_is_not() -> None:
    assert faults("") > 1000
