"""Every example runs in a process of its own, without data and without a warning, and says what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = 60
# The last line that each prints (drawing: beside the folder), or how it begins.
SAYS = {
    "drawing": "",
    "gan": "true: mean 4.00, deviation 1.25",
    "hand_backward": " [[-0.515 -0.685 -0.924  0.027]",
    "mnist": "the small digits: 9",
    "numpy_network": "after 300 steps: 0.0",
    "pinn": "largest distance from the sine on [0, π]: 0.00",
    "tiny_gpt": "the chain rule goes back from the loss, node by node, and",
    "xor": "0^0, 0^1, 1^0, 1^1 = [0, 1, 1, 0]",
}


def examples() -> list[str]:
    return sorted(path.stem for path in (ROOT / "demos" / "examples").glob("[!_]*.py"))


def test_each_is_listed_here() -> None:
    assert examples() == sorted(SAYS)


@pytest.mark.parametrize("name", examples())
def test_it_runs(name: str, tmp_path: Path) -> None:
    text = (ROOT / "demos" / "examples" / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES and text.startswith('"""')
    environment = {key: value for key, value in os.environ.items() if key != "TINYGRAD_BP_DATA"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"demos.examples.{name}", *[str(tmp_path)] * (name == "drawing")],
        cwd=ROOT, env={**environment, "PYTHONUTF8": "1"}, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert any(line.startswith(SAYS[name]) for line in done.stdout.splitlines())
    if name == "drawing":
        assert (tmp_path / "neuron.svg").read_text(encoding="utf-8").startswith("<?xml")
