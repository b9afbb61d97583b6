"""What ``tg.draw`` returns: a ``graphviz.Digraph`` that writes itself in many forms."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import graphviz

from .boxes import Description
from .dot import GRAPH, write
from .mermaid import mermaid
from .program import DotNotFoundError, FormatError, found_program
from .records import records
from .tree import tree

SOURCES = (".gv", ".dot")
CELL = 480  # points that every notebook's cell is wide
FRAME = re.compile(r'(<g id="clust\d+" class="cluster">\n(?:(?!<text |</g>).*\n)*)((?:<text .*\n)+)')  # and its title
FINE = 192  # dots an inch of a picture inside a PDF


class Picture(graphviz.Digraph):
    """A ``graphviz.Digraph`` that finds its program, and takes the format from the name of the picture.

    ``print(picture)`` shows the graph as a tree of text; ``source`` is the DOT text, ``mermaid()`` that of Mermaid,
    ``json()`` everything as data. Jupyter shows the picture by itself.
    """

    filename: str
    directory: str
    description: Description | None = None
    values: bool = False
    grads: bool = False

    # ------------------------------------------------------------------ as text

    def text(self, width: int = 80) -> str:
        """The graph as a tree of text, from the outputs to the leaves, in lines of at most ``width`` signs."""
        return tree(self.description, self.values, self.grads, width) if self.description is not None else self.source

    def mermaid(self) -> str:
        """The graph as a Mermaid flowchart, which GitHub and many editors draw."""
        return mermaid(self.description) if self.description is not None else ""

    def json(self) -> str:
        """The graph as JSON: boxes, arrows, frames and notes, with shapes, and values where they were asked for."""
        return records(self.description, self.values, self.grads) if self.description is not None else "{}"

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def copy(self) -> Picture:
        """Another one like it."""
        other: Picture = super().copy()
        other.description, other.values, other.grads = self.description, self.values, self.grads
        return other

    # ------------------------------------------------------------------ as a file

    def render(
        self, filename: Any = None, directory: Any = None, view: bool = False, cleanup: bool | None = None,
        format: str | None = None, **options: Any,
    ) -> str:  # fmt: skip
        """Write the picture and return its path.

        ``render("xor.svg")`` writes ``xor.svg``; any format of graphviz goes (svg, png, pdf, …), and ``.dot``, ``.mmd``
        (Mermaid), ``.json`` and ``.txt`` are written without it. The DOT source is written beside it with
        ``cleanup=False``. Everything else is ``graphviz.Digraph.render``: with ``format=``, or a name without a
        picture's suffix, ``filename`` is that of the source. Raises ``DotNotFoundError`` where there is no program (the
        source is saved then), and ``FormatError`` where the program does not write the format.
        """
        if not {"raise_if_result_exists", "overwrite_source", "overwrite_filepath"}.isdisjoint(options):
            return self._by_graphviz(filename, directory, view, bool(cleanup), format, options)
        name = Path(filename) if filename is not None else None
        folder = Path(self.directory or "" if directory is None else directory)
        outfile = options.pop("outfile", None)
        if name is not None and format is None and outfile is None:
            written = self._without_graphviz(name.suffix.lower())
            if written is not None:
                return _written(folder / name, written.encode("utf-8", "backslashreplace"))
            if name.suffix not in SOURCES and name.suffix[1:].lower() in graphviz.FORMATS:
                outfile, name = folder / name, name.with_suffix(".gv")
                cleanup = True if cleanup is None else cleanup
        if outfile is not None:
            format = format or Path(outfile).suffix[1:].lower()
            name = name if name is not None else Path(outfile).with_suffix(".gv")
        if cleanup is None:
            cleanup = name is None or name.suffix not in SOURCES  # who names a source wants it
        self.filename = os.fspath(name) if name is not None else self.filename
        self.directory = os.fspath(folder) if directory is not None else self.directory
        format = format or self.format
        target = Path(outfile) if outfile is not None else Path(f"{Path(folder, self.filename)}.{format}")
        path = _written(target, self.pipe(format, **options))
        if not cleanup:
            self.save()
        if view:
            self._view(path, format=format, quiet=True)
        return path

    def _by_graphviz(self, filename: Any, directory: Any, view: bool, cleanup: bool, format: Any, options: Any) -> str:
        """As the graphviz package does it."""
        try:
            with found_program():
                path: str = super().render(
                    filename, directory=directory, view=view, cleanup=cleanup, format=format, **options
                )
                return path
        except graphviz.ExecutableNotFound:
            raise DotNotFoundError(os.fspath(self.filepath)) from None

    def _without_graphviz(self, suffix: str) -> str | None:
        """The text of a file that needs no layout, or None."""
        how = {".dot": lambda: self.source, ".mmd": self.mermaid, ".json": self.json, ".txt": self.text}.get(suffix)
        return how() if how is not None and self.description is not None else None

    def pipe(
        self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None, quiet: bool = True,
        **options: Any,
    ) -> Any:  # fmt: skip
        """The picture as bytes, or as text where ``encoding`` is given; Jupyter shows what this returns.

        Raises ``DotNotFoundError`` where there is no program (the source is saved then), and ``FormatError`` where the
        program does not write the format.
        """
        format = format or self.format
        options = {"renderer": self.renderer, "formatter": self.formatter, **options}
        # The whole source at once: ``Digraph.pipe`` writes it line by line, and a program that stops before it has read
        # them all is a broken pipe there, and not what it says. Quiet: what fails raises, the rest is about widths.
        try:
            with found_program():
                made = graphviz.pipe(
                    engine or self.engine, format, self.source.encode(self.encoding), quiet=quiet, **options
                )
        except graphviz.ExecutableNotFound:
            raise DotNotFoundError(os.fspath(self.save())) from None
        except graphviz.CalledProcessError as error:
            said = (error.stderr or b"").decode("utf-8", "replace")
            if "not recognized" in said and format == "pdf":
                return self._pdf()
            raise FormatError(format, said) from None
        if format == "svg":
            made = _scaling(_titles_on_top(made.decode("utf-8"))).encode("utf-8")
        return made.decode(encoding) if encoding is not None else made

    def _pdf(self) -> bytes:
        """A PDF that holds a fine picture, for programs that write none."""
        fine = super().copy()
        fine.attr(dpi=str(FINE))
        with found_program():
            return pdf_of(graphviz.pipe("dot", "jpg", fine.source.encode(fine.encoding), quiet=True), FINE)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **options: Any) -> dict[str, Any]:
        """What Jupyter shows: the picture, or one sentence where there is no program to lay it out."""
        try:
            bundle: dict[str, Any] = super()._repr_mimebundle_(include, exclude, **options)
            return bundle
        except DotNotFoundError as error:
            return {"text/plain": str(error)}


def picture(description: Description, values: bool, grads: bool, legend: bool) -> Picture:
    """The drawing of a description, with values and gradients where asked."""
    result = Picture(filename="graph.gv", format="svg", **GRAPH)
    result.description, result.values, result.grads = description, values, grads
    write(result, description, values, grads, legend)
    return result


def _written(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return os.fspath(path)


def _titles_on_top(svg: str) -> str:
    """The titles of frames above the arrows that cross them, on a ground of their own: Graphviz draws frames first."""
    titles: list[str] = []

    def taken(frame: re.Match[str]) -> str:
        titles.append(frame[2])
        return frame[1]

    body, end, tail = FRAME.sub(taken, svg).rpartition("</g>\n</svg>")
    ground = 'stroke="#fafafa" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
    return f'{body}<g class="titles" {ground}>\n{"".join(titles)}</g>\n{end}{tail}' if titles else svg


def _scaling(svg: str) -> str:
    """An SVG that is never wider than what it stands in, and never wider than it is."""
    size = re.search(r'<svg width="([\d.]+)pt" height="[\d.]+pt"', svg)
    if size is None:
        return svg
    # A page may put it into an <img>, which takes its width from here alone: a small one keeps its own.
    wide = float(size[1]) > CELL
    style = (
        f'<svg width="100%" style="max-width: {size[1]}pt; height: auto"' if wide
        else f'{size[0]} style="max-width: 100%; height: auto"'
    )  # fmt: skip
    return svg.replace(size[0], style, 1)


def pdf_of(jpeg: bytes, dots: int) -> bytes:
    """A page as large as a JPEG picture, which it holds."""
    width, height = _jpeg_size(jpeg)
    wide, high = width * 72 / dots, height * 72 / dots
    draw = f"q {wide:.2f} 0 0 {high:.2f} 0 0 cm /I Do Q".encode()
    head = f"/Type /XObject /Subtype /Image /Width {width} /Height {height}"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide:.2f} {high:.2f}] /Contents 4 0 R "
        "/Resources << /XObject << /I 5 0 R >> >> >>".encode(),
        f"<< /Length {len(draw)} >>\nstream\n".encode() + draw + b"\nendstream",
        f"<< {head} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length {len(jpeg)} >>\n"
        "stream\n".encode() + jpeg + b"\nendstream",
    ]  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + part + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(parts) + 1} /Root 1 0 R >>\n"
    return out + end.encode() + f"startxref\n{len(out)}\n%%EOF\n".encode()


def _jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Its width and height, as its frame header (SOF0 to SOF2) has them."""
    at = 2
    while at < len(jpeg) - 9:
        kind, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if kind in (0xC0, 0xC1, 0xC2):
            return int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big")
        at += 2 + length
    raise ValueError("no frame header in the JPEG picture")
