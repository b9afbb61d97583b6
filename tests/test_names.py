"""Public names: each stands once, in the ``__all__`` of its file, and the public spaces hold them and nothing else."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tinygrad_bp as tg
import tinygrad_bp.nn
from tinygrad_bp.functions import methods

ROOT = Path(tg.__file__).parent
SPACES: dict[str, ModuleType] = {
    "__init__.py": tg,
    "fft.py": tg.fft,
    "linalg.py": tg.linalg,
    "special.py": tg.special,
    "nn/__init__.py": tg.nn,
    "nn/functional.py": tg.nn.functional,
    "random/__init__.py": tg.random,
}
FILES = sorted(path for room in ("ops", "functions", "random") for path in (ROOT / room).glob("[!_]*.py"))


def module_of(path: Path) -> Any:
    return importlib.import_module(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))


def taken_whole(space: str) -> list[Any]:
    """The modules of which a space takes all public names: ``import *``, and what the package opens when asked."""
    if space == "__init__.py":
        return [importlib.import_module(f"tinygrad_bp.{place}") for place in tg._FILES]
    path = ROOT / space
    package = ".".join(path.parent.relative_to(ROOT.parent).parts)
    return [
        importlib.import_module("." * node.level + (node.module or ""), package)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]


def defined(path: Path) -> set[str]:
    """The names that a file binds itself, by ``def``, ``class`` or assignment."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            found |= {part.id for part in ast.walk(target or ast.Pass()) if isinstance(part, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def bare(value: Any) -> Any:
    """What a file defines, without the door before a function."""
    return inspect.unwrap(value) if inspect.isfunction(value) else value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_public_name_is_reached_and_is_the_files_own(path: Path) -> None:
    module = module_of(path)
    for name in getattr(module, "__all__", []):
        own = bare(getattr(module, name))
        holders = [space for space in SPACES.values() if bare(getattr(space, name, None)) is own]
        assert holders, f"{name} is in __all__ of {path.name} and in no public space"
        assert name in defined(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_that_says_nothing_has_nothing_that_users_call(path: Path) -> None:
    module = module_of(path)
    if not hasattr(module, "__all__"):
        own = {name: getattr(module, name) for name in defined(path) if callable(getattr(module, name, None))}
        assert not [name for name, value in own.items() if bare(getattr(tg, name, None)) is value]


@pytest.mark.parametrize("space", SPACES)
def test_a_space_takes_no_name_from_two_files(space: str) -> None:
    names = [name for module in taken_whole(space) for name in module.__all__]
    assert len(names) == len(set(names))
    for module in taken_whole(space):
        for name in module.__all__:
            assert bare(getattr(SPACES[space], name)) is bare(getattr(module, name))


def test_the_package_shows_rooms_and_names_of_files_alone() -> None:
    rooms = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    shown = {name: getattr(tg, name) for name in dir(tg) if not name.startswith("_")}
    assert {name for name, value in shown.items() if isinstance(value, ModuleType)} <= rooms
    written = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(Path(tg.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    declared = {name for module in taken_whole("__init__.py") for name in module.__all__}
    declared |= {*tg._PARTS, *tg.autograd.dtypes.__all__, *methods.FUNCTIONS_TOO, "newaxis"}
    declared |= {"has_lapack", "has_mkl", "has_openmp", "has_spectral"}
    declared |= {
        "uint16",
        "uint32",
        "uint64",
        "bool",
        "short",
        "int",
        "long",
        "dtype",
        "half",
        "float",
        "double",
        "cfloat",
        "cdouble",
    }
    assert set(shown) - rooms <= declared | written
