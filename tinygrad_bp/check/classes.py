"""Classes with a forward and a backward, found by the names of their methods."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np

from .calling import Caller
from .drawing import Context
from .making import RATE, constructed, declared
from .names import gradient_of, role, said, signature, words
from .objects import Held, Objects
from .pairs import Function, Pair, gives_both
from .sessions import Start, WithContext
from .training import left_by, training

FORWARDS = ("forward", "__call__", "feedforward", "feed_forward", "forward_pass", "forward_propagation", "forward_prop",
            "propagate_forward", "fprop", "call", "calculate", "compute", "loss", "cost", "activate", "activation",
            "function", "fn", "f", "fun", "apply", "evaluate", "predict", "think", "query")  # fmt: skip
NOT_BACKWARD = {"numerical", "numeric", "check", "descent", "clip", "update", "apply", "plot", "zero", "print", "test",
                "train", "reset", "optimizer", "norm"}  # fmt: skip


@dataclass
class Class:
    """A class of the homework: its methods' text, those of its bases in the file among them."""

    name: str
    line: int
    methods: dict[str, Function] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, ast.FunctionDef] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)


def classes(body: list[ast.stmt], module: ModuleType) -> list[Class]:
    """The classes at the top of a file that can be made."""
    nodes = {n.name: n for n in body if isinstance(n, ast.ClassDef)}
    return [_class(n, nodes) for n in nodes.values() if isinstance(vars(module).get(n.name), type)]


def _class(node: ast.ClassDef, nodes: Mapping[str, ast.ClassDef]) -> Class:
    made = Class(node.name, node.lineno)
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in nodes and base.id != node.name:
            other = _class(nodes[base.id], nodes)
            made.bases.append(base.id)
            made.methods.update(other.methods)
            made.bodies.update(other.bodies)
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            made.bodies[item.name] = item
            sig = signature(item, True)
            result = "" if sig.returned or sig.keyed else left_by(item)
            made.methods[item.name] = Function(item.name, item.lineno, sig, said(item.name, set()), result)
    return made


def _does_something(node: ast.FunctionDef) -> bool:
    """Whether a method has more than a docstring, ``pass`` and ``raise``."""
    idle = (ast.Pass, ast.Raise)
    return any(
        not isinstance(s, idle) and not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in node.body
    )


def pairs_of(one: Class) -> Iterator[Pair]:
    """The forward with its backward, and methods that give a loss and gradients."""
    real = {n: f for n, f in one.methods.items() if _does_something(one.bodies[n])}
    if takes_context(real.get("forward")) and takes_context(real.get("backward")):
        forward, back = without_context(real["forward"]), without_context(real["backward"])
        yield Pair(forward, replace(back, signature=replace(back.signature, returned=_in_order(forward, back))))
        return
    for function in real.values():
        if gives_both(function.signature) and function.said.kind != "backward":
            yield Pair(function, None)
            return
    backs = [f for f in real.values() if f.said.kind in ("backward", "derivative") and not _other(f)]
    trained = training(real, one.bodies) if all(f.said.kind != "backward" for f in backs) else None
    if trained is not None:
        yield trained
    backs.sort(key=lambda f: (f.said.kind != "backward", len(f.said.core), len(f.said.base)))
    if not backs:
        return
    back = backs[0]
    alike = [
        f for f in real.values() if f.said.core == back.said.core and f.said.core and f.said.kind in ("forward", "")
    ]
    forwards = [real[n] for n in FORWARDS if n in real]
    if back.said.kind == "derivative" and "loss" in real:
        forwards = [real["loss"], *forwards]
    for forward in [*alike, *forwards]:
        if forward is not back:
            yield Pair(forward, back)
            return


def takes_context(function: Function | None) -> bool:
    """Whether a method's first parameter is PyTorch's ``ctx``."""
    return function is not None and function.signature.names[:1] in (["ctx"], ["context"])


def without_context(function: Function) -> Function:
    """The function as its user calls it."""
    return replace(function, signature=replace(function.signature, parameters=function.signature.parameters[1:]))


def _in_order(forward: Function, back: Function) -> list[str]:
    """Names of what a ``Function`` returns: a gradient for each input, in their order, whatever they are called."""
    inputs, told = forward.signature.names, back.signature.returned
    told = told if len(told) == len(inputs) else [""] * len(inputs)
    return [name if gradient_of(name, inputs) == i else f"d{i}" for name, i in zip(told, inputs, strict=True)]


def _other(function: Function) -> bool:
    return bool(set(words(function.name)) & NOT_BACKWARD)


def starts(
    one: Class, pair: Pair, module: ModuleType, caller: Caller, context: Context, given: Mapping[str, Any]
) -> Callable[[], Iterator[Start]]:
    """Objects of a class to start from, each with its parameters drawn anew."""
    kind = vars(module)[one.name]
    init = one.methods.get("__init__")
    if takes_context(one.methods.get("forward")):
        return [Start(lambda _: WithContext(kind), context=context)].__iter__

    def make() -> Iterator[Start]:
        parameters = init.signature if init is not None else declared(kind)
        for made in constructed(kind, parameters, caller, given, vars(module)):
            held = Held.of(made, _left_by(one, pair))
            rate = _rate(made, pair, vars(module))

            def session(arrays: Sequence[Any], held: Held = held, rate: float | None = rate) -> Objects:
                return Objects(held, caller, rate, pair.forward, list(arrays))

            sized = parameters is not None and bool(parameters.parameters)
            features = 0 if sized else _features(held)
            yield Start(
                session, [(name, value) for name, _, value in held.parameters],
                replace(context, weighted=bool(held.parameters), features=features),
            )  # fmt: skip

    return make


def _left_by(one: Class, pair: Pair) -> set[str]:
    """The attributes that the backward sets."""
    body = one.bodies.get(pair.backward.name) if pair.backward is not None else None
    nodes = ast.walk(body) if body is not None else ()
    return {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}


def _features(held: Held) -> int:
    """The rows of the first weights: as many features an example of a class has that takes no sizes."""
    return next((int(np.shape(value)[0]) for _, _, value in held.parameters if np.ndim(value) == 2), 0)


def _rate(made: Any, pair: Pair, space: Mapping[str, Any]) -> float | None:
    """The learning rate with which a backward moves parameters: its argument, an attribute, or a global."""
    if pair.backward is not None and any(role(n) == "rate" for n in pair.backward.signature.names):
        return RATE
    for owner in (getattr(made, "__dict__", {}), space):
        for name, value in owner.items():
            if role(name) == "rate" and isinstance(value, (int, float)) and value:
                return float(value)
    return None


__all__ = ["Class", "classes", "pairs_of", "starts"]
