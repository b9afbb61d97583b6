"""``tg.diagnose`` names mistakes of rates, sizes, first weights, layers, optimizers and modes."""

from __future__ import annotations

from itertools import groupby

import pytest
from faults import broken_unmoved as broken_unmoved  # enters its programs
from faults.broken_training import CASES
from faults.case import Case, outcome
from parts import some


def code_of(case: Case) -> str:
    return case.name.split(":")[0]


# Of each mistake half its trainings, and two at least; ``python tests/faults/corpus.py`` has all.
HALF = [
    case for _, same in groupby(sorted(CASES, key=code_of), code_of)
    for one in [list(same)] for case in some(one, max(2, len(one) // 2))
]  # fmt: skip


@pytest.mark.parametrize("case", HALF, ids=lambda case: case.name)
def test_the_mistake_is_named(case: Case) -> None:
    assert outcome(case).right
