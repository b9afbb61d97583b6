"""``tg.diagnose`` names mistakes of rates, sizes, first weights, layers, optimizers and modes."""

from __future__ import annotations

import pytest
from faults.broken_training import CASES
from faults.case import Case, outcome


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_mistake_is_named(case: Case) -> None:
    assert outcome(case).right
