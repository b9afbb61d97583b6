"""Gradients of piecewise linear functions under ``create_graph`` require grad, and zeros follow, as in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.op import OPS

F = tg.nn.functional
X = [-4.0, -0.4, 0.3, 0.9, 7.0]
FLAT = {
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "hardtanh": F.hardtanh,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "hardsigmoid": F.hardsigmoid,
    "threshold": lambda x: F.threshold(x, 0.5, 2.0),
    "prelu": lambda x: F.prelu(x, tg.tensor([0.2])),
    "abs": tg.abs,
    "max_pool1d": lambda x: F.max_pool1d(x[None, None], 2),
    "max_pool2d": lambda x: F.max_pool2d(x.expand(1, 1, 2, 5), 2),
    "max_pool3d": lambda x: F.max_pool3d(x.expand(1, 1, 1, 2, 5), (1, 2, 2)),
    "adaptive_max_pool1d": lambda x: F.adaptive_max_pool1d(x[None, None], 2),
    "avg_pool1d": lambda x: F.avg_pool1d(x[None, None], 2),
    "nll_loss": lambda x: F.nll_loss(x[None], tg.tensor([1])),
}
# PyTorch lets these gradients end: they are constants.
CONSTANT = {
    "sum": tg.sum,
    "max": tg.max,
    "amax": lambda x: tg.amax(x, 0),
    "clamp": lambda x: tg.clamp(x, -1, 1),
    "maximum": lambda x: tg.maximum(x, tg.zeros(5)),
    "sort": lambda x: tg.sort(x)[0],
    "where": lambda x: tg.where(x > 0, x, 3.0),
    "round": tg.round,
    "index": lambda x: x[tg.tensor([0, 0, 2])],
}


@pytest.mark.parametrize("name", FLAT)
def test_the_gradient_requires_grad_and_is_followed_by_zeros(name):
    x = tg.tensor(X, requires_grad=True)
    (plain,) = tg.autograd.grad(FLAT[name](x).sum(), x)
    (g,) = tg.autograd.grad(FLAT[name](x).sum(), x, create_graph=True)
    np.testing.assert_array_equal(g.detach().numpy(), plain.numpy())
    assert g.requires_grad and not plain.requires_grad
    (second,) = tg.autograd.grad(g.sum(), x, create_graph=True)
    assert second.tolist() == [0] * 5
    (g * x).sum().backward()
    assert x.grad.tolist() == g.tolist()


@pytest.mark.parametrize("name", CONSTANT)
def test_other_gradients_are_constants(name):
    x = tg.tensor(X, requires_grad=True)
    (g,) = tg.autograd.grad(CONSTANT[name](x).sum(), x, create_graph=True)
    assert not g.requires_grad


def test_zeros_reach_what_only_the_pieces_depend_on():
    """The first bias moves no gradient of the input; PyTorch's is 0 and not missing, which optimizers notice."""
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(2, 4), tg.nn.LeakyReLU(0.2), tg.nn.Linear(4, 1))
    x = tg.randn(3, 2, requires_grad=True)
    (g,) = tg.autograd.grad(model(x).sum(), x, create_graph=True)
    (g**2).sum().backward()
    first, last = model[0].bias.grad, model[2].bias.grad
    assert first.tolist() == [0] * 4 and last is None


def test_it_has_pytorchs_name():
    x = tg.tensor(X, requires_grad=True)
    (g,) = tg.autograd.grad(F.relu(x).sum(), x, create_graph=True)
    assert repr(g).endswith("grad_fn=<ThresholdBackwardBackward0>)")
    names = [op.grad_grad_fn for op in OPS.values()]
    assert all(name.endswith("BackwardBackward0") for name in names if name)


def test_a_penalty_of_the_gradient_norm_trains_through_relu():
    """Forward mode sees the same zeros."""
    w = tg.tensor([2.0, -1.0], requires_grad=True)
    x = tg.tensor([1.0, 3.0], requires_grad=True)
    (g,) = tg.autograd.grad(F.relu(w * x).sum(), x, create_graph=True)
    (g**2).sum().backward()
    assert w.grad.tolist() == [4, 0] and x.grad.tolist() == [0, 0]
    assert tg.func.jvp(lambda v: tg.func.grad(lambda u: F.relu(u).sum())(v), (x,), (tg.ones(2),))[1].tolist() == [0, 0]
