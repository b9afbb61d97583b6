"""Wrong derivatives of functions of one input: a formula written with the wrong letter, or half of it missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...autograd.node import Node
from ..case import multiple
from .along_axes import Whole, along_axes, slipped
from .caches import in_turns
from .edges import of_penalty
from .formulas import right_along, slips
from .functions import Function, functions, sigmoid
from .kinks import GATES
from .regions import slope
from .tape import Change, Gradient, Pairs, Rule, Step, Tape, groups, places

Formula = Callable[[Any, Any], Any]  # of x, the input, and y, the result

RIGHT = {
    "sigmoid": "y(1 − y) of the result y", "tanh": "1 − y² of the result y", "relu": "1 where x > 0, else 0",
    "softplus": "σ(x)", "log_sigmoid": "1 − σ(x)", "log of 1 − σ": "−σ(x)",
    "exp": "the result itself", "log": "1/x", "sqrt": "1/(2y) of the result y", "square": "2x",
    "abs": "the sign of x", "reciprocal": "−1/x²", "silu": "σ(x)(1 + x(1 − σ(x)))",
    "leaky_relu": "1 where x > 0, else the slope", "elu": "1 where x > 0, else y + α",
    "gelu": "Φ(x) + x φ(x)", "softmax": "y(g − Σ g·y)", "log_softmax": "g − softmax(x) Σ g",
    "normalisation": "(g − mean g − y · mean(g·y)) / σ", "root mean square": "(g − y · mean(g·y)) / σ",
    "unit length": "(g − y Σ g·y) / ‖x‖",
}  # fmt: skip

SUBJECTS = {
    "relu": "ReLU", "leaky_relu": "Leaky ReLU", "elu": "ELU", "gelu": "GELU", "normalisation": "The normalisation",
    "root mean square": "The normalisation by the root mean square", "unit length": "The division by the length",
}  # fmt: skip

# Of the two terms of a likelihood, log σ for the label 1 and log(1 − σ) for the label 0, one as if it were the other.
OF_THE_OTHER_LABEL: dict[str, tuple[tuple[str, str, Whole], ...]] = {
    "log_sigmoid": (("derivative", "its derivative is written −σ(x), that of log(1 − σ), as for the label 0; "
                     "it is 1 − σ(x)", lambda g, x, y, a: -g * sigmoid(x)),),
    "log of 1 − σ": (("derivative", "its derivative is written 1 − σ(x), that of log σ, as for the label 1; "
                      "it is −σ(x)", lambda g, x, y, a: g * (1 - sigmoid(x))),),
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
    "y(1 − x)": lambda x, y: y * (1 - x),
    "x(1 − y)": lambda x, y: x * (1 - y),
    "1 − x·y": lambda x, y: 1 - x * y,
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


def derivatives(tape: Tape) -> Iterator[Change]:
    """Every function with another derivative: all of one name at once, those of one place, and each alone."""
    found = list(functions(tape))
    for some in groups(found, lambda f: f.name, *_by_place(tape)):
        first = some[0]
        where = places(f.step for f in some) + _layer(tape, some, found)
        for kind, text, whole in _wrong(first, _weight_after(tape, first), _slope(tape, first)):
            rules = {f.step.node: _rule(f, whole) for f in some}
            if not any(_passes(tape, f, whole) for f in some):
                continue  # nothing comes through: that is a gradient left out
            yield from _said(tape, some, kind, f"{_subject(first.name)}{where}: {text}.", rules)
        yield from _of_slope(tape, some)
        yield from _of_another_value(tape, some, found)


def _by_place(tape: Tape) -> tuple[Callable[[Function], Any], ...]:
    """What functions have in common: the line; the way there; of a loop over layers the parameters before them."""
    return (
        lambda f: (f.name, f.step.call.site.anywhere),
        lambda f: (f.name, f.step.call.site),
        lambda f: (f.name, f.step.call.site.anywhere, tape.below.get(f.step.node)),
    )


def _layer(tape: Tape, some: list[Function], found: list[Function]) -> str:
    """The words for one layer of a loop: of which parameters it is the first that is made."""
    own = {tape.below.get(f.step.node, frozenset()) for f in some}
    others = {
        tape.below.get(f.step.node, frozenset())
        for f in found
        if f.step.call.site.anywhere == some[0].step.call.site.anywhere
    }
    if len(own) > 1 or len(others) < 2:
        return ""
    (leaves,) = own
    before = frozenset().union(*(other for other in others if other < leaves))
    names = [tape.name(tape.leaves[i]) for i in sorted(leaves - before)]
    return f" in the layer of {', '.join(names)}" if names else ""


def _said(tape: Tape, some: list[Function], kind: str, sentence: str, rules: dict[Node, Any]) -> Iterator[Change]:
    """The change, which is one of the regularisation where all of these functions are penalties on a weight."""
    if not all(of_penalty(tape, f.step, f.input) for f in some):
        yield Change(kind, sentence, rules)
    elif kind != "sign":  # it may as well be the sign of all but the penalty
        yield Change("regularisation", f"The penalty on {tape.name(some[0].input)}: {sentence}", rules)


OF_RESULT: dict[str, Formula] = {  # derivatives as they are written with a value v that is taken for the result
    "sigmoid": lambda v, y: v * (1 - v), "tanh": lambda v, y: 1 - v * v, "relu": lambda v, y: 1.0 * (v > 0),
    "exp": lambda v, y: v, "leaky_relu": lambda v, y: np.where(v > 0, 1, 0.01), "softplus": lambda v, y: 1 - np.exp(-v),
}  # fmt: skip


def _of_another_value(tape: Tape, some: list[Function], found: list[Function]) -> Iterator[Change]:
    """The derivative written with another value than the function's own result: of another step, or made from it."""
    formula = OF_RESULT.get(some[0].name)
    if some[0].axes:
        yield from _along_another(tape, some)
    if formula is None:
        return
    what = f"The derivative of {some[0].name}{places(f.step for f in some)} is made of"
    families = [tape.relatives(f.step.node) for f in some]
    others = [
        (
            f"{_called(tape, families[0].get(path))}the value {path.split()[0]} its result",
            [family.get(path, f.y) for f, family in zip(some, families)],
        )
        for path in dict.fromkeys(path for family in families for path in family)
    ]
    if len(some) > 1:
        in_order = sorted(some, key=lambda f: f.step.node.order)
        place = {id(f): i for i, f in enumerate(in_order)}
        for by, text in ((-1, "the result of the step before"), (1, "the result of the step after")):
            near = [place[id(f)] + by for f in some]
            others.append((text, [in_order[min(max(n, 0), len(some) - 1)].y for n in near]))
            others.append((text, [in_order[n].y if 0 <= n < len(some) else 0 * f.y for n, f in zip(near, some)]))
        for end, text in ((-1, "the result of the last step"), (0, "the result of the first step")):
            others.append((text, [in_order[end].y] * len(some)))
        for name, held in in_turns(tape).get(len(some), ()):
            if not all(map(np.array_equal, held, [f.y for f in in_order])):
                others.append((f"{name} of that step", [held[place[id(f)]] for f in some]))
    else:
        same = [f for f in found if f is not some[0] and f.y.shape == some[0].y.shape]
        others += [(f"the result of another {f.name}", [f.y]) for f in same[:20]]
    for text, values in others:
        alike = all(v.shape == f.y.shape for v, f in zip(values, some))
        if alike and all(np.any(formula(v, v)) for v in values):  # zero is a gradient left out: see left_out
            rules = {f.step.node: _rule(f, _constant(formula(v, v))) for f, v in zip(some, values)}
            yield Change("derivative", f"{what} {text} where its own result is meant.", rules)


def _called(tape: Tape, value: Any) -> str:
    """The user's name of a value, with a comma; empty where it has none."""
    name = next((tape.recorder.names[n] for n, v in tape.values.items() if v is value and n in tape.recorder.names), "")
    return f"{name}, " if name else ""


def _along_another(tape: Tape, some: list[Function]) -> Iterator[Change]:
    """The gradient of a function along axes made of another value than its result, or past the mask before it."""
    right = right_along(some[0].name)
    what = f"The gradient of {_subject(some[0].name)}{places(f.step for f in some)}"
    families = [tape.relatives(f.step.node) for f in some]
    for path in dict.fromkeys(path for family in families for path in family):
        values = [family.get(path, f.y) for family, f in zip(families, some)]
        rules: dict[Node, Rule] = {f.step.node: _rule(f, _of_value(right, v)) for f, v in zip(some, values)}
        yield Change(
            "derivative", f"{what} is made of the value {path.split()[0]} its result, where that is meant.", rules
        )
    masks = [tape.step_of.get(f.input) for f in some]
    if all(mask is not None and mask.name == "where" and len(mask.parents) == 3 for mask in masks):
        for kind, text, whole in _every(some[0]):
            rules = {}
            for f, mask in zip(some, masks):
                to = [p for p in mask.parents[1:] if p is not None]  # type: ignore[union-attr]
                if len(to) == 1:
                    rules[f.step.node] = _rule(f._replace(input=to[0]), whole)
            if len(rules) == len(some):
                yield Change(kind, f"{what} is written {text}, and passes by the mask before it.", rules)


def _of_value(right: Whole, v: Any) -> Whole:
    return lambda g, x, y, a: right(g, x, v, a)


def _every(f: Function) -> Iterator[tuple[str, str, Whole]]:
    yield "mask missing", "as it should", right_along(f.name)
    yield from along_axes(f.name, f.x, f.axes, None)
    yield from slipped(f.name)


def _weight_after(tape: Tape, f: Function) -> Any:
    """What a result is multiplied by next, where it is that alone: the gamma of a normalisation."""
    after = tape.users.get(f.step.node, ())
    if len(after) != 1 or after[0].name != "mul" or len(after[0].call.values) != 2:
        return None
    return after[0].call.values[0 if after[0].parents[1] is f.step.node else 1]


def _constant(derivative: Any) -> Whole:
    return lambda g, x, y, a: g * derivative


def _subject(name: str) -> str:
    return SUBJECTS.get(name, name)


def _wrong(f: Function, weight: Any, right_slope: Any) -> Iterator[tuple[str, str, Whole]]:
    right = RIGHT.get(f.name)
    meant = f"; it is {right}" if right is not None else ""
    yield from GATES.get(f.name, ())
    yield from OF_THE_OTHER_LABEL.get(f.name, ())
    if f.name in ("neg", "sub"):
        yield "sign", "the minus is left out: a sign is wrong", lambda g, x, y, a: g
    elif f.name not in GATES:
        yield "derivative missing", f"its derivative is left out{meant}", lambda g, x, y, a: g
    if f.axes:
        for kind, text, whole in along_axes(f.name, f.x, f.axes, weight):
            yield kind, f"its gradient is written {text}{meant}", whole
        return
    for text, meant_text, formula in slips(f.name):
        with np.errstate(all="ignore"):
            slipped = formula(f.x, f.y)
        if np.any(slipped) and np.isfinite(slipped).all():
            kind, how = _of_slip(slipped, right_slope)
            yield kind, f"its derivative is written {text}{how}; it is {meant_text}", _times(formula)


def other_derivatives(tape: Tape) -> Iterator[Change]:
    """Every function with a derivative that is of another one, or of no function at all."""
    for some in groups(functions(tape), lambda f: f.name, *_by_place(tape)):
        first = some[0]
        if first.axes:
            what = f"{_subject(first.name)}{places(f.step for f in some)}"
            g = tape.total[first.step.node]
            right_g = right_along(first.name)(g, first.x, first.y, first.axes)
            for kind, text, whole in slipped(first.name):
                if multiple(whole(g, first.x, first.y, first.axes), right_g) is not None:
                    continue  # a number times the right one: see left_out
                yield Change(
                    kind, f"{what}: its gradient is written {text}.", {f.step.node: _rule(f, whole) for f in some}
                )
            continue
        right = _slope(tape, first)
        steep = 0.0 if right is None else float(np.max(np.abs(right), initial=0.0))
        meant = f"; it is {RIGHT[first.name]}" if first.name in RIGHT else ""
        for text, formula in FACTORS.items():
            with np.errstate(all="ignore"):
                nothing = not np.max(np.abs(formula(first.x, first.y))) > 1e-6 * steep
            one_sided = text in ("x > 0", "x ≤ 0") and not np.min(first.x) < 0 < np.max(first.x)
            if not nothing and not one_sided:  # a derivative that is zero here is a gradient left out: see left_out
                rules = {f.step.node: _rule(f, _times(formula)) for f in some}
                kind, how = _of_slip(formula(first.x, first.y), right)
                what = f"{_subject(first.name)}{places(f.step for f in some)}{_layer(tape, some, functions(tape))}"
                yield from _said(tape, some, kind, f"{what}: its derivative is written {text}{how}{meant}.", rules)


def _of_slope(tape: Tape, some: list[Function]) -> Iterator[Change]:
    """The right derivative twice, without what arrives, or taken at another value than the input."""
    if some[0].axes:
        return
    what = f"{_subject(some[0].name)}{places(f.step for f in some)}"
    slopes = [slope(tape, f.step.node, f.input) for f in some]
    if all(s is not None for s in slopes):
        even = all(np.ptp(tape.total[f.step.node]) == 0 for f in some)  # to leave it out is a factor then
        for kind, text, gradient in OF_SLOPE[3 * even :]:
            rules = {f.step.node: _passing(f, gradient, s) for f, s in zip(some, slopes, strict=True)}
            if kind == "g missing" and all(_is_mask(tape.total[f.step.node]) for f in some):
                kind, text = "mask missing", "the mask that arrives with the gradient is left out"
            if kind == "g missing" and all(_times_data(tape, f) for f in some):
                kind, text = "factor missing", "the factor that its result is multiplied with is left out"
            yield Change(kind, f"{what}: {text}.", rules)
    families = [{"made of the input, its result": f.y, **_named_relatives(tape, f)} for f in some]
    for path in families[0]:
        values = [family.get(path) for family in families]
        moved = [slope(tape, f.step.node, f.input, v) if v is not None else None for f, v in zip(some, values)]
        if all(d is not None and np.isfinite(d).all() and np.any(d) for d in moved):
            rules = {f.step.node: _passing(f, lambda g, d: g * d, d) for f, d in zip(some, moved, strict=True)}
            yield Change("derivative", f"{what}: its derivative is taken at the value {path}, not at its input.", rules)


def _slope(tape: Tape, f: Function) -> Any:
    """The derivative of a function of its x."""
    found = slope(tape, f.step.node, f.input)
    return None if found is None else f.sign * found


def _times_data(tape: Tape, f: Function) -> bool:
    """Whether what arrives is the data that the function's result is multiplied with, in a sum."""
    users = tape.users.get(f.step.node, ())
    step = users[0] if len(users) == 1 else None
    if step is None or step.name != "mul" or None not in step.parents or len(step.call.values) != 2:
        return False
    g, data = tape.total[f.step.node], step.call.values[list(step.parents).index(None)]
    return np.shape(g) == np.shape(data) and np.allclose(g, data, rtol=1e-9, atol=0)


def _is_mask(g: Any) -> bool:
    """Whether an array is of zeros and one other number."""
    return bool(np.any(g == 0)) and len(np.unique(g)) == 2


def _passes(tape: Tape, f: Function, whole: Whole) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.any(whole(tape.total[f.step.node], f.x, f.y, f.axes)))


def _of_slip(slipped: Any, right: Any) -> tuple[str, str]:
    """The kind of a slip, and what more there is to say of it: a number times the right derivative is a factor."""
    if right is None:
        return "derivative", ""
    c = multiple(np.broadcast_to(slipped, right.shape), right)
    if c is None:
        return "derivative", ""
    return ("sign", ", with a wrong sign") if abs(c + 1) < 1e-9 else ("factor", f", {c:.6g} times what it should be")


def _named_relatives(tape: Tape, f: Function) -> dict[str, Any]:
    found = tape.relatives(f.input)
    return {path: v for path, v in found.items() if not np.array_equal(v, f.x) and not np.array_equal(v, f.y)}


OF_SLOPE: tuple[tuple[str, str, Callable[[Gradient, Any], Gradient]], ...] = (
    ("g missing", "it gives the derivative alone, without the gradient arriving", lambda g, d: d),
    ("summed", "its derivative is multiplied by the sum of the gradient arriving, one number",
     lambda g, d: np.sum(g) * d),
    ("averaged", "its derivative is multiplied by the mean of the gradient arriving, one number",
     lambda g, d: np.mean(g) * d),
    ("applied twice", "its derivative is taken twice", lambda g, d: g * d * d),
    ("sign", "the absolute value of its derivative is taken: the sign is lost", lambda g, d: g * np.abs(d)),
    ("derivative", "what arrives is divided by its derivative", lambda g, d: g / d),
)  # fmt: skip


def _passing(f: Function, gradient: Callable[[Gradient, Any], Gradient], d: Any) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        with np.errstate(all="ignore"):
            return [(f.input, gradient(g, d))]

    return rule


def _times(formula: Formula) -> Whole:
    return lambda g, x, y, a: g * formula(x, y)


def _rule(f: Function, whole: Whole) -> Rule:
    def rule(step: Step, g: Gradient) -> Pairs:
        with np.errstate(all="ignore"):
            return [(f.input, f.sign * whole(g, f.x, f.y, f.axes))]

    return rule
