"""Scores whose gradient is softmax(z) − y where labels y are shares of the classes, and what is written for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...autograd.node import Node
from .tape import Change, Tape

MOST_SHARES = 12  # of one example: the words around one
APART = ("p missing", "labels missing")  # what may be written for one parameter, where another has p − y


class Likelihood(NamedTuple):
    """A value whose gradient is c · (p − y), p being its softmax along an axis, or its sigmoid (None)."""

    node: Node
    z: Any
    p: Any
    y: Any
    c: Any
    axis: int | None


def of_shares(tape: Tape, some: list[Likelihood]) -> Iterator[Change]:
    """The gradient of scores, one thing wrong in p − y: in every step of a loop, or alone."""
    what = f"The gradient of the scores {tape.name(some[0].node)} is written"
    every = " in every step" if len(some) > 1 else ""
    for rows in zip(*(_mistakes(tape, one) for one in some), strict=False):
        if len({text for _, text, _ in rows}) == 1:
            kind, text, _ = rows[0]
            totals = {one.node: total for one, (*_, total) in zip(some, rows, strict=True)}
            yield Change(kind, f"{what} {text}{every}; it is p − y.", totals=totals, apart=kind in APART)


def _mistakes(tape: Tape, one: Likelihood) -> Iterator[tuple[str, str, Any]]:
    """What may be written: a kind, the words for it, and the gradient."""
    _, _, p, y, c, axis = one
    assert axis is not None
    k = y.shape[axis]
    most = 1.0 * (y == np.max(y, axis, keepdims=True))
    small = np.min(y, axis, keepdims=True)  # the share of each other class
    yield "labels missing", "p: the labels are not subtracted", c * p
    yield "p missing", "−y: p is left out", -c * y
    for text, other in (
        ("p − 1 at the label: the labels are not smoothed", most),
        ("p − y at the label alone, without the small shares of the other classes", y * most),
        ("p − y without the small share that the label has as well", y - small * most),
        ("p − y with 1 at the label beside the small shares of the other classes", np.where(most > 0, 1, y)),
        ("p − y with 1 and the small share at the label", most + small),
        ("p − y with the shares of the other classes ε/(K − 1) where ε/K is meant",
         np.where(most > 0, 1 - k * small, k * small / (k - 1))),
        ("p − y with the shares of the other classes ε/K where ε/(K − 1) is meant",
         small * (k - 1) / k + most * (1 - small * (k - 1))),
        ("p − y with ε for every other class, which they are to share",
         np.where(most > 0, 1 - k * small, k * small)),
        ("p − the small shares, without the label", small + 0 * y),
        ("p − the labels smoothed twice", y * np.max(y) + (1 - np.max(y)) / k),
        ("p + y, the labels added", -y),
        *((f"p − y with the shares y to the power {power:g}, of another temperature", _sharpened(y, power, axis))
          for power in (2, 3, 4, 5, 10, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 10)),
        ("p − y with the shares of the next example", np.roll(y, -1, 0)),
        ("p − y with the shares of the example before", np.roll(y, 1, 0)),
        ("p − y with the share of the label for every class", np.full(y.shape, np.max(y))),
    ):  # fmt: skip
        yield "labels", f"{text}, y the shares of the labels", c * (p - other)
    yield from weightings(tape, p, y, most, c, axis)


def shares(tape: Tape, p: Any, g: Any, axis: int) -> Iterator[tuple[Any, Any]]:
    """Labels y that are shares, and weights c, with which the gradient is c · (p − y)."""
    known = [y for y in tape.constants if y.shape == p.shape and not np.any(y < 0) and np.allclose(np.sum(y, axis), 1)]
    found = (_even_shares(p, g, axis), _counted_shares(p, g, axis))
    for y in (*known, *(y for y in found if y is not None)):
        off = p - y
        square = np.sum(off * off, axis, keepdims=True)
        c = np.sum(g * off, axis, keepdims=True) / np.where(square, square, 1)
        if np.all(c) and np.all(np.abs(g - c * off) <= 1e-9 * np.max(np.abs(g))):
            even_weights = np.ptp(c) <= 1e-9 * np.max(np.abs(c))
            if even_weights or y.shape[axis] > 2:  # of two classes any labels fit with some weight for each example
                yield y, c[(0,) * c.ndim] if even_weights else c
                return


def _even_shares(p: Any, g: Any, axis: int) -> Any:
    """Labels with one share for the right class and one for all others, as they follow from the gradient of p."""
    if p.ndim != 2 or min(p.shape) < 3:  # of a few numbers any gradient can be made so
        return None
    p, g, k = np.moveaxis(p, axis, 1), np.moveaxis(g, axis, 1), p.shape[axis]
    found = []
    for label in range(k):  # of other classes a and b: g_a − g_b = c · (p_a − p_b)
        rest = [n for n in range(k) if n != label]
        a, b = rest[0], rest[1]
        with np.errstate(all="ignore"):
            c = (g[:, a] - g[:, b]) / (p[:, a] - p[:, b])
            small = p[:, a] - g[:, a] / c
            even = np.all(
                np.abs(g[:, rest] - c[:, None] * (p[:, rest] - small[:, None])) <= 1e-9 * np.abs(c)[:, None], 1
            )
        found.append(np.where(even & (c != 0) & (small > 1e-9) & (small < 1 / k), small, np.nan))
    small = np.array(found)
    for one in small[:, 0]:
        fits = np.abs(small - one) <= 1e-7
        if np.isfinite(one) and np.all(np.any(fits, 0)):
            labels = np.argmax(fits, 0)
            return np.moveaxis(np.where(np.arange(k) == labels[:, None], 1 - (k - 1) * one, one), 1, axis)
    return None


def _counted_shares(p: Any, g: Any, axis: int) -> Any:
    """Labels that are shares of a few, some classes having none: those of the words around one."""
    if p.shape[axis] < 3:  # of two classes any labels fit
        return None
    with np.errstate(all="ignore"):
        y = p - g / np.max(g / p, axis, keepdims=True)
    for n in range(2, MOST_SHARES + 1) if np.all(y > -1e-9) else ():
        if np.all(np.abs(n * y - np.round(n * y)) <= 1e-7):
            return np.round(n * y) / n
    return None


def _sharpened(y: Any, power: float, axis: int) -> Any:
    return y**power / np.sum(y**power, axis, keepdims=True)


def weightings(tape: Tape, p: Any, y: Any, at: Any, c: Any, axis: int) -> Iterator[tuple[str, str, Any]]:
    """What may be written where examples have weights c: p − y, ``at`` being where the labels are."""
    # Of equal weights a mean is a factor; those of both signs are what arrives.
    if not np.ndim(c) or np.min(c) < 0 or np.ptp(c[c > 0]) <= 1e-9 * np.max(c):
        return
    off = p - y
    for of, text in ((np.max(c), "the largest weight"), (np.mean(c), "the mean weight")):
        yield "factor missing", f"p − y with {text} for every example", off * of * (c > 0)
    by_class = np.max(c * at, tuple(a for a in range(at.ndim) if a != axis), keepdims=True)
    yield (
        "wrong factor", "(p − y) times the weight of each column's class, where that of the label is meant",
        off * by_class,
    )  # fmt: skip
    yield "applied twice", "(p − y) times the weight twice", off * c * c
    yield "wrong factor", "(p − y) divided by the weight", off / np.where(c, c, 1)
    yield "wrong factor", "p − y with the weight of the next example", off * np.roll(c, -1, 0)
    for weights in tape.constants:
        if (
            weights.size == c.size
            and weights.all()
            and np.ptp(scale := np.ravel(c) / np.ravel(weights)) <= 1e-9 * scale[0]
        ):
            yield "factor missing", "p − y without the weights", off * scale[0]
            yield "factor missing", "w·p − y, the labels not multiplied by the weight", c * p - scale[0] * y
            yield "factor missing", "p − w·y, p not multiplied by the weight", scale[0] * p - c * y
            return
