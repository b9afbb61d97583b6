"""What there is to check in a homework, in the order of its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType

from .calling import Caller
from .classes import Class, classes, pairs_of, starts
from .drawing import Context
from .losses import own, usual
from .names import words
from .pairs import Function, Pair, functions, pairs
from .problem import Verdict
from .search import Search
from .sessions import Plain, Start
from .source import Source
from .spec import Spec
from .training import script_loop
from .usage import used_with
from .verdicts import judged, of_value

INITIAL = {"init", "initialize", "initialise", "initial", "create", "random", "make", "build", "setup"}

SCRIPT = (
    "The loop in line {line} stands in no function, so there is none to check: write def forward(X, W) that returns "
    "the output, and def backward(X, y, W) that returns the gradients."
)


@dataclass
class Item:
    """One thing to check; ``base`` where other classes of the file are made of it."""

    name: str
    line: int
    check: Callable[[], Verdict]
    base: bool = False


def items(source: Source, module: ModuleType, spec: Spec) -> list[Item]:
    """Every pair of the file, every softmax alone, and what the spec asks for and the file lacks."""
    found = functions(source.tree.body, {name for name, value in vars(module).items() if callable(value)})
    made = classes(source.tree.body, module)
    todo = [*_of_functions(source, module, spec, found), *_of_classes(source, module, spec, found, made)]
    known = {*found, *(one.name for one in made)}
    lacking = [name for name in spec.tables if name not in known]
    missing = "The file has no function or class of that name."
    todo += [Item(name, 0, lambda name=name: Verdict(name, "unchecked", missing)) for name in lacking]  # type: ignore[misc]
    line = 0 if todo else script_loop(source.tree)
    if line:
        said = SCRIPT.format(line=line)
        todo.append(Item("", line, lambda: Verdict("", "unchecked", said, line)))
    return sorted(todo, key=lambda item: item.line)


def _of_functions(source: Source, module: ModuleType, spec: Spec, found: dict[str, Function]) -> Iterator[Item]:
    space, caller = vars(module), Caller(module, source.uses_torch)
    losses = [*filter(None, map(own, found.values())), *usual()]

    def search(pair: Pair) -> Search:
        name = pair.forward.name
        context = Context(spec.values(name), _initial(module, found), _keys(found), spec.axis(name))
        return Search(pair, caller, [Start(lambda _: Plain(space), context=context)].__iter__, losses)

    used = set()
    for pair in spec.paired(pairs(found), found):
        used |= {pair.forward.name, pair.name}
        item = _item(pair.name, (pair.backward or pair.forward).line, search(pair))
        yield replace(item, check=lambda i=item, p=pair: _as_used(i.check(), source, p))  # type: ignore[misc]
    for function in found.values():
        if function.name not in used and "softmax" in function.said.core and function.said.kind in ("", "forward"):
            alone = search(Pair(function, None))
            yield Item(function.name, function.line, lambda f=function, s=alone: of_value(f.name, f.line, s))  # type: ignore[misc]


def _as_used(verdict: Verdict, source: Source, pair: Pair) -> Verdict:
    """A derivative in terms of the output is wrong where the file calls it with the input, and nowhere otherwise."""
    if verdict.verdict != "right" or pair.backward is None or "is the output of" not in verdict.sentence:
        return verdict
    used = used_with(source.tree, pair.forward.name, pair.backward.name)
    if list(used) != ["input"] or pair.backward.name == pair.forward.name:
        return verdict
    text = (
        f"It is the derivative in terms of the output of {pair.forward.name}, but in line {used['input']} it is "
        "called with the input."
    )
    return replace(verdict, verdict="wrong", sentence=text)


def _of_classes(
    source: Source, module: ModuleType, spec: Spec, found: dict[str, Function], made: list[Class]
) -> Iterator[Item]:
    caller = Caller(module, source.uses_torch)
    losses = [*filter(None, map(own, found.values())), *usual()]
    bases = {base for one in made for base in one.bases}
    for one in made:
        for pair in pairs_of(one):
            context = Context(
                spec.values(one.name, "forward"), _initial(module, found), _keys(found), spec.axis(one.name)
            )
            methods = [own(m) for m in one.methods.values() if m is not pair.forward]
            begin = starts(one, pair, module, caller, context, spec.values(one.name, "init"))
            name = one.name if pair.name == "backward" else f"{one.name}.{pair.name}"
            search = Search(pair, caller, begin, [*filter(None, methods), *losses], one.name)
            yield replace(_item(name, one.line, search), base=one.name in bases)


def _initial(module: ModuleType, found: dict[str, Function]) -> list[Callable[..., object]]:
    """The functions that make parameters."""
    return [vars(module)[f.name] for f in found.values() if set(words(f.name)) & INITIAL]


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
