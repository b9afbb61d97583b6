"""What a class says by what it does: results that are left on it, a backward within its loop of training."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from .names import role, words
from .pairs import Function, Pair

TRAINING = {"train", "fit", "learn", "training"}
PREDICTING = ("think", "predict", "query", "forward", "feedforward", "feed_forward", "forward_pass", "__call__")
RESULT = r"(final_?)?out(puts?)?|y_?hat|y_?pred\w*|pred\w*|probs?|probabilities"
NO_RESULT = r".*(loss|cost|error|delta|grad|cache).*"


def left_by(node: ast.FunctionDef) -> str:
    """The attribute in which a method that returns nothing leaves its result: by name, else the last that it sets."""
    names = [
        target.attr
        for statement in _assignments(node)
        for target in statement.targets
        if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self"
    ]
    names = [name for name in names if not re.fullmatch(NO_RESULT, name.lower())]
    named = [name for name in names if re.fullmatch(RESULT, name.lower())]
    return (named or names or [""])[-1]


def training(methods: Mapping[str, Function], bodies: Mapping[str, ast.FunctionDef]) -> Pair | None:
    """A prediction and the training that has its backward within: its first step is taken as one backward.

    Only a training that makes one step of all examples at a time says a gradient: not one that sets its weights anew,
    draws examples, or goes through them one by one.
    """
    forward = next((methods[name] for name in PREDICTING if name in methods), None)
    for function in methods.values():
        names = function.signature.names
        labelled = "labels" in [role(n, names) for n in names]
        if forward and labelled and set(words(function.name)) & TRAINING and _one_step(bodies[function.name]):
            return Pair(forward, function)
    return None


def _one_step(node: ast.FunctionDef) -> bool:
    loops = [n for n in ast.walk(node) if isinstance(n, (ast.For, ast.While))]
    text = ast.unparse(node)
    begins = any(_begins(statement) for statement in _assignments(node))
    through = any(not isinstance(n, ast.For) or "range" not in ast.unparse(n.iter) or "len(" in ast.unparse(n.iter)
                  or ".shape" in ast.unparse(n.iter) for n in loops)  # fmt: skip
    return len(loops) <= 1 and not through and not begins and "random" not in text and "shuffle" not in text


INITIAL = r"\b(zeros|ones|full|rand\w*|normal|uniform)\w*\("


def _begins(statement: ast.Assign) -> bool:
    """Whether it sets an attribute to initial values."""
    owned = any(isinstance(t, ast.Attribute) for t in statement.targets)
    return owned and re.search(INITIAL, ast.unparse(statement.value)) is not None


def _assignments(node: ast.FunctionDef) -> Iterator[ast.Assign]:
    yield from sorted((n for n in ast.walk(node) if isinstance(n, ast.Assign)), key=lambda n: n.lineno)


def script_loop(tree: ast.Module) -> int:
    """The line of a loop of training that stands in no function; 0 where there is none."""
    for loop in tree.body:
        if isinstance(loop, (ast.For, ast.While)) and any(_of_network(n) for n in ast.walk(loop)):
            return loop.lineno
    return 0


def _of_network(node: ast.AST) -> bool:
    """Whether it is a product of matrices, or a name such as ``l1_delta``."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    if isinstance(node, ast.Attribute):
        return node.attr in ("dot", "matmul")
    return isinstance(node, ast.Name) and re.fullmatch(r".*(_delta|_error|grad\w*)\d*", node.id) is not None
