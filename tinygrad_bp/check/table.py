"""Verdicts as they are printed: a row a pair for one file, a row a file for a folder."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from .runner import Report

WORDS = {"right": "right", "wrong": "wrong", "unchecked": "could not check"}
NAME = 26  # columns at most
VERDICT = 9
NOTHING = "No forward with its backward was found: functions as relu_forward and relu_backward, or classes with both."


def width() -> int:
    """Columns of the terminal, 80 where there is none; never more than 100."""
    return max(40, min(shutil.get_terminal_size((80, 24)).columns, 100))


def rows(lines: Iterable[Sequence[str]], widths: Sequence[int], total: int) -> str:
    """Cells under one another; each is wrapped in its column, the last takes what is left."""
    last = total - sum(widths) - 2 * len(widths)
    out = []
    for cells in lines:
        parts = [_wrapped(cell, w) for cell, w in zip(cells, [*widths, last], strict=True)]
        for i in range(max(map(len, parts))):
            line = [p[i] if i < len(p) else "" for p in parts]
            out.append("  ".join(cell.ljust(w) for cell, w in zip(line, [*widths, last], strict=True)).rstrip())
    return "\n".join(out)


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, max(columns, 8), break_on_hyphens=False, subsequent_indent="") or [""]


def one(report: Report) -> str:
    """The verdicts on one file."""
    total = width()
    lines = [(v.name or report.path.name, WORDS[v.verdict], v.sentence) for v in report.verdicts]
    name = min(NAME, max((len(line[0]) for line in lines), default=NAME), total // 3)
    text = [str(report.path), rows(lines, (name, VERDICT), total) if lines else textwrap.fill(NOTHING, total)]
    text += [textwrap.fill(note, total) for note in report.notes]
    if lines:
        text.append(f"{summary(report)}; {report.seconds:.1f} s")
    return "\n".join(text)


def summary(report: Report) -> str:
    """``3 right, 1 wrong``."""
    counts = [(report.count(v), word) for v, word in WORDS.items()]
    return ", ".join(f"{n} {word}" for n, word in counts if n) or "nothing to check"


def many(found: Iterable[Report], names: Sequence[str]) -> Iterator[str]:
    """A row a file, as they come: counts, time, and what is wrong; at the end all of them together."""
    total = width()
    widths = (min(max(map(len, names)), total // 3), 5, 5, 3, 5)
    yield rows([("file", "right", "wrong", "?", "time", "what is wrong, or why it was not checked")], widths, total)
    sums = dict.fromkeys(WORDS, 0)
    for report, name in zip(found, names, strict=True):
        for verdict in WORDS:
            sums[verdict] += report.count(verdict)
        wrong = ", ".join(v.name for v in report.verdicts if v.verdict == "wrong")
        why = next((v.sentence for v in report.verdicts if not v.name or report.verdict == "unchecked"), "")
        said = wrong or why or ("" if report.verdicts else "no forward with its backward was found")
        counts = [str(report.count(v)) for v in WORDS]
        yield rows([(name, *counts, f"{report.seconds:.1f}", said)], widths, total)
    words = ", ".join(f"{n} {WORDS[verdict]}" for verdict, n in sums.items())
    yield f"{len(names)} files: {words} (?)"
