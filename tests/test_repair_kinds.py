"""Kinds of changes that put a backward right: each is found where it is the mistake, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify.case import Case
from tinygrad_bp.verify.repairs.repaired import Hand, repaired

RNG = np.random.default_rng(3)
COUNTS = np.array([2.0, 3.0, 3.0, 2.0])
LENGTHS = np.array([2, 4, 3])
Backward = Callable[..., list[Any]]


def sentences(right: Backward, wrong: Backward, inputs: list[Any]) -> list[str]:
    """What the changes say that make a wrong backward the right one."""

    def cases(values: list[Any]) -> list[Case]:
        pairs = zip(wrong(*(v.copy() for v in values)), right(*(v.copy() for v in values)), strict=True)
        return [Case(np.asarray(hand), np.asarray(truth)) for hand, truth in pairs]

    def elsewhere() -> list[tuple[list[Any], list[Case]]]:
        others = [x + RNG.uniform(0.1, 0.5, x.shape) for x in inputs]
        return [(others, cases(others))]

    hand = Hand(lambda values: wrong(*values), ["g", "x", "w"][: len(inputs)])
    return [repair.sentence for repair in repaired(hand, inputs, cases(inputs), elsewhere)]


def factor_first(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of x @ w · counts."""
    if mistake == "after":
        return [(g @ w.T) / COUNTS]
    return [(g / COUNTS) @ w.T * (COUNTS > 2 if mistake else 1)]


def by_channel(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of what is a row for each channel, of images with the channel second."""
    if mistake == "not moved":
        return [(g @ w.T).reshape(x.shape), x.reshape(2, -1).T @ g]
    rows = np.transpose(x, (1, 0, 2)).reshape(2, -1)
    d = np.transpose((g @ w.T).reshape(2, 3, 2), (1, 0, 2))
    return [d[::-1] if mistake else d, rows.T @ g]


def stencil(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of second differences, twice, whose ends have one neighbour."""
    m = np.diag(-2.0 * np.ones(4)) + np.eye(4, k=1) + np.eye(4, k=-1)
    if mistake != "ends":
        m[0, 0] = m[-1, -1] = -1
    if mistake == "inside":
        m[1, 2] = m[2, 1] = 1.7
    for _ in range(2):
        g = g + 0.2 * (g * x) @ m
    return [g]


def states(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of three steps, x ← x + x·w, with respect to w."""
    seen = [x]
    for _ in range(3):
        seen.append(seen[-1] + seen[-1] * w)
    used = seen[1:] if mistake == "late" else seen[:-1]
    if mistake == "squared":
        used = [s * s for s in used]
    dw = np.zeros_like(w)
    for s in used[::-1]:
        dw += np.sum(g * s, axis=0)
        g = g + g * w
    return [dw]


def window(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of a causal convolution along the rows."""
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(len(g)):
        for k in range(2):
            s = t + k - 1
            if s >= (1 if mistake == "first" else 0):
                dx[s] += g[t] * w[k] * (1.5 if mistake == "larger" else 1)
                dw[k] += np.sum(g[t] * x[s])
    return [dx, dw]


def groups(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of two groups, each of two outputs of two inputs."""
    dx = np.zeros_like(x)
    for o in range(4):
        lo = 2 * (o % 2 if mistake == "remainder" else o // 2)
        dx[:, lo : lo + 2] += g[:, o, None] * w[o] * (o + 1 if mistake == "weighted" else 1)
    return [dx]


def padded(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of means over the first rows of each example, with respect to weights."""
    dw = np.zeros((x.shape[2], g.shape[1]))
    for n, length in enumerate(LENGTHS):
        part = x[n] if mistake == "padding" else x[n, :length]
        dw += np.outer(part.mean(0), g[n] ** 2 if mistake == "squared" else g[n])
    return [dw]


def softmax(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of exp(x) over its sum."""
    e = np.exp(x)
    p = e / e.sum(1, keepdims=True)
    if mistake == "own term":
        return [p * g - p * (p * g)]
    return [p * g - p * (p * g).sum(1, keepdims=True) + (np.sin(g) if mistake else 0)]


def gated(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of h ← z·h + (1 − z)·n in three steps, with respect to the first h."""
    h, cache = x, []
    for _ in range(3):
        z, n = np.tanh(h @ w) ** 2, np.cos(h)
        cache.append((z, n, h))
        h = z * h + (1 - z) * n
    for z, n, old in cache[::-1]:
        a, b = (1 - z, z) if mistake == "convention" else (z, 1 - z)
        g = g * a - g * b * np.sin(old) * (np.exp(n * z) if mistake == "factor" else 1)
    return [g]


def by_groups(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of means over the columns of three groups of rows, added to what they are of, and their squares."""
    if mistake == "rows":
        return [g - g.mean(1, keepdims=True) * x - np.mean(g * x, axis=1, keepdims=True)]
    means = [np.repeat(a.reshape(3, 2, -1).mean((1, 2)), 2)[:, None] for a in (g, g * x)]
    return [g - means[0] * x - means[1] + (np.tan(g) if mistake else 0)]


def volume(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of log det x."""
    if mistake == "number":
        return [g * (3 * np.eye(3) / np.linalg.det(x))]
    return [g * 3 * np.linalg.inv(x).T * (np.linalg.det(x) ** 3 if mistake else 1)]


def swish(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of x · σ(x)."""
    s = 1 / (1 + np.exp(-x))
    if mistake == "parenthesis":
        return [g * s * (1 + x) * (1 - s)]
    return [g * s * (1 + x * (1 - s)) + (np.tan(g) if mistake else 0)]


def shifted_square(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of (x + w + 3)², with the 3 computed again."""
    e = x + np.sin(x) if mistake == "no number" else x + np.sin(x) + (np.exp(x) if mistake else 3)
    return [2 * g * e * (1 + np.cos(x))]


def labelled(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of a mean over three rows, whose labels are subtracted one by one."""
    d = np.exp(x)
    for i, c in enumerate((2, 0, 1)):
        d[i, c] -= 1
        if mistake == "inside":
            d /= 3
    return [g * (d if mistake == "inside" else d / 3) * (np.cos(x) if mistake == "cos" else 1)]


def counted(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of columns less their means, with the count in two places."""
    n = g.shape[1] if mistake == "columns" else len(g)
    return [(n * g - g.sum(0)) / n * (np.cos(x) if mistake == "cos" else 1)]


def _centred(d: Any, y: Any) -> Any:
    return d - y * (d * y).mean(0)


def twice(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of two steps that keep a value each: the second may be given for the first."""
    a, b = np.tanh(x), np.tanh(np.tanh(x) @ w)
    d = _centred(g, b)
    return [_centred(d @ w.T, b if mistake == "cache" else a) * (np.exp(x) if mistake == "exp" else 1)]


def windows(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of windows of three, two apart, each multiplied with itself."""
    dx = np.zeros_like(x)
    for i in range(g.shape[1]):
        lo = i if mistake == "stride" else 2 * i
        dx[:, lo : lo + 3] += (2 if mistake != "cubed" else 3 * x[:, lo : lo + 3]) * x[:, lo : lo + 3] * g[:, i, None]
    return [dx]


def divisor(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of a mean of all elements, which may be taken for one of the rows."""
    return [2 * x * g / {"rows": len(x), "": x.size, "sum": x.sum()}[mistake]]


def hinges(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of squared hinges, with respect to a bias, one number after the other."""
    db = np.zeros(3)
    for row in x:
        for j in range(3):
            if row[j] > 0:
                db[j] += {"plain": 1, "": 2 * row[j], "other": np.exp(row[j] * row[0])}[mistake]
    return [g * db]


def turn(x: Any) -> Any:
    """Halves of a row turned by an angle for each."""
    c, s = np.cos(np.arange(4.0)), np.sin(np.arange(4.0))
    return np.hstack([x[:, :4] * c - x[:, 4:] * s, x[:, :4] * s + x[:, 4:] * c])


def turned(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of turn(x)²."""
    d = 2 * g * turn(x)
    if mistake == "again":
        return [turn(d)]
    c, s = np.cos(np.arange(4.0)), np.sin(np.arange(4.0))
    a, b = (d[:, 4:], d[:, :4]) if mistake else (d[:, :4], d[:, 4:])
    return [np.hstack([a * c + b * s, b * c - a * s])]


def neighbours(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of sums of x² over neighbours."""
    dx = np.zeros_like(x)
    for c in range(4):
        for j in range(max(0, c - 1), min(4, c + 2)):
            dx[:, j] += g[:, c] * (x[:, c] if mistake == "own" else x[:, j]) * (x[:, j] if mistake == "cubed" else 2)
    return [dx]


def in_order(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of four steps, x ← x · tanh(w of the step) + sin(x)."""
    seen, dw = [x], np.zeros_like(w)
    for t in range(4):
        seen.append(seen[-1] * np.tanh(w[t]) + np.sin(seen[-1]))
    for t in (0, 1, 2, 3) if mistake == "forward" else (3, 2, 1, 0):
        a = np.tanh(w[t])
        dw[t] = np.sum(g * seen[t] * (1 - a * a), axis=0) * (2 if mistake == "twice" and t else 1)
        g = g * (a + np.cos(seen[t]))
    return [g, dw]


def masks(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of four steps, x ← max(x · w, −0.5), each with a mask of its own."""
    seen, dw = [x], np.zeros_like(w)
    for _ in range(4):
        seen.append(np.maximum(seen[-1] * w, -0.5))
    for t in (3, 2, 1, 0):
        g = g * (seen[t if mistake == "before" else t + 1] > (0.1 if mistake == "number" else -0.5))
        dw += np.sum(g * seen[t], axis=0)
        g = g * w
    return [g, dw]


def in_parts(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of a mean over all rows, taken in parts."""
    parts = [x[i : i + 2] for i in (0, 2, 4)]
    rows = [2 * part / {"own": len(part), "": len(x), "sum": part.sum()}[mistake] for part in parts]
    return [g * np.concatenate(rows)]


def smoothed(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of sums of x² over neighbours, each with a weight."""
    dx = np.zeros_like(x)
    for i in range(len(x)):
        for k in range(3):
            j = i + k - 1
            if 0 <= j < len(x):
                if mistake == "own":
                    dx[i] += 2 * w[k] * x[i] * g[i]
                else:
                    dx[j] += (x[i] if mistake == "cubed" else 2) * w[k] * x[j] * g[i]
    return [dx]


def dilated(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of a causal convolution with every second place."""
    dx, n = np.zeros_like(x), len(x)
    for k in range(3):
        s = 2 * k
        if mistake == "output":
            dx[s:] += g[s:] @ w[k].T
        else:
            dx[: n - s] += (g[s:] if mistake != "cubed" else g[s:] * x[s:] ** 3) @ w[k].T
    return [dx]


def bonus(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of p − p · log p, p the softmax of x, the second with respect to p alone or through the softmax."""
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    d = g * (np.log(p) + 1)
    through = p * d if mistake == "half" else p * (d - (p * d).sum(1, keepdims=True))
    return [p * (g - (g * p).sum(1, keepdims=True)) - through * (np.tan(g) if mistake == "tan" else 1)]


def mixed(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of twice a softmax, whose rule may be its diagonal alone."""
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    d = 2 * g
    if mistake == "diagonal":
        return [p * (1 - p) * d]
    return [p * (d - (p * d).sum(1, keepdims=True)) * (np.exp(g) if mistake else 1)]


def standard(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of y + sin(y), y the normalised x, which is not gone back through for the second."""
    s = x.std(1, keepdims=True)
    y = (x - x.mean(1, keepdims=True)) / s
    back = [v - v.mean(1, keepdims=True) - y * (v * y).mean(1, keepdims=True) for v in (g, g * np.cos(y))]
    d = g * np.cos(y) if mistake == "left out" else back[1] * (1 + x if mistake else 1)
    return [(back[0] + d) / s]


def taps(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of a filter over neighbours."""
    dx = np.zeros_like(x)
    for i in range(len(x)):
        for k in (-1, 0, 1):
            if 0 <= i + k < len(x):
                if mistake == "own":
                    dx[i] += w[k + 1] * g[i]
                else:
                    dx[i + k] += w[k + 1] * g[i] * (x[i] if mistake == "cubed" else 1)
    return [dx]


def moved(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of x + half of what stands two places before."""
    d = g.copy()
    if mistake == "on":
        d[2:] += 0.5 * g[:-2]
    else:
        d[:-2] += 0.5 * g[2:] * (x[2:] if mistake == "factor" else 1)
    return [d]


def sparse(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of a function of the columns' means of σ(x)."""
    h = 1 / (1 + np.exp(-x))
    r = h.mean(0)
    if mistake == "mean":
        return [g / r * r * (1 - r)]
    return [g / r * h * (1 - h) * (np.exp(x) if mistake == "exp" else 1)]


def delayed(g: Any, x: Any, w: Any, mistake: str = "") -> list[Any]:
    """Of a causal filter with every third place, by a helper that shifts."""

    def back(a: Any, s: int) -> Any:
        o = np.zeros_like(a)
        if s:
            o[:-s] = a[s:] * (a[s:] if mistake == "squared" else 1)
        return o if s else a

    return [sum(back(g, j if mistake == "taps" else 3 * j) * w[j] for j in range(3))]


def pooled(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of means over windows of three, two apart."""
    dx = np.zeros_like(x)
    for i in range(len(g)):
        start = i * (3 if mistake == "size" else 2)
        dx[start : start + 3] += g[i] / 3 * (x[start] if mistake == "factor" else 1)
    return [dx]


def largest(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of the largest of each window of 2 × 2."""
    dx = np.zeros_like(x)
    for i in range(len(g)):
        for j in range(g.shape[1]):
            window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            r, c = np.unravel_index(window.argmax(), (2, 2))
            if mistake == "exchanged":
                r, c = c, r
            dx[2 * i + r, 2 * j + c] += g[i, j] * (g[i, j] if mistake == "squared" else 1)
    return [dx]


def violated(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of hinges of all classes, the labels in COLUMNS, examples in columns."""
    d = (x - x[COLUMNS, np.arange(6)] + 1 > 0).astype(float) / 6
    d[COLUMNS, np.arange(6)] = 0
    most = d.sum(0)
    d[COLUMNS, np.arange(6)] = -1 / 6 if mistake == "one" else -most * (x[0] if mistake == "weighted" else 1)
    return [g * d]


def unbiased(g: Any, x: Any, mistake: str = "") -> list[Any]:
    """Of deviations with ddof=1."""
    n = len(x)
    m = 1.7 * n if mistake == "other" else n - (mistake == "")
    return [g * (x - x.mean(0)) / (np.std(x, 0, ddof=1) * m)]


COLUMNS = np.array([1, 0, 3, 2, 2, 4])
N = RNG.normal
KINDS: list[tuple[Callable[..., list[Any]], list[Any], str, str]] = [
    (factor_first, [N(size=(3, 4)), N(size=(3, 4)), N(size=(4, 4))], "after", "The order is wrong"),
    (by_channel, [N(size=(2, 2)), N(size=(3, 2, 2)), N(size=(6, 2))], "not moved", "A transpose is missing wherever"),
    (stencil, [N(size=(3, 4)), N(size=4)], "ends", "The border is not like the inside"),
    (states, [N(size=(3, 4)), N(size=(3, 4)), N(size=4)], "late", "off by one"),
    (window, [N(size=(5, 3)), N(size=(5, 3)), N(size=2)], "first", "The loop leaves out the turn"),
    (groups, [N(size=(3, 4)), N(size=(3, 4)), N(size=(4, 2))], "remainder", "// 2"),
    (padded, [N(size=(3, 2)), N(size=(3, 4, 2))], "padding", "the rest is padding"),
    (softmax, [N(size=(3, 4)), N(size=(3, 4))], "own term", "its sum over axis 1 is meant"),
    (gated, [N(size=(3, 4)), N(size=(3, 4)), N(size=(4, 4))], "convention", "exchanged where the gradient meets them"),
    (by_groups, [N(size=(6, 3)), N(size=(6, 3))], "rows", "each of 3 groups of places"),
    (swish, [N(size=(3, 4)), N(size=(3, 4))], "parenthesis", "The order is wrong"),
    (shifted_square, [N(size=(3, 4)), N(size=(3, 4))], "no number", "number is missing, to be added"),
    (labelled, [N(size=(3, 3)), N(size=(3, 3))], "inside", "stands inside the loop"),
    (counted, [N(size=(4, 3)), N(size=(4, 3))], "columns", "3 stands where 4, as many as"),
    (twice, [N(size=(4, 3)), N(size=(4, 3)), N(size=(3, 3))], "cache", "In this call of _centred y is given where"),
    (windows, [N(size=(3, 2)), N(size=(3, 5)), N(size=1)], "stride", "a stride is left out, start = 2 * i"),
    (divisor, [N(size=(1, 1)), N(size=(4, 3))], "rows", "This divides by 4 where 12, the number of its elements,"),
    (hinges, [N(size=3), np.abs(N(size=(4, 3))) + 0.5], "plain", "Where 1 stands, `2 * row[j]` of each turn is meant"),
    (volume, [N(size=(1, 1)), N(size=(3, 3))], "number", "transpose of the inverse of x is meant"),
    (turned, [N(size=(3, 8)), N(size=(3, 8))], "again", "the transpose of what turn does is meant"),
    (neighbours, [N(size=(3, 4)), N(size=(3, 4))], "own", "where that of `dx[:, j]` is meant"),
    (
        in_order,
        [N(size=(3, 4)), N(size=(3, 4)), N(size=(4, 4))],
        "forward",
        "runs through the steps in the wrong order",
    ),
    (masks, [N(size=(6, 4)), N(size=(6, 4)), N(size=4)], "before", "that of the turn before is meant"),
    (in_parts, [N(size=(5, 1)), N(size=(5, 3))], "own", "by the number of its own, 2, 2, 1, where that of all, 5,"),
    (
        smoothed,
        [N(size=(5, 3)), N(size=(5, 3)), N(size=3)],
        "own",
        "`dx[i]` and `x[i]` the index j is meant where i st",
    ),
    (dilated, [N(size=(7, 3)), N(size=(7, 3)), N(size=(3, 3, 3))], "output", "[:n − s] where [s:] stands: an output"),
    (taps, [N(size=(5, 3)), N(size=(5, 3)), N(size=3)], "own", "`dx[i]` the index i + k is meant where i stands"),
    (moved, [N(size=(6, 3)), N(size=(6, 3))], "on", "slices along index 0 of this line are exchanged"),
    (sparse, [N(size=(5, 3)), N(size=(5, 3))], "mean", "reads r where h is meant, of each place"),
    (bonus, [N(size=(3, 4)), N(size=(3, 4))], "half", "only half of the way back through the softmax that gave p"),
    (mixed, [N(size=(3, 4)), N(size=(3, 4))], "diagonal", "a wrong way back through the softmax that gave p"),
    (standard, [N(size=(3, 4)), N(size=(3, 4))], "left out", "without the way back through the normalisation that"),
    (delayed, [N(size=(8, 3)), N(size=(8, 3)), N(size=3)], "taps", "3 times that is meant, s = 3 * j: a dilation is"),
    (pooled, [N(size=(3, 2)), N(size=(7, 2))], "size", "at 2 times those is meant: start = 2 * i, by the stride"),
    (largest, [N(size=(2, 3)), N(size=(4, 6))], "exchanged", "places within a window are exchanged, row for column"),
    (violated, [N(size=(1, 1)), N(size=(5, 6))], "one", "minus the number of violated margins, −count, is meant"),
    (unbiased, [N(size=(5, 3)), N(size=(5, 3))], "biased", "5 stands where 4 is meant, n where n − 1 is: the vari"),
]


@pytest.mark.parametrize(("backward", "inputs", "mistake", "words"), KINDS)
def test_a_kind_is_found_where_it_is_the_mistake(
    backward: Callable[..., list[Any]], inputs: list[Any], mistake: str, words: str
) -> None:
    found = sentences(backward, lambda *values: backward(*values, mistake), inputs)
    assert len(found) == 1 and words in found[0] and "test_repair_kinds.py" in found[0], found


OTHERS = (
    "mask",
    "reversed",
    "inside",
    "squared",
    "larger",
    "weighted",
    "squared",
    "more",
    "factor",
    "more",
    "more",
    "exp",
    "cos",
    "cos",
    "exp",
    "cubed",
    "sum",
    "other",
    "cubed",
    "halves",
    "cubed",
    "twice",
    "number",
    "sum",
    "cubed",
    "cubed",
    "cubed",
    "factor",
    "exp",
    "tan",
    "exp",
    "more",
    "squared",
    "factor",
    "squared",
    "weighted",
    "other",
)


@pytest.mark.parametrize(("kind", "other"), list(zip(KINDS, OTHERS, strict=True)))
def test_and_not_where_another_one_is(kind: Any, other: str) -> None:
    backward, inputs, _, words = kind
    found = sentences(backward, lambda *values: backward(*values, other), inputs)
    assert not any(words in sentence for sentence in found), found
