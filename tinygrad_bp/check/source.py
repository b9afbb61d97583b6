"""The text of a homework, a Python file or a notebook, and the names that it defines when it is run."""

from __future__ import annotations

import ast
import builtins
import contextlib
import json
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

MODULE = "homework"  # what __name__ is; code under `if __name__ == "__main__":` does not run
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
LONGEST = 5_000_000  # bytes


class Unreadable(Exception):
    """A file in which nothing can be looked for; the message is one sentence."""


@dataclass
class Source:
    """The text of a file, parsed."""

    path: Path
    tree: ast.Module
    notes: list[str] = field(default_factory=list)

    @property
    def uses_torch(self) -> bool:
        """Whether it asks for ``torch``."""
        names = [a.name for n in ast.walk(self.tree) if isinstance(n, ast.Import) for a in n.names]
        names += [n.module or "" for n in ast.walk(self.tree) if isinstance(n, ast.ImportFrom)]
        return any(name.partition(".")[0] == "torch" for name in names)

    def definitions(self) -> dict[str, Any]:
        """The functions and classes of the file, by name: of two with one name the last."""
        kinds = (ast.FunctionDef, ast.ClassDef)
        return {node.name: node for node in self.tree.body if isinstance(node, kinds)}


def read(path: Path) -> Source:
    """Parse a file or notebook. Raises ``Unreadable`` where it is no text, or no Python."""
    try:
        if path.stat().st_size > LONGEST:
            raise Unreadable(f"The file has more than {LONGEST // 1_000_000} MB; it was not read.")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from None
    if path.suffix == ".ipynb":
        return _notebook(path, data)
    notes = []
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text = data.decode("latin-1")
        notes.append("The file is not UTF-8; it was read as Latin-1.")
    return Source(path, _parsed(text), notes)


def _python(text: str) -> ast.Module:
    """Text as Python; where it is none, without its lines for IPython and the shell."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        lines = [re.sub(r"^(\s*)[%!?].*", r"\1pass", line) for line in text.splitlines()]
        with contextlib.suppress(SyntaxError):
            return ast.parse("\n".join(lines))
        raise error


def _parsed(text: str) -> ast.Module:
    if "\0" in text:
        raise Unreadable("The file is no text: it holds zero bytes.")
    try:
        return _python(text)
    except SyntaxError as error:
        line = (text.splitlines()[error.lineno - 1 : error.lineno] or [""])[0].strip() if error.lineno else ""
        if re.match(r"print\s+[^(=]", line):
            raise Unreadable(f"Line {error.lineno} is Python 2: write print(…).") from None
        raise Unreadable(f"Line {error.lineno} is no Python: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(f"The file cannot be parsed: {error or type(error).__name__}.") from None


def _notebook(path: Path, data: bytes) -> Source:
    """The code cells one after another; lines for the shell and cells that are no Python are left out."""
    try:
        cells = json.loads(data.decode("utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (UnicodeDecodeError, ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("The file is no notebook: it has no list of cells.") from None
    tree, notes = ast.Module([], []), []
    for number, text in enumerate(texts, 1):
        if text.lstrip().startswith("%%"):
            continue
        try:
            tree.body += _python(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            message = getattr(error, "msg", str(error) or type(error).__name__)
            notes.append(f"Code cell {number} was left out, it is no Python: {message}.")
    if not tree.body:
        raise Unreadable("The notebook has no code cells that are Python.")
    return Source(path, tree, notes)


class Shell:
    """What stands for IPython's shell: every magic does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def module(source: Source) -> ModuleType:
    """An empty module to run a source in."""
    made = ModuleType(MODULE)
    made.__file__ = str(source.path)
    vars(made)["__builtins__"] = builtins
    vars(made)["get_ipython"] = Shell  # a notebook saved as a script calls it for its magic lines
    return made


def run(source: Source) -> ModuleType:
    """The module, after everything at its top has run; what that raises is passed on."""
    made = module(source)
    exec(compile(source.tree, str(source.path), "exec"), vars(made))
    return made


def run_definitions(source: Source) -> ModuleType:
    """The module with its imports, functions, classes and constants alone; what fails of these is left out."""
    made = module(source)
    for node in _defining(source.tree.body):
        try:
            exec(compile(ast.Module([node], []), str(source.path), "exec"), vars(made))
        except (Exception, SystemExit) as error:  # one statement of the homework: the others may do without
            told = any(type(error).__name__ in note and str(error) in note for note in source.notes)
            if isinstance(node, (ast.Import, ast.ImportFrom)) and not told:
                names = ", ".join(alias.name for alias in node.names)
                source.notes.append(f"Line {node.lineno}: import of {names} failed ({type(error).__name__}).")
    return made


def _defining(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that define, also those within ``if`` and ``try``."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, DEFINITIONS) or _constant(node):
            found.append(node)
        elif isinstance(node, ast.Try):
            found += _defining(node.body)
        elif isinstance(node, ast.If) and "__name__" not in ast.unparse(node.test):
            found += _defining(node.body) + _defining(node.orelse)
    return found


def _constant(node: ast.stmt) -> bool:
    """An assignment to names whose value is made of numbers, texts and names, without a call but to lambda or range."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call)]
    if isinstance(node.value, ast.Lambda):
        return True
    quick = {"range", "len", "dict", "list", "tuple", "float", "int", "default_rng", "RandomState", "array", "sqrt"}
    return all(
        (n.func.attr if isinstance(n.func, ast.Attribute) else getattr(n.func, "id", "")) in quick for n in calls
    )
