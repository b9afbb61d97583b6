"""Batch norm as a script and as a layer; layer norm as a script and as a layer."""

import numpy as np

from .programs import Program, given, layer

RNG = np.random.default_rng(33)


def batch_norm_script(bug):
    X, t = RNG.normal(size=(8, 4)), RNG.normal(size=(8, 3))

    def f(params, X, t):
        N = X.shape[0]
        h = X @ params["W"]
        mu = np.mean(h, axis=0)
        xc = h - mu
        var = np.mean(xc**2, axis=0)
        ivar = 1 / np.sqrt(var + 1e-5)
        xhat = xc * ivar
        out = params["gamma"] * xhat + params["beta"]
        loss = np.sum((out - t) ** 2) / N

        dout = 2 * (out - t) / N
        dbeta = np.sum(dout, axis=0)
        dgamma = np.sum(dout * (out if bug == "out for xhat" else xhat), axis=0)
        dxhat = dout if bug == "no gamma" else dout * params["gamma"]
        divar = np.sum(dxhat * xc, axis=0)
        dvar = divar * (-(ivar**3)) if bug == "no half" else divar * -0.5 * ivar**3
        if bug == "power":
            dvar = divar * -0.5 * ivar
        dxc = dxhat * ivar
        if bug != "no variance":
            dxc = dxc + 2 * xc * dvar / (1 if bug == "variance not averaged" else N)
        dmu = -np.sum(dxc, axis=0)
        dh = dxc + (0 if bug == "no mean" else dmu if bug == "mean not averaged" else dmu / N)
        if bug == "constants":
            dh = dxhat * ivar
        return loss, {"W": X.T @ dh, "gamma": dgamma, "beta": dbeta}

    params = {"W": RNG.normal(size=(4, 3)), "gamma": RNG.uniform(0.5, 2, 3), "beta": RNG.normal(size=3)}
    return given(f, params, (X, t))


class BatchNorm:
    eps = 1e-5

    def __init__(self, bug):
        self.bug = bug

    def forward(self, x, gamma, beta):
        self.gamma = gamma
        self.std = np.sqrt(np.var(x, axis=0) + self.eps)
        self.xhat = (x - np.mean(x, axis=0)) / self.std
        return gamma * self.xhat + beta

    def backward(self, g):
        n, xhat = len(g), self.xhat
        dgamma, dbeta = np.sum(g * xhat, axis=0), np.sum(g, axis=0)
        if self.bug == "gamma without xhat":
            dgamma = np.sum(g, axis=0)
        if self.bug == "beta mean":
            dbeta = np.mean(g, axis=0)
        d = g * self.gamma
        if self.bug == "sums":
            dx = (d - d.sum(0) - xhat * (d * xhat).sum(0)) / self.std
        elif self.bug == "not divided by std":
            dx = (n * d - d.sum(0) - xhat * (d * xhat).sum(0)) / n
        elif self.bug == "std squared":
            dx = (n * d - d.sum(0) - xhat * (d * xhat).sum(0)) / (n * self.std**2)
        elif self.bug == "without xhat term":
            dx = (n * d - d.sum(0)) / (n * self.std)
        elif self.bug == "plus":
            dx = (n * d - d.sum(0) + xhat * (d * xhat).sum(0)) / (n * self.std)
        elif self.bug == "n missing":
            dx = (n * d - d.sum(0) - xhat * (d * xhat).sum(0)) / self.std
        else:
            dx = (n * d - d.sum(0) - xhat * (d * xhat).sum(0)) / (n * self.std)
        return dx, dgamma, dbeta


def batch_norm_layer(bug):
    def hand(g, x, gamma, beta):
        norm = BatchNorm(bug)
        norm.forward(x, gamma, beta)
        return norm.backward(g)

    inputs = RNG.normal(size=(7, 4)), RNG.uniform(0.5, 2, 4), RNG.normal(size=4)
    return layer(
        hand, lambda x, gamma, beta: BatchNorm("").forward(x, gamma, beta), inputs, names=("dx", "dgamma", "dbeta")
    )


def layer_norm_script(bug):
    X, y = RNG.normal(size=(6, 5)), RNG.integers(0, 5, 6)

    def f(params, X, y):
        n, d = X.shape
        h = X @ params["W"]
        mean = h.mean(axis=1, keepdims=True)
        var = np.mean((h - mean) ** 2, axis=1, keepdims=True)
        std = np.sqrt(var + 1e-6)
        norm = (h - mean) / std
        out = norm * params["g"] + params["b"]
        z = out - out.max(axis=1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        loss = -np.log(p[range(n), y]).sum() / n

        dout = p.copy() if hasattr(p, "copy") else p
        dout[range(n), y] -= 1
        dout = dout / n
        dnorm = dout * params["g"]
        axis = 0 if bug == "over examples" else 1
        m1 = dnorm.mean(axis=axis, keepdims=True)
        m2 = (dnorm * norm).mean(axis=axis, keepdims=True)
        if bug == "no mean":
            m1 = 0
        if bug == "no variance":
            m2 = 0
        if bug == "sums":
            m1, m2 = d * m1, d * m2
        dh = (dnorm - m1 - norm * m2) / (1 if bug == "no std" else std)
        if bug == "no norm factor":
            dh = (dnorm - m1 - m2) / std
        dg = (dout * norm).sum(axis=0)
        if bug == "gain from h":
            dg = (dout * h).sum(axis=0)
        db = dout.sum(axis=0)
        return loss, {"W": X.T @ dh, "g": dg, "b": db}

    params = {"W": RNG.normal(size=(5, 5)), "g": RNG.uniform(0.5, 2, 5), "b": RNG.normal(size=5)}
    return given(f, params, (X, y))


class LayerNorm:
    def __init__(self, gain, bias, bug=""):
        self.gain, self.bias, self.bug = gain, bias, bug

    def __call__(self, x):
        mu = np.mean(x, axis=-1, keepdims=True)
        sigma = np.std(x, axis=-1, keepdims=True)
        self.h = (x - mu) / (sigma + 1e-8)
        self.sigma = sigma + 1e-8
        return self.gain * self.h + self.bias

    def backward(self, g):
        h, bug = self.h, self.bug
        dgain, dbias = (g * h).sum((0, 1)), g.sum((0, 1))
        if bug == "gain over one axis":
            dgain = (g * h).sum(0)
        if bug == "bias averaged":
            dbias = g.mean((0, 1))
        dh = g if bug == "no gain" else g * self.gain
        a, b = dh.mean(-1, keepdims=True), (dh * h).mean(-1, keepdims=True)
        if bug == "no projections":
            a = b = 0
        dx = (dh - a - b * h) / self.sigma
        if bug == "times sigma":
            dx = (dh - a - b * h) * self.sigma
        return dx, dgain, dbias


def layer_norm_layer(bug):
    def hand(g, x, gain, bias):
        norm = LayerNorm(gain, bias, bug)
        norm(x)
        return norm.backward(g)

    inputs = RNG.normal(size=(3, 5, 4)), RNG.uniform(0.5, 2, 4), RNG.normal(size=4)
    return layer(hand, lambda x, gain, bias: LayerNorm(gain, bias)(x), inputs, names=("dx", "dgain", "dbias"))


PROGRAMS = [
    Program(
        "batch norm",
        "script",
        batch_norm_script,
        {
            "out for xhat": {"wrong factor"},
            "no gamma": {"factor missing"},
            "no half": {"factor", "counted twice"},
            "power": {"exponent", "derivative", "wrong factor"},
            "no variance": {"term missing", "branch missing"},
            "variance not averaged": {"summed"},
            "no mean": {"term missing", "branch missing"},
            "mean not averaged": {"summed", "factor"},
            "constants": {"term missing"},
        },
    ),
    Program(
        "batch norm",
        "classes",
        batch_norm_layer,
        {
            "gamma without xhat": {"factor missing", "wrong gradient"},
            "beta mean": {"averaged"},
            "sums": {"summed"},
            "not divided by std": {"division missing"},
            "std squared": {"derivative"},
            "without xhat term": {"term missing"},
            "plus": {"sign"},
            "n missing": {"summed"},
        },
    ),
    Program(
        "layer norm",
        "script",
        layer_norm_script,
        {
            "over examples": {"wrong axis"},
            "no mean": {"term missing", "branch missing"},
            "no variance": {"term missing"},
            "sums": {"summed"},
            "no std": {"division missing"},
            "no norm factor": {"derivative"},
            "gain from h": {"wrong factor"},
        },
    ),
    Program(
        "layer norm",
        "classes",
        layer_norm_layer,
        {
            "gain over one axis": {"shape", "not summed"},
            "bias averaged": {"averaged"},
            "no gain": {"factor missing"},
            "no projections": {"term missing"},
            "times sigma": {"derivative"},
        },
    ),
]
