"""Mistakes whose numbers another one would nearly give, or give as well: which of them is said, and which is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify import check_backward, check_gradients

RNG = np.random.default_rng(23)
X, W, Y = RNG.normal(size=(6, 4)), RNG.normal(size=(4, 4)), RNG.normal(size=(6, 3))
ACTIONS = np.array([0, 2, 1, 1, 0, 2])


def said(check: Any) -> str:
    """Kinds and sentences of what is wrong, one to a line."""
    return "\n".join(f"{finding.kind}: {finding.sentence}" for finding in check.wrong)


def scaled(p: Any, bug: str) -> Any:
    """Scores divided by the root of their width."""
    s = X @ p["w"] / np.sqrt(16)
    d = 2 * s / s.size
    dw = X.T @ d / (1 if bug == "scale" else 4)
    return np.mean(s * s), {"w": dw * (1.5 if bug == "number" else 1)}


def repeated(p: Any, bug: str) -> Any:
    """A state that every example starts from."""
    h = np.tanh(np.repeat(p["w"][:1], 6, axis=0) + X)
    d = (1 - h**2) * (0.5 if bug == "number" else 1)
    first = d.mean(0) if bug == "mean" else d.sum(0)
    return np.sum(h), {"w": np.vstack([first[None], np.zeros((3, 4))])}


def chosen(p: Any, bug: str) -> Any:
    """The value of the action that was taken."""
    q = X @ p["w"]
    off = q[np.arange(6), ACTIONS] - Y[:, 0]
    d = np.zeros_like(q)
    if bug == "all":
        d[:] = 2 * off[:, None] / 6
    else:
        d[np.arange(6), ACTIONS + (bug == "next")] = 2 * off / 6
    return np.mean(off**2), {"w": X.T @ d}


def joined(p: Any, bug: str) -> Any:
    """Two parts of one width side by side."""
    h = np.concatenate([np.tanh(X @ p["w"]), X], axis=1)
    d = 2 * h * np.arange(1, 9) / h.size
    part = d[:, 4:] if bug == "other part" else d[:, :4]
    return np.mean(h * h * np.arange(1, 9)), {
        "w": X.T @ (part * (1 - np.tanh(X @ p["w"]) ** (3 if bug == "power" else 2)))
    }


def faked(p: Any, bug: str) -> Any:
    """All of one label, 0."""
    s = 1 / (1 + np.exp(-(X @ p["w"])))
    d = (s - 1 if bug == "labels" else s) / 6
    return -np.sum(np.log(1 - s)) / 6, {"w": X.T @ (d * d if bug == "squared" else d)}


def one_image(p: Any, bug: str) -> Any:
    """The scores of one example alone, with the label 2."""
    s = p["w"][0] * X[0]
    e = np.exp(s) / np.exp(s).sum()
    d = e - (np.arange(4) == 2)
    if bug == "times":
        d = d * e[2]
    return -np.log(e[2]), {"w": np.vstack([d * X[0] * (X[1] if bug == "data" else 1), np.zeros((3, 4))])}


def ends(p: Any, bug: str) -> Any:
    """A state between two ends."""
    z, n = 1 / (1 + np.exp(-(X @ p["w"]))), np.tanh(X @ p["w"].T)
    h = (1 - z) * X + z * n
    dz = (X - n if bug == "exchanged" else n - X) * z * (1 - z)
    dn = z * (1 - n**2) * (2 if bug == "twice" else 1)
    return np.sum(h), {"w": X.T @ dz + dn.T @ X}


def differences(p: Any, bug: str) -> Any:
    """Of two branches with the same weights that are subtracted."""
    w, row = p["w"][:3], p["w"][3]
    a, b = np.tanh(X[:, :3] @ w + row), np.tanh(Y @ w + row)
    d = 2 * (a - b)
    da = d * (1 - a**2)
    db = (d if bug == "minus" else -d) * (b**2 - 1 if bug == "slope" else 1 - b**2)
    return np.sum((a - b) ** 2), {"w": np.vstack([X[:, :3].T @ da + Y.T @ db, da.sum(0) + db.sum(0)])}


def choices(p: Any, bug: str) -> Any:
    """The probability of a label, p or 1 − p."""
    q = 1 / (1 + np.exp(-(X @ p["w"])))
    d = -1 / np.where(X > 0, q, 1 - q)
    d = d if bug == "minus" else np.where(X > 0, d, -d)
    return -np.sum(np.log(np.where(X > 0, q, 1 - q))), {"w": X.T @ (d * q * (1 - q)) * (1.5 if bug == "number" else 1)}


def likelihood(p: Any, bug: str) -> Any:
    """Of labels, whose derivative is a difference of two quotients."""
    q, y = 1 / (1 + np.exp(-(X @ p["w"]))), 1.0 * (X > 0)
    zeros = (1 - y) / (1 - q)
    d = -(y / q + zeros if bug == "added" else y / q - zeros)
    return -np.sum(y * np.log(q) + (1 - y) * np.log(1 - q)), {"w": X.T @ (d * (2 if bug == "twice" else q) * (1 - q))}


def rolled(p: Any, bug: str) -> Any:
    """Rolled along the rows."""
    h = np.tanh(np.roll(X @ p["w"], 1, axis=1)) * np.arange(4)
    d = (1 - np.tanh(np.roll(X @ p["w"], 1, axis=1)) ** 2) * np.arange(4)
    return np.sum(h), {"w": X.T @ np.roll(d, {"again": 1, "other": 2, "": -1}[bug], axis=1)}


def reversed_rows(p: Any, bug: str) -> Any:
    """Turned round, and once more."""
    h = np.tanh((X @ p["w"])[::-1]) * X
    d = (1 - np.tanh((X @ p["w"])[::-1]) ** 2) * X
    return np.sum(h), {"w": X.T @ {"not back": d, "columns": d[::-1, ::-1], "": d[::-1]}[bug]}


def in_time(p: Any, bug: str) -> Any:
    """Three steps from a state that is made as well."""
    h = [X @ p["w"]]
    for _ in range(3):
        h.append(np.tanh(h[-1] @ p["w"]))
    g, dw = 2 * h[-1], np.zeros((4, 4))
    for t in (1, 2, 3) if bug == "forward" else (3, 2, 1):
        g = g * (1 - h[t] ** (3 if bug == "power" else 2))
        dw += h[t - 1].T @ g
        g = g @ p["w"].T
    return np.sum(h[-1] ** 2), {"w": dw + X.T @ g}


def taps(p: Any, bug: str) -> Any:
    """Two taps, two places apart."""
    h = X @ p["w"]
    y = sum(h[:, 2 * j : 2 * j + 2] * p["w"][j, :2] for j in range(2))
    dh, dw = np.zeros_like(h), np.zeros((4, 4))
    for j in range(2):
        start = j if bug == "dilation" else 2 * j
        dh[:, start : start + 2] += 2 * y * p["w"][j, :2] * (1.5 if bug == "number" else 1)
        dw[j, :2] += np.sum(2 * y * h[:, 2 * j : 2 * j + 2], axis=0)
    return np.sum(y * y), {"w": dw + X.T @ dh}


def cosines(p: Any, bug: str) -> Any:
    """Of the rows and those of Y."""
    a = X @ p["w"][:, :3]
    na, ny = np.linalg.norm(a, axis=1, keepdims=True), np.linalg.norm(Y, axis=1, keepdims=True)
    c = np.sum(a * Y, axis=1, keepdims=True) / (na * ny)
    below = {"power": na, "other": na * ny, "": na**2}[bug]
    return np.sum(c), {"w": np.hstack([X.T @ (Y / (na * ny) - c * a / below), np.zeros((4, 1))])}


def staged(p: Any, bug: str) -> Any:
    """A likelihood, one small step after another."""
    a = X @ p["w"]
    most = a.max(1, keepdims=True)
    e = np.exp(a - most)
    total = e.sum(1, keepdims=True)
    inverse = total**-1
    share = e * inverse
    d = np.zeros_like(share)
    d[np.arange(6), ACTIONS] = -1 / share[np.arange(6), ACTIONS]
    dinverse = (e * d).sum(1, keepdims=True)
    de = inverse * d
    dtotal = -(total**-2) * dinverse
    if bug != "unused":
        de += dtotal
    da = e * de
    dmost = -da.sum(1, keepdims=True)
    da = da + np.eye(4)[a.argmax(1)] * dmost
    return -np.log(share[np.arange(6), ACTIONS]).sum(), {"w": (2 if bug == "twice" else 1) * X.T @ da}


def in_parts(p: Any, bug: str) -> Any:
    """The mean of all examples, of which the last part has fewer."""
    total, grads = 0.0, [np.zeros((4, 2)), np.zeros((4, 2))]
    for part in (X[:4], X[4:]):
        halves = [np.tanh(part @ p["w"][:, :2]), np.sin(part @ p["w"][:, 2:])]
        total += sum(h.sum() for h in halves) / 6
        slopes = [1 - halves[0] ** 2, np.cos(part @ p["w"][:, 2:])]
        for grad, slope in zip(grads, slopes, strict=True):
            grad += part.T @ slope / {"own": len(part), "twice": 3}.get(bug, 6)
    return total, {"w": np.hstack(grads)}


def in_turn(p: Any, bug: str) -> Any:
    """Rows and columns made to sum to 1, in turn."""
    s, steps = np.exp(p["w"]), []
    for axis in (1, 0, 1, 0):
        total = s.sum(axis=axis, keepdims=True)
        s = s / total
        steps.append((s, total, axis))
    d = 2 * s
    for share, total, axis in steps if bug == "forward" else reversed(steps):
        d = (d - (d * share ** (3 if bug == "power" else 1)).sum(axis=axis, keepdims=True)) / total
    return np.sum(s * s), {"w": d * np.exp(p["w"])}


def margins(p: Any, bug: str) -> Any:
    """Of each wrong label that comes too near to the right one."""
    loss, dw = 0.0, np.zeros_like(p["w"])
    for x, label in zip(X, ACTIONS, strict=True):
        s = x @ p["w"]
        for j in range(4):
            over = s[j] - s[label] + 1
            if j != label and over > 0:
                loss += over
                dw[:, j] += x
                if bug != "outside":
                    dw[:, label] -= (2 if bug == "twice" else 1) * x
        if bug == "outside":
            dw[:, label] -= x
    return loss, {"w": dw}


def kept(p: Any, bug: str) -> Any:
    """A state of which each step keeps a part."""
    c, steps = np.zeros((4, 1)), []
    for x in X[:3]:
        f = 1 / (1 + np.exp(-(p["w"] @ x[:, None])))
        steps.append((c, f, x[:, None]))
        c = f * c + np.sin(x[:, None] + 1)
    loss, dw, dc = np.sum(c**2), np.zeros_like(p["w"]), 2 * c
    for c, f, x in reversed(steps):
        dw += (dc * c * f * (1 - f)) @ x.T
        dc = f * (c if bug == "value" else dc) * (2 if bug == "twice" else 1)
    return loss, {"w": dw}


def of_its_own(p: Any, bug: str) -> Any:
    """A mean of the places that each row has."""
    mask = np.arange(4) < np.array([1, 2, 4, 3, 2, 4])[:, None]
    count = mask.sum(1)
    a = np.tanh(X @ p["w"])
    mean = (a * mask).sum(1) / count
    d = 2 * mean / len(mean)
    d = d / {"all": mask.shape[1], "twice": count / 2}.get(bug, count)
    return np.mean(mean**2), {"w": X.T @ (d[:, None] * mask * (1 - a**2))}


def rolled_out(p: Any, bug: str) -> Any:
    """Three steps of a state that starts at zero, whose weights get what each step gives."""
    h = [np.zeros((6, 4))]
    for t in range(3):
        h.append(np.tanh(h[t] @ p["w"] + X * (t + 1)))
    d, dw = h[3], np.zeros_like(W)
    for t in (2, 1, 0):
        d = d * (1 - h[t + 1] ** 2)
        new = h[t].T @ (d**2 if bug == "squared" else d)
        dw = new if bug == "assigned" else dw + new
        d = d @ p["w"].T
    return np.sum(h[3] ** 2) / 2, {"w": dw}


def soft_labels(p: Any, bug: str) -> Any:
    """Cross-entropies with smoothed labels, each with a weight of either sign."""
    s = X @ p["w"]
    e = np.exp(s - s.max(1, keepdims=True))
    soft = e / e.sum(1, keepdims=True)
    hard = np.eye(4)[ACTIONS]
    y = 0.7 * hard + 0.3 / 4
    weights = Y[:, :1]
    d = (soft - (hard if bug == "hard" else y)) * weights
    return -np.sum(weights * y * np.log(soft)), {"w": X.T @ (d * soft if bug == "twice" else d)}


PROGRAMS: list[tuple[Callable[[Any, str], Any], str, str, str]] = [
    (scaled, "scale", "number", "the division by 4 is left out"),
    (repeated, "mean", "number", "a mean where the sum over the broadcast axes is meant"),
    (chosen, "all", "next", "in the whole row"),
    (joined, "other part", "power", "which belongs to another"),
    (faked, "labels", "squared", "as where the label is 1"),
    (one_image, "times", "data", "log"),
    (ends, "exchanged", "twice", "It is n − X, not X − n"),
    (differences, "minus", "slope", "What is subtracted"),
    (choices, "minus", "number", "What is subtracted"),
    (likelihood, "added", "twice", "zeros is subtracted, not added"),
    (rolled, "again", "other", "rolled on in the same direction"),
    (reversed_rows, "not back", "columns", "is not turned back"),
    (in_time, "forward", "power", "from the first to the last"),
    (cosines, "power", "other", "na² is meant"),
    (taps, "dilation", "number", "as if the dilation were 1"),
    (staged, "unused", "twice", "dtotal is computed and never used: add it to de, de += dtotal"),
    (in_parts, "own", "twice", "divides by the number of its own, 4, 4, 2, 2, where that of all, 6, is meant"),
    (margins, "outside", "twice", "belongs inside the inner loop, once in each of its turns"),
    (kept, "value", "twice", "reads c where its gradient dc is meant"),
    (of_its_own, "all", "twice", "divides by 4 where count is meant, a count of each"),
    (in_turn, "forward", "power", "runs through the steps in the wrong order"),
    (rolled_out, "assigned", "squared", "Only the last of its turns counts: add them all up"),
    (soft_labels, "hard", "twice", "written p − 1 at the label: the labels are not smoothed"),
]


@pytest.mark.parametrize(("program", "bug", "other", "words"), PROGRAMS)
def test_of_a_network(program: Callable[[Any, str], Any], bug: str, other: str, words: str) -> None:
    def told(bug: str) -> str:
        return said(check_gradients(lambda params: program(params, bug), {"w": W}))

    assert words in told(bug), told(bug)
    assert told(other) and words not in told(other), told(other)
    assert not told("")


def by_columns(s: Any, bias: Any) -> Any:
    return s + bias - np.log(np.sum(np.exp(s + bias), axis=1, keepdims=True))


@pytest.mark.parametrize(("axis", "words"), [((1,), "over axis 0, not over 1"), ((0,), "")])
def test_what_cancels_out_is_not_left_out(axis: tuple[int, ...], words: str) -> None:
    s, bias = RNG.normal(size=(4, 4)), RNG.normal(size=4)

    def backward(g: Any, s: Any, bias: Any) -> Any:
        d = g - np.exp(by_columns(s, bias)) * g.sum(1, keepdims=True)
        return d, d.sum(axis)

    text = said(check_backward(backward, by_columns, (s, bias)))
    assert words in text and "left out" not in text and bool(text) == bool(words), text


@pytest.mark.parametrize(("order", "words"), [((0, 4, 2, 1, 3), "order (0, 2, 4, 1, 3)"), ((0, 2, 4, 1, 3), "")])
def test_axes_of_a_shuffle(order: tuple[int, ...], words: str) -> None:
    def forward(x: Any, b: Any) -> Any:
        return (x + b[:, None, None]).reshape(2, 2, 2, 3, 3).transpose(0, 3, 1, 4, 2).reshape(2, 6, 6)

    def backward(g: Any, x: Any, b: Any) -> Any:
        d = g.reshape(2, 3, 2, 3, 2).transpose(order).reshape(8, 3, 3)
        return d, d.sum((1, 2))

    text = said(check_backward(backward, forward, (RNG.normal(size=(8, 3, 3)), RNG.normal(size=8))))
    assert words in text and bool(text) == bool(words), text


@pytest.mark.parametrize("first", [True, False], ids=["integers first", "integers last"])
def test_gradients_of_floats_alone_leave_out_integers(first: bool) -> None:
    table, places, ids = RNG.normal(size=(5, 4)), RNG.normal(size=(6, 4)), np.array([[0, 3, 3], [1, 0, 4]])

    def backward(g: Any, *inputs: Any) -> Any:
        d = np.zeros_like(table)
        np.add.at(d, ids, g)
        return d, np.concatenate([g.sum(0), np.zeros((3, 4))])

    def forward(*inputs: Any) -> Any:
        index, t, p = inputs if first else (inputs[2], *inputs[:2])
        return t[index] + p[:3]

    inputs = (ids, table, places) if first else (table, places, ids)
    assert check_backward(backward, forward, inputs, names=("dtable", "dplaces")).ok


def over_neighbours(x: Any) -> Any:
    """Of each channel, the squares of it and its neighbours."""
    s = np.ones_like(x)
    for c in range(x.shape[1]):
        s[:, c] += np.sum(x[:, max(0, c - 1) : c + 2] ** 2, axis=1)
    return s


@pytest.mark.parametrize(("bug", "words"), [("own", "along axis 1 gets back what its own place of"), ("", "")])
def test_what_neighbours_are_made_of(bug: str, words: str) -> None:
    def backward(g: Any, x: Any) -> Any:
        s = over_neighbours(x)
        d = g * x / s**2
        if bug != "own":
            d = np.stack([d[:, max(0, c - 1) : c + 2].sum(1) for c in range(x.shape[1])], axis=1)
        return g / s - 2 * x * d

    text = said(check_backward(backward, lambda x: x / over_neighbours(x), (RNG.normal(size=(3, 5)),)))
    assert words in text and bool(text) == bool(words), text


def test_two_equal_maxima_that_both_have_all_of_it() -> None:
    z = np.array([[1.0, 1.0, 0.0], [2.0, 3.0, 4.0]])
    found = check_backward(lambda g, z: g[:, None] * (z == z.max(1, keepdims=True)), lambda z: z.max(1), (z,))
    assert "counted twice" in said(found) and "each of several equal elements in full" in said(found)
    one = check_backward(lambda g, z: np.eye(3)[z.argmax(1)] * g[:, None], lambda z: z.max(1), (z,))
    assert [f.kind for f in one.findings] == ["kink"]
