"""``python -m tests.pytorch_names``: which of PyTorch's public names are here, which are left out, and for what reason.

PyTorch's names stand in ``golden/names.json``, the reasons in ``tinygrad_bp.not_here``. With a namespace
(``python -m tests.pytorch_names torch.nn``) every name of it that is not here is listed.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import tinygrad_bp as tg
from tinygrad_bp.not_here import reasons

NAMES: dict[str, str] = json.loads(Path(__file__).with_name("golden").joinpath("names.json").read_text())
SPACES = [space for space in NAMES if space != "version"]


class Found(NamedTuple):
    """What there is of the names of one of PyTorch's namespaces."""

    here: list[str]
    left_out: dict[str, str]  # each with the reason
    missing: list[str]

    @property
    def share(self) -> float:
        """How many of the names that make sense here are here."""
        return len(self.here) / (len(self.here) + len(self.missing))


def ours(space: str) -> Any:
    """Our namespace for one of PyTorch's; nothing where there is none."""
    place = space.removeprefix("torch").removeprefix(".")
    try:
        return import_module(f"tinygrad_bp.{place}" if place else "tinygrad_bp")
    except ImportError:
        try:
            return attrgetter(place)(tg)
        except AttributeError:
            return object()


def found(space: str) -> Found:
    """Where the names of one of PyTorch's namespaces are."""
    place = space.removeprefix("torch").removeprefix(".")
    holder, why = ours(space), reasons("data" if place == "utils.data" else place)  # tg.utils.data is tg.data
    names = NAMES[space].split()
    here = [name for name in names if hasattr(holder, name)]
    absent = [name for name in names if name not in here]
    return Found(here, {n: why[n] for n in absent if n in why}, [n for n in absent if n not in why])


def table() -> list[str]:
    """A row for each namespace."""
    rows = [("namespace", "names", "here", "left out", "missing", "here of what makes sense")]
    for space in SPACES:
        one = found(space)
        counts = [len(part) for part in one]
        rows.append((space, str(sum(counts)), *map(str, counts), f"{one.share:.1%}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def listed(space: str) -> list[str]:
    """The names of one namespace that are not here: the missing ones, then the others by reason."""
    one = found(space)
    lines = [f"missing: {' '.join(one.missing) or 'none'}"]
    for reason in dict.fromkeys(one.left_out.values()):
        lines.append(f"{reason}: {' '.join(name for name, why in one.left_out.items() if why == reason)}")
    return lines


if __name__ == "__main__":
    if unknown := [space for space in sys.argv[1:] if space not in SPACES]:
        sys.exit(f"no namespace {' '.join(unknown)}; give some of: {' '.join(SPACES)}")
    lines = [line for space in sys.argv[1:] for line in listed(space)] or table()
    print(*lines, sep="\n")
