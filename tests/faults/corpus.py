"""Every program of the corpus, sound and broken; ``python tests/faults/corpus.py`` prints what is said of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import broken_counted as broken_counted  # enters its programs
from faults import broken_labels as broken_labels
from faults import broken_losses as broken_losses
from faults import broken_outputs as broken_outputs
from faults import broken_reading as broken_reading
from faults import broken_rows as broken_rows
from faults import broken_unmoved as broken_unmoved
from faults import reports as reports
from faults import sound_counted as sound_counted
from faults import sound_lookalikes as sound_lookalikes
from faults import sound_purposes as sound_purposes
from faults import sound_rows as sound_rows
from faults import sound_structures as sound_structures
from faults import sound_unmoved as sound_unmoved
from faults.broken_training import CASES
from faults.case import Case, figures
from faults.mistakes import broken
from faults.sound_networks import SOUND, made


def every() -> Iterator[Case]:
    """All cases: the sound ones have no code."""
    for name in SOUND:
        yield Case(name, partial(made, name, 0))
    yield from broken()
    yield from CASES


def main() -> None:
    found = figures(every())
    print(f"{found.named} of {found.broken} broken programs named, {found.named / found.broken:.1%}")
    print(f"{found.alarmed} of {found.sound} sound programs warned of")
    print(f"a diagnosis takes {found.median:.3f} s (median), at most {found.slowest:.1f} s")


if __name__ == "__main__":
    main()
