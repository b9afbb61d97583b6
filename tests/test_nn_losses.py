"""Losses with all their settings. Golden numbers: tests/golden/make.py."""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ShapeError, TargetError

F = nn.functional
GOLDEN = json.loads((Path(__file__).parent / "golden" / "nn.json").read_text())
X = [[1.0, -0.5, 0.25], [0.0, 2.0, -1.0]]


def made(text):
    return eval(f"nn.{text}", {"nn": nn, "torch": tg})


def close(found, wanted, rtol=1e-12):
    np.testing.assert_allclose(found.detach().numpy(), np.reshape(wanted, found.shape), rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("case", GOLDEN["settings"], ids=lambda case: f"{case['module']} {np.shape(case['x'])}")
def test_a_loss_with_settings_has_the_values_and_gradients_of_pytorch(case):
    x = tg.tensor(case["x"], dtype=tg.float64, requires_grad=True)
    indices = np.asarray(case["target"]).dtype.kind == "i"
    loss = made(case["module"])(x, tg.tensor(case["target"], dtype=None if indices else tg.float64))
    assert loss.shape == np.shape(case["y"])
    close(loss, case["y"])
    loss.backward(np.array(case["g"]))
    close(x.grad, case["dx"], 1e-8 if case["module"].startswith("BCELoss") else 1e-12)


# ---------------------------------------------------------------------- kinds of targets


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("dtype", [tg.int64, tg.uint8, tg.bool, tg.float32, tg.float64])
def test_one_hot_rows_of_any_dtype_are_class_indices(dtype, smoothing):
    scores, labels = tg.tensor(X), tg.tensor([2, 1])
    wanted = F.cross_entropy(scores, labels, label_smoothing=smoothing).item()
    rows = F.one_hot(labels, 3).to(dtype)
    assert F.cross_entropy(scores, rows, label_smoothing=smoothing).item() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("rows", [[[0, 1, 1], [1, 0, 0]], [[0, 0, 0], [1, 0, 0]], [[0, 2, -1], [1, 0, 0]]])
def test_integers_of_the_scores_shape_that_are_not_one_hot_are_refused(rows):
    with pytest.raises(TargetError, match=r"int64 and of the scores' shape \(2, 3\) must be one-hot"):
        F.cross_entropy(tg.tensor(X), tg.tensor(rows))


def test_the_gradient_of_class_probabilities():
    x, p = tg.tensor(X, dtype=tg.float64), tg.tensor([[0.5, 0.5, 0.0], [0.1, 0.2, 0.7]], dtype=tg.float64)
    p.requires_grad_()
    F.cross_entropy(x, p, label_smoothing=0.1, reduction="sum").backward()
    close(p.grad, -0.9 * x.log_softmax(1).numpy())


def test_a_score_of_minus_infinity_has_probability_0():
    x = tg.tensor([[0.0, 0.0, -np.inf]])
    assert F.cross_entropy(x, tg.tensor([0]), weight=tg.ones(3)).item() == pytest.approx(np.log(2))


def test_where_every_label_is_ignored_the_mean_is_nan_and_the_gradient_0():
    x = tg.tensor(X, requires_grad=True)
    loss = F.cross_entropy(x, tg.tensor([-100, -100]))
    assert np.isnan(loss.item())
    loss.backward()
    assert x.grad.tolist() == [[0.0] * 3] * 2
    assert F.cross_entropy(x, tg.tensor([-100, -100]), reduction="sum").item() == 0


def test_the_plain_loss_stays_one_op():
    x = tg.tensor(X, requires_grad=True)
    assert repr(F.cross_entropy(x, tg.tensor([0, 1])).grad_fn.op) == "<Op cross_entropy>"
    assert repr(F.cross_entropy(x, tg.tensor([0, -100])).grad_fn.op) == "<Op nll_loss>"


def test_arrays_in_arrays_out():
    assert not isinstance(F.cross_entropy(np.array(X), np.array([0, 1])), tg.Tensor)
    assert not isinstance(F.cross_entropy(np.array(X), np.array([0, 1]), label_smoothing=0.1), tg.Tensor)


def test_float32_scores_have_float32_losses_and_gradients():
    weight = tg.ones(3, dtype=tg.float64)
    for loss in (nn.CrossEntropyLoss(weight, label_smoothing=0.1), nn.NLLLoss(weight)):
        x = tg.tensor(X, requires_grad=True)
        value = loss(x, tg.tensor([0, 1]))
        value.backward()
        assert value.dtype == x.grad.dtype == tg.float32


def test_weights_are_state_that_to_converts():
    loss = nn.CrossEntropyLoss(weight=tg.ones(3))
    assert list(loss.state_dict()) == ["weight"] and list(loss.parameters()) == []
    assert loss.double().weight.dtype == tg.float64
    assert list(nn.CrossEntropyLoss().state_dict()) == []
    assert nn.BCEWithLogitsLoss(pos_weight=[2.0]).pos_weight.tolist() == [2.0]


def test_an_array_can_weigh_classes():
    x, y = tg.tensor(X), tg.tensor([0, 1])
    assert F.nll_loss(x, y, np.array([1.0, 2.0, 3.0])).item() == pytest.approx(-(1.0 + 2 * 2.0) / 3)


# ---------------------------------------------------------------------- mistakes

Y = tg.tensor([0, 1])
MISTAKES = [
    (lambda x: F.cross_entropy(x, tg.tensor([0, 3]), label_smoothing=0.1), TargetError,
     r"class index 3 is out of range for scores \(2, 3\): classes run from 0 to 2, and ignore_index=-100"),
    (lambda x: F.cross_entropy(x, tg.tensor([-100, 3])), TargetError, "class index 3 is out of range"),
    (lambda x: F.cross_entropy(x, tg.tensor([0, -1])), TargetError, "class index -1 is out of range"),
    (lambda x: F.nll_loss(x, tg.tensor([0, -1])), TargetError, "nll_loss: class index -1 is out of range"),
    (lambda x: F.nll_loss(x, tg.tensor([0.0, 1.0])), TargetError, "class indices, integers"),
    (lambda x: F.cross_entropy(x, Y, weight=tg.ones(2)), ShapeError,
     r"scores \(2, 3\) have 3 classes, weight is \(2,\); give one weight per class, \(3,\)"),
    (lambda x: F.cross_entropy(x, tg.tensor([0]), label_smoothing=0.1), ShapeError,
     r"x \(2, 3\) and target \(1,\) do not fit .* need a target of shape \(2,\)"),
    (lambda x: F.cross_entropy(x, Y, label_smoothing=1.5), ArgumentError, "label_smoothing goes from 0 to 1, got 1.5"),
    (lambda x: F.cross_entropy(x, Y, reduction="average", label_smoothing=0.1), ArgumentError, "got 'average'"),
    (lambda x: F.cross_entropy(x, x * np.nan), TargetError, r"the target holds NaN, first at \(0, 0\) of \(2, 3\)"),
    (lambda x: F.cross_entropy(x.long(), Y, label_smoothing=0.1), DtypeError, "x holds floats .* got int64"),
    (lambda x: F.nll_loss(tg.tensor(1.0), tg.tensor(0)), DtypeError, "with a class dimension"),
    (lambda x: F.huber_loss(x, x, delta=0.0), ArgumentError, "above 0; got 0.0"),
    (lambda x: F.smooth_l1_loss(x, x, beta=-1.0), ArgumentError, "0 or more; got -1.0"),
    (lambda x: F.l1_loss(x, x * np.nan), TargetError, "l1_loss: the target holds NaN"),
    (lambda x: F.huber_loss(x, x * np.nan), TargetError, "huber_loss: the target holds NaN"),
    (lambda x: F.huber_loss(x, x, reduction="no"), ArgumentError, "got 'no'"),
    (lambda x: F.l1_loss(x, tg.ones(2, 4)), ShapeError, r"l1_loss: x \(2, 3\) .* \(2, 4\)"),
    (lambda x: F.binary_cross_entropy_with_logits(x, tg.ones(2, 2), pos_weight=tg.ones(3)), ShapeError, r"\(2, 2\)"),
    (lambda x: nn.NLLLoss(reduction="no"), ArgumentError, "NLLLoss: reduction is"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_a_mistake_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call(tg.tensor(X))


@pytest.mark.parametrize("loss", [F.l1_loss, F.huber_loss, F.smooth_l1_loss])
def test_sizes_that_broadcast_are_warned_of(loss):
    with pytest.warns(UserWarning, match=r"target's size \(2, 1\) differs from the input's size \(2, 3\)"):
        loss(tg.tensor(X), tg.zeros(2, 1))


# ---------------------------------------------------------------------- older names of reductions


OLDER = [
    ({}, "mean"), ({"size_average": True}, "mean"), ({"size_average": False}, "sum"), ({"reduce": False}, "none"),
    ({"reduce": True, "size_average": False}, "sum"), ({"reduce": False, "size_average": True}, "none"),
    ({"reduce": True}, "mean"), ({"size_average": False, "reduction": "none"}, "sum"),
]  # fmt: skip


@pytest.mark.parametrize(("older", "reduction"), OLDER, ids=str)
def test_older_names_of_reductions_say_the_same(older, reduction):
    kinds = [kind for kind in vars(nn).values() if isinstance(kind, type) and "Loss" in kind.__name__]
    taking = [kind for kind in kinds if "size_average" in inspect.signature(kind).parameters]
    assert len(taking) >= 14
    for kind in taking:
        assert kind(**older).reduction == reduction
    x, target = tg.tensor([[0.2, 0.7], [0.4, 0.9]]), tg.tensor([[0.1, 0.4], [1.0, 0.3]])
    for function in (F.mse_loss, F.l1_loss, F.binary_cross_entropy, F.smooth_l1_loss, F.kl_div):
        assert function(x, target, **older).tolist() == function(x, target, reduction=reduction).tolist()
    labels = tg.tensor([1, 0])
    settings = older.get("size_average"), -100, older.get("reduce"), older.get("reduction", "mean")
    found = F.cross_entropy(x, labels, None, *settings)
    assert found.tolist() == F.cross_entropy(x, labels, reduction=reduction).tolist()


def test_a_reduction_in_the_place_of_an_older_name_is_refused():
    for call in (lambda: nn.MSELoss("sum"), lambda: F.l1_loss(tg.zeros(1), tg.zeros(1), "sum")):
        with pytest.raises(ValueError, match="size_average is True or False, got 'sum'; write reduction='sum'"):
            call()


@pytest.mark.parametrize("name", ["relu", "elu", "celu", "selu", "hardtanh", "leaky_relu", "rrelu"])
def test_activations_write_in_place_in_both_spellings(name):
    x = tg.tensor([-1.0, 0.5, 2.0])
    wanted = getattr(F, name)(x)
    for write in (getattr(F, f"{name}_"), lambda y: getattr(F, name)(y, inplace=True)):
        y = x.clone()
        assert write(y) is y and y.tolist() == wanted.tolist()
    y = x.clone()
    assert F.relu(y, True) is y and F.elu(y, 1.0, True) is y and F.threshold_(y, 1.0, 9.0) is y
    assert y.tolist() == [9.0, 9.0, 2.0]
    assert F.dropout(y, 0.0, True, True) is y and F.dropout(y, 0.5, True, inplace=True) is y
