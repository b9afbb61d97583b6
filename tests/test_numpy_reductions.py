"""``np.*`` reductions, scans, sorts and statistics on Tensors, against NumPy itself."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, NoRuleError

RNG = np.random.default_rng(0)
A = RNG.permutation(24).reshape(2, 3, 4) / 7 - 1.3
M = A[0]
V = A[0, :, 0]
HOLES = A.copy()
HOLES[[0, 1, 1], [1, 0, 2], [2, 0, 3]] = np.nan
EMPTY_ROW = np.where(np.arange(3)[:, None] == 1, np.nan, M)
W = RNG.uniform(0.5, 2.0, (2, 3, 4))

# Calls as Python text: a, m (matrix), v (vector), h (with NaN), e (a row of NaN), w (weights).
REDUCTIONS = ["sum", "prod", "mean", "var", "std", "max", "min", "amax", "amin", "ptp", "median", "any", "all"]
OVER_HOLES = ["nansum", "nanprod", "nanmean", "nanmax", "nanmin", "nanmedian"]
PLACES = ("", ", axis=0", ", axis=-1", ", axis=(0, 2)", ", axis=1, keepdims=True", ", keepdims=True", ", 1")
UFUNCS = ["add", "multiply", "maximum", "minimum", "logaddexp"]
CALLS = [
    *(f"np.{name}(a{place})" for name in REDUCTIONS for place in PLACES),
    *(f"np.{name}(h{place})" for name in OVER_HOLES for place in PLACES),
    *(f"np.{name}(a, axis=())" for name in ("sum", "prod", "mean", "max")),
    *(f"np.{name}(a{axis})" for name in ("cumsum", "cumprod") for axis in ("", ", 0", ", axis=-1")),
    *(f"np.{name}(h{axis})" for name in ("nancumsum", "nancumprod") for axis in ("", ", 0", ", axis=-1")),
    *(f"np.{name}(a, 1, ddof=1)" for name in ("var", "std")),
    *(f"np.{name}.accumulate(a{axis})" for name in UFUNCS for axis in ("", ", 1")),
    *(f"np.{name}.reduce(a{axis})" for name in UFUNCS for axis in ("", ", 1", ", axis=-1, keepdims=True")),
    "np.add.reduce(a, axis=None)", "np.multiply.reduce(a, axis=(0, 2))", "np.add.reduce(a, axis=())",
    "np.sum(a, dtype=np.float32)", "np.mean(a, 0, np.float32)", "np.var(a, 0, dtype=np.float32)",
    "np.quantile(a, 0.3)", "np.quantile(a, [0.1, 0.9], axis=1)", "np.quantile(a, 0.3, axis=(0, 2), keepdims=True)",
    "np.quantile(a, [[0.1], [0.9]], axis=-1, keepdims=True)", "np.percentile(a, [5, 50], axis=0)",
    "np.percentile(a, 30, method='midpoint')", "np.quantile(a, 0.4, 1, method='lower')",
    "np.quantile(a, 0.4, 1, method='higher')", "np.nanquantile(h, 0.3, axis=1)", "np.nanpercentile(h, [20, 80])",
    "np.median(m, axis=0)", "np.median(v)", "np.median(h, axis=0)", "np.nanmedian(e, axis=1)", "np.nanmax(e, axis=1)",
    "np.nanmean(e, axis=1)",
    "np.argmax(a)", "np.argmax(a, 1)", "np.argmin(a, axis=0, keepdims=True)", "np.count_nonzero(a, axis=1)",
    "np.diff(a)", "np.diff(a, 2, axis=0)", "np.diff(a, prepend=0, append=1.5)", "np.diff(v, prepend=v[:1])",
    "np.gradient(v)", "np.gradient(m)", "np.gradient(m, 2.0, axis=1)", "np.gradient(m, 2.0, [0.0, 1.0, 3.0, 4.0])",
    "np.gradient(v, np.array([0.0, 1.0, 3.0]), edge_order=2)", "np.gradient(m, edge_order=2, axis=(0, 1))",
    "np.trapezoid(a)", "np.trapezoid(m, dx=0.5, axis=0)", "np.trapezoid(m, [0.0, 1.0, 3.0, 4.0])",
    "np.sort(a)", "np.sort(a, axis=None)", "np.sort(a, 0)", "np.argsort(a, axis=1)", "np.argsort(a, None)",
    "np.average(a)", "np.average(a, axis=1)", "np.average(a, weights=w)", "np.average(a, 0, w, keepdims=True)",
    "np.average(a, axis=1, weights=[1.0, 2.0, 0.5])", "np.average(a, 1, w, returned=True)",
    "np.average(a, returned=True)",
    "np.cov(m)", "np.cov(v)", "np.cov(m, rowvar=False)", "np.cov(v, v * v)", "np.cov(m, bias=True)",
    "np.cov(m, ddof=0)",
    "np.cov(m, fweights=[1, 2, 1, 3])", "np.cov(m, aweights=[1.0, 2.0, 0.5, 1.0])", "np.corrcoef(m)",
    "np.corrcoef(v, v * v)",
]  # fmt: skip


def values(wrap: Any) -> dict[str, Any]:
    return {"np": np, "a": wrap(A), "m": wrap(M), "v": wrap(V), "h": wrap(HOLES), "e": wrap(EMPTY_ROW), "w": wrap(W)}


def parts_of(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


@pytest.mark.parametrize("call", CALLS)
def test_value_and_dtype_are_numpys(call: str) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's own, about rows of NaN
        expected = parts_of(eval(call, values(lambda array: array)))
        found = parts_of(eval(call, values(tg.from_numpy)))
    assert len(found) == len(expected)
    for one, two in zip(found, expected, strict=True):
        assert np.shape(one) == np.shape(two)
        if isinstance(one, tg.Tensor):
            wanted = np.asarray(two).dtype
            assert one.dtype == (np.int64 if wanted == np.intp else wanted)  # as wide as addresses in NumPy
        np.testing.assert_allclose(np.asarray(one), two, rtol=1e-6 if "32" in call else 1e-12, atol=1e-12)


WITHOUT = ("any", "all", "arg", "count", "gradient(m,", "gradient(m)", "returned", "32", "(e", "median(h")
SLOPES = [call for call in CALLS if not any(part in call for part in WITHOUT)]


@pytest.mark.parametrize("call", SLOPES)
def test_slope_by_differences(call: str) -> None:
    rng = np.random.default_rng(1)
    directions = {name: rng.standard_normal(array.shape) for name, array in {"a": A, "m": M, "v": V, "h": A}.items()}
    step = 1e-6
    weights: Any = None

    def moved(t: float) -> Any:
        nonlocal weights
        names = values(lambda array: array)
        for name, direction in directions.items():
            names[name] = names[name] + t * direction
        with np.errstate(all="ignore"):
            result = np.asarray(eval(call, names))
        weights = np.arange(1.0, result.size + 1).reshape(result.shape)
        return np.sum(weights * np.nan_to_num(result))

    slope = (moved(step) - moved(-step)) / (2 * step)
    names = values(lambda array: tg.tensor(array))
    for name in directions:
        names[name].requires_grad = True
    result = eval(call, names)
    (result * tg.tensor(weights)).sum().backward()
    ours = sum(np.sum(names[n].grad.numpy() * d) for n, d in directions.items() if names[n].grad is not None)
    assert ours == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_integers_follow_numpy() -> None:
    for dtype in (np.uint8, np.int32, np.bool_):
        x = np.array([[3, 1], [0, 2]]).astype(dtype)
        t = tg.from_numpy(x)
        for f in (np.sum, np.prod, np.mean, np.var, np.cumsum, np.cumprod, np.max, np.median, np.average, np.any):
            wanted = np.asarray(f(x)).dtype
            if f not in (np.max, np.any):  # NumPy adds up integers as wide as addresses are
                wanted = {"i": np.dtype(np.int64), "u": np.dtype(np.uint64)}.get(wanted.kind, wanted)
            assert f(t).dtype == wanted, (f, dtype)
            np.testing.assert_allclose(np.asarray(f(t)), f(x))


def test_partition_puts_the_kth_in_its_place() -> None:
    t = tg.tensor(A, requires_grad=True)
    p = np.partition(t, 2, axis=-1)
    np.testing.assert_array_equal(p.detach().numpy()[..., 2], np.sort(A, -1)[..., 2])
    p[..., 2].sum().backward()
    assert t.grad.sum().item() == math.prod(A.shape[:-1])


@pytest.mark.parametrize("call", [
    "np.mean(t, out=np.empty(()))", "np.cumsum(t, out=np.empty(24))", "np.ptp(t, out=np.empty(()))",
    "np.add.accumulate(t, out=np.empty((2, 3, 4)))", "np.fft.fft(t, out=np.empty((2, 3, 4), complex))",
])  # fmt: skip
def test_what_no_rule_covers_is_refused_and_runs_without_a_gradient(call: str) -> None:
    with pytest.raises((NoRuleError, RuntimeError)):
        eval(call, {"np": np, "t": tg.tensor(A, requires_grad=True)})
    result = eval(call, {"np": np, "t": tg.from_numpy(A)})
    with np.errstate(all="ignore"):
        expected = eval(call.replace("t.data", "t"), {"np": np, "t": A})
    np.testing.assert_allclose(np.asarray(result), expected)


def test_spacings_and_weights_that_do_not_fit() -> None:
    t = tg.from_numpy(M)
    with pytest.raises(ArgumentError, match="3 spacings"):
        np.gradient(t, 1.0, 2.0, 3.0)
    with pytest.raises(ArgumentError, match="weights"):
        np.average(t, weights=np.ones(3))
