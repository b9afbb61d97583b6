"""The reference page and the type stubs say what is defined now."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[Path, str]:
    """The files that are written from definitions, and what they should say."""
    monkeypatch.syspath_prepend(DOCS)
    return dict(importlib.import_module("make_reference").files())


def test_every_file_is_up_to_date(written: dict[Path, str]) -> None:
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run PYTHONPATH=. python docs/make_reference.py"
    assert {path for path in (DOCS / "reference").iterdir()} <= written.keys()
    assert all(f"| **{name}** |" in written[DOCS / "reference" / "ops.md"] for name in OPS)


def declared(text: str, class_name: str = "") -> dict[str, Any]:
    """The functions that a stub declares, by their names; of a property the one that reads."""
    body = ast.parse(text).body
    if class_name:
        body = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == class_name).body
    return {node.name: node for node in reversed(body) if isinstance(node, ast.FunctionDef)}


def test_what_is_bound_to_tensors_is_declared_with_what_it_does(written: dict[Path, str]) -> None:
    methods = declared(written[Path(tg.__file__).parent / "autograd" / "syntax.pyi"], "Syntax")
    own = {name for name in dir(tg.Tensor) if not name.startswith("_")} - set(vars(tg.Tensor)["__slots__"])
    tree = ast.parse((Path(tg.__file__).parent / "autograd" / "tensor.py").read_text(encoding="utf-8"))
    inside = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tensor").body
    assert own <= {*methods} | {node.name for node in inside if isinstance(node, ast.FunctionDef)}
    assert not [name for name, node in methods.items() if not name.startswith("__") and not ast.get_docstring(node)]
    assert "__getattr__" not in methods


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("sum", "self, axis: Axis=None, keepdims: _bool=False, dtype: DTypeLike=None, *, dim: Axis=None, "
                "keepdim: _bool | None=None, initial: Operand | None=None, where: Array | None=None"),
        ("exp", "self"),
        ("add_", "self, other: Operand, *, alpha: Any=1"),
        ("aminmax", "self, *, dim: _int | None=None, keepdim: _bool=False, axis: _int | None=None, "
                    "keepdims: _bool | None=None"),
    ],
)  # fmt: skip
def test_signatures_are_those_of_the_definitions(written: dict[Path, str], method: str, signature: str) -> None:
    methods = declared(written[Path(tg.__file__).parent / "autograd" / "syntax.pyi"], "Syntax")
    assert ast.unparse(methods[method].args) == signature
