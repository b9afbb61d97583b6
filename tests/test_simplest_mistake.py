"""Of mistakes that give one and the same numbers, the simplest is said, in the place where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_bp.verify import check_backward, check_gradients

RNG = np.random.default_rng(31)
X, GOAL = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3))
LABELS = np.array([0, 2, 1, 1, 0])


def said(check: Any) -> str:
    """Kinds and sentences of what is wrong, one to a line."""
    return "\n".join(f"{finding.kind}: {finding.sentence}" for finding in check.wrong)


def chain(p: Any, bug: str) -> Any:
    """Two scores in a row whose probabilities are of both together: gold less the sum over all ways."""
    s, t = p["start"], p["step"]
    both = s[:, None] + t
    most = both.max()
    everything = most + np.log(np.sum(np.exp(both - most)))
    q = np.exp(both - everything)
    ds, dt = q.sum(1), q.copy()
    if bug == "p":
        ds = 0 * ds
    ds[1] -= 1
    dt[1, 2] -= 1
    return everything - s[1] - t[1, 2], {"start": np.floor(10 * ds) if bug == "floor" else ds, "step": dt}


def contracted(p: Any, bug: str) -> Any:
    """A penalty on the slope of a sigmoid."""
    w = p["w"]
    h = 1 / (1 + np.exp(-(X @ w)))
    slope = h * (1 - h)
    d = (h - GOAL) / 5
    if bug != "branch":
        d = d + 0.4 * slope * (1 - (h if bug == "half" else 2 * h))
    return 0.5 * np.sum((h - GOAL) ** 2) / 5 + 0.2 * np.sum(slope**2), {"w": X.T @ (d * slope)}


def by_steps(p: Any, bug: str) -> Any:
    """Steps of a size, as of Euler."""
    a, dt = p["a"], 0.25
    states = [X]
    for _ in range(4):
        states.append(states[-1] + dt * np.tanh(states[-1] @ a))
    loss = 0.5 * np.sum((states[-1] - GOAL) ** 2)
    d, da = (states[-1] - GOAL) * (4 if bug == "loss" else 1), 0 * a
    for z in states[-2::-1]:
        v = d * (1 - np.tanh(z @ a) ** 2)
        da = da + (1 if bug == "dt" else dt) * (z.T @ v)
        d = d + dt * v @ a.T
    return loss, {"a": da}


def scored(p: Any, bug: str) -> Any:
    """The sum of cross-entropies; whole numbers where the bias has the labels alone."""
    z = X @ p["w"] + p["b"]
    q = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    y = np.eye(3)[LABELS]
    return -np.sum(y * np.log(q)), {"w": X.T @ (q - y), "b": np.sum({"p": -y, "y": q}.get(bug, q - y), axis=0)}


def averaged(p: Any, bug: str) -> Any:
    """A mean over places, and one over as many examples as its places lack: the nearer is meant."""
    x = np.stack([X, GOAL, X * GOAL, X + GOAL], axis=1)
    h = np.tanh(x * p["w"])
    off = h.mean(axis=1) @ p["v"] - 1
    d = off[:, None] * p["v"] / 5
    dh = d[:, None] / (1 if bug == "mean" else 4) * (1 - h**2)
    return 0.5 * np.sum(off**2) / 5, {"w": np.sum(dh * x, axis=(0, 1)), "v": h.mean(axis=1).T @ off / 5}


def with_a_bias(p: Any, bug: str) -> Any:
    """The same penalty, and a bias that may lack it."""
    h = 1 / (1 + np.exp(-(X @ p["w"] + p["b"])))
    slope = h * (1 - h)
    d = (h - GOAL) / 5 * slope
    more = 0.4 * slope * (1 - 2 * h) * slope
    loss = 0.5 * np.sum((h - GOAL) ** 2) / 5 + 0.2 * np.sum(slope**2)
    return loss, {"w": X.T @ (d + more), "b": np.sum(d if bug else d + more, axis=0)}


W, B = RNG.normal(size=(3, 3)), RNG.normal(size=3)


@pytest.mark.parametrize(
    ("program", "params", "bug", "words", "not_said"),
    [
        (chain, {"start": B, "step": W}, "p", "only the last use counts", "rounded"),
        (chain, {"start": B, "step": W}, "floor", "", "left out"),
        (contracted, {"w": W}, "branch", "branch missing", "derivative"),
        (contracted, {"w": W}, "half", "through mul is left out", "h is used"),
        (with_a_bias, {"w": W, "b": B}, "branch", "branch missing", "derivative"),
        (with_a_bias, {"w": W, "b": B}, "", "", "branch"),
        (by_steps, {"a": W}, "dt", "the number 0.25 of the product", "divided by the other factor"),
        (by_steps, {"a": W}, "loss", "through the product", "the number 0.25"),
        (by_steps, {"a": W}, "", "", "factor"),
        (scored, {"w": W, "b": B}, "p", "p missing", "rounded"),
        (scored, {"w": W, "b": B}, "y", "labels missing", "p missing"),
        (averaged, {"w": B, "v": B[::-1].copy()}, "mean", "What the mean", "the number"),
    ],
)
def test_of_a_network(program: Callable[[Any, str], Any], params: Any, bug: str, words: str, not_said: str) -> None:
    check = check_gradients(lambda p: program(p, bug), params)
    text = said(check)
    assert words in text and not_said not in text and check.ok == (not bug), text


@pytest.mark.parametrize(("scale", "words"), [(1.0, "the number 0.3 of the product"), (0.3, "")])
def test_a_scale_of_scores_that_keys_lack(scale: float, words: str) -> None:
    def shares(q: Any, k: Any) -> Any:
        e = np.exp(q @ k.T * 0.3)
        return e / np.sum(e, axis=1, keepdims=True)

    def backward(g: Any, q: Any, k: Any) -> Any:
        p = shares(q, k)
        d = p * (g - np.sum(g * p, axis=1, keepdims=True))
        return 0.3 * d @ k, scale * d.T @ q

    text = said(check_backward(backward, shares, (X, GOAL), names=("dq", "dk")))
    assert words in text and bool(text) == bool(words), text


@pytest.mark.parametrize(
    ("size", "other", "words"),
    [
        (4, 4, "4 stands where 8, 2 times that"),
        (2, 2, "wrong count"),
        (8, 4, "This divides by 4 where 8 is meant"),
        (8, 8, ""),
    ],
)
def test_a_count_of_other_elements_is_no_term_counted_twice(size: int, other: int, words: str) -> None:
    def groups(x: Any) -> Any:
        g = x.reshape(2, 2, 2, 4)
        c = g - g.mean((2, 3), keepdims=True)
        return c / np.sqrt(np.mean(c**2, (2, 3), keepdims=True) + 1e-5)

    def backward(g: Any, x: Any) -> Any:
        y, d = groups(x), g.reshape(2, 2, 2, 4)
        z = x.reshape(2, 2, 2, 4)
        first, second = d.sum((2, 3), keepdims=True), (d * y).sum((2, 3), keepdims=True)
        sigma = np.sqrt(z.var((2, 3), keepdims=True) + 1e-5)
        return ((d - first / size - y * second / other) / sigma).reshape(x.shape)

    text = said(check_backward(backward, lambda x: groups(x).reshape(x.shape), (RNG.normal(size=(2, 4, 4)),)))
    assert words in text and "counted twice" not in text and bool(text) == bool(words), text


@pytest.mark.parametrize(("start", "words"), [(0, "padding"), (1, "")])
def test_a_border_of_a_convolution_in_loops(start: int, words: str) -> None:
    def forward(x: Any, w: Any) -> Any:
        border = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        y = np.zeros((2, 3, 3, 4))
        for n in range(2):
            for f in range(3):
                for i in range(3):
                    for j in range(4):
                        y[n, f, i, j] = np.sum(border[n, :, i : i + 3, j : j + 3] * w[f])
        return y

    def backward(g: Any, x: Any, w: Any) -> Any:
        border = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        d, dw = np.zeros_like(border), np.zeros_like(w)
        for n in range(2):
            for f in range(3):
                for i in range(3):
                    for j in range(4):
                        d[n, :, i : i + 3, j : j + 3] += g[n, f, i, j] * w[f]
                        dw[f] += g[n, f, i, j] * border[n, :, i : i + 3, j : j + 3]
        return d[:, :, start : start + 3, start : start + 4], dw

    text = said(check_backward(backward, forward, (RNG.normal(size=(2, 1, 3, 4)), RNG.normal(size=(3, 1, 3, 3)))))
    assert words in text and bool(text) == bool(words), text
