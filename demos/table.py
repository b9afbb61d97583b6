"""A table for a plain terminal: the last column is wrapped, the others are as wide as they need."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 120
GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]], rules: bool = True) -> str:
    """Rows of cells under a head; a cell may have several lines, and the last column takes the rest of the width.
    ``rules`` draws a line between rows.

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
    rest = WIDTH - sum(width + len(GAP) for width in widths)
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
