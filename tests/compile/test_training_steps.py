"""Training steps under ``tg.compile``: bit-equal to Python's, whatever is changed between them."""

import warnings

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.program import CaptureError

X = tg.tensor(np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32))
Y = tg.tensor([0, 1, 2, 1, 0])
OPTIMIZERS = sorted(
    {name for name, item in vars(tg.optim).items() if isinstance(item, type)} - {"Optimizer", "LBFGS", "SparseAdam"}
)


def usual(model, optimizer):
    loss_of = nn.CrossEntropyLoss()

    def step(x, y):
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def same_training(optimizer_of, step_of=usual, between=lambda optimizer: lambda i: None, steps=12):
    """The compiled step, after every loss and every parameter at the end were those of Python's step."""
    ends = []
    for wrapped in (lambda step: step, lambda step: tg.compile(step, exact=True)):
        tg.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 3))
        optimizer = optimizer_of(model)
        step, change = wrapped(step_of(model, optimizer)), between(optimizer)
        losses = []
        for i in range(steps):
            losses.append(step(X, Y).item())
            change(i)
        ends.append((losses, [p.detach().numpy().tobytes() for p in model.parameters()]))
    assert ends[0] == ends[1]
    return step


def sgd(model, **settings):
    return tg.optim.SGD(model.parameters(), lr=0.1, **settings)


def adam(model, **settings):
    return tg.optim.Adam(model.parameters(), lr=0.01, **settings)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_program_trains(name):
    compiled = same_training(lambda model: getattr(tg.optim, name)(model.parameters(), lr=0.01))
    assert len(compiled.programs) == 1


# ---------------------------------------------------------------------- between two steps


@pytest.mark.parametrize("optimizer_of", [lambda m: sgd(m, momentum=0.9), adam], ids=["SGD", "Adam"])
def test_a_cycle_of_rates_and_momenta_is_one_program(optimizer_of):
    def cycle(optimizer):
        schedule = tg.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=20)
        return lambda i: schedule.step()

    assert len(same_training(optimizer_of, between=cycle).programs) == 1


def test_groups_with_settings_of_their_own():
    def groups(model):
        first, last = ({"params": model[i].parameters(), "lr": 0.1 + i, "weight_decay": 0.1 * i} for i in (0, 2))
        return tg.optim.Adam([first, last], lr=0.01)

    def one_rate(optimizer):
        return lambda i: optimizer.param_groups[1].update(lr=0.01 * i)

    assert len(same_training(groups, between=one_rate).programs) == 1


def test_a_rate_that_is_a_tensor():
    def fill(optimizer):
        return lambda i: optimizer.param_groups[0]["lr"].fill_(0.01 * (i + 1))

    same_training(lambda m: tg.optim.Adam(m.parameters(), lr=tg.tensor(0.01)), between=fill)


def test_other_settings_are_other_programs():
    def decay(optimizer):
        return lambda i: optimizer.param_groups[0].update(weight_decay=0.1 * (i // 5))

    assert len(same_training(sgd, between=decay, steps=15).programs) == 3


def test_what_a_user_does_to_the_state():
    def change(optimizer):
        def at(i):
            states = list(optimizer.state.values()) if i in (8, 11, 14) else []
            if i == 5:
                optimizer.load_state_dict(optimizer.state_dict())
            for state in states:
                if i == 8:
                    state["exp_avg"] = tg.zeros_like(state["exp_avg"])
                if i == 11:
                    state["step"] = 3
            if i == 14:
                states[0]["step"].fill_(7)

        return at

    same_training(adam, between=change, steps=20)


def test_steps_outside_in_between():
    def alone(optimizer):
        def at(i):
            first = optimizer.param_groups[0]["params"][0]
            if i in (5, 9):
                optimizer.zero_grad()
                first.grad = tg.ones_like(first)
                optimizer.step()

        return at

    same_training(lambda m: sgd(m, momentum=0.9), between=alone, steps=16)
    same_training(adam, between=alone, steps=16)


def test_a_group_more():
    def add(optimizer):
        extra = tg.ones(3, requires_grad=True)
        return lambda i: optimizer.add_param_group({"params": [extra]}) if i == 5 else None

    same_training(sgd, between=add)


def test_two_compiled_steps_of_one_optimizer_of_which_one_moves_less():
    def alternating(model, optimizer):
        def last_alone(x):
            optimizer.zero_grad()
            loss = (model[2].bias * x).square().sum()
            loss.backward()
            optimizer.step()
            return loss

        steps, calls = [usual(model, optimizer), last_alone], []
        steps = [tg.compile(step, exact=True) for step in steps] if alternating.compiled else steps

        def step(x, y):
            calls.append(None)
            if len(calls) in (7, 8, 9, 10, 13):
                steps[1](tg.ones(3))
            return steps[0](x, y)

        return step

    ends = []
    for alternating.compiled in (False, True):
        tg.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 3))
        step = alternating(model, adam(model))
        ends.append([step(X, Y).item() for _ in range(18)])
    assert ends[0] == ends[1]


# ---------------------------------------------------------------------- other steps


def closed(model, optimizer):
    def step(x, y):
        def closure():
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            return loss

        return optimizer.step(closure)

    return step


def filled(model, optimizer):
    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        return loss

    return step


def scaled_and_clipped(model, optimizer):
    scaler = tg.amp.GradScaler(enabled=False)

    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        scaler.step(optimizer)
        scaler.update()
        return loss

    return step


def by_hand(model, optimizer):
    params = list(model.parameters())

    def step(x, y):
        for p in params:
            p.grad = None
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        with tg.no_grad():
            for p in params:
                p -= 0.1 * p.grad
        return loss

    return step


def by_hand_on_data(model, optimizer):
    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad.data
            p.grad.zero_()
        return loss

    return step


def by_new_data(model, optimizer):
    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        for p in model.parameters():
            p.data = p.data - 0.1 * p.grad
            p.grad = None
        return loss

    return step


def decayed_alone(model, optimizer):
    inner, other = usual(model, optimizer), tg.ones(3)

    def step(x, y):
        other.data.mul_(0.5)  # known by nothing but this alias
        return inner(x, y).detach() + other.sum()

    return step


def by_grad(model, optimizer):
    params = list(model.parameters())

    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        with tg.no_grad():
            for p, g in zip(params, tg.autograd.grad(loss, params), strict=True):
                p.sub_(g, alpha=0.1)
        return loss

    return step


def averaged(model, optimizer):
    average = tg.optim.swa_utils.AveragedModel(model)
    inner = usual(model, optimizer)

    def step(x, y):
        inner(x, y)
        average.update_parameters(model)
        return average.module[0].weight.detach().sum()

    return step


def by_vectors(model, optimizer):
    params = list(model.parameters())

    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        slope = nn.utils.parameters_to_vector(tg.autograd.grad(loss, params))
        nn.utils.vector_to_parameters(nn.utils.parameters_to_vector(params) - 0.1 * slope, params)
        return loss

    return step


def copied(model, optimizer):
    inner, other = usual(model, optimizer), nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 3))

    def step(x, y):
        loss = inner(x, y).detach() + other[0].weight.detach().sum()  # that of the step before
        other.load_state_dict(model.state_dict())
        return loss

    return step


def against_each_other(model, optimizer):
    judge = nn.Linear(3, 1)
    other = tg.optim.Adam(judge.parameters(), lr=0.02)

    def step(x, y):
        other.zero_grad()
        made = model(x)
        (judge(made.detach()).sigmoid() - 1).square().mean().backward()
        other.step()
        optimizer.zero_grad()
        loss = judge(made).sigmoid().square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def two_steps(model, optimizer):
    inner = usual(model, optimizer)

    def step(x, y):
        inner(x, y)
        return inner(x, y)

    return step


@pytest.mark.parametrize("optimizer_of", [sgd, adam])
@pytest.mark.parametrize(
    "step_of",
    [
        closed, filled, scaled_and_clipped, by_hand, by_hand_on_data, by_new_data, by_grad, by_vectors, averaged,
        decayed_alone, copied, against_each_other, two_steps,
    ],
)  # fmt: skip
def test_steps_written_in_other_ways(step_of, optimizer_of):
    assert len(same_training(optimizer_of, step_of).programs) == 1


def test_hooks_are_part_of_the_step():
    def hooked(model):
        optimizer = sgd(model)
        params = list(model.parameters())
        optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: [p.grad.mul_(0.5) for p in params] and None)
        optimizer.register_step_post_hook(lambda *_: [p.data.clamp_(-0.3, 0.3) for p in params])
        return optimizer

    assert len(same_training(hooked).programs) == 1


def test_a_parameter_that_stays():
    def frozen(model):
        model[0].weight.requires_grad_(False)
        return adam(model)

    assert len(same_training(frozen).programs) == 1


# ---------------------------------------------------------------------- optimizers of the user's own


class Own(tg.optim.Optimizer):
    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    @tg.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                self.move(p, group["lr"], self.state[p])


class Sign(Own):
    def move(self, p, lr, state):
        p -= lr * p.grad.sign()


class Momentum(Own):
    def move(self, p, lr, state):
        if "velocity" not in state:
            state["velocity"] = tg.zeros_like(p)
        p.add_(state["velocity"].mul_(0.9).add_(p.grad), alpha=-lr)


class Counting(Own):
    def move(self, p, lr, state):
        state["steps"] = state.get("steps", 0) + 1
        p -= lr / state["steps"] * p.grad


class Rebinding(Own):
    def move(self, p, lr, state):
        state["velocity"] = 0.9 * state["velocity"] + p.grad if "velocity" in state else p.grad.clone()
        p -= lr * state["velocity"]


def once_less(optimizer):
    return lambda i: optimizer.param_groups[0].update(lr=0.005) if i == 5 else None


@pytest.mark.parametrize("own", [Sign, Momentum])
def test_an_optimizer_of_ones_own_has_a_program_for_every_rate(own):
    assert len(same_training(lambda m: own(m.parameters()), between=once_less).programs) == 2


@pytest.mark.parametrize("own", [Counting, Rebinding])
def test_an_optimizer_that_counts_in_python_runs_in_python(own):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        compiled = same_training(lambda m: own(m.parameters()), between=once_less)
    assert not compiled.programs and "Python runs" in str(said[0].message)


def test_what_reads_numbers_is_refused():
    model = nn.Linear(4, 3)
    lbfgs = tg.optim.LBFGS(model.parameters())
    with pytest.raises(CaptureError, match="LBFGS"):
        tg.compile(closed(model, lbfgs))(X, Y)
    optimizer = sgd(model)
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 1)
    inner = usual(model, optimizer)
    with pytest.raises(CaptureError, match="Step it outside the function"):
        tg.compile(lambda x, y: (inner(x, y), schedule.step()))(X, Y)
