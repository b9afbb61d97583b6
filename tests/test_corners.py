"""Infinity, NaN, poles and ends of domains: the gradient fits the value. The numbers are PyTorch's, in float64."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import NoRuleError
from tinygrad_bp.autograd.forward import push_forward
from tinygrad_bp.autograd.op import OPS, Op
from tinygrad_bp.verify import contracts as c

F = tg.nn.functional
inf, nan = float("inf"), float("nan")


def slopes(function, *numbers):
    """The value and the gradient in each argument, as lists."""
    tensors = [tg.tensor(n, dtype=tg.float64, requires_grad=True) for n in numbers]
    with np.errstate(all="ignore"):
        y = function(*tensors)
        y.sum().backward()
    return [np.asarray(t.detach()).tolist() for t in (y, *(x.grad for x in tensors))]


LOG_SUMS = [
    ([inf, 1, 2], [nan, 0, 0]),
    ([1, inf, 2], [0, nan, 0]),
    ([nan, 1, 2], [nan, nan, nan]),
    ([1, nan, 2], [nan, nan, nan]),
    ([inf, inf, 1], [nan, nan, 0]),
    ([-inf, 0, 0], [0, 0.5, 0.5]),
    ([-inf, -inf], [0, 0]),  # PyTorch: NaN
]


@pytest.mark.parametrize(("x", "gradient"), LOG_SUMS)
@pytest.mark.parametrize("function", [lambda x: tg.logsumexp(x, 0), np.logaddexp.reduce], ids=["logsumexp", "numpy"])
def test_log_of_a_sum_of_exponentials(function, x, gradient) -> None:
    np.testing.assert_allclose(slopes(function, x)[1], gradient)


@pytest.mark.parametrize(("x", "gradient"), [
    ([inf, 1, 2], [nan, 0, 0]), ([1, inf, 2], [1, nan, 0]), ([1, nan, 2], [nan, nan, nan]),
    ([-inf, 0, 0], [0, 1.5, 0.5]),
])  # fmt: skip
@pytest.mark.parametrize("function", [lambda x: tg.logcumsumexp(x, 0), np.logaddexp.accumulate], ids=["tg", "numpy"])
def test_logs_of_cumulative_sums(function, x, gradient) -> None:
    np.testing.assert_allclose(slopes(function, x)[1], gradient)


@pytest.mark.parametrize(("x", "correction", "value", "gradient"), [
    ([1, 3, 2], 3, inf, [-inf, inf, nan]),  # PyTorch: inf, inf, nan
    ([1, 3, 2], 4, inf, [-inf, inf, nan]),
    ([2, 2, 2], 3, nan, [nan, nan, nan]),
    ([5], 1, nan, [nan]),
])  # fmt: skip
def test_a_variance_with_nothing_left_to_divide_by(x, correction, value, gradient) -> None:
    found = slopes(lambda t: tg.var(t, correction=correction), x)
    np.testing.assert_equal(found, [value, gradient])
    np.testing.assert_equal(slopes(lambda t: tg.std(t, correction=correction), x)[0], np.sqrt(value))
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        np.testing.assert_equal(value, np.var(x, ddof=correction))


def test_a_covariance_with_nothing_left_to_divide_by() -> None:
    x = np.array([[1.0, 2, 4], [2, 2, 2], [3, 1, 0]])
    with np.errstate(all="ignore"):
        for correction in (3, 4):
            found = tg.cov(tg.tensor(x), correction=correction).numpy()
            np.testing.assert_equal(found, [[inf, nan, -inf], [nan, nan, nan], [-inf, nan, inf]])


POINTS = [
    # function, where, value, gradient
    ("logit outside", tg.logit, (2.0,), nan, [nan]),
    ("logit at 0", tg.logit, (0.0,), -inf, [inf]),
    ("inf ** 0", tg.pow, (inf, 0.0), 1, [0, inf]),
    ("nan ** 0", tg.pow, (nan, 0.0), 1, [0, nan]),
    ("0 ** -2", tg.pow, (0.0, -2.0), inf, [-inf, -inf]),
    ("0 ** 0", tg.pow, (0.0, 0.0), 1, [0, 0]),
    ("2 ** 0", tg.pow, (2.0, 0.0), 1, [0, np.log(2)]),
    ("xlogy(0, 2)", tg.xlogy, (0.0, 2.0), 0, [np.log(2), 0]),
    ("xlogy(0, 0)", tg.xlogy, (0.0, 0.0), 0, [0, nan]),
    ("xlog1py(0, -1)", tg.special.xlog1py, (0.0, -1.0), 0, [0, nan]),
    ("xlog1py(0, 1)", tg.special.xlog1py, (0.0, 1.0), 0, [np.log(2), 0]),
    ("silu", F.silu, (-60000.0,), 0, [0]),
    ("silu at the end", F.silu, (-1.7e308,), 0, [0]),
    ("maximum of NaN", tg.maximum, (nan, 1.0), nan, [1, 1]),
    ("minimum of NaN", tg.minimum, (1.0, nan), nan, [1, 1]),
    ("relu", F.relu, (nan,), nan, [1]),
    ("leaky_relu", F.leaky_relu, (nan,), nan, [0.01]),
    ("relu6", F.relu6, (nan,), nan, [1]),
    ("hardtanh", F.hardtanh, (nan,), nan, [1]),
    ("elu", F.elu, (nan,), nan, [1]),
    ("celu", F.celu, (nan,), nan, [1]),
    ("selu", F.selu, (nan,), nan, [1.0507009873554805]),
    ("hardshrink", F.hardshrink, (nan,), nan, [1]),
    ("softshrink", F.softshrink, (nan,), nan, [1]),
    ("threshold", lambda x: F.threshold(x, 0.5, -7.0), (nan,), nan, [1]),
    ("clip", lambda x: tg.clip(x, -1.0, 1.0), (nan,), nan, [0]),
]


@pytest.mark.parametrize(("function", "at", "value", "gradient"), [p[1:] for p in POINTS], ids=[p[0] for p in POINTS])
def test_points(function, at, value, gradient) -> None:
    np.testing.assert_allclose(slopes(function, *at), [value, *gradient], rtol=1e-15)


def test_the_slope_of_a_power_of_0_in_both() -> None:
    """∂²(aᵇ)/∂a∂b at b = 0 is 1 / a."""
    a, b = (tg.tensor(n, dtype=tg.float64, requires_grad=True) for n in (2.0, 0.0))
    (slope,) = tg.autograd.grad(a**b, a, create_graph=True)
    (mixed,) = tg.autograd.grad(slope, b)
    assert mixed.item() == 0.5


@pytest.mark.parametrize(("weight", "value", "gradient"), [([0, 0, 1], nan, nan), ([1, -1, 1], -inf, nan)])
def test_class_weights_that_sum_to_0(weight, value, gradient) -> None:
    x = tg.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 5.0]], requires_grad=True)
    with np.errstate(all="ignore"):
        loss = F.cross_entropy(x, tg.tensor([0, 1]), weight=tg.tensor(weight, dtype=tg.float32))
        loss.backward()
    np.testing.assert_equal(loss.item(), value)
    np.testing.assert_equal(x.grad.numpy(), np.full((2, 3), gradient))


def test_labels_that_are_all_ignored() -> None:
    x = tg.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    loss = F.cross_entropy(x, tg.tensor([1]), ignore_index=1)
    loss.backward()
    assert np.isnan(loss.item()) and not x.grad.numpy().any()


# ---------------------------------------------------------------------- NaN through every op of single elements

PASSED_OVER = {
    "pow": "x⁰ is 1", "power": "a⁰ is 1", "where": "the other side is chosen", "prelu": "the weight is for one side",
    "copysign": "NaN has a sign", "fmax": "by its name", "fmin": "by its name", "nan_to_num": "by its name",
    "hardswish_slope": "PyTorch's slope at NaN is 1",
}  # fmt: skip


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.kind == "elementwise"], ids=lambda op: op.name)
def test_nan_in_nan_out(op: Op) -> None:
    kept = []
    for sample in op.samples:
        arrays = c.draw(op, sample)
        for i, array in enumerate(arrays):
            if array.dtype.kind == "f" and 0 not in (a.size for a in arrays):
                given = [np.full_like(array, nan) if k == i else a for k, a in enumerate(arrays)]
                with np.errstate(all="ignore"):
                    value = np.asarray(c.run(op, given, sample))
                kept.append(value.dtype.kind != "b" and bool(np.isnan(value).all()))
    assert all(kept) == (op.name not in PASSED_OVER)


# ---------------------------------------------------------------------- both ways through every op

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, inf, -inf, nan]
# LAPACK's: it refuses infinite matrices, raises at singular ones, or never ends.
FACTORED = {
    "cholesky", "cofactors", "cofactors_slope", "det", "eig", "eigh", "inv", "lu", "matrix_exp", "pinv", "qr",
    "slogdet", "solve", "svd",
}  # fmt: skip


def both_ways(op: Op, sample, seed: int) -> tuple[float, float] | None:
    """Σ weight · (slope along a direction), pushed forward and pulled back, special numbers among the inputs."""
    rng = np.random.default_rng(seed)
    arrays = c.draw(op, sample)
    chosen = c.differentiable(op, arrays)
    for i in chosen:
        hit = rng.random(arrays[i].shape) < 0.4
        arrays[i] = np.where(hit, rng.choice(SPECIAL, arrays[i].shape), arrays[i])
    tensors = c.leaves(op, arrays)
    try:
        y = c.run(op, tensors, sample)
    except tg.AutogradError:  # probabilities outside [0, 1], …
        return None
    w = tg.tensor(rng.choice([-1.0, 1.0], y.shape))
    directions = [tg.tensor(rng.choice([-1.0, 1.0], arrays[i].shape)) for i in chosen]
    moving = {tensors[i]._node: d for i, d in zip(chosen, directions, strict=True)}
    (tangent,) = push_forward([y], moving)
    slopes = tg.autograd.grad(y, [tensors[i] for i in chosen], w, allow_unused=True)
    forward = 0.0 if tangent is None else float(np.sum(w.detach().numpy() * tangent.detach().numpy()))
    return forward, float(
        sum(
            np.sum(d.detach().numpy() * s.detach().numpy())
            for d, s in zip(directions, slopes, strict=True)
            if s is not None
        )
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", [op for op in OPS.values() if op.kind != "constant" and op.name not in FACTORED],
                         ids=lambda op: op.name)  # fmt: skip
def test_forward_mode_agrees_with_reverse_mode_at_special_points(op: Op) -> None:
    for number, sample in enumerate(op.samples):
        sizes = [np.prod(shape) for shape in sample.shapes]
        if 0 in sizes or any(array.dtype.kind == "c" for array in c.draw(op, sample)):
            continue
        for seed in range(3):
            found = both_ways(op, sample, seed)
            if found is not None and np.isfinite(found).any():
                np.testing.assert_allclose(*found, rtol=1e-8, atol=1e-8, err_msg=f"sample {number}, seed {seed}")


def test_bounds_of_a_range_may_be_tensors():
    three, half = tg.tensor(3), tg.tensor(0.5, dtype=tg.float16)
    assert tg.arange(three).dtype == tg.arange(0, three, tg.tensor(2)).dtype == tg.int64
    assert tg.arange(half, 2).dtype == tg.float32 and tg.arange(half, 2).tolist() == [0.5, 1.5]
    assert tg.range(tg.tensor(1), three).tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(NoRuleError, match="arange: a bound requires grad"):
        tg.arange(tg.tensor(3.0, requires_grad=True))


def test_truth_values_brought_between_integers_are_integers():
    truth = tg.tensor([True, False])
    assert [tg.clamp(truth, 0).dtype, tg.clamp(truth, False).dtype, tg.clamp(truth, max=0.5).dtype] == [
        tg.int64, tg.bool, tg.float32,
    ]  # fmt: skip
    assert tg.clamp(truth, 0, 3).tolist() == [1, 0]


def test_the_norms_of_a_vector_along_its_dimension_are_its_numbers():
    assert tg.norm_except_dim(tg.tensor([3.0, -4.0])).tolist() == [3.0, 4.0]
    layer = tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(2, 3), "bias")
    assert layer.parametrizations.bias.original0.shape == (3,)


def test_a_number_in_a_tensor_leaves_masks_in_their_dtype():
    a, b = tg.tensor([1, -2, 3], dtype=tg.int8), tg.tensor(3)
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "gcd", "add"):
        assert getattr(tg, name)(a, b).dtype == getattr(tg, name)(b, a).dtype == tg.int8, name
    assert (a & tg.tensor([3, 3, 3])).dtype == tg.int64 and (tg.tensor([True, False]) & b).dtype == tg.int64


def test_between_two_numbers_both_are_met() -> None:
    """``a + 1 · (b − a)`` is not b where a is much the larger, and NaN where a is infinite: also of quantiles."""
    a, b = tg.tensor([1e20, 3.0]), tg.tensor([1.0, 5.0])
    below, one = tg.tensor([-inf]), tg.ones(1)
    with np.errstate(invalid="ignore"):  # NumPy's own
        quantile = np.quantile([-inf, 1.0, 2.0], 0.3)
    for weight in (1.0, tg.tensor(1.0), tg.ones(2)):
        assert tg.lerp(a, b, weight).tolist() == [1, 5] == tg.lerp(b, a, weight * 0.0).tolist()
    for weight in (0.6, tg.tensor([0.6])):
        assert tg.lerp(below, one, weight) == -inf
    assert tg.quantile(tg.tensor([-inf, 1.0, 2.0]), 0.3) == -inf == quantile
