"""What a program could silently freeze: each is seen, and the next run is right, or is refused with what to write."""

import copy
import shutil
import sys
import threading
import warnings
from collections import deque

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.trees import flatten
from tinygrad_bp.program import CaptureError

pytestmark = pytest.mark.filterwarnings("ignore:the backend of C does not have")

GLOBAL_SCALE = 2.0


@pytest.fixture(autouse=True, params=["numpy", "c"])
def backend(request, monkeypatch, tmp_path):
    """Every test, with every backend; the one of C where there is a compiler."""
    if request.param == "c" and not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        pytest.skip("no C compiler")
    compiler = tg.compile

    def chosen(model=None, **settings):
        return compiler(model, **{"backend": request.param, **settings})

    monkeypatch.setattr(tg, "compile", chosen)


def doubled(x):
    return x * GLOBAL_SCALE


def runs(function, *calls):
    """What a function gives for each tuple of arguments, as arrays."""
    return [np.array(function(*args).detach().numpy()) for args in calls]


def same_as_python(function, *calls):
    """The compiled function, after it gave the same as Python in every call."""
    compiled = tg.compile(function, exact=True)
    for args, one, other in zip(calls, runs(function, *calls), runs(compiled, *calls)):
        np.testing.assert_array_equal(one, other, err_msg=str(args))
    return compiled


X = tg.tensor([1.0, -2.0, 3.0])


def assert_close(one, other):
    """Equal but for rounding: the backend of C takes sums in an order of its own."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------------- reading a value


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(), lambda x: x.tolist(), lambda x: x.numpy(), lambda x: np.asarray(x),
        lambda x: float(x.sum()), lambda x: int(x.sum()), lambda x: bool(x.sum() > 0), lambda x: f"{x.sum():.2f}",
        lambda x: 1.0 in x, lambda x: complex(x.sum()), lambda x: [1, 2, 3][(x.sum() * 0).long()], lambda x: x.item(0),
        lambda x: np.from_dlpack(x), lambda x: x.storage().tolist(),
        lambda x: "yes" if x.sum() > 0 else "no", lambda x: x.equal(x), lambda x: tg.allclose(x, x),
        lambda x: np.allclose(x, x), lambda x: [t for t in (x > 0) if t],
    ],
)  # fmt: skip
def test_reading_a_value_is_refused(read):
    x = tg.tensor([1.0, -2.0, 3.0])

    def function(x):
        y = x * 2
        read(y)
        return y

    with pytest.raises(CaptureError, match="while a program is written down"):
        tg.compile(function)(x)
    assert function(x).shape == (3,)


def test_what_was_written_before_the_refusal_is_taken_back():
    w = tg.ones(2)

    def function(x):
        w.add_(1)
        return x * w.sum().item()

    with pytest.raises(CaptureError, match=r"item\(\) of a tensor"):
        tg.compile(function)(X)
    assert w.tolist() == [1.0, 1.0]


# ---------------------------------------------------------------------- what Python holds


def test_a_global_number_that_changes_is_seen(monkeypatch):
    compiled = tg.compile(doubled)
    assert [compiled(X).tolist() for _ in range(4)] == [[2.0, -4.0, 6.0]] * 4
    monkeypatch.setitem(globals(), "GLOBAL_SCALE", 5.0)
    assert [compiled(X).tolist() for _ in range(4)] == [[5.0, -10.0, 15.0]] * 4
    assert len(compiled.programs) == 2
    monkeypatch.setitem(globals(), "GLOBAL_SCALE", 2.0)
    assert compiled(X).tolist() == [2.0, -4.0, 6.0] and len(compiled.programs) == 2


def test_a_number_of_a_function_around_and_of_a_function_called():
    scale = 2.0

    def inner(x):
        return x * scale

    def outer(x):
        return inner(x) + 1

    compiled = tg.compile(outer)
    assert [compiled(X).tolist() for _ in range(3)][-1] == [3.0, -3.0, 7.0]
    scale = 3.0
    assert [compiled(X).tolist() for _ in range(3)] == [[4.0, -5.0, 10.0]] * 3


class Settings:
    scale = 2.0

    def __init__(self):
        self.shift = 1.0


def test_attributes_lists_and_dicts_of_settings():
    settings, table, weights = Settings(), {"power": 2}, [1.0, 2.0]

    def function(x):
        return settings.scale * x ** table["power"] + settings.shift * weights[1]

    compiled = tg.compile(function)
    for change in (
        lambda: None, lambda: setattr(settings, "shift", 5.0), lambda: table.update(power=3),
        lambda: weights.__setitem__(1, 7.0), lambda: setattr(settings, "scale", 0.5),
    ):  # fmt: skip
        change()
        for _ in range(3):
            np.testing.assert_array_equal(compiled(X).numpy(), function(X).numpy())


def test_names_that_are_no_more_end_as_in_python(monkeypatch):
    settings, scale = Settings(), 2.0

    def shift(x, by=1.0):
        return x + by

    def of_an_attribute(x):
        return x * settings.shift

    def of_a_variable(x):
        return x * scale  # noqa: F821  (deleted below)

    def of_a_default(x):
        return shift(x)

    compiled = [tg.compile(function) for function in (of_an_attribute, of_a_variable, doubled, of_a_default)]
    for each in compiled:
        assert len({str(each(X)) for _ in range(4)}) == 1 and len(each.programs) == 1
    del settings.shift, scale, shift.__defaults__
    monkeypatch.delitem(globals(), "GLOBAL_SCALE")
    for each, error in zip(compiled, (AttributeError, NameError, NameError, TypeError), strict=True):
        with pytest.raises(error):
            each(X)


def test_a_method_sees_the_attributes_of_its_object():
    class Trainer:
        def __init__(self):
            self.scale = 2.0

        def step(self, x):
            return x * self.scale

    trainer = Trainer()
    step = tg.compile(trainer.step)
    assert [step(X)[0].item() for _ in range(3)] == [2.0] * 3
    trainer.scale = 4.0
    assert [step(X)[0].item() for _ in range(3)] == [4.0] * 3


def test_a_number_that_changes_in_every_call_is_an_input():
    compiled = same_as_python(lambda x, rate: x * rate, *[(X, 0.1 * i) for i in range(1, 9)])
    assert len(compiled.programs) == 1 and "rate" in str(compiled.programs[0])


@pytest.mark.parametrize("whatever", [
    lambda x, b: (x * b, b - x.sum(), (1 - b) * 3 * x.sum(), x / 2 * b, tg.where(x > b, x, b), {"b": b}),
    lambda x, b: (tg.add(x, x, alpha=-b), tg.addcmul(x, x, x, value=b), (x / 2).masked_fill(x > 0, b)),
    lambda x, b: (x / 2).sum().mul_(b),
    lambda x, b: tg.tensor(b) * x.sum(), lambda x, b: tg.as_tensor(b) * x.sum(), lambda x, b: (x, b * 2),
    lambda x, b: nn.functional.leaky_relu(x.double(), b), lambda x, b: (x.abs() + 1) ** b, lambda x, b: x * 0.9**b,
])  # fmt: skip
def test_a_number_that_changes_does_what_one_of_python_does(whatever):
    compiled = tg.compile(whatever, exact=True)
    for dtype in (tg.int64, tg.float16, tg.float32, tg.float64):
        for i in range(4):
            one, other = (flatten(f(X.to(dtype), 0.1 * i + 0.3))[0] for f in (whatever, compiled))
            assert [type(item) for item in one] == [type(item) for item in other]
            for a, b in zip(map(np.asarray, one), map(np.asarray, other), strict=True):
                assert a.dtype == b.dtype and a.tobytes() == b.tobytes(), (dtype, a, b)


def test_a_number_that_the_function_puts_into_an_optimizer_is_one_of_python():
    w = nn.Parameter(tg.ones(3))
    optimizer = tg.optim.SGD([w], lr=1.0)

    def step(x, rate):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()

    compiled, expected = tg.compile(step), np.ones(3, np.float32)
    for rate in (0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.5, 0.5, 0.25):
        compiled(X, rate)
        expected = expected - np.float32(rate) * X.numpy()
        assert optimizer.param_groups[0]["lr"] == rate and type(optimizer.param_groups[0]["lr"]) is float
        np.testing.assert_array_equal(w.detach().numpy(), expected)


@pytest.mark.parametrize("put", [
    lambda notes, y: setattr(notes["holder"], "shift", y), lambda notes, y: notes.update(last=y),
    lambda notes, y: setattr(notes["layer"], "seen", y), lambda notes, y: notes["recent"].append(y),
    lambda notes, y: notes["all"].append(y),
])  # fmt: skip
def test_what_each_run_changes_for_the_next_is_changed(put):
    def read(notes):
        return [notes["holder"].shift, notes.get("last"), notes["layer"].seen, *notes["recent"], *notes["all"]]

    one, other = (
        {
            "holder": Settings(),
            "layer": nn.Linear(1, 1),
            "recent": deque(maxlen=2),
            "f": lambda x: x * 2,
            "put": put,
            "all": [],
        }
        for _ in range(2)
    )
    for notes in (one, other):
        notes["layer"].seen = 0

    def of(notes):
        def function(x):
            y = notes["f"](x)
            notes["put"](notes, y)
            return y

        return function

    function, compiled = of(one), tg.compile(of(other))
    with pytest.warns(UserWarning, match=r"each run changes what the next one begins with, .*Return it, or write"):
        for i in range(9):
            assert function(X * i).tolist() == compiled(X * i).tolist()
            assert str(read(one)) == str(read(other))


def test_rates_that_a_function_returns_are_those_of_now():
    w = nn.Parameter(tg.ones(3))
    optimizer = tg.optim.SGD([w], lr=1.0)
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 4, 0.5)
    compiled = [tg.compile(f) for f in (
        lambda x: (x * 2, optimizer.param_groups[0]["lr"]), lambda x: (x * 2, schedule.get_last_lr()[0]),
    )]  # fmt: skip
    for i in range(12):
        assert [f(X)[1] for f in compiled] == [0.5 ** (i // 4)] * 2
        optimizer.step()
        schedule.step()
    assert [len(f.programs) for f in compiled] == [3, 3]


def test_a_number_that_the_function_reads_stays_one():
    def function(x, rate):
        return x * rate if rate > 0.25 else x

    compiled = tg.compile(function)
    for rate in (0.1, 0.2, 0.3, 0.1, 0.1, 0.3, 0.3, 0.3):
        np.testing.assert_array_equal(compiled(X, rate).numpy(), function(X, rate).numpy())


def test_whole_numbers_texts_and_switches_among_the_arguments():
    def function(x, power, kind="sum", flip=False):
        y = x**power
        y = -y if flip else y
        return y.sum() if kind == "sum" else y.mean()

    compiled = tg.compile(function)
    for _ in range(3):
        for args in ((X, 2), (X, 3), (X, 2, "mean"), (X, 2, "sum", True)):
            np.testing.assert_array_equal(compiled(*args).numpy(), function(*args).numpy())
    assert len(compiled.programs) == 4


def test_a_counter_is_found_out():
    count = 0

    def function(x):
        nonlocal count
        count += 1
        return x * count

    compiled = tg.compile(function)
    with pytest.warns(UserWarning, match=r"Python runs .*function from now on.*no two runs are the same program"):
        got = [compiled(X)[0].item() for _ in range(9)]
    assert got == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0] and compiled.programs == []


def test_numbers_drawn_by_numpy_are_found_out():
    rng = np.random.default_rng(0)

    def function(x):
        return x + rng.normal(size=3)

    compiled = tg.compile(function)
    with pytest.warns(UserWarning, match="no two runs are the same program"):
        got = [tuple(compiled(X).tolist()) for _ in range(9)]
    assert len(set(got)) == 9


# ---------------------------------------------------------------------- tensors and arrays from outside


def test_tensors_and_arrays_from_outside_are_read_in_every_run():
    w, a = tg.tensor([1.0, 1.0, 1.0]), np.ones(3, np.float32)
    compiled = tg.compile(lambda x: x * w + a)
    for _ in range(4):
        assert compiled(X).tolist() == [2.0, -1.0, 4.0]
    w.mul_(2)
    a += 1
    assert compiled(X).tolist() == [4.0, -2.0, 8.0] and len(compiled.programs) == 1
    w.data = tg.zeros(3)
    assert compiled(X).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    "transformed",
    [
        lambda f, w: tg.func.grad(f)(w), lambda f, w: tg.func.hessian(f)(w), lambda f, w: tg.func.jacrev(f)(w),
        lambda f, w: tg.func.jacfwd(f)(w), lambda f, w: tg.func.vjp(f, w)[1](tg.tensor(1.0))[0],
        lambda f, w: tg.func.jvp(f, (w,), (tg.ones(3),))[1],
    ],
)  # fmt: skip
def test_what_a_transform_differentiates_by_may_come_from_outside(transformed):
    w = tg.tensor([1.0, 2.0, 3.0])

    def function(x):
        slopes = transformed(lambda w: (w * w * w * x).sum(), w)
        w.add_(1)
        return slopes

    compiled = tg.compile(function)
    found = [compiled(X).tolist() for _ in range(4)]
    w.copy_(tg.tensor([1.0, 2.0, 3.0]))
    assert found == [function(X).tolist() for _ in range(4)] and len(compiled.programs) == 1


def test_a_tensor_that_takes_another_ones_place_is_seen():
    w = tg.ones(3)
    compiled = tg.compile(lambda x: x * w)
    [compiled(X) for _ in range(3)]
    w = tg.full((3,), 5.0)
    assert compiled(X).tolist() == [5.0, -10.0, 15.0]


def test_a_tensor_made_in_the_function_starts_anew():
    def function(x):
        total = tg.zeros(3)
        for _ in range(3):
            total += x
        total[0] = 7.0
        return total

    same_as_python(function, *[(X,)] * 5)


def test_an_argument_written_in_place():
    def function(x):
        x += 1
        x[0] *= 2
        return x

    one, other = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.0])
    compiled = tg.compile(function)
    for _ in range(4):
        returned = compiled(other)
        np.testing.assert_array_equal(function(one).numpy(), other.numpy())
        assert returned is other


def test_a_write_through_a_view_reaches_its_base():
    base = tg.zeros(2, 3)
    row = base[1]

    def function(x):
        row.add_(x)
        base[0].mul_(2)
        return base.sum() + row.sum()

    twin, compiled = tg.zeros(2, 3), tg.compile(function)
    for _ in range(5):
        got = compiled(X)
        twin[1] += X
        assert got.item() == (twin.sum() + twin[1].sum()).item()
        np.testing.assert_array_equal(base.numpy(), twin.numpy())


def test_outputs_are_fresh():
    compiled = tg.compile(lambda x: (x * 2, x + 1))
    results = [compiled(X) for _ in range(5)]
    results[-1][0].fill_(0)
    assert [r[0].tolist() for r in results[:-1]] == [[2.0, -4.0, 6.0]] * 4
    assert not np.may_share_memory(results[-2][0].numpy(), compiled(X)[0].numpy())


def test_a_returned_input_is_that_tensor():
    w = tg.ones(2)
    compiled = tg.compile(lambda x: {"w": w, "x": x, "number": 3, "view": x[0], "text": "a"})
    for _ in range(4):
        found = compiled(X)
        assert found["w"] is w and found["x"] is X and found["number"] == 3 and found["view"].item() == 1.0


def test_what_is_no_tensor_is_returned_as_it_is():
    things = [float("nan"), -np.inf, np.float32(2), np.bool_(True), Settings, nn.Tanh(), tg.float32, 1j, b"a", 1 == 1]
    compiled = tg.compile(lambda x: (*things, x * 2))
    for _ in range(5):
        assert all(one is other for one, other in zip(compiled(X), things))


def test_arguments_may_have_any_name():
    for name in (
        "exp",
        "add",
        "array",
        "asarray",
        "np",
        "look",
        "run",
        "same_b",
        "before_b",
        "op_sum",
        "given_0",
        "float",
    ):
        space = {}
        exec(f"def f({name}, b):\n    b += {name}.exp()\n    return b * {name}, {name}.std(), 1.5", space)
        same = tg.compile(space["f"], exact=True)
        for _ in range(4):
            one, other = tg.ones(3), tg.ones(3)
            for a, b in zip(same(X, one), space["f"](X, other), strict=True):
                assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
            assert one.tolist() == other.tolist()


def test_a_returned_view_of_an_input_shares_no_memory_or_is_refused():
    x = tg.tensor([1.0, 2.0, 3.0])
    compiled = tg.compile(lambda x: x[:2])
    for _ in range(4):
        view = compiled(x)
    view.fill_(9.0)
    assert x.tolist() in ([1.0, 2.0, 3.0], [9.0, 9.0, 3.0])


# ---------------------------------------------------------------------- kinds of arguments


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64, tg.int8, tg.int64, tg.bool, tg.complex64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (0, 3)])
def test_every_dtype_and_shape(dtype, shape):
    compiled = tg.compile(lambda x: (x + x, x.sum(), x.reshape(-1) * 2.0, x == x), exact=True)
    for round in range(4):
        x = (tg.ones(shape) * (round + 1)).to(dtype)
        for one, other in zip(compiled.function(x), compiled(x), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
            assert one.dtype == other.dtype and one.shape == other.shape


def test_another_shape_dtype_or_nest_has_a_program_of_its_own():
    def function(x):
        return x["a"] * 2 + (x["b"][0] if isinstance(x["b"], list) else x["b"])

    compiled = tg.compile(function)
    cases = [{"a": X, "b": X}, {"a": X, "b": [X]}, {"a": X.double(), "b": X.double()}, {"a": X[:2], "b": X[:2]}]
    for _ in range(3):
        for case in cases:
            np.testing.assert_array_equal(compiled(case).numpy(), function(case).numpy())
    assert len(compiled.programs) == 4


def test_columns_steps_and_repetitions_in_memory():
    base = tg.tensor(np.arange(24.0).reshape(4, 6))
    kinds = [base.T, base[::2], base[:, ::-1] if False else base.flip(1), base[:1].expand(4, 6), base[1:, 2:]]
    compiled = tg.compile(lambda x: (x * 2).sum(0) + x.mean(), exact=True)
    for x in kinds * 4:
        np.testing.assert_array_equal(compiled(x).numpy(), compiled.function(x).numpy())


def test_the_default_dtype_and_the_grad_mode_are_seen():
    compiled = tg.compile(lambda x: tg.ones(2) * x)
    whole = tg.tensor(3)
    try:
        for dtype in (tg.float32, tg.float64) * 3:
            tg.set_default_dtype(dtype)
            assert compiled(whole).dtype == dtype
    finally:
        tg.set_default_dtype(tg.float32)
    with tg.no_grad():
        assert compiled(whole).tolist() == [3.0, 3.0]


def test_arrays_and_lists_as_arguments():
    calls = [(X, np.full(3, i, np.float32)) for i in range(5)]
    same_as_python(lambda x, a: x * a, *calls)
    same_as_python(lambda x, a: x * tg.from_numpy(a) + tg.as_tensor(a) * tg.tensor(a), *calls)


# ---------------------------------------------------------------------- modules and gradients


def mlp():
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def trained(wrap, rounds=6, between=lambda model, i: None):
    """The parameters after some steps."""
    model = mlp()

    def step(x):
        model.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        with tg.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        return loss

    compiled, losses = wrap(step), []
    for i in range(rounds):
        between(model, i)
        losses.append(compiled(X).item())
    return losses, [p.detach().numpy().copy() for p in model.parameters()], compiled


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


# ---------------------------------------------------------------------- loops


def test_a_loop_of_one_batch():
    one = trained(lambda f: f, 9)[0]
    model = mlp()

    def step(x):
        model.zero_grad()
        loss = model(x).square().sum()
        loss.backward()
        with tg.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        return loss

    other = tg.compile(step, exact=True)
    assert other.loop(X, n=5).tolist() == one[:5] and other.loop(X, n=4).tolist() == one[5:]


def test_a_loop_over_batches_and_what_it_returns():
    batches = tg.tensor(np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32))
    total = tg.zeros(3)

    def function(x, factor):
        total.add_(x.sum(0))
        return {"sum": total * factor, "count": 2, "pair": (x.mean(), x)}

    expected = [function(x, 3.0) for x in batches]
    total.zero_()
    compiled = tg.compile(function, exact=True)
    for start in (0, 4):
        found = compiled.loop(batches[start : start + 4], 3.0)
        wanted = expected[start : start + 4]
        np.testing.assert_array_equal(found["sum"].numpy(), np.stack([w["sum"].numpy() for w in wanted]))
        np.testing.assert_array_equal(found["pair"][0].numpy(), np.stack([w["pair"][0].numpy() for w in wanted]))
        assert found["count"] == 2


def test_a_loop_over_numbers():
    compiled, numbers = tg.compile(lambda x: (x * 3, x.exp(), 5)), tg.arange(8.0)
    for _ in range(2):
        found = compiled.loop(numbers)
        assert_close(found[0].numpy(), numbers.numpy() * 3)
        assert_close(found[1].numpy(), np.exp(numbers.numpy()))


def test_a_loop_returns_what_its_calls_return():
    w, count = tg.zeros(2), 0

    def function(x):
        nonlocal count
        count += 1
        return w.add_(x), x, count, "text"

    counted, written = tg.compile(function), tg.compile(lambda x: {"w": w.add_(x), "x": x})
    with pytest.warns(UserWarning, match="no two runs are the same program"):
        sums, rows, counts, text = counted.loop(tg.ones(7, 2))
    assert counts == [1, 2, 3, 4, 5, 6, 7] and text == "text" and rows.tolist() == tg.ones(7, 2).tolist()
    assert sums.tolist() == [[7.0, 7.0]] * 7  # each call returns w itself
    for end in (10.0, 13.0):
        found = written.loop(tg.ones(3, 2))
        assert found["w"].tolist() == [[end, end]] * 3 and found["x"].tolist() == tg.ones(3, 2).tolist()


def test_loops_that_say_nothing_of_how_often():
    compiled = tg.compile(lambda x, y: x + y)
    for args in ((tg.ones(3), tg.ones(4)), (tg.tensor(1.0), tg.tensor(2.0)), (1, 2)):
        with pytest.raises(tg.AutogradError, match="loop: give n, or arguments with one first dimension"):
            compiled.loop(*args)


# ---------------------------------------------------------------------- others at work


def test_someone_who_watches_sees_every_op():
    compiled = tg.compile(lambda x: tg.log(x))
    [compiled(X.abs()) for _ in range(3)]
    with tg.autograd.detect_anomaly(), pytest.raises(tg.autograd.anomaly.AnomalyError, match="log made the first"):
        compiled(tg.tensor([0.0]))


def test_compiled_functions_call_each_other():
    inner = tg.compile(lambda x: x * 2)
    outer = tg.compile(lambda x: inner(x) + 1)
    for _ in range(4):
        assert outer(X).tolist() == [3.0, -3.0, 7.0]
        assert inner(X).tolist() == [2.0, -4.0, 6.0]


def test_threads():
    layer = nn.Linear(50, 2)
    with tg.no_grad():
        expected = [layer(tg.full((50,), float(i))).tolist() for i in range(6)]
    interval, wrong, found = sys.getswitchinterval(), [], []

    def work(i, compiled):
        x = tg.full((50,), float(i))
        for _ in range(50):
            with tg.no_grad():
                if not np.allclose(compiled(x).tolist(), expected[i], rtol=1e-5):
                    wrong.append(i)

    try:
        sys.setswitchinterval(1e-6)
        for _ in range(3):
            compiled = tg.compile(lambda x: layer(x))
            threads = [threading.Thread(target=work, args=(i, compiled)) for i in range(6)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            found.append(len(compiled.programs))
    finally:
        sys.setswitchinterval(interval)
    assert wrong == [] and found == [1] * 3


def test_a_write_by_a_program_is_counted():
    w = tg.ones(3)

    def update(x):
        w.mul_(2)
        return x * 1

    compiled = tg.compile(update)
    [compiled(X) for _ in range(3)]
    x = tg.ones(3, requires_grad=True)
    y = x * w  # keeps w
    compiled(X)
    with pytest.raises(tg.AutogradError, match=r"written|modified|changed"):
        y.sum().backward()


def test_errors_of_the_function_are_its_own_and_lose_nothing():
    w = tg.ones(3)

    def function(x):
        w.add_(1)
        return x @ tg.ones(4)

    with pytest.raises(tg.AutogradError, match=r"matmul|fit"):
        tg.compile(function)(X)
    assert w.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("given", [3, "text", X])
def test_what_cannot_be_compiled(given):
    with pytest.raises(tg.AutogradError, match="compile: give a function or a module, got"):
        tg.compile(given)


def test_an_unknown_backend_is_refused():
    with pytest.raises(tg.AutogradError, match=r"backend is 'numpy'.*got 'fortran'"):
        tg.compile(doubled, backend="fortran")


def test_nothing_is_said_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = tg.compile(lambda x: x * 2)
        [compiled(tg.ones(n)) for n in (1, 2, 3) for _ in range(3)]
    assert len(compiled.programs) == 3


def test_what_runs_can_be_read(backend, request):
    compiled = tg.compile(lambda x: (x * 2).tanh())
    with pytest.raises(tg.AutogradError, match="there is no program yet"):
        _ = compiled.source
    [compiled(X) for _ in range(4)]
    assert compiled.source.count("np.tanh(") == 1 and "import numpy as np" in compiled.source
    in_c = "[c]" in request.node.name
    assert ("#include <math.h>" in compiled.c_source) == in_c and ("int tg_step(void)" in compiled.c_source) == in_c


# ---------------------------------------------------------------------- gradients of what is not read


UNREAD = {
    "grad": tg.func.grad(lambda a, b: (a * a).sum(), argnums=(0, 1)),
    "jacrev": tg.func.jacrev(lambda a, b: a * a, (0, 1)),
    "jacfwd": tg.func.jacfwd(lambda a, b: a * a, (0, 1)),
    "hessian": tg.func.hessian(lambda a, b: (a * a).sum(), (0, 1)),
    "vjp": lambda a, b: tg.func.vjp(lambda a, b: (a * a).sum(), a, b)[1](tg.tensor(1.0)),
    "jvp": lambda a, b: tg.func.jvp(lambda a, b: b * 1, (a, b), (a, b * 0))[1],
}


@pytest.mark.parametrize("name", UNREAD)
def test_gradients_of_what_is_not_read_are_no_inputs(name, backend) -> None:
    function, arguments = UNREAD[name], (tg.ones(3), tg.ones(2))
    assert len(tg.program(function, *arguments).inputs) == 2
    compiled = tg.compile(function)
    for _ in range(4):
        found, wanted = (flatten(f(*arguments))[0] for f in (compiled, function))
        for one, other in zip(found, wanted, strict=True):
            assert_close(one.numpy(), other.numpy())
            one.zero_()  # each run gives arrays of its own
            one += 7


def test_a_function_learns_that_it_is_written_down():
    seen = []

    @tg.compile
    def double(x):
        seen.append(tg.compiler.is_compiling())
        return 2 * x

    for _ in range(4):
        double(tg.ones(2))
    assert seen and all(seen) and not tg.compiler.is_compiling()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0], tg.Tensor.clone])
def test_a_copy_has_the_value_of_each_run(copied):
    same_as_python(lambda x: copied(x) * 2, *[(tg.ones(3) * k,) for k in range(1, 6)])


def test_a_copy_of_a_module_has_the_parameters_of_each_run():
    layer = nn.Linear(2, 1)

    def step(x):
        with tg.no_grad():
            layer.weight += 1
        return copy.deepcopy(layer)(x).sum().detach()

    seen = [compiled_or_not(tg.tensor([[1.0, 2.0]])).item() for compiled_or_not in [tg.compile(step)] * 5]
    assert np.allclose(np.diff(seen), 3)
