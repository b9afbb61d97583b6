"""Where an op stands in the source and what is written there, for docstrings and for the reference page."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from .op import Op

_KINDS = {
    "elementwise": "Works on each element alone. Differentiable to any order.",
    "linear": "Linear in its inputs. Differentiable to any order.",
    "general": "Differentiable to any order.",
    "constant": "No gradient passes.",
}
_SPELLED = {"x": "input", "a": "input", "b": "other"}  # PyTorch's names of what rules and formulas call x, a and b


def spelled(op: Op) -> tuple[str, ...]:
    """The names by which the op's function takes its inputs."""
    return tuple([_SPELLED.get(name, name) for name in op.inputs])


class Doc(str):
    """The docstring of an op's function. Its rules are read from the source when it is shown: an import reads none."""

    op: Op

    def __new__(cls, op: Op) -> Doc:
        """What the definition says, without its rules."""
        doc = super().__new__(cls, described(op))
        doc.op = op
        return doc

    def __str__(self) -> str:
        written, lines = written_rules(self.op), []
        for name, rule in zip(self.op.inputs, self.op.rules):
            if name in written:
                text = written[name]
                if rule is not None and text == rule.__name__:
                    text += f", line {rule.__code__.co_firstlineno}"
                lines.append(f"Rule{f' of {name}' if len(self.op.inputs) > 1 else ''}: {text}")
        if lines:
            renamed = [f"; {short} is {name}" for short, name in zip(self.op.inputs, spelled(self.op)) if short != name]
            lines = ["", f"g is the gradient arriving, y the result{''.join(renamed)}:", *lines]
        return "\n".join([super().__str__(), *lines])

    def expandtabs(self, tabsize: Any = 8) -> str:
        """With this ``help()``, IPython and Sphinx begin to lay out a docstring."""
        return str(self).expandtabs(tabsize)


def described(op: Op) -> str:
    """What the definition of an op says, without its rules."""
    lines = [op.doc, ""]
    if op.formula:
        lines += [f"Formula: {op.formula}", ""]
    lines.append(_KINDS[op.kind])
    if op.kind == "elementwise" and len(op.inputs) > 1:
        lines.append("Shapes broadcast.")
    if sum(op.promotes) > 1 or op.variadic:
        lines.append("Inputs are brought to their common dtype.")
    if op.floats:
        lines.append("Integers give the default float dtype.")
    if op.wide:
        lines.append("float16 is computed in float32 and rounded once.")
    if "axis" in op.params:
        lines.append("``axis`` (PyTorch: ``dim``) counts from 0, or from the end where negative.")
    lines.append("Tensors in, a Tensor out; arrays in, an array out.")
    if op.hint:
        lines.append(f"Raises ``ShapeError`` where shapes do not fit: {op.hint}.")
    file, line = op.place
    lines.append(f"Defined in {'/'.join(file.replace(os.sep, '/').split('/')[-3:])}, line {line}.")
    return "\n".join(lines)


def written_rules(op: Op) -> dict[str, str]:
    """The rules of an op as they are written, by input; a name is a function of the op's file."""
    import ast  # only a reader needs it

    file, line = op.place
    text, calls = _read(file)
    call = calls.get(line)
    given, rules = call.args[2:] if call is not None else [], {}
    for name, rule in zip(op.inputs, given * len(op.inputs) if op.together else given):
        if not (isinstance(rule, ast.Constant) and rule.value is None):
            body = rule.body if isinstance(rule, ast.Lambda) else rule
            rules[name] = " ".join((ast.get_source_segment(text, body) or "").split())
    return rules


@cache
def _read(file: str) -> tuple[str, dict[int, Any]]:
    """The text of a file, and the calls in it by line, of several the outermost; nothing of what is no file."""
    import ast

    try:
        with open(file, encoding="utf-8") as source:
            text = source.read()
    except OSError:  # typed in a terminal
        return "", {}
    calls: dict[int, Any] = {}
    for node in ast.walk(ast.parse(text)):  # breadth first: the outermost comes first
        if isinstance(node, ast.Call):
            calls.setdefault(node.lineno, node)
    return text, calls
