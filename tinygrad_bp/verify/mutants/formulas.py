"""Derivatives as formulas, and every formula that one slip makes of them: a letter, a sign, a factor, a power.

Each function has the spellings of its derivative that are in use, of its input x and its result y; a function along
axes those of its gradient, of what arrives, g, too. A slip changes one place of one spelling, so what a function adds
to the table is known with all its slips.
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
    "log of 1 − σ": ("-sigmoid(x)", "-1/(1+exp(-x))"),
    "softsign": ("1/(1+abs(x))**2", "(1-abs(y))**2"),
    "atan": ("1/(1+x**2)",),
    "gauss": ("-2*x*y", "-2*x*exp(-x**2)"),
    "silu": ("s*(1+x*(1-s))", "sigmoid(x)*(1+x*(1-sigmoid(x)))", "y+sigmoid(x)*(1-y)",
             "sigmoid(x)+x*sigmoid(x)*(1-sigmoid(x))", "sigmoid(x)+y*(1-sigmoid(x))"),
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
# Of functions along axes: S sums and M averages over them, n elements each; p is softmax, d the deviation that divides,
# c what it divides.
ALONG: dict[str, tuple[str, ...]] = {
    "softmax": ("y*(g-S(g*y))", "y*g-y*S(g*y)"),
    "log_softmax": ("g-p*S(g)",),
    "normalisation": ("(g-M(g)-y*M(g*y))/d", "(n*g-S(g)-y*S(g*y))/(n*d)", "g/d-M(g/d)-c*M(g*c)/d**3",
                      "g/d-S(g)/d/n-c*S(g*c)/(n*d**3)"),
    "root mean square": ("(g-y*M(g*y))/d", "g/d-x*M(g*x)/d**3", "g/d-x*S(g*x)/(n*d**3)"),
    "unit length": ("(g-y*S(g*y))/d", "g/d-x*S(g*x)/d**3"),
}  # fmt: skip
KNOWN: dict[str, Any] = {
    **{name: getattr(np, name) for name in ("exp", "tanh", "cosh", "sinh", "sin", "cos", "sqrt", "abs", "where")},
    "sigmoid": sigmoid, "softplus": softplus, "inner": inner_of_gelu, "cdf": gauss_cdf, "pi": pi,
}  # fmt: skip
RELATED = {"sin": ("cos",), "cos": ("sin",), "tanh": ("sigmoid",), "sigmoid": ("tanh",), "cosh": ("sinh",)}
RELATED |= {"sinh": ("cosh",), "softplus": ("exp",), "S": ("M",), "M": ("S",)}
Axes = tuple[int, ...]


@cache
def slips(name: str) -> tuple[tuple[str, str, Callable[[Any, Any], Any]], ...]:
    """What may be written for a derivative by one slip: the formula, the right one, and its value for x and y.

    >>> [text for text, right, _ in slips("tanh")][:3]
    ['1 − x²', '1 + y²', '1']
    """
    return tuple((text, right, _of(name, code)) for _, text, right, code in _slipped(SPELLINGS.get(name, ())))


@cache
def slips_along(name: str) -> tuple[tuple[str, str, str, Callable[[Any, Any, Any, Axes], Any]], ...]:
    """The same for the gradient of a function along axes, with the kind: of what arrives, x, y and the axes."""
    return tuple((kind, text, right, _along(name, code)) for kind, text, right, code in _slipped(ALONG.get(name, ())))


@cache
def right_along(name: str) -> Callable[[Any, Any, Any, Axes], Any]:
    """The right gradient of a function along axes."""
    return _along(name, compile(ALONG[name][0], name, "eval"))


def _slipped(spellings: tuple[str, ...]) -> Iterator[tuple[str, str, str, Any]]:
    """What one slip makes of some spellings: its kind, how it is written, the right one, and its code."""
    seen = {ast.unparse(ast.parse(spelling, mode="eval")) for spelling in spellings}
    for spelling in spellings:
        tree = ast.parse(spelling, mode="eval").body
        for changed in _changed(tree):
            text = ast.unparse(changed)
            if text not in seen:
                seen.add(text)
                code = compile(ast.fix_missing_locations(ast.Expression(deepcopy(changed))), text, "eval")
                kinds = [node.slip for node in ast.walk(changed) if hasattr(node, "slip")]
                yield (kinds or ["derivative"])[0], _written(text), _written(ast.unparse(tree)), code


def _as(kind: str, node: ast.expr) -> ast.expr:
    node = deepcopy(node)
    node.slip = kind  # type: ignore[attr-defined]
    return node


def _of(name: str, code: Any) -> Callable[[Any, Any], Any]:
    def formula(x: Any, y: Any) -> Any:
        known = {**KNOWN, **level(name, x, y), "x": x, "y": y, "s": sigmoid(x)}
        with np.errstate(all="ignore"):
            return 1.0 * eval(code, {"__builtins__": {}}, known)

    return formula


def _along(name: str, code: Any) -> Callable[[Any, Any, Any, Axes], Any]:
    def gradient(g: Any, x: Any, y: Any, axes: Axes) -> Any:
        n = float(np.prod([x.shape[a] for a in axes]))
        d = deviation(x, y, axes) if "soft" not in name else 1.0
        known = {
            **KNOWN,
            "g": g,
            "x": x,
            "y": y,
            "n": n,
            "d": d,
            "c": d * y,
            "p": np.exp(np.minimum(y, 0)),
            "S": lambda a: np.sum(np.broadcast_to(a, x.shape), axes, keepdims=True),
            "M": lambda a: np.mean(np.broadcast_to(a, x.shape), axes, keepdims=True),
        }
        with np.errstate(all="ignore"):
            return np.broadcast_to(eval(code, {"__builtins__": {}}, known), x.shape)

    return gradient


def deviation(x: Any, y: Any, axes: Axes) -> Any:
    """What x, or x less its mean, was divided by: y has no mean, so the mean of x does not count."""
    return np.mean(x * y, axes, keepdims=True) / np.maximum(np.mean(y * y, axes, keepdims=True), 1e-300)


def _changed(tree: ast.expr) -> Iterator[ast.expr]:
    """The expression with one thing changed somewhere, or one letter in all places."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for one, other in (("x", "y"), ("y", "x"), ("y", "c"), ("c", "y"), ("c", "x"), ("p", "y"), ("p", "x")):
        if one in names and (other != "c" or "d" in names):
            yield _renamed(tree, {one: other})
    for one, other in (("x", "y"), ("x", "s"), ("y", "s")):
        if {one, other} <= names:
            yield _renamed(tree, {one: other, other: one})
    yield from _anywhere(tree)


def _renamed(tree: ast.expr, others: dict[str, str]) -> ast.expr:
    changed = deepcopy(tree)
    for node in ast.walk(changed):
        if isinstance(node, ast.Name):
            node.id = others.get(node.id, node.id)
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
        if node.id in ("low", "high"):
            yield ast.Constant(0)
        if node.id == "p":
            yield from (ast.parse(text, mode="eval").body for text in ("1/n", "x", "y"))
        if node.id in ("c", "d"):
            yield from (ast.Name(one, ast.Load()) for one in ("x", "y") if node.id == "c")
            yield ast.BinOp(node, ast.Pow(), ast.Constant(2))
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
            if node.func.id in ("S", "M"):
                yield _as("term missing", ast.Constant(0))
            for name in RELATED.get(node.func.id, ()):
                kind = {"S": "summed", "M": "averaged"}.get(name, "derivative")
                yield _as(kind, ast.Call(ast.Name(name, ast.Load()), node.args, []))


def _of_two(node: ast.BinOp) -> Iterator[ast.expr]:
    a, op, b = node.left, node.op, node.right
    if isinstance(op, (ast.Add, ast.Sub)):
        yield _as("sign", ast.BinOp(a, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), b))
        yield _as("term missing", a)
        yield _as("term missing", b if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), b))
        if isinstance(op, ast.Sub):
            yield b
            yield ast.BinOp(b, op, a)
            if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Pow):
                yield b.left
    elif isinstance(op, ast.Pow) and isinstance(b, ast.Constant) and isinstance(b.value, (int, float)):
        yield from (a, ast.BinOp(a, op, ast.Constant(b.value + 1)), ast.BinOp(a, op, ast.Constant(-b.value)))
        if b.value == 2:
            yield ast.Call(ast.Name("sqrt", ast.Load()), [a], [])
    elif isinstance(op, ast.Div):
        yield _as("division missing", a)
        yield ast.BinOp(a, ast.Mult(), b)
        yield _as("factor missing", ast.BinOp(ast.Constant(1), op, b))
        yield ast.BinOp(node, op, b)
        yield ast.BinOp(a, op, ast.Call(ast.Name("sqrt", ast.Load()), [b], []))
    else:
        yield _as("factor missing", a)
        yield _as("factor missing", b)
        if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Pow) and isinstance(b.right, ast.Constant):
            yield from (ast.BinOp(n, op, b.left) for n in _one_less(a, b.right.value))
        yield ast.BinOp(a, ast.Add(), b)
        yield ast.BinOp(node, op, b)


def _one_less(factor: ast.expr, power: Any) -> Iterator[ast.expr]:
    """The factor n of n·x², the derivative of a cube, as 2: that of a square is written."""
    if isinstance(factor, ast.Constant) and factor.value == power + 1 == 3:
        yield ast.Constant(2)
    elif isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Mult):
        yield from (ast.BinOp(n, factor.op, factor.right) for n in _one_less(factor.left, power))


def _written(text: str) -> str:
    for one, other in (("** 2", "²"), ("** 3", "³"), (" ²", "²"), (" ³", "³"), ("sigmoid", "σ"), (" * ", "·"),
                       ("inner", "u"), ("cdf", "Φ"), ("sqrt", "√"), (" - ", " − "), ("pi", "π"), ("S(", "Σ("),
                       ("M(", "mean(")):  # fmt: skip
        text = text.replace(one, other)
    return text.replace("-", "−")
