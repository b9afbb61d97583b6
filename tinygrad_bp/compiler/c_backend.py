"""The backend of C: a program as C files, compiled by the system's compiler and called on arrays."""

from __future__ import annotations

from ..autograd.lines import warn
from ..program.program import Program
from . import numpy_backend
from .c_parts import Parts, split
from .c_runnable import Runnable
from .c_steps import VIEWS, Unknown

__all__ = ["Parts", "Runnable", "build"]

MOST_STEPS = 1500  # a compiler takes some 10 seconds for them


def build(program: Program, exact: bool = False) -> Runnable | Parts | numpy_backend.Runnable:
    """What runs ``program`` by C; steps that C does not have are called in NumPy between the parts in C.

    ``exact`` asks for the bits of the ops called one by one, which C does not give: NumPy's backend does. It also
    runs what C has no step of, and says so in a warning.
    """
    if exact or not program.steps:
        return numpy_backend.build(program, exact)
    if len(program.steps) <= MOST_STEPS and any(step.op.name not in VIEWS for step in program.steps):
        try:
            return Runnable(program)
        except Unknown:  # then in parts
            pass
    pieces = split(program)
    if not any(isinstance(piece, Program) for piece in pieces):
        missing = ", ".join(sorted({step.op.name for step in program.steps}))
        return _by_numpy(program, f"the backend of C does not have {missing}")
    count = sum(len(piece.steps) for piece in pieces if isinstance(piece, Program))
    if count > MOST_STEPS:
        return _by_numpy(program, f"a C compiler would take long for {count} steps")
    return Parts(program, pieces)


def _by_numpy(program: Program, why: str) -> numpy_backend.Runnable:
    warn(f"{why}; the program runs by NumPy")
    return numpy_backend.build(program)
