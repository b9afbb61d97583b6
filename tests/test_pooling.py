"""Pooling: ties, NaN, indices, sizes. Values: test_image_layers.py, test_every_op.py."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp import nn
from tinygrad_bp.autograd.errors import ArgumentError, IndexRangeError, ShapeError

F = nn.functional


def test_of_equal_elements_the_first_gets_the_gradient():
    x = tg.tensor([[[[2.0, 2.0], [2.0, 1.0]]]], requires_grad=True)
    y, where = F.max_pool2d(x, 2, return_indices=True)
    y.sum().backward()
    assert where.tolist() == [[[[0]]]] and x.grad.tolist() == [[[[1.0, 0.0], [0.0, 0.0]]]]


def test_a_nan_is_the_largest_and_padding_never_wins():
    y, where = F.max_pool1d(tg.tensor([[[1.0, np.nan, 3.0]]]), 3, return_indices=True)
    assert np.isnan(y.item()) and where.item() == 1
    y, where = F.max_pool1d(tg.tensor([[[-np.inf, -np.inf]]]), 2, padding=1, return_indices=True)
    assert where.tolist() == [[[0, 1]]] and np.isneginf(y.detach().numpy()).all()


def test_integers_are_pooled_without_a_gradient():
    y = F.max_pool1d(tg.tensor([[[3, -5, 2, 7]]]), 3, 1, 1)
    assert y.tolist() == [[[3, 3, 7, 7]]] and y.dtype == tg.int64


def test_windows_that_overlap_add_their_gradients():
    x = tg.tensor([[[1.0, 5.0, 2.0]]], requires_grad=True)
    F.max_pool1d(x, 2, 1).sum().backward()
    assert x.grad.tolist() == [[[0.0, 2.0, 0.0]]]


def test_unpooling_puts_elements_back():
    x = tg.tensor([[[1.0, 5.0, 7.0, 2.0, 9.0]]], requires_grad=True)
    y, where = F.max_pool1d(x, 2, return_indices=True)
    back = nn.MaxUnpool1d(2)(y, where, output_size=(1, 1, 5))
    assert back.tolist() == [[[0.0, 5.0, 7.0, 0.0, 0.0]]]
    back.sum().backward()
    assert x.grad.tolist() == [[[0.0, 1.0, 1.0, 0.0, 0.0]]]


def test_without_rows_and_on_arrays():
    x = np.arange(8.0).reshape(2, 4)
    assert F.max_pool1d(tg.tensor(x), 2).tolist() == [[1.0, 3.0], [5.0, 7.0]]
    assert isinstance(F.max_pool1d(x, 2, return_indices=True)[1], np.ndarray)
    assert isinstance(F.avg_pool1d(x, 2), np.ndarray)


def test_adaptive_parts_cover_what_does_not_divide_and_keep_a_size():
    x = tg.arange(7.0).reshape(1, 1, 7)
    assert F.adaptive_max_pool1d(x, 3).tolist() == [[[2.0, 4.0, 6.0]]]
    assert F.adaptive_avg_pool1d(x, 3).tolist() == [[[1.0, 3.0, 5.0]]]
    y, where = nn.AdaptiveMaxPool2d((None, 1), return_indices=True)(tg.arange(6.0).reshape(1, 2, 3))
    assert y.tolist() == [[[2.0], [5.0]]] and where.tolist() == [[[2], [5]]]


def test_pools_have_second_derivatives():
    x = tg.tensor(np.random.default_rng(0).standard_normal((1, 2, 4, 5)), requires_grad=True)
    for function in (
        lambda t: F.max_pool2d(t, 3, 2, 1) ** 3, lambda t: F.avg_pool2d(t, 2, ceil_mode=True) ** 3,
        lambda t: F.adaptive_avg_pool2d(t, (3, 2)) ** 3, lambda t: F.lp_pool2d(t, 2.0, 2) ** 3,
    ):  # fmt: skip
        assert tg.autograd.gradgradcheck(function, (x,))


@pytest.mark.parametrize(("call", "error", "said"), [
    (lambda x: F.max_pool2d(x, 2, padding=2), ArgumentError, r"padding is at most half of the kernel; got \(2, 2\)"),
    (lambda x: F.avg_pool2d(x, 0), ArgumentError, "kernel_size is an integer or 2 of them, each at least 1; got 0"),
    (lambda x: F.avg_pool2d(x, 2, divisor_override=0), ArgumentError, "divisor_override must not be 0"),
    (lambda x: F.max_pool2d(x[0, 0], 2), ShapeError, r"max_pool2d: the input is .* got \(3, 4\)"),
    (lambda x: F.max_pool2d(x[:, :0], 2), ShapeError, "only the rows can be 0"),
    (lambda x: F.adaptive_avg_pool2d(x, (1, 2, 3)), ArgumentError, "output_size is an integer or 2 of them"),
    (lambda x: F.max_unpool2d(x, tg.zeros(1, 1, 1, 1, dtype=tg.int64), 2), ShapeError, "they are what max_pool2d"),
    (lambda x: F.max_unpool2d(x, tg.full(x.shape, 99), 2), IndexRangeError, r"a result of \(6, 8\) has 48 elements"),
    (lambda x: F.max_unpool2d(x, tg.zeros(x.shape, dtype=tg.int64), 2, output_size=(9, 9)), ArgumentError, "stride"),
])  # fmt: skip
def test_what_does_not_fit_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call(tg.ones(1, 1, 3, 4))
