"""Every file of demos/examples runs, without data and on a Windows console, and says what it should."""

from __future__ import annotations

import io
import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "demos" / "examples"
LINES = 60
# How the last line begins that each prints.
SAYS = {
    "drawing": "",
    "gan": "true: mean 4.00, deviation 1.25",
    "hand_backward": " [-0.612  0.058 -0.986 -0.106]]",
    "mnist": "the small digits: 9",
    "numpy_network": "after 300 steps: 0.0",
    "pinn": "largest distance from the sine on [0, pi]: 0.00",
    "tiny_gpt": "the chain rule goes back from the loss, node by node, and",
    "xor": "0^0, 0^1, 1^0, 1^1 = [0, 1, 1, 0]",
}
ELSEWHERE = {"sweep"}  # test_sweeps runs it


def test_each_is_listed_and_has_one_idea() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("[!_]*.py")}
    assert texts.keys() == SAYS.keys() | ELSEWHERE
    assert all(len(text.splitlines()) <= LINES and text.startswith('"""') for text in texts.values())


@pytest.mark.parametrize("name", SAYS)
def test_it_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYGRAD_BP_DATA", raising=False)
    monkeypatch.setattr(sys, "argv", [name, *[str(tmp_path)] * (name == "drawing")])
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    monkeypatch.setattr(sys, "stdout", console)
    runpy.run_module(f"demos.examples.{name}", run_name="__main__")
    printed = console.buffer.getvalue().decode("cp1252")  # type: ignore[attr-defined]
    assert printed.splitlines()[-1].startswith(SAYS[name])
    if name == "drawing":
        assert (tmp_path / "neuron.svg").read_text(encoding="utf-8").startswith("<?xml")
