"""Weights used twice, and autoencoders."""

from itertools import pairwise

import numpy as np

from .programs import Program, closed, given

RNG = np.random.default_rng(39)


def shared_script(bug):
    X, t, lam = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 5)), 0.1

    def f(params, X, t):
        W, c = params["W"], params["c"]
        h = np.tanh(X @ W)
        out = h @ W.T + c
        loss = np.sum((out - t) ** 2) / len(X) + lam * np.sum(W * W)

        dout = 2 * (out - t) / len(X)
        decoder = (h.T @ dout).T
        dz = (dout @ W) * (1 - h * h)
        encoder = X.T @ dz
        dW = encoder + decoder + 2 * lam * W
        if bug == "decoder only":
            dW = decoder + 2 * lam * W
        if bug == "encoder only":
            dW = encoder + 2 * lam * W
        if bug == "halved":
            dW = (encoder + decoder) / 2 + 2 * lam * W
        if bug == "encoder twice":
            dW = 2 * encoder + decoder + 2 * lam * W
        if bug == "no two":
            dW = encoder + decoder + lam * W
        if bug == "no tanh":
            dW = X.T @ (dout @ W) + decoder + 2 * lam * W
        if bug == "sum and L2":
            dW = len(X) * (encoder + decoder) + 2 * lam * W
        if bug == "sign and L2":
            dW = -(encoder + decoder) + 2 * lam * W
        return loss, {"W": dW, "c": dout.sum(0)}

    return given(f, {"W": RNG.normal(size=(5, 3)), "c": RNG.normal(size=5)}, (X, t))


class Shared:
    """One matrix for both layers of a siamese pair, and a bias."""

    def __init__(self, W, b, bug):
        self.W, self.b, self.bug = W, b, bug

    def forward(self, x1, x2):
        self.x1, self.x2 = x1, x2
        self.h1, self.h2 = sigmoid(x1 @ self.W + self.b), sigmoid(x2 @ self.W + self.b)
        self.d = self.h1 - self.h2
        return np.sum(self.d**2) / len(x1)

    def backward(self):
        n, bug = len(self.x1), self.bug
        g = 2 * self.d / n
        dz1 = g * self.h1 * (1 - self.h1)
        dz2 = -g * self.h2 * (1 - self.h2)
        if bug == "plus":
            dz2 = -dz2
        if bug == "one slope":
            dz2 = -g * self.h1 * (1 - self.h1)
        dW = self.x1.T @ dz1 + self.x2.T @ dz2
        db = dz1.sum(0) + dz2.sum(0)
        if bug == "first only":
            dW, db = self.x1.T @ dz1, dz1.sum(0)
        if bug == "second only":
            dW, db = self.x2.T @ dz2, dz2.sum(0)
        if bug == "bias once":
            db = dz1.sum(0)
        if bug == "x1 twice":
            dW = self.x1.T @ dz1 + self.x1.T @ dz2
        return dW, db


def sigmoid(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))


def shared_classes(bug):
    x1, x2 = RNG.normal(size=(2, 7, 4))

    def f(params):
        net = Shared(*params, bug)
        return net.forward(x1, x2), net.backward()

    return closed(f, (RNG.normal(size=(4, 3)), RNG.normal(size=3)))


def autoencoder_script(bug):
    X = RNG.random((7, 5))

    def f(params, X):
        We, be, Wd, bd = params["We"], params["be"], params["Wd"], params["bd"]
        code = np.log(1 + np.exp(X @ We + be))
        z = code @ Wd + bd
        out = 1.0 / (1.0 + np.exp(-z))
        loss = -np.sum(X * np.log(out) + (1 - X) * np.log(1 - out)) / len(X) + 0.01 * np.sum(np.abs(code)) / len(X)

        dz = (out - X) / len(X)
        if bug == "of out":
            dz = (out - X) / (out * (1 - out)) / len(X)
        if bug == "twice":
            dz = dz * out * (1 - out)
        dcode = dz @ Wd.T + 0.01 * np.sign(code) / len(X)
        if bug == "no sparsity":
            dcode = dz @ Wd.T
        if bug == "sparsity not averaged":
            dcode = dz @ Wd.T + 0.01 * np.sign(code)
        s = 1 / (1 + np.exp(-(X @ We + be)))
        da = dcode * s
        if bug == "softplus slope":
            da = dcode * s * (1 - s)
        if bug == "relu slope":
            da = dcode * (X @ We + be > 0)
        if bug == "code":
            da = dcode * code
        dbd = dz.sum(axis=1) if bug == "wrong axis" else dz.sum(axis=0)
        return loss, {"We": X.T @ da, "be": da.sum(axis=0), "Wd": code.T @ dz, "bd": dbd}

    params = {
        "We": RNG.normal(size=(5, 3)),
        "be": RNG.normal(size=3),
        "Wd": RNG.normal(size=(3, 5)),
        "bd": RNG.normal(size=5),
    }
    return given(f, params, (X,))


class Autoencoder:
    def __init__(self, layers, bug):
        self.layers, self.bug = layers, bug

    def forward(self, x):
        self.a = [x]
        for i, (W, b) in enumerate(self.layers):
            z = self.a[-1] @ W + b
            self.a.append(z if i == len(self.layers) - 1 else np.where(z > 0, z, 0.2 * z))
        return self.a[-1]

    def backward(self, g):
        grads = []
        for i in reversed(range(len(self.layers))):
            if i < len(self.layers) - 1:
                slope = {"relu": 0, "positive": 1, "minus": -0.2}.get(self.bug, 0.2)
                mask = np.where(self.a[i + 1] > 0, 1, slope)
                if self.bug == "swapped":
                    mask = np.where(self.a[i + 1] > 0, 0.2, 1)
                g = g * mask
            grads.append((self.a[i + 1 if self.bug == "next" and i == 0 else i].T @ g, g.sum(0)))
            if self.bug == "bias mean" and i == 1:
                grads[-1] = (grads[-1][0], g.mean(0))
            g = g @ self.layers[i][0].T
        return grads[::-1]


def autoencoder_classes(bug):
    X = RNG.normal(size=(8, 4))

    def f(params):
        net = Autoencoder(params, bug)
        out = net.forward(X)
        loss = 0.5 * np.mean(np.sum((out - X) ** 2, axis=1))
        g = (out - X) / len(X)
        if bug == "absolute":
            g = np.sign(out - X) / len(X)
        if bug == "no division":
            g = out - X
        return loss, net.backward(g)

    sizes = (4, 4, 3, 4)
    return closed(f, [(RNG.normal(size=(a, b)), RNG.normal(size=b)) for a, b in pairwise(sizes)])


PROGRAMS = [
    Program(
        "shared weights",
        "script",
        shared_script,
        {
            "decoder only": {"branch missing", "part missing"},
            "encoder only": {"branch missing", "part missing"},
            "halved": {"factor"},
            "encoder twice": {"counted twice"},
            "no two": {"regularisation"},
            "no tanh": {"derivative missing"},
            "sum and L2": {"summed"},
            "sign and L2": {"sign"},
        },
    ),
    Program(
        "shared weights",
        "classes",
        shared_classes,
        {
            "plus": {"sign"},
            "one slope": {"derivative", "wrong factor"},
            "first only": {"not added up", "branch missing"},
            "second only": {"not added up", "branch missing"},
            "bias once": {"not added up", "branch missing"},
            "x1 twice": {"wrong factor"},
        },
    ),
    Program(
        "autoencoder",
        "script",
        autoencoder_script,
        {
            "of out": {"derivative missing"},
            "twice": {"derivative too much", "derivative", "applied twice"},
            "no sparsity": {"branch missing"},
            "sparsity not averaged": {"summed", "scale missing"},
            "softplus slope": {"derivative"},
            "relu slope": {"derivative"},
            "code": {"derivative"},
            "wrong axis": {"wrong axis"},
        },
    ),
    Program(
        "autoencoder",
        "classes",
        autoencoder_classes,
        {
            "relu": {"slope missing", "mask missing"},
            "positive": {"mask missing"},
            "minus": {"sign"},
            "swapped": {"mask inverted"},
            "next": {"wrong factor"},
            "bias mean": {"averaged"},
            "absolute": {"wrong difference"},
            "no division": {"summed"},
        },
    ),
]
