"""Recurrent networks unrolled: a vanilla RNN as a script, an LSTM and an RNN as classes with caches."""

import numpy as np

from .programs import Program, closed, given

RNG = np.random.default_rng(35)


def rnn_script(bug):
    X, y = RNG.normal(size=(5, 4, 3)), RNG.integers(0, 2, 5)

    def f(params, X, y):
        Wx, Wh, b, Wy = params["Wx"], params["Wh"], params["b"], params["Wy"]
        N, T = X.shape[:2]
        H = Wh.shape[0]
        h = {-1: np.zeros((N, H))}
        for t in range(T):
            h[t] = np.tanh(X[:, t] @ Wx + h[t - 1] @ Wh + b)
        scores = h[T - 1] @ Wy
        scores = scores - np.max(scores, axis=1, keepdims=True)
        p = np.exp(scores)
        p = p / np.sum(p, axis=1, keepdims=True)
        loss = np.mean(-np.log(p[np.arange(N), y]))

        d = p - np.eye(2)[y]
        d = d / N
        dWy = h[T - 1].T @ d
        dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
        dh = d @ Wy.T
        for t in range(T) if bug == "forwards" else reversed(range(T)):
            dz = dh if bug == "no tanh" else dh * (1 - h[t] ** 2)
            if bug == "tanh of z":
                dz = dh * (1 - np.tanh(h[t]) ** 2)
            if bug == "1 - h":
                dz = dh * (1 - h[t])
            if bug == "slope of the step before":
                dz = dh * (1 - h[t - 1] ** 2)
            if bug == "assigned":
                dWx, dWh, db = X[:, t].T @ dz, h[t - 1].T @ dz, dz.sum(axis=0)
            else:
                dWx += X[:, max(t - 1, 0) if bug == "x before" else t - 1 if bug == "x before, wrapped" else t].T @ dz
                dWh += (h[t] if bug == "own h" else h[t - 1]).T @ dz
                db += dz.sum(axis=0)
            if bug == "last step only":
                break
            dh = (dh if bug == "no tanh to the step before" else dz) @ (Wh if bug == "Wh not transposed" else Wh.T)
            if bug == "h not passed":
                dh = np.zeros_like(dh)
            if bug == "dh of the last step":
                dh = d @ Wy.T
        if bug == "averaged over time":
            dWh = dWh / T
        if bug == "clipped":
            dWh = np.clip(dWh, -0.02, 0.02)
        return loss, {"Wx": dWx, "Wh": dWh, "b": db, "Wy": dWy}

    params = {
        "Wx": RNG.normal(size=(3, 4)),
        "Wh": 0.5 * RNG.normal(size=(4, 4)),
        "b": RNG.normal(size=4),
        "Wy": RNG.normal(size=(4, 2)),
    }
    return given(f, params, (X, y))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class LSTM:
    def __init__(self, W, b, bug):
        self.W, self.b, self.bug = W, b, bug
        self.H = b.shape[0] // 4

    def forward(self, xs):
        N, H = xs.shape[1], self.H
        h, c = np.zeros((N, H)), np.zeros((N, H))
        self.cache = []
        for x in xs:
            joined = np.concatenate([x, h], axis=1)
            z = joined @ self.W + self.b
            i, f, o, g = (
                sigmoid(z[:, :H]),
                sigmoid(z[:, H : 2 * H]),
                sigmoid(z[:, 2 * H : 3 * H]),
                np.tanh(z[:, 3 * H :]),
            )
            before = c
            c = f * before + i * g
            tc = np.tanh(c)
            h = o * tc
            self.cache.append((joined, i, f, o, g, before, c, tc))
        return h

    def backward(self, dh):
        bug, H = self.bug, self.H
        dW, db = np.zeros(self.W.shape), np.zeros(self.b.shape)
        dc = np.zeros(dh.shape)
        D = self.W.shape[0] - H
        for joined, i, f, o, g, before, c, tc in reversed(self.cache):
            do = dh * (c if bug == "c for tanh c" else tc)
            if bug == "no tanh of c":
                dc = dc + dh * o
            elif bug == "c not kept":
                dc = dh * o * (1 - tc**2)
            elif bug == "tanh slope of c":
                dc = dc + dh * o * (1 - c**2)
            elif bug == "o missing":
                dc = dc + dh * (1 - tc**2)
            else:
                dc = dc + dh * o * (1 - tc**2)
            di = dc * (i if bug == "i for g" else g)
            dg, df = dc * i, dc * (c if bug == "new c" else before)
            dzi, dzf, dzo = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o)
            if bug == "forget gate without slope":
                dzf = df
            dzg = dg * (g * (1 - g) if bug == "sigmoid slope for g" else 1 - g**2)
            dz = np.concatenate([dzi, dzf, dzo, dzg], axis=1)
            if bug == "gates swapped":
                dz = np.concatenate([dzf, dzi, dzo, dzg], axis=1)
            dW = dW + joined.T @ dz
            db = db + dz.sum(axis=0)
            djoined = dz @ self.W.T
            dh = djoined[:, :H] if bug == "wrong half" else djoined[:, D:]
            if bug == "h not passed":
                dh = np.zeros(dh.shape)
            if bug != "f missing":
                dc = dc * f
        return dW, db


def lstm(bug):
    xs, t = RNG.normal(size=(3, 5, 4)), RNG.normal(size=(5, 3))

    def f(params):
        cell = LSTM(params["W"], params["b"], bug)
        h = cell.forward(xs)
        out = h @ params["V"]
        loss = np.mean((out - t) ** 2)
        dout = 2 * (out - t) / t.size
        dW, db = cell.backward(dout @ params["V"].T)
        return loss, {"W": dW, "b": db, "V": h.T @ dout}

    params = {"W": 0.5 * RNG.normal(size=(4 + 3, 12)), "b": RNG.normal(size=12), "V": RNG.normal(size=(3, 3))}
    return closed(f, params)


PROGRAMS = [
    Program(
        "recurrent",
        "script",
        rnn_script,
        {
            "no tanh": {"derivative missing"},
            "tanh of z": {"derivative"},
            "1 - h": {"derivative"},
            "assigned": {"not added up"},
            "own h": {"wrong step", "wrong factor"},
            "last step only": {"branch missing", "part missing", "not added up"},
            "Wh not transposed": {"transposed"},
            "h not passed": {"branch missing", "part missing", "not added up"},
            "averaged over time": {"averaged", "factor"},
            "clipped": {"clipped"},
            "forwards": {"wrong step"},
            "dh of the last step": {"wrong step"},
            "slope of the step before": {"derivative"},
            "no tanh to the step before": {"derivative missing"},
            "x before": {"wrong step"},
            "x before, wrapped": {"wrong step"},
        },
    ),
    Program(
        "recurrent",
        "classes",
        lstm,
        {
            "c for tanh c": {"derivative missing", "wrong factor"},
            "no tanh of c": {"derivative missing"},
            "c not kept": {"branch missing", "part missing"},
            "tanh slope of c": {"derivative"},
            "o missing": {"factor missing"},
            "i for g": {"wrong factor"},
            "new c": {"wrong factor"},
            "forget gate without slope": {"derivative missing"},
            "sigmoid slope for g": {"derivative"},
            "gates swapped": {"wrong order", "permuted"},
            "wrong half": {"wrong order", "shifted", "wrong slice"},
            "h not passed": {"branch missing", "part missing"},
            "f missing": {"factor missing"},
        },
    ),
]
