"""What belongs to an optimiser's step, done to the gradient; leaky layers, ratings and bilinear forms."""

import numpy as np

from .programs import Program, closed, given

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
        grads |= {"W1": X.T @ d, "b1": d.sum(axis=0)}
        if bug == "mixed up":
            grads["b1"], grads["b2"] = grads["b2"], grads["b1"]
        if bug == "divided":
            grads["W1"] = 0.1 * grads["W1"] / (np.abs(grads["W1"]) + 1e-6)
        return np.mean((out - t) ** 2), grads

    params = {
        "W1": RNG.normal(size=(4, 5)),
        "b1": np.zeros(5),
        "W2": RNG.normal(size=(5, 5)),
        "b2": np.zeros(5),
    }
    return given(f, params, (X, t))


def ratings(bug):
    R, M = RNG.normal(size=(6, 5)), (RNG.random(size=(6, 5)) > 0.4).astype(float)

    def f(params):
        P, Q, u, v = params["P"], params["Q"], params["u"], params["v"]
        E = M * (P @ Q.T + u[:, None] + v - R)
        dP, dQ, dv = 2 * E @ Q, 2 * E.T @ P, 2 * E.sum(axis=0)
        if bug == "no mask":
            dP = 2 * (P @ Q.T + u[:, None] + v - R) @ Q
        if bug == "without biases":
            dQ = 2 * (M * (P @ Q.T - R)).T @ P
        if bug == "cut":
            dv = 2 * E.sum(axis=1)[:5]
        return np.sum(E**2), {"P": dP, "Q": dQ, "u": 2 * E.sum(axis=1), "v": dv}

    sizes = {"P": (6, 2), "Q": (5, 2), "u": (6,), "v": (5,)}
    return closed(f, {name: RNG.normal(size=size) for name, size in sizes.items()})


def forms(bug):
    A, B, y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 4)), RNG.normal(size=6)

    def f(params, A, B, y):
        e = np.einsum("ni,ij,nj->n", A, params["W"], B) - y
        dW = np.einsum("n,ni,nj->ij", 2 * e / len(y), A, np.ones_like(B) if bug == "no B" else B)
        return np.mean(e**2), {"W": dW}

    return given(f, {"W": RNG.normal(size=(3, 4))}, (A, B, y))


def bounded(bug):
    """Gradients cut to a length, each for itself or all together, with a tiny number in the division or without."""
    X, y = RNG.normal(size=(6, 4)), 3 * RNG.normal(size=(6, 2))

    def f(params, X, y):
        h = np.tanh(X @ params["W1"] + params["b1"])
        d = h @ params["W2"] + params["b2"] - y
        dz = d / len(X) @ params["W2"].T * (1 - h * h)
        grads = {"W1": X.T @ dz, "b1": dz.sum(0), "W2": h.T @ d / len(X), "b2": d.mean(0)}
        norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
        if bug.startswith("together") and norm > 0.5:
            tiny = 1e-6 if bug == "together, with a tiny number" else 0
            grads = {name: 0.5 * g / (norm + tiny) for name, g in grads.items()}
        if bug == "each":
            grads = {name: g * min(1.0, 0.05 / np.linalg.norm(g)) for name, g in grads.items()}
        return 0.5 * np.sum(d**2) / len(X), grads

    sizes = {"W1": (4, 5), "b1": (5,), "W2": (5, 2), "b2": (2,)}
    return given(f, {name: RNG.normal(size=size) for name, size in sizes.items()}, (X, y))


def in_parts(bug):
    """Batches of four rows, the last one smaller: what they give is added up by its share, or all count alike."""
    X, y = RNG.normal(size=(10, 3)), RNG.normal(size=10)

    def f(params, X, y):
        loss = np.mean((X @ params["w"] + params["b"] - y) ** 2)
        dw, db, parts = np.zeros_like(params["w"]), 0.0, range(0, len(X), 4)
        for i in parts:
            rows = slice(i, i + 4)
            r = X[rows] @ params["w"] + params["b"] - y[rows]
            share = 1 / len(parts) if bug == "alike" else len(r) / len(X)
            dw += share * (2 * X[rows].T @ r / len(r))
            db += share * (2 * r).mean()
        return loss, {"w": dw, "b": db}

    return given(f, {"w": RNG.normal(size=3), "b": RNG.normal(size=())}, (X, y))


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
    Program(
        "steps",
        "classes",
        classes,
        {
            "mask of g": {"mask of g"},
            "one object": {"wrong step", "mask of another"},
            "mixed up": {"wrong gradient"},
            "divided": {"divided"},
        },
    ),
    Program(
        "ratings",
        "script",
        ratings,
        {"no mask": {"mask missing"}, "without biases": {"term missing"}, "cut": {"wrong axis"}},
    ),
    Program("bilinear form", "script", forms, {"no B": {"factor missing"}}),
    Program(
        "bounded",
        "script",
        bounded,
        {bug: {"clipped"} for bug in ("together", "together, with a tiny number", "each")},
    ),
    Program("batches in parts", "script", in_parts, {"alike": {"wrong count"}}),
]
