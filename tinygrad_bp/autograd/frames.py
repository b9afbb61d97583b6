"""The frames: ``call`` unrolled for one signature, as the text of a function, and compiled.

The text depends only on the op's signature (its inputs, parameters, and what its rules read), so it is compiled once
per signature and shared by all ops that have it. Print one with ``source(OPS["mul"])``. That a frame does what
``call`` says is tested for every op.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from types import CodeType
from typing import Any

import numpy as np

from .backward import Gradients, pull_and_free, unbroadcast, walk
from .definitions import Doc, spelled
from .elsewhere import ARRAYS
from .errors import AutogradError, ValueReadError
from .lines import FIRST, USERS, outward
from .modes import mode
from .node import Node
from .op import ALIASES, REQUIRED, Op, arguments, reads
from .operands import check_alias, explain, floats_of, in_float32, misused, of_arrays, settle, unpack
from .out import write_out
from .sharing import guard_view, share
from .tensor import blank
from .writes import tick

Pull = Callable[[Any, tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]]
Back = Callable[[Node, Any, Gradients], None]
Enter = Callable[[Op, dict[str, Any]], Any]

_makers: dict[str, Any] = {}


def _maker(text: str) -> Any:
    """The function ``make`` that ``text`` defines, compiled once."""
    make = _makers.get(text)
    if make is None:
        made: dict[str, Any] = {}
        exec(compile(text, "<tinygrad_bp>", "exec"), GLOBALS, made)
        make = _makers[text] = made["make"]
    return make


def _readers(op: Op, kept: str) -> list[str]:
    """The inputs whose rules read ``kept``."""
    return [name for name, rule in zip(op.inputs, op.rules, strict=True) if rule and kept in reads(rule)]


def _kept_expression(op: Op, kept: str) -> str:
    """What to keep under the name ``kept``: nothing where no input that reads it wants a gradient."""
    if kept == "y":
        text = "value"
    elif kept in op.inputs:
        text = f"v_{kept}"
    elif kept in op.params:
        return kept
    elif kept in op.residuals:
        text = f"r_{kept}"
    else:
        base, _, attribute = kept.rpartition("_")
        text = f"v_{base}.{attribute}"
    readers = _readers(op, kept)
    wanting = [name for name, rule in zip(op.inputs, op.rules, strict=True) if rule]
    if readers == wanting:
        return text
    return f"{text} if {' or '.join(f'n_{name} is not None' for name in readers)} else None"


def _tuple(items: list[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items).rstrip() + ")"


# What a generated function reads from around it, as globals that all share (a closure is copied in every call), and
# what is its op's own; no input or parameter of an op may have such a name.
GLOBALS: dict[str, Any] = {
    "blank": blank, "Node": Node, "tick": tick, "mode": mode, "ndarray": np.ndarray, "asarray": np.asarray,
    "ARRAYS": ARRAYS, "float64": np.dtype(np.float64), "unpack": unpack, "explain": explain, "floats_of": floats_of,
    "in_float32": in_float32, "settle": settle, "guard_view": guard_view, "share": share, "check_alias": check_alias,
    "AutogradError": AutogradError, "ValueReadError": ValueReadError, "misused": misused, "write_out": write_out,
    "of_arrays": of_arrays, "caller": sys._getframe, "USERS": USERS, "outward": outward,
    "enough": None,  # ``watch`` puts it here
}  # fmt: skip
FREE = "op, forward, enter"


# What arguments lead to that are neither tensors nor arrays.
_RAW = "(AttributeError, TypeError, ValueError, IndexError)"


_TAKEN = frozenset((*GLOBALS, *FREE.split(", ")))


# Ops whose public function is another one, which has more parameters: operators alone call these.
_OF_OPERATORS = ("add", "sub", "div")

# Keywords that NumPy's methods of these names have and PyTorch's have not: with them the call is NumPy's.
OF_ARRAYS = {"sum": ("initial", "where"), "mean": ("where",)}


def spelling(op: Op) -> tuple[list[str], list[str]]:
    """The names by which the op's function takes its arguments, and those that are keywords only."""
    keywords = [ALIASES[name] for name in op.params if name in ALIASES]
    if op.name not in _OF_OPERATORS:
        keywords += [*OF_ARRAYS.get(op.name, ()), "out"]
    return [*spelled(op), *op.params], keywords


def source(op: Op, lines: str = "none") -> str:
    """The text of the function that runs and records ``op``.

    ``lines``: which nodes know the line of the user that called, "none", "all", or the "first" of the process.
    """
    taken = spelled(op)
    signature = list(taken)
    for name, default in op.params.items():
        signature.append(name if default is REQUIRED else f"{name}=default_{name}")
    aliases = [(name, ALIASES[name]) for name in op.params if name in ALIASES]
    _, keywords = spelling(op)
    if keywords:
        signature += ["*", *(f"{keyword}=None" for keyword in keywords)]
    out = [f"    def function({', '.join(signature)}):"]
    add = out.append
    for name, alias in aliases:
        add(f"        if {alias} is not None:")
        add(f"            {name} = check_alias(op, {name!r}, {name}, {alias!r}, {alias})")
    params = "".join(f", {name}" for name in op.params)
    raw = f"forward({', '.join([*taken, *op.params])})" + ("[0]" if op.residuals else "")
    named = "{" + ", ".join(f"{name!r}: {name}" for name in op.params) + "}"
    numpys = OF_ARRAYS.get(op.name, ())
    if numpys:
        add(f"        if {' or '.join(f'{name} is not None' for name in numpys)}:")
        given = ", ".join(f"{name!r}: {name}" for name in (*numpys, "out"))
        add(f"            return of_arrays(op, {_tuple(list(taken))}, {named}, {{{given}}})")
    if "out" in keywords:
        add("        if out is not None:")
        add(f"            return write_out(op.function, out, {_tuple(list(taken))}, {named})")
    narrow = [f"rounded = in_float32(op.function, {_tuple(list(taken))}, {named})", "if rounded is not None:",
              "    return rounded"] if op.wide else []  # fmt: skip
    bare = ["if operands is None:", "    try:", f"        return {raw}", f"    except {_RAW} as error:",
            f"        raise misused(op, error, {_tuple(list(taken))}) from None"]  # fmt: skip
    unpacked = ["try:", f"    operands = unpack(op, {', '.join(taken)})", "except ValueReadError as read:",
                f"    return read.tensor.called(op, {_tuple(list(taken))}, {named})"]  # fmt: skip
    if op.variadic:
        (xs,) = taken
        for line in [*narrow, *unpacked, *bare]:
            add(f"        {line}")
        add(f"        v_{xs}, parents = operands")
        values, nodes = f"v_{xs}", "parents"
        wants = "any(parent is not None for parent in parents)"
        kept = _tuple([f"tuple([v.shape for v in v_{xs}])" if k == f"{xs}_shape" else k for k in op.kept])
    elif not op.inputs:
        values, nodes, wants, params = "", "()", "", params[2:]
    else:
        if len(op.inputs) == 1:  # rules call ops on raw arrays; an exception would cost them more
            add(f"        if {taken[0]}.__class__ is ndarray{f' and {taken[0]}.itemsize != 2' * op.wide}:")
            add(f"            return {raw}")
        add("        try:")
        for name, given in zip(op.inputs, taken, strict=True):
            add(f"            v_{name} = {given}._value")
            add(f"            n_{name} = {given}._node")
        promoting = [name for name, yes in zip(op.inputs, op.promotes, strict=True) if yes]
        alike = [" is ".join(f"v_{name}.dtype" for name in promoting)] if len(promoting) > 1 else []
        alike += [f"v_{name}.itemsize != 2" for name in promoting[:1]] if op.wide else []
        if alike:
            add(f"            alike = {' and '.join(alike)}")
            add("        except AttributeError:")
            add("            alike = False")
            add("        if not alike:")
        else:
            add("        except AttributeError:")
        for line in [*narrow, *unpacked, *bare]:
            add(f"            {line}")
        add(f"            {_tuple([f'v_{n}' for n in op.inputs])}, {_tuple([f'n_{n}' for n in op.inputs])} = operands")
        values = ", ".join(f"v_{name}" for name in op.inputs)
        nodes = _tuple([f"n_{name}" if rule else "None" for name, rule in zip(op.inputs, op.rules, strict=True)])
        wants = " or ".join(f"n_{name} is not None" for name, rule in zip(op.inputs, op.rules, strict=True) if rule)
        kept = _tuple([_kept_expression(op, name) for name in op.kept])
        if op.floats:
            plain = " and ".join(f"n_{name} is None" for name in op.inputs)
            first = f"v_{op.inputs[0]}"  # of several the first may be a number, which has no size
            size = f"{first}.itemsize" if len(op.inputs) == 1 else f"getattr({first}, 'itemsize', 8)"
            add(f"        if {plain} and {size} <= 2:")
            add(f"            {', '.join(f'v_{name}' for name in op.inputs)}, = floats_of({values})")
    add("        try:")
    add(f"            {', '.join(['value', *(f'r_{name}' for name in op.residuals)])} = forward({values}{params})")
    add("        except ValueReadError as read:")
    add(f"            return read.tensor.called(op, {_tuple(list(taken))}, {named})")
    add("        except Exception as error:")
    given = values if op.variadic else _tuple([values] if values else [])
    add(f"            raise explain(op, error, {given}, {nodes}) from None")
    add("        if value.__class__ is not ndarray and value.__class__ not in ARRAYS:")  # boxed(value), without a call
    add("            value = asarray(value)")
    add("        result = blank()")
    if wants:
        add(f"        if {wants}:")
        add("            if mode().grad:")
        add("                node = Node()")
        add("                node.op = op")
        add("                node.order = tick()")
        add("                node.shape = value.shape")
        add(f"                node.parents = {nodes}")
        add(f"                node.kept = {kept}")
        add("                node.cell = None")
        if lines != "none":  # mark(node), without a call where the user's own code called
            add("                frame = caller(1)")
            add("                if frame.f_code.co_filename not in USERS:")
            add("                    frame = outward(frame)")
            add("                node.where = frame.f_code, frame.f_lasti")
        if lines == "first":
            add(f"                if node.order >= {FIRST}:")
            add("                    enough()")
        add("                result._value = value")
        add("                result._node = node")
        if op.views:
            add("                if value.base is not None:")
            add(f"                    share({taken[0]}, result)")
        add("                return result")
        add("            if value.base is not None:")
        add(f"                value = guard_view(value, {_tuple([values]) if not op.variadic else values}, {nodes})")
    if op.floats:
        add("        if value.dtype is float64:")
        add(f"            value = settle(value, {values})")
    add("        result._value = value")
    add("        result._node = None")
    if op.views:
        add("        if value.base is not None:")
        add(f"            share({taken[0]}, result)")
    add("        return result")
    add(f"        ({FREE})  # never reached: every function has the same names around it")
    add("    return function")
    defaults = "".join(f", default_{name}" for name, default in op.params.items() if default is not REQUIRED)
    return "\n".join([f"def make({FREE}{defaults}):", *out, ""])


def build_function(op: Op, enter: Enter) -> Callable[..., Any]:
    """The op's public function. Its code hands what it was given to ``enter``, which puts the frame in its place."""
    names, aliases = spelling(op)
    clash = _TAKEN.intersection(names)
    if clash:
        raise TypeError(f"op {op.name}: the generated function needs the names {sorted(clash)} for itself; take others")
    function: Callable[..., Any] = _entry(len(names), len(aliases))(op, op.forward, enter)
    function.__code__ = entry_code(op)
    function.__defaults__ = tuple(default for default in op.params.values() if default is not REQUIRED)
    function.__kwdefaults__ = dict.fromkeys(aliases)
    function.__name__ = function.__qualname__ = op.name
    function.__module__ = "tinygrad_bp"
    function.__doc__ = Doc(op)
    return function


@cache
def _entry(arguments: int, aliases: int) -> Any:
    places = [f"p{i}" for i in range(arguments)] + ["*"] * bool(aliases) + [f"k{i}" for i in range(aliases)]
    return _maker(
        f"def make({FREE}):\n    def function({', '.join(places)}):\n        try:\n"
        f"            return enter(op, locals())\n        except AutogradError as error:\n"
        f"            raise error.with_traceback(None)  # what stands between is ours alone\n"
        f"        ({FREE})\n    return function\n"
    )


@cache
def entry_code(op: Op) -> CodeType:
    """The code that hands the arguments to ``enter``, by name: every op's before its first call, and while watched."""
    names, aliases = spelling(op)
    return _placed(op, _code(_entry(len(names), len(aliases)))).replace(co_varnames=(*names, *aliases, "error"))


def frame_code(op: Op, lines: str = "none") -> CodeType:
    """The code of ``source(op, lines)``, compiled at the op's first call: most programs use few ops."""
    return _placed(op, _code(_maker(source(op, lines))))


def _code(make: Any) -> CodeType:
    code: CodeType = next(part for part in make.__code__.co_consts if hasattr(part, "co_freevars"))
    return code


def _placed(op: Op, code: CodeType) -> CodeType:
    """The code under its op's name and at its definition: so tracebacks, profiles and ``inspect`` show it."""
    file, line = op.place
    first = _shown_from(op)
    return code.replace(
        co_name=op.name, co_qualname=op.name, co_filename=file, co_firstlineno=first,
        co_linetable=_on_one_line(len(code.co_code) // 2, line - first),
    )  # fmt: skip


def _shown_from(op: Op) -> int:
    """Where ``inspect`` begins to show source: it looks for a lambda or def, one of the definition's or a rule's."""
    file, line = op.place
    codes = [getattr(function, "__code__", None) for function in (*op.rules, op.forward)]
    here = [code for code in codes if code is not None and code.co_filename == file]
    lambdas = [code.co_firstlineno for code in here if code.co_name == "<lambda>" and code.co_firstlineno >= line]
    return min(lambdas) if lambdas else here[0].co_firstlineno if here else line


@cache
def _on_one_line(instructions: int, step: int) -> bytes:
    """CPython's location table (Objects/locations.md) of code whose instructions all stand ``step`` lines below it."""
    sizes = [8] * (instructions // 8) + [instructions % 8] * (instructions % 8 > 0)  # of entries without columns
    number, first = 2 * step if step >= 0 else 1 - 2 * step, []
    while number >= 64:  # six bits a byte, the lowest first
        first.append(number & 63 | 64)
        number >>= 6
    return b"".join(bytes([0xE7 + size, *([0] if i else [*first, number])]) for i, size in enumerate(sizes))


def build_pull(op: Op) -> Pull:
    """The function that calls the op's rules: gradient arriving, parents and kept values to one gradient a parent."""
    out = ["    def pull(g, parents, kept):"]
    if op.kept:
        out.append(f"        {_tuple(list(op.kept))} = kept")
    if op.variadic or op.together:
        names = arguments(op.rules[0]) if op.rules[0] else ("g",)
        if "wanted" in names:
            out.append("        wanted = [parent is not None for parent in parents]")
        out.append(f"        return rule_{op.inputs[0]}({', '.join(names)})")
    else:
        parts = []
        for i, (name, rule) in enumerate(zip(op.inputs, op.rules, strict=True)):
            if rule is None:
                parts.append("None")
                continue
            call = f"rule_{name}({', '.join(['g', *reads(rule)])})"
            one = sum(rule is not None for rule in op.rules) == 1
            parts.append(call if one else f"{call} if parents[{i}] is not None else None")
        out.append(f"        return {_tuple(parts)}")
    free = ", ".join(f"rule_{name}" for name in op.inputs)
    text = "\n".join([f"def make({free}):", *out, "    return pull", ""])
    pull: Pull = _maker(text)(*op.rules)
    pull.__code__ = _placed(op, pull.__code__)
    return pull


def pull_when_needed(op: Op) -> Pull:
    """A stand-in that compiles the op's pull at its first use: most programs use few ops."""

    def pull(g: Any, parents: tuple[Any, ...], kept: tuple[Any, ...]) -> tuple[Any, ...]:
        op.pull = build_pull(op)
        return op.pull(g, parents, kept)

    return pull


# ---------------------------------------------------------------------- the walk, unrolled for one signature


def walk_unrolled(nodes: Iterable[Node], gradients: Gradients, arrived: Callable[[Node, Any], Any]) -> Gradients:
    """``walk`` with ``pull_and_free``: at each node its op does both, in one function."""
    for node in nodes:
        g = gradients.pop(node, None)
        if g is not None:
            if node.cell is not None:
                g = arrived(node, g)
            (node.op.back or one_step)(node, g, gradients)  # type: ignore[union-attr]
    return gradients


def one_step(node: Node, g: Any, gradients: Gradients) -> None:
    """The walk at one node, not unrolled."""
    gradients[node] = g
    walk((node,), gradients, pull_and_free)


def build_back(op: Op) -> Back:
    """``one_step`` for the op's signature."""
    if op.variadic or op.together:
        return one_step
    out = ["    def back(node, g, gradients):", "        kept = node.kept",
           "        if kept is None or g.dtype.kind == 'c':", "            return one_step(node, g, gradients)",
           *["        node.kept = None"] * op.keeps_values, *[f"        {_tuple([*op.kept])} = kept"] * bool(op.kept),
           f"        {_tuple([f'into_{name}' for name in op.inputs])} = node.parents"]  # fmt: skip
    for name, rule in zip(op.inputs, op.rules, strict=True):
        if rule is not None:
            into = f"into_{name}"
            out += [f"        if {into} is not None:",
                    f"            pulled = rule_{name}({', '.join(['g', *reads(rule)])})",
                    "            if pulled is not None:",
                    f"                if pulled.shape != {into}.shape:",
                    f"                    pulled = unbroadcast(pulled, {into}.shape)",
                    f"                if {into} in gradients:",
                    f"                    pulled = gradients[{into}] + pulled",
                    f"                gradients[{into}] = pulled"]  # fmt: skip
    free = ", ".join(f"rule_{name}" for name in op.inputs)
    back: Back = _maker("\n".join([f"def make({free}):", *out, "    return back", ""]))(*op.rules)
    back.__code__ = _placed(op, back.__code__)
    return back


def back_when_needed(op: Op) -> Back:
    """A stand-in, as for the op's pull."""

    def back(node: Node, g: Any, gradients: Gradients) -> None:
        op.back = build_back(op)
        op.back(node, g, gradients)

    return back


GLOBALS |= {"one_step": one_step, "unbroadcast": unbroadcast}
