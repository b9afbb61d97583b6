"""What a diagnosis gives back."""

from __future__ import annotations

from dataclasses import dataclass

from ..autograd.terminal import fitting


@dataclass(frozen=True, repr=False)
class Finding:
    """One mistake of a training program.

    ``code`` names the mistake and its direction, and stays the same from version to version; ``reason`` says what was
    seen, in numbers; ``source`` is the user's line, ``"train.py:12"``, or the layer where no line of the user's called
    it, or empty; ``fix`` says what to write instead.
    """

    code: str
    reason: str
    source: str
    fix: str

    def __repr__(self) -> str:
        at = f" ({self.source})" if self.source else ""
        return fitting(f"{self.code}{at}: {self.reason} {self.fix}")


class Findings(tuple[Finding, ...]):
    """The mistakes that were found, most serious first; empty where nothing was. It shows as a list.

    >>> from tinygrad_bp.faults import Findings
    >>> Findings(), bool(Findings())
    (Nothing is wrong that one step can show., False)
    """

    __slots__ = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the findings, in order."""
        return tuple(finding.code for finding in self)

    def __repr__(self) -> str:
        if not self:
            return "Nothing is wrong that one step can show."
        return "\n".join(f"{number}. {finding!r}" for number, finding in enumerate(self, 1))

    def _repr_html_(self) -> str:
        """A row a finding, for Jupyter."""
        from html import escape

        if not self:
            return f"<p>{escape(repr(self))}</p>"
        left = ' style="text-align: left"'
        head = "".join(f"<th{left}>{name}</th>" for name in ("what", "why", "where", "what to do"))
        rows = [
            "".join(f"<td{left}>{escape(text)}</td>" for text in (one.code, one.reason, one.source, one.fix))
            for one in self
        ]
        return f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
