"""What a program could silently freeze: numbers, attributes and lists of Python are seen."""

from collections import deque

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X, same_as_python
from tinygrad_bp import nn
from tinygrad_bp.autograd.trees import flatten

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


GLOBAL_SCALE = 2.0


def doubled(x):
    return x * GLOBAL_SCALE


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
    optimizer.load_state_dict({**optimizer.state_dict(), "state": {}})  # other dicts are its groups from here on
    for rate in (0.125, 0.125, 0.125, 2.0):
        optimizer.param_groups[0]["lr"] = rate
        assert compiled[0](X)[1] == rate


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


def test_what_is_no_tensor_is_returned_as_it_is():
    things = [float("nan"), -np.inf, np.float32(2), np.bool_(True), Settings, nn.Tanh(), tg.float32, 1j, b"a", 1 == 1]
    compiled = tg.compile(lambda x: (*things, x * 2))
    for _ in range(5):
        assert all(one is other for one, other in zip(compiled(X), things))


def numpys(change):
    """A function that multiplies by an array, and what NumPy writes into that before or after."""
    array = np.zeros(3, np.float32)

    def function(x):
        array[0] = change[0](array[0])
        y = x * array
        array[0] = change[1](array[0])
        return y

    return function


@pytest.mark.filterwarnings("ignore:compile. Python runs")
@pytest.mark.parametrize("before", [lambda a: a, lambda a: a + 1, lambda a: 3.0])
@pytest.mark.parametrize("after", [lambda a: a, lambda a: a + 1, lambda a: 0.0, lambda a: 5.0])
def test_an_array_that_numpy_writes_in_every_call(before, after):
    wanted, compiled = numpys((before, after)), tg.compile(numpys((before, after)))
    for _ in range(6):
        np.testing.assert_array_equal(wanted(X).numpy(), compiled(X).numpy())
