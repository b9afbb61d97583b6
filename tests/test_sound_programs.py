"""``tg.diagnose`` says nothing of programs that learn."""

from __future__ import annotations

import pytest
from faults import reports as reports  # enters its programs
from faults import sound_counted as sound_counted
from faults import sound_lookalikes as sound_lookalikes
from faults import sound_purposes as sound_purposes
from faults import sound_rows as sound_rows
from faults import sound_structures as sound_structures
from faults import sound_unmoved as sound_unmoved
from faults.sound_networks import SOUND, made

from tinygrad_bp.faults.diagnose import findings
from tinygrad_bp.faults.observation import Observation


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_sound_programs(name: str) -> None:
    program = made(name, 0)
    observation = Observation(program.model, program.loss_fn, *program.batch, program.optimizer)
    assert findings(observation, strict=True) == ()
    assert observation.failure is None
