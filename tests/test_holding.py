"""What a module holds: places keep their kind, walks go as deep as modules nest, constructors take settings."""

import contextlib
import copy
import inspect

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, StateDictError

nn = tg.nn
MODULES = [m for name, m in vars(nn).items() if name[0] != "_" and isinstance(m, type) and issubclass(m, nn.Module)]
DEPTH = 3000
# What PyTorch 2.13 draws in test_apply_draws_the_numbers_of_pytorch.
WEIGHTS = [[1.5409960746765137, -0.293428897857666], 0.30742281675338745, 0.2703641355037689, 0.3488934636116028]


# ---------------------------------------------------------------------- places


def holder():
    net = nn.Module()
    net.weight, net.layer = nn.Parameter(tg.ones(2)), nn.Tanh()
    net.register_buffer("mean", tg.zeros(2))
    net.register_parameter("bias", None)
    return net


@pytest.mark.parametrize("value", [tg.zeros(2), np.zeros(2), 0.5, [1.0, 2.0], "text"], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize(("name", "kind"), [
    ("weight", "parameter"), ("layer", "module"), ("mean", "buffer"), ("bias", "parameter"),
])  # fmt: skip
def test_what_a_place_holds_is_not_lost_under_another_kind(name, kind, value):
    net = holder()
    before = getattr(net, name)
    if kind == "buffer" and isinstance(value, tg.Tensor):
        setattr(net, name, value)
        assert net.state_dict()["mean"].tolist() == [0.0, 0.0]
        return
    with pytest.raises(TypeError, match=f"cannot assign a {type(value).__name__} to Module.{name}, which is a {kind}"):
        setattr(net, name, value)
    assert getattr(net, name) is before and isinstance(before, tg.Tensor | nn.Module | None)


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_module_does_not_take_the_place_of_a_parameter(name):
    net = holder()
    before = getattr(net, name)
    with pytest.raises(TypeError, match=f"cannot assign a ReLU to Module.{name}, which is a parameter"):
        setattr(net, name, nn.ReLU())
    assert getattr(net, name) is before
    net.mean = nn.ReLU()  # that of a buffer it takes, as in PyTorch
    assert list(net.state_dict()) == ["weight"]


@pytest.mark.parametrize("name", ["weight", "layer", "mean", "bias"])
def test_a_place_takes_none_and_keeps_its_kind(name):
    net = holder()
    setattr(net, name, None)
    assert name not in net.state_dict()
    with pytest.raises(ArgumentError, match="cannot assign a float"):
        setattr(net, name, 1.0)
    net.weight, net.mean = nn.Parameter(tg.zeros(1)), nn.Parameter(tg.zeros(1))  # what is assigned decides anew
    assert {"weight", "mean"} <= {n for n, _ in net.named_parameters()} and not list(net.buffers())
    delattr(net, name)
    setattr(net, name, 1.0)
    assert getattr(net, name) == 1.0


@pytest.mark.parametrize("module", [
    nn.Linear(2, 2, bias=False), nn.Conv2d(1, 1, 1, bias=False), nn.LayerNorm(2, bias=False),
    nn.BatchNorm1d(2, affine=False), nn.GroupNorm(1, 2, affine=False), nn.Bilinear(1, 1, 1, bias=False),
], ids=lambda m: type(m).__name__)  # fmt: skip
def test_a_layer_without_bias_takes_no_tensor_for_one(module):
    with pytest.raises(TypeError, match=r"which is a parameter; assign None, or nn.Parameter\(value\)"):
        module.bias = tg.zeros(2)


@pytest.mark.parametrize(("name", "value", "message"), [
    ("weight", tg.zeros(2), "weight must be a Parameter or None, got Tensor"),
    ("a.b", None, "the name is a text, not empty and without a dot, got 'a.b'"),
    ("", None, "not empty and without a dot"),
    ("forward", None, "already has an attribute 'forward'"),
])  # fmt: skip
def test_register_parameter_refuses(name, value, message):
    with pytest.raises(ArgumentError, match=message):
        nn.Module().register_parameter(name, value)


# ---------------------------------------------------------------------- walks


def test_apply_draws_the_numbers_of_pytorch():
    """Constants of PyTorch 2.13: a module that two others hold is visited for each."""
    shared, seen = nn.Linear(1, 1), []
    net = nn.Sequential(nn.Linear(2, 1), nn.Sequential(shared, nn.Tanh()), shared)

    def start(module):
        seen.append(type(module).__name__)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)
            nn.init.uniform_(module.bias)

    tg.manual_seed(0)
    assert net.apply(start) is net
    assert seen == ["Linear", "Linear", "Tanh", "Sequential", "Linear", "Sequential"]
    np.testing.assert_allclose(np.ravel(net[0].weight.detach().numpy()), WEIGHTS[0], rtol=1e-6)
    found = [net[0].bias.item(), shared.weight.item(), shared.bias.item()]
    np.testing.assert_allclose(found, WEIGHTS[1:], rtol=1e-6)


def nested(depth, inner, outer=nn.Sequential):
    """``inner`` in as many modules; from outside in, so that each is named once."""
    net = top = outer()
    for _ in range(depth - 1):
        net.append(outer())
        net = net[0]
    net.append(inner)
    return top


class Holding(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = None

    def append(self, module):
        self.inner = module

    def __getitem__(self, _):
        return self.inner


@pytest.mark.parametrize("outer", [nn.Sequential, nn.ModuleList, Holding])
def test_depth_is_no_limit(outer):
    net = nested(DEPTH, nn.Linear(2, 2), outer)
    assert len(list(net.modules())) == DEPTH + 1 and len(list(net.parameters())) == 2
    twin = copy.deepcopy(net)
    assert type(twin) is outer and len(list(twin.modules())) == DEPTH + 1
    assert next(twin.parameters()) is not next(net.parameters())
    text = repr(net)
    assert text.count("\n") == 2 * DEPTH and "Linear(in_features=2, out_features=2, bias=True)" in text
    visited = []
    net.apply(visited.append)
    assert isinstance(visited[0], nn.Linear) and visited[-1] is net and len(visited) == DEPTH + 1
    net.eval().train().zero_grad()
    net.load_state_dict({name: tg.ones(value.shape) for name, value in net.state_dict().items()})
    assert next(net.double().parameters()).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_sequential_in_a_sequential_costs_no_recursion():
    net = nested(DEPTH, nn.Linear(2, 1))
    net(tg.ones(1, 2)).sum().backward()
    assert next(net.parameters()).grad.tolist() == [[1.0, 1.0]]
    inner = nn.Linear(1, 1)
    for _ in range(2000):
        inner = nn.Sequential(inner)
    assert inner(tg.ones(1, 1)).shape == (1, 1)


def test_the_order_in_nested_sequentials_is_that_of_calls_and_hooks_of_inner_ones_run():
    seen = []

    class Mark(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def forward(self, x):
            seen.append(self.name)
            return x

    hooked = nn.Sequential(Mark("c"))
    hooked.register_forward_hook(lambda module, args, output: seen.append("hook"))
    patched = nn.Sequential(Mark("never"))
    patched.forward = Mark("patched").forward
    nn.Sequential(Mark("a"), nn.Sequential(Mark("b"), hooked), nn.Sequential(), patched, Mark("d"))(tg.zeros(1))
    assert seen == ["a", "b", "c", "hook", "patched", "d"]


def test_a_sequential_calls_modules_as_they_are_called_alone(monkeypatch):
    class Doubled(nn.Tanh):
        def __call__(self, *args, **kwargs):
            return 2 * super().__call__(*args, **kwargs)

    x, seen = tg.tensor([0.5]), []
    patched, hooked = nn.Tanh(), nn.Tanh()
    patched.forward = lambda x: x + 1
    hooked.register_forward_pre_hook(lambda module, args: seen.append("own"))
    for module in (Doubled(), patched, hooked, nn.Tanh()):
        assert nn.Sequential(module)(x).tolist() == module(x).tolist()
    assert seen == ["own"] * 2
    with nn.register_module_forward_hook(lambda module, args, output: seen.append(type(module).__name__)):
        nn.Sequential(nn.Tanh())(x)
    assert seen[2:] == ["Tanh", "Sequential"]
    called = nn.Module.__call__
    monkeypatch.setattr(nn.Module, "__call__", lambda self, *args: seen.append("patched") or called(self, *args))
    nn.Sequential(nn.Tanh())(x)
    assert seen[4:] == ["patched"] * 2


def test_a_module_that_holds_itself_ends():
    net = nn.Sequential(nn.Tanh())
    net.append(net)
    assert repr(net) == "Sequential(\n  (0): Tanh()\n  (1): Sequential(...)\n)"
    twin = copy.deepcopy(net)
    assert twin[1] is twin and twin is not net
    assert len(list(net.modules())) == 2
    with pytest.raises(RecursionError):
        net(tg.zeros(1))


def test_a_repr_of_its_own_is_kept_inside():
    class Own(nn.Module):
        def __repr__(self):
            return "own\nlines"

    assert repr(nn.Sequential(Own())) == "Sequential(\n  (0): own\n  lines\n)"


def test_deepcopy_asks_what_a_module_says_of_its_state():
    class Counting(nn.Module):
        def __getstate__(self):
            return {**vars(self), "copied": True}

    assert copy.deepcopy(nn.Sequential(Counting()))[0].copied


# ---------------------------------------------------------------------- what is loaded


@pytest.mark.parametrize(("state", "message"), [
    (None, "a state_dict maps names to tensors, got NoneType"),
    ([1], "a state_dict maps names to tensors, got list"),
    ({0: tg.zeros(1, 2), None: 1}, "missing keys: weight, bias; unexpected keys: 0, None"),
    ({"weight": None, "bias": tg.ones(1)}, "weight: cannot make a tensor of a NoneType"),
    ({"weight": [[1, 2]], "bias": "b"}, "bias: cannot make a tensor of <U1 values"),
    ({"weight": [[1j, 2]], "bias": [1]}, "weight: the module has float32, the state_dict complex128"),
])  # fmt: skip
def test_a_state_dict_that_does_not_fit_changes_nothing(state, message):
    layer = nn.Linear(2, 1)
    before = copy.deepcopy(layer).state_dict()
    with pytest.raises((ArgumentError, StateDictError), match=message):
        layer.load_state_dict(state)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.detach().numpy(), before[name].detach().numpy())


def test_keys_that_are_no_text_are_among_the_unexpected_ones():
    assert nn.ReLU().load_state_dict({3: 1}, strict=False) == ([], [3])


# ---------------------------------------------------------------------- settings


@pytest.mark.parametrize("kind", MODULES, ids=lambda m: m.__name__)
def test_a_tensor_meant_for_the_call_is_refused_by_the_constructor(kind):
    takes = [p for p in inspect.signature(kind.__init__).parameters.values() if p.name != "self"]
    kept = {n for base in kind.__mro__ for n, note in inspect.get_annotations(base).items() if "Tensor" in note}
    x = tg.rand(2, 3)
    if takes and takes[0].name not in kept:
        with pytest.raises(ArgumentError, match=r"takes settings, and got an array \(2, 3\)"):
            kind(x.numpy())
    kept |= {p.name for p in takes if "Array" in str(p.annotation)}  # a constructor that says so keeps it
    for n, p in enumerate(takes):
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL) and p.name not in kept:
            with pytest.raises(
                ArgumentError, match=rf"nn\.{kind.__name__}\(\) takes settings.*\(2, 3\) as {p.name}; write"
            ):
                kind(*[None] * n, x)
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in kept:
            with pytest.raises(ArgumentError, match=rf"as {p.name}; write nn\.{kind.__name__}\("):
                kind(**{p.name: x})
    if not any(p.name in kept for p in takes):
        with pytest.raises((ArgumentError, TypeError)):
            kind(x)
    with pytest.raises(TypeError):
        kind(*[x] * (len(takes) + 1))


def test_what_to_write_instead_is_said():
    x, y = tg.rand(2, 3), tg.tensor([0, 1])
    for make, message in [
        (lambda: nn.ReLU(x), "nn.ReLU() takes settings, and got a tensor (2, 3) as inplace; write nn.ReLU()(input)"),
        (lambda: nn.Tanh(x), "nn.Tanh() takes settings, and got a tensor (2, 3) as one argument more; write "
         "nn.Tanh()(input)"),
        (lambda: nn.CrossEntropyLoss(x, y), "nn.CrossEntropyLoss() takes settings, and got a tensor (2,) as "
         "size_average; write nn.CrossEntropyLoss()(input, target)"),
        (lambda: nn.Linear(x), "nn.Linear() takes settings, and got a tensor (2, 3) as in_features; write "
         "nn.Linear(in_features, out_features)(input)"),
    ]:  # fmt: skip
        with pytest.raises(ArgumentError) as caught:
            make()
        assert str(caught.value) == message


@pytest.mark.parametrize("kind", [nn.CrossEntropyLoss, nn.NLLLoss])
def test_class_weights_are_one_number_a_class(kind):
    with pytest.raises(
        ArgumentError, match=rf"weight is one number a class, got \(2, 3\); .*{kind.__name__}\(\)\(x, target\)"
    ):
        kind(tg.rand(2, 3))


def test_a_constructors_signature_is_the_one_of_its_settings():
    shown = {kind.__name__: str(inspect.signature(kind)) for kind in (nn.Tanh, nn.ReLU, nn.Module)}
    assert shown == {"Tanh": "() -> 'None'", "ReLU": "(inplace: 'bool' = False) -> 'None'", "Module": "() -> 'None'"}


@pytest.mark.parametrize("kind", MODULES)
def test_a_module_says_what_its_constructor_takes(kind):
    """Where ``inspect`` looks first, since Python 3.11.0 to 3.11.3 look at ``__new__`` next."""
    own = inspect.signature(kind.__init__)
    assert kind.__signature__ == own.replace(parameters=list(own.parameters.values())[1:])


def test_a_constructor_of_ones_own_is_what_inspect_tells():
    class Own(nn.Module):
        def __new__(cls, size):
            return super().__new__(cls)

    class Sized(nn.Linear):
        def __init__(self, size):
            super().__init__(size, size)

    assert str(inspect.signature(Own)) == str(inspect.signature(Sized)) == "(size)"
    assert "args" in str(inspect.signature(Sized(2))) and Sized(2).__signature__ is None


@pytest.mark.parametrize("kind", MODULES)
@pytest.mark.parametrize("given", ["text", None, [], object(), -1, 2.5], ids=lambda given: type(given).__name__)
def test_a_constructor_refuses_in_words_or_takes_it(kind, given):
    takes = [p for p in inspect.signature(kind).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    small = ("d_model", "nhead", "dim_feedforward")  # as they are, a Transformer's are large
    needed = {p.name: 2 for p in takes if p.default is p.empty or p.name in small}
    for p in takes:
        with contextlib.suppress(AutogradError):
            kind(**{**needed, p.name: given})


def test_the_argument_is_named_that_the_outermost_constructor_was_given():
    for kind, name in ((nn.Dropout, "p"), (nn.LSTM, "dropout"), (nn.Linear, "dtype")):
        needed = (
            {} if kind is nn.Dropout else {"generator": None, **dict(zip(inspect.signature(kind).parameters, (2, 3)))}
        )
        with pytest.raises(ArgumentError, match=f"^{kind.__name__}: cannot use a list as {name}; "):
            kind(**needed, **{name: [1, 2]})


def test_modules_of_users_take_what_they_like():
    class Scaled(nn.Linear):
        def __init__(self, factor):
            super().__init__(1, 1)
            self.factor = factor

    assert Scaled(tg.tensor(2.0)).factor.item() == 2.0
    with pytest.raises(AutogradError, match=r"^Plain\(\) takes settings"):
        type("Plain", (nn.Module,), {})(tg.zeros(1))
    with pytest.raises(TypeError):
        nn.Tanh(1)


# ---------------------------------------------------------------------- names, by hand and by path


def test_what_is_found_by_its_path():
    net = nn.Sequential({"a": nn.Sequential(nn.Linear(2, 2)), "b": nn.BatchNorm1d(2)})
    assert net.get_submodule("a.0") is net.a[0] and net.get_submodule("") is net
    assert net.get_parameter("a.0.weight") is net.a[0].weight
    assert net.get_buffer("b.running_mean") is net.b.running_mean
    for call in (
        lambda: net.get_submodule("a.1"), lambda: net.get_parameter("a.0.mean"), lambda: net.get_parameter("a"),
        lambda: net.get_buffer("b.weight"), lambda: net.get_parameter("c.weight"),
    ):  # fmt: skip
        with pytest.raises(AttributeError, match=r"has no (module|parameter|buffer)"):
            call()
    net.set_submodule("a.0", nn.Tanh())
    net.set_submodule("a.new", nn.ReLU())
    assert repr(net.a) == "Sequential(\n  (0): Tanh()\n  (new): ReLU()\n)"


def test_the_dicts_of_what_is_held_read_and_write_the_module():
    net = nn.Sequential({"a": nn.Linear(1, 1)})
    net._modules["a"] = tanh = nn.Tanh()
    assert net.a is tanh and list(net._modules.items()) == [("a", tanh)] and len(net._modules) == 1
    net._modules["b"] = nn.ReLU()
    del net._modules["a"]
    assert repr(net._modules) == "{'b': ReLU()}" and not hasattr(net, "a")
    with pytest.raises(KeyError, match="weight"):
        del net._modules["weight"]


@pytest.mark.parametrize("name", ["a.b", "", 3, "forward"])
def test_modules_and_buffers_need_names_that_are_free(name):
    with pytest.raises(
        ArgumentError, match=r"the name is a text, not empty and without a dot|already has an attribute"
    ):
        nn.Module().add_module(name, nn.ReLU())
    with pytest.raises(
        ArgumentError, match=r"the name is a text, not empty and without a dot|already has an attribute"
    ):
        nn.Module().register_buffer(name, None)


def test_what_is_no_module_is_refused_by_name():
    with pytest.raises(ArgumentError, match="x must be a Module or None, got int"):
        nn.Module().add_module("x", 3)
    with pytest.raises(ArgumentError, match=r"names are texts without a dot, got 'a\.b'"):
        nn.ModuleDict({"a.b": nn.ReLU()})


def test_a_copy_holds_the_same_and_is_changed_alone():
    net = nn.Linear(2, 1)
    twin = copy.copy(net)
    assert twin.weight is net.weight
    twin.weight = nn.Parameter(tg.zeros(1, 2))
    twin.extra = nn.ReLU()
    assert net.weight is not twin.weight and dict(net.named_parameters())["weight"] is net.weight
    assert not list(net.children())


def test_a_buffer_class_is_one_by_assignment():
    net = nn.Module()
    net.kept, net.left_out = nn.Buffer(tg.zeros(1)), nn.Buffer(tg.ones(1), persistent=False)
    assert list(net.state_dict()) == ["kept"] and [name for name, _ in net.named_buffers()] == ["kept", "left_out"]
    assert isinstance(net.kept, tg.Tensor) and not net.kept.requires_grad
    twin = copy.deepcopy(net)
    assert [name for name, _ in twin.named_buffers()] == ["kept", "left_out"]


# ---------------------------------------------------------------------- lists and dicts of modules


def test_lists_of_modules_refuse_what_is_outside_of_them():
    net = nn.Sequential(nn.ReLU())
    for call, error in (
        (lambda: net.pop(3), IndexError), (lambda: net.insert(7, nn.ReLU()), IndexError), (lambda: net[1], IndexError),
        (lambda: net * 0, ValueError), (lambda: net + 3, ValueError), (lambda: nn.ModuleList([net])["0"], TypeError),
        (lambda: nn.ParameterList().extend(tg.zeros(2)), TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            call()
    assert repr(net) == "Sequential(\n  (0): ReLU()\n)"


def test_sequentials_are_added_and_multiplied():
    net = nn.Sequential(nn.Linear(1, 1)) + nn.Sequential(nn.Tanh())
    net *= 2
    assert [type(m).__name__ for m in 2 * net] == ["Linear", "Tanh"] * 4 and net[0] is net[2]
    net.reset = nn.ReLU()  # what is assigned joins the end
    assert type(net[-1]).__name__ == "ReLU" and net(tg.zeros(1, 1)).shape == (1, 1)
    assert list(net[1:3]) == [net[1], net[2]] and list(net)[::-1] == list(reversed(net)) and net[0] in net


def test_a_dict_of_parameters():
    weights = nn.ParameterDict({"a": tg.zeros(2), "keys": tg.ones(1), "text": "x"})
    assert [n for n, _ in weights.named_parameters()] == ["a", "keys"] and weights["text"] == "x" and len(weights) == 3
    assert weights.get("b") is None and weights.setdefault("b", tg.ones(1)) is weights["b"]
    assert list(reversed(weights.copy())) == ["b", "text", "keys", "a"] and weights.popitem()[0] == "b"
    assert list(weights | {"c": tg.zeros(1)}) == ["a", "keys", "text", "c"] and "c" not in weights
    weights |= {"c": tg.zeros(1)}
    assert weights.pop("a").shape == (2,) and [n for n, _ in weights.named_parameters()] == ["keys", "c"]
    assert [v.shape for v in weights.fromkeys(["x", "y"], tg.zeros(3)).values()] == [(3,), (3,)]
    weights.clear()
    assert not len(weights) and not list(weights.parameters()) and list(weights.items()) == list(weights.keys()) == []


# ---------------------------------------------------------------------- state


def test_batch_norm_loads_a_state_without_its_count():
    layer = nn.Sequential(nn.BatchNorm1d(2))
    state = layer.state_dict()
    del state["0.num_batches_tracked"]
    assert layer.load_state_dict(state) == ([], [])
    del state["0.running_var"]
    with pytest.raises(StateDictError, match=r"missing keys: 0\.running_var\."):
        layer.load_state_dict(state)


def test_assign_holds_what_is_given():
    layer = nn.BatchNorm1d(2).requires_grad_(False)
    state = nn.BatchNorm1d(2).double().state_dict(keep_vars=True)
    bias, state["bias"] = layer.bias, np.ones(2)
    layer.load_state_dict(state, assign=True)
    assert layer.weight is state["weight"] and layer.running_mean is state["running_mean"]
    assert layer.bias is not bias and layer.bias.dtype == tg.float64 and not layer.bias.requires_grad


def test_state_goes_into_a_dict_with_a_prefix():
    state = {"x": 1}
    assert nn.Linear(1, 1).state_dict(destination=state, prefix="a.") is state
    assert list(state) == ["x", "a.weight", "a.bias"]


def test_hooks_of_the_state():
    net, seen = nn.Sequential(nn.Linear(1, 1)), []
    net[0].register_state_dict_pre_hook(lambda module, prefix, keep: seen.append((prefix, keep)))
    net[0].register_state_dict_post_hook(lambda module, state, prefix, data: state.pop(prefix + "bias"))
    state = net.state_dict()
    assert list(state) == ["0.weight"] and seen == [("0.", False)]
    net[0].register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: state.update({prefix + "bias": state.pop("old")})
    )
    state["old"] = tg.ones(1)
    net.register_load_state_dict_post_hook(lambda module, keys: seen.append(keys))
    assert net.load_state_dict(state) == ([], []) and net[0].bias.tolist() == [1.0] and "old" in state
    assert seen[1] == ([], [])


def test_a_hook_is_found_by_the_id_of_its_handle():
    layer, hook = nn.Linear(1, 1), lambda *given: None
    for kind, register in {
        "_forward_hooks": layer.register_forward_hook, "_forward_pre_hooks": layer.register_forward_pre_hook,
        "_backward_hooks": layer.register_full_backward_hook,
        "_backward_pre_hooks": layer.register_full_backward_pre_hook,
    }.items():  # fmt: skip
        handle, other = register(hook), register(print)
        held = getattr(layer, kind)
        assert held[handle.id] is hook and list(held) == [handle.id, other.id]
        handle.remove()
        assert list(getattr(layer, kind)) == [other.id]
        getattr(layer, kind).clear()
    layer(tg.ones(1, 1)).sum().backward()


def test_hooks_of_the_state_by_their_older_names():
    net, seen = nn.Sequential(nn.Sequential(nn.Linear(1, 1))), []
    for module in net.modules():
        module._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))
    net[0]._register_state_dict_hook(lambda module, state, prefix, data: state.pop("0.0.bias"))
    net[0]._register_load_state_dict_pre_hook(lambda module, *rest: seen.append(module), with_module=True)
    with pytest.raises(StateDictError, match=r"missing keys: 0\.0\.bias"):
        net.load_state_dict(net.state_dict())
    assert seen == ["", "0.", net[0], "0.0."]  # the outer ones first: what they rename, the inner ones see


class Counting(nn.Module):
    """Saves more than tensors, and knows an older name of its parameter."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.scale, self.calls = nn.Parameter(tg.ones(1)), 0
        self.versions = []

    def get_extra_state(self):
        return {"calls": self.calls}

    def set_extra_state(self, state):
        self.calls = state["calls"]

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        self.versions.append(local_metadata.get("version"))
        if prefix + "gain" in state_dict:
            state_dict[prefix + "scale"] = state_dict.pop(prefix + "gain")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)
        self.doubled = self.scale.item() * 2  # what is loaded is seen at once

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "note"] = tg.ones(1)


def test_a_module_that_saves_and_loads_more_than_its_tensors():
    net, other = (nn.Sequential(nn.Linear(1, 1), Counting()) for _ in range(2))
    net[1].calls = 5
    state = net.state_dict()
    assert list(state) == ["0.weight", "0.bias", "1.scale", "1._extra_state", "1.note"]
    state["1.gain"] = tg.full((1,), 3.0)
    del state["1.scale"]
    given = {**state}
    assert other.load_state_dict(state, strict=False) == ([], ["1.note"]) and state == given
    assert other[1].calls == 5 and other[1].doubled == 6.0 and other[1].versions == [2]
    del state["1.note"], state["1._extra_state"]
    with pytest.raises(StateDictError, match=r"missing keys: 1\._extra_state\."):
        other.load_state_dict(state)
    with pytest.raises(NotImplementedError, match="Linear has no extra state: write get_extra_state"):
        net[0].get_extra_state()


def test_where_loading_fails_a_module_that_loads_itself_is_as_it_was():
    net = nn.Sequential(Counting(), nn.Linear(1, 1))
    state = net.state_dict() | {"0.scale": tg.full((1,), 9.0), "1.bias": tg.ones(3)}
    with pytest.raises(StateDictError, match=r"size mismatch for 1\.bias.*Nothing was loaded"):
        net.load_state_dict(state)
    assert net[0].scale.item() == 1.0


def test_a_module_of_ones_own_converts_more_than_its_parameters():
    class Sampled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.times = nn.Linear(1, 1), tg.ones(2)

        def _apply(self, fn):
            super()._apply(fn)
            self.times = fn(self.times)
            return self

    for net in (Sampled(), nn.Sequential(nn.Sequential(Sampled()))):
        inner = next(module for module in net.modules() if isinstance(module, Sampled))
        assert net.double() is net and inner.times.dtype == inner.inner.weight.dtype == tg.float64
        assert net._apply(lambda t: t.float()) is net and inner.times.dtype == inner.inner.bias.dtype == tg.float32


# ---------------------------------------------------------------------- dtypes and devices


def test_a_module_goes_where_its_tensors_can():
    layer = nn.BatchNorm1d(2)
    for call in (lambda: layer.to("cpu"), layer.cpu, lambda: layer.to("cpu", tg.float64), layer.share_memory):
        assert call() is layer
    assert layer.weight.dtype == layer.running_mean.dtype == tg.float64 and layer.num_batches_tracked.dtype == tg.int64
    assert layer.to(tg.zeros(1)).weight.dtype == tg.float32 and layer.half().weight.dtype == tg.float16
    assert layer.type(tg.float64).num_batches_tracked.dtype == tg.float64
    weight = layer.weight
    with pytest.raises(TypeError, match="parameters are floating point numbers, got int64"):
        layer.to(tg.int64)
    for call in (layer.cuda, lambda: layer.to("cuda")):
        with pytest.raises((RuntimeError, AssertionError)):
            call()
    assert layer.weight is weight and weight.dtype == tg.float64


PLACED = [kind for kind in MODULES if {"device", "dtype"} & inspect.signature(kind.__init__).parameters.keys()]


@pytest.mark.parametrize("kind", PLACED, ids=lambda kind: kind.__name__)
def test_every_layer_with_parameters_is_made_on_a_device(kind):
    names = list(inspect.signature(kind.__init__).parameters)
    assert names.index("dtype") == names.index("device") + 1 and len(PLACED) > 30
    for args in ((2,), (2, 2), (2, 2, 2), ("LSTM", 2, 2), (2, 2, True, 1), (4, 2, 1, 1, 4), (5, 8, [2])):
        try:
            module = kind(*args, device="cpu", dtype=tg.float64)
        except (TypeError, ValueError):
            continue
        assert all(p.dtype == tg.float64 for p in module.parameters())
        with pytest.raises(AssertionError, match="not compiled with CUDA"):
            kind(*args, device="cuda")
        return
    raise AssertionError("give sizes with which it can be made")


def test_a_list_of_modules_keeps_places_of_none():
    layers = tg.nn.ModuleList([None, tg.nn.Linear(1, 1)])
    layers.append(None)
    layers += [None]
    layers.insert(0, None)
    assert [layer is None for layer in layers] == [True, True, False, True, True]
    assert list(layers.children()) == [layers[2]] and list(layers.state_dict()) == ["2.weight", "2.bias"]
    assert repr(layers).splitlines()[1:-1] == [
        "  (0-1): 2 x None", "  (2): Linear(in_features=1, out_features=1, bias=True)", "  (3-4): 2 x None"
    ]  # fmt: skip
    layers[2] = None
    assert list(layers.parameters()) == [] and layers.train().float() is layers
