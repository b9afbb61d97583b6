"""A PyTorch script runs with tinygrad_bp in torch's place, and prints the same: the random numbers are the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["course_script", "regularized_script"])
def test_a_course_script_prints_what_it_prints_with_pytorch(name):
    script = [sys.executable, "-W", "error", str(GOLDEN / f"{name}.py"), "tinygrad_bp"]
    environment = {**os.environ, "PYTHONPATH": str(GOLDEN.parent.parent)}
    result = subprocess.run(script, capture_output=True, text=True, env=environment, check=False)
    assert result.stderr == ""
    assert result.stdout == (GOLDEN / f"{name}.txt").read_text()
