"""Layers of images, sequences and tables against PyTorch's numbers (tests/golden/make_layers.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError

F = nn.functional
GOLDEN = json.loads((Path(__file__).parent / "golden" / "layers.json").read_text())


def made(text):
    return eval(f"nn.{text}", {"nn": nn})


def close(found, wanted):
    np.testing.assert_allclose(found.detach().numpy(), np.reshape(wanted, found.shape), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", GOLDEN["initial"], ids=lambda case: case["module"])
def test_a_layer_starts_with_the_numbers_of_pytorch_to_the_bit(case):
    tg.manual_seed(0)
    state = made(case["module"]).state_dict()
    assert list(state) == list(case["state"])
    for name, value in state.items():
        np.testing.assert_array_equal(value.detach().numpy(), np.array(case["state"][name], value.dtype))
    assert tg.rand(1).item() == case["next"]


@pytest.mark.parametrize("text", [case["module"] for case in GOLDEN["initial"] if "Norm" not in case["module"]])
def test_first_values_from_a_generator_of_its_own_and_in_float64(text):
    tg.manual_seed(0)
    wanted = made(text).state_dict()
    tg.manual_seed(1)
    arguments = "generator=tg.Generator().manual_seed(0)"
    layer = eval(f"nn.{text[:-1]}, {arguments})", {"nn": nn, "tg": tg})
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.detach().numpy(), wanted[name].detach().numpy())
    assert all(
        p.dtype == np.float64 for p in eval(f"nn.{text[:-1]}, dtype=tg.float64)", {"nn": nn, "tg": tg}).parameters()
    )


@pytest.mark.parametrize("case", GOLDEN["results"], ids=lambda case: case["module"])
def test_results_and_gradients_are_those_of_pytorch(case):
    layer = made(case["module"]).double()
    layer.load_state_dict({name: value for name, (value, _) in case["state"].items()}, strict=False)
    x = tg.tensor(case["x"], dtype=tg.float64, requires_grad=True)
    y = layer(x)
    close(y, case["y"])
    y.backward(np.array(case["g"]))
    close(x.grad, case["dx"])
    for name, parameter in layer.named_parameters():
        close(parameter.grad, case["state"][name][1])


@pytest.mark.parametrize(("text", "shown"), GOLDEN["reprs"], ids=lambda text: text[:30])
def test_a_layer_prints_as_it_does_in_pytorch(text, shown):
    assert repr(made(text)) == shown


@pytest.mark.parametrize("case", GOLDEN["masks"], ids=lambda case: f"{case['name']} {case['p']}")
def test_dropouts_have_the_masks_of_pytorch_to_the_bit_and_leave_its_stream_there(case):
    x = np.linspace(-1, 1, 24).round(3).reshape(case["shape"])
    tg.manual_seed(1)
    y = getattr(F, case["name"])(tg.tensor(x, dtype=getattr(tg, case["dtype"])), case["p"], True)
    np.testing.assert_array_equal(y.detach().numpy(), np.array(case["y"], case["dtype"]), strict=True)
    assert tg.rand(1).item() == case["next"]


# ---------------------------------------------------------------------- dropout of channels


@pytest.mark.parametrize("name", ["Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"])
def test_dropouts_change_nothing_in_eval_and_refuse_a_probability_outside_0_to_1(name):
    x = tg.ones((2, 3, 4, 4, 4)[: {"1": 3, "2": 4}.get(name[-2], 5)])
    layer = getattr(nn, name)(0.5)
    assert layer.eval()(x) is x
    tg.manual_seed(0)
    dropped = layer.train()(x)
    assert dropped.shape == x.shape and not tg.equal(dropped, x)
    with pytest.raises(ArgumentError, match=rf"{name}: p is the probability"):
        getattr(nn, name)(1.5)


def test_dropout2d_drops_whole_channels():
    tg.manual_seed(0)
    y = F.dropout2d(tg.ones(8, 8, 3, 3)).numpy()
    assert {tuple(np.unique(channel)) for channel in y.reshape(64, 9)} == {(0.0,), (2.0,)}


def test_dropout_of_channels_needs_channels():
    with pytest.raises(ShapeError, match=r"dropout1d: the input is .* got \(4,\)"):
        F.dropout1d(tg.ones(4))
    with pytest.raises(ShapeError, match="feature_alpha_dropout"):
        F.feature_alpha_dropout(tg.ones(4), 0.5, True)


# ---------------------------------------------------------------------- normalization


def test_a_batch_without_rows_passes_and_leaves_the_statistics():
    layer = nn.BatchNorm2d(3)
    x = tg.zeros(0, 3, 2, 2, requires_grad=True)
    layer(x).sum().backward()
    assert (layer.running_mean.tolist(), layer.running_var.tolist()) == ([0.0] * 3, [1.0] * 3)
    assert layer.weight.grad.tolist() == [0.0] * 3 and x.grad.shape == x.shape
    assert nn.GroupNorm(1, 3)(x).shape == nn.InstanceNorm2d(3)(x).shape == x.shape


@pytest.mark.parametrize(("call", "said"), [
    (lambda: nn.BatchNorm2d(3)(tg.ones(2, 3)), r"BatchNorm2d: the layer has 3 features, so x is \(rows, 3, height"),
    (lambda: nn.InstanceNorm1d(3)(tg.ones(3)), "InstanceNorm1d: the layer has 3 features"),
    (lambda: nn.InstanceNorm1d(3)(tg.ones(2, 3, 1)), "more than 1 element for each channel"),
    (lambda: nn.GroupNorm(1, 3)(tg.ones(2, 4)), r"weight is \(3,\); it must be \(4,\)"),
    (lambda: F.rms_norm(tg.ones(2, 3), 2), r"rms_norm: x \(2, 3\) must end in normalized_shape \(2,\)"),
    (lambda: F.local_response_norm(tg.ones(2, 3), 2), "local_response_norm: x is"),
])  # fmt: skip
def test_normalizations_name_both_sides(call, said):
    with pytest.raises(ShapeError, match=said):
        call()


def test_groups_must_divide_the_channels():
    for call in (lambda: nn.GroupNorm(2, 3), lambda: F.group_norm(tg.ones(2, 3), 2)):
        with pytest.raises(ArgumentError, match="num_groups must divide the 3 channels"):
            call()


def test_instance_norm_moves_and_uses_running_statistics():
    layer = nn.InstanceNorm1d(2, track_running_stats=True, momentum=0.5)
    x = tg.tensor([[[1.0, 3.0], [0.0, 4.0]]])
    layer(x)
    assert layer.running_mean.tolist() == [1.0, 1.0] and layer.running_var.tolist() == [1.5, 4.5]
    np.testing.assert_allclose(
        layer.eval()(x).detach().numpy()[0, 0], (x.detach().numpy()[0, 0] - 1) / np.sqrt(1.5 + 1e-5), rtol=1e-6
    )


# ---------------------------------------------------------------------- containers


def test_a_dict_of_modules_holds_them_by_name():
    layers = nn.ModuleDict({"a": nn.Linear(1, 2)})
    layers["b"] = nn.ReLU()
    assert list(layers.keys()) == ["a", "b"] and "a" in layers and len(layers) == 2
    assert list(layers.state_dict()) == ["a.weight", "a.bias"] and layers["a"].weight.name == "a.weight"
    del layers["a"]
    assert [name for name, _ in layers.items()] == ["b"] and [*layers.values()] == [layers["b"]]
    with pytest.raises(ArgumentError, match="ModuleDict: expected a Module, got int"):
        layers["c"] = 1


def test_lists_and_dicts_of_parameters_make_parameters_of_tensors():
    listed = nn.ParameterList([tg.zeros(2), nn.Parameter(tg.ones(1)), "text"])
    assert [name for name, _ in listed.named_parameters()] == ["0", "1"] and listed[2] == "text" and len(listed) == 3
    listed[0] = tg.ones(4)
    assert listed[0].requires_grad and len(listed[:1]) == 1 and [*listed][2] == "text"
    named = nn.ParameterDict({"a": tg.zeros(2)})
    named.update([("b", tg.ones(1))])
    assert list(named.state_dict()) == ["a", "b"] and named["b"].name == "b" and "a" in named and len(named) == 2
    del named["a"]
    assert [*named] == [*named.keys()] == ["b"] and dict(named.items())["b"] in [*named.values()]
    assert len(nn.Sequential(nn.Linear(1, 1)).state_dict()) == 2


# ---------------------------------------------------------------------- interpolation, padding, unflatten


@pytest.mark.parametrize(("call", "said"), [
    (lambda x: F.interpolate(x), "give one of size and scale_factor"),
    (lambda x: F.interpolate(x, 2, 2.0), "give one of size and scale_factor"),
    (lambda x: F.interpolate(x, 2, mode="linear"), "mode 'linear' is not for 2 dimensions"),
    (lambda x: F.interpolate(x, 2, align_corners=True), "align_corners is for the linear"),
    (lambda x: F.interpolate(x, 2, mode="bilinear", antialias=True), "antialias=True is not available"),
    (lambda x: F.interpolate(x, (1, 2, 3)), "a number or 2 of them"),
    (lambda x: F.interpolate(x, 0), "sizes are at least 1"),
    (lambda x: nn.ZeroPad2d((1, 2, 3)), "ZeroPad2d: padding is an integer or 4 of them"),
])  # fmt: skip
def test_settings_that_make_no_image_are_refused(call, said):
    with pytest.raises(ArgumentError, match=said):
        call(tg.ones(1, 1, 3, 3))


def test_interpolation_keeps_what_is_not_finite_where_it_is():
    with np.errstate(invalid="ignore"):
        y = F.interpolate(tg.tensor([[[1.0, np.inf, 3.0, 5.0]]]), scale_factor=2, mode="linear")
    assert not np.isfinite(y.detach().numpy()[..., 1:5]).any() and y.detach().numpy()[..., 5:].tolist() == [
        [[3.5, 4.5, 5.0]]
    ]


def test_unflatten_refuses_sizes_that_do_not_fit():
    assert nn.Unflatten(1, (-1, 3))(tg.ones(2, 6)).shape == (2, 2, 3)
    with pytest.raises(ShapeError, match=r"dimension 1 of \(2, 6\) is not \(4, 2\)"):
        nn.Unflatten(1, (4, 2))(tg.ones(2, 6))


def test_bilinear_names_the_sides():
    with pytest.raises(ShapeError, match=r"bilinear: x1 is .* got \(2, 3\), \(2, 3\) and \(1, 2, 3\)"):
        F.bilinear(tg.ones(2, 3), tg.ones(2, 3), tg.ones(1, 2, 3))


# ---------------------------------------------------------------------- reading at computed places


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("border", ["zeros", "border", "reflection"])
def test_grid_sample_has_gradients_of_first_and_second_order_in_image_and_grid(mode, border):
    rng = np.random.default_rng(0)
    image = tg.tensor(rng.standard_normal((1, 2, 4, 5)), requires_grad=True)
    grid = tg.tensor(rng.uniform(-1.3, 1.3, (1, 2, 3, 2)), requires_grad=True)

    def read(x, places):
        return F.grid_sample(x, places, mode, border, False)

    for check in (tg.autograd.gradcheck, tg.autograd.gradgradcheck):
        assert check(read, (image, grid), fast_mode=True)  # a random direction, in which every element has a part


def test_grid_sample_at_the_centres_is_the_image():
    image = tg.arange(6.0).reshape(1, 1, 2, 3)
    y, x = np.meshgrid([-1.0, 1.0], [-1.0, 0.0, 1.0], indexing="ij")
    grid = tg.tensor(np.stack([x, y], -1)[None], dtype=tg.float32)
    for mode in ("bilinear", "nearest", "bicubic"):
        assert F.grid_sample(image, grid, mode, align_corners=True).tolist() == image.tolist()


@pytest.mark.parametrize("border", ["border", "reflection"])
def test_grid_sample_has_no_slope_at_the_borders(border):
    grid = tg.tensor([[[[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]]], requires_grad=True)
    F.grid_sample(tg.tensor([[[[1.0, 3.0, 9.0]]]]), grid, "bilinear", border, align_corners=True).sum().backward()
    assert grid.grad[0, 0, :, 0].tolist() == [0.0, 6.0, 0.0]


def test_grid_sample_names_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"grid_sample: .* got \(1, 1, 2, 2\) and \(1, 2, 2, 3\)"):
        F.grid_sample(tg.ones(1, 1, 2, 2), tg.ones(1, 2, 2, 3))
    with pytest.raises(ArgumentError, match="got 'linear' and 'zeros'"):
        F.grid_sample(tg.ones(1, 1, 2, 2), tg.ones(1, 2, 2, 2), "linear")
    with pytest.raises(ArgumentError, match="modes are 0, 1 or 2; got 3 and 0"):
        tg.grid_sampler_2d(tg.ones(1, 1, 2, 2), tg.ones(1, 2, 2, 2), 3, 0, False)
