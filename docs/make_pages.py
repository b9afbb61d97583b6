"""Writes the pages of ``docs/reference``, one a room: signatures, docstrings and examples of everything public.

``python docs/make_reference.py`` runs it. An example stands in the docstring; that of an op, which has a line instead
of a docstring, is made here: the first of a few plain arguments that it takes.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from public_names import Call, calls, names_of, op_of, space, summary

import tinygrad_bp as tg
from tinygrad_bp.autograd.definitions import described
from tinygrad_bp.autograd.op import REQUIRED, Op

FOLDER = Path(__file__).with_name("reference")
# The rooms that have a page, and what it is about.
ROOMS = {
    "": "Functions of tensors, and what makes them", "linalg": "Linear algebra", "fft": "Fourier transforms",
    "special": "Special functions", "nn": "Layers, losses and containers", "nn.functional": "Layers as functions",
    "nn.init": "First values of weights", "nn.grad": "Gradients of convolutions", "nn.utils": "What is done to modules",
    "nn.utils.rnn": "Sequences of any length", "nn.utils.parametrize": "Parameters made of others",
    "nn.utils.parametrizations": "Parameters that stay normal or orthogonal",
    "nn.utils.prune": "Weights of which a part is 0",
    "optim": "Optimizers", "optim.lr_scheduler": "Learning rates over time",
    "optim.swa_utils": "Averages of weights",
    "distributions": "Probability distributions", "distributions.constraints": "What values may be",
    "distributions.transforms": "Transforms of variables",
    "data": "Datasets and batches", "train": "The training loop", "autograd": "Gradients, hooks and modes",
    "autograd.forward_ad": "Forward mode with dual tensors",
    "func": "Transforms of functions", "functional": "Jacobians and Hessians", "verify": "Checking gradients",
    "faults": "Why a training does not learn",
    "program": "Programs", "compiler": "Steps that run as programs",
    "drawing": "Drawing graphs", "explaining": "Why a gradient has its value", "replaying": "Backward, step by step",
    "saving": "Files", "testing": "Comparing in tests", "onnx": "Models for other programs",
    "sklearn": "Networks for scikit-learn", "models": "Models", "random": "Random numbers",
    "utils.checkpoint": "Less memory for more time", "signal": "Windows of signals", "amp": "PyTorch's mixed precision",
    "profiler": "Where the time goes", "distributed": "Several processes",
}  # fmt: skip
LARGE = ("", "nn", "nn.functional")  # rooms with a page for each of their files
WRITTEN = "Written by `python docs/make_reference.py` from signatures and docstrings; a test compares it with them."
ARGUMENTS = (
    "[0.5, 1.0]", "[1.0, 2.0]", "[3, 5]", "[True, False]", "[[2.0, 1.0], [1.0, 3.0]]", "[[0.5, 1.0], [2.0, 4.0]]",
    "[1.0 + 2.0j, -1.0j]", "[0.25, 0.5]",
)  # fmt: skip
SECOND = ("[2.0, 0.5]", "[2, 3]", "[True, True]", "[[1.0, 0.0], [1.0, 1.0]]")


# ---------------------------------------------------------------------- signatures


def signature(name: str, call: Call, method: bool = False) -> str:
    """A call as it is written, types included."""
    parts, bare = [], False
    parameters = call.parameters[1:] if method else call.parameters
    for before, item in zip([None, *parameters], parameters):
        kind = item.kind
        if kind is kind.KEYWORD_ONLY and not bare:
            parts.append("*")
        bare |= kind in (kind.KEYWORD_ONLY, kind.VAR_POSITIONAL)
        if before is not None and before.kind is kind.POSITIONAL_ONLY is not kind:
            parts.append("/")
        stars = {kind.VAR_POSITIONAL: "*", kind.VAR_KEYWORD: "**"}.get(kind, "")
        typed = f"{stars}{item.name}: {item.type}" if item.type != "Any" else f"{stars}{item.name}"
        parts.append(f"{typed} = {item.default}" if item.default and item.type != "Any" else
                     f"{typed}={item.default}" if item.default else typed)  # fmt: skip
    result = "" if call.result in ("Any", "None") else f" -> {call.result}"
    line = f"{name}({', '.join(parts)}){result}"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(parts) + f",\n){result}"


def signatures(name: str, value: Any, method: bool = False) -> str:
    """Every way to call a function or to make an object of a class, as a block of code."""
    if isinstance(value, type):
        try:
            ways = [call._replace(result="Any") for call in calls(value.__init__)]
        except (TypeError, ValueError):  # a class of C, which says nothing
            return f"```python\nclass {name}\n```"
        plain = value.__init__ in (object.__init__, Exception.__init__)
        lines = [f"class {name}" if plain else f"class {signature(name, call, True)}" for call in ways]
    else:
        lines = [signature(name, call, method) for call in calls(value)]
    return "```python\n" + "\n".join(lines) + "\n```"


# ---------------------------------------------------------------------- what is said


def markdown(text: str) -> str:
    """A docstring as it is read on a page: its examples are blocks of code."""
    out, inside = [], False
    for line in text.replace("  # doctest: +SKIP", "").split("\n"):
        begins = line.startswith(">>>")
        if begins and not inside:
            out += ["```pycon"]
        if inside and not line.strip():
            out += ["```"]
        inside = begins or (inside and bool(line.strip()))
        out.append(line)
    return "\n".join([*out, "```"] if inside else out)


def example(name: str, op: Op) -> str:
    """A call of an op with plain arguments, and what it gives; "" where none of them fits."""
    given = dict(op.samples[0].params) if op.samples else {}
    required = [key for key, default in op.params.items() if default is REQUIRED]
    if not all(isinstance(given.get(key), (bool, int, float, str, tuple)) for key in required):
        return ""
    named = [f"{key}={given[key]!r}" for key in required]
    choices = [ARGUMENTS, *[SECOND] * (len(op.inputs) - 1)]
    for chosen in itertools.product(*choices):
        tensors = [f"tg.tensor({text})" for text in chosen]
        if op.variadic:
            tensors = ["[" + ", ".join([f"tg.tensor({chosen[0]})"] * 2) + "]"]
        code = f"tg.{name}({', '.join([*tensors, *named])})"
        try:
            with np.errstate(all="ignore"):
                result = eval(code, {"tg": tg})
        except Exception:  # these arguments are not for it
            continue
        if np.isfinite(result.numpy()).all():
            return f"```pycon\n>>> {code}\n{result!r}\n```"
    return ""


def entry(name: str, value: Any, also: list[str]) -> list[str]:
    """What the page says of one name."""
    op = None if isinstance(value, type) else op_of(value)
    out = [f"## {name}", "", signatures(f"tg.{name}", value), ""]
    if also:
        out += [f"Also {', '.join(f'`tg.{other}`' for other in also)}.", ""]
    if op is not None:
        lines = [line for line in described(op).split("\n") if not line.startswith("Defined in")]
        out += [*lines, "", example(name, op), ""]
    else:
        out += [markdown(inspect.getdoc(value) or ""), ""]
    if isinstance(value, type):
        out += methods(value)
    return out


def held_by(value: type) -> dict[str, Any]:
    """What a class has of its own; of ``Module`` with what the bases have of which it is made."""
    kinds = value.__mro__[:-1] if value is tg.nn.Module else (value,)
    return {name: held for kind in reversed(kinds) for name, held in vars(kind).items()}


def methods(value: type) -> list[str]:
    """The methods and properties of a class."""
    out = []
    for name, held in held_by(value).items():
        if name.startswith("_") or name == "forward" or not hasattr(value, name):
            continue
        function = held.fget if isinstance(held, property) else getattr(value, name)
        if not callable(function) or isinstance(function, type):
            continue
        text = summary(function)
        if isinstance(held, property):
            out += [f"- `{name}`: {text}"] if text else []  # without: what it means stands with the base
        else:
            bound = inspect.ismethod(function) or isinstance(held, staticmethod)
            way = " ".join(signature(name, calls(function)[0], not bound).split())
            out.append(f"- `{way.replace('( ', '(').replace(',)', ')')}`: {text}")
    return [*out, ""] if out else []


# ---------------------------------------------------------------------- pages


def entries(room: str) -> Iterator[tuple[str, Any, list[str]]]:
    """What is public in a room: a name, what it stands for, and its other names."""
    names: dict[Any, list[str]] = {}
    values: dict[Any, Any] = {}
    for name, value in names_of(space(room)):
        if callable(value) and not isinstance(value, ModuleType) and value not in (tg.Tensor, np.dtype):
            origin = value if isinstance(value, type) else inspect.unwrap(value)
            names.setdefault(origin, []).append(f"{room}.{name}" if room else name)
            values.setdefault(origin, value)
    for origin, (name, *also) in sorted(names.items(), key=lambda item: item[1][0].lower()):
        yield name, values[origin], also


def page_of(room: str, value: Any) -> str:
    """The page on which a name of a room stands: of a large room, that of the file which defines it."""
    if room not in LARGE:
        return f"{room}.md"
    op = None if isinstance(value, type) else op_of(value)
    file = Path(op.place[0]).stem if op is not None else inspect.unwrap(value).__module__.rpartition(".")[2]
    return f"{room or 'functions'}.{file}.md"


def said(module: Any) -> str:
    """What a module says of itself, in its first paragraph."""
    return " ".join((module.__doc__ or "").strip().split("\n\n")[0].split())


def of_rooms() -> Iterator[tuple[str, list[str]]]:
    """The names of the pages of all rooms, and their lines."""
    for room in ROOMS:
        found: dict[str, list[str]] = {}
        for name, value, also in entries(room):
            page = page_of(room, value)
            if page not in found:
                title = ROOMS[room] if room not in LARGE else page.split(".")[-2].replace("_", " ").capitalize()
                module = space(room) if room not in LARGE else inspect.getmodule(inspect.unwrap(value))
                op = None if isinstance(value, type) else op_of(value)
                if op is not None and room in LARGE:
                    module = space(f"ops.{Path(op.place[0]).stem}")
                called = f"`tg{'.' if room else ''}{room}`"
                found[page] = [f"# {title}: {called}", "", said(module), "", WRITTEN, ""]
            found[page] += entry(name, value, also)
        yield from sorted(found.items())


def of_tensor() -> str:
    """The page of ``Tensor``: its own methods, and those that are functions of the package."""
    functions = dict(names_of(tg))
    out = ["# Tensor", "", markdown(inspect.getdoc(tg.Tensor) or ""), "", WRITTEN, ""]
    rows, alone = [], []
    names = sorted({name for name in dir(tg.Tensor) if not name.startswith("_")} - {*tg.Tensor.__slots__})
    for name in names:
        held = getattr(tg.Tensor, name)
        value = held.fget if isinstance(held, property) else held
        if name.endswith("_") and name[:-1] in names:
            continue
        twin = functions.get(name)
        written = f"In place: `{name}_`." if f"{name}_" in names else ""
        if twin is not None and inspect.unwrap(twin) is inspect.unwrap(value):
            what = f"{summary(value)} {written}".strip().replace("|", "\\|")
            rows.append(f"| [`{name}`]({page_of('', twin)}) | {what} |")
        elif isinstance(held, property):
            alone += [f"## {name}", "", "A property.", "", markdown(inspect.getdoc(value) or ""), ""]
        else:
            alone += [f"## {name}", "", signatures(name, value, True), "", markdown(inspect.getdoc(value) or ""), ""]
            alone += [written, ""]
    return tidy([*out, *alone, "## Functions that are methods as well", "", "| method | what |", "|---|---|", *rows])


def tidy(lines: list[str]) -> str:
    """The text without empty lines in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Every page and its text."""
    yield FOLDER / "tensor.md", of_tensor()
    index = ["# Reference", "", WRITTEN, "", "| page | what |", "|---|---|"]
    index += ["| [`tg.Tensor`](tensor.md) | Methods and properties of tensors |"]
    for page, lines in of_rooms():
        yield FOLDER / page, tidy(lines)
        title = lines[0].removeprefix("# ").replace(": ", " (").replace("|", "\\|")
        index.append(f"| [{title})]({page}) | {lines[2].replace('|', chr(92) + '|')} |")
    index += ["| [Ops](ops.md) | Every op: its formula, its derivative, its names here and in NumPy |", ""]
    yield FOLDER / "index.md", "\n".join(index)
