"""Dropout, normalization, smooth activations, and the buffers they need. Golden numbers: tests/golden/make.py."""

import copy
import inspect
import json
import math
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ModifiedError, ShapeError, StateDictError

F = nn.functional
GOLDEN = json.loads((Path(__file__).parent / "golden" / "nn.json").read_text())


def made(text):
    return eval(f"nn.{text}", {"nn": nn})


def close(found, wanted):
    np.testing.assert_allclose(found.detach().numpy(), np.reshape(wanted, found.shape), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(("text", "shown"), GOLDEN["reprs"], ids=lambda text: text[:30])
def test_a_layer_prints_as_it_does_in_pytorch(text, shown):
    assert repr(made(text)) == shown


def test_sizes_of_every_layer_with_parameters_are_whole_numbers():
    asked = 0
    for name, layer in vars(nn).items():
        if name[0] == "_" or not (inspect.isclass(layer) and issubclass(layer, nn.Module)):
            continue
        takes = inspect.signature(layer).parameters
        if "device" not in takes:
            continue
        sizes = [p.name for p in takes.values() if p.annotation == "int" and p.default in (p.empty, 1)]
        given = {p.name: 2 for p in takes.values() if p.default is p.empty}
        for size in sizes:
            for wrong in (2.0, "2", None, -1):
                asked += 1
                with pytest.raises(ArgumentError, match=rf"^\w+: {size} is a whole number"):
                    layer(**{**given, size: wrong})
    assert asked > 200
    with pytest.raises(ArgumentError, match=r"^Linear: in_features is a whole number, at least 0, got 2.5; .* is //"):
        nn.Linear(5 / 2, 1)


# ---------------------------------------------------------------------- dropout


@pytest.mark.parametrize("case", GOLDEN["masks"], ids=lambda c: f"{c['seed']} {c['p']} {c['dtype']} {np.shape(c['y'])}")
def test_dropout_has_the_masks_of_pytorch_to_the_bit_and_leaves_its_stream_there(case):
    y = np.array(case["y"], case["dtype"])
    x = tg.full(y.shape, 0.3, dtype=getattr(tg, case["dtype"]))
    tg.manual_seed(case["seed"])
    np.testing.assert_array_equal(nn.Dropout(case["p"])(x).detach().numpy(), y)
    assert tg.rand(1).item() == case["next"]


def test_dropout_passes_the_gradient_where_it_passes_the_value():
    x = tg.ones(100, requires_grad=True)
    y = F.dropout(x, 0.25)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())
    assert {round(v, 6) for v in y.tolist()} == {0.0, round(4 / 3, 6)}
    assert repr(y.grad_fn) == "<MulBackward0>"


def test_dropout_does_nothing_in_eval_and_takes_no_random_numbers():
    x = tg.ones(3, requires_grad=True)
    layer = nn.Dropout(0.5)
    tg.manual_seed(0)
    assert layer.eval()(x) is x and F.dropout(x, 0.5, training=False) is x and F.dropout(x, 0.0) is x
    first = tg.rand(1).item()
    assert first == tg.rand(1, generator=tg.Generator().manual_seed(0)).item()


def test_dropout_from_a_generator_of_its_own():
    a, b = (nn.Dropout(0.5, generator=tg.Generator().manual_seed(3))(tg.ones(50)) for _ in range(2))
    np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_dropout_does_not_depend_on_the_memory_order():
    x = tg.tensor(np.arange(12.0).reshape(3, 4))
    tg.manual_seed(0)
    plain = F.dropout(x)
    tg.manual_seed(0)
    np.testing.assert_array_equal(
        F.dropout(tg.tensor(np.asfortranarray(x.detach().numpy()))).detach().numpy(), plain.detach().numpy()
    )


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_probability_outside_0_to_1_is_refused(p):
    for call in (lambda: nn.Dropout(p), lambda: F.dropout(tg.ones(3), p)):
        with pytest.raises(ArgumentError, match=r"p is the probability .* from 0 to 1; got"):
            call()


def test_dropout_of_integers_is_refused():
    with pytest.raises(DtypeError, match="dropout: needs floating point numbers, got int64"):
        F.dropout(tg.tensor([1, 2]))


# ---------------------------------------------------------------------- batch and layer normalization


@pytest.mark.parametrize("case", GOLDEN["batch_norms"], ids=lambda case: case["module"])
def test_batch_norm_has_the_values_gradients_and_statistics_of_pytorch(case):
    layer = made(case["module"]).double()
    assert repr(layer) == case["repr"]
    assert list(layer.state_dict()) == list(case["start"])
    layer.load_state_dict({name: np.array(value) for name, value in case["start"].items()})
    for step in case["steps"]:
        layer.train(step["training"]).zero_grad()
        x = tg.tensor(step["x"], dtype=tg.float64, requires_grad=True)
        y = layer(x)
        close(y, step["y"])
        y.backward(np.array(step["g"]))
        close(x.grad, step["dx"])
        for name, parameter in layer.named_parameters():
            close(parameter.grad, step["grads"][name])
        for name, value in layer.state_dict().items():
            close(value, step["state"][name])
    counted = layer.num_batches_tracked
    assert counted is None or (counted.dtype, counted.item()) == (tg.int64, 3)


def test_batch_norm_as_a_function_writes_the_running_statistics_of_arrays_and_tensors():
    x = tg.tensor([[1.0, 2.0], [3.0, 6.0]])
    for mean, var in ((tg.zeros(2), tg.ones(2)), (np.zeros(2, np.float32), np.ones(2, np.float32))):
        F.batch_norm(x, mean, var, training=True, momentum=0.5)
        assert (mean.tolist(), var.tolist()) == ([1.0, 2.0], [1.5, 4.5])


def test_batch_norm_without_history_moves_the_statistics_too():
    layer = nn.BatchNorm1d(2)
    with tg.no_grad():
        layer(tg.tensor([[1.0, 2.0], [3.0, 6.0]]))
    close(layer.running_mean, np.array([0.2, 0.4], np.float32))


def test_one_value_per_channel_has_no_variance_and_changes_nothing():
    layer = nn.BatchNorm1d(2)
    with pytest.raises(ShapeError, match=r"more than 1 value per channel when training, got x \(1, 2\); .*drop_last"):
        layer(tg.ones(1, 2))
    assert layer.num_batches_tracked.item() == 0 and layer.running_mean.tolist() == [0.0, 0.0]
    assert layer.eval()(tg.ones(1, 2)).shape == (1, 2)


def test_statistics_written_between_eval_and_backward_are_noticed():
    layer = nn.BatchNorm1d(2).eval()
    loss = layer(tg.ones(3, 2)).sum()
    layer.train()(tg.ones(3, 2))
    with pytest.raises(ModifiedError):
        loss.backward()


def test_the_second_derivative_through_a_layer_in_training():
    layer = nn.BatchNorm1d(2).double()
    x = tg.tensor(np.random.default_rng(0).standard_normal((4, 2)), requires_grad=True)

    def penalty(value):
        (g,) = tg.autograd.grad((layer(value) ** 3).sum(), [value], create_graph=True)
        return (g**2).sum()

    penalty(x).backward()
    step, direction = 1e-5, np.random.default_rng(1).standard_normal((4, 2))
    ends = [penalty(tg.tensor(x.detach().numpy() + s * step * direction, requires_grad=True)).item() for s in (1, -1)]
    assert np.sum(x.grad.numpy() * direction) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda: nn.BatchNorm1d(3)(tg.ones(2, 4)), ShapeError, r"has 3 features, so x is \(rows, 3\).*got \(2, 4\)"),
    (lambda: nn.BatchNorm1d(3)(tg.ones(3)), ShapeError, r"got \(3,\)"),
    (lambda: nn.BatchNorm1d(3)(tg.ones(2, 3, 4, 5)), ShapeError, r"got \(2, 3, 4, 5\)"),
    (lambda: F.batch_norm(tg.ones(2, 3), weight=tg.ones(2), training=True), ShapeError, r"3 channels .* is \(2,\)"),
    (lambda: F.batch_norm(tg.ones(2, 3), tg.ones(2), tg.ones(3)), ShapeError, r"running_mean is \(2,\)"),
    (lambda: F.batch_norm(tg.ones(3), training=True), ShapeError, r"got \(3,\)"),
    (lambda: F.batch_norm(tg.ones(2, 3)), ArgumentError, "evaluation needs running_mean and running_var"),
    (lambda: F.batch_norm(tg.ones(2, 3).long(), training=True), DtypeError, "batch_norm: needs floating point"),
    (lambda: nn.LayerNorm(4)(tg.ones(2, 3)), ShapeError, r"\(2, 3\) does not end in normalized_shape \(4,\)"),
    (lambda: F.layer_norm(tg.ones(3), (2, 3)), ShapeError, r"\(3,\) does not end in normalized_shape \(2, 3\)"),
    (lambda: F.layer_norm(tg.ones(2, 3), ()), ShapeError, "does not end in"),
    (lambda: F.layer_norm(tg.ones(2, 3), 3, weight=tg.ones(2)), ShapeError, r"layer_norm: .* weight \(2,\)"),
    (lambda: F.layer_norm(tg.tensor([1, 2]), 2), DtypeError, "layer_norm: needs floating point"),
])  # fmt: skip
def test_shapes_that_do_not_fit_a_normalization_are_named(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_dtypes_of_normalization_layers():
    assert nn.BatchNorm1d(2, dtype=tg.float64).running_var.dtype == tg.float64
    assert nn.LayerNorm(2, dtype=tg.float64).weight.dtype == tg.float64
    x = tg.randn(8, 3, requires_grad=True)
    for layer in (nn.BatchNorm1d(3), nn.LayerNorm(3), nn.BatchNorm1d(3, affine=False)):
        y = layer(x)
        (g,) = tg.autograd.grad((y**3).sum(), [x])
        assert y.dtype == g.dtype == tg.float32
        assert layer.eval()(x).dtype == tg.float32


NORMALIZATIONS = {
    "BatchNorm1d": ((4,), (6, 4)), "BatchNorm2d": ((4,), (3, 4, 2, 2)), "BatchNorm3d": ((4,), (3, 4, 2, 1, 2)),
    "SyncBatchNorm": ((4,), (6, 4)), "InstanceNorm1d": ((4,), (3, 4, 5)), "InstanceNorm2d": ((4,), (3, 4, 5, 2)),
    "InstanceNorm3d": ((4,), (3, 4, 5, 2, 1)), "LayerNorm": ((4,), (3, 4)), "GroupNorm": ((2, 4), (3, 4, 5)),
    "RMSNorm": ((4,), (3, 4)), "LocalResponseNorm": ((2,), (3, 4, 5)),
}  # fmt: skip
SETTINGS = [{}, {"affine": False}, {"elementwise_affine": False}, {"affine": True, "track_running_stats": True}]
LAYERS = [
    (name, told)
    for name in NORMALIZATIONS
    for told in SETTINGS
    if told.keys() <= inspect.signature(getattr(nn, name)).parameters.keys()
]


def test_every_normalization_is_among_them():
    names = {name for name in dir(nn) if "Norm" in name and not name.startswith(("_", "Lazy"))}
    assert names == NORMALIZATIONS.keys()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("name", "told"), LAYERS)
def test_a_normalization_keeps_the_dtype_of_its_input(name, told, training):
    """Its weights may be wider; the numbers are those of a wider input, rounded."""
    arguments, shape = NORMALIZATIONS[name]
    numbers = np.random.default_rng(1).normal(size=shape)
    for weights in ("float16", "float32", "float64"):
        layer = getattr(nn, name)(*arguments, **told).to(np.dtype(weights)).train(training)
        right = getattr(nn, name)(*arguments, **told).double().train(training)
        for dtype, near in (("float16", 2e-3), ("float32", 2e-6), ("float64", 1e-12)):
            x = tg.tensor(numbers.astype(dtype), requires_grad=True)
            wide = tg.tensor(numbers.astype(dtype).astype(float), requires_grad=True)
            y, wanted = layer(x), right(wide)
            assert y.dtype == dtype
            (y * y).sum().backward(), (wanted * wanted).sum().backward()
            assert x.grad.dtype == dtype
            near = max(near, 1e-6 if "32" in weights else 2e-3 if "16" in weights else 0)
            np.testing.assert_allclose(y.detach().double().numpy(), wanted.detach().numpy(), near, near)
            np.testing.assert_allclose(x.grad.double().numpy(), wide.grad.numpy(), 20 * near, 20 * near)


def test_the_eps_of_a_root_mean_square_in_float16():
    """PyTorch 2.13: float32's."""
    y = nn.functional.rms_norm(tg.tensor([[0.01, 0.02]], dtype=tg.float16), 2)
    np.testing.assert_allclose(y.float().numpy(), [[0.6323, 1.2646]], 1e-3)


# ---------------------------------------------------------------------- activations


def test_erf_is_right_to_the_last_digits():
    x = np.concatenate([np.linspace(-7, 7, 20001), np.logspace(-300, 1, 2001)])
    wanted = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(tg.erf(tg.tensor(x)).detach().numpy(), wanted, rtol=1e-15)
    narrow = x.astype(np.float32)
    wanted = np.array([math.erf(v) for v in narrow.tolist()])
    np.testing.assert_allclose(tg.erf(tg.tensor(narrow)).detach().numpy(), wanted, rtol=3e-7, atol=1e-37)
    half = tg.tensor([-4.0, -0.3, 0.2, 3.0], dtype=tg.float16)
    np.testing.assert_allclose(tg.erf(half).detach().numpy(), [math.erf(v) for v in half.tolist()], rtol=1e-3)
    assert F.gelu(half).dtype == tg.float16
    assert tg.erf(tg.tensor([np.inf, -np.inf, 0.0])).tolist() == [1.0, -1.0, 0.0]
    assert np.isnan(tg.erf(tg.tensor(np.nan)).item())


@pytest.mark.parametrize("layer", ["ELU()", "GELU()", "GELU('tanh')", "SiLU()", "Softplus()"])
def test_huge_float32_numbers_pass_without_a_warning(layer):
    x = tg.tensor([1e30, -1e30, 500.0, -500.0], requires_grad=True)
    y = made(layer)(x)
    y.sum().backward()
    np.testing.assert_allclose(y.detach().numpy()[[0, 2]], x.detach().numpy()[[0, 2]])
    np.testing.assert_array_equal(x.grad.numpy()[[0, 2]], [1.0, 1.0])
    np.testing.assert_allclose(x.grad.numpy()[[1, 3]], [0.0, 0.0], atol=1e-6)


def test_gelu_has_two_forms():
    with pytest.raises(ArgumentError, match="approximate is 'none' or 'tanh', got 'tan'"):
        F.gelu(tg.ones(2), approximate="tan")


# ---------------------------------------------------------------------- buffers


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(tg.ones(2))
        self.register_buffer("seen", tg.zeros(2))
        self.register_buffer("scratch", tg.zeros(1), persistent=False)
        self.register_buffer("later", None)


def test_state_dict_has_the_keys_of_pytorch_in_its_order():
    inner = nn.Sequential(nn.LayerNorm(3), nn.BatchNorm1d(3, affine=False))
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), inner)
    assert list(net.state_dict()) == GOLDEN["state_keys"]


def test_buffers_are_state_but_not_learned():
    net = nn.Sequential(Counter())
    assert [name for name, _ in net.named_parameters()] == ["0.weight"]
    assert [name for name, _ in net.named_buffers()] == ["0.seen", "0.scratch"]
    assert list(net.named_buffers(recurse=False)) == [] and len(list(net[0].buffers(recurse=False))) == 2
    assert list(net.state_dict()) == ["0.weight", "0.seen"]
    net[0].later = tg.ones(1)
    assert list(net.state_dict()) == ["0.weight", "0.seen", "0.later"]
    net[0].seen = None
    assert list(net.state_dict()) == ["0.weight", "0.later"]


def test_buffers_are_loaded_in_place_converted_and_copied():
    net, other = Counter(), Counter()
    seen = other.seen
    net.seen += 3
    other.load_state_dict(net.state_dict())
    assert other.seen is seen and seen.tolist() == [3.0, 3.0]
    with pytest.raises(StateDictError, match="missing keys: seen"):
        other.load_state_dict({"weight": tg.ones(2)})
    assert other.double().seen is seen and seen.dtype == tg.float64
    twin = copy.deepcopy(other)
    twin.seen += 1
    assert seen.tolist() == [3.0, 3.0] and list(twin.state_dict()) == ["weight", "seen"]
    assert nn.BatchNorm1d(2).double().num_batches_tracked.dtype == tg.int64


@pytest.mark.parametrize(("name", "value", "text"), [
    ("weight", tg.ones(1), "Counter already has an attribute 'weight'"),
    ("forward", tg.ones(1), "already has an attribute"),
    ("a.b", tg.ones(1), "without a dot, got 'a.b'"),
    ("", tg.ones(1), "not empty and without a dot"),
    ("new", [1.0], "new must be a tensor or None, got list"),
    ("new", nn.Parameter(tg.ones(1)), "got Parameter"),
])  # fmt: skip
def test_a_buffer_that_cannot_be_one_is_refused(name, value, text):
    with pytest.raises(ArgumentError, match=text):
        Counter().register_buffer(name, value)


# ---------------------------------------------------------------------- lazy layers


def test_an_optimizer_goes_on_with_the_parameters_of_a_lazy_layer():
    net = nn.Sequential(nn.LazyLinear(3), nn.Tanh(), nn.LazyLinear(1)).double()
    optimizer = tg.optim.SGD(net.parameters(), lr=0.1)
    assert isinstance(net[0].weight, nn.UninitializedParameter) and repr(net[0].bias) == "<UninitializedParameter>"
    seen = []
    net[0].register_forward_hook(lambda module, args, output: seen.append(type(module).__name__))
    x = tg.ones(2, 5, dtype=tg.float64)
    first = net(x).sum()
    first.backward()
    optimizer.step()
    assert seen == ["Linear"] and net[0].weight.shape == (3, 5) and net[0].weight.dtype == tg.float64
    assert type(net[0]) is nn.Linear and type(net[0].weight) is nn.Parameter and net[0].weight.name == "weight"
    assert net(x).sum().item() < first.item()


def test_a_lazy_layer_asks_for_a_tensor_of_its_dimensions():
    for layer, wrong in ((nn.LazyConv2d(3, 2), tg.zeros(3)), (nn.LazyLinear(2), tg.tensor(1.0)),
                         (nn.LazyBatchNorm1d(), tg.zeros(2))):  # fmt: skip
        with pytest.raises(ShapeError, match="the input has"):
            layer(wrong)
        with pytest.raises(ArgumentError, match="expected a tensor, got"):
            layer(None)
        assert type(layer).__name__.startswith("Lazy")


# ---------------------------------------------------------------------- first values, again


RESET = [
    "Linear(3, 2)", "Linear(3, 2, bias=False)", "Bilinear(2, 3, 2)", "Conv2d(2, 3, 2)", "ConvTranspose1d(2, 3, 2)",
    "Embedding(4, 3, padding_idx=1)", "EmbeddingBag(4, 3)", "BatchNorm1d(3)", "BatchNorm2d(3, affine=False)",
    "InstanceNorm1d(3, affine=True, track_running_stats=True)", "GroupNorm(1, 2)", "LayerNorm(3)", "RMSNorm(3)",
    "PReLU(2, init=0.5)", "LSTM(2, 3)", "GRUCell(2, 3)", "AdaptiveLogSoftmaxWithLoss(8, 6, [2, 4])",
]  # fmt: skip


@pytest.mark.parametrize("text", RESET)
def test_reset_parameters_gives_the_first_values_again(text):
    tg.manual_seed(3)
    layer = made(text)
    first = {name: value.clone() for name, value in layer.state_dict().items()}
    with tg.no_grad():
        for value in layer.state_dict().values():
            value.fill_(7)
    tg.manual_seed(3)
    layer.reset_parameters()
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), first[name].numpy())


def test_a_subclass_chooses_its_first_values():
    class Zero(nn.Linear):
        def reset_parameters(self):
            nn.init.zeros_(self.weight)
            nn.init.ones_(self.bias)

    assert Zero(2, 1)(tg.ones(1, 2)).item() == 1


# ---------------------------------------------------------------------- what layers derived from these call


def test_a_layer_that_changes_its_weight_on_the_way():
    class Standardized(nn.Conv2d):
        def forward(self, x):
            weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
            return self._conv_forward(x, weight / weight.std((1, 2, 3), keepdim=True), self.bias)

    for mode in ("zeros", "circular"):
        layer, x = Standardized(2, 3, 3, padding=1, padding_mode=mode), tg.rand(1, 2, 5, 5)
        with tg.no_grad():
            wanted = copy.deepcopy(layer)
            weight = layer.weight - layer.weight.mean((1, 2, 3), keepdim=True)
            wanted.weight.copy_(weight / weight.std((1, 2, 3), keepdim=True))
        close(layer(x), nn.Conv2d.forward(wanted, x).tolist())
        assert layer._reversed_padding_repeated_twice == [1, 1, 1, 1]


def test_a_norm_of_ones_own_says_which_shapes_it_takes():
    class Norm(nn.modules.batchnorm._BatchNorm):
        def _check_input_dim(self, input):
            if input.dim() != 5:
                raise ValueError(f"expected 5 dimensions, got {input.dim()}")

    class Counted(nn.BatchNorm2d):
        def forward(self, input):
            self._check_input_dim(input)
            return F.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, self.training)

    with pytest.raises(ValueError, match="expected 5 dimensions, got 2"):
        Norm(3)(tg.rand(2, 3))
    x = tg.rand(2, 3, 2, 2, 2)
    close(Norm(3)(x), nn.BatchNorm3d(3)(x).tolist())
    with pytest.raises(ShapeError, match="Counted: the layer has 3 features"):
        Counted(3)(tg.rand(2, 3))
    assert Counted(3)(tg.rand(2, 3, 1, 1)).shape == (2, 3, 1, 1)


def test_what_layers_say_of_themselves():
    assert (
        nn.MultiheadAttention(4, 2)._qkv_same_embed_dim and not nn.MultiheadAttention(4, 2, kdim=3)._qkv_same_embed_dim
    )
    net = nn.Module()
    net.register_buffer("kept", tg.ones(1))
    net.register_buffer("left", tg.ones(1), persistent=False)
    assert net._non_persistent_buffers_set == {"left"}
