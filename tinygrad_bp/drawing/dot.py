"""A description as DOT: nodes, arrows, frames, and what the legend says."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from .boxes import Arrow, Box, Description
from .numbers import ABOVE, BELOW, INF, NAN, Shown, brief, shown

# Tints of the Okabe-Ito colours, which stay apart for colour-blind readers; the shapes alone tell the kinds as well.
STYLES = {
    "parameter": {"shape": "box", "style": "filled", "fillcolor": "#dceefa", "color": "#0072b2"},
    "input": {"shape": "note", "style": "filled,dashed", "fillcolor": "#f4f4f4", "color": "#5a5a5a"},
    "op": {"shape": "ellipse", "margin": "0.08,0.03", "style": "filled", "fillcolor": "#fdf0d2", "color": "#c68a00"},
    "saved": {"shape": "tab", "style": "filled", "fillcolor": "#f8e6f0", "color": "#882255"},
    "result": {"shape": "box", "style": "rounded,filled", "fillcolor": "#daf1ea", "color": "#009e73"},
    "gradient": {"shape": "box", "style": "rounded,filled", "fillcolor": "#ffffff", "color": "#1a1a1a"},
    "group": {"shape": "box3d", "style": "filled", "fillcolor": "#fdf0d2", "color": "#c68a00"},
}
MEANING = {
    "parameter": "parameter (square)", "input": "input (dashed, a corner folded)", "op": "op (ellipse)",
    "saved": "result saved for backward (tab)", "result": "result (rounded)", "gradient": "gradient (rounded)",
    "group": "several ops (block)",
}  # fmt: skip
SIGNS = {
    role: ({"op": "●", "input": "□", "gradient": "□"}.get(role, "■"), style["color"]) for role, style in STYLES.items()
}  # in the legend
SYMMETRIC = ("Add", "Mul", "Maximum", "Minimum")  # it does not matter which input is the first
ARROWS: dict[str, dict[str, str]] = {
    "flow": {}, "gradient": {"color": "#1a1a1a"},
    "carried": {"style": "dashed", "constraint": "false", "color": "#c68a00"},
    "saved": {"style": "dotted", "constraint": "false", "color": "#882255", "penwidth": "1.4"},
}  # fmt: skip
# Fonts whose widths every Graphviz knows; an SVG adds sans-serif and monospace by itself.
SANS, MONO, FAINT, INK, ALARM, BLUE = "Helvetica", "Courier", "#555555", "#1a1a1a", "#b33a00", "#00588a"
LINES = 8  # of an array
LONGEST = 400  # signs of a text: Graphviz reads no label of more than 16 KB
CELL, BAR = 8, 20  # points: a cell of a map, the highest bar
GRAPH = {
    "graph_attr": {
        "bgcolor": "white", "rankdir": "TB", "nodesep": "0.3", "ranksep": "0.3", "fontname": SANS, "fontsize": "11",
        "labelloc": "b",
    },
    "node_attr": {"fontname": SANS, "fontsize": "13", "fontcolor": INK, "height": "0.3", "margin": "0.14,0.07"},
    "edge_attr": {"fontname": SANS, "fontsize": "10", "fontcolor": FAINT, "color": "#6b6b6b", "arrowsize": "0.7"},
}  # fmt: skip


def write(digraph: Any, description: Description, values: bool, grads: bool, legend: bool) -> None:
    """Add what is described to a ``graphviz.Digraph``."""
    inner: dict[str, list[Any]] = {}
    for frame in description.frames:
        inner.setdefault(frame.parent, []).append(frame)
    inside: dict[str, list[Box]] = {}
    for box in description.boxes:
        inside.setdefault(box.frame, []).append(box)

    def fill(graph: Any, key: str) -> None:
        for frame in inner.get(key, ()):
            with graph.subgraph(name=f"cluster_{frame.key}") as cluster:
                cluster.attr(**_frame(frame))
                fill(cluster, frame.key)
        for box in inside.get(key, ()):
            graph.node(box.key, label_of(box, values, grads), **_style(box))

    fill(digraph, "")
    boxes = {box.key: box for box in description.boxes}
    back = any(frame.key == "backward" for frame in description.frames)
    for arrow in description.arrows:
        digraph.edge(*_ends(arrow, back), **_arrow(arrow, boxes, back))
    said = "".join(_below(description, values, grads)) if legend else ""
    if said:
        digraph.attr(label=f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="1">{said}</TABLE>>')


def _style(box: Box) -> dict[str, str]:
    style: dict[str, str] = {**STYLES[box.role]}
    if box.times > 1:
        style["peripheries"] = "2"
    if box.output:
        style["penwidth"] = "2.5"
    if box.kind == "op" and box.name not in SYMMETRIC:
        style["ordering"] = "in"  # what is written on the left stands on the left
    if box.line:
        style["tooltip"] = escaped(box.line)
    return style


def _frame(frame: Any) -> dict[str, str]:
    if not frame.parent and frame.title in ("forward", "backward") and frame.key == frame.title:
        return {"label": frame.title, "labelloc": "t", "style": "rounded", "color": "#b8b8b8", "fontsize": "13"}
    times = f" × {frame.times}" if frame.times > 1 else ""
    title = frame.title or ("block" if times else "")
    name = f'  <FONT COLOR="{FAINT}">{escaped(frame.name)}</FONT>' if frame.name else ""
    return {
        "label": f"<<B>{escaped(title + times)}</B>{name}>", "labelloc": "t", "labeljust": "l", "color": "#9a9a9a",
        "style": "rounded,dashed" if times else "rounded", "bgcolor": "#fafafa", "margin": "10",
    }  # fmt: skip


def _ends(arrow: Arrow, back: bool) -> tuple[str, str]:
    """Beside the forward graph the backward graph stands upside down: the same value is at the same height."""
    turned = back and arrow.kind != "saved" and (arrow.tail.startswith(("grad", "pull")))
    return (arrow.head, arrow.tail) if turned else (arrow.tail, arrow.head)


def said_of(arrow: Arrow, boxes: dict[str, Box]) -> str:
    """What is written on an arrow: not what its tail says already, nor a letter that an op has for its input."""
    return arrow.label if len(arrow.label) > 1 and arrow.label != boxes[arrow.tail].name else ""


def _arrow(arrow: Arrow, boxes: dict[str, Box], back: bool) -> dict[str, str]:
    said, style = said_of(arrow, boxes), {**ARROWS[arrow.kind]}
    if said:
        style["label"] = f"<\xa0{escaped(said)}\xa0>"  # an SVG drops a plain space, and the arrow would touch the text
    # What an op makes and what reads it stand in one line; leaves come in from the side.
    if (
        not arrow.tail.startswith("leaf")
        and arrow.kind in ("flow", "gradient")
        and not arrow.head.startswith("grad leaf")
    ):
        style["weight"] = "4"
    if back and arrow.kind != "saved" and arrow.tail.startswith(("grad", "pull")):
        style["dir"] = "back"
    return style


# ---------------------------------------------------------------------- labels


def label_of(box: Box, values: bool, grads: bool) -> str:
    """What stands in a box, as an HTML-like label."""
    facts = [str(part) for part in (box.shape, box.dtype) if part is not None]
    facts += [f"{name}={brief(value)}" for name, value in box.params]
    if isinstance(box.value, str) and not facts:
        facts = [box.value]
    times = f" × {box.times}" if box.times > 1 else ""
    if times and box.kind == "leaf":
        facts.append(f"{box.times}, one for each block")
        times = ""
    heads = [f"<B>{escaped(box.name + times)}</B>"] if box.name or times else []
    if facts:
        heads.append(f'<FONT POINT-SIZE="11" COLOR="{FAINT}">{escaped("  ".join(facts))}</FONT>')
    heads += [f'<FONT POINT-SIZE="11" COLOR="{FAINT}">{escaped(fact)}</FONT>' for fact in box.facts]
    for line in textwrap.wrap("  ".join(part.replace(" ", "\xa0") for part in box.parameters), 34):
        heads.append(f'<FONT POINT-SIZE="11" COLOR="{BLUE}">{escaped(line)}</FONT>')
    parts = []
    if box.kind in ("leaf", "result") and box.shape is not None and box.times == 1:
        if values and box.value is not None:
            parts.append(("value", shown(box.value)))
        if grads and (box.role != "saved" or box.kind == "result") and not (box.role == "saved" and box.kind == "leaf"):
            parts.append(("grad ", shown(box.grad)))
    if not any(part.cells or part.bars for _, part in parts):
        lines = "".join(_text(title, part) for title, part in parts)
        return f"<{'<BR/>'.join([*heads, lines] if lines else heads)}>"
    rows = [f"<TR><TD>{head}</TD></TR>" for head in heads]
    if all(part.cells or part.bars for _, part in parts):  # side by side
        beside = "".join(f'<TD ALIGN="LEFT" VALIGN="TOP">{_part(title, part)}</TD>' for title, part in parts)
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="0"><TR>{beside}</TR></TABLE>'
        rows.append(f"<TR><TD>{table}</TD></TR>")
    else:
        rows += [f'<TR><TD ALIGN="LEFT">{_part(title, part)}</TD></TR>' for title, part in parts]
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(rows)}</TABLE>>'


def _text(title: str, part: Shown) -> str:
    """Numbers, or what is said in their place, after their title."""
    text = f"{title} {part.text}"
    prefix = " " * (len(title) + 1)
    rows = [row for row in text.replace("...", "…").replace("\n", f"\n{prefix}").split("\n") if row.strip()]
    rows = rows if len(rows) <= LINES else [*rows[:LINES], f"{prefix}…"]
    faint = part.state in ("none", "not computed", "unknown")
    lines = '<BR ALIGN="LEFT"/>'.join(_alarmed(escaped(row)) for row in rows)
    if part.state == "none":
        lines = f"<I>{lines}</I>"
    return f'<FONT FACE="{MONO}" POINT-SIZE="11" COLOR="{FAINT if faint else INK}">{lines}<BR ALIGN="LEFT"/></FONT>'


def _alarmed(text: str) -> str:
    """NaN and inf stand out."""
    return re.sub(r"(?<![\w.])(-?(?:nan|inf))(?!\w)", rf'<FONT COLOR="{ALARM}"><B>\1</B></FONT>', text, flags=re.I)


def _part(title: str, part: Shown) -> str:
    """A map of colours or a histogram after its title, and its range below."""
    if not (part.cells or part.bars):
        return _text(title, part)
    if part.cells:
        size = f'FIXEDSIZE="TRUE" WIDTH="{CELL}" HEIGHT="{CELL}"'
        rows = ["".join(f'<TD {size} BGCOLOR="{colour}"></TD>' for colour in row) for row in part.cells]
        body = "".join(f"<TR>{row}</TR>" for row in rows)
        held = f'FIXEDSIZE="TRUE" WIDTH="{CELL * len(part.cells[0]) + 2}" HEIGHT="{CELL * len(part.cells) + 2}"'
        picture = (
            f'<TABLE {held} BORDER="1" COLOR="#9a9a9a" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>'
        )
    else:
        bars = "".join(_bar(bar) for bar in part.bars)
        held = f'FIXEDSIZE="TRUE" WIDTH="{6 * len(part.bars) + 1}" HEIGHT="{BAR + 2}"'
        picture = f'<TABLE {held} BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="0"><TR>{bars}</TR></TABLE>'
    said = f'<FONT POINT-SIZE="9" COLOR="{FAINT}">{_alarmed(escaped(part.text))}</FONT>'
    name = f'<FONT FACE="{MONO}" POINT-SIZE="11">{title.strip()}</FONT>'
    lines = "".join(f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in (name, picture, said))
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{lines}</TABLE>'


def _bar(bar: float) -> str:
    high = max(1, round(bar * BAR)) if bar else 0
    parts = [(BAR - high, "#f0f0f0"), (high, "#0072b2")]
    rows = "".join(
        f'<TR><TD FIXEDSIZE="TRUE" WIDTH="5" HEIGHT="{height}" BGCOLOR="{colour}"></TD></TR>'
        for height, colour in parts if height
    )  # fmt: skip
    return f'<TD><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE></TD>'


def escaped(text: str) -> str:
    """Any text as part of an HTML-like label; what cannot be printed is shown as its Python escape."""
    shown = html.escape(printable(text).replace("\\", "\\\\"))  # Graphviz would read \\N as the name of the node
    return shown.replace("]", "&#93;")  # which it takes for the end of a section


def printable(text: str) -> str:
    """The text with what cannot be printed as its Python escape, and cut where it is very long."""
    shown = "".join(
        char if char.isprintable() or char == "\xa0" else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text[: LONGEST + 1]
    )
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


# ---------------------------------------------------------------------- below the picture


def _below(description: Description, values: bool, grads: bool) -> Iterator[str]:
    """The rows of the legend, and of what the picture leaves out."""
    present = [role for role in STYLES if any(box.role == role for box in description.boxes)]
    if len(present) > 2:
        yield from _rows([(*SIGNS[role], MEANING[role]) for role in present])
    parts = [shown(x) for box in description.boxes for x in _arrays(box, values, grads)]
    if any(part.cells for part in parts):
        special = {name for part in parts for name in part.special}
        signs = [("■", _hex(BELOW), "below 0"), ("□", "#5a5a5a", "0"), ("■", _hex(ABOVE), "above 0")]
        signs += [("■", colour, name) for name, colour in (("NaN", NAN), ("inf", INF)) if name in special]
        yield from _rows(signs)
    kinds = {arrow.kind for arrow in description.arrows}
    notes = list(description.notes)
    if "carried" in kinds:
        notes.append("A dashed arrow leads from one of the equal blocks to the next.")
    if "saved" in kinds:
        notes.append("A dotted arrow is a value that forward keeps and a rule reads.")
    for note in notes:
        yield from [_row(escaped(line)) for line in textwrap.wrap(note, 76)]


def _arrays(box: Box, values: bool, grads: bool) -> list[Any]:
    if box.kind not in ("leaf", "result") or box.times > 1:
        return []
    found = [x for wanted, x in ((values, box.value), (grads, box.grad)) if wanted]
    return [x for x in found if x is not None and not isinstance(x, str)]


def _rows(signs: list[tuple[str, str, str]]) -> Iterator[str]:
    """Signs in their colours and what they mean, three in a row."""
    for i in range(0, len(signs), 3):
        said = [f'<FONT COLOR="{colour}">{sign}</FONT> {escaped(text)}' for sign, colour, text in signs[i : i + 3]]
        yield _row("    ".join(said))


def _row(text: str) -> str:
    return f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="10" COLOR="{FAINT}">{text}</FONT></TD></TR>'


def _hex(colour: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
