"""Layers over channels and windows: group and root-mean-square norms, windows in loops, heads of attention."""

import numpy as np

from .programs import Program, closed, given, layer

RNG = np.random.default_rng(75)


class GroupNorm:
    """Examples × channels × places; channels are normalised in two groups."""

    def __init__(self, bug=""):
        self.bug = bug

    def forward(self, x, gamma, beta):
        n, c, s = x.shape
        xg = np.reshape(x, (n, 2, c // 2 * s))
        mean = np.mean(xg, axis=2, keepdims=True)
        self.inv = 1 / np.sqrt(np.mean((xg - mean) ** 2, axis=2, keepdims=True) + 1e-5)
        self.hat = (xg - mean) * self.inv
        self.gamma, self.shape = gamma, (n, c, s)
        return np.reshape(self.hat, (n, c, s)) * gamma[:, None] + beta[:, None]

    def backward(self, g):
        n = self.shape[0]
        bug, hat = self.bug, self.hat
        xhat = np.reshape(hat, self.shape)
        dgamma, dbeta = np.sum(g * xhat, axis=(0, 2)), np.sum(g, axis=(0, 2))
        if bug == "bias over examples alone":
            dbeta = np.sum(g, axis=0)[:, 0]
        if bug == "bias mean over places":
            dbeta = np.sum(np.mean(g, axis=2), axis=0)
        if bug == "gain without hat":
            dgamma = np.sum(g, axis=(0, 2))
        d = np.reshape(g if bug == "no gain" else g * self.gamma[:, None], (n, 2, -1))
        one, two = np.mean(d, axis=2, keepdims=True), np.mean(d * hat, axis=2, keepdims=True)
        if bug == "over all groups":
            one, two = np.mean(d, axis=(1, 2), keepdims=True), np.mean(d * hat, axis=(1, 2), keepdims=True)
        if bug == "no second":
            two = 0
        if bug == "no first":
            one = 0
        if bug == "plus":
            two = -two
        dx = d - one - hat * two
        if bug == "without hat":
            dx = d - one - two
        dx = dx / self.inv if bug == "divided by inv" else dx * (self.inv**2 if bug == "inv twice" else self.inv)
        if bug == "no inv":
            dx = d - one - hat * two
        return np.reshape(dx, self.shape), dgamma, dbeta


def group_norm(bug):
    def hand(g, x, gamma, beta):
        norm = GroupNorm(bug)
        norm.forward(x, gamma, beta)
        return norm.backward(g)

    inputs = RNG.normal(size=(3, 4, 5)), RNG.uniform(0.5, 2, 4), RNG.normal(size=4)
    return layer(hand, lambda x, gamma, beta: GroupNorm().forward(x, gamma, beta), inputs, names=("dx", "dg", "db"))


def root_norm(bug):
    X, T = RNG.normal(size=(7, 4)), RNG.normal(size=(7, 5))

    def f(params, X, T):
        W, gain = params["W"], params["gain"]
        h = X @ W
        rms = np.sqrt((h**2).mean(-1, keepdims=True) + 1e-6)
        u = h / rms
        out = u * gain
        loss = ((out - T) ** 2).sum() / len(X)
        d = 2 * (out - T) / len(X)
        dgain = (d * (h if bug == "h for u" else u)).sum(0)
        du = d if bug == "no gain" else d * gain
        k = h.shape[1]
        back = (du * u).sum(-1, keepdims=True) / (1 if bug == "sum" else k)
        if bug == "over examples":
            back = (du * u).mean(0, keepdims=True)
        if bug == "u missing":
            back = du.mean(-1, keepdims=True)
        dh = (du - u * back) / rms
        if bug == "constant":
            dh = du / rms
        if bug == "rms squared":
            dh = (du - u * back) / rms**2
        if bug == "plus":
            dh = (du + u * back) / rms
        if bug == "h before":
            dh = (du - h * back) / rms
        return loss, {"W": X.T @ dh, "gain": dgain}

    return given(f, {"W": RNG.normal(size=(4, 5)), "gain": RNG.uniform(0.5, 2, 5)}, (X, T))


def causal_windows(bug):
    """A convolution that looks back, in a loop over places, then the largest of each two."""
    X, t = RNG.normal(size=(5, 8, 2)), RNG.normal(size=(5, 4, 3))

    def f(params, X, t):
        K, b = params["K"], params["b"]  # (taps, channels in, channels out)
        n, length, _ = X.shape
        taps = K.shape[0]
        padded = np.concatenate([np.zeros((n, taps - 1, X.shape[2])), X], axis=1)
        cols = [sum(padded[:, i + k] @ K[k] for k in range(taps)) + b for i in range(length)]
        z = np.stack(cols, axis=1)
        pairs = np.reshape(z, (n, length // 2, 2, z.shape[2]))
        top = np.max(pairs, axis=2)
        a = np.tanh(top)
        loss = 0.5 * np.mean(np.sum((a - t) ** 2, axis=(1, 2)))
        dtop = (a - t) / n * (1 - (top if bug == "slope of z" else a) ** 2)
        chosen = pairs == top[:, :, None]
        if bug == "both of two":
            chosen = np.ones(np.shape(chosen))
        if bug == "first of two":
            chosen = np.arange(2)[:, None] == 0
        if bug == "smaller of two":
            chosen = pairs != top[:, :, None]
        dz = np.reshape(chosen * dtop[:, :, None], (n, length, z.shape[2]))
        dK = np.zeros(K.shape)
        for k in range(taps):
            for i in range(length):
                at = i + k
                if bug == "taps turned":
                    at = i + taps - 1 - k
                part = padded[:, at].T @ dz[:, i]
                if bug == "assigned":
                    dK[k] = part
                else:
                    dK[k] += part
        db = dz.sum(axis=0).mean(axis=0) if bug == "bias mean" else dz.sum(axis=(0, 1))
        if bug == "bias of one place":
            db = dz[:, 0].sum(axis=0)
        return loss, {"K": dK, "b": db}

    return given(f, {"K": RNG.normal(size=(3, 2, 3)), "b": RNG.normal(size=3)}, (X, t))


def heads(bug):
    """Two heads of attention that look back, in Einstein's notation and single precision."""
    X, T = RNG.normal(size=(3, 4, 4)).astype(np.float32), RNG.normal(size=(3, 4, 4)).astype(np.float32)
    later = np.triu(np.ones((4, 4), bool), 1)

    def f(params):
        Wq, Wk, Wv, Wo = (params[k] for k in ("Wq", "Wk", "Wv", "Wo"))
        q, k, v = (np.einsum("btd,dhe->bhte", X, W) for W in (Wq, Wk, Wv))
        scale = 1 / np.sqrt(2.0)
        s = np.einsum("bhie,bhje->bhij", q, k) * scale
        s = np.where(later, -1e9, s)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        o = np.einsum("bhij,bhje->bhie", p, v)
        y = np.einsum("bhie,hed->bid", o, Wo) + X
        loss = ((y - T) ** 2).mean()
        dy = 2 * (y - T) / T.size
        dWo = np.einsum("bhie,bid->hed", o, dy)
        do = np.einsum("bid,hed->bhie", dy, Wo)
        dv = np.einsum("bhij,bhie->bhje", p, do)
        if bug == "p not transposed":
            dv = np.einsum("bhij,bhje->bhie", p, do)
        dp = np.einsum("bhie,bhje->bhij", do, v)
        axis = -2 if bug == "other axis" else -1
        ds = p * (dp - (dp * p).sum(axis=axis, keepdims=True))
        if bug == "diagonal":
            ds = dp * p * (1 - p)
        if bug == "no softmax":
            ds = np.where(later, 0, dp)
        if bug == "sum missing":
            ds = dp * p
        ds = ds * (1 if bug == "no scale" else scale**2 if bug == "scale twice" else scale)
        dq = np.einsum("bhij,bhje->bhie", ds, k)
        dk = np.einsum("bhij,bhie->bhje", ds, q)
        if bug == "k not turned":
            dk = np.einsum("bhij,bhje->bhie", ds, q)
        if bug == "q for k":
            dq = np.einsum("bhij,bhje->bhie", ds, q)
        if bug == "no scale for k":
            dk = dk / scale
        grads = {w: np.einsum("btd,bhte->dhe", X, d) for w, d in (("Wq", dq), ("Wk", dk), ("Wv", dv))}
        return loss, {**grads, "Wo": dWo / 2 if bug == "mean over heads" else dWo}

    sizes = {"Wq": (4, 2, 2), "Wk": (4, 2, 2), "Wv": (4, 2, 2), "Wo": (2, 2, 4)}
    return closed(f, {k: RNG.normal(size=size).astype(np.float32) for k, size in sizes.items()})


TERM = {"term missing", "branch missing", "part missing"}
PROGRAMS = [
    Program(
        "channels",
        "classes",
        group_norm,
        {
            "bias over examples alone": {"not summed", "wrong axis"},
            "bias mean over places": {"averaged", "factor"},
            "gain without hat": {"factor missing", "wrong gradient"},
            "no gain": {"factor missing"},
            "over all groups": {"wrong axis"},
            "no second": TERM,
            "no first": TERM,
            "plus": {"sign"},
            "without hat": {"derivative", "factor missing"},
            "divided by inv": {"derivative", "wrong factor"},
            "inv twice": {"derivative", "applied twice"},
            "no inv": {"division missing", "factor missing"},
        },
    ),
    Program(
        "channels",
        "script",
        root_norm,
        {
            "h for u": {"wrong factor"},
            "no gain": {"factor missing"},
            "sum": {"summed"},
            "over examples": {"wrong axis"},
            "u missing": {"derivative", "factor missing"},
            "constant": TERM,
            "rms squared": {"derivative", "applied twice"},
            "plus": {"sign"},
            "h before": {"derivative"},
        },
    ),
    Program(
        "looking back",
        "script",
        causal_windows,
        {
            "slope of z": {"derivative"},
            "both of two": {"mask missing"},
            "first of two": {"wrong element"},
            "smaller of two": {"mask inverted", "wrong element"},
            "taps turned": {"flipped"},
            "assigned": {"not added up", "overwritten", "part missing"},
            "bias mean": {"averaged", "factor"},
            "bias of one place": {"not summed", "not added up", "part missing"},
        },
    ),
    Program(
        "heads",
        "script",
        heads,
        {
            "p not transposed": {"transposed"},
            "other axis": {"wrong axis"},
            "diagonal": {"diagonal only"},
            "no softmax": {"derivative missing"},
            "sum missing": {"diagonal only", "term missing"},
            "no scale": {"scale missing", "factor missing", "factor"},
            "scale twice": {"applied twice", "factor"},
            "k not turned": {"transposed"},
            "q for k": {"wrong factor"},
            "no scale for k": {"scale missing", "factor missing", "factor"},
            "mean over heads": {"factor", "averaged"},
        },
    ),
]
