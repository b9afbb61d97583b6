"""The random numbers are PyTorch's, one by one. Golden numbers: tests/golden/make_random.py."""

import hashlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tg
from tinygrad_bp.autograd.errors import ArgumentError, AutogradError, LeafWriteError, ModifiedError

GOLDEN = json.loads((Path(__file__).parent / "golden" / "random.json").read_text())
NORMAL_TOLERANCE = 5e-7  # log and cos differ between libraries in the last bit


def draw(call, **names):
    makers = {name: getattr(tg, name) for name in ("full", "ones", "rand", "tensor", "zeros")}
    return eval(f"T.{call}", {"T": tg, **makers, **names})


def assert_drawn(call, result, gives):
    if gives is None:
        return
    wanted = np.array(gives, result.dtype)
    assert result.shape == wanted.shape
    if call.startswith(("randn", "normal")) or "normal_" in call:
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


@pytest.mark.parametrize("case", GOLDEN["streams"], ids=lambda case: case["call"])
def test_20_seeds_give_the_bits_of_pytorch(case):
    found = []
    for seed in range(20):
        tg.manual_seed(seed)
        found.append(hashlib.sha256(draw(case["call"]).numpy().tobytes()).hexdigest()[:16])
    assert found == case["prints"]


@pytest.mark.parametrize("case", GOLDEN["normals"], ids=lambda case: f"{case['call']} seed {case['seed']}")
def test_20_seeds_give_the_normal_numbers_of_pytorch(case):
    tg.manual_seed(case["seed"])
    np.testing.assert_allclose(draw(case["call"]).numpy(), case["gives"], rtol=0, atol=NORMAL_TOLERANCE)


def test_another_seed_gives_other_bits():
    case = GOLDEN["streams"][0]
    tg.manual_seed(21)
    print_of = hashlib.sha256(draw(case["call"]).numpy().tobytes()).hexdigest()[:16]
    assert print_of not in case["prints"]


@pytest.mark.parametrize("first", ["rand(3)", "randn(3)", "randn(18)", "randint(9, (2,))", "randperm(700)"])
def test_a_state_brings_the_stream_back(first):
    tg.manual_seed(4)
    draw(first)
    state = tg.get_rng_state()
    wanted = [draw(call).numpy() for call in ("randn(1)", "rand(700)", "randn(3)", "randperm(5)")]
    assert (state.dtype, state.ndim) == (tg.uint8, 1)
    tg.manual_seed(9)
    tg.randn(1)
    tg.set_rng_state(state.numpy().copy())
    for call, values in zip(("randn(1)", "rand(700)", "randn(3)", "randperm(5)"), wanted, strict=True):
        np.testing.assert_array_equal(draw(call).numpy(), values)
    assert tg.initial_seed() == 4


@pytest.mark.parametrize("enabled", [True, False])
def test_a_forked_stream_is_back_where_it_was(enabled):
    tg.manual_seed(4)
    with pytest.raises(KeyError), tg.random.fork_rng(enabled=enabled):
        tg.manual_seed(7)
        tg.randn(3)
        raise KeyError
    assert tg.initial_seed() == (4 if enabled else 7)
    drawn = tg.rand(2)
    tg.manual_seed(4)
    assert tg.equal(tg.rand(2), drawn) is enabled


def test_seed_draws_a_new_seed_each_time():
    seeds = {tg.seed(), tg.seed(), tg.seed()}
    assert len(seeds) == 3
    assert tg.initial_seed() in seeds


def test_a_negative_seed_counts_from_2_to_the_64():
    assert tg.manual_seed(-1).initial_seed() == 2**64 - 1
    tg.manual_seed(-1)
    wanted = tg.rand(3)
    tg.manual_seed(2**64 - 1)
    assert tg.equal(tg.rand(3), wanted)


@pytest.mark.parametrize("method", ["uniform_(-1, 2)", "normal_(1, 2)", "bernoulli_(0.5)", "random_(2, 9)"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_filling_writes_in_the_order_of_the_elements_into_the_tensors_own_memory(method, order):
    memory = np.zeros((5, 4), np.float32, order=order)
    x, y = tg.from_numpy(memory), tg.zeros(20)
    tg.manual_seed(1)
    assert eval(f"x.{method}", {"x": x}) is x
    tg.manual_seed(1)
    eval(f"y.{method}", {"y": y})
    np.testing.assert_array_equal(memory.ravel(), y.numpy())


@pytest.mark.parametrize("method", ["uniform_()", "normal_()", "bernoulli_()", "random_(5)"])
def test_filling_a_leaf_that_requires_grad_is_refused_while_recording(method):
    w = tg.zeros(3, requires_grad=True)
    with pytest.raises(LeafWriteError, match=method.split("(")[0]):
        eval(f"w.{method}", {"w": w})
    assert w.tolist() == [0, 0, 0]
    with tg.no_grad():
        eval(f"w.{method}", {"w": w})


def test_filling_is_a_write_that_backward_notices():
    w, x = tg.ones(3, requires_grad=True), tg.ones(3)
    loss = (w * x).sum()
    x.normal_()
    with pytest.raises(ModifiedError):
        loss.backward()


def test_a_filled_result_gets_no_gradient():
    w = tg.ones(3, requires_grad=True)
    y = w * 2
    y.uniform_()
    y.sum().backward()
    assert w.grad.tolist() == [0, 0, 0]


def test_multinomial_without_replacement_never_repeats_and_finds_what_has_weight():
    tg.manual_seed(0)
    p = tg.tensor([0.0, 1.0, 5.0, 0.0, 0.1])
    for _ in range(50):
        assert set(tg.multinomial(p, 3).tolist()) == {1, 2, 4}


def test_multinomial_draws_as_often_as_the_weights_say():
    tg.manual_seed(0)
    p = tg.tensor([1.0, 3.0, 0.0, 4.0], dtype=tg.float64)
    counts = np.bincount(tg.multinomial(p, 20_000, replacement=True).numpy(), minlength=4) / 20_000
    np.testing.assert_allclose(counts, p.numpy() / 8, atol=0.015)


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


@pytest.mark.parametrize("dtype", [tg.float16, tg.float32, tg.float64])
def test_many_numbers_are_those_of_small_draws_and_take_little_more_than_their_memory(dtype):
    many, few = tg.empty(200_001, dtype=dtype), tg.empty(200_001, dtype=dtype)
    tg.manual_seed(0)
    tracemalloc.start()
    many.uniform_(-0.3, 0.7)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    tg.manual_seed(0)
    for part in few.split(777):
        part.uniform_(-0.3, 0.7)
    assert many.numpy().tobytes() == few.numpy().tobytes()
    assert peak < 3 * many.numel() * many.itemsize + 5 * 2**20


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
        ("manual_seed(2**64)", "the seed has at most 64 bits"),
        ("set_rng_state(zeros(4))", r"set_state: a state is \d+ bytes .* got float32 \(4,\)"),
        ("normal(0.0, -1.0, (2,))", "normal: std must not be negative"),
        ("normal(0.0, 1.0)", "normal: give the shape"),
        ("normal(zeros(2), 1.0, (2,))", "leave size out"),
        ("bernoulli(tensor([0.5, 1.5]))", r"bernoulli: every probability must be in \[0, 1\]"),
        ("bernoulli(tensor([1, 0]))", "bernoulli: probabilities are floating point numbers, got int64"),
        ("multinomial(tensor([0.5, 0.5]), 3)", "multinomial: cannot draw 3 of 2 indices, each once"),
        ("multinomial(tensor([0.5, 0.5]), 0, True)", "multinomial: cannot draw 0 of 2 indices$"),
        ("multinomial(tensor([0.5, -0.5]), 1)", "multinomial: probabilities must be finite, not negative"),
        ("multinomial(zeros(2), 1)", "not all 0 in a row"),
        ("multinomial(ones(2, 2, 2), 1)", r"multinomial: give probabilities of shape .* got \(2, 2, 2\)"),
        ("zeros(2).uniform_(2, 1)", "uniform_: needs low <= to, got low=2 and to=1"),
        ("zeros(2).normal_(0, -1)", "normal_: std must not be negative, got -1"),
        ("zeros(2).bernoulli_(tensor([0.5, 1.5]))", r"bernoulli_: every probability must be in \[0, 1\]"),
        ("zeros(2).bernoulli_(tensor([0.5] * 3))", r"broadcast_to: x \(3,\) float32 does not fit"),
        ("zeros(2).uniform_(0, ones((), requires_grad=True))", "uniform_: a bound requires grad"),
        ("zeros(2).normal_(0, ones((), requires_grad=True))", "normal_: mean or std requires grad"),
        ("zeros(2).bernoulli_(1.5)", r"bernoulli_: p must be in \[0, 1\], got 1.5"),
        ("zeros(2).random_(3, 3)", "random_: needs low < to"),
        ("zeros(2, dtype=T.uint8).random_(0, 300)", r"random_: uint8 does not hold all integers of \[0, 300\)"),
        ("zeros(2, dtype=T.int64).uniform_()", "uniform_: cannot fill a tensor of int64"),
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


@pytest.mark.parametrize("kind", [tg.complex64, tg.complex128])
@pytest.mark.parametrize(("drawn", "scale"), [(tg.rand, 1.0), (tg.randn, 0.5**0.5)])
@pytest.mark.parametrize("shape", [(), (0, 2), (3,), (2, 9)])
def test_complex_numbers_are_two_of_the_stream(drawn: Any, scale: float, kind: Any, shape: tuple[int, ...]) -> None:
    part = kind.type().real.dtype
    tg.manual_seed(1)
    z = drawn(shape, dtype=kind, requires_grad=True)
    tg.manual_seed(1)
    pairs = drawn(*shape, 2, dtype=part) * part.type(scale)
    assert z.dtype == kind and z.is_leaf and z.requires_grad and tg.equal(tg.view_as_real(z.detach()), pairs)
    tg.manual_seed(1)
    assert tg.equal(getattr(tg, f"{drawn.__name__}_like")(z), z.detach())


def test_a_tensor_of_probabilities_broadcasts_and_draws_as_bernoulli_does():
    p = tg.linspace(0, 1, 6)
    for dtype in (tg.float32, tg.float64):
        tg.manual_seed(3)
        drawn = tg.zeros(5, 6, dtype=tg.int64).bernoulli_(p.to(dtype))
        tg.manual_seed(3)
        assert drawn.tolist() == tg.bernoulli(p.to(dtype).expand(5, 6)).tolist()
