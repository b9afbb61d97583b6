"""What one call may have been meant to be: other axes, another order, a transpose, another place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from .by_place import places
from .edit import Other, called, made
from .program import Constant, Hole, Program, Step, Variant, fill

REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "amax": np.max,
    "amin": np.min,
    "prod": np.prod,
    "std": np.std,
    "var": np.var,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "norm": np.linalg.norm,
}
PRODUCTS = ("matmul", "dot")
MOVING = ("transpose", "swapaxes", "moveaxis", "rollaxis")


def others(program: Program, step: Step) -> Iterator[Other]:
    """The other ways."""
    for kind in (_products, reductions, _axes, _shapes, places, _signs, _running, _parts, _choices):
        yield from kind(program, step)


def turned(a: Any) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(a, -1, -2)


def _values(program: Program, step: Step) -> list[Any]:
    return [program.value(o) for o in step.operands]


def _products(program: Program, step: Step) -> Iterator[Other]:
    if step.name in PRODUCTS and len(step.operands) == 2 and step.plain:
        a, b = _values(program, step)
        nd = np.ndim(a), np.ndim(b)
        f = step.function
        ways: list[tuple[str, Callable[[Any, Any], Any]]] = []
        if nd[0] >= 2:
            ways.append(("{0} is transposed there", lambda a, b: f(turned(a), b)))
        if nd[1] >= 2:
            ways.append(("{1} is transposed there", lambda a, b: f(a, turned(b))))
        if min(nd) >= 2:
            ways.append(("both factors are transposed there", lambda a, b: f(turned(a), turned(b))))
        if min(nd) >= 1:
            ways.append(("the factors stand in the other order, {1} first", lambda a, b: f(b, a)))
        if min(nd) >= 2:
            ways.append(
                ("the factors stand in the other order, {1} first, and {0} is transposed", lambda a, b: f(b, turned(a)))
            )
            ways.append(
                ("the factors stand in the other order, {1} first and transposed", lambda a, b: f(turned(b), a))
            )
        for text, way in ways:
            yield Other(
                "transposed",
                1.0,
                f"A transpose is missing or too much: {text}",
                made(lambda s, v, way: way(v[0], v[1]), way),
            )
    if step.name == "einsum" and isinstance(step.args[0], str) and "->" in step.args[0]:
        inputs, output = step.args[0].replace(" ", "").split("->")
        terms = [*inputs.split(","), output]
        for k, term in enumerate(terms):
            for i, j in combinations(range(len(term)), 2):
                letters = list(term)
                letters[i], letters[j] = letters[j], letters[i]
                new = [*terms]
                new[k] = "".join(letters)
                spec = f"{','.join(new[:-1])}->{new[-1]}"
                yield Other(
                    "transposed",
                    1.0,
                    f"The letters of einsum are in another order, '{spec}'",
                    called(step.function, spec, *step.args[1:], **step.kwargs),
                )


def reductions(program: Program, step: Step) -> Iterator[Other]:
    """A sum, a mean or a maximum over other axes, or one in the place of another."""
    function = REDUCTIONS.get(step.name)
    if function is None or not step.operands or not isinstance(step.args[0], Hole):
        return
    x = program.value(step.operands[step.args[0].place])
    nd = np.ndim(x)
    axis = step.kwargs.get("axis", step.args[1] if len(step.args) > 1 and step.name != "norm" else None)
    if step.function is not function and "axis" not in step.kwargs and len(step.args) < 2:
        axis = 0  # of a ufunc's reduce
    now = set(range(nd)) if axis is None else {a % nd for a in np.atleast_1d(axis).tolist()}
    keep = bool(step.kwargs.get("keepdims", False))
    ways: list[tuple[int, ...]] = [c for n in range(1, nd + 1) for c in combinations(range(nd), n) if set(c) != now]
    for way in ways:
        if step.name in ("argmax", "argmin", "norm") and len(way) > 1:
            continue
        over: Any = way[0] if len(way) == 1 else way
        many = "axis" if len(way) == 1 else "axes"
        where = ", ".join(map(str, way))
        text = f"The {step.name} of {{0}} is over {many} {where}, not over {', '.join(map(str, sorted(now))) or 'all'}"
        # What the sum is then subtracted from or multiplied with needs its axes, whether or not they were kept.
        kept = keep or (len(now) == nd and axis is None)
        yield Other("wrong axis", 1.2, text, called(function, step.args[0], axis=over, keepdims=kept), True)
    for other in ("sum", "mean", "max"):
        if other != step.name and step.name in ("sum", "mean", "max", "amax", "var", "std"):
            yield Other(
                "wrong function",
                1.6,
                f"It is the {other} of {{0}}, not the {step.name}",
                called(REDUCTIONS[other], step.args[0], axis=axis, keepdims=keep),
            )


def _axes(program: Program, step: Step) -> Iterator[Other]:
    if step.name in MOVING and isinstance(step.args[0], Hole):
        nd = np.ndim(step.value)
        now = _permutation(program, step)
        for perm in permutations(range(nd)) if nd <= 4 else _exchanges(now):
            if perm != now:
                what = "not transposed" if perm == tuple(range(nd)) else f"in the order {perm}"
                yield Other(
                    "transposed", 1.1, f"The axes of {{0}} are {what}", called(np.transpose, step.args[0], perm)
                )
    elif step.name in ("flip", "fliplr", "flipud", "rot90", "roll") and isinstance(step.args[0], Hole):
        nd = np.ndim(step.value)
        kind = "shifted" if step.name == "roll" else "flipped"
        yield Other(kind, 1.1, "{0} is taken as it stands, not moved or turned round", called(np.array, step.args[0]))
        for n in range(1, nd + 1):
            for axes in combinations(range(nd), n) if nd <= 4 else ():
                yield Other(
                    "flipped", 1.2, f"{{0}} is turned round along axes {axes}", called(np.flip, step.args[0], axes)
                )
        if step.name == "roll":
            for by in (1, -1):
                for axis in range(nd):
                    yield Other(
                        "shifted",
                        1.2,
                        f"{{0}} is moved by {by} along axis {axis}",
                        called(np.roll, step.args[0], by, axis),
                    )


def _exchanges(order: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """An order of many axes with two of them exchanged."""
    for i, j in combinations(range(len(order)), 2):
        new = list(order)
        new[i], new[j] = order[j], order[i]
        yield tuple(new)


def _permutation(program: Program, step: Step) -> tuple[int, ...]:
    x = program.value(step.operands[0])
    numbers = np.arange(np.size(x)).reshape(np.shape(x))
    strides = step.compute([numbers, *(program.value(o) for o in step.operands[1:])]).strides
    own = numbers.strides
    return tuple(own.index(s) for s in strides) if len(set(own)) == len(own) else ()


def _shapes(program: Program, step: Step) -> Iterator[Other]:
    if step.name not in ("reshape", "ravel") or not isinstance(step.args[0], Hole):
        return
    x = program.value(step.operands[0])
    nd, shape = np.ndim(x), np.shape(step.value)

    for perm in permutations(range(nd)) if 2 <= nd <= 5 else ():
        if perm != tuple(range(nd)):
            yield Other(
                "wrong order",
                1.2,
                f"The axes of {{0}} are put in the order {perm} before it is given its shape",
                made(lambda s, v, p: np.transpose(v[0], p).reshape(np.shape(s.value)), perm),
            )
    for perm in permutations(range(len(shape))) if 2 <= len(shape) <= 4 else ():
        if perm != tuple(range(len(shape))):
            back = tuple(int(i) for i in np.argsort(perm))
            text = (
                f"{{0}} has its elements in the order of the axes {perm} of the shape that it is given: "
                f"reshape to {tuple(shape[p] for p in perm)}, then put the axes in order"
            )
            yield Other(
                "wrong order",
                1.2,
                text,
                made(_reshaped, perm, back),
            )
    yield Other(
        "wrong order",
        1.3,
        "{0} is reshaped in column order, order='F'",
        made(lambda s, v: np.reshape(v[0], np.shape(s.value), order="F")),
    )
    yield Other(
        "wrong order",
        1.3,
        "{0} is reshaped in row order, without order='F'",
        made(lambda s, v: np.reshape(v[0], np.shape(s.value))),
    )


def _reshaped(step: Step, values: Any, order: tuple[int, ...], back: tuple[int, ...]) -> Any:
    shape = np.shape(step.value)
    return np.transpose(np.reshape(values[0], [shape[i] for i in order]), back)


UFUNCS: dict[str, tuple[tuple[str, Callable[[Any, Any], Any], str], ...]] = {
    "add": (
        ("sign", np.subtract, "{1} is subtracted, not added"),
        ("sign", lambda a, b: b - a, "{0} is subtracted, not added"),
        ("wrong function", np.multiply, "{0} and {1} are multiplied, not added"),
    ),
    "subtract": (
        ("sign", np.add, "{1} is added, not subtracted"),
        ("sign", lambda a, b: b - a, "it is {1} − {0}, not {0} − {1}"),
        ("sign", lambda a, b: -a - b, "both have the other sign, −{0} − {1}"),
    ),
    "multiply": (
        ("wrong function", np.divide, "{0} is divided by {1}, not multiplied"),
        ("wrong function", lambda a, b: b / a, "{1} is divided by {0}, not multiplied"),
        ("wrong function", np.add, "{0} and {1} are added, not multiplied"),
    ),
    "divide": (
        ("wrong function", np.multiply, "{0} is multiplied with {1}, not divided by it"),
        ("wrong function", lambda a, b: b / a, "it is {1} / {0}, not {0} / {1}"),
    ),
    "maximum": (("wrong function", np.minimum, "it is the smaller of {0} and {1}, not the larger"),),
    "minimum": (("wrong function", np.maximum, "it is the larger of {0} and {1}, not the smaller"),),
}
INVERSE = {
    "greater": np.less_equal,
    "greater_equal": np.less,
    "less": np.greater_equal,
    "less_equal": np.greater,
    "equal": np.not_equal,
    "not_equal": np.equal,
}


def _signs(program: Program, step: Step) -> Iterator[Other]:
    for kind, function, text in UFUNCS.get(step.name, ()) if step.plain and len(step.operands) == 2 else ():
        of_one = step.operands[0] if text == UFUNCS["subtract"][1][2] else None  # few write y − 1 for 1 − y
        cost = 1.25 if isinstance(of_one, Constant) and np.array_equal(of_one.value, 1) else 1.1
        yield Other(kind, cost, text, made(lambda s, v, f: f(v[0], v[1]), function))
    if step.name in INVERSE and step.plain:
        yield Other(
            "mask inverted",
            1.1,
            "the condition is the opposite one",
            made(lambda s, v: INVERSE[s.name](v[0], v[1])),
        )


def _running(program: Program, step: Step) -> Iterator[Other]:
    if step.name != "cumsum" or not isinstance(step.args[0], Hole):
        return
    for axis in range(np.ndim(program.value(step.operands[0]))):
        yield Other(
            "running sum",
            1.1,
            f"the running sum of {{0}} is from the end, along axis {axis}",
            made(lambda s, v, a: np.flip(np.cumsum(np.flip(v[0], a), a), a), axis),
        )
        yield Other(
            "running sum",
            1.1,
            f"the running sum of {{0}} is from the start, along axis {axis}",
            made(lambda s, v, a: np.cumsum(v[0], a), axis),
        )


def _parts(program: Program, step: Step) -> Iterator[Other]:
    if step.name == "part":
        whole = program.steps[step.operands[0]]  # type: ignore[index]
        for i in range(len(whole.value)):
            if i != step.args[1]:
                yield Other(
                    "wrong order",
                    1.2,
                    f"part {i} of what {whole.name} gives is taken, not part {step.args[1]}",
                    made(lambda s, v, i: v[0][i], i),
                )
    if step.name in ("concatenate", "stack", "hstack", "vstack") and isinstance(step.args[0], (list, tuple)):
        n = len(step.args[0])
        for perm in permutations(range(n)) if n <= 4 else [tuple(range(n))[::-1]]:
            if perm != tuple(range(n)):
                text = f"the parts are put together in the order {perm}"
                yield Other("wrong order", 1.2, text, made(_in_order, perm))


def _in_order(step: Step, values: Any, order: tuple[int, ...]) -> Any:
    parts = fill(step.args[0], values)
    return step.function([parts[i] for i in order], *step.args[1:], **fill(step.kwargs, values))


def _choices(program: Program, step: Step) -> Iterator[Other]:
    if step.name == "where" and len(step.args) == 3:
        yield Other(
            "mask inverted",
            1.1,
            "the two branches of where are exchanged",
            lambda s: Variant(
                s.operands, lambda v: np.where(fill(s.args[0], v), fill(s.args[2], v), fill(s.args[1], v))
            ),
        )
    if step.name == "pad":
        width = step.args[1] if len(step.args) > 1 else step.kwargs.get("pad_width")
        if isinstance(width, (tuple, list)) and all(isinstance(w, (tuple, list)) for w in width):
            turned_round = tuple(tuple(w)[::-1] for w in width)
            yield Other("padding", 1.2, "the border is on the other side", called(np.pad, Hole(0), turned_round))
    if step.name in ("repeat", "tile"):
        yield Other(
            "wrong order",
            1.2,
            "repeat and tile are exchanged",
            lambda s: Variant(
                s.operands, lambda v: np.tile(v[0], s.args[1]) if s.name == "repeat" else np.repeat(v[0], s.args[1])
            ),
        )
