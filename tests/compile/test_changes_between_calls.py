"""What a user changes between the calls of a compiled function: each result is that of Python."""

import dataclasses
import functools
import os
import random
import types

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.trees import flatten

X, Y = tg.tensor([1.0, -2.0, 3.0]), tg.tensor([5.0, 6.0, 7.0])
FACTOR = 2.0
CASES = {}


def case(make):
    """``make()`` gives a function of a tensor, and what is done between its calls."""
    CASES[make.__name__] = make
    return make


@case
def callable_object():
    class Scaled:
        scale = 2.0

        def __call__(self, x):
            return x * self.scale

    scaled = Scaled()
    return scaled, [lambda: setattr(scaled, "scale", 3.0), lambda: setattr(Scaled, "scale", 4.0)]


@case
def partial():
    settings = types.SimpleNamespace(scale=2.0)
    return functools.partial(lambda x, k: x * settings.scale * k, k=3.0), [lambda: setattr(settings, "scale", 3.0)]


@case
def method_that_calls_another_and_a_property():
    class Scaled:
        def __init__(self):
            self.scale, self._shift = 2.0, 1.0

        @property
        def shift(self):
            return self._shift

        def scaled(self, x):
            return x * self.scale

        def step(self, x):
            return self.scaled(x) + self.shift

    scaled = Scaled()
    return scaled.step, [lambda: setattr(scaled, "scale", 3.0), lambda: setattr(scaled, "_shift", 3.0)]


@case
def defaults():
    settings = {"scale": 2.0}

    def function(x, settings=settings, shift=1.0, *, factor=2.0):
        return x * settings["scale"] * factor + shift

    return function, [
        lambda: settings.update(scale=3.0), lambda: setattr(function, "__defaults__", ({"scale": 1.0}, 5.0)),
        lambda: function.__kwdefaults__.update(factor=7.0),
    ]  # fmt: skip


@case
def attributes_of_classes():
    class Inner:
        rate = 2.0

    class Settings:
        scale, inner = 2.0, Inner()

        @staticmethod
        def scaled(x):
            return x * Settings.scale

        @classmethod
        def shifted(cls, x):
            return x + cls.inner.rate

    return lambda x: Settings.scaled(x) + Settings.shifted(x), [
        lambda: setattr(Settings, "scale", 3.0), lambda: setattr(Settings.inner, "rate", 3.0),
        lambda: setattr(Settings, "scaled", staticmethod(lambda x: x)),
    ]  # fmt: skip


@case
def files_that_are_imported():
    settings = types.ModuleType("users_settings")
    exec("SCALE, RATE = 2.0, 3.0\ndef scaled(x):\n    return x * SCALE", vars(settings))
    return lambda x: settings.scaled(x) + settings.RATE, [
        lambda: setattr(settings, "SCALE", 4.0), lambda: setattr(settings, "RATE", 5.0),
    ]  # fmt: skip


@case
def lists_and_dicts_of_several_things():
    table, functions = {"scale": 2.0, "function": tg.tanh, "deep": {"power": 2}}, [tg.tanh]

    def function(x):
        for each in functions:
            x = each(x)
        return table["function"](x * table["scale"]) ** table["deep"]["power"]

    return function, [
        lambda: table.update(scale=3.0), lambda: table.update(function=tg.sin), lambda: functions.append(tg.sin),
        lambda: functions.__setitem__(0, tg.cos), lambda: table["deep"].update(power=3),
    ]  # fmt: skip


@case
def tensors_in_lists_and_dicts():
    tensors, named = [tg.ones(3)], {"a": tg.ones(3)}
    before = [*tensors, *named.values()]
    return lambda x: (x * tensors[0] + named["a"], len(before)), [
        lambda: tensors.__setitem__(0, Y.clone()), lambda: named.update(a=Y), lambda: tensors[0].mul_(2),
    ]  # fmt: skip


@case
def long_lists_sets_and_arrays_that_numpy_reads():
    numbers, kinds, array = [1.0] * 1000, {1, 2}, np.ones(3, np.float32)

    def function(x):
        return x * sum(numbers) + len(kinds) + array.sum() + float(array[1]) + tg.tensor(array)

    return function, [
        lambda: numbers.__setitem__(3, 5.0), lambda: kinds.add(7), lambda: array.__setitem__(1, 4.0),
    ]  # fmt: skip


@case
def slots():
    class Settings:
        __slots__ = ("scale",)

    settings = Settings()
    settings.scale = 2.0
    return lambda x: x * settings.scale, [lambda: setattr(settings, "scale", 3.0)]


@case
def dataclass_with_a_method():
    @dataclasses.dataclass
    class Settings:
        scale: float = 2.0

        def rate(self):
            return self.scale * 2

    settings = Settings()
    return lambda x: x * settings.rate(), [lambda: setattr(settings, "scale", 3.0)]


@case
def one_object_in_two_functions():
    settings = types.SimpleNamespace(a=1.0, b=2.0, c=3.0)

    def inner(x):
        return x * settings.b

    @functools.wraps(inner)
    def around(x):
        return inner(x) + getattr(settings, "c")  # noqa: B009

    return lambda x: around(x) * settings.a, [
        lambda: setattr(settings, "b", 5.0), lambda: setattr(settings, "a", 5.0), lambda: setattr(settings, "c", 5.0),
    ]  # fmt: skip


@case
def kinds_of_numbers_and_the_sign_of_zero():
    table, whole, settings = {"n": 2}, tg.tensor([1, 2, 3]), types.SimpleNamespace(zero=0.0)
    return lambda x: (whole * table["n"], tg.copysign(x, tg.tensor(settings.zero))), [
        lambda: table.update(n=2.0), lambda: table.update(n=True), lambda: setattr(settings, "zero", -0.0),
    ]  # fmt: skip


@case
def attributes_of_a_function_and_a_variable_without_a_value():
    def function(x):
        try:
            return x * later * function.scale
        except NameError:
            return x * function.scale

    def set_it():
        nonlocal later
        later = 3.0

    function.scale = 2.0
    if len(CASES) < 0:
        later = 1.0
    return function, [lambda: setattr(function, "scale", 5.0), set_it]


@case
def names_that_are_asked_for_and_come_later():
    settings, kind = types.SimpleNamespace(), type("Kind", (), {})
    item = kind()

    def function(x):
        x = x * getattr(settings, "scale", 1.0) + hasattr(item, "shift")
        try:
            return x * item.factor
        except AttributeError:
            return x

    return function, [
        lambda: setattr(settings, "scale", 3.0), lambda: setattr(kind, "shift", 1),
        lambda: setattr(item, "factor", 5.0),        lambda: delattr(settings, "scale"),
    ]  # fmt: skip


@case
def code_and_the_environment():
    def function(x):
        return x * float(os.environ.get("TINYGRAD_BP_SCALE", 1))

    def other(x):
        return x + float(os.getenv("TINYGRAD_BP_SCALE", "2"))

    os.environ.pop("TINYGRAD_BP_SCALE", None)
    return function, [
        lambda: os.environ.update(TINYGRAD_BP_SCALE="3"), lambda: setattr(function, "__code__", other.__code__),
        lambda: os.environ.pop("TINYGRAD_BP_SCALE"),
    ]  # fmt: skip


class Tagged(tg.Tensor):
    power = 2


@case
def attributes_of_tensors():
    layer, own = nn.Linear(3, 3), tg.ones(3).as_subclass(Tagged)

    def function(x):
        rates = [getattr(p, "rate", 1.0) for p in layer.parameters()]
        return (x * sum(rates) * own) ** own.power

    return function, [
        lambda: setattr(layer.weight, "rate", 2.0), lambda: setattr(own, "power", 3), lambda: delattr(own, "power"),
        lambda: setattr(Tagged, "power", 1), lambda: setattr(Tagged, "power", 2), lambda: delattr(layer.weight, "rate"),
    ]  # fmt: skip


@case
def module_with_settings_of_all_sorts():
    class Net(nn.Module):
        power = 2

        def __init__(self):
            super().__init__()
            self.settings, self.table = types.SimpleNamespace(scale=2.0), {"shift": 1.0}

        def forward(self, x):
            return (x * self.settings.scale + self.table["shift"]) ** self.power * FACTOR

    net = Net()
    return lambda x: net(x), [
        lambda: setattr(net.settings, "scale", 3.0), lambda: net.table.update(shift=3.0),
        lambda: setattr(Net, "power", 3), lambda: globals().update(FACTOR=5.0), lambda: globals().update(FACTOR=2.0),
    ]  # fmt: skip


@case
def hooks():
    layer, handles = nn.Linear(3, 2), []
    return lambda x: layer(x).detach(), [
        lambda: handles.append(layer.register_forward_hook(lambda m, args, out: out * 2)),
        lambda: layer.register_forward_pre_hook(lambda m, args: (args[0] + 1,)), lambda: handles.pop().remove(),
    ]  # fmt: skip


@case
def modules_in_lists():
    layers, held, chain = [nn.Linear(3, 3)], nn.ModuleList([nn.Linear(3, 3)]), nn.Sequential(nn.Linear(3, 3))

    def function(x):
        for layer in (*layers, *held, chain):
            x = layer(x)
        return x.detach()

    return function, [
        lambda: layers.append(nn.Linear(3, 3)), lambda: held.append(nn.Linear(3, 3)), lambda: chain.append(nn.Tanh()),
        lambda: held.__setitem__(0, nn.Linear(3, 3)), lambda: setattr(layers[0], "weight", layers[1].weight),
    ]  # fmt: skip


@case
def state_loaded_and_converted():
    layer = nn.Linear(3, 2)
    layer.register_buffer("shift", tg.ones(2))
    state, before = {k: v.detach() * 3 for k, v in layer.state_dict().items()}, [*layer.parameters(), layer.shift]
    return lambda x: ((layer(x.to(layer.weight.dtype)) + layer.shift).detach(), len(before)), [
        lambda: layer.load_state_dict(state), lambda: layer.load_state_dict(state, assign=True),
        lambda: setattr(layer, "shift", tg.full((2,), 5.0)), layer.double, layer.float,
    ]  # fmt: skip


@case
def compiled_and_transformed_functions():
    settings = types.SimpleNamespace(scale=2.0)
    inner = tg.compile(lambda x: x * settings.scale)
    slope = tg.func.grad(lambda x: (x * x * settings.scale).sum())
    return lambda x: inner(x) + slope(x), [lambda: setattr(settings, "scale", 3.0)]


def results(name, wrap):
    tg.manual_seed(0)
    function, changes = CASES[name]()
    function, found = wrap(function), []
    for change in (lambda: None, *changes):
        change()
        found += [flatten(function(X))[0] for _ in range(5)]
    return found


@pytest.mark.parametrize("backend", ["numpy", "loop"])
@pytest.mark.parametrize("name", CASES)
def test_what_changes_between_calls(name, backend):
    wrapped = {"numpy": lambda f: tg.compile(f, exact=True), "loop": lambda f: looped(tg.compile(f, exact=True))}
    for call, (one, other) in enumerate(zip(results(name, lambda f: f), results(name, wrapped[backend]))):
        for a, b in zip(one, other, strict=True):
            a, b = np.asarray(a), np.asarray(b)
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes(), f"call {call}: {a}, compiled {b}"


def looped(compiled):
    """One call, by a loop of one round."""

    def call(x):
        leaves, back = flatten(compiled.loop(x, n=1))
        return back([leaf[0] if isinstance(leaf, tg.Tensor) else leaf for leaf in leaves])

    return call


def test_attributes_of_tensors_that_are_given():
    compiled, x, y = tg.compile(lambda x: x * getattr(x, "scale", 1.0)), X.clone(), X.as_subclass(Tagged)
    for scale in (None, 2.0, 3.0, None, 2.0):
        for tensor in (x, y, X):
            vars(tensor).clear() if scale is None or tensor is X else setattr(tensor, "scale", scale)
            for _ in range(3):
                assert compiled(tensor).tolist() == compiled.function(tensor).tolist()


@pytest.mark.parametrize("source", ["random", "np.random", "np.random.default_rng"])
def test_numbers_that_python_draws(source):
    generator = np.random.default_rng(0)
    draws = {
        "random": lambda: random.choice([1, 2]), "np.random": lambda: np.random.choice([1, 2]),
        "np.random.default_rng": lambda: generator.choice([1, 2]),
    }  # fmt: skip
    draw, found = draws[source], []
    with pytest.warns(UserWarning, match="Python runs"):
        compiled = tg.compile(lambda x: x * int(draw()))
        for _ in range(40):
            found.append(compiled(X)[0].item())
    assert set(found[20:]) == {1.0, 2.0}


def test_an_iterator_goes_on():
    numbers = iter(range(100))
    compiled = tg.compile(lambda x: x * (next(numbers) // 6))
    with pytest.warns(UserWarning, match="Python runs"):
        assert [compiled(X)[0].item() for _ in range(40)] == [i // 6 for i in range(40)]
