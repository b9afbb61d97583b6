"""Every program with each mistake and without, checked: ``python -m tests.backwards.corpus`` prints the figures."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field

import numpy as np

from . import (
    activations,
    attention,
    cells,
    convolutions,
    counts,
    deep,
    dense,
    gates,
    goals,
    images,
    layers,
    normalisation,
    places,
    residual,
    sequences,
    shared,
    softmax,
    steps,
    weighted,
    words,
)
from .programs import Program

MODULES = (
    dense, softmax, normalisation, images, words, sequences, attention, residual, shared, steps,
    activations, deep, gates, goals, layers, convolutions, weighted, places, counts, cells,
)  # fmt: skip
PROGRAMS: list[Program] = [program for module in MODULES for program in module.PROGRAMS]
ROUNDS = 3  # right ones are drawn that often, with other numbers


@dataclass
class Figures:
    """What became of the wrong backwards and of the right ones; each entry says which, and what was said."""

    named: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)  # a kind that does not name the mistake
    unknown: list[str] = field(default_factory=list)
    called_right: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)
    called_wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """How many wrong backwards there were."""
        return len(self.named) + len(self.otherwise) + len(self.unknown) + len(self.called_right)

    def __str__(self) -> str:
        return (
            f"{self.wrong} wrong backwards: {len(self.named)} named, {len(self.otherwise)} called something else, "
            f"{len(self.unknown)} unknown, {len(self.called_right)} called right. "
            f"{len(self.right) + len(self.called_wrong)} right ones: {len(self.called_wrong)} called wrong. "
            f"A check takes {np.median(self.seconds):.2f} s (median), {np.max(self.seconds):.2f} s at most."
        )


def figures(programs: list[Program] = PROGRAMS, rounds: int = ROUNDS) -> Figures:
    """Check them all."""
    found = Figures()
    for program in programs:
        for mistake in [*program.mistakes, *[""] * rounds]:
            check = program.build(mistake)
            began = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                said = check()
            found.seconds.append(time.perf_counter() - began)
            text = f"{program.subject}, {program.style}, {mistake or 'right'}:\n{said}"
            kinds = {finding.kind for finding in said.wrong}
            if not mistake:
                (found.right if said.ok else found.called_wrong).append(text)
            elif said.ok:
                found.called_right.append(text)
            elif kinds & set(program.mistakes[mistake]):
                found.named.append(text)
            elif kinds == {"unknown"}:
                found.unknown.append(text)
            else:
                found.otherwise.append(text)
    return found


if __name__ == "__main__":
    result = figures()
    for text in (*result.called_wrong, *result.called_right, *result.unknown, *result.otherwise):
        print(text, end="\n\n")
    print(result)
