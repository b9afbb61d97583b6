"""Residual connections: a script with one, blocks as classes."""

import numpy as np

from .programs import Program, closed, given

RNG = np.random.default_rng(38)


def residual_script(bug):
    X, y = RNG.normal(size=(9, 4)), RNG.integers(0, 2, 9)

    def f(params, X, y):
        h = X @ params["W0"]
        z = h @ params["W1"] + params["b1"]
        r = np.maximum(z, 0) @ params["W2"]
        out = h + r
        score = (out @ params["v"]).reshape(-1)
        p = 1 / (1 + np.exp(-score))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

        ds = (p - y) / len(y)
        if bug == "sigmoid twice":
            ds = ds * p * (1 - p)
        ds = ds.reshape(-1, 1)
        dout = ds @ params["v"].T
        dr = dout
        dz = (dr @ params["W2"].T) * (z > 0)
        dh = dz @ params["W1"].T + dout
        if bug == "skip dropped":
            dh = dz @ params["W1"].T
        if bug == "branch dropped":
            dh = dout
        if bug == "skip twice":
            dh = dh + dout
        if bug == "skip through mask":
            dh = dz @ params["W1"].T + dz
        if bug == "minus":
            dh = dz @ params["W1"].T - dout
        dW2 = (z if bug == "z for relu" else np.maximum(z, 0)).T @ dr
        return loss, {"W0": X.T @ dh, "W1": h.T @ dz, "b1": dz.sum(0), "W2": dW2, "v": out.T @ ds}

    params = {
        "W0": RNG.normal(size=(4, 5)),
        "W1": RNG.normal(size=(5, 5)),
        "b1": RNG.normal(size=5),
        "W2": 0.4 * RNG.normal(size=(5, 5)),
        "v": 0.4 * RNG.normal(size=(5, 1)),
    }
    return given(f, params, (X, y))


class Block:
    def __init__(self, W, bug):
        self.W, self.bug = W, bug

    def forward(self, x):
        self.x = x
        self.a = np.tanh(x @ self.W)
        return x + self.a

    def backward(self, g):
        dz = g * (1 - self.a**2)
        if self.bug == "of output":
            dz = g * (1 - (self.x + self.a) ** 2)
        self.dW = self.x.T @ dz
        if self.bug == "no skip":
            return dz @ self.W.T
        if self.bug == "only skip":
            return g
        if self.bug == "W not transposed":
            return g + dz @ self.W
        return g + dz @ self.W.T


def residual_classes(bug):
    X, t = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))

    def f(params):
        blocks = [Block(W, bug) for W in params]
        out = X
        for block in blocks:
            out = block.forward(out)
        loss = np.mean((out - t) ** 2)
        g = 2 * (out - t) / t.size
        if bug == "rows":
            g = 2 * (out - t) / len(t)
        for block in reversed(blocks):
            g = block.backward(g)
        return loss, [block.dW for block in blocks]

    return closed(f, [0.7 * RNG.normal(size=(4, 4)) for _ in range(3)])


PROGRAMS = [
    Program(
        "residual",
        "script",
        residual_script,
        {
            "sigmoid twice": {"derivative too much", "derivative"},
            "skip dropped": {"branch missing"},
            "branch dropped": {"branch missing"},
            "skip twice": {"counted twice"},
            "skip through mask": {"wrong gradient", "mask missing", "wrong branch"},
            "minus": {"sign"},
            "z for relu": {"wrong factor"},
        },
    ),
    Program(
        "residual",
        "classes",
        residual_classes,
        {
            "of output": {"derivative"},
            "no skip": {"branch missing"},
            "only skip": {"branch missing"},
            "W not transposed": {"transposed"},
            "rows": {"factor", "summed"},
        },
    ),
]
