"""Functions of one input, known by their values: however ``1 / (1 + np.exp(-z))`` is spelled, it is a sigmoid of z.

A function may be one op or many. What it is made of is passed over where its derivative is replaced by another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations
from math import erf, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from ...autograd.node import Node
from .regions import between, slope, source
from .tape import Step, Tape

COMPOSED = "the function"
TURNS = 3  # of a loop that tell for all others what is no function there
DEPTH = 12  # how many ops a function may be made of, one after the other


class Function(NamedTuple):
    """A function y of x somewhere in the graph."""

    name: str
    step: Step  # the last of what it is made of
    input: Node
    x: Any
    y: Any
    axes: tuple[int, ...] = ()
    sign: float = 1.0  # −1 of what the input has with the other sign: x is the input's negative then


def sigmoid(x: Any) -> Any:
    """The logistic function."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def softmax(x: Any, axis: int) -> Any:
    """Exponentials along an axis, divided by their sum."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def softplus(x: Any) -> Any:
    """log(1 + eˣ)."""
    return np.logaddexp(0, x)


def inner_of_gelu(x: Any) -> Any:
    """What the tanh is of in GELU's approximation (Hendrycks and Gimpel 2016)."""
    return sqrt(2 / pi) * (x + 0.044715 * x**3)


def gauss_cdf(x: Any) -> Any:
    """The distribution function of the normal distribution."""
    return 0.5 * (1 + np.vectorize(erf)(x / sqrt(2)))


ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "softplus": softplus,
    "abs": np.abs,
    "silu": lambda x: x * sigmoid(x),
    "leaky_relu": lambda x: x,  # its slope is read off: see _is
    "square": np.square,
    "cube": lambda x: x**3,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "log_sigmoid": lambda x: -softplus(-x),
    "log of 1 − σ": lambda x: -softplus(x),
    "gauss": lambda x: np.exp(-x * x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "gelu": lambda x: x * gauss_cdf(x),
    "gelu of tanh": lambda x: 0.5 * x * (1 + np.tanh(inner_of_gelu(x))),
    "log_cosh": lambda x: np.log(np.cosh(x)),
}


def level(name: str, x: Any, y: Any) -> dict[str, float]:
    """The numbers in a function that is known by its values: where it is cut, its slope or scale below zero."""
    if name == "clip":
        return {"low": float(np.min(y)), "high": float(np.max(y))}
    below, above = x < 0, x > 0
    if name not in ("leaky_relu", "elu", "selu") or not below.any():
        return {"alpha": 1.0, "scale": 1.0}
    scale = float(np.mean(y[above] / x[above])) if name == "selu" and above.any() else 1.0
    tail = x if name == "leaky_relu" else np.expm1(x)
    return {"alpha": float(np.mean(y[below] / tail[below])) / scale, "scale": scale}


def functions(tape: Tape) -> list[Function]:
    """Every function that is known by its values, and every op of one input whose derivative is elementwise."""
    found = tape.found.get("functions")
    if found is None:
        every = [*_functions(tape), *_of_numbers(tape)]
        inner = tape.found["inside"] = {
            node for f in every if not f.axes and f.name != COMPOSED for node in _inside(tape, f)
        }
        # What a known function is made of is not tried on its own; of others, and of those along axes, the parts are.
        found = tape.found["functions"] = [f for f in every if f.step.node not in inner]
    return found


def inside(tape: Tape) -> set[Node]:
    """What known functions are made of, and nothing else reads; and their results."""
    known = {f.step.node for f in functions(tape) if f.name in ELEMENTWISE}
    return known | tape.found["inside"]  # type: ignore[no-any-return]


def _of_numbers(tape: Tape) -> Iterator[Function]:
    """Functions of single numbers: a loop over elements shows with all its turns which function it is."""
    turns: dict[Any, list[Step]] = {}
    for step in tape.steps:
        if step.call.result is not None and step.call.result.size == 1 and step.node in tape.parts:
            turns.setdefault((step.name, step.call.site), []).append(step)
    for steps in turns.values():
        behind = [list(_behind(tape, step)) for step in steps] if len(steps) > 2 else []
        y = np.concatenate([np.ravel(step.call.result) for step in steps])
        best = None
        for found in zip(*behind, strict=False):
            x = np.concatenate([np.ravel(value) for _, value in found])
            known = _known(x, y, []) if y.dtype.kind == "f" and x.size == y.size else None
            if known is not None and not known[1]:
                best = known[0], found
        for step, (node, value) in zip(steps, best[1], strict=True) if best is not None else ():
            yield Function(best[0], step, node, value, step.call.result)  # type: ignore[index]


def _inside(tape: Tape, f: Function) -> list[Node]:
    """What a function is made of and nothing else reads."""
    made_of = between(tape, f.step.node, f.input)
    return [s.node for s in made_of[1:] if all(user in made_of for user in tape.users[s.node])]


def _functions(tape: Tape) -> Iterator[Function]:
    vain: Counter[Any] = Counter()  # turns of a loop in which a value was no function of one of those behind it
    for step in tape.steps:
        y = step.call.result
        if y is None or y.dtype.kind != "f" or step.node not in tape.parts:
            continue
        best = None
        turn = step.node if step.call.site.code is None else (step.name, step.call.site)
        behind = [(k, *found) for k, found in enumerate(_behind(tape, step)) if vain[turn, k] < TURNS]
        axes = _normalised(y) if behind else []
        for k, node, x in behind:
            known = _known(x, y, axes)
            vain[turn, k] += known is None and not _same(x, y)
            # Of equal values, as before and after a bias of zeros, the later one is what the function was given.
            older = best is None or (node.order < best.input.order and not np.array_equal(x, best.x))
            if known is not None and older:
                best = Function(known[0], step, node, x, y, known[1])
            elif known is None and older and _is_sigmoid(-x, y):  # 1 / (1 + np.exp(-x @ w))
                best = Function("sigmoid", step, node, -x, y, sign=-1.0)
                vain[turn, k] = 0
        if best is not None:
            yield best
            continue
        made = _composed(tape, step)
        alone = len(step.parents) == 1 and step.recorded.op.kind == "elementwise" and step.call.values  # type: ignore[union-attr]
        if alone and (made is None or _straight(tape, step.parents[0], made)):  # type: ignore[arg-type]
            yield Function(step.name, step, step.parents[0], step.call.values[0], y)  # type: ignore[arg-type]
        if made is not None:
            yield Function(COMPOSED, step, made, tape.values[made], y)


def _composed(tape: Tape, step: Step) -> Node | None:
    """What a value is a function of by several ops, where the next op is no more of that function."""
    after = tape.users.get(step.node, ())
    if not after or all(source(tape, s) is not None for s in after):
        return None
    found = source(tape, step)
    if found is None or found[1] < 2 or found[0] not in tape.values:
        return None
    steep = slope(tape, step.node, found[0])
    bent = steep is not None and np.ptp(steep) > 1e-9 * np.max(np.abs(steep), initial=0.0)
    return found[0] if bent else None  # a sum with numbers, or a multiple, is no function of its own


def _straight(tape: Tape, top: Node, bottom: Node) -> bool:
    """Whether a value is another one but for numbers that are added or multiplied."""
    steep = slope(tape, top, bottom)
    return steep is not None and bool(np.ptp(steep) <= 1e-9 * np.max(np.abs(steep), initial=0.0))


def _behind(tape: Tape, step: Step) -> Iterator[tuple[Node, Any]]:
    """The nodes of the same shape of which a step may be a function, nearest first."""
    seen, level = {step.node}, [step.node]
    for _ in range(DEPTH):
        parents = [p for node in level if node in tape.step_of for p in tape.step_of[node].parents if p is not None]
        level = [p for p in dict.fromkeys(parents) if p not in seen]
        seen.update(level)
        for node in level:
            if node.shape == step.node.shape and node in tape.values:
                yield node, tape.values[node]


def _normalised(y: Any) -> list[tuple[int, ...]]:
    """The axes along which the squares of a value have a mean, or a sum, of nearly 1: as what was normalised has."""
    found = []
    squares = y * y
    for count in range(1, y.ndim + 1):
        for axes in combinations(range(y.ndim), count):
            size = int(np.prod([y.shape[a] for a in axes]))
            means = np.mean(squares, axes) if size > 1 else np.zeros(1)
            if any(np.all(means * n < 1 + 1e-9) and np.all(means * n > 0.2) for n in (1, size)):
                found.append(axes)
    return found


def _candidates(x: Any, y: Any) -> list[str]:
    """The functions that give some elements of y for those of x."""
    some = slice(None, None, max(1, x.size // 6))
    x, y = x.ravel()[some], y.ravel()[some]
    with np.errstate(invalid="ignore"):
        near = (np.abs(_table(tuple(x.tolist())) - y) <= 1e-9 * (1e-3 + np.abs(y))).all(1)
    return [name for name, one in zip(ELEMENTWISE, near, strict=True) if one] if near.any() else []


@lru_cache(1000)
def _table(some: tuple[float, ...]) -> Any:
    """Every function's values there, a row each."""
    with np.errstate(all="ignore"):
        return np.stack([function(np.array(some)) for function in ELEMENTWISE.values()])


def _known(x: Any, y: Any, normalised: list[tuple[int, ...]]) -> tuple[str, tuple[int, ...]] | None:
    """The name of the function that gives ``y`` for ``x``, and its axes; None where it is none of those known."""
    if x.size < 2 or x.dtype.kind != "f" or not np.isfinite(y).all() or _same(x, y):
        return None
    if not np.isfinite(x).all():
        return _soft(x, y) if np.all(x < np.inf) else None  # a mask is −∞ among scores
    for name in _candidates(x, y):
        if name != "leaky_relu" and _is(ELEMENTWISE[name], x, y):
            return name, ()
    below = x < 0
    if below.any() and not below.all() and np.array_equal(x[~below], y[~below]):
        slopes = y[below] / x[below]
        if 0 < slopes[0] < 1 and np.allclose(slopes, slopes[0], rtol=1e-9):
            return "leaky_relu", ()
        tails = y[below] / np.expm1(x[below])
        if _steady(tails):
            return "elu", ()
    if (
        below.any()
        and x.min() < 0 < x.max()
        and _steady(y[x > 0] / x[x > 0])
        and _steady(y[below] / np.expm1(x[below]))
    ):
        return "selu", ()
    if np.ptp(y) > 0 and _same(np.clip(x, np.min(y), np.max(y)), y):
        return "clip", ()
    if (soft := _soft(x, y)) is not None:
        return soft
    for axes in normalised:
        if _standardised(x, y, axes):
            return "normalisation", axes
        if _over_length(x, y, axes, np.mean):
            return "root mean square", axes
        if _over_length(x, y, axes, np.sum):
            return "unit length", axes
    return None


def _soft(x: Any, y: Any) -> tuple[str, tuple[int, ...]] | None:
    """Whether y is the softmax of x, or its logarithm, and along which axis."""
    for axis in range(x.ndim):
        for name, p, signs in (("softmax", y, y >= 0), ("log_softmax", np.exp(np.minimum(y, 0)), y <= 0)):
            if x.shape[axis] > 1 and signs.all() and _same(np.sum(p, axis), 1) and _same(softmax(x, axis), p):
                return name, (axis,)
    return None


def _is_sigmoid(x: Any, y: Any) -> bool:
    return bool(np.all((y > 0) & (y < 1)) and x.size > 1 and x.dtype.kind == "f" and _is(sigmoid, x, y))


def _steady(ratios: Any) -> bool:
    return bool(ratios.size > 2 and ratios[0] > 0 and np.all(np.abs(ratios - ratios[0]) <= 1e-9 * ratios[0]))


def _is(function: Callable[[Any], Any], x: Any, y: Any) -> bool:
    with np.errstate(all="ignore"):
        return _same(function(x), y)


def _same(a: Any, b: Any) -> bool:
    return bool(np.all(np.abs(a - b) <= 1e-9 * (1e-3 + np.abs(b))))


def _standardised(x: Any, y: Any, axes: tuple[int, ...]) -> bool:
    """Whether y is x less its mean, over its deviation, along some axes; the variance may have a number added."""
    size = np.prod([x.shape[a] for a in axes])
    if size < 2 or not np.all(np.abs(np.mean(y, axes)) < 1e-9):
        return False
    square = np.mean(y * y, axes)
    if not (np.all(square < 1 + 1e-9) and np.all(square > 0.2)):
        return False
    centred = x - np.mean(x, axes, keepdims=True)
    scale = np.sqrt(np.mean(centred * centred, axes, keepdims=True) / np.mean(y * y, axes, keepdims=True))
    return _same(centred / scale, y) and not _same(centred, y)


def _over_length(x: Any, y: Any, axes: tuple[int, ...], total: Callable[..., Any]) -> bool:
    """Whether y is x over the root of its squares' mean or sum along some axes, with one number added or none."""
    if not np.array_equal(x > 0, y > 0):
        return False
    square = total(y * y, axes, keepdims=True)
    if np.prod([x.shape[a] for a in axes]) < 2 or not (np.all(square < 1 + 1e-9) and np.all(square > 0.2)):
        return False
    of_x = total(x * x, axes, keepdims=True)
    scale = np.sqrt(of_x / square)
    added = scale * scale - of_x
    if added.size == 1 and not 0 <= added.item() <= 1e-3 * of_x.item():
        return False  # any multiple is that of one length and some number
    return _same(x / scale, y) and bool(np.ptp(added) <= 1e-9 * np.max(of_x)) and not _same(x, y)
