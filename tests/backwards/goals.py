"""Losses: of ranges, of ranks, of distributions, with weights, masks, temperatures and smoothing."""

import numpy as np

from .programs import Program, closed, given, layer

RNG = np.random.default_rng(74)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def weighted(bug):
    """Cross-entropy with a weight for each class, a temperature, and positions that do not count."""
    X, y = RNG.normal(size=(9, 4)), RNG.integers(0, 3, 9)
    weight, temperature = np.array([0.5, 1.0, 2.5]), 2.0
    counts = np.array([1.0, 1, 0, 1, 1, 1, 0, 1, 1])
    onehot = np.eye(3)[y]

    def f(params, X, onehot, counts):
        logits = (X @ params["W"] + params["b"]) / temperature
        p = softmax(logits)
        w = (onehot * weight).sum(axis=1)
        loss = -(np.log((p * onehot).sum(axis=1)) * w * counts).sum() / counts.sum()
        d = p - onehot
        if bug == "no weight":
            d = d * counts[:, None]
        elif bug == "weight of each class":
            d = d * weight * counts[:, None]
        elif bug == "padding counts":
            d = d * w[:, None]
        elif bug == "padding alone":
            d = d * (w * (1 - counts))[:, None]
        else:
            d = d * (w * counts)[:, None]
        d = d / (len(X) if bug == "mean over all" else counts.sum())
        if bug != "no temperature":
            d = d / temperature
        if bug == "times temperature":
            d = d * temperature**2
        if bug == "labels of the next class":
            d = (p - np.roll(onehot, 1, axis=1)) * (w * counts)[:, None] / counts.sum() / temperature
        return loss, {"W": X.T @ d, "b": d.sum(axis=0)}

    return given(f, {"W": RNG.normal(size=(4, 3)), "b": RNG.normal(size=3)}, (X, onehot, counts))


def smoothed(bug):
    x, labels, eps, K = RNG.normal(size=(7, 3)), RNG.integers(0, 4, 7), 0.1, 4

    def f(params):
        z = x @ params["W"]
        q = np.zeros((7, K)) + eps / (K - 1)
        q[np.arange(7), labels] = 1 - eps
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        loss = -np.mean((q * logp).sum(axis=1))
        hard = np.eye(K)[labels]
        t = {"hard": hard, "at the label alone": q * hard, "added": -q, "none": 0 * q}.get(bug, q)
        dz = (np.exp(logp) - t) / (7 * K if bug == "mean over everything" else 7)
        return loss, {"W": x.T @ dz}

    return closed(f, {"W": RNG.normal(size=(3, K))})


class Huber:
    def __init__(self, bug="", delta=0.8):
        self.bug, self.delta = bug, delta

    def forward(self, a, t):
        self.r = a - t
        size = np.abs(self.r)
        quadratic = 0.5 * self.r**2
        linear = self.delta * (size - 0.5 * self.delta)
        return np.where(size < self.delta, quadratic, linear).mean()

    def backward(self, g):
        r, delta, bug = self.r, self.delta, self.bug
        near = np.abs(r) < delta
        if bug == "one side":
            near = r < delta
        inner, outer = r, delta * np.sign(r)
        if bug == "no delta":
            outer = np.sign(r)
        if bug == "no sign":
            outer = delta * np.ones(r.shape)
        if bug == "two":
            inner = 2 * r
        if bug == "outer is r":
            outer = r
        if bug == "exchanged":
            inner, outer = outer, inner
        d = np.where(near, inner, outer)
        if bug == "absolute":
            d = np.abs(d)
        return g * d / (1 if bug == "not divided" else r.size), None


def huber(bug):
    t = RNG.normal(size=(6, 3))

    def hand(g, a):
        loss = Huber(bug)
        loss.forward(a, t)
        return loss.backward(g)[0]

    return layer(hand, lambda a: Huber().forward(a, t), (1.5 * RNG.normal(size=(6, 3)),), names=("da",))


def positives(bug):
    """Two classes with a weight on the positive one."""
    X, y = RNG.normal(size=(10, 4)), (RNG.random(10) > 0.4).astype(float)
    weight = 3.0

    def f(params, X, y):
        z = X @ params["w"] + params["b"]
        s = 1 / (1 + np.exp(-z))
        loss = -np.mean(weight * y * np.log(s) + (1 - y) * np.log(1 - s))
        dz = -weight * y * (1 - s) + (1 - y) * s
        if bug == "weight left out":
            dz = s - y
        if bug == "weight on all":
            dz = weight * (s - y)
        if bug == "positives alone":
            dz = -weight * y * (1 - s)
        if bug == "sign of positives":
            dz = weight * y * (1 - s) + (1 - y) * s
        if bug == "slope once more":
            dz = dz * s * (1 - s)
        dz = dz / len(y)
        return loss, {"w": X.T @ dz, "b": dz.sum() if bug != "bias mean" else dz.mean()}

    return given(f, {"w": RNG.normal(size=4), "b": np.array(0.3)}, (X, y))


def variational(bug):
    """An autoencoder that draws: mu + sigma · eps, and the divergence from the normal distribution."""
    X, eps = RNG.normal(size=(6, 5)), RNG.normal(size=(6, 2))

    def f(params):
        mu, logvar = X @ params["Wm"], X @ params["Ws"]
        std = np.exp(0.5 * logvar)
        z = mu + std * eps
        out = z @ params["D"]
        n = len(X)
        recon = ((out - X) ** 2).sum() / n
        kl = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum() / n
        dout = 2 * (out - X) / n
        dz = dout @ params["D"].T
        dmu = dz + mu / n
        dlogvar = dz * eps * 0.5 * std + 0.5 * (np.exp(logvar) - 1) / n
        if bug == "no divergence":
            dmu, dlogvar = dz, dz * eps * 0.5 * std
        if bug == "divergence of mu left out":
            dmu = dz
        if bug == "divergence with minus":
            dmu, dlogvar = dz - mu / n, dz * eps * 0.5 * std - 0.5 * (np.exp(logvar) - 1) / n
        if bug == "without -1":
            dlogvar = dz * eps * 0.5 * std + 0.5 * np.exp(logvar) / n
        if bug == "no eps":
            dlogvar = dz * 0.5 * std + 0.5 * (np.exp(logvar) - 1) / n
        if bug == "no half":
            dlogvar = dz * eps * std + 0.5 * (np.exp(logvar) - 1) / n
        if bug == "no std":
            dlogvar = dz * eps * 0.5 + 0.5 * (np.exp(logvar) - 1) / n
        if bug == "divergence not divided":
            dmu, dlogvar = dz + mu, dz * eps * 0.5 * std + 0.5 * (np.exp(logvar) - 1)
        if bug == "no noise path":
            dlogvar = 0.5 * (np.exp(logvar) - 1) / n
        return recon + kl, {"Wm": X.T @ dmu, "Ws": X.T @ dlogvar, "D": z.T @ dout}

    return closed(f, {"Wm": RNG.normal(size=(5, 2)), "Ws": 0.3 * RNG.normal(size=(5, 2)), "D": RNG.normal(size=(2, 5))})


def ranks(bug):
    """Triplets: the anchor nearer to its like than to another, by a margin."""
    A, P, N = (RNG.normal(size=(8, 4)) for _ in range(3))

    def f(params):
        W = params["W"]
        a, p, n = A @ W, P @ W, N @ W
        near, far = ((a - p) ** 2).sum(axis=1), ((a - n) ** 2).sum(axis=1)
        slack = near - far + 1.0
        loss = np.maximum(slack, 0).mean()
        on = (slack > 0)[:, None] / len(A)
        if bug == "all count":
            on = np.ones((8, 1)) / len(A)
        if bug == "no margin":
            on = (near - far > 0)[:, None] / len(A)
        da, dp, dn = 2 * on * (n - p), -2 * on * (a - p), 2 * on * (a - n)
        if bug == "anchor alone":
            dp, dn = 0 * dp, 0 * dn
        if bug == "anchor left out":
            da = 0 * da
        if bug == "negative pulled":
            dn = -dn
        if bug == "anchor turned":
            da = -da
        if bug == "no two":
            da, dp, dn = da / 2, dp / 2, dn / 2
        return loss, {"W": A.T @ da + P.T @ dp + N.T @ dn}

    return closed(f, {"W": 0.6 * RNG.normal(size=(4, 3))})


REGULAR = {"term missing", "branch missing", "part missing"}
FACTOR = {
    "factor",
    "summed",
    "averaged",
    "scale missing",
    "factor missing",
    "wrong factor",
    "applied twice",
    "mask missing",
}
PROGRAMS = [
    Program(
        "goals",
        "script",
        weighted,
        {
            "no weight": FACTOR | {"factor per row"},
            "weight of each class": {"wrong factor", "wrong order", "factor missing"},
            "padding counts": {"mask missing"},
            "padding alone": {"mask inverted", "wrong factor"},
            "mean over all": FACTOR,
            "no temperature": FACTOR | {"division missing"},
            "times temperature": FACTOR,
            "labels of the next class": {"labels"},
        },
    ),
    Program(
        "goals",
        "closed over",
        smoothed,
        {
            "hard": {"labels"},
            "at the label alone": {"labels"},
            "added": {"labels", "sign"},
            "none": {"labels", "labels missing"},
            "mean over everything": FACTOR,
        },
    ),
    Program(
        "goals",
        "classes",
        huber,
        {
            "one side": {"mask inverted", "mask missing", "mask of another"},
            "no sign": {"derivative missing", "derivative", "sign"},
            "two": FACTOR | {"derivative", "counted twice"},
            "exchanged": {"mask inverted"},
            "absolute": {"sign", "derivative"},
            "not divided": FACTOR,
        },
    ),
    Program(
        "two classes",
        "script",
        positives,
        {
            "weight left out": FACTOR,
            "weight on all": FACTOR,
            "positives alone": REGULAR,
            "sign of positives": {"sign"},
            "slope once more": {"derivative too much", "derivative", "applied twice"},
            "bias mean": {"averaged", "divided twice"},
        },
    ),
    Program(
        "variational",
        "script",
        variational,
        {
            "no divergence": REGULAR,
            "divergence of mu left out": REGULAR,
            "divergence with minus": {"sign"},
            "without -1": REGULAR,
            "no eps": {"factor missing"},
            "no half": {"counted twice", "scale missing", "factor missing", "factor"},
            "divergence not divided": {"summed", "factor", "division missing", "scale missing"},
            "no noise path": REGULAR,
        },
    ),
    Program(
        "ranks",
        "script",
        ranks,
        {
            "all count": {"mask missing"},
            "no margin": {"mask of another", "mask too strict", "margin missing"},
            "anchor alone": {"not added up", "branch missing"},
            "anchor left out": {"not added up", "branch missing"},
            "negative pulled": {"sign"},
            "anchor turned": {"sign"},
            "no two": {"factor", "derivative"},
        },
    ),
]
