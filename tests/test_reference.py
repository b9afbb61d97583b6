"""The reference page is what the op table says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tinygrad_bp.autograd.op import OPS

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.page()
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == page, "run python docs/make_reference.py"
    assert all(f"| **{name}** |" in page for name in OPS)
