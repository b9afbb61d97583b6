"""Methods that change their tensor and are no op's, and numbers drawn into it; the numbers are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, DtypeError, LeafWriteError, ShapeError

# After manual_seed(7).
DRAWN: dict[str, tuple[Any, list[float]]] = {
    "exponential_": (lambda t: t.exponential_(2.5), [0.131058, 0.127913, 0.79247, 0.427647, 1.023143, 0.731898]),
    "cauchy_": (lambda t: t.cauchy_(1.0, 2.0), [-0.661112, -0.722406, 5.323784, 2.072567, 9.054664, 4.62571]),
    "log_normal_": (
        lambda t: t.log_normal_(0.5, 2.0), [1.229257, 7.942933, 10.953326, 0.177517, 48.500797, 0.275366],
    ),
    "geometric_": (lambda t: t.geometric_(0.3), [4, 4, 1, 2, 1, 1]),
    "poisson": (lambda t: tg.poisson(tg.tensor([0.0, 0.5, 3.0, 9.9, 12.0, 300.0])), [0, 0, 5, 6, 14, 326]),
    "binomial": (
        lambda t: tg.binomial(tg.tensor([10.0, 50.0, 100.0, 7.0, 3.0]), tg.tensor([0.3, 0.5, 0.9, 0.0, 1.0])),
        [3, 23, 96, 0, 3],
    ),
}  # fmt: skip


STREAM = [0.7680846, 0.6206895]


@pytest.mark.parametrize("name", DRAWN)
def test_the_numbers_drawn_are_pytorchs(name: str) -> None:
    draw, expected = DRAWN[name]
    tg.manual_seed(7)
    drawn = draw(tg.empty(6))
    assert drawn.dtype == tg.float32
    np.testing.assert_allclose(drawn.numpy(), expected, rtol=1e-5)
    tg.manual_seed(1)
    generator = tg.Generator().manual_seed(7)
    if name.endswith("_"):
        again = getattr(tg.empty(6), name)(0.5, generator=generator)
        assert (
            again.shape == (6,) and generator.get_state().tolist() != tg.Generator().manual_seed(7).get_state().tolist()
        )


def test_the_stream_goes_on_after_counts() -> None:
    tg.manual_seed(7)
    tg.poisson(tg.full((1500,), 3.0))
    tg.binomial(tg.full((3,), 40.0), tg.full((3,), 0.5))
    np.testing.assert_allclose(tg.rand(2).numpy(), STREAM, atol=1e-6)


def test_counts_of_large_rates_have_their_mean_and_variance() -> None:
    tg.manual_seed(0)
    drawn = tg.poisson(tg.full((4000,), 40.0, dtype=tg.float64)).numpy()
    assert abs(drawn.mean() - 40) < 0.4 and abs(drawn.var() - 40) < 3
    drawn = tg.binomial(tg.full((4000,), 200.0), tg.full((4000,), 0.7)).numpy()
    assert abs(drawn.mean() - 140) < 0.5 and abs(drawn.var() - 42) < 3


def test_what_cannot_be_drawn_is_refused() -> None:
    for call in (
        lambda: tg.zeros(2).exponential_(0.0),
        lambda: tg.zeros(2).cauchy_(sigma=0),
        lambda: tg.zeros(2).log_normal_(std=-1),
        lambda: tg.zeros(2).geometric_(1.0),
        lambda: tg.poisson(tg.tensor([-1.0])),
        lambda: tg.binomial(tg.ones(1), tg.tensor([1.5])),
    ):
        with pytest.raises(ArgumentError):
            call()
    with pytest.raises(DtypeError):
        tg.zeros(2, dtype=tg.int64).exponential_()
    with pytest.raises(DtypeError, match=r"write t.float\(\)"):
        tg.poisson(tg.tensor([1]))
    w = tg.ones(2, requires_grad=True)
    with pytest.raises(LeafWriteError):
        w.exponential_()
    with tg.no_grad():
        assert (w.geometric_(0.5) >= 1).all()


def test_a_python_function_of_each_element() -> None:
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    view = x[0]
    assert x.apply_(lambda v: v * 10) is x and view.tolist() == [10, 20]
    assert x.map_(tg.tensor([1.0, 2.0]), lambda a, b: a - b).tolist() == [[9, 18], [29, 38]]
    assert x.map2_(x, tg.ones(2), lambda a, b, c: a + b + c).tolist() == [[19, 37], [59, 77]]
    assert tg.tensor([1, 2]).apply_(lambda v: v + 0.9).tolist() == [1, 2]
    with pytest.raises(ArgumentError, match=r"write t.detach\(\).apply_"):
        tg.ones(2, requires_grad=True).apply_(lambda v: v)


def test_the_diagonal_is_filled_and_passes_no_gradient() -> None:
    w = tg.ones(3, 2, requires_grad=True)
    y = w * 2
    assert y.fill_diagonal_(7) is y and y.tolist() == [[7, 2], [2, 7], [2, 2]]
    y.sum().backward()
    assert w.grad is not None and w.grad.tolist() == [[0, 2], [2, 0], [2, 2]]
    assert tg.zeros(5, 2).fill_diagonal_(1, wrap=True).tolist() == [[1, 0], [0, 1], [0, 0], [1, 0], [0, 1]]
    assert tg.zeros(2, 2, 2).fill_diagonal_(1).sum() == 2
    for shape in ((3,), (2, 2, 3)):
        with pytest.raises(ShapeError, match="needs a matrix"):
            tg.zeros(*shape).fill_diagonal_(1)


def test_another_size() -> None:
    x = tg.arange(6)
    assert x.resize_(2, 2) is x and x.tolist() == [[0, 1], [2, 3]]
    assert x.resize_((5,))[:4].tolist() == [0, 1, 2, 3] and x.resize_as_(tg.zeros(1, 2)).tolist() == [[0, 1]]
    with pytest.raises(ArgumentError, match="requires grad"):
        tg.ones(2, requires_grad=True).resize_(1)


def test_history_is_left_behind() -> None:
    w = tg.ones(2, requires_grad=True)
    y = w * 2
    assert y.detach_() is y and y.is_leaf and not y.requires_grad
    assert not w.detach_().requires_grad
    with pytest.raises(LeafWriteError, match="is a view"):
        (tg.ones(2, requires_grad=True) * 2)[:1].detach_()


def test_in_place_functions_are_the_methods() -> None:
    x = tg.tensor([-1.0, 4.0])
    assert tg.relu_(x) is x and tg.sqrt_(x).tolist() == [0, 2] and tg.clamp_(x, max=1).tolist() == [0, 1]
    assert tg.ones(2, 2).addmm_(tg.ones(2, 3), tg.ones(3, 2), beta=2).tolist() == [[5, 5], [5, 5]]
    assert tg.arange(4.0).cumsum_(0).tolist() == [0, 1, 3, 6]
    with pytest.raises(LeafWriteError):
        tg.exp_(tg.ones(1, requires_grad=True))


def test_older_programs_give_the_factor_first():
    a, b, c = tg.tensor([1.0]), tg.tensor([2.0]), tg.tensor([3.0])
    assert a.clone().add_(2, b).item() == 5 and a.clone().sub_(2, b).item() == -3
    assert a.clone().addcmul_(2, b, c).item() == 13 and a.clone().addcdiv_(3, b, c).item() == 3
    assert a.clone().add_(b, alpha=2).item() == 5 and a.clone().addcmul_(b, c, value=2).item() == 13
    with pytest.raises(TypeError):
        a.clone().add_(2, b, alpha=3)
    with pytest.raises(TypeError):
        a.clone().add_(b, 2)
