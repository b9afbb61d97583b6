"""Softmax regression and a softmax of its own: a script with columns as examples and L2, and a layer's backward."""

import numpy as np

import tinygrad_bp as tg

from .programs import Program, given, layer

RNG = np.random.default_rng(32)


def script(bug):
    X, Y = RNG.normal(size=(5, 8)), np.eye(3)[RNG.integers(0, 3, 8)].T
    lam = 0.3

    def f(params, X, Y):
        W, b = params["W"], params["b"]
        m = X.shape[1]
        Z = np.dot(W, X) + b
        E = np.exp(Z - np.max(Z, axis=0))
        A = E / np.sum(E, axis=0)
        cost = -np.sum(Y * np.log(A)) / m + lam / 2 * np.sum(np.square(W))

        dZ = A - Y
        if bug == "Y - A":
            dZ = Y - A
        if bug == "A alone":
            dZ = A
        if bug == "twice":
            dZ = (A - Y) * A * (1 - A)
        if bug == "of A":
            dZ = -Y / A
        if bug == "minus one":
            dZ = A - 1
        dW = np.dot(dZ, X.T) / (1 if bug == "sum with L2" else m)
        dW = dW + {"no L2": 0, "L2 twice": 2 * lam, "L2 over m": lam / m}.get(bug, lam) * W
        if bug == "L2 minus":
            dW = dW - 2 * lam * W
        db = np.sum(dZ, axis=1, keepdims=True) / m
        if bug == "bias over classes":
            db = np.sum(dZ, axis=0, keepdims=True) / m
        return cost, {"W": dW, "b": db}

    return given(f, {"W": RNG.normal(size=(3, 5)), "b": RNG.normal(size=(3, 1))}, (X, Y), axis=1)


def softmax_layer(bug):
    def backward(g, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        s = e / e.sum(axis=1, keepdims=True)
        if bug == "diagonal":
            return g * s * (1 - s)
        if bug == "no jacobian":
            return g
        if bug == "g times s":
            return g * s
        if bug == "plus":
            return s * (g + np.sum(g * s, axis=1, keepdims=True))
        if bug == "sum over examples":
            return s * (g - np.sum(g * s, axis=0, keepdims=True))
        if bug == "mean":
            return s * (g - np.mean(g * s, axis=1, keepdims=True))
        dz = np.zeros_like(z)
        for i in range(len(z)):
            jacobian = np.diag(s[i]) - np.outer(s[i], s[i])
            dz[i] = (np.abs(jacobian) if bug == "signs" else jacobian) @ g[i]
        return dz

    return layer(backward, tg.softmax, (RNG.normal(size=(6, 4)),))


def other_labels(bug):
    """The label of an example is looked up at a wrong place, or for some of the examples alone."""
    X, y = RNG.normal(size=(8, 4)), np.array([2, 0, 1, 1, 2, 0, 1, 2])

    def f(params, X, y):
        n = len(X)
        scores = X @ params["W"] + params["b"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(n), y]).mean()

        d = p.copy()
        if bug == "after the loop":
            d[n - 1, y[n - 1]] -= 1
        elif bug == "column 0":
            d[np.arange(n), 0] -= 1
        elif bug == "predicted":
            d[np.arange(n), p.argmax(axis=1)] -= 1
        elif bug == "label itself":
            d -= y[:, None]
        elif bug == "first half":
            d[np.arange(n // 2), y[: n // 2]] -= 1
        elif bug != "divided first":
            d[np.arange(n), y] -= 2 if bug == "twice" else 1
        d = d / n
        if bug == "divided first":
            d[np.arange(n), y] -= 1
        if bug == "last row":
            d[-1] = 0
        dW = X.T @ d
        if bug == "rows off":
            dW = np.roll(X, 1, axis=0).T @ d
        if bug == "last place":
            dW[-1] = 0
        if bug == "copied":
            dW[0] = dW[1]
        return loss, {"W": dW, "b": d.sum(axis=0)}

    return given(f, {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}, (X, y))


PROGRAMS = [
    Program(
        "labels",
        "script",
        other_labels,
        {
            "after the loop": {"labels"},
            "column 0": {"labels"},
            "predicted": {"labels"},
            "label itself": {"labels"},
            "first half": {"labels"},
            "twice": {"labels"},
            "divided first": {"labels"},
            "last row": {"part missing"},
            "rows off": {"wrong factor"},
            "last place": {"part missing"},
            "copied": {"wrong place"},
        },
    ),
    Program(
        "softmax",
        "script",
        script,
        {
            "Y - A": {"sign", "factor"},
            "A alone": {"labels missing"},
            "twice": {"derivative too much", "derivative", "diagonal only"},
            "of A": {"derivative missing"},
            "minus one": {"labels"},
            "sum with L2": {"summed"},
            "no L2": {"regularisation"},
            "L2 twice": {"regularisation"},
            "L2 over m": {"regularisation"},
            "L2 minus": {"regularisation"},
            "bias over classes": {"wrong axis"},
        },
    ),
    Program(
        "softmax",
        "classes",
        softmax_layer,
        {
            "diagonal": {"diagonal only"},
            "no jacobian": {"derivative missing"},
            "g times s": {"diagonal only"},
            "plus": {"derivative", "sign"},
            "sum over examples": {"wrong axis"},
            "mean": {"averaged"},
            "signs": {"derivative", "sign"},
        },
    ),
]
