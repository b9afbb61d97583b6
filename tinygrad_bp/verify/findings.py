"""What a check of hand-written numbers gives back."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass

from ..autograd.errors import AutogradError
from ..autograd.terminal import fitting


@dataclass(frozen=True, repr=False)
class Finding:
    """What was found of one gradient (or one value).

    ``kind`` is ``"right"``, or the name of the mistake, as the first words of the entries of ``HYPOTHESES`` give it;
    ``"unknown"`` where no entry fits, or what is too much are numbers that nothing explains; ``"kink"`` and
    ``"unsettled"`` where there is no slope to compare with, ``"rounding"`` where a right rule loses its digits in the
    dtype given, ``"two meanings"`` where a forward has other numbers on arrays than on Tensors. ``factor`` is
    hand / engine where that is one number, ``error`` the largest difference over the largest element of the engine's,
    ``where`` its index.
    """

    name: str
    kind: str
    sentence: str
    factor: float | None = None
    error: float = 0.0
    where: tuple[int, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong: it is right, or lies at a kink where every subgradient is."""
        return self.kind in ("right", "kink", "unsettled", "rounding", "two meanings")

    def __repr__(self) -> str:
        return _shown(f"{self.name}: {self.kind}. {self.sentence}")


class HandWrittenError(AutogradError, AssertionError):
    """A hand-written gradient that is wrong; the message says which, how, and what was compared."""


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The findings of one check, one for each value and gradient compared, in order, and notes on how it was made.

    ``place`` says where in a network to look: between the gradients of which values, and at which lines.
    """

    findings: tuple[Finding, ...]
    error: type[AutogradError] = HandWrittenError
    notes: tuple[str, ...] = ()
    place: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything compared is right."""
        return all(finding.ok for finding in self.findings)

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """The findings that are not right."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def __getitem__(self, name: str) -> Finding:
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(f"nothing was found of {name!r}; there are {', '.join(f.name for f in self.findings)}")

    def raise_if_wrong(self) -> None:
        """Raise ``error`` with the whole text, unless everything is right."""
        if not self.ok:
            raise self.error(str(self))

    def __repr__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        if self.wrong and not all(f.kind == self.wrong[0].kind for f in self.findings):
            right = [f.name for f in self.findings if f.ok and f.kind != "two meanings"]
            wrong = [f.name for f in self.wrong]
            lines.append(f"Wrong: {', '.join(wrong)}. Right: {', '.join(right) or 'none'}.")
        lines += [self.place] * bool(self.place) + [f"Note: {note}" for note in self.notes]
        return _shown("\n".join(lines))

    def _repr_html_(self) -> str:
        """A row a finding and the notes below, for Jupyter; what is wrong in bold."""
        from html import escape

        rows = []
        for finding in self.findings:
            error = f"{finding.error:.1e}" if finding.error else "0"
            cells = ("✓" if finding.ok else "✗", finding.name, finding.kind, finding.sentence, error)
            mark = "{}" if finding.ok else "<b>{}</b>"
            rows.append("".join(f'<td style="text-align: left">{mark.format(escape(cell))}</td>' for cell in cells))
        heads = ("", "what", "is", "how", "largest difference")
        head = "".join(f'<th style="text-align: left">{name}</th>' for name in heads)
        notes = f"<pre>{escape(self.place)}</pre>" if self.place else ""
        notes += "".join(f"<p>Note: {escape(note)}</p>" for note in self.notes)
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>{notes}"


def _shown(text: str) -> str:
    """The text in the signs and, line by line, in the width of the terminal that it is read in."""
    if not sys.stdout or not sys.stdout.isatty():
        return fitting(text)
    width = max(40, shutil.get_terminal_size().columns)
    lines = (textwrap.fill(line, width, subsequent_indent="    ", break_long_words=False) for line in text.split("\n"))
    return fitting("\n".join(lines))
