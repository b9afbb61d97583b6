"""Draws the pictures of the README and of ``docs/drawing.md`` from the code that stands there.

``python docs/make_pictures.py`` writes them into ``docs/pictures``. They are laid out by the wheel graphviz-pure, which
gives the same bytes on every machine; a test compares them.
"""

from __future__ import annotations

import doctest
import linecache
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from tinygrad_bp.drawing.program import wheels_program

DOCS = Path(__file__).resolve().parent
PAGES = {DOCS.parent / "README.md": ("neuron.svg",), DOCS / "drawing.md": ("residual.svg",)}


def pictures() -> Iterator[tuple[Path, str]]:
    """Each picture's file, and its text."""
    with mock.patch.dict(os.environ, {"TINYGRAD_BP_DOT": str(wheels_program())}):
        for page, names in PAGES.items():
            space: dict[str, object] = {}
            waiting = list(names)
            for example in doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8")):
                made = re.search(r'^(\w+)\.render\("(.+?)"\)', example.source)
                if made is not None and made[2] in waiting:
                    waiting.remove(made[2])
                    yield DOCS / "pictures" / made[2], space[made[1]].pipe("svg", encoding="utf-8")  # type: ignore[attr-defined]
                elif waiting and "print(" not in example.source:
                    file = f"<{page.name}, {example.lineno}>"  # no path of a machine
                    linecache.cache[file] = len(example.source), None, example.source.splitlines(), file
                    exec(compile(example.source, file, "single"), space)


def main() -> None:
    """Write them."""
    for path, text in pictures():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path.relative_to(DOCS.parent))


if __name__ == "__main__":
    main()
