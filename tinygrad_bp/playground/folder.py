"""Writes the folder: the page, the examples, this package, and Python for browsers."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..autograd.errors import AutogradError
from .pinned import FILES, found

HERE = Path(__file__).parent
PAGE = ("index.html", "style.css", "worker.js", "editor.js", "page.js")
PACKAGE = "tinygrad_bp.zip"


class OutputError(AutogradError):
    """The folder to write holds something that is no playground.

    Fails: ``python -m tinygrad_bp.playground ~/Documents``.  Works: ``python -m tinygrad_bp.playground playground``.
    """


def examples() -> list[dict[str, str]]:
    """The programs of ``examples.md``: a name for links, a title, and the code."""
    text = (HERE / "examples.md").read_text(encoding="utf-8")
    parts = re.findall(r"^## (\w+): (.+?)\n.*?```python\n(.*?)```", text, flags=re.DOTALL | re.MULTILINE)
    return [{"name": name, "title": title, "code": code} for name, title, code in parts]


def package() -> bytes:
    """This package and graphviz as they are installed, as one archive."""
    import graphviz

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for root in (HERE.parent, Path(graphviz.__file__).parent):
            for path in sorted(root.rglob("*")):
                inner = path.relative_to(root)
                if path.is_file() and "__pycache__" not in inner.parts and path.suffix not in (".pyc", ".pyi"):
                    # One time for all, so that the same sources make the same folder.
                    packed.writestr(zipfile.ZipInfo(f"{root.name}/{inner.as_posix()}"), path.read_bytes(), 8)
    return archive.getvalue()


def policy(hosts: str) -> str:
    """What the page may load: its own files, what it makes itself, and from ``hosts`` what is checked."""
    return (
        "default-src 'none'; script-src 'self' file: blob: 'unsafe-inline' 'wasm-unsafe-eval'; worker-src blob:; "
        "style-src 'self' file: 'unsafe-inline'; img-src data: blob:; font-src data:; "
        f"connect-src data: blob: {hosts}; form-action 'none'; base-uri 'none'"
    )


def _clear(out: Path) -> None:
    """Raise unless ``out`` is free for a playground; take away what an earlier one has left in it."""
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; name a folder to write")
    held = list(out.iterdir()) if out.is_dir() else []
    if held and not (out / "parts.js").is_file():
        raise OutputError(
            f"{out} holds other things ({held[0].name} say) and no playground; name an empty folder or a new one"
        )
    for path in (out / "files").glob("*.js"):
        path.unlink()


def write(out: Path, pyodide: Path | None = None) -> dict[str, int]:
    """Write the folder and return its files with their sizes; with ``pyodide``, Python itself is among them."""
    held: dict[str, bytes] = {} if pyodide is None else found(pyodide)
    _clear(out)
    (out / "files").mkdir(parents=True, exist_ok=True)
    held[PACKAGE] = package()
    places: Mapping[str, Any] = {
        name: None if name in held else {"url": FILES[name].base + name, "integrity": FILES[name].integrity}
        for name in [*FILES, PACKAGE]
    }
    for name, data in held.items():
        text = base64.b64encode(gzip.compress(data, mtime=0)).decode()
        (out / "files" / f"{name}.js").write_text(f'here("{name}", "{text}");\n')
    parts = json.dumps({"files": places, "examples": examples()}, indent=1)
    (out / "parts.js").write_text(f"const PARTS = {parts};\n", encoding="utf-8")
    hosts = sorted({"{0.scheme}://{0.netloc}".format(urlsplit(place["url"])) for place in places.values() if place})
    for name in PAGE:
        text = (HERE / "page" / name).read_text(encoding="utf-8")
        if name == "index.html":
            text = text.replace("{policy}", html.escape(policy(" ".join(hosts)), quote=True))
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    return {path.relative_to(out).as_posix(): path.stat().st_size for path in sorted(out.rglob("*")) if path.is_file()}
