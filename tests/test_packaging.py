"""What stands beside the code: links lead somewhere, on an index page as well, and quoted code is the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def prose(page: Path) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert not [link for link in LINK.findall(prose(page)) if not (page.parent / link).exists()]


def test_an_index_page_has_no_link_to_files_that_it_lacks() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = LINK.findall(text)
    for change in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)
    assert links and not LINK.findall(text) and all(f"`{link}`" in text or ".svg" in link for link in links)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/guide.md"])
def test_the_pages_that_show_a_definition_quote_it(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (definition,) = re.findall(r"\n```\n(tanh = .*?)```", text, flags=re.DOTALL)
    assert definition in (ROOT / "tinygrad_bp" / "ops" / "trigonometry.py").read_text(encoding="utf-8")


def test_every_python_that_is_supported_is_named() -> None:
    named = {c.split(" :: ")[2] for c in PROJECT["project"]["classifiers"] if "Python :: 3." in c}
    assert named == {"3.11", "3.12", "3.13"} and PROJECT["project"]["requires-python"] == ">=3.11"
