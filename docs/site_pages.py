"""What the site makes of the Markdown, which stays as a code host shows it.

- In ``learn`` each block of ``python`` is a cell that the build runs; more words after ``python`` are tags of the cell.
- The links of ``index.md`` under their headings are the table of contents; pages of the reference and decisions are
  linked by an index of their own, since a table with every page in it, written on every page, takes most of the time.
- Below each example is a link that opens it in the playground, which is written beside the pages.
"""

from __future__ import annotations

import ast
import builtins
import doctest
import html
import importlib
import inspect
import re
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

NOTEBOOK = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python}
---
"""
ORPHAN = "---\norphan: true\n---\n"
PLAYGROUND = "playground/index"
BLOCK = re.compile(r"^```python[ ]*(.*)\n", re.MULTILINE)
LINK = re.compile(r"\[(?:[^\]]|\\\])*\]\(([\w./-]+)\.(?:md|ipynb)\)")
# What a browser has not.
ELSEWHERE = re.compile(
    r"subprocess|matplotlib|\.plot\(|backend=\"c\"|download=True|num_workers|distributed\.|onnx|tg\.sklearn|n_jobs=|cuda"
)
ALWAYS = {"np": "numpy", "tg": "tinygrad_bp"}


# ---------------------------------------------------------------------- the text of a page


def cells(text: str) -> str:
    """The page as a notebook."""

    def cell(found: re.Match[str]) -> str:
        tags = ", ".join(found[1].split())
        return "```{code-cell} python\n" + (f":tags: [{tags}]\n" if tags else "")

    return NOTEBOOK + BLOCK.sub(cell, text)


def contents(text: str) -> str:
    """The page with a table of contents for each of its headings."""
    out = []
    for section in re.split(r"^(?=## )", text, flags=re.MULTILINE):
        heading = re.match(r"## (.*)", section)
        pages = list(dict.fromkeys(LINK.findall(section)))
        caption = f":caption: {heading[1]}\n" if heading else ""
        tree = f"```{{toctree}}\n:hidden:\n{caption}\n" + "\n".join(pages) + "\n```\n" if pages else ""
        out.append(f"{section.rstrip()}\n\n{tree}\n")
    return "".join(out)


def as_page(app: Any, name: str, source: list[str]) -> None:
    """Change the text of a page before it is parsed."""
    page = PurePosixPath(name)
    if page.parts[0] == "learn":
        source[0] = cells(source[0])
    elif name == "index":
        source[0] = contents(source[0])
    elif page.parts[0] in ("reference", "decisions") and page.name != "index":
        source[0] = ORPHAN + source[0]


# ---------------------------------------------------------------------- what an example is as a program


def program(text: str, shown: bool) -> str:
    """A cell, or an example with its results, as lines of a program; where it is ``shown``, with what it gives.

    The playground shows the last value of a program, and whatever ``display`` is given.
    """
    if not text.startswith(">>>"):
        return text.strip() + "\n"
    out = []
    for example in doctest.DocTestParser().get_examples(text):
        source = re.sub(r"\s*# doctest:.*", "", example.source).rstrip() + "\n"
        skipped = example.options.get(doctest.SKIP, False)
        if skipped or (example.exc_msg is not None and not shown):
            continue
        (first, *_) = ast.parse(source).body or [None]
        if shown and isinstance(first, ast.Expr) and example.want and not source.startswith("print("):
            source = f"display({ast.get_source_segment(source, first.value)})\n"
        if example.exc_msg is not None:
            kind = "type(error).__name__"
            inside = "".join(f"    {line}\n" for line in source.splitlines())
            source = f'try:\n{inside}except Exception as error:\n    print(f"{{{kind}}}: {{error}}")\n'
        out.append(source)
    return "".join(out)


def beginning(code: str, title: str) -> str:
    """The imports that an example in a docstring does without: those of the file it stands in."""
    names = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)]
    known = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    used = {node.id for node in names} - known - set(re.findall(r"\b(?:import|as|def|class) (\w+)", code))
    lines = [f"import {module} as {name}\n" for name, module in ALWAYS.items() if name in used]
    of: Any = importlib.import_module("tinygrad_bp")
    for part in title.split("."):
        of = getattr(of, part, None)
    module = inspect.getmodule(inspect.unwrap(of)) if callable(of) else None
    if module and (named := sorted(used & vars(module).keys() - ALWAYS.keys() - vars(builtins).keys())):
        lines.append(f"from {module.__name__} import {', '.join(named)}\n")
    return "".join(lines)


def sentences(text: str) -> bool:
    """Whether lines of a result may be broken: they are neither columns nor code."""
    lines = [line for line in text.split("\n") if line]
    indented = sum(line.startswith(" ") for line in lines)
    return 2 * indented < len(lines) and not any("  " in line.strip() for line in lines)


class Run(SphinxPostTransform):
    """Puts the link below every example."""

    default_priority = 300  # after the results of cells are there

    def run(self, **options: Any) -> None:
        """Change the page."""
        name = self.env.docname
        uri = self.app.builder.get_relative_uri(name, PLAYGROUND)
        before, section = "", None
        for block in list(self.document.findall(nodes.literal_block)):
            kinds = block.parent.get("classes", [])
            text = block.astext()
            if "cell_input" not in kinds and isinstance(block.parent.parent, nodes.container) and sentences(text):
                block["classes"].append("sentences")
            if "cell_input" not in kinds and not text.startswith(">>>"):
                continue
            if ELSEWHERE.search(text):
                continue
            if name.startswith("reference/") and section is not block.parent:
                before, section = "", block.parent
            code = before + program(text, shown=True)
            if name.startswith("reference/"):
                titles = [title.astext() for title in block.parent.findall(nodes.title)]
                code = beginning(code, titles[0] if titles else "") + code
            before += program(text, shown=False) + "\n"
            link = html.escape(f"{uri}#code={quote(code)}")
            below = block.parent if "cell_input" in kinds else block
            below.parent.insert(
                below.parent.index(below) + 1,
                nodes.raw("", f'<a class="run" href="{link}" title="Open in the playground">Run</a>', format="html"),
            )


def playground(app: Any, failed: Exception | None) -> None:
    """Write the page that the links lead to; with ``-D pyodide=FOLDER`` it works without a network too."""
    if failed is None and app.builder.format == "html":
        from tinygrad_bp.playground.folder import write

        write(Path(app.outdir, PLAYGROUND).parent, Path(app.config.pyodide) if app.config.pyodide else None)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_config_value("pyodide", "", "")
    app.connect("source-read", as_page)
    app.add_post_transform(Run)
    app.connect("build-finished", playground)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
