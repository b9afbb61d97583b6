"""Fractional pooling, samples of categories, grids, adaptive softmax. Constants of PyTorch 2.13."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, ShapeError, TargetError

nn, F = tg.nn, tg.nn.functional


def test_fractional_pooling_reads_the_windows_that_the_samples_say():
    x = tg.arange(25.0).reshape(1, 1, 5, 5).requires_grad_()
    samples = tg.tensor([[[0.1, 0.9]]])
    y, places = F.fractional_max_pool2d(x, 2, 3, return_indices=True, _random_samples=samples)
    assert y.flatten().tolist() == [6, 7, 9, 11, 12, 14, 21, 22, 24] and places.tolist() == y.int().tolist()
    y.sum().backward()
    assert x.grad.sum().item() == 9
    layer = nn.FractionalMaxPool2d(2, output_size=3, return_indices=True, _random_samples=samples)
    assert layer(x)[1].tolist() == places.tolist()
    assert nn.FractionalMaxPool3d(2, output_ratio=0.5)(tg.rand(2, 5, 5, 5)).shape == (2, 2, 2, 2)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda x: F.fractional_max_pool2d(x, 2), ArgumentError, "give either output_size or output_ratio"),
    (lambda x: nn.FractionalMaxPool2d(2), ArgumentError, "MaxPool2d: give either output_size or output_ratio"),
    (lambda x: F.fractional_max_pool2d(x, 2, output_ratio=1.5), ArgumentError, "between 0 and 1, or 2; got 1.5"),
    (lambda x: F.fractional_max_pool2d(x, 3, 4), ShapeError, r"\(4, 4\) windows of \(3, 3\) do not fit into \(5, 5\)"),
    (lambda x: F.fractional_max_pool2d(x, 2, 3, None, False, tg.zeros(2)), ShapeError, r"\(1, 1, 2\), got \(2,\)"),
    (lambda x: F.fractional_max_pool2d(x[0, 0], 2, 3), ShapeError, "or without rows"),
])  # fmt: skip
def test_windows_that_do_not_fit_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(tg.rand(1, 1, 5, 5))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_pools_that_give_places(ndim):
    x = tg.rand(2, 3, *(6,) * ndim)
    for name, size in ((f"max_pool{ndim}d", 2), (f"adaptive_max_pool{ndim}d", 3)):
        y, places = getattr(F, f"{name}_with_indices")(x, size)
        wanted = getattr(F, name)(x, size, return_indices=True)
        assert y.tolist() == wanted[0].tolist() and places.tolist() == wanted[1].tolist()


def test_hard_samples_have_the_gradient_of_soft_ones():
    logits = tg.randn(4, 3, requires_grad=True)
    tg.manual_seed(0)
    hard = F.gumbel_softmax(logits, hard=True)
    assert sorted(set(np.round(hard.detach().numpy(), 6).ravel().tolist())) == [0.0, 1.0]
    weight = tg.randn(4, 3)
    (first,) = tg.autograd.grad((hard * weight).sum(), logits)
    tg.manual_seed(0)
    tg.randn(0)
    (second,) = tg.autograd.grad((F.gumbel_softmax(logits) * weight).sum(), logits)
    assert np.isfinite(first.numpy()).all() and first.shape == second.shape
    generator = tg.Generator().manual_seed(3)
    again = tg.Generator().manual_seed(3)
    assert F.gumbel_softmax(logits, generator=generator).tolist() == F.gumbel_softmax(logits, generator=again).tolist()


def test_a_grid_of_the_identity_gives_the_image_back():
    x = tg.rand(2, 1, 3, 4)
    theta = tg.tensor([[[1.0, 0, 0], [0, 1, 0]]] * 2)
    for corners in (False, True):
        y = F.grid_sample(x, F.affine_grid(theta, x.shape, corners), align_corners=corners)
        np.testing.assert_allclose(y.numpy(), x.numpy(), atol=1e-6)
    with pytest.raises(ShapeError, match=r"theta is \(rows, 2, 3\).*got \(2, 2, 3\) and \(1, 1, 3, 4\)"):
        F.affine_grid(theta, (1, 1, 3, 4))


def test_an_adaptive_softmax_is_one_distribution():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 6])
    x = tg.rand(5, 8)
    logs = layer.log_prob(x)
    np.testing.assert_allclose(logs.exp().sum(1).detach().numpy(), 1, rtol=1e-5)
    classes = tg.tensor([0, 2, 5, 7, 11])
    output, loss = layer(x, classes)
    np.testing.assert_allclose(output.detach().numpy(), logs[tg.arange(5), classes].detach().numpy(), rtol=1e-5)
    assert loss.item() == pytest.approx(-output.mean().item()) and layer.predict(x).tolist() == logs.argmax(1).tolist()
    for cutoffs in ([], [3, 3], [0, 4], [12], [2.5]):
        with pytest.raises(ArgumentError, match="cutoffs are integers that grow, from 1 to 11"):
            nn.AdaptiveLogSoftmaxWithLoss(8, 12, cutoffs)
    with pytest.raises(TargetError, match="classes are integers from 0 to 11"):
        layer(x, tg.tensor([0, 2, 5, 7, 12]))
    for target in (tg.tensor([1]), tg.tensor([[1]])):
        with pytest.raises(ShapeError, match=r"the input is \(rows, 8\), the target \(rows,\)"):
            layer(x, target)


def test_weights_that_pass_channels_on_or_are_sparse():
    conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    nn.init.dirac_(conv.weight)
    x = tg.rand(1, 2, 4, 4)
    assert conv(x).tolist() == x.tolist()
    weight = nn.init.sparse_(tg.empty(10, 4), 0.25)
    assert (weight == 0).sum(0).tolist() == [3, 3, 3, 3]
    for call in (lambda: nn.init.dirac_(tg.empty(2, 2)), lambda: nn.init.sparse_(tg.empty(2), 0.5)):
        with pytest.raises(ShapeError):
            call()
    with pytest.raises(ArgumentError, match="groups must divide the 3 channels, got 2"):
        nn.init.dirac_(tg.empty(3, 2, 3), 2)


def test_families_of_layers_are_asked_for_as_in_pytorch():
    from tinygrad_bp.nn.modules.batchnorm import _BatchNorm

    assert isinstance(nn.BatchNorm2d(2), _BatchNorm) and isinstance(nn.Conv1d(1, 1, 1), nn.modules._ConvNd)
    assert isinstance(nn.BCELoss(tg.ones(2)), nn.modules._WeightedLoss)
    assert isinstance(nn.MSELoss(), nn.modules._Loss) and nn.modules.Linear is nn.Linear
