"""Penalties, weights, masks and counts that the backward has more or less often than the loss, or in another turn.

Each program has one mistake when it is given one; what is said of it names the kind, and of the right one nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify import check_gradients

RNG = np.random.default_rng(41)
X = RNG.normal(size=(12, 4))
W = RNG.uniform(0.2, 2.0, 12)
Y = RNG.normal(size=12)
COUNTS = RNG.poisson(2.0, 12).astype(float)
TEXTS = [[0, 3, 1], [2, 4], [5, 1, 0, 2], [3], [4, 5, 0]]
MASKS = [RNG.binomial(1, 0.6, (12, 5)) / 0.6 for _ in range(3)]
PAIRS = np.array([[0, 0], [0, 1], [1, 0], [1, 2], [2, 1], [2, 2], [3, 0], [0, 2]])
STARS = RNG.normal(size=len(PAIRS))


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def factors(p: Any, pairs: Any, stars: Any, bug: str) -> Any:
    """Factors of a matrix, of all ratings at once."""
    P, Q = p["P"], p["Q"]
    u, i = pairs.T
    e = np.sum(P[u] * Q[i], 1) - stars
    loss = np.sum(e**2) + 0.1 * np.sum(P**2) + 0.1 * np.sum(Q**2)
    dP, dQ = 0.2 * P, 0.2 * Q
    if bug:
        dP, dQ = np.zeros_like(P), np.zeros_like(Q)
    np.add.at(dP, u, 2 * e[:, None] * Q[i] + (0.2 * P[u] if bug else 0))
    np.add.at(dQ, i, 2 * e[:, None] * P[u] + (0.2 * Q[i] if bug else 0))
    return loss, {"P": dP, "Q": dQ}


def offsets(p: Any, pairs: Any, stars: Any, bug: str) -> Any:
    """Biases of users and items, one rating after another."""
    a, b = p["a"], p["b"]
    loss = 0.15 * np.sum(a**2)
    da, db = np.zeros_like(a), np.zeros_like(b)
    if not bug:
        da += 0.3 * a
    for (u, i), r in zip(pairs, stars, strict=True):
        e = a[u] + b[i] - r
        loss = loss + 0.5 * e**2
        da[u] += e + (0.3 * a[u] if bug else 0)
        db[i] += e
    return loss, {"a": da, "b": db}


def used(p: Any, pairs: Any, stars: Any, bug: str) -> Any:
    """A penalty on each use of a row."""
    P, q = p["P"], p["q"]
    u = pairs[:, 0]
    e = P[u] @ q - stars
    loss = np.sum(e**2) + 0.1 * np.sum(P[u] ** 2)
    dP = 0.2 * P if bug else np.zeros_like(P)
    np.add.at(dP, u, 2 * e[:, None] * q + (0 if bug else 0.2 * P[u]))
    return loss, {"P": dP, "q": 2 * P[u].T @ e}


def intercept(p: Any, x: Any, y: Any, bug: str) -> Any:
    """The last weight is the intercept; example after example."""
    w = p["w"]
    loss, dw = 0.25 * np.sum(w[:-1] ** 2), np.zeros_like(w)
    for row, t in zip(x, y, strict=True):
        e = row @ w[:-1] + w[-1] - t
        loss = loss + e**2 / len(x)
        dw += 2 * e * np.append(row, 1.0) / len(x)
    dw += 0.5 * w if bug else 0.5 * np.append(w[:-1], 0.0)
    return loss, {"w": dw}


def lasso(p: Any, x: Any, y: Any, bug: str) -> Any:
    """The first weight is the intercept; absolute values."""
    w = p["w"]
    e = x @ w - y
    dw = 2 * x.T @ e / len(x) + 0.3 * np.sign(w)
    if not bug:
        dw[0] -= 0.3 * np.sign(w[0])
    return np.mean(e**2) + 0.3 * np.sum(np.abs(w[1:])), {"w": dw}


def of_classes(p: Any, x: Any, y: Any, bug: str) -> Any:
    """The first row of the weights is that of the intercepts."""
    w, label = p["w"], (y > 0).astype(int)
    z = x @ w
    e = np.exp(z - z.max(1, keepdims=True))
    s = e / e.sum(1, keepdims=True)
    dw = x.T @ (s - np.eye(2)[label]) / len(x) + 0.4 * w
    if not bug:
        dw[0] -= 0.4 * w[0]
    return -np.mean(np.log(s[np.arange(len(x)), label])) + 0.2 * np.sum(w[1:] ** 2), {"w": dw}


def mean_of_weights(p: Any, x: Any, y: Any, w: Any, bug: str) -> Any:
    """A mean with weights."""
    e = x @ p["w"] + p["b"] - y
    d = 2 * w * e / (len(x) if bug == "number" else w.sum())
    return np.sum(w * e**2) / np.sum(w), {"w": x.T @ d, "b": np.sum(d)}


def mean_of_all(p: Any, x: Any, y: Any, w: Any, bug: str) -> Any:
    """A mean of all, of terms with weights."""
    e = x @ p["w"] + p["b"] - y
    total = np.sum(w)
    d = 2 * w * e / (total if bug == "sum" else len(x))
    return np.mean(w * e**2), {"w": x.T @ d, "b": np.sum(d)}


def padded(p: Any, x: Any, y: Any, w: Any, bug: str) -> Any:
    """A mean over what a mask leaves, classes of two."""
    keep = (w > 0.5).astype(float)
    s = sigmoid(x @ p["w"] + p["b"])
    t = (y > 0).astype(float)
    loss = -np.sum(keep * (t * np.log(s) + (1 - t) * np.log(1 - s))) / keep.sum()
    d = keep * (s - t) * (1 / len(x) if bug else 1 / keep.sum())
    return loss, {"w": x.T @ d, "b": np.sum(d)}


def exposed(p: Any, x: Any, n: Any, t: Any, bug: str) -> Any:
    """Events in a time that each example has of its own."""
    lam = np.exp(x @ p["w"] + p["b"])
    mean = lam * t
    d = (lam if bug else mean) - n
    return np.sum(mean - n * np.log(mean)), {"w": x.T @ d, "b": np.sum(d)}


def trials(p: Any, x: Any, n: Any, t: Any, bug: str) -> Any:
    """Successes in as many trials as each example has."""
    m = n + np.ceil(t)
    s = sigmoid(x @ p["w"] + p["b"])
    loss = -np.sum(n * np.log(s) + (m - n) * np.log(1 - s)) / len(x)
    d = ((s if bug else m * s) - n) / len(x)
    return loss, {"w": x.T @ d, "b": np.sum(d)}


def survival(p: Any, x: Any, n: Any, t: Any, bug: str) -> Any:
    """Exponential times until an event, some of which are not seen."""
    seen = (n > 1).astype(float)
    eta = x @ p["w"] + p["b"]
    loss = np.sum(np.exp(eta) * t - seen * eta)
    d = np.exp(eta) - seen if bug else np.exp(eta) * t - seen
    return loss, {"w": x.T @ d, "b": np.sum(d)}


def dropped(p: Any, x: Any, y: Any, masks: Any, bug: str) -> Any:
    """Dropout after each of two layers, the masks in a list."""
    first, second = masks[0], masks[1]
    h = np.tanh(x @ p["w"])
    k = np.tanh((h * first) @ p["v"])
    e = (k * second).sum(1) - y
    dk = (2 * e[:, None] * second) * (1 - k**2)
    dh = (dk @ p["v"].T) * (second if bug else first) * (1 - h**2)
    return np.sum(e**2), {"w": x.T @ dh, "v": (h * first).T @ dk}


def by_turns(p: Any, x: Any, y: Any, masks: Any, bug: str) -> Any:
    """Dropout in every step of a recurrence, a mask of its own for each."""
    h, seen = np.zeros((12, 5)), []
    for m in masks:
        z = np.tanh(x @ p["w"] + h @ p["v"])
        seen.append((h, z))
        h = z * m
    e = h.sum(1) - y
    dw, dv, dh = 0, 0, 2 * e[:, None] * np.ones((12, 5))
    for m, (before, z) in zip([masks[2]] * 3 if bug else masks[::-1], seen[::-1], strict=True):
        dz = dh * m * (1 - z**2)
        dw, dv, dh = dw + x.T @ dz, dv + before.T @ dz, dz @ p["v"].T
    return np.sum(e**2), {"w": dw, "v": dv}


def bag(p: Any, texts: Any, y: Any, bug: str) -> Any:
    """Means of the words of texts of several lengths."""
    E, v = p["E"], p["v"]
    loss, dE, dv = 0, np.zeros_like(E), np.zeros_like(v)
    for text, t in zip(texts, y, strict=False):
        h = E[text].mean(axis=0)
        e = h @ v - t
        loss = loss + e**2
        dv += 2 * e * h
        for word in text:
            dE[word] += 2 * e * v / (1 if bug else len(text))
    return loss, {"E": dE, "v": dv}


def neighbours(p: Any, texts: Any, y: Any, bug: str) -> Any:
    """The same with a sum that is divided, and scatters."""
    E, v = p["E"], p["v"]
    loss, dE, dv = 0, np.zeros_like(E), np.zeros_like(v)
    for text, t in zip(texts, y, strict=False):
        h = np.tanh(sum(E[word] for word in text) / len(text))
        e = h @ v - t
        loss = loss + e**2
        dv += 2 * e * h
        dh = 2 * e * v * (1 - h**2)
        np.add.at(dE, text, dh if bug else dh / len(text))
    return loss, {"E": dE, "v": dv}


def pendulum(p: Any, track: Any, bug: str) -> Any:
    """Semi-implicit steps: the place is moved by the new speed."""
    k, (q, v) = p["k"], p["start"]
    seen, loss = [], 0
    for target in track:
        seen.append((q, v))
        v = v - 0.1 * k[0] * np.sin(q)
        q = q + 0.1 * v
        loss = loss + (q - target) ** 2
        seen[-1] = (*seen[-1], q - target)
    dk, dq, dv = 0.0, 0.0, 0.0
    for q, _, off in seen[::-1]:
        dq = dq + 2 * off
        early = 0 if bug else 0.1 * dq
        dv = dv + early
        dk += -0.1 * np.sin(q) * dv
        late = 0.1 * dq if bug else 0
        dq = dq - 0.1 * k[0] * np.cos(q) * dv
        dv = dv + late
    return loss, {"k": np.array([dk]), "start": np.array([dq, dv])}


def momentum(p: Any, x: Any, y: Any, bug: str) -> Any:
    """Steps with momentum, differentiated with respect to where they start."""
    w, v = p["w"], p["v"]
    a = x.T @ x / len(x)
    for _ in range(4):
        v = 0.9 * v - 0.1 * (a @ w)
        w = w + v
    e = x @ w - y
    dw, dv = 2 * x.T @ e / len(x), 0 * w
    for _ in range(4):
        if not bug:
            dv = dv + dw
        dw, dv = dw - 0.1 * a.T @ dv, 0.9 * dv + (dw if bug else 0)
    return np.mean(e**2), {"w": dw, "v": dv}


def damped(p: Any, track: Any, bug: str) -> Any:
    """The same in two dimensions, from rest."""
    A, x, v = p["A"], p["x"], np.zeros(2)
    seen, loss = [], 0
    for target in track:
        before = x
        v = 0.95 * v - 0.1 * A @ x
        x = x + 0.2 * v
        loss = loss + np.sum((x - target) ** 2)
        seen.append((before, x - target))
    dA, dx, dv = np.zeros_like(A), np.zeros(2), np.zeros(2)
    for before, off in seen[::-1]:
        dx = dx + 2 * off
        late = 0.2 * dx
        if not bug:
            dv = dv + late
        dA += -0.1 * np.outer(dv, before)
        dx = dx - 0.1 * A.T @ dv
        dv = 0.95 * dv + (late if bug else 0)
    return loss, {"A": dA, "x": dx}


def paired(p: Any, x: Any, y: Any, bug: str) -> Any:
    """Neighbouring columns, side by side."""
    h = np.tanh(x @ p["w"])
    c = np.stack([h[:, ::2], h[:, 1::2]], axis=2)
    e = (c * np.arange(1, 5).reshape(2, 2)).sum((1, 2)) - y
    dc = 2 * e[:, None, None] * np.arange(1, 5).reshape(2, 2)
    dh = np.zeros_like(h)
    if bug:
        dh[:, :2], dh[:, 2:] = dc[:, :, 0], dc[:, :, 1]
    else:
        dh[:, ::2], dh[:, 1::2] = dc[:, :, 0], dc[:, :, 1]
    return np.sum(e**2), {"w": x.T @ (dh * (1 - h**2))}


def wavelet(p: Any, x: Any, y: Any, bug: str) -> Any:
    """Sums and differences of neighbours."""
    h = np.tanh(x @ p["w"])
    low, high = h[:, ::2] + h[:, 1::2], h[:, ::2] - h[:, 1::2]
    e = (low * [1.0, 2.0]).sum(1) + (high**2).sum(1) - y
    dlow, dhigh = 2 * e[:, None] * [1.0, 2.0], 4 * e[:, None] * high
    even, odd = dlow + dhigh, dlow - dhigh
    if bug:
        dh = np.concatenate([even, odd], axis=1)
    else:
        dh = np.stack([even, odd], axis=2).reshape(h.shape)
    return np.sum(e**2), {"w": x.T @ (dh * (1 - h**2))}


def halved(p: Any, x: Any, y: Any, bug: str) -> Any:
    """Two halves, one of which opens or closes the other."""
    z = x @ p["w"]
    a, s = z[:, :2], sigmoid(z[:, 2:])
    e = (a * s).sum(1) - y
    da, ds = 2 * e[:, None] * s, 2 * e[:, None] * a * s * (1 - s)
    dz = np.zeros_like(z)
    if bug:
        dz[:, ::2], dz[:, 1::2] = da, ds
    else:
        dz[:, :2], dz[:, 2:] = da, ds
    return np.sum(e**2), {"w": x.T @ dz}


def weighted(p: Any, x: Any, y: Any, w: Any, bug: str) -> Any:
    """Least squares with weights."""
    diff = x @ p["w"] + p["b"] - y
    db = 2 * (diff.sum() if bug else (w * diff).sum())
    return np.sum(w * diff**2), {"w": 2 * x.T @ (w * diff), "b": db}


def sampled(p: Any, x: Any, y: Any, w: Any, bug: str) -> Any:
    """A hidden layer, and weights of importance that the last layer has and the first has not."""
    h = np.tanh(x @ p["w"])
    diff = h @ p["v"] - y
    d = w * diff / len(x)
    dh = np.outer(diff / len(x) if bug else d, p["v"]) * (1 - h**2)
    return np.mean(0.5 * w * diff**2), {"w": x.T @ dh, "v": h.T @ d}


def some(*shape: int) -> Any:
    return RNG.normal(size=shape)


P4 = {"w": some(4), "b": np.array(0.3)}
P45 = {"w": some(4, 5), "v": some(5, 5)}
PE = {"E": some(6, 3), "v": some(3)}
P44 = {"w": some(4, 4)}
T = np.cos(0.3 * np.arange(9))
CASES: list[tuple[Callable[..., Any], Any, tuple[Any, ...], str, str, str]] = [
    (factors, {"P": some(5, 3), "Q": some(4, 3)}, (PAIRS, STARS), "each", "regularisation", "each time that a row"),
    (offsets, {"a": some(5), "b": some(4)}, (PAIRS, STARS), "each", "regularisation", "each time that a row"),
    (used, {"P": some(5, 3), "q": some(3)}, (PAIRS, STARS), "once", "regularisation", "once for each row"),
    (intercept, {"w": some(5)}, (X, Y), "too", "regularisation", "0.5 times the parameter is too much in element 4"),
    (lasso, {"w": some(4)}, (X, Y), "too", "regularisation", "in element 0"),
    (of_classes, {"w": some(4, 2)}, (X, Y), "too", "regularisation", "in row 0: the penalty leaves"),
    (mean_of_weights, P4, (X, Y, W), "number", "", "divides by 12 where `np.sum(w)`"),
    (mean_of_all, P4, (X, Y, W), "sum", "", "where 12"),
    (padded, P4, (X, Y, W), "all", "", "12"),
    (exposed, P4, (X, COUNTS, W), "rate", "factor missing", "lam everywhere where mean is meant: t missing"),
    (trials, P4, (X, COUNTS, W), "one", "factor missing", "m"),
    (survival, P4, (X, COUNTS, W), "no time", "factor missing", "t"),
    (dropped, P45, (X, Y, MASKS), "other", "wrong factor", "second where first is meant: second is another mask"),
    (by_turns, P45, (X, Y, MASKS), "last", "", "mask"),
    (bag, PE, (TEXTS, Y), "whole", "summed", "3, 2, 4, 1"),
    (neighbours, PE, (TEXTS, Y), "whole", "", "division"),
    (pendulum, {"k": np.array([2.0]), "start": np.array([1.0, 0.2])}, (T,), "late", "wrong branch", "the new v"),
    (damped, {"A": some(2, 2), "x": some(2)}, (some(4, 2),), "late", "wrong branch", "the new v"),
    (momentum, {"w": some(4), "v": some(4)}, (X, Y), "late", "wrong branch", "the new v"),
    (paired, P44, (X, Y), "halves", "wrong order", "blocks along index 1"),
    (wavelet, P44, (X, Y), "halves", "wrong order", "take turns"),
    (halved, P44, (X, Y), "turns", "wrong order", "where blocks are meant"),
    (weighted, P4, (X, Y, W), "db", "factor missing", "factor w is missing at diff"),
    (sampled, {"w": some(4, 5), "v": some(5)}, (X, Y, W), "first", "factor missing", "w"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("f", "params", "batch", "bug", "kind", "words"), CASES, ids=lambda v: getattr(v, "__name__", "")
)
def test_it_is_named(
    f: Callable[..., Any], params: Any, batch: tuple[Any, ...], bug: str, kind: str, words: str
) -> None:
    def with_(mistake: str) -> Any:
        return check_gradients(partial(f, bug=mistake), params, batch)

    assert with_("").ok
    found = with_(bug).wrong
    said = "\n".join(f"{one.kind}: {one.sentence}" for one in found)
    assert found and all(one.kind == (kind or one.kind) != "unknown" and words in one.sentence for one in found), said
