"""A PyTorch script runs with tinygrad_bp in torch's place, and prints the same: the random numbers are the same."""

import os
import subprocess
import sys
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def test_a_course_script_prints_what_it_prints_with_pytorch():
    script = [sys.executable, "-W", "error", str(GOLDEN / "course_script.py"), "tinygrad_bp"]
    environment = {**os.environ, "PYTHONPATH": str(GOLDEN.parent.parent)}
    result = subprocess.run(script, capture_output=True, text=True, env=environment, check=False)
    assert result.stderr == ""
    assert result.stdout == (GOLDEN / "course_script.txt").read_text()
