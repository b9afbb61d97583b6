"""A step captured goes on as eager training does, to the bit: two trainings that end alike."""

import numpy as np
from trainings import GOLDEN, loss_of, made, start

import tinygrad_bp as tg
from tinygrad_bp.program import evaluate
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
    assert all(holds() for holds, _ in captured.conditions)
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
