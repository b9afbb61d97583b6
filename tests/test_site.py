"""The site is built as CONTRIBUTING.md says, every block of code on it is run, and it reads well in a browser."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from browser import DESKTOP, PHONE, browser, complaints, too_wide

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LEARN = sorted(DOCS.glob("learn/*.md"))
PAGES = [*(f"learn/{page.stem}" for page in LEARN), "index", "guide", "tour", "performance", "reference/index",
         "reference/ops", "reference/nn.layers", "decisions/index"]  # fmt: skip
BLOCK = re.compile(r"^```(?:python|pycon)\b[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Where code is that is not an example run with its page, and what runs it.
RUN_ELSEWHERE = {
    "learn/": "the build, cell by cell",
    "reference/": "quoted from docstrings, which are run; test_reference.py",
    "reports/": "written by demos.reports.hand_rules, which runs it; test_hand_rules.py",
    "homework.md import numpy as np\n\n\nclass Dense": "test_check_process.py",
}


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("site_pages")


def not_run(page: Path) -> list[str]:
    """The blocks of Python on a page that neither the build nor the tests of examples run."""
    name = page.relative_to(DOCS).as_posix()
    found = [code for code in BLOCK.findall(page.read_text(encoding="utf-8")) if not code.startswith(">>>")]
    return [code for code in found if not f"{name} {code}".startswith(tuple(RUN_ELSEWHERE))]


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_block_of_code_is_run(page: Path) -> None:
    assert not not_run(page)


def test_a_block_that_nobody_runs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "DOCS", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```python\n>>> 1\n1\n```\n\n```python\nprint(2)\n```\n\n```text\n3\n```\n", encoding="utf-8")
    assert not_run(page) == ["print(2)\n"]


def test_blocks_are_cells_and_links_are_the_table_of_contents(pages: Any) -> None:
    text = pages.cells("# A\n\n```python\na\n```\n\n```python hide-input\nb\n```\n\n```sh\nc\n```\n")
    assert text.startswith("---\nfile_format: mystnb\n") and "```sh\nc\n```" in text
    assert "```{code-cell} python\na\n```" in text and "```{code-cell} python\n:tags: [hide-input]\nb\n```" in text
    text = pages.contents("# A\n\n- [x](x.md)\n\n## B\n\n- [y](b/y.md), [z](z.ipynb)\n- [w](https://w.org/w.md)\n")
    assert "```{toctree}\n:hidden:\n\nx\n```\n\n## B" in text
    assert "```{toctree}\n:hidden:\n:caption: B\n\nb/y\nz\n```" in text


@pytest.mark.parametrize("folder", ["decisions", "reference"])
def test_an_index_has_every_page_of_its_folder(pages: Any, folder: str) -> None:
    linked = set(pages.LINK.findall((DOCS / folder / "index.md").read_text(encoding="utf-8")))
    assert linked == {page.stem for page in (DOCS / folder).glob("*.md")} - {"index"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in a folder with a blank in its name."""
    for module in ("sphinx", "myst_nb", "furo"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f'{module} is not installed (pip install "tinygrad_bp[docs]")')
    folder = tmp_path_factory.mktemp("the site")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"sphinx-build (.*) -d build/doctrees docs build/site", text)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *shlex.split(command), "-d", folder / "doctrees", DOCS, folder / "site"],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


BROKEN = "return [...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src)"


def faults(page: Any, site: Path) -> list[str]:
    """What is wrong with any of the pages as they are shown now."""
    found = []
    for name in PAGES:
        page.get((site / f"{name}.html").as_uri())
        page.execute_script("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
        found += [f"{name}: {said}" for said in complaints(page)]
        found += [f"{name}: no picture {source}" for source in page.execute_script(BROKEN)]
        if wide := too_wide(page):
            found.append(f"{name}: {wide} px wider than the window")
    return found


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone, dark"])
def test_pages_read_well(site: Path, size: tuple[int, int], dark: bool) -> None:
    with browser(size, dark) as page:
        assert not faults(page, site)
