"""Settings that every test shares."""

from __future__ import annotations

import pytest

import tinygrad_bp as tg
import tinygrad_bp.nn  # its ops are part of the table


@pytest.fixture(autouse=True)
def fresh_defaults():
    """Each test starts from the same dtype, seed and mode, whatever the one before left."""
    tg.set_default_dtype(tg.float32)
    tg.manual_seed(0)
    yield
    tg.set_default_dtype(tg.float32)
    assert tg.is_grad_enabled()
