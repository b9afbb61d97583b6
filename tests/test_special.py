"""Special functions to their last digits, far out and where one approximation takes over from another.

The numbers were computed with 50 digits by mpmath. Derivatives are checked in test_every_op.py, and agreement with
PyTorch in test_elementwise.py.
"""

import math
import operator

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import DtypeError

NUMBERS = [
    ("special.erfc", 25.0, 8.300172571196523e-274),
    ("special.erfc", -3.0, 1.9999779095030015),
    ("special.erfc", 0.46875, 0.507386526782062),
    ("special.erfc", 0.5, 0.4795001221869535),
    ("special.erfc", 4.0, 1.541725790028002e-08),
    ("special.erfc", 1e-20, 1.0),
    ("special.erfcx", -26.0, 7.657724931490568e+293),
    ("special.erfcx", 0.47, 0.6314005166600343),
    ("special.erfcx", 5.0, 0.11070463773306863),
    ("special.erfcx", 100000.0, 5.6418958351954685e-06),
    ("special.erfcx", 1e+30, 5.641895835477563e-31),
    ("erfinv", 1e-300, 8.86226925452758e-301),
    ("erfinv", 0.25, 0.2253120550121781),
    ("erfinv", -0.999999999999, -5.042031898572696),
    ("special.ndtri", 1e-300, -37.0470962993612),
    ("special.ndtri", 1e-10, -6.361340902404057),
    ("special.ndtri", 0.075, -1.439531470938456),
    ("special.ndtri", 0.9999, 3.7190164854557084),
    ("special.log_ndtr", -1000.0, -500007.82669481216),
    ("special.log_ndtr", -1.0, -1.8410216450092636),
    ("special.log_ndtr", -0.5, -1.1759117615936185),
    ("special.log_ndtr", 8.0, -6.220960574271786e-16),
    ("lgamma", 1.000000001, -5.772157118381039e-10),
    ("lgamma", 1.999999999, -4.227843697573328e-10),
    ("lgamma", 2.5, 0.2846828704729192),
    ("lgamma", 12.99, 19.96195854446561),
    ("lgamma", 13.01, 20.012478442601857),
    ("lgamma", 1e+300, 6.897755278982137e+302),
    ("lgamma", -0.5, 1.2655121234846454),
    ("lgamma", -1000.25, -5912.363970042725),
    ("lgamma", 1e-300, 690.7755278982137),
    ("digamma", 1e-08, -100000000.57721564),
    ("digamma", 0.5, -1.9635100260214235),
    ("digamma", 1.4, -0.06138454458511624),
    ("digamma", 1000000000000000.0, 34.538776394910684),
    ("digamma", -0.5, 0.03648997397857652),
    ("digamma", -20.75, -0.08514352173418716),
    ("i0", 1e-09, 1.0),
    ("i0", 19.99, 43135797.87064526),
    ("i0", 20.01, 43984910.8348573),
    ("i0", 600.0, 6.1463054039368444e+258),
    ("special.i1e", 1e-09, 4.999999995000001e-10),
    ("special.i1e", -7.0, -0.14228923470959867),
    ("special.i1e", 100000000.0, 3.989422789053991e-05),
    ("special.i0e", 3.0, 0.2430003541618254),
    ("special.i0e", -25.0, 0.0801967735474367),
    ("special.i0e", 10000000000.0, 3.9894228040641945e-06),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "wanted"), NUMBERS)
def test_a_special_function_is_right_to_its_last_digits(name, x, wanted):
    found = operator.attrgetter(name)(tg)(tg.tensor([x], dtype=tg.float64)).item()
    assert found == pytest.approx(wanted, rel=2e-14, abs=0)


def test_at_the_ends_of_their_domains():
    def at(name, *points):
        return operator.attrgetter(name)(tg)(tg.tensor(points, dtype=tg.float64)).tolist()

    inf, nan = np.inf, np.nan
    np.testing.assert_equal(at("erfinv", -1, 0, 1, 1.5, nan), [-inf, 0, inf, nan, nan])
    np.testing.assert_equal(at("special.ndtri", 0, 0.5, 1, -0.1), [-inf, 0, inf, nan])
    np.testing.assert_equal(at("lgamma", 0, -2, inf, -inf, 1, 2, nan), [inf, inf, inf, inf, 0, 0, nan])
    np.testing.assert_equal(at("digamma", 0, -1), [-inf, nan])
    np.testing.assert_equal(at("special.entr", 0, -1, nan), [0, -inf, nan])
    np.testing.assert_equal(at("special.erfcx", -40, 0), [inf, 1])
    np.testing.assert_equal(at("sinc", 0), [1])
    assert tg.xlogy(tg.zeros(2), tg.tensor([0.0, nan])).tolist()[0] == 0
    assert np.isnan(tg.xlogy(tg.zeros(1), tg.tensor([nan])).item())


def test_every_derivative_of_sinc_is_right_at_its_removable_singularity():
    x = tg.tensor([0.0, 1e-9, 1e-4], dtype=tg.float64, requires_grad=True)
    (first,) = tg.autograd.grad(tg.sinc(x).sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.sum(), x, create_graph=True)
    np.testing.assert_allclose(first.detach().numpy(), -(np.pi**2) / 3 * x.detach().numpy(), rtol=1e-7)
    np.testing.assert_allclose(second.detach().numpy(), -(np.pi**2) / 3, rtol=1e-6)


@pytest.mark.parametrize("name", ["erf", "erfc", "erfinv", "lgamma", "digamma", "i0"])
def test_complex_numbers_are_refused_and_not_cut(name):
    with pytest.raises(DtypeError, match="real numbers"):
        getattr(tg, name)(tg.tensor([1 + 1j]))


@pytest.mark.parametrize(("function", "exact", "ulps"), [(tg.erf, math.erf, 3.0), (tg.erfc, math.erfc, 1.0)])
def test_single_precision_to_the_last_digits(function, exact, ulps):
    x = np.concatenate([np.linspace(-12, 12, 50_001), 10.0 ** np.linspace(-40, 0, 5_000)]).astype(np.float32)
    wanted = np.array([exact(v) for v in x.tolist()])
    spacing = np.spacing(np.abs(wanted.astype(np.float32)))
    assert np.max(np.abs(function(tg.tensor(x)).numpy() - wanted) / spacing) < ulps
    corners = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e38, -1e38], np.float32)
    np.testing.assert_array_equal(
        function(tg.tensor(corners)).numpy(), np.array([exact(v) for v in corners.tolist()], np.float32)
    )


def test_the_logarithm_of_gamma_in_single_precision():
    near_0 = np.linspace(-1e-3, 1e-3, 501)
    parts = np.linspace(0.01, 15, 4001), 1 + near_0, 2 + near_0, 10.0 ** np.linspace(-30, 30, 1001)
    x = np.concatenate([*parts, -np.linspace(0.01, 9.3, 1777)]).astype(np.float32)
    wanted = np.array([math.lgamma(v) for v in x.tolist()])
    found = tg.lgamma(tg.tensor(x)).numpy()
    assert np.max(np.abs(found - wanted) / np.spacing(np.abs(wanted.astype(np.float32)))) < 1
    slopes = [tg.digamma(tg.tensor(x.astype(dtype))).numpy() for dtype in (np.float32, np.float64)]
    np.testing.assert_allclose(*slopes, rtol=1e-7)
    corners = tg.tensor([0.0, -1.0, np.inf, 1.0, 2.0], dtype=tg.float32)
    assert tg.lgamma(corners).tolist() == [np.inf, np.inf, np.inf, 0.0, 0.0]
