"""A GRU with one matrix a gate, a tagger with a loss at every step, an Elman network on single examples."""

import numpy as np

from .programs import Program, closed, given

RNG = np.random.default_rng(73)


def sig(x):
    return 1 / (1 + np.exp(-x))


class GRU:
    """Batch first; r decides what of the state is read, z what of it is kept."""

    def __init__(self, params, bug):
        self.p, self.bug = params, bug

    def forward(self, x):
        p = self.p
        h = np.zeros((x.shape[0], p["Uz"].shape[0]))
        self.caches = []
        for t in range(x.shape[1]):
            xt = x[:, t, :]
            z = sig(xt @ p["Wz"] + h @ p["Uz"])
            r = sig(xt @ p["Wr"] + h @ p["Ur"])
            n = np.tanh(xt @ p["Wn"] + (r * h) @ p["Un"] + p["bn"])
            new = z * h + (1 - z) * n
            self.caches.append({"x": xt, "h": h, "z": z, "r": r, "n": n, "new": new})
            h = new
        return h

    def backward(self, dh):
        p, bug = self.p, self.bug
        grads = {k: np.zeros(v.shape) for k, v in p.items()}
        for cache in reversed(self.caches):
            x, h, z, r, n = (cache[k] for k in "xhzrn")
            dz = dh * (h - n)
            if bug == "n - h":
                dz = dh * (n - h)
            if bug == "only h":
                dz = dh * h
            dn = dh * (z if bug == "z for 1 - z" else 1 - z)
            dan = dn * (1 - n**2)
            drh = dan @ p["Un"].T
            dr = drh * h
            if bug == "dr of new":
                dr = drh * cache["new"]
            daz = dz if bug == "gate without slope" else dz * z * (1 - z)
            if bug == "tanh slope of gate":
                daz = dz * (1 - z**2)
            dar = dr * r * (1 - r)
            if bug == "slope of the other gate":
                dar = dr * z * (1 - z)
            grads["Wz"] = grads["Wz"] + x.T @ daz
            grads["Uz"] = grads["Uz"] + h.T @ daz
            grads["Wr"] = grads["Wr"] + x.T @ dar
            grads["Ur"] = grads["Ur"] + (r * h if bug == "rh for h" else h).T @ dar
            grads["Wn"] = grads["Wn"] + x.T @ dan
            grads["Un"] = grads["Un"] + (h if bug == "h for rh" else r * h).T @ dan
            if bug == "bias of the first step":
                grads["bn"] = dan.sum(axis=0)
            else:
                grads["bn"] = grads["bn"] + dan.sum(axis=0)
            keep, reset = dh * z, drh * r
            if bug == "no keep":
                keep = 0
            if bug == "keep without z":
                keep = dh
            if bug == "keep by 1 - z":
                keep = dh * (1 - z)
            if bug == "reset not passed":
                reset = 0
            if bug == "reset without r":
                reset = drh
            dh = keep + reset + daz @ p["Uz"].T + dar @ p["Ur"].T
            if bug == "gates not passed":
                dh = keep + reset
            if bug == "update gate not passed":
                dh = keep + reset + dar @ p["Ur"].T
            if bug == "recurrent matrices exchanged":
                dh = keep + reset + daz @ p["Ur"].T + dar @ p["Uz"].T
        return grads


def gru(bug):
    x, t = RNG.normal(size=(6, 3, 3)), RNG.normal(size=(6, 4))

    def f(params, x, t):
        cell = GRU(params, bug)
        h = cell.forward(x)
        loss = 0.5 * np.sum((h - t) ** 2) / len(x)
        return loss, cell.backward((h - t) / len(x))

    params = {k + g: 0.7 * RNG.normal(size=(3 if k == "W" else 4, 4)) for k in "WU" for g in "zrn"}
    return given(f, {**params, "bn": RNG.normal(size=4)}, (x, t))


def tagger(bug):
    words, tags = RNG.normal(size=(5, 3)), RNG.integers(0, 3, 5)

    def f(params):
        Wx, Wh, Wy, by = (params[k] for k in ("Wx", "Wh", "Wy", "by"))
        hs, ps, loss = [np.zeros(4)], [], 0
        for t in range(len(words)):
            hs.append(np.tanh(np.dot(Wx, words[t]) + np.dot(Wh, hs[-1])))
            y = np.dot(Wy, hs[-1]) + by
            e = np.exp(y - np.max(y))
            ps.append(e / np.sum(e))
            loss = loss - np.log(ps[-1][tags[t]])
        dWx, dWh, dWy, dby = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wy), np.zeros_like(by)
        dnext = np.zeros(4)
        for t in reversed(range(len(words))):
            dy = np.array(ps[t])
            dy[tags[t - 1 if bug == "tag before" else t]] -= 1
            if bug == "loss at the end alone" and t < len(words) - 1:
                dy = dy * 0
            dWy += np.outer(dy, hs[t] if bug == "state before" else hs[t + 1])
            dby += dy
            dh = np.dot(Wy.T, dy) + dnext
            if bug == "next twice":
                dh = dh + dnext
            if bug == "without next":
                dh = np.dot(Wy.T, dy)
            if bug == "next alone" and t < len(words) - 1:
                dh = dnext
            dz = (1 - hs[t + 1] ** 2) * dh
            if bug == "slope of state before":
                dz = (1 - hs[t] ** 2) * dh
            dWx += np.outer(dz, words[t])
            dWh += np.outer(dz, hs[t + 1] if bug == "own state" else hs[t])
            dnext = np.dot(Wh if bug == "not transposed" else Wh.T, dz)
            if bug == "dh for dz":
                dnext = np.dot(Wh.T, dh)
            if bug == "cut after two" and t == len(words) - 2:
                dnext = dnext * 0
        if bug == "divided by length":
            dWx = dWx / len(words)
        if bug == "outer turned" and dWh.shape[0] == dWh.shape[1]:
            dWh = dWh.T
        return loss, {"Wx": dWx, "Wh": dWh, "Wy": dWy, "by": dby}

    sizes = {"Wx": (4, 3), "Wh": (4, 4), "Wy": (3, 4), "by": (3,)}
    return closed(f, {k: 0.7 * RNG.normal(size=size) for k, size in sizes.items()})


def one_example(bug):
    """A network in which every example is a vector, and gradients are added up in a loop."""
    X, y = RNG.normal(size=(6, 4)), RNG.normal(size=6)

    def f(params):
        W, b, v = params["W"], params["b"], params["v"]
        dW, db, dv = np.zeros(W.shape), np.zeros(b.shape), np.zeros(v.shape)
        loss = 0
        for i in range(len(X)):
            x = X[i]
            a = sig(W @ x + b)
            out = v @ a
            loss = loss + (out - y[i]) ** 2 / len(X)
            d = 2 * (out - y[i]) / (1 if bug == "not divided" else len(X))
            if bug == "two missing":
                d = d / 2
            if bug == "assigned":
                dv = d * a
            else:
                dv = dv + d * (W @ x + b if bug == "z for a" else a)
            da = d * v
            if bug == "own weights":
                da = d * (v - 0.1 * d * a)
            dz = da * a * (1 - a)
            if bug == "only a":
                dz = da * a
            if bug == "x of the first":
                x = X[0]
            if bug == "x of the next":
                x = X[(i + 1) % len(X)]
            dW = dW + np.outer(dz, x)
            db = db + (da if bug == "bias before the slope" else dz)
        return loss, {"W": dW, "b": db, "v": dv}

    return closed(f, {"W": RNG.normal(size=(5, 4)), "b": RNG.normal(size=5), "v": RNG.normal(size=5)})


BRANCH = {"branch missing", "part missing", "not added up"}
PROGRAMS = [
    Program(
        "gates",
        "classes",
        gru,
        {
            "n - h": {"sign"},
            "dr of new": {"wrong factor"},
            "gate without slope": {"derivative missing"},
            "tanh slope of gate": {"derivative"},
            "h for rh": {"wrong factor", "factor missing"},
            "bias of the first step": {"not added up"},
            "keep without z": {"factor missing"},
            "reset without r": {"factor missing"},
            "update gate not passed": BRANCH,
            "recurrent matrices exchanged": {"wrong factor"},
        },
    ),
    Program(
        "gates",
        "script",
        tagger,
        {
            "tag before": {"labels"},
            "loss at the end alone": {"not added up", "part missing"},
            "state before": {"wrong step", "wrong factor"},
            "next twice": {"counted twice"},
            "without next": BRANCH,
            "next alone": BRANCH,
            "slope of state before": {"derivative"},
            "own state": {"wrong step", "wrong factor"},
            "not transposed": {"transposed"},
            "dh for dz": {"derivative missing"},
            "cut after two": BRANCH,
            "divided by length": {"averaged", "factor"},
            "outer turned": {"transposed"},
        },
    ),
    Program(
        "one example",
        "script",
        one_example,
        {
            "not divided": {"summed", "factor", "scale missing"},
            "two missing": {"factor"},
            "assigned": {"not added up"},
            "z for a": {"wrong factor"},
            "own weights": {"updated too early"},
            "only a": {"derivative"},
            "x of the first": {"wrong step", "wrong factor"},
            "x of the next": {"wrong step", "wrong factor"},
            "bias before the slope": {"wrong gradient", "derivative missing"},
        },
    ),
]
