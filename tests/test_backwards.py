"""Backward passes of every kind, wrong and right: the mistakes are named, and nothing right is called wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from backwards.corpus import PROGRAMS, ROUNDS, figures
from backwards.programs import Program
from parts import some


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: f"{p.subject}, {p.style}")
def test_mistakes_are_named_and_right_ones_left_alone(program: Program) -> None:
    mistakes = {name: program.mistakes[name] for name in some(list(program.mistakes), 3)}
    found = figures([replace(program, mistakes=mistakes)], len(some(range(ROUNDS), 1)))
    assert not found.called_wrong and not found.called_right, found.called_wrong + found.called_right
    unnamed = found.unknown + found.otherwise
    assert len(unnamed) <= (1 if program.subject == "convolution" else 0), unnamed


def test_the_corpus_has_what_its_bar_asks_for() -> None:
    subjects = {program.subject for program in PROGRAMS}
    assert len(subjects) >= 12
    both = {s for s in subjects if {p.style for p in PROGRAMS if p.subject == s} == {"script", "classes"}}
    assert len(both) >= 12
    assert sum(len(program.mistakes) for program in PROGRAMS) >= 120
