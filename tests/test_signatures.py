"""Signatures say what they take: of the parameters of public functions, few are ``Any``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import tinygrad_bp as tg

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


def test_a_tensor_and_an_ndarray_are_arrays() -> None:
    """Also for type checkers: what is bound to Tensor elsewhere stands in the stub."""
    body = next(node for node in ast.parse(read("types.py")).body if isinstance(node, ast.ClassDef)).body
    members = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    stub = next(node for node in ast.parse(read("syntax.pyi")).body if isinstance(node, ast.ClassDef)).body
    declared = {node.name for node in stub if isinstance(node, ast.FunctionDef)}
    tensor = ast.parse(read("tensor.py")).body
    own = next(node for node in tensor if isinstance(node, ast.ClassDef) and node.name == "Tensor").body
    assert {"shape", "mT", "__add__"} <= members
    assert members <= declared | {node.name for node in own if isinstance(node, ast.FunctionDef)}
    assert declared <= {*dir(tg.Tensor)}
    assert all(hasattr(np.ndarray, name) for name in members)


def read(name: str) -> str:
    return (ROOT / "autograd" / name).read_text(encoding="utf-8")
