"""Convolutions: what does not fit, empty batches, dtypes, orders. Values: test_image_layers.py, test_every_op.py."""

import itertools

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, ModifiedError, ShapeError
from tinygrad_bp.ops import convolution as c

F = nn.functional


def slowly(x, weight, stride, padding, dilation):
    """Two-dimensional convolution, one window at a time."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    reach = [dilation * (k - 1) + 1 for k in weight.shape[2:]]
    out = [(n - r) // stride + 1 for n, r in zip(x.shape[2:], reach, strict=True)]
    y = np.zeros((len(x), len(weight), *out))
    for i, j in itertools.product(*map(range, out)):
        rows, columns = (slice(p * stride, p * stride + r, dilation) for p, r in zip((i, j), reach, strict=True))
        y[:, :, i, j] = np.tensordot(x[:, :, rows, columns], weight, ((1, 2, 3), (1, 2, 3)))
    return y


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)])
def test_many_rows_in_parts_are_what_one_window_at_a_time_gives(stride, padding, dilation, monkeypatch):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((7, 3, 8, 9)), rng.standard_normal((4, 3, 3, 2))
    wanted = slowly(x, weight, stride, padding, dilation)
    for columns in (1, 1000, 1 << 18):
        monkeypatch.setattr(c, "COLUMNS", columns)
        a, b = tg.tensor(x, requires_grad=True), tg.tensor(weight, requires_grad=True)
        y = F.conv2d(a, b, None, stride, padding, dilation)
        np.testing.assert_allclose(y.detach().numpy(), wanted, rtol=1e-12, atol=1e-12)
        y.square().sum().backward()
        # The sum of squares is of degree 2 in each: by Euler, the slope along itself is twice the value.
        for leaf in (a, b):
            np.testing.assert_allclose(
                (leaf.grad.numpy() * leaf.detach().numpy()).sum(), 2 * (wanted**2).sum(), rtol=1e-10
            )


@pytest.mark.parametrize("dtype", [tg.float32, tg.float64])
def test_the_dtype_stays(dtype):
    x, weight = tg.ones(1, 2, 4, dtype=dtype, requires_grad=True), tg.ones(3, 2, 2, dtype=dtype, requires_grad=True)
    y = F.conv1d(x, weight, tg.zeros(3, dtype=dtype), padding="same")
    y.sum().backward()
    assert y.dtype == x.grad.dtype == weight.grad.dtype == dtype and y.shape == (1, 3, 4)


@pytest.mark.parametrize("layer", [
    nn.Conv2d(2, 3, 2), nn.ConvTranspose2d(2, 3, 2), nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(3),
    nn.AdaptiveMaxPool2d(3), nn.Unfold(2), nn.LPPool2d(2, 2), nn.Upsample(scale_factor=2), nn.ZeroPad2d(1),
], ids=repr)  # fmt: skip
def test_a_batch_without_rows_passes(layer):
    x = tg.zeros(0, 2, 4, 4, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert y.shape[0] == 0 and x.grad.shape == x.shape
    assert all((p.grad.numpy() == 0).all() for p in layer.parameters())


def test_third_order_closes():
    weight = tg.tensor([[[2.0, -1.0]]], requires_grad=True)
    x = tg.tensor([[[0.3, 0.2, 0.5]]], requires_grad=True)
    (g,) = tg.autograd.grad((F.conv1d(x, weight) ** 3).sum(), x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), weight, create_graph=True)
    assert tg.autograd.gradcheck(lambda w, a: F.conv_transpose1d(F.conv1d(a, w) ** 2, w), (weight.double(), x.double()))
    (third,) = tg.autograd.grad(h.sum(), x)
    assert third.shape == x.shape and np.isfinite(third.detach().numpy()).all()


def test_complex_convolution_has_the_gradient_of_pytorchs_convention():
    w = tg.tensor(np.array([[[1 + 2j]]]), requires_grad=True)
    y = F.conv1d(tg.tensor(np.array([[[3 - 1j]]])), w)
    (tg.real(y) ** 2 + tg.imag(y) ** 2).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), [[[2 * (1 + 2j) * 10]]])


@pytest.mark.parametrize(("call", "said"), [
    (lambda x, w: F.conv2d(x, w[:, :1]), r"conv2d: weight \(4, 1, 3, 3\) with groups=1 takes 1 channels, x .* has 2"),
    (lambda x, w: F.conv2d(x, w, padding=0, dilation=3), r"kernel \(3, 3\) reaches over \(7, 7\) elements, more than"),
    (lambda x, w: F.conv2d(x, w, tg.ones(3)), r"bias is \(3,\); for weight \(4, 2, 3, 3\) it must be \(4,\)"),
    (lambda x, w: F.conv2d(x[0, 0], w), r"the input is \(rows, channels, and 2 more\).* got \(5, 6\)"),
    (lambda x, w: F.conv2d(x, w[0]), r"weight has 4 dimensions, .* got \(2, 3, 3\)"),
    (lambda x, w: F.conv_transpose2d(x, w), r"conv_transpose2d: weight .* takes 4 channels, x .* has 2"),
    (lambda x, w: F.conv_transpose2d(x, w[:2], padding=9), "the result would have the size"),
    (lambda x, w: F.fold(x[0], 4, 2), r"images of \(4, 4\) have 9 windows of 4 elements a channel"),
    (lambda x, w: F.max_pool2d(x, 7), r"max_pool2d: the kernel \(7, 7\) reaches over"),
])  # fmt: skip
def test_shapes_that_do_not_fit_are_named(call, said):
    with pytest.raises(ShapeError, match=said):
        call(tg.ones(1, 2, 5, 6), tg.ones(4, 2, 3, 3))


@pytest.mark.parametrize(("call", "said"), [
    (lambda x, w: F.conv2d(x, w, stride=0), "stride is an integer or 2 of them, each at least 1; got 0"),
    (lambda x, w: F.conv2d(x, w, padding=(1, 2, 3)), "padding is an integer or 2 of them"),
    (lambda x, w: F.conv2d(x, w, groups=3), r"groups must divide the 4 of weight .* got groups=3"),
    (lambda x, w: F.conv2d(x, w, padding="full"), "\"valid\", an integer or 2 of them; got 'full'"),
    (lambda x, w: F.conv2d(x, w, padding="same", stride=2), "needs stride 1"),
    (lambda x, w: F.conv_transpose2d(x, w[:2], output_padding=1), "output_padding must be smaller than the stride"),
    (lambda x, w: nn.Conv2d(2, 4, 3, groups=3), "groups must divide both numbers of channels, 2 and 4; got 3"),
    (lambda x, w: nn.Conv2d(2, 4, 3, padding_mode="mirror"), "padding_mode is one of 'zeros', 'reflect'"),
    (lambda x, w: nn.ConvTranspose2d(2, 4, 3, padding="same"), "padding is an integer or 2 of them; got 'same'"),
    (lambda x, w: nn.Conv2d(2, 4, 3, padding="same", stride=2), "needs stride 1"),
    (lambda x, w: nn.ConvTranspose2d(2, 4, 3, stride=2)(x, (9, 9)), r"output_size lies from \(11, 13\) to \(12, 14\)"),
])  # fmt: skip
def test_settings_that_do_not_fit_are_refused(call, said):
    with pytest.raises(ArgumentError, match=said):
        call(tg.ones(1, 2, 5, 6), tg.ones(4, 2, 3, 3))


def test_a_transposed_layer_gives_the_size_that_is_asked_for():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2)
    assert layer(tg.ones(1, 1, 2, 2), (6, 5)).shape == (1, 1, 6, 5)


def test_a_weight_that_was_written_since_is_seen():
    layer, x = nn.Conv1d(1, 1, 2), tg.ones(1, 1, 3, requires_grad=True)
    y = layer(x).sum()
    with tg.no_grad():
        layer.weight.zero_()
    with pytest.raises(ModifiedError, match="convolution kept weight"):
        y.backward()


def test_windows_of_a_tensor_cannot_be_written():
    y = F.unfold(tg.ones(1, 1, 3, 3), 2)
    assert y.shape == (1, 4, 4) and nn.Fold((3, 3), 2)(y).sum().item() == 16.0


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_the_functions_of_nn_grad_are_the_gradients_of_the_convolution(ndim: int) -> None:
    settings = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    x = tg.randn(2, 4, *(7, 6, 5)[:ndim], dtype=tg.float64, requires_grad=True)
    w = tg.randn(6, 2, *(3, 2, 2)[:ndim], dtype=tg.float64, requires_grad=True)
    y = getattr(F, f"conv{ndim}d")(x, w, **settings)
    g = tg.randn(*y.shape, dtype=tg.float64, requires_grad=True)
    of_input, of_weight = (getattr(nn.grad, f"conv{ndim}d_{name}") for name in ("input", "weight"))
    found = of_input(x.shape, w, g, **settings), of_weight(x, w.shape, g, **settings)
    for ours, wanted in zip(found, tg.autograd.grad(y, (x, w), g, create_graph=True), strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), wanted.detach().numpy(), rtol=1e-12)
        second = [tg.autograd.grad((one**2).sum(), g, retain_graph=True)[0].numpy() for one in (ours, wanted)]
        np.testing.assert_allclose(*second, rtol=1e-12)
    assert not of_input(x.shape, w.detach(), g.detach(), **settings).requires_grad
    with pytest.raises(ShapeError, match=r"nn\.grad: grad_output has the shape of the convolution's result"):
        of_input(x.shape, w, g[:1], **settings)
