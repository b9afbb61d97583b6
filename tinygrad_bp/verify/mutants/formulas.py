"""Derivatives as formulas, and every formula that one slip makes of them: a letter, a sign, a factor, a power.

Each function has the spellings of its derivative that are in use, of its input x and its result y. A slip changes one
place of one spelling, so what a function adds to the table is known with all its slips.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from math import pi
from typing import Any

import numpy as np

from .functions import gauss_cdf, inner_of_gelu, level, sigmoid, softplus

SPELLINGS: dict[str, tuple[str, ...]] = {
    "sigmoid": ("y*(1-y)", "y-y**2", "exp(-x)/(1+exp(-x))**2", "sigmoid(x)*(1-sigmoid(x))"),
    "tanh": ("1-y**2", "1-tanh(x)**2", "1/cosh(x)**2", "(1-y)*(1+y)"),
    "softplus": ("sigmoid(x)", "1/(1+exp(-x))", "exp(x)/(1+exp(x))", "1-exp(-y)"),
    "log_sigmoid": ("1-sigmoid(x)", "sigmoid(-x)", "1-exp(y)", "exp(-x)/(1+exp(-x))", "1/(1+exp(x))"),
    "softsign": ("1/(1+abs(x))**2", "(1-abs(y))**2"),
    "atan": ("1/(1+x**2)",),
    "gauss": ("-2*x*y", "-2*x*exp(-x**2)"),
    "silu": ("sigmoid(x)*(1+x*(1-sigmoid(x)))", "y+sigmoid(x)*(1-y)", "sigmoid(x)+x*sigmoid(x)*(1-sigmoid(x))",
             "sigmoid(x)+y*(1-sigmoid(x))"),
    "mish": ("tanh(softplus(x))+x*(1-tanh(softplus(x))**2)*sigmoid(x)",),
    "gelu": ("cdf(x)+x*exp(-x**2/2)/sqrt(2*pi)",),
    "gelu of tanh": ("0.5*(1+tanh(inner(x)))+0.5*x*(1-tanh(inner(x))**2)*(sqrt(2/pi)*(1+3*0.044715*x**2))",),
    "elu": ("where(x>0,1,alpha*exp(x))", "where(x>0,1,y+alpha)"),
    "selu": ("where(x>0,scale,scale*alpha*exp(x))", "where(x>0,scale,y+scale*alpha)"),
    "leaky_relu": ("where(x>0,1,alpha)",),
    "clip": ("(x>low)*(x<high)", "(y>low)*(y<high)"),
    "square": ("2*x",), "cube": ("3*x**2",), "exp": ("y", "exp(x)"), "expm1": ("y+1", "exp(x)"),
    "log": ("1/x",), "sqrt": ("0.5/y", "0.5/sqrt(x)", "0.5*x**-0.5"), "reciprocal": ("-1/x**2", "-y**2"),
    "sin": ("cos(x)",), "cos": ("-sin(x)",), "sinh": ("cosh(x)",), "cosh": ("sinh(x)",),
    "log1p": ("1/(1+x)",), "tan": ("1/cos(x)**2", "1+y**2"), "log_cosh": ("tanh(x)",),
}  # fmt: skip
KNOWN: dict[str, Any] = {
    **{name: getattr(np, name) for name in ("exp", "tanh", "cosh", "sinh", "sin", "cos", "sqrt", "abs", "where")},
    "sigmoid": sigmoid, "softplus": softplus, "inner": inner_of_gelu, "cdf": gauss_cdf, "pi": pi,
}  # fmt: skip
RELATED = {"sin": ("cos",), "cos": ("sin",), "tanh": ("sigmoid",), "sigmoid": ("tanh",), "cosh": ("sinh",)}
RELATED |= {"sinh": ("cosh",), "softplus": ("exp",)}


@cache
def slips(name: str) -> tuple[tuple[str, str, Callable[[Any, Any], Any]], ...]:
    """What may be written for a derivative by one slip: the formula, the right one, and its value for x and y.

    >>> [text for text, right, _ in slips("tanh")][:3]
    ['1 − x²', '1 + y²', '1']
    """
    found: dict[str, tuple[str, str, Callable[[Any, Any], Any]]] = {}
    right = {ast.unparse(ast.parse(spelling, mode="eval")) for spelling in SPELLINGS.get(name, ())}
    for spelling in SPELLINGS.get(name, ()):
        tree = ast.parse(spelling, mode="eval").body
        for changed in _changed(tree):
            text = ast.unparse(changed)
            if text not in right:
                code = compile(ast.fix_missing_locations(ast.Expression(deepcopy(changed))), text, "eval")
                found.setdefault(text, (_written(text), _written(ast.unparse(tree)), _of(name, code)))
    return tuple(found.values())


def _of(name: str, code: Any) -> Callable[[Any, Any], Any]:
    def formula(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            return 1.0 * eval(code, {"__builtins__": {}}, {**KNOWN, **level(name, x, y), "x": x, "y": y})

    return formula


def _changed(tree: ast.expr) -> Iterator[ast.expr]:
    """The expression with one thing changed somewhere, or one letter in all places."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for one, other in (("x", "y"), ("y", "x")):
        if one in names:
            yield _renamed(tree, one, other)
    yield from _anywhere(tree)


def _renamed(tree: ast.expr, one: str, other: str) -> ast.expr:
    changed = deepcopy(tree)
    for node in ast.walk(changed):
        if isinstance(node, ast.Name) and node.id == one:
            node.id = other
    return changed


def _anywhere(tree: ast.expr) -> Iterator[ast.expr]:
    yield from _here(tree)
    for field, value in ast.iter_fields(tree):
        if isinstance(value, ast.expr) and not (isinstance(tree, ast.Call) and field == "func"):
            for changed in _anywhere(value):
                yield _with(tree, field, changed)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                for changed in _anywhere(item) if isinstance(item, ast.expr) else ():
                    yield _with(tree, field, [*value[:i], changed, *value[i + 1 :]])


def _with(tree: ast.expr, field: str, value: Any) -> ast.expr:
    fields = {name: getattr(tree, name) for name in tree._fields}
    return type(tree)(**{**fields, field: value})


def _here(node: ast.expr) -> Iterator[ast.expr]:
    """What one slip makes of one expression, its parts being right."""
    if isinstance(node, ast.Name) and node.id in ("x", "y"):
        yield ast.Name("y" if node.id == "x" else "x", ast.Load())
        yield ast.UnaryOp(ast.USub(), node)
    elif isinstance(node, ast.Name) and node.id not in KNOWN:
        yield ast.Constant(1)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.BinOp):
        yield from _of_two(node)
    elif isinstance(node, ast.Compare):
        yield ast.UnaryOp(ast.USub(), ast.BinOp(node, ast.Sub(), ast.Constant(1)))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "where":
            condition, above, below = node.args
            yield from (above, below)
            for one, other in ((below, above), (above, ast.Constant(0)), (ast.Constant(0), below)):
                yield ast.Call(node.func, [condition, one, other], [])
            yield ast.Call(node.func, [condition, above, ast.UnaryOp(ast.USub(), below)], [])
        else:
            yield node.args[0]
            for name in RELATED.get(node.func.id, ()):
                yield ast.Call(ast.Name(name, ast.Load()), node.args, [])


def _of_two(node: ast.BinOp) -> Iterator[ast.expr]:
    a, op, b = node.left, node.op, node.right
    if isinstance(op, (ast.Add, ast.Sub)):
        yield ast.BinOp(a, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), b)
        yield a
        yield b if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), b)
        if isinstance(op, ast.Sub):
            yield b
            yield ast.BinOp(b, op, a)
            if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Pow):
                yield b.left
    elif isinstance(op, ast.Pow) and isinstance(b, ast.Constant) and isinstance(b.value, (int, float)):
        yield from (a, ast.BinOp(a, op, ast.Constant(b.value + 1)), ast.BinOp(a, op, ast.Constant(-b.value)))
        if b.value == 2:
            yield ast.Call(ast.Name("sqrt", ast.Load()), [a], [])
    else:
        yield a
        if isinstance(op, ast.Div):
            yield ast.BinOp(a, ast.Mult(), b)
            yield ast.BinOp(ast.Constant(1), op, b)
        if isinstance(op, ast.Mult):
            yield b
            yield ast.BinOp(a, ast.Add(), b)


def _written(text: str) -> str:
    for one, other in (("** 2", "²"), ("** 3", "³"), (" ²", "²"), (" ³", "³"), ("sigmoid", "σ"), (" * ", "·"),
                       ("inner", "u"), ("cdf", "Φ"), ("sqrt", "√"), (" - ", " − "), ("pi", "π")):  # fmt: skip
        text = text.replace(one, other)
    return text.replace("-", "−")
