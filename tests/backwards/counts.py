"""Counts of something else, penalties with another number, masks of −∞ and of chance, slopes exchanged, borders."""

import numpy as np

from .programs import Program, given, layer

RNG = np.random.default_rng(53)


def mean_of_words(bug):
    """Sentences of several lengths, filled up with word 0: the mean is over the words that there are."""
    words, y = np.array([[3, 1, 0, 0, 0], [2, 5, 2, 4, 0], [1, 6, 0, 0, 0]]), np.array([1.0, 0.0, 1.0])
    there = 1.0 * (words > 0)
    lengths = there.sum(axis=1, keepdims=True)

    def f(params):
        E, w = params["E"], params["w"]
        s = np.sum(E[words] * there[:, :, None], axis=1) / lengths
        p = 1 / (1 + np.exp(-(s @ w)))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        d = (p - y) / len(y)
        over = words.shape[1] if bug == "of the filled" else lengths[:, :, None]
        dE = np.zeros_like(E)
        np.add.at(dE, words, d[:, None, None] * w * there[:, :, None] / over)
        return loss, {"E": dE, "w": s.T @ d}

    return given(f, {"E": RNG.normal(size=(7, 4)), "w": RNG.normal(size=4)}, (), batched=False)


def machine(bug):
    """A hinge loss by rows, and half a penalty."""
    X, y = RNG.normal(size=(5, 6)), [2, 1, 0, 1, 2]

    def f(params):
        W, loss, dW = params["W"], 0.0, np.zeros((3, 6))
        for x, c in zip(X, y, strict=True):
            s = W @ x
            for k in range(3):
                if k != c and s[k] - s[c] + 1 > 0:
                    loss += s[k] - s[c] + 1
                    dW[k] += x
                    dW[c] -= x
        decay = {"divided": 0.3 / 5, "twice": 0.6, "left out": 0.0}.get(bug, 0.3)
        return loss / 5 + 0.15 * np.sum(W**2), {"W": dW / 5 + decay * W}

    return given(f, {"W": 0.5 * RNG.normal(size=(3, 6))}, (), batched=False)


def attention(bug):
    """Each place looks at those before it; the others have the score −∞."""
    x, t, later = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 3)), np.triu(np.ones((5, 5)), 1) > 0

    def f(params):
        q, k, v = x @ params["q"], x @ params["k"], x @ params["v"]
        s = np.where(later, -np.inf, q @ k.T / np.sqrt(3))
        e = np.exp(s - s.max(-1, keepdims=True))
        a = e / e.sum(-1, keepdims=True)
        d = 2 * (a @ v - t) / t.size
        da = d @ v.T
        ds = a * (da - (0 if bug == "diagonal" else np.sum(a * da, -1, keepdims=True)))
        ds = (da * a * (1 - a) if bug == "diagonal" else ds) / np.sqrt(3)
        return np.mean((a @ v - t) ** 2), {"q": x.T @ (ds @ k), "k": x.T @ (ds.T @ q), "v": x.T @ (a.T @ d)}

    return given(f, {name: RNG.normal(size=(4, 3)) for name in "qkv"}, (), batched=False)


def quadratic(bug):
    A, b = RNG.normal(size=(5, 5)), RNG.normal(size=5)

    def f(params):
        x = params["x"]
        through = A @ x if bug == "as if symmetric" else (A + A.T) @ x / 2
        return 0.5 * x @ A @ x - b @ x, {"x": through - b}

    return given(f, {"x": RNG.normal(size=5)}, (), batched=False)


def quantile(bug):
    X, y = RNG.normal(size=(7, 3)), 2 * RNG.normal(size=7)

    def f(params, X, y):
        u = y - X @ params["w"]
        below, above = (0.8, 0.2) if bug == "exchanged" else (0.2, 0.8)
        loss = np.mean(np.where(u > 0, 0.2 * u, -0.8 * u))
        return loss, {"w": X.T @ np.where(u > 0, -below, above) / len(y)}

    return given(f, {"w": RNG.normal(size=3)}, (X, y))


def dropped(bug):
    rng = np.random.default_rng(3)
    kept = rng.random((4, 6)) < 0.7

    def hand(g, x):
        return g * (rng.random(x.shape) < 0.7 if bug == "drawn anew" else kept) / 0.7

    return layer(hand, lambda x: x * kept / 0.7, (RNG.normal(size=(4, 6)),))


def gelu(bug):
    def inner(x):
        return np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)

    def hand(g, x):
        t = np.tanh(inner(x))
        slope = 0.044715 * (2 * x if bug == "of a square" else 3 * x**2)
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + slope))

    return layer(hand, lambda x: 0.5 * x * (1 + np.tanh(inner(x))), (1.5 * RNG.normal(size=(4, 5)),))


def bordered(bug):
    """A mean filter within a border of zeros."""

    def forward(x):
        framed, y = np.pad(x, ((0, 0), (1, 1), (1, 1))), np.zeros(x.shape)
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                y[:, i, j] = np.sum(framed[:, i : i + 3, j : j + 3], axis=(1, 2)) / 9
        return y

    def hand(g, x):
        framed = np.zeros((len(x), x.shape[1] + 2, x.shape[2] + 2))
        for i in range(x.shape[1]):
            for j in range(x.shape[2]):
                framed[:, i : i + 3, j : j + 3] += g[:, i, j, None, None] / 9
        return framed if bug == "left on" else framed[:, 1:-1, 1:-1]

    return layer(hand, forward, (RNG.normal(size=(2, 4, 5)),))


def neighbours(bug):
    """Each node takes the mean of its neighbours."""
    near = {0: [1, 2, 3], 1: [0], 2: [0, 3], 3: [0, 1, 2, 4], 4: [3]}

    def forward(h):
        out = np.zeros(h.shape)
        for v, some in near.items():
            out[v] = sum(h[u] for u in some) / len(some)
        return out

    def hand(g, h):
        dh = np.zeros(h.shape)
        for v, some in near.items():
            for u in some:
                dh[u] += g[v] / len(near[u] if bug == "by their own" else some)
        return dh

    return layer(hand, forward, (RNG.normal(size=(5, 3)),))


def placed(bug):
    """A table of places of which the first two are kept for something else, and a shift for each channel."""
    x, at = RNG.normal(size=(2, 4, 3)), 0 if bug == "from the start" else 2

    def forward(table, shift):
        return (x + table[2:6]) * x + shift[:, None, None] * np.ones((2, 4, 3))

    def hand(g, table, shift):
        dtable = np.zeros_like(table)
        dtable[at : at + 4] = np.sum(g * x, axis=0)
        dshift = g.mean(axis=(1, 2)) if bug == "mean of places" else g if bug == "of all places" else g.sum((1, 2))
        return dtable, dshift

    return layer(hand, forward, (RNG.normal(size=(7, 3)), RNG.normal(size=2)))


PROGRAMS = [
    Program("mean of words", "script", mean_of_words, {"of the filled": {"wrong count"}}),
    Program(
        "machine",
        "loops",
        machine,
        {name: {"regularisation"} for name in ("divided", "twice", "left out")},
    ),
    Program("attention", "to what came before", attention, {"diagonal": {"diagonal only"}}),
    Program("quadratic form", "script", quadratic, {"as if symmetric": {"transposed"}}),
    Program("quantile", "script", quantile, {"exchanged": {"wrong factor"}}),
    Program("dropout", "layer", dropped, {"drawn anew": {"not the same again"}}),
    Program("gelu", "layer", gelu, {"of a square": {"derivative"}}),
    Program("mean filter", "layer", bordered, {"left on": {"padding"}}),
    Program("neighbours", "loops", neighbours, {"by their own": {"factor"}}),
    Program(
        "table of places",
        "layer",
        placed,
        {"from the start": {"shifted"}, "mean of places": {"averaged"}, "of all places": {"not summed"}},
    ),
]
