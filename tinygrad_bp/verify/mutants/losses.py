"""Losses known by their gradients: scores whose gradient is softmax(z) − y, or σ(z) − y, and what is written for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...autograd.node import Node
from .functions import sigmoid, softmax
from .shares import APART, Likelihood, of_shares, shares, weightings
from .tape import Change, Tape, groups


def likelihoods(tape: Tape) -> Iterator[Change]:
    """The gradient of scores under a cross-entropy, one thing wrong in p − y: in every step of a loop, or alone."""
    found, shared = [], list[Likelihood]()
    for node, g in reversed(list(tape.total.items())):  # the oldest first: σ(−z) is known as σ(z)
        z = tape.values.get(node)
        if z is None or z.ndim == 0 or z.size < 2 or z.dtype.kind != "f" or np.shape(g) != z.shape:
            continue
        axes = [
            a
            for a in range(z.ndim)
            if z.shape[a] > 1 and np.allclose(np.sum(g, a), 0, atol=1e-9 * np.max(np.abs(g), initial=0))
        ]
        for axis in axes:
            p = softmax(z, axis)
            known = _targets(p, g) or _weighted(p, g, axis)
            if known is not None:
                found.append(Likelihood(node, z, p, known[0], known[1], axis))
            else:
                shared += [Likelihood(node, z, p, y, c, axis) for y, c in shares(tape, p, g, axis)]
        known = _targets(sigmoid(z), g, alike=z.size > 3)
        if known is not None and _of_negative(tape, z):
            found.append(Likelihood(node, -z, sigmoid(-z), 1 - known[0], -known[1], None))
        elif known is not None:
            found.append(Likelihood(node, z, sigmoid(z), known[0], known[1], None))
        else:
            yield from _of_two_weights(tape, node, sigmoid(z), g)
    for some in groups(shared, lambda one: _site(tape, one.node)):
        yield from of_shares(tape, some)
    for some in groups(found, lambda one: (one.axis is None, _site(tape, one.node))):
        one = some[0]
        name = tape.name(one.node)
        what = f"the scores {name}" if one.axis is not None else f"the value {name} before the sigmoid"
        every = " in every step" if len(some) > 1 else ""
        for rows in zip(*(_mistakes(tape, one) for one in some), strict=False):
            totals = {one.node: one.c * row[2] for one, row in zip(some, rows, strict=True)}
            text = f"The gradient of {what} is written {rows[0][1]}{every}; it is p − y."
            yield Change(rows[0][0], text, totals=totals, apart=rows[0][0] in APART)
        for text, labels in _of_other_steps(some):
            totals = {one.node: one.c * (one.p - y) for one, y in zip(some, labels, strict=True)}
            yield Change("labels", f"The gradient of {what} is written p − y with the labels {text}.", totals=totals)


def _of_negative(tape: Tape, z: Any) -> bool:
    """Whether the forward takes the sigmoid of −z, and not of z: 1 / (1 + np.exp(-x @ w))."""
    for node in sorted(tape.values, key=lambda node: node.order):
        value = tape.values[node]
        if value.shape == z.shape:
            if np.allclose(value, -z, rtol=1e-9, atol=0) or np.allclose(value, sigmoid(z), rtol=1e-9, atol=0):
                return False
            if np.allclose(value, sigmoid(-z), rtol=1e-9, atol=0):
                return True
    return False


def _site(tape: Tape, node: Node) -> object:
    step = tape.step_of.get(node)
    return node if step is None or step.call.site.code is None else step.call.site


def _of_other_steps(some: list[Likelihood]) -> Iterator[tuple[str, list[Any]]]:
    labels = [one.y for one in some]
    if len(some) > 1 and len({y.shape for y in labels}) == 1:
        yield "of the step after", [*labels[1:], labels[0]]
        yield "of the step after, and none for the last", [*labels[1:], 0 * labels[0]]
        yield "of the step after, the last its own", [*labels[1:], labels[-1]]
        yield "of the step before", [labels[-1], *labels[:-1]]
        yield "of the step before, and none for the first", [0 * labels[0], *labels[:-1]]
        yield "of the step before, the first its own", [labels[0], *labels[:-1]]
        yield "of the first step in every one", [labels[0]] * len(labels)
        yield "of the last step in every one", [labels[-1]] * len(labels)
        yield "in the opposite order of steps", labels[::-1]


def _of_two_weights(tape: Tape, node: Node, p: Any, g: Any) -> Iterator[Change]:
    """The same before a sigmoid, where labels of 1 have another weight than those of 0, in each column or in all."""
    y = 1.0 * (g < 0)
    off = p - y
    with np.errstate(all="ignore"):
        c = g / off
    if not (np.isfinite(c).all() and np.all(c > 0)) or not np.any(y) or not np.any(1 - y):
        return
    for over in (0, None) if g.ndim == 2 else (None,):
        of_0, of_1 = (np.max(np.where(y == label, c, 0), over, keepdims=True) for label in (0, 1))
        fits = np.all(np.abs(np.where(y > 0, of_1, of_0) - c) <= 1e-9 * np.max(c)) and not np.allclose(of_0, of_1)
        if not fits or 4 * of_0.size > g.size:  # a weight for each element or two is no weight of a label
            continue
        for kind, text, weight in (
            ("factor missing", "p − y with the weight of the label 0 for both", of_0 + 0 * c),
            ("wrong factor", "p − y with the weight of the label 1 for both", of_1 + 0 * c),
            ("wrong factor", "p − y with the weights of the two labels exchanged", np.where(y > 0, of_0, of_1)),
            ("applied twice", "p − y with the weight of the label 1 twice", np.where(y > 0, c * of_1 / of_0, c)),
        ):
            sentence = f"The gradient of the value {tape.name(node)} before the sigmoid is written {text}."
            yield Change(kind, sentence, totals={node: weight * off})
        what = f"The gradient of the value {tape.name(node)} before the sigmoid is written"
        text = f"{what} p − w·y, w the weight of the label 1."
        yield Change("wrong factor", text, totals={node: of_0 * p - of_1 * y})
        return


def _targets(p: Any, g: Any, alike: bool = False) -> tuple[Any, float] | None:
    """The y of zeros and ones, and the c, with which the gradient is c · (p − y); ``alike``: y may be 0 everywhere."""
    with np.errstate(all="ignore"):
        ratio = (g / p)[g > 0]  # where y is 0
        ratio = ratio if ratio.size else (g / (p - 1))[g < 0]  # it is 1 everywhere
    if not ratio.size or not np.isfinite(ratio).all():
        return None
    c = float(ratio.flat[0])
    y = p - g / c
    hard = np.allclose(y * (1 - y), 0, atol=1e-7) and (alike or np.any(y > 0.5))
    return (np.round(y), c) if hard else None


def _weighted(p: Any, g: Any, axis: int) -> tuple[Any, Any] | None:
    """The same with a weight for each example: the c of each, 0 where it does not count."""
    with np.errstate(all="ignore"):
        ratio = np.where(g > 0, g / p, 0)
    c = np.max(ratio, axis, keepdims=True)
    if np.any(np.abs(np.where(g > 0, ratio - c, 0)) > 1e-7 * c):
        return None
    y = np.where(c > 0, p - g / np.where(c > 0, c, 1), 0)
    hard = np.allclose(y * (1 - y), 0, atol=1e-7) and np.any(y > 0.5)
    return (np.round(y), c) if hard else None


def _mistakes(tape: Tape, one: Likelihood) -> list[tuple[str, str, Any]]:
    node, z, p, y, c, axis = one
    if axis == 0:  # the examples stand along the other axis, or there is one alone
        turn, back = (_row, _of_row) if z.ndim == 1 else (_swapped, _swapped)
        turned = Likelihood(node, turn(z), turn(p), turn(y), turn(c) if np.ndim(c) else c, 1)
        return [(kind, text, back(total)) for kind, text, total in _mistakes(tape, turned)]
    at = y > 0.5
    with np.errstate(all="ignore"):
        raw = np.exp(z)
        table: list[tuple[str, str, Any]] = [
            ("labels missing", "p: the labels are not subtracted", p),
            ("sign", "p + y, the labels added where they are subtracted", p + y),
            ("labels", "p − 1 everywhere, " + ("where 1 is subtracted at the label alone" if np.any(at) else
                                               "as where the label is 1: here it is 0"), p - 1),
            ("labels", "p − 1 at the label and 0 elsewhere", np.where(at, p - 1, 0)),
            ("labels", "0 at the label and p elsewhere", np.where(at, 0, p)),
            ("p missing", "−y: p is left out", -y),
            ("derivative missing", "−y/p, that of p: the derivative of the activation is missing", -y / p),
            ("derivative missing", "(p − y)/(p(1 − p)), that of p", (p - y) / (p * (1 - p))),
            ("derivative too much", "(p − y) · p(1 − p): the derivative of the activation is in p − y already",
             (p - y) * p * (1 - p)),
            ("derivative too much", "(p − y) · p", (p - y) * p),
            ("derivative too much", "the softmax pulled through once more",
             p * ((p - y) - np.sum((p - y) * p, axis, keepdims=True)) if axis is not None else (p - y) * p * p),
            ("scores for p", "z − y: the scores where the probabilities are meant", z - y),
            ("not normalised", "eᶻ − y: not divided by the sum", raw - y),
            ("log for p", "log p − y", np.log(p) - y),
            ("labels", "p − y with the labels of the next example", p - np.roll(y, -1, 0)),
            ("labels", "p − y with the labels of the example before", p - np.roll(y, 1, 0)),
            ("labels", "p − y with the labels one class later", p - np.roll(y, 1, axis if axis is not None else -1)),
            ("labels", "p − y with the labels one class earlier", p - np.roll(y, -1, axis if axis is not None else -1)),
            ("labels", "p − y with the labels in the opposite order", p - y[::-1]),
            ("squared", "(p − y)²", (p - y) ** 2),
            ("sign only", "the sign of p − y", np.sign(p - y)),
            ("rounded", "the predicted class less y", _predicted(p, axis) - y),
            ("term missing", "without the examples whose label is 0", np.where(at, p - y, 0)),
            ("term missing", "without the examples whose label is 1", np.where(at, 0, p - y)),
            ("term missing", "−y(1 − p): the term of 1 − y is missing", -y * (1 - p)),
            ("wrong axis", "with the softmax over the other axis", softmax(z, 0 if axis else -1) - y),
        ]  # fmt: skip
    table += [("labels", text, p - labels) for text, labels in _labels(p, y, axis)]
    if axis is not None:
        weighted = weightings(tape, p, y, y, c, axis)
        table += [(kind, text, total / np.where(c, c, 1)) for kind, text, total in weighted]
    return table


def _row(a: Any) -> Any:
    return a[None]


def _of_row(a: Any) -> Any:
    return np.broadcast_to(a, (1, *np.shape(a)[1:]))[0]


def _swapped(a: Any) -> Any:
    return np.swapaxes(a, 0, 1)


def _labels(p: Any, y: Any, axis: int | None) -> Iterator[tuple[str, Any]]:
    """Other labels than the right ones, with how that is said."""
    rows = np.arange(y.shape[0]).reshape(-1, *(1,) * (y.ndim - 1))
    last = y.shape[0] - 1
    yield "p − (1 − y): 0 and 1 are exchanged in the labels", 1 - y
    if y.shape[0] > 1:
        yield (
            "p − y for the last example alone, and p for the others: 1 is subtracted after the loop",
            y * (rows == last),
        )
        yield "p − y for the first example alone, and p for the others", y * (rows == 0)
        yield "p − y but for the last example, whose label is not subtracted", y * (rows < last)
        yield "p − y but for the first example, whose label is not subtracted", y * (rows > 0)
        yield "p − y with the label of the first example for all", np.broadcast_to(y[:1], y.shape)
        yield "p − y with the label of the last example for all", np.broadcast_to(y[-1:], y.shape)
        yield "p − y with the labels of the next example, and none for the last", np.roll(y, -1, 0) * (rows < last)
        yield "p − y with the labels of the example before, and none for the first", np.roll(y, 1, 0) * (rows > 0)
    yield "p − 2y: twice the label is subtracted", 2 * y
    yield "p − y/2: half the label is subtracted", y / 2
    if y.shape[0] > 3:
        yield "p − y for the first half of the examples alone, and p for the others", y * (rows < y.shape[0] // 2)
        yield "p − y with the labels in order of size", -np.sort(-y, 0) if axis is None else _sorted(y, axis)
    if y.shape[0] > 2:
        n = y.shape[0]
        yield f"p/{n} − y: p is divided by N and the label is not", n * y
        yield f"p − y/{n}: the label is divided by N and p is not", y / n
    if y.ndim == 2 and y.shape[0] == y.shape[1]:
        yield "p − y with the labels transposed: class and example are exchanged", y.T
    if axis is None:
        yield "p − y with labels of −1 and 1 where 0 and 1 are meant", 2 * y - 1
        return
    for other in range(1, y.ndim):
        if other != axis:
            yield f"p − y with the labels of the place after along axis {other}", np.roll(y, -1, other)
            yield f"p − y with the labels of the place before along axis {other}", np.roll(y, 1, other)
    k = y.shape[axis]
    classes = np.arange(k).reshape([-1 if a == axis else 1 for a in range(y.ndim)])
    for c in dict.fromkeys((0, k - 1, *(range(k) if k <= 12 else ()))):
        yield f"p − 1 in column {c} for every example, whatever its label is", np.broadcast_to(classes == c, y.shape)
    yield "p − y with the predicted classes for labels", _predicted(p, axis)
    yield "p − y with the least likely classes for labels", p == np.min(p, axis, keepdims=True)
    yield (
        "p less the number of the class, in every column: the label itself is subtracted",
        (np.zeros(y.shape) + np.sum(y * classes, axis, keepdims=True)),
    )
    yield "p − y with the classes in the opposite order", np.flip(y, axis)
    others = tuple(a for a in range(y.ndim) if a != axis)
    some = np.sum(y, others, keepdims=True)
    yield "p − 1 in the columns of all labels, for every example: [:, y] where [arange(N), y] is meant", some > 0
    yield "p less the number of each label in the batch, for every example", some


def _sorted(y: Any, axis: int) -> Any:
    """The labels in ascending order, along the examples."""
    if y.ndim != 2:
        return y
    return np.take(y, np.argsort(np.argmax(y, axis), kind="stable"), 1 - axis)


def _predicted(p: Any, axis: int | None) -> Any:
    return np.round(p) if axis is None else p == np.max(p, axis, keepdims=True)
