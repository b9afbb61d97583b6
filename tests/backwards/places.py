"""What belongs where: edges of a graph, ratings, dilated windows, layouts, quantiles, weights that change meanwhile."""

import numpy as np

from .programs import Program, layer

RNG = np.random.default_rng(83)
SOURCE, TARGET = np.array([0, 1, 1, 3, 4, 2, 0]), np.array([1, 2, 3, 0, 2, 4, 4])
NEAR = [np.array([1, 2]), np.array([0]), np.array([0, 3, 4]), np.array([2, 1]), np.array([3])]
USERS, ITEMS = np.array([0, 0, 1, 2, 2, 3]), np.array([1, 2, 0, 0, 1, 1])


def messages(bug):
    def forward(h, W):
        sent = h[SOURCE] @ W
        out = np.zeros((5, 3))
        np.add.at(out, TARGET, sent)
        return np.tanh(out)

    def backward(g, h, W):
        out = np.zeros((5, 3))
        np.add.at(out, TARGET, h[SOURCE] @ W)
        d = g * (1 - np.tanh(out) ** 2)
        dsent = d[SOURCE if bug == "gathered at the source" else TARGET]
        dh = np.zeros_like(h)
        np.add.at(dh, TARGET if bug == "scattered to the target" else SOURCE, dsent @ W.T)
        dW = h[TARGET if bug == "paired with the target" else SOURCE].T @ dsent
        return dh, dW

    return layer(backward, forward, (RNG.normal(size=(5, 4)), RNG.normal(size=(4, 3))), ("dh", "dW"))


def neighbours(bug):
    def forward(h, W):
        return np.stack([np.mean(h[near], axis=0) for near in NEAR]) @ W

    def backward(g, h, W):
        mean = np.stack([h[near].mean(axis=0) for near in NEAR])
        dmean = g @ W.T
        dh = np.zeros_like(h)
        for i, near in enumerate(NEAR):
            for j in near:
                if bug == "gathered":
                    dh[i] += dmean[j] / len(near)
                elif bug == "not divided":
                    dh[j] += dmean[i]
                elif bug == "number of the other":
                    dh[j] += dmean[i] / len(NEAR[j])
                else:
                    dh[j] += dmean[i] / len(near)
        return dh, mean.T @ g

    return layer(backward, forward, (RNG.normal(size=(5, 3)), RNG.normal(size=(3, 3))), ("dh", "dW"))


def ratings(bug):
    R, rate = RNG.uniform(1, 5, 6), 0.3

    def forward(P, Q):
        p, q = P[USERS], Q[ITEMS]
        return np.sum((np.sum(p * q, axis=1) - R) ** 2 + rate * np.sum(p**2 + q**2, axis=1))

    def backward(g, P, Q):
        dP, dQ = np.zeros_like(P), np.zeros_like(Q)
        new = P.copy()
        for n in range(len(R)):
            u, i = USERS[n], ITEMS[n]
            p = new[u] if bug == "updated" else P[u]
            e = p @ Q[i] - R[n]
            once = bug == "once for each"
            dP[u] += 2 * e * Q[i] + (0 if once else 2 * rate * p)
            if bug == "updated":
                new = new.copy()
                new[u] -= 0.1 * dP[u]
                p = new[u]
            dQ[i] += 2 * e * p + (0 if once else 2 * rate * Q[i])
        if bug == "once for each":
            dP, dQ = dP + 2 * rate * P, dQ + 2 * rate * Q
        return g * dP, g * dQ

    return layer(backward, forward, (RNG.normal(size=(4, 2)), RNG.normal(size=(3, 2))), ("dP", "dQ"))


def dilated(bug):
    def forward(x, w):
        return sum(x[:, 2 * k : 2 * k + 4] * w[k] for k in range(3))

    def backward(g, x, w):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for k in range(3):
            at = k if bug == "places" else 2 * k
            dx[:, at : at + 4] += g * w[k]
            dw[k] = np.sum(g * x[:, at : at + 4])
        if bug == "last lost":
            dw[-1] = 0
        return dx, dw

    return layer(backward, forward, (RNG.normal(size=(3, 8)), RNG.normal(size=3)), ("dx", "dw"))


def channels(bug):
    def forward(x, W):
        return np.transpose(x, (0, 2, 3, 1)).reshape(3, -1) @ W

    def backward(g, x, W):
        d = g @ W.T
        flat = x.reshape(3, -1) if bug == "flattened channels first" else x.transpose(0, 2, 3, 1).reshape(3, -1)
        if bug == "straight back":
            return d.reshape(x.shape), flat.T @ g
        return d.reshape(3, 3, 2, 2).transpose(0, 3, 1, 2), flat.T @ g

    return layer(backward, forward, (RNG.normal(size=(3, 2, 3, 2)), RNG.normal(size=(12, 2))), ("dx", "dW"))


def quantiles(bug):
    tau, y = np.array([0.1, 0.4, 0.8]), RNG.normal(size=(6, 1))

    def forward(q):
        return np.mean(np.maximum(tau * (y - q), (tau - 1) * (y - q)))

    def backward(g, q):
        if bug == "tau for its rest":
            return (g * np.where(y > q, tau - 1, tau) / q.size,)
        if bug == "branches":
            return (g * np.where(y > q, 1 - tau, -tau) / q.size,)
        return (g * np.where(y > q, -tau, 1 - tau) / q.size,)

    return layer(backward, forward, (RNG.normal(size=(6, 3)),), ("dq",))


def squares(bug):
    def forward(x, U, V, W):
        return np.tanh(np.tanh(np.tanh(x @ U) @ V) @ W)

    def backward(g, x, U, V, W):
        a = np.tanh(x @ U)
        b = np.tanh(a @ V)
        c = np.tanh(b @ W)
        dc = g * (1 - c**2)
        db = (dc @ (W if bug == "no transpose anywhere" else W.T)) * (1 - b**2)
        da = (db @ (V if bug == "no transpose anywhere" else V.T)) * (1 - a**2)
        if bug == "two at once":
            da, dc = -(db @ V.T) * (1 - a**2), 2 * dc
        dx = da @ (U if bug == "no transpose anywhere" else U.T)
        return dx, x.T @ da, a.T @ db, b.T @ dc

    inputs = (RNG.normal(size=(6, 4)), *(0.6 * RNG.normal(size=(4, 4)) for _ in range(3)))
    return layer(backward, forward, inputs, ("dx", "dU", "dV", "dW"))


class Gate:
    def __init__(self, bug):
        self.bug = bug

    def forward(self, x, h, U, V):
        self.kept = x, h, U, V
        self.z = 1 / (1 + np.exp(-(x @ U)))
        self.n = np.tanh(h @ V)
        return self.z * h + (1 - self.z) * self.n

    def backward(self, g):
        (x, h, U, V), z, n = self.kept, self.z, self.n
        keep = 1 - z if self.bug == "gate and rest" else z
        dz = g * (h - n) * z * (1 - z)
        dn = g * (1 - keep) * (1 - n**2)
        if self.bug == "candidate alone":
            dz = g * n * z * (1 - z)
        return dz @ U.T, g * keep + dn @ V.T, x.T @ dz, h.T @ dn


def gate(bug):
    def hand(g, x, h, U, V):
        cell = Gate(bug)
        cell.forward(x, h, U, V)
        return cell.backward(g)

    inputs = tuple(RNG.normal(size=(4, 4)) for _ in range(4))
    return layer(hand, lambda x, h, U, V: Gate("").forward(x, h, U, V), inputs, ("dx", "dh", "dU", "dV"))


def pooled(bug):
    def forward(x, w):
        return np.log(np.sum(np.exp(x), axis=0)) + np.sum(np.sort(x, axis=1)[:, 2:] * w, axis=1)

    def backward(g, x, w):
        share = np.exp(x) / np.exp(x).sum(axis=1 if bug == "columns" else 0, keepdims=True)
        dx = g * share
        order = np.argsort(x, axis=1)[:, 2:]
        top = np.zeros_like(x)
        if bug == "sorted places":
            top[:, 2:] = g[:, None] * w
        else:
            np.put_along_axis(top, order, g[:, None] * w, axis=1)
        return dx + top, (g[:, None] * np.take_along_axis(x, order, 1)).sum(0)

    return layer(backward, forward, (RNG.normal(size=(4, 4)), RNG.normal(size=2)), ("dx", "dw"))


PLACE = {"wrong index", "wrong order", "wrong factor"}
PROGRAMS = [
    Program(
        "message passing",
        "script",
        messages,
        {
            "gathered at the source": PLACE,
            "scattered to the target": PLACE,
            "paired with the target": PLACE,
        },
    ),
    Program(
        "neighbours",
        "script",
        neighbours,
        {"gathered": PLACE, "not divided": {"factor", "summed"}, "number of the other": {"factor"}},
    ),
    Program(
        "ratings",
        "script",
        ratings,
        {"updated": {"updated too early", "wrong factor"}, "once for each": {"factor missing"}},
    ),
    Program(
        "dilation",
        "script",
        dilated,
        {"places": {"stride ignored", "dilation ignored"}, "last lost": {"part missing"}},
    ),
    Program(
        "channels last",
        "script",
        channels,
        {"straight back": {"wrong order"}, "flattened channels first": {"wrong order"}},
    ),
    Program(
        "quantiles",
        "script",
        quantiles,
        {"tau for its rest": {"derivative", "wrong factor"}, "branches": {"mask inverted"}},
    ),
    Program(
        "square weights",
        "script",
        squares,
        {"no transpose anywhere": {"transposed"}, "two at once": {"sign", "factor"}},
    ),
    Program(
        "gate",
        "classes",
        gate,
        {
            "gate and rest": {"derivative", "wrong factor"},
            "candidate alone": {"term missing", "branch missing", "wrong factor"},
        },
    ),
    Program(
        "pooling by values",
        "script",
        pooled,
        {"columns": {"wrong axis"}, "sorted places": {"wrong index", "wrong order"}},
    ),
]
