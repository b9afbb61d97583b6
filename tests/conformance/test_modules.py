"""Every ``nn`` module that is exported, on PyTorch's own module table."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')
pytest.importorskip("expecttest", reason='needs pip install "tinygrad_bp[conformance]"')

from . import modules as m

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("info", m.exported(), ids=lambda info: info.name)
def test_module(info: Any, training: bool) -> None:
    for given in m.inputs(info, training):
        m.compare(info, given, training)
