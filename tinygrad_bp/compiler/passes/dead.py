"""Steps to whose results nothing leads."""

from __future__ import annotations

from ...program.program import Program


def without_dead_steps(program: Program) -> Program:
    """Only the steps that lead to an output or a write, and those that draw random numbers."""
    wanted, steps = set(program.results()), []
    for step in reversed(program.steps):
        if not wanted.isdisjoint(step.gives()) or step.op.draws:
            wanted.update(step.reads())
            steps.append(step)
    return Program(program.inputs, tuple(steps[::-1]), program.outputs, program.writes)
