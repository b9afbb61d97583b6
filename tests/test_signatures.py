"""Signatures say what they take: of the parameters of public functions, few are ``Any``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import tinygrad_bp as tg
from tinygrad_bp.autograd.types import Array

ROOT = Path(tg.__file__).parent
MOST = 0.1  # what anything may be given to: ``tg.tensor(data)``, a module's ``*args``


def public(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions of a file, and the methods of its classes, that have no underscore; a class is also called."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            yield from (m for m in methods if not m.name.startswith("_") or m.name in ("__init__", "__call__"))


def annotations(text: str) -> list[str]:
    """What every parameter of the public functions says it takes; "" where it says nothing."""
    found = []
    for function in public(ast.parse(text)):
        taken = function.args
        parameters = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs]
        parameters += [more for more in (taken.vararg, taken.kwarg) if more is not None]
        named = [p for p in parameters if p.arg not in ("self", "cls")]
        found += [ast.unparse(p.annotation) if p.annotation is not None else "" for p in named]
    return found


def says_nothing(annotation: str) -> bool:
    return annotation in ("", "Any", "Any | None")


def test_few_public_parameters_are_any() -> None:
    every = {path: annotations(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
    parameters = [annotation for found in every.values() for annotation in found]
    unsaid = {path.name: sum(map(says_nothing, found)) for path, found in every.items()}
    most = sorted(unsaid.items(), key=lambda item: -item[1])[:10]
    assert len(parameters) > 2000
    assert sum(unsaid.values()) <= MOST * len(parameters), most


def test_a_signature_that_says_nothing_is_counted() -> None:
    text = "def f(x: Any, *y: int, z=1): ...\nclass C:\n    def g(self, a: Any | None): ...\n    def _h(self, b): ...\n"
    assert [says_nothing(annotation) for annotation in annotations(text)] == [True, True, False, True]


def test_tensors_and_arrays_have_all_of_an_array() -> None:
    members = [name for name in vars(Array) if name in ("shape", "ndim", "dtype", "T", "mT") or name.startswith("__")]
    members = [name for name in members if callable(getattr(np.ndarray, name, None)) or not name.startswith("__")]
    for array in (tg.zeros(2, 2), np.zeros((2, 2))):
        assert all(hasattr(array, name) for name in members)
