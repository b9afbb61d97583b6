"""The reports' hand-written rules beside the engine: one page per report, also kept in ``docs/reports``.

The verdicts come from ``tinygrad_bp.verify`` alone; what is listed here is how each report writes its rules.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType

from tinygrad_bp.verify import Finding

from ..table import WIDTH
from . import r1, r2, r3, r4, r5
from .emitted import emitted
from .piece import Piece

REPORTS: dict[str, ModuleType] = {"r1": r1, "r2": r2, "r3": r3, "r4": r4, "r5": r5}
HEAD = ("piece", "hand rule", "engine", "hand / engine", "verdict")
# How a mistake of each kind stays unseen in a training run.
HIDDEN = {
    "summed": "The learning rate absorbs it: lr acts like lr · N and has to be found again for every batch size.",
    "averaged": "The loss still falls: these parameters take steps N times shorter, and a larger lr covers that.",
    "divided twice": "It looks like slow learning: lr acts like lr / N, more so the larger the batch.",
    "term missing": "The curve falls all the same, and says nothing of those examples: a network that errs on each of "
    "them looks perfect.",
    "overflow": "Small scores never show it: it waits until the weights have grown, and then everything is nan.",
    "batch coupling": "The scores of a young network lie close together: it shows when one example's lie far above "
    "another's.",
    "mask inverted": "Shapes are right and the layers above still learn.",
}
PAGE = """# {title}: the hand rules, checked

{intro}

The same network on the engine:

```python
{network}
```

Each rule runs on fixed random numbers of the report's sizes beside the engine's function (its gradient, for a backward
rule). `tinygrad_bp.verify` tells from the numbers alone whether they agree, and if not, why. "hand / engine" is their
ratio where that is one number, else the largest difference over the engine's largest number.

{table}

{sentences}

The same training step, as `tg.compile` writes it: forward, backward and update in plain NumPy, to the bits of the
engine. `compiled.save("backprop.py")` gives such a file for any step.

```python
{emitted}
```
"""


def checked(report: str) -> list[tuple[Piece, list[Finding]]]:
    """Every piece of a report, ``"r1"`` to ``"r5"``, with what was found of it."""
    return [(piece, list(piece.check().findings)) for piece in REPORTS[report].pieces()]


def page(report: str) -> str:
    """The page of a report, ``"r1"`` to ``"r5"``, in Markdown: the same text on every run."""
    module, results = REPORTS[report], checked(report)
    rows = [row for piece, findings in results for row in _rows(piece, findings)]
    parts = [*_sentences(results, whole=False), *_sentences(results, whole=True)]
    return PAGE.format(
        title=report.upper(),
        intro=(module.__doc__ or "").strip(),
        network=module.NETWORK.strip(),
        table=_table([HEAD, *rows]),
        sentences="\n".join(parts).rstrip() or "Every rule is right, alone and together.",
        emitted=emitted(report).rstrip(),
    )


def _groups(piece: Piece, findings: list[Finding]) -> Iterator[tuple[str, str, Finding]]:
    """Findings that say the same, under one name and with their hand rules."""
    of: dict[tuple[str, float | None], list[int]] = {}
    for i, finding in enumerate(findings):
        of.setdefault((finding.kind, finding.factor), []).append(i)
    for same in of.values():
        names = [findings[i].name for i in same]
        results = ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
        title = f"{piece.name}, {piece.source}" if piece.source else piece.name
        rules = piece.hand if len(piece.hand) == 1 else [piece.hand[i] for i in same]
        yield f"{title}: {results}", ", ".join(rules), findings[same[0]]


def _rows(piece: Piece, findings: list[Finding]) -> Iterator[tuple[str, ...]]:
    for name, rules, finding in _groups(piece, findings):
        verdict = "right" if finding.ok else f"wrong: {finding.kind}"
        yield name, rules, piece.engine, _ratio(finding), verdict


def _ratio(finding: Finding) -> str:
    if finding.factor is not None:
        return str(Fraction(finding.factor).limit_denominator(10_000))
    return f"differs {finding.error:.0%}" if finding.error < float("inf") else "inf or nan"


def _sentences(results: list[tuple[Piece, list[Finding]]], whole: bool) -> Iterator[str]:
    """One entry for each mistake; for whole networks, what becomes of it there."""
    wrong = [
        (name, rules, finding)
        for piece, findings in results
        for name, rules, finding in _groups(piece, findings)
        if piece.whole == whole and not finding.ok
    ]
    if wrong:
        yield "In the whole network:\n" if whole else "What is wrong:\n"
    for name, rules, finding in wrong:
        rule, hidden = ("", "") if whole else (f", `{rules}`", HIDDEN.get(finding.kind, ""))
        text = f"- **{name}**{rule}. {finding.sentence} {hidden}"
        yield textwrap.fill(text.rstrip(), WIDTH, subsequent_indent="  ", break_long_words=False)
    if wrong and not whole:
        yield ""


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    lines = ["| " + " | ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])
