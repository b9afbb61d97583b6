"""Where the boxes and arrows of a page stand: graphviz lays them out, and the SVG is written here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..drawing.program import laid_out

INCH = 72  # points


class Layout(NamedTuple):
    """The size of a picture, the middle of each box and the course of each arrow, in points from the top left."""

    width: float
    height: float
    boxes: list[tuple[float, float]]
    arrows: list[list[tuple[float, float]]]  # the points of Bézier curves


def lay_out(sizes: Sequence[tuple[float, float]], arrows: Sequence[tuple[int, int, int]]) -> Layout:
    """Lay out boxes of these sizes, and arrows from a box to another, with weights: heavy ones are short and straight.

    Raises ``DotNotFoundError`` where there is no program to do it.
    """
    rows = [
        "digraph {graph [nodesep=0.25 ranksep=0.42] node [shape=box fixedsize=true label=\"\"] edge [arrowhead=none]",
        *(f"{i} [width={w / INCH:.4f} height={h / INCH:.4f}]" for i, (w, h) in enumerate(sizes)),
        *(f"{tail} -> {head} [weight={weight}]" for tail, head, weight in arrows),
        "}",
    ]  # fmt: skip
    plain = laid_out("\n".join(rows))
    return _read(plain, len(sizes), arrows)


def _read(plain: str, count: int, arrows: Sequence[tuple[int, int, int]]) -> Layout:
    width = height = 0.0
    boxes = [(0.0, 0.0)] * count
    found: dict[tuple[int, int], list[list[tuple[float, float]]]] = {}
    for row in plain.splitlines():
        kind, *words = row.split()
        if kind == "graph":
            width, height = (float(word) * INCH for word in words[1:3])
        elif kind == "node":
            boxes[int(words[0])] = float(words[1]) * INCH, height - float(words[2]) * INCH
        elif kind == "edge":
            numbers = [float(word) * INCH for word in words[3 : 3 + 2 * int(words[2])]]
            points = [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            found.setdefault((int(words[0]), int(words[1])), []).append(points)
    return Layout(width, height, boxes, [found[tail, head].pop(0) for tail, head, _ in arrows])
