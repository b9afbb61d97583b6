"""The picture of a page: an SVG whose boxes and arrows bear the numbers by which the page's script finds them."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .layout import lay_out
from .numbers import short, shown
from .record import Forward, Traced

HEAD, LETTER = 20, 7.3  # the height of a box's title, and the width of a letter
WIDEST = 24  # letters of a title
THUMB = 50  # the width that the small picture of an array takes
ARROW = (
    '<defs><marker id="forth" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.6L8 4L0 7.4z"/></marker></defs>'
)


class Box(NamedTuple):
    """One box: a tensor, below the op that gave it."""

    kind: str  # "leaf", "result", "constant", or "earlier": a result of a step that is not shown
    label: str  # for those who do not see it
    title: str
    body: str
    scalar: bool  # whether the body is the number itself

    @property
    def size(self) -> tuple[float, float]:
        """How wide and high: an array has small pictures of its value and its gradient, a number has two numbers."""
        if not self.title and self.scalar:
            return max(36, LETTER * len(self.body) + 18), 26
        gradient = 0 if self.kind == "constant" else LETTER * 8 + 8 if self.scalar else THUMB
        own = (
            max(LETTER * len(self.body), LETTER * 8 * (gradient > 0))
            if self.scalar
            else LETTER * len(self.body) + THUMB
        )
        width = max(LETTER * len(self.title) + 22, own + gradient + 18, 60)
        return width, HEAD * bool(self.title) + (24 if self.scalar else 34)

    def svg(self, number: int, middle: tuple[float, float]) -> str:
        """The group that the script finds by its number; it adds the pictures of arrays, and the gradient."""
        width, height = self.size
        x, y = middle[0] - width / 2, middle[1] - height / 2
        radius = 8 if self.kind == "result" else 2
        out = [
            f'<g class="node {self.kind}" data-tensor="{number}" transform="translate({x:.1f} {y:.1f})" tabindex="0" '
            f'role="button" aria-label="{html.escape(self.label)}">'
            f'<rect width="{width:.1f}" height="{height:.1f}" rx="{radius}"/>'
        ]
        row = height / 2
        if self.title:
            row += HEAD / 2
            bend = max(radius - 1, 1)
            out.append(
                f'<path class="head" d="M1 {HEAD}V{1 + bend}q0 {-bend} {bend} {-bend}h{width - 2 - 2 * bend:.1f}'
                f'q{bend} 0 {bend} {bend}V{HEAD}z"/>'
                f'<text class="title" x="{width / 2:.1f}" y="14.5" text-anchor="middle">{html.escape(self.title)}'
                "</text>"
            )
        centred = self.scalar and self.kind == "constant"
        anchor, at = ("middle", width / 2) if centred else ("start", 9)
        out.append(
            f'<text class="value" x="{at:.1f}" y="{row + 4:.1f}" text-anchor="{anchor}">{html.escape(self.body)}</text>'
            f'<rect class="ring" x="-3" y="-3" width="{width + 6:.1f}" height="{height + 6:.1f}" rx="{radius + 3}"/>'
            "</g>"
        )
        return "".join(out)


def picture(tensors: Sequence[Traced], kinds: Sequence[str], steps: Sequence[Forward]) -> str:
    """The graph: boxes by the number of their tensor, arrows by those of their step and of its input."""
    made = {id(step.result): step for step in steps}
    keys = {id(traced): number for number, traced in enumerate(tensors)}
    boxes = [_box(traced, kind, made.get(id(traced))) for traced, kind in zip(tensors, kinds, strict=True)]
    readers = Counter(id(traced) for step in steps for traced in step.inputs)
    # What one step alone reads stands close to it; what many read, anywhere.
    arrows = [
        (keys[id(traced)], keys[id(step.result)], 4 if traced.kind == "result" and readers[id(traced)] == 1 else 1)
        for step in steps
        for traced in step.inputs
    ]
    layout = lay_out([box.size for box in boxes], arrows)
    width, height = f"{layout.width:.0f}", f"{layout.height:.0f}"
    courses = iter(layout.arrows)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="group" aria-label="The graph, inputs at the top">{ARROW}',
        *(_arrow(f"{i}-{j}", next(courses)) for i, step in enumerate(steps) for j in range(len(step.inputs))),
        *(box.svg(number, layout.boxes[number]) for number, box in enumerate(boxes)),
        '<g id="flows"></g></svg>',
    ]
    return "".join(out)


def _box(traced: Traced, kind: str, step: Forward | None) -> Box:
    name = shown(traced.name)
    if isinstance(traced.value, str):
        body, scalar = traced.value if traced.shape is None else _times(traced.shape), False
    elif np.ndim(traced.value):
        body, scalar = _times(np.shape(traced.value)), False
    else:
        body, scalar = short(np.asarray(traced.value)[()]), True
    title = name if traced.named or traced.kind != "constant" else ""
    if step is not None:
        title = f"{name} = {shown(step.op)}" if traced.named else shown(step.op)
    title = title if len(title) <= WIDEST else title[: WIDEST - 1] + "…"
    return Box(kind, f"{name or 'a constant'}, {body}", title, body, scalar)


def _times(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) if shape else "number"


def _arrow(key: str, points: list[tuple[float, float]]) -> str:
    (x, y), *rest = points
    course = f"M{x:.1f} {y:.1f}C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in rest)
    return f'<path class="edge" data-edge="{key}" d="{course}" marker-end="url(#forth)"/>'
