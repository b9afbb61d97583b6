"""The lines with which a report's run is summed up beside the others'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .table import table


class Line(NamedTuple):
    """One setting of one report."""

    report: str
    setting: str
    figure: str  # the report's
    ours: str  # with its spread over seeds where there are several
    why: str  # where they differ


def summary(lines: Sequence[Line]) -> str:
    """The table of all lines.

    >>> print(summary([Line("R4", "loss at the start", "1.0986", "1.0986", "")]))
    report  setting            its figure  ours    why they differ
    --------------------------------------------------------------
    R4      loss at the start  1.0986      1.0986
    """
    return table(["report", "setting", "its figure", "ours", "why they differ"], lines, rules=False)
