"""Convolution and pooling: loops over windows in a script, im2col in a class; max and average pooling."""

import numpy as np

import tinygrad_bp as tg

from .programs import Program, closed, given, layer

RNG = np.random.default_rng(34)


def convolution_script(bug):
    X, t = RNG.normal(size=(3, 7, 6)), RNG.normal(size=(3, 2, 3, 2))
    stride = 2

    def f(params, X, t):
        K, b = params["K"], params["b"]
        N, H, W = X.shape
        F, k, _ = K.shape
        oh, ow = (H - k) // stride + 1, (W - k) // stride + 1
        out = np.zeros((N, F, oh, ow))
        for i in range(oh):
            for j in range(ow):
                patch = X[:, i * stride : i * stride + k, j * stride : j * stride + k]
                out[:, :, i, j] = np.tensordot(patch, K, axes=((1, 2), (1, 2))) + b
        loss = 0.5 * np.sum((out - t) ** 2) / N

        d = (out - t) / N
        dK, db = np.zeros(K.shape), np.zeros(b.shape)
        for n in range(N):
            for q in range(F):
                for i in range(oh):
                    for j in range(ow):
                        a, c = (i, j) if bug == "stride ignored" else (i * stride, j * stride)
                        patch = X[n, a : a + k, c : c + k]
                        if bug == "overwritten":
                            dK[q] = d[n, q, i, j] * patch
                        elif bug == "flipped":
                            dK[q] += d[n, q, i, j] * patch[::-1, ::-1]
                        elif bug == "transposed":
                            dK[q] += d[n, q, i, j] * patch.T
                        else:
                            dK[q] += d[n, q, i, j] * patch
        db = d.mean(axis=(0, 2, 3)) if bug == "bias mean" else d.sum(axis=(0, 2, 3))
        if bug == "not divided":
            dK = dK * N
        return loss, {"K": dK, "b": db}

    return given(f, {"K": RNG.normal(size=(2, 3, 3)), "b": RNG.normal(size=2)}, (X, t))


def one_dimension(bug):
    X, t = RNG.normal(size=(5, 11)), RNG.normal(size=(5, 5))

    def f(params):
        k, b = params["k"], params["b"]
        out = np.zeros((5, 5))
        for i in range(5):
            out[:, i] = X[:, 2 * i : 2 * i + 3] @ k + b
        a = np.maximum(out, 0)
        loss = np.mean((a - t) ** 2)

        d = 2 * (a - t) / a.size
        if bug != "no relu":
            d = d * (out > 0)
        dk = np.zeros(3)
        for i in range(5):
            window = X[:, i : i + 3] if bug == "stride ignored" else X[:, 2 * i : 2 * i + 3]
            dk = (0 if bug == "assigned" else dk) + window.T @ d[:, i]
        if bug == "flipped":
            dk = dk[::-1]
        return loss, {"k": dk, "b": d.mean(axis=0).sum() if bug == "bias mean" else d.sum()}

    return closed(f, {"k": RNG.normal(size=3), "b": np.array(0.3)})


class Conv:
    """Stride 1 with padding, by loops over the kernel."""

    def __init__(self, bug, stride=1, pad=1):
        self.bug, self.stride, self.pad = bug, stride, pad

    def backward(self, g, x, w, b):
        s, p, bug = self.stride, self.pad, self.bug
        n, _, h, width = x.shape
        k = w.shape[2]
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        oh, ow = g.shape[2:]
        for i in range(oh):
            for j in range(ow):
                a, e = (i, j) if bug == "stride ignored" else (i * s, j * s)
                window = xp[:, :, a : a + k, e : e + k]
                dw += np.einsum("nf,nchw->fchw", g[:, :, i, j], window)
                kernel = w[:, :, ::-1, ::-1] if bug == "flipped" else w
                spread = np.einsum("nf,fchw->nchw", g[:, :, i, j], kernel)
                if bug == "overwritten":
                    dxp[:, :, a : a + k, e : e + k] = spread
                elif bug == "shifted":
                    dxp[:, :, a + 1 : a + k, e : e + k] += spread[:, :, : k - 1]
                else:
                    dxp[:, :, a : a + k, e : e + k] += spread
        dx = dxp[:, :, :h, :width] if bug == "padding kept" else dxp[:, :, p : p + h, p : p + width]
        if bug == "w mean":
            dw = dw / n
        if bug == "dw flipped":
            dw = dw[:, :, ::-1, ::-1]
        db = g.sum(axis=(0, 2)).sum(axis=1) if bug != "bias of first" else g[:, :, 0, 0].sum(axis=0)
        return dx, dw, db


def convolution_layer(bug):
    stride = 2 if bug in ("stride ignored", "") else 1
    conv = Conv(bug, stride)
    inputs = RNG.normal(size=(2, 3, 5, 6)), RNG.normal(size=(4, 3, 3, 3)), RNG.normal(size=4)
    return layer(
        conv.backward,
        lambda x, w, b: tg.nn.functional.conv2d(x, w, b, stride=stride, padding=1),
        inputs,
        names=("dx", "dw", "db"),
    )


def pooling_script(bug):
    X, y = RNG.normal(size=(4, 6, 6)), RNG.integers(0, 3, 4)

    def f(params, X, y):
        n = len(X)
        a = np.maximum(X * params["s"], 0.1 * X * params["s"])
        windows = a.reshape(n, 3, 2, 3, 2)
        pooled = np.max(windows, axis=(2, 4))
        flat = pooled.reshape(n, -1)
        scores = flat @ params["W"]
        p = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
        loss = -np.sum(np.log(p[np.arange(n), y])) / n

        d = (p - np.eye(3)[y]) / n
        dW = flat.T @ d
        dflat = d @ params["W"].T
        dpooled = dflat.reshape(n, 3, 3)
        if bug == "order F":
            dpooled = dflat.reshape(n, 3, 3, order="F")
        mask = windows == pooled[:, :, None, :, None]
        if bug == "to all":
            mask = np.ones_like(windows)
        if bug == "averaged":
            mask = np.ones_like(windows) / 4
        if bug == "to first":
            mask = np.zeros(windows.shape)
            mask[:, :, 0, :, 0] = 1
        dwindows = mask * dpooled[:, :, None, :, None]
        if bug == "times value":
            dwindows = dwindows * windows
        da = dwindows.reshape(n, 6, 6)
        z = X * params["s"]
        dz = (
            da
            if bug == "no leak"
            else da * np.where(z > 0, 1, 1 if bug == "slope one" else 0 if bug == "slope zero" else 0.1)
        )
        ds = np.sum(dz * X, axis=0)
        return loss, {"s": ds, "W": dW}

    return given(f, {"s": RNG.normal(size=(6, 6)), "W": RNG.normal(size=(9, 3))}, (X, y))


def pooling_layer(bug):
    def hand(g, x):
        h, w = x.shape[2:]
        dx = np.zeros_like(x)
        for i in range(h // 2):
            for j in range(w // 2):
                part = g[:, :, i, j][:, :, None, None]
                if bug == "not divided":
                    dx[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += part
                elif bug == "corner":
                    dx[:, :, 2 * i, 2 * j] += g[:, :, i, j] / 4
                elif bug == "by two":
                    dx[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += part / 2
                elif bug == "stride ignored":
                    dx[:, :, i : i + 2, j : j + 2] += part / 4
                else:
                    dx[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += part / 4
        return -dx if bug == "sign" else dx

    return layer(hand, lambda x: tg.nn.functional.avg_pool2d(x, 2), (RNG.normal(size=(2, 3, 6, 4)),))


def max_pooling_layer(bug):
    def hand(g, x):
        h, w = x.shape[2:]
        dx = np.zeros_like(x)
        for i in range(h // 2):
            for j in range(w // 2):
                window = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                mask = window == window.max(axis=(2, 3), keepdims=True)
                if bug == "to all":
                    mask = np.ones_like(window)
                if bug == "smallest":
                    mask = window == window.min(axis=(2, 3), keepdims=True)
                if bug == "others":
                    mask = ~mask
                dx[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = mask * g[:, :, i, j][:, :, None, None]
        return dx / 4 if bug == "divided" else dx

    return layer(hand, lambda x: tg.nn.functional.max_pool2d(x, 2), (RNG.normal(size=(2, 3, 4, 6)),))


def overlapping_pooling_layer(bug):
    """Windows of 3 with stride 2: they overlap, and the image is no multiple of them."""

    def hand(g, x):
        dx = np.zeros_like(x)
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                a, c = (i, j) if bug == "stride ignored" else (2 * i, 2 * j)
                window = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
                mask = 1.0 * (window == window.max(axis=(2, 3), keepdims=True))
                if bug == "to first":
                    mask = np.zeros_like(window)
                    mask[:, :, 0, 0] = 1
                if bug == "averaged":
                    mask = np.ones_like(window) / 9
                if bug == "times value":
                    mask = mask * window
                if bug == "assigned":
                    dx[:, :, a : a + 3, c : c + 3] = 0
                dx[:, :, a : a + 3, c : c + 3] += mask * g[:, :, i, j][:, :, None, None]
        return dx

    return layer(hand, lambda x: tg.nn.functional.max_pool2d(x, 3, 2), (RNG.normal(size=(2, 2, 7, 5)),))


def convolution_by_filters(bug):
    """A loop over examples, filters and places; an assignment or a range that is wrong in one of them."""

    def hand(g, x, w, b):
        xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros_like(b)
        rows = g.shape[2] - (bug == "range")
        for n in range(len(x)):
            for f in range(len(w)):
                db[f] = (0 if bug == "b assigned" else db[f]) + g[n, f].sum()
                for i in range(rows):
                    for j in range(g.shape[3]):
                        read = np.roll(xp[n], 1, axis=1) if bug == "shifted" else xp[n]
                        part = read[:, i : i + 3, j : j + 3] * g[n, f, i, j]
                        dw[f] = (0 if bug == "w assigned" else dw[f]) + part
                        if bug == "x assigned":
                            dxp[n, :, i : i + 3, j : j + 3] = 0
                        dxp[n, :, i : i + 3, j : j + 3] += w[f] * g[n, f, i, j]
        return dxp[:, :, 1:-1, 1:-1], dw, db

    inputs = RNG.normal(size=(2, 2, 5, 4)), RNG.normal(size=(3, 2, 3, 3)), RNG.normal(size=3)
    return layer(hand, lambda x, w, b: tg.nn.functional.conv2d(x, w, b, padding=1), inputs, names=("dx", "dw", "db"))


def pooling_by_loops(bug):
    """Windows of 2 by 3 that start two and four places apart, in both directions by loops."""
    size, steps = (2, 3), (2, 3) if bug == "apart by their size" else (3, 4)

    def forward(x):
        out = np.zeros((len(x), 3, 2))
        for i in range(3):
            for j in range(2):
                out[:, i, j] = np.max(x[:, 3 * i : 3 * i + 2, 4 * j : 4 * j + 3], axis=(1, 2))
        return out

    def hand(g, x):
        dx = np.zeros_like(x)
        for n in range(len(x)):
            for i in range(3):
                for j in range(2):
                    a, b = steps[0] * i, steps[1] * j
                    window = x[n, a : a + size[0], b : b + size[1]]
                    r, c = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, a + r, b + c] += g[n, i, j]
        return dx

    return layer(hand, forward, (RNG.normal(size=(3, 9, 8)),))


PROGRAMS = [
    Program(
        "max pooling",
        "overlapping windows",
        overlapping_pooling_layer,
        {
            "stride ignored": {"stride ignored"},
            "to first": {"wrong element"},
            "averaged": {"mask missing"},
            "times value": {"derivative"},
            "assigned": {"overwritten"},
        },
    ),
    Program(
        "convolution",
        "loop over filters",
        convolution_by_filters,
        {
            "range": {"part missing"},
            "b assigned": {"not added up"},
            "w assigned": {"not added up"},
            "x assigned": {"overwritten"},
            "shifted": {"shifted"},
        },
    ),
    Program(
        "convolution in one dimension",
        "script",
        one_dimension,
        {
            "no relu": {"mask missing"},
            "stride ignored": {"stride ignored"},
            "assigned": {"not added up"},
            "flipped": {"flipped"},
            "bias mean": {"averaged", "factor"},
        },
    ),
    Program(
        "convolution",
        "script",
        convolution_script,
        {
            "stride ignored": {"stride ignored", "shifted"},
            "overwritten": {"overwritten", "not added up"},
            "flipped": {"flipped", "permuted"},
            "transposed": {"transposed", "permuted"},
            "bias mean": {"averaged"},
            "not divided": {"summed"},
        },
    ),
    Program(
        "convolution",
        "classes",
        convolution_layer,
        {
            "stride ignored": {"stride ignored"},
            "flipped": {"flipped"},
            "overwritten": {"overwritten"},
            "shifted": {"shifted"},
            "padding kept": {"shifted", "padding"},
            "w mean": {"averaged"},
            "dw flipped": {"flipped", "permuted"},
            "bias of first": {"not summed"},
        },
    ),
    Program(
        "pooling",
        "script",
        pooling_script,
        {
            "order F": {"wrong order"},
            "to all": {"mask missing"},
            "averaged": {"mask missing", "averaged"},
            "to first": {"wrong element"},
            "times value": {"derivative"},
            "no leak": {"mask missing"},
            "slope zero": {"slope missing"},
            "slope one": {"mask missing"},
        },
    ),
    Program(
        "pooling",
        "classes",
        pooling_layer,
        {
            "not divided": {"summed", "factor"},
            "corner": {"wrong element", "mask too strict"},
            "by two": {"factor"},
            "sign": {"sign"},
            "stride ignored": {"stride ignored", "shifted"},
        },
    ),
    Program(
        "max pooling",
        "classes",
        max_pooling_layer,
        {
            "to all": {"mask missing"},
            "smallest": {"wrong element"},
            "others": {"mask inverted"},
            "divided": {"factor"},
        },
    ),
    Program("max pooling", "loops both ways", pooling_by_loops, {"apart by their size": {"stride ignored"}}),
]
