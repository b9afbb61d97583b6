"""Right programs of whole networks, ``loss, grads = f(params, *batch)``, as they are written: in functions, in classes,
on rows and on columns, with labels inside or given, with methods, loops and writes in place.

``NETWORKS`` maps a name to (f, params, batch, options).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(6, 4)), np.array([0, 2, 1, 1, 0, 2])
T = rng.normal(size=(6, 2))
HOT = np.eye(3)[Y]
BITS = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])


def params(*sizes: int, seed: int = 0, scale: float = 0.7) -> dict[str, Any]:
    drawn, found = np.random.default_rng(seed), {}
    for i, (a, b) in enumerate(pairwise(sizes), 1):
        found |= {f"W{i}": scale * drawn.normal(size=(a, b)), f"b{i}": np.zeros(b)}
    return found


def two_layers(p: Any, x: Any, y: Any) -> Any:
    """Functions of NumPy, labels given."""
    n = x.shape[0]
    h = np.maximum(np.dot(x, p["W1"]) + p["b1"], 0)
    scores = np.dot(h, p["W2"]) + p["b2"]
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = e / np.sum(e, axis=1, keepdims=True)
    loss = np.sum(-np.log(probs[np.arange(n), y])) / n + 0.05 * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))
    d = probs.copy()
    d[np.arange(n), y] -= 1
    d /= n
    dh = np.dot(d, p["W2"].T)
    dh[h <= 0] = 0
    grads = {"W2": np.dot(h.T, d) + 0.1 * p["W2"], "b2": np.sum(d, axis=0)}
    return loss, grads | {"W1": np.dot(x.T, dh) + 0.1 * p["W1"], "b1": np.sum(dh, axis=0)}


def by_methods(p: Any, x: Any, y: Any) -> Any:
    """Methods, a float at the end, 1e-8 inside the log."""
    z1 = x.dot(p["W1"]) + p["b1"]
    a1 = z1.clip(0, None)
    z2 = a1.dot(p["W2"]) + p["b2"]
    z2 -= z2.max(axis=1, keepdims=True)
    probs = np.exp(z2)
    probs /= probs.sum(axis=1, keepdims=True)
    loss = float(-(y * np.log(probs + 1e-8)).sum() / len(x))
    dz2 = (probs - y) / len(x)
    dz1 = dz2.dot(p["W2"].T) * (z1 > 0)
    return loss, {"dW1": x.T.dot(dz1), "db1": dz1.sum(0), "dW2": a1.T.dot(dz2), "db2": dz2.sum(0)}


def labels_inside(p: Any, x: Any) -> Any:
    return two_layers(p, x, Y)


def all_inside(p: Any) -> Any:
    return two_layers(p, X, Y)


def columns(p: Any, x: Any, y: Any) -> Any:
    """Columns are examples, biases columns."""
    m = x.shape[1]
    z1 = p["W1"] @ x + p["b1"]
    a1 = np.tanh(z1)
    a2 = 1 / (1 + np.exp(-(p["W2"] @ a1 + p["b2"])))
    cost = -(y * np.log(a2) + (1 - y) * np.log(1 - a2)).sum() / m
    dz2 = a2 - y
    dz1 = p["W2"].T @ dz2 * (1 - a1**2)
    return np.squeeze(cost), {
        "W1": dz1 @ x.T / m, "b1": np.sum(dz1, axis=1, keepdims=True) / m,
        "W2": dz2 @ a1.T / m, "b2": np.sum(dz2, axis=1, keepdims=True) / m,
    }  # fmt: skip


class Dense:
    def __init__(self, w: Any, b: Any) -> None:
        self.w, self.b = w, b

    def forward(self, x: Any) -> Any:
        self.x = x
        return x.dot(self.w) + self.b

    def backward(self, g: Any) -> Any:
        self.dw, self.db = self.x.T.dot(g), g.sum(axis=0)
        return g.dot(self.w.T)


class Relu:
    def forward(self, x: Any) -> Any:
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, g: Any) -> Any:
        g[self.mask] = 0
        return g


class Sigmoid:
    def forward(self, x: Any) -> Any:
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, g: Any) -> Any:
        return g * self.out * (1 - self.out)


class Dropout:
    mask = (np.random.default_rng(5).random((6, 5)) > 0.5) * 2.0

    def forward(self, x: Any) -> Any:
        return x * self.mask

    def backward(self, g: Any) -> Any:
        return g * self.mask


class BatchNorm:
    def __init__(self, gamma: Any, beta: Any) -> None:
        self.gamma, self.beta = gamma, beta

    def forward(self, x: Any) -> Any:
        self.std = np.sqrt(x.var(axis=0) + 1e-5)
        self.xh = (x - x.mean(axis=0)) / self.std
        return self.gamma * self.xh + self.beta

    def backward(self, g: Any) -> Any:
        self.dgamma, self.dbeta = (g * self.xh).sum(axis=0), g.sum(axis=0)
        d, n = g * self.gamma, len(g)
        return (n * d - d.sum(axis=0) - self.xh * (d * self.xh).sum(axis=0)) / (n * self.std)


def in_classes(p: Any, x: Any, t: Any) -> Any:
    first, last = Dense(p["W1"], p["b1"]), Dense(p["W2"], p["b2"])
    layers = [first, Relu(), Dropout(), last, Sigmoid()]
    out = x
    for layer in layers:
        out = layer.forward(out)
    g = 2 * (out - t) / out.size
    loss = ((out - t) ** 2).mean()
    for layer in reversed(layers):
        g = layer.backward(g)
    return loss, {"W1": first.dw, "b1": first.db, "W2": last.dw, "b2": last.db}


def with_batch_norm(p: Any, x: Any, t: Any) -> Any:
    first, norm, last = Dense(p["W1"], p["b1"]), BatchNorm(p["gamma"], p["beta"]), Dense(p["W2"], p["b2"])
    act = Sigmoid()
    d = last.forward(act.forward(norm.forward(first.forward(x)))) - t
    first.backward(norm.backward(act.backward(last.backward(d / len(x)))))
    grads = {"W1": first.dw, "b1": first.db, "W2": last.dw, "b2": last.db}
    return 0.5 * np.sum(d**2) / len(x), grads | {"gamma": norm.dgamma, "beta": norm.dbeta}


class Network:
    """A network that holds its parameters, and is given others before each run."""

    def __init__(self, sizes: Any) -> None:
        self.w = [p for p in params(*sizes).values() if p.ndim == 2]

    def loss(self, x: Any, t: Any) -> Any:
        self.a = [x]
        for w in self.w:
            self.a.append(np.tanh(self.a[-1] @ w))
        return np.mean((self.a[-1] - t) ** 2)

    def gradients(self, t: Any) -> Any:
        g, grads = 2 * (self.a[-1] - t) / t.size, []
        for w, before, after in zip(self.w[::-1], self.a[-2::-1], self.a[::-1], strict=False):
            g = g * (1 - after**2)
            grads.insert(0, before.T @ g)
            g = g @ w.T
        return grads


def given_to_a_network(p: Any, x: Any, t: Any) -> Any:
    net = Network((4, 5, 2))
    net.w = p
    return net.loss(x, t), net.gradients(t)


def rnn(p: Any, x: Any, t: Any) -> Any:
    """Unrolled over the axis in the middle: (batch, time, features)."""
    h, kept = np.zeros((len(x), 3)), []
    for k in range(x.shape[1]):
        kept.append(h)
        h = np.tanh(x[:, k] @ p["Wx"] + h @ p["Wh"] + p["b"])
    kept.append(h)
    d = h @ p["Wy"] - t
    grads = {name: np.zeros_like(a) for name, a in p.items()}
    g = 2 * d / d.size
    grads["Wy"] = h.T @ g
    dh = g @ p["Wy"].T
    for k in reversed(range(x.shape[1])):
        da = dh * (1 - kept[k + 1] ** 2)
        grads["Wx"] += x[:, k].T @ da
        grads["Wh"] += kept[k].T @ da
        grads["b"] += da.sum(0)
        dh = da @ p["Wh"].T
    return np.mean(d**2), grads


def rnn_of_characters(p: Any) -> Any:
    """One sequence, columns, labels inside, the loss summed up step by step."""
    inputs, targets, hs, ps, loss = [0, 2, 1, 3], [2, 1, 3, 0], {-1: np.zeros((3, 1))}, {}, 0
    wxh, whh, why, bh, by = p
    for t in range(4):
        x = np.zeros((4, 1))
        x[inputs[t]] = 1
        hs[t] = np.tanh(np.dot(wxh, x) + np.dot(whh, hs[t - 1]) + bh)
        y = np.dot(why, hs[t]) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])
    dwxh, dwhh, dwhy = np.zeros_like(wxh), np.zeros_like(whh), np.zeros_like(why)
    dbh, dby, later = np.zeros_like(bh), np.zeros_like(by), np.zeros_like(hs[0])
    for t in reversed(range(4)):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dwhy += np.dot(dy, hs[t].T)
        dby += dy
        raw = (1 - hs[t] * hs[t]) * (np.dot(why.T, dy) + later)
        x = np.zeros((4, 1))
        x[inputs[t]] = 1
        dbh += raw
        dwxh += np.dot(raw, x.T)
        dwhh += np.dot(raw, hs[t - 1].T)
        later = np.dot(whh.T, raw)
    return loss, [dwxh, dwhh, dwhy, dbh, dby]


def words(p: Any, rows: Any, y: Any) -> Any:
    """An embedding, its mean over the words, softmax."""
    h = p["E"][rows].mean(axis=1)
    z = h @ p["W"]
    probs = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.log(probs[np.arange(len(y)), y]).mean()
    g = (probs - np.eye(3)[y]) / len(y)
    de = np.zeros_like(p["E"])
    np.add.at(de, rows, np.repeat((g @ p["W"].T)[:, None] / rows.shape[1], rows.shape[1], 1))
    return loss, {"E": de, "W": h.T @ g}


def convolutional(p: Any, x: Any, y: Any) -> Any:
    """By loops: a convolution, ReLU, pooling over everything, softmax."""
    n, k = len(x), len(p["K"])
    z = np.zeros((n, k, 3, 3))
    for i, o, a, b in np.ndindex(*z.shape):
        z[i, o, a, b] = np.sum(x[i, a : a + 3, b : b + 3] * p["K"][o])
    h = np.maximum(z, 0).mean(axis=(2, 3))
    s = h @ p["W"]
    s = s - s.max(1)[:, None]
    probs = np.exp(s) / np.exp(s).sum(1)[:, None]
    g = (probs - np.eye(3)[y]) / n
    dz = np.broadcast_to((g @ p["W"].T)[:, :, None, None] / 9, z.shape) * (z > 0)
    dk = np.zeros_like(p["K"])
    for i, o, a, b in np.ndindex(*z.shape):
        dk[o] += dz[i, o, a, b] * x[i, a : a + 3, b : b + 3]
    return -np.mean(np.log(probs[np.arange(n), y])), {"K": dk, "W": h.T @ g}


def transformer(p: Any, x: Any, t: Any) -> Any:
    """Self-attention with a residual connection and layer norm, one sequence."""
    q, k, v = x @ p["Q"], x @ p["K"], x @ p["V"]
    s = q @ k.T / 2.0
    a = np.exp(s - s.max(-1, keepdims=True))
    a = a / a.sum(-1, keepdims=True)
    r = x + a @ v
    std = r.std(-1, keepdims=True)
    n = (r - r.mean(-1, keepdims=True)) / std
    d = n - t
    g = 2 * d / d.size
    dr = (g - g.mean(-1, keepdims=True) - n * (g * n).mean(-1, keepdims=True)) / std
    da = dr @ v.T
    ds = a * (da - (da * a).sum(-1, keepdims=True)) / 2.0
    return (d**2).mean(), {"Q": x.T @ (ds @ k), "K": x.T @ (ds.T @ q), "V": x.T @ (a.T @ dr)}


def autoencoder(p: Any, x: Any) -> Any:
    """One weight, used twice, with a penalty on it."""
    h = np.tanh(x @ p)
    d = h @ p.T - x
    g = d / len(x)
    dh = (g @ p) * (1 - h * h)
    return 0.5 * np.sum(d * d) / len(x) + 0.01 * np.sum(p * p), x.T @ dh + g.T @ h + 0.02 * p


def logistic(p: Any, x: Any, y: Any) -> Any:
    a = 1.0 / (1.0 + np.exp(-(x @ p["w"] + p["b"])))
    loss = -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))
    return loss.item(), {"w": x.T @ (a - y) / len(y), "b": np.mean(a - y)}


def line(p: Any, x: Any, y: Any) -> Any:
    w, b = p
    d = w * x + b - y
    return np.sum(d**2) / len(x), (2 * np.dot(d, x) / len(x), 2 * sum(d) / len(x))


def hinge(p: Any, x: Any, y: Any) -> Any:
    scores = x.dot(p["W"])
    right = scores[np.arange(len(y)), y]
    margins = np.maximum(0, scores - right[:, np.newaxis] + 1)
    margins[np.arange(len(y)), y] = 0
    d = (margins > 0).astype(float)
    d[np.arange(len(y)), y] = -d.sum(axis=1)
    return margins.sum() / len(y) + 0.1 * np.sum(p["W"] * p["W"]), {"W": x.T.dot(d) / len(y) + 0.2 * p["W"]}


def in_single_precision(p: Any, x: Any, y: Any) -> Any:
    loss, grads = two_layers({k: a.astype(np.float32) for k, a in p.items()}, x.astype(np.float32), y)
    return loss, grads


def more_than_two(p: Any, x: Any, y: Any) -> Any:
    loss, grads = two_layers(p, x, y)
    return loss, grads, {"probs": x}


RNN = {"Wx": rng.normal(size=(2, 3)), "Wh": rng.normal(size=(3, 3)), "b": np.zeros(3), "Wy": rng.normal(size=(3, 2))}
CHARACTERS = [0.5 * rng.normal(size=s) for s in ((3, 4), (3, 3), (4, 3), (3, 1), (4, 1))]
COLUMNS = {"W1": rng.normal(size=(5, 4)), "b1": np.zeros((5, 1)), "W2": rng.normal(size=(1, 5)), "b2": np.zeros((1, 1))}
ATTENTION = {k: 0.5 * rng.normal(size=(4, 4)) for k in "QKV"}
ROWS = rng.integers(0, 7, size=(6, 3))
BATCH_NORM = params(4, 5, 2) | {"gamma": np.ones(5), "beta": np.zeros(5)}
SINGLE = {k: a.astype("f4") for k, a in params(4, 5, 3).items()}
TINY = params(4, 10, 3, scale=1e-4)

NETWORKS: dict[str, tuple[Any, Any, tuple[Any, ...], dict[str, Any]]] = {
    "two layers": (two_layers, params(4, 5, 3), (X, Y), {"labels": Y}),
    "two layers, tiny weights": (two_layers, TINY, (10 * X, Y), {}),
    "two layers, float32": (two_layers, SINGLE, (X.astype("f4"), Y), {}),
    "two layers, a list of labels": (two_layers, params(4, 5, 3), (X.tolist(), list(Y)), {}),
    "two layers, weights of zero": (two_layers, {k: 0 * a for k, a in params(4, 5, 3).items()}, (X, Y), {}),
    "two layers, one example": (two_layers, params(4, 5, 3), (X[:1], Y[:1]), {}),
    "two layers, square": (two_layers, params(6, 6, 6), (rng.normal(size=(6, 6)), Y), {}),
    "methods and a float": (by_methods, params(4, 5, 3), (X, HOT), {}),
    "labels inside": (labels_inside, params(4, 5, 3), (X,), {"labels": Y}),
    "all inside": (all_inside, params(4, 5, 3), (), {}),
    "three values returned": (more_than_two, params(4, 5, 3), (X, Y), {}),
    "single precision inside": (in_single_precision, params(4, 5, 3), (X, Y), {}),
    "columns": (columns, COLUMNS, (X.T, BITS[None]), {}),
    "columns said": (columns, COLUMNS, (X.T, BITS.reshape(1, -1)), {"axis": 1}),
    "columns, a row of labels": (columns, COLUMNS, (X.T, BITS), {}),
    "classes": (in_classes, params(4, 5, 2), (X, T), {}),
    "classes, batch norm": (with_batch_norm, BATCH_NORM, (X, T), {}),
    "a network that is given weights": (given_to_a_network, Network((4, 5, 2)).w, (X, T), {}),
    "recurrent": (rnn, RNN, (rng.normal(size=(6, 4, 2)), T), {}),
    "recurrent, characters": (rnn_of_characters, CHARACTERS, (), {}),
    "bag of words": (words, {"E": rng.normal(size=(7, 4)), "W": rng.normal(size=(4, 3))}, (ROWS, Y), {}),
    "convolution by loops": (
        convolutional, {"K": rng.normal(size=(2, 3, 3)), "W": rng.normal(size=(2, 3))}, (rng.normal(size=(6, 5, 5)), Y),
        {},
    ),
    "self-attention": (transformer, ATTENTION, (X, rng.normal(size=(6, 4))), {}),
    "autoencoder, one array": (autoencoder, rng.normal(size=(4, 2)), (X,), {}),
    "logistic regression": (logistic, {"w": rng.normal(size=4), "b": 0.3}, (X, BITS), {}),
    "logistic regression, integers": (logistic, {"w": np.array([1, -2, 0, 1]), "b": 1}, (X, BITS.astype(int)), {}),
    "a line, numbers": (line, [0.5, 1.0], ([1, 2, 3, 4], [2, 4, 6, 9]), {}),
    "a line, arrays": (line, (np.array(0.5), np.array(1)), (np.arange(5.0), np.arange(5) % 3), {}),
    "hinge": (hinge, {"W": rng.normal(size=(4, 3))}, (X, Y), {"labels": Y}),
}  # fmt: skip
