"""A compiled function as an object: in transforms, as a method, copied, and freed."""

import copy
import gc
import weakref

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn

X, Y = tg.tensor([1.0, -2.0, 3.0]), tg.tensor([5.0, 6.0, 7.0])


@pytest.mark.parametrize("n", [0, -1, 2.0, "3"])
def test_a_loop_of_no_call(n):
    with pytest.raises(tg.AutogradError, match="loop: n is a number of calls, 1 or more, got"):
        tg.compile(lambda x: x * 2).loop(X, n=n)


def test_transforms_of_a_compiled_function():
    compiled = tg.compile(lambda x: (x * x).sum())
    for _ in range(3):
        [compiled(X) for _ in range(3)]
        assert tg.func.vmap(compiled)(tg.stack([X, Y])).tolist() == [14.0, 110.0]
        assert tg.func.grad(compiled)(X).tolist() == (X * 2).tolist()
        assert tg.func.jvp(compiled, (X,), (X,))[1].item() == 28.0
        assert tg.func.hessian(compiled)(X).tolist() == (tg.eye(3) * 2).tolist()


def test_a_method_may_be_compiled_where_its_class_is_written():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.scale = nn.Linear(3, 1), 2.0

        @tg.compile
        def value(self, x):
            return (self.layer(x) * self.scale).detach()

    one, other = Net(), Net()
    for i in range(12):
        if i == 6:
            one.scale = 3.0
        for net in (one, other):
            np.testing.assert_allclose(net.value(X).numpy(), (net.layer(X) * net.scale).detach().numpy(), rtol=1e-5)


def test_a_copy_of_what_was_compiled():
    compiled = tg.compile(nn.Linear(3, 2))
    with tg.no_grad():
        before = [compiled(X).tolist() for _ in range(4)][-1]
        copied = copy.deepcopy(compiled)
        copied._orig_mod.weight.mul_(2)
        assert [copied(X).tolist() for _ in range(4)] == [copied._orig_mod(X).tolist()] * 4
        assert compiled(X).tolist() == before


def compiled_step(backend):
    model = nn.Linear(3, 2)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        optimizer.step()
        return loss

    step = tg.compile(step, backend=backend)
    return step, lambda: (step(X), step.loop(X, n=2)), [model, model.weight, optimizer]


def compiled_function(backend):
    w = tg.ones(3)
    function = tg.compile(lambda x: x * w, backend=backend)
    return function, lambda: function(X), [w]


def compiled_module(backend):
    model = nn.Linear(3, 2)
    compiled = tg.compile(model, backend=backend)
    return compiled, tg.no_grad()(lambda: compiled(X)), [model]


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("make", [compiled_step, compiled_function, compiled_module])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
def test_what_was_compiled_is_freed_without_the_garbage_collector(make, backend):
    def used():
        compiled, call, others = make(backend)
        for _ in range(6):
            call()
        return [weakref.ref(item) for item in (compiled, *others)]

    used()
    gc.disable()
    try:
        assert not [kept for item in used() if (kept := item()) is not None]
    finally:
        gc.enable()
