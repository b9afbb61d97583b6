"""What the site makes of the Markdown, which stays as a code host shows it.

- In ``learn`` each block of ``python`` is a cell that the build runs; more words after ``python`` are tags of the cell.
- The links of ``index.md`` under their headings are the table of contents; pages of the reference and decisions are
  linked by an index of their own, since a table with every page in it, written on every page, takes most of the time.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

NOTEBOOK = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python}
---
"""
BLOCK = re.compile(r"^```python[ ]*(.*)\n", re.MULTILINE)
LINK = re.compile(r"\[(?:[^\]]|\\\])*\]\(([\w./-]+)\.(?:md|ipynb)\)")


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
        source[0] = "---\norphan: true\n---\n" + source[0]


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", as_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
