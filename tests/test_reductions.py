"""Reductions, scans and sorting under PyTorch's names, against PyTorch's numbers (golden/reductions.json)."""

from __future__ import annotations

import json
import math
import operator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, IndexRangeError, ShapeError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "reductions.json").read_text())
CASES = [
    pytest.param(GOLDEN[name]["x"], case, id=f"{name}-{case['call']}")
    for name in ("ties", "holes", "zeros", "scalar")
    for case in GOLDEN[name]["cases"]
]


@pytest.fixture(autouse=True)
def quiet_numbers():
    """NaN among the numbers is the subject here."""
    with np.errstate(all="ignore"):
        yield


def number(value: Any) -> Any:
    """None in the file stands for NaN."""
    return [number(v) for v in value] if isinstance(value, list) else math.nan if value is None else value


def parts_of(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


@pytest.mark.parametrize(("data", "case"), CASES)
def test_value_and_gradient_are_pytorchs(data: Any, case: dict[str, Any]) -> None:
    x = tg.tensor(number(data), requires_grad=True)
    parts = parts_of(eval(case["call"], {"x": x, "T": tg}))
    assert len(parts) == len(case["gives"])
    for part, expected in zip(parts, case["gives"], strict=True):
        assert part.dtype == np.dtype(expected["dtype"])
        np.testing.assert_allclose(part.detach().numpy(), number(expected["values"]), rtol=2e-6, atol=2e-6)
        assert part.shape == np.shape(number(expected["values"]))
    recording = [part for part in parts if part.requires_grad]
    assert bool(recording) == ("grad" in case)
    if recording:
        total = sum((p * tg.arange(1, math.prod(p.shape) + 1).reshape(p.shape)).sum() for p in recording)
        total.backward()
        np.testing.assert_allclose(x.grad.numpy(), number(case["grad"]), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("case", GOLDEN["integers"], ids=lambda c: f"{c['dtype']}-{c['call']}")
def test_integers_give_pytorchs_dtypes(case: dict[str, Any]) -> None:
    x = tg.tensor([[3, 1], [0, 2]], dtype=np.dtype(case["dtype"]))
    result = eval(case["call"], {"x": x, "T": tg})
    assert result.dtype == np.dtype(case["gives"]["dtype"])
    np.testing.assert_allclose(result.numpy(), case["gives"]["values"], rtol=1e-6)


# ---------------------------------------------------------------------- both spellings


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var", "std", "amax", "amin", "logsumexp", "nansum", "nanmean",
                                  "max", "min", "median", "nanmedian", "mode", "any", "all", "argmax", "argmin",
                                  "var_mean", "std_mean", "aminmax", "norm"])  # fmt: skip
def test_dim_and_axis_are_one(name: str) -> None:
    x = tg.tensor(np.random.default_rng(0).standard_normal((2, 3, 4)))
    one = parts_of(getattr(tg, name)(x, dim=1, keepdim=True))
    two = parts_of(getattr(tg, name)(x, axis=1, keepdims=True))
    three = parts_of(getattr(tg.Tensor, name, getattr(tg, name))(x, dim=1, keepdim=True))
    for a, b, c in zip(one, two, three, strict=True):
        assert a.shape == (2, 1, 4)
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
        np.testing.assert_array_equal(a.detach().numpy(), c.detach().numpy())


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "diff", "sort", "argsort",
                                  "softmax"])  # fmt: skip
def test_dim_and_axis_are_one_in_scans(name: str) -> None:
    x = tg.tensor(np.random.default_rng(0).standard_normal((2, 3)))
    for a, b in zip(parts_of(getattr(x, name)(dim=0)), parts_of(getattr(tg, name)(x, axis=0)), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


@pytest.mark.parametrize("name", ["fft.fft", "fft.fftn", "fft.fftshift", "linalg.norm", "linalg.vector_norm",
                                  "trapezoid", "cumulative_trapezoid"])  # fmt: skip
def test_dim_and_axis_are_one_in_the_name_spaces(name: str) -> None:
    x, function = tg.tensor(np.random.default_rng(0).standard_normal((2, 3))), operator.attrgetter(name)(tg)
    np.testing.assert_array_equal(function(x, dim=0).detach().numpy(), function(x, axis=0).detach().numpy())


@pytest.mark.parametrize("name", ["sum", "nansum", "prod", "cumsum", "cumprod"])
def test_dtype_is_kept_to_also_for_small_integers(name: str) -> None:
    assert getattr(tg, name)(tg.tensor([100, 100]).to(tg.uint8), 0, dtype=tg.int8).dtype == tg.int8


def test_arrays_in_arrays_out() -> None:
    x = np.array([[3.0, 1.0], [2.0, 5.0]])
    for result in (tg.prod(x), tg.cumsum(x, 0), tg.var(x, 1), tg.nansum(x), tg.argsort(x), tg.diff(x), tg.trapezoid(x)):
        assert isinstance(result, (np.ndarray, np.generic))


# ---------------------------------------------------------------------- dtype=


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "nansum", "nanmean"])
def test_the_gradient_of_a_widening_reduction_has_the_inputs_dtype(name: str) -> None:
    x = tg.tensor([1.0, 2.0, 4.0], requires_grad=True)
    y = getattr(x, name)(dtype=tg.float64)
    assert y.dtype == np.float64
    (g,) = tg.autograd.grad(y * y, x, create_graph=True)
    assert g.dtype == np.float32
    (h,) = tg.autograd.grad(g.sum(), x)
    assert h.dtype == np.float32 and np.isfinite(h.detach().numpy()).all()


def test_a_real_tensor_summed_as_complex() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x.sum(dtype=tg.complex64)
    assert y.dtype == np.complex64
    tg.real(y * 1j + y).backward()
    np.testing.assert_allclose(x.grad.numpy(), [1.0, 1.0])


def test_a_reduction_to_integers_gives_no_gradient() -> None:
    x = tg.tensor([1.5, 2.5], requires_grad=True)
    assert not x.cumsum(0, dtype=tg.int64).requires_grad and not x.prod(dtype=tg.int64).requires_grad
    with pytest.raises(DtypeError, match="integers have no gradient"):
        (x.sum(dtype=tg.int64) * 1.0).backward()


def test_float_reductions_keep_float32() -> None:
    x = tg.ones(2, 3)
    for name in ("sum", "mean", "prod", "var", "std", "logsumexp", "nanmean"):
        assert getattr(x, name)(dim=0).dtype == np.float32


# ---------------------------------------------------------------------- complex numbers


@pytest.mark.parametrize("call", [
    "x.sum(0)", "x.mean(1)", "x.prod(0)", "x.prod()", "x.cumsum(1)", "x.cumprod(1)", "x.var(0)", "x.std(1)", "T.cov(x)",
    "x.logsumexp(1)", "T.diff(x)", "T.trapezoid(x)",
])  # fmt: skip
def test_complex_numbers_by_differences(call: str) -> None:
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))

    def loss(value: Any) -> Any:
        result = eval(call, {"x": value, "T": tg})
        weights = np.arange(1.0, 1 + math.prod(result.shape)).reshape(result.shape) * (1 - 0.5j)
        return tg.real(result * tg.tensor(weights)).sum()

    x = tg.tensor(z, requires_grad=True)
    loss(x).backward()
    step = 1e-6
    for i in np.ndindex(z.shape):
        for way, part in ((1.0, np.real), (1j, np.imag)):
            d = np.zeros_like(z)
            d[i] = step * way
            slope = (loss(tg.tensor(z + d)).item() - loss(tg.tensor(z - d)).item()) / (2 * step)
            assert part(x.grad.numpy()[i]) == pytest.approx(slope, rel=1e-6, abs=1e-6)


# ---------------------------------------------------------------------- what scans are made of


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 100])
def test_the_recurrence_is_its_loop(n: int) -> None:
    from tinygrad_bp.ops.scans import recurrence

    rng = np.random.default_rng(n)
    a, b = rng.standard_normal((2, n)), rng.standard_normal((2, n))
    expected, s = [], np.zeros(2)
    for i in range(n):
        s = a[:, i] * s + b[:, i]
        expected.append(s)
    np.testing.assert_allclose(recurrence(a, b, 1), np.stack(expected, 1), rtol=1e-10)


def test_third_order_through_products_of_zeros() -> None:
    # d³(abc)/da db dc = 1, though all factors are 0.
    x = tg.zeros(3, requires_grad=True)
    (g,) = tg.autograd.grad(x.prod(), x, create_graph=True)
    (h,) = tg.autograd.grad(g[0], x, create_graph=True)
    (t,) = tg.autograd.grad(h[1], x)
    np.testing.assert_array_equal(t.detach().numpy(), [0.0, 0.0, 1.0])


def test_a_cumulative_product_of_many() -> None:
    x = tg.full((5000,), 1.001, dtype=tg.float64, requires_grad=True)
    x.cumprod(0)[-1].backward()
    np.testing.assert_allclose(x.grad.numpy(), 1.001**4999, rtol=1e-9)


def test_logcumsumexp_of_infinities() -> None:
    x = tg.tensor([-np.inf, -np.inf, 0.0, 1000.0], dtype=tg.float64, requires_grad=True)
    y = tg.logcumsumexp(x, 0)
    np.testing.assert_array_equal(y.detach().numpy(), [-np.inf, -np.inf, 0.0, 1000.0])
    y[2:].sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [0.0, 0.0, 1.0, 1.0])


def test_quantiles_differentiate_in_q() -> None:
    q = tg.tensor(0.5, dtype=tg.float64, requires_grad=True)
    tg.quantile(tg.tensor([0.0, 1.0, 4.0], dtype=tg.float64), q * 0.5).backward()
    assert q.grad.item() == pytest.approx(1.0)  # between 0 and 1: the slope in the rank, 1 · (3 − 1) · 0.5


def test_bincount_passes_the_gradient_to_its_weights() -> None:
    w = tg.tensor([1.0, 2.0, 4.0], requires_grad=True)
    counts = tg.bincount(tg.tensor([2, 0, 2]), w, minlength=4)
    np.testing.assert_array_equal(counts.detach().numpy(), [2.0, 0.0, 5.0, 0.0])
    (counts * tg.tensor([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), [100.0, 1.0, 100.0])


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(("call", "error", "says"), [
    ("T.prod(x, 0, axis=1)", ArgumentError, "two names"), ("x.max(0, axis=1)", ArgumentError, "two names"),
    ("x.var(dim=0, axis=1)", ArgumentError, "two names"), ("x.cumsum(0, axis=1)", ArgumentError, "two names"),
    ("T.cumsum(x)", ArgumentError, "dim="), ("x.cumprod(2)", IndexRangeError, "out of range"),
    ("T.tensor(1.0).sum(1)", IndexRangeError, "out of range"), ("x.sum(2)", IndexRangeError, "out of range"),
    ("T.diff(T.tensor(1.0))", ShapeError, "1 dimension"), ("T.diff(x, -1)", ArgumentError, "negative"),
    ("x.topk(4)", ArgumentError, "k=4"), ("x.kthvalue(0)", ArgumentError, "k=0"),
    ("x.quantile(1.5)", ArgumentError, "1.5"),
    ("x.quantile(0.5, interpolation='mean')", ArgumentError, "linear"),
    ("T.tensor([1, 2]).quantile(0.5)", DtypeError, "float"),
    ("T.cov(T.zeros(1, 2, 3))", ShapeError, "(1, 2, 3)"), ("T.cov(x, fweights=T.ones(3))", DtypeError, "aweights"),
    ("T.cov(x, aweights=T.ones(2))", ShapeError, "3 observations"),
    ("T.renorm(T.ones(3), 2, 0, 1.0)", ShapeError, "(3,)"),
    ("T.renorm(x, 0, 0, 1.0)", ArgumentError, "positive"), ("T.gradient(x, edge_order=3)", ArgumentError, "edge_order"),
    ("T.gradient(x[:1], dim=0)", ShapeError, "at least 2"),
    ("T.gradient(x, spacing=[1.0])", ArgumentError, "2 dimensions"),
    ("T.gradient(x, dim=1, spacing=[T.ones(2)])", ShapeError, "one per point"),
    ("T.trapezoid(x, T.ones(2))", ShapeError, "as many"), ("T.bincount(x)", DtypeError, "integers"),
    ("T.bincount(T.tensor([-1]))", ArgumentError, "-1"),
    ("T.bincount(T.tensor([1]), T.ones(1), -1)", ArgumentError, "minlength"),
    ("T.max(x, (0, 1))", ArgumentError, "amax"),
])  # fmt: skip
def test_errors_say_what_to_write(call: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        eval(call, {"x": tg.ones(2, 3), "T": tg})
    assert says in str(caught.value)


@pytest.mark.parametrize("p", [1, 2, 3.5, math.inf])
def test_renorm_passes_the_gradient_of_what_it_does_not_scale(p):
    x = tg.tensor([[math.nan, 1.0], [0.0, 0.0], [3.0, 4.0]], dtype=tg.float64, requires_grad=True)
    y = tg.renorm(x, p, 0, 1.0)
    y.sum().backward()
    norm = np.linalg.norm([3.0, 4.0], p)
    np.testing.assert_allclose(y.detach().numpy(), [[math.nan, 1], [0, 0], [3 / norm, 4 / norm]], rtol=1e-6)
    np.testing.assert_array_equal(x.grad.numpy()[:2], 1)
    assert abs(x.grad.numpy()[2] @ [3, 4]) < 1e-6  # along the row nothing changes
