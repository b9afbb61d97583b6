"""Calls of SciPy and scikit-learn on tensors: ``python -m tests.array_api_consumers`` counts those that are recorded.

A call counts where its gradient agrees with finite differences of the same call on arrays. SciPy reads at its import
whether it uses the array API, so this is a program of its own.
"""

from __future__ import annotations

import os

if __name__ == "__main__":  # whoever only reads this file, as the tests do, keeps the SciPy that it has
    os.environ["SCIPY_ARRAY_API"] = "1"

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft
import scipy.integrate
import scipy.signal
import scipy.special
import scipy.stats
import sklearn
from scipy.spatial.transform import Rotation
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import tinygrad_bp as tg

STEP = 1e-6
RANDOM = np.random.default_rng(3)
TABLE, POSITIVE, ROW = RANDOM.normal(size=(6, 4)), RANDOM.uniform(0.5, 2, (6, 4)), RANDOM.normal(size=8)
TURNS, QUATERNIONS = RANDOM.normal(0, 0.5, (3, 3)), RANDOM.normal(size=(3, 4))

CALLS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "stats.zscore": (scipy.stats.zscore, TABLE),
    "stats.skew": (scipy.stats.skew, TABLE),
    "stats.kurtosis": (scipy.stats.kurtosis, TABLE),
    "stats.moment": (lambda x: scipy.stats.moment(x, 3), TABLE),
    "stats.gmean": (scipy.stats.gmean, POSITIVE),
    "stats.variation": (scipy.stats.variation, POSITIVE),
    "stats.sem": (scipy.stats.sem, TABLE),
    "stats.entropy": (scipy.stats.entropy, POSITIVE),
    "stats.differential_entropy": (scipy.stats.differential_entropy, ROW),
    "stats.pearsonr": (lambda x: scipy.stats.pearsonr(x[:, 0], x[:, 1]).statistic, TABLE),
    "stats.ttest_1samp": (lambda x: scipy.stats.ttest_1samp(x, 0.1).statistic, TABLE),
    "Rotation.from_quat.apply": (lambda q: Rotation.from_quat(q).apply(q[:, :3]), QUATERNIONS),
    "Rotation.from_rotvec.as_matrix": (lambda r: Rotation.from_rotvec(r).as_matrix(), TURNS),
    "Rotation.from_euler.as_quat": (lambda r: Rotation.from_euler("xyz", r).as_quat(), TURNS),
    "Rotation.as_euler": (lambda r: Rotation.from_rotvec(r).as_euler("xyz"), TURNS),
    "Rotation product": (lambda r: (Rotation.from_rotvec(r) * Rotation.from_rotvec(2 * r)).as_rotvec(), TURNS),
    "signal.fftconvolve": (lambda x: scipy.signal.fftconvolve(x, x[:3]), ROW),
    "signal.hilbert": (lambda x: abs(scipy.signal.hilbert(x)), ROW),
    "fft.rfft": (lambda x: abs(scipy.fft.rfft(x)), ROW),
    "fft.dct": (scipy.fft.dct, ROW),
    "integrate.simpson": (scipy.integrate.simpson, ROW),
    "special.logsumexp": (lambda x: scipy.special.logsumexp(x, axis=1), TABLE),
    "special.softmax": (lambda x: scipy.special.softmax(x, axis=1), TABLE),
    "special.gammaln": (scipy.special.gammaln, POSITIVE),
    "PCA": (lambda x: PCA(2, svd_solver="full").fit_transform(x) ** 2, TABLE),
    "Ridge": (lambda x: Ridge(alpha=0.5, solver="svd").fit(x, x[:, 0] + x[:, 1] ** 2).coef_, TABLE),
    "StandardScaler": (lambda x: StandardScaler().fit_transform(x), TABLE),
    "MinMaxScaler": (lambda x: MinMaxScaler().fit_transform(x), TABLE),
    "rbf_kernel": (rbf_kernel, TABLE),
    "euclidean_distances": (lambda x: euclidean_distances(x, 2 * x), TABLE),
    "mean_squared_error": (lambda x: mean_squared_error(x, 2 * x + 1), TABLE),
}


def numerical(function: Callable[[Any], Any], at: Any, weights: Any) -> Any:
    """The gradient of the weighted sum of a function of arrays by central differences."""
    slope = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = at.copy()
            moved[index] += step
            ends.append(np.sum(np.asarray(function(moved)) * weights))
        slope[index] = (ends[0] - ends[1]) / (2 * STEP)
    return slope


def verdict(function: Callable[[Any], Any], at: Any) -> str:
    """``right``, or what stands in the way."""
    x = tg.tensor(at, requires_grad=True)
    try:
        y = function(x)
    except tg.AutogradError as error:
        return f"refused: {str(error).partition('. ')[0]}"
    if not isinstance(y, tg.Tensor):
        return f"gives a {type(y).__name__}"
    weights = np.random.default_rng(0).normal(size=y.shape)
    (y * tg.tensor(weights)).sum().backward()
    right = numerical(function, at, weights)
    error = np.max(np.abs(x.grad.numpy() - right)) / max(1, np.max(np.abs(right)))
    return "right" if error < 1e-6 else f"wrong by {error:.1g}"


def verdicts() -> dict[str, str]:
    with warnings.catch_warnings(), sklearn.config_context(array_api_dispatch=True):
        warnings.simplefilter("ignore")
        return {name: verdict(*call) for name, call in CALLS.items()}


if __name__ == "__main__":
    found = verdicts()
    for name, said in found.items():
        print(f"{name:32} {said}")
    print(f"{list(found.values()).count('right')} of {len(found)} differentiated")
