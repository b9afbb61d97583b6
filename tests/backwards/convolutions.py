"""Convolutions written by slices: channels last in loops, vectorised windows, and transposed with a stride."""

import numpy as np

import tinygrad_bp as tg

from .programs import Program, layer

RNG = np.random.default_rng(51)


class ChannelsLast:
    """Stride 2, a patch of all channels for every place of the result."""

    def __init__(self, bug):
        self.bug = bug

    def forward(self, x, w, b):
        k = w.shape[0]
        rows = []
        for i in range((x.shape[1] - k) // 2 + 1):
            row = []
            for j in range((x.shape[2] - k) // 2 + 1):
                patch = x[:, 2 * i : 2 * i + k, 2 * j : 2 * j + k, :]
                row.append(np.sum(patch[..., None] * w[None], axis=(1, 2, 3)) + b)
            rows.append(np.stack(row, axis=1))
        return np.stack(rows, axis=1)

    def backward(self, g, x, w, b):
        k, bug = w.shape[0], self.bug
        dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                a, c = 2 * i, 2 * j
                ra, rc = (i, j) if bug == "window without stride" else (a, c)
                at = g[:, i, j, :]
                dw += np.sum(x[:, ra : ra + k, rc : rc + k, :, None] * at[:, None, None, None, :], axis=0)
                kernel = w[::-1, ::-1] if bug == "flipped" else np.swapaxes(w, 2, 3) if bug == "channels" else w
                part = np.sum(kernel[None] * at[:, None, None, None, :], axis=-1)
                if bug == "one late":
                    a += 1
                dx[:, a : a + k, c : c + k, :] += part[:, : dx.shape[1] - a]
                db += at.sum(0)
        return dx, dw, g.sum(axis=(0, 1, 3))[: len(b)] if bug == "bias axes" else db


def channels_last(bug):
    conv = ChannelsLast(bug)
    inputs = RNG.normal(size=(2, 5, 7, 3)), RNG.normal(size=(3, 3, 3, 3)), RNG.normal(size=3)
    return layer(conv.backward, conv.forward, inputs, names=("dx", "dw", "db"))


def vectorised(bug):
    def forward(x, w, b):
        size = x.shape[2] - w.shape[2] + 1
        parts = [np.einsum("ncl,fc->nfl", x[:, :, k : k + size], w[:, :, k]) for k in range(w.shape[2])]
        return sum(parts) + b[None, :, None]

    def backward(g, x, w, b):
        k = w.shape[2]
        dw = np.einsum("nfl,nclk->fck", g, np.lib.stride_tricks.sliding_window_view(x, k, axis=2))
        border = (k, k - 2) if bug == "shifted" else (k - 1, k - 1)
        wide = np.lib.stride_tricks.sliding_window_view(np.pad(g, ((0, 0), (0, 0), border)), k, axis=2)
        dx = np.einsum("nflk,fck->ncl", wide, w if bug == "not flipped" else w[:, :, ::-1])
        return dx, dw, g.sum(axis=(0, 1))[: len(b)] if bug == "bias axes" else g.sum(axis=(0, 2))

    inputs = RNG.normal(size=(3, 2, 8)), RNG.normal(size=(4, 2, 3)), RNG.normal(size=4)
    return layer(backward, forward, inputs, names=("dx", "dw", "db"))


def transposed(bug):
    def forward(x, w):
        n, _, size = x.shape
        f, k = w.shape[1:]
        out = np.zeros((n, f, 2 * (size - 1) + k))
        for i in range(size):
            piece = np.einsum("nc,cfk->nfk", x[:, :, i], w)
            before, after = np.zeros((n, f, 2 * i)), np.zeros((n, f, 2 * (size - 1 - i)))
            out = out + np.concatenate([before, piece, after], axis=2)
        return out

    def backward(g, x, w):
        dx, dw, k = np.zeros_like(x), np.zeros_like(w), w.shape[2]
        for i in range(x.shape[2]):
            start = i if bug == "stride ignored" else 2 * i
            piece = g[:, :, start : start + k] * (np.arange(k) < k - (bug == "window short"))
            kernel = w[:, :, ::-1] if bug == "flipped" else w.swapaxes(0, 1) if bug == "channels" else w
            dx[:, :, i] = np.einsum("nfk,cfk->nc", piece, kernel)
            dw += np.einsum("nc,nfk->cfk", x[:, :, i], piece)
        return dx, dw

    return layer(backward, forward, (RNG.normal(size=(2, 3, 4)), RNG.normal(size=(3, 3, 3))), names=("dx", "dw"))


def single_elements(bug):
    """Every element of the result is written alone, as in the course's first convolution."""

    def forward(x, w, b):
        xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        out = np.zeros((len(x), len(w), 2, 2))
        for n in range(len(x)):
            for f in range(len(w)):
                for i in range(2):
                    for j in range(2):
                        out[n, f, i, j] = np.sum(xp[n, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * w[f]) + b[f]
        return out

    def backward(g, x, w, b):
        xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        for n in range(len(x)):
            for f in range(len(w)):
                for i in range(2):
                    for j in range(2):
                        a, c = (i, j) if bug == "window without stride" else (2 * i, 2 * j)
                        dw[f] += xp[n, :, a : a + 3, c : c + 3] * g[n, f, i, j]
                        dxp[n, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += w[f] * g[n, f, i, j]
        dx = dxp[:, :, :3, :3] if bug == "border kept" else dxp[:, :, 1:4, 1:4]
        return dx, dw, g.sum(axis=(0, 2, 3))

    inputs = RNG.normal(size=(1, 2, 3, 3)), RNG.normal(size=(2, 2, 3, 3)), RNG.normal(size=2)
    return layer(backward, forward, inputs, names=("dx", "dw", "db"))


def picked(bug):
    """The largest of overlapping windows, by its index."""

    def backward(g, x):
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(*g.shape):
            window = x[n, c, i : i + 3, j : j + 3]
            a, b = np.unravel_index(np.argmax(np.abs(window) if bug == "of size" else window), window.shape)
            if bug == "exchanged":
                a, b = b, a
            dx[n, c, i + a, j + b] = (0 if bug == "assigned" else dx[n, c, i + a, j + b]) + g[n, c, i, j]
        return dx

    return layer(backward, lambda x: tg.nn.functional.max_pool2d(x, 3, 1), (RNG.normal(size=(2, 2, 5, 5)),))


def copies(bug):
    """Images made larger by repeating pixels, and a running sum."""

    def forward(x):
        return np.cumsum(np.repeat(np.repeat(x, 2, axis=1), 2, axis=2), axis=1)

    def backward(g, x):
        g = np.cumsum(g, axis=1) if bug == "from the start" else np.cumsum(g[:, ::-1], axis=1)[:, ::-1]
        if bug == "one copy":
            return g[:, ::2, ::2]
        return g.reshape(len(x), x.shape[1], 2, x.shape[2], 2).sum(axis=(2, 4))

    return layer(backward, forward, (RNG.normal(size=(2, 3, 3)),))


PROGRAMS = [
    Program(
        "convolution of channels last",
        "classes",
        channels_last,
        {
            "window without stride": {"stride ignored"},
            "flipped": {"flipped"},
            "channels": {"transposed"},
            "one late": {"shifted"},
            "bias axes": {"wrong axis"},
        },
    ),
    Program(
        "convolution in one dimension",
        "vectorised",
        vectorised,
        {"shifted": {"shifted"}, "not flipped": {"flipped"}, "bias axes": {"wrong axis"}},
    ),
    Program(
        "transposed convolution",
        "loops",
        transposed,
        {
            "stride ignored": {"stride ignored"},
            "window short": {"part missing"},
            "flipped": {"flipped"},
            "channels": {"transposed"},
        },
    ),
    Program(
        "convolution",
        "single elements",
        single_elements,
        {"window without stride": {"stride ignored"}, "border kept": {"padding"}},
    ),
    Program(
        "max pooling",
        "by index",
        picked,
        {"of size": {"wrong element"}, "exchanged": {"transposed"}, "assigned": {"overwritten"}},
    ),
    Program("repeated pixels", "vectorised", copies, {"from the start": {"running sum"}, "one copy": {"not summed"}}),
]
