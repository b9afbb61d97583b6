"""PyTorch's ``Timer``, with a clock of the test's own."""

from itertools import count

from tinygrad_bp.utils.benchmark import Measurement, Timer


def clock(seconds):
    ticks = count()
    return lambda: next(ticks) * seconds


def test_a_statement_is_timed():
    seen = []
    took = Timer("seen.append(x)", globals={"seen": seen, "x": 3}, timer=clock(0.5)).timeit(5)
    assert seen == [3] * 5 and took.times == [0.1] and took.mean == took.median == 0.1
    assert repr(took) == "seen.append(x)\n  100.00 ms\n  1 measurement, 5 runs"


def test_measurements_fill_the_time():
    took = Timer(timer=clock(0.1)).blocked_autorange(min_run_time=1.0)
    assert took.number_per_run == 1 and sum(took.raw_times) >= 1.0 - 1e-9
    assert Measurement(2, [4.0, 2.0, 8.0], "f()").median == 2.0
