"""First values and clipped gradients are PyTorch's. Golden numbers: tests/golden/make_random.py."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, ModifiedError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "init.json").read_text())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['call']} {case['dtype']}")
def test_values_and_the_stream_after_them_are_pytorchs(case, order):
    memory = np.zeros(case["shape"], case["dtype"], order=order)
    w = tg.from_numpy(memory).requires_grad_()
    tg.manual_seed(5)
    assert eval(f"tg.nn.init.{case['call']}", {"tg": tg, "w": w}) is w
    assert w.detach().numpy() is memory and w.is_leaf and w.requires_grad
    assert tg.rand(1).item() == case["after"]
    if case["exact"]:
        assert hashlib.sha256(memory.tobytes()).hexdigest()[:16] == case["gives"]
    else:
        tolerance = 1e-6 if case["dtype"] == "float32" else 1e-13
        np.testing.assert_allclose(memory, case["gives"], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("call", ["uniform_(w)", "normal_(w)", "constant_(w, 3.0)", "kaiming_uniform_(w)",
                                  "trunc_normal_(w)", "orthogonal_(w)", "eye_(w)"])  # fmt: skip
def test_init_is_a_write_that_backward_notices(call):
    w = tg.ones(3, 2, requires_grad=True)
    loss = (w * w).sum()
    eval(f"tg.nn.init.{call}", {"tg": tg, "w": w})
    with pytest.raises(ModifiedError):
        loss.backward()


@pytest.mark.parametrize("call", ["uniform_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_",
                                  "kaiming_normal_", "trunc_normal_", "orthogonal_", "normal_"])  # fmt: skip
def test_a_generator_is_used_and_0_elements_pass(call):
    function = getattr(tg.nn.init, call)
    a, b = (function(tg.empty(4, 3), generator=tg.Generator().manual_seed(7)) for _ in range(2))
    assert tg.equal(a, b)
    assert function(tg.empty(0, 3)).shape == (0, 3)


def test_orthogonal_rows_or_columns_have_length_gain():
    for shape in [(3, 5), (5, 3), (4, 2, 3)]:
        w = tg.nn.init.orthogonal_(tg.empty(shape, dtype=tg.float64), gain=2.0).numpy().reshape(shape[0], -1)
        small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_gains_are_those_of_the_activations():
    gain = tg.nn.init.calculate_gain
    assert [gain("linear"), gain("sigmoid"), gain("tanh"), gain("selu")] == [1, 1, 5 / 3, 3 / 4]
    assert gain("relu") == math.sqrt(2)
    assert gain("leaky_relu", 2.0) == math.sqrt(2 / 5)


def test_fans_have_pytorchs_names():
    weight = tg.zeros(2, 3, 5)
    assert tg.nn.init._calculate_fan_in_and_fan_out(weight) == (15, 10)
    assert [tg.nn.init._calculate_correct_fan(weight, mode) for mode in ("fan_in", "FAN_OUT")] == [15, 10]
    with pytest.raises(ArgumentError, match="'fan_in' or 'fan_out', got 'fan'"):
        tg.nn.init._calculate_correct_fan(weight, "fan")


def test_fans_count_the_dimensions_after_the_second():
    w = tg.nn.init.kaiming_uniform_(tg.empty(50, 4, 3, 3), nonlinearity="linear").numpy()
    assert 0.95 * math.sqrt(3 / 36) < np.abs(w).max() <= math.sqrt(3 / 36)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("kaiming_uniform_(w)", r"fan in and fan out need two dimensions or more, got \(3,\); use uniform_"),
        ("xavier_normal_(w)", "fan in and fan out need two dimensions"),
        ("kaiming_normal_(m, mode='fan')", "mode is 'fan_in' or 'fan_out', got 'fan'"),
        ("kaiming_normal_(m, nonlinearity='gelu')", "calculate_gain: knows linear, .*leaky_relu; got 'gelu'"),
        ("eye_(w)", r"eye_: needs a matrix, got \(3,\)"),
        ("orthogonal_(w)", "orthogonal_: needs two dimensions"),
        ("trunc_normal_(w, std=0.0)", "trunc_normal_: needs std > 0 and a <= b"),
        ("trunc_normal_(w, a=2.0, b=1.0)", "trunc_normal_: needs std > 0 and a <= b"),
        ("uniform_(w, 2.0, 1.0)", "uniform_: needs low <= to, got low=2.0 and to=1.0"),
        ("normal_(w, 0.0, -1.0)", "normal_: std must not be negative"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_written(call, message):
    w, m = tg.ones(3, requires_grad=True), tg.ones(2, 3)
    with pytest.raises(AutogradError, match=message):
        eval(f"tg.nn.init.{call}", {"tg": tg, "w": w, "m": m})
    assert w.tolist() == [1, 1, 1] and m.tolist() == [[1, 1, 1], [1, 1, 1]]


# ---------------------------------------------------------------------- clipping


def parameters():
    w, v, none = (tg.zeros(shape, requires_grad=True) for shape in [(2, 2), (3,), (4,)])
    w.grad, v.grad = tg.tensor([[1.0, -2.0], [3.0, 4.0]]), tg.tensor([5.0, 6.0, -7.0])
    return [w, v, none]


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, float("inf")])
def test_the_norm_of_all_gradients_is_clipped(order):
    params = parameters()
    grads = np.concatenate([p.grad.numpy().ravel() for p in params[:2]])
    norm = np.linalg.norm(grads.astype(np.float64), order)
    total = tg.nn.clip_grad_norm_(params, 2.0, norm_type=order)
    assert total.item() == pytest.approx(norm, rel=1e-6)
    now = np.concatenate([p.grad.numpy().ravel() for p in params[:2]])
    np.testing.assert_allclose(now, grads * 2 / (norm + 1e-6), rtol=1e-6)
    assert params[2].grad is None
    tg.nn.clip_grad_norm_(params, 100.0)
    np.testing.assert_array_equal(np.concatenate([p.grad.numpy().ravel() for p in params[:2]]), now)


@pytest.mark.parametrize("make", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2]])
def test_the_norm_is_the_same_in_any_memory_order(make):
    values = np.arange(12.0).reshape(3, 4)
    w = tg.zeros(3, 4, dtype=tg.float64, requires_grad=True)
    w.grad = tg.from_numpy(make(values))
    assert tg.nn.clip_grad_norm_(w, 1.0).item() == pytest.approx(np.linalg.norm(values))
    np.testing.assert_allclose(np.linalg.norm(w.grad.numpy()), 1.0, rtol=1e-6)


def test_without_gradients_the_norm_is_0_and_a_generator_of_parameters_is_taken():
    model = tg.nn.Linear(2, 3)
    assert tg.nn.clip_grad_norm_(model.parameters(), 1.0).item() == 0


def test_a_norm_that_is_not_finite_raises_where_asked_before_anything_changes():
    params = parameters()
    params[1].grad.numpy()[0] = np.nan
    before = params[0].grad.numpy().copy()
    with pytest.raises(ArgumentError, match=r"the norm of order 2.0 of the gradients is nan"):
        tg.nn.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    np.testing.assert_array_equal(params[0].grad.numpy(), before)
    assert math.isnan(tg.nn.clip_grad_norm_(params, 1.0).item())


def test_values_are_clipped():
    params = parameters()
    tg.nn.clip_grad_value_(params, 3.0)
    assert params[0].grad.tolist() == [[1, -2], [3, 3]] and params[1].grad.tolist() == [3, 3, -3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("clip_grad_norm_(p, -1.0)", "max_norm must not be negative, got -1.0"),
        ("clip_grad_norm_(p, 1.0, norm_type=0.0)", "norm_type must be positive, got 0.0"),
        ("clip_grad_value_(p, -1.0)", "clip_value must not be negative, got -1.0"),
        ("clip_grad_value_([1.0], 1.0)", r"clip_grad_value_: takes tensors \(model.parameters\(\)\), got float"),
    ],
)
def test_bad_limits_are_named(call, message):
    with pytest.raises(ArgumentError, match=message):
        eval(f"tg.nn.{call}", {"tg": tg, "p": parameters()})
