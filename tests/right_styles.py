"""Right programs that are written oddly: flat and nested parameters, plain Python, networks that hold their state.

``STYLES`` maps a name to (f, params, batch, options), as ``NETWORKS`` does.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

rng = np.random.default_rng(1)
X, Y = rng.normal(size=(6, 4)), np.array([0, 1, 2, 0, 1, 2])
BITS = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def unrolled(theta: Any, x: Any, y: Any, lam: Any) -> Any:
    """One vector of parameters, the column of ones in front, no penalty on it."""
    w1, w2, m = theta[:15].reshape(3, 5), theta[15:].reshape(3, 4), len(x)
    a1 = np.hstack([np.ones((m, 1)), x])
    z2 = a1 @ w1.T
    a2 = np.hstack([np.ones((m, 1)), sigmoid(z2)])
    h, t = sigmoid(a2 @ w2.T), np.eye(3)[y]
    cost = -np.sum(t * np.log(h) + (1 - t) * np.log(1 - h)) / m
    cost += lam / (2 * m) * (np.sum(w1[:, 1:] ** 2) + np.sum(w2[:, 1:] ** 2))
    d3 = h - t
    d2 = (d3 @ w2)[:, 1:] * sigmoid(z2) * (1 - sigmoid(z2))
    g1, g2 = d2.T @ a1 / m, d3.T @ a2 / m
    g1[:, 1:] += lam / m * w1[:, 1:]
    g2[:, 1:] += lam / m * w2[:, 1:]
    return cost, np.concatenate([g1.ravel(), g2.ravel()])


def nested(p: Any, x: Any, y: Any) -> Any:
    h, kept = x, []
    for layer in p["layers"]:
        z = h @ layer["W"] + layer["b"]
        kept.append((h, z))
        h = np.tanh(z)
    d = h @ p["out"] - np.eye(3)[y]
    g = d / len(x)
    grads: dict[str, Any] = {"out": h.T @ g, "layers": []}
    g = g @ p["out"].T
    for layer, (before, z) in zip(p["layers"][::-1], kept[::-1], strict=True):
        g = g * (1 - np.tanh(z) ** 2)
        grads["layers"].insert(0, {"W": before.T @ g, "b": g.sum(0)})
        g = g @ layer["W"].T
    return 0.5 * np.sum(d**2) / len(x), grads


class Line(NamedTuple):
    w: Any
    b: Any


def named(p: Any, x: Any, y: Any) -> Any:
    d = x @ p.w + p.b - y
    return (d**2).mean(), Line(2 * x.T @ d / len(x), 2 * d.mean())


def one_by_one(p: Any, x: Any, y: Any) -> Any:
    loss, dw, db = 0, np.zeros(4), 0
    for row, target in zip(x, y, strict=True):
        e = np.dot(row, p["w"]) + p["b"] - target
        loss += e**2
        dw += 2 * e * row
        db += 2 * e
    return loss / len(x), {"w": dw / len(x), "b": db / len(x)}


def plain_python(p: Any, x: Any, y: Any) -> Any:
    w, b, n = p["w"], p["b"], len(x)
    loss, dw, db = 0.0, [0.0] * len(w), 0.0
    for i in range(n):
        e = sum(w[j] * x[i][j] for j in range(len(w))) + b - y[i]
        loss += e * e / n
        for j in range(len(w)):
            dw[j] += 2 * e * x[i][j] / n
        db += 2 * e / n
    return loss, {"w": dw, "b": db}


def with_math(p: Any, x: Any, y: Any) -> Any:
    loss, dw, db = 0.0, 0.0, 0.0
    for one, bit in zip(x, y, strict=True):
        a = 1 / (1 + math.exp(-(p[0] * one + p[1])))
        loss -= bit * math.log(a) + (1 - bit) * math.log(1 - a)
        dw += (a - bit) * one
        db += a - bit
    return loss / len(x), [dw / len(x), db / len(x)]


class Net:
    """A network that holds its parameters, with a connection past its hidden layer."""

    def __init__(self, p: Any) -> None:
        self.p = p

    def loss_and_grads(self, x: Any, y: Any) -> Any:
        p, n = self.p, x.shape[0]
        self.h = np.maximum(x.dot(p["W1"]) + p["b1"], 0)
        self.r = self.h + x
        z = self.r.dot(p["W2"])
        z -= np.max(z, axis=1)[:, None]
        logp = z - np.log(np.exp(z).sum(1))[:, None]
        loss = -logp[np.arange(n), y].mean() + 5e-4 * sum((w**2).sum() for name, w in p.items() if name[0] == "W")
        g = np.exp(logp)
        g[np.arange(n), y] -= 1
        g /= n
        dh = g.dot(p["W2"].T) * (self.h > 0)
        grads = {"W2": self.r.T.dot(g) + 1e-3 * p["W2"], "W1": x.T.dot(dh) + 1e-3 * p["W1"]}
        return loss, grads | {"b1": dh.sum(0)}


WEIGHTS = {"W1": rng.normal(size=(4, 4)), "b1": np.zeros(4), "W2": rng.normal(size=(4, 3))}
NET = Net({name: a.copy() for name, a in WEIGHTS.items()})
RUNNING = {"mean": np.zeros(5)}


def written_into_the_network(p: Any) -> Any:
    for name in p:
        NET.p[name][...] = p[name]
    return NET.loss_and_grads(X, Y)


def running_mean(p: Any, x: Any, y: Any) -> Any:
    """Batch norm that keeps a running mean, in a dict of the program's own."""
    z = x @ p["W"]
    mu, var = z.mean(axis=0), z.var(axis=0)
    RUNNING["mean"] = 0.9 * RUNNING["mean"] + 0.1 * mu
    xh = (z - mu) / np.sqrt(var + 1e-5)
    out = xh * p["gamma"] + p["beta"]
    d = (out @ p["V"])[:, 0] - y
    g = (2 * d / len(x))[:, None]
    do = g @ p["V"].T
    dxh = do * p["gamma"]
    dz = (dxh - dxh.mean(0) - xh * (dxh * xh).mean(0)) / np.sqrt(var + 1e-5)
    return (d**2).mean(), {"V": out.T @ g, "gamma": (do * xh).sum(0), "beta": do.sum(0), "W": x.T @ dz}


def lstm(p: Any, xs: Any, t: Any) -> Any:
    h, c, steps = np.zeros((len(xs), 3)), np.zeros((len(xs), 3)), []
    for k in range(xs.shape[1]):
        z = np.hstack((h, xs[:, k]))
        a = z @ p["W"] + p["b"]
        i, f, o, new = sigmoid(a[:, :3]), sigmoid(a[:, 3:6]), sigmoid(a[:, 6:9]), np.tanh(a[:, 9:])
        before, c = c, f * c + i * new
        steps.append((z, i, f, o, new, before, c))
        h = o * np.tanh(c)
    d = h @ p["V"] - t
    grads = {name: np.zeros_like(a) for name, a in p.items()}
    g = 2 * d / d.size
    grads["V"] += h.T @ g
    dh, dc = g @ p["V"].T, 0
    for z, i, f, o, new, before, c in steps[::-1]:
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        parts = (
            dc * new * i * (1 - i),
            dc * before * f * (1 - f),
            dh * np.tanh(c) * o * (1 - o),
            dc * i * (1 - new**2),
        )
        da = np.hstack(parts)
        grads["W"] += z.T @ da
        grads["b"] += da.sum(0)
        dh, dc = (da @ p["W"].T)[:, :3], dc * f
    return np.mean(d**2), grads


def skip_gram(p: Any, centre: Any, context: Any, others: Any) -> Any:
    v, u, n = p["in"][centre], p["out"][context], p["out"][others]
    near, far = sigmoid((v * u).sum(1)), sigmoid(-(n @ v[:, :, None])[:, :, 0])
    d_in, d_out = np.zeros_like(p["in"]), np.zeros_like(p["out"])
    g, gn = (near - 1)[:, None], (1 - far)[:, :, None]
    np.add.at(d_in, centre, g * u + (gn * n).sum(1))
    np.add.at(d_out, context, g * v)
    np.add.at(d_out, others, gn * v[:, None])
    return -np.log(near).sum() - np.log(far).sum(), {"in": d_in, "out": d_out}


def in_single_precision(p: Any, x: Any, y: Any) -> Any:
    d = x @ p["w"] - y
    return np.float32((d**2).mean()), {"w": (2 * x.T @ d / len(x)).astype(np.float32)}


def a_penalty(p: Any, x: Any, y: Any, how: Any) -> Any:
    """Absolute values, some of them 0, and a word among the arguments."""
    d = x @ p["w"] - y
    loss = (d**2).mean() if how == "mean" else 0.0
    return loss + 0.1 * np.abs(p["w"]).sum(), {"w": 2 * x.T @ d / len(x) + 0.1 * np.sign(p["w"]), "unused": None}


def layers(*shapes: tuple[int, int]) -> list[dict[str, Any]]:
    return [{"W": rng.normal(size=shape), "b": np.zeros(shape[1])} for shape in shapes]


NORM = {"W": rng.normal(size=(4, 5)), "gamma": np.ones(5), "beta": np.zeros(5), "V": rng.normal(size=(5, 1))}
GATES = {"W": 0.5 * rng.normal(size=(5, 12)), "b": np.zeros(12), "V": rng.normal(size=(3, 2))}
WORDS = (np.array([1, 2, 3]), np.array([2, 3, 1]), np.array([[4, 5], [6, 0], [0, 4]]))
NUMBERS = {"w": [0.1, 0.2, 0.3, 0.4], "b": 0.1}

STYLES: dict[str, tuple[Any, Any, tuple[Any, ...], dict[str, Any]]] = {
    "one vector": (unrolled, rng.normal(size=27), (X, Y, 0.5), {}),
    "nested": (nested, {"layers": layers((4, 5), (5, 5)), "out": rng.normal(size=(5, 3))}, (X, Y), {}),
    "a named tuple": (named, Line(rng.normal(size=4), np.array(0.0)), (X, BITS), {}),
    "one by one": (one_by_one, {"w": rng.normal(size=4), "b": 0.1}, (X, BITS), {}),
    "one by one, lists": (one_by_one, {"w": rng.normal(size=4), "b": 0.1}, (X.tolist(), BITS.tolist()), {}),
    "plain Python": (plain_python, NUMBERS, (X.tolist(), BITS.tolist()), {}),
    "math": (with_math, [0.3, 0.1], (X[:, 0], BITS), {}),
    "written into the network": (written_into_the_network, WEIGHTS, (), {}),
    "a running mean": (running_mean, NORM, (X, BITS), {}),
    "lstm": (lstm, GATES, (rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 2))), {}),
    "skip-gram": (skip_gram, {"in": rng.normal(size=(7, 3)), "out": rng.normal(size=(7, 3))}, WORDS, {}),
    "single precision": (
        in_single_precision, {"w": rng.normal(size=4).astype("f4")}, (X.astype("f4"), BITS.astype("f4")), {},
    ),
    "a penalty at 0": (a_penalty, {"w": np.array([0.0, 1.0, -1.0, 0.0]), "unused": np.ones(3)}, (X, BITS, "mean"), {}),
}  # fmt: skip
