"""``tg.diagnose`` names the mistake of broken programs, and says at most one thing more."""

from __future__ import annotations

from itertools import groupby

import pytest
from faults import broken_counted as broken_counted  # enters its programs
from faults import broken_labels as broken_labels
from faults import broken_losses as broken_losses
from faults import broken_outputs as broken_outputs
from faults import broken_reading as broken_reading
from faults import broken_rows as broken_rows
from faults.case import Case, figures, outcome
from faults.mistakes import broken
from parts import some

from tinygrad_bp.faults.observation import Observation
from tinygrad_bp.faults.table import FAULTS

CASES = list(broken())
# Of each mistake two networks; ``python tests/faults/corpus.py`` and all examples have it in all of them.
OFTEN = [case for _, same in groupby(CASES, lambda case: case.name.split(":")[0]) for case in some(list(same), 2)]


@pytest.mark.parametrize("case", OFTEN, ids=lambda case: case.name)
def test_the_mistake_is_named(case: Case) -> None:
    one = outcome(case)
    assert one.right, one.found


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case.name)
def test_no_rule_stumbles_and_each_gives_its_own_code(case: Case) -> None:
    model, loss_fn, batch, optimizer = case.make()
    seen = Observation(model, loss_fn, *batch, optimizer)
    for fault in FAULTS:
        finding = fault.rule(seen)
        assert finding is None or finding.code == fault.code


def test_a_wrong_code_and_a_false_alarm_are_counted() -> None:
    case = CASES[0]
    found = figures([case, case._replace(codes=("dead-layer",)), case._replace(codes=())])
    assert (found.broken, found.named, found.sound, found.alarmed) == (2, 1, 1, 1)


def test_the_source_is_the_line_of_the_user() -> None:
    case = next(case for case in CASES if case.name == "relu on the scores: points")
    (finding,) = outcome(case).found
    assert finding.source.startswith("broken_outputs.py:")
