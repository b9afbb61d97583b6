"""Wrong derivatives of functions of one input: a formula written with the wrong letter, or half of it missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .functions import Function, functions, sigmoid
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places

Formula = Callable[[Any, Any], Any]  # of x, the input, and y, the result

RIGHT = {
    "sigmoid": "y(1 − y) of the result y", "tanh": "1 − y² of the result y", "relu": "1 where x > 0, else 0",
    "softplus": "σ(x)", "exp": "the result itself", "log": "1/x", "sqrt": "1/(2y) of the result y", "square": "2x",
    "abs": "the sign of x", "reciprocal": "−1/x²", "silu": "σ(x)(1 + x(1 − σ(x)))",
    "leaky_relu": "1 where x > 0, else the slope", "softmax": "y(g − Σ g·y)", "log_softmax": "g − softmax(x) Σ g",
    "normalisation": "(g − mean g − y · mean(g·y)) / σ",
}  # fmt: skip

# Factors that a derivative was taken for, by how they are written. Each is tried for every function of one input.
FACTORS: dict[str, Formula] = {
    "x(1 − x) of the input": lambda x, y: x * (1 - x),
    "y(1 − y) of the result": lambda x, y: y * (1 - y),
    "1 − x² of the input": lambda x, y: 1 - x * x,
    "1 − y² of the result": lambda x, y: 1 - y * y,
    "σ(y)(1 − σ(y)), the function applied once more": lambda x, y: sigmoid(y) * (1 - sigmoid(y)),
    "1 − tanh²(y), the function applied once more": lambda x, y: 1 - np.tanh(y) ** 2,
    "σ(x)(1 − σ(x))": lambda x, y: sigmoid(x) * (1 - sigmoid(x)),
    "1 − tanh²(x)": lambda x, y: 1 - np.tanh(x) ** 2,
    "the result y": lambda x, y: y,
    "the input x": lambda x, y: x,
    "1 − y": lambda x, y: 1 - y,
    "1 − x": lambda x, y: 1 - x,
    "1 + y": lambda x, y: 1 + y,
    "y²": lambda x, y: y * y,
    "x²": lambda x, y: x * x,
    "y(1 + y)": lambda x, y: y * (1 + y),
    "1 + y²": lambda x, y: 1 + y * y,
    "(1 − y)²": lambda x, y: (1 - y) ** 2,
    "1 − tanh(x)": lambda x, y: 1 - np.tanh(x),
    "1 − |y|": lambda x, y: 1 - np.abs(y),
    "√(1 − y²)": lambda x, y: np.sqrt(np.maximum(1 - y * y, 0)),
    "1/(1 + x²)": lambda x, y: 1 / (1 + x * x),
    "x > 0": lambda x, y: 1.0 * (x > 0),
    "x ≤ 0": lambda x, y: 1.0 * (x <= 0),
    "the sign of x": lambda x, y: np.sign(x),
    "|x|": lambda x, y: np.abs(x),
    "σ(x)": lambda x, y: sigmoid(x),
    "1 − σ(x)": lambda x, y: 1 - sigmoid(x),
    "eˣ": lambda x, y: np.exp(x),
    "e⁻ˣ": lambda x, y: np.exp(-x),
    "ln x": lambda x, y: np.log(x),
    "1/x": lambda x, y: 1 / x,
    "1/y": lambda x, y: 1 / y,
    "1/x²": lambda x, y: 1 / (x * x),
    "1/y²": lambda x, y: 1 / (y * y),
    "1/√x": lambda x, y: 1 / np.sqrt(x),
    "√x": lambda x, y: np.sqrt(x),
    "x^(−3/2)": lambda x, y: x**-1.5,
    "x³": lambda x, y: x**3,
    "x·y": lambda x, y: x * y,
    "y/x": lambda x, y: y / x,
    "x y²": lambda x, y: x * y * y,
    "y²(1 − y)², the derivative twice": lambda x, y: (y * (1 - y)) ** 2,
    "(1 − y²)², the derivative twice": lambda x, y: (1 - y * y) ** 2,
}

Whole = Callable[[Gradient, Any, Any, tuple[int, ...]], Gradient]  # of g, x, y and the axes


def _sum(a: Any, axes: tuple[int, ...]) -> Any:
    return np.sum(a, axes, keepdims=True)


def _mean(a: Any, axes: tuple[int, ...]) -> Any:
    return np.mean(a, axes, keepdims=True)


def _deviation(x: Any, y: Any, axes: tuple[int, ...]) -> Any:
    """The square root of the variance and the small number added to it."""
    centred = x - _mean(x, axes)
    return np.sqrt(np.maximum(_mean(centred * centred, axes), 1e-300) / np.maximum(_mean(y * y, axes), 1e-300))


def _others(y: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a for a in range(y.ndim) if a not in axes) or axes


def _count(x: Any, axes: tuple[int, ...]) -> float:
    return float(np.prod([x.shape[a] for a in axes]))


def _normal(
    mean: float = 1, variance: float = 1, power: float = 1, sums: tuple[int, int] = (0, 0), of_g: bool = False,
    y_is: Whole = lambda g, x, y, a: y, other_axes: bool = False,
) -> Whole:  # fmt: skip
    """g · (1 or n) − mean · (mean or sum of g) − variance · y · (mean or sum of g·y), divided by a power of σ."""

    def whole(g: Gradient, x: Any, y: Any, axes: tuple[int, ...]) -> Gradient:
        over, h = _others(y, axes) if other_axes else axes, y_is(g, x, y, axes)
        n = _count(x, axes)
        first = _mean(g, over) * n ** sums[0]
        second = h * _mean(g * h, over) * n ** sums[1]
        return ((n if of_g else 1) * g - mean * first - variance * second) / _deviation(x, y, axes) ** power

    return whole


# Functions along an axis: kind, how it is written, and the gradient that comes of it.
ALONG_AXES: dict[str, list[tuple[str, str, Whole]]] = {
    "softmax": [
        ("diagonal only", "y(1 − y), the diagonal of its Jacobian alone", lambda g, x, y, a: g * y * (1 - y)),
        ("diagonal only", "g·y, without the sum over the classes", lambda g, x, y, a: g * y),
        ("sum missing", "−y Σ g·y, without g·y itself", lambda g, x, y, a: -y * _sum(g * y, a)),
        ("derivative", "y(g − Σ g), y missing in the sum", lambda g, x, y, a: y * (g - _sum(g, a))),
        ("derivative", "y(g + Σ g·y), a sign wrong", lambda g, x, y, a: y * (g + _sum(g * y, a))),
        ("derivative", "g − Σ g·y, without the y before it", lambda g, x, y, a: g - _sum(g * y, a)),
        ("derivative", "g·y − Σ g·y", lambda g, x, y, a: g * y - _sum(g * y, a)),
        ("averaged", "y(g − mean g·y), a mean for a sum", lambda g, x, y, a: y * (g - _mean(g * y, a))),
        ("wrong axis", "y(g − Σ g·y) with the sum over the examples",
         lambda g, x, y, a: y * (g - _sum(g * y, _others(y, a)))),
        ("wrong axis", "y(g − Σ g·y) with one sum over everything",
         lambda g, x, y, a: y * (g - np.sum(g * y))),
        ("sign", "with + where the Jacobian has − beside its diagonal",
         lambda g, x, y, a: y * (g - 2 * g * y + _sum(g * y, a))),
        ("derivative", "y(1 − y)(g − Σ g·y)", lambda g, x, y, a: y * (1 - y) * (g - _sum(g * y, a))),
    ],
    "log_softmax": [
        ("term missing", "g alone, without − softmax(x) Σ g", lambda g, x, y, a: g),
        ("term missing", "− softmax(x) Σ g alone, without g", lambda g, x, y, a: -np.exp(y) * _sum(g, a)),
        ("derivative", "g − softmax(x)·g", lambda g, x, y, a: g - np.exp(y) * g),
        ("derivative", "g − softmax(x), without Σ g", lambda g, x, y, a: g - np.exp(y)),
        ("derivative", "g − x Σ g", lambda g, x, y, a: g - x * _sum(g, a)),
        ("derivative", "g − eˣ Σ g, not divided by the sum", lambda g, x, y, a: g - np.exp(x) * _sum(g, a)),
        ("sign", "g + softmax(x) Σ g", lambda g, x, y, a: g + np.exp(y) * _sum(g, a)),
        ("log missing", "that of softmax, without the log",
         lambda g, x, y, a: np.exp(y) * (g - _sum(g * np.exp(y), a))),
    ],
    "normalisation": [
        ("term missing", "g / σ: mean and variance taken for constants", lambda g, x, y, a: g / _deviation(x, y, a)),
        ("term missing", "without the term of the variance, y · mean(g·y)", _normal(variance=0)),
        ("term missing", "without the term of the mean, mean g", _normal(mean=0)),
        ("division missing", "without the division by σ", _normal(power=0)),
        ("derivative", "divided by σ² where σ is meant", _normal(power=2)),
        ("derivative", "times σ where it is divided", _normal(power=-1)),
        ("derivative", "divided by σ³ where σ is meant", _normal(power=3)),
        ("summed", "with sums where means are meant", _normal(sums=(1, 1))),
        ("summed", "with a sum for the mean of g", _normal(sums=(1, 0))),
        ("summed", "with a sum for the mean of g·y", _normal(sums=(0, 1))),
        ("summed", "n·g − Σ g − y Σ g·y, not divided by n", _normal(of_g=True, sums=(1, 1))),
        ("sign", "with + y · mean(g·y)", _normal(variance=-1)),
        ("sign", "with + mean g", _normal(mean=-1)),
        ("factor", "with y · mean(g·y) twice", _normal(variance=2)),
        ("factor", "with half of y · mean(g·y)", _normal(variance=0.5)),
        ("derivative", "with x where the normalised y is meant", _normal(y_is=lambda g, x, y, a: x)),
        ("derivative", "with x − mean where the normalised y is meant",
         _normal(y_is=lambda g, x, y, a: x - _mean(x, a))),
        ("derivative", "with mean(g·y) where y · mean(g·y) is meant",
         lambda g, x, y, a: (g - _mean(g, a) - _mean(g * y, a)) / _deviation(x, y, a)),
        ("derivative", "with (x − mean) · mean(g·y)",
         lambda g, x, y, a: (g - _mean(g, a) - (x - _mean(x, a)) * _mean(g * y, a)) / _deviation(x, y, a)),
        ("wrong axis", "with means over the other axes", _normal(other_axes=True)),
        ("n − 1", "with n − 1 where n is meant",
         lambda g, x, y, a: (g - _mean(g, a) - y * _sum(g * y, a) / (_count(x, a) - 1)) / _deviation(x, y, a)),
    ],
}  # fmt: skip


# Masks and kinks have words of their own.
GATES: dict[str, list[tuple[str, str, Whole]]] = {
    "relu": [
        ("mask missing", "the mask is missing: it passes where the engine stops", lambda g, x, y, a: g),
        ("mask inverted", "the mask is inverted: it passes where the engine stops, and stops where the engine passes",
         lambda g, x, y, a: g * (x <= 0)),
        ("mask of g", "the mask is of the gradient arriving, g > 0, where x > 0 is meant",
         lambda g, x, y, a: g * (g > 0)),
        ("mask of g", "the mask stops gradients at or below zero as well", lambda g, x, y, a: g * (g > 0) * (x > 0)),
        ("derivative", "it passes the value where it should pass the gradient times 0 or 1", lambda g, x, y, a: g * y),
        ("derivative", "it gives the mask alone, without the gradient arriving", lambda g, x, y, a: 1.0 * (x > 0)),
        ("derivative", "it gives −g below zero where it should give 0", lambda g, x, y, a: g * np.sign(x)),
        ("mask too strict", "the mask is x > 1 where x > 0 is meant", lambda g, x, y, a: g * (x > 1)),
        ("mask too strict", "the mask stops at 1 as well, 0 < x < 1", lambda g, x, y, a: g * (x > 0) * (x < 1)),
        ("leaky", "below zero it passes a hundredth of the gradient, as leaky ReLU does",
         lambda g, x, y, a: g * np.where(x > 0, 1, 0.01)),
        ("leaky", "below zero it passes a tenth of the gradient, as leaky ReLU does",
         lambda g, x, y, a: g * np.where(x > 0, 1, 0.1)),
    ],
    "leaky_relu": [
        ("mask missing", "the slope below zero is missing: it passes all of g there", lambda g, x, y, a: g),
        ("slope missing", "it passes nothing below zero, as ReLU does", lambda g, x, y, a: g * (x > 0)),
        ("mask inverted", "the slope is on the wrong side of zero",
         lambda g, x, y, a: g * np.where(x > 0, _slope(x, y), 1)),
        ("sign", "the slope below zero has the wrong sign", lambda g, x, y, a: g * np.where(x > 0, 1, -_slope(x, y))),
        ("mask of g", "its mask is made of the gradient arriving where x is meant",
         lambda g, x, y, a: g * np.where(g < 0, _slope(x, y), 1)),
        ("slope", "the slope is on both sides of zero", lambda g, x, y, a: g * _slope(x, y)),
        ("slope", "below zero it passes a hundredth", lambda g, x, y, a: g * np.where(x > 0, 1, 0.01)),
        ("slope", "below zero it passes slope · x", lambda g, x, y, a: g * np.where(x > 0, 1, y)),
    ],
}  # fmt: skip


def _slope(x: Any, y: Any) -> float:
    below = x < 0
    return float(np.mean(y[below] / x[below])) if below.any() else 1.0


def derivatives(tape: Tape) -> Iterator[Change]:
    """Every function with another derivative: all of one name at once, those of one place, and each alone."""
    found = list(functions(tape))
    by_place = (lambda f: (f.name, f.step.call.site.anywhere)), (lambda f: (f.name, f.step.call.site))
    for some in groups(found, lambda f: f.name, *by_place):
        first = some[0]
        where = places(f.step for f in some)
        for kind, text, whole in _wrong(first):
            rules = {f.step.node: _rule(f, whole) for f in some}
            yield Change(kind, f"{_subject(first.name)}{where}: {text}.", rules)
        yield from _of_another_value(tape, some, found)


OF_RESULT: dict[str, Formula] = {  # derivatives as they are written with a value v that is taken for the result
    "sigmoid": lambda v, y: v * (1 - v), "tanh": lambda v, y: 1 - v * v, "relu": lambda v, y: 1.0 * (v > 0),
    "exp": lambda v, y: v, "leaky_relu": lambda v, y: np.where(v > 0, 1, 0.01), "softplus": lambda v, y: 1 - np.exp(-v),
}  # fmt: skip


def _of_another_value(tape: Tape, some: list[Function], found: list[Function]) -> Iterator[Change]:
    """The derivative written with another value than the function's own result: of another step, or made from it."""
    formula = OF_RESULT.get(some[0].name)
    if formula is None:
        return
    what = f"The derivative of {some[0].name}{places(f.step for f in some)} is made of"
    families = [tape.relatives(f.step.node) for f in some]
    others = [
        (f"the value {path.split()[0]} its result", [family.get(path, f.y) for f, family in zip(some, families)])
        for path in dict.fromkeys(path for family in families for path in family)
    ]
    if len(some) > 1:
        in_order = sorted(some, key=lambda f: f.step.node.order)
        place = {id(f): i for i, f in enumerate(in_order)}
        for by, text in ((-1, "the result of the step before"), (1, "the result of the step after")):
            near = [place[id(f)] + by for f in some]
            others.append((text, [in_order[min(max(n, 0), len(some) - 1)].y for n in near]))
    else:
        same = [f for f in found if f is not some[0] and f.y.shape == some[0].y.shape]
        others += [(f"the result of another {f.name}", [f.y]) for f in same[:20]]
    for text, values in others:
        if all(v.shape == f.y.shape for v, f in zip(values, some)):
            rules = {f.step.node: _rule(f, _constant(formula(v, v))) for f, v in zip(some, values)}
            yield Change("derivative", f"{what} {text} where its own result is meant.", rules)


def _constant(derivative: Any) -> Whole:
    return lambda g, x, y, a: g * derivative


def _subject(name: str) -> str:
    return {"relu": "ReLU", "leaky_relu": "Leaky ReLU"}.get(name, f"The {name}" if name == "normalisation" else name)


def _wrong(f: Function) -> Iterator[tuple[str, str, Whole]]:
    right = RIGHT.get(f.name)
    meant = f"; it is {right}" if right is not None else ""
    yield from GATES.get(f.name, ())
    if f.name not in GATES:
        yield "derivative missing", f"its derivative is left out{meant}", lambda g, x, y, a: g
    for kind, text, whole in ALONG_AXES.get(f.name, ()):
        yield kind, f"its gradient is written {text}{meant}", whole
    if f.name in ALONG_AXES:
        return
    for text, formula in FACTORS.items():
        yield "derivative", f"its derivative is written {text}{meant}", _times(formula)


def _times(formula: Formula) -> Whole:
    return lambda g, x, y, a: g * formula(x, y)


def _rule(f: Function, whole: Whole) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        with np.errstate(all="ignore"):
            return [(f.input, whole(g, f.x, f.y, f.axes))]

    return rule
