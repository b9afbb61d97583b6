"""The real Netron opens what is exported, and shows every node of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from browser import browser, picture
from onnx_runs import onnx
from test_onnx import BATCH, seeded

import tinygrad_bp as tg

netron = pytest.importorskip("netron", reason="netron is not installed")

SHOWN = "return [...document.querySelectorAll('#target .node-item-type text')].map(x => x.textContent).sort()"


def nodes_of(page: Any, url: str, count: int) -> list[str]:
    """The kinds of the nodes that the page shows, once it shows so many."""
    page.get(url)
    page.add_cookie({"name": "consent", "value": "1"})  # what Netron asks for first
    page.get(url)
    end = time.monotonic() + 20
    while len(shown := page.execute_script(SHOWN)) != count and time.monotonic() < end:
        time.sleep(0.1)
    return list(shown)


def test_netron_shows_every_node(tmp_path: Path) -> None:
    with browser() as page:
        for name in ("LeNet", "LSTM"):
            model, sample = seeded(name)
            path = tmp_path / f"{name}.onnx"
            tg.onnx.export(model, sample(2), path, input_names=["x"], output_names=["y"], dynamic_axes={"x": BATCH})
            kinds = sorted(node.op_type for node in onnx.load(path).graph.node)
            address = netron.start(str(path), browse=False)
            try:
                assert nodes_of(page, f"http://{address[0]}:{address[1]}", len(kinds)) == kinds
                assert "batch×" in page.execute_script("return document.querySelector('#target').textContent")
                picture(page, tmp_path / f"{name}.png")  # to look at
            finally:
                netron.stop(address)
