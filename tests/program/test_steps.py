"""A whole training step as a program: evaluated again and again, it is the training itself, to the bit."""

import copy
import tracemalloc

import numpy as np
import pytest
from trainings import GOLDEN, KINDS, loss_of, made, start

import tinygrad_bp as tg
from tinygrad_bp.autograd.modes import mode
from tinygrad_bp.autograd.trees import flatten
from tinygrad_bp.optim import pieces
from tinygrad_bp.program import CaptureError, evaluate, later
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


# ---------------------------------------------------------------------- large parameters


def small_pieces(monkeypatch):
    """Have all parameters count as large: how many of their pieces were not followed."""
    unseen, followed = [], pieces._followed

    def counted(rule, tensors, parts):
        unseen.append(len(parts) - 1)
        return followed(rule, tensors, parts)

    monkeypatch.setattr(pieces, "BLOCK", 10)
    monkeypatch.setattr(pieces, "_followed", counted)
    return unseen


def row_by_row(t):
    """Lay the gradient of ``w`` as ``w`` itself lies."""
    t["w"].grad = t["w"].grad.reshape(-1).reshape(2, 3)


@pytest.mark.parametrize("text", SETTINGS)
def test_one_piece_is_followed_for_all(text, monkeypatch):
    def written():
        program = assert_twins(text, between=row_by_row)
        return [(step.op, step.result.shape, step.result.dtype) for step in program.steps], len(program.inputs)

    whole, unseen = written(), small_pieces(monkeypatch)
    assert written() == whole
    assert (sum(unseen) > 0) == ("Adafactor" not in text)  # which has means of rows and columns


def test_a_follower_of_one_piece_alone_would_be_found_out(monkeypatch):
    small_pieces(monkeypatch)
    monkeypatch.setattr(pieces, "same", lambda array, of: None)
    with pytest.raises((AssertionError, CaptureError)):
        assert_twins(KINDS[0], between=row_by_row)


def tall():
    """A matrix that is laid in another order than its gradient, with a view, or with memory that others have."""
    base = tg.arange(12.0).reshape(3, 4)
    return {
        "rows": base.clone(), "columns": tg.tensor(np.asfortranarray(base.numpy())), "every second": base[:, ::2],
    }  # fmt: skip


@pytest.mark.parametrize("seen_by", ["nobody", "a view", "its own gradient"])
@pytest.mark.parametrize("order", tall())
def test_however_a_parameter_lies_and_whoever_sees_it(order, seen_by, monkeypatch):
    small_pieces(monkeypatch)
    ends = []
    for follow in (True, False):
        w = tall()[order].requires_grad_()
        with tg.no_grad():
            view = w[0] if seen_by == "a view" else None
        optimizer = tg.optim.SGD([w], lr=0.1, momentum=0.5)

        def step(w=w, view=view, optimizer=optimizer):
            w.grad = w.detach() if seen_by == "its own gradient" else w.detach() * 2
            optimizer.step()
            return w.detach() * 1 if view is None else view * 1

        step()
        found = capture(step, ((), {}))[1] if follow else step()
        ends.append((found.tolist(), w.tolist()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(("failing", "seen"), [(0, False), (0, True), (2, True)])
def test_an_update_that_fails_halfway_is_taken_back_and_nobody_stops_watching(failing, seen, monkeypatch):
    unseen = small_pieces(monkeypatch)
    w = tg.ones(40, requires_grad=True)
    w.grad = tg.arange(40.0)

    class Failing(tg.optim.SGD):
        def update(self, group, moving):
            def rule(p, g):
                p -= g
                if g._value[0] == 10 * failing:
                    raise ZeroDivisionError

            pieces.in_pieces(rule, *moving[0][1:])

    optimizer = Failing([w], lr=0.1, momentum=0.5)

    def step():
        try:
            optimizer.step()
            if seen:
                w * 1
        except ZeroDivisionError:
            assert mode().watchers
            raise

    with pytest.raises(ZeroDivisionError):
        capture(step, ((), {}))
    assert w.tolist() == [1.0] * 40 and not mode().watchers and unseen


AFTERWARDS = {
    "nothing": lambda w, optimizer: w.grad.sum(),
    "its end": lambda w, optimizer: w[-1:] * 1,
    "itself": lambda w, optimizer: w,
    "a copy": lambda w, optimizer: copy.deepcopy(w.detach()),
    "another step": lambda w, optimizer: (optimizer.step(), w * 1)[1],
    "a write": lambda w, optimizer: (w.data.clamp_(-0.5, 0.5), w * 1)[1],
    "another gradient": lambda w, optimizer: w.grad.zero_(),
    "what is kept": lambda w, optimizer: {k: t for k, t in optimizer.state_dict()["state"].get(0, {}).items()},
}


@pytest.mark.parametrize("text", SETTINGS)
def test_what_is_put_off_is_there_for_whoever_looks(text, monkeypatch):
    """Of every optimizer, whatever the function does after the step: its first two runs are as without a program."""
    unseen = small_pieces(monkeypatch)
    for afterwards in AFTERWARDS.values():
        ends = []
        for run in (lambda step: capture(step, ((), {}))[1], lambda step: step()):
            t = start()
            optimizer = made(text, t)
            taken = step_of(t, optimizer, lambda t=t: row_by_row(t))

            def step(taken=taken, t=t, optimizer=optimizer, afterwards=afterwards):
                taken()
                return afterwards(t["w"], optimizer)

            found = [flatten(run(step))[0] for _ in range(2)]
            ends.append([x.tolist() if isinstance(x, tg.Tensor) else x for x in (*found[0], *found[1], *t.values())])
        assert ends[0] == ends[1]
    assert (sum(unseen) > 0) == ("Adafactor" not in text)


LOOKS = {
    "nobody": (lambda w, x: None, 0),
    "the next line": (lambda w, x: w.grad * 1, 1),
    "a list": (lambda w, x: w.grad, 1),
    "a view": (lambda w, x: w.grad.T[1:], 1),
    "who clips": (lambda w, x: tg.nn.utils.clip_grad_norm_([w], 0.1), 1),
    "who adds to it": (lambda w, x: w.grad.add_(1), 1),
    "who writes what it is made of": (lambda w, x: x.zero_(), 1),
    "who goes back again": (lambda w, x: (w * w).sum().backward(), 1),
}


@pytest.mark.parametrize("kind", [tg.optim.SGD, tg.optim.Adam])
@pytest.mark.parametrize(("look", "computed"), LOOKS.values(), ids=LOOKS)
def test_a_gradient_is_computed_as_a_whole_where_somebody_looks(look, computed, kind, monkeypatch):
    monkeypatch.setattr(pieces, "BLOCK", 12)
    monkeypatch.setattr(later, "LARGE", 4)
    compute, whole = later.Products._compute, []

    def noted(products, product):
        if product in products._waiting and product.result() is not None:
            whole.append(product)
        compute(products, product)

    monkeypatch.setattr(later.Products, "_compute", noted)
    ends = []
    for run in (lambda step, x: step(x), lambda step, x: capture(step, ((x,), {}), exact=False)[1]):
        tg.manual_seed(1)
        layer, looked = tg.nn.Linear(5, 7, bias=False), []
        w, optimizer = layer.weight, kind(layer.parameters(), lr=0.1)

        def step(x, layer=layer, w=w, optimizer=optimizer, looked=looked):
            optimizer.zero_grad()
            loss = (layer(x) ** 2).sum()
            loss.backward()
            looked.append(look(w, x))
            optimizer.step()
            return loss

        losses = [run(step, tg.randn(3, 5)) for _ in range(2)]
        found = [x.detach() for x in (*looked, *losses, w) if x is not None]
        ends.append(np.concatenate([x.numpy().ravel() for x in found]))
        assert (w.grad is None) == (len(ends) == 2)
    np.testing.assert_allclose(*ends, rtol=1e-5, atol=1e-7)
    assert len(whole) == 2 * computed


def test_a_gradient_that_was_put_off_is_there_where_the_step_is_taken_back(monkeypatch):
    monkeypatch.setattr(later, "LARGE", 4)
    layer, x = tg.nn.Linear(5, 7, bias=False), tg.ones(3, 5)

    def step():
        layer(x).sum().backward()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        capture(step, ((), {}), exact=False)
    assert layer.weight.grad.tolist() == [[3.0] * 5] * 7


def test_a_step_makes_no_array_of_a_parameters_size_but_its_gradient():
    w = tg.ones(1 << 10, 1 << 10, requires_grad=True)
    x = tg.ones(4, 1 << 10)
    optimizer = tg.optim.SGD([w], lr=0.1)

    def step():
        optimizer.zero_grad()
        loss = (x @ w).sum()
        loss.backward()
        optimizer.step()
        return loss

    capture(step, ((), {}))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        optimizer.zero_grad()
        capture(step, ((), {}))
        assert tracemalloc.get_traced_memory()[1] - before < 1.5 * w._value.nbytes
    finally:
        tracemalloc.stop()


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
