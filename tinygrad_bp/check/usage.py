"""What a derivative is called with in the file: ``sigmoid_prime(z)`` and ``sigmoid_prime(a)`` mean two formulas."""

from __future__ import annotations

import ast
import re


def used_with(tree: ast.Module, forward: str, derivative: str) -> dict[str, int]:
    """``"input"`` and ``"output"``, each with a line in which the derivative is called with one of ``forward``."""
    outputs, inputs = {"output", "self.output"}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _called(node.value) == forward:
            outputs |= {_text(target) for target in node.targets}
            inputs |= {_text(argument) for argument in node.value.args[:1]}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == derivative and node.args:
            text = _text(node.args[0])
            if text in outputs or (isinstance(node.args[0], ast.Call) and _called(node.args[0]) == forward):
                found.setdefault("output", node.lineno)
            elif text in inputs or re.fullmatch(r"(self\.)?[zZ]s?\d*", text):
                found.setdefault("input", node.lineno)
            else:
                found.setdefault("unknown", node.lineno)
    return found


def _text(node: ast.AST) -> str:
    """An expression without the places in it: ``zs[-1]`` and ``zs[l]`` are both ``zs``."""
    return ast.unparse(node.value if isinstance(node, ast.Subscript) else node)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
