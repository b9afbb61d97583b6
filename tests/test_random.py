"""The random numbers are PyTorch's, one by one. Golden numbers: tests/golden/make.py."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "random.json").read_text())
NORMAL_TOLERANCE = 5e-7  # log and cos differ between libraries in the last bit


def draw(call, **names):
    return eval(f"T.{call}", {"T": tg, **names})


def assert_drawn(call, result, gives):
    if gives is None:
        return
    wanted = np.array(gives, result.dtype)
    assert result.shape == wanted.shape
    if call.startswith("randn("):
        np.testing.assert_allclose(result.numpy(), wanted, rtol=NORMAL_TOLERANCE, atol=NORMAL_TOLERANCE)
    else:
        np.testing.assert_array_equal(result.numpy(), wanted)


@pytest.mark.parametrize("case", GOLDEN["alone"], ids=lambda case: f"{case['call']} seed {case['seed']}")
def test_a_seed_gives_the_numbers_of_pytorch(case):
    tg.manual_seed(case["seed"])
    assert_drawn(case["call"], draw(case["call"]), case["gives"])


@pytest.mark.parametrize("case", GOLDEN["sequences"], ids=lambda case: " ".join(case["calls"]))
def test_calls_share_one_stream_as_in_pytorch(case):
    tg.manual_seed(case["seed"])
    for call, gives in zip(case["calls"], case["give"], strict=True):
        assert_drawn(call, draw(call), gives)


def test_the_second_normal_of_a_pair_survives_a_call_of_rand():
    tg.manual_seed(3)
    pair = tg.randn(2).tolist()
    tg.manual_seed(3)
    first = tg.randn(1).item()
    tg.rand(5)
    assert [first, tg.randn(1).item()] == pair


def test_manual_seed_forgets_the_second_normal_of_a_pair():
    tg.manual_seed(3)
    tg.randn(1)
    tg.manual_seed(3)
    again = tg.randn(2)
    tg.manual_seed(3)
    np.testing.assert_array_equal(again.numpy(), tg.randn(2).numpy())


@pytest.mark.parametrize("call", ["rand(7, generator=g)", "randn(7, generator=g)", "randint(9, (7,), generator=g)",
                                  "randperm(7, generator=g)"])  # fmt: skip
def test_a_generator_has_the_stream_of_its_seed_and_leaves_the_default_one_alone(call):
    tg.manual_seed(11)
    wanted, after = draw(call, g=None), tg.rand(3)
    tg.manual_seed(11)
    found = draw(call, g=tg.Generator().manual_seed(11))
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())
    draw(call, g=None)
    np.testing.assert_array_equal(tg.rand(3).numpy(), after.numpy())


def test_initial_seed_is_the_seed_given():
    assert tg.Generator().manual_seed(7).initial_seed() == 7
    assert tg.manual_seed(8).initial_seed() == 8


@pytest.mark.parametrize("call", ["rand", "randn"])
@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64])
def test_numbers_have_the_dtype_asked_for_and_can_require_grad(call, dtype):
    x = getattr(tg, call)(2, 3, dtype=dtype, requires_grad=True)
    assert (x.dtype, x.shape, x.requires_grad, x.is_leaf) == (dtype, (2, 3), True, True)


def test_rand_stays_below_one_and_is_spread_evenly():
    tg.manual_seed(0)
    for dtype in (tg.float16, tg.float32, tg.float64):
        x = tg.rand(20_000, dtype=dtype).numpy().astype(float)
        assert x.min() >= 0 and x.max() < 1
        assert abs(x.mean() - 0.5) < 0.01 and abs(x.var() - 1 / 12) < 0.003


def test_randn_has_mean_0_and_variance_1():
    tg.manual_seed(0)
    x = tg.randn(20_000, dtype=tg.float64).numpy()
    assert abs(x.mean()) < 0.03 and abs(x.var() - 1) < 0.04


def test_randint_covers_its_range_and_randperm_is_a_permutation():
    tg.manual_seed(0)
    assert set(tg.randint(-2, 3, (500,)).tolist()) == {-2, -1, 0, 1, 2}
    assert sorted(tg.randperm(50).tolist()) == list(range(50))
    assert tg.randperm(0).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("randint(5, 5, (2,))", "randint: needs low < high, got low=5 and high=5"),
        ("randint(5, 2, (2,))", "randint: needs low < high"),
        ("randint(5)", "randint: give the shape as a tuple"),
        ("randint(0, 5, 3)", "randint: give the shape as a tuple"),
        ("rand(2, dtype=T.int64)", "rand: gives floating point numbers, not int64"),
        ("randn(2, dtype=T.int64)", "randn: gives floating point numbers, not int64"),
        ("rand(-1)", "negative"),
        ("randperm(-1)", "randperm: .*-1"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(AutogradError, match=message):
        draw(call)


def test_bad_arguments_are_also_the_built_in_errors():
    with pytest.raises((TypeError, ValueError)) as caught:
        tg.randint(5, 5, (2,))
    assert isinstance(caught.value, ArgumentError)
