"""SGD follows PyTorch's trajectories. Golden numbers: tests/golden/make.py."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, StateDictError
from tinygrad_bp.optim.sgd import BLOCK

GOLDEN = json.loads((Path(__file__).parent / "golden" / "sgd.json").read_text())


def start():
    return (tg.tensor(GOLDEN["start"][name], dtype=tg.float64, requires_grad=True) for name in "wv")


def loss_of(w, v):
    return ((w * w * w - w).sum() + (v @ v - 1).square().sum() + w[0] * v[0, 1]).tanh()


def optimizer_of(settings, w, v):
    return eval(f"tg.optim.SGD({settings})", {"tg": tg, "w": w, "v": v})


@pytest.mark.parametrize("case", GOLDEN["trajectories"], ids=lambda case: case["settings"])
def test_200_steps_follow_pytorch(case):
    w, v = start()
    optimizer = optimizer_of(case["settings"], w, v)
    path = {step: (a, b) for step, a, b in case["path"]}
    for step in range(1, 201):
        optimizer.zero_grad()
        loss_of(w, v).backward()
        optimizer.step()
        if step in path:
            np.testing.assert_allclose(w.data, path[step][0], rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(v.data, path[step][1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", GOLDEN["trajectories"], ids=lambda case: case["settings"])
def test_step_leaves_grad_as_it_is_and_writes_in_the_parameters_own_memory(case):
    w, v = start()
    optimizer = optimizer_of(case["settings"], w, v)
    memory = w.data
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(w, v).backward()
        before = [p.grad.data.copy() for p in (w, v)]
        optimizer.step()
        for p, grad in zip((w, v), before, strict=True):
            np.testing.assert_array_equal(p.grad.data, grad)
    assert w.data is memory


@pytest.mark.parametrize("case", GOLDEN["trajectories"], ids=lambda case: case["settings"])
def test_a_state_dict_continues_the_trajectory(case):
    def steps(w, v, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            loss_of(w, v).backward()
            optimizer.step()

    w, v = start()
    optimizer = optimizer_of(case["settings"], w, v)
    steps(w, v, optimizer, 10)
    saved = optimizer.state_dict()
    w2, v2 = (tg.tensor(p.detach(), requires_grad=True) for p in (w, v))
    other = tg.optim.SGD([dict(params=g["params"]) for g in _regrouped(optimizer, w, v, w2, v2)], lr=99.0)
    other.load_state_dict(saved)
    steps(w, v, optimizer, 10)
    steps(w2, v2, other, 10)
    np.testing.assert_array_equal(w.data, w2.data)
    np.testing.assert_array_equal(v.data, v2.data)


def _regrouped(optimizer, w, v, w2, v2):
    new = {id(w): w2, id(v): v2}
    return [{"params": [new[id(p)] for p in group["params"]]} for group in optimizer.param_groups]


def test_a_loaded_state_shares_no_memory_with_the_one_it_came_from():
    w, v = start()
    a, b = (tg.optim.SGD([w, v], lr=0.1, momentum=0.9) for _ in range(2))
    loss_of(w, v).backward()
    a.step()
    saved = a.state_dict()
    b.load_state_dict(saved)
    buffer = saved["state"][0]["momentum_buffer"].copy()
    b.step()
    np.testing.assert_array_equal(saved["state"][0]["momentum_buffer"], buffer)


@pytest.mark.parametrize("settings", ["", "momentum=0.9", "weight_decay=0.1", "momentum=0.9, nesterov=True"])
@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("shape", [(BLOCK + 1,), (3, BLOCK), (257, 1021)])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_a_parameter_larger_than_a_block_moves_to_the_same_bits(settings, dtype, shape, order):
    rng = np.random.default_rng(0)
    values, grads = rng.standard_normal(shape).astype(dtype), rng.standard_normal((2, *shape)).astype(dtype)
    if order == "strided":
        held = np.zeros((2 * shape[0], *shape[1:]), dtype)[::2]
        held[...] = values
    else:
        held = np.array(values, order=order)
    p = tg.from_numpy(held).requires_grad_()
    optimizer = eval(f"tg.optim.SGD([p], lr=0.1, {settings})", {"tg": tg, "p": p})
    wanted, velocity = values.copy(), None
    group, rate = optimizer.param_groups[0], np.array(0.1, dtype)
    for grad in grads:
        p.grad = tg.from_numpy(grad)
        optimizer.step()
        g = grad + np.array(group["weight_decay"], dtype) * wanted if group["weight_decay"] else grad
        if group["momentum"]:
            velocity = g.copy() if velocity is None else velocity * np.array(0.9, dtype) + g
            g = g + np.array(0.9, dtype) * velocity if group["nesterov"] else velocity
        wanted = wanted - rate * g
    np.testing.assert_array_equal(p.data, wanted)
    assert p.data is held


def test_parameters_without_a_gradient_stay():
    w, v = start()
    w.square().sum().backward()
    tg.optim.SGD([w, v], lr=0.1, momentum=0.9, weight_decay=0.1).step()
    np.testing.assert_array_equal(v.data, GOLDEN["start"]["v"])
    assert not np.array_equal(w.data, GOLDEN["start"]["w"])


def test_the_learning_rate_can_change_between_steps():
    w = tg.tensor([1.0], requires_grad=True)
    w.grad = tg.tensor([1.0])
    optimizer = tg.optim.SGD([w], lr=0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert w.tolist() == [0.25]


def test_zero_grad_forgets_or_fills_with_zeros():
    w, v = start()
    optimizer = tg.optim.SGD([w], lr=0.1)
    loss_of(w, v).backward()
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0, 0]
    optimizer.zero_grad()
    assert w.grad is None
    assert v.grad is not None


def test_a_nan_gradient_is_zero_after_zero_grad():
    w = tg.tensor([1.0], requires_grad=True)
    w.grad = tg.tensor([float("nan")])
    tg.optim.SGD([w], lr=0.1).zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0.0]


def test_step_runs_a_closure_with_recording_on_and_returns_its_loss():
    w, v = start()
    optimizer = tg.optim.SGD([w, v], lr=0.01)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(w, v)
        loss.backward()
        return loss

    with tg.no_grad():
        loss = optimizer.step(closure)
    assert loss.requires_grad
    assert w.grad is not None
    assert optimizer.step() is None


def test_a_group_takes_one_tensor_and_settings_of_its_own():
    w, v = start()
    optimizer = tg.optim.SGD([{"params": w}], lr=0.1)
    optimizer.add_param_group({"params": [v], "lr": 0.5})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert optimizer.param_groups[0]["params"] == [w]


def test_repr_shows_the_settings():
    w, _ = start()
    assert repr(tg.optim.SGD([w], lr=0.1)) == (
        "SGD(lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)"
    )


W = tg.tensor([1.0], requires_grad=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tg.optim.SGD([W], lr=-0.1), "SGD: lr must not be negative, got -0.1"),
        (lambda: tg.optim.SGD([W], lr=float("nan")), "SGD: lr must not be negative, got nan"),
        (lambda: tg.optim.SGD([W], lr=0.1, momentum=-1), "SGD: momentum must not be negative"),
        (lambda: tg.optim.SGD([W], lr=0.1, weight_decay=-1), "SGD: weight_decay must not be negative"),
        (lambda: tg.optim.SGD([W], lr=0.1, nesterov=True), "Nesterov step requires a momentum and zero dampening"),
        (lambda: tg.optim.SGD([W], lr=0.1, nesterov=True, momentum=0.9, dampening=0.1), "zero dampening"),
        (lambda: tg.optim.SGD([], lr=0.1), "optimizer got an empty parameter list"),
        (lambda: tg.optim.SGD(W, lr=0.1), r"give a list of tensors \(model.parameters\(\)\), not one tensor"),
        (lambda: tg.optim.SGD([W, W], lr=0.1), r"a parameter \(1,\) appears twice"),
        (lambda: tg.optim.SGD([W * 2], lr=0.1), r"can't optimize a non-leaf tensor \(1,\) made by <Mul>"),
        (lambda: tg.optim.SGD([np.zeros(2)], lr=0.1), "optimizers take tensors, got ndarray"),
        (lambda: tg.optim.SGD([{"params": [W], "rate": 1}], lr=0.1), r"SGD: unknown settings \['rate'\]; it has"),
        (lambda: tg.optim.SGD([{"lr": 1}], lr=0.1), "a group needs .params."),
        (lambda: tg.optim.SGD([{"params": [W]}, {"params": [W]}], lr=0.1), "appears twice"),
        (lambda: tg.optim.SGD([{"params": [W], "lr": -1.0}], lr=0.1), "SGD: lr must not be negative, got -1.0"),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_state_dict_of_other_groups_is_refused_before_anything_changes():
    w, v = start()
    saved = tg.optim.SGD([w, v], lr=0.5).state_dict()
    other = tg.optim.SGD([w], lr=0.1)
    with pytest.raises(StateDictError, match=r"the optimizer has groups of \[1\] parameters, the state_dict of \[2\]"):
        other.load_state_dict(saved)
    assert other.param_groups[0]["lr"] == 0.1


def test_a_buffer_of_another_shape_is_refused_before_anything_changes():
    w, v = start()
    a = tg.optim.SGD([w], lr=0.5, momentum=0.9)
    loss_of(w, v).backward()
    a.step()
    b = tg.optim.SGD([v], lr=0.1, momentum=0.9)
    with pytest.raises(StateDictError, match=r"momentum_buffer.*\(2, 2\).*\(3,\)"):
        b.load_state_dict(a.state_dict())
    assert b.param_groups[0]["lr"] == 0.1
