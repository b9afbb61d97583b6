"""The benchmark of ops: its calls run, and what it excuses is in its table."""

import numpy as np
import pytest

import tinygrad_bp as tg
from benchmarks import ops


@pytest.mark.parametrize("case", ops.CASES, ids=lambda case: case.name)
def test_every_call_runs_forward_and_backward(case: ops.Case) -> None:
    forward, both = ops.steps(case, case.small, tg)
    assert np.isfinite(forward().detach().numpy()).all()
    assert all(np.isfinite(gradient.numpy()).all() for gradient in both())


def test_what_is_excused_is_measured() -> None:
    names = [case.name for case in ops.CASES]
    assert len(set(names)) == len(names)
    assert set(ops.KNOWN) <= set(names)
    assert all(most > ops.BAR and why for most, why in ops.KNOWN.values())


def test_without_pytorch_the_table_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.importlib.util, "find_spec", lambda name: None)
    lines, holds = ops.alone(0.1)
    assert holds
    assert lines == ["Not measured: PyTorch is not installed; `pip install torch`."]
