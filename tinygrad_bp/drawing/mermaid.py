"""A description as a Mermaid flowchart."""

from __future__ import annotations

import re

from .boxes import Box, Description
from .dot import STYLES, printable, said_of
from .numbers import brief

# What stands around a label: a square, a stadium, a cylinder, …
AROUND = {
    "parameter": ("[", "]"), "input": ("[/", "/]"), "op": ("([", "])"), "saved": ("[(", ")]"), "result": ("(", ")"),
    "gradient": ("(", ")"), "group": ("[[", "]]"),
}  # fmt: skip
ARROWS = {"flow": "-->", "gradient": "-->", "carried": "-.->", "saved": "-.->"}


def mermaid(description: Description) -> str:
    """The text of the flowchart, frames as subgraphs.

    >>> import tinygrad_bp as tg
    >>> w = tg.ones(2, requires_grad=True)
    >>> print(tg.draw(w.sum()).mermaid().splitlines()[1])
        leaf_1["w<br>(2,)  float32"]:::parameter
    """
    lines = ["flowchart TD"]
    inside: dict[str, list[Box]] = {}
    for box in description.boxes:
        inside.setdefault(box.frame, []).append(box)

    def fill(key: str, indent: str) -> None:
        for frame in description.frames:
            if frame.parent == key:
                times = f" × {frame.times}" if frame.times > 1 else ""
                title = " ".join(part for part in (f"{frame.title or 'block'}{times}", frame.name) if part)
                lines.append(f'{indent}subgraph {_key(frame.key)}["{_text(title)}"]')
                fill(frame.key, indent + "    ")
                lines.append(f"{indent}end")
        for box in inside.get(key, ()):
            before, after = AROUND[box.role]
            lines.append(f'{indent}{_key(box.key)}{before}"{_label(box)}"{after}:::{box.role}')

    fill("", "    ")
    boxes = {box.key: box for box in description.boxes}
    for arrow in description.arrows:
        said = said_of(arrow, boxes)
        label = f'|"{_text(said)}"|' if said else ""
        lines.append(f"    {_key(arrow.tail)} {ARROWS[arrow.kind]}{label} {_key(arrow.head)}")
    for role in dict.fromkeys(box.role for box in description.boxes):
        style = STYLES[role]
        dashed = ",stroke-dasharray:4" if "dashed" in style["style"] else ""
        lines.append(f"    classDef {role} fill:{style['fillcolor']},stroke:{style['color']},color:#1a1a1a{dashed}")
    return "\n".join([*lines, *[f"    %% {_text(note)}" for note in description.notes]]) + "\n"


def _key(key: str) -> str:
    return re.sub(r"\W", "_", key)


def _label(box: Box) -> str:
    times = f" × {box.times}" if box.times > 1 else ""
    facts = "  ".join(str(part) for part in (box.shape, box.dtype) if part is not None)
    params = "  ".join(f"{name}={brief(value)}" for name, value in box.params)
    return "<br>".join(_text(part) for part in (f"{box.name}{times}", facts, params, *box.facts) if part) or " "


def _text(text: str) -> str:
    """Any text inside quotes: what means something to Mermaid or HTML is written by its number."""
    return re.sub(r"[^\w \-.,:()=×…/]|^\W+$", lambda m: "".join(f"#{ord(c)};" for c in m[0]), printable(text))
