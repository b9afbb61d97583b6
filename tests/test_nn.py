"""Modules, layers and losses. Golden numbers: tests/golden/make.py."""

import copy
import json
import time
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, StateDictError

F = nn.functional
GOLDEN = json.loads((Path(__file__).parent / "golden" / "nn.json").read_text())


def made(text):
    return eval(f"nn.{text}", {"nn": nn})


def close(found, wanted):
    np.testing.assert_allclose(found.detach().numpy(), np.array(wanted).reshape(found.shape), rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------------- values and gradients


@pytest.mark.parametrize("case", GOLDEN["layers"], ids=lambda case: f"{case['module']} {np.shape(case['x'])}")
def test_a_layer_has_the_values_and_gradients_of_pytorch(case):
    layer = made(case["module"]).double()
    layer.load_state_dict({name: np.array(value) for name, (value, _) in case["state"].items()})
    x = tg.tensor(case["x"], dtype=tg.float64, requires_grad=True)
    y = layer(x)
    assert y.shape == np.shape(case["y"])
    close(y, case["y"])
    y.backward(np.array(case["g"]))
    close(x.grad, case["dx"])
    for name, parameter in layer.named_parameters():
        close(parameter.grad, case["state"][name][1])


@pytest.mark.parametrize("case", GOLDEN["losses"], ids=lambda case: f"{case['module']} {np.shape(case['x'])}")
def test_a_loss_has_the_values_and_gradients_of_pytorch(case):
    x = tg.tensor(case["x"], dtype=tg.float64, requires_grad=True)
    target = tg.tensor(case["target"], dtype=tg.int64 if case["module"].startswith("Cross") else tg.float64)
    loss = made(case["module"])(x, target)
    assert loss.shape == np.shape(case["y"])
    close(loss, case["y"])
    loss.backward(np.array(case["g"]))
    # PyTorch holds BCELoss's smallest divisor, 1e-12, in float32.
    np.testing.assert_allclose(
        x.grad.numpy(), case["dx"], rtol=1e-8 if "BCELoss" in case["module"] else 1e-12, atol=1e-14
    )


FUNCTIONS = {"MSELoss": F.mse_loss, "BCELoss": F.binary_cross_entropy, "CrossEntropyLoss": F.cross_entropy,
             "BCEWithLogitsLoss": F.binary_cross_entropy_with_logits}  # fmt: skip


@pytest.mark.parametrize("case", GOLDEN["losses"], ids=lambda case: f"{case['module']} {np.shape(case['x'])}")
def test_the_function_is_the_module(case):
    name, _, reduction = case["module"].partition("(reduction=")
    x = tg.tensor(case["x"], dtype=tg.float64)
    target = tg.tensor(case["target"], dtype=tg.int64 if name.startswith("Cross") else tg.float64)
    close(FUNCTIONS[name](x, target, reduction=reduction.strip("')")), case["y"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_losses_take_the_mean_unless_told(name):
    x, target = tg.tensor([[0.2, 0.7]]), tg.tensor([[0.1, 0.4]])
    target = tg.tensor([1]) if name == "CrossEntropyLoss" else target
    assert made(f"{name}()")(x, target).item() == made(f"{name}(reduction='mean')")(x, target).item()


def test_the_target_of_a_regression_gets_a_gradient_too():
    x, target = (tg.tensor(v, requires_grad=True) for v in ([1.0, 2.0], [0.0, 4.0]))
    F.mse_loss(x, target).backward()
    assert (x.grad.tolist(), target.grad.tolist()) == ([1.0, -2.0], [-1.0, 2.0])


@pytest.mark.parametrize("dtype", [tg.int64, tg.int32, tg.uint8])
def test_class_indices_of_any_integer_dtype(dtype):
    assert F.cross_entropy(tg.zeros(2, 3), tg.tensor([0, 2], dtype=dtype)).item() == pytest.approx(np.log(3))


def test_one_hot():
    assert F.one_hot(tg.tensor([0, 2])).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert F.one_hot(tg.tensor([[1]]), 2).tolist() == [[[0, 1]]]
    assert F.one_hot(tg.tensor([0])).dtype == tg.int64


def test_linear_without_bias_as_a_function():
    weight = tg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert F.linear(tg.tensor([[1.0, 1.0]]), weight).tolist() == [[3, 7, 11]]
    assert F.linear(tg.tensor([1.0, 1.0]), weight, tg.tensor([1.0, 0.0, -1.0])).tolist() == [4, 7, 10]


LEADING = [(), (1,), (0,), (6,), (2, 3), (2, 0), (2, 1, 3)]


@pytest.mark.parametrize("function", ["linear", "linear without bias", "matmul"])
@pytest.mark.parametrize("lead", LEADING, ids=str)
@pytest.mark.parametrize("layout", ["as it is", "reversed", "last axis first", "every other"])
def test_rows_in_any_number_of_dimensions_and_any_order(function, lead, layout):
    rng = np.random.default_rng(0)
    x, weight, bias = rng.standard_normal((*lead, 5)), rng.standard_normal((3, 5)), rng.standard_normal(3)
    x = {"as it is": x, "reversed": x[..., ::-1], "last axis first": np.moveaxis(np.moveaxis(x, -1, 0).copy(), 0, -1),
         "every other": np.repeat(x, 2, axis=-1)[..., ::2]}[layout]  # fmt: skip
    a, w, b = (tg.tensor(v, requires_grad=True) for v in (x, weight, bias))
    a.data = tg.from_numpy(x)  # in the order it is in
    y = {"linear": lambda: F.linear(a, w, b), "linear without bias": lambda: F.linear(a, w),
         "matmul": lambda: a @ w.mT}[function]()  # fmt: skip
    np.testing.assert_allclose(
        y.detach().numpy(), np.einsum("...i,oi->...o", x, weight) + bias * (function == "linear")
    )
    g = rng.standard_normal(y.shape)
    y.backward(tg.tensor(g))
    np.testing.assert_allclose(a.grad.numpy(), np.einsum("...o,oi->...i", g, weight))
    np.testing.assert_allclose(w.grad.numpy(), np.einsum("ro,ri->oi", g.reshape(-1, 3), x.reshape(-1, 5)), atol=1e-15)
    if function == "linear":
        np.testing.assert_allclose(b.grad.numpy(), g.reshape(-1, 3).sum(0), atol=1e-15)


def test_a_batch_of_sequences_takes_no_longer_than_its_rows():
    """A product of 3-d and 2-d that leaves BLAS is a hundred times slower."""
    layer, x = nn.Linear(256, 512), tg.randn(4, 32, 256, requires_grad=True)

    def seconds(x):
        start = time.perf_counter()
        layer(x).sum().backward()
        return time.perf_counter() - start

    rows = x.detach().reshape(128, 256).requires_grad_()
    pairs = [(seconds(rows), seconds(x)) for _ in range(9)]
    assert min(b for _, b in pairs) < 5 * min(a for a, _ in pairs)


# ---------------------------------------------------------------------- where parameters start


@pytest.mark.parametrize("case", GOLDEN["initial"], ids=lambda case: f"{case['module']} seed {case['seed']}")
def test_a_linear_layer_starts_with_the_numbers_of_pytorch(case):
    tg.manual_seed(case["seed"])
    layer = made(case["module"])
    assert [name for name, _ in layer.named_parameters()] == list(case["state"])
    for name, parameter in layer.named_parameters():
        assert parameter.dtype == tg.float32
        np.testing.assert_array_max_ulp(parameter.detach().numpy(), np.array(case["state"][name], np.float32), 1)


def test_dtype_and_generator_of_a_linear_layer():
    a, b = (nn.Linear(3, 2, dtype=tg.float64, generator=tg.Generator().manual_seed(5)) for _ in range(2))
    assert a.weight.dtype == a.bias.dtype == tg.float64
    np.testing.assert_array_equal(a.weight.detach().numpy(), b.weight.detach().numpy())
    tg.set_default_dtype(tg.float64)
    assert nn.Linear(3, 2).weight.dtype == tg.float64


# ---------------------------------------------------------------------- what a module holds


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(tg.ones(1))
        self.inner = nn.Linear(2, 2)
        self.constant = tg.zeros(3)

    def forward(self, x):
        return self.scale * self.inner(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block()
        self.layers = nn.ModuleList([nn.Linear(2, 3), nn.ReLU()])
        self.last = nn.Parameter(tg.zeros(3))

    def forward(self, x):
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return x + self.last


NAMES = ["last", "first.scale", "first.inner.weight", "first.inner.bias", "layers.0.weight", "layers.0.bias"]


def test_parameters_come_in_a_fixed_order_each_with_its_path():
    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == NAMES
    assert names == [name for name, _ in Net().named_parameters()]
    assert [p.name for p in net.parameters()] == names
    assert list(net.state_dict()) == names
    assert all(p is q for p, (_, q) in zip(net.parameters(), net.named_parameters(), strict=True))


def test_modules_and_children():
    net = Net()
    assert [name for name, _ in net.named_modules()] == ["", "first", "first.inner", "layers", "layers.0", "layers.1"]
    assert next(iter(net.modules())) is net
    assert [name for name, _ in net.named_children()] == ["first", "layers"]
    assert list(net.children()) == [net.first, net.layers]


def test_parameters_without_recurse_are_the_modules_own():
    assert [name for name, _ in Net().named_parameters(recurse=False)] == ["last"]


def test_a_tensor_that_is_no_parameter_is_not_learned():
    assert "first.constant" not in dict(Net().named_parameters())


def test_shared_parameters_and_modules_count_once():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.Tanh(), layer)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(net.modules())) == 3
    net = Net()
    net.tied = net.first.inner.weight
    assert len(list(net.parameters())) == len(NAMES)


def test_a_replaced_or_deleted_parameter_is_gone():
    net = Net()
    net.last = nn.Parameter(tg.ones(3))
    assert [p for p in net.parameters() if p.name == "last"] == [net.last]
    del net.last
    assert "last" not in dict(net.named_parameters())
    net.first = None
    assert [name for name, _ in net.named_parameters()] == ["layers.0.weight", "layers.0.bias"]


def test_train_and_eval_reach_every_module():
    net = Net()
    assert all(m.training for m in net.modules())
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    net.layers.train(False)
    assert [m.training for m in net.modules()] == [True, True, True, False, False, False]


def test_zero_grad_forgets_or_fills_with_zeros():
    layer = nn.Linear(2, 1)
    layer(tg.tensor([[float("nan"), 1.0]])).sum().backward()
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad.tolist() == [[0.0, 0.0]]
    layer.zero_grad()
    assert layer.weight.grad is None and layer.bias.grad is None


def test_requires_grad_freezes():
    net = Net().requires_grad_(False)
    assert not net(tg.ones(1, 2)).requires_grad
    net.requires_grad_()
    assert net(tg.ones(1, 2)).requires_grad


def test_apply_visits_children_first():
    seen = []
    net = nn.Sequential(nn.Linear(1, 1), nn.Tanh())
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert sorted(seen[:-1]) == ["Linear", "Tanh"] and seen[-1] == "Sequential"


def test_double_and_float_convert_parameters_and_gradients_in_place():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer(tg.ones(1, 2)).sum().backward()
    assert layer.double() is layer
    assert layer.weight is weight and weight.dtype == weight.grad.dtype == tg.float64
    layer(tg.ones(1, 2, dtype=tg.float64)).sum().backward()
    assert weight.grad.tolist() == [[2.0, 2.0]]
    assert layer.float().weight.dtype == tg.float32


def test_deepcopy_shares_nothing_and_keeps_what_is_shared_inside():
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    net.append(net[0])
    net(tg.ones(1, 2)).sum().backward()
    other = copy.deepcopy(net)
    assert other[0] is other[2]
    assert [name for name, _ in other.named_parameters()] == ["0.weight", "0.bias"]
    assert isinstance(other[0].weight, nn.Parameter) and other[0].weight.is_leaf and other[0].weight.requires_grad
    assert other[0].weight.grad is None  # as in PyTorch: what the copy computes does not add to it
    with tg.no_grad():
        other[0].weight.zero_()
    assert np.all(net[0].weight.detach().numpy() != 0) and np.any(net[0].weight.grad.numpy() != 0)


def test_a_parameter_is_a_leaf_that_requires_grad():
    p = nn.Parameter(np.zeros(2))
    assert p.is_leaf and p.requires_grad and p.dtype == tg.float64
    assert not nn.Parameter(tg.zeros(2), requires_grad=False).requires_grad
    assert repr(nn.Parameter(tg.zeros(2))) == "Parameter containing:\ntensor([0., 0.], requires_grad=True)"


def test_a_module_without_init_of_its_base_works():
    class Bare(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 1)

        def forward(self, x, *, twice=False):
            return self.layer(x) * (2 if twice else 1)

    net = Bare()
    assert len(list(net.parameters())) == 2
    x = tg.ones(1, 2)
    assert net(x, twice=True).item() == pytest.approx(2 * net(x).item())


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="wieght"):
        _ = nn.Linear(2, 1).wieght


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"write forward\(self, x\)"):
        nn.Module()(1)


def test_repr_shows_the_structure():
    assert repr(Net()) == "\n".join([
        "Net(",
        "  (first): Block(",
        "    (inner): Linear(in_features=2, out_features=2, bias=True)",
        "  )",
        "  (layers): ModuleList(",
        "    (0): Linear(in_features=2, out_features=3, bias=True)",
        "    (1): ReLU()",
        "  )",
        ")",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Linear(3, 2, bias=False)", "Linear(in_features=3, out_features=2, bias=False)"),
        ("LeakyReLU(0.2)", "LeakyReLU(negative_slope=0.2)"),
        ("Softmax(dim=1)", "Softmax(dim=1)"),
        ("LogSoftmax(dim=0)", "LogSoftmax(dim=0)"),
        ("Flatten()", "Flatten(start_dim=1, end_dim=-1)"),
        ("Sequential()", "Sequential()"),
        ("MSELoss()", "MSELoss()"),
    ],
)
def test_repr_of_a_layer(text, shown):
    assert repr(made(text)) == shown


# ---------------------------------------------------------------------- containers


def test_sequential_is_a_list_that_can_be_called():
    a, b, c = nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)
    net = nn.Sequential(a, b, c)
    x = tg.ones(4, 2)
    np.testing.assert_array_equal(net(x).detach().numpy(), c(b(a(x))).detach().numpy())
    assert len(net) == 3 and list(net) == [a, b, c] and net[-1] is c
    assert list(net[:2]) == [a, b] and isinstance(net[:2], nn.Sequential)
    net[1] = nn.ReLU()
    assert isinstance(net[1], nn.ReLU)
    assert list(nn.Sequential([a, b])) == [a, b]
    assert nn.Sequential()(x) is x


def test_a_module_list_grows():
    layers = nn.ModuleList().append(nn.Linear(1, 1)).extend([nn.Tanh(), nn.Linear(1, 1)])
    assert [name for name, _ in layers.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]


@pytest.mark.parametrize("make", [lambda: nn.Sequential(tg.tanh), lambda: nn.ModuleList([1]),
                                  lambda: nn.Sequential().append(None)])  # fmt: skip
def test_containers_take_modules_alone(make):
    with pytest.raises(ArgumentError, match=r"expected a Module, got"):
        make()


def test_mlp():
    net = tg.models.MLP([2, 3, 1], activation=nn.Tanh, output=nn.Sigmoid)
    assert [type(m).__name__ for m in net] == ["Linear", "Tanh", "Linear", "Sigmoid"]
    assert net(tg.ones(5, 2)).shape == (5, 1)
    with pytest.raises(ArgumentError, match=r"MLP: needs at least an input and an output size, got \[2\]"):
        tg.models.MLP([2])


# ---------------------------------------------------------------------- state


def test_a_state_dict_carries_every_parameter_over():
    a, b = Net(), Net()
    assert b.load_state_dict(a.state_dict()) == ([], [])
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
        assert not np.shares_memory(p.detach().numpy(), q.detach().numpy())
        assert q.is_leaf and q.requires_grad


def test_a_state_dict_is_detached_and_shares_memory():
    layer = nn.Linear(2, 1)
    state = layer.state_dict()
    assert not any(value.requires_grad for value in state.values())
    assert np.shares_memory(state["weight"].detach().numpy(), layer.weight.detach().numpy())


def test_loading_casts_to_the_parameters_dtype_and_memory():
    layer = nn.Linear(2, 1)
    memory = layer.weight.detach().numpy()
    layer.load_state_dict({"weight": np.array([[1.0, 2.0]]), "bias": [3]})
    assert layer.weight.detach().numpy() is memory and memory.dtype == np.float32
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([[1.0, 2.0]], [3.0])


def test_a_state_dict_that_does_not_fit_lists_every_difference_and_changes_nothing():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = {"0.weight": tg.zeros(2, 3), "0.bias": tg.zeros(3), "1.weight": tg.zeros(9), "2.bias": tg.zeros(1)}
    with pytest.raises(StateDictError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict into Sequential: missing keys: 1.bias; unexpected keys: 2.bias; size mismatch for 0.weight: "
        "the module has (3, 2), the state_dict (2, 3); size mismatch for 1.weight: the module has (1, 3), the "
        "state_dict (9,). Nothing was loaded; build the module with the sizes of the saved one, or pass strict=False "
        "to skip missing and unexpected keys"
    )
    assert isinstance(caught.value, RuntimeError) and isinstance(caught.value, AutogradError)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.detach().numpy(), before[name].detach().numpy())


def test_not_strict_loads_what_fits_and_says_what_did_not():
    net = nn.Linear(2, 1)
    found = net.load_state_dict({"weight": tg.ones(1, 2), "scale": tg.ones(1)}, strict=False)
    assert found.missing_keys == ["bias"] and found.unexpected_keys == ["scale"]
    assert net.weight.tolist() == [[1, 1]]
    with pytest.raises(StateDictError, match="size mismatch for weight"):
        net.load_state_dict({"weight": tg.ones(3)}, strict=False)
