"""What a program could silently freeze: parameters, switches of modules, and gradients."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X, assert_close, mlp, trained
from tinygrad_bp import nn
from tinygrad_bp.autograd.trees import flatten

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


def assert_trained_alike(between=lambda model, i: None, rounds=8):
    one, other = trained(lambda f: f, rounds, between), trained(lambda f: tg.compile(f, exact=True), rounds, between)
    assert one[0] == other[0]
    for a, b in zip(one[1], other[1]):
        np.testing.assert_array_equal(a, b)
    return other[2]


def test_a_step_of_training():
    assert len(assert_trained_alike().programs) == 1


def test_parameters_loaded_halved_and_put_in_others_places():
    def between(model, i):
        if i == 3:
            model.load_state_dict({name: value * 0.5 for name, value in model.state_dict().items()})
        if i == 4:
            model[0].weight = nn.Parameter(tg.ones(4, 3))
        if i == 5:
            model[2].bias.data = tg.ones(1)
        if i == 6:
            model[1] = nn.ReLU()

    assert_trained_alike(between, 12)


def test_freezing_a_parameter_is_seen():
    def between(model, i):
        if i == 4:
            model[0].weight.requires_grad_(False)

    model = mlp()

    def step(x):
        model.zero_grad()
        model(x).square().sum().backward()
        with tg.no_grad():
            for p in model.parameters():
                if p.grad is not None:
                    p -= 0.1 * p.grad
        return model(x).detach().sum()

    compiled, twin = tg.compile(step), mlp()
    for i in range(9):
        between(model, i)
        before = model[0].weight.detach().numpy().copy()
        compiled(X)
        assert (before == model[0].weight.detach().numpy()).all() == (i >= 4)
    del twin


def test_train_and_eval_are_other_programs():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    twin = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    twin.load_state_dict(model.state_dict())
    x = tg.tensor(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
    with tg.no_grad():
        compiled = tg.compile(model)
        for i in range(12):
            for m in (compiled, twin):
                m.train((i // 3) % 2 == 0)
            assert_close(compiled(x).numpy(), twin(x).numpy())
    for a, b in zip(model.state_dict().values(), twin.state_dict().values()):
        assert_close(a.numpy(), b.numpy())


def test_a_gradient_that_the_step_used_is_none_afterwards_and_others_stay():
    model = mlp()
    compiled = trained(tg.compile)[2]
    assert compiled.programs

    def gradients(x):
        model.zero_grad()
        model(x).sum().backward()

    wanted = tg.compile(gradients)
    for i in range(5):
        wanted(X * i)
        got = [p.grad.numpy().copy() for p in model.parameters()]
        gradients(X * i)
        for a, p in zip(got, model.parameters(), strict=True):
            assert_close(a, p.grad.numpy())
    assert wanted.programs


@pytest.mark.parametrize("clear", [True, False])
def test_gradients_cleared_outside_or_summed_up(clear):
    one, other = mlp(), mlp()
    functions = [lambda x, m=m: m(x).sum().backward() for m in (one, other)]
    compiled = tg.compile(functions[1])
    for i in range(8):
        if clear or i == 6:
            one.zero_grad()
            other.zero_grad()
        functions[0](X * i)
        compiled(X * i)
        for a, b in zip(one.parameters(), other.parameters()):
            assert_close(a.grad.numpy(), b.grad.numpy())


def test_a_forgotten_clearing_is_seen():
    one, other = mlp(), mlp()
    functions = [lambda x, m=m: m(x).sum().backward() for m in (one, other)]
    compiled = tg.compile(functions[1])
    for i in range(9):
        if i not in (5, 7):
            one.zero_grad()
            other.zero_grad()
        functions[0](X * i)
        compiled(X * i)
        for a, b in zip(one.parameters(), other.parameters()):
            assert_close(a.grad.numpy(), b.grad.numpy())


UPDATES = {
    "by hand": lambda w, optimizer: w.data.sub_(0.1 * w.grad),
    "by an optimizer": lambda w, optimizer: optimizer.step(),
    "written before": lambda w, optimizer: (w.grad.mul_(0.5), optimizer.step()),
    "added to before": lambda w, optimizer: (setattr(w, "grad", w.grad + 0.01 * w.detach()), optimizer.step()),
    "halved before": lambda w, optimizer: (setattr(w, "grad", w.grad * 0.5), optimizer.step()),
    "cut": lambda w, optimizer: (nn.utils.clip_grad_norm_([w], 0.5), optimizer.step()),
    "forgotten": lambda w, optimizer: (optimizer.step(), optimizer.zero_grad()),
    "zeroed": lambda w, optimizer: (optimizer.step(), optimizer.zero_grad(set_to_none=False)),
    "halved": lambda w, optimizer: (optimizer.step(), setattr(w, "grad", w.grad * 0.5)),
    "changed for the next": lambda w, optimizer: (optimizer.step(), setattr(w, "grad", w.detach() * 0.5)),
}


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("cleared", ["never", "outside", "once", "twice"])
@pytest.mark.parametrize("update", UPDATES)
def test_a_step_that_does_not_clear_what_it_used_adds_to_it(update, cleared, exact):
    ends = []
    for wrap in (lambda f: f, lambda f: tg.compile(f, exact=exact)):
        w = nn.Parameter(tg.tensor([1.0, 2.0]))
        optimizer = tg.optim.SGD([w], lr=0.1)

        def step(x, w=w, optimizer=optimizer):
            (w * x).square().mean().backward()
            UPDATES[update](w, optimizer)

        step, found = wrap(step), []
        for i in range(8):
            if cleared == "outside" or (cleared == "once" and i == 4) or (cleared == "twice" and i in (5, 7)):
                optimizer.zero_grad()
            step(tg.tensor([1.0, 0.3 * i - 1]))
            found.append((w.detach().numpy().copy(), None if w.grad is None else w.grad.numpy().copy()))
        ends.append(found)
    for (one, grad), (other, grad2) in zip(*ends, strict=True):
        assert_close(one, other)
        assert (grad is None) is (grad2 is None)
        if grad is not None:
            assert_close(grad, grad2)


def test_a_result_that_leads_back_to_a_leaf_keeps_its_gradient():
    model = mlp()
    compiled = tg.compile(model)
    for _ in range(4):
        model.zero_grad()
        compiled(X).sum().backward()
        assert all(p.grad is not None for p in model.parameters())
    w = tg.ones(3, requires_grad=True)
    scaled = tg.compile(lambda x: x * w)
    for _ in range(4):
        w.grad = None
        scaled(X).sum().backward()
        assert w.grad.tolist() == X.tolist()


def test_a_compiled_module_is_the_module():
    model = mlp()
    compiled = tg.compile(model)
    assert [name for name, _ in compiled.named_parameters()] == [f"_orig_mod.{n}" for n, _ in model.named_parameters()]
    assert compiled[0] is model[0] if hasattr(compiled, "__getitem__") else compiled._orig_mod[0] is model[0]
    with tg.no_grad():
        results = [compiled(X).item() for _ in range(4)]
    assert results == [model(X).item()] * 4 and len(compiled.compiled.programs) == 1
    compiled.scale, compiled.training = 2.0, False
    assert model.scale == compiled.scale == 2.0 and not model.training and not compiled.training
    assert compiled.train().training and model.training


def test_labels_that_are_left_out_or_out_of_range():
    ends = []
    for wrap in (lambda f: f, tg.compile):
        model, x = mlp(), tg.ones(4, 3)
        model[2] = nn.Linear(4, 2)
        nn.init.constant_(model[2].weight, 0.1)
        optimizer, found = tg.optim.SGD(model.parameters(), lr=0.1), []

        def backward(x, y, model=model):
            nn.functional.cross_entropy(model(x), y).backward()

        def update(optimizer=optimizer):
            optimizer.step()
            optimizer.zero_grad()

        backward, update = wrap(backward), wrap(update)
        for labels in ([0, 1, 1, 0],) * 5 + ([0, -100, 1, 0], [0, 5, 1, 0], [0, 1, 1, 0]):
            try:
                backward(x, tg.tensor(labels))
                update()
            except tg.AutogradError as error:
                found.append(str(error))
            found.append(model[0].weight.detach().numpy().copy())
        ends.append(found)
    for one, other in zip(*ends, strict=True):
        assert one == other if isinstance(one, str) else np.allclose(one, other, rtol=1e-4)


def test_rows_out_of_range_are_refused_as_python_does():
    table, written = nn.Embedding(5, 3), tg.zeros(3)
    for function in (lambda i: table(i).detach() * 2, lambda i: X[i] * 2, lambda i: written.add_(X[i]) * 1):
        compiled = tg.compile(function)
        for index in ([0, 1, 2], [2, 2, 0], [1, 1, 1], [1, 2, 0]):
            written.zero_()
            assert_close(compiled(tg.tensor(index)).numpy(), (written.zero_(), function(tg.tensor(index)))[1].numpy())
        for index in ([0, 0, 5], [-1, 0, 0], [0, -9, 0]):
            said = []
            for each in (function, compiled):
                written.zero_()
                try:
                    said.append(each(tg.tensor(index)).tolist())
                except IndexError as error:
                    said.append(str(error))
                said.append(written.tolist())
            assert said[:2] == said[2:]


UNREAD = {
    "grad": tg.func.grad(lambda a, b: (a * a).sum(), argnums=(0, 1)),
    "jacrev": tg.func.jacrev(lambda a, b: a * a, (0, 1)),
    "jacfwd": tg.func.jacfwd(lambda a, b: a * a, (0, 1)),
    "hessian": tg.func.hessian(lambda a, b: (a * a).sum(), (0, 1)),
    "vjp": lambda a, b: tg.func.vjp(lambda a, b: (a * a).sum(), a, b)[1](tg.tensor(1.0)),
    "jvp": lambda a, b: tg.func.jvp(lambda a, b: b * 1, (a, b), (a, b * 0))[1],
}


@pytest.mark.parametrize("name", UNREAD)
def test_gradients_of_what_is_not_read_are_no_inputs(name) -> None:
    function, arguments = UNREAD[name], (tg.ones(3), tg.ones(2))
    assert len(tg.program(function, *arguments).inputs) == 2
    compiled = tg.compile(function)
    for _ in range(4):
        found, wanted = (flatten(f(*arguments))[0] for f in (compiled, function))
        for one, other in zip(found, wanted, strict=True):
            assert_close(one.numpy(), other.numpy())
            one.zero_()  # each run gives arrays of its own
            one += 7
