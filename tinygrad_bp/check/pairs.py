"""Which functions of a file belong together: by their names, and by what they return."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .names import CACHE_LIKE, Parameter, Said, Signature, role, said, signature

LOSS_WORDS = {"loss", "cost", "error", "objective", "criterion", "entropy", "mse", "mae", "bce", "nll", "ce", "hinge",
              "likelihood", "j", "fun"}  # fmt: skip


FLAGS = r"d|deriv\w*|derive|prime|grad(ient)?|diff"


@dataclass
class Function:
    """A function of the homework: its text read, its name understood."""

    name: str
    line: int
    signature: Signature
    said: Said
    result: str = ""  # of a method that returns nothing: the attribute in which it leaves what it gives


@dataclass
class Pair:
    """A forward and its backward; of a function that gives both, ``backward`` is None."""

    forward: Function
    backward: Function | None

    @property
    def name(self) -> str:
        """As it is printed."""
        return (self.backward or self.forward).name


def functions(body: list[ast.stmt], callables: set[str]) -> dict[str, Function]:
    """The functions at the top of a file, lambdas too."""
    nodes: dict[str, ast.FunctionDef] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            nodes[node.name] = node
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and isinstance(node.targets[0], ast.Name)
        ):
            nodes[node.targets[0].id] = _as_def(node.targets[0].id, node.value)
        elif isinstance(node, (ast.If, ast.Try)):
            nodes.update({n.name: n for n in node.body if isinstance(n, ast.FunctionDef)})
    names = set(nodes)
    return {
        name: Function(name, node.lineno, signature(node), said(name, names - {name}))
        for name, node in nodes.items()
        if name in callables
    }


def _as_def(name: str, value: ast.Lambda) -> ast.FunctionDef:
    made = ast.parse(f"def {name}(): return 0").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.args, made.lineno = value.args, value.lineno
    made.body = [ast.copy_location(ast.Return(value.body), value)]
    return ast.fix_missing_locations(made)


def gives_both(sig: Signature) -> bool:
    """Whether a function returns a loss and its gradients, as its names say."""
    if len(sig.returned) < 2:
        return False
    losses = [
        r
        for r in sig.returned
        if re.fullmatch(r"(?i)(total_?|data_?)?(loss|cost|j|l|obj|objective|err|error)(_val(ue)?)?", r)
    ]
    gradients = [r for r in sig.returned if re.fullmatch(r"(?i)d[a-z]\w*|.*grads?.*|.*gradients?.*|nabla\w*|g", r)]
    return bool(losses and gradients)


def pairs(found: dict[str, Function]) -> Iterator[Pair]:
    """The pairs, in the order of the file."""
    taken: set[str] = set()
    for function in found.values():
        if gives_both(function.signature) and function.said.kind != "backward":
            taken.add(function.name)
            yield Pair(function, None)
    for function in found.values():
        flag = next((p.name for p in function.signature.parameters if is_flag(p)), "")
        if flag and function.name not in taken:
            taken.add(function.name)
            yield Pair(function, replace(function, said=Said("derivative", function.said.base)))
    backs = [f for f in found.values() if f.said.kind in ("backward", "derivative") and f.name not in taken]
    for back in backs:
        others = [f for f in found.values() if f is not back and f.name not in taken and f not in backs]
        forward = _forward_of(back, others)
        if forward is not None:
            yield Pair(forward, back)


def is_flag(parameter: Parameter) -> bool:
    """Whether a parameter says that the derivative is asked for, as in ``nonlin(x, deriv=False)``."""
    return parameter.default is False and re.fullmatch(FLAGS, parameter.name.lower()) is not None


def _forward_of(back: Function, others: list[Function]) -> Function | None:
    """The function whose derivative ``back`` is: of the same name, more and more loosely."""
    order = {"backward": ("forward", ""), "derivative": ("", "forward")}[back.said.kind]

    def bare(words: tuple[str, ...]) -> frozenset[str]:
        return frozenset(words) - LOSS_WORDS - {"naive", "fast", "vectorized", "with", "softmax"}

    ways: list[Any] = [
        lambda f: f.said.base == back.said.base,
        lambda f: f.said.core == back.said.core and bool(f.said.core or f.said.kind == "forward"),
        lambda f: bool(bare(back.said.core)) and bare(f.said.core) == bare(back.said.core),
        lambda f: bool(set(f.said.core) & LOSS_WORDS) and bool(set(back.said.core) & LOSS_WORDS)
        and set(back.said.core) <= set(f.said.core) | LOSS_WORDS,
        lambda f: not bare(back.said.core) and is_loss(f) and back.said.kind == "derivative",
    ]  # fmt: skip
    for way in ways:
        for kind in order:
            fitting = [f for f in others if f.said.kind == kind and f.signature.parameters and way(f)]
            if fitting:
                return fitting[0]
    return None


def is_loss(function: Function) -> bool:
    """Whether its name says that it is a loss, and it takes labels."""
    names = function.signature.names
    return bool(set(function.said.base) & LOSS_WORDS) and "labels" in [role(n, names) for n in names]


def is_cache(name: str) -> bool:
    """Whether a name is that of what a forward leaves for its backward."""
    return re.fullmatch(CACHE_LIKE, name.lower()) is not None
