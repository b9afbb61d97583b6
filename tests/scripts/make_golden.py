"""Run every program beside this file with PyTorch, and keep what it prints: ``python tests/scripts/make_golden.py``.

``golden/name.txt`` is the text, in float32 as the program is written; ``golden/name.float64.txt`` the text in float64
with twelve digits, where a test has to tell rounding from a difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
GOLDEN = FOLDER / "golden"
WIDE = "import torch; torch.set_default_dtype(torch.float64); torch.set_printoptions(precision=12)\n"


def programs() -> list[Path]:
    """The programs, by name."""
    return sorted(path for path in FOLDER.glob("*.py") if path.stem not in ("__init__", "conftest", "make_golden"))


def text_of(program: Path, wide: bool = False) -> str:
    """What a program prints with the ``torch`` that is installed."""
    code = (WIDE if wide else "") + f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for program in programs():
        (GOLDEN / f"{program.stem}.txt").write_text(text_of(program), encoding="utf-8")
        try:
            (GOLDEN / f"{program.stem}.float64.txt").write_text(text_of(program, wide=True), encoding="utf-8")
        except subprocess.CalledProcessError:
            print(f"{program.stem}: float32 alone")
