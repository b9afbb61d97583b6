"""The site is built as CONTRIBUTING.md says, every block of code on it is run, and it reads well in a browser."""

from __future__ import annotations

import builtins
import contextlib
import html
import importlib
import importlib.util
import io
import linecache
import os
import re
import shlex
import subprocess
import sys
import types
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browser import DESKTOP, PHONE, browser, complaints, too_wide
from playground_page import Playground, pyodide_folder

import tinygrad_bp as tg
from tinygrad_bp.playground.folder import write

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
    "distributed.md import tinygrad_bp as tg\nfrom tinygrad_bp import distributed\n": "test_distributed.py, by 2 ranks",
    "homework.md import numpy as np\n\n\nclass Dense": "test_check_process.py",
}


def need_sphinx() -> None:
    for module in ("sphinx", "myst_nb", "furo"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f'{module} is not installed (pip install "tinygrad_bp[docs]")')


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Any:
    need_sphinx()
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


def test_examples_are_programs(pages: Any) -> None:
    text = """>>> x = tg.ones(2)  # doctest: +SKIP
>>> for i in range(2):
...     x = x + i
>>> x + 1  # one more
2
>>> x[5]
Traceback (most recent call last):
IndexError: 5
"""
    loop = "for i in range(2):\n    x = x + i\n"
    refused = 'try:\n    display(x[5])\nexcept Exception as error:\n    print(f"{type(error).__name__}: {error}")\n'
    assert pages.program(text, shown=True) == f"{loop}display(x + 1)\n{refused}"
    assert pages.program(text, shown=False) == f"{loop}x + 1  # one more\n"
    assert pages.program("a\nb\n", shown=True) == "a\nb\n"
    assert pages.beginning("np.ones(2)", "ones") == "import numpy as np\n"
    begun = pages.beginning("import tinygrad_bp as tg\nprint(compare(1, tg))", "compare")
    assert begun == "from tinygrad_bp.verify.compared import compare\n"


def test_every_page_is_linked_from_an_index() -> None:
    linked = {DOCS / "index.md"}
    for index in DOCS.rglob("index.md"):
        links = re.findall(r"\]\(([\w./-]+\.(?:md|ipynb))\)", index.read_text(encoding="utf-8"))
        linked |= {(index.parent / link).resolve() for link in links}
    assert linked == {*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in a folder with a blank in its name."""
    need_sphinx()
    folder = tmp_path_factory.mktemp("the site")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"sphinx-build (.*) -d build/doctrees docs build/site", text)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *shlex.split(command), "-d", folder / "doctrees", DOCS, folder / "site"],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture
def programs(site: Path) -> list[tuple[str, str]]:
    """What the links to the playground open, by page."""
    link = re.compile(r'class="run" href="([^"#]*)#code=([^"]*)"')
    found = []
    for page in sorted(site.rglob("*.html")):
        for where, code in link.findall(page.read_text(encoding="utf-8")):
            assert (page.parent / where).is_file()
            found.append((page.relative_to(site).as_posix(), unquote(html.unescape(code))))
    return found


def test_every_program_that_a_link_opens_runs(
    programs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert len(programs) > 1000 and {page.partition("/")[0] for page, _ in programs} > {"learn", "reference"}
    monkeypatch.setattr(builtins, "display", lambda *values: None, raising=False)
    monkeypatch.chdir(tmp_path)
    wrong = []
    for page, code in programs:
        if page.startswith(("learn/", "reference/")):  # other pages are run as they stand, and hold trainings
            module = types.ModuleType("__main__")
            monkeypatch.setitem(sys.modules, "__main__", module)
            linecache.cache["program.py"] = (len(code), None, code.splitlines(True), "program.py")
            try:
                with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
                    exec(compile(code, "program.py", "exec"), vars(module))
            except Exception as error:
                wrong.append(f"{page}: {type(error).__name__}: {error}\n{code}")
            tg.set_default_dtype(tg.float32)
        else:
            compile(code, page, "exec")
    assert not wrong, "\n".join(wrong)


BROKEN = "return [...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.src)"


# The least contrast of a text with what lies behind it, by the formula of the Web Content Accessibility Guidelines.
CONTRAST = """
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => numbers(colour).slice(0, 3)
  .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (element) => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if (numbers(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
const texts = document.querySelectorAll("article p, article h1, article li, article td, pre, a.run");
return Math.min(...[...texts].map((e) => {
  const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}));
"""


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
        if (contrast := page.execute_script(CONTRAST)) < 4.5:
            found.append(f"{name}: a text with a contrast of {contrast:.1f}")
    return found


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone, dark"])
def test_pages_read_well(site: Path, size: tuple[int, int], dark: bool) -> None:
    with browser(size, dark) as page:
        assert not faults(page, site)


def test_the_search_finds_a_page_without_a_server(site: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    with browser() as page:
        page.get((site / "search.html").as_uri() + "?q=topological")
        results = "return [...document.querySelectorAll('#search-results li')].map(e => e.textContent)"
        found = WebDriverWait(page, 20).until(lambda page: page.execute_script(results))
        assert any("Backpropagation in pictures" in text for text in found) and not complaints(page)


def test_a_replay_is_in_the_page(site: Path) -> None:
    with browser() as page:
        page.get((site / "learn/backpropagation.html").as_uri())
        frames = page.find_elements("tag name", "iframe")
        text = (DOCS / "learn/backpropagation.md").read_text(encoding="utf-8")
        assert len(frames) == text.count("tg.replay(") > 0
        page.switch_to.frame(frames[0])
        assert "Replay of loss" in page.execute_script("return document.body.innerText") and not complaints(page)


def test_the_guide_runs_in_the_playground(site: Path, programs: list[tuple[str, str]]) -> None:
    write(site / "playground", pyodide_folder())
    whole = {page: code for page, code in programs if page.startswith("learn/")}  # the last link has all cells
    with browser() as driver:
        driver.get((site / "learn/backpropagation.html").as_uri())
        driver.find_element("css selector", "a.run").click()
        first = next(code for page, code in programs if page == "learn/backpropagation.html")
        assert driver.execute_script("return editor.text") == first
        page = Playground(driver, driver.current_url)
        page.wait("ready")
        for name, code in whole.items():
            page.run(code)
            assert not page.find("#output .err"), f"{name}: {page.output}"


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r"""<(?:script|link|img|iframe)[^>]*?(?:src|href)=["']?(?:https?:)?//""")
    for page in site.rglob("*.html"):
        assert not loaded.findall(page.read_text(encoding="utf-8")), page
