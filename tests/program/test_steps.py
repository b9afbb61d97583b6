"""A whole training step as a program: evaluated again and again, it is the training itself, to the bit."""

import numpy as np
import pytest
from trainings import KINDS, loss_of, made, start
from twins import SETTINGS, assert_twins, everything, rerun, step_of

import tinygrad_bp as tg
from tinygrad_bp.program import CaptureError
from tinygrad_bp.program.capture import capture


def halve(group, i):
    group["lr"] *= 0.5


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("text", SETTINGS)
def test_a_step_evaluated_is_the_training_to_the_bit(text, dtype):
    assert_twins(text, dtype)


@pytest.mark.parametrize("text", SETTINGS)
def test_the_learning_rate_may_change_in_between(text):
    assert_twins(text, tg.float32, change=halve)


# ---------------------------------------------------------------------- between backward and step, and beside it


CLIPS = [
    "clip_grad_norm_(params, 0.1)", "clip_grad_norm_(params, 100.0)", "clip_grad_norm_(params, 0.1, norm_type=1)",
    "clip_grad_norm_(params, 0.1, norm_type=3)", "clip_grad_norm_(params, 0.1, norm_type=2.5)",
    "clip_grad_norm_(params, 0.1, norm_type=float('inf'))", "clip_grad_value_(params, 0.01)",
    "clip_grads_with_norm_(params, 0.2, get_total_norm([p.grad for p in params]))",
]  # fmt: skip


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
@pytest.mark.parametrize("clip", CLIPS)
def test_gradients_are_clipped_in_every_run(clip, dtype):
    assert_twins(KINDS[0], dtype, lambda t: eval(clip, {**vars(tg.nn.utils), "params": list(t.values())}))


def test_a_check_of_the_norm_reads_it():
    t = start()
    optimizer = made(KINDS[0], t)
    step = step_of(t, optimizer, lambda: tg.nn.utils.clip_grad_norm_(t.values(), 1.0, error_if_nonfinite=True))
    with pytest.raises(CaptureError, match="error_if_nonfinite reads the norm"):
        capture(step, ((), {}))


def test_every_optimizer_is_among_them():
    kinds = {name for name, item in vars(tg.optim).items() if isinstance(item, type)} - {"Optimizer", "LBFGS"}
    assert {text.split("(")[0] for text in SETTINGS} == kinds


def test_a_program_that_missed_a_change_would_be_found_out(monkeypatch):
    monkeypatch.setattr(tg.optim.SGD, "scheduled", lambda self, group: ())
    with pytest.raises(AssertionError):
        assert_twins("SGD([w, v, s], lr=0.01)", change=halve)


# ---------------------------------------------------------------------- what may be another number in the next run


def cycle(group, i):
    momentum = 0.5 + 0.1 * i
    group.update({"betas": (momentum, 0.99)} if "betas" in group else {"momentum": momentum})


@pytest.mark.parametrize("text", [text for text in KINDS if "momentum=" in text or "Ada" in text[:5] or "Adam" in text])
def test_momenta_that_cycles_move_are_inputs(text):
    change = cycle if "momentum=" in text or text.split("(")[0] in ("Adam", "AdamW", "Adamax") else halve
    assert_twins(text, tg.float32, change=change)


@pytest.mark.parametrize("text", SETTINGS)
def test_the_first_step_is_a_program_for_all_or_says_that_it_is_not(text):
    t = start()
    optimizer = made(text, t)
    captured, _ = capture(step_of(t, optimizer), ((), {}))
    first_velocity = text.startswith("SGD") and "momentum=" in text
    assert all(holds() for holds, _ in captured.conditions) is not first_velocity
    if not first_velocity:
        assert_twins(text, at=1)


CHANGES = {
    "another weight decay": lambda o, t: o.param_groups[0].update(weight_decay=0.25),
    "another eps": lambda o, t: o.param_groups[0].update(eps=0.25),
    "another kind of step": lambda o, t: o.param_groups[0].update(amsgrad=True),
    "one more group": lambda o, t: o.add_param_group({"params": [tg.ones(2, requires_grad=True)]}),
    "one more parameter": lambda o, t: o.param_groups[0]["params"].append(tg.ones(2, requires_grad=True)),
    "another parameter": lambda o, t: o.param_groups[0]["params"].__setitem__(0, tg.ones(2, 3, requires_grad=True)),
    "a loaded state": lambda o, t: o.load_state_dict(o.state_dict()),
    "another tensor kept": lambda o, t: o.state[t["w"]].update(exp_avg=tg.zeros(2, 3)),
    "a number kept": lambda o, t: o.state[t["w"]].update(step=7),
    "a state forgotten": lambda o, t: o.state.clear(),
    "counts that part": lambda o, t: o.state[t["w"]]["step"].add_(1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_program_takes_for_granted_is_looked_at(change):
    t = start()
    optimizer = made("Adam([w, v, s], lr=0.01)", t)
    captured, _ = capture(step_of(t, optimizer), ((), {}))
    assert all(holds() for holds, _ in captured.conditions)
    change(optimizer, t)
    assert not all(holds() for holds, _ in captured.conditions)


def test_momentum_that_ends_is_another_program():
    t = start()
    optimizer = made("SGD([w, v, s], lr=0.01, momentum=0.9)", t)
    step = step_of(t, optimizer)
    step()
    captured, _ = capture(step, ((), {}))
    optimizer.param_groups[0]["momentum"] = 0.5
    assert all(holds() for holds, _ in captured.conditions)
    optimizer.param_groups[0]["momentum"] = 0
    assert not all(holds() for holds, _ in captured.conditions)


def test_a_count_of_its_own_for_a_parameter_that_moved_less_often():
    met = set()

    def late(t):
        if id(t) not in met:
            t["v"].grad = None
        met.add(id(t))

    program = assert_twins("Adam([w, v, s], lr=0.01)", between=late)
    assert str(program).count("power(beta1") == 3  # v stands between the other two


@pytest.mark.parametrize("text", [text for text in KINDS if not text.startswith("Adafactor")])
def test_complex_parameters(text):
    ends = []
    for _ in range(2):
        w = tg.tensor([1 + 2j, -0.5j, 0.3], dtype=tg.complex128, requires_grad=True)
        optimizer = made(text.replace("[w, v, s]", "[w]"), {"w": w})

        def step(w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (w * w.conj()).real.sum()
            loss.backward()
            optimizer.step()
            return loss

        step()
        ends.append((w, step))
    captured, _ = capture(ends[0][1], ((), {}))
    ends[1][1]()
    for _ in range(3):
        assert rerun(captured) == ends[1][1]().item()
        np.testing.assert_array_equal(ends[0][0].detach().numpy(), ends[1][0].detach().numpy())


# ---------------------------------------------------------------------- its text


def test_the_program_of_a_step_reads_as_one_would_write_it():
    w, X = tg.ones(2, requires_grad=True), tg.tensor([[1.0, 2.0]])
    w.name = "w"
    optimizer = tg.optim.SGD([w], lr=0.1)

    def step(X):
        optimizer.zero_grad()
        loss = (X @ w).sum()
        loss.backward()
        optimizer.step()

    program = tg.program(step, X)
    *_, gradient, rate, scaled, moved = program.steps
    assert [value.name for value in program.inputs] == ["X", "w", "lr"]
    assert [line.split("  ")[0] for line in str(program).splitlines()[-4:]] == [
        f"t{len(program.steps) - 2} = mul(t{len(program.steps) - 4}, t{len(program.steps) - 3})",
        f"t{len(program.steps) - 1} = sub(w, t{len(program.steps) - 2})",
        "return None",
        f"w ← t{len(program.steps) - 1}",
    ]
    assert scaled.operands == (gradient.result, rate.result) and rate.op.name == "cast"
    assert program.writes == {program.inputs[1]: moved.result}


class Counting(tg.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @tg.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            state = self.state[p]
            state["count"] = state.get("count", 0) + 1
            state.setdefault("sum", tg.zeros_like(p)).add_(p.grad)
            p.data = p.data - state["sum"] / state["count"]


@pytest.mark.parametrize("text", [*SETTINGS, "Counting([w, v, s], lr=0.1)"])
@pytest.mark.parametrize("steps", [0, 2])
def test_a_step_taken_back_is_as_if_it_had_not_been(text, steps):
    twins = []
    for _ in range(2):
        t = start()
        optimizer = Counting(t.values(), 0.1) if "Counting" in text else made(text, t)
        twins.append((t, optimizer, step_of(t, optimizer)))
        for _ in range(steps):
            twins[-1][2]()
    (t, optimizer, step), (other, eager, eager_step) = twins
    with pytest.raises(CaptureError, match="item"):
        tg.program(lambda: step().item())
    for _ in range(2):
        assert [p.detach().numpy().tobytes() for p in t.values()] == [
            p.detach().numpy().tobytes() for p in other.values()
        ]
        step()
        eager_step()
    if "Counting" not in text:
        assert everything(t, optimizer) == everything(other, eager)


def test_a_refused_step_leaves_everything_as_it_was():
    t = start()
    optimizer = tg.optim.LBFGS(t.values())
    before = everything(t, optimizer)
    with pytest.raises(CaptureError, match=r"LBFGS.step\(\) while a program is written down"):
        tg.program(optimizer.step, lambda: loss_of(t))
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.raises(CaptureError, match=r"StepLR.step\(\) while a program is written down"):
        tg.program(schedule.step)
    assert everything(t, optimizer) == before and optimizer.param_groups[0]["lr"] == 1
