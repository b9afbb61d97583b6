"""Right forwards and backwards of single layers, in two styles: NumPy's functions on rows, and methods, loops, columns.

``LAYERS`` maps a name to (backward, forward, inputs, options). The forwards are written for arrays, as students write
them: none is made for Tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

rng = np.random.default_rng(0)
X, W, B = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
Z = rng.normal(size=(5, 3))
ONE_HOT = np.eye(3)[[0, 2, 1, 1, 0]]
MASK = (rng.random((5, 3)) > 0.4) / 0.6
IMAGES, KERNELS = rng.normal(size=(2, 2, 5, 5)), rng.normal(size=(3, 2, 3, 3))


def softmax(z: Any) -> Any:
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_by_methods(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_of_columns(z: Any) -> Any:
    e = np.exp(z - z.max(0))
    return e / e.sum(0)


def sigmoid_in_two_halves(z: Any) -> Any:
    out = np.zeros_like(z)
    out[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
    out[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return out


def relu_in_place(g: Any, z: Any) -> Any:
    g[z <= 0] = 0
    return g


def norm_rows(x: Any) -> Any:
    return (x - np.mean(x, 0)) / np.sqrt(np.var(x, 0) + 1e-5)


def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
    return gamma * norm_rows(x) + beta


def batch_norm_back(g: Any, x: Any, gamma: Any, beta: Any) -> Any:
    xh = norm_rows(x)
    d = g * gamma
    dx = (d - np.mean(d, 0) - xh * np.mean(d * xh, 0)) / np.sqrt(np.var(x, 0) + 1e-5)
    return dx, np.sum(g * xh, 0), np.sum(g, 0)


def batch_norm_by_methods(x: Any, gamma: Any, beta: Any) -> Any:
    mu, var = x.mean(0), x.var(0)
    xh = (x - mu) / np.sqrt(var + 1e-5)
    return gamma * xh + beta


def batch_norm_back_in_steps(dout: Any, x: Any, gamma: Any, beta: Any) -> Any:
    n, d = x.shape
    mu = 1.0 / n * x.sum(axis=0)
    xmu = x - mu
    var = 1.0 / n * (xmu**2).sum(axis=0)
    sqrtvar = np.sqrt(var + 1e-5)
    ivar = 1.0 / sqrtvar
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xmu * ivar).sum(axis=0)
    dxhat = dout * gamma
    divar = (dxhat * xmu).sum(axis=0)
    dxmu1 = dxhat * ivar
    dvar = 0.5 / np.sqrt(var + 1e-5) * (-1.0 / sqrtvar**2 * divar)
    dxmu2 = 2 * xmu * (1.0 / n * np.ones((n, d)) * dvar)
    dx1 = dxmu1 + dxmu2
    dmu = -1 * dx1.sum(axis=0)
    return {"x": dx1 + 1.0 / n * np.ones((n, d)) * dmu, "gamma": dgamma, "beta": dbeta}


def batch_norm_of_tensors(g: Any, x: Any, gamma: Any, beta: Any) -> Any:
    """Of the same forward by methods, for one who means a Tensor's: its variance divides by n − 1."""
    s = np.sqrt(np.var(x, 0, ddof=1) + 1e-5)
    xh, d = (x - np.mean(x, 0)) / s, g * gamma
    return (d - np.mean(d, 0) - xh * np.sum(d * xh, 0) / (len(x) - 1)) / s, np.sum(g * xh, 0), np.sum(g, 0)


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    mu, s = np.mean(x, 1, keepdims=True), np.sqrt(np.var(x, 1, keepdims=True) + 1e-5)
    return gamma * (x - mu) / s + beta


def layer_norm_back(g: Any, x: Any, gamma: Any, beta: Any) -> Any:
    mu, s = np.mean(x, 1, keepdims=True), np.sqrt(np.var(x, 1, keepdims=True) + 1e-5)
    xh, d = (x - mu) / s, g * gamma
    dx = (d - d.mean(1, keepdims=True) - xh * (d * xh).mean(1, keepdims=True)) / s
    return dx, np.sum(g * xh, 0), np.sum(g, 0)


def layer_norm_by_methods(x: Any, gamma: Any, beta: Any) -> Any:
    return gamma * (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) + beta


def layer_norm_back_by_methods(g: Any, x: Any, gamma: Any, beta: Any) -> Any:
    s, d = x.std(-1, keepdims=True), g * gamma
    xh = (x - x.mean(-1, keepdims=True)) / s
    dx = (d - d.mean(-1, keepdims=True) - xh * (d * xh).mean(-1, keepdims=True)) / s
    return [dx, (g * xh).sum(0), g.sum(0)]


def convolution(x: Any, w: Any) -> Any:
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, w)


def convolution_back(g: Any, x: Any, w: Any) -> Any:
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    wide = np.pad(g, ((0, 0), (0, 0), (2, 2), (2, 2)))
    back = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(2, 3))
    return np.einsum("nohwij,ocij->nchw", back, w[:, :, ::-1, ::-1]), np.einsum("nchwij,nohw->ocij", windows, g)


def convolution_by_loops(x: Any, w: Any) -> Any:
    n, o, h, v = len(x), len(w), x.shape[2] - 2, x.shape[3] - 2
    out = np.zeros((n, o, h, v))
    for i in range(n):
        for k in range(o):
            for a in range(h):
                for b in range(v):
                    out[i, k, a, b] = (x[i, :, a : a + 3, b : b + 3] * w[k]).sum()
    return out


def convolution_back_by_loops(g: Any, x: Any, w: Any) -> Any:
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, k, a, b in np.ndindex(*g.shape):
        dx[i, :, a : a + 3, b : b + 3] += g[i, k, a, b] * w[k]
        dw[k] += g[i, k, a, b] * x[i, :, a : a + 3, b : b + 3]
    return dx, dw


def pooling(x: Any) -> Any:
    n, c, h, w = x.shape
    return np.max(np.reshape(x, (n, c, h // 2, 2, w // 2, 2)), axis=(3, 5))


def pooling_back(g: Any, x: Any) -> Any:
    wide = np.repeat(np.repeat(g, 2, 2), 2, 3)
    return wide * (x == np.repeat(np.repeat(pooling(x), 2, 2), 2, 3))


def pooling_by_loops(x: Any) -> Any:
    out = np.zeros((*x.shape[:2], x.shape[2] // 2, x.shape[3] // 2))
    for i, c, a, b in np.ndindex(*out.shape):
        out[i, c, a, b] = x[i, c, 2 * a : 2 * a + 2, 2 * b : 2 * b + 2].max()
    return out


def pooling_back_by_loops(g: Any, x: Any) -> Any:
    dx = np.zeros(x.shape)
    for i, c, a, b in np.ndindex(*g.shape):
        window = x[i, c, 2 * a : 2 * a + 2, 2 * b : 2 * b + 2]
        p, q = np.unravel_index(window.argmax(), window.shape)  # the first of equal ones
        dx[i, c, 2 * a + p, 2 * b + q] += g[i, c, a, b]
    return dx


def embedding_back(g: Any, rows: Any, table: Any) -> Any:
    d = np.zeros_like(table)
    np.add.at(d, rows, g)
    return None, d


def embedding_back_by_loops(g: Any, rows: Any, table: Any) -> Any:
    d = np.zeros(table.shape)
    for i, row in enumerate(rows):
        d[row] += g[i]
    return np.zeros(rows.shape), d


def attention(q: Any, k: Any, v: Any) -> Any:
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def attention_back(g: Any, q: Any, k: Any, v: Any) -> Any:
    a = softmax(q @ k.T / np.sqrt(q.shape[1]))
    da = g @ v.T
    ds = a * (da - np.sum(a * da, 1, keepdims=True)) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, a.T @ g


def attention_by_methods(q: Any, k: Any, v: Any) -> Any:
    scores = q.dot(k.T)
    scores /= q.shape[1] ** 0.5
    return softmax_by_methods(scores).dot(v)


def lstm(x: Any, h: Any, c: Any, w: Any, u: Any) -> Any:
    a = x @ w + h @ u
    i, f, o, t = (part(a[:, 3 * n : 3 * n + 3]) for n, part in enumerate((sig, sig, sig, np.tanh)))
    return o * np.tanh(f * c + i * t)


def sig(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def lstm_back(g: Any, x: Any, h: Any, c: Any, w: Any, u: Any) -> Any:
    a = x @ w + h @ u
    i, f, o, t = sig(a[:, :3]), sig(a[:, 3:6]), sig(a[:, 6:9]), np.tanh(a[:, 9:])
    n = np.tanh(f * c + i * t)
    dc = g * o * (1 - n**2)
    da = np.concatenate([dc * t * i * (1 - i), dc * c * f * (1 - f), g * n * o * (1 - o), dc * i * (1 - t**2)], 1)
    return da @ w.T, da @ u.T, dc * f, x.T @ da, h.T @ da


def lstm_by_methods(x: Any, h: Any, c: Any, w: Any, u: Any) -> Any:
    a = x.dot(w) + h.dot(u)
    i, f, o, t = np.split(a, 4, axis=1)
    n = sig(f) * c + sig(i) * np.tanh(t)
    n = np.tanh(n)
    n *= sig(o)
    return n


def residual(x: Any, w: Any) -> Any:
    return x + np.maximum(x @ w, 0)


def shared(x: Any, w: Any) -> Any:
    return np.tanh(np.tanh(x @ w) @ w)


def shared_back(g: Any, x: Any, w: Any) -> Any:
    h = np.tanh(x @ w)
    d2 = g * (1 - np.tanh(h @ w) ** 2)
    d1 = (d2 @ w.T) * (1 - h**2)
    return d1 @ w.T, h.T @ d2 + x.T @ d1


def leaky(z: Any) -> Any:
    out = z.copy()
    out[out < 0] *= 0.1
    return out


SQUARE = rng.normal(size=(4, 4))
NORMS = (rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3))
QKV = (rng.normal(size=(5, 4)), rng.normal(size=(6, 4)), rng.normal(size=(6, 2)))
LSTM = tuple(rng.normal(size=s) for s in ((4, 2), (4, 3), (4, 3), (2, 12), (3, 12)))
TABLE = (np.array([3, 0, 3, 5, 1]), rng.normal(size=(6, 3)))
POSITIVE = np.maximum(IMAGES[:, :, :4, :4], 0)  # with windows of nothing but zeros
P = softmax(Z)

LAYERS: dict[str, tuple[Any, Any, tuple[Any, ...], dict[str, Any]]] = {
    "dense": (lambda g, x, w, b: (g @ w.T, x.T @ g, np.sum(g, 0)), lambda x, w, b: x @ w + b, (X, W, B), {}),
    "dense, dot": (
        lambda g, x, w, b: [g.dot(w.T), x.T.dot(g), g.sum(axis=0)], lambda x, w, b: x.dot(w) + b, (X, W, B), {},
    ),
    "dense, columns": (
        lambda g, x, w, b: (w.T @ g, g @ x.T, g.sum(1, keepdims=True)), lambda x, w, b: w @ x + b,
        (X.T, W.T, B[:, None]), {},
    ),
    "dense, columns said": (
        lambda g, x, w, b: (w.T.dot(g), g.dot(x.T), g.sum(1).reshape(-1, 1)), lambda x, w, b: w.dot(x) + b,
        (X.T.copy(), W.T.copy(), B.reshape(3, 1)), {"axis": 1},
    ),
    "dense, one example": (lambda g, x, w: (w.T @ g, np.outer(g, x)), lambda x, w: w @ x, (X[0], W.T), {}),
    "dense, lists and integers": (
        lambda g, x, w: (g @ np.transpose(w), np.transpose(x) @ g), lambda x, w: np.matmul(x, w),
        ([[1, 2], [3, 4], [5, 6]], [[1, 0, 2], [2, 1, 1]]), {},
    ),
    "dense, float32": (
        lambda g, x, w: (g @ w.T, x.T @ g), lambda x, w: x @ w, (X.astype(np.float32), W.astype(np.float32)), {},
    ),
    "dense, square": (lambda g, x, w: (g @ w.T, x.T @ g), lambda x, w: x @ w, (SQUARE, SQUARE.T), {}),
    "relu": (lambda g, z: g * (z > 0), lambda z: np.maximum(z, 0), (Z,), {}),
    "relu, in place": (relu_in_place, lambda z: z * (z > 0), (Z,), {}),
    "relu at 0": (lambda g, z: g * (z >= 0), lambda z: np.maximum(0, z), (np.round(Z),), {}),
    "relu at 0, a half": (lambda g, z: g * np.heaviside(z, 0.5), lambda z: np.where(z > 0, z, 0), (np.round(Z),), {}),
    "relu of integers": (lambda g, z: np.where(z > 0, g, 0), lambda z: np.maximum(z, 0), ([[1, -2], [0, 5]],), {}),
    "leaky relu, in place": (lambda g, z: np.where(z < 0, 0.1 * g, g), leaky, (Z,), {}),
    "sigmoid": (lambda g, z: g * sig(z) * (1 - sig(z)), sig, (Z,), {}),
    "sigmoid, two halves": (
        lambda g, z: g * sigmoid_in_two_halves(z) * (1 - sigmoid_in_two_halves(z)), sigmoid_in_two_halves, (Z,), {},
    ),
    "tanh": (lambda g, z: g * (1 - np.tanh(z) ** 2), np.tanh, (Z,), {}),
    "a square": (lambda g, x: 2 * g * x, lambda x: x**2, (np.array(3.0),), {}),
    "a number": (lambda g, x: 3 * g * x**2, lambda x: x**3, (2.0,), {}),
    "softmax": (lambda g, z: softmax(z) * (g - np.sum(g * softmax(z), 1, keepdims=True)), softmax, (Z,), {}),
    "softmax, methods": (
        lambda g, z: softmax_by_methods(z) * (g - (g * softmax_by_methods(z)).sum(axis=1, keepdims=True)),
        softmax_by_methods, (Z,), {},
    ),
    "softmax, columns": (
        lambda g, z: softmax_of_columns(z) * (g - (g * softmax_of_columns(z)).sum(0)), softmax_of_columns, (Z.T,), {},
    ),
    "softmax, the Jacobian": (
        lambda g, z: np.stack([(np.diag(p) - np.outer(p, p)) @ d for p, d in zip(softmax(z), g, strict=True)]),
        softmax, (Z,), {},
    ),
    "cross-entropy of scores": (
        lambda g, z, y: (g * (softmax(z) - y) / len(z), None),
        lambda z, y: -np.mean(np.sum(y * np.log(softmax(z)), 1)), (Z, ONE_HOT), {"batched": (0, 1)},
    ),
    "cross-entropy of scores, labels": (
        lambda g, z, y: (softmax_by_methods(z) - np.eye(3)[y]) / len(z),
        lambda z, y: -np.log(softmax_by_methods(z)[range(len(y)), y]).mean(), (Z, np.array([0, 2, 1, 1, 0])), {},
    ),
    "cross-entropy of probabilities": (
        lambda g, p, y: (-g * y / p / len(p), None), lambda p, y: -np.sum(y * np.log(p)) / len(p), (P, ONE_HOT), {},
    ),
    "binary cross-entropy, clipped": (
        lambda g, p, y: (g * (p - y) / (p * (1 - p)) / p.size, None),
        lambda p, y: -np.mean(y * np.log(np.clip(p, 1e-7, 1 - 1e-7)) + (1 - y) * np.log(np.clip(1 - p, 1e-7, 1))),
        (P, ONE_HOT), {},
    ),
    "binary cross-entropy, 1e-8": (
        lambda g, p, y: (g * (p - y) / (p * (1 - p)) / p.size, None),
        lambda p, y: -np.mean(y * np.log(p + 1e-8) + (1 - y) * np.log(1 - p + 1e-8)), (P, ONE_HOT), {},
    ),
    "batch norm": (batch_norm_back, batch_norm, NORMS, {}),
    "batch norm, methods": (batch_norm_back_in_steps, batch_norm_by_methods, NORMS, {}),
    "batch norm, n − 1": (batch_norm_of_tensors, batch_norm_by_methods, NORMS, {}),
    "layer norm": (layer_norm_back, layer_norm, NORMS, {}),
    "layer norm, methods": (layer_norm_back_by_methods, layer_norm_by_methods, NORMS, {}),
    "convolution": (convolution_back, convolution, (IMAGES, KERNELS), {}),
    "convolution, loops": (convolution_back_by_loops, convolution_by_loops, (IMAGES[:, :, :4, :4], KERNELS), {}),
    "pooling": (pooling_back, pooling, (IMAGES[:, :, :4, :4],), {}),
    "pooling, loops": (pooling_back_by_loops, pooling_by_loops, (IMAGES[:, :, :4, :4],), {}),
    "pooling, windows of zeros": (pooling_back_by_loops, pooling, (POSITIVE,), {}),
    "dropout, mask held": (lambda g, z: g * MASK, lambda z: z * MASK, (Z,), {}),
    "dropout, mask given": (lambda g, z, m: (g * m, None), lambda z, m: z * m, (Z, MASK), {"batched": (0, 1)}),
    "embedding": (embedding_back, lambda rows, table: table[rows], TABLE, {}),
    "embedding, loops": (
        embedding_back_by_loops, lambda rows, table: np.stack([table[row] for row in rows]), TABLE, {},
    ),
    "attention": (attention_back, attention, QKV, {}),
    "attention, methods": (attention_back, attention_by_methods, QKV, {}),
    "lstm step": (lstm_back, lstm, LSTM, {"batched": (0, 1, 2)}),
    "lstm step, methods": (lstm_back, lstm_by_methods, LSTM, {"batched": (0, 1, 2)}),
    "residual": (
        lambda g, x, w: (g + (g * (x @ w > 0)) @ w.T, x.T @ (g * (x @ w > 0))), residual, (X, SQUARE), {},
    ),
    "shared weight": (shared_back, shared, (X, SQUARE), {}),
    "not contiguous": (lambda g, x: 2 * g * x, lambda x: x * x, (rng.normal(size=(6, 8))[::2, ::3],), {}),
    "inverse of a square": (
        lambda g, a: -np.linalg.inv(a).T @ g @ np.linalg.inv(a).T, np.linalg.inv, (SQUARE + 3 * np.eye(4),), {},
    ),
}  # fmt: skip
X.flags.writeable = W.flags.writeable = False  # a check writes into nothing that it is given
