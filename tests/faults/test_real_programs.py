"""The real faulty programs: their mistakes are mistakes, and their repairs are repairs."""

import pytest
from ground_truth import scores
from real_programs import REAL

SLOW = {"rb09", "rb13"}  # convolutions of pictures


@pytest.mark.parametrize("name", REAL)
def test_the_repaired_one_learns_and_the_faulty_one_does_not(name):
    steps = 150 if name in SLOW else 300
    (faulty,), (repaired,) = (scores(REAL[name], one, seeds=1, steps=steps) for one in (False, True))
    assert repaired > 0.8
    assert faulty < repaired - 0.3


@pytest.mark.parametrize("name", [name for name, program in REAL.items() if program.stops])
def test_some_end_in_an_error_at_the_first_step(name):
    model, loss_fn, (x, y), *_ = REAL[name].written(repaired=False, seed=0)
    with pytest.raises((RuntimeError, IndexError, ValueError)):
        loss_fn(model(x), y)
