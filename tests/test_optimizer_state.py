"""What optimizers keep, their hooks, and optimizers of one's own: as programs for PyTorch use them."""

import copy

import numpy as np
import pytest
from trainings import KINDS, assert_bit_equal, loss_of, made, start, steps

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError

W = tg.tensor([1.0], requires_grad=True)


# ---------------------------------------------------------------------- the state, as users read and write it


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_of_a_parameter_is_read_and_written(kind):
    t, other = start(), start()
    optimizer, twin = made(kind, t), made(kind, other)
    steps(t, optimizer, 2)
    steps(other, twin, 2)
    state = optimizer.state[t["w"]]
    assert all(isinstance(value, tg.Tensor) for value in state.values())
    assert optimizer.state[t["w"]] is state
    assert state.get("step", tg.tensor(2.0)).item() == 2
    for name, value in state.items():
        if name != "step":
            value.mul_(0.5)  # in place
            twin.state[other["w"]][name] = value.clone()  # or anew
    steps(t, optimizer, 2)
    steps(other, twin, 2)
    assert_bit_equal(t, other)
    assert state.get("step", tg.tensor(4.0)).item() == 4


def test_a_state_set_up_beforehand_is_gone_on_with():
    """As programs for several processes do it, with counts that are Python's."""
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    optimizer = tg.optim.Adam([w], lr=0.1)
    state = optimizer.state[w]
    state["step"], state["exp_avg"], state["exp_avg_sq"] = 4, tg.zeros_like(w), tg.ones_like(w)
    w.grad = tg.ones(2)
    optimizer.step()
    assert optimizer.state[w]["step"].item() == 5
    v = 0.999 + 0.001
    rate = 0.1 / (1 - 0.9**5)
    np.testing.assert_allclose(w.detach().numpy(), [1, 2] - rate * 0.1 / np.sqrt(v / (1 - 0.999**5)), rtol=1e-6)


def test_what_a_program_adds_to_a_state_stays_there():
    w, other = (tg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer, twin = tg.optim.Adam([w]), tg.optim.Adam([other])
    optimizer.state[w].update(tag="first", seen=0, old=w.detach().clone())
    for p, o in ((w, optimizer), (other, twin)):
        for _ in range(2):
            p.grad = tg.ones(2)
            o.step()
        o.state[p]["exp_avg"] = np.full(2, 0.5, np.float32)  # an array will do
        o.step()
    assert w.tolist() == other.tolist() and optimizer.state[w]["tag"] == "first"
    assert optimizer.state_dict()["state"][0]["seen"] == 0


def test_forgetting_the_state_begins_anew():
    t, other = start(), start()
    optimizer = made(KINDS[1], t)
    steps(t, optimizer, 3)
    optimizer.state.clear()
    for name in "wvs":
        other[name].data.copy_(t[name].data)
    steps(t, optimizer, 3)
    steps(other, made(KINDS[1], other), 3)
    assert_bit_equal(t, other)


def test_a_state_that_a_graph_has_kept_is_written_with_notice():
    t = start()
    optimizer = made(KINDS[1], t)
    steps(t, optimizer, 1)
    loss = (t["w"] * optimizer.state[t["w"]]["exp_avg"]).sum()
    optimizer.step()
    with pytest.raises(tg.autograd.errors.ModifiedError):
        loss.backward()


@pytest.mark.parametrize("kind", ["Adafactor", "LBFGS"])
def test_a_state_of_other_shapes_than_the_parameters_goes_on(kind, tmp_path):
    t = start()
    optimizer = made(f"{kind}([w, v, s], lr=0.05)", t)

    def go(t, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = loss_of(t)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)

    go(t, optimizer)
    tg.save(optimizer.state_dict(), tmp_path / "state.pt")
    other = {name: tg.tensor(p.detach(), requires_grad=True) for name, p in t.items()}
    twin = made(f"{kind}([w, v, s], lr=99)", other)
    twin.load_state_dict(tg.load(tmp_path / "state.pt"))
    go(t, optimizer)
    go(other, twin)
    assert_bit_equal(t, other)
    assert repr(twin.state_dict()) == repr(optimizer.state_dict())
    values = list(optimizer.state_dict()["state"][0].values())
    assert not [v for v in values if isinstance(v, (np.generic, np.ndarray))]


@pytest.mark.parametrize("kind", ["Adafactor", "LBFGS"])
def test_empty_parameters_and_those_without_a_gradient_stay(kind):
    t = {"w": tg.zeros(0, 3, requires_grad=True), "v": tg.zeros(2, 0, requires_grad=True), "s": start()["s"]}
    t["other"] = tg.ones(2, requires_grad=True)
    optimizer = made(f"{kind}([w, v, s, other], lr=0.1)", t)

    def closure():
        optimizer.zero_grad()
        loss = t["w"].sum() + t["v"].sum() + t["s"] ** 2
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    assert abs(t["s"].item()) < 0.5 and t["other"].tolist() == [1.0, 1.0]


def test_plain_steps_keep_no_state():
    t = start()
    optimizer = tg.optim.SGD(t.values(), lr=0.01)
    steps(t, optimizer, 2)
    assert len(optimizer.state) == 0 and optimizer.state_dict()["state"] == {}


def test_zero_grad_fills_the_same_tensor():
    t = start()
    optimizer = tg.optim.SGD(t.values(), lr=0.01)
    loss_of(t).backward()
    grad = t["w"].grad
    optimizer.zero_grad(set_to_none=False)
    assert t["w"].grad is grad and not grad.any()


def test_named_parameters_give_their_names_to_the_groups():
    model = tg.nn.Linear(2, 1)
    optimizer = tg.optim.Adam(model.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == list(model.parameters())
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["weight", "bias"]
    other = tg.optim.Adam(model.parameters())
    other.load_state_dict(saved)
    assert other.param_groups[0]["param_names"] == ["weight", "bias"]


def test_a_group_carries_what_a_program_puts_there():
    group = {"params": [W], "name": "slow", "lr_scale": 0.5}
    optimizer = tg.optim.SGD([group], lr=1.0)
    assert optimizer.param_groups[0] is group
    assert (group["name"], group["lr_scale"], group["lr"]) == ("slow", 0.5, 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_may_be_a_tensor(kind):
    t, other = start(), start()
    number = made(kind, t)
    lr = tg.tensor(number.param_groups[0]["lr"], dtype=tg.float64)
    tensor = made(kind.replace(f"lr={lr.item()}", "lr=lr"), other, lr=lr)
    steps(t, number, 3)
    steps(other, tensor, 3)
    assert_bit_equal(t, other)


# ---------------------------------------------------------------------- hooks


def test_hooks_are_called_around_a_step_and_may_change_its_arguments():
    t = start()
    optimizer, seen = tg.optim.SGD(t.values(), lr=0.1), []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("before", args, kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", args, kwargs)))
    optimizer.step()
    assert seen == [("before", (optimizer,), {}), ("after", (optimizer,), {})]
    before.remove()
    other = optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7.0), {}))
    assert optimizer.step() == 7.0
    other.remove()
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(ArgumentError, match=r"returns None or \(args, kwargs\), got 3"):
        optimizer.step()


def test_hooks_of_a_step_of_ones_own_are_called_once():
    class Mine(tg.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    seen = []
    for optimizer in (Mine([W], lr=0.0), tg.optim.LBFGS([W])):
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(o))
        W.grad = tg.zeros(1)
        optimizer.step(lambda: tg.tensor(0.0))
        assert seen == [optimizer]
        seen.clear()


def test_hooks_of_the_state_may_replace_it():
    optimizer, seen = tg.optim.SGD([W], lr=0.1), []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("save"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "by": "hook"})
    optimizer.register_state_dict_post_hook(lambda o, state: seen.append("first"), prepend=True)
    saved = optimizer.state_dict()
    assert saved["by"] == "hook" and seen == ["save", "first"]

    def slower(o, state):
        state["param_groups"] = [{**state["param_groups"][0], "lr": 0.01}]

    optimizer.register_load_state_dict_pre_hook(slower)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(saved)
    assert seen[-1] == 0.01 and saved["param_groups"][0]["lr"] == 0.1


# ---------------------------------------------------------------------- optimizers of one's own


class Lion(tg.optim.Optimizer):
    """As programs for PyTorch write it."""

    def __init__(self, params, lr=1e-2, betas=(0.9, 0.99), weight_decay=0.1):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("cautious", False)

    @tg.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with tg.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["exp_avg"] = 0, tg.zeros_like(p)
                state["step"] += 1
                beta1, beta2 = group["betas"]
                p.mul_(1 - group["lr"] * group["weight_decay"])
                update = state["exp_avg"] * beta1 + p.grad * (1 - beta1)
                p.add_(update.sign(), alpha=-group["lr"])
                state["exp_avg"].mul_(beta2).add_(p.grad, alpha=1 - beta2)
        return loss


def lion(values, grads, lr=1e-2):
    m = np.zeros_like(values)
    for g in grads:
        values = values * (1 - lr * 0.1) - lr * np.sign(0.9 * m + 0.1 * g)
        m = 0.99 * m + 0.01 * g
    return values


def test_an_optimizer_of_ones_own_works_as_it_stands():
    rng = np.random.default_rng(0)
    values, grads = rng.standard_normal(4), rng.standard_normal((6, 4))
    w = tg.tensor(values, requires_grad=True)
    optimizer = Lion([w])
    schedule = tg.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    for number, g in enumerate(grads):
        w.grad = tg.tensor(g)
        optimizer.step()
        schedule.step()
        if number == 2:  # half way through a copy goes on
            saved = optimizer.state_dict()
            twin = tg.tensor(w.detach().numpy(), requires_grad=True)
            other = Lion([twin])
            other.load_state_dict(saved)
            assert other.state[twin]["step"] == 3 and other.param_groups[0]["cautious"] is False
        elif number > 2:
            twin.grad = tg.tensor(g)
            other.step()
    np.testing.assert_allclose(w.detach().numpy(), lion(values, grads), rtol=1e-12)
    np.testing.assert_array_equal(twin.detach().numpy(), w.detach().numpy())
    assert saved["state"][0]["step"] == 3
    assert optimizer.step(lambda: tg.tensor(3.0)).item() == 3.0
    assert repr(optimizer).splitlines()[:3] == ["Lion (", "Parameter Group 0", "    betas: (0.9, 0.99)"]


def test_a_setting_without_a_default_is_asked_of_every_group():
    from tinygrad_bp.optim.optimizer import Optimizer, required

    with pytest.raises(ArgumentError, match="Optimizer: a group needs lr, which has no default"):
        Optimizer([W], {"lr": required})
    optimizer = Optimizer([{"params": [W], "lr": 0.5}], {"lr": required})
    assert optimizer.param_groups[0]["lr"] == 0.5 and repr(optimizer.defaults["lr"]) == "<required parameter>"


def test_an_optimizer_without_a_step_says_so():
    w = tg.tensor([1.0], requires_grad=True)
    w.grad = tg.ones(1)
    with pytest.raises(NotImplementedError, match="Optimizer has no step: write one"):
        tg.optim.Optimizer([w], {"lr": 0.1}).step()


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_goes_its_own_way(kind):
    t = start()
    optimizer = made(kind, t)
    steps(t, optimizer, 2)
    twins, twin = copy.deepcopy((t, optimizer))
    steps(t, optimizer, 2)
    steps(twins, twin, 2)
    assert_bit_equal(t, twins)
    steps(twins, twin, 1)
    assert not np.array_equal(t["w"].detach().numpy(), twins["w"].detach().numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_of_a_narrow_dtype_stay_so(kind):
    w = tg.tensor([0.5, -0.25], dtype=tg.float16, requires_grad=True)
    optimizer = made(kind.replace("[w, v, s]", "[w]"), {"w": w})
    for _ in range(3):
        w.grad = tg.tensor([0.5, 1.0], dtype=tg.float16)
        optimizer.step()
    assert w.dtype == tg.float16 and np.all(np.isfinite(w.detach().numpy()))
    assert {v.dtype for k, v in optimizer.state[w].items() if v.shape} <= {np.dtype(np.float16)}
