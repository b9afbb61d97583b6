"""NumPy's functions at the edges: nothing, one element, NaN and infinity, 0-d, several axes, memory in other orders."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy_sweep as sweep
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import AutogradError

# Nothing in three shapes, a number, one element, a matrix, with NaN, NaN alone, with infinity, zeros, 3-d, and a view.
ARRAYS = {
    "e": np.zeros(0), "e2": np.zeros((2, 0)), "e3": np.zeros((0, 3)), "s": np.array(1.5), "o": np.array([2.0]),
    "x": np.arange(6.0).reshape(2, 3) + 0.5, "n": np.array([1.0, np.nan, 3.0]), "nn": np.array([np.nan, np.nan]),
    "i": np.array([np.inf, 1.0, -np.inf]), "z": np.zeros(3), "t": np.arange(24.0).reshape(2, 3, 4),
    "r": np.arange(12.0).reshape(6, 2)[::2, ::-1],
}  # fmt: skip
CALLS = [
    "np.sum(e)", "np.sum(e, initial=2.0)", "np.max(e, initial=2.0)", "np.max(e2, axis=1, initial=2.0)",
    "np.sum(e2, axis=1, where=np.zeros((2, 0), bool))", "np.mean(e)", "np.nanstd(e)", "np.nanmean(nn)", "np.nanvar(nn)",
    "np.nanmax(nn)", "np.nanmax(n)", "np.nanstd(n, ddof=2)", "np.nanvar(n, ddof=5)", "np.std(x, where=x>100)",
    "np.mean(x, where=x>100)", "np.add.reduce(e)", "np.hypot.reduce(e)", "np.hypot.reduce(e2, axis=1)",
    "np.hypot.reduce(x, axis=(0, 1))", "np.hypot.reduce(x, axis=None)", "np.multiply.reduce(x, axis=())",
    "np.add.reduce(x, axis=())", "np.hypot.reduce(x, axis=())", "np.add.accumulate(e)", "np.hypot.accumulate(e)",
    "np.hypot.accumulate(x, axis=1)", "np.subtract.reduce(x, initial=1.0)",
    "np.subtract.reduce(x, axis=1, keepdims=True)", "np.hypot.reduce(x, axis=1, keepdims=True)",
    "np.add.reduceat(x, [0, 1, 0], axis=0)", "np.add.reduceat(x, [1], axis=1)", "np.maximum.outer(e, x)",
    "np.add.outer(s, x)", "np.add.outer(s, 2.0)", "np.power.outer(x, [1, 2])", "np.pad(s, 1)", "np.pad(e, 2)",
    "np.pad(o, 3, 'linear_ramp')", "np.pad(x, ((0, 0), (2, 1)), 'mean')", "np.pad(x, 2, 'median', stat_length=1)",
    "np.pad(x, 1, 'maximum', stat_length=((1, 2), (2, 1)))", "np.pad(o, 2, 'edge')",
    "np.pad(x, (1, 2), 'linear_ramp', end_values=((1, 2), (3, 4)))", "np.pad(x, 1, constant_values=((1, 2), (3, 4)))",
    "np.pad(t, 1, 'minimum')", "np.quantile(o, .3, method='hazen')",
    "np.quantile(x, [], axis=0)", "np.quantile(x, [.1, .9], axis=(0, 1), method='weibull')",
    "np.quantile(n, .5, method='hazen')", "np.nanquantile(n, .5, method='hazen')",
    "np.nanquantile(nn, .5, method='hazen')", "np.quantile(t, .4, axis=(0, 2), method='nearest', keepdims=True)",
    "np.quantile(x, np.array([[.1, .2], [.3, .4]]), axis=1, method='weibull')", "np.median(e)", "np.median(i)",
    "np.linspace(s, 2.0, 0)", "np.linspace(s, 2.0, 1)", "np.linspace(x, x+1, 3, axis=1)",
    "np.linspace(x, x+1, 3, axis=-1)", "np.linspace(s, 10, 4, dtype=int)", "np.linspace(-s, 10, 4, dtype=int)",
    "np.linspace(s, s, 3)", "np.linspace(s, 3.0, 3, retstep=True)", "np.linspace(s, 3.0, 1, retstep=True)",
    "np.linspace(s, 3.0, 1, endpoint=False)", "np.geomspace(s, -s, 3)", "np.geomspace(-s, -2*s, 3)",
    "np.logspace(s, 2, 3, base=o)", "np.logspace(x, 2, 3, base=2.0, axis=1)", "np.interp(x, [1.0], [2.0])",
    "np.interp(n, [0, 1, 2], [0, 1, 4])", "np.interp(i, [0, 1, 2], [0, 1, 4])",
    "np.interp(x, [0, 1, 1, 2], [0, 1, 5, 4])", "np.interp(e, [0, 1], [1, 2])", "np.interp(s, [0, 1, 2], [1, 2, 5])",
    "np.interp(2.5, [0, 1, 2], [1, 2, 5], right=s)", "np.interp(x, [3, 1, 2], [1, 2, 3], period=2)",
    "np.interp(x, [0, 1, 2], np.array([1, 2j, 3]))", "np.unwrap(e)", "np.unwrap(x*4)",
    "np.unwrap(x*9, period=5, axis=0)", "np.ediff1d(o)", "np.ediff1d(e)", "np.ediff1d(x, [1, 2], [3])",
    "np.trim_zeros(z)", "np.trim_zeros(np.array([0, 0, 1., 0, 2, 0])*o)",
    "np.trim_zeros(np.array([0, 0, 1., 0, 2, 0])*o, 'b')", "np.polyval(e, 2.0)", "np.polyval(o, x)",
    "np.polyval([1, 2, 3], x)", "np.polyval(x[0], x)", "np.polyadd(e, x[0])", "np.polymul(x[0], x[1])",
    "np.polymul([0, 0, 1], x[0])", "np.polydiv(x[0], o)", "np.polydiv(o, x[0])", "np.polyder(o)", "np.polyder(x[0], 2)",
    "np.polyder(x[0], 0)", "np.polyint(x[0], 2)", "np.polyint(x[0], 2, [1, 2])", "np.poly(e)",
    "np.poly(np.array([1., 2., 3.])*o)", "np.poly(np.eye(2)*o)", "np.roots(o)", "np.roots(z)",
    "np.roots(np.array([0, 1., -3, 2, 0])*o)", "np.histogram(np.ones(3)*o)", "np.histogram(e)",
    "np.histogram(x, bins=4, range=(1, 3))", "np.histogram(x, bins='auto')", "np.histogram(x, [0, 1, 2, 3.])",
    "np.histogram(x, 3, weights=x)", "np.histogram(x, 3, weights=x, density=True)", "np.histogram_bin_edges(x, 'fd')",
    "np.unique(e)", "np.unique(n)", "np.unique_counts(n)", "np.union1d(n, x)",
    "np.intersect1d(x, x[0], return_indices=True)", "np.setdiff1d(x, x[0])",
    "np.apply_along_axis(np.outer, 1, x, x[0])", "np.apply_along_axis(np.sort, 0, t)",
    "np.apply_along_axis(lambda r: r[:2], 1, t)", "np.apply_over_axes(np.sum, t, (0, 2))", "np.rollaxis(t, 2, -1)",
    "np.rollaxis(t, 0, 3)", "np.ravel(r, 'K')", "np.ravel(r.T, 'A')", "np.reshape(r, (2, 3), order='A')",
    "np.ravel(t.transpose(2, 0, 1), 'K')", "np.full_like(x, [1, 2, 3])", "np.full_like(x, s, dtype=int)",
    "np.zeros_like(x, shape=5)", "np.ones_like(e)", "np.sort_complex(x)", "np.real_if_close(x+0j)",
    "np.real_if_close(x+1e-3j)", "np.average(x, axis=(0, 1))", "np.average(x, weights=np.ones(3), axis=1)",
    "np.cumulative_sum(o, include_initial=True)", "np.cumulative_prod(t, axis=-1, include_initial=True)", "np.diff(o)",
    "np.trapezoid(o)", "np.ptp(t, axis=(0, 2))", "np.trace(t)", "np.trace(t, 1, 0, 2)",
    "np.einsum('ij->j', x, dtype=np.float32)", "np.clip(n, 0, 2)", "np.round(x, -1)", "np.compress([True], x)",
    "np.take(x, [[0, 1], [1, 0]])", "np.take(x, 7, mode='wrap')", "np.searchsorted(x[0], x)",
    "np.log(x, where=x>1, out=np.zeros_like(x))", "np.divide(x, z, where=z>0, out=x*0)",
    "np.modf(x, where=x>1, out=(x*0, x*0))", "np.add(x, 1, where=False, out=x*2)", "np.logaddexp.reduce(e)",
    "np.logaddexp.reduce(x, where=x>1)", "np.maximum.reduce(x, where=x>1, initial=0.0)", "np.vecdot(x, x, axis=0)",
]  # fmt: skip


def run(call: str, make: Any) -> list[Any]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return sweep.parts_of(eval(call, {"np": np, **{name: make(array) for name, array in ARRAYS.items()}}))


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("call", CALLS)
def test_it_is_numpys(call: str, recorded: bool) -> None:
    names = call.replace("(", " ").replace(".", " ").split()
    if "cumulative_sum" in names or "cumulative_prod" in names:
        pytest.importorskip("numpy", "2.1")
    try:
        wanted = run(call, np.array)
    except Exception as refused:
        with pytest.raises((AutogradError, type(refused))):
            run(call, lambda array: tg.tensor(array, requires_grad=recorded))
        return
    found = run(call, lambda array: tg.tensor(array, requires_grad=recorded))
    assert [sweep.differs(one, two) for one, two in zip(found, wanted, strict=True)] == [""] * len(wanted)
