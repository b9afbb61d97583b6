"""What stands beside the layers: parameters as a vector, fused and normalized layers, parameters that are computed."""

import copy

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, ShapeError

nn, utils = tg.nn, tg.nn.utils
parametrize = utils.parametrize


def close(a, b, tolerance=1e-6):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=tolerance)


# ---------------------------------------------------------------------- vectors, gradients, numbers that are not drawn


def test_parameters_go_into_a_vector_and_back():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = utils.parameters_to_vector(net.parameters())
    (grad,) = tg.autograd.grad(vector.sum(), net[0].weight)
    assert vector.shape == (13,) and grad.tolist() == [[1.0, 1.0]] * 3
    kept = list(net.parameters())
    utils.vector_to_parameters(2 * vector, net.parameters())
    assert all(a is b for a, b in zip(net.parameters(), kept, strict=True))
    close(utils.parameters_to_vector(net.parameters()), 2 * vector)
    before = net[0].weight.clone()
    for given in (vector[:5], vector.reshape(1, 13)):
        with pytest.raises(ShapeError, match="the parameters have 13 elements, the vector is"):
            utils.vector_to_parameters(given, net.parameters())
    with pytest.raises(ArgumentError, match="expected a tensor, got list"):
        utils.vector_to_parameters([1.0], net.parameters())
    with pytest.raises(ArgumentError, match="there are no parameters"):
        utils.parameters_to_vector([])
    assert net[0].weight.tolist() == before.tolist()


def test_norms_that_are_not_finite_or_mean_nothing_are_refused():
    grads = [tg.tensor([float("nan")])]
    assert np.isnan(utils.get_total_norm(grads).item()) and utils.get_total_norm([]).item() == 0
    with pytest.raises(ArgumentError, match="is nan"):
        utils.get_total_norm(grads, error_if_nonfinite=True)
    with pytest.raises(ArgumentError, match="norm_type must be positive"):
        utils.get_total_norm(grads, 0)
    with pytest.raises(ArgumentError, match="max_norm must not be negative"):
        utils.clip_grads_with_norm_([], -1.0, tg.tensor(1.0))
    with pytest.raises(ArgumentError, match="takes tensors"):
        utils.get_total_norm([1.0])


def test_a_layer_is_made_without_drawing():
    tg.manual_seed(0)
    wanted = tg.rand(1).item()
    tg.manual_seed(0)
    assert isinstance(utils.skip_init(nn.Linear, 3, 2, bias=False), nn.Linear)
    assert tg.rand(1).item() == wanted


# ---------------------------------------------------------------------- fused layers


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("bias", "affine"), [(True, True), (False, False)])
def test_a_fused_layer_gives_what_both_give(transposed, bias, affine):
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    net = nn.Sequential(kind(2, 3, 2, bias=bias), nn.BatchNorm2d(3, affine=affine))
    for _ in range(3):
        net(tg.randn(4, 2, 5, 5))
    net.eval()
    x = tg.randn(1, 2, 5, 5)
    close(utils.fuse_conv_bn_eval(net[0], net[1], transposed)(x), net(x), 1e-5)
    with pytest.raises(ArgumentError, match="both layers are in evaluation"):
        utils.fuse_conv_bn_eval(net[0], net[1].train())
    with pytest.raises(ArgumentError, match="no running statistics"):
        utils.fuse_conv_bn_eval(net[0], nn.BatchNorm2d(3, track_running_stats=False).eval())


def test_a_linear_layer_is_fused_too():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    net(tg.randn(4, 2))
    net.eval()
    close(utils.fuse_linear_bn_eval(net[0], net[1])(tg.ones(1, 2)), net(tg.ones(1, 2)))


# ---------------------------------------------------------------------- parameters that are computed


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x

    def right_inverse(self, x):
        return x / 2


class Shifted(nn.Module):
    def forward(self, x):
        return x + 1


def test_a_parameter_is_computed_each_time_and_can_be_assigned():
    layer = nn.Linear(2, 1)
    before, weight = layer.weight.clone(), layer.weight
    assert parametrize.register_parametrization(layer, "weight", Doubled()) is layer
    assert layer.parametrizations.weight.original is weight  # an optimizer that has it goes on with it
    close(layer.weight, before)
    assert isinstance(layer, nn.Linear) and type(layer).__name__ == "ParametrizedLinear"
    assert parametrize.is_parametrized(layer) and not parametrize.is_parametrized(layer, "bias")
    layer(tg.ones(1, 2)).sum().backward()
    assert weight.grad.tolist() == [[2.0, 2.0]]
    layer.weight = tg.tensor([[3.0, 5.0]])
    assert weight.tolist() == [[1.5, 2.5]]
    parametrize.register_parametrization(layer, "weight", Shifted())
    assert layer.weight.tolist() == [[4.0, 6.0]]
    with pytest.raises(ArgumentError, match="Shifted has no right_inverse"):
        layer.weight = tg.zeros(1, 2)
    twin = copy.deepcopy(layer)
    assert twin.weight.tolist() == [[4.0, 6.0]] and twin.parametrizations.weight.original is not weight
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and layer.weight is weight and weight.tolist() == [[4.0, 6.0]]
    assert type(twin).__name__ == "ParametrizedLinear" and not parametrize.is_parametrized(layer)


class Unsaid(Doubled):
    def right_inverse(self, x):
        raise NotImplementedError


def test_a_further_parametrization_computes_of_what_the_others_give():
    """As PyTorch 2.13: only the first keeps the value, whether the others have an inverse or not."""
    for first, times in ((Doubled(), 1), (Unsaid(), 2)):
        layer = nn.Linear(2, 1)
        before = layer.weight.clone()
        parametrize.register_parametrization(layer, "weight", first)
        close(layer.weight, before * times)
        parametrize.register_parametrization(layer, "weight", Doubled())
        close(layer.weight, before * 2 * times)
    with pytest.raises(NotImplementedError):
        layer.weight = before


ORTHOGONAL = [
    (
        (3, 2),
        "householder",
        [[-0.0, 0.91287092917528], [0.44721359549996, 0.36514837167011], [0.89442719099992, -0.18257418583506]],
    ),
    (
        (3, 2),
        "cayley",
        [
            [0.18367346938776, -0.97959183673469],
            [-0.6530612244898, -0.18367346938776],
            [0.73469387755102, 0.08163265306122],
        ],
    ),
    ((2, 2), "matrix_exp", [[-0.41614683654714, -0.90929742682568], [0.90929742682568, -0.41614683654714]]),
]
SHAPES = [(3, 3), (2, 4), (4, 2), (2, 3, 3)]


def gap(weight):
    """How far the columns, or the rows of a wide matrix, are from orthonormal."""
    columns = weight.mT if weight.shape[-2] < weight.shape[-1] else weight
    return (columns.mH @ columns - tg.eye(columns.shape[-1], dtype=columns.dtype)).abs().max().item()


@pytest.mark.parametrize("trivialized", [True, False])
@pytest.mark.parametrize("how", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_orthogonal_weight_stays_orthogonal(shape, how, trivialized):
    layer, numbers = nn.Module(), np.random.default_rng(1).normal(size=(2, *shape))
    layer.weight = nn.Parameter(tg.tensor(numbers[0]))
    utils.parametrizations.orthogonal(layer, "weight", how, use_trivialization=trivialized)
    assert layer.weight.shape == shape and gap(layer.weight) < 1e-12
    optimizer, before = tg.optim.SGD(layer.parameters(), lr=0.1), layer.weight.detach()
    for _ in range(3):
        optimizer.zero_grad()
        (layer.weight**3).sum().backward()
        optimizer.step()
    assert gap(layer.weight) < 1e-12 < (layer.weight - before).abs().max()
    right = tg.linalg.qr(tg.tensor(numbers[1]).mT if shape[-2] < shape[-1] else tg.tensor(numbers[1]))[0]
    right = right.mT if shape[-2] < shape[-1] else right
    if trivialized or (how or ("matrix_exp" if shape[-2] == shape[-1] else "householder")) == "householder":
        layer.weight = right
        close(layer.weight, right)
    else:
        with pytest.raises(NotImplementedError, match="use_trivialization"):
            layer.weight = right


def test_orthogonal_numbers_are_pytorchs():
    """PyTorch 2.13: of arange(6) as (3, 2), of arange(4) as (2, 2)."""
    for shape, how, right in ORTHOGONAL:
        layer = nn.Module()
        layer.weight = nn.Parameter(tg.arange(float(np.prod(shape)), dtype=tg.float64).reshape(shape))
        utils.parametrizations.orthogonal(layer, "weight", how, use_trivialization=False)
        close(layer.weight, tg.tensor(right, dtype=tg.float64), 1e-12)


def test_what_cannot_be_orthogonal_is_refused():
    with pytest.raises(ArgumentError, match="a matrix or more is needed, bias is"):
        utils.parametrizations.orthogonal(nn.Linear(2, 3), "bias")
    with pytest.raises(ArgumentError, match="one of matrix_exp, cayley, householder, got 'qr'"):
        utils.parametrizations.orthogonal(nn.Linear(2, 3), "weight", "qr")
    with pytest.raises(ArgumentError, match="Linear has no parameter or buffer 'weights'"):
        utils.parametrizations.orthogonal(nn.Linear(2, 3), "weights")
    layer = utils.parametrizations.orthogonal(nn.Linear(2, 3))
    with pytest.raises(ShapeError, match=r"the weight is \(3, 2\), got \(2, 3\)"):
        layer.weight = tg.zeros(2, 3)


def test_a_buffer_can_be_computed():
    layer = nn.BatchNorm1d(2)
    parametrize.register_parametrization(layer, "running_mean", Shifted())
    assert layer.running_mean.tolist() == [1.0, 1.0]
    assert "parametrizations.running_mean.original" in layer.state_dict()
    parametrize.remove_parametrizations(layer, "running_mean", leave_parametrized=False)
    assert layer.running_mean.tolist() == [0.0, 0.0] and type(layer) is nn.BatchNorm1d


def test_parametrizations_that_do_not_fit_change_nothing():
    layer = nn.Linear(2, 1)
    for module, error, message in (
        (nn.Flatten(0), ShapeError, r"Flatten makes \(2,\) of weight \(1, 2\); pass unsafe=True"),
        (type("Wide", (nn.Module,), {"forward": lambda self, x: x.double()})(), DtypeError, "makes float64 of weight"),
        (3, ArgumentError, "expected a Module, got int"),
    ):
        with pytest.raises(error, match=message):
            parametrize.register_parametrization(layer, "weight", module)
    with pytest.raises(ArgumentError, match="has no parameter or buffer 'weihgt'"):
        parametrize.register_parametrization(layer, "weihgt", Doubled())
    with pytest.raises(ArgumentError, match=r"Linear\.weight is not computed"):
        parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and list(layer.state_dict()) == ["weight", "bias"]
    utils.parametrizations.weight_norm(layer)
    with pytest.raises(ArgumentError, match="computed from 2 tensors"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)


@pytest.mark.parametrize("norm", [utils.parametrizations.weight_norm, utils.weight_norm])
def test_a_weight_norm_starts_with_the_weight_and_learns(norm):
    layer = nn.Conv1d(2, 3, 2)
    x = tg.randn(1, 2, 4)
    before = layer(x)
    net = norm(layer)
    close(net(x), before)
    (net(x) ** 2).sum().backward()
    assert all(p.grad is not None for p in net.parameters()) and len(list(net.parameters())) == 3


def test_a_spectral_norm_brings_the_largest_singular_value_to_1():
    for norm in (utils.parametrizations.spectral_norm, utils.spectral_norm):
        layer = norm(nn.Linear(4, 3), n_power_iterations=200)
        layer(tg.zeros(1, 4))
        assert tg.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1, rel=1e-4)
        with pytest.raises(ArgumentError, match="n_power_iterations is at least 1"):
            norm(nn.Linear(2, 2), n_power_iterations=0)
        with pytest.raises(ArgumentError, match="no parameter"):
            norm(nn.ReLU())


def test_two_forwards_before_one_backward():
    layer = utils.parametrizations.spectral_norm(nn.Linear(4, 1))
    (layer(tg.ones(1, 4)) - layer(tg.zeros(1, 4))).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None


def test_older_norms_that_are_not_there_cannot_be_removed():
    for remove in (utils.remove_weight_norm, utils.remove_spectral_norm):
        with pytest.raises(ArgumentError, match=r"Linear\.weight has no such norm"):
            remove(nn.Linear(2, 2))
