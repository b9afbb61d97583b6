"""Optimizers follow PyTorch's trajectories. Golden numbers: tests/golden/make_optim.py."""

import copy

import numpy as np
import pytest
from trainings import GOLDEN, KINDS, assert_bit_equal, loss_of, made, start, steps

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, StateDictError
from tinygrad_bp.optim.pieces import BLOCK, in_pieces


@pytest.mark.parametrize("case", GOLDEN["trajectories"], ids=lambda case: case["optimizer"])
def test_200_steps_follow_pytorch(case):
    t = start()
    optimizer, done = made(case["optimizer"], t), 0
    for step, *wanted in case["path"]:
        steps(t, optimizer, step - done)
        done = step
        for name, values in zip("wvs", wanted, strict=True):
            np.testing.assert_allclose(t[name].detach().numpy(), values, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("settings", "wanted", "counts"), GOLDEN["lbfgs"], ids=[text for text, *_ in GOLDEN["lbfgs"]])
def test_200_steps_of_lbfgs_follow_pytorch(settings, wanted, counts):
    t = start()
    optimizer = made(f"LBFGS([w, v, s], {settings})", t)

    def closure():
        optimizer.zero_grad()
        loss = sum(((t[name] - 1) ** 2).sum() * i + (t[name] * i).cosh().sum() for i, name in enumerate("wvs", 1))
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(200)]
    np.testing.assert_allclose(losses[:10] + losses[10::19], wanted, rtol=1e-10)
    assert [optimizer.state[t["w"]][name] for name in ("func_evals", "n_iter")] == counts


def test_the_comparison_with_pytorch_can_fail():
    case = next(case for case in GOLDEN["trajectories"] if case["optimizer"] == "Adam([w, v, s], lr=0.01)")
    t = start()
    steps(t, tg.optim.Adam(t.values(), lr=0.01, eps=1e-6), 1)
    assert not np.allclose(t["w"].detach().numpy(), case["path"][0][1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_step_leaves_grad_as_it_is_and_writes_in_the_parameters_own_memory(kind):
    t = start()
    optimizer = made(kind, t)
    memory = {name: p.detach().numpy() for name, p in t.items()}
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(t).backward()
        before = {name: p.grad.numpy().copy() for name, p in t.items()}
        optimizer.step()
        for name, p in t.items():
            np.testing.assert_array_equal(p.grad.numpy(), before[name])
            assert p.detach().numpy() is memory[name]


@pytest.mark.parametrize("case", GOLDEN["trajectories"], ids=lambda case: case["optimizer"])
def test_a_state_dict_continues_the_trajectory(case):
    t = start()
    optimizer = made(case["optimizer"], t)
    steps(t, optimizer, 10)
    saved = optimizer.state_dict()
    other_t = {name: tg.tensor(p.detach(), requires_grad=True) for name, p in t.items()}
    kind = case["optimizer"].split("(")[0]
    new = {id(t[name]): other_t[name] for name in t}
    groups = [{"params": [new[id(p)] for p in group["params"]]} for group in optimizer.param_groups]
    other = getattr(tg.optim, kind)(groups, lr=99.0)
    other.load_state_dict(saved)
    steps(t, optimizer, 10)
    steps(other_t, other, 10)
    assert_bit_equal(t, other_t)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
def test_two_runs_end_at_the_same_bits_and_keep_the_dtype(kind, dtype):
    ends = []
    for _ in range(2):
        t = start(dtype)
        steps(t, made(kind, t), 20)
        assert {p.dtype for p in t.values()} == {np.dtype(dtype)}
        ends.append(t)
    assert_bit_equal(*ends)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_follows_float64(kind):
    narrow, wide = start(tg.float32), start()
    steps(narrow, made(kind, narrow), 20)
    steps(wide, made(kind, wide), 20)
    for name in "wvs":
        np.testing.assert_allclose(narrow[name].detach().numpy(), wide[name].detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_0_elements_and_without_a_gradient_pass(kind):
    t = start()
    t["v"] = tg.zeros(0, 3, requires_grad=True)
    optimizer = made(kind, t)
    (t["w"].sum() + t["v"].sum()).backward()
    optimizer.step()
    assert t["v"].shape == (0, 3)
    assert t["s"].item() == GOLDEN["start"]["s"]
    assert not np.array_equal(t["w"].detach().numpy(), GOLDEN["start"]["w"])
    assert 2 not in optimizer.state_dict()["state"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_a_write_that_backward_notices(kind):
    t = start()
    optimizer = made(kind, t)
    loss = (t["w"] * t["w"]).sum() + t["v"].sum() + t["s"]
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(tg.autograd.errors.ModifiedError):
        loss.backward()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith(("Rprop", "ASGD"))])
def test_the_learning_rate_can_change_between_steps(kind):
    """Rprop reads it before the first step, ASGD for the step after."""
    t = start()
    optimizer = made(kind, t)
    steps(t, optimizer, 2)
    optimizer.param_groups[0]["lr"] = 0.0
    held = {name: p.detach().numpy().copy() for name, p in t.items()}
    loss_of(t).backward()
    optimizer.step()
    for name, p in t.items():
        np.testing.assert_array_equal(p.detach().numpy(), held[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_large_parameters_move_as_small_ones_do(kind, order):
    """Elements are independent: a block boundary, or the order in memory, must not show."""
    rng = np.random.default_rng(0)
    shape = (4, BLOCK // 8 + 7)
    values, grads = rng.standard_normal(shape), rng.standard_normal((3, *shape))
    held = np.zeros((8, shape[1]))[::2] if order == "strided" else np.empty(shape, order=order)
    held[...] = values
    large, small = tg.from_numpy(held).requires_grad_(), tg.from_numpy(values[:, -20:].copy()).requires_grad_()
    text = kind.replace("[w, v, s]", "[p]")
    optimizers = [made(text, {}, p=p) for p in (large, small)]
    for grad in grads:
        large.grad, small.grad = tg.from_numpy(np.asarray(grad, order="F")), tg.from_numpy(grad[:, -20:].copy())
        for optimizer in optimizers:
            optimizer.step()
    np.testing.assert_array_equal(large.detach().numpy()[:, -20:], small.detach().numpy())
    assert not np.any(large.detach().numpy() == values)
    state = {k: v.numpy() for k, v in optimizers[0].state_dict()["state"].get(0, {}).items() if k != "step"}
    optimizers[0].load_state_dict(optimizers[0].state_dict())
    for name, loaded in optimizers[0].state_dict()["state"].get(0, {}).items():
        if name != "step":
            assert loaded.numpy().flags.f_contiguous == state[name].flags.f_contiguous


def test_pieces_cover_every_element_once():
    def rule(part, other):
        part += 1
        other += 2

    for shape in [(3, BLOCK), (BLOCK + 1,), (5,), (), (0, 4)]:
        for order in "CF":
            a, b = np.zeros(shape, order=order), np.zeros(shape, order=order)
            in_pieces(rule, a, b)
            assert np.all(a == 1) and np.all(b == 2)


def test_a_loaded_state_shares_no_memory_with_the_one_it_came_from():
    t = start()
    a, b = (tg.optim.SGD(t.values(), lr=0.1, momentum=0.9) for _ in range(2))
    loss_of(t).backward()
    a.step()
    saved = a.state_dict()
    b.load_state_dict(saved)
    buffer = saved["state"][0]["momentum_buffer"].numpy().copy()
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
    np.testing.assert_array_equal(p.detach().numpy(), wanted)
    assert p.detach().numpy() is held


def test_the_learning_rate_is_that_of_the_group():
    w = tg.tensor([1.0], requires_grad=True)
    w.grad = tg.tensor([1.0])
    optimizer = tg.optim.SGD([w], lr=0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert w.tolist() == [0.25]


def test_zero_grad_forgets_or_fills_with_zeros():
    t = start()
    optimizer = tg.optim.SGD([t["w"]], lr=0.1)
    loss_of(t).backward()
    optimizer.zero_grad(set_to_none=False)
    assert t["w"].grad.tolist() == [[0, 0, 0], [0, 0, 0]]
    optimizer.zero_grad()
    assert t["w"].grad is None
    assert t["v"].grad is not None


def test_a_nan_gradient_is_zero_after_zero_grad():
    w = tg.tensor([1.0], requires_grad=True)
    w.grad = tg.tensor([float("nan")])
    tg.optim.SGD([w], lr=0.1).zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0.0]


def test_step_runs_a_closure_with_recording_on_and_returns_its_loss():
    t = start()
    optimizer = tg.optim.Adam(t.values(), lr=0.01)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(t)
        loss.backward()
        return loss

    with tg.no_grad():
        loss = optimizer.step(closure)
    assert loss.requires_grad
    assert t["w"].grad is not None
    assert optimizer.step() is None


def test_a_group_takes_one_tensor_and_settings_of_its_own():
    t = start()
    optimizer = tg.optim.SGD([{"params": t["w"]}], lr=0.1)
    optimizer.add_param_group({"params": [t["v"]], "lr": 0.5})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert optimizer.param_groups[0]["params"] == [t["w"]]


def test_repr_shows_the_settings():
    optimizer = tg.optim.SGD([{"params": [("w", W)], "kind": "slow"}], lr=0.1)
    assert repr(optimizer).splitlines() == [
        "SGD (", "Parameter Group 0", "    dampening: 0", "    differentiable: False", "    foreach: None",
        "    fused: None", "    kind: slow", "    lr: 0.1", "    maximize: False", "    momentum: 0",
        "    nesterov: False", "    param_names: ['w']", "    weight_decay: 0", ")",
    ]  # fmt: skip


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
        (lambda: tg.optim.Adam([W], lr=-1), "Adam: lr must not be negative, got -1"),
        (lambda: tg.optim.Adam([W], eps=-1e-8), "Adam: eps must not be negative"),
        (lambda: tg.optim.Adam([W], betas=(0.9, 1.0)), r"Adam: betas are two numbers in \[0, 1\), got \(0.9, 1.0\)"),
        (lambda: tg.optim.Adam([W], betas=0.9), "Adam: betas are two numbers"),
        (lambda: tg.optim.AdamW([W], weight_decay=-1), "AdamW: weight_decay must not be negative"),
        (lambda: tg.optim.AdamW([{"params": [W], "betas": (-0.1, 0.9)}]), "AdamW: betas are two numbers"),
        (lambda: tg.optim.RMSprop([W], alpha=1.0), r"RMSprop: alpha must be in \[0, 1\), got 1.0"),
        (lambda: tg.optim.RMSprop([W], momentum=-0.1), "RMSprop: momentum must not be negative"),
        (lambda: tg.optim.Adagrad([W], initial_accumulator_value=-1), "Adagrad: initial_accumulator_value must not"),
        (lambda: tg.optim.Adagrad([W], lr_decay=-1), "Adagrad: lr_decay must not be negative"),
        (lambda: tg.optim.SGD([], lr=0.1), "optimizer got an empty parameter list"),
        (lambda: tg.optim.SGD(W, lr=0.1), r"give a list of tensors \(model.parameters\(\)\), not one tensor"),
        (lambda: tg.optim.SGD([W, W], lr=0.1), r"a parameter \(1,\) appears twice"),
        (lambda: tg.optim.SGD([W * 2], lr=0.1), r"can't optimize a non-leaf tensor \(1,\) made by <MulBackward0>"),
        (lambda: tg.optim.SGD([np.zeros(2)], lr=0.1), "optimizers take tensors, got ndarray"),
        (lambda: tg.optim.SGD({W}, lr=0.1), "a set has no order; give a list"),
        (lambda: tg.optim.SGD([{"params": {W}}], lr=0.1), "a set of parameters has no order; give a list"),
        (lambda: tg.optim.SGD([("w", W), tg.zeros(1)], lr=0.1), "1 of 2 parameters have a name; name all or none"),
        (lambda: tg.optim.SGD([{"params": [("w", W)]}, {"params": []}]), "some groups have named parameters and some"),
        (lambda: tg.optim.Adam([W], capturable=True), "Adam: capturable=True is for graphs of a GPU; leave it out"),
        (lambda: tg.optim.Adam([W], fused=True, foreach=True), "fused=True and foreach=True exclude each other"),
        (lambda: tg.optim.SGD([W], fused=True, differentiable=True), "fused=True and differentiable=True exclude"),
        (lambda: tg.optim.SGD([{"lr": 1}], lr=0.1), "a group needs .params."),
        (lambda: tg.optim.SGD([{"params": [W]}, {"params": [W]}], lr=0.1), "appears twice"),
        (lambda: tg.optim.SGD([{"params": [W], "lr": -1.0}], lr=0.1), "SGD: lr must not be negative, got -1.0"),
    ],
)
def test_bad_settings_are_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_a_state_dict_of_other_groups_is_refused_before_anything_changes():
    t = start()
    saved = tg.optim.SGD([t["w"], t["v"]], lr=0.5).state_dict()
    other = tg.optim.SGD([t["w"]], lr=0.1)
    with pytest.raises(StateDictError, match=r"the optimizer has groups of \[1\] parameters, the state_dict of \[2\]"):
        other.load_state_dict(saved)
    assert other.param_groups[0]["lr"] == 0.1


def test_a_buffer_of_another_shape_is_refused_before_anything_changes():
    t = start()
    a = tg.optim.SGD([t["w"]], lr=0.5, momentum=0.9)
    loss_of(t).backward()
    a.step()
    b = tg.optim.SGD([t["v"]], lr=0.1, momentum=0.9)
    with pytest.raises(StateDictError, match=r"momentum_buffer.*\(1, 2\).*\(2, 3\)"):
        b.load_state_dict(a.state_dict())
    assert b.param_groups[0]["lr"] == 0.1


def test_a_state_dict_of_another_kind_or_with_bad_settings_is_refused_before_anything_changes():
    a, b = tg.optim.SGD([W], lr=0.5), tg.optim.Adam([W], lr=0.1)
    with pytest.raises(StateDictError, match=r"Adam has the settings .*another kind of optimizer"):
        b.load_state_dict(a.state_dict())
    saved = tg.optim.Adam([W], lr=0.5).state_dict()
    saved["param_groups"][0]["betas"] = (0.9, 2.0)
    with pytest.raises(ArgumentError, match="Adam: betas are two numbers"):
        b.load_state_dict(saved)
    saved = tg.optim.Adam([W], lr=0.5).state_dict()
    saved["state"] = {3: {"step": 1}}
    with pytest.raises(StateDictError, match="state of parameter 3, of 1"):
        b.load_state_dict(saved)
    assert b.param_groups[0]["lr"] == 0.1


def bad_states(kind, state):
    """The state of one parameter, spoiled in every way that can be found out: (what is wrong, the state)."""
    for name, value in state.items():
        value = value.numpy()
        if name in kind.counts + kind.keeps:
            yield f"lacks {name}", {k: v for k, v in state.items() if k != name}
        if name in kind.counts:
            bad = [] if name != "step" else [("negative", -1), ("fraction", 1.5), ("nan", np.nan)]
            bad += [("text", "1"), ("none", None), ("array", [1])]
        else:
            bad = [("text", np.full(value.shape, "a")), ("objects", np.full(value.shape, None)), ("none", None),
                   ("complex", value + 1j), ("shape", value[:1]), ("ragged", [[1], [2, 3]])]  # fmt: skip
        for what, other in bad:
            yield f"{name} {what}", {**state, name: other}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_state_of_any_optimizer_is_refused_before_anything_changes(kind):
    t = start()
    optimizer = made(kind, t)
    steps(t, optimizer, 1)
    saved, before = optimizer.state_dict(), optimizer.state_dict()
    spoiled = [(what, {**saved, "state": {**saved["state"], 0: state}})
               for what, state in bad_states(type(optimizer), saved["state"][0])]  # fmt: skip
    group = saved["param_groups"][0]
    spoiled += [(f"{name} {value!r}", {**saved, "param_groups": [{**group, name: value}, *saved["param_groups"][1:]]})
                for name, own in group.items() for value in (None, "a", -1)
                if own is not None and not isinstance(own, bool) and (name, value) != ("dampening", -1)]  # fmt: skip
    spoiled += [("none", None), ("empty", {}), ("a list", [1]), ("state", {**saved, "state": [1]}),
                ("groups", {**saved, "param_groups": None}), ("a group", {**saved, "param_groups": [1]}),
                ("number", {**saved, "state": {"0": {}}}), ("no dict", {**saved, "state": {0: None}})]  # fmt: skip
    assert len(spoiled) > 15
    for what, state in spoiled:
        with pytest.raises((StateDictError, ArgumentError)):
            optimizer.load_state_dict(state)
            pytest.fail(what)
        after = optimizer.state_dict()
        assert after["param_groups"] == before["param_groups"], what
        for number, values in before["state"].items():
            for name, value in values.items():
                np.testing.assert_array_equal(after["state"][number][name], value, err_msg=what)
    optimizer.load_state_dict(saved)
    steps(t, optimizer, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_dict_is_of_one_moment(kind):
    t = start()
    optimizer = made(kind, t)
    steps(t, optimizer, 1)
    saved = optimizer.state_dict()
    kept = copy.deepcopy(saved)
    steps(t, optimizer, 2)
    for number, values in kept["state"].items():
        for name, value in values.items():
            np.testing.assert_array_equal(saved["state"][number][name], value)


def test_the_state_has_pytorchs_names():
    for kind, names in zip(KINDS, [
        {"momentum_buffer"}, {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}, {"step", "exp_avg", "exp_avg_sq"},
        {"step", "square_avg", "momentum_buffer", "grad_avg"}, {"step", "sum"}, {"step", "square_avg", "acc_delta"},
        {"step", "exp_avg", "exp_inf"}, {"step", "mu_product", "exp_avg", "exp_avg_sq"},
        {"step", "exp_avg", "exp_avg_sq"}, {"step", "prev", "step_size"}, {"step", "eta", "mu", "ax"},
    ], strict=True):  # fmt: skip
        t = start()
        optimizer = made(kind, t)
        steps(t, optimizer, 1)
        assert set(optimizer.state_dict()["state"][0]) == names
