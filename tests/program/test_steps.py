"""A whole training step as a program: evaluated again and again, it is the training itself, to the bit."""

import numpy as np
import pytest
from trainings import GOLDEN, KINDS, loss_of, made, start

import tinygrad_bp as tg
from tinygrad_bp.program import CaptureError, evaluate
from tinygrad_bp.program.capture import capture

SETTINGS = [case["optimizer"] for case in GOLDEN["trajectories"]]


def step_of(t, optimizer, between=lambda: None):
    def step():
        optimizer.zero_grad()
        loss = loss_of(t)
        loss.backward()
        between()
        optimizer.step()
        return loss

    return step


def rerun(captured):
    """Evaluate a captured step on what it reads now, and write what it writes: the array of the loss."""
    assert all(holds() for holds in captured.conditions)
    found = [source() for source in captured.sources]
    arrays = [item._value if isinstance(item, tg.Tensor) else np.array(float(item)) for item in found]
    outputs, writes = evaluate(captured.program, arrays)
    places = dict(zip(captured.program.inputs, arrays, strict=True))
    for place, value in zip(captured.program.writes, writes, strict=True):
        places[place][...] = value
    return outputs[0]


def everything(t, optimizer):
    """The bits of the parameters and of all that is kept for them."""
    kept = [value for state in optimizer.state_dict()["state"].values() for value in state.values()]
    return [x.detach().numpy().tobytes() for x in (*t.values(), *kept)]


def assert_twins(text, dtype=tg.float64, between=lambda t: None, change=lambda group, i: None, at=2, runs=5):
    """A step captured as the ``at``-th goes on as eager training does; ``change`` changes settings between steps."""
    twins = []
    for _ in range(2):
        t = start(dtype)
        optimizer = made(text, t)
        twins.append((t, optimizer, step_of(t, optimizer, lambda t=t: between(t))))
    (t, optimizer, step), (eager_t, eager_optimizer, eager_step) = twins
    for _ in range(at - 1):
        step()
        eager_step()
    captured, loss = capture(step, ((), {}))
    assert loss.item() == eager_step().item()
    for i in range(runs):
        for each in (optimizer, eager_optimizer):
            for group in each.param_groups:
                change(group, i)
        assert rerun(captured) == eager_step().item()
        assert everything(t, optimizer) == everything(eager_t, eager_optimizer)
    return captured.program


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
