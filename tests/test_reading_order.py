"""The engine can be read top down: about 650 lines, none of which needs a later file, and no circle of imports."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import tinygrad_bp
from tinygrad_bp.autograd import READING_ORDER

ROOT = Path(tinygrad_bp.__file__).parent
ENGINE = ROOT / "autograd"
BUDGET = 660


def for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(tree: ast.AST) -> list[ast.AST]:
    """Every node, also inside functions, but for what only type checkers import."""
    found = [tree]
    for node in found:  # grows while it is walked
        found += [child for child in ast.iter_child_nodes(node) if not for_type_checkers(child)]
    return found


def imports(path: Path, root: Path = ROOT) -> set[Path]:
    """The files of the package that a file imports, at its top or inside a function."""
    found = set()
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folder = path.parents[node.level - 1]
        module = folder.joinpath(*(node.module or "").split("."))
        for name in [module, *(module / alias.name for alias in node.names)]:
            found |= {file for file in (name.with_suffix(".py"), name / "__init__.py") if file.is_file()}
    return {file for file in found if file.is_relative_to(root) and file != path and file.name != "__init__.py"}


def circle(files: list[Path], root: Path = ROOT) -> list[str]:
    """The names of files that import each other in a circle; empty where there is none."""
    try:
        TopologicalSorter({file: imports(file, root) for file in files}).prepare()
    except CycleError as error:
        return [str(file.relative_to(root)) for file in error.args[1]]
    return []


def test_no_files_import_each_other_in_a_circle() -> None:
    assert not circle(sorted(ROOT.rglob("*.py")))


def test_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from .b import x\n")
    (tmp_path / "b.py").write_text("def f():\n    from . import c\n")
    (tmp_path / "c.py").write_text("from . import a\nif TYPE_CHECKING:\n    from .b import y\n")
    files = sorted(tmp_path.glob("*.py"))
    assert set(circle(files, tmp_path)) == {"a.py", "b.py", "c.py"}
    (tmp_path / "c.py").write_text("if TYPE_CHECKING:\n    from .a import y\n")
    assert circle(files, tmp_path) == []


@pytest.mark.parametrize("name", READING_ORDER)
def test_each_file_needs_no_later_one(name: str) -> None:
    later = READING_ORDER[READING_ORDER.index(name) + 1 :]
    pending, needed = [ENGINE / f"{name}.py"], set()
    while pending:  # also what the imported files import
        for file in imports(pending.pop()) - needed:
            needed.add(file)
            pending.append(file)
    assert not {file.stem for file in needed} & set(later)


def test_reading_it_stays_within_the_budget() -> None:
    lines = {name: len((ENGINE / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in READING_ORDER}
    assert sum(lines.values()) <= BUDGET, lines
