"""What there is to check in a homework, in the order of its lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from .calling import Caller
from .classes import classes, pairs_of, starts
from .drawing import Context
from .functions import Build, Plain, Start
from .losses import usual
from .names import words
from .pairs import Function, functions, pairs
from .problem import Verdict
from .source import Source
from .spec import Spec
from .verdicts import judged

INITIAL = {"init", "initialize", "initialise", "initial", "create", "random", "make", "build", "setup"}


@dataclass
class Item:
    """One thing to check."""

    name: str
    line: int
    check: Callable[[], Verdict]


def items(source: Source, module: ModuleType, spec: Spec) -> list[Item]:
    """Every pair of the file, and what the spec asks for and the file lacks."""
    space = vars(module)
    found = functions(source.tree.body, {name for name, value in space.items() if callable(value)})
    caller = Caller(module, source.uses_torch)
    keys = _keys(found)
    initial = [space[f.name] for f in found.values() if set(words(f.name)) & INITIAL]
    todo = []
    for pair in spec.paired(pairs(found), found):
        plain = Start(lambda _: Plain(space), context=Context(spec.values(pair.forward.name), initial, keys))
        todo.append(
            _item(pair.name, (pair.backward or pair.forward).line, Build(pair, caller, [plain].__iter__, usual()))
        )
    for one in classes(source.tree.body, module):
        for pair in pairs_of(one):
            context = Context(spec.values(one.name, "forward"), initial, keys)
            begin = starts(one, pair, module, caller, context, spec.values(one.name, "init"))
            todo.append(_item(f"{one.name}.{pair.name}", one.line, Build(pair, caller, begin, usual())))
    return sorted(todo, key=lambda item: item.line)


def _item(name: str, line: int, build: Build) -> Item:
    return Item(name, line, lambda: judged(name, line, build.problems()))


def _keys(found: dict[str, Function]) -> dict[str, list[str]]:
    """For each parameter name that is a dict somewhere in the file, its keys."""
    keys: dict[str, list[str]] = {}
    for function in found.values():
        for parameter in function.signature.parameters:
            if parameter.keys:
                known = keys.setdefault(parameter.name, [])
                known += [key for key in parameter.keys if key not in known]
    return keys
