"""The larger benchmarks train alike on both engines: the same text, the same start, the same losses."""

from __future__ import annotations

import pytest

import tinygrad_bp as tg
from benchmarks.workloads import WORKLOADS

# What PyTorch says of itself when its torch.func is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is:DeprecationWarning")

torch = pytest.importorskip("torch", reason='needs pip install "tinygrad_bp[conformance]"')


@pytest.mark.parametrize("name", WORKLOADS)
def test_both_engines_train_alike(name: str) -> None:
    (ours, given), (theirs, arrived) = WORKLOADS[name](tg), WORKLOADS[name](torch)
    losses = [ours(*given).item() for _ in range(6)]
    assert losses == pytest.approx([theirs(*arrived).item() for _ in range(6)], rel=1e-4)
    assert losses[-1] < losses[0]
