"""Random numbers fill a tensor in the order of its memory, as PyTorch's do.

Golden numbers: tests/golden/make_memory_orders.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from memory_orders import cases, drawn

import tinygrad_bp as tg

GOLDEN = json.loads((Path(__file__).parent / "golden" / "memory_orders.json").read_text())


def check(values, first: float, total: float) -> None:
    values = np.ravel(np.array(values, float))
    found = values[0], values @ np.sqrt(np.arange(2.0, values.size + 2))
    assert found == pytest.approx((first, total), rel=2e-5, abs=1e-5)


def test_every_case_has_golden_numbers() -> None:
    assert [tuple(row[:2]) for row in GOLDEN] == cases()


@pytest.mark.parametrize(("layout", "call", "first", "total"), GOLDEN, ids=[f"{row[0]}: {row[1]}" for row in GOLDEN])
def test_the_numbers_lie_where_pytorch_puts_them(layout: str, call: str, first: float, total: float) -> None:
    check(drawn(tg, layout, call), first, total)


def test_another_order_is_noticed() -> None:
    _, _, first, total = next(row for row in GOLDEN if row[:2] == ["transposed", "T.rand_like(x)"])
    tg.manual_seed(5)
    with pytest.raises(AssertionError):
        check(tg.rand(8, 6).tolist(), first, total)


def test_one_by_one_or_in_pairs_the_stream_is_the_same() -> None:
    """An odd number of normal numbers leaves one for the next call, whatever comes next."""
    tg.manual_seed(0)
    at_once = tg.zeros(2, 14).t().normal_()
    tg.manual_seed(0)
    parts = [tg.zeros(2, n).t().normal_() for n in (1, 2, 4, 3, 4)]
    ordered = [part.t().reshape(-1) for part in parts]
    np.testing.assert_array_equal(tg.cat(ordered).detach().numpy(), at_once.t().reshape(-1).detach().numpy())
