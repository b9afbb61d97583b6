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
# Each room (a folder, or a file beside the folders) may import those named beside it, and itself.
ALLOWED = {
    "not_here": set(),
    "places": set(),
    "blas": set(),
    "as_torch": {"autograd", "places"},
    "autograd": set(),
    "ops": {"autograd"},
    "random": {"autograd", "ops"},
    "functions": {"autograd", "blas", "ops", "random"},
    "numpy_names": {"autograd", "ops", "functions"},
    "array_api": {"autograd", "ops", "functions"},
    "linalg": {"autograd", "ops", "functions"},
    "fft": {"autograd", "ops", "functions"},
    "signal": {"autograd", "functions"},
    "special": {"autograd", "ops", "functions"},
    "distributions": {"autograd", "ops", "functions", "random", "places"},
    "func": {"autograd", "ops", "functions"},
    "functional": {"autograd", "func", "places"},
    "program": {"autograd", "ops", "func"},
    "explaining": {"autograd", "ops", "program", "drawing"},
    "compiler": {"autograd", "blas", "ops", "func", "nn", "optim", "program"},
    "verify": {"autograd", "ops"},
    "check": {"autograd", "verify", "as_torch"},
    "drawing": {"autograd", "faults", "nn", "program"},
    "replaying": {"autograd", "drawing", "explaining"},
    "onnx": {"autograd", "functions", "random", "nn", "program", "saving"},
    "playground": {"autograd", "random"},
    "nn": {"autograd", "ops", "functions", "random", "distributed", "places"},
    "optim": {"autograd", "functions", "nn"},
    **{room: {"autograd"} for room in ("accelerator", "amp", "backends", "jit", "mps", "xpu")},
    "distributed": {"autograd", "blas"},
    **{room: {"autograd"} for room in ("hub", "profiler", "types")},
    "cuda": {"autograd", "amp"},
    "data": {"autograd", "functions", "random", "distributed", "saving", "places"},
    "faults": {"autograd", "nn", "optim", "random"},
    "models": {"autograd", "random", "nn"},
    "train": {"autograd", "functions", "random", "nn", "optim", "compiler", "data", "saving", "distributed"},
    "saving": {"autograd", "functions", "nn"},
    "sklearn": {"autograd", "ops", "functions", "nn", "compiler", "train"},
    "utils": {"autograd", "ops", "functions", "func", "random", "data", "hub", "places"},
    "testing": {"autograd"},
    "version": set(),
}
CONSTRUCTORS = ("elementwise", "linear", "general", "constant")
# What may be imported besides NumPy; inside functions only, but for drawing's own library.
EXTRAS = {
    "blas": {"scipy"},
    "drawing": {"graphviz"},
    "data": {"tqdm"},
    "distributed": {"mpi4py"},
    "hub": {"tqdm"},
    "onnx": {"onnx"},
    "playground": {"graphviz"},
    "saving": {"safetensors"},
    "sklearn": {"sklearn", "scipy"},
    "train": {"joblib", "tqdm", "matplotlib", "IPython"},
}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


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
    allowed = {room_of(path), "not_here", *ALLOWED[room_of(path)]}  # what a room lacks it may say in its own name
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
    room = room_of(path)
    outside = {m[0] for m in imported(path)} - set(sys.stdlib_module_names) - {"tinygrad_bp", "numpy"}
    assert outside <= EXTRAS.get(room, set())
    at_the_top = {m[0] for m in imported(path, inside=False)} & outside
    # Estimators are subclasses of scikit-learn's; their files are imported when somebody asks for one.
    assert room == "drawing" or path.name in ("estimators.py", "perceptron.py") or not at_the_top


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in FILES} == set(ALLOWED)


def defines_ops(path: Path) -> bool:
    """Whether a file takes one of the ways to define an op from ``autograd``."""
    imports = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.ImportFrom)]
    taken = {alias.name for n in imports if (n.module or "").startswith("autograd.") for alias in n.names}
    return bool(taken & set(CONSTRUCTORS))


def test_ops_holds_the_files_that_define_ops() -> None:
    ops = {path for path in FILES if room_of(path) == "ops"}
    others = {path.stem for path in ops if not defines_ops(path)}
    assert others == {"__init__", "operators", "passes", "samples"}
    assert not [path for path in FILES if path not in ops and defines_ops(path)]


def test_importing_the_package_loads_no_extra() -> None:
    code = (
        "import sys, tinygrad_bp\n"
        "extras = {'graphviz', 'matplotlib', 'mpi4py', 'tqdm', 'safetensors', 'numba', 'scipy', 'sklearn', 'torch'}\n"
        "extras |= {'numpy.random'}\n"
        "print(sorted(extras & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_file_names_an_op_twice() -> None:
    definitions = []
    for path in (ROOT / "ops").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            makes_op = isinstance(node, ast.Call) and getattr(node.func, "id", "") in CONSTRUCTORS
            if makes_op and isinstance(node.args[0], ast.Constant):
                definitions.append(node.args[0].value)
    assert sorted(definitions) == sorted(OPS)
