"""What is public, and how it is called: read by ``make_stubs.py`` and ``make_reference.py``."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import pkgutil
import sys
import typing
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import tinygrad_bp as tg
import tinygrad_bp.nn  # its ops are part of the table
from tinygrad_bp.autograd.definitions import spelled
from tinygrad_bp.autograd.gathering import gather
from tinygrad_bp.autograd.op import ALIASES, OPS, Op
from tinygrad_bp.autograd.writing import in_place, reshaping
from tinygrad_bp.ops.shape import takes_axis

gather()

# What a parameter of an op takes, where neither its forward nor its default says it.
TAKES = {
    "axis": "Axis", "axes": "Sequence[int]", "dtype": "DTypeLike", "shape": "Size", "index": "Index",
    "min": "Operand | None", "max": "Operand | None", "exponent": "Operand", "pivot": "bool",
    "nan": "float", "posinf": "float | None", "neginf": "float | None", "shift": "Size", "n": "int",
    "threshold": "float", "value": "float", "rtol": "float | None", "atol": "float | None", "eps": "float | None",
}  # fmt: skip
# Files that gather names from others as well.
GATHERED = tuple(f"tinygrad_bp.{name}" for name in ("fft", "linalg", "special", "nn.functional"))
TYPES = "tinygrad_bp.autograd.types"
MORE = ("return_indices", "return_inverse", "return_counts")  # flags: what they name is returned as well
BUILTINS = frozenset(name for name in vars(__import__("builtins")) if not name.startswith("_"))


def space(name: str) -> Any:
    """The public module of a dotted name; "" is the package."""
    return importlib.import_module(f"tinygrad_bp.{name}") if name else tg


def names_of(module: Any) -> Iterator[tuple[str, Any]]:
    """The public names of a module and their values, also those found when asked for; not what it only imports."""
    for _, name, _ in pkgutil.iter_modules(getattr(module, "__path__", [])):
        importlib.import_module(f"{module.__name__}.{name}")
    for name in sorted(dir(module)):
        if name.startswith("_"):
            continue
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            inside = value.__name__ == f"{module.__name__}.{name}"
        elif value is None or value is np.dtype or isinstance(value, np.dtype):
            inside = True
        elif callable(value):
            gathers = hasattr(module, "__path__")  # a room takes names from its files, any other file has its own alone
            place = ".".join(module.__name__.split(".")[:2]) if gathers else module.__name__
            said = vars(module).get("__all__")
            if module.__name__ in GATHERED or name in (said or ()):
                place = "tinygrad_bp"
            elif said is not None and not gathers:
                continue
            written = getattr(value, "__module__", None) or ""
            inside = written.startswith(place) and written != TYPES
        else:
            inside = type(value) in (float, bool) or type(value).__module__.startswith("tinygrad_bp")
        if inside:
            yield name, value


def bound_to_tensors() -> Iterator[tuple[str, Any]]:
    """What other files bind to ``Tensor``: methods, operators, properties; not what its own class statement has."""
    classes = [node for node in _tree("tinygrad_bp.autograd.tensor").body if isinstance(node, ast.ClassDef)]
    body = next(node for node in classes if node.name == "Tensor").body
    own = {node.name for node in body if isinstance(node, ast.FunctionDef)} | set(tg.Tensor.__slots__)
    for name in sorted(dir(tg.Tensor)):
        value = getattr(tg.Tensor, name)
        special = name.startswith("__") and isinstance(value, (FunctionType, property))
        if name not in own and (special or not name.startswith("_")) and getattr(object, name, None) is not value:
            yield name, value


@cache
def _ops() -> dict[Any, Op]:
    return {op.function: op for op in OPS.values()}


# What keywords take that are no parameters of an op.
KEYWORDS = {"out": "Tensor", "initial": "Operand", "where": "Array"}


def op_of(function: Any) -> Op | None:
    """The op that a public function is."""
    function = inspect.unwrap(function) if callable(function) else function
    return _ops().get(function) if callable(function) else None


@cache
def _inner(maker: Callable[..., Any]) -> frozenset[Any]:
    return frozenset(constant for constant in maker.__code__.co_consts if inspect.iscode(constant))


def made_by(function: Any, *makers: Callable[..., Any]) -> bool:
    """Whether one of ``makers`` made the function, or one of those that it wraps."""
    inner = frozenset().union(*map(_inner, makers))
    while function is not None:
        if getattr(function, "__code__", None) in inner:
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def summary(function: Any) -> str:
    """The first paragraph of a docstring, and the formula of an op."""
    op = op_of(function)
    if op is not None and not made_by(function, in_place, reshaping):
        return f"{op.doc}{f' Formula: {op.formula}' if op.formula else ''}"
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


# ---------------------------------------------------------------------- signatures


class Parameter(typing.NamedTuple):
    """One parameter as it is written: its kind, name, type and default ("" where there is none)."""

    kind: Any
    name: str
    type: str
    default: str


class Call(typing.NamedTuple):
    """One way to call a function, and the module whose names its types use."""

    parameters: list[Parameter]
    result: str
    module: str


def calls(function: Any) -> list[Call]:
    """The ways to call a function: its overloads where it has them."""
    bare = inspect.unwrap(function)
    ways = typing.get_overloads(bare) if inspect.isfunction(bare) else []
    both = made_by(function, takes_axis)
    found = [call for way in ways or [function] for call in _spelled(_call(way), both, bool(ways))]
    if made_by(function, in_place, reshaping):
        found = [call._replace(result="Tensor") for call in found]
    return [way for call in found for way in _with_more_results(call)]


def _with_more_results(call: Call) -> list[Call]:
    """A call that gives a tensor, or a tuple where one of the flags in ``MORE`` is on: the two ways."""
    flags = [item for item in call.parameters if item.name in MORE]
    if call.result != "Any" or not flags:
        return [call]
    off = [item._replace(type="Literal[False]") if item in flags else item for item in call.parameters]
    several = "tuple[Any, Any]" if len(flags) == 1 else "tuple[Any, ...]"
    return [call._replace(parameters=off), call._replace(result=several)]


def _spelled(call: Call, both: bool, overloaded: bool) -> list[Call]:
    """A call with ``axis`` and ``keepdims`` as other names of ``dim`` and ``keepdim``, where ``both`` are taken."""
    names = {item.name for item in call.parameters}
    also = {name: alias for alias, name in ALIASES.items() if alias not in names} if both else {}
    keyword = inspect.Parameter.KEYWORD_ONLY
    renamed = [i._replace(name=also[i.name], kind=keyword) for i in call.parameters if i.name in also]
    extra = [i._replace(default="None", type=_or_none(i.type)) for i in renamed if i.default]
    last = [item for item in call.parameters if item.kind is inspect.Parameter.VAR_KEYWORD]
    first = [item for item in call.parameters if item not in last]
    found = [call._replace(parameters=[*first, *extra, *last])]
    if overloaded and any(not item.default for item in renamed):
        kept = [item for item in first if item.name not in also]
        found.append(call._replace(parameters=[*kept, *renamed, *last]))
    return found


def _call(function: Any) -> Call:
    op = op_of(function)
    signature = inspect.signature(function)
    parameters = [_parameter(item, op) for item in signature.parameters.values()]
    said = signature.return_annotation
    result = "Tensor" if op is not None else "Any" if said is signature.empty else _written(said)
    module = getattr(op.forward if op is not None else inspect.unwrap(function), "__module__", "") or ""
    return Call(parameters, result, module if module.startswith("tinygrad_bp") else TYPES)


def with_out(call: Call) -> Call:
    """The call with ``out=``, which every public function takes that gives tensors."""
    given = [item.name for item in call.parameters]
    if "out" in given or not any(name in call.result for name in ("Tensor", "Any", "Array")):
        return call
    kind = f"Tensor | {'' if call.result in ('Tensor', 'Any', 'Array') else 'tuple[Tensor, ...] | '}None"
    out = Parameter(inspect.Parameter.KEYWORD_ONLY, "out", kind, "None")
    more = call.parameters[-1:] if call.parameters and call.parameters[-1].kind is out.kind.VAR_KEYWORD else []
    return call._replace(parameters=[*call.parameters[: len(given) - len(more)], out, *more])


def _written(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _or_none(written: str) -> str:
    return (
        written
        if written in ("Any", "Axis", "DTypeLike", "Index") or "None" in written.split(" | ")
        else f"{written} | None"
    )


def _parameter(item: inspect.Parameter, op: Op | None) -> Parameter:
    if item.annotation is not item.empty:
        type_ = _written(item.annotation)
    elif op is not None:
        type_ = _op_type(item, op)
    else:
        type_ = "Any"
    default = ""
    if item.default is not item.empty:
        plain = item.default is None or isinstance(item.default, (bool, int, float, str)) or item.default == ()
        default = repr(item.default) if plain and repr(item.default) not in ("nan", "inf", "-inf") else "..."
        if item.default is None:
            type_ = _or_none(type_)
    return Parameter(item.kind, item.name, type_, default)


def _op_type(item: inspect.Parameter, op: Op) -> str:
    """The type of a parameter of an op, whose functions are generated and have no annotations."""
    if item.name in KEYWORDS:
        return KEYWORDS[item.name]
    name = next((name for name, alias in ALIASES.items() if alias == item.name), item.name)
    if name in spelled(op):
        return "Sequence[Array]" if op.variadic else "Operand" if len(op.inputs) > 1 else "Array"
    default = op.params[name]
    said = getattr(op.forward, "__annotations__", {}).get(name, "Any")
    if said != "Any" and (said != "float" or name not in TAKES):
        return str(said)
    if isinstance(default, (bool, int, float, str)):
        return "float" if type(default) is float else type(default).__name__
    return TAKES.get(name, "Any")


# ---------------------------------------------------------------------- where names of types come from


@cache
def _tree(module: str) -> ast.Module:
    file = importlib.import_module(module).__file__
    assert file is not None
    with open(file, encoding="utf-8") as source:
        return ast.parse(source.read())


@cache
def home(module: str, name: str) -> tuple[str, str] | None:
    """The module and the name there of what ``name`` means in ``module``; None for a builtin."""
    own = importlib.import_module(module)
    package = module if hasattr(own, "__path__") else module.rpartition(".")[0]
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    source = "." * node.level + (node.module or "")
                    found = importlib.util.resolve_name(source, package) if node.level else source
                    if hasattr(sys.modules.get(found), alias.name) and found.startswith("tinygrad_bp."):
                        value = getattr(sys.modules[found], alias.name)
                        if not isinstance(value, ModuleType):
                            return home(found, alias.name) or (found, alias.name)
                    return found, alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return alias.name, ""
    if hasattr(own, name):
        return module, name
    if name in BUILTINS:
        return None
    if name == "Literal":
        return "typing", name
    if module != TYPES:
        return home(TYPES, name)
    raise NameError(f"what is {name}? no module says it")
