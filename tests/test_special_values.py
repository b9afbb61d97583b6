"""Bessel functions, incomplete gamma functions, zeta and polynomials: values by SciPy, and their ends."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import NoRuleError

X = [0.1, 1.0, 2.5, 10.0, 50.0]
VALUES = {
    "bessel_j0": [0.99750156206604, 0.765197686557967, -0.0483837764681979, -0.245935764451348, 0.0558123276692518],
    "bessel_j1": [0.0499375260362420, 0.440050585744934, 0.497094102464274, 0.0434727461688614, -0.0975118281251751],
    "bessel_y0": [-1.53423865135037, 0.0882569642156769, 0.498070359615232, 0.0556711672835994, -0.0980649954700771],
    "bessel_y1": [-6.45895109470203, -0.781212821300289, 0.145918137966786, 0.249015424206954, -0.0567956685620147],
    "modified_bessel_k0": [2.42706902470202, 0.421024438240708, 0.0623475532003662, 1.77800623161676e-05,
                           3.41016774978949e-23],
    "modified_bessel_k1": [9.85384478087061, 0.601907230197235, 0.0738908163477471, 1.86487734538256e-05,
                           3.44410222671756e-23],
    "airy_ai": [0.329203129943538, 0.135292416312881, 0.0157259233804705, 1.10475325528987e-10, 4.58494172407479e-104],
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    function = getattr(tg.special, name)
    np.testing.assert_allclose(function(tg.tensor(X, dtype=tg.float64)).numpy(), VALUES[name], rtol=2e-13)
    assert function(tg.tensor(X)).dtype == tg.float32 and function(tg.tensor([1, 2])).dtype == tg.float32
    half = function(tg.tensor(X[:4], dtype=tg.float16))
    assert half.dtype == tg.float16
    np.testing.assert_allclose(half.numpy().astype(float), VALUES[name][:4], rtol=2e-3, atol=2e-3)


def test_ends() -> None:
    ends = tg.tensor([0.0, float("inf"), float("nan"), -1.0], dtype=tg.float64)
    nan = float("nan")
    for name, expected in {
        "bessel_j0": [1, 0, nan, 0.765197686557967], "bessel_j1": [0, 0, nan, -0.440050585744934],
        "bessel_y0": [-np.inf, 0, nan, nan], "bessel_y1": [-np.inf, 0, nan, nan],
        "modified_bessel_k0": [np.inf, 0, nan, nan], "modified_bessel_k1": [np.inf, 0, nan, nan],
        "airy_ai": [0.355028053887817, 0, nan, 0.535560883292352],
    }.items():  # fmt: skip
        np.testing.assert_allclose(getattr(tg.special, name)(ends).numpy(), expected, rtol=1e-12)


def test_incomplete_gamma_functions() -> None:
    a, x = tg.tensor([0.5, 3.0, 300.0, 0.0, 2.0]), tg.tensor([0.2, 2.0, 310.0, 1.0, 0.0])
    lower, upper = tg.igamma(a, x), tg.special.gammaincc(a, x)
    np.testing.assert_allclose(lower.numpy(), [0.472910743, 0.323323584, 0.722488754, 1, 0], rtol=1e-5)
    np.testing.assert_allclose((lower + upper).numpy(), np.ones(5), rtol=1e-6)
    assert tg.igammac(tg.tensor([2.0]), tg.tensor([100.0])).item() == pytest.approx(3.757e-42, rel=0.01)
    x = x[:3].clone().requires_grad_()
    tg.igamma(a[:3], x).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), [1.03287, 0.27067, 0.0189311], rtol=1e-4)
    with pytest.raises(NoRuleError, match="igamma"):
        tg.igamma(tg.ones(1, requires_grad=True), tg.ones(1))
    assert tg.tensor([1.0]).igamma_(tg.tensor([2.0])).item() == pytest.approx(0.864665)


def test_zeta() -> None:
    values = tg.special.zeta(2, tg.tensor([1.0, 0.5, -1.5, 0.0]))
    np.testing.assert_allclose(values.numpy(), [np.pi**2 / 6, np.pi**2 / 2, 9.3792466, np.inf], rtol=1e-6)
    assert np.isnan(tg.special.zeta(tg.tensor([0.5]), 1.0).item()) and tg.special.zeta(tg.tensor([1.0]), 2.0) == np.inf
    q = tg.tensor(1.0, requires_grad=True)
    tg.special.zeta(2, q).backward()
    assert q.grad is not None and q.grad.item() == pytest.approx(-2 * 1.2020569)
    with pytest.raises(NoRuleError, match="zeta"):
        tg.special.zeta(tg.tensor([2.0], requires_grad=True), 1.0)


@pytest.mark.parametrize("name", [name for name in dir(tg.special) if "polynomial" in name])
def test_polynomials(name: str) -> None:
    """Values by NumPy's series, or by sines of the angle."""
    function = getattr(tg.special, name)
    x = tg.tensor(np.linspace(-1.2, 1.3, 7), requires_grad=True)
    argument = 2 * np.asarray(x.detach()) - 1 if name.startswith("shifted") else np.asarray(x.detach())
    series = np.polynomial
    kind = {
        "_t": series.Chebyshev, "_h": series.Hermite, "he": series.HermiteE, "_l": series.Laguerre,
        "_p": series.Legendre,
    }.get(name[-2:])  # fmt: skip
    for degree in range(5):
        found = function(x, degree)
        if kind is not None:
            np.testing.assert_allclose(found.detach().numpy(), kind.basis(degree)(argument), atol=1e-12)
        else:  # by sines of the angle: DLMF 18.5
            angle = np.arccos(argument.astype(complex))
            up, down = {
                "u": (np.sin((degree + 1) * angle), np.sin(angle)),
                "v": (np.cos((degree + 0.5) * angle), np.cos(0.5 * angle)),
                "w": (np.sin((degree + 0.5) * angle), np.sin(0.5 * angle)),
            }[name[-1]]
            np.testing.assert_allclose(found.detach().numpy(), (up / down).real, atol=1e-9)
    degrees = tg.tensor([[-1], [0], [3]])
    assert function(x, degrees).shape == (3, 7) and not function(x, degrees)[0].any()
    assert tg.autograd.gradcheck(lambda t: function(t, 4), (x,))
    assert function(tg.tensor([1, 2]), 2).dtype == tg.float32


def test_a_degree_that_is_no_integer_counts_as_its_whole_part() -> None:
    x, n = [0.5, 2.0, float("nan"), 2.0, 2.0], [0.5, 2.7, 0.0, -1.0, float("nan")]
    for name, expected in {
        "chebyshev_polynomial_t": [1.0, 7.0, 1.0, 0.0, 0.0], "hermite_polynomial_h": [1.0, 14.0, 1.0, 0.0, 0.0],
        "laguerre_polynomial_l": [1.0, -1.0, 1.0, 0.0, 0.0],
    }.items():  # fmt: skip
        assert getattr(tg.special, name)(tg.tensor(x), tg.tensor(n)).tolist() == expected
