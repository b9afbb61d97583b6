"""Forward passes written for arrays, run on tensors as they stand: the same values, and the slopes of differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError
from tinygrad_bp.verify import check_derivatives

RNG = np.random.default_rng(5)
X, W, V = RNG.normal(size=(6, 4)), RNG.normal(size=(4, 3)), RNG.normal(size=(3,))
IMAGE, SIGNAL = RNG.uniform(size=(2, 6, 6)), RNG.normal(size=(12,))
LABELS = np.array([0, 2, 1, 0, 1, 2])


def network(x, w, b):
    h = np.tanh(x.dot(w) + b)
    scores = h - np.max(h, axis=1, keepdims=True)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(p)), LABELS]).mean() + 0.1 * (w**2).sum() / w.size


def batch_norm(x, w, b):
    h = x @ w
    mean, variance = h.mean(axis=0), h.var(axis=0, ddof=0)
    return ((h - mean) / np.sqrt(variance + 1e-5) * b).clip(-1.5, 1.5).copy().T.reshape(-1)


def layer_by_list(x, w, b):
    h = x
    for weight in [w, w.T, w]:
        h = np.maximum(h.dot(weight), 0.1 * h.dot(weight))
    return np.concatenate([h, np.tile(b, (len(h), 1))], axis=1).astype(np.float64).ravel()


def dropout(x, w, b):
    mask = (np.arange(x.size).reshape(x.shape) % 3 > 0).astype(x.dtype)
    x = x.copy()
    x *= mask / mask.mean()
    x[0, 1:3] = 0.0
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0))).dot(w).transpose().flatten("F") * np.repeat(b, 6)


def attention(x, w, b):
    q, k = x.dot(w), np.roll(x, 1, axis=0).dot(w)
    scores = np.einsum("id,jd->ij", q, k) / np.sqrt(q.shape[-1])
    scores = np.where(np.tri(len(x), dtype=bool), scores, -1e9)
    share = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
    return np.linalg.norm(share @ q * b, axis=-1)


def lstm(x, w, b):
    h = c = np.zeros(3)
    for t in range(len(x)):
        gate = 1 / (1 + np.exp(-(x[t].dot(w) + b * h)))
        c = gate * c + (1 - gate) * np.tanh(x[t] @ w)
        h = gate * np.tanh(c)
    return np.hstack([h, c])


def mixture(x, w, b):
    apart = x[:, None, :] - w.T[None]
    logs = -0.5 * np.sum(np.square(apart) * np.exp(b)[:, None], axis=-1) + 2 * b
    return np.logaddexp.reduce(logs, axis=1).sum()


def kernels(x, w, b):
    squares = (x**2).sum(1)
    gram = np.exp(-0.5 * np.maximum(np.add.outer(squares, squares) - 2 * x.dot(x.T), 0)) + np.eye(len(x))
    factor = np.linalg.cholesky(gram)
    solved = np.linalg.solve(gram, x.dot(w).dot(b))
    return np.log(np.diag(factor)).sum() + solved.dot(solved) + np.trace(gram)


def convolution(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(image, ((0, 0), (1, 1), (1, 1)), "reflect"), (3, 3), (1, 2)
    )
    h = np.einsum("nijkl,kl->nij", windows, kernel)
    h = h.reshape(2, 3, 2, 3, 2).max(axis=(2, 4))
    return np.diff(h, axis=-1).cumsum() / h.size


def spectrum(signal, gain):
    transformed = np.fft.rfft(signal - signal.mean()) * gain
    power = np.abs(np.fft.irfft(transformed, n=12)) ** 2
    return np.trapezoid(power) + np.unwrap(np.angle(transformed[1:3])).sum()


def filtered(signal, gain):
    out = [signal[0]]
    for value in signal[1:]:
        out.append(0.7 * out[-1] + gain[0] * value)
    out = np.stack(out)
    slope, start = np.polyfit(np.arange(12.0), out, 1)
    return np.interp(np.linspace(0.0, 1.0, 5), np.linspace(0.0, 1.0, 12), out) * slope + start


def quantiles(signal, gain):
    spread = np.quantile(signal, [0.25, 0.75], method="weibull")
    counts = np.zeros_like(gain)
    np.add.at(counts, [0, 1, 1, 3], gain[:4] ** 2)
    return (
        (spread[1] - spread[0]) * np.ptp(signal)
        + np.median(signal)
        + counts.dot(np.sort(gain))
        + np.std(signal, where=signal > 0)
    )


def rotation(angle, points):
    c, s = np.cos(angle), np.sin(angle)
    turned = points.dot(np.block([[c, -s], [s, c]]))
    area = np.cross(np.pad(turned[:-1], ((0, 0), (0, 1))), np.pad(turned[1:], ((0, 0), (0, 1))))
    return np.hypot(turned[:, 0], turned[:, 1] ** 2).sum() + area[:, 2].dot(np.arctan2(turned[1:, 1], 2.0))


FORWARDS: dict[Callable[..., Any], tuple[Any, ...]] = {
    **dict.fromkeys((network, batch_norm, layer_by_list, dropout, attention, lstm, mixture, kernels), (X, W, V)),
    convolution: (IMAGE, RNG.normal(size=(3, 3))), spectrum: (SIGNAL, RNG.normal(size=(7,))),
    filtered: (SIGNAL, np.array([0.3])), quantiles: (SIGNAL, RNG.normal(size=(5,))),
    rotation: (np.array(0.4), RNG.normal(size=(5, 2))),
}  # fmt: skip


@pytest.mark.parametrize("forward", FORWARDS, ids=lambda f: f.__name__)
def test_a_forward_of_arrays_runs_on_tensors_as_it_stands(forward: Callable[..., Any]) -> None:
    arrays = FORWARDS[forward]
    wanted = forward(*(a.copy() for a in arrays))
    tensors = [tg.tensor(a, requires_grad=True) for a in arrays]
    found = forward(*tensors)
    assert isinstance(found, tg.Tensor) and found.requires_grad and found.dtype == np.asarray(wanted).dtype
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-10, atol=1e-12)
    check_derivatives(forward, arrays).raise_if_wrong()


def test_the_one_that_means_a_pair_says_so() -> None:
    z = tg.tensor(X, requires_grad=True)
    with pytest.raises(
        ArgumentError, match=r"what max gives in PyTorch, \(values, indices\); write .values, or np.max"
    ):
        z - z.max(axis=1, keepdims=True)
