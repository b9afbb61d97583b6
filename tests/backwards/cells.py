"""LSTMs with all gates in one matrix, whose first cell state is no zero; maxima of windows by their flat places."""

import numpy as np

from .programs import Program, closed, given, layer

RNG = np.random.default_rng(211)


def sig(x):
    return 1 / (1 + np.exp(-x))


def rows(bug, steps=4):
    """A loss at every step, a batch of rows, the first cell state learned."""

    def f(params, xs, targets):
        W, b, start = params["W"], params["b"], params["start"]
        n, steps, size = xs.shape[0], xs.shape[1], len(start)
        h, c = np.zeros((n, size)), np.repeat(start[None], n, axis=0)
        kept, loss = [], 0.0
        for t in range(steps):
            both = np.concatenate([xs[:, t], h], axis=1)
            z = both @ W + b
            forget, enter, leave = (sig(z[:, k * size : (k + 1) * size]) for k in range(3))
            new = np.tanh(z[:, 3 * size :])
            cell = forget * c + enter * new
            h = leave * np.tanh(cell)
            kept.append((both, forget, enter, leave, new, c, cell, h))
            c = cell
            loss = loss + np.mean((h - targets[:, t]) ** 2)

        grads = {name: np.zeros(p.shape) for name, p in params.items()}
        dh, dc = np.zeros((n, size)), np.zeros((n, size))
        for t in reversed(range(steps)):
            both, forget, enter, leave, new, before, cell, out = kept[t]
            dh = dh + 2 * (out - targets[:, t]) / out.size
            squashed = np.tanh(cell)
            dcell = dh * leave * (1 - squashed**2)
            if bug != "cell not handed on":
                dcell = dcell + dc
            dforget = dcell * (cell if bug == "new cell" else before)
            denter, dleave, dnew = dcell * new, dh * squashed, dcell * enter
            if bug == "own gate":
                denter = dcell * enter
            if bug == "cell for its tanh":
                dleave = dh * cell
            slopes = [g * (1 - g) for g in (forget, enter, leave)]
            parts = [d * s for d, s in zip((dforget, denter, dleave), slopes)]
            dz = np.concatenate([*parts, dnew * (1 - (squashed if bug == "slope of the cell" else new) ** 2)], axis=1)
            grads["W"] += both.T @ dz
            grads["b"] += dz.sum(axis=0)
            dh = (dz @ W.T)[:, xs.shape[2] :]
            dc = dcell * forget
            if bug == "without the gate":
                dc = dcell
            if bug == "by the other gate":
                dc = dcell * enter
        grads["start"] += dc.sum(axis=0)
        return loss, grads

    params = {"W": 0.6 * RNG.normal(size=(7, 16)), "b": RNG.normal(size=16), "start": RNG.normal(size=4)}
    return given(f, params, (RNG.normal(size=(3, steps, 3)), RNG.normal(size=(3, steps, 4))))


class Cell:
    """One vector after another; ``gates`` stand below each other."""

    def __init__(self, params, bug):
        self.p, self.bug, self.turns = params, bug, []

    def forward(self, x, h, c):
        n = len(h)
        z = np.dot(self.p["Wx"], x) + np.dot(self.p["Wh"], h) + self.p["b"]
        i, f, o, g = sig(z[:n]), sig(z[n : 2 * n]), sig(z[2 * n : 3 * n]), np.tanh(z[3 * n :])
        out = i * g + f * c
        self.turns.append({"x": x, "h": h, "c": c, "i": i, "f": f, "o": o, "g": g, "out": out})
        return o * np.tanh(out), out

    def backward(self, dh):
        grads = {k: 0 * v for k, v in self.p.items()}
        dc = 0 * dh
        for turn in self.turns[::-1]:
            i, f, o, g, bug = turn["i"], turn["f"], turn["o"], turn["g"], self.bug
            t = np.tanh(turn["out"])
            dc = dc + dh * o * (1 - t * t)
            if bug == "no tanh":
                dc = dc - dh * o * (1 - t * t) + dh * o
            before = {"new cell": turn["out"], "hidden state": turn["h"], "squashed": np.tanh(turn["c"])}
            di, df, do = dc * g, dc * before.get(bug, turn["c"]), dh * t
            dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dc * i * (1 - g * g)])
            grads["Wx"] = grads["Wx"] + np.outer(dz, turn["x"])
            grads["Wh"] = grads["Wh"] + np.outer(dz, turn["h"])
            grads["b"] = grads["b"] + dz
            dh = np.dot(self.p["Wh"].T, dz)
            if bug == "one minus the gate":
                dc = dc * (1 - f)
            elif bug != "without the gate":
                dc = dc * f
        return grads


def vectors(bug):
    xs, start, label = RNG.normal(size=(5, 3)), RNG.normal(size=4), 2

    def f(params):
        cell = Cell({k: params[k] for k in ("Wx", "Wh", "b")}, bug)
        h, c = np.zeros(4), start
        for x in xs:
            h, c = cell.forward(x, h, c)
        s = params["V"] @ h
        p = np.exp(s) / np.exp(s).sum()
        ds = p - np.eye(5)[label]
        return -np.log(p[label]), {**cell.backward(params["V"].T @ ds), "V": np.outer(ds, h)}

    params = {"Wx": RNG.normal(size=(16, 3)), "Wh": 0.6 * RNG.normal(size=(16, 4)), "b": RNG.normal(size=16)}
    return closed(f, {**params, "V": RNG.normal(size=(5, 4))})


HIGH, WIDE = 2, 3


def window_by_window(bug):
    """One picture; the place of the largest is kept as row and column."""
    by = HIGH if bug in ("height", "height by subtraction") else WIDE

    class Largest:
        def forward(self, x):
            self.shape, self.at = x.shape, {}
            y = np.zeros((x.shape[0] // HIGH, x.shape[1] // WIDE))
            for i, j in np.ndindex(y.shape):
                window = x[i * HIGH : (i + 1) * HIGH, j * WIDE : (j + 1) * WIDE]
                k = window.argmax()
                r, c = divmod(k, by)
                if bug == "height by subtraction":
                    r = k // by
                    c = k - by * r
                if bug == "unravelled":
                    r, c = np.unravel_index(k, window.T.shape)
                self.at[i, j] = (c, r) if bug == "exchanged" else (r, c)
                y[i, j] = window.max()
            return y

        def backward(self, g):
            dx = np.zeros((self.shape[0] + WIDE, self.shape[1] + WIDE))  # wide enough for what is wrong
            for (i, j), (r, c) in self.at.items():
                dx[i * HIGH + r, j * WIDE + c] += g[i, j]
            return dx[: self.shape[0], : self.shape[1]]

    pool = Largest()
    return layer(lambda g, x: pool.backward(g), pool.forward, (RNG.normal(size=(6, 9)),))


def windows_at_once(bug):
    """A batch of pictures; rows and columns of all of them are computed from flat places."""

    def forward(x):
        n, height, width = x.shape
        parts = x.reshape(n, height // HIGH, HIGH, width // WIDE, WIDE).swapaxes(2, 3)
        return parts.reshape(*parts.shape[:3], HIGH * WIDE).max(axis=-1)

    def hand(g, x):
        n, height, width = x.shape
        parts = x.reshape(n, height // HIGH, HIGH, width // WIDE, WIDE).swapaxes(2, 3)
        at = parts.reshape(*parts.shape[:3], HIGH * WIDE).argmax(axis=-1)
        rows, columns = at // WIDE, at % WIDE
        if bug == "height":
            rows, columns = at // HIGH, at % HIGH
        if bug == "height for the row":
            rows = at // HIGH
        if bug == "height for the column":
            columns = at % HIGH
        if bug == "exchanged":
            rows, columns = columns, rows
        k, i, j = np.indices(at.shape)
        dx = np.zeros((n, (height + WIDE) * width))
        flat = (HIGH * i + rows) * (height if bug == "rows of its height" else width) + WIDE * j + columns
        np.add.at(dx, (k, flat), g)
        return dx[:, : height * width].reshape(x.shape)

    return layer(hand, forward, (RNG.normal(size=(3, 4, 9)),))


PROGRAMS = [
    Program(
        "cells",
        "script",
        rows,
        {
            "without the gate": {"factor missing"},
            "new cell": {"wrong factor"},
            "by the other gate": {"wrong factor"},
            "cell not handed on": {"branch missing", "part missing"},
            "own gate": {"wrong factor"},
            "cell for its tanh": {"wrong factor"},
            "slope of the cell": {"derivative", "wrong factor"},
        },
    ),
    Program(
        "cells",
        "classes",
        vectors,
        {
            "without the gate": {"factor missing"},
            "new cell": {"wrong factor"},
            "hidden state": {"wrong factor"},
            "squashed": {"wrong factor", "too much"},
            "no tanh": {"derivative missing"},
            "one minus the gate": {"wrong factor"},
        },
    ),
    Program(
        "flat places",
        "classes",
        window_by_window,
        {
            "height": {"wrong index"},
            "height by subtraction": {"wrong index"},
            "unravelled": {"wrong index"},
            "exchanged": {"wrong index"},
        },
    ),
    Program(
        "flat places",
        "at once",
        windows_at_once,
        {
            "height": {"wrong index"},
            "height for the row": {"wrong index"},
            "height for the column": {"wrong index"},
            "exchanged": {"wrong index", "transposed"},
            "rows of its height": {"wrong index"},
        },
    ),
]
