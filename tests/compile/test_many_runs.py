"""Loops: many runs without returning to Python."""

import numpy as np
import pytest

import tinygrad_bp as tg
from tests.compile.both_ways import X, assert_close, descent, mlp, trained

pytestmark = [
    pytest.mark.usefixtures("every_backend"), pytest.mark.filterwarnings("ignore:the backend of C does not have"),
]  # fmt: skip


def test_a_loop_of_one_batch():
    one = trained(lambda f: f, 9)[0]
    other = tg.compile(descent(mlp()), exact=True)
    assert other.loop(X, n=5).tolist() == one[:5] and other.loop(X, n=4).tolist() == one[5:]


def test_a_loop_over_batches_and_what_it_returns():
    batches = tg.tensor(np.random.default_rng(0).normal(size=(7, 2, 3)).astype(np.float32))
    total = tg.zeros(3)

    def function(x, factor):
        total.add_(x.sum(0))
        return {"sum": total * factor, "count": 2, "pair": (x.mean(), x)}

    expected = [function(x, 3.0) for x in batches]
    total.zero_()
    compiled = tg.compile(function, exact=True)
    for start in (0, 4):
        found = compiled.loop(batches[start : start + 4], 3.0)
        wanted = expected[start : start + 4]
        np.testing.assert_array_equal(found["sum"].numpy(), np.stack([w["sum"].numpy() for w in wanted]))
        np.testing.assert_array_equal(found["pair"][0].numpy(), np.stack([w["pair"][0].numpy() for w in wanted]))
        assert found["count"] == 2


def test_a_loop_over_numbers():
    compiled, numbers = tg.compile(lambda x: (x * 3, x.exp(), 5)), tg.arange(8.0)
    for _ in range(2):
        found = compiled.loop(numbers)
        assert_close(found[0].numpy(), numbers.numpy() * 3)
        assert_close(found[1].numpy(), np.exp(numbers.numpy()))


def test_a_loop_returns_what_its_calls_return():
    w, count = tg.zeros(2), 0

    def function(x):
        nonlocal count
        count += 1
        return w.add_(x), x, count, "text"

    counted, written = tg.compile(function), tg.compile(lambda x: {"w": w.add_(x), "x": x})
    with pytest.warns(UserWarning, match="no two runs are the same program"):
        sums, rows, counts, text = counted.loop(tg.ones(7, 2))
    assert counts == [1, 2, 3, 4, 5, 6, 7] and text == "text" and rows.tolist() == tg.ones(7, 2).tolist()
    assert sums.tolist() == [[7.0, 7.0]] * 7  # each call returns w itself
    for end in (10.0, 13.0):
        found = written.loop(tg.ones(3, 2))
        assert found["w"].tolist() == [[end, end]] * 3 and found["x"].tolist() == tg.ones(3, 2).tolist()


def test_loops_that_say_nothing_of_how_often():
    compiled = tg.compile(lambda x, y: x + y)
    for args in ((tg.ones(3), tg.ones(4)), (tg.tensor(1.0), tg.tensor(2.0)), (1, 2)):
        with pytest.raises(tg.AutogradError, match="loop: give n, or arguments with one first dimension"):
            compiled.loop(*args)
