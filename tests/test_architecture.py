"""Imports point one way, the core needs NumPy alone, and an op's name stands in one place."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_bp
from tinygrad_bp.autograd.op import OPS

ROOT = Path(tinygrad_bp.__file__).parent
# Each folder may import those named beside it, and itself.
ALLOWED = {
    "autograd": set(),
    "ops": {"autograd"},
    "verify": {"autograd", "ops"},
    "drawing": {"autograd", "ops"},
    "nn": {"autograd", "ops"},
    "optim": {"autograd", "ops"},
    "data": {"autograd", "ops"},
    "models": {"autograd", "ops", "nn", "optim", "data"},
    "train": {"autograd", "ops", "nn", "optim", "data"},
    "utils": {"autograd", "ops", "func"},
}
# PyTorch's place for the transforms of func.py.
ALSO = {"autograd/functional.py": {"func"}}
# What may be imported besides NumPy; inside functions only, but for drawing's own library.
EXTRAS = {"drawing": {"graphviz"}, "data": {"tqdm"}, "train": {"tqdm", "matplotlib"}}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT)


def imported(path: Path, inside: bool = True) -> list[tuple[str, ...]]:
    """Every import in a file (``inside``: of functions as well), as the path of a module in the package or outside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree) if inside else tree.body:
        if isinstance(node, ast.Import):
            found += [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(path.relative_to(ROOT.parent).parts[: -node.level]) if node.level else []
            module = tuple(base + (node.module.split(".") if node.module else []))
            found += [(*module, alias.name) for alias in node.names] if module == ("tinygrad_bp",) else [module]
    return found


def wrong_ways(path: Path) -> list[str]:
    folder = path.relative_to(ROOT).parts[0]
    allowed = {folder, *ALLOWED[folder], *ALSO.get(path.relative_to(ROOT).as_posix(), ())}
    ours = [module for module in imported(path) if module[0] == "tinygrad_bp"]
    return [".".join(m) for m in ours if len(m) < 2 or m[1] not in allowed]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    assert not wrong_ways(path)


def test_the_check_of_imports_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path / "tinygrad_bp")
    file = tmp_path / "tinygrad_bp" / "autograd" / "bad.py"
    file.parent.mkdir(parents=True)
    file.write_text("from ..ops import shape\nfrom .. import nn\nimport tinygrad_bp\nfrom .op import Op\n")
    assert wrong_ways(file) == ["tinygrad_bp.ops", "tinygrad_bp.nn", "tinygrad_bp"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_numpy_and_named_extras_are_imported(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]
    outside = {m[0] for m in imported(path)} - set(sys.stdlib_module_names) - {"tinygrad_bp", "numpy"}
    assert outside <= EXTRAS.get(folder, set())
    at_the_top = {m[0] for m in imported(path, inside=False)} & outside
    assert folder == "drawing" or not at_the_top


def test_every_folder_has_its_place() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ALLOWED)


def test_importing_the_package_loads_no_extra() -> None:
    code = (
        "import sys, tinygrad_bp\n"
        "extras = {'graphviz', 'matplotlib', 'tqdm', 'numba', 'scipy', 'sklearn', 'torch', 'numpy.random'}\n"
        "print(sorted(extras & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_file_names_an_op_twice() -> None:
    definitions = []
    for path in (ROOT / "ops").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            makes_op = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "elementwise", "linear", "general", "constant",
            )  # fmt: skip
            if makes_op and isinstance(node.args[0], ast.Constant):
                definitions.append(node.args[0].value)
    assert sorted(definitions) == sorted(OPS)
