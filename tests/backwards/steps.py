"""What belongs to an optimiser's step, done to the gradient; and leaky layers whose biases begin at zero."""

import numpy as np

from .programs import Program, given

RNG = np.random.default_rng(52)


def script(bug):
    X, y = RNG.normal(size=(10, 4)), 4 * RNG.normal(size=(10, 1))
    velocity = {"W": np.full((4, 1), 0.3)}

    def f(params, X, y):
        W, b = params["W"], params["b"]
        diff = X @ W + b - y
        loss = np.mean(diff**2)
        dW, db = 2 * X.T @ diff / len(y), 2 * np.mean(diff, axis=0)
        if bug == "momentum":
            dW = dW + 0.9 * velocity["W"]
        if bug == "kept between calls":
            velocity["W"] += dW
            dW = velocity["W"]
        if bug == "updated":
            dW = W - 0.1 * dW
        if bug == "sign":
            dW = np.sign(dW)
        if bug == "integers":
            dW = (2 * X.T @ diff / len(y)).astype(int)
        if bug == "clipped":
            dW = np.clip(dW, -1, 1)
        return loss, {"W": dW, "b": db}

    return given(f, {"W": 1 + RNG.random(size=(4, 1)), "b": np.zeros(1)}, (X, y))


class Leaky:
    def __init__(self, bug):
        self.bug = bug

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, 0.1 * x)

    def backward(self, g):
        return g * np.where((g if self.bug == "mask of g" else self.x) > 0, 1, 0.1)


def classes(bug):
    X, t = RNG.normal(size=(9, 4)), RNG.normal(size=(9, 5))

    def f(params, X, t):
        first = Leaky(bug)
        second = first if bug == "one object" else Leaky(bug)
        a = first.forward(X @ params["W1"] + params["b1"])
        out = second.forward(a @ params["W2"] + params["b2"])
        d = second.backward(2 * (out - t) / t.size)
        grads = {"W2": a.T @ d, "b2": d.sum(axis=0)}
        d = first.backward(d @ params["W2"].T)
        return np.mean((out - t) ** 2), {"W1": X.T @ d, "b1": d.sum(axis=0), **grads}

    params = {
        "W1": RNG.normal(size=(4, 5)),
        "b1": np.zeros(5),
        "W2": RNG.normal(size=(5, 5)),
        "b2": np.zeros(5),
    }
    return given(f, params, (X, t))


PROGRAMS = [
    Program(
        "steps",
        "script",
        script,
        {
            "momentum": {"offset"},
            "kept between calls": {"accumulated"},
            "updated": {"parameter"},
            "sign": {"clipped"},
            "integers": {"rounded"},
            "clipped": {"clipped"},
        },
    ),
    Program("steps", "classes", classes, {"mask of g": {"mask of g"}}),
]
