"""Dropout, embeddings and bags of words."""

import numpy as np

from .programs import Program, closed, given, layer

RNG = np.random.default_rng(36)


def dropout_script(bug):
    X, Y, p = RNG.normal(size=(8, 4)), RNG.normal(size=(8, 2)), 0.4
    mask = (RNG.random((8, 6)) > p).astype(float)

    def f(params, X, Y, mask):
        h = np.maximum(X @ params["W1"] + params["b1"], 0)
        d = h * mask / (1 - p)
        out = d @ params["W2"]
        loss = np.mean(np.square(out - Y))

        dout = 2 * (out - Y) / out.size
        if bug == "size":
            dout = 2 * (out - Y) / len(X)
        dW2 = (h if bug == "undropped" else d).T @ dout
        dd = dout @ params["W2"].T
        dh = dd * mask / (1 - p)
        if bug == "no mask":
            dh = dd
        if bug == "no scale":
            dh = dd * mask
        if bug == "divided by p":
            dh = dd * mask / p
        if bug == "inverted":
            dh = dd * (1 - mask) / (1 - p)
        if bug == "twice":
            dh = dd * mask / (1 - p) ** 2
        dz = dh if bug == "no relu" else dh * (h > 0)
        return loss, {"W1": X.T @ dz, "b1": dz.sum(0), "W2": dW2}

    params = {"W1": RNG.normal(size=(4, 6)), "b1": RNG.normal(size=6), "W2": RNG.normal(size=(6, 2))}
    return given(f, params, (X, Y, mask))


class Dropout:
    def __init__(self, keep, shape):
        self.mask = (np.random.default_rng(3).random(shape) < keep) / keep

    def forward(self, x):
        return x * self.mask


def dropout_layer(bug):
    drop = Dropout(0.7, (7, 5))

    def hand(g, x):
        if bug == "no mask":
            return g
        if bug == "twice":
            return g * drop.mask * drop.mask
        if bug == "no scale":
            return g * (drop.mask > 0)
        if bug == "of x":
            return g * (x > 0)
        if bug == "times x":
            return g * x * drop.mask
        return g * drop.mask

    return layer(hand, drop.forward, (RNG.normal(size=(7, 5)),))


def embedding_script(bug):
    words = np.array([[0, 2, 2], [1, 0, 4], [3, 2, 1], [4, 4, 4]])
    y = np.array([0.0, 1.0, 1.0, 0.0])

    def f(params):
        E, w, b = params["E"], params["w"], params["b"]
        x = E[words]
        mean = np.mean(x, axis=1)
        z = mean @ w + b
        p = 1 / (1 + np.exp(-z))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

        dz = (p - y) / len(y)
        if bug == "labels missing":
            dz = p / len(y)
        if bug == "only ones":
            dz = -y * (1 - p) / len(y)
        dw, db = mean.T @ dz, dz.sum()
        dmean = np.outer(dz, w)
        dx = np.repeat(dmean[:, None, :], 3, axis=1)
        if bug != "no mean":
            dx = dx / 3
        dE = np.zeros(E.shape)
        if bug == "overwritten":
            dE[words] = dx
        elif bug == "buffered":
            dE[words] += dx
        elif bug == "averaged":
            np.add.at(dE, words, dx)
            counts = np.bincount(words.ravel(), minlength=len(E))
            dE = dE / np.maximum(counts, 1)[:, None]
        elif bug == "first word":
            np.add.at(dE, words[:, 0], dx[:, 0])
        else:
            np.add.at(dE, words, dx)
        return loss, {"E": dE, "w": dw, "b": db}

    return closed(f, {"E": RNG.normal(size=(6, 3)), "w": RNG.normal(size=3), "b": np.array(0.3)})


class BagOfWords:
    def __init__(self, E, W, bug):
        self.E, self.W, self.bug = E, W, bug

    def forward(self, counts):
        self.counts = counts
        self.x = counts @ self.E
        self.h = np.tanh(self.x)
        return self.h @ self.W

    def backward(self, g):
        dW = self.h.T @ g
        dh = g @ self.W.T
        dx = dh * (1 - self.h**2)
        if self.bug == "tanh of x":
            dx = dh * (1 - self.x**2)
        if self.bug == "tanh missing":
            dx = dh
        counts = np.minimum(self.counts, 1) if self.bug == "present" else self.counts
        if self.bug == "normalised":
            counts = counts / counts.sum(axis=1, keepdims=True)
        dE = counts.T @ dx
        if self.bug == "averaged":
            dE = dE / len(g)
        return dE, dW


def bag_of_words(bug):
    counts = RNG.integers(0, 4, (6, 5)).astype(float)
    y = RNG.integers(0, 3, 6)

    def f(params):
        net = BagOfWords(params[0], params[1], bug)
        s = net.forward(counts)
        s = s - s.max(axis=1)[:, None]
        logp = s - np.log(np.exp(s).sum(axis=1))[:, None]
        loss = -logp[np.arange(6), y].mean()
        g = np.exp(logp)
        if bug == "all minus one":
            g = g - 1
        else:
            g[np.arange(6), y] -= 1
        return loss, net.backward(g / 6)

    return closed(f, (RNG.normal(size=(5, 4)), RNG.normal(size=(4, 3))))


TEXTS = [[0, 2, 1], [3, 3], [4, 0, 1, 2], [5], [2, 5, 5, 1, 0]]
WHICH = np.array([0, 1, 2, 0, 1])


def counted(text, bug):
    """By what the gradient of a text's mean is divided."""
    n = len(text)
    return {"no length": 1, "texts": len(TEXTS), "twice": n * n, "n - 1": max(n - 1, 1)}.get(bug, n)


def texts_at_once(bug):
    def f(params, texts, labels):
        E, W = params["E"], params["W"]
        h = np.stack([E[text].mean(axis=0) for text in texts])
        e = np.exp(h @ W)
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(len(labels)), labels]))

        dz = (p - np.eye(3)[labels]) / len(labels)
        dh = dz @ W.T
        dE = np.zeros_like(E)
        for row, text in zip(dh, texts):
            part = row / counted(text, bug)
            if bug == "buffered":
                dE[text] += part
            elif bug == "first word":
                dE[text[0]] += part
            else:
                np.add.at(dE, text, part)
        return loss, {"E": dE, "W": h.T @ dz}

    return given(f, {"E": RNG.normal(size=(6, 4)), "W": RNG.normal(size=(4, 3))}, (TEXTS, WHICH))


def text_by_text(bug):
    def f(params):
        E, w = params
        loss, dE, dw = 0.0, np.zeros_like(E), np.zeros_like(w)
        for text, y in zip(TEXTS, WHICH):
            h = np.mean([E[word] for word in text], axis=0)
            d = np.tanh(h) @ w - y
            loss += d**2
            dw += 2 * d * np.tanh(h)
            dh = 2 * d * w * (1 - np.tanh(h) ** 2)
            for word in text:
                if bug == "overwritten":
                    dE[word] = dh / len(text)
                else:
                    dE[word] += dh / counted(text, bug)
        return loss, (dE, dw)

    return closed(f, (RNG.normal(size=(6, 4)), RNG.normal(size=4)))


def one_centre(bug):
    """A word and one beside it, each with a vector; the softmax over all words."""
    beside = 4

    def forward(centre, outside):
        scores = np.dot(outside, centre)
        scores = scores - np.max(scores)
        return np.log(np.sum(np.exp(scores))) - scores[beside]

    def hand(g, centre, outside):
        scores = outside @ centre
        e = np.exp(scores - scores.max())
        d = e / e.sum()
        d[beside] -= 1
        dcentre, doutside = outside.T @ d, d[:, None] * centre
        if bug == "centre without p":
            dcentre = -outside[beside]
        if bug == "centre without its neighbour":
            dcentre = outside.T @ (e / e.sum())
        if bug == "outside without p":
            doutside = np.zeros_like(outside)
            doutside[beside] = -centre
        return g * dcentre, g * doutside

    return layer(hand, forward, (RNG.normal(size=3), RNG.normal(size=(7, 3))))


def all_around(bug):
    """Centre words with those around each; the gradients of whole tables."""
    centres, around = [3, 0, 5], [[1, 2, 4], [3, 6], [0, 1]]

    def f(tables):
        V, U = tables["V"], tables["U"]
        loss, dV, dU = 0.0, np.zeros_like(V), np.zeros_like(U)
        for c, words in zip(centres, around):
            p = np.exp(U @ V[c])
            p = p / p.sum()
            loss -= np.sum(np.log(p[words]))
            d = len(words) * p
            for word in words:
                d[word] -= 1
            dV[c] = -U[words].sum(axis=0) if bug == "centres without p" else d @ U
            if bug == "tables without p":
                dU[words] -= V[c]
            else:
                dU += np.outer(d, V[c])
        return loss, {"V": dV, "U": dU}

    return closed(f, {"V": RNG.normal(size=(7, 4)), "U": RNG.normal(size=(7, 4))})


PROGRAMS = [
    Program(
        "dropout",
        "script",
        dropout_script,
        {
            "size": {"factor", "summed"},
            "undropped": {"wrong factor"},
            "no mask": {"mask missing", "factor"},
            "no scale": {"scale missing", "factor"},
            "divided by p": {"factor"},
            "inverted": {"mask inverted"},
            "twice": {"factor", "applied twice"},
            "no relu": {"mask missing"},
        },
    ),
    Program(
        "dropout",
        "classes",
        dropout_layer,
        {
            "no mask": {"mask missing"},
            "twice": {"applied twice", "factor"},
            "no scale": {"scale missing", "factor"},
            "of x": {"wrong factor", "mask of x"},
            "times x": {"wrong factor"},
        },
    ),
    Program(
        "embedding",
        "script",
        embedding_script,
        {
            "labels missing": {"labels missing"},
            "only ones": {"term missing", "labels"},
            "no mean": {"summed", "factor", "scale missing"},
            "overwritten": {"overwritten"},
            "buffered": {"overwritten"},
            "averaged": {"averaged"},
            "first word": {"part missing"},
        },
    ),
    Program(
        "embedding",
        "classes",
        bag_of_words,
        {
            "tanh of x": {"derivative"},
            "tanh missing": {"derivative missing"},
            "present": {"wrong factor"},
            "normalised": {"wrong factor", "counts", "factor per row"},
            "averaged": {"averaged", "divided twice"},
            "all minus one": {"labels"},
        },
    ),
    Program(
        "texts of several lengths",
        "at once",
        texts_at_once,
        {
            "no length": {"summed"},
            "texts": {"wrong count"},
            "twice": {"averaged"},
            "n - 1": {"n − 1"},
            "buffered": {"overwritten"},
            "first word": {"part missing"},
        },
    ),
    Program(
        "texts of several lengths",
        "text by text",
        text_by_text,
        {
            "no length": {"summed"},
            "texts": {"wrong count"},
            "twice": {"averaged"},
            "n - 1": {"n − 1"},
            "overwritten": {"overwritten"},
        },
    ),
    Program(
        "word vectors",
        "layer",
        one_centre,
        {
            "centre without p": {"p missing"},
            "centre without its neighbour": {"labels missing"},
            "outside without p": {"p missing"},
        },
    ),
    Program(
        "word vectors",
        "script",
        all_around,
        {"centres without p": {"p missing"}, "tables without p": {"p missing"}},
    ),
]
