"""What a user does to a compiled function between its calls: each result is that of Python."""

import copy
import dataclasses
import functools
import gc
import os
import random
import types
import weakref

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


# ---------------------------------------------------------------------- arguments


def test_one_tensor_given_twice_is_two_arguments_the_next_time():
    compiled = tg.compile(lambda a, b: a * 2 + b)
    for a, b in [(X, X)] * 5 + [(X, Y), (Y, X), (X, X.view(3)), (X, X), (X, Y)] * 3:
        assert compiled(a, b).tolist() == (a * 2 + b).tolist()


def test_a_tensor_that_is_a_global_name_as_well():
    w = tg.ones(3)
    compiled = tg.compile(lambda x: x * 2 + w)
    for x in [w] * 5 + [X, w] * 4:
        assert compiled(x).tolist() == (x * 2 + w).tolist()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
def test_arguments_that_share_memory_where_the_function_writes(backend):
    def function(a, b):
        a.add_(1)
        return b * 2

    compiled, memory, twin = tg.compile(function, backend=backend), tg.ones(5), tg.ones(5)
    for _ in range(5):
        compiled(tg.ones(3), tg.ones(3))
    for kind in [0, 1, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1, 2]:
        parts = [[(m, m), (m[:3], m[1:4]), (m[:2], m[3:])][kind] for m in (memory, twin)]
        assert compiled(*parts[0]).tolist() == function(*parts[1]).tolist()
        assert memory.tolist() == twin.tolist()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy")
def test_what_a_function_writes_is_given_to_it(backend):
    w, twin = tg.ones(3), tg.ones(3)
    compiled = tg.compile(lambda x: (w.add_(1), x * 2)[1], backend=backend)
    for given in [0, 0, 0, 0, 1, 2, 1, 1, 1, 2, 2, 2, 0, 1, 0, 2]:
        one, other = [(X, t, t.view(3, 1)[:, 0])[given] for t in (w, twin)]
        twin.add_(1)
        assert compiled(one).tolist() == (other * 2).tolist() and w.tolist() == twin.tolist()


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.filterwarnings("ignore:.*the program runs by NumPy", "ignore:compile. Python runs")
def test_a_loop_over_what_the_function_writes(backend):
    w, twin = tg.ones(6, 3), tg.ones(6, 3)
    compiled = tg.compile(lambda x: (w.add_(x.sum()), x * 1)[1], backend=backend)
    for _ in range(4):
        compiled(tg.zeros(3))
    rows = []
    for row in twin:
        twin.add_(row.sum())
        rows.append(row.tolist())
    assert compiled.loop(w).tolist() == rows and w.tolist() == twin.tolist()


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, lambda i: types.SimpleNamespace(value=i)])
def test_numbers_of_numpy_and_new_objects(kind):
    compiled, function = [wrap(lambda x, r: x * getattr(r, "value", r)) for wrap in (tg.compile, lambda f: f)]
    for i in (1, 1, 1, 2, 2, 2, 3, 1, 1):
        assert compiled(X, kind(i)).tolist() == function(X, kind(i)).tolist()


def test_the_sign_of_zero_among_the_arguments():
    compiled = tg.compile(lambda x, r: x / r)
    for r in (0.0, 0.0, 0.0, 0.0, -0.0, -0.0, -0.0, 0.0):
        with np.errstate(divide="ignore"):
            assert compiled(X, r).tolist() == (X / r).tolist()


def test_an_object_with_tensors_and_settings():
    batch = types.SimpleNamespace(x=X, scale=2.0, tags={1, 2})
    compiled = tg.compile(lambda batch: batch.x * batch.scale + len(batch.tags))
    for change in (lambda: None, lambda: setattr(batch, "x", Y), lambda: setattr(batch, "scale", 3.0),
                   lambda: batch.tags.add(3)):  # fmt: skip
        change()
        for _ in range(5):
            assert compiled(batch).tolist() == compiled.function(batch).tolist()


def test_attributes_of_tensors_that_are_given():
    compiled, x, y = tg.compile(lambda x: x * getattr(x, "scale", 1.0)), X.clone(), X.as_subclass(Tagged)
    for scale in (None, 2.0, 3.0, None, 2.0):
        for tensor in (x, y, X):
            vars(tensor).clear() if scale is None or tensor is X else setattr(tensor, "scale", scale)
            for _ in range(3):
                assert compiled(tensor).tolist() == compiled.function(tensor).tolist()


def test_an_array_written_in_place():
    def function(x):
        x += 1
        return x * 2

    compiled, a, b = tg.compile(function), np.ones(3, np.float32), np.ones(3, np.float32)
    for _ in range(6):
        assert compiled(a).tolist() == function(b).tolist() and a.tolist() == b.tolist()
    assert len(compiled.programs) == 1


def test_what_was_seen_of_kinds_is_bounded():
    compiled = tg.compile(lambda x, i: x * i)
    with pytest.warns(UserWarning, match="one of the 64 kinds that came so far.*Pass a number") as said:
        for i in range(100):
            assert compiled(X, i).tolist() == (X * i).tolist()
    assert len(compiled._last) <= 64 and [warning.filename for warning in said] == [__file__]
    for _ in range(3):  # one of them
        assert compiled(X, 7).tolist() == (X * 7).tolist()
    assert len(compiled.programs) == 1


def test_a_number_that_changes_later_is_an_input_too():
    compiled = tg.compile(lambda x, a, b: x * a + b)
    for i in range(12):
        a, b = 0.5 * i, 3.0 if i < 5 else 0.25 * i
        assert compiled(X, a, b).tolist() == (X * a + b).tolist()
    assert len(compiled.programs) == 2


# ---------------------------------------------------------------------- results


class Result:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return "Result"


@pytest.mark.parametrize(
    ("function", "read"),
    [
        (lambda x: (x * i for i in (1, 2)), lambda r: [t.tolist() for t in r]),
        (lambda x: map(lambda t: t * 2, [x, x]), lambda r: [t.tolist() for t in r]),
        (lambda x: {"a": x * 2}.values(), lambda r: [t.tolist() for t in r]),
        (lambda x: Result(x * 2), lambda r: r.value.tolist()),
        (lambda x: (x * 2, {1}), lambda r: (r[0].tolist(), r[1].pop(), r[1])),
    ],
)
def test_objects_made_in_the_function_are_new_in_every_call(function, read):
    compiled = tg.compile(function)
    found = []
    with pytest.warns(UserWarning, match="no two runs are the same program"):
        for i in range(8):
            found.append(read(compiled(X + i)))
    assert found == [read(function(X + i)) for i in range(8)]


# ---------------------------------------------------------------------- loops and transforms


def test_a_loop_adds_up_the_gradients_that_nobody_clears():
    w = tg.ones(3, requires_grad=True)
    compiled = tg.compile(lambda x: (w * x).sum().backward())
    for _ in range(4):
        w.grad = None
        compiled(X)
    w.grad = None
    compiled.loop(X, n=7)
    assert w.grad.tolist() == (X * 7).tolist()


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


# ---------------------------------------------------------------------- memory


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


# ---------------------------------------------------------------------- training


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


# ---------------------------------------------------------------------- gradients between calls


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


def test_an_iterator_goes_on():
    numbers = iter(range(100))
    compiled = tg.compile(lambda x: x * (next(numbers) // 6))
    with pytest.warns(UserWarning, match="Python runs"):
        assert [compiled(X)[0].item() for _ in range(40)] == [i // 6 for i in range(40)]
