"""Writes the type stubs of the package: ``python docs/make_reference.py`` runs it.

Ops are made of a table, and names are found when they are asked for: a type checker sees neither. Stubs tell it, and
editors, the signature, the result and the summary of every public function, and of what is bound to ``Tensor``.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from public_names import TYPES, Call, bound_to_tensors, calls, home, names_of, space, summary, with_out

from tinygrad_bp.ops.operators import OPERATORS

PACKAGE = Path(__file__).parent.parent / "tinygrad_bp"
WIDTH = 120
SPACES = {
    "": "__init__.pyi", "fft": "fft.pyi", "linalg": "linalg.pyi", "special": "special.pyi",
    "nn.functional": "nn/functional.pyi",
}  # fmt: skip
MATHEMATICS = ("fft", "functions", "linalg", "nn", "ops", "random", "special")  # where Any as a result is a Tensor
TENSOR = "autograd/syntax.pyi"
TENSOR_CLASS = "tinygrad_bp.autograd.tensor"
WRITTEN = '"""%s\n\nWritten by `python docs/make_reference.py`.\n"""\n'
# Operators give what NumPy's array operators give; Python's own ``==`` gives a bool.
NOT_AS_OBJECT = {"__eq__": "  # type: ignore[override]", "__ne__": "  # type: ignore[override]"}


class Stub:
    """One stub file while it is written: its lines, the names that it defines and the imports that its types need."""

    def __init__(self, package: str, defined: dict[str, Any]) -> None:
        self.package, self.defined = package, defined
        self.imports: dict[str, set[str]] = {}
        self.lines: list[str] = []

    def place(self, module: str) -> str:
        """A module as this file imports it: by a relative path where it is of the package."""
        if module.partition(".")[0] != "tinygrad_bp":
            return module
        mine, theirs = self.package.split("."), module.split(".")
        same = next((i for i, (a, b) in enumerate(zip(mine, theirs)) if a != b), min(len(mine), len(theirs)))
        return "." * (len(mine) - same + 1) + ".".join(theirs[same:])

    def take(self, module: str, name: str, public: bool = False) -> str:
        """Import a name and give what it is called here: with an underscore where the file defines another."""
        if not name:
            self.imports.setdefault("", set()).add(f"import {module}" if module != "numpy" else "import numpy as np")
            return "np" if module == "numpy" else module
        mine = self.defined.get(name)
        if isinstance(mine, type) and (mine.__module__, mine.__name__) == (module, name):
            return name
        called = f"_{name}" if name in self.defined and not public else name
        item = f"{name} as {called}" if public or called != name else name
        self.imports.setdefault(self.place(module), set()).add(item)
        return called

    def type(self, written: str, module: str) -> str:
        """A type that ``module`` writes, as this file writes it."""
        tree = ast.parse(written, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                continue
            if isinstance(node, ast.Name):
                found = (TENSOR_CLASS, "Tensor") if node.id == "Tensor" else home(module, node.id)
                if found is not None:
                    node.id = self.take(*found)
                elif node.id in self.defined:
                    node.id = self.take("builtins", node.id)
        return ast.unparse(tree)

    def function(self, name: str, value: Any, method: bool = False, decorator: str = "", out: bool = False) -> None:
        """A function or a method, in each of the ways to call it."""
        ways = [with_out(call) for call in calls(value)] if out else calls(value)
        for call in ways:
            if len(ways) > 1:
                self.take("typing", "overload")
                self.lines.append("@overload")
            if decorator:
                self.lines.append(decorator)
            self._signature(name, call, method)
            text = summary(value)
            if text and not (name.startswith("__") and method):
                self.lines[-1] += NOT_AS_OBJECT.get(name, "")
                self.lines += docstring(text, "    ", WIDTH - 4 * method)
            else:
                self.lines[-1] += f" ...{NOT_AS_OBJECT.get(name, '')}"

    def _signature(self, name: str, call: Call, method: bool) -> None:
        items, keywords, positional = [], False, False
        parameters = [item for item in call.parameters if not (method and item.name == "out")]
        if method:
            items.append("self")
            if parameters and parameters[0].kind in (inspect.Parameter.POSITIONAL_ONLY, POSITIONAL):
                parameters = parameters[1:]
        only = method and name.startswith("__") and name.endswith("__") and len(parameters) <= 2
        for item in parameters:
            if positional and item.kind is not inspect.Parameter.POSITIONAL_ONLY:
                items.append("/")
            positional = item.kind is inspect.Parameter.POSITIONAL_ONLY
            if item.kind is inspect.Parameter.KEYWORD_ONLY and not keywords:
                items.append("*")
                keywords = True
            keywords |= item.kind is inspect.Parameter.VAR_POSITIONAL
            stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(item.kind, "")
            written = f"{stars}{item.name}: {self.type(item.type, call.module)}"
            items.append(f"{written} = {item.default}" if item.default else written)
        if (positional or only) and not keywords and items != ["self"]:
            items.append("/")
        mathematics = call.module == TYPES or call.module.split(".")[1] in MATHEMATICS or name in OPERATORS
        result = self.type(tensors(call.result) if mathematics else call.result, call.module)
        self.lines += folded(f"def {name}(", items, f") -> {result}:", WIDTH - 4 * method)

    def text(self, about: str) -> str:
        """The whole file."""
        plain = sorted(self.imports.pop("", set()))
        order = sorted(self.imports, key=lambda place: (place.startswith("."), place))
        lines = [WRITTEN % about, *plain]
        for place in order:
            lines += folded(f"from {place} import ", sorted(self.imports[place]), "", WIDTH)
        return "\n".join([*lines, "", *self.lines, ""])


POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def tensors(result: str) -> str:
    """The result that a function declares, where it stands for tensors: with arrays as arguments it gives arrays."""
    tree = ast.parse(result, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("Any", "Array"):
            node.id = "Tensor"
    return ast.unparse(tree)


def folded(start: str, items: list[str], end: str, width: int) -> list[str]:
    """``start``, the items with commas between them, and ``end``: on one line, or in brackets on several."""
    line = f"{start}{', '.join(items)}{end}"
    if len(line) + 40 * line.startswith("def __eq") <= width:
        return [line]
    body = [""]
    for item in items:
        if body[-1] and len(body[-1]) + len(item) + 6 > width:
            body.append("")
        body[-1] += f"{' ' * bool(body[-1])}{item},"
    first = start if start.endswith("(") else f"{start}("
    return [first, *(f"    {part}" for part in body), end or ")"]


def docstring(text: str, indent: str, width: int) -> list[str]:
    """A docstring of one paragraph."""
    text = text.replace("\\", "\\\\")
    lines = textwrap.wrap(text, width - len(indent) - 3, break_long_words=False, break_on_hyphens=False)
    if len(lines) == 1 and len(lines[0]) + len(indent) + 6 <= width:
        return [f'{indent}"""{text}"""']
    return [f'{indent}"""{lines[0]}', *(f"{indent}{line}" for line in lines[1:]), f'{indent}"""']


def constant(stub: Stub, value: Any) -> str:
    """The type of a public value that is no function, class or module."""
    if isinstance(value, np.dtype):
        return f"{stub.take('numpy', '')}.dtype[np.{np.dtype(value).type.__name__.rstrip('_')}]"
    kind = type(value)
    if value is None or kind.__module__ == "builtins":
        name = "None" if value is None else kind.__name__
        return stub.take("builtins", name) if name in stub.defined else name
    return stub.take(kind.__module__, kind.__name__)


def of_space(name: str) -> str:
    """The stub of a public module."""
    module = space(name)
    public = dict(names_of(module))
    package = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
    stub = Stub(package, public)
    for called, value in public.items():
        if isinstance(value, ModuleType):
            parent, _, last = value.__name__.rpartition(".")
            stub.take(parent, last, public=True) if last == called else None
        elif isinstance(value, type):
            stub.imports.setdefault(stub.place(value.__module__), set()).add(f"{value.__name__} as {called}")
        elif not inspect.isfunction(value):
            stub.lines.append(f"{called}: {constant(stub, value)}")
    if not name:
        stub.lines.append("__version__: str")
    for called, value in public.items():
        if inspect.isfunction(value):
            stub.function(called, value, out=name != "nn.functional")
    return stub.text((module.__doc__ or "").strip().split("\n")[0])


def of_tensor() -> str:
    """The stub of what other files bind to ``Tensor``."""
    bound = dict(bound_to_tensors())
    stub = Stub("tinygrad_bp.autograd", bound)
    for name, value in bound.items():
        if isinstance(value, property):
            stub.function(name, value.fget, method=True, decorator="@property")
            if value.fset is not None:
                stub.lines += [f"@{name}.setter", f"def {name}(self, value: Operand) -> None: ..."]
                stub.take("tinygrad_bp.autograd.types", "Operand")
        elif callable(value):
            stub.function(name, value, method=True)
    head = ["class Syntax:", '    """Operators, methods and properties; the files that bind them have the code."""', ""]
    head += ["    def __init__(self, *items: Any, **named: Any) -> None: ..."]  # PyTorch's constructor: sizes, or data
    stub.take("typing", "Any")
    stub.lines = head + [f"    {line}" if line else "" for line in stub.lines]
    return stub.text("For type checkers and editors: what other files bind to ``Tensor``.")


def stubs() -> Iterator[tuple[Path, str]]:
    """Every stub file and its text."""
    yield PACKAGE / TENSOR, of_tensor()
    for name, file in SPACES.items():
        yield PACKAGE / file, of_space(name)
    yield (
        PACKAGE / "utils" / "data.pyi",
        WRITTEN % "PyTorch's place of ``tinygrad_bp.data``." + "\nfrom ..data import *\n",
    )
