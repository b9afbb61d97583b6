"""Tables and paragraphs for a plain terminal, as wide as it is and 120 characters at most."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

WIDTH = 120
GAP = "  "
NARROW = 24  # a last column of several words needs that much


class Page:
    """How wide the text is."""

    width = WIDTH

    @classmethod
    def fit(cls) -> None:
        """Take the width of the terminal, or of ``COLUMNS``; without either the full width."""
        cls.width = max(40, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))


def paragraph(text: str, **indents: str) -> str:
    """The text filled to the width of the page."""
    return textwrap.fill(text, Page.width, **indents)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], rules: bool = True) -> str:
    """Rows of cells under a head; a cell may have several lines, and the last column takes the rest of the width.

    ``rules`` draws a line between rows. Where the rest is too narrow to read, each row is a block of its own, a cell a
    line.

    >>> print(table(["x", "why"], [["1\\n2", "one"], ["30", "thirty"]]))
    x   why
    ----------
    1   one
    2
    ----------
    30  thirty
    """
    lines = [[cell.splitlines() or [""] for cell in row[:-1]] for row in [head, *rows]]
    widths = [max(len(line) for row in lines for line in row[i]) for i in range(len(head) - 1)]
    rest = Page.width - sum(width + len(GAP) for width in widths)
    if rest < min(NARROW, max(len(row[-1]) for row in [head, *rows])):
        return "\n\n".join(_listed(head, row) for row in rows)
    blocks = []
    for row, cells in zip([head, *rows], lines, strict=True):
        columns = [*cells, textwrap.wrap(row[-1], rest)]
        height = max(len(column) for column in columns)
        columns = [column + [""] * (height - len(column)) for column in columns]
        shown = [
            GAP.join(f"{c:{w}}" for c, w in zip(line, [*widths, 0], strict=True)) for line in zip(*columns, strict=True)
        ]
        blocks.append("\n".join(line.rstrip() for line in shown))
    rule = "\n" + "-" * max(len(line) for block in blocks for line in block.splitlines()) + "\n"
    return blocks[0] + rule + (rule if rules else "\n").join(blocks[1:])


def _listed(head: Sequence[str], row: Sequence[str]) -> str:
    """The cells of one row under each other, each after the head of its column; empty ones are left out."""
    wide = min(max(map(len, head)), Page.width // 2)
    lines = []
    for name, cell in zip(head, row, strict=True):
        if cell:
            names = textwrap.wrap(name, wide) or [""]
            words = textwrap.wrap(" ".join(cell.split()), Page.width - wide - len(GAP))
            names += [""] * (len(words) - len(names))
            words += [""] * (len(names) - len(words))
            lines += [f"{a:{wide}}{GAP}{b}".rstrip() for a, b in zip(names, words, strict=True)]
    return "\n".join(lines)
