"""Random programs agree with NumPy, whoever reads them: a share of ``python -m benchmarks.attacks programs``."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.attacks import programs
from benchmarks.attacks.programs import WAYS, Case, check
from benchmarks.attacks.reader import Wrong


@pytest.mark.parametrize("way", WAYS)
def test_any_program_is_right(way):
    check([way], 60 if way in ("built", "differentiated", "saved") else 12)


@pytest.mark.parametrize("way", ["differentiated", "compiled", "captured", "replayed", "explained"])
def test_a_wrong_gradient_is_seen(way, monkeypatch):
    case = Case([("tanh", (0,)), ("products", (2, 1))], np.arange(12.0).reshape(2, 2, 3) / 10)
    WAYS[way](case)
    case.gradients[1] = case.gradients[1] + 1e-3
    monkeypatch.setattr(programs, "evaluate", lambda program, arrays: [[array + 1e-3 for array in arrays]])
    with pytest.raises(Wrong):
        WAYS[way](case)


def test_a_wrong_value_is_seen(monkeypatch):
    monkeypatch.setitem(programs.UNARY, "tanh", lambda x: np.tanh(x) if isinstance(x, np.ndarray) else np.sin(x))
    with pytest.raises(Wrong):
        WAYS["built"](Case([("tanh", (0,))], np.ones((2, 2, 3))))
