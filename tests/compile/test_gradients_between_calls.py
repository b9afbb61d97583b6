"""Gradients that are there before a compiled function runs, or that it leaves: used, added to, or left alone."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn

pytestmark = pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
KINDS = [{"exact": True}, {"backend": "numpy"}, {"backend": "c"}]


def loss_of(model, i):
    x = np.random.default_rng(i).normal(size=(4, 3)).astype(np.float32)
    return model(tg.tensor(x)).square().mean()


def inference_before_the_step(model, optimizer, wrap):
    """A run of the program that has nothing to do with the gradients."""

    def infer(x):
        with tg.no_grad():
            return model(x)

    infer = wrap(infer)
    while True:
        optimizer.zero_grad()
        loss_of(model, 1).backward()
        yield infer(tg.ones(4, 3))
        optimizer.step()


def a_step_after_a_backward_of_python(model, optimizer, wrap):
    """The step adds to what is there, and only sometimes something is."""

    def step(x):
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    step, i = wrap(step), 0
    while True:
        i += 1
        optimizer.zero_grad()
        if i in (6, 7):
            loss_of(model, i).backward()
        yield step(tg.ones(4, 3) * i)
        optimizer.zero_grad()  # the program used them up


def a_clamp_before_backward(model, optimizer, wrap):
    """The parameters are written, and their gradients are not used for it."""

    def clamped(x):
        with tg.no_grad():
            for p in model.parameters():
                p.clamp_(-0.5, 0.5)
        loss = model(x).square().mean()
        loss.backward()
        return loss

    clamped = wrap(clamped)
    while True:
        optimizer.zero_grad()
        yield clamped(tg.ones(4, 3))
        optimizer.step()


def gradients_that_are_assigned(model, optimizer, wrap):
    """Made of arguments, given as they are, and taken from outside."""
    saved = tg.ones(2)

    def put(of_weight, twice):
        model.weight.grad = of_weight * 2 if twice else of_weight
        model.bias.grad = saved

    put, i = wrap(put), 0
    while True:
        i += 1
        saved.mul_(1.5)
        put(tg.ones(2, 3) * i, i % 8 > 3)
        yield tg.zeros(())
        optimizer.step()
        optimizer.zero_grad()


def gradients_that_are_halved(model, optimizer, wrap):
    """Others take their place."""

    def half():
        for p in model.parameters():
            p.grad = p.grad * 0.5

    half, i = wrap(half), 0
    while True:
        i += 1
        optimizer.zero_grad()
        loss_of(model, i).backward()
        half()
        yield tg.zeros(())
        optimizer.step()


def gradients_that_are_forgotten(model, optimizer, wrap):
    """By a function that reads no parameter."""

    def forget(x):
        optimizer.zero_grad()
        return x * 2

    forget, i = wrap(forget), 0
    while True:
        i += 1
        loss_of(model, i).backward()
        optimizer.step()
        yield forget(tg.ones(3))


def gradients_filled_with_zeros(model, optimizer, wrap):
    """They stay the tensors that they were."""

    def step(x):
        model.zero_grad(set_to_none=False)
        loss = model(x).square().mean()
        loss.backward()
        return loss

    step, i = wrap(step), 0
    while True:
        i += 1
        yield step(tg.ones(4, 3) * i)
        optimizer.step()


@pytest.mark.parametrize("kind", KINDS, ids=["exact", "numpy", "c"])
@pytest.mark.parametrize("make", [
    inference_before_the_step, a_step_after_a_backward_of_python, a_clamp_before_backward, gradients_that_are_assigned,
    gradients_that_are_halved, gradients_that_are_forgotten, gradients_filled_with_zeros,
])  # fmt: skip
def test_gradients_are_those_of_python(make, kind) -> None:
    found, compiled = [], []
    for wrap in (lambda f: f, lambda f: compiled.append(tg.compile(f, **kind)) or compiled[-1]):
        tg.manual_seed(0)
        model = nn.Linear(3, 2)
        results, seen = make(model, tg.optim.SGD(model.parameters(), lr=0.1), wrap), []
        for _ in range(10):
            seen.append(next(results).numpy(force=True).copy())
            seen += [p.detach().numpy().copy() for p in model.parameters()]
            if make is not a_step_after_a_backward_of_python:
                seen += [np.zeros(0) if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]
        found.append(seen)
    assert compiled[0].programs
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape
        if "exact" in kind:
            np.testing.assert_array_equal(other, one)
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS, ids=["exact", "numpy", "c"])
def test_a_trained_module_is_compiled_for_inference(kind) -> None:
    """With the gradients of its last step still there."""
    model = nn.Linear(3, 2)
    loss_of(model, 0).backward()
    gradients = [p.grad.tolist() for p in model.parameters()]
    compiled = tg.compile(model, **kind)
    with tg.no_grad():
        for i in range(8):
            x = tg.ones(4, 3) * i
            np.testing.assert_allclose(compiled(x).numpy(), model(x).numpy(), rtol=1e-5)
    assert len(compiled.compiled.programs) == 1
    assert [p.grad.tolist() for p in model.parameters()] == gradients


X = tg.tensor([1.0, -2.0, 3.0])


def test_a_loop_adds_up_the_gradients_that_nobody_clears():
    w = tg.ones(3, requires_grad=True)
    compiled = tg.compile(lambda x: (w * x).sum().backward())
    for _ in range(4):
        w.grad = None
        compiled(X)
    w.grad = None
    compiled.loop(X, n=7)
    assert w.grad.tolist() == (X * 7).tolist()


def of_both(make, backend):
    """What ``make(wrap)`` gives with and without compile."""
    return make(lambda f: f), make(lambda f: tg.compile(f, backend=backend))


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
@pytest.mark.parametrize("clear", ["grad = None", "zero_grad", "clip and zero_grad"])
def test_a_gradient_is_used_and_forgotten(clear, backend):
    def make(wrap):
        w = tg.ones(3, requires_grad=True)
        optimizer = tg.optim.SGD([w], lr=0.1)

        def update():
            if clear == "grad = None":
                with tg.no_grad():
                    w.sub_(w.grad * 0.1)
                w.grad = None
                return
            if clear != "zero_grad":
                nn.utils.clip_grad_value_([w], 2.0)
            optimizer.step()
            optimizer.zero_grad()

        update = wrap(update)
        for i in range(12):
            (w * (1.0 if i < 5 else i)).sum().backward()
            update()
        return w.tolist(), w.grad

    one, other = of_both(make, backend)
    np.testing.assert_allclose(other[0], one[0], rtol=1e-5)
    assert other[1] is one[1] is None


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy", "ignore:compile. Python runs")
def test_gradients_of_arguments(backend):
    def make(wrap):
        a, b = tg.ones(3, requires_grad=True), tg.full((3,), 2.0, requires_grad=True)
        backward, found = wrap(lambda x: (x * x).sum().backward()), []
        for i, x in enumerate([a] * 6 + [b] * 6 + [a, b] * 6):
            if i % 3 == 0 and i > 12:
                x.grad = None
            backward(x)
            found.append((a.grad.tolist(), None if b.grad is None else b.grad.tolist()))
        return found

    one, other = of_both(make, backend)
    assert one == other


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy", "ignore:compile. Python runs")
def test_an_update_of_each_parameter(backend):
    def make(wrap):
        weights = [tg.ones(3, requires_grad=True) for _ in range(3)]

        def update(p):
            with tg.no_grad():
                p.sub_(p.grad * 0.1)

        update = wrap(update)
        for i in range(8):
            for k, w in enumerate(weights):
                w.grad = tg.full((3,), float(k + i))
                update(w)
        return [w.tolist() for w in weights]

    one, other = of_both(make, backend)
    np.testing.assert_allclose(other, one, rtol=1e-5)


def doubled_gradients(optimizer, args, kwargs):
    for p in optimizer.param_groups[0]["params"]:
        p.grad.mul_(2)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
@pytest.mark.parametrize(
    "register",
    [
        lambda w, optimizer: w.register_hook(lambda g: g * 2),
        lambda w, optimizer: w.register_post_accumulate_grad_hook(lambda p: p.grad.mul_(2)),
        lambda w, optimizer: optimizer.register_step_pre_hook(doubled_gradients),
    ],
    ids=["tensor", "leaf", "optimizer"],
)
def test_hooks_of_tensors_and_optimizers_come_and_go(register, backend):
    ends = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, backend=backend)):
        w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
        optimizer = tg.optim.SGD([w], lr=0.01)

        def step(x, w=w, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (w * x).square().sum()
            loss.backward()
            optimizer.step()
            return loss

        step, found = wrap(step), []
        for i in range(20):
            if i in (5, 15):
                handle = register(w, optimizer)
            if i == 10:
                handle.remove()
            found.append(step(X).item())
        ends.append(found)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=["exact", "numpy", "c"])
@pytest.mark.parametrize("every", [2, 3])
def test_gradients_of_several_batches_are_two_programs(every, kind) -> None:
    """One for the first, one that adds to what is there."""
    found = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, **kind)):
        tg.manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = tg.optim.SGD(model.parameters(), lr=0.1)

        def add(x, model=model):
            loss = model(x).square().mean()
            loss.backward()
            return loss

        add, losses = wrap(add), []
        for i in range(24):
            losses.append(add(tg.ones(4, 3) * (i % 5)).item())
            if i % every == every - 1:
                optimizer.step()
                optimizer.zero_grad()
        found.append(losses)
    assert len(add.programs) == 2
    np.testing.assert_allclose(*found, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=["exact", "numpy", "c"])
def test_a_gradient_that_somebody_keeps_is_not_added_to(kind) -> None:
    """Where another one is that of the leaf."""
    kept = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, **kind)):
        w, gradients = tg.ones(2, requires_grad=True), []
        add = wrap(lambda x, w=w: (w * x).sum().backward())
        for i in range(30):
            add(tg.ones(2) * i)
            if i % 5 == 4:
                gradients.append(w.grad)
                w.grad = None
        kept.append([g.tolist() for g in gradients])
    assert kept[0] == kept[1]


def assigned_or_added(w, x):
    w.grad = x * 2 if w.grad is None else w.grad + x


def asked_and_not_touched(w, x):
    return x * 2 if w.grad is None else x * w.grad


def filled_with_zeros_where_it_is_there(w, x):
    if w.grad is not None:
        w.grad.zero_()
    (w * x).square().sum().backward()


@pytest.mark.parametrize("kind", KINDS, ids=["exact", "numpy", "c"])
@pytest.mark.parametrize("given", [True, False], ids=["an argument", "from outside"])
@pytest.mark.parametrize("function", [assigned_or_added, asked_and_not_touched, filled_with_zeros_where_it_is_there])
def test_whether_there_is_a_gradient_is_seen(function, given, kind) -> None:
    found = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, **kind)):
        leaves, seen = [tg.ones(2, requires_grad=True) for _ in range(2)], []
        outside = wrap(lambda x, w=leaves[0]: function(w, x))
        argument = wrap(function)
        for i in range(24):
            x, w = tg.ones(2) * (i + 1), leaves[i // 4 % 2 if given else 0]
            if i % 6 == 3:
                (w * x).sum().backward()
            result = argument(w, x) if given else outside(x)
            seen.append((None if result is None else result.tolist(), w.grad is None or w.grad.tolist()))
            if i % 6 == 5:
                leaves[0].grad = leaves[1].grad = None
        found.append(seen)
    assert found[0] == found[1]
