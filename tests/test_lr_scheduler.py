"""Schedules give PyTorch's rates and trajectories. Golden numbers: tests/golden/make_optim.py."""

import inspect
import json
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, StateDictError
from tinygrad_bp.optim import lr_scheduler

FOLDER = Path(__file__).parent / "golden"
GOLDEN = json.loads((FOLDER / "lr_scheduler.json").read_text())
START = json.loads((FOLDER / "optim.json").read_text())["start"]
X, Y = (tg.tensor(START[name], dtype=tg.float64) for name in "xy")


def made(case):
    t = {name: tg.tensor(START[name], dtype=tg.float64, requires_grad=True) for name in "wvs"}
    o = eval(f"tg.optim.{case['optimizer']}", {"tg": tg, **t})
    return t, o, eval(f"S.{case['schedule']}", {"S": lr_scheduler, "o": o})


def metric(step):
    """Falls, then stays with small waves, then falls again: as in make_optim.py."""
    return 1 / (1 + min(step, 60)) + 0.01 * math.cos(step) - (0.5 if step > 150 else 0)


def go_on(schedule, step):
    schedule.step(*([metric(step)] if isinstance(schedule, lr_scheduler.ReduceLROnPlateau) else []))


def momenta(optimizer):
    return [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]


@pytest.mark.parametrize("case", GOLDEN["schedules"], ids=lambda case: case["schedule"])
def test_200_steps_have_the_rates_of_pytorch(case):
    _, optimizer, schedule = made(case)
    wanted = {step: (rates, pushes) for step, rates, pushes in case["rates"]}
    for step in range(201):
        if step in wanted:
            np.testing.assert_allclose(schedule.get_last_lr(), wanted[step][0], rtol=1e-12)
            np.testing.assert_allclose(momenta(optimizer), wanted[step][1], rtol=1e-12)
            assert [g["lr"] for g in optimizer.param_groups] == schedule.get_last_lr()
        assert getattr(schedule, "last_epoch", step) == step  # a ChainedScheduler has none, as in PyTorch
        if step < 200:
            optimizer.step()
            go_on(schedule, step)


@pytest.mark.parametrize("case", GOLDEN["together"], ids=lambda case: f"{case['optimizer']} {case['schedule']}")
def test_200_steps_with_a_schedule_follow_pytorch(case):
    t, optimizer, schedule = made(case)
    wanted = {step: values for step, *values in case["path"]}
    for step in range(1, 201):
        optimizer.zero_grad()
        loss = ((((X @ t["w"].T).tanh() @ t["v"].T) * t["s"] - Y) ** 2).mean()
        loss.backward()
        optimizer.step()
        schedule.step(*([loss] if "Reduce" in case["schedule"] else []))
        for name, values in zip("wvs", wanted.get(step, ())):
            np.testing.assert_allclose(t[name].detach().numpy(), values, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", GOLDEN["schedules"], ids=lambda case: case["schedule"])
def test_state_dicts_of_both_continue_the_rates(case):
    _, optimizer, schedule = made(case)
    for step in range(70):
        go_on(schedule, step)
    saved = json.loads(json.dumps(schedule.state_dict()))  # numbers, names and lists only
    kept = optimizer.state_dict()
    _, other_optimizer, other = made(case)
    other_optimizer.load_state_dict(kept)
    other.load_state_dict(saved)
    for step in range(70, 130):
        assert other.get_last_lr() == schedule.get_last_lr()
        assert momenta(other_optimizer) == momenta(optimizer)
        go_on(schedule, step)
        go_on(other, step)


def test_a_state_dict_shares_nothing_with_the_schedule():
    _, _, schedule = made({"optimizer": "SGD([w], lr=0.1)", "schedule": "StepLR(o, 1)"})
    saved = schedule.state_dict()
    schedule.step()
    assert saved["_last_lr"] == [0.1]
    schedule.get_last_lr().clear()
    assert schedule.get_last_lr() == [0.1 * 0.1]


def test_last_epoch_goes_on_with_a_loaded_optimizer():
    case = {"optimizer": "SGD([w], lr=0.1)", "schedule": "StepLR(o, 3, gamma=0.5)"}
    _, optimizer, schedule = made(case)
    for _ in range(4):
        schedule.step()
    again = lr_scheduler.StepLR(optimizer, 3, gamma=0.5, last_epoch=schedule.last_epoch)
    for _ in range(2):
        again.step()
    assert again.last_epoch == 7
    assert again.base_lrs == [0.1]


def test_a_rate_changed_by_hand_is_carried_on_by_a_chained_schedule():
    _, optimizer, schedule = made({"optimizer": "SGD([w], lr=0.1)", "schedule": "ExponentialLR(o, gamma=0.5)"})
    optimizer.param_groups[0]["lr"] = 8.0
    schedule.step()
    assert schedule.get_last_lr() == [4.0]


def test_schedules_on_one_optimizer_chain():
    _, optimizer, first = made({"optimizer": "SGD([w], lr=1.0)", "schedule": "ExponentialLR(o, gamma=0.5)"})
    second = lr_scheduler.StepLR(optimizer, 2, gamma=0.1)
    for _ in range(2):
        first.step()
        second.step()
    assert second.get_last_lr() == pytest.approx([0.025])


@pytest.mark.parametrize("text", ["10, pct_start=0.1", "10, pct_start=1.0", "1", "10, pct_start=0.0"])
def test_a_phase_of_no_steps_is_passed(text):
    _, _, schedule = made({"optimizer": "SGD([w], momentum=0.9)", "schedule": f"OneCycleLR(o, 0.1, {text})"})
    for _ in range(schedule.total_steps):
        schedule.step()
        assert math.isfinite(schedule.get_last_lr()[0])


def test_one_cycle_ends_where_it_was_told():
    _, optimizer, schedule = made({"optimizer": "SGD([w])", "schedule": "OneCycleLR(o, 0.1, 3)"})
    for _ in range(3):
        schedule.step()
    before = [dict(group) for group in optimizer.param_groups]
    with pytest.raises(ArgumentError, match="OneCycleLR: step 4 is beyond the 3 steps"):
        schedule.step()
    assert schedule.last_epoch == 3
    assert [dict(group) for group in optimizer.param_groups] == before


def test_plateau_takes_a_tensor_and_leaves_out_changes_below_eps():
    _, _, schedule = made({"optimizer": "SGD([w], lr=1e-8)", "schedule": "ReduceLROnPlateau(o, patience=0)"})
    for _ in range(3):
        schedule.step(tg.tensor(1.0))
    assert schedule.get_last_lr() == [1e-8]


def test_repr_shows_where_the_schedule_is():
    _, _, schedule = made({"optimizer": "SGD([w], lr=0.5)", "schedule": "StepLR(o, 3)"})
    assert repr(schedule) == "StepLR(last_epoch=0, lr=[0.5])"


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("StepLR(o, 0)", "StepLR: step_size must be at least 1, got 0"),
        ("StepLR(3, 1)", "StepLR: give an optimizer, got int"),
        ("StepLR(o, 1, last_epoch=5)", "goes on with an earlier run, but group 0 has no 'initial_lr'"),
        ("LinearLR(o, start_factor=0)", r"LinearLR: start_factor must be in \(0, 1\], got 0"),
        ("LinearLR(o, end_factor=2)", r"LinearLR: end_factor must be in \[0, 1\], got 2"),
        ("LinearLR(o, total_iters=0)", "LinearLR: total_iters must be at least 1"),
        ("CosineAnnealingLR(o, 0)", "CosineAnnealingLR: T_max must be at least 1"),
        ("LambdaLR(o, [abs, abs])", "LambdaLR: lr_lambda has 2 values, the optimizer 1 groups"),
        ("OneCycleLR(o, 0.1)", "OneCycleLR: give total_steps, or epochs and steps_per_epoch"),
        ("OneCycleLR(o, 0.1, 0)", "OneCycleLR: needs at least one step, got 0"),
        (
            "OneCycleLR(o, [0.1, 0.2], 5, cycle_momentum=False)",
            "OneCycleLR: max_lr has 2 values, the optimizer 1 groups",
        ),
        ("OneCycleLR(o, 0.1, 5, pct_start=2)", r"OneCycleLR: pct_start must be in \[0, 1\], got 2"),
        ("OneCycleLR(o, 0.1, 5, anneal_strategy='exp')", "anneal_strategy is 'cos' or 'linear', got 'exp'"),
        ("OneCycleLR(o, 0.1, 5)", "Adagrad has neither momentum nor betas; pass cycle_momentum=False"),
        ("ConstantLR(o, factor=2)", r"ConstantLR: factor must be in \[0, 1\], got 2"),
        ("PolynomialLR(o, 0)", "PolynomialLR: total_iters must be at least 1, got 0"),
        ("MultiplicativeLR(o, 3)", "MultiplicativeLR: lr_lambda is a function of the epoch, got 3"),
        ("CosineAnnealingWarmRestarts(o, 0)", "T_0 is an integer from 1, got 0"),
        ("CosineAnnealingWarmRestarts(o, 3, 1.5)", "T_mult is an integer from 1, got 1.5"),
        ("CyclicLR(o, 0.1, 0.2)", "Adagrad has neither momentum nor betas; pass cycle_momentum=False"),
        ("CyclicLR(o, 0.1, 0.2, mode='saw', cycle_momentum=False)", "mode is 'triangular', .* got 'saw'"),
        ("CyclicLR(o, 0.1, 0.2, 0, cycle_momentum=False)", "step_size_up must be at least 1, got 0"),
        ("CyclicLR(o, 0.1, 0.2, scale_mode='x', cycle_momentum=False)", "scale_mode is 'cycle' or 'iterations', got"),
        ("SequentialLR(o, [], [])", "SequentialLR: give at least one schedule"),
        ("ChainedScheduler([3])", "ChainedScheduler: schedule 0 is none, got int"),
        ("ReduceLROnPlateau(o, mode='low')", "mode is 'min' or 'max', got 'low'"),
        ("ReduceLROnPlateau(o, threshold_mode='x')", "threshold_mode is 'rel' or 'abs', got 'x'"),
        ("ReduceLROnPlateau(o, factor=1.0)", "factor must be below 1, got 1.0"),
        ("ReduceLROnPlateau(o, min_lr=[0, 0])", "min_lr has 2 values, the optimizer 1 groups"),
    ],
)
def test_bad_settings_are_named_before_anything_changes(schedule, message):
    optimizer = tg.optim.Adagrad([tg.zeros(1, requires_grad=True)])
    before = dict(optimizer.param_groups[0])
    with pytest.raises(ArgumentError, match=message):
        eval(f"tg.optim.lr_scheduler.{schedule}", {"tg": tg, "o": optimizer})
    assert optimizer.param_groups[0] == before


def test_a_state_dict_of_another_schedule_is_refused():
    _, optimizer, schedule = made({"optimizer": "SGD([w], lr=0.1)", "schedule": "StepLR(o, 3)"})
    other = lr_scheduler.ExponentialLR(optimizer, 0.9)
    with pytest.raises(StateDictError, match=r"ExponentialLR has .*gamma.*the state_dict .*step_size"):
        other.load_state_dict(schedule.state_dict())


@pytest.mark.parametrize("make", [
    lambda o: tg.optim.lr_scheduler.StepLR(o, 2), lambda o: tg.optim.lr_scheduler.ExponentialLR(o, 0.9),
    lambda o: tg.optim.lr_scheduler.ReduceLROnPlateau(o), lambda o: tg.optim.lr_scheduler.OneCycleLR(o, 0.1, 9),
])  # fmt: skip
def test_a_bad_state_is_refused_before_anything_changes(make):
    schedule = make(tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1))
    saved = schedule.state_dict()
    spoiled = [None, [1], {}, {**saved, 3: 1}, {**saved, "_last_lr": [0.1, 0.1]}]
    spoiled += [{**saved, name: {}} for name, value in saved.items() if value is not None]
    spoiled += [{**saved, name: None} for name in saved]
    spoiled += [{**saved, name: "a"} for name, value in saved.items() if isinstance(value, (int, float, list))]
    for state in spoiled:
        with pytest.raises(StateDictError):
            schedule.load_state_dict(state)
        assert schedule.state_dict() == saved
    schedule.load_state_dict(json.loads(json.dumps(saved)))
    assert schedule.state_dict() == saved


@pytest.mark.parametrize("make", [
    lambda o, a, b: lr_scheduler.SequentialLR(o, [a, b], [3]), lambda o, a, b: lr_scheduler.ChainedScheduler([a, b]),
])  # fmt: skip
def test_a_state_of_other_schedules_is_refused_before_anything_changes(make):
    o = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1)
    schedule = make(o, lr_scheduler.StepLR(o, 2), lr_scheduler.ExponentialLR(o, 0.9))
    schedule.step()
    saved = schedule.state_dict()
    for states in (None, [], saved["_schedulers"][:1], saved["_schedulers"][::-1], [saved["_schedulers"][0], None]):
        with pytest.raises(StateDictError):
            schedule.load_state_dict({**saved, "_schedulers": states})
        assert schedule.state_dict() == saved
    schedule.load_state_dict(saved)
    assert schedule.state_dict() == saved


def test_schedules_in_sequence_belong_together():
    a, b = (tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1) for _ in range(2))
    fall = lr_scheduler.ExponentialLR(a, 0.9)
    for schedules, message in [
        ([fall, lr_scheduler.StepLR(b, 3)], "schedule 1 belongs to another optimizer"),
        ([fall, lr_scheduler.ReduceLROnPlateau(a)], "schedule 1, ReduceLROnPlateau, needs a number"),
        ([fall], "1 schedules need 0 milestones between them, got 1"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            lr_scheduler.SequentialLR(a, schedules, [5])


def test_a_schedule_written_for_pytorch():
    class WarmUp(lr_scheduler._LRScheduler):
        """Linear to the first rate, then as another schedule says."""

        def __init__(self, optimizer, steps, after=None, last_epoch=-1):
            self.steps, self.after = steps, after
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            assert self._get_lr_called_within_step
            if self.last_epoch < self.steps:
                return [base * (self.last_epoch + 1) / self.steps for base in self.base_lrs]
            return self.after.get_last_lr()

        def step(self, epoch=None):
            if self.last_epoch >= self.steps - 1 and self._step_count:
                self.after.step()
            super().step(epoch)

    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    schedule = WarmUp(optimizer, 4, lr_scheduler.ExponentialLR(optimizer, 0.5))
    rates = [schedule.get_last_lr()[0]]
    for _ in range(5):
        optimizer.step()
        schedule.step()
        rates += schedule.get_last_lr()
    assert rates == [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    assert isinstance(schedule, lr_scheduler.LRScheduler)


def test_plateau_bounds_groups_that_came_later():
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=1.0)
    one, many = (lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=low) for low in (0.5, [0.5]))
    optimizer.add_param_group({"params": [tg.zeros(1, requires_grad=True)], "lr": 0.2})
    for _ in range(2):
        one.step(1.0)
    assert one.get_last_lr() == [0.5, 0.2]
    many.min_lrs.append(0.01)
    for _ in range(2):
        many.step(1.0)
    assert many.get_last_lr() == pytest.approx([0.5, 0.02])


# One call of every schedule, and values that are of no kind that an argument may have; those of a text say what it is.
CALLS = {
    "StepLR": {"step_size": 1}, "MultiStepLR": {"milestones": [1]}, "ExponentialLR": {"gamma": 0.9},
    "LambdaLR": {"lr_lambda": float}, "MultiplicativeLR": {"lr_lambda": float}, "CosineAnnealingLR": {"T_max": 3},
    "CosineAnnealingWarmRestarts": {"T_0": 2}, "CyclicLR": {"base_lr": 0.1, "max_lr": 1.0}, "ConstantLR": {},
    "OneCycleLR": {"max_lr": 1.0, "total_steps": 5}, "LinearLR": {}, "PolynomialLR": {}, "ReduceLROnPlateau": {},
    "SequentialLR": {"schedulers": [], "milestones": []}, "ChainedScheduler": {"schedulers": []}, "LRScheduler": {},
}  # fmt: skip
WRONG = ["x", {}, {"a": 1}, object(), 1j, ["x"], [None], [[1.0]], tg.ones(2), b"1", [1j]]


@pytest.mark.parametrize(("schedule", "name"), [
    (schedule, name) for schedule in lr_scheduler.__all__
    for name, p in inspect.signature(getattr(lr_scheduler, schedule)).parameters.items() if p.annotation != "bool"
])  # fmt: skip
def test_an_argument_of_a_wrong_kind_is_named(schedule, name):
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    before = dict(optimizer.param_groups[0])
    for value in WRONG:
        if (name == "milestones" and value is WRONG[1]) or (name == "schedulers" and isinstance(value, list)):
            continue  # an empty list of epochs; and of the schedules each is looked at
        given = {"optimizer": optimizer, **CALLS[schedule], name: value}
        with pytest.raises(ArgumentError, match=rf"{schedule}: (.*{name}|give )"):
            getattr(lr_scheduler, schedule)(**given)
        assert optimizer.param_groups[0] == before


@pytest.mark.parametrize("schedule", ["StepLR", "CosineAnnealingWarmRestarts", "ReduceLROnPlateau", "LambdaLR"])
def test_a_step_to_what_is_no_number_is_refused(schedule):
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1)
    made = getattr(lr_scheduler, schedule)(optimizer, **CALLS[schedule])
    before = made.state_dict()
    for value in WRONG:
        with pytest.raises(ArgumentError, match=f"{schedule}: (epoch|metrics) is a number"):
            made.step(value)
    with pytest.raises(ArgumentError, match="SWALR: swa_lr is a number, or a list with one for every group, got 'x'"):
        tg.optim.swa_utils.SWALR(optimizer, "x")
    assert str(made.state_dict()) == str(before)


def test_numbers_of_numpy_and_tensors_of_one_element_are_numbers():
    optimizer = tg.optim.SGD([tg.zeros(1, requires_grad=True)], lr=0.1)
    lr_scheduler.StepLR(optimizer, np.int64(2), np.float32(0.5))
    lr_scheduler.CosineAnnealingLR(optimizer, T_max=2.5, eta_min=tg.tensor(0.1))
    with pytest.raises(ArgumentError, match="StepLR: missing a required argument: 'step_size'"):
        lr_scheduler.StepLR(optimizer)
