"""Twenty-six programs that somebody trained in earnest and that did not learn, each with its repair.

`python -m tests.faults.real_programs` trains all of them, 300 steps from three seeds, and prints what they reach.
"""

from __future__ import annotations

from .ground_truth import Program, scores
from .real_pictures import PICTURES
from .real_tables import TABLES

REAL: dict[str, Program] = dict(sorted((TABLES.programs | PICTURES.programs).items()))


def main() -> None:
    for name, program in REAL.items():
        faulty, repaired = (scores(program, one) for one in (False, True))
        told = ("  ".join(f"{score:5.2f}" for score in each) for each in (faulty, repaired))
        print(name, *told, ", ".join(sorted(program.faults)), sep="  | ", flush=True)


if __name__ == "__main__":
    main()
