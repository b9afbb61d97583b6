"""What a replay can be turned into: text for a terminal, a page for a browser, a frame for a notebook."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.errors import ArgumentError
from .record import LIMIT, Record


class Replay(Record):
    """A computation and its backward, step by step; ``tg.replay`` makes it.

    ``forward`` are the steps of the computation, oldest first, ``steps`` those of backward in the order of the walk:
    a step comes after all that pass a gradient on to it. ``outputs`` are where it starts, ``leaves`` where it ends.

    >>> import tinygrad_bp as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> r = tg.replay((w * w).sum())
    >>> r
    <Replay of 2 steps forward, 2 back, 1 leaf>
    >>> sum(given.contribution for step in r.steps for given in step.inputs if given.tensor is r.of(w))
    array([2., 4.], dtype=float32)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        count = f"{len(self.leaves)} {'leaf' if len(self.leaves) == 1 else 'leaves'}"
        return f"<Replay of {len(self.forward)} steps forward, {len(self.steps)} back, {count}>"

    def text(self, limit: int = LIMIT) -> str:
        """The steps as text, 80 columns wide; of more than ``limit`` those at the end of the computation.

        Raises ``ArgumentError`` for a limit that is no number from 1.
        """
        from .text import text

        return text(self, _checked("text", limit))

    def html(self, limit: int = LIMIT) -> str:
        """One page that needs nothing else: a picture of the graph, and a scrubber that steps through it.

        A graph of more than ``limit`` steps is shown from its end: the steps where backward begins; the page says
        how many are left out. Raises ``DotNotFoundError`` where there is no program to lay the graph out, and
        ``ArgumentError`` for a limit that is no number from 1.
        """
        from .page import page

        return page(self, _checked("html", limit))

    def save(self, path: Any, limit: int = LIMIT) -> str:
        """Write the page of ``html`` into a file, which any browser opens, and return its path."""
        path = Path(path)
        page = self.html(limit)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8", newline="\n")
        return str(path)

    def _repr_html_(self) -> str:
        from ..drawing.program import DotNotFoundError
        from .page import frame

        try:
            return frame(self.html())
        except DotNotFoundError as error:
            return f"<p>{html.escape(str(error))}</p><pre>{html.escape(self.text())}</pre>"


def _checked(who: str, limit: Any) -> int:
    if isinstance(limit, bool) or not isinstance(limit, (int, np.integer)) or limit < 1:
        raise ArgumentError(f"{who}: limit is a number of steps from 1, got {limit!r:.40}")
    return int(limit)
