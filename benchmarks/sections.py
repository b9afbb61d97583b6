"""A page of several parts: each command writes its own sections, and leaves those of the others."""

from __future__ import annotations

import platform
import re
from pathlib import Path


def printed_by(command: str) -> str:
    """The line below a section's title: who printed it, and where."""
    return f"Printed by `{command}` on {platform.system()}, Python {platform.python_version()}."


def tell(sections: dict[str, str], page: Path | None) -> None:
    """Print sections by title, and write them into a page where one is named."""
    for title, body in sections.items():
        print(f"## {title}\n\n{body}\n")
    if page is not None:
        put(page, sections)


def put(path: Path, sections: dict[str, str]) -> None:
    """Write sections by title into a page: in the place of those that have the title, new ones at the end."""
    head, *rest = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.M)
    found = {title: body.strip() for title, _, body in (part.partition("\n") for part in rest)}
    found |= {title: body.strip() for title, body in sections.items()}
    whole = [head.strip(), *(f"## {title}\n\n{body}" for title, body in found.items())]
    path.write_text("\n\n".join(whole) + "\n", encoding="utf-8")
