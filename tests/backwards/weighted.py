"""Losses with weights of classes and of labels, smooth labels, and other operands of the same shape."""

import numpy as np

from .programs import Program, given

RNG = np.random.default_rng(52)


def smooth_and_weighted(bug):
    x, y = RNG.normal(size=(8, 4)), np.array([0, 1, 2, 2, 1, 0, 0, 2])
    weights = np.array([0.5, 1.5, 3.0])

    def f(params, x, y):
        hot, w = np.eye(3)[y], weights[y]
        s = x @ params["W"] + params["b"]
        s = s - s.max(axis=1, keepdims=True)
        log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        target = 0.9 * hot + 0.1 / 3
        loss = -np.sum(w * np.sum(target * log_p, axis=1)) / w.sum()

        p, by = np.exp(log_p), w[:, None] / w.sum()
        if bug == "hard":
            target = hot
        if bug == "only others":
            target = 0.9 * hot + 0.1 / 3 * (1 - hot)
        if bug == "share of K − 1":
            target = np.where(hot > 0, 0.9, 0.05)
        if bug == "of columns":
            by = weights[None] / w.sum()
        ds = (p - target) * by
        if bug == "labels without weight":
            ds = p * by - target / w.sum()
        return loss, {"W": x.T @ ds, "b": ds.sum(axis=0)}

    return given(f, {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}, (x, y))


def weights_of_labels(bug):
    x, y = RNG.normal(size=(6, 4)), np.array([[1.0, 0], [0, 1], [1, 1], [0, 0], [1, 0], [0, 1]])
    w = np.array([2.0, 3.0])

    def f(params, x, y):
        o = 1 / (1 + np.exp(-(x @ params["V"])))
        loss = -np.sum(w * y * np.log(o) + (1 - y) * np.log(1 - o)) / len(x)
        dz = o * (1 - y) - w * y * (1 - o)
        if bug == "missing":
            dz = o - y
        if bug == "on both":
            dz = w * (o - y)
        return loss, {"V": x.T @ dz / len(x)}

    return given(f, {"V": RNG.normal(size=(4, 2))}, (x, y))


def gated(bug):
    x, t = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 4))

    def f(params, x, t):
        a, u = x @ params["W1"], x @ params["W3"]
        s = 1 / (1 + np.exp(-a))
        h = a * s * u
        out = h @ params["W2"] + x
        loss = np.sum((out - t) ** 2) / len(x)
        d = 2 * (out - t) / len(x)
        dh = d @ (params["W3"] if bug == "another weight" else params["W2"].T)
        da = dh * u * (s + a * s * (1 - s))
        dW1 = (h if bug == "another input" else x).T @ da
        return loss, {"W1": dW1, "W3": x.T @ (dh * a * s), "W2": h.T @ d}

    return given(f, {name: RNG.normal(size=(4, 4)) for name in ("W1", "W2", "W3")}, (x, t))


PROGRAMS = [
    Program(
        "smooth labels with weights",
        "script",
        smooth_and_weighted,
        {
            "hard": {"labels"},
            "only others": {"labels"},
            "share of K − 1": {"labels"},
            "of columns": {"wrong factor"},
            "labels without weight": {"factor missing"},
        },
    ),
    Program(
        "weights of labels",
        "script",
        weights_of_labels,
        {"missing": {"factor missing", "scale missing"}, "on both": {"wrong factor"}},
    ),
    Program(
        "gated layer",
        "script",
        gated,
        {"another weight": {"wrong factor"}, "another input": {"wrong factor"}},
    ),
]
