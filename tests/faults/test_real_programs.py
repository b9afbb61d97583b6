"""The real faulty programs: their mistakes are mistakes, and their repairs are repairs."""

from functools import cache

import pytest

import tinygrad_bp as tg

from .ground_truth import scores
from .real_programs import REAL

SLOW = {"rb09", "rb13", "rb19"}  # convolutions, and every output against every label: fewer steps, a batch of rows


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


@cache
def found(name, repaired):
    model, loss_fn, (x, y), optimizer, _, rows = REAL[name].written(repaired, seed=0)
    if name in SLOW:
        x, y = x[:rows], y[:rows]
    return frozenset(tg.diagnose(model, loss_fn, (x, y), optimizer).codes)


@pytest.mark.parametrize("name", REAL)
def test_a_mistake_of_the_faulty_one_is_named(name):
    assert found(name, False) & REAL[name].faults


@pytest.mark.parametrize("name", REAL)
def test_the_repaired_one_is_left_alone(name):
    assert not found(name, True)


def test_most_of_all_mistakes_are_named():
    """A program has several; a cause hides its consequences, so not all of them can be among the findings."""
    named = sum(len(found(name, False) & program.faults) for name, program in REAL.items())
    assert named >= 0.65 * sum(len(program.faults) for program in REAL.values())
