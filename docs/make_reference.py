"""Writes the reference and the type stubs from what is defined: ``PYTHONPATH=. python docs/make_reference.py``."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from make_pages import pages
from make_stubs import stubs

import tinygrad_bp as tg
import tinygrad_bp.nn  # its ops are part of the table
from tinygrad_bp.autograd.definitions import written_rules
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.op import FUNCTIONS, OPS, UFUNCS, Op
from tinygrad_bp.compiler.c_forms import form
from tinygrad_bp.verify.contracts import draw

PAGE = Path(__file__).parent / "reference" / "ops.md"
SPACES = ("", "linalg", "fft", "special", "nn.functional")
HEAD = """# Ops

Written by `python docs/make_reference.py` from the op table; a test compares it with the table.

**Ops** are defined once and derived by machine. *Derivative* is the rule as it stands in the source: `g` is the
gradient arriving, `y` the result, other names are inputs and parameters; a name alone is a function of the op's file.
*Forward* says how a tangent is pushed: by the rule itself (elementwise), by the op itself (linear, where the node
keeps the parameters of the call), or by transposing the rule. Every op works in reverse and in forward mode, and its
derivatives are tested to the order that is given: of any op on every one of its samples, against central differences.
*C* says whether `tg.compile(backend="c")` has a form of the op, of every sample or in part; others are NumPy's.

**Functions** are written with ops, and have the derivatives of what they are made of.
"""


def public() -> Iterator[tuple[str, Any]]:
    """Every function that users call, by its dotted name, and the methods and properties of tensors."""
    for space in SPACES:
        module: Any = tg
        for part in filter(None, space.split(".")):
            module = getattr(module, part, types.SimpleNamespace())
        for name in dir(module):  # with what is imported when it is asked for
            value = getattr(module, name)
            if callable(value) and not name.startswith("_") and not isinstance(value, type):
                yield f"{space}.{name}" if space else name, value
    for name in sorted({*vars(tg.Tensor)} & {*dir(tg.Tensor)}):  # not those that say that they are not here
        value = getattr(tg.Tensor, name)
        value = value.fget if isinstance(value, property) else value
        if callable(value) and not name.startswith("_"):
            yield f"Tensor.{name}", value


def numpy_names() -> dict[Any, list[str]]:
    """What stands for which NumPy functions, by the function that is called."""
    found: dict[Any, list[str]] = {}
    for ufunc, function in UFUNCS.items():
        found.setdefault(origin(function), []).append(f"np.{ufunc.__name__}")
    for key, function in FUNCTIONS.items():
        if not isinstance(key, tuple):
            module = getattr(key, "__module__", "numpy") or "numpy"
            found.setdefault(origin(function), []).append(f"{module.replace('numpy', 'np', 1)}.{key.__name__}")
    return found


def rules(op: Op) -> str:
    """The rules as the source has them, one an input."""
    written = written_rules(op)
    if op.together:
        written = {f"all of {', '.join(written)}": written[op.inputs[0]]}
    parts = [f"{name}: `{rule}`" if len(op.inputs) > 1 else f"`{rule}`" for name, rule in written.items()]
    return "; ".join(parts).replace("|", "\\|") or "none"


def origin(function: Any) -> Any:
    """What a name stands for, under the decorations."""
    return inspect.unwrap(function) if callable(function) else function


def page() -> str:
    """The whole page."""
    gather()
    names: dict[Any, list[str]] = {}
    for name, value in public():
        names.setdefault(origin(value), []).append(name)
    by_numpy = numpy_names()
    out = [HEAD]
    kinds = {"elementwise": "by the rule", "linear": "by the op", "general": "transposed", "constant": "no gradient"}
    out += [
        "## Ops",
        "",
        "| op | names | NumPy | formula | derivative | forward | orders | C |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for op in sorted(OPS.values(), key=lambda op: op.name):
        called = names.pop(op.function, [])
        orders = {"constant": "", "elementwise": "3"}.get(op.kind, "2")
        cells = [
            f"**{op.name}**", ", ".join(called), ", ".join(by_numpy.get(op.function, [])),
            op.formula.replace("|", "\\|"), rules(op), kinds[op.kind], orders, form(op, draw),
        ]  # fmt: skip
        out.append("| " + " | ".join(cells) + " |")
    out += ["", "## Functions", "", "| names | NumPy | what |", "|---|---|---|"]
    for function, called in sorted(names.items(), key=lambda item: item[1][0]):
        doc = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        cells = [", ".join(called), ", ".join(by_numpy.get(function, [])), doc]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join([*out, ""])


def files() -> Iterator[tuple[Path, str]]:
    """Every file that is written from definitions, and its text."""
    yield PAGE, page()
    yield from pages()
    yield from stubs()


if __name__ == "__main__":
    written = dict(files())
    for path in set(PAGE.parent.iterdir()) - written.keys():  # of a file that is no more
        path.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
