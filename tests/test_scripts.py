"""Programs written for PyTorch run with the import changed alone, and print what they print there.

The golden texts are PyTorch's own (``tests/scripts/make_golden.py``). Where a text differs, its words must be the same
and its numbers no further apart than sums in float32 make them; and the same program in float64 must agree to 1e-9.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys

import pytest
from scripts.make_golden import GOLDEN, WIDE, programs

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)")
PROGRAMS = [program.stem for program in programs()]


def printed(name: str, wide: bool = False) -> str:
    """What a program prints with this package as ``torch``, warnings being errors."""
    path = str(GOLDEN.parent / f"{name}.py")
    code = "import tinygrad_bp; tinygrad_bp.install_as_torch()\n" + (WIDE if wide else "")
    code += f"import runpy; runpy.run_path({path!r}, run_name='__main__')"
    environment = {**os.environ, "PYTHONPATH": str(GOLDEN.parents[2]), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, encoding="utf-8", env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def apart(ours: str, theirs: str) -> float:
    """How far the numbers of two texts are apart, relative to 1 or to themselves; inf where the words differ."""
    if NUMBER.sub("#", ours).split() != NUMBER.sub("#", theirs).split():
        return math.inf
    pairs = zip(map(float, NUMBER.findall(ours)), map(float, NUMBER.findall(theirs)), strict=True)
    return max((abs(a - b) / max(1, abs(b)) for a, b in pairs if a != b and not (a != a and b != b)), default=0.0)


def test_there_are_thirty_and_more_and_each_has_its_text() -> None:
    assert len(PROGRAMS) >= 30
    assert [name for name in PROGRAMS if not (GOLDEN / f"{name}.txt").is_file()] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_prints_what_pytorch_prints(name: str) -> None:
    text = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    ours = printed(name)
    if ours != text:
        assert apart(ours, text) < 1e-3, f"{name} prints\n{ours}\nand with PyTorch\n{text}"
        wide = (GOLDEN / f"{name}.float64.txt").read_text(encoding="utf-8")
        assert apart(printed(name, wide=True), wide) < 1e-9


def test_texts_are_compared() -> None:
    assert apart("loss 0.5 at 3", "loss 0.5 at 3") == 0
    assert apart("loss 0.5 at 3", "loss 0.6 at 3") == pytest.approx(0.1)
    assert apart("loss 0.5", "cost 0.5") == math.inf == apart("1 2", "1")
    assert apart("nan 1e5", "nan 100000") == 0
