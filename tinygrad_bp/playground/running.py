"""A program in the browser: run as a file of its own, its errors as they are in a terminal, its last value shown."""

from __future__ import annotations

import ast
import builtins
import contextvars
import linecache
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from ..autograd.dtypes import set_default_dtype
from ..autograd.printing import set_printoptions
from ..random.generator import Generator, manual_seed

FILE = "program.py"
# What the page can show of a value, the best first, and the method that gives it.
KINDS = {"text/html": "_repr_html_", "image/svg+xml": "_repr_svg_", "image/png": "_repr_png_"}

_show: Callable[[str, str], None] = print


def start(show: Callable[[str, str], None], layout: Callable[[str, str, str], Any]) -> None:
    """Let ``display`` use the page (kind, text) and graphviz its layout (source, engine, format)."""
    global _show
    from graphviz.backend import execute

    def run_check(command: list[Any], input_lines: Any = None, encoding: Any = None, **options: Any) -> Any:
        """What graphviz calls to run ``dot -Kengine -Tformat``, which here is a script of the page."""
        engine, format = (
            next(str(part)[2:] for part in command if str(part).startswith(flag)) for flag in ("-K", "-T")
        )
        lines = [line if isinstance(line, str) else line.decode() for line in input_lines or ()]
        given = options.get("input")
        text = "".join(lines) if given is None else given if isinstance(given, str) else given.decode()
        done = layout(text, engine, format.partition(":")[0])
        if done.status != "success":
            raise ValueError("; ".join(error.message for error in done.errors))
        return CompletedProcess(command, 0, done.output if encoding else done.output.encode(), b"")

    _show = show
    execute.run_check = run_check
    builtins.display = display  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[union-attr]


def versions() -> str:
    """What runs here."""
    import numpy as np

    package = sys.modules[__name__.partition(".")[0]]
    return f"{package.__name__} {package.__version__}, Python {sys.version.split()[0]}, NumPy {np.__version__}"


def shown(value: Any) -> tuple[str, str]:
    """The best that a value has to show, as its kind and text: HTML or a picture, else what ``repr`` says.

    What a notebook would typeset is shown as it is printed.
    """
    bundle = getattr(type(value), "_repr_mimebundle_", None)
    data = bundle(value) if bundle is not None else {}
    for kind, method in KINDS.items():
        found = data.get(kind) or (getattr(type(value), method)(value) if hasattr(type(value), method) else None)
        if isinstance(found, bytes):
            import base64

            found = base64.b64encode(found).decode()
        if found:
            return kind, found
    if hasattr(type(value), "_repr_markdown_"):
        return "text/plain", str(value)
    return "text/plain", data.get("text/plain") or repr(value)


def display(*values: Any) -> None:
    """Show values below the program, as Jupyter's ``display`` does."""
    for value in values:
        kind, text = shown(value)
        if kind == "text/plain":
            print(text)
        else:
            sys.stdout.flush()
            _show(kind, text)


def _as_at_first() -> None:
    """Take back what a program may have set for all that run after it."""
    set_default_dtype("float32")
    set_printoptions(profile="default")
    manual_seed(Generator().initial_seed())


def _program(code: str) -> None:
    module = types.ModuleType("__main__")
    module.__file__ = FILE
    sys.modules["__main__"] = module
    tree = ast.parse(code, FILE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, FILE, "exec"), vars(module))
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), FILE, "eval"), vars(module))
        if value is not None:
            display(value)


def run(code: str) -> None:
    """Run a program and print what went wrong."""
    Path(FILE).write_text(code, encoding="utf-8")  # where tracebacks and recorded lines look for its lines
    linecache.cache.pop(FILE, None)
    _as_at_first()
    with warnings.catch_warnings():
        try:
            contextvars.copy_context().run(_program, code)
        except SystemExit as end:
            if end.code not in (None, 0):
                print(end.code, file=sys.stderr)
        except BaseException as error:
            place = error.__traceback__
            while place is not None and place.tb_frame.f_code.co_filename in (__file__, ast.__file__):
                place = place.tb_next
            traceback.print_exception(type(error), error, place)
