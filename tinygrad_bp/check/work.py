"""What there is to check in a homework, in the order of its lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from .calling import Caller
from .classes import classes, pairs_of, starts
from .drawing import Context
from .losses import own, usual
from .names import words
from .pairs import Function, functions, pairs
from .problem import Verdict
from .search import Search
from .sessions import Plain, Start
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
    losses = [*filter(None, map(own, found.values())), *usual()]
    for pair in spec.paired(pairs(found), found):
        plain = Start(lambda _: Plain(space), context=Context(spec.values(pair.forward.name), initial, keys))
        todo.append(
            _item(pair.name, (pair.backward or pair.forward).line, Search(pair, caller, [plain].__iter__, losses))
        )
    for one in classes(source.tree.body, module):
        for pair in pairs_of(one):
            context = Context(spec.values(one.name, "forward"), initial, keys)
            methods = [own(m) for m in one.methods.values() if m is not pair.forward]
            of_class = [*filter(None, methods), *losses]
            begin = starts(one, pair, module, caller, context, spec.values(one.name, "init"))
            name = one.name if pair.name == "backward" else f"{one.name}.{pair.name}"
            todo.append(_item(name, one.line, Search(pair, caller, begin, of_class)))
    return sorted(todo, key=lambda item: item.line)


def _item(name: str, line: int, search: Search) -> Item:
    return Item(name, line, lambda: judged(name, line, search))


def _keys(found: dict[str, Function]) -> dict[str, list[str]]:
    """For each parameter name that is a dict somewhere in the file, its keys."""
    keys: dict[str, list[str]] = {}
    for function in found.values():
        for parameter in function.signature.parameters:
            if parameter.keys:
                known = keys.setdefault(parameter.name, [])
                known += [key for key in parameter.keys if key not in known]
    return keys
