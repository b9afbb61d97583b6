"""A description as a ``graphviz.Digraph``."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any

import graphviz
import numpy as np

from .description import Box, Description
from .known import is_array
from .program import DotNotFoundError, found_program

# Tints of the Okabe-Ito colours, which stay apart for colour-blind readers; the shapes alone tell the kinds as well.
STYLES = {
    "leaf": {"shape": "box", "style": "filled", "fillcolor": "#dceefa", "color": "#0072b2"},
    "op": {"shape": "ellipse", "margin": "0.08,0.03", "style": "filled", "fillcolor": "#fdf0d2", "color": "#c68a00"},
    "result": {"shape": "box", "style": "rounded,filled", "fillcolor": "#daf1ea", "color": "#009e73"},
}
WITHOUT_GRADIENT = {"style": "filled,dashed", "fillcolor": "#f4f4f4", "color": "#808080"}
# Fonts whose widths every Graphviz knows; an SVG adds sans-serif and monospace by itself.
SANS, MONO, FAINT = "Helvetica", "Courier", "#555555"
INK = "#1a1a1a"
SOURCES = (".gv", ".dot")
LINES = 8  # of an array
CELL = 480  # points that every notebook's cell is wide


class Picture(graphviz.Digraph):
    """A ``graphviz.Digraph`` that finds its program, and takes the format from the name of the picture."""

    def render(
        self, filename: Any = None, directory: Any = None, view: bool = False, cleanup: bool = False,
        format: str | None = None, **options: Any,
    ) -> str:  # fmt: skip
        """Write the picture and return its path.

        ``render("xor.svg")`` writes ``xor.svg`` and, beside it, the DOT source ``xor.gv``; any format of graphviz
        goes. Everything else is ``graphviz.Digraph.render``: with ``format=``, or a name without a picture's suffix,
        ``filename`` is that of the source. Raises ``DotNotFoundError`` where there is no program; the source is
        saved then.
        """
        if filename is not None and format is None and options.get("outfile") is None:
            name = Path(filename)
            if name.suffix not in SOURCES and name.suffix[1:].lower() in graphviz.FORMATS:
                directory = self.directory if directory is None else directory
                options["outfile"], filename = Path(directory, name), name.with_suffix(".gv")
        options.setdefault("quiet", True)  # what fails raises; the rest is about widths of unusual letters
        try:
            with found_program():
                path: str = super().render(
                    filename, directory=directory, view=view, cleanup=cleanup, format=format, **options
                )
                return path
        except graphviz.ExecutableNotFound:
            raise DotNotFoundError(os.fspath(self.filepath)) from None

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text where ``encoding`` is given; Jupyter shows what this returns.

        Raises ``DotNotFoundError`` where there is no program; the source is saved then.
        """
        options.setdefault("quiet", True)
        try:
            with found_program():
                return super().pipe(format, **options)
        except graphviz.ExecutableNotFound:
            raise DotNotFoundError(os.fspath(self.save())) from None

    def _repr_image_svg_xml(self) -> str:
        """As an SVG that is never wider than the cell it stands in."""
        svg: str = super()._repr_image_svg_xml()
        size = re.search(r'width="([\d.]+)pt" height="[\d.]+pt"', svg)
        if size is None or float(size[1]) <= CELL:
            return svg
        # A page may put it into an <img>, which takes its width from here alone.
        return svg.replace(size[0], f'width="100%" style="max-width: {size[1]}pt; height: auto"', 1)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, Any]:
        """What Jupyter shows: the picture, or one sentence where there is no program to lay it out."""
        try:
            bundle: dict[str, Any] = super()._repr_mimebundle_(include, exclude, **options)
            return bundle
        except DotNotFoundError as error:
            return {"text/plain": str(error)}


def picture(description: Description, values: bool, grads: bool) -> Picture:
    """The drawing of a description, with values and gradients where asked."""
    result = Picture(
        filename="graph.gv",
        format="svg",
        graph_attr={"bgcolor": "white", "rankdir": "TB", "nodesep": "0.3", "ranksep": "0.3"},
        node_attr={"fontname": SANS, "fontsize": "13", "fontcolor": INK, "height": "0.3", "margin": "0.14,0.07"},
        edge_attr={"fontname": SANS, "fontsize": "10", "fontcolor": FAINT, "color": "#6b6b6b", "arrowsize": "0.7"},
    )
    for box in description.boxes:
        style = STYLES[box.kind]
        if box.kind == "leaf" and not box.requires_grad:
            style = style | WITHOUT_GRADIENT
        if box.output:
            style = style | {"penwidth": "2.5"}
        result.node(box.key, _label(box, values, grads), **style)
    names = {box.key: box.name for box in description.boxes}
    for arrow in description.arrows:
        said = arrow.label in ("", names[arrow.tail])
        label = {} if said else {"label": f"< {_escaped(arrow.label)} >"}
        # What an op makes and what reads it stand in one line; leaves come in from the side.
        weight = {} if arrow.tail.startswith("leaf") else {"weight": "4"}
        result.edge(arrow.tail, arrow.head, **label, **weight)
    return result


# ---------------------------------------------------------------------- labels


def _label(box: Box, values: bool, grads: bool) -> str:
    facts = [str(part) for part in (box.shape, box.dtype) if part is not None]
    facts += [f"{name}={_brief(value)}" for name, value in box.params]
    if isinstance(box.value, str) and not facts:
        facts = [box.value]
    heads = [f"<B>{_escaped(box.name)}</B>"] if box.name else []
    if facts:
        heads.append(f'<FONT POINT-SIZE="11" COLOR="{FAINT}">{_escaped("  ".join(facts))}</FONT>')
    arrays = []
    if values and box.value is not None and box.shape is not None:
        arrays.append(_array("value", box.value))
    if grads and box.grad is not None:
        arrays.append(_array("grad ", box.grad))
    return f"<{'<BR/>'.join([*heads, ''.join(arrays)] if arrays else heads)}>"


def _escaped(text: str) -> str:
    """Any text as part of an HTML-like label; what cannot be printed is shown as its Python escape."""
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )
    return html.escape(shown.replace("\\", "\\\\"))  # Graphviz would read \\N as the name of the node


def _array(title: str, value: Any) -> str:
    """An array (or the text that says why there is none) after its title: few elements, few digits, few lines."""
    if isinstance(value, str):
        color, rows = FAINT, [f"{title} {value}"]
    else:
        threshold, edge = ((0, 0), (6, 2), (12, 2))[value.ndim] if value.ndim < 3 else (8, 1)
        text = np.array2string(
            value, max_line_width=60, precision=3, threshold=threshold, edgeitems=edge, prefix=f"{title} "
        )
        color, rows = INK, [row for row in f"{title} {text}".replace("...", "…").split("\n") if row.strip()]
        rows = rows if len(rows) <= LINES else [*rows[:LINES], "…"]
    lines = '<BR ALIGN="LEFT"/>'.join(_escaped(row) for row in rows)
    return f'<FONT FACE="{MONO}" POINT-SIZE="11" COLOR="{color}">{lines}<BR ALIGN="LEFT"/></FONT>'


def _brief(value: Any) -> str:
    """A parameter in few letters: an index reads as it is written between brackets."""
    if isinstance(value, tuple):
        text = f"({', '.join(_brief(item) for item in value)})"
    elif isinstance(value, slice):
        text = ":".join("" if part is None else str(part) for part in (value.start, value.stop, value.step))
        text = text.removesuffix(":") if value.step is None else text
    elif is_array(value):
        text = f"array {value.shape}"
    else:
        text = "..." if value is ... else repr(value)
    return text if len(text) <= 32 else text[:31] + "…"
